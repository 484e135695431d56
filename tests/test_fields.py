"""JSON files are read by what their fields must be: one line names the file and the field."""

import json
import re

import pytest

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.owned import fields, json_text

FORM = {
    "share": checks.fraction,
    "score": (None, fields.no_number, checks.number),
    "names": [fields.text],
    "pair?": [fields.count, checks.boolean],
    "each": {str: {"count": fields.at_least_one}},
}
GOOD = (
    '{"share": 0.5, "score": null, "names": ["a"], "pair": [0, true], "each": {"x": {"count": 1}}}'
)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (GOOD, "[]", r"it must be an object, received \[\]"),
        (GOOD, "nothing", "not a JSON file"),
        ("0.5", "NaN", "share must be finite, received nan"),
        ("0.5", "-Infinity", "share must be finite, received -inf"),
        ("0.5", "1e999", "share must be finite, received inf"),
        ("0.5", "true", "share must be a number, received True"),
        ("0.5", "1.5", r"share must be in \[0, 1\]"),
        ("null", '"much"', "score must be a number, received 'much'"),
        ('["a"]', '["a", 1]', r"names\[1\] must be a text, received 1"),
        ('["a"]', '"a"', "names must be a list, received 'a'"),
        ("[0, true]", "[0]", "pair must be a list of 2, received 1"),
        ("[0, true]", "[0, 1]", r"pair\[1\] must be True or False"),
        ('"count": 1', '"count": 0', "each.x.count must be at least 1"),
        ('"count": 1', '"other": 1', "the field 'each.x.count' is missing"),
        ('"share": 0.5, ', "", "the field 'share' is missing"),
        ('"share": 0.5, ', '"share": 0.5, "share": 0.5, ', "the field 'share' stands twice"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, said):
    path = tmp_path / "some.json"
    path.write_text(GOOD)
    assert fields.read(path, FORM) == json.loads(GOOD)
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: .*{said}.*: go on$") as seen:
        fields.read(path, FORM, advice="go on")
    assert str(seen.value).count(str(path)) == 1


def test_what_may_be_there(tmp_path):
    path = tmp_path / "some.json"
    text = GOOD.replace('"pair": [0, true], ', "").replace("{", '{"more": [], ', 1)
    path.write_text(text.replace("null", "Infinity"))
    found = fields.read(path, FORM, finite=False)
    assert (found["score"], "pair" in found) == (float("inf"), False)
    assert fields.read(path, FORM)["score"] is None
    fields.check("each", {"a": 1, "b": "text"}, {"b": fields.text, "c?": None, str: fields.count})
    for value, said in (({"a": -1, "b": ""}, "each.a must"), ({"a": 1}, "'each.b' is missing")):
        with pytest.raises(ValueError, match=said):
            fields.check("each", value, {"b": fields.text, "c?": None, str: fields.count})
    with pytest.raises(TypeError, match="names must be null, received 1"):
        fields.check("names", 1, None)


def test_json_that_is_written_is_json(tmp_path):
    path = tmp_path / "some.json"
    files.write_json(path, {"a": (float("nan"), 1.5), "b": {"c": float("-inf")}})
    assert json_text.parse(path.read_text()) == {"a": [None, 1.5], "b": {"c": None}}
    files.write_json(path, [float("inf")], finite=False)
    assert json_text.read_json(path) == [float("inf")]
    many = ", ".join(f'"{number}": 0' for number in range(100_000))
    with pytest.raises(ValueError, match="the field '99999' stands twice"):
        json_text.parse(f'{{{many}, "99999": 1}}')
