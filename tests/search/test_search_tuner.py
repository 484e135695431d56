"""`PolicyTuner` as users of keras-tuner know tuners: a model's own hyperparameters, Hyperband."""

import keras
import keras_tuner as kt
import numpy as np
import pytest

from keras_cv_extras import losses, policy, search
from keras_cv_extras.search.oracles import _recipes
from keras_cv_extras.search.stages import _request
from keras_cv_extras.search.trials import _oracle_checks

SPACE = {"num_sub_policies": 1, "num_steps": 1, "ops": ("invert", "rotate")}
RNG = np.random.default_rng(0)
LABELS = np.arange(48) % 2
IMAGES = (RNG.integers(0, 60, (48, 8, 8, 1)) + 120 * LABELS[:, None, None, None]).astype("uint8")
DATA = (IMAGES[:32], LABELS[:32]), (IMAGES[32:], LABELS[32:])


def network(rate=0.02, units=4):
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(2),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(rate), loss)
    return model


class Asking:
    """A function of `hp` that notes what it was given."""

    def __init__(self):
        self.seen = []

    def __call__(self, hp):
        rate = hp.Choice("learning_rate", [0.001, 0.02])
        units = hp.Int("units", 2, 4, step=2)
        self.seen.append((rate, units))
        return network(rate, units)


class Described(kt.HyperModel):
    def build(self, hp):
        return network(hp.Float("learning_rate", 1e-3, 1e-1, sampling="log"))


def make_tuner(folder, build, oracle=None, trials=3, **options):
    if oracle is None:
        space = search.policy_space(**SPACE)
        oracle = search.RandomOracle(max_trials=trials, hyperparameters=space)
    options = {"epochs": 2, "batch_size": 16, **options}
    return search.PolicyTuner(oracle, build, *DATA, directory=folder, **options)


@pytest.mark.wide
@pytest.mark.parametrize(
    "make",
    [
        search.TPEOracle,
        pytest.param(search.RandomOracle, marks=pytest.mark.slow),
        pytest.param(search.EvolutionOracle, marks=pytest.mark.slow),
    ],
)
def test_what_a_model_asks_for_is_searched_with_the_policy(tmp_path, make):
    build = Asking()
    oracle = make(max_trials=4, hyperparameters=search.policy_space(**SPACE))
    tuner = make_tuner(tmp_path, build, oracle)
    tuner.search()
    trials = [oracle.trials[name] for name in sorted(oracle.trials, key=int)]
    assert len(trials) == 4
    asked = [
        (t.hyperparameters.get("learning_rate"), t.hyperparameters.get("units")) for t in trials
    ]
    assert set(asked) <= set(build.seen)
    assert len({t.score for t in trials} | set(asked)) > 2
    for trial in trials:
        assert tuner.policy_of(trial).sub_policies[0][0].op in SPACE["ops"]
    best = tuner.get_best_hyperparameters()[0]
    model = tuner.hypermodel.build(best)
    np.testing.assert_allclose(model.optimizer.learning_rate, best.get("learning_rate"), rtol=1e-6)
    assert model.layers[-2].units == best.get("units")


@pytest.mark.wide
def test_every_trial_is_trained_with_its_own_rate(tmp_path):
    """A rate of 0 learns nothing, whatever else is drawn: then no weight moves."""

    def build(hp):
        return network(hp.Choice("learning_rate", [0.0, 0.05]))

    tuner = make_tuner(tmp_path, build, trials=4)
    tuner.search()
    rates = set()
    for trial in tuner.oracle.get_best_trials(4):
        rate = trial.hyperparameters.get("learning_rate")
        model = tuner.load_model(trial)
        before = tuner._builder.trainer(trial.hyperparameters, **tuner._options).new_model(
            search.trials._tuner.seed_of_trial(0, trial.trial_id)
        )
        moved = max(
            float(np.abs(a - b).max())
            for a, b in zip(model.get_weights(), before.get_weights(), strict=True)
        )
        assert (moved > 0) == (rate > 0)
        rates.add(rate)
    assert rates == {0.0, 0.05}


@pytest.mark.wide
@pytest.mark.parametrize("build", [lambda: network(), Asking()])
def test_rand_augment_is_searched_with_a_model_too(tmp_path, build):
    options = {"epochs": 1, "batch_size": 16, "directory": tmp_path, "max_trials": 2}
    grid = {"num_ops": (1,), "strengths": (0.25, 0.75), "ops": ("invert", "rotate")}
    tuner = search.RandAugmentTuner(build, *DATA, **grid, **options)
    tuner.search()
    assert len(tuner.oracle.trials) == 2
    strengths = {t.hyperparameters.get("strength") for t in tuner.oracle.trials.values()}
    assert strengths <= {0.25, 0.75}


class Inverting(search.PolicyTuner):
    """Makes policies of a number of its own."""

    def policy_of_values(self, values, **options):
        return policy.Policy([[policy.Step("invert", values["share"])]], **options)


@pytest.mark.wide
@pytest.mark.parametrize("build", [lambda: network(), Asking()])
def test_policies_of_ones_own_numbers(tmp_path, build):
    space = kt.HyperParameters()
    space.Choice("share", [0.25, 0.75])
    oracle = search.RandomOracle(max_trials=2, hyperparameters=space)
    options = {"epochs": 1, "batch_size": 16, "directory": tmp_path}
    tuner = Inverting(oracle, build, *DATA, **options)
    tuner.search()
    for trial in oracle.trials.values():
        assert tuner.policy_of(trial).sub_policies[0][0].rate == trial.hyperparameters.get("share")
        assert trial.status == "COMPLETED"


@pytest.mark.wide
def test_a_hyper_model_and_its_best_models(tmp_path):
    tuner = make_tuner(tmp_path, Described())
    tuner.search()
    models = tuner.get_best_models(2)
    trials = tuner.oracle.get_best_trials(2)
    assert len(models) == 2
    assert models[0] is not models[1]
    for model, trial in zip(models, trials, strict=True):
        outputs = np.asarray(model(DATA[1][0].astype("float32")))
        found = float(np.mean(outputs.argmax(-1) == DATA[1][1]))
        assert found == pytest.approx(trial.score)
        rate = trial.hyperparameters.get("learning_rate")
        np.testing.assert_allclose(model.optimizer.learning_rate, rate, rtol=1e-6)


@pytest.mark.wide
def test_a_joint_search_goes_on_and_its_space_must_be_the_same(tmp_path):
    first = make_tuner(tmp_path, Asking(), trials=2)
    first.search()
    build = Asking()
    again = make_tuner(tmp_path, build, trials=4)
    again.search()
    assert len(build.seen) > 1
    whole = make_tuner(tmp_path / "whole", Asking(), trials=4)
    whole.search()
    scores = [
        [(name, t.score, t.hyperparameters.values) for name, t in sorted(one.oracle.trials.items())]
        for one in (again, whole)
    ]
    assert scores[0] == scores[1]
    with pytest.raises(ValueError, match="another space, of which 'learning_rate' is a part"):
        make_tuner(tmp_path, network_alone)


def network_alone():
    return network()


@pytest.mark.wide
def test_a_search_goes_on_in_its_own_space_alone(tmp_path):
    """Other values of a hyperparameter are another space, though its names are the same."""

    def tuner(**changes):
        space = search.policy_space(**SPACE | changes)
        oracle = search.RandomOracle(max_trials=1, hyperparameters=space)
        return make_tuner(tmp_path, network_alone, oracle)

    tuner().oracle.create_trial("tuner0")  # which is written, and need not be trained
    assert len(tuner().oracle.trials) == 1
    with pytest.raises(ValueError, match=r"another space, in which 'sub_policy_0.step_0.op' has"):
        tuner(ops=("invert", "shear_x"))


@pytest.mark.parametrize(
    ("train", "validation", "problem"),
    [
        (None, DATA[1], "train must be .images, labels., two arrays, received NoneType"),
        (DATA[0], None, "validation must be .images, labels., two arrays, received NoneType"),
        (iter([DATA[0]]), DATA[1], "train must be .images, labels., two arrays, received"),
        ((IMAGES, LABELS[:5]), DATA[1], "received images of .48, 8, 8, 1. and 5 labels"),
        (DATA[0], (IMAGES[:, 0], LABELS), "validation must be images .n, height, width"),
    ],
)
def test_data_that_are_no_images_in_memory(tmp_path, train, validation, problem):
    oracle = search.RandomOracle(max_trials=1, hyperparameters=search.policy_space(**SPACE))
    with pytest.raises((TypeError, ValueError), match=problem):
        search.PolicyTuner(oracle, network_alone, train, validation, directory=tmp_path)


@pytest.mark.wide
def test_hyperband_says_how_long_a_trial_trains(tmp_path, monkeypatch):
    space = search.policy_space(**SPACE)
    oracle = kt.oracles.HyperbandOracle(
        objective=kt.Objective("val_accuracy", "max"),
        max_epochs=4,
        factor=4,
        seed=1,
        hyperparameters=space,
    )
    spans = []
    train = search.Trainer.train

    def spy(self, policy, seed, *, epochs=None, **options):
        spans.append(epochs or (0, self.epochs))
        return train(self, policy, seed, epochs=epochs, **options)

    monkeypatch.setattr(search.Trainer, "train", spy)
    tuner = make_tuner(tmp_path, network_alone, oracle, epochs=4)
    tuner.search()
    trials = [oracle.trials[name] for name in oracle.start_order]
    wanted = [trial.hyperparameters.values["tuner/epochs"] for trial in trials]
    assert set(wanted) == {1, 4}
    assert spans == [(0, count) for count in wanted]


def test_hyperband_and_the_tuner_agree_on_the_epochs(tmp_path):
    oracle = kt.oracles.HyperbandOracle(
        objective=kt.Objective("val_accuracy", "max"),
        max_epochs=9,
        hyperparameters=search.policy_space(**SPACE),
    )
    with pytest.raises(ValueError, match="epochs must be HyperbandOracle's max_epochs, 9, rec"):
        make_tuner(tmp_path, network_alone, oracle)
    with pytest.raises(ValueError, match="a trainer has a length of its own"):
        search.PolicyTuner(oracle, trainer=object(), directory=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [{"epochs": 99}, {"callbacks": []}, {"x": IMAGES}])
def test_arguments_of_fit_are_not_swallowed(tmp_path, given):
    tuner = make_tuner(tmp_path, network_alone)
    with pytest.raises(
        TypeError, match=f"search takes no arguments of fit, received {[*given][0]}"
    ):
        tuner.search(**given)
    with pytest.raises(TypeError, match="received an argument without a name"):
        tuner.search(IMAGES)


class OwnFit(Described):
    def fit(self, hp, model, *arguments, **options):
        return model.fit(*arguments, **options)


def two(first, second):
    return network()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (OwnFit(), "OwnFit.fit would not be called"),
        (two, "no argument, or hp alone, received one that takes 2"),
        (network(), "build_model must be a function that returns a new Keras model, or a"),
        (None, "build_model must be a function that returns a new Keras model, or a"),
    ],
)
def test_what_builds_no_model(tmp_path, build, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make_tuner(tmp_path, build)


def test_what_would_reach_nothing_is_refused(tmp_path):
    space = search.policy_space(**SPACE)
    space.Float("learning_rate", 1e-4, 1e-2, sampling="log")
    oracle = search.RandomOracle(hyperparameters=space)
    with pytest.raises(ValueError, match="'learning_rate' is not the policy's, and build_model"):
        make_tuner(tmp_path, network_alone, oracle)
    oracle = search.RandomOracle("val_loss", hyperparameters=search.policy_space(**SPACE))
    with pytest.raises(ValueError, match="objective must be one of val_accuracy.*'val_loss'"):
        make_tuner(tmp_path, network_alone, oracle)
    with pytest.raises(TypeError, match="hyperparameters of the model are searched by PolicyTuner"):
        search.Trainer(Asking(), DATA[0], epochs=1, batch_size=16)


def test_a_condition_of_the_model_is_refused(tmp_path):
    def build(hp):
        if hp.Boolean("wide"):
            with hp.conditional_scope("wide", [True]):
                hp.Int("units", 4, 8)
        with hp.conditional_scope("wide", [False]):
            hp.Int("depth", 1, 2)
        return network()

    with pytest.raises(ValueError, match="'depth' is conditional, which RandomOracle does not"):
        make_tuner(tmp_path, build)


@pytest.mark.wide
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["thesis.txt", "trial_0/notes.txt", "photos/cat.jpg"])
def test_a_folder_of_somebody_else_is_left_alone(tmp_path, name, overwrite):
    foreign = tmp_path / "trials" / name
    foreign.parent.mkdir(parents=True)
    foreign.write_text("mine")
    with pytest.raises(FileExistsError, match=f"holds .*{name.split('/')[0]}.*, which no search"):
        make_tuner(tmp_path, network_alone, overwrite=overwrite)
    assert foreign.read_text() == "mine"


@pytest.mark.wide
def test_a_search_of_its_own_may_be_overwritten(tmp_path):
    make_tuner(tmp_path, network_alone, trials=2).search()
    again = make_tuner(tmp_path, network_alone, trials=2, overwrite=True)
    assert again.oracle.trials == {}


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (
            kt.Objective("val_accuracy", "min"),
            r"Objective\('val_accuracy', 'max'\), received 'min'",
        ),
        (
            kt.Objective("val_log_loss", "max"),
            r"Objective\('val_log_loss', 'min'\), received 'max'",
        ),
        (["val_accuracy", kt.Objective("seconds", "min")], "must have one objective.*received 2"),
    ],
)
def test_an_objective_that_wants_the_worst_or_is_several(tmp_path, objective, message):
    oracle = kt.oracles.RandomSearchOracle(
        objective=objective, max_trials=1, hyperparameters=search.policy_space(**SPACE)
    )
    with pytest.raises(ValueError, match=message):
        make_tuner(tmp_path, network_alone, oracle)
    settings = search.SearchSettings(oracle=oracle)
    with pytest.raises(ValueError, match=message.replace("seconds", "val_log_loss")):
        _request.make_request(DATA[0], network_alone, settings)
    assert list(tmp_path.iterdir()) == []


def test_what_a_trainer_cannot_use_is_refused(tmp_path):
    space = search.policy_space(**SPACE)
    space.Float("learning_rate", 1e-3, 1e-1)
    oracle = search.RandomOracle(max_trials=1, hyperparameters=space)
    message = "'learning_rate' is not the policy's, and the model of a trainer takes none"
    with pytest.raises(ValueError, match=message):
        search.PolicyTuner(oracle, trainer=object(), directory=tmp_path)
    with pytest.raises(ValueError, match=message):
        _request.make_request(DATA[0], network_alone, search.SearchSettings(oracle=oracle))
    oracle = search.RandomOracle(max_trials=1, hyperparameters=search.policy_space(**SPACE))
    for make in (search.PolicyTuner, search.PopulationTuner):
        with pytest.raises(TypeError, match="give a trainer, or build_model and train, not both"):
            make(oracle, network_alone, trainer=object(), directory=tmp_path)
    with pytest.raises(TypeError, match="overwrite must be True or False, received 'no'"):
        make_tuner(tmp_path, network_alone, overwrite="no")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["HyperbandOracle", "GridSearchOracle"])
def test_an_oracle_without_a_number_of_trials_is_the_tuners(kind):
    options = {"max_epochs": 4} if kind == "HyperbandOracle" else {}
    oracle = getattr(kt.oracles, kind)(
        objective=kt.Objective("val_accuracy", "max"),
        hyperparameters=search.policy_space(**SPACE),
        **options,
    )
    message = "PolicyTuner" if options else "give GridSearchOracle max_trials, received None"
    with pytest.raises(ValueError, match=message):
        _request.make_request(DATA[0], network_alone, search.SearchSettings(oracle=oracle))


def test_recipes_that_the_model_or_a_population_cannot_train_are_refused(tmp_path):
    space = search.recipe_space(ops=("invert",), also=("mix", "label_smoothing"))
    oracle = search.RandomOracle(max_trials=1, hyperparameters=space)
    with pytest.raises(ValueError, match="population trains without.*asks for label_smoothing, mi"):
        search.PopulationTuner(oracle, trainer=object(), directory=tmp_path)

    def poisson(hp):
        model = network()
        model.compile("sgd", "poisson")
        return model

    def smoothed():
        model = network()
        model.compile("sgd", losses.LogLoss(from_logits=True, label_smoothing=0.1))
        return model

    with pytest.raises(ValueError, match="needs a loss that reads rows"):
        make_tuner(tmp_path, poisson, oracle)
    with pytest.raises(ValueError, match="both the policy and the loss of the model smooth"):
        make_tuner(tmp_path, smoothed, oracle)
    for asked, found in (((), set()), (("repeats",), {"repeats"})):
        assert _recipes.batches_of(search.recipe_space(ops=("invert",), also=asked)) == found
    assert list(tmp_path.iterdir()) == []


def test_a_population_is_made_of_a_model_and_images(tmp_path, monkeypatch):
    from keras_cv_extras.search.trials import _population_tuner

    made = []

    def trainer(*given, **options):
        made.append((given, options))
        return object()

    monkeypatch.setattr(_population_tuner, "PopulationTrainer", trainer)
    oracle = search.RandomOracle(hyperparameters=search.policy_space(ops=("invert", "rotate")))
    numbers = {"epochs": 3, "batch_size": 7, "population_size": 2}
    tuner = search.PopulationTuner(
        oracle, "model", "images", validation=(), directory=tmp_path, **numbers
    )
    assert made == [(("model", "images"), numbers)]
    assert tuner.oracle is oracle
    for given in ({"build_model": "model"}, {"train": "images"}):
        with pytest.raises(TypeError, match="give a trainer, or build_model and train, not both"):
            search.PopulationTuner(oracle, trainer=object(), directory=tmp_path, **given)


@pytest.mark.parametrize(
    ("name", "better", "worse"),
    [("val_accuracy", "max", "min"), ("val_log_loss", "min", "max"), ("seconds", "min", "max")],
)
def test_an_objective_goes_the_better_way(name, better, worse):
    def oracle(direction):
        return search.RandomOracle(objective=kt.Objective(name, direction))

    _oracle_checks.check_objective(oracle(better))
    with pytest.raises(ValueError, match=f"must be Objective\\('{name}', '{better}'\\), received"):
        _oracle_checks.check_objective(oracle(worse))
