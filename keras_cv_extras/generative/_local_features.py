"""A network trained on the real images at hand, as the measure of synthetic ones."""

import hashlib
from typing import Any, Self

import keras
import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras._base.images import value_range
from keras_cv_extras._base.types import ArrayLike

_BATCH = 512
_TRAIN_BATCH = 64


class LocalFeatures:
    """A small classifier of the real images: its last features, and its predictions.

    Args:
        model: a Keras model of images that gives logits or probabilities, whose last layer but
            one gives the features.
        data: the name of the data that it was trained on.

    Attributes:
        name: says what it is, with a fingerprint of its weights. Scores of two networks are not
            to be compared.

    Example:
        >>> network = LocalFeatures.train(x, y, data="my digits", seed=0)
        >>> scores = evaluate_made(network, (x, y), (made, labels))
    """

    def __init__(self, model: keras.Model, data: str = "") -> None:
        if not isinstance(model, keras.Model) or len(model.layers) < 2:
            raise TypeError(
                f"model must be a Keras model of two or more layers, received {model!r}"
            )
        self.model = model
        self.features_model: Any = keras.Model(model.inputs[0], model.layers[-2].output)
        self.data: str = str(data)

    @classmethod
    def train(
        cls,
        x: ArrayLike,
        y: ArrayLike,
        *,
        data: str = "",
        steps: int = 1000,
        width: int = 16,
        seed: int = 0,
    ) -> Self:
        """Trains a small network on real images, every class as often as the largest.

        Args:
            x: `(n, height, width, channels)` real images, values in [0, 255].
            y: `(n,)` classes, integers from 0.
            data: a name of the data, for the reports.
            steps: of training, with 64 images each.
            width: of `training.small_cnn`.
            seed: an integer.

        Returns:
            A `LocalFeatures`.
        """
        x, y = np.asarray(x), np.asarray(y)
        classes = np.unique(y)
        if len(classes) < 2:
            raise ValueError(f"y must hold at least two classes, received {classes.tolist()}")
        from keras_cv_extras.data import BalancedSource

        source = BalancedSource(x, y, "largest", seed=seed)
        model = trained_classifier(
            source, x.shape[1:], int(classes.max()) + 1, steps=steps, width=width, seed=seed
        )
        return cls(model, data)

    @property
    def name(self) -> str:
        """What the network is: its architecture, data and a fingerprint of its weights."""
        digest = hashlib.sha256()
        for weight in self.model.weights:
            digest.update(keras.ops.convert_to_numpy(weight).tobytes())
        data = f" on {self.data}" if self.data else ""
        return f"{self.model.name}{data} ({digest.hexdigest()[:8]})"

    def features(self, images: ArrayLike) -> np.ndarray:
        """Returns the features `(n, d)` of images, float64."""
        return self._outputs(self.features_model, images)

    def logits(self, images: ArrayLike) -> np.ndarray:
        """Returns what the classifier gives for images, `(n, classes)`."""
        return self._outputs(self.model, images)

    def _outputs(self, model, images):
        images = np.asarray(images)
        if not len(images):
            raise ValueError("images must hold at least one image, received none")
        value_range.check_for(self.model, images)
        parts = [
            keras.ops.convert_to_numpy(model(images[i : i + _BATCH], training=False))
            for i in range(0, len(images), _BATCH)
        ]
        return np.concatenate(parts).astype(np.float64)


def trained_classifier(
    source,
    image_shape,
    num_classes,
    *,
    steps,
    width=16,
    seed=0,
    class_weight=None,
):
    """Trains a small network; the measure of images is always trained in this one way.

    Args:
        source: what `data.pipeline` takes.
        image_shape: `(height, width, channels)`.
        num_classes: how many classes.
        steps: of training, with 64 images each.
        width: of `training.small_cnn`.
        seed: an integer.
        class_weight: as `keras.Model.fit` takes it.

    Returns:
        A Keras model that gives logits.
    """
    from keras_cv_extras import data, training

    one_epoch = data.pipeline(source, _TRAIN_BATCH, seed=seed)
    length = int(one_epoch.cardinality())
    checks.integer("steps", steps, minimum=1)
    model = training.small_cnn(tuple(image_shape), num_classes, width=width)
    images = source[0] if isinstance(source, tuple) else getattr(source, "images", None)
    if images is not None:
        value_range.check_for(model, np.asarray(images))
    for number, weight in enumerate(model.trainable_weights):
        if len(weight.shape) > 1:  # drawn anew: Keras' own draws depend on what was drawn before
            initializer = keras.initializers.GlorotUniform((1000 * seed + number) % (1 << 31))
            weight.assign(initializer(weight.shape))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # Without XLA: quicker on a CPU.
    without: Any = False
    optimizer = training.cosine_adamw(2e-3, steps, weight_decay=0.004)
    model.compile(optimizer, loss, jit_compile=without)
    batches = data.pipeline(source, _TRAIN_BATCH, seed=seed, num_epochs=-(-steps // length))
    quiet: Any = 0  # Keras takes numbers too
    model.fit(
        batches, steps_per_epoch=steps, class_weight=class_weight, shuffle=False, verbose=quiet
    )
    return model
