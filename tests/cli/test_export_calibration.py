"""`kcx export`: calibration from a file or from validation images, priors, quantisation."""

import numpy as np
import pytest
from typer.testing import CliRunner

from keras_cv_extras import cli, data, inference, serving, training


def kcx(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished training with validation images."""
    folder = tmp_path_factory.mktemp("training") / "run"
    settings = training.TrainingSettings(epochs=2, batch_size=64, validation=0.2)
    training.train("digits", folder, settings, progress=False)
    return folder


def export(run, output, *options):
    result = kcx("export", run / "model.keras", "digits", "--output", output, *options)
    assert result.exit_code == 0, (result.output, result.exception)
    return serving.read_card(output), " ".join(result.output.split())


@pytest.mark.wide
def test_on_the_images_that_the_model_was_validated_on(run, tmp_path):
    card, told = export(run, tmp_path / "1", "--calibrate")
    samples = np.load(run / "samples.npz")
    count = len(samples["validated"])
    assert 150 < count < 210
    assert card["outputs"]["calibration"]["num_samples"] == count
    assert card["metrics"]["images"] == 899
    assert card["metrics"]["split"] == "test"
    before = card["metrics"]["expected_calibration_error_before"]
    after = card["metrics"]["expected_calibration_error"]
    assert f"calibration error {before:.4f} before, {after:.4f} after" in told
    assert f"fitted on {count} images: images that the model was validated on" in told
    network = training.load_model(run / "model.keras", compile=False)
    chosen = training.data_for(network, run / "model.keras", "digits")
    fitted = inference.fit_temperature(
        network.predict(chosen.validation[0], verbose=0), chosen.validation[1]
    )
    assert card["outputs"]["calibration"]["temperature"] == pytest.approx(
        fitted.temperature, rel=1e-3
    )


@pytest.mark.slow
def test_from_a_file_and_with_priors(run, tmp_path):
    inference.Calibration(temperature=2.0).save(tmp_path / "calibration.json")
    priors = [part for name in range(10) for part in ("--prior", f"{name}={name + 1}")]
    given = ["--calibration", tmp_path / "calibration.json", *priors]
    texts = ["--intended-use", "digits", "--limits", "no letters"]
    card, told = export(run, tmp_path / "1", "--format", "litert", *given, *texts)
    found = card["outputs"]["calibration"]
    counts = np.bincount(data.load("digits").train[1])
    assert found["temperature"] == 2.0
    np.testing.assert_allclose(found["train_prior"], counts / counts.sum())
    np.testing.assert_allclose(found["new_prior"], np.arange(1, 11) / 55)
    assert (card["intended_use"], card["limits"]) == ("digits", "no letters")
    assert "expected_calibration_error_before" in card["metrics"]
    assert "the scores are without the priors" in told
    error = "expected_calibration_error"
    worse = card["metrics"][error] > card["metrics"][f"{error}_before"]
    assert ("the calibration made it worse on these 899 images" in told) == worse


@pytest.mark.slow
def test_quantised(run, tmp_path):
    options = ["--format", "litert", "--quantize", "int8"]
    card, told = export(run, tmp_path / "1", *options)
    assert card["quantization"]["representative_images"] == 200
    assert "int8: the same class as the model for " in told
    assert f"accuracy {card['quantization']['accuracy']:.4f}" in told


@pytest.mark.slow
def test_a_bound_is_told(run, tmp_path, monkeypatch):
    from keras_cv_extras.inference import _calibration

    monkeypatch.setattr(_calibration, "_HOTTEST", 0.06)
    _, told = export(run, tmp_path / "1", "--calibrate", "--format", "litert")
    assert "the temperature came to its bound, 0.06" in told


@pytest.mark.wide
@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--prior", "0"], "--prior must be NAME=NUMBER above 0, such as cat=0.9, received '0'"),
        (["--prior", "0=-1"], "--prior must be NAME=NUMBER above 0"),
        (["--prior", "0=nan"], "--prior must be NAME=NUMBER above 0"),
        (["--prior", "0=1", "--prior", "0=2"], "given once for each class, received '0' again"),
        (["--prior", "0=1"], "--prior must be given for each class"),
        (["--calibrate", "--calibration", __file__], "--calibrate fits what --calibration gives"),
        (["--quantize", "int8"], "--quantize int8 needs --format litert or onnx"),
    ],
)
def test_mistakes(run, tmp_path, options, problem):
    result = kcx("export", run / "model.keras", "digits", "--output", tmp_path / "1", *options)
    assert problem in str(result.exception)
    assert list(tmp_path.iterdir()) == []
