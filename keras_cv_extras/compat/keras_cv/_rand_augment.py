"""RandAugment of KerasCV, and the list of layers that it draws from."""

import inspect
from typing import Any

import keras

from keras_cv_extras._base.text.signatures import ClassSignature
from keras_cv_extras.compat.keras_cv._image_layers import rand_augment
from keras_cv_extras.compat.keras_cv._layer import OldLayer
from keras_cv_extras.compat.keras_cv.core import NormalFactorSampler

_PACKAGE = "keras_cv_extras.compat.keras_cv"


@keras.saving.register_keras_serializable(_PACKAGE)
class RandAugment(OldLayer):
    """Applies some ops to every image, drawn for that image, of about one strength."""

    make = staticmethod(rand_augment)
    __signature__ = ClassSignature(inspect.signature(rand_augment))

    @staticmethod
    def get_standard_policy(
        value_range: Any,
        magnitude: float,
        magnitude_stddev: float,
        geometric: bool = True,
        seed: int | None = None,
    ) -> list[Any]:
        """Returns the layers that are drawn from, for a `RandomAugmentationPipeline` of one's own.

        Args:
            value_range: the range of the images' values.
            magnitude: the strength, in [0, 1].
            magnitude_stddev: its standard deviation.
            geometric: whether layers that move pixels are among them.
            seed: an integer, or None to draw one.

        Example:
            >>> len(RandAugment.get_standard_policy((0, 255), 0.5, 0.1))
            10
        """

        def drawn(times: float, mean: float = magnitude) -> NormalFactorSampler:
            return NormalFactorSampler(mean * times, magnitude_stddev * times, 0, times)

        ranged = {"value_range": value_range, "seed": seed}
        solarize = {"addition_factor": drawn(110), "threshold_factor": drawn(255, 1 - magnitude)}
        kinds: list[tuple[str, dict[str, Any]]] = [
            ("AutoContrast", ranged),
            ("Equalization", ranged),
            ("Solarization", {**ranged, **solarize}),
            ("RandomColorDegeneration", {"factor": drawn(1), "seed": seed}),
            ("RandomContrast", {**ranged, "factor": max(magnitude, 0.001)}),
            ("RandomBrightness", {**ranged, "factor": magnitude}),
        ]
        if geometric:
            kinds += [
                ("RandomShear", {"x_factor": drawn(1), "y_factor": 0, "seed": seed}),
                ("RandomShear", {"x_factor": 0, "y_factor": drawn(1), "seed": seed}),
            ]
            kinds += [
                ("RandomTranslation", {"height_factor": y, "width_factor": x, "seed": seed})
                for y, x in ((0, magnitude), (magnitude, 0))
            ]
        layer: Any = keras.saving.get_registered_object
        return [layer(f"{_PACKAGE}>{name}")(**options) for name, options in kinds]

    @property
    def layers(self) -> list[Any]:
        """The layers of the standard policy with the arguments of this one."""
        names = ("value_range", "magnitude", "magnitude_stddev", "geometric", "seed")
        return self.get_standard_policy(*(self.arguments[name] for name in names))
