"""Linear models by hinge and Huber loss, beside hand-written updates and scikit-learn."""

import pathlib
import runpy

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris

from keras_cv_extras import losses

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def svm():
    return runpy.run_path(str(EXAMPLES / "linear_svm.py"))


@pytest.fixture(scope="module")
def regression():
    return runpy.run_path(str(EXAMPLES / "robust_regression.py"))


def hinge_step(m1, m2, b, x1, x2, y, learning_rate):
    """One step of the subgradient for two features, sample by sample; `<=` at the kink."""
    d1 = d2 = db = 0.0
    for i in range(len(x1)):
        if y[i] * (m1 * x1[i] + m2 * x2[i] + b) <= 1:
            d1 -= x1[i] * y[i]
            d2 -= x2[i] * y[i]
            db -= y[i]
    n = len(x1)
    return m1 - d1 / n * learning_rate, m2 - d2 / n * learning_rate, b - db / n * learning_rate


def huber_step(m, b, x, y, delta, learning_rate):
    """One step of the gradient for one feature, sample by sample."""
    dm = db = 0.0
    for i in range(len(x)):
        error = m * x[i] + b - y[i]
        slope = error if abs(error) <= delta else delta * error / abs(error)
        dm += x[i] * slope
        db += slope
    return m - dm / len(x) * learning_rate, b - db / len(x) * learning_rate


def test_hinge_steps_are_those_by_hand(svm):
    x, y = load_iris(return_X_y=True)
    x, y = x[y > 0][:, :2], 2 * y[y > 0] - 3
    x = (x - x.mean(0)) / x.std(0)
    # Two samples at exactly y f = 1 in the first step.
    x[0], x[1], y[:2] = (1, 0.5), (-1, 0.25), (1, -1)
    model = svm["svm"](2, 0.0, 0.1)
    by_hand = 1.0, 0.0, 0.0
    model.set_weights([np.array([[1.0], [0.0]]), np.zeros(1)])
    for _ in range(25):
        by_hand = hinge_step(*by_hand, x[:, 0], x[:, 1], y, 0.1)
        model.train_on_batch(x, y)
        kernel, bias = model.get_weights()
        np.testing.assert_allclose([*kernel[:, 0], bias[0]], by_hand, rtol=1e-5, atol=1e-6)


def test_huber_steps_are_those_by_hand(regression):
    x, y = load_diabetes(return_X_y=True)
    x, y = x[:, 2] / x[:, 2].std(), (y - y.mean()) / y.std()
    model = regression["regression"](1, losses.Huber(0.8), 0.0, 0.5)
    by_hand = 0.0, 0.0
    for _ in range(25):
        errors = np.abs(by_hand[0] * x + by_hand[1] - y)
        assert 0.1 < np.mean(errors <= 0.8) < 0.9  # both branches
        by_hand = huber_step(*by_hand, x, y, 0.8, 0.5)
        model.train_on_batch(x[:, None], y[:, None])
        kernel, bias = model.get_weights()
        np.testing.assert_allclose([kernel[0, 0], bias[0]], by_hand, rtol=1e-4, atol=1e-6)


@pytest.mark.wide
def test_svm_agrees_with_scikit_learn(svm, capsys):
    (weights, bias), (wanted, offset) = svm["main"](steps=1500)
    printed = capsys.readouterr().out.split()
    objectives = [
        float(printed[i + 1].strip(",")) for i, w in enumerate(printed) if w == "objective"
    ]
    assert objectives[0] == pytest.approx(objectives[1], rel=2e-3)
    np.testing.assert_allclose(weights, wanted, atol=0.06 * np.abs(wanted).max())
    assert float(printed[printed.index("for") + 1].strip("%")) >= 99


@pytest.mark.wide
def test_regression_agrees_with_scikit_learn(regression):
    x, y = (np.asarray(each) for each in load_diabetes(return_X_y=True))
    x, y = (x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std()
    slopes, intercept = regression["trained"](losses.Huber(regression["DELTA"]), x, y, 2000)
    wanted, offset = regression["by_scikit_learn"](x, y)
    np.testing.assert_allclose(slopes, wanted, atol=0.06 * np.abs(wanted).max())
    assert intercept == pytest.approx(offset, abs=0.01)
