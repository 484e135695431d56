"""Images of a wanted class from a trained generator: one by one, as a dataset, exported."""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from keras_cv_extras._base import checks, random
from keras_cv_extras._base.types import Array, ArrayLike, Path, Tensor
from keras_cv_extras.generative import _synthesis
from keras_cv_extras.generative.gan import _draws

_BATCH = 256
_SAMPLING = 0x6A09E667  # sets images that are asked for apart from those of training


class ImageMaker:
    """What a model can do that makes images `call((latents, labels))`.

    It has `image_shape`, `num_classes`, `latent_size` and `value_range`.
    """

    image_shape: tuple[int, ...]
    num_classes: int
    latent_size: int
    value_range: tuple[float, float]
    __call__: Callable[..., Any]

    def latents(self, labels: ArrayLike, numbers: ArrayLike, seed: int = 0) -> Tensor:
        """Returns what images are made of, a function of the seed, the class and a number.

        Args:
            labels: `(n,)` classes.
            numbers: `(n,)` integers, which image of its class each is.
            seed: an integer.

        Returns:
            `(n, latent_size)` floats, standard normal.
        """
        labels, numbers = ops.cast(labels, "uint32"), ops.cast(numbers, "uint32")
        key = ops.bitwise_xor(random.as_word(seed), random.as_word(_SAMPLING))
        return _draws.normal(key, labels, numbers, 0, self.latent_size)

    def make(self, labels: ArrayLike, numbers: ArrayLike, seed: int = 0) -> Tensor:
        """Returns images of classes as tensors, uint8 for the value range (0, 255).

        Args:
            labels: `(n,)` classes, a tensor or an array.
            numbers: `(n,)` integers: which image of its class each is, of endlessly many.
            seed: an integer.

        Returns:
            `(n, height, width, channels)`.
        """
        labels = ops.cast(labels, "int32")
        images = self((self.latents(labels, numbers, seed), labels))
        if self.value_range == (0, 255):
            images = ops.cast(ops.clip(ops.round(images), 0, 255), "uint8")
        return images

    def generate(
        self, labels: ArrayLike, *, numbers: ArrayLike | None = None, seed: int = 0
    ) -> np.ndarray:
        """Makes images of wanted classes.

        Args:
            labels: `(n,)` classes.
            numbers: `(n,)` integers: which image of its class each is, of endlessly many; None
                for 0, 1, 2, ...
            seed: an integer; another one gives other images.

        Returns:
            `(n, height, width, channels)` array in the value range, uint8 if that is (0, 255).

        Raises:
            ValueError: if a label is no class, or there are not as many numbers.
        """
        labels = _synthesis.checked_labels(self, labels)
        numbers = np.arange(len(labels)) if numbers is None else np.asarray(numbers)
        if numbers.shape != labels.shape:
            raise ValueError(
                f"numbers must be one for each label, {labels.shape}, received {numbers.shape}"
            )
        seed = checks.integer("seed", seed)
        parts = [
            ops.convert_to_numpy(self.make(labels[i : i + _BATCH], numbers[i : i + _BATCH], seed))
            for i in range(0, len(labels), _BATCH)
        ]
        return np.concatenate(parts)

    def to_dataset(
        self,
        labels: ArrayLike | None = None,
        *,
        balance_to: Any = "max",
        seed: int = 0,
        classifier: Any | None = None,
        confidence: float = 0.5,
        batch_size: int = 128,
    ) -> Any:
        """Makes a dataset of synthetic images, as many of each class as are missing.

        The images are made when they are read, and are the same in every pass. The dataset is
        not batched, so that it mixes with a real one in `data.pipeline`:
        `pipeline(real.concatenate(made), 64)`, or is used alone. TensorFlow only.

        Args:
            labels: `(n,)` the classes of the real images; None with numbers in `balance_to`.
            balance_to: "max" to bring every class to the largest one's number; or how many
                images a class is to have with its real ones, a number for all or
                `{class: number}`.
            seed: an integer; another one gives other images.
            classifier: None, or a model trained on real images, which gives logits or
                probabilities: only images are taken whose class it finds likely. Those are
                looked for once, before the first is read.
            confidence: the least probability that it must give the class, in [0, 1].
            batch_size: images that are made at a time.

        Returns:
            A `tf.data.Dataset` of `(image, label)` of known cardinality, classes spread evenly:
            images in the value range, uint8 if that is (0, 255), and int32 classes.

        Raises:
            TypeError, ValueError: if an argument is not as above, or no image is missing.
            TooFewImagesError: if the classifier accepts too few.
        """
        options = {"classifier": classifier, "confidence": confidence, "batch_size": batch_size}
        return _synthesis.synthetic_dataset(
            self, labels, balance_to=balance_to, seed=seed, **options
        )

    def resample(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        *,
        balance_to: Any = "max",
        seed: int = 0,
        classifier: Any | None = None,
        confidence: float = 0.5,
        held_out: ArrayLike | None = None,
    ) -> tuple[Array, Array]:
        """Balances classes by synthetic images, as arrays.

        Args:
            x: `(n, height, width, channels)` training images, or loaded data (`data.load`), of
                which the training part is taken.
            y: `(n,)` classes; None with loaded data.
            balance_to: as in `to_dataset`, and `seed`, `classifier` and `confidence`, too.
            seed: an integer.
            classifier: None or a model.
            confidence: in [0, 1].
            held_out: None, or images that must not be among `x`.

        Returns:
            `(x, y)`: the real images as they were, then synthetic ones of the same type.

        Raises:
            TypeError, ValueError: if an argument is not as above.
            TooFewImagesError: if the classifier accepts too few.
        """
        options = {"classifier": classifier, "confidence": confidence, "held_out": held_out}
        return _synthesis.resample(self, x, y, balance_to=balance_to, seed=seed, **options)

    def export_generator(self, path: Path) -> None:
        """Writes the average generator as a SavedModel that needs TensorFlow alone.

        Its function `serve(labels, numbers, seed)` gives what `generate` does.

        Args:
            path: a folder, written in one step.
        """
        _synthesis.export_generator(self, path)
