"""Keras layers that mix images and labels: state and configuration, nothing else."""

import dataclasses
from typing import Any, ClassVar

import keras
from keras import ops

from keras_cv_extras import mix as mixes
from keras_cv_extras._base.seeds import SeedGenerator
from keras_cv_extras._base.types import Config, Tensor
from keras_cv_extras.layers.augmentation._epoch import EpochCounter

_PACKAGE = "keras_cv_extras"


class _MixLayer(keras.layers.Layer):
    """Base of the layers: a mix with a generator of seeds and a counter of epochs."""

    mix_class: ClassVar[type[mixes.Mix]]

    def __init__(self, *args: Any, seed: int | None = None, **kwargs: Any) -> None:
        fields = {field.name for field in dataclasses.fields(self.mix_class)} - {"pool"}
        options = {name: kwargs.pop(name) for name in fields & set(kwargs)}
        # Pixel values of 0 to 255 lose their last bits in float16, and classes above 2048 too.
        super().__init__(**{"autocast": False, **kwargs})
        if isinstance(options.get("schedule"), dict):
            options["schedule"] = mixes.Schedule(**options["schedule"])
        self.mix: mixes.Mix = self.mix_class(*args, **options)
        self.seed = seed
        self.seed_generator: SeedGenerator = SeedGenerator(seed)
        # What a schedule goes by; `MixEpoch` sets it.
        self.epoch: Any = self.add_weight(
            name="epoch", shape=(), dtype="int32", initializer="zeros", trainable=False
        )
        self.built = True

    def call(
        self,
        images: Any,
        labels: Any = None,
        sample_weights: Tensor | None = None,
        training: bool | None = None,
    ) -> Any:
        """Mixes a batch; see the class."""
        given, names = _unpack(images, labels, sample_weights)
        images, *rows = (_as_tensor(item) for item in given)
        if training is None:
            training = self._get_call_context().entry_layer is self
        mix = self.mix if training else dataclasses.replace(self.mix, rate=0.0)
        words = ops.cast(self.seed_generator.next(), "uint32")
        samples = ops.cast(ops.arange(ops.shape(images)[0]), "uint32") + words[1]
        images, rows = mix(
            images,
            tuple(rows) if len(rows) == 2 else rows[0],
            seed=words[0],
            epoch=ops.convert_to_tensor(self.epoch),
            samples=samples,
        )
        result = (images, *rows) if isinstance(rows, tuple) else (images, rows)
        return dict(zip(names, result, strict=True)) if names else result

    def get_config(self) -> Config:
        """Returns the configuration."""
        fields = {
            field.name: getattr(self.mix, field.name)
            for field in dataclasses.fields(self.mix)
            if field.name != "pool"
        }
        if fields["schedule"] is not None:
            fields["schedule"] = dataclasses.asdict(fields["schedule"])
        return {**super().get_config(), **fields, "seed": self.seed}


def _as_tensor(item):
    if isinstance(item, (tuple, list, dict)):
        raise TypeError(
            "a mix takes images, labels and sample weights, each one tensor; received a "
            f"{type(item).__name__} of {len(item)}: mix the labels of one output"
        )
    return ops.convert_to_tensor(item)


def _unpack(images, labels, sample_weights):
    """Returns a list of images, labels and weights, and the keys of a dictionary of them."""
    if isinstance(images, dict):
        names = [name for name in ("images", "labels", "sample_weights") if name in images]
        if names[:2] != ["images", "labels"] or len(names) != len(images):
            raise ValueError(
                "a dictionary must have the keys images, labels and perhaps sample_weights, "
                f"received {sorted(images)}"
            )
        return [images[name] for name in names], names
    if isinstance(images, (tuple, list)):
        given = list(images)
    else:
        given = [item for item in (images, labels, sample_weights) if item is not None]
    if len(given) not in (2, 3):
        raise ValueError(
            "a mix takes (images, labels) or (images, labels, sample_weights), received "
            f"{len(given)} of them"
        )
    return given, None


_DOC = """{summary}

    The layer takes `(images, labels)` or `(images, labels, sample_weights)`, or a dictionary of
    them, and gives the same; it works in `Dataset.map`. It mixes with partners from the batch,
    draws anew at every call, and does nothing to images at inference; labels have one form in
    both.

    Args:
        *args: of `keras_cv_extras.mix.{name}`, the pool apart, in their order.
        seed: an integer, or None to draw one.
        **kwargs: of `keras_cv_extras.mix.{name}`, and of `keras.layers.Layer`.

    Call arguments:
        images: `(batch, height, width, channels)`, integer or float, of any range of values; or
            the tuple or dictionary of all.
        labels: integers `(batch,)` or rows `(batch, classes)`.
        sample_weights: None, or `(batch,)`.
        training: whether to mix. If it is not said: True for a layer that is called by itself,
            and False inside a model.

    Returns:
        `(images, labels)` or `(images, labels, sample_weights)`, or the dictionary.

    Example:
        >>> layer = {name}({example}seed=1)
        >>> train = dataset.batch(128).map(layer)
    """


def _layer(mix: type[mixes.Mix], example: str = "") -> type[_MixLayer]:
    """Makes the layer of a mix."""
    summary = (mix.__doc__ or "").split("\n")[0]
    doc = _DOC.format(summary=summary, name=mix.__name__, example=example)
    fields = {"mix_class": mix, "__doc__": doc, "__module__": __name__}
    layer = type(mix.__name__, (_MixLayer,), fields)
    return keras.saving.register_keras_serializable(_PACKAGE)(layer)


MixUp: type[_MixLayer] = _layer(mixes.MixUp, "0.2, num_classes=10, ")
CutMix: type[_MixLayer] = _layer(mixes.CutMix, "num_classes=10, ")
FMix: type[_MixLayer] = _layer(mixes.FMix, "num_classes=10, ")
Mosaic: type[_MixLayer] = _layer(mixes.Mosaic, "num_classes=10, ")
SamplePairing: type[_MixLayer] = _layer(mixes.SamplePairing, "schedule=Schedule(num_epochs=100), ")
ReMix: type[_MixLayer] = _layer(mixes.ReMix, "class_counts=[5000, 50], num_classes=2, ")
BalancedMixUp: type[_MixLayer] = _layer(mixes.BalancedMixUp, "0.2, num_classes=10, ")


class _RandomMix(_MixLayer):
    """Mixes each image by one of several mixes, with the mixes inside in the configuration."""

    def __init__(self, *args: Any, seed: int | None = None, **kwargs: Any) -> None:
        first, inside = list(args), kwargs.get("mixes")
        if first:
            first[0] = [_mix_of(mix) for mix in first[0]]
        elif inside is not None:
            kwargs["mixes"] = [_mix_of(mix) for mix in inside]
        super().__init__(*first, seed=seed, **kwargs)

    def get_config(self) -> Config:
        """Returns the configuration."""
        described = []
        several: Any = self.mix
        for mix in several.mixes:
            fields = {f.name: getattr(mix, f.name) for f in dataclasses.fields(mix)}
            schedule = fields["schedule"]
            fields["schedule"] = None if schedule is None else dataclasses.asdict(schedule)
            del fields["pool"]
            described.append({"name": type(mix).__name__, **fields})
        return {**super().get_config(), "mixes": described}


def _mix_of(mix):
    """Returns a mix, of itself or of its description."""
    if not isinstance(mix, dict):
        return mix
    fields = dict(mix)
    name = fields.pop("name")
    if fields.get("schedule") is not None:
        fields["schedule"] = mixes.Schedule(**fields["schedule"])
    return getattr(mixes, name)(**fields)


RandomMix: type[_MixLayer] = keras.saving.register_keras_serializable(_PACKAGE)(
    type(
        "RandomMix",
        (_RandomMix,),
        {
            "mix_class": mixes.RandomMix,
            "__doc__": _DOC.format(
                summary=(mixes.RandomMix.__doc__ or "").split("\n")[0],
                name="RandomMix",
                example="[mix.MixUp(0.2), mix.CutMix()], num_classes=10, ",
            ),
            "__module__": __name__,
        },
    )
)


class MixEpoch(EpochCounter):
    """Tells mix layers which epoch it is, for their schedules.

    Args:
        *layers: the mix layers, which may be in the model or in a dataset that it is fed from.

    Example:
        >>> layer = SamplePairing(schedule=Schedule(num_epochs=100, warmup=10))
        >>> batches = dataset.batch(8).map(layer)
        >>> model.fit(batches, epochs=100, callbacks=[MixEpoch(layer)])
    """

    def __init__(self, *layers: keras.layers.Layer) -> None:
        for layer in layers:
            if not isinstance(layer, _MixLayer):
                raise TypeError(f"MixEpoch takes mix layers, received {layer!r}")
        super().__init__(*layers)
