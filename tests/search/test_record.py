"""What a search writes down, and how it is drawn."""

import csv
import types

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text

from keras_cv_extras._base.text import colors
from keras_cv_extras.policy import Policy, Step
from keras_cv_extras.search import Score
from keras_cv_extras.search.stages import _state
from keras_cv_extras.search.stages._stages import Candidate
from keras_cv_extras.search.verdict import _figures, _record

POLICY = Policy([[Step("rotate", 1.0, 0.5)]])


def score(*correct, seconds=1.0):
    correct = np.array(correct, bool)
    return Score(float(correct.mean()), 0.25, correct, seconds)


NOTHING = Score(float("nan"), float("nan"), np.zeros(4, bool), float("nan"))


def test_arms_are_of_all_their_trainings_or_of_none():
    good = Candidate("good", "control", POLICY, (0.7, 0.8))
    bad = Candidate("bad", "searched", POLICY, (0.9,))
    scores = [score(1, 1, 0, 0), score(1, 1, 1, 0)]
    one, other = _record.arms([(good, scores), (bad, [score(1, 1, 1, 1), NOTHING])])
    assert one.accuracy == pytest.approx(5 / 8)
    assert one.search_accuracy == pytest.approx(0.75)
    assert one.correct.tolist() == [[1, 1, 0, 0], [1, 1, 1, 0]]
    assert one.low < one.accuracy < one.high
    assert np.isnan([other.accuracy, other.low, other.high]).all()
    summary = _record.summary(other)
    assert (summary["accuracy"], summary["search_accuracy"]) == (None, 0.9)


def test_the_cost_of_stages(tmp_path):
    folder = _state.SearchFolder(tmp_path, {})
    for number, seconds in enumerate((1.0, 2.0, 6.0, float("nan"))):
        folder.store("portfolio", f"policy {number}", score(1, seconds=seconds))
    rows = [{"kind": "trial", "seconds": 3.0}, {"kind": "trial", "seconds": float("nan")}]
    rows.append({"kind": "control", "seconds": 50.0})
    found = _record.cost(folder, rows, types.SimpleNamespace(seconds=(4.0, 0.5)))
    assert found == {
        "screen": {"trainings": 1, "seconds": 4.5, "seconds_each": 4.5},
        "portfolio": {"trainings": 3, "seconds": 9.0, "seconds_each": 2.0},
        "trials": {"trainings": 1, "seconds": 3.0, "seconds_each": 3.0},
    }
    further = ["appeal", "harm", "promoted", "rival", "confirmation"]
    for stage in further:
        folder.store(stage, "policy", score(1))
    assert list(_record.cost(folder, rows, None)) == ["portfolio", "trials", *further]


def test_rows_are_a_table(tmp_path):
    candidate = Candidate("none", "control", POLICY, ())
    tuner = types.SimpleNamespace(oracle=types.SimpleNamespace(trials={}))
    rows = _record.rows([(candidate, score(1, 0)), (candidate, NOTHING)], tuner)
    assert [row["status"] for row in rows] == ["COMPLETED", "FAILED"]
    _record.write_trials(tmp_path / "trials.csv", rows)
    with (tmp_path / "trials.csv").open() as file:
        first, second = csv.DictReader(file)
    assert (first["val_accuracy"], first["val_log_loss"]) == ("0.5", "0.25")
    assert second["val_accuracy"] == ""


def test_a_score_comes_back_from_the_folder(tmp_path):
    folder = _state.SearchFolder(tmp_path, {})
    stored = score(*[1, 0, 1, 1, 0, 0, 1, 0, 1, 1])  # not a multiple of eight
    folder.store("portfolio", "A policy (2, 0.5)", stored)
    found = folder.load("portfolio", "A policy (2, 0.5)")
    assert found.correct.tolist() == stored.correct.tolist()
    assert (found.accuracy, found.log_loss, found.seconds) == (0.6, 0.25, 1.0)
    assert folder.load("portfolio", "another") is None
    nan = float("nan")
    folder.store("portfolio", "wild", Score(nan, nan, stored.correct, nan))
    with pytest.raises(ValueError, match="accuracy must be a number where images are correct"):
        folder.load("portfolio", "wild")


def test_the_best_policy_so_far_is_kept(tmp_path):
    folder = _state.SearchFolder(tmp_path, {})
    for accuracy, kept in ((0.5, 0.5), (0.4, 0.5), (0.6, 0.6)):
        folder.keep_best("name", POLICY, accuracy)
        assert Policy.load(tmp_path / "best.json").provenance["val_accuracy"] == kept


def test_a_folder_tells_what_was_asked_otherwise(tmp_path):
    _state.SearchFolder(tmp_path, {"model": {"layers": ("a", "b")}, "seed": 1})
    _state.SearchFolder(tmp_path, {"model": {"layers": ["a", "b"]}, "seed": 1})
    _state.SearchFolder(tmp_path, {"model": {"layers": ("a", "b")}, "seed": 1})
    with pytest.raises(ValueError, match=r"model.layers was \['a', 'b'\] and is \['a'\]\. Use"):
        _state.SearchFolder(tmp_path, {"model": {"layers": ["a"]}, "seed": 1})
    with pytest.raises(ValueError, match="seed was 1 and is 'nothing'"):
        _state.SearchFolder(tmp_path, {"model": {"layers": ["a", "b"]}})


def test_what_a_folder_does_not_say_has_a_name(tmp_path):
    """Identities leave out what the first version could not be asked."""
    _state.SearchFolder(tmp_path, {"seed": 1})
    with pytest.raises(ValueError, match=r"space was 'policy' and is 'randaugment'\. Use"):
        _state.SearchFolder(tmp_path, {"seed": 1, "space": "randaugment"})
    with pytest.raises(ValueError, match="harm_seeds was 0 and is 4; workers was 1 and is 2"):
        _state.SearchFolder(tmp_path, {"seed": 1, "workers": 2, "harm_seeds": 4})


@pytest.mark.parametrize(
    ("heights", "wanted"),
    [
        ([5.0, 1.0], [5.0, 1.0]),
        ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]),
        ([9.5, 9.0], [10.0, 9.0]),
        ([9.8, 9.9, 3.0], [9.0, 10.0, 3.0]),
        ([], []),
    ],
)
def test_labels_are_moved_apart(heights, wanted):
    np.testing.assert_allclose(_figures.spread(heights, 1.0, 0.0, 10.0), wanted)


def test_arms_are_drawn_the_best_on_top():
    arms = [
        types.SimpleNamespace(name=name, kind="control", accuracy=value, low=value, high=value)
        for name, value in (("a", 0.9), ("b", 0.5), ("c", float("nan")))
    ]
    axes = _figures.arms_figure(arms, "a").axes[0]
    labels = axes.get_yticklabels()
    assert [label.get_text() for label in labels] == ["b", "a"]
    assert [label.get_weight() for label in labels] == ["normal", "bold"]
    worse, best = ({line.get_color() for line in axes.lines[row : row + 2]} for row in (0, 2))
    assert len(worse) == len(best) == 1
    assert worse != best
    points = [line.get_data() for line in axes.lines[1::2]]
    assert [(float(x[0]), float(y[0])) for x, y in points] == [(0.5, 0), (0.9, 1)]


def test_trials_are_drawn_with_the_best_so_far():
    nan = float("nan")
    rows = [{"kind": "control", "name": "none", "val_accuracy": 0.45}]
    rows += [{"kind": "trial", "name": "t", "val_accuracy": v} for v in (nan, 0.5, 0.4, nan, 0.6)]
    points, best, *controls = _figures.trials_figure(rows).axes[0].lines
    assert np.transpose(points.get_data()).tolist() == [[1, 0.5], [2, 0.4], [4, 0.6]]
    assert np.transpose(best.get_data()).tolist() == [[1, 0.5], [2, 0.5], [3, 0.5], [4, 0.6]]
    assert [line.get_ydata()[0] for line in controls] == [0.45]


def test_rounding_errors_are_not_drawn_as_effects():
    one = types.SimpleNamespace(op="rotate", effect=1e-16, low=-1e-14, high=1e-14)
    axes = _figures.effects_figure([one]).axes[0]
    assert axes.get_xlim() == (-0.1, 0.1)
    one = types.SimpleNamespace(op="rotate", effect=0.02, low=0.01, high=0.03)
    assert _figures.effects_figure([one]).axes[0].get_xlim()[1] >= 3


def test_long_names_are_not_cut_off():
    name = "RandAugment, tuned, with flips and crops and more than that"
    arm = types.SimpleNamespace(name=name, kind="control", accuracy=0.5, low=0.4, high=0.6)
    row = {"kind": "control", "name": name, "val_accuracy": 0.5}
    trial = {"kind": "trial", "name": "0", "val_accuracy": 0.6}
    for figure in (_figures.arms_figure([arm], name), _figures.trials_figure([row, trial])):
        figure.draw_without_rendering()
        texts = [text for text in figure.findobj(Text) if text.get_text() == name]
        boxes = [text.get_window_extent() for text in texts if text.get_visible()]
        assert boxes
        assert min(box.x0 for box in boxes) >= 0
        assert max(box.x1 for box in boxes) <= figure.bbox.x1


@pytest.mark.parametrize("scheme", [colors.LIGHT, colors.DARK], ids=["light", "dark"])
def test_numbers_of_the_screen_can_be_read(scheme):
    accuracy = {op: 0.9 - 0.1 * row - 0.08 * np.arange(11) for row, op in enumerate(("a", "b"))}
    caps = dict.fromkeys(accuracy, 0.5)
    screen = types.SimpleNamespace(accuracy=accuracy, caps=caps, clean=0.9, unchanged=())
    axes = _figures.screen_figure(screen, np.linspace(0, 1, 11), scheme).axes[0]
    (picture,) = axes.images
    assert to_hex(picture.to_rgba(0.0)) == to_hex(axes.get_facecolor()) == scheme.paper
    assert len(axes.texts) == 22
    for text in axes.texts:
        column, row = text.get_position()
        background = picture.to_rgba(picture.get_array()[int(row), int(column)])
        assert colors.contrast(to_rgb(text.get_color()), background) >= 4.5
        assert ("\N{MULTIPLICATION SIGN}" in text.get_text()) == (column > 5)
    assert colors.contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
