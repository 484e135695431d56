"""The base of users' own layers in KerasCV: one method for one image."""

from typing import Any

import keras

from keras_cv_extras._base.seeds import SeedGenerator
from keras_cv_extras.compat.keras_cv._layer import refuse_boxes
from keras_cv_extras.compat.keras_cv._ragged import each_image, is_ragged

_NEWER = {"targets": "labels"}


class _RandomGenerator:
    """Draws numbers under the names that layers of KerasCV used."""

    def __init__(self, seed):
        self._state = SeedGenerator(seed)

    def random_uniform(self, shape, minval=0.0, maxval=1.0, dtype="float32"):
        whole = "int" in keras.backend.standardize_dtype(dtype)
        draw = keras.random.randint if whole else keras.random.uniform
        return draw(tuple(shape), minval, maxval, dtype=dtype, seed=self._state)

    def random_normal(self, shape, mean=0.0, stddev=1.0, dtype="float32"):
        return keras.random.normal(tuple(shape), mean, stddev, dtype=dtype, seed=self._state)

    uniform, normal = random_uniform, random_normal


class BaseImageAugmentationLayer(keras.layers.Layer):
    """Calls `augment_image` for each image of a batch, and `augment_label` for each label.

    A subclass writes `augment_image(image, transformation, **kwargs)`. It may also write
    `augment_label` and `get_random_transformation`, whose result both of them are given. The
    images are mapped by TensorFlow, one after another; those of a ragged batch keep their sizes.

    Args:
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> class Invert(BaseImageAugmentationLayer):
        ...     def augment_image(self, image, transformation=None, **kwargs):
        ...         return 255 - image
        >>> float(Invert()(np.zeros((1, 2, 2, 3)))[0, 0, 0, 0])
        255.0
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        self.auto_vectorize = kwargs.pop("auto_vectorize", False)
        kwargs.pop("force_generator", None)
        super().__init__(autocast=False, **kwargs)
        self.seed = seed
        self._random_generator = _RandomGenerator(seed)
        self.built = True

    def augment_image(self, image: Any, transformation: Any, **kwargs: Any) -> Any:
        """Returns the augmented image `(height, width, channels)`."""
        raise NotImplementedError(f"{type(self).__name__} must have augment_image")

    def augment_label(self, label: Any, transformation: Any, **kwargs: Any) -> Any:
        """Returns the label of the augmented image: as it is, unless a subclass says otherwise."""
        return label

    def get_random_transformation(self, image: Any = None, **kwargs: Any) -> Any:
        """Returns what is drawn for one image, of any type; None draws nothing."""
        return None

    def __call__(self, inputs: Any, *arguments: Any, **options: Any) -> Any:
        """Checks what is given, and augments it."""
        # Before Keras, which would say ten lines more.
        refuse_boxes(type(self).__name__, inputs)
        return super().__call__(inputs, *arguments, **options)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Augments images, or the images and labels of a dictionary."""
        if training is None:
            training = self._get_call_context().entry_layer is self
        images = inputs["images"] if isinstance(inputs, dict) else inputs
        given = inputs if isinstance(inputs, dict) else {"images": images}
        if not training:
            return inputs
        if "targets" in given:  # what older versions called the labels
            made = self._mapped({_NEWER.get(name, name): part for name, part in given.items()})
            return {name: made[_NEWER.get(name, name)] for name in given}
        made = self._mapped(given)
        return made if isinstance(inputs, dict) else made["images"]

    def _mapped(self, given):
        import tensorflow as tf

        ragged = is_ragged(given["images"])
        taken = {
            name: part if ragged and name == "images" else tf.convert_to_tensor(part)
            for name, part in given.items()
        }
        taken["images"] = tf.cast(taken["images"], self.compute_dtype)
        if "labels" in taken:
            taken["labels"] = tf.cast(taken["labels"], self.compute_dtype)
        if ragged:
            return each_image(self._one, taken)
        if len(taken["images"].shape) == 3:
            return self._one(taken)
        return tf.map_fn(self._one, taken, fn_output_signature=self._signature(taken))

    def _signature(self, taken):
        import tensorflow as tf

        any_shape: Any = None
        return {name: tf.TensorSpec(any_shape, value.dtype) for name, value in taken.items()}

    def _one(self, sample):
        image, label = sample["images"], sample.get("labels")
        drawn = self.get_random_transformation(image=image, label=label)
        made = {**sample, "images": self.augment_image(image, transformation=drawn, label=label)}
        if label is not None:
            made["labels"] = self.augment_label(label, transformation=drawn, image=image)
        return {name: keras.ops.cast(value, sample[name].dtype) for name, value in made.items()}

    def compute_output_spec(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns the shape and type of the inputs, with images as floats."""

        def spec(images: Any) -> Any:
            return keras.KerasTensor(images.shape, self.compute_dtype)

        if isinstance(inputs, dict):
            return {**inputs, "images": spec(inputs["images"])}
        return spec(inputs)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {**super().get_config(), "seed": self.seed}
