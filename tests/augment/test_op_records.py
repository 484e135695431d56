"""What `OPS` says of an op: its range, its numbers, its limits."""

import numpy as np
import pytest

from keras_cv_extras import augment
from keras_cv_extras.augment import OPS


def test_ranges_go_from_the_identity_outwards():
    plain = augment.Range(256, 0)
    assert [plain.value(strength, 20, 30) for strength in (0, 0.25, 1)] == [256, 192, 0]
    for unit, side in (("width", 30), ("height", 20), ("shorter", 20)):
        own = augment.Range(0.0, 0.5, signed=True, unit=unit)
        assert own.scale(20, 30) == side
        assert own.value(0.5, 20, 30) == side / 4
    assert augment.Range(1.0, 2.0).scale(20, 30) == 1


def test_ops_are_records_of_their_kernels():
    assert all(type(op) is augment.Op for op in OPS.values())
    op = OPS["rotate"]
    assert (op.name, op.value_name, op.pixels, op.takes_fill) == (
        "rotate",
        "degrees",
        "moved",
        True,
    )
    assert op.strength.signed
    assert OPS["posterize"].numbers(3.0, 0.25, 0.75) == [3.0]
    assert OPS["cutout"].numbers(8.0, 0.25, 0.75) == [8.0, 0.25, 0.75]
    assert OPS["invert"].numbers(None, 0.25, 0.75) == []
    assert not OPS["invert"].has_strength
    assert OPS["sample_pairing"].takes_partner
    with pytest.raises(ValueError, match="color works on images with 1 or 3 channels"):
        OPS["color"].check(np.zeros((2, 4, 4, 2)))


def test_an_op_of_ones_own_rounds_cuts_and_clips():
    """What a kernel computes becomes pixels in one of four ways."""

    def kernel(image, amount):
        return image + amount

    fields = dict.fromkeys(("takes_key", "takes_partner", "takes_fill"), False)
    fields |= {"channels": None, "positions": 0, "options": {}, "checks": {}}
    image = np.array([[[10], [250]]], "uint8")
    for pixels, wanted in (("computed", [15, 255]), ("rounded", [16, 255])):
        op = augment.Op("plus", kernel, augment.Range(0.0, 9.0), pixels, **fields)
        found = np.asarray(op.apply(image, 5.7))
        assert found.dtype == "uint8"
        assert found.ravel().tolist() == wanted
        assert op.value_name == "amount"
    old = augment.Op("plus", kernel, augment.Range(0.0, 9.0), "levels", **fields)
    assert old.pixels == "uint8"


def test_partners_have_the_range_of_the_images():
    """Images of 16 bits are brought to [0, 255] for the kernel, and so are partners."""
    images, partners = (
        np.full((1, 3, 3, 1), 10_000, "uint16"),
        np.full((1, 3, 3, 1), 30_000, "uint16"),
    )
    mixed = augment.sample_pairing(images, partners, 0.5, compile=False)
    np.testing.assert_allclose(np.asarray(mixed, "float64"), 20_000, atol=200)


def test_kernels_that_do_not_keep_their_word():
    def cut(image):
        return image[1:]

    def both(image, x, key):
        return image

    op = augment.image_op(pixels="moved", listed=False)
    with pytest.raises(
        ValueError, match=r"'cut' must give images \(4, 4, 1\), received \(3, 4, 1\)"
    ):
        op(cut)(np.zeros((4, 4, 1), "uint8"), compile=False)
    with pytest.raises(TypeError, match="both takes positions or a key, not both"):
        op(both)


def test_a_threshold_of_256_inverts_nothing():
    strength = augment.OPS["solarize"].strength
    assert (strength.identity, strength.extreme) == (256.0, 0.0)
    levels = np.arange(256, dtype="uint8").reshape(16, 16, 1)
    assert (np.asarray(augment.solarize(levels, 256.0)) == levels).all()
    assert int(np.asarray(augment.solarize(levels, 255.0)).max()) == 254


def test_no_image_is_bent_by_more_than_its_shorter_side():
    image = np.random.default_rng(0).integers(0, 256, (12, 17, 1)).astype("uint8")
    most = np.asarray(augment.elastic(image, 12.0, 3, compile=False))
    for pixels in (13.0, 1e9):
        bent = augment.elastic(image, pixels, 3, compile=False)
        np.testing.assert_array_equal(bent, most)
    assert (np.asarray(augment.elastic(image, 11.0, 3, compile=False)) != most).any()
