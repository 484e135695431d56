"""Samplers in imbalanced-learn's pipelines, folds, and thresholds of decisions."""

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from imblearn.utils.estimator_checks import parametrize_with_checks
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.model_selection import GridSearchCV, cross_val_score

from keras_cv_extras import data

SAMPLERS = [
    data.SmoteSampler(),
    data.OverSampler(),
    data.UnderSampler(),
    data.Resampler("borderline_smote"),
    data.Resampler("tomek_links", options={}),
]


CHECKS = parametrize_with_checks(SAMPLERS).mark  # a generator, which pytest takes no longer


@pytest.mark.parametrize(CHECKS.args[0], list(CHECKS.args[1]), ids=CHECKS.kwargs["ids"])
def test_checks_of_imbalanced_learn(estimator, check):
    check(estimator)


def rows(counts=(60, 12), size=4, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(len(counts)), counts))
    return generator.normal(size=(len(labels), size)) + labels[:, None], labels


def test_samplers_do_what_the_functions_do():
    x, y = rows()
    for sampler, wanted in (
        (data.SmoteSampler(k_neighbors=3, seed=5), data.smote(x, y, k_neighbors=3, seed=5)),
        (data.Resampler("adasyn", seed=5), data.resample(x, y, method="adasyn", seed=5)),
    ):
        found = sampler.fit_resample(x, y)
        np.testing.assert_array_equal(found[0], wanted[0])
        np.testing.assert_array_equal(found[1], wanted[1])
    over = data.OverSampler(seed=5)
    np.testing.assert_array_equal(over.fit_resample(x, y)[0], x[data.oversample_indices(y, seed=5)])
    np.testing.assert_array_equal(over.sample_indices_, data.oversample_indices(y, seed=5))
    under = data.UnderSampler(seed=5).fit_resample(x, y)[0]
    np.testing.assert_array_equal(under, x[data.undersample_indices(y, seed=5)])


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda item: type(item).__name__)
def test_images_and_frames_with_texts_for_labels(sampler):
    x, y = rows((20, 8), size=27)
    names = pd.Series(np.array(["cat", "dog"])[y], name="kind")
    images = (x.reshape(-1, 3, 3, 3) * 20 + 100).astype("uint8")
    found, labels = clone(sampler).fit_resample(images, names)
    assert found.shape[1:] == (3, 3, 3)
    assert found.dtype == np.uint8
    assert labels.name == "kind"
    assert set(labels) == {"cat", "dog"}
    frame = pd.DataFrame(x[:, :3], columns=list("abc")).astype({"b": "float32"})
    table, _ = clone(sampler).fit_resample(frame, names)
    assert table.dtypes.to_dict() == frame.dtypes.to_dict()


def test_repeating_and_leaving_out_keeps_columns_of_texts():
    x = pd.DataFrame({"colour": ["red", None, "blue", "red"], "size": [1, 2, 3, 4]})
    for sampler in (data.OverSampler(), data.UnderSampler()):
        found, labels = sampler.fit_resample(x, ["a", "a", "a", "b"])
        assert found.dtypes.to_dict() == x.dtypes.to_dict()
        assert isinstance(labels, list)
        assert labels.count("a") == labels.count("b")


class Spy(LogisticRegression):
    """Notes what it is fitted with and asked about."""

    seen = []

    def fit(self, x, y):
        self.seen.append(("fit", x))
        return super().fit(x, y)

    def predict(self, x):
        self.seen.append(("predict", x))
        return super().predict(x)


def test_nothing_leaks_in_a_pipeline():
    x, y = rows()
    Spy.seen.clear()
    scores = cross_val_score(make_pipeline(data.SmoteSampler(), Spy()), x, y, cv=3)
    assert len(scores) == 3
    kinds = [kind for kind, _ in Spy.seen]
    assert kinds == ["fit", "predict"] * 3
    for (_, train), (_, held) in zip(Spy.seen[::2], Spy.seen[1::2], strict=True):
        assert len(train) == 80
        assert data.synthetic_rows(train).sum() == 32
        assert not data.synthetic_rows(held).any()
        real = {row.tobytes() for row in train[:48]}
        assert not any(row.tobytes() in real for row in held)
    search = GridSearchCV(
        make_pipeline(data.SmoteSampler(), LogisticRegression()),
        {"smotesampler__k_neighbors": [1, 3]},
        cv=2,
    )
    assert search.fit(x, y).best_params_["smotesampler__k_neighbors"] in (1, 3)


def test_every_sampler_is_checked():
    public = [name for name in dir(data) if hasattr(getattr(data, name), "fit_resample")]
    assert {type(sampler).__name__ for sampler in SAMPLERS} == {*public}


def test_folds_resample_training_parts_alone():
    x, y = rows()
    names = np.array(["cat", "dog"])[y]
    held_out = []
    for (_, train_y), (held_x, held_y) in data.folds(
        x, names, 3, sampler=data.SmoteSampler(), seed=4
    ):
        assert np.unique(train_y, return_counts=True)[1].tolist() == [40, 40]
        assert np.unique(held_y, return_counts=True)[1].tolist() == [20, 4]
        assert not data.synthetic_rows(held_x).any()
        held_out.append(held_x)
    together = np.concatenate(held_out)
    np.testing.assert_array_equal(np.sort(together, axis=0), np.sort(x, axis=0))
    frame = pd.DataFrame(x)
    again = [held.to_numpy() for _, (held, _) in data.folds(frame, names, 3, seed=4)]
    np.testing.assert_array_equal(np.concatenate(again), together)
    other = [held for _, (held, _) in data.folds(x, names, 3, seed=5)]
    assert (np.concatenate(other) != together).any()


@pytest.mark.parametrize("sampler", [None, data.OverSampler()])
def test_folds_of_frames_keep_their_index(sampler):
    x, y = rows()
    frame = pd.DataFrame(x, index=[f"row {number}" for number in range(len(x))])
    labels = pd.Series(y, index=frame.index)
    for (train, train_y), (held, held_y) in data.folds(frame, labels, 3, sampler=sampler):
        pd.testing.assert_frame_equal(held, frame.loc[held.index])
        pd.testing.assert_series_equal(held_y, labels.loc[held.index])
        if sampler is None:
            pd.testing.assert_frame_equal(train, frame.drop(held.index))
            assert train_y.index.equals(train.index)


def test_folds_refuse_what_would_leak_or_lack_a_class():
    x, y = rows()
    for arguments, kind, message in (
        ((*data.smote(x, y), 3), ValueError, "synthesised"),
        ((x, y, 13), ValueError, "class 1 has 12 samples, fewer than num_folds=13"),
        ((x, y[:5]), ValueError, "must have the same length"),
        ((x, y, 1), ValueError, "num_folds"),
    ):
        with pytest.raises(kind, match=message):
            data.folds(*arguments)
    with pytest.raises(TypeError, match="sampler must have fit_resample"):
        data.folds(x, y, sampler="smote")
    assert len(list(data.folds(x, y, 12))) == 12, "one sample of class 1 in each"


@pytest.mark.parametrize(
    ("metric", "measure"),
    [
        ("balanced_accuracy", balanced_accuracy_score),
        ("macro_f1", lambda y, found: f1_score(y, found, average="macro")),
    ],
)
@pytest.mark.parametrize("counts", [(200, 20), (200, 60, 20)])
def test_thresholds_raise_the_metric(metric, measure, counts):
    x, y = rows(counts)
    fitted = LogisticRegression().fit(x, y)
    shares = fitted.predict_proba(x)
    decide = data.ClassThresholds(metric).fit(shares, y)
    assert decide.plain_score_ == pytest.approx(measure(y, shares.argmax(axis=1)))
    assert decide.score_ == pytest.approx(measure(y, decide.predict(shares)))
    assert decide.score_ > decide.plain_score_
    assert decide.thresholds_.sum() == pytest.approx(1)
    other, other_y = rows(counts, seed=1)
    held = fitted.predict_proba(other)
    gain = measure(other_y, decide.predict(held)) - measure(other_y, held.argmax(axis=1))
    assert gain > (0.03 if metric == "balanced_accuracy" else -0.02)


def test_thresholds_stay_where_nothing_is_gained():
    decide = data.ClassThresholds().fit([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], [0, 1, 0])
    np.testing.assert_array_equal(decide.thresholds_, [0.5, 0.5])


def test_two_classes_have_the_best_cut_of_all():
    x, y = rows((80, 15))
    share = LogisticRegression().fit(x, y).predict_proba(x)[:, 1]
    decide = data.ClassThresholds().fit(share, y)
    cuts = [balanced_accuracy_score(y, share >= cut) for cut in np.unique(share)]
    assert decide.score_ == pytest.approx(max(cuts))
    np.testing.assert_array_equal(decide.predict(share), share > decide.thresholds_[1])


def test_thresholds_of_texts_are_those_of_their_numbers():
    x, y = rows((80, 15))
    shares = LogisticRegression().fit(x, y).predict_proba(x)
    names = pd.Series(np.array(["cat", "dog"])[y])
    decide, plain = data.ClassThresholds().fit(shares, names), data.ClassThresholds().fit(shares, y)
    np.testing.assert_array_equal(decide.thresholds_, plain.thresholds_)
    found = decide.predict(shares)
    assert balanced_accuracy_score(names, found) == pytest.approx(decide.score_)
    np.testing.assert_array_equal(found, np.array(["cat", "dog"])[plain.predict(shares)])


def test_thresholds_go_by_the_names_of_columns():
    x, y = rows((80, 15))
    shares = LogisticRegression().fit(x, y).predict_proba(x)
    for names in (["cat", "dog"], [0, 1]):
        labels = np.array(names)[y]
        frame = pd.DataFrame(shares, columns=names)[names[::-1]]
        decide = data.ClassThresholds().fit(frame, labels)
        plain = data.ClassThresholds().fit(shares, labels)
        np.testing.assert_array_equal(decide.thresholds_, plain.thresholds_)
        np.testing.assert_array_equal(plain.predict(frame), plain.predict(shares))
        texts = frame.set_axis([str(name) for name in frame.columns], axis=1)
        np.testing.assert_array_equal(plain.predict(texts), plain.predict(shares))
        decide = data.ClassThresholds().fit(texts, labels)
        np.testing.assert_array_equal(decide.thresholds_, plain.thresholds_)
    texts = pd.Series(np.array(["0", "1"])[y])  # and the other way round
    frame = pd.DataFrame(shares[:, ::-1], columns=[1.0, 0.0])
    decide = data.ClassThresholds().fit(frame, texts)
    np.testing.assert_array_equal(decide.thresholds_, plain.thresholds_)
    others = pd.DataFrame(shares, columns=["first", "second"])  # by their places
    np.testing.assert_array_equal(
        data.ClassThresholds().fit(others, y).thresholds_, plain.thresholds_
    )


def test_thresholds_refuse_columns_that_name_some_classes():
    x, y = rows((80, 15))
    shares = LogisticRegression().fit(x, y).predict_proba(x)
    names = np.array(["cat", "dog"])[y]
    decide = data.ClassThresholds().fit(shares, names)
    for columns in (["dog", "other"], ["dog", "dog"], ["dog", None]):
        with pytest.raises(ValueError, match=r"a column for each class, \['cat', 'dog'\], or col"):
            data.ClassThresholds().fit(pd.DataFrame(shares, columns=columns), names)
        with pytest.raises(ValueError, match="a column for each class"):
            decide.predict(pd.DataFrame(shares, columns=columns))
    with pytest.raises(ValueError, match="a column for each class"):
        decide.predict(pd.DataFrame({"cat": shares[:, 1]}))
    for frame in (
        pd.DataFrame({"dog": shares[:, 1]}),
        pd.DataFrame({"chance": shares[:, 1]}),
        pd.DataFrame(shares[:, 1]),
        pd.DataFrame(shares),
    ):
        np.testing.assert_array_equal(decide.predict(frame), decide.predict(shares))
    with pytest.raises(ValueError, match=r"give its to_numpy\(\) if"):
        decide.fit(pd.DataFrame(shares, columns=[1, 2]), np.array(["2", "3"])[y])
    three = data.ClassThresholds().fit(np.eye(3) * 0.7 + 0.1, ["1", "2", "3"])
    found = three.predict(pd.DataFrame(np.eye(3) * 0.7 + 0.1))  # columns without names
    assert found.tolist() == ["1", "2", "3"]


def test_thresholds_take_columns_that_are_numbers_in_a_row():
    """As `frame.iloc[:, 1:]` has them of a table without names."""
    x, y = rows((80, 15, 10))
    shares = LogisticRegression().fit(x, y).predict_proba(x)
    plain = data.ClassThresholds().fit(shares, y)
    table = pd.DataFrame(np.column_stack([y, shares]))
    decide = data.ClassThresholds().fit(table.iloc[:, 1:], y)
    np.testing.assert_array_equal(decide.thresholds_, plain.thresholds_)
    np.testing.assert_array_equal(decide.predict(table.iloc[:, 1:]), plain.predict(shares))
    with pytest.raises(ValueError, match="a column for each class"):
        decide.predict(table.iloc[:, [1, 3, 2]])


def test_thresholds_take_classes_as_scikit_learn_orders_them():
    shares = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.55, 0.45]])
    for low, high in ((False, True), (-1, 1)):
        labels = pd.Series([low, low, high, high])
        decide = data.ClassThresholds().fit(shares, labels)
        assert (decide.score_, decide.plain_score_) == (1.0, 0.5)
        assert decide.predict(shares).tolist() == labels.tolist()


def test_thresholds_refuse_what_they_cannot_read():
    shares = np.full((4, 2), 0.5)
    for given, labels, message in (
        (shares * 6, [0, 1, 0, 1], "take softmax or sigmoid"),
        (shares * np.nan, [0, 1, 0, 1], "leave rows with NaN out"),
        (shares, [0, 0, 0, 0], "hold every class from 0 to 1"),
        (shares, [1, 2, 1, 2], "hold every class from 0 to 1"),
        (shares, ["a", "b", "c", "a"], "texts of 2 classes"),
        (shares, [0.0, 1.0, 0.0, 1.0], "or integers that hold"),
        (shares, [0, 2, 0, 2], "hold every class from 0 to 1"),
        (shares, [0, 1, 0], "must have the same length"),
    ):
        with pytest.raises(ValueError, match=message):
            data.ClassThresholds().fit(given, labels)
    with pytest.raises(ValueError, match="call fit with validation data"):
        data.ClassThresholds().predict(shares)
    with pytest.raises(ValueError, match="must have 2 columns"):
        data.ClassThresholds().fit(shares, [0, 1, 0, 1]).predict(np.full((4, 3), 0.3))
