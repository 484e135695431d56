"""A policy that was found with few images, used on many: what `kcx train` says."""

import pytest

from keras_cv_extras import policy, training
from keras_cv_extras.training.job import _carry, _job


def found(images=1000, epochs=20):
    """A policy as a search writes it."""
    settings = {"num_images": {"train": images, "validation": 10}, "epochs": epochs}
    return policy.Policy.from_dict(
        {**policy.flip_crop().to_dict(), "provenance": {"settings": settings}}
    )


def test_a_training_that_is_much_longer_is_warned_of():
    warning = _carry.carry_over_warning(found(), 60_000, 30)
    assert "found with 1,000 images and 20 epochs" in warning
    assert "60,000 images and 30 epochs, shows 90 times as many" in warning
    assert "--train-size" in warning
    assert _carry.carry_over_warning(found(), 1000, 80) is not None
    assert _carry.carry_over_warning(found(), 1000, 79) is None
    assert _carry.carry_over_warning(found(), 100, 20) is None


@pytest.mark.parametrize(
    "provenance",
    [{}, {"settings": None}, {"settings": {"epochs": 3}}, {"settings": {"num_images": 7}}],
)
def test_policies_that_no_search_has_found_are_used_as_they_are(provenance):
    other = policy.Policy.from_dict({**policy.flip_crop().to_dict(), "provenance": provenance})
    assert _carry.carry_over_warning(other, 60_000, 100) is None
    assert _carry.carry_over_warning(object(), 60_000, 100) is None
    for nothing in (found(images=0), found(epochs=0)):
        assert _carry.carry_over_warning(nothing, 60_000, 100) is None


def test_the_warning_comes_before_the_training(tmp_path, monkeypatch):
    class Begun(Exception):
        pass

    def run(*arguments):
        raise Begun

    monkeypatch.setattr(_job.Job, "run", run)
    told = []
    for images, count in ((10, 1), (100_000, 0)):
        settings = training.TrainingSettings(policy=found(images), epochs=20)
        with pytest.raises(Begun):
            training.train("digits", tmp_path / str(images), settings, tell=told.append)
        assert sum("the policy was found with" in line for line in told) == count
        told.clear()
