"""Policy files that nobody should have written: one clear error, whatever is in them."""

import copy
import json
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keras_cv_extras import policy
from keras_cv_extras.policy import Policy, PolicySchedule, Step, concatenate

GOOD = Policy([[Step("rotate", 0.5, (0.2, 0.8)), Step("invert", 0.3)]], name="good").to_dict()
SCHEDULE = PolicySchedule({0: Policy([[Step("invert")]]), 3: Policy([[Step("invert")]])}).to_dict()


def places(value, path=()):
    """Yields the path of everything in a JSON value."""
    yield path
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


PLACES = [("policy", path) for path in places(GOOD)]
PLACES += [("schedule", path) for path in places(SCHEDULE)]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
HUGE = st.sampled_from([10**400, -(10**400), 10**4000, 1e308, 10**9, float("nan"), float("inf")])


def changed(place, value, key):
    kind, path = place
    made = copy.deepcopy(GOOD if kind == "policy" else SCHEDULE)
    if not path:
        return value
    holder = made
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = value
    if key is not None and isinstance(holder, dict):
        holder[key] = value
    return made


def check(place, value, key, tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(changed(place, value, key)), encoding="utf-8")
    try:
        loaded = policy.load(path)
    except ValueError as error:
        assert str(error).startswith(str(path))  # noqa: PT017
        assert len(str(error)) < 1200  # noqa: PT017
    else:
        again = policy.from_dict(json.loads(json.dumps(loaded.to_dict())))
        assert again == loaded


CASES = given(
    place=st.sampled_from(PLACES),
    value=VALUES | HUGE,
    key=st.none() | st.text(max_size=5) | st.sampled_from(["op", "steps", "weight", "num_draws"]),
)
QUIET = [HealthCheck.function_scoped_fixture]


@pytest.mark.wide
@settings(max_examples=300, deadline=None, suppress_health_check=QUIET)
@example(place=("policy", ("stages", 0, "num_draws")), value=10**9, key=None)
@example(
    place=("policy", ("stages", 0, "sub_policies", 0, "steps", 0, "rate")), value=10**400, key=None
)
@CASES
def test_any_change_loads_or_is_one_clear_error(tmp_path, place, value, key):
    check(place, value, key, tmp_path)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=QUIET)
@CASES
def test_ten_thousand_changes(tmp_path, place, value, key):
    check(place, value, key, tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 200_000 + "]" * 200_000, "nested too deep"),
        ('{"format": ' + "1" * 5000 + "}", "not a JSON file"),
        ("{", "not a JSON file"),
        ("\x00", "not a JSON file"),
    ],
)
def test_text_that_is_no_policy(text, message, tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(text, encoding="utf-8")
    for load in (policy.load, Policy.load, PolicySchedule.load):
        with pytest.raises(ValueError, match=message):
            load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p["stages"][0].update(num_draws=1_000_000_000), "num_draws must be at most 100"),
        (lambda p: p["stages"][0].update(num_levels=10**30), "num_levels must be at most"),
        (lambda p: p["stages"][0].update(probability=1), "stage 0: unknown field 'probability'"),
        (
            lambda p: p["stages"][0]["sub_policies"][0].update(rate=0.5),
            "stage 0, sub-policy 0: unknown field 'rate'",
        ),
        (lambda p: p.update(extra=1), "unknown field 'extra'"),
        (
            lambda p: p["stages"][0]["sub_policies"][0]["steps"][0].update(rate=10**400),
            "step 0: rate must be below 1.8e308",
        ),
    ],
)
def test_what_would_be_lost_or_never_end_is_named(change, message):
    fields = copy.deepcopy(GOOD)
    change(fields)
    with pytest.raises(ValueError, match=message):
        Policy.from_dict(fields)


def test_files_are_converted(tmp_path):
    path = tmp_path / "policy.json"
    assert policy.convert("svhn", path, spec="paper") == policy.auto_augment("svhn", spec="paper")
    assert policy.interop.convert is policy.convert
    assert policy.load(path) == policy.auto_augment("svhn", spec="paper")
    policy.rand_augment(2, 0.3).save(path)
    policy.convert(path, tmp_path / "augment.py", to="torchvision", strict=False)
    assert "torchvision" in (tmp_path / "augment.py").read_text()


def with_field(path, value):
    fields = copy.deepcopy(GOOD)
    holder = fields
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = value
    return fields


STEP = ("stages", 0, "sub_policies", 0, "steps", 0)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ((*STEP, "op"), {}, "step 0: op must be one of"),
        ((*STEP, "options"), None, "step 0: options must be an object, received None"),
        ((*STEP, "options"), [["fill_mode", "wrap"]] * 2, "step 0: options must be an object"),
        (STEP, {"op": "rotate", "value": 3, "signed": "no"}, "step 0: signed must be True or"),
        (STEP, {"op": "rotate", "value": 3, "whole": None}, "step 0: whole must be True or"),
        (("fill",), [], "fill must be a number, or one per channel"),
        (("value_range",), None, "value_range must be a number or a pair"),
        (("name",), ["a"], r"name must be a text, received \['a'\]"),
        (("spec",), None, "spec must be a text, received None"),
    ],
)
def test_values_of_a_wrong_type_are_named(place, value, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Policy.from_dict(with_field(place, value))


def test_a_field_that_stands_twice_is_named(tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(GOOD).replace('"rate": 0.5', '"rate": 0.5, "rate": 0.9'))
    with pytest.raises(ValueError, match="the field 'rate' stands twice"):
        policy.load(path)


def test_a_byte_order_mark_is_passed_over(tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8-sig")
    assert policy.load(path) == Policy.from_dict(GOOD)


def test_weights_whose_sum_is_infinite_keep_their_shares():
    policies = Policy([[Step("invert")], [Step("solarize", 1, 0.5)]], weights=[1e308, 1.5e308])
    assert policies.stages[0].cumulative_weights().tolist() == pytest.approx([0.4, 1.0])
    joined = concatenate([policies, Policy([[Step("rotate", 1, 0.5)]])])
    assert joined.weights == pytest.approx((0.4, 0.6, 1.0))


DAMAGED = {
    "albumentations": [None, [], {"transform": 3}, {"transform": {"transforms": [7]}}],
    "model_garden": [3, {}, [None], [[["Rotate", 0.1, 10**400]]], [[["Invert"]]]],
    "kcx": [[], [[]], [[["Invert", "x", 1]]], [[None]], 3],
    "torchvision": ["", "[" * 5000, "import os", "\0"],
    "dali": ["", "[" * 5000, "NAME = 3", "FILL =", "\0"],
    "timm": ["", "rand-m1e999", "rand-m9-n1000000000", "3a-x"],
}


@pytest.mark.parametrize("library", DAMAGED)
def test_a_file_of_another_library_that_is_damaged(library, tmp_path):
    for number, content in enumerate(DAMAGED[library]):
        path = tmp_path / f"{number}.txt"
        is_text = library in ("torchvision", "dali", "timm")
        path.write_text(content if is_text else json.dumps(content))
        with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: [^\n]+$") as seen:
            policy.convert(path, tmp_path / "made.json", source_format=library, spec="tpu")
        assert len(str(seen.value)) < 1000
    assert not (tmp_path / "made.json").exists()
