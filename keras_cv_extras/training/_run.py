"""One training: its epochs, its checkpoints, and what several workers must agree on."""

import contextlib
import time
from typing import Any

import keras
import tensorflow as tf

from keras_cv_extras import data
from keras_cv_extras._base import rates, supervise
from keras_cv_extras.training import _checkpoint, _replicas, _strategy
from keras_cv_extras.training._callbacks import Recorder, StopWhenDiverged, Throughout, WatchImages
from keras_cv_extras.training._labels import batches_of
from keras_cv_extras.training.devices import _steps

EMPTY = "train must hold at least one batch, received an empty dataset"

_NONE, _FOUND, _DAMAGED = range(3)  # what the chief tells of its checkpoints


class Run:
    """One training, from its checkpoint to its end; see `fit` for the arguments."""

    def __init__(self, model, dataset_of, validation, strategy, callbacks, checkpoint, save_every):
        self.model = model
        self.dataset_of = lambda epoch: batches_of(dataset_of(epoch), "train")
        self.validation = batches_of(validation, "validation")
        self.strategy, self.place = strategy, _strategy.place_of(strategy)
        self.saved = None if checkpoint is None else _checkpoint.Checkpoints(checkpoint)
        self.save_every = save_every if self.saved else None
        self.history, self.epoch, self.began_at, self.stopped = {}, 0, 0, False
        self.recorder, self.watch = Recorder(self._save, self.save_every), WatchImages()
        checks = [StopWhenDiverged(self._samples, self._labels), self.watch]
        self.callbacks = Throughout([*checks, *callbacks, self.recorder], model)
        self.shards = _replicas.num_shards()
        self.coupled = _replicas.is_coupled(model)
        # Steps of the model's own would count the rows that fill a batch up.
        small, parted = strategy is None and _replicas.can_be_filled(model), self.shards > 1
        self.fills = small or (parted and _replicas.trains_as_keras(model))
        self.fills_validation = small or (parted and _replicas.tests_as_keras(model))
        filled = self.fills or self.fills_validation
        self.weigh = (strategy is not None or filled) and _replicas.scales_by_size(model)

    def train(self, epochs, progress):
        """Trains up to a number of epochs."""
        with contextlib.ExitStack() as stack:
            if self.saved is not None and self.place.worker == 0:
                stack.enter_context(self.saved.held())
            if self.saved is not None and self.place.workers == 1:
                # Of several workers all would have to write it, and one alone may be asked.
                self.recorder.postponed = stack.enter_context(supervise.postponed_end())
            self._train(epochs, progress)

    def _train(self, epochs, progress):
        model, strategy = self.model, self.strategy
        with strategy.scope() if strategy else contextlib.nullcontext():
            if not _is_built(model):
                # A model may have steps alone, and no call.
                with contextlib.suppress(Exception):
                    _steps.make_variables(model, self.dataset_of(self.epoch), metrics=False)
            if _is_built(model):
                model.optimizer.build(model.trainable_variables)
        self.callbacks.set_params({"epochs": epochs, "verbose": 0})
        self.callbacks.begin()
        step = self._restore()
        self.began_at = self.epoch
        self._check_agreement()
        if strategy is not None:
            _replicas.part_random_numbers(model, strategy, self.place)
        with contextlib.ExitStack() as stack:
            stack.enter_context(_averages_kept_apart(model))
            if strategy is None:
                stack.enter_context(rates.once_per_step(model.optimizer))
            while self.epoch < epochs and not self.stopped:
                started = time.monotonic()
                self._train_epoch(step, stack)
                step = 0
                if progress and self.place.worker == 0:
                    values = ", ".join(f"{k} {v[-1]:.4f}" for k, v in self.history.items())
                    took = time.monotonic() - started
                    print(f"epoch {self.epoch:3d} of {epochs}: {values} ({took:.1f} s)", flush=True)
                self._save(0)
                if self.recorder.postponed is not None and self.epoch < epochs:
                    self.recorder.postponed.obey()
        self.callbacks.end()
        # No worker may leave before the chief has written the last checkpoint.
        _strategy.everywhere(strategy, True)

    def _train_epoch(self, step, stack):
        dataset = self.dataset_of(self.epoch)
        size = _num_batches(dataset, "train")
        if self.save_every and size is None:
            raise ValueError("save_every needs a train dataset that knows how many batches it has")
        self.recorder.last_batch = size
        validation = self.validation
        if self.epoch == self.began_at:
            dataset = self.watch.watched(dataset, self.model)
            validation = self.watch.watched(validation, self.model, "validation images")
        train, steps, spec = self._distributed(dataset, self.fills, step)
        _num_batches(self.validation, "validation")
        fills = self.fills_validation
        counted = fills or _replicas.tests_as_keras(self.model)
        validation, validation_steps, other = self._distributed(validation, fills, counted=counted)
        if self.epoch == self.began_at:
            if spec is not None or (fills and other is not None):
                stack.enter_context(_steps.counting(self.model, spec or other))
            if self.strategy is not None:
                stack.enter_context(_steps.adapted(self.model, self.strategy, spec))
            # Metrics must exist to be restored; a program that makes them is traced twice.
            if self.strategy is None and step:
                _steps.make_variables(self.model, dataset)
            elif self.strategy is None and _is_plain(self.model):
                _steps.build_symbolically(self.model, dataset)
        self.callbacks.first_batch = step
        self.model.fit(
            train,
            validation_data=validation,
            initial_epoch=self.epoch,
            epochs=self.epoch + 1,
            steps_per_epoch=steps,
            validation_steps=validation_steps,
            verbose=0,
            shuffle=False,
            callbacks=self.callbacks,
        )
        logs = self.recorder.logs
        if logs is None or "loss" not in logs:
            raise ValueError(EMPTY)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        self.epoch += 1
        self.stopped = bool(self.model.stop_training)

    def _distributed(self, dataset, fills, step=0, counted=True):
        """Returns what Keras is given in place of a dataset, its steps, and a piece's form.

        Of the dataset, as many batches as `step` says are left out.
        """
        if fills and _replicas.has_rows(dataset):
            options = {"weigh": self.weigh, "coupled": self.coupled}
            dataset = _replicas.filled(dataset, self.shards, **options)
            # The first batch tells the size of all, so it is left out afterwards.
            return (dataset.skip(step) if step else dataset), None, dataset.element_spec
        if self.shards > 1 and isinstance(dataset, tf.data.Dataset):
            dataset = _replicas.divided(dataset, self.shards)
        dataset = dataset.skip(step) if step else dataset
        if dataset is None or self.strategy is None:
            return dataset, None, None
        if not isinstance(dataset, tf.data.Dataset) or dataset.cardinality() < 0:
            raise ValueError(
                "under a strategy, train and validation must be tf.data.Datasets that know how "
                "many batches they have, for all workers to take as many: see "
                "tf.data.experimental.assert_cardinality"
            )
        steps = int(dataset.cardinality())
        if steps == 0:
            raise ValueError(EMPTY)
        options = {"weigh": self.weigh, "counted": counted}
        dataset, spec = _replicas.distribute(dataset, self.strategy, self.place, **options)
        return dataset, steps, spec

    def _samples(self, epoch, batch):
        """Returns the numbers of a batch's samples, None where they are not known."""
        dataset = data.samples_of(self.dataset_of(epoch))
        if dataset is None:
            return None
        return next(dataset.skip(batch).take(1).as_numpy_iterator()).tolist()

    def _labels(self, epoch, batch):
        """Returns the labels of a batch as an array, None if they are of several parts."""
        dataset = self.dataset_of(epoch)
        if not isinstance(dataset, tf.data.Dataset):
            return None
        labels = keras.utils.unpack_x_y_sample_weight(next(iter(dataset.skip(batch))))[1]
        return labels.numpy() if isinstance(labels, tf.Tensor) else None

    def _save(self, step):
        """Writes a checkpoint; a step other than 0 is that many batches into the epoch."""
        if self.saved is None:
            return
        values, kept = self.callbacks.state()
        # Metrics are summed over the workers as they are read, so all workers read them.
        groups = self._groups({"metrics": self._metrics()} if step else {})
        arrays = _checkpoint.read_variables(groups)
        if self.place.worker == 0:
            state = {
                "epoch": self.epoch,
                "step": step,
                "stopped": self.stopped,
                "history": self.history,
                "callbacks": values,
            }
            self.saved.write(state, {**arrays, **{f"callbacks.{k}": v for k, v in kept.items()}})

    def _restore(self):
        """Goes back to the newest whole checkpoint; returns how many batches are done."""
        if self.saved is None:
            return 0
        name, state, arrays = self._chosen()
        if name is None:
            return 0

        def part(prefix):
            names = [name for name in arrays if name.startswith(prefix)]
            return {name.removeprefix(prefix): arrays.pop(name) for name in names}

        path = self.saved.folder / name
        self.callbacks.restore(state["callbacks"], part("callbacks."))
        metrics = {f"metrics.{number}": array for number, array in part("metrics.").items()}
        if metrics:
            self.recorder.at_begin(
                lambda: _checkpoint.write_variables({"metrics": self._metrics()}, metrics, path)
            )
        _checkpoint.write_variables(self._groups(), arrays, path)
        self.epoch, self.stopped = state["epoch"], state["stopped"]
        self.history = {key: list(values) for key, values in state["history"].items()}
        return state["step"]

    def _chosen(self) -> tuple[Any, Any, Any]:
        """Returns name, state and arrays of the checkpoint that the chief chose."""
        saved: Any = self.saved
        state = arrays = None
        name, problem, digest = None, None, bytes(32)
        if self.place.worker == 0:
            try:
                name = saved.newest()
                digest = saved.digest(name) if name else digest
            except (OSError, ValueError) as error:
                problem = error
        status = _DAMAGED if problem else _FOUND if name else _NONE
        epoch, step = saved.numbers(name) if name else (0, 0)
        told = _strategy.from_chief(self.strategy, [status, epoch, step, *digest])
        if told[0] == _DAMAGED:
            raise problem or ValueError("the chief found no whole checkpoint: see what it wrote")
        if told[0] == _NONE:
            return None, None, None
        name, problem = saved.name(*told[1:3]), None
        try:
            state, arrays = saved.read(name)
            same = saved.digest(name) == bytes(told[3:].tolist())
        except (OSError, ValueError) as error:
            problem, same = error, False
        if not _strategy.everywhere(self.strategy, same):
            raise problem or ValueError(
                f"{saved.folder / name}: not the same on all workers: the folder of "
                "checkpoints must be on storage that they share"
            )
        if self.place.worker == 0:
            saved.remove_older(name)
        return name, state, arrays

    def _check_agreement(self):
        """Raises on all workers if one of them begins with other values than the chief."""
        if self.place.workers == 1:
            return
        arrays = _checkpoint.read_variables(self._groups())
        digest = _checkpoint.sha256_of(arrays)
        same = digest == bytes(_strategy.from_chief(self.strategy, [*digest]).tolist())
        if not _strategy.everywhere(self.strategy, same):
            raise ValueError(
                "the workers begin with different weights: call keras.utils.set_random_seed with "
                "the same number on all of them before the model is built"
            )

    def _groups(self, others=()):
        groups = {"model": self.model.variables, "optimizer": self.model.optimizer.variables}
        # A model with a step of its own may have further optimizers, which Keras does not know.
        for name, value in sorted(vars(self.model).items()):
            if isinstance(value, keras.optimizers.Optimizer) and value is not self.model.optimizer:
                groups[name] = value.variables
        return {**groups, **dict(others)}

    def _metrics(self):
        return [variable for metric in self.model.metrics for variable in metric.variables]


def _num_batches(dataset, name):
    """Returns how many batches a dataset has, None if it does not know.

    Raises:
        ValueError: if it has no end.
    """
    if not isinstance(dataset, tf.data.Dataset):
        return None
    size = int(dataset.cardinality())
    if size == tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            f"{name} repeats forever, and an epoch would not end: leave repeat() out, or give "
            "it an end with take(number of batches)"
        )
    return size if size > 0 else None


@contextlib.contextmanager
def _averages_kept_apart(model):
    """Lets moving averages of the weights take their place at the end of the block alone.

    Keras does so at the end of every call of its `fit`, which here is every epoch.
    """
    optimizer = model.optimizer
    optimizer.finalize_variable_values = lambda variables: None
    try:
        yield
    finally:
        del optimizer.finalize_variable_values
    optimizer.finalize_variable_values(model.trainable_variables)


def _is_built(model):
    return all(layer.built for layer in model._flatten_layers(include_self=False))


def _is_plain(model):
    """Returns whether a model's metrics can be made beforehand, and Keras does not do so."""
    own = type(model).train_step is not keras.Model.train_step
    return keras.backend.backend() == "tensorflow" and not own
