"""Mistakes in arguments are said in the words of the command line, before anything is done."""

import errno
import json
import re
import sys

import pytest

from keras_cv_extras import augment, cli
from keras_cv_extras._base.saved import known, registry
from keras_cv_extras.bench import _losses
from keras_cv_extras.cli import _options, _plugins, _words
from keras_cv_extras.models import _registry
from keras_cv_extras.policy import _presets

INT8 = "export FILE digits --quantize int8"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train digits --min-accuracy nan", "--min-accuracy must be a share"),
        ("train digits --min-accuracy 90", "--min-accuracy must be a share"),
        ("evaluate model.keras digits --min-accuracy -1", "--min-accuracy must be a share"),
        (
            "search run digits --space policy --also mix",
            "--also is a part of recipes: give --space recipe or randaugment",
        ),
        ("train digits --seed -1", "--seed must be at least 0"),
        ("train digits --seed 4294967296", "--seed must be at most 4294967295"),
        ("train digits --learning-rate inf", "--learning-rate must be finite"),
        ("train digits --image-size 0", "--image-size must be at least 1"),
        ("train digits --batch-size 0", "--batch-size must be at least 1"),
        ("train digits --model resnet19", "--model must be one of those that kcx models lists"),
        ("evaluate m.keras digits --report r --predictions r", "two files would be written there"),
    ],
)
def test_one_line_with_the_option(one_line_error, monkeypatch, arguments, message):
    monkeypatch.setattr(sys, "argv", ["kcx", *arguments.split()])
    assert re.search(message, one_line_error())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train nope", "unknown data set 'nope', and no folder here: known are mnist_5k, "),
        ("train ./nope/there", "nope/there: no such folder"),
        ("train nope.csv", "nope.csv: no such file"),
        ("train HERE", "HERE: no class folders"),
        ("train FILE", "FILE: a file; give a folder"),
        ("train digits --policy nope.json", "nope.json: no such file"),
        ("train digits --weights nope.h5 --model lenet5", "nope.h5: no such file"),
        ("train digits --root nope", "nope: no such folder, which --root names"),
        ("evaluate FILE nope", "unknown data set 'nope'"),
        ("evaluate HERE digits", "HERE: a folder; give the path of a file"),
        ("pack nope out", "unknown data set 'nope'"),
        ("search run nope", "unknown data set 'nope'"),
        ("search status nope", "nope: no such file or folder"),
        ("classical train nope", "unknown data set 'nope'"),
        ("classical evaluate nope digits", "nope: no such file"),
        ("gan train nope", "unknown data set 'nope'"),
        ("gan report FILE nope", "unknown data set 'nope'"),
        ("gan sample nope", "nope: no such file"),
        ("export FILE nope", "unknown data set 'nope'"),
        ("export FILE digits --policy nope.json", "nope.json: no such file"),
        ("export FILE digits --calibration nope", "nope: no such file"),
        ("verify nope", "nope: no such file or folder"),
        ("predict nope a.png", "nope: no such file or folder"),
        ("policy show nope.json", "nope.json: no such file"),
        ("policy show crop --data nope", "unknown data set 'nope'"),
        ("policy convert nope.json other.json", "nope.json: no such file"),
        ("policy convert crop other.json", "crop: no such file"),
        ("policy convert nope other.json --from dali", "nope: no such file"),
        ("policy convert cifar10 HERE", "HERE: a folder; give the path of a file"),
        ("policy show nope", "policy must be a file or one of none, "),
        ("train digits --policy nope", "--policy must be a file or one of none, flip_crop, "),
        ("train digits --model resnet19", "--model must be one of those that kcx models lists"),
        ("train digits --mix nope", "--mix must be one of 'none', "),
        ("train digits --loss nope", "--loss must be one of 'crossentropy', "),
        ("train digits --image-size 0", "--image-size must be at least 1"),
        ("train digits --seed -1", "--seed must be at least 0"),
        ("train HERE/../.. --stream", "--stream needs --image-size"),
        ("train digits --logger mlflow", "--logger mlflow needs the package mlflow"),
        ("search run digits --model resnet19", "--model must be one of those"),
        ("search run digits --oracle nope", "--oracle must be one of 'tpe', "),
        ("search run digits --ops rotate,nope", "an op must be one of 'affine', "),
        ("search run digits --ops rotate,warp_affine", "an op must be one of 'affine', "),
        ("search run digits --workers 2 --root nope", "nope: no such folder"),
        ("gan train digits --image-size -3", "--image-size must be at least 1"),
        (INT8, "--quantize int8 needs --format litert or onnx"),
        (f"{INT8} --format onnx", "--quantize with --format onnx needs onnx and tf2onnx and onnxr"),
        ("export FILE digits --format onnx", "--format onnx needs onnx and tf2onnx: pip install "),
        ("export FILE digits --threshold 50", r"--threshold must be in [0, 1]"),
    ],
)
def test_what_is_missing_is_said_before_tensorflow_is_loaded(
    one_line_error, monkeypatch, tmp_path_factory, arguments, message
):
    here = tmp_path_factory.mktemp("given")
    (here / "file").touch()
    (here / "empty").mkdir()
    arguments = arguments.replace("FILE", str(here / "file")).replace("HERE", str(here / "empty"))
    monkeypatch.setattr(sys, "argv", ["kcx", *arguments.split()])
    for name in ("mlflow", "onnx", "tf2onnx", "onnxruntime"):
        monkeypatch.setitem(sys.modules, name, None)  # as where it is not installed
    for name in ("train", "serving", "gan", "search", "classical", "policy"):
        module = sys.modules[f"keras_cv_extras.cli._{name}"]
        monkeypatch.setattr(module, "import_tensorflow", loaded)
    text = one_line_error()
    assert message.replace("FILE", str(here / "file")).replace("HERE", str(here / "empty")) in text


@pytest.mark.parametrize("arguments", ["bench ops --op nope", "bench losses --loss nope"])
def test_benchmarks_know_their_names(one_line_error, monkeypatch, arguments):
    monkeypatch.setattr(sys, "argv", ["kcx", *arguments.split()])
    assert " must be one of '" in one_line_error()


def test_names_that_are_known_at_once_are_those_of_the_packages():
    assert (*known.POLICIES, *known.PUBLISHED) == tuple(_presets._NAMED)
    made = {key: getattr(one, "func", one) for key, one in _registry.NETWORKS.items()}
    own = {key for key, one in made.items() if one.__module__.startswith("keras_cv_extras.")}
    assert own | set(_registry.OTHER_NAMES) == known.NETWORKS
    assert tuple(_losses.cases()) == _losses.NAMES
    kernels = {key: one.kernel.__module__ for key, one in augment.OPS.items()}
    own = {key for key, module in kernels.items() if module.startswith("keras_cv_extras.")}
    assert own == known.OPS


def test_a_plugin_that_is_installed_is_asked_for_its_names(monkeypatch):
    def enter():
        registry.ORACLES.add("own", print, replace=True)
        monkeypatch.setitem(_registry.NETWORKS, "own", print)
        monkeypatch.setitem(augment.OPS, "own", print)

    monkeypatch.setattr(registry.ORACLES, "_added", {})
    with pytest.raises(ValueError, match="oracle must be one of"):
        _options.check_names(oracle="own")
    monkeypatch.setattr(_plugins, "load_installed", enter)
    _options.check_names(oracle="Own", model="OWN", ops=["rotate", "own"])


def loaded():
    raise AssertionError("TensorFlow was loaded")


def test_no_data_at_all(one_line_error, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["kcx", "train", ""])
    assert "DATA is empty" in one_line_error()


def test_what_a_text_complains_of_is_an_option():
    options = {"top_k": "--top-k", "source_format": "--from"}
    assert _words.translated("top_k must be 1", options) == "--top-k must be 1"
    assert _words.translated("source_format must be 1", options) == "--from must be 1"
    assert _words.translated("top must be 1", options) == "top must be 1"
    assert _words.translated("top_k is odd", options) == "top_k is odd"


@pytest.mark.parametrize(
    "error", [MemoryError(), type("ResourceExhaustedError", (Exception,), {})("OOM of 60 lines")]
)
def test_memory_that_is_lacking(monkeypatch, error):
    def run():
        raise error

    monkeypatch.setattr(cli, "app", run)
    with pytest.raises(SystemExit, match="^error: out of memory: take smaller images"):
        cli.main()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, "Too many open files", "some.png"),
        type("ResourceExhaustedError", (Exception,), {})("x; Too many open files"),
    ],
)
def test_too_many_open_files(monkeypatch, error):
    def run():
        raise error

    monkeypatch.setattr(cli, "app", run)
    with pytest.raises(SystemExit, match=r"^error: too many open files.*: raise the limit, as by"):
        cli.main()


def test_a_bug_is_not_hidden(monkeypatch):
    monkeypatch.setattr(cli, "app", lambda: {}["bug"])
    with pytest.raises(KeyError, match="bug"):
        cli.main()


ARM = {"name": "none", "accuracy": 0.5, "low": 0.4, "high": 0.6, "search_accuracy": None}
EFFECT = {"op": "rotate", "low": 0.01, "high": 0.02}


def test_a_report_of_numbers_that_are_none(monkeypatch, tmp_path, capsys):
    insight = {"effects": [EFFECT], "expected": 0.5, "expected_interval": [0.4, 0.6]}
    provenance = {"arms": [ARM], "verdict": "none won", "insight": insight}
    path = tmp_path / "policy.json"
    monkeypatch.setattr(sys, "argv", ["kcx", "search", "report", str(tmp_path)])
    good = json.dumps({"provenance": provenance})
    path.write_text(good)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 0
    assert "50.00%" in capsys.readouterr().out
    for old, new, said in (
        ("0.6", "NaN", r"provenance.arms\[0\].high must be finite, received nan"),
        ("0.5", '"half"', r"provenance.arms\[0\].accuracy must be a number, received 'half'"),
        ("0.5", "-7e30", r"provenance.arms\[0\].accuracy must be in \[0, 1\]"),
        ('"none won"', "[]", r"provenance.verdict must be a text"),
        ("[0.4, 0.6]", "[0.4]", "expected_interval must be a list of 2"),
        ('"effects": ', '"effect": ', "the field 'provenance.insight.effects' is missing"),
    ):
        path.write_text(good.replace(old, new, 1))
        with pytest.raises(SystemExit, match=f"^error: {path}: .*{said}"):
            cli.main()
