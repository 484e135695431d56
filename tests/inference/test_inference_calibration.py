import numpy as np
import pytest
from scipy import optimize, special

from keras_cv_extras.inference import Calibration, fit_temperature


def overconfident(count=4000, classes=5, temperature=3.0, seed=0):
    """Labels drawn from the softmax of logits, and the logits times a temperature."""
    numbers = np.random.default_rng(seed)
    logits = numbers.normal(0, 1.5, (count, classes))
    chances = special.softmax(logits, axis=-1)
    labels = (chances.cumsum(axis=-1) < numbers.random((count, 1))).sum(axis=-1)
    return logits * temperature, labels


def log_loss(logits, labels, temperature):
    return -special.log_softmax(logits / temperature, axis=-1)[
        np.arange(len(labels)), labels
    ].mean()


def test_the_temperature_that_made_the_logits_is_found():
    logits, labels = overconfident()
    calibration = fit_temperature(logits, labels)
    assert calibration.temperature == pytest.approx(3.0, rel=0.05)
    assert calibration.num_samples == 4000
    best = optimize.minimize_scalar(
        lambda value: log_loss(logits, labels, value), bounds=(0.1, 10), method="bounded"
    )
    assert calibration.temperature == pytest.approx(best.x, rel=1e-3)
    # Logarithms of probabilities are logits too.
    again = fit_temperature(special.log_softmax(logits, axis=-1), labels)
    assert again.temperature == pytest.approx(calibration.temperature, rel=1e-6)


def test_logits_that_sum_to_one_are_no_probabilities():
    logits = np.array([[2.0, -1.0], [-1.5, 2.5], [1.5, -0.5]])
    assert 0.05 < fit_temperature(logits, np.array([0, 1, 1])).temperature < 20


def test_what_cannot_be_fitted_is_bounded():
    logits = np.eye(3) * 5
    for scale, labels, bound in ((1, 0, 0.05), (1, 1, 20.0), (1e30, 0, 0.05)):
        with pytest.warns(UserWarning, match=f"came to its bound, {bound:g}: 3 samples"):
            found = fit_temperature(logits * scale, (np.arange(3) + labels) % 3)
        assert found.temperature == bound


def test_probabilities_are_those_of_the_formula():
    logits = np.random.default_rng(1).normal(0, 2, (6, 3)).astype("float32")
    calibration = Calibration(1.5, train_prior=[10, 30, 60], new_prior=[0.5, 0.25, 0.25])
    chances = special.softmax(logits.astype("float64") / 1.5, axis=-1)
    chances = chances / [0.1, 0.3, 0.6] * [0.5, 0.25, 0.25]
    chances /= chances.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(calibration(logits), chances, rtol=1e-5)
    balanced = Calibration(train_prior=[10, 30, 60])
    assert balanced.new_prior == (1 / 3, 1 / 3, 1 / 3)
    np.testing.assert_allclose(
        Calibration(2.0)(logits, "sigmoid"), special.expit(logits / 2), rtol=1e-5
    )


def test_priors_recover_the_posterior_of_shifted_classes():
    """Bayes' rule for two Gaussians, trained at 1:1 and met at 9:1."""
    x = np.linspace(-3, 3, 13)
    trained = np.stack([-((x + 1) ** 2) / 2, -((x - 1) ** 2) / 2], axis=-1)
    met = special.softmax(trained + np.log([0.9, 0.1]), axis=-1)
    calibration = Calibration(train_prior=[1, 1], new_prior=[9, 1])
    np.testing.assert_allclose(calibration(trained), met, rtol=1e-6)


def test_saved_and_loaded(tmp_path):
    calibration = Calibration(1.25, train_prior=[1, 3], num_samples=7)
    calibration.save(tmp_path / "calibration.json")
    assert Calibration.load(tmp_path / "calibration.json") == calibration
    with pytest.raises(FileNotFoundError):
        Calibration.load(tmp_path / "nothing.json")
    head = '{"format": "keras_cv_extras.calibration", "version": '
    for text in ("{}", "[]", f"{head}2}}", f'{head}1, "num_samples": "many"}}'):
        (tmp_path / "wrong.json").write_text(text)
        with pytest.raises(ValueError, match=r"wrong\.json"):
            Calibration.load(tmp_path / "wrong.json")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Calibration(0.0), "temperature must be above 0"),
        (lambda: Calibration(float("nan")), "temperature must be finite"),
        (lambda: Calibration(new_prior=[1, 1]), "new_prior needs train_prior"),
        (lambda: Calibration(train_prior=[1, 0]), "train_prior must have a number above 0"),
        (lambda: Calibration(train_prior=[1, 1], new_prior=[1, 1, 1]), "received 2 and 3"),
        (lambda: Calibration(train_prior=[1, 1])(np.zeros((1, 3))), "2 classes, the model has 3"),
        (lambda: Calibration(train_prior=[1, 1])(np.zeros((1, 2)), "sigmoid"), "exclude each"),
        (lambda: fit_temperature(np.zeros((2, 3)), [0]), "at least one, received"),
        (lambda: fit_temperature(np.zeros((2, 3)), [0, 3]), "labels must lie in"),
        (lambda: fit_temperature(np.zeros((2, 3)), [0.0, 1.0]), "labels must be integers"),
        (lambda: fit_temperature(np.full((2, 3), np.inf), [0, 1]), "logits must be finite"),
        (lambda: fit_temperature([[0.1, 0.2, 0.7], [0, 1, 0]], [0, 1]), "look like probabilities"),
    ],
)
def test_wrong_values(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(("total", "taken"), [(1.0, True), (1.0005, True), (1.02, False)])
def test_what_looks_like_probabilities(total, taken):
    rows = np.full((6, 2), total / 2) + [[0.3, -0.3]]
    labels = np.array([0, 0, 0, 0, 0, 1])
    if taken:
        with pytest.raises(ValueError, match="logits look like probabilities"):
            fit_temperature(rows, labels)
    else:
        assert fit_temperature(rows, labels).temperature > 0


@pytest.mark.parametrize("prior", [(1.0,), (), (0.5, 0.0), (0.5, -0.5)])
def test_a_prior_has_a_share_for_each_of_several_classes(prior):
    with pytest.raises(ValueError, match="must have a number above 0 for each class"):
        Calibration(train_prior=prior, new_prior=(0.5, 0.5))


def test_no_sample_at_all():
    with pytest.raises(ValueError, match="at least one, received"):
        fit_temperature(np.zeros((0, 2)), np.zeros(0, int))
