"""The learning rate of a step."""

import contextlib


@contextlib.contextmanager
def once_per_step(optimizer):
    """Within, a schedule of the learning rate is computed once in every step that is traced.

    Keras computes it anew for the weight decay of every variable: a condition with two branches,
    to be traced and to be run.

    Args:
        optimizer: a Keras optimizer, of one device.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # of one that scales the loss
    apply = optimizer.apply

    def once(*args, **kwargs):
        rate = optimizer.learning_rate
        optimizer._get_current_learning_rate = lambda: rate
        try:
            return apply(*args, **kwargs)
        finally:
            del optimizer._get_current_learning_rate

    optimizer.apply = once
    try:
        yield
    finally:
        del optimizer.apply
