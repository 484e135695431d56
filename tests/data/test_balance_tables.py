"""Data frames, and labels that are texts: what pandas and NumPy hold them in goes in and out."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from imblearn.over_sampling import SMOTEN, SMOTENC

from keras_cv_extras import data

NAMES = np.array(["cat"] * 12 + ["dog"] * 6)
FORMS = {
    "list": NAMES.tolist(),
    "numpy": NAMES,
    "object": NAMES.astype(object),
    "series": pd.Series(NAMES, name="kind"),
    "objects of pandas": pd.Series(NAMES, dtype=object),
    "categories": pd.Series(NAMES, dtype="category"),
}
ROWS = np.random.default_rng(0).normal(size=(18, 3))


def frame():
    return pd.DataFrame(
        {
            "width": ROWS[:, 0].astype("float32"),
            "legs": np.rint(ROWS[:, 1] * 9).astype("int16"),
            "tame": ROWS[:, 2] > 0,
        },
        index=np.arange(18) + 100,
    )


@pytest.mark.parametrize("form", FORMS)
def test_texts_are_classes_everywhere(form):
    labels = FORMS[form]
    weights = {"cat": 0.75, "dog": 1.5}
    assert data.class_weight(labels) == weights
    assert data.ClassStats.from_dataset(labels).classes == ("cat", "dog")
    assert list(data.class_weight(labels, "effective")) == ["cat", "dog"]
    x, y = data.smote(ROWS, labels)
    assert type(y) is (pd.Series if "s" in form and hasattr(labels, "iloc") else np.ndarray)
    assert np.asarray(y).tolist().count("dog") == 12 == len(x) - 12
    assert getattr(y, "dtype", None) == getattr(labels, "dtype", getattr(y, "dtype", None))
    assert getattr(y, "name", None) == getattr(labels, "name", None)
    assert len(data.oversample_indices(labels)) == 24
    assert len(data.undersample_indices(labels)) == 12
    _, kept = data.make_imbalanced(ROWS, labels, 3)
    assert sorted(np.asarray(kept)) == ["cat"] * 12 + ["dog"] * 4
    cleaned, cleaned_labels = data.resample(ROWS, labels, method="tomek_links")
    assert len(cleaned) == len(cleaned_labels)


def test_labels_that_are_missing_are_refused():
    for missing in (None, float("nan")):
        with pytest.raises(ValueError, match="fill in or leave out what is missing"):
            data.class_weight(np.array(["a", "b", missing], object))


def test_numbers_kept_as_objects_are_numbers():
    assert data.class_weight(np.array([0, 1, 1], object)) == {0: 1.5, 1: 0.75}


@pytest.mark.parametrize(
    "make", [data.smote, lambda x, y: data.resample(x, y, method="borderline_smote", seed=0)]
)
def test_a_frame_keeps_its_columns_and_types(make):
    table, labels = frame(), FORMS["series"]
    x, y = make(table, labels)
    assert list(x.columns) == ["width", "legs", "tame"]
    assert x.dtypes.tolist() == table.dtypes.tolist()
    pd.testing.assert_frame_equal(x[:18], table.reset_index(drop=True))
    made, made_labels = make(table.to_numpy(np.float64), NAMES)
    np.testing.assert_array_equal(x["legs"], np.rint(made[:, 1]))  # rounded, not cut off
    np.testing.assert_array_equal(y, made_labels)
    kept, _ = data.make_imbalanced(table, labels, 3)
    assert kept.dtypes.tolist() == table.dtypes.tolist()


def test_categories_need_their_own_method():
    table = frame().assign(colour=np.array(["red", "green", "blue"] * 6, object))
    with pytest.raises(ValueError, match="column 'colour' holds.*smotenc"):
        data.smote(table, NAMES)
    x, y = data.resample(table, NAMES, method="smotenc", k_neighbors=3, seed=2)
    wanted, wanted_labels = SMOTENC([2, 3], k_neighbors=3, random_state=2).fit_resample(
        table.astype({"legs": "float64"}), NAMES
    )
    wanted = wanted.assign(legs=np.rint(wanted["legs"]).astype(table["legs"].dtype))
    pd.testing.assert_frame_equal(x, wanted)
    np.testing.assert_array_equal(y, wanted_labels)
    sampler = data.Resampler("smotenc", seed=2, options={"k_neighbors": 3})
    through, through_labels = sampler.fit_resample(table, NAMES)
    pd.testing.assert_frame_equal(through, wanted)
    np.testing.assert_array_equal(through_labels, wanted_labels)
    for found in (data.Resampler(), data.SmoteSampler()):
        with pytest.raises(ValueError, match="column 'colour' holds.*smotenc"):
            found.fit_resample(table, NAMES)
    for numbers in (ROWS, table[["width", "legs"]]):
        with pytest.raises(ValueError, match="at least one column of categories"):
            data.Resampler("smotenc").fit_resample(numbers, NAMES)
    gaps = table.assign(colour=pd.array(["red", pd.NA, "blue"] * 6, dtype="string"))
    with pytest.raises(ValueError, match="missing values here, and column 'colour' has some"):
        data.resample(gaps, NAMES, method="smotenc", k_neighbors=3)
    rows = table[["width", "legs", "colour"]].to_numpy(object)
    assert data.resample(rows, NAMES, method="smotenc")[0].dtype == object
    assert data.Resampler("smotenc").fit_resample(rows, NAMES)[0].dtype == object
    with pytest.raises(ValueError, match=r"\(n, columns\).*received the shape \(18, 3, 1\)"):
        data.resample(ROWS[..., None], NAMES, method="smotenc")
    with pytest.raises(ValueError, match="held_out is for images"):
        data.resample(table, NAMES, method="smotenc", held_out=ROWS)


@pytest.mark.parametrize("rare", [1, 2])
def test_a_class_that_is_too_rare_to_be_balanced_is_named(rare):
    x = np.random.default_rng(3).normal(size=(60 + rare, 4))  # no borders of their own
    y = np.array(["a"] * 60 + ["b"] * rare)
    with pytest.warns(UserWarning, match=f"class 'b' at {rare} of {rare} .* make {60 - rare} more"):
        _, labels = data.Resampler("borderline_smote").fit_resample(x, y)
    assert labels.tolist().count("b") == rare
    for method in ("adasyn", "smote_enn", "smote_tomek"):
        with pytest.raises(
            ValueError, match=f"class 'b' has {rare}: let it look for fewer"
        ) as told:
            data.resample(x, y, method=method)
        assert ("single='duplicate'" in str(told.value)) == (rare == 1)
    y[0] = "c"  # which is rarer, and is not asked for more
    with pytest.raises(ValueError, match=f"class 'b' has {rare}: let it look for fewer"):
        data.resample(x, y, method="adasyn", sampling_strategy={"b": 20})


def test_loaded_data_becomes_imbalanced_in_its_training_part():
    digits = data.load("digits")
    small = data.make_imbalanced(digits, ratio=10)
    wanted = data.make_imbalanced(*digits.train, ratio=10)
    np.testing.assert_array_equal(small.train[0], wanted[0])
    np.testing.assert_array_equal(small.train[1], wanted[1])
    assert small.test is digits.test
    with pytest.raises(ValueError, match="y must be left out"):
        data.make_imbalanced(digits, digits.train[1])
    with pytest.raises(ValueError, match="y must be the labels"):
        data.make_imbalanced(digits.train[0])


def test_no_class_keeps_a_single_sample_unasked():
    labels = np.repeat([0, 1], 20)
    with pytest.raises(ValueError, match="class 1 would keep 1 of its 20 samples.*minimum=2"):
        data.make_imbalanced(labels, labels, 20)
    _, kept = data.make_imbalanced(labels, labels, 20, minimum=1)
    assert np.bincount(kept).tolist() == [20, 1]


@pytest.mark.parametrize("table", [ROWS, frame()[["width", "legs"]]], ids=["array", "frame"])
def test_sources_take_tables_and_texts(table):
    rows = np.asarray(table)
    drawn = data.BalancedSource(table, FORMS["series"], seed=1)
    batches = list(data.pipeline(drawn, 8, seed=1).as_numpy_iterator())
    x, y = (np.concatenate(part) for part in zip(*batches, strict=True))
    assert sorted(y.tolist()) == [b"cat"] * 12 + [b"dog"] * 12
    real = {(*row, name.encode()) for row, name in zip(rows.tolist(), NAMES, strict=True)}
    assert {(*row, name) for row, name in zip(x.tolist(), y, strict=True)} == real
    source = data.SmoteSource(table, FORMS["series"], k_neighbors=2, seed=1)
    made, labels = source.samples(range(18, 24))
    first, second, steps = (part.numpy() for part in source.pairs(np.arange(18, 24), 0))
    wanted = rows[first] + steps[:, None] * (rows[second] - rows[first])
    np.testing.assert_allclose(made, wanted, rtol=1e-5)
    assert labels.tolist() == [b"dog"] * 6
    whole, _ = next(iter(data.pipeline(source, 24, shuffle=False)))
    np.testing.assert_array_equal(whole[18:], made)
    with pytest.raises(ValueError, match="must be None for a table"):
        data.pipeline(source, 8, mix=lambda images, labels, **_: (images, labels))
    with pytest.raises(ValueError, match=r"or a table \(count, features\)"):
        data.BalancedSource(rows[:, 0], FORMS["series"])


def test_categories_alone_have_a_method_of_their_own():
    table = pd.DataFrame({"colour": ["red", "green", "blue"] * 6, "shape": ["round", "flat"] * 9})
    for options in ({}, {"categorical_features": ["colour", "shape"]}):
        with pytest.raises(ValueError, match="all columns of x are categories.*'smoten'"):
            data.resample(table, NAMES, method="smotenc", **options)
    wanted, wanted_labels = SMOTEN(k_neighbors=3, random_state=2).fit_resample(table, NAMES)
    found = data.resample(table, NAMES, method="smoten", k_neighbors=3, seed=2)
    sampler = data.Resampler("smoten", seed=2, options={"k_neighbors": 3})
    for x, y in (found, sampler.fit_resample(table, NAMES)):
        pd.testing.assert_frame_equal(x, wanted)
        np.testing.assert_array_equal(y, wanted_labels)


def test_columns_of_times_are_repeated_and_what_cannot_be_read_is_said():
    table = frame().assign(seen=pd.Timestamp("2020-02-01"), took=pd.Timedelta("1h"))
    for sampler in (data.OverSampler(), data.UnderSampler()):
        x, y = sampler.fit_resample(table, NAMES)
        assert x.dtypes.tolist() == table.dtypes.tolist()
        assert len(x) == len(y) == len(sampler.sample_indices_)
    twice = table[["width", "legs"]].set_axis(["width", "width"], axis=1)
    with pytest.raises(ValueError, match="of different names, received 'width' twice"):
        data.OverSampler().fit_resample(twice, NAMES)
    with pytest.raises(TypeError, match=r"sparse csr_matrix: x.toarray\(\)"):
        data.SmoteSource(scipy.sparse.csr_matrix(ROWS), NAMES)
    with pytest.raises(ValueError, match="turn them into texts or integers"):
        data.smote(ROWS, np.array(["2020", "2021"] * 9, "datetime64[D]"))


@pytest.mark.parametrize("dtype", ["int64", "Int64", "uint8"])
def test_whole_numbers_beside_categories_are_rounded(dtype):
    numbers = np.repeat([1, 9, 2], [20, 3, 3])
    table = pd.DataFrame({"size": numbers, "colour": ["red", "blue"] * 13}).astype({"size": dtype})
    names = ["a"] * 20 + ["b"] * 6
    x, _ = data.resample(table, names, method="smotenc", k_neighbors=5, seed=0)
    assert x.dtypes.to_dict() == table.dtypes.to_dict()
    floats = table.astype({"size": "float64"})
    wanted, _ = data.resample(floats, names, method="smotenc", k_neighbors=5, seed=0)
    assert (wanted["size"] % 1 > 0.5).any()
    np.testing.assert_array_equal(x["size"].to_numpy("float64"), np.rint(wanted["size"]))


@pytest.mark.parametrize("dtype", ["int64", "Int64", "uint64"])
@pytest.mark.parametrize("method", ["smote", "smotenc", "borderline_smote", "tomek_links"])
def test_original_rows_keep_numbers_that_floats_cannot_hold(method, dtype):
    top = np.iinfo(np.dtype(dtype.lower())).max
    numbers = np.uint64(top) - np.arange(26, dtype=np.uint64)
    table = pd.DataFrame({"id": pd.Series(numbers).astype(dtype), "size": np.arange(26) / 4})
    if method == "smotenc":
        table["colour"] = ["red", "blue"] * 13
    names = np.array(["a"] * 20 + ["b"] * 6)
    if method == "smote":
        x, _ = data.smote(table, names)
    elif method == "tomek_links":
        x, _ = data.resample(table.sample(frac=1, random_state=0), names, method=method)
    else:
        x, _ = data.resample(table, names, method=method)
    assert x.dtypes.to_dict() == table.dtypes.to_dict()
    if method == "tomek_links":
        assert len(x) < 26
        assert set(x["id"]) <= set(numbers.tolist())
        return
    pd.testing.assert_frame_equal(x[:26], table)
    assert len(x) == 40
    assert (x["id"].astype(float) > top * 0.99).all()


@pytest.mark.parametrize("method", ["smote_enn", "smote_tomek"])
def test_original_rows_of_arrays_are_those_of_the_input(method):
    numbers = (1 << 60) + 8 * np.arange(26)
    x = np.stack([numbers, 100 * (np.arange(26) >= 19)], axis=1)
    new, _ = data.resample(x, np.repeat([0, 1], [18, 8]), method=method)
    assert len({*map(tuple, x.tolist())} & {*map(tuple, new.tolist())}) > 15


@pytest.mark.parametrize("dtype", ["Int64", "float64", "Float32", "infinite"])
def test_a_column_of_numbers_that_are_missing_is_named(dtype):
    gap = np.inf if dtype == "infinite" else pd.NA if dtype[0].isupper() else np.nan
    table = frame().drop(columns="tame")
    legs = pd.array([gap, *[4] * 17], dtype="float64" if dtype == "infinite" else dtype)
    table = table.assign(legs=legs)
    named = table.assign(colour=["red", "green", "blue"] * 6)
    what = "infinite" if dtype == "infinite" else "missing"
    message = f"{what} values here, and column 'legs' has some: fill them in"
    for call in (
        lambda: data.resample(named, NAMES, method="smotenc"),
        lambda: data.Resampler("smotenc").fit_resample(named, NAMES),
        lambda: data.resample(table, NAMES, method="tomek_links"),
        lambda: data.Resampler().fit_resample(table, NAMES),
        lambda: data.smote(table, NAMES),
        lambda: data.SmoteSampler().fit_resample(table, NAMES),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    if dtype == "float64":
        rows = named[["colour", "width", "legs"]].to_numpy(object)
        with pytest.raises(ValueError, match="missing values here, and column 2 has some"):
            data.resample(rows, NAMES, method="smotenc")


@pytest.mark.parametrize("source", [data.BalancedSource, data.SmoteSource])
def test_sources_take_frames_whose_numbers_one_type_holds(source):
    labels = np.array([0] * 12 + [1] * 6)
    table = frame()
    assert source(table, labels).images.numpy().tolist() == table.astype(float).values.tolist()
    table["number"] = (1 << 60) + np.arange(18)
    called = "images" if source is data.BalancedSource else "x"
    for number in (1 << 60, -(1 << 53) - 1):
        for dtype in ("int64", "Int64"):
            table["number"] = (np.arange(18) % 2 * number).astype("int64")
            table = table.astype({"number": dtype})
            with pytest.raises(ValueError, match=f"{called} must be .* 'number' .* beyond 2..53"):
                source(table, labels)
    with pytest.raises(ValueError, match=f"{called} must hold numbers, and column 'number'"):
        source(table.assign(number="a"), labels)
    table["number"] = (1 << 53) - np.arange(18) % 2
    assert source(table, labels).images[0, 3] == 1 << 53
    table["number"] = (1 << 60) + np.arange(18)
    alone = source(table[["number"]], labels)
    assert alone.images.numpy().tolist() == table[["number"]].to_numpy().tolist()


def test_categories_that_floats_do_not_hold_come_back():
    labels = np.array([0] * 12 + [1] * 6)
    numbers = (1 << 60) + np.arange(18) % 3
    table = frame()[["width"]].assign(kind=numbers)
    for named in ([1], ["kind"], [False, True]):
        x, y = data.resample(table, labels, method="smotenc", categorical_features=named)
        assert set(x["kind"]) == {*numbers.tolist()}
        assert x["kind"].tolist()[:18] == numbers.tolist()
        assert x.dtypes.tolist() == table.dtypes.tolist()
        small, _ = data.resample(
            table.assign(kind=numbers % 3 + 1),
            labels,
            method="smotenc",
            categorical_features=named,
        )
        assert np.bincount(y).tolist() == [12, 12]
        np.testing.assert_array_equal(small["width"], x["width"])
    rows = np.stack([np.arange(18), numbers], axis=1)
    x, _ = data.resample(rows, labels, method="smotenc", categorical_features=[1])
    assert set(x[:, 1].tolist()) == {*numbers.tolist()}


@pytest.mark.parametrize("ready", [False, True])
def test_pandas_categories_that_floats_do_not_hold_come_back(ready):
    labels = np.array([0] * 12 + [1] * 6)
    numbers = (1 << 60) + np.arange(18) % 3
    table = frame()[["width"]].assign(kind=pd.Categorical(numbers))
    options = {"method": "smotenc", "categorical_features": "auto"}
    if ready:
        options = {"method": SMOTENC(categorical_features="auto", random_state=0)}
    x, _ = data.resample(table, labels, **options)
    assert x["kind"].tolist()[:18] == numbers.tolist()
    assert x["kind"].dtype == table["kind"].dtype
    small = table.assign(kind=pd.Categorical(np.arange(18) % 3))
    wanted, _ = data.resample(small, labels, **options)
    assert (x["kind"].astype("int64") - (1 << 60)).tolist() == wanted["kind"].tolist()
    pd.testing.assert_frame_equal(x, data.resample(table, labels, method="smotenc")[0])


@pytest.mark.parametrize("dtype", ["int64", "float32"])
@pytest.mark.parametrize("matrix", [scipy.sparse.csr_matrix, scipy.sparse.csr_array])
def test_smotenc_takes_sparse_matrices(dtype, matrix):
    labels = np.array([0] * 12 + [1] * 6)
    rows = np.rint(np.stack([ROWS[:, 0] * 9, ROWS[:, 1] * 9, np.arange(18) % 3], 1)).astype(dtype)
    dense, y = data.resample(rows, labels, method="smotenc", categorical_features=[2])
    x, found = data.resample(matrix(rows), labels, method="smotenc", categorical_features=[2])
    np.testing.assert_array_equal(x.toarray(), dense)
    np.testing.assert_array_equal(found, y)
    with pytest.raises(ValueError, match="all columns of x hold numbers: name those"):
        data.resample(matrix(rows), labels, method="smotenc")


@pytest.mark.parametrize(
    "sampler",
    [
        data.SmoteSampler(),
        data.OverSampler(),
        data.UnderSampler(),
        data.Resampler("adasyn", options={"n_neighbors": 2}),
    ],
    ids=lambda one: type(one).__name__,
)
def test_sparse_matrices_come_back_sparse(sampler):
    dense = np.where(ROWS > 0, ROWS, 0)
    wanted, labels = sampler.fit_resample(dense, NAMES)
    for form in (scipy.sparse.csr_matrix, scipy.sparse.csc_array, scipy.sparse.coo_matrix):
        found, found_labels = sampler.fit_resample(form(dense), NAMES)
        assert type(found) is form
        np.testing.assert_array_equal(found.toarray(), wanted)
        np.testing.assert_array_equal(found_labels, labels)
    for train, held in data.folds(scipy.sparse.csr_array(dense), NAMES, 3, sampler=sampler):
        assert isinstance(train[0], scipy.sparse.csr_array)
        rows = {row.tobytes() for row in dense}
        assert {row.tobytes() for row in held[0].toarray()} < rows
    made = data.smote(scipy.sparse.csr_matrix(dense), NAMES, seed=1)
    assert type(made[0]) is scipy.sparse.csr_matrix
    with pytest.raises(ValueError, match="holds 6 samples that smote synthesised"):
        list(data.folds(*made, 3))
