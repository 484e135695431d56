"""Files of classifiers that somebody else made: refused, or read as what they are."""

import io
import json
import zipfile

import numpy as np
import pytest
from sklearn import ensemble, linear_model

from keras_cv_extras import classical
from keras_cv_extras.classical.saved import _save

skops_io = pytest.importorskip("skops.io")
X, Y = np.random.default_rng(0).random((30, 4)), np.arange(30) % 2


def node(module, name, loader, content, **more):
    fields = {"__class__": name, "__module__": module, "__loader__": loader}
    return {**fields, "content": content, "__id__": 1, **more}


def text(value):
    return node("builtins", "str", "JsonNode", json.dumps(value), is_json=True)


def array(shape, dtype="<f8"):
    file = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + bytes(64)


ARRAY = node("numpy", "ndarray", "NdArrayNode", "x", type="numpy", file="a.npy")


def function(module, name):
    return node(module, name, "FunctionNode", {"module_path": module, "function": name})


HOSTILE = {
    "a function": (function("os", "system"), "not trusted: os.system"),
    "a function of NumPy": (function("numpy", "load"), "not trusted: numpy.load"),
    "what writes": (function(_save.__name__, "save"), "not trusted: .*_save.save"),
    "a type": (
        node("subprocess", "Popen", "TypeNode", {"__class__": "Popen", "__module__": "subprocess"}),
        "not trusted: subprocess.Popen",
    ),
    "a method": (
        node("builtins", "str", "MethodNode", {"func": "format", "obj": text("x")}),
        "not trusted: builtins.str, builtins.str.format",
    ),
    "a call": (
        node(
            "operator",
            "methodcaller",
            "OperatorFuncNode",
            {"__class__": "tuple"},
            attrs=node("builtins", "tuple", "TupleNode", [text("system")]),
        ),
        "not trusted: operator.methodcaller",
    ),
    "a mapped file": (
        node("numpy", "memmap", "ObjectNode", text("x")),
        "not trusted: numpy.memmap",
    ),
    "a loader that there is not": (node("os", "x", "EvilNode", {}), "Can't find loader EvilNode"),
    "a path": ({**ARRAY, "file": "../../etc/passwd"}, "no item named"),
    "a text": (text("no estimator"), "it holds a str, which is no estimator"),
    "a list": (node("builtins", "list", "ListNode", []), "it holds a list, which is no estimator"),
    "itself": (
        node("builtins", "list", "ListNode", [node("builtins", "list", "CachedNode", None)]),
        "recursion",
    ),
}


def written(path, root, **files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_npy", ".npy"), content)
        schema = {**root, "protocol": skops_io._protocol.PROTOCOL, "_skops_version": "0.16.0"}
        archive.writestr("schema.json", json.dumps(schema))
    return path


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_classifier_is_refused(kind, tmp_path):
    root, message = HOSTILE[kind]
    path = written(tmp_path / "x.skops", root)
    with pytest.raises(ValueError, match=f"not a classifier that can be read .*{message}"):
        classical.load(path)


@pytest.mark.parametrize("shape", [(10**11,), (2_500_000_000,), (99,)])
def test_an_array_that_the_file_lacks_is_not_made(shape, tmp_path):
    """Eighteen gibibytes were asked of the system for a file of a kilobyte."""
    path = written(tmp_path / "x.skops", ARRAY, a_npy=array(shape))
    with pytest.raises(ValueError, match="a.npy in it says .* bytes, and holds less"):
        classical.load(path)


def test_an_array_of_objects_is_a_pickle(tmp_path):
    path = written(tmp_path / "x.skops", ARRAY, a_npy=array((3,), "|O"))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        classical.load(path)


def test_a_small_file_of_very_many_parts_is_refused_before_they_are_made(tmp_path, monkeypatch):
    monkeypatch.setattr(_save, "_FREE_PARTS", 3)
    path = classical.save(linear_model.LogisticRegression().fit(X, Y), tmp_path / "x.skops")
    assert classical.load(path).predict(X).shape == (30,)  # as large as its parts are
    packed = written(tmp_path / "y.skops", {**ARRAY, "more": [{"__loader__": ""}] * 1000})
    with pytest.raises(ValueError, match="it has more than .* parts, as no file of its size"):
        classical.load(packed)


def test_a_forest_that_is_not_fitted_stands_in_what_is(tmp_path):
    """Estimators of estimators keep the one that they were given."""
    forest = ensemble.RandomForestClassifier(2, random_state=0)
    model = ensemble.VotingClassifier([("forest", forest)]).fit(X, Y)
    path = classical.save(model, tmp_path / "x.skops")
    np.testing.assert_array_equal(classical.load(path).predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("field", "value"),
    [("left_child", 10**9), ("right_child", 0), ("left_child", -7), ("feature", 4)],
)
@pytest.mark.parametrize("made", [ensemble.RandomForestClassifier, ensemble.ExtraTreesClassifier])
def test_a_tree_that_leads_outside_of_itself(made, field, value, tmp_path):
    """Predictions read memory of others, or did not end."""
    model = made(2, random_state=0).fit(X, Y)
    path = classical.save(model, tmp_path / "good.skops")
    np.testing.assert_array_equal(classical.load(path).predict(X), model.predict(X))
    tree = model.estimators_[1].tree_
    state = tree.__getstate__()
    state["nodes"] = state["nodes"].copy()
    state["nodes"][field][0] = value
    tree.__setstate__(state)
    path = classical.save(model, tmp_path / "bad.skops")
    with pytest.raises(ValueError, match="a tree in it leads outside of itself"):
        classical.load(path)


def test_a_tree_of_more_features_than_its_forest(tmp_path):
    model = ensemble.RandomForestClassifier(2, random_state=0).fit(X, Y)
    wider = ensemble.RandomForestClassifier(2, random_state=0).fit(np.fliplr(np.tile(X, 9)), Y)
    model.estimators_[0] = wider.estimators_[0]
    path = classical.save(model, tmp_path / "bad.skops")
    with pytest.raises(ValueError, match="a tree in it leads outside of itself"):
        classical.load(path)
