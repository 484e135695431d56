"""One step of a policy: an op, how often it is applied, and how strongly."""

import dataclasses
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras.augment import OPS, Range

_UNITS = ("width", "height", "shorter")


@dataclasses.dataclass(frozen=True)
class Step:
    """Applies one op to a share of the images.

    Args:
        op: a name in `keras_cv_extras.augment.OPS`.
        rate: share of the images that it is applied to, in [0, 1].
        strength: how strongly, in [0, 1], 0 being the identity; or a pair `(low, high)` to draw
            from, for every image. Required for ops that have a strength, unless `value` is
            given; None for the others.
        value: instead of a strength, the op's own number (degrees, slope, threshold, ...), or a
            pair to draw from. Published policies of other libraries use it, where their numbers
            lie outside this library's range of strengths.
        unit: with `value`: None, or the image side that it is a fraction of, "width",
            "height" or "shorter".
        signed: with `value`: whether it is mirrored about the identity for half of the images.
            A strength is signed as its op says.
        whole: with `value`: whether it is cut to a whole number, once its unit is known.
        options: the op's other options by their names, such as `{"fill_mode": "reflect"}`. The
            fill colour belongs to the policy.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    Example:
        >>> Step("rotate", rate=0.5, strength=(0.2, 0.8))
        Step('rotate', rate=0.5, strength=(0.2, 0.8))
    """

    op: str
    rate: float = 1.0
    strength: float | tuple[float, float] | None = None
    value: float | tuple[float, float] | None = None
    unit: str | None = None
    signed: bool = False
    whole: bool = False
    options: tuple[tuple[str, object], ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.op, str) or self.op not in OPS:
            raise ValueError(
                f"op must be one of {', '.join(sorted(OPS))}, or registered before by "
                f"augment.image_op; received {checks.shown(self.op)}{checks.meant(self.op, OPS)}"
            )
        set_field = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        set_field("rate", checks.fraction("rate", self.rate))
        if not OPS[self.op].has_strength:
            if self.strength is not None or self.value is not None:
                raise ValueError(f"{self.op} has no strength: leave out strength and value")
        elif (self.strength is None) == (self.value is None):
            raise ValueError(f"{self.op} needs either a strength in [0, 1] or a value")
        if self.strength is not None:
            set_field("strength", _short(checks.interval("strength", self.strength, low=0, high=1)))
        if self.value is not None:
            set_field("value", _short(checks.interval("value", self.value)))
            self._check_value(OPS[self.op].strength)
        elif self.unit is not None or self.signed or self.whole:
            raise ValueError("unit, signed and whole go with value, not with strength")
        checks.boolean("signed", self.signed)
        checks.boolean("whole", self.whole)
        if self.unit is not None:
            checks.one_of("unit", self.unit, _UNITS)
        known = OPS[self.op].options
        for name in dict(self.options):
            if name not in known:
                listed = ", ".join(sorted(known)) or "none"
                raise ValueError(f"{self.op} has no option {name!r}; its options are: {listed}")
        # What a default says again is left out, so that equal steps share a compiled branch.
        options = OPS[self.op].checked(dict(self.options))
        chosen = {k: v for k, v in options.items() if v != known[k]}
        pairs = sorted((k, tuple(v) if isinstance(v, list) else v) for k, v in chosen.items())
        set_field("options", tuple(pairs))

    def _check_value(self, strength):
        """Raises if the op does not take the value, or the one that it is mirrored to."""
        ends = _pair(self.value)
        strength.check(f"value of {self.op}", min(ends), max(ends))
        if self.signed:
            ends = [2 * strength.identity - end for end in ends]
            words = f"value of {self.op}, mirrored about {strength.identity:g},"
            strength.check(words, min(ends), max(ends))

    def __repr__(self) -> str:
        fields = {key: value for key, value in self.to_dict().items() if key != "op"}
        given = (
            f"{key}={tuple(value) if isinstance(value, list) else value!r}"
            for key, value in fields.items()
        )
        return f"Step({self.op!r}, {', '.join(given)})"

    def interval(self, height: int, width: int) -> tuple[float, float]:
        """Returns the ends of the op's value, for an image size in pixels."""
        strength = OPS[self.op].strength
        if strength is None:
            return 0.0, 0.0
        sides = {"width": width, "height": height, "shorter": min(height, width), None: 1}
        unit = strength.unit if self.value is None else self.unit
        ends = [end * sides[unit] for end in self.ends_of(strength)]
        low, high = (float(int(end)) if self.whole else end for end in ends)
        return low, high

    def ends_of(self, strength: Range) -> list[float]:
        """Returns the ends of the op's value, as shares of a side where it is a distance.

        Args:
            strength: the range of the op.
        """
        if self.value is not None:
            return list(_pair(self.value))
        span = strength.extreme - strength.identity
        return [strength.identity + span * end for end in _pair(self.strength)]

    @property
    def branch(self) -> tuple[str, tuple[Any, ...]]:
        """What of the step is part of a compiled program: the op's name and its options."""
        return self.op, self.options

    @property
    def is_signed(self) -> bool:
        """Whether the value is mirrored about the identity for half of the images."""
        if self.value is not None:
            return self.signed
        strength = OPS[self.op].strength
        return strength is not None and strength.signed

    @property
    def is_random(self) -> bool:
        """Whether an image may come out otherwise with other random numbers."""
        op = OPS[self.op]
        drawn = op.draws(dict(self.options)) or op.positions or self.rate < 1
        if not op.has_strength or not self.rate:
            return bool(drawn and self.rate)
        low, high = _pair(self.strength if self.value is None else self.value)
        return bool(drawn or self.is_signed or low != high)

    def to_dict(self) -> dict[str, Any]:
        """Returns the step as a dictionary for JSON; what has its default is left out."""
        fields: dict[str, Any] = {"op": self.op, "rate": self.rate}
        for field in dataclasses.fields(self)[2:]:
            value = getattr(self, field.name)
            if value == field.default:
                continue
            if field.name == "options":
                value = {k: list(v) if isinstance(v, tuple) else v for k, v in value}
            fields[field.name] = list(value) if isinstance(value, tuple) else value
        return fields

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Step":
        """Returns the step of a dictionary, as `to_dict` makes it.

        Raises:
            TypeError, ValueError: if a field is missing, unknown or wrong.
        """
        if not isinstance(fields, dict):
            raise TypeError(
                f"a step must be an object with op, rate, strength; received {checks.shown(fields)}"
            )
        known = {field.name for field in dataclasses.fields(cls)}
        checks.unknown_fields(fields, known)
        if "op" not in fields:
            raise ValueError("the field 'op' is missing")
        if not isinstance(fields.get("options", {}), dict):
            raise TypeError(
                f"options must be an object, received {checks.shown(fields['options'])}"
            )
        given: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()
        }
        return cls(**given)

    def describe(self) -> str:
        """Returns the step in a few words, such as `rotate 0.4 (rate 0.6)`."""
        amount = self.strength if self.value is None else self.value
        if isinstance(amount, tuple):
            text = f" {amount[0]:.3g} to {amount[1]:.3g}"
        else:
            text = "" if amount is None else f" {amount:.3g}"
        text += f" x {self.unit}" if self.unit else ""
        return f"{self.op}{text} (rate {self.rate:.2g})"


def _pair(value) -> tuple[float, float]:
    return value if isinstance(value, tuple) else (value, value)


def _short(pair):
    return pair[0] if pair[0] == pair[1] else pair
