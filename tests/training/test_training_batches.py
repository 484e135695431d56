"""A policy's settings of batches in a training: its mix, its repeats, its label smoothing."""

import dataclasses

import pytest

from keras_cv_extras import data, mix, policy, training
from keras_cv_extras.training.job import _job

BATCH = {"mix": "cutmix", "mix_rate": 0.5, "repeats": 2, "label_smoothing": 0.1}
CHOSEN = policy.flip_crop().with_batch(**BATCH)


def test_what_is_asked_for_goes_before_what_the_policy_says():
    settings, found = training.TrainingSettings().with_policy(CHOSEN)
    assert settings.recipe().label_smoothing == 0.1
    assert found.batch == mix.BatchSettings(mix="cutmix", mix_rate=0.5, repeats=2)
    asked = training.TrainingSettings(mix="none", label_smoothing=0.0)
    settings, found = asked.with_policy(CHOSEN)
    assert settings == asked
    assert found.batch == mix.BatchSettings(repeats=2)
    plain = training.TrainingSettings(mix="mixup")
    assert plain.with_policy(policy.flip_crop()) == (plain, policy.flip_crop())
    ramp = policy.ramp(CHOSEN, 3)
    assert ramp.batch == CHOSEN.batch
    assert ramp.with_batch(repeats=1).policy_at(2).batch == CHOSEN.with_batch(repeats=1).batch
    assert plain.with_policy(ramp)[1].batch == mix.BatchSettings(repeats=2)
    with pytest.raises(ValueError, match="must have the same settings of batches"):
        policy.PolicySchedule({0: CHOSEN, 1: policy.flip_crop()})
    with pytest.raises(ValueError, match=r"the policy comes with label smoothing of 0.1"):
        training.TrainingSettings(loss="asymmetric").with_policy(CHOSEN)
    training.TrainingSettings(loss="asymmetric", label_smoothing=0.0).with_policy(CHOSEN)
    # A training that was begun before policies had settings of batches goes on.
    assert training.TrainingSettings().beside_recipe()["mix"] == "none"


@pytest.fixture
def digits():
    whole = data.load("digits")
    kept = {key: tuple(a[:20] for a in getattr(whole, key)) for key in ("train", "test")}
    return dataclasses.replace(whole, **kept)


@pytest.mark.parametrize("asked", [None, "mixup"])
def test_a_training_does_what_the_policy_says_of_batches(digits, asked, monkeypatch):
    given = []

    def pipeline(part, batch_size, chosen=None, mixing=None, seed=0, **options):
        given.append((mixing, options.get("num_repeats")))
        raise InterruptedError

    monkeypatch.setattr(data, "pipeline", pipeline)
    monkeypatch.setattr(training, "fit", lambda model, batches, *_, **__: batches(0))
    monkeypatch.setattr(_job.Job, "network", lambda self: None)
    settings = training.TrainingSettings(mix=asked, validation=0)
    settings, found = settings.with_policy(CHOSEN)
    with pytest.raises(InterruptedError):
        _job.Job(digits, found, settings).run(None, [], None)
    wanted = mix.CutMix(rate=0.5, num_classes=10) if asked is None else mix.MixUp(num_classes=10)
    assert given == [(wanted, 2)]


def test_streamed_files_cannot_be_repeated(tmp_path, digits):
    from PIL import Image

    for number, image in enumerate(digits.train[0]):
        folder = tmp_path / "images" / str(number % 2)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(folder / f"{number}.png")
    settings = training.TrainingSettings(policy=CHOSEN, epochs=1)
    with pytest.raises(ValueError, match="leave stream out, or repeats out of the policy"):
        training.train(tmp_path / "images", tmp_path / "out", settings, image_size=8, stream=True)
