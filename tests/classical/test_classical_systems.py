import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC, LinearSVC

from keras_cv_extras import classical
from keras_cv_extras.classical import (
    HOG,
    LBP,
    DenseSIFT,
    EachDescriptor,
    ImageClassifier,
    ModelFeatures,
    SpatialPyramid,
    VectorQuantization,
    fuse,
    make_classifier,
)

SYSTEMS = ("hog", "lbp", "bow", "scspm", "llc", "fisher")


def slow(*values):
    """Parameters of a test that are tried in the slow run."""
    each = [value if isinstance(value, tuple) else (value,) for value in values]
    return [pytest.param(*value, marks=pytest.mark.slow) for value in each]


@pytest.fixture(scope="module")
def digits():
    images, labels = load_digits(return_X_y=True)
    images = np.rint(images * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8)
    return images[:900], labels[:900], images[900:], labels[900:]


def _small(name, **options):
    words = {} if name in ("hog", "lbp") else {"num_words": 8}
    return make_classifier(name, pixels=8, **words, **options)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scspm", "llc", "fisher"])
def test_digits(digits, name):
    train, labels, test, test_labels = digits
    words = 16 if name == "fisher" else 64
    model = make_classifier(name, pixels=8, num_words=words)
    model.set_params(coding__max_samples=5_000).fit(train, labels)
    assert model.score(test, test_labels) >= 0.97


@pytest.mark.wide_but("hog-linear_svm", "lbp-linear_svm", "bow-linear_svm")
@pytest.mark.parametrize(
    ("name", "classifier"),
    [
        *((name, "linear_svm") for name in SYSTEMS),
        *(("hog", "kernel_svm"), ("lbp", "random_forest")),
        *slow(*((name, "kernel_svm") for name in SYSTEMS if name != "hog")),
        *slow(*((name, "random_forest") for name in SYSTEMS if name != "lbp")),
    ],
)
def test_systems_learn_and_repeat_and_are_saved(digits, name, classifier, tmp_path):
    train, labels, test, _ = (part[:200] for part in digits)
    model = _small(name, classifier=classifier)
    if "coding" in model.named_steps:
        model.set_params(coding__max_samples=1_000)
    if classifier == "random_forest":
        model.set_params(classifier__n_estimators=20)
    given = model.fit(train, labels).predict(test)
    assert np.mean(given == digits[3][:200]) > 0.6
    again = clone(model).fit(train, labels)
    assert np.array_equal(again.predict(test), given)
    path = classical.save(model, tmp_path / "model")
    assert path.suffix == ".skops"
    for named in (path, path.with_suffix("")):
        assert np.array_equal(classical.load(named).predict(test), given)
    joblib.dump(model, tmp_path / "plain.joblib")
    assert np.array_equal(joblib.load(tmp_path / "plain.joblib").predict(test), given)


@pytest.mark.wide
def test_seed_matters_and_repeats(digits):
    train = digits[0][:60]
    words = [
        make_classifier("llc", pixels=8, num_words=8, seed=seed)[:-1].fit(train)[1].words_
        for seed in (0, 0, 1)
    ]
    assert np.array_equal(words[0], words[1])
    assert not np.allclose(words[0], words[2])


@pytest.mark.wide
def test_grid_search_over_images_and_over_descriptors(digits):
    train, labels = digits[0][:100], digits[1][:100]
    steps = {"coding": VectorQuantization(8), "pooling": SpatialPyramid((1, 2)), "svm": LinearSVC()}
    coding = Pipeline([*steps.items()])
    whole = Pipeline([("features", DenseSIFT(step=1, bin_sizes=(2,))), *coding.steps])
    described = whole[0].transform(train)
    grid = [{"coding__num_words": [4]}, {"pooling__pooling": ["sum"]}]
    first = GridSearchCV(whole, grid, cv=2).fit(train, labels)
    second = GridSearchCV(coding, grid, cv=2).fit(described, labels)
    scores = [search.cv_results_["mean_test_score"] for search in (first, second)]
    np.testing.assert_allclose(*scores)
    assert first.best_score_ > 0.6


def test_fusion(digits):
    train, labels, test, test_labels = digits
    train, labels = train[:300], labels[:300]
    systems = {"hog": _small("hog"), "lbp": _small("lbp")}
    alone = min(
        clone(system).fit(train, labels).score(test, test_labels) for system in systems.values()
    )
    for method in ("voting", "stacking", "concatenation"):
        model = fuse(systems, method=method).fit(train, labels)
        assert model.score(test, test_labels) > alone, method
    forests = {name: _small(name, classifier="random_forest") for name in ("hog", "lbp")}
    assert fuse(forests).voting == "soft"
    for system in systems.values():  # those given are not fitted
        assert not any(hasattr(system[0], name) for name in ("n_features_in_", "_n_features_out"))


def test_voting_is_soft_where_all_give_probabilities():
    forests = {name: _small(name, classifier="random_forest") for name in ("hog", "lbp")}
    assert fuse(forests).voting == "soft"
    assert fuse({**forests, "svm": _small("hog")}).voting == "hard"
    stacked = fuse(forests, method="stacking", folds=4)
    assert stacked.cv == 4
    joined = fuse(forests, method="concatenation", seed=5)
    assert joined["classifier"].random_state == 5
    for _, part in joined["features"].transformer_list:  # features alone, each of length 1
        assert [name for name, _ in part.steps] == ["features", "length"]


def test_what_a_system_is_made_of():
    def made(name, classifier="linear_svm", **options):
        return make_classifier(name, classifier=classifier, **options)

    def pooling(*names):
        options = made(*names)["pooling"].get_params()
        return [options[key] for key in ("pooling", "weights", "norm", "norm_cells")]

    assert pooling("bow") == ["sum", None, "l2", True]
    assert pooling("bow", "kernel_svm") == ["sum", "lazebnik", "l1", False]
    assert pooling("scspm") == ["absmax", None, "l2", False]
    assert pooling("llc") == ["max", None, "l2", False]
    kernels = {name: made(name, "kernel_svm")["classifier"].kernel for name in SYSTEMS}
    assert kernels.pop("bow") is classical.histogram_intersection
    assert kernels.pop("lbp") is classical.chi_square
    assert set(kernels.values()) == {"rbf"}
    assert made("hog")["classifier"].C == 0.02
    assert made("llc")["classifier"].C == 1
    fisher = made("fisher", seed=3)
    assert list(fisher.named_steps) == ["features", "reduction", "coding", "classifier"]
    assert (fisher["coding"].num_words, fisher["coding"].levels) == (16, (1, 2))
    assert {fisher[step].seed for step in ("reduction", "coding")} == {3}
    assert fisher["reduction"].transformer.n_components == 64
    assert fisher["reduction"].transformer.random_state == 3
    assert made("llc", num_words=3)["coding"].num_neighbors == 3
    assert made("llc")["pooling"].levels == (1, 2, 4)
    own = SVC(kernel=classical.histogram_intersection)
    for name in SYSTEMS:
        assert made(name, own)["classifier"].kernel is own.kernel
        assert made(name, own)["classifier"] is not own
    # Of 28 pixels: cells of 4; bins of 3, 4 and 6 every 3 pixels; of others in proportion.
    assert made("hog")["features"].pixels_per_cell == 4
    assert made("hog", pixels=56)["features"].pixels_per_cell == 8
    for pixels, sizes, step in ((28, (3, 4, 6), 3), (56, (6, 8, 12), 6), (8, (1, 2), 1)):
        features = made("llc", pixels=pixels)["features"]
        assert (features.bin_sizes, features.step) == (sizes, step)


def test_features_of_a_model_are_those_that_it_predicts_with():
    import keras

    images = np.ones((3, 4, 4, 1), "float32")
    layers = [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dropout(0.5, seed=1)]
    found = classical.ModelFeatures(keras.Sequential(layers)).fit_transform(images)
    np.testing.assert_array_equal(found, np.ones((3, 16)))


def test_keras_models_are_features(digits):
    import keras

    keras.utils.set_random_seed(0)
    train, labels, test, test_labels = digits
    network = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(16, 3, activation="relu", name="maps"),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    maps = ModelFeatures(network, layer="maps", batch_size=7).fit_transform(test[:20])
    whole = keras.Model(network.inputs[0], network.get_layer("maps").output)
    wanted = keras.ops.convert_to_numpy(whole(test[:20, ..., None])).mean(axis=(1, 2))
    np.testing.assert_allclose(maps, wanted, atol=1e-5)
    model = fuse(
        {"cnn": ModelFeatures(network), "hog": HOG(pixels_per_cell=2)}, method="concatenation"
    ).fit(train, labels)
    assert model.score(test, test_labels) > 0.9
    with pytest.raises(ValueError, match="layer must be one of"):
        ModelFeatures(network, layer="nothing").fit(test)
    with pytest.raises(TypeError, match="must be a Keras model, received int"):
        ModelFeatures(3).fit(test)


@pytest.mark.parametrize(
    ("run", "error", "message"),
    [
        (lambda x, y: make_classifier("sift"), ValueError, "name must be one of 'hog'"),
        (lambda x, y: make_classifier("hog", classifier="knn"), ValueError, "classifier must be"),
        (lambda x, y: make_classifier("hog", num_words=9), ValueError, "are not for 'hog'"),
        (lambda x, y: make_classifier("llc", num_words=0), ValueError, "num_words must be at"),
        (lambda x, y: make_classifier("hog", classifier=PCA()), ValueError, "classifier must be"),
        (lambda x, y: make_classifier("llc", seed=-1), ValueError, "seed must be at least 0"),
        (lambda x, y: _small("hog").fit(x, np.ones(20)), ValueError, "two or more classes"),
        (lambda x, y: _small("hog").fit(x, y[:3]), ValueError, "one for each image"),
        (lambda x, y: _small("hog").fit(x, y * np.nan), ValueError, "NaN"),
        (lambda x, y: _small("hog").fit(x), TypeError, "labels must be given"),
        (lambda x, y: _small("hog").fit(x / 255, y), ValueError, "value_range=.0, 1."),
        (lambda x, y: _small("hog").predict(x), NotFittedError, "not fitted"),
        (
            lambda x, y: make_classifier("llc", num_words=9999, pixels=8).fit(x, y),
            ValueError,
            "descriptors are too few for num_words=9999",
        ),
        (lambda x, y: fuse({"one": HOG()}), ValueError, "two or more"),
        (lambda x, y: fuse({"a": HOG(), "b": LBP()}, method="mean"), ValueError, "method must be"),
        (lambda x, y: classical.load("nothing.skops"), FileNotFoundError, "no such file"),
        (lambda x, y: EachDescriptor(PCA()).fit(x), TypeError, "must be a DescriptorSet"),
    ],
)
def test_what_is_wrong_is_said(digits, run, error, message):
    with pytest.raises(error, match=message):
        run(digits[0][:20], digits[1][:20])


def test_pickles_come_with_a_warning(digits, tmp_path):
    model = _small("hog").fit(*digits[:2])
    with pytest.warns(UserWarning, match="reading a pickle runs the code in it"):
        path = classical.save(model, tmp_path / "model.joblib")
    with pytest.warns(UserWarning, match="read only files of people you trust"):
        assert isinstance(classical.load(path), ImageClassifier)
    with pytest.warns(UserWarning, match="read only files of people you trust"):
        assert isinstance(classical.load(tmp_path / "model"), ImageClassifier)
    with pytest.raises(FileNotFoundError, match=r"/model\.pkl: no such file, nor one with \.skops"):
        classical.load(tmp_path / "model.pkl")


def test_damaged_and_foreign_files(digits, tmp_path):
    (tmp_path / "model.skops").write_bytes(b"no archive")
    with pytest.raises(ValueError, match="not a classifier that can be read"):
        classical.load(tmp_path / "model.skops")
    (tmp_path / "model.txt").write_text("")
    with pytest.raises(ValueError, match="must end in .skops or .joblib"):
        classical.load(tmp_path / "model.txt")
    foreign = Pipeline([("a", HOG()), ("b", _Foreign())])
    path = classical.save(foreign, tmp_path / "foreign.skops")
    with pytest.raises(ValueError, match=r"not trusted: .*_Foreign"):
        classical.load(path)


class _Foreign(HOG):
    pass


def test_without_skops_it_is_a_pickle(digits, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.warns(UserWarning, match="pickle"):
        path = classical.save(_small("hog"), tmp_path / "model")
    assert path == tmp_path / "model.joblib"


def test_every_parameter_of_an_estimator_is_kept():
    for name in classical.__all__:
        thing = getattr(classical, name)
        if (
            isinstance(thing, type)
            and hasattr(thing, "get_params")
            and thing is not ImageClassifier
        ):
            required = {"EachDescriptor": (PCA(),), "ModelFeatures": (None,)}.get(name, ())
            made = thing(*required)
            assert repr(clone(made)) == repr(made)


def test_import_takes_no_tensorflow(python):
    loaded = python("import sys, keras_cv_extras.classical; print(sorted(sys.modules))")
    assert "'tensorflow'" not in loaded
    assert "'keras'" not in loaded
    assert "'skimage'" not in loaded
    assert "'cv2'" not in loaded
