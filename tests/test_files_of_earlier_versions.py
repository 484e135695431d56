"""Files of earlier versions, which wrote what Python's JSON has: NaN where there is null now."""

import json

import pytest

from keras_cv_extras import policy, serving
from keras_cv_extras._base.owned import kinds, marks, written
from keras_cv_extras.generative.gan import _files, _training
from keras_cv_extras.serving import _verify

NAN = float("nan")


@pytest.fixture
def write(tmp_path):
    def wrote(value, name="some.json"):
        text = json.dumps(value, indent=2) + "\n"
        assert "NaN" in text
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return wrote


def test_policies(write):
    found = policy.rand_augment().to_dict() | {"provenance": {"gain": NAN}}
    path = write(found)
    assert policy.Policy.load(path).stages == policy.rand_augment().stages
    assert policy.load(path).provenance.keys() == {"gain"}
    found["stages"][0]["sub_policies"][0]["steps"][0]["rate"] = NAN
    with pytest.raises(ValueError, match=r"some.json: .*rate .*received nan"):
        policy.Policy.load(write(found))


def test_parts_and_reports_of_gans(write):
    rows = [{"step": 100, "seconds": 1.5, "recall": NAN, "precision": float("inf")}]
    read = _training.read_parts(write({"network": None, "parts": rows}))
    assert read == [{"step": 100, "seconds": 1.5, "recall": None, "precision": None}]
    for wrong in ({"recall": "much"}, {"step": NAN}, {"step": -1}):
        with pytest.raises((TypeError, ValueError), match=r"some.json: parts\[0\]."):
            _training.read_parts(write({"network": NAN, "parts": [{**rows[0], **wrong}]}))
    assert _files._is_report(write({"memorization": {"median_ratio": NAN}, "usefulness": None}))


def test_scores_exports_and_marks(write, tmp_path):
    scores = dict.fromkeys(("accuracy", "low", "high", "precision", "recall"), NAN)
    assert written.SCORES(write(scores))
    card = {"format": "keras_cv_extras.export", "version": 2, "file_format": "saved_model"}
    card |= {"class_names": ["a", "b"], "input_shape": [8, 8, 3], "calibration_error": NAN}
    path = write(card, "model_card.json").parent
    assert serving.read_card(path)["class_names"] == ["a", "b"]
    golden = {"encoded": ["aaaa"], "probabilities": [[NAN, 1.0]], "features": None}
    assert _verify._golden(write(golden, "golden.json"))["encoded"] == ["aaaa"]
    mark = {"format": marks.FORMAT, "version": marks.VERSION, "kind": "training"}
    write({**mark, "identity": {"weight": NAN}}, marks.MARK)
    assert marks.read_mark(path)["kind"] == kinds.TRAINING.key
