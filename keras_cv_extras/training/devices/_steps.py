"""The steps of Keras' `fit` and `evaluate`, adapted to several devices."""

import contextlib
import inspect
import threading
from typing import Any

import keras
import tensorflow as tf

from keras_cv_extras.training._replicas import Counts, Plain
from keras_cv_extras.training.devices import _keras_fault, _places


def build_symbolically(model, dataset):
    """Makes the variables of a model, of its metrics and of its loss from the form of batches.

    Args:
        model: a compiled Keras model.
        dataset: batches.

    Returns:
        Whether that could be done: not where Python must see values, for one.
    """
    if model.run_eagerly or not hasattr(dataset, "element_spec"):
        return False
    try:
        model._symbolic_build(data_batch=dataset.element_spec)
    except Exception:  # which may be anyone's; what is wrong with a model, its training says
        return False
    return True


def make_variables(model, dataset, metrics=True):
    """Makes variables from a batch where `build_symbolically` cannot; random states stay.

    Args:
        model: a compiled Keras model.
        dataset: batches. Those of a generator are left to the training.
        metrics: whether variables of its metrics and of its loss are needed, too.
    """
    if build_symbolically(model, dataset) or inspect.isgenerator(dataset):
        return
    batch = dataset[0] if isinstance(dataset, keras.utils.PyDataset) else next(iter(dataset))
    x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
    before = [(variable, variable.numpy()) for variable in model.non_trainable_variables]
    outputs = model(x, training=False)
    if metrics:
        model.compute_metrics(x, y, outputs, sample_weight=weights)
        model._compute_loss(x, y, outputs, sample_weight=weights, training=False)
    for variable, value in before:
        variable.assign(value)


@contextlib.contextmanager
def adapted(model, strategy, spec):
    """Lets Keras' `fit` and `evaluate` train a model under a strategy, within the block.

    Keras would take a batch from the dataset to build metrics and optimizer by. The
    specification says as much, and leaves a dataset that counts its passes alone.
    """
    build = model._maybe_symbolic_build

    def build_by_specification(iterator=None, data_batch=None):
        del iterator, data_batch
        build(data_batch=spec)

    changed: dict[str, Any] = {
        "_maybe_symbolic_build": build_by_specification,
        "predict_on_batch": _predict_on_one_device(model),
    }
    changed.update(_keras_fault.steps(model, strategy))
    with contextlib.ExitStack() as stack:
        stack.enter_context(changed_for_now(model, changed))
        for optimizer in _places.optimizers(model):
            if _clips(optimizer):
                clip = {"_clip_gradients": _clip_sum(optimizer._clip_gradients)}
                stack.enter_context(changed_for_now(optimizer, clip))
        model.make_train_function(force=True)
        model.make_test_function(force=True)
        try:
            yield
        finally:
            model.train_function = model.test_function = model.predict_function = None


@contextlib.contextmanager
def changed_for_now(thing, attributes):
    """Gives an object attributes of its own, within the block; those it had come back."""
    before = {name: vars(thing)[name] for name in attributes if name in vars(thing)}
    for name, value in attributes.items():
        setattr(thing, name, value)
    try:
        yield
    finally:
        for name in attributes:
            if name in before:
                setattr(thing, name, before[name])
            else:
                delattr(thing, name)


@contextlib.contextmanager
def counting(model, spec):
    """Lets a model's steps take batches with `Counts`, within the block.

    Rows that fill a batch up then count in no loss, in no metric and in no mean over batches.

    Args:
        model: a compiled Keras model.
        spec: the specification of a batch `(x, y, Counts)`.
    """
    now = threading.local()  # the replicas of a strategy are threads
    build, compute = model._symbolic_build, model.compute_metrics

    def build_by_specification(iterator=None, data_batch=None):
        del iterator, data_batch
        build(data_batch=(*spec[:2], spec[2].loss))

    def with_counts(step):
        def counted(*arguments):
            *state, batch = arguments
            if isinstance(batch, tuple) and isinstance(batch[-1], Plain):
                return _of_real_rows(model, step, *batch)
            if not (isinstance(batch, tuple) and isinstance(batch[-1], Counts)):
                return step(*arguments)
            now.counts = batch[-1]
            try:
                return step(*state, (*batch[:2], now.counts.loss))
            finally:
                now.counts = None

        return counted

    def compute_metrics(x, y, y_pred, sample_weight=None):
        counts = getattr(now, "counts", None)
        if counts is None:
            return compute(x, y, y_pred, sample_weight=sample_weight)
        with _masked(model, y, y_pred, counts.real):
            return compute(x, y, y_pred, sample_weight=counts.own)

    tracker = model._loss_tracker
    update = tracker.update_state

    def update_state(values, sample_weight=None):
        counts = getattr(now, "counts", None)
        return update(values, sample_weight=sample_weight if counts is None else counts.rows[0])

    changed = {
        "_symbolic_build": build_by_specification,
        "compute_metrics": compute_metrics,
        "train_step": with_counts(model.train_step),
        "test_step": with_counts(model.test_step),
    }
    with (
        changed_for_now(model, changed),
        changed_for_now(tracker, {"update_state": update_state}),
    ):
        # Keras makes them once the metrics exist, which JAX must know.
        model.train_function = model.test_function = None
        try:
            yield
        finally:
            model.train_function = model.test_function = model.predict_function = None


def _of_real_rows(model, step, x, y, plain):
    """Runs a step of the model's own; of a row that fills a batch up, its metrics forget all."""
    variables = [variable for metric in model.metrics for variable in metric.variables]
    before = [keras.ops.copy(variable) for variable in variables]
    logs = step((x, y, *plain.weights))
    for variable, value in zip(variables, before, strict=True):
        variable.assign(keras.ops.where(plain.real > 0, variable, value))
    return logs


@contextlib.contextmanager
def _masked(model, y, y_pred, real):
    """Gives metrics that take no weights those of the rows that count, where they can."""
    compiled = model._compile_metrics
    if compiled is None:
        yield
        return
    if not compiled.built:
        compiled.build(y, y_pred)

    def of_real_rows(metric):
        if "sample_weight" not in inspect.signature(metric.update_state).parameters:
            return metric.update_state
        return lambda *values, **options: type(metric).update_state(
            metric, *values, **{**options, "sample_weight": real}
        )

    with contextlib.ExitStack() as stack:
        for several in filter(None, compiled._flat_metrics):
            for metric in several.metrics:
                change = {"update_state": of_real_rows(metric)}
                stack.enter_context(changed_for_now(metric, change))
        yield


def _predict_on_one_device(model):
    """Does what `predict_on_batch` does; Keras would have every replica predict the whole batch."""
    predict = tf.function(lambda x: model(x, training=False), autograph=False)

    def predict_on_batch(x):
        return keras.tree.map_structure(keras.ops.convert_to_numpy, predict(x))

    return predict_on_batch


def _clips(optimizer):
    return any((optimizer.clipnorm, optimizer.global_clipnorm, optimizer.clipvalue))


def _clip_sum(clip):
    """Clips the gradient of the whole batch, where Keras clips that of every replica."""

    def clip_sum(gradients):
        context = tf.distribute.get_replica_context()
        known = [tf.convert_to_tensor(item) for item in gradients if item is not None]
        sums = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, known))
        whole = [None if item is None else next(sums) for item in gradients]
        # The optimizer takes the sum over the replicas.
        replicas = context.num_replicas_in_sync
        return [None if item is None else item / replicas for item in clip(whole)]

    return clip_sum
