"""Every option of the command line reaches the function that does the work, under its own name."""

import json
import pathlib
import sys
import types

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from keras_cv_extras import classical, cli, data, policy, search, serving, training
from keras_cv_extras.augment import OPS
from keras_cv_extras.cli import _demo
from keras_cv_extras.generative import gan
from keras_cv_extras.generative.gan import _files
from keras_cv_extras.policy import _gallery
from keras_cv_extras.training.job import _train

# Command -> the function, its arguments as typed, and what the function is to be called with.
CASES = {
    "train": (
        (training, "train"),
        "photos --output out --model vgg11 --weights w.h5 --policy crop --mix cutmix --epochs 7"
        " --batch-size 8 --learning-rate 0.5 --weight-decay 0.25 --label-smoothing 0.125"
        " --no-average --resize pad --jpeg reduced --crop random-resized"
        " --class-weights effective --validation 0.2"
        " --patience 3 --image-size 24 --precision mixed_float16"
        " --stream --max-bad 0.5 --tensorboard --logger mlflow --seed 9 --quiet",
        [
            "photos",
            pathlib.Path("out"),
            training.TrainingSettings(
                **{"model": "vgg11", "weights": "w.h5", "policy": "crop", "mix": "cutmix"},
                **{"epochs": 7, "batch_size": 8, "learning_rate": 0.5, "weight_decay": 0.25},
                **{"label_smoothing": 0.125, "average": False, "class_weights": "effective"},
                **{"crop": "random-resized", "precision": "mixed_float16"},
                **{"validation": 0.2, "patience": 3, "seed": 9},
            ),
        ],
        {
            **{"image_size": 24, "stream": True, "max_bad": 0.5, "tensorboard": True},
            "logger": "mlflow",
            **{"resize": "pad", "jpeg": "reduced"},
            **{"progress": False, "tell": cli._options.say},
        },
    ),
    "pack": (
        (data, "pack"),
        "photos packed --size 24 --form pixels --resize pad --channels 1 --quality 80 --per-file 9"
        " --test-fraction 0.5 --seed 3",
        ["photos", pathlib.Path("packed"), 24],
        {
            **{"form": "pixels", "resize": "pad", "channels": 1, "quality": 80, "per_file": 9},
            **{"test_fraction": 0.5, "seed": 3},
        },
    ),
    "evaluate": (
        (training, "evaluate_file"),
        "m.keras photos --output o.json --report r.html --predictions p.csv --image-size 24"
        " --stream --max-bad 0.5",
        [pathlib.Path("m.keras"), "photos"],
        {
            **{"output": pathlib.Path("o.json"), "report": pathlib.Path("r.html")},
            **{"predictions": pathlib.Path("p.csv"), "image_size": 24, "stream": True},
            "max_bad": 0.5,
        },
    ),
    "export": (
        (serving, "export_file"),
        "m.keras photos --output o --format onnx --top-k 3 --on-bad-image report --resize pad"
        " --threshold 0.25 --test-time-augment ten --calibrate --policy p.json --image-size 24",
        [pathlib.Path("m.keras"), "photos", pathlib.Path("o")],
        {
            **{"format": "onnx", "top_k": 3, "on_bad_image": "report", "resize": "pad"},
            **{"views": "ten", "calibrate": True, "policy": pathlib.Path("p.json")},
            "image_size": 24,
            "threshold": 0.25,
            **dict.fromkeys(("calibration", "intended_use", "limits", "priors", "quantize")),
        },
    ),
    "policy convert": (
        (policy, "convert"),
        "p.json o.json --from dali --to timm --spec tpu --image-size 24 --lossy",
        ["p.json", pathlib.Path("o.json")],
        {
            **{"spec": "tpu", "source_format": "dali", "to": "timm", "image_size": 24},
            "strict": False,
        },
    ),
    "gan train": (
        (gan, "train"),
        "photos --output o --steps 8 --every 4 --width 3 --batch-size 5 --loss wgan_gp"
        " --learning-rate 0.5 --image-size 24 --seed 9 --quiet",
        ["photos", pathlib.Path("o")],
        {
            **{"steps": 8, "every": 4, "width": 3, "batch_size": 5, "loss": "wgan_gp"},
            **{"learning_rate": 0.5, "image_size": 24, "seed": 9, "progress": False},
        },
    ),
    "gan sample": (
        (gan, "sample"),
        "m.keras --output o --count 3 --class a --class b --no-sheet --seed 9",
        [pathlib.Path("m.keras"), pathlib.Path("o")],
        {"count": 3, "classes": ["a", "b"], "sheet": False, "seed": 9},
    ),
    "gan report": (
        (gan, "report"),
        "m.keras photos --output r.html --count 3 --steps 4 --image-size 24 --seed 9 --quiet",
        [pathlib.Path("m.keras"), "photos", pathlib.Path("r.html")],
        {"count": 3, "steps": 4, "image_size": 24, "seed": 9, "progress": False},
    ),
    "demo": (
        (_demo, "run_demo"),
        "--output o --trials 3 --epochs 4 --smoke --seed 9 --quiet",
        [pathlib.Path("o")],
        {"trials": 3, "epochs": 4, "smoke": True, "seed": 9, "progress": False},
    ),
    "classical train": (
        (classical, "train"),
        "photos --output o --system llc --classifier kernel_svm --num-words 3 --color rgb"
        " --train-size 4 --image-size 24 --seed 9 --quiet",
        ["photos", pathlib.Path("o")],
        {
            **{"system": "llc", "classifier": "kernel_svm", "num_words": 3, "train_size": 4},
            **{"color": "rgb", "image_size": 24, "seed": 9, "progress": False},
            "tell": cli._options.say,
        },
    ),
    "classical evaluate": (
        (classical, "evaluate"),
        "m.skops photos --output o.json --image-size 24",
        [pathlib.Path("m.skops"), "photos"],
        {"output": pathlib.Path("o.json"), "image_size": 24},
    ),
    "search run": (
        (search, "search_policy"),
        "digits --output o --trials 3 --method full --oracle random --epochs 4"
        " --train-size 5 --validation-size 6 --batch-size 7 --confirm-seeds 8 --retrain"
        " --image-size 8 --seed 9 --quiet --model lenet5 --ops rotate,invert --no-flip"
        " --confirmation-size 10",
        [],
        {
            "directory": pathlib.Path("o"),
            "settings": search.SearchSettings(
                **{"trials": 3, "method": "full", "oracle": "random", "epochs": 4},
                **{"train_size": 5, "validation_size": 6, "batch_size": 7, "confirm_seeds": 8},
                **{"retrain": True, "workers": 1, "seed": 9, "flip": False},
                **{"ops": ("rotate", "invert"), "confirmation_size": 10},
            ),
            "progress": False,
        },
    ),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in with files of the names that are typed, for they are looked for."""
    for name in ("m.keras", "m.skops", "p.json", "w.h5"):
        (tmp_path / name).touch()
    (tmp_path / "photos" / "a").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", CASES)
def test_every_option_arrives(command, folder, monkeypatch):
    (module, name), typed, arguments, options = CASES[command]
    calls = []

    def called(*given, **named):
        calls.append((list(given), named))
        raise typer.Exit  # there is nothing to print

    monkeypatch.setattr(module, name, called)
    for package in ("mlflow", "onnx", "tf2onnx"):  # which need not be installed
        monkeypatch.setitem(sys.modules, package, types.SimpleNamespace(__spec__=True))
    result = CliRunner().invoke(cli.app, [*command.split(), *typed.split()])
    assert result.exit_code == 0, (result.output, result.exception)
    ((given, named),) = calls
    assert named == options
    if command == "search run":
        images, build = given
        assert images.train[0].shape[1:] == (8, 8, 1)
        assert build().output_shape == (None, 10)
    else:
        assert given == arguments


TYPED = [
    *("--image-column", "a", "--label-column", "b", "--label-column", "c"),
    *("--split-column", "d", "--root", "photos", "--separator", "|"),
]
TABLE = data.Table("t.csv", "a", ("b", "c"), "d", pathlib.Path("photos"), "|")


@pytest.mark.parametrize(
    ("command", "module", "name"),
    [
        (["train", "t.csv"], training, "train"),
        (["evaluate", "m.keras", "t.csv"], training, "evaluate_file"),
        (["export", "m.keras", "t.csv"], serving, "export_file"),
        (["search", "run", "t.csv"], data, "load"),
    ],
)
def test_options_of_tables_reach_the_command(command, module, name, folder, monkeypatch):
    calls = []

    def called(*given, **named):
        calls.append(given)
        raise typer.Exit

    monkeypatch.setattr(module, name, called)
    pathlib.Path("t.csv").touch()
    result = CliRunner().invoke(cli.app, [*command, *TYPED])
    assert (result.exit_code, TABLE in calls.pop()) == (0, True)
    result = CliRunner().invoke(cli.app, command)
    assert (result.exit_code, "t.csv" in calls.pop()) == (0, True)
    for option in TYPED[::2]:
        other = [part.replace("t.csv", "digits") for part in command]
        result = CliRunner().invoke(cli.app, [*other, option, "photos"])
        assert str(result.exception) == f"{option} is for CSV files, received digits"
    other = [part.replace("t.csv", "gone.csv") for part in command]
    assert str(CliRunner().invoke(cli.app, other).exception) == "gone.csv: no such file"


@pytest.mark.parametrize(
    ("arguments", "module", "name", "wanted"),
    [
        (["train", "digits", "--resize", "pad"], training, "train", {"resize": "pad"}),
        (["train", "digits", "--jpeg", "reduced"], training, "train", {"jpeg": "reduced"}),
        (
            ["export", "m.keras", "digits", "--threshold", "0.25"],
            serving,
            "export_file",
            {"threshold": 0.25, "resize": None, "top_k": None},
        ),
        (["train", "digits", "--loss", "asymmetric"], training, "train", {}),
    ],
)
def test_options_for_files_and_several_labels(arguments, module, name, wanted, folder, monkeypatch):
    calls = []

    def called(*given, **named):
        calls.append((given, named))
        raise typer.Exit

    monkeypatch.setattr(module, name, called)
    assert CliRunner().invoke(cli.app, arguments).exit_code == 0
    ((given, named),) = calls
    assert named | wanted == named
    if "--loss" in arguments:
        assert given[2] == training.TrainingSettings(loss="asymmetric")


def test_a_policy_is_shown_as_asked(folder, monkeypatch):
    calls = []

    def policy_sheet(*given, **named):
        calls.append((*given, named))
        return types.SimpleNamespace(savefig=lambda path, **_: pathlib.Path(path).touch())

    policy.flip_crop().save("p.json")
    monkeypatch.setattr(policy, "policy_sheet", policy_sheet)
    options = ["--output", "s.png", "--data", "digits", "--columns", "3", "--image-size", "24"]
    result = CliRunner().invoke(cli.app, ["policy", "show", "p.json", *options, "--seed", "9"])
    assert result.exit_code == 0, (result.output, result.exception)
    assert pathlib.Path("s.png").exists()
    ((chosen, images, named),) = calls
    assert chosen == policy.flip_crop()
    assert images.shape[1:] == (24, 24, 1)
    assert named == {"columns": 3, "seed": 9}


@pytest.mark.parametrize(("least", "code"), [(None, 0), (0.5, 0), (0.51, 3)])
def test_an_accuracy_that_is_too_low_ends_with_3(least, code, folder, monkeypatch):
    scores = types.SimpleNamespace(accuracy=0.5, table=lambda: "")
    result = types.SimpleNamespace(scores=scores, notes=(), files=())
    options = [] if least is None else ["--min-accuracy", str(least)]
    for command, name in (("evaluate", "evaluate_file"), ("train", "train")):
        monkeypatch.setattr(training, name, lambda *given, **named: result)
        typed = ["m.keras", "digits"] if command == "evaluate" else ["digits"]
        assert CliRunner().invoke(cli.app, [command, *typed, *options]).exit_code == code


def test_a_gan_is_scored_on_images_that_it_was_not_trained_on(monkeypatch, tmp_path):
    train = np.zeros((6, 8, 8, 1), "uint8"), np.arange(6) % 2
    test = np.ones((4, 8, 8, 1), "uint8"), np.arange(4) % 2
    images = data.ImageData(train, test, ("a", "b"), "two digits")
    asked, seen = [], {}

    def generate(labels, *, numbers, seed):
        asked.append((labels.tolist(), numbers.tolist(), seed))
        return np.full((len(labels), 8, 8, 1), 2)

    made = types.SimpleNamespace(image_shape=(8, 8, 1), num_classes=2, generate=generate)
    scores = types.SimpleNamespace(to_dict=dict, of_classes=lambda labels: {})
    results: dict = {"evaluate_made": scores, "memorization": scores, "usefulness": {}}
    monkeypatch.setattr(_files, "_load", lambda path: made)
    monkeypatch.setattr(_files, "_network", lambda *given: "the network")
    monkeypatch.setattr(_files, "gan_report", lambda gan, **parts: "page")

    def noted(name):
        def call(*given, **named):
            seen[name] = given, named
            return results[name]

        return call

    for name in results:
        monkeypatch.setattr(_files._evaluation, name, noted(name))
    result_path = tmp_path / "report.html"
    options = {"count": 3, "steps": 5, "seed": 9, "progress": False}
    found = gan.report(tmp_path / "gan.keras", images, result_path, **options)
    assert isinstance(found, gan.GanReport)
    assert (found.path, found.class_names) == (result_path, ("a", "b"))
    assert result_path.read_text() == "page"
    assert asked == [([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2], 9)]
    (network, real, (copied, labels)), _ = seen["evaluate_made"]
    assert network == "the network"
    assert real is test
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    (_, copies, known, other), _ = seen["memorization"]
    assert copies is copied
    assert known is train[0]
    assert other is test[0]
    (learned, _, scored), named = seen["usefulness"]
    np.testing.assert_array_equal(learned[0], train[0])
    assert scored is test
    assert named == {"steps": 5, "seed": 9}


def test_the_report_of_a_search_tells_help_from_harm(tmp_path):
    arm = {"name": "none", "accuracy": 0.9, "low": 0.8, "high": 0.95, "search_accuracy": None}
    better = {**arm, "name": "found", "accuracy": 0.92}
    effects = [
        {"op": "rotate", "low": 0.01, "high": 0.02},
        {"op": "invert", "low": -0.02, "high": -0.01},
        {"op": "color", "low": -0.01, "high": 0.01},
    ]
    provenance = {"arms": [arm, better], "verdict": "It is so.", "insight": {"effects": effects}}
    (tmp_path / "policy.json").write_text(json.dumps({"provenance": provenance}))
    text = CliRunner().invoke(cli.app, ["search", "report", str(tmp_path)]).output
    assert "Ops that help: rotate." in text
    assert "Ops that harm: invert." in text
    assert "color" not in text
    assert text.index("found") < text.index("none")
    assert "92.00%" in text
    assert "To be expected" not in text  # of a search that could not tell
    provenance["insight"] |= {"expected": 0.9, "expected_interval": [0.88, 0.91]}
    (tmp_path / "policy.json").write_text(json.dumps({"provenance": provenance}))
    text = CliRunner().invoke(cli.app, ["search", "report", str(tmp_path)]).output
    assert "without the luck of the choice: 90.00% (88.00% to 91.00%)" in " ".join(text.split())
    for none in (None, float("nan")):  # where nothing could be fitted
        effects[1] |= {"low": none, "high": none}
        provenance["insight"] |= {"expected_interval": [none, 0.91]}
        (tmp_path / "policy.json").write_text(json.dumps({"provenance": provenance}))
        result = CliRunner().invoke(cli.app, ["search", "report", str(tmp_path)])
        assert result.exit_code == 0, result.exception
        assert "Ops that help: rotate." in result.output
        assert "harm" not in result.output
        assert "To be expected" not in result.output


def test_signed_ops_are_shown_to_both_sides():
    assert _gallery._values(OPS["rotate"]) == [-30, -15, 0, 15, 30]
    assert _gallery._values(OPS["solarize"]) == [256, 192, 128, 64, 0]
    assert len(_gallery._values(OPS["channel_shuffle"])) == 5
    assert _gallery._values(OPS["invert"]) == [0.0]


def test_presets_of_policies():
    ops = lambda name: [s.op for s in policy.named(name).sub_policies[0]]  # noqa: E731
    assert ops("crop") == ["padded_crop"]
    assert ops("flip_crop") == ["flip_horizontal", "padded_crop"]
    assert policy.named("none").is_identity
    assert policy.named("svhn").name == "AutoAugment (svhn)"


def test_a_training_goes_on_with_as_many_epochs_or_more(tmp_path):
    (tmp_path / "train.json").write_text('{"epochs": 3}')
    for epochs in (3, 4):
        _train._check_epochs(tmp_path, epochs)
    with pytest.raises(ValueError, match=r"another epochs \(3, not 2\)"):
        _train._check_epochs(tmp_path, 2)


def test_what_is_given_takes_the_place_of_the_recipe():
    given = {"validation": 0.1, "epochs": 3, "weight_decay": 0.5}
    recipe = training.TrainingSettings(**given, batch_size=32).recipe()
    assert (recipe.epochs, recipe.batch_size, recipe.weight_decay) == (3, 32, 0.5)
    plain = training.TrainingSettings(**given).recipe()
    assert recipe.learning_rate < plain.learning_rate  # smaller for a smaller batch
    light = {**given, "model": "mobilenetv3-small"}
    assert training.TrainingSettings(**light).recipe().average
    # It chooses the weights itself.
    assert not training.TrainingSettings(**light, patience=2).recipe().average
    with pytest.raises(ValueError, match="validation must be at most 0.9"):
        training.TrainingSettings(validation=0.95)
