"""`kcx export`, `kcx verify` and `kcx predict`."""

import pytest
from PIL import Image
from typer.testing import CliRunner

from keras_cv_extras import cli, data, inference, policy, serving, training
from keras_cv_extras.serving import _export, _trained


def kcx(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def trained(linear_digits, tmp_path_factory):
    """A linear model of the digits, and some of them as files."""
    folder = tmp_path_factory.mktemp("trained")
    digits, model = linear_digits
    training.save_model(model, folder / "model.keras")
    policy.rand_augment().save(folder / "policy.json")
    for number in range(3):
        Image.fromarray(digits.test[0][number, ..., 0]).save(folder / f"{number}.png")
    (folder / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    return folder


@pytest.fixture(scope="module")
def exported(trained):
    options = ["--calibrate", "--top-k", 2, "--policy", trained / "policy.json"]
    result = kcx("export", trained / "model.keras", "digits", "--output", trained / "1", *options)
    assert result.exit_code == 0, result.output
    return trained / "1", result.output


def card_error(path, which=""):
    return serving.read_card(path)["metrics"][f"expected_calibration_error{which}"]


@pytest.mark.wide
def test_export(exported):
    path, output = exported
    assert "verified on 17 images" in output
    told = " ".join(output.split())
    assert "fitted on 450 images: every second test image" in told
    assert f"calibration error {card_error(path, '_before'):.4f} before, " in told
    card = serving.read_card(path)
    assert card["data"]["name"] == "digits"
    assert card["policy"]["policy"]["format"] == "keras_cv_extras.policy"
    assert card["metrics"]["accuracy"] > 0.8
    assert card["metrics"]["images"] == 449
    assert 0 < card["metrics"]["expected_calibration_error"] < 0.1
    assert card["outputs"]["calibration"]["num_samples"] == 450
    assert card["outputs"]["top_k"] == 2


@pytest.mark.wide
def test_verify_fails_in_scripts(exported, tmp_path, monkeypatch):
    for path in (tmp_path, exported[0] / "variables"):
        monkeypatch.setattr("sys.argv", ["kcx", "verify", str(path)])
        with pytest.raises(SystemExit) as error:
            cli.main()
        assert str(error.value.code).startswith(f"error: {path}: no export there")


@pytest.mark.parametrize("command", ["export", "verify", "predict"])
def test_help_has_an_example(command):
    assert f"For example: kcx {command} " in kcx(command, "--help").output


@pytest.fixture
def asked(monkeypatch):
    """What an export was asked for."""
    calls = []

    def export(model, path, **options):
        assert options.pop("verified")
        calls.append({"model": model, "path": path, **options})
        return f"verified {path}"

    monkeypatch.setattr(_trained._export, "export", export)
    monkeypatch.setattr(_trained.quantizing, "check_packages", lambda *given: None)
    return calls


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ([], {}),
        (["--format", "onnx"], {"format": "onnx"}),
        (["--top-k", 3], {"top_k": 3}),
        (["--on-bad-image", "report"], {"on_bad_image": "report"}),
        (["--resize", "pad"], {"resize": "pad"}),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_export_options(trained, asked, options, changed):
    result = kcx("export", trained / "model.keras", "digits", "--output", "there", *options)
    assert result.exit_code == 0, (result.output, result.exception)
    assert "verified there" in result.output
    (call,) = asked
    plain = {"format": "saved_model", "top_k": 5, "on_bad_image": "raise", "resize": None}
    assert {key: call[key] for key in plain} == plain | changed
    assert (str(call["path"]), call["policy"], call["calibration"]) == ("there", None, None)
    assert call["model"].input_shape == (None, 8, 8, 1)


def test_export_from_python(trained, asked):
    result = serving.export_file(trained / "model.keras", data.load("digits"), "there", top_k=3)
    assert isinstance(result, serving.ExportResult)
    assert (result.verification, asked[0]["top_k"]) == ("verified there", 3)
    assert result.scores["images"] == 899
    assert "says what it was trained on" in " ".join(result.notes)


@pytest.mark.wide
def test_an_export_that_fails_its_verification_is_not_there(trained, tmp_path, monkeypatch):
    def convert(file_format, servable, plain, folder, **_):
        (folder / "model.tflite").write_bytes(b"a model")

    def verify(path):
        if fails:
            raise ValueError(f"{path}: serving_default gives other probabilities")
        return serving.Verification(str(path), "litert", 2, {}, None, 1.0)

    monkeypatch.setattr(_export._convert, "convert", convert)
    monkeypatch.setattr(_export._verify, "verify", verify)
    monkeypatch.setattr(_export._golden, "golden", lambda *_: {})  # it traces a decoder
    given = (trained / "model.keras", "digits", tmp_path / "1")
    fails = True
    with pytest.raises(ValueError, match=f"^{tmp_path}/1: serving_default gives other prob"):
        serving.export_file(*given, format="litert")
    assert list(tmp_path.iterdir()) == []
    fails = False
    result = serving.export_file(*given, format="litert")
    assert result.verification.path == str(tmp_path / "1")
    before = (tmp_path / "1" / "model_card.json").read_bytes()
    fails = True
    with pytest.raises(ValueError, match="gives other"):
        serving.export_file(*given, format="litert", limits="others")
    assert (tmp_path / "1" / "model_card.json").read_bytes() == before


@pytest.mark.wide
def test_export_of_several_views_of_images_of_a_size(trained, asked):
    options = ["--test-time-augment", "five", "--image-size", 8]
    result = kcx("export", trained / "model.keras", "digits", *options)
    assert result.exit_code == 0, (result.output, result.exception)
    (call,) = asked
    assert isinstance(call["model"], inference.TestTimeAugment)
    assert call["model"].get_config()["crops"] == "five"
    assert call["model"].input_shape == (None, 8, 8, 1)
    other = kcx("export", trained / "model.keras", "digits", "--image-size", 12)
    assert "--image-size 12: " in str(other.exception)
    assert "takes images of 8 x 8" in str(other.exception)
