"""`mix.Mix`, the base of mixes: a subclass says what is drawn, and how two images become one."""

import dataclasses

import numpy as np
import pytest
from keras import ops

from keras_cv_extras import mix


@dataclasses.dataclass(frozen=True)
class Halves(mix.Mix):
    """The upper rows of an image above the lower rows of its partner."""

    def numbers(self, draws, size):
        """Draws nothing of its own."""
        return (ops.full((ops.shape(draws.samples)[0],), 0.25),)

    def mix(self, images, others, share):
        """Returns the images, and the shares of both parts."""
        half = images.shape[1] // 2
        mixed = ops.concatenate([images[:, :half], others[0][:, half:]], axis=1)
        return mixed, ops.stack([share, 1 - share], axis=-1)


def test_a_mix_of_ones_own():
    images = np.broadcast_to(np.arange(4)[:, None, None, None], (4, 2, 3, 1)).astype("uint8")
    mixed, rows = Halves(num_classes=4)(images, np.arange(4), seed=1)
    mixed, rows = np.asarray(mixed), np.asarray(rows)
    np.testing.assert_array_equal(mixed[:, 0], images[:, 0])
    partners = mixed[:, 1, 0, 0]
    assert sorted(partners) == [0, 1, 2, 3]
    assert np.all(partners != np.arange(4))
    np.testing.assert_array_equal(rows, (np.eye(4) + 3 * np.eye(4)[partners]) / 4)
    plain, same = Halves(rate=0.0)(images, np.eye(4, dtype="float32"))
    np.testing.assert_array_equal(plain, images)
    np.testing.assert_array_equal(same, np.eye(4))


class Darker(mix.Mix):
    """Computes with what it gets."""

    factor: float

    def numbers(self, draws, size):
        return ()

    def mix(self, images, others):
        return images * self.factor, ops.full((images.shape[0], 2), 0.5)


@pytest.mark.parametrize("compile", [True, False])
@pytest.mark.parametrize(
    ("images", "factor", "message"),
    [
        ("uint8", 0.5, r"Darker\.mix cannot compute with images of uint8: cast to float32"),
        ("uint8", ops.convert_to_tensor(0.5), r"Darker\.mix cannot compute with images of uint8"),
        ("float16", np.float64(0.5), None),
    ],
)
def test_integers_that_a_mix_computes_with(images, factor, message, compile, monkeypatch):
    monkeypatch.setattr(Darker, "factor", factor, raising=False)
    given = np.ones((2, 2, 2, 1), images), np.eye(2, dtype="float32")
    if message is None:
        assert Darker()(*given, compile=compile)[0].dtype == images
        return
    with pytest.raises(TypeError, match=message):
        Darker()(*given, compile=compile)


def test_a_mix_that_returns_another_type():
    class Floats(Halves):
        def mix(self, images, others, share):
            mixed, shares = super().mix(images, others, share)
            return ops.cast(mixed, "float32"), shares

    with pytest.raises(
        TypeError, match=r"Floats\.mix must return images of uint8, .* float32: cast"
    ):
        Floats()(np.ones((2, 2, 2, 1), "uint8"), np.eye(2, dtype="float32"))


def test_the_base_draws_nothing():
    with pytest.raises(NotImplementedError):
        mix.Mix()(np.zeros((2, 2, 2, 1)), np.eye(2, dtype="float32"), compile=False)
    for options, problem in (
        ({"rate": 2.0}, "rate must be in"),
        ({"num_classes": 1}, "num_classes must be"),
        ({"label_smoothing": -1.0}, "label_smoothing must be in"),
    ):
        with pytest.raises(ValueError, match=problem):
            mix.Mix(**options)
    with pytest.raises(TypeError, match="schedule must be a Schedule"):
        mix.Mix(schedule=3)
    with pytest.raises(TypeError, match="pool must be a Pool"):
        mix.Mix(pool=3)


def test_what_a_mix_says_of_floats_is_kept():
    class Wrong(Halves):
        def mix(self, images, others, share):
            raise ZeroDivisionError("no float32 here")

    with pytest.raises(ZeroDivisionError, match="no float32 here"):
        Wrong()(np.ones((2, 2, 2, 1), "float32"), np.eye(2, dtype="float32"), compile=False)
