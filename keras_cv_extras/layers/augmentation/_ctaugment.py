"""CTAugment: strengths that the network's own predictions keep in bounds."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base import checks, random
from keras_cv_extras._base.saved.layers import SameShape
from keras_cv_extras._base.seeds import SeedGenerator
from keras_cv_extras._base.types import Color, Config, Interval, Logs, Tensor
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import SEARCH_OPS, Augmentation, Policy, Step

_PACKAGE = "keras_cv_extras"
_SLOTS = 6  # of the generator, for one op of an image; the first one chooses

#: The ops of AutoAugment that need no second image, and none of them.
CTAUGMENT_OPS: tuple[str, ...] = ("identity", *(op for op in SEARCH_OPS if op != "sample_pairing"))


@keras.saving.register_keras_serializable(_PACKAGE)
class CTAugment(SameShape, keras.layers.Layer):
    """Applies ops at strengths up to where the network still recognises the images.

    Every op's strengths are divided into bins. A bin's weight is a moving mean of the
    probability that the network gives to the true class of images augmented from that bin, which
    `CTAugmentProbe`, a callback, measures during training. An image gets ops drawn uniformly,
    each from the bins whose weight is at least `threshold` times the greatest of that op. No
    search is needed, and the weights are saved with the model.

    An op without a strength has two bins, not applied and applied.

    Args:
        ops: names of the ops.
        num_ops: how many ops an image gets, drawn with replacement.
        num_bins: bins of the strengths of an op.
        threshold: in [0, 1]; bins below it are not drawn from.
        decay: of the moving mean, in [0, 1).
        value_range: the range of the images' values.
        fill: the colour of pixels from outside the image, in [0, 255].
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        images: `(batch, height, width, channels)` or `(height, width, channels)`, integer or
            float, of a known size.
        training: whether to augment. If it is not said: True for a layer that is called by
            itself, and False inside a model.

    Returns:
        Images of the same shape and type.

    References:
        [ReMixMatch](https://arxiv.org/abs/1911.09785), section 3.3, whose decay of 0.99 and
        threshold of 0.8 are the defaults. As in the authors' code there are 17 bins, and weights
        are divided by the greatest before they are compared with the threshold.

    Example:
        >>> layer = CTAugment(value_range=(0, 1), seed=1)
        >>> model = keras.Sequential([layer, *backbone])
        >>> model.compile("adam", loss)
        >>> probe = CTAugmentProbe(layer, labeled_images, labels)
        >>> model.fit(images, targets, callbacks=[probe])
    """

    def __init__(
        self,
        ops: Sequence[str] = CTAUGMENT_OPS,
        num_ops: int = 2,
        num_bins: int = 17,
        threshold: float = 0.8,
        decay: float = 0.99,
        value_range: Interval = (0, 255),
        fill: Color = 0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        checks.integer("num_bins", num_bins, minimum=2)
        self.threshold: float = checks.fraction("threshold", threshold)
        self.decay: float = checks.fraction("decay", decay)
        self.num_ops: int = checks.integer("num_ops", num_ops, minimum=1)
        if not ops or self.decay == 1:
            raise ValueError("ops must name at least one op, and decay be below 1")
        for op in ops:
            if OPS[checks.one_of("an op", op, sorted(OPS))].takes_partner:
                raise ValueError(f"{op} needs a second image, which CTAugment does not give it")
        self.options: dict[str, Any] = {
            "ops": list(ops),
            "num_ops": num_ops,
            "num_bins": num_bins,
            "threshold": threshold,
            "decay": decay,
            "value_range": list(value_range),
            "fill": fill,
        }
        # One row for every bin of every op, and which op it belongs to.
        self._rows, self._op_of_row = [], []
        for number, op in enumerate(ops):
            bins = _bins(op, num_bins)
            self._rows += [(step,) for step in bins]
            self._op_of_row += [number] * len(bins)
        self._drawn = _Drawn(self, self._rows)
        self.seed = seed
        self.seed_generator: SeedGenerator = SeedGenerator(seed)
        self.bin_weights: Any = self.add_weight(
            name="bin_weights",
            shape=(len(self._rows),),
            dtype="float32",
            initializer="ones",
            trainable=False,
            autocast=False,
        )
        self.built = True

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        """Augments images; see the class."""
        if training is None:
            training = self._get_call_context().entry_layer is self
        if not training:
            return images
        words = ops.cast(self.seed_generator.next(), "uint32")
        return self._drawn(images, seed=words[0], epoch=words[1])

    def probe(self, images: Tensor, *, seed: int | None = 0, epoch: Tensor = 0) -> Any:
        """Augments images from all bins alike, to measure them.

        Args:
            images: `(batch, height, width, channels)`.
            seed: an integer or integer tensor: another seed gives other draws.
            epoch: likewise.

        Returns:
            Images of the same shape and type, and the bins that they were drawn from: integers
            `(num_ops, batch)`, for `update`.
        """
        uniform = np.cumsum(self._shares(np.ones(len(self._rows), "float32"), np), dtype="float64")
        uniform = np.concatenate([uniform[:-1], [1.0]]).astype("float32")
        augmented = _Drawn(self, self._rows, uniform)(images, seed=seed, epoch=epoch)
        samples = ops.arange(ops.shape(images)[0], dtype="int32")
        slots = ops.arange(self.num_ops, dtype="int32") * _SLOTS
        numbers = random.uniform(seed, epoch, samples[None, :], slots[:, None])
        chosen = ops.sum(ops.cast(numbers[..., None] >= uniform, "int32"), axis=-1)
        return augmented, chosen

    def update(self, chosen: Tensor, matches: Tensor) -> None:
        """Moves the weights of bins toward how well images from them were recognised.

        Args:
            chosen: `(num_ops, batch)`, integers, as `probe` gives them.
            matches: `(batch,)`, floats in [0, 1]: for every image how well its prediction
                matches its label, 1 - sum(abs(probabilities - label)) / 2.
        """
        chosen, matches = np.asarray(chosen), np.asarray(matches, "float64")
        count = np.bincount(chosen.ravel(), minlength=len(self._rows))
        total = np.bincount(
            chosen.ravel(), np.tile(matches, len(chosen)), minlength=len(self._rows)
        )
        # As often as a bin was drawn, with the mean of its images: in no order of theirs.
        kept = self.decay**count
        weights = ops.convert_to_numpy(self.bin_weights).astype("float64")
        weights = kept * weights + (1 - kept) * total / np.maximum(count, 1)
        self.bin_weights.assign(weights.astype("float32"))

    def bins(self) -> dict[str, np.ndarray]:
        """Returns the weights of the bins of every op, from the weakest to the strongest."""
        weights = ops.convert_to_numpy(self.bin_weights)
        which = np.array(self._op_of_row)
        return {op: weights[which == number] for number, op in enumerate(self.options["ops"])}

    def policy(self, **options: Any) -> Policy:
        """Returns what the layer does now as a policy that does not change.

        Args:
            **options: `name` of `Policy`.
        """
        weights = self._shares(ops.convert_to_numpy(self._let_through(self.bin_weights)), np)
        return Policy(
            self._rows,
            weights.tolist(),
            self.num_ops,
            fill=self.options["fill"],
            value_range=tuple(self.options["value_range"]),
            **{"name": "CTAugment", **options},
        )

    def plot(self) -> Any:
        """Draws the weights of all bins as a matplotlib figure; bins not drawn from are crossed."""
        from matplotlib.figure import Figure

        found = self.bins()
        figure = Figure(figsize=(7, 0.32 * len(found) + 1.2), layout="constrained")
        axes = figure.add_subplot()
        widest = max(len(weights) for weights in found.values())
        sheet = np.full((len(found), widest), np.nan)
        for row, weights in enumerate(found.values()):
            sheet[row] = weights[np.arange(widest) * len(weights) // widest]
            out = sheet[row] + 1 - self.decay < self.threshold * (weights.max() + 1 - self.decay)
            axes.plot(np.flatnonzero(out), [row] * int(out.sum()), "x", color="#b3261e")
        picture = axes.imshow(sheet, vmin=0, vmax=1, cmap="viridis", aspect="auto")
        axes.set_yticks(range(len(found)), [name.replace("_", " ") for name in found])
        axes.set_xticks([0, widest - 1], ["weak", "strong"])
        figure.colorbar(picture, label="probability of the true class")
        return figure

    def compute_output_spec(self, images: Tensor, training: bool | None = None) -> Any:
        """Returns the shape and type of the images."""
        return keras.KerasTensor(images.shape, dtype=images.dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), **self.options, "seed": self.seed}

    def _let_through(self, weights):
        """Returns the weights relative to their op's greatest, 0 where below the threshold."""
        which = ops.convert_to_tensor(np.array(self._op_of_row, "int32"))
        weights = ops.convert_to_tensor(weights) + (1 - self.decay)  # never 0, as the authors'
        greatest = ops.segment_max(weights, which, num_segments=len(self.options["ops"]))
        relative = weights / ops.take(greatest, which, axis=0)
        return ops.where(relative >= self.threshold, relative, 0.0)

    def _shares(self, weights, library=ops):
        """Returns how likely each row is, all ops being equally likely."""
        count, which = len(self.options["ops"]), np.array(self._op_of_row, "int32")
        member = (which[:, None] == np.arange(count)).astype("float32")  # (rows, ops)
        totals = library.matmul(weights[None, :], member)
        return weights / library.matmul(totals, member.T)[0] / count

    def cumulative(self) -> Tensor:
        """Returns the cumulative shares of the rows, as they are now."""
        shares = self._shares(self._let_through(self.bin_weights))
        cumulative = ops.cumsum(shares)
        # Rounding may leave the end below 1. What follows the last row with a share is not drawn.
        end = cumulative[-1]
        return ops.where(cumulative >= end, 1.0, cumulative / end)


class _Drawn(Augmentation):
    """The rows of a CTAugment, drawn by its weights or by given ones."""

    def __init__(self, layer, rows, cumulative=None):
        self.layer, self.sub_policies, self._cumulative = layer, tuple(rows), cumulative
        self.fill = layer.options["fill"]
        low, high = layer.options["value_range"]
        self.value_range = (low, high)
        self._policy = Policy(rows, num_draws=layer.num_ops)

    def tables(self, height, width, epoch):
        """Returns what a program runs on, and what is part of it; see `Augmentation`."""
        (loop,), structure = self._policy.tables(height, width, epoch)
        cumulative = self.layer.cumulative() if self._cumulative is None else self._cumulative
        room = loop.cumulative.shape[-1] - cumulative.shape[-1]  # for rows that are never drawn
        cumulative = ops.pad(cumulative, [(0, room)], constant_values=1.0)
        cumulative = ops.broadcast_to(cumulative, loop.cumulative.shape)
        return [loop._replace(cumulative=cumulative)], structure


class CTAugmentProbe(keras.callbacks.Callback):
    """Measures, while a network is trained, which strengths its `CTAugment` layer may use.

    After a training step it augments some labeled images from all bins alike, and has the
    network classify them.

    Args:
        layer: the `CTAugment` layer, which may be in the model or in a dataset that it is fed
            from.
        images: `(n, height, width, channels)`, of the layer's range of values; labeled images,
            such as the training images.
        labels: `(n,)` integers, or rows of probabilities `(n, classes)`.
        batch_size: how many images are classified at a time.
        every: after every how many training steps.
        from_logits: whether the network's outputs are logits, or probabilities.
        seed: an integer: decides which images and draws.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    Example:
        >>> model.fit(train, callbacks=[CTAugmentProbe(layer, images, labels, every=4)])
    """

    def __init__(
        self,
        layer: CTAugment,
        images: Tensor,
        labels: Tensor,
        *,
        batch_size: int = 64,
        every: int = 1,
        from_logits: bool = True,
        seed: int | None = 0,
    ) -> None:
        super().__init__()
        if not isinstance(layer, CTAugment):
            raise TypeError(f"layer must be a CTAugment layer, received {layer!r}")
        self.images: Any = np.asarray(images)
        self.labels: Any = np.asarray(labels)
        checks.same_length(images=self.images, labels=self.labels)
        if not len(self.labels):
            raise ValueError("images must hold at least one image, received none")
        self.layer = layer
        self.batch_size: int = min(
            checks.integer("batch_size", batch_size, minimum=1), len(self.labels)
        )
        self.every: int = checks.integer("every", every, minimum=1)
        self.from_logits: bool = checks.boolean("from_logits", from_logits)
        self.seed: int = checks.integer("seed", seed)
        self._step = 0

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Measures, if it is time to."""
        self._step += 1
        if self._step % self.every == 0:
            if hasattr(self.model, "jax_state_sync"):
                self.model.jax_state_sync()  # on JAX the weights are elsewhere during an epoch
            self.measure()

    def measure(self) -> None:
        """Measures one batch and updates the layer."""
        start = (self._step // self.every) * self.batch_size
        count = len(self.labels)
        rows = [self._order(n // count)[n % count] for n in range(start, start + self.batch_size)]
        probes, chosen = self.layer.probe(self.images[rows], seed=self.seed, epoch=self._step)
        outputs = np.asarray(self.model.predict_on_batch(probes), "float64")
        outputs = outputs[: self.batch_size]  # under a strategy, Keras gives those of all replicas
        if self.from_logits:
            powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
            outputs = powers / powers.sum(axis=-1, keepdims=True)
        labels = self.labels[rows]
        if labels.ndim == 1:
            labels = np.eye(outputs.shape[-1])[labels]
        self.layer.update(chosen, 1 - np.abs(outputs - labels).sum(axis=-1) / 2)

    def _order(self, turn):
        if getattr(self, "_turn", None) != turn:
            self._turn = turn
            self._permutation = random.permutation(len(self.labels), self.seed, turn)
        return self._permutation


def _bins(op, num_bins):
    """Returns the steps of an op, from the weakest to the strongest."""
    if not OPS[op].has_strength:
        return [Step("identity"), Step(op)] if op != "identity" else [Step("identity")]
    return [Step(op, strength=(k / num_bins, (k + 1) / num_bins)) for k in range(num_bins)]
