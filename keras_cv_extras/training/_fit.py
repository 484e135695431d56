"""Training that shows its progress, stops when it diverges, and resumes after interruptions."""

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_cv_extras._base import checks
from keras_cv_extras._base.datasets.samples import datasets_run_here
from keras_cv_extras._base.text import caller
from keras_cv_extras.training import _replicas, _strategy
from keras_cv_extras.training._errors import WorkerLostError
from keras_cv_extras.training._recipes import compile_model
from keras_cv_extras.training._run import EMPTY, Run
from keras_cv_extras.training.devices import _places

_LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError)
_SET_THE_RATE = (keras.callbacks.ReduceLROnPlateau, keras.callbacks.LearningRateScheduler)


@dataclasses.dataclass(frozen=True)
class History:
    """The scores of every epoch of a training, and the trained model.

    Args:
        history: metric name -> its value after every epoch.
        epochs: how many epochs the model has been trained for.
        resumed_at: the epoch that this call began at; 0 if it was not resumed.
        model: the trained model, on one device unless it was built under a strategy.
    """

    history: dict[str, list[float]]
    epochs: int
    resumed_at: int
    model: Any = dataclasses.field(repr=False, compare=False, default=None)


def fit(
    model: keras.Model | Callable[[], keras.Model],
    train: Any,
    validation: Any | None = None,
    *,
    epochs: int,
    strategy: Any = "auto",
    callbacks: Sequence[keras.callbacks.Callback] = (),
    learning_rate: float = 2e-3,
    weight_decay: float = 1e-4,
    label_smoothing: float = 0.0,
    checkpoint: Any | None = None,
    save_every: int | None = None,
    progress: bool = True,
) -> History:
    """Trains a classifier, on one device or on several.

    Several devices share every batch. The weights become those of one device with the whole batch,
    even if a batch does not divide by the number of replicas. Two things differ: random numbers
    inside the model, which every replica draws separately, and batch normalisation without
    `synchronized=True`. A last batch with fewer rows than replicas is filled up with rows that
    count in no loss, and in no metric that takes weights.

    Where XLA compiles the steps, a smaller last batch is filled up with copies of its rows, so that
    nothing is compiled twice. The copies have weight 0: losses and metrics do not count them.

    Args:
        model: a Keras model with one logit per class; it is compiled here unless it is already. Or
            a function without arguments that returns one, which several workers need. Under a
            strategy the model's variables are on all devices while it trains, so callbacks, and
            objects that hold its layers, losses or optimizer, see the model that is being trained.
        train: a batched `tf.data.Dataset` of `(images, labels)`, or a function that returns the
            dataset of an epoch, given its number. `data.pipeline(..., epoch=number)` in such a
            function makes resumed training equal to training that was not interrupted.
        validation: None, or a batched dataset that the model is scored on after every epoch.
        epochs: passes over `train`, those before an interruption included.
        strategy: "auto", "none", "mirrored", "multiworker", or what `make_strategy` returned,
            where the names are explained. Every worker passes the same datasets.
        callbacks: Keras callbacks. The counters of early stopping and the like are part of the
            checkpoint.
        learning_rate: the highest one, of a cosine schedule; constant where a callback sets the
            rate, `ReduceLROnPlateau` or `LearningRateScheduler`.
        weight_decay: of AdamW.
        label_smoothing: in [0, 1).
        checkpoint: None, or a folder, the same one for all workers: after every epoch the
            weights, the optimizer, random numbers, callbacks and the history are written there,
            and a later call with the same folder resumes from them. After SIGINT, SIGTERM or SIGHUP
            one more checkpoint is written at the end of the batch, and the process ends with exit
            code 128 + the signal's number; a second signal ends it at once.
        save_every: None, or a number of batches after which a checkpoint is written, too.
        progress: whether to print a line for every epoch.

    Returns:
        The history, including epochs before an interruption, and the model.

    Raises:
        DivergedError: if the loss becomes infinite or not a number.
        WorkerLostError: if another worker has ended; start all again.
        ValueError: if `train` is empty, the strategy is not supported, or the checkpoint is
            damaged or of another model.

    Example:
        >>> fit(model, lambda epoch: pipeline((x, y), 64, policy, epoch=epoch), epochs=10)
    """
    checks.integer("epochs", epochs, minimum=1)
    if save_every is not None:
        checks.integer("save_every", save_every, minimum=1)
    own = _own_strategy(model)
    strategy = _strategy.make_strategy(strategy) if own is None else _agreed(strategy, own)
    train = _made_here(train) if callable(train) else _always(train)
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = model if isinstance(model, keras.Model) else _built(model)
        rules = [type(item).__name__ for item in callbacks if isinstance(item, _SET_THE_RATE)]
        if model.compiled and rules and _has_schedule(model):
            raise ValueError(
                f"{rules[0]} sets the learning rate, and so does the schedule of the model's "
                "optimizer: leave one of them out"
            )
        if not model.compiled:
            first = train(0)
            steps = int(first.cardinality()) if isinstance(first, tf.data.Dataset) else -1
            if steps == 0:
                raise ValueError(EMPTY)
            compile_model(
                model,
                steps=steps * epochs if steps > 0 and not rules else None,
                learning_rate=learning_rate,
                weight_decay=weight_decay,
                label_smoothing=label_smoothing,
            )
    _warn_of_logits(model)
    if strategy is not None:
        _replicas.check_model(model, strategy)
    # What follows a training is done on one device, unless the model was built for several.
    moved = strategy is not None and own is None
    with _places.on_all_devices(model, strategy) if moved else contextlib.nullcontext():
        run = Run(model, train, validation, strategy, callbacks, checkpoint, save_every)
        try:
            run.train(epochs, progress)
        except BaseException as error:
            if run.place.workers > 1:
                _strategy.end_at_once()
                if _is_loss(error):
                    raise WorkerLostError(
                        f"worker {run.place.worker} lost another one ({_reason(error)}): start "
                        "all workers again, and the training goes on from its checkpoint"
                    ) from error
            for line in (_replicas.COUPLED, _replicas.OWN_STEPS):
                if line in str(error):
                    raise ValueError(line) from None
            raise
    return History(run.history, max(run.began_at, run.epoch), run.began_at, model)


def _has_schedule(model):
    rate = getattr(model.optimizer, "_learning_rate", None)
    return isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)


def _is_loss(error):
    """Whether TensorFlow's error says that another worker cannot be reached."""
    if isinstance(error, tf.errors.InvalidArgumentError) or not hasattr(error, "message"):
        return False
    return isinstance(error, _LOST) or "Collective ops is aborted" in error.message


def _reason(error):
    text = error.message.partition("aborted by: ")[2] or error.message
    return text.strip().splitlines()[0]


def _always(dataset):
    return lambda epoch: dataset


def _made_here(train):
    """Lets pipelines run in this process, where they begin sooner, unless they are sent away."""
    sent = []

    def dataset_of(epoch):
        if not sent:
            with datasets_run_here():
                dataset = train(epoch)
            if not _is_sent(dataset):
                return dataset
            sent.append(True)
        return train(epoch)

    return dataset_of


def _is_sent(dataset):
    """Whether tf.data service makes a dataset, in other processes."""
    if not isinstance(dataset, tf.data.Dataset):
        return False
    return "DataService" in type(dataset).__name__ or any(map(_is_sent, dataset._inputs()))


def _warn_of_logits(model):
    """A compiled step cannot say that a loss of cosines gets logits."""
    last: Any = model.layers[-1] if model.layers else None
    plain = type(last) is keras.layers.Dense and last.activation is keras.activations.linear
    if plain and getattr(model.loss, "takes_cosines", False):
        name = type(model.loss).__name__
        caller.warn(
            f"{name} takes cosines, and the model ends in {last.name!r}, a Dense layer: end it in "
            "layers.CosineDense, or take another loss, such as LogitAdjusted",
        )


def _own_strategy(model):
    """The strategy that a model was built under, None if there is none."""
    if not isinstance(model, keras.Model) or keras.backend.backend() != "tensorflow":
        return None
    own = model.distribute_strategy
    return own if isinstance(own, _strategy.SUPPORTED) else None


def _agreed(strategy, own):
    if strategy == "auto" or strategy is own:
        return own
    raise ValueError(
        f"the model was built under a {type(own).__name__}: give that as the strategy, or build "
        "the model outside of it"
    )


def _built(function):
    model = function()
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"model must be a Keras model or a function that returns one, received {model!r}"
        )
    return model
