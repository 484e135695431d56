"""A callback that tells layers which epoch it is."""

import keras

from keras_cv_extras._base.types import Logs


class EpochCounter(keras.callbacks.Callback):
    """Tells layers that go by the epoch which one it is.

    Args:
        *layers: layers with a weight `epoch`: `PolicyAugment` of a `PolicySchedule`, and mix
            layers. They may be in the model or in a dataset that it is fed from.

    Raises:
        TypeError: if a layer has no such weight.

    Example:
        >>> layer = PolicyAugment(keras_cv_extras.policy.ramp(policy, num_epochs=30))
        >>> train = dataset.map(lambda images, labels: (layer(images), labels))
        >>> model.fit(train, epochs=30, callbacks=[EpochCounter(layer)])
    """

    def __init__(self, *layers: keras.layers.Layer) -> None:
        super().__init__()
        for layer in layers:
            if not hasattr(layer, "epoch"):
                raise TypeError(f"EpochCounter takes layers with an epoch, received {layer!r}")
        self.layers = layers

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Sets the number of the epoch."""
        for layer in self.layers:
            layer.epoch.assign(epoch)
