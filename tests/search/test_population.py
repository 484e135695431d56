"""Populations: on JAX, without TensorFlow, all in one process, since its programs are dear."""

import keras
import pytest

from keras_cv_extras import search

SCRIPT = """
import pathlib
import jax
import keras
import numpy as np
import keras_cv_extras as kcx
from keras_cv_extras import policy, search
from keras_cv_extras._base import engine, random
from keras_cv_extras.policy import Policy, Step
from keras_cv_extras.policy._stack import StackShape, stack_policies
from keras_cv_extras.search.trials import _child, _steps
from keras_cv_extras.search.trials._population_program import Program

assert kcx.data.load("mnist_5k").train[0].shape == (2500, 28, 28, 1)
digits = kcx.data.load("digits")
images, labels = digits.train[0][:150], digits.train[1][:150]
test = digits.test
traced, built, bad = [], [], []

class Traced(keras.layers.Layer):
    def call(self, x, training=None):
        if training:
            traced.append(x.shape)
        return x

def build():
    built.append(len(built))
    # Its weights are so large that the penalty on them is infinite.
    start = keras.initializers.Constant(1e30) if built[-1] in bad else "glorot_uniform"
    return keras.Sequential([
        keras.Input(images.shape[1:]),
        Traced(),
        keras.layers.Rescaling(1 / 16),
        keras.layers.Conv2D(8, 3, kernel_initializer=start, kernel_regularizer="l2"),
        keras.layers.BatchNormalization(momentum=0.5),
        keras.layers.ReLU(),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(10),
    ])

recipe = {"ops": "rotate,brightness", "num_ops": 1, "strength": 0.2, "spread": 1.0,
          "untouched": 0.25, "flip": 0.5}
policies = [
    Policy([[Step("identity")]]),
    Policy.random(5, 2, seed=1),
    search.policy_from({f"recipe.{name}": value for name, value in recipe.items()}),
    policy.flip_crop(),
    Policy.random(3, 3, seed=4, fill=99),
    Policy([[Step("sample_pairing", 0.5, 0.4)], [Step("rotate", 1.0, 0.2)]], weights=[1, 3]),
]
seeds = [3, 2**32 - 1, 5, 6, 3, 8]
options = {"epochs": 6, "batch_size": 64, "learning_rate": 1e-2}


def partners_of(seed, epoch, samples):
    drawn = np.asarray(random.uniform(seed, epoch, samples, 1 << 30))
    return images[(drawn * len(images)).astype(int)]


def close(ours, theirs, tolerance=2e-3):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        assert abs(a.log_loss - b.log_loss) < tolerance, (a.log_loss, b.log_loss)
        assert np.mean(a.correct != b.correct) < 0.01, np.mean(a.correct != b.correct)


# Two chunks of six policies of six shapes, and as many again: one program for full batches, one
# for the last, smaller one.
four = search.PopulationTrainer(build, (images, labels), population_size=4, **options)
scores = four.score_many(policies, seeds, *test)
# Under vmap a member sees its own batch.
programs = [tuple(shape) for shape in traced]
assert programs == [(64, 8, 8, 1), (22, 8, 8, 1)], programs
again = four.score_many(policies[::-1] + [Policy.random(4, 1, seed=9)], [*seeds[::-1], 1], *test)
assert len(traced) == 2, traced
# Each has learnt what its policy lets it learn, the mirrored digits least: a tenth less than in
# the run of which these were taken, where guessing has a tenth in all.
floors = [0.78, 0.70, 0.59, 0.30, 0.55, 0.76]
accuracies = [score.accuracy for score in scores]
assert all(one > floor for one, floor in zip(accuracies, floors, strict=True)), accuracies
assert len({score.log_loss for score in scores}) == 6

# The place in a population, and the others in it, make no difference.
close(again[:6], scores[::-1])
one = search.PopulationTrainer(build, (images, labels), **options)
assert one.population_size == 1
close(one.score_many(policies[:3], seeds[:3], *test), scores[:3])

# Keras' own training on the same batches gives the same model.
fresh = one.new_model(seeds[1])
for own, value in zip(one.model.variables, fresh.variables):
    own.assign(value)
for own, value in zip(one.model.optimizer.variables, one._optimizer_start):
    own.assign(value)
for epoch in range(options["epochs"]):
    order = random.permutation(150, seeds[1], epoch)
    augmented = policies[1](images[order], seed=seeds[1], epoch=epoch, samples=order,
                            partners=partners_of(seeds[1], epoch, order))
    for start in range(0, 150, 64):
        rows = slice(start, start + 64)
        one.model.train_on_batch(np.asarray(augmented[rows]), labels[order[rows]])
outputs = one.model.predict(test[0], verbose=0)
close([_child.score_of(outputs, test[1], 0.0)], scores[1:2])

# The draws are those of the policy alone, whatever the others are; here as on an accelerator:
# the batches as a whole.
shape = StackShape().holding(policies)
numbers = np.stack([random.permutation(150, seed)[:40] for seed in seeds]).astype("int32")
program = four._program
augment = jax.jit(program.augment, static_argnames=("branches", "value_range"))
with engine.execution("batch"):
    together = np.asarray(augment(
        jax.numpy.asarray(images), numbers, np.array(seeds, "uint32"), np.uint32(2),
        stack_policies(policies, shape, images), branches=shape.branches, value_range=(0, 255),
    ))
for place in (1, 5):
    rows = numbers[place]
    alone = policies[place](images[rows], seed=seeds[place], epoch=2, samples=rows,
                            partners=partners_of(seeds[place], 2, rows))
    different = np.abs(together[place].astype(int) - np.asarray(alone))
    assert np.mean(different > 0) < 1e-3 and different.max() <= 1, (place, np.mean(different > 0))
    assert np.mean(together[place] != images[rows]) > 0.1

# An accelerator takes the steps of an epoch in one program, of a population and of one model.
plain = search.Trainer(build, (images, labels), **options)
_steps.is_accelerated = lambda: True
looped = search.PopulationTrainer(build, (images, labels), population_size=2, **options)
close(looped.score_many(policies[:2], seeds[:2], *test), scores[:2])
at_once = search.Trainer(build, (images, labels), **options)
close([at_once.score(policies[1], 5, *test)], [plain.score(policies[1], 5, *test)], 1e-2)
_steps.is_accelerated = lambda: False

# One that diverges does no harm.
bad.append(len(built) + 1)
harmed = four.score_many(policies[:4], seeds[:4], *test)
assert np.isnan(harmed[1].accuracy) and np.isnan(harmed[1].log_loss)
assert harmed[1].correct.shape == (len(test[1]),) and not harmed[1].correct.any()
for place in (0, 2, 3):
    assert harmed[place].log_loss == scores[place].log_loss

# Rounds: the same trials interrupted or not, and a failed one.
def trials_of(name, kind, stop_at=None, **more):
    oracle = {
        "random": lambda: kt.oracles.RandomSearchOracle(
            objective=kt.Objective("val_accuracy", "max"), max_trials=10, seed=5,
            hyperparameters=search.policy_space()),
        "evolution": lambda: search.EvolutionOracle(max_trials=10, population_size=4, seed=5),
        "tpe": lambda: search.TPEOracle(max_trials=10, num_startup_trials=3, seed=5),
    }[kind]()
    def on_trial(trial):
        if stop_at is not None and int(trial.trial_id) == stop_at:
            raise KeyboardInterrupt
    tuner = search.PopulationTuner(
        oracle, validation=test, trainer=four, seed=1, directory=folder / name,
        on_trial=on_trial, **more)
    try:
        tuner.search()
    except KeyboardInterrupt:
        assert stop_at is not None
    return [(trial.hyperparameters.values, trial.status, trial.score)
            for _, trial in sorted(tuner.oracle.trials.items())], tuner

import keras_tuner as kt
folder = pathlib.Path(sys.argv[1])
for kind in ("random", "evolution", "tpe"):
    whole, tuner = trials_of(kind, kind)
    assert len(whole) == 10 and {status for _, status, _ in whole} == {"COMPLETED"}
    assert len(tuner.best_policies(2)) == 2
for kind in ("evolution", "tpe"):
    whole, _ = trials_of(kind, kind)  # it is finished: nothing is trained
    trials_of(kind + " parts", kind, stop_at=1)
    trials_of(kind + " parts", kind, stop_at=5)
    parts, _ = trials_of(kind + " parts", kind)
    assert parts == whole
bad.append(len(built) + 2)
failed, _ = trials_of("failed", "evolution")
assert [status for _, status, _ in failed].count("FAILED") == 1 and failed[2][1] == "FAILED"

# Arguments.
for wrong, words in (
    (([policies[0]], [1, 2]), "one integer per policy, 1, received 2"),
    ((policies[:1] + [policies[1].with_value_range((0, 1))], [1, 2]), "the same value_range"),
):
    try:
        four.score_many(*wrong, *test)
    except ValueError as error:
        assert words in str(error), error
    else:
        raise AssertionError(wrong)
need = program.bytes_per_member()
twice = Program(four.model, images, labels, 128).bytes_per_member()
variables = sum(v.value.nbytes for v in four.model.variables + four.model.optimizer.variables)
assert 3 * variables < need < twice < 2 * need, (variables, need, twice)
print(keras.backend.backend(), "tensorflow" in sys.modules)
"""


def test_tensorflow_is_told_where_populations_run():
    with pytest.raises(RuntimeError, match="KERAS_BACKEND=jax"):
        search.PopulationTrainer(keras.Sequential, ([], []), epochs=1, batch_size=1)


@pytest.mark.slow
def test_populations(python_on_jax, tmp_path):
    assert python_on_jax(SCRIPT, tmp_path).split()[-2:] == ["jax", "False"]
