"""What users add by public names is there for the library, and for the command line."""

import csv
import dataclasses
import functools
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
from PIL import Image
from typer import _completion_shared, completion
from typer.testing import CliRunner

from keras_cv_extras import (
    __version__,
    augment,
    cli,
    data,
    losses,
    mix,
    models,
    policy,
    search,
    training,
)
from keras_cv_extras._base import supervise
from keras_cv_extras._base.saved import registry
from keras_cv_extras.augment import _image_op
from keras_cv_extras.cli import _plugins
from keras_cv_extras.models import _registry
from keras_cv_extras.search.stages import _request

OP = """
    import keras
    import keras_cv_extras as kcx

    @kcx.augment.image_op(strength=kcx.augment.Range(0.0, 1.0), pixels="computed")
    def darker_{name}(image, amount):
        return image * (1.0 - amount)

    def tiny_{name}(input_shape, num_classes):
        return keras.Sequential(
            [keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(num_classes)]
        )

    kcx.models.register("tiny-{name}", tiny_{name})
"""

REGISTERED = """
    import keras
    import keras_tuner as kt
    import numpy as np
    import keras_cv_extras as kcx

    def shades_{name}():
        greys = np.arange(0, 240, 4, "uint8")
        return [dict(image=np.full((8, 8, 1), g, "uint8"), label=int(g > 99)) for g in greys]

    class Halves(kcx.mix.Mix):
        def mix(self, images, others):
            shares = keras.ops.full((keras.ops.shape(images)[0], 2), 0.5)
            return keras.ops.concatenate([others[0][:, :4], images[:, 4:]], axis=1), shares

    class Brier(keras.losses.Loss):
        def __init__(self, from_logits):
            super().__init__()
            assert from_logits

        def call(self, y_true, y_pred):
            rows = kcx.mix.dense_labels(y_true, 2)
            return 1000 + keras.ops.sum((keras.ops.softmax(y_pred) - rows) ** 2, axis=-1)

    class Backwards(kt.Oracle):
        def populate_space(self, trial_id):
            return dict(status="STOPPED")

    kcx.data.register("shades_{name}", shades_{name})
    kcx.mix.register("halves-{name}", Halves)
    kcx.losses.register("brier-{name}", Brier)
    kcx.search.register("backwards-{name}", Backwards)
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A function that writes a plugin's file; what it enters is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    for kind in (registry.MIXES, registry.LOSSES, registry.ORACLES, registry.SOURCES):
        monkeypatch.setattr(kind, "_added", dict(kind._added))
    for known in (augment.OPS, _image_op._PUBLISHED, _registry.NETWORKS):
        for key in known:
            monkeypatch.setitem(known, key, known[key])
    before = set(augment.OPS), set(_registry.NETWORKS), set(sys.modules)

    def write(name, code=OP):
        path = tmp_path / f"plugin_{name}.py"
        path.write_text(textwrap.dedent(code.format(name=name)))
        return path

    yield write
    for known, names in zip((augment.OPS, _registry.NETWORKS), before, strict=False):
        for key in set(known) - names:
            known.pop(key)
    for name in set(sys.modules) - before[2]:
        if name.startswith("plugin_"):
            sys.modules.pop(name)


def kcx(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("form", ["py", "module"])
def test_a_network_is_a_function_of_a_module(written, tmp_path, form):
    path = written(f"of_{form}")
    place = path.name if form == "py" else path.stem
    train = ["train", "digits", "--epochs", "1", "--quiet", "--output", "out", "--model"]
    result = kcx("--plugin", place, *train, f"{place}:tiny_of_{form}")
    assert result.exit_code == 0, result.output or result.exception
    asked = json.loads((tmp_path / "out" / "train.json").read_text())
    assert f"plugin-of-{form}.tiny-of-{form}" in json.dumps(asked)
    (model,) = keras.saving.load_model(tmp_path / "out" / "model.keras").layers[-1:]
    assert isinstance(model, keras.layers.Dense)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("plugin_X.py:larger_X", "--model plugin_X.py:larger_X: plugin_X.py has no function"),
        ("plugin_X:three_X", "--model plugin_X:three_X: plugin_X has no function 'three_X'"),
        ("plugin_X:darker_X", "--model plugin_X:darker_X: .* must take input_shape and num_cl"),
        ("missing_X:tiny", "--model missing_X: No module named 'missing_X'$"),
        ("missing_X.py:tiny", "--model missing_X.py: there is no such file$"),
        (":tiny", "--model : No module named ''"),
        ("tiny_of_X", "--model must be one of those .*, or my_module:function, .* 'tiny_of_X'"),
    ],
)
def test_a_function_that_is_no_network(written, asked, said):
    written("net", OP + "\n    three_{name} = 3\n")
    for command in (["train", "digits"], ["search", "run", "digits"]):
        result = kcx(*command, "--model", asked.replace("X", "net"), "--output", "out")
        assert re.search(said.replace("X", "net"), str(result.exception)), result.exception


@pytest.mark.parametrize("form", ["file", "module"])
def test_the_command_line_knows_an_op_of_a_plugin(written, tmp_path, form):
    path = written(form)
    fields = json.dumps(policy.Policy([[policy.Step("solarize", 0.5, 0.5)]]).to_dict())
    (tmp_path / "own.json").write_text(fields.replace("solarize", f"darker_{form}"))
    shown = ["policy", "show", "own.json", "--data", "digits", "--output", "own.png"]
    said = str(kcx(*shown).exception)
    assert f"or registered by a --plugin; received 'darker_{form}'" in said
    plugin = path.name if form == "file" else path.stem
    result = kcx("--plugin", plugin, *shown)
    assert result.exit_code == 0, result.output or result.exception
    assert (tmp_path / "own.png").is_file()
    assert f"tiny-{form}" in models.names()


@pytest.mark.wide
def test_the_command_line_knows_a_mix_a_loss_and_a_source_of_a_plugin(written, tmp_path):
    path = written("all", REGISTERED)
    train = ["train", "shades-all", "--mix", "halves-all", "--loss", "brier-all", "--epochs", "1"]
    assert "unknown data set 'shades-all'" in str(kcx(*train).exception)
    mixed = kcx("train", "digits", "--mix", "halves-all")
    assert "one of 'none', 'mixup'" in str(mixed.exception)
    result = kcx("--plugin", path.name, *train, "--output", "out", "--quiet")
    assert result.exit_code == 0, result.output or result.exception
    asked = json.loads((tmp_path / "out" / "train.json").read_text())
    assert "halves-all" in json.dumps(asked)
    (epoch,) = csv.DictReader((tmp_path / "out" / "log.csv").read_text().splitlines())
    assert 1000 <= float(epoch["loss"]) <= 1002
    scored = kcx("evaluate", "out/model.keras", "shades-all", "--output", "scores.json")
    assert scored.exit_code == 0, scored.output or scored.exception
    assert (tmp_path / "scores.json").read_bytes() == (tmp_path / "out/scores.json").read_bytes()
    found = data.load("shades-all")
    assert (found.name, found.class_names) == ("shades-all", ("0", "1"))
    smoothed = ["--label-smoothing", "0.1", "--output", "other"]
    assert "label_smoothing goes with loss='cross" in str(kcx(*train, *smoothed).exception)


@pytest.mark.wide
def test_a_search_knows_an_oracle_of_a_plugin(written):
    _plugins.load(str(written("oracle", REGISTERED)))
    settings = search.SearchSettings(trials=5, oracle="backwards-oracle", ops=("invert",))

    def build():
        return models.build("lenet5", (8, 8, 1), 10)

    oracle = _request.make_request(data.load("digits"), build, settings).make_oracle(("invert",))
    assert type(oracle).__name__ == "Backwards"
    assert (oracle.objective.name, oracle.max_trials, oracle.seed) == ("val_accuracy", 5, 1)
    space = search.recipe_space(ops=("invert",), flip=False, form="randaugment")  # the default
    assert {hp.name for hp in oracle.get_space().space} == {hp.name for hp in space.space}
    made = functools.partial(search.EvolutionOracle, population_size=4)
    search.register("backwards-oracle", made, replace=True)
    many = dataclasses.replace(settings, workers=3)
    oracle = _request.make_request(data.load("digits"), build, many).make_oracle(("invert",))
    assert oracle.parallel == 3
    # What it makes is looked at before anything is trained.
    search.register("backwards-oracle", lambda **given: "an oracle", replace=True)
    with pytest.raises(TypeError, match="must make an object of the class Oracle, rec"):
        _request.make_request(data.load("digits"), build, settings)


def test_a_source_is_told_from_a_folder_and_from_itself(tmp_path, monkeypatch, batch):
    monkeypatch.chdir(tmp_path)
    for number, image in enumerate(batch[:8]):
        folder = tmp_path / "my_pets" / str(number % 2)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number}.png")
    data.register("my-pets", lambda: "./my_pets", replace=True)
    with pytest.warns(UserWarning, match="'my_pets' is read as the source of this name, not as"):
        assert len(data.load("my_pets", image_size=8).train[0]) > 1
    data.register("my-pets", lambda: "my_pets", replace=True)
    with (
        pytest.warns(UserWarning, match="as the source of this name"),
        pytest.raises(ValueError, match=r"such as './my_pets'"),
    ):
        data.load("my_pets", image_size=8)
    records = [{"image": image, "label": 0} for image in batch]
    data.register("my-records", lambda: records, replace=True)
    with pytest.raises(ValueError, match="images in memory cannot be streamed or packed"):
        data.image_files("my-records", 8)


@pytest.mark.parametrize(
    ("register", "taken"),
    [
        (mix.register, "mixup"),
        (losses.register, "asymmetric"),
        (search.register, "tpe"),
        (data.register, "digits"),
    ],
)
def test_names_that_cannot_be_registered(register, taken, written):
    def make(**given):
        return make

    assert register("My_Own", make) is make
    register("my-own", make)  # once more is no other one
    with pytest.raises(ValueError, match="'my-own' already: give another name, or replace=True"):
        register("my-own", print)
    register("my-own", print, replace=True)
    with pytest.raises(ValueError, match=f"'{taken}' already: give another name$"):
        register(taken, make, replace=True)
    with pytest.raises(
        ValueError, match="name must be letters, digits, '-' and '.', received '../"
    ):
        register("../etc", make)
    with pytest.raises(TypeError, match="function must make a .*, received 3"):
        register("three", 3)


def test_capitals_make_no_other_training(written):
    mix.register("my-own", mix.MixUp)
    losses.register("my-own", print)
    search.register("my-own", print)
    one, other = (
        training.TrainingSettings(model=model, mix=name, loss=loss)
        for model, name, loss in (("lenet5", "my-own", "my-own"), ("LeNet5", "My_Own", "MY-OWN"))
    )
    assert one == other
    assert training.TrainingSettings(mix="MixUp") == training.TrainingSettings(mix="mixup")
    assert search.SearchSettings(oracle="TPE").oracle == "tpe"
    assert search.SearchSettings(oracle="My_Own").oracle == "my-own"


def test_each_register_is_a_decorator(written):
    def made(*given, **options):
        return None

    for register in (data.register, losses.register, mix.register, search.register):
        assert register("my-decorated")(made) is made
        with pytest.raises(ValueError, match="'my-decorated' already"):
            register("my-decorated")(print)
        assert register("my-decorated", replace=True)(print) is print

    @models.register("my-decorated")
    def linear(input_shape, num_classes):
        layers = [keras.Input(input_shape), keras.layers.Flatten()]
        return keras.Sequential([*layers, keras.layers.Dense(num_classes)])

    assert models.build("my-decorated", (2, 2, 1), 3).output_shape == (None, 3)
    with pytest.raises(ValueError, match="name must be letters"):
        models.register("my decorated?")(linear)


def test_a_published_loss_gets_rows_and_probabilities(written):
    @losses.register("my-brier")
    @losses.per_sample()
    def brier(y_true, y_pred):
        return keras.ops.sum((y_pred - y_true) ** 2, axis=-1)

    losses.register("my-brier", brier)  # once more is no other one
    logits = np.log(np.float32([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]]))
    loss = registry.LOSSES.make("my-brier", from_logits=True)
    np.testing.assert_allclose(loss([0, 1], logits), [0.375, 0.01 + 0.64 + 0.49], rtol=1e-5)
    rows = np.float32([[0.5, 0.5, 0], [0, 0, 1]])
    np.testing.assert_allclose(loss(rows, logits), [0.125, 0.01 + 0.04 + 0.09], rtol=1e-5)

    @losses.register("my-margin")
    @losses.per_sample()
    def margin(y_true, y_pred, *, from_logits=False):
        assert from_logits
        return keras.ops.max(y_pred, axis=-1) - keras.ops.sum(y_true * y_pred, axis=-1)

    loss = registry.LOSSES.make("my-margin", from_logits=True)
    np.testing.assert_allclose(loss([1, 2], logits), [np.log(2), 0], atol=1e-6)

    # An option that is set with the function wins over what is asked for.
    @losses.per_sample()
    def share(y_true, y_pred, *, from_logits=True):
        assert not from_logits
        return y_pred[..., 0]

    losses.register("my-share", functools.partial(share, from_logits=False))
    loss = registry.LOSSES.make("my-share", from_logits=True)
    np.testing.assert_allclose(loss([0, 1], logits), [0.5, 0.1], rtol=1e-5)

    @losses.per_sample()
    def power(y_true, y_pred, *, exponent=2.0):
        return keras.ops.sum(keras.ops.abs(y_pred - y_true) ** exponent, axis=-1)

    losses.register("my-distance", functools.partial(power, exponent=1.0))
    loss = registry.LOSSES.make("my-distance", from_logits=True)
    np.testing.assert_allclose(loss([0, 1], logits), [1.0, 1.6], rtol=1e-5)


def test_an_installed_package_needs_no_option(written, monkeypatch):
    path = written("installed")
    entry = importlib.metadata.EntryPoint("mine", path.stem, _plugins.GROUP)
    monkeypatch.syspath_prepend(path.parent)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [entry])
    _plugins.load_installed()
    assert "darker_installed" in augment.OPS
    entry = importlib.metadata.EntryPoint("broken", "plugin_missing", _plugins.GROUP)
    with pytest.raises(ValueError, match=r"the plugin broken \(plugin_missing\) cannot be imp"):
        _plugins.load_installed()


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        ("plugin_nowhere.py", "--plugin plugin_nowhere.py: there is no such file"),
        ("plugin_nowhere", "--plugin plugin_nowhere: No module named 'plugin_nowhere'"),
        ("plugin_ends.py", r"--plugin plugin_ends.py: ends the process \(3\)"),
        ("plugin_broken.py", r"--plugin plugin_broken.py: .* \(.*plugin_broken.py, line 2\)"),
        (
            "plugin_bare.py",
            r"plugin plugin_bare.py: BaseException: no \(.*plugin_bare.py, line 1",
        ),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_one_line(written, plugin, message):
    written("broken", "x = 1\n1 / 0\n")
    written("ends", "raise SystemExit(3)")
    written("bare", "raise BaseException('no')")
    with pytest.raises(ValueError, match=message):
        _plugins.load(plugin)


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        ("plugin_nowhere.py", "--plugin plugin_nowhere.py: there is no such file"),
        ("plugin_nowhere", "--plugin plugin_nowhere: No module named 'plugin_nowhere'"),
        ("plugin_nowhere.ops", "--plugin plugin_nowhere.ops: No module named 'plugin_nowhere'"),
        ("", "--plugin : No module named ''"),
        ("plugin_unread.py", r"--plugin plugin_unread.py: .* \(.*plugin_unread.py, line 2\)"),
        ("plugin_unread", r"--plugin plugin_unread: .* \(.*plugin_unread.py, line 2\)"),
        ("plugin_null.py", r"--plugin plugin_null.py: source code (string )?cannot contain null"),
    ],
)
def test_a_plugin_that_cannot_be_read_is_told_before_tensorflow(
    written, monkeypatch, plugin, message
):
    monkeypatch.syspath_prepend(written("unread", "x = 1\nx = = 2\n").parent)
    written("null", "x = 1\0")
    monkeypatch.setattr(cli, "import_tensorflow", lambda: pytest.fail("loaded in vain"))
    result = CliRunner().invoke(cli.app, ["--plugin", plugin, "gallery"])
    assert isinstance(result.exception, ValueError)
    assert re.fullmatch(message + ".*", str(result.exception))


PLUGINS = {
    "plugin_fails": "import keras_cv_extras\n1 / 0\n",
    "plugin_asks": "import sys, tensorflow\nprint(tensorflow.VALUE, file=sys.stderr)\n1 / 0\n",
    "tensorflow": "import os\nos.write(2, b'a remark')\nVALUE = 'asked for'\n",
}
ASKS = """
import sys
from keras_cv_extras import cli
sys.path.insert(0, "")
sys.stderr = sys.stdout
sys.argv = ["kcx", "--plugin", sys.argv[1], "gallery"]
try:
    cli.main()
except SystemExit as error:
    print(error.code, "tensorflow" in sys.modules)
"""


def test_a_plugin_that_fails_is_told_before_tensorflow_is_loaded(tmp_path):
    """Where a plugin asks for TensorFlow, here a small one, its remarks are held back."""
    for name, code in PLUGINS.items():
        (tmp_path / f"{name}.py").write_text(code)
    for name, line, told in (("fails", 2, ""), ("asks", 3, "asked for\n")):
        done = subprocess.run(
            [sys.executable, "-c", ASKS, f"plugin_{name}.py"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        where = f"{tmp_path}/plugin_{name}.py, line {line}"
        error = f"error: --plugin plugin_{name}.py: division by zero ({where}) {name == 'asks'}\n"
        assert (done.stdout, done.stderr) == (told + error, "")


def test_a_plugin_may_say_where_others_are_found(written, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "plugin_deep.py").write_text("VALUE = 3\n")
    first = written("paths", f"import sys\nsys.path.append({str(tmp_path / 'deep')!r})")
    plugins = [str(first), "plugin_deep"]
    cli.start(plugins)
    assert sys.modules.pop("plugin_deep").VALUE == 3
    for last, message in (
        ("plugin_none", "No module named 'plugin_none'"),
        ("plugin_none.py", "there is no such file"),
    ):
        with pytest.raises(ValueError, match=f"^--plugin {last}: {message}$"):
            cli.start([*plugins, last])


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "raise BaseException", "1 / 0"])
def test_an_installed_plugin_that_cannot_be_loaded_is_one_line(written, monkeypatch, code):
    path = written("own", code)
    entry = importlib.metadata.EntryPoint("mine", path.stem, _plugins.GROUP)
    monkeypatch.syspath_prepend(path.parent)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [entry])
    with pytest.raises(ValueError, match="the plugin mine .* cannot be imported .*: repair its"):
        _plugins.load_installed()


def test_a_signal_while_a_plugin_is_loaded_is_a_signal(written):
    code = "from keras_cv_extras._base import supervise\nraise supervise.Ended(15)\n"
    with pytest.raises(supervise.Ended):
        _plugins.load(str(written("own", code)))


FAULTS = """
    import numpy as np
    import keras_cv_extras as kcx

    def fails():
        raise KeyError("lost")

    def bare():
        raise BaseException

    def exits():
        raise SystemExit(3)

    @kcx.augment.image_op(pixels="computed", strength=kcx.augment.Range(0.0, 1.0))
    def nothing_{name}(image, amount):
        return None

    def operated():
        return nothing_{name}(np.zeros((1, 8, 8, 1), "uint8"), 1.0)

    def smaller(input_shape, num_classes):
        return [][1]

    kcx.data.register("fails-{name}", fails)
    kcx.data.register("bare-{name}", bare)
    kcx.data.register("exits-{name}", exits)
    kcx.data.register("operated-{name}", operated)
    kcx.data.register("takes-{name}", lambda path: path)
    kcx.data.register("numbers-{name}", lambda: [1, 2])
    kcx.losses.register("takes-{name}", lambda: None)
    kcx.losses.register("three-{name}", lambda from_logits: 3)
    kcx.models.register("smaller-{name}", smaller)
"""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train fails-X", r"--plugin plugin_X.py \(.*plugin_X.py, line 6\): KeyError: 'lost'$"),
        ("train bare-X", r"--plugin plugin_X.py \(.*, line 9\): BaseException: BaseException$"),
        ("train exits-X", r"--plugin plugin_X.py \(.*, line 12\): SystemExit: 3$"),
        ("train operated-X", r"\(.*, line 19\): the op 'nothing_X' must give images .*ived None$"),
        ("train takes-X", r"the source 'takes-X' must take nothing: .*'path'$"),
        ("train numbers-X", r"the source 'numbers-X' must give a path, .* received \[1, 2\]$"),
        ("train digits --loss takes-X", r"the loss 'takes-x' must take from_logits: "),
        ("train digits --loss three-X", r"the loss 'three-x' must make a function, received 3$"),
        ("train digits --model smaller-X", r"line 22\): IndexError: list index out of range$"),
    ],
)
def test_a_plugin_that_fails_is_one_line_that_names_it(
    written, one_line_error, monkeypatch, tmp_path, arguments, message
):
    path = written("X", FAULTS)
    path = path.rename(tmp_path.parent / path.name)
    monkeypatch.setattr("sys.argv", ["kcx", "--plugin", f"../{path.name}", *arguments.split()])
    monkeypatch.setattr(_plugins, "_places", {})
    assert re.search(message.replace("--plugin ", "--plugin ../"), one_line_error())


def test_the_version():
    result = kcx("--version")
    assert result.exit_code == 0
    assert result.output == f"keras_cv_extras {__version__}\n"


@pytest.mark.parametrize("option", ["--show-completion", "--install-completion"])
def test_completion_is_offered(option, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for module in (completion, _completion_shared):  # whatever this process was started by
        monkeypatch.setattr(module, "_get_shell_name", lambda: "bash")
    result = CliRunner().invoke(cli.app, [option], prog_name="kcx")
    assert result.exit_code == 0, result.exception
    written = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert "_KCX_COMPLETE=" in result.output + written


def test_a_network_of_ones_own(monkeypatch):
    def linear(input_shape, num_classes, *, scale=1.0):
        layers = [keras.Input(input_shape), keras.layers.Rescaling(scale), keras.layers.Flatten()]
        return keras.Sequential([*layers, keras.layers.Dense(num_classes)])

    monkeypatch.setattr(_registry, "NETWORKS", dict(_registry.NETWORKS))
    assert models.register("My_Linear", linear) is linear
    assert "my-linear" in models.names()
    model = models.build("my_linear", (4, 4, 1), 3, scale=2.0)
    assert model.layers[0].scale == 2.0
    with pytest.raises(TypeError, match="my-linear takes the options scale; received 'width'"):
        models.build("my-linear", (4, 4, 1), 3, width=2)
    models.register("my-linear", linear)  # once more is no other one
    with pytest.raises(ValueError, match="there is a network 'resnet18' already: give another"):
        models.register("resnet18", linear)
    models.register("resnet18", linear, replace=True)
    assert models.build("resnet18", (4, 4, 1), 3).count_params() == 51
    seven = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
    for made, shown in ((seven, r"\(None, 16\)"), ("a model", "'a model'")):
        models.register("resnet18", lambda input_shape, num_classes, m=made: m, replace=True)
        with pytest.raises(ValueError, match=rf"resnet18 must .* \(None, 3\), received {shown}"):
            models.build("resnet18", (4, 4, 1), 3)
    models.register("resnet18", lambda input_shape, num_classes: seven, replace=True)
    with pytest.raises(TypeError, match="resnet18 takes no options; received 'widht'"):
        models.build("resnet18", (4, 4, 1), 3, widht=2)
    with pytest.raises(TypeError, match="by their names; other lacks input_shape"):
        models.register("other", lambda shape, num_classes: None)
    with pytest.raises(ValueError, match="name must be letters, digits"):
        models.register("../etc", linear)


def test_an_op_of_ones_own(monkeypatch):
    monkeypatch.setattr(_image_op, "OPS", dict(augment.OPS))

    @augment.image_op(strength=augment.Range(0.0, 1.0), pixels="computed", channels=(3,))
    def reddish(image, amount):
        return image + amount * (keras.ops.array([255.0, 0.0, 0.0]) - image)

    images = np.full((2, 4, 4, 3), 100, "uint8")
    found = np.asarray(reddish(images, [0.0, 1.0]))
    assert found[0].tolist() == images[0].tolist()
    assert np.unique(found[1].reshape(-1, 3), axis=0).tolist() == [[255, 0, 0]]
    with pytest.raises(ValueError, match=r"reddish works on images with 3 channels \(RGB\), rec"):
        reddish(images[..., :1], 1.0)
    with pytest.raises(ValueError, match="unit must be one of"):
        augment.Range(0.0, 8.0, unit="pixels")
    for strength, kernel, problem in (
        ((0.0, 1.0), lambda image, amount: image, "strength must be a Range or None"),
        (augment.Range(0.0, 1.0), lambda image, x: image, "takes no number that it could set"),
    ):
        with pytest.raises(TypeError, match=problem):
            augment.image_op(strength=strength, pixels="moved")(kernel)

    def rotate(image, amount):
        return image

    with pytest.raises(ValueError, match="there is an op 'rotate' in keras_cv_extras.augment alr"):
        augment.image_op(strength=augment.Range(0.0, 1.0), pixels="moved")(rotate)
    assert augment.OPS["rotate"].kernel is not rotate


@pytest.mark.slow
def test_an_op_of_a_known_name_is_refused_before_anything_else_is_loaded(python):
    script = "from keras_cv_extras.augment import Range, image_op\n"
    script += "def rotate(image, amount):\n    return image\n"
    script += "try:\n    image_op(strength=Range(0.0, 1.0), pixels='moved')(rotate)\n"
    script += "except ValueError as error:\n    print(error)"
    assert "there is an op 'rotate' in keras_cv_extras.augment already" in python(script)


def test_an_op_with_a_partner_and_a_strength_in_pixels(monkeypatch):
    monkeypatch.setitem(augment.OPS, "left_of_another", None)  # taken out in the end
    size = augment.Range(0.0, 0.5, unit="width")

    @augment.image_op(strength=size, pixels="moved")
    def left_of_another(image, partner, width):
        left = keras.ops.arange(image.shape[1])[None, :, None] < keras.ops.cast(width, "int32")
        return keras.ops.where(left, partner, image)

    images = np.repeat(np.array([10, 200], "uint8"), 64).reshape(2, 8, 8, 1)
    found = np.asarray(left_of_another(images, images[::-1], [2, 0]))
    assert found[:, 0, :, 0].tolist() == [[200] * 2 + [10] * 6, [200] * 8]
    chosen = policy.Policy([[policy.Step("left_of_another", 1.0, 1.0)]])
    found = np.asarray(chosen(images, seed=0, compile=False))  # half of the width
    assert found[:, 0, :, 0].tolist() == [[200] * 4 + [10] * 4, [10] * 4 + [200] * 4]


def test_a_loss_of_ones_own(tmp_path):
    @losses.per_sample()
    def spread(y_true, y_pred, *, scale=1.0):
        return keras.ops.mean(keras.ops.abs(y_pred - y_true) * scale, axis=-1)

    @keras.saving.register_keras_serializable("tests")
    class Spread(losses.FunctionLoss):
        function = spread

    truth, guess = np.zeros((3, 2)), np.array([[1.0, 3.0], [2.0, 2.0], [np.nan, 0.0]])
    loss = Spread(scale=2.0)
    weights = np.array([1.0, 1.0, 0.0])
    assert float(loss(truth[:2], guess[:2])) == pytest.approx(4.0)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert again.get_config() == loss.get_config()
    truth[2] = np.nan
    guess[2] = 0.0
    assert float(loss(truth, guess, sample_weight=weights)) == pytest.approx(8.0 / 3)
