"""DeepSMOTE: samples interpolated between the codes of a small autoencoder, and decoded."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.types import Array, ArrayLike, Config, Tensor
from keras_cv_extras.generative import _synthesis

_PACKAGE = "keras_cv_extras"
_BATCH = 512


@keras.saving.register_keras_serializable(_PACKAGE)
class DeepSMOTE(keras.Model):
    """An autoencoder whose codes can be mixed within a class, and SMOTE among those codes.

    Trained on two errors: of an image from its own code, and of an image from the code of
    another image of its class (the permutation penalty), which draws the codes of a class to
    where points between them decode to images of it. There is no discriminator.

    Args:
        image_shape: `(height, width, channels)`, at least 4 x 4.
        code_size: values of a code.
        width: channels of the first convolution; the second has twice as many.
        penalty: weight of the second error, at least 0.
        value_range: the images' lowest and highest value.
        **kwargs: the arguments of `keras.Model`.

    References:
        [Dablain et al., DeepSMOTE](https://arxiv.org/abs/2105.02340)

    Example:
        >>> model = DeepSMOTE((28, 28, 1))
        >>> model.compile(keras.optimizers.Adam(1e-3))
        >>> model.fit(x, y, epochs=20)
        >>> x, y = model.resample(x, y)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        *,
        code_size: int = 64,
        width: int = 32,
        penalty: float = 1.0,
        value_range: tuple[float, float] = (0, 255),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.image_shape: tuple[int, ...] = checks.sizes("image_shape", tuple(image_shape), 3)
        if min(self.image_shape[:2]) < 4:
            raise ValueError(f"image_shape must be at least 4 x 4 pixels, received {image_shape}")
        self.code_size: int = checks.integer("code_size", code_size, minimum=1)
        self.width: int = checks.integer("width", width, minimum=1)
        self.penalty: float = checks.non_negative("penalty", penalty)
        self.value_range: tuple[float, float] = checks.rising("value_range", tuple(value_range))
        self.encoder: keras.Model = self._encoder()
        self.decoder: keras.Model = self._decoder()
        self.reconstruction_tracker: keras.metrics.Mean = keras.metrics.Mean(name="reconstruction")
        self.permutation_tracker: keras.metrics.Mean = keras.metrics.Mean(name="permutation")

    def _encoder(self):
        low, high = self.value_range
        images = keras.Input(self.image_shape, name="images")
        x = keras.layers.Rescaling(1 / (high - low), offset=-low / (high - low))(images)
        for factor in (1, 2):
            x = keras.layers.Conv2D(self.width * factor, 3, strides=2, padding="same")(x)
            x = keras.layers.LeakyReLU(0.2)(x)
        codes = keras.layers.Dense(self.code_size, name="codes")(keras.layers.Flatten()(x))
        return keras.Model(images, codes, name="encoder")

    def _decoder(self):
        height, width, channels = self.image_shape
        rows, columns = -(-height // 4), -(-width // 4)
        codes = keras.Input((self.code_size,), name="codes")
        x = keras.layers.Dense(rows * columns * self.width * 2)(codes)
        x = keras.layers.Reshape((rows, columns, self.width * 2))(keras.layers.LeakyReLU(0.2)(x))
        for _ in range(2):
            # Enlarged, then convolved: a strided transposed convolution leaves a checkerboard.
            x = keras.layers.UpSampling2D(2)(x)
            x = keras.layers.Conv2D(self.width, 3, padding="same")(x)
            x = keras.layers.LeakyReLU(0.2)(x)
        x = keras.layers.Conv2D(channels, 3, padding="same", activation="sigmoid")(x)
        x = keras.layers.Cropping2D(((0, 4 * rows - height), (0, 4 * columns - width)))(x)
        return keras.Model(codes, x, name="decoder")

    def call(self, images: ArrayLike, training: bool | None = None) -> Tensor:
        """Returns codes, and the images decoded from them, with values in [0, 1]."""
        codes = self.encoder(images, training=training)
        return {"codes": codes, "images": self.decoder(codes, training=training)}

    def fit(
        self, x: ArrayLike | None = None, y: ArrayLike | None = None, *args: Any, **kwargs: Any
    ) -> keras.callbacks.History:
        """Trains; images are checked before the first step, of a dataset those of its first batch.

        Args:
            x: `(n, height, width, channels)` images within the value range, or a dataset of
                batches `(images, labels)`.
            y: `(n,)` classes, or one-hot rows.
            *args: of `keras.Model.fit`.
            **kwargs: of `keras.Model.fit`.

        Raises:
            TypeError, ValueError: if images are not as above, or hold NaN.
        """
        if hasattr(x, "shape"):
            return super().fit(_synthesis.checked_pixels(self, x), y, *args, **kwargs)
        with _synthesis.checked_batches(self, x, kwargs.get("callbacks")) as x:
            return super().fit(x, y, *args, **kwargs)

    def compute_loss(
        self,
        x: ArrayLike | None = None,
        y: ArrayLike | None = None,
        y_pred: Any = None,
        sample_weight: Any | None = None,
        training: bool | None = True,
    ) -> Tensor:
        """Returns the sum of both errors, mean squares of values in [0, 1]."""
        low, high = self.value_range
        wanted = (ops.cast(x, self.compute_dtype) - low) / (high - low)
        own = _mean_square(y_pred["images"], wanted, sample_weight)
        codes = ops.take(y_pred["codes"], same_class_partners(y), axis=0)
        other = _mean_square(self.decoder(codes, training=training), wanted, sample_weight)
        self.reconstruction_tracker.update_state(own)
        self.permutation_tracker.update_state(other)
        return own + self.penalty * other

    def compute_metrics(
        self, x: ArrayLike, y: ArrayLike, y_pred: Any, sample_weight: Any | None = None
    ) -> dict[str, Any]:
        """Returns both errors."""
        return self.get_metrics_result()

    def encode(self, images: ArrayLike) -> Tensor:
        """Returns the codes of images, `(count, code_size)`, as an array."""
        return _batches(self.encoder, _synthesis.checked_pixels(self, images, whole=False))

    def decode(self, codes: ArrayLike) -> Tensor:
        """Returns the images of codes, in the value range, as a float32 array."""
        low, high = self.value_range
        return low + (high - low) * _batches(self.decoder, codes)

    def resample(
        self, x: ArrayLike, y: ArrayLike | None = None, **options: Any
    ) -> tuple[Array, Array]:
        """Balances classes by samples interpolated between codes, and decoded.

        Args:
            x: `(n, height, width, channels)` images, or loaded data, as in `data.smote`.
            y: `(n,)` classes, or one-hot rows; None with loaded data.
            **options: of `data.smote`: `sampling_strategy`, `k_neighbors`, `seed`, `base`,
                `engine`, `single`, `held_out`.

        Returns:
            `(x, y)`: the real images as they were, then decoded ones of the same type.

        Raises:
            TypeError, ValueError: as `data.smote`.
        """
        from keras_cv_extras.data import smote

        return smote(
            x,
            y,
            neighbors_in=self.encode,
            interpolate_in="embedding",
            decoder=self.decode,
            **options,
        )

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            **attributes(self, "image_shape", "code_size", "width", "penalty", "value_range"),
        }


def same_class_partners(labels):
    """Returns for each sample of a batch the next one of its class, the last one's being the first.

    A permutation within every class; a class with one sample in the batch keeps it.

    Args:
        labels: `(batch,)` or `(batch, 1)` integers, or one-hot rows `(batch, classes)`.

    Returns:
        `(batch,)` int32 numbers of samples.
    """
    if len(labels.shape) == 2:
        labels = labels[:, 0] if labels.shape[1] == 1 else ops.argmax(labels, axis=-1)
    labels = ops.cast(labels, "int32")
    order = ops.cast(ops.argsort(labels), "int32")
    ordered = ops.take(labels, order)
    count = ops.shape(labels)[0]
    following = ops.arange(1, count + 1, dtype="int32")
    begin = ops.cast(ops.searchsorted(ordered, ordered, side="left"), "int32")
    end = ops.cast(ops.searchsorted(ordered, ordered, side="right"), "int32")
    partner = ops.take(order, ops.where(following < end, following, begin))
    return ops.take(partner, ops.argsort(order))  # back from the classes' order


def _mean_square(values, wanted, sample_weight):
    squares = ops.mean(ops.square(values - wanted), axis=(1, 2, 3))
    if sample_weight is not None:
        squares = squares * ops.cast(ops.reshape(sample_weight, (-1,)), squares.dtype)
    return ops.mean(squares)


def _batches(model, rows):
    rows = np.asarray(rows)
    if not len(rows):
        return np.zeros((0, *model.output_shape[1:]), np.float32)
    parts = [
        ops.convert_to_numpy(model(rows[start : start + _BATCH]))
        for start in range(0, len(rows), _BATCH)
    ]
    return np.concatenate(parts).astype(np.float32)
