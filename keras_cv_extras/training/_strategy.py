"""Which devices and processes train one model together."""

import atexit
import dataclasses
import os
import sys

import keras
import numpy as np
import tensorflow as tf

from keras_cv_extras._base import checks
from keras_cv_extras._base.owned import fields, json_text

_NAMES = ("auto", "none", "mirrored", "multiworker")
SUPPORTED = (tf.distribute.MirroredStrategy, tf.distribute.MultiWorkerMirroredStrategy)

_FORM = {  # of TF_CONFIG; a cluster lists its addresses, or numbers them
    "cluster?": {str: ([fields.text], {str: fields.text})},
    "task?": {"type?": (None, fields.text)},
}
_failed = []  # not empty once this process has failed as one of several workers

# The strategies of this process, by name. TensorFlow allows no second one of several workers,
# and models of two mirrored ones cannot be told to share anything.
_made = {}


@dataclasses.dataclass(frozen=True)
class Place:
    """Where in a distributed training a process stands.

    Args:
        worker: its number, from 0; worker 0, the chief, writes the files.
        workers: how many there are.
        first: the number of its first replica, among those of all workers.
        local: how many replicas it has.
        replicas: how many there are in all.
    """

    worker: int
    workers: int
    first: int
    local: int
    replicas: int


def make_strategy(name: str = "auto") -> tf.distribute.Strategy | None:
    """Chooses how a model is trained on several devices.

    If TF_CONFIG names several workers, call this before anything else of TensorFlow is used: it
    connects the workers.

    Args:
        name: "mirrored" for all GPUs of this machine, or, where there are none, all of its
            logical CPUs; "multiworker" for the workers that TF_CONFIG names; "none" for one
            device; "auto" for the workers if TF_CONFIG names several, else for the GPUs if there
            are several, else for one device. Or a MirroredStrategy or MultiWorkerMirroredStrategy.

    Returns:
        A `tf.distribute.Strategy`, to build models in its scope or to give to `fit`; None for
        one device.

    Raises:
        ValueError: if the strategy is not supported, or TF_CONFIG is not what it needs.
        RuntimeError: if TensorFlow was used before several workers are connected.

    Example:
        >>> strategy = make_strategy()
        >>> fit(lambda: small_cnn((28, 28, 1), 10), train, epochs=10, strategy=strategy)
    """
    if isinstance(name, tf.distribute.Strategy) or name is None:
        return _checked(name)
    checks.one_of("strategy", name, _NAMES)
    if keras.backend.backend() != "tensorflow":
        if name in ("mirrored", "multiworker"):
            raise ValueError(
                f"strategy {name!r} needs the TensorFlow backend, received "
                f"{keras.backend.backend()!r}: there, use keras.distribution.DataParallel and "
                'strategy "auto"'
            )
        return None
    if keras.distribution.distribution() is not None:
        raise ValueError(
            "keras.distribution does nothing on the TensorFlow backend: unset it with "
            'keras.distribution.set_distribution(None) and give strategy="mirrored" or '
            '"multiworker", or use the JAX backend'
        )
    workers = _read_cluster()
    if name == "auto":
        several = len(tf.config.list_physical_devices("GPU")) > 1
        name = "multiworker" if workers > 1 else "mirrored" if several else "none"
    if name == "multiworker":
        if workers == 0:
            raise ValueError(
                'strategy "multiworker" needs the environment variable TF_CONFIG: start the '
                "program with `kcx launch --workers N -- ...`, or set it as the cluster's manager "
                "does"
            )
        return _connected()
    if name == "mirrored":
        if name not in _made:
            kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
            devices = [device.name for device in tf.config.list_logical_devices(kind)]
            _made[name] = tf.distribute.MirroredStrategy(devices)
        return _made[name]
    return None


def place_of(strategy) -> Place:
    """Returns where this process stands."""
    if strategy is None:
        return Place(0, 1, 0, 1, 1)
    replicas, local = strategy.num_replicas_in_sync, len(strategy.extended.worker_devices)
    workers = replicas // local
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) or workers == 1:
        return Place(0, 1, 0, local, replicas)
    resolver = strategy.cluster_resolver
    # A chief, where the cluster has one, comes before the workers.
    before = len(resolver.cluster_spec().as_dict().get("chief", []))
    worker = resolver.task_id + (0 if resolver.task_type == "chief" else before)
    return Place(worker, workers, worker * local, local, replicas)


def writes_files() -> bool:
    """Returns whether this process writes the files of a training: of several workers, one does.

    Example:
        >>> writes_files()
        True
    """
    return place_of(_made.get("multiworker")).worker == 0


def end_at_once():
    """Lets this process, one of several workers, end without waiting for the others."""
    _failed.append(True)


def from_chief(strategy, values) -> np.ndarray:
    """Returns the integers that worker 0 gives, on every worker; all must call it at once."""
    place = place_of(strategy)
    values = np.asarray(values, "int64")
    if place.workers == 1:
        return values
    return _summed(strategy, values if place.worker == 0 else np.zeros_like(values))


def everywhere(strategy, truth: bool) -> bool:
    """Returns whether something is true on all workers; all must call it at once."""
    place = place_of(strategy)
    if place.workers == 1:
        return truth
    return int(_summed(strategy, np.asarray([truth], "int64"))[0]) == place.workers


def _summed(strategy, values):
    """The sum over the workers of integers that each gives."""
    first = place_of(strategy).first

    def value(context):  # one replica of each worker speaks for it
        speaks = context.replica_id_in_sync_group == first
        return tf.constant(values if speaks else np.zeros_like(values))

    given = strategy.experimental_distribute_values_from_function(value)
    return strategy.reduce("SUM", given, axis=None).numpy()


def _checked(strategy):
    if strategy is None or isinstance(strategy, SUPPORTED):
        return strategy
    if type(strategy) is type(tf.distribute.get_strategy()) and not tf.distribute.has_strategy():
        return None  # TensorFlow's default: one device
    raise ValueError(
        f"strategy must be one of {', '.join(_NAMES)}, a MirroredStrategy or a "
        f"MultiWorkerMirroredStrategy, received {type(strategy).__name__}: Keras 3 does not "
        "train models with others"
    )


def _read_cluster():
    """Returns the number of workers that TF_CONFIG names, 0 if there is none."""
    text = os.environ.get("TF_CONFIG")
    if not text:
        return 0
    try:
        config = json_text.parse(text)
        fields.check("", config, _FORM)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"TF_CONFIG must be JSON with a cluster and a task ({error}), received "
            f"{checks.shown(text)}"
        ) from error
    cluster, task = config.get("cluster", {}), config.get("task", {})
    sizes = {kind: len(addresses) for kind, addresses in cluster.items()}
    if "ps" in sizes or task.get("type") in ("ps", "evaluator"):
        raise ValueError(
            "TF_CONFIG must name workers alone, received a cluster with parameter servers or an "
            "evaluator: Keras 3 does not train with them"
        )
    workers = sizes.get("chief", 0) + sizes.get("worker", 0)
    kind, index = task.get("type"), task.get("index")
    if workers and (type(index) is not int or not 0 <= index < sizes.get(kind, 0)):
        raise ValueError(
            f"the task of TF_CONFIG must be one of its cluster {cluster}, received {task}"
        )
    return workers


def _connected():
    if "multiworker" not in _made:
        try:
            _made["multiworker"] = tf.distribute.MultiWorkerMirroredStrategy()
        except RuntimeError as error:
            if "program startup" not in str(error):
                raise
            raise RuntimeError(
                "several workers must be connected before TensorFlow is used for anything else: "
                "call keras_cv_extras.training.make_strategy() first in the program, and give "
                "fit a function that builds the model"
            ) from error
        atexit.register(_end_without_farewell)
    return _made["multiworker"]


def _end_without_farewell():
    """Ends a process that failed, without TensorFlow's farewell to the other workers.

    The farewell waits for lost workers, and for workers that wait for this one: from ten seconds to
    forever, while the process manager sees a process that seems to run.
    """
    if _failed:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)
