"""What can be measured: this library's policies, ops, losses and pooling layers, and a plain copy.

A contestant has `version`, `start()`, which ends with its first batch, and `measure(seconds)`,
which returns the number of images and the seconds that they took. Libraries are imported when it
is made, which is not measured.
"""

import time

from keras_cv_extras import __version__
from keras_cv_extras.bench import _input_peers, _losses, _mixes, _peer_ops, _peers, _pooling

OP = "op:"
_LONG = 0.05  # seconds of one run, beside which a call from Python does not count


def load(name, images, cores):
    """Returns a contestant, not started.

    Args:
        name: one of `OWN` or `PEERS`; an op's or mix's name after "op:" or after a library and
            ":"; a loss after "loss:"; a pipeline of files after "input:"; a layer's name,
            `pool_size` and `strides` after "pooling:".
        images: uint8 array of shape `(batch, height, width, 3)`.
        cores: how many cores it may use.
    """
    if name in _peers.LOADERS:
        return _peers.LOADERS[name](images, cores)
    if name.startswith(OP):
        return Calls(_op_function(name.removeprefix(OP)), images, cores)
    library, _, op = name.partition(":")
    if library == "loss":
        return _losses.load(op, cores)
    if library == "input":
        return _input_peers.load(op, images, cores)
    if name.startswith(_pooling.POOLING):
        return Calls(_pooling.step_of(name.removeprefix(_pooling.POOLING)), images, cores)
    if library in _peer_ops.LIBRARIES and op:
        return _peer_ops.load(library, op, images)
    function = _copy if name == "copy" else lambda: _policy_function(name)
    return _peers.Stream(function, images, cores, __version__)


def _policy_function(name):
    from keras_cv_extras import policy

    chosen = policy.rand_augment(2, 0.5)
    if name == "flip_crop_rand_cutout":
        cutout = policy.Policy([[policy.Step("cutout", 1.0, 0.5)]])
        chosen = policy.flip_crop() + chosen + cutout
    return lambda images, number: chosen(images, seed=1, epoch=number)


def _copy():
    import tensorflow as tf

    # An identity, or the addition of 0, is optimised away.
    return lambda images, number: tf.raw_ops.DeepCopy(x=images)


def _op_function(name):
    """Returns a function that makes the function of images for an op, or for "copy"."""

    def make():
        from keras_cv_extras import policy
        from keras_cv_extras.augment import OPS

        if name == "copy":
            return _copy()
        if name in _mixes.MIXES:
            return _mixes.own(name)
        step = policy.Step(name, 1.0, 0.5 if OPS[name].has_strength else None)
        chosen = policy.Policy([[step]])
        if not chosen.needs_partners:
            return lambda images, number: chosen(images, seed=1, epoch=number)
        return lambda images, number: chosen(images, seed=1, epoch=number, partners=images)

    return make


class Calls:
    """Runs of a function inside one `tf.function`: no pipeline around it.

    A call from Python takes about 0.2 ms, more than most ops take on a batch of small images. So
    one call runs the function several times, and the call itself hardly counts.
    """

    _RUNS = 16

    def __init__(self, make, images, cores):
        self.version = __version__
        tf = _peers.tensorflow(cores)
        self._make = make
        self._images = tf.constant(images)
        self._count = len(images)
        self._number = 0

    def start(self):
        import tensorflow as tf

        function = self._make()

        @tf.function
        def run(images, first, runs):
            # What is carried on depends on every run: none of them can be left out.
            total = tf.zeros([], tf.int32)
            for number in tf.range(first, first + runs):
                tf.autograph.experimental.set_loop_options(parallel_iterations=1)
                total += tf.cast(function(images, number)[0, 0, 0, 0], tf.int32)
            return total

        self._run = run
        self._call(1)
        begin = time.perf_counter()
        self._call(1)
        self._runs = self._RUNS if time.perf_counter() - begin < _LONG else 1

    def measure(self, seconds):
        count = 0
        begin = time.perf_counter()
        while True:
            self._call(self._runs)
            count += self._count * self._runs
            taken = time.perf_counter() - begin
            if taken >= seconds:
                return count, taken

    def _call(self, runs):
        import tensorflow as tf

        first = tf.constant(self._number, tf.int64)
        self._run(self._images, first, tf.constant(runs, tf.int64))
        self._number += runs
