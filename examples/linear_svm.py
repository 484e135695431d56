"""A linear support vector machine: one dense layer, the hinge loss and an L2 penalty.

    python examples/linear_svm.py

Trains on the breast cancer data that scikit-learn ships, by subgradients of the whole data set,
and prints the result beside that of scikit-learn's LinearSVC. With --smoke it takes few steps.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from keras_cv_extras import losses

C = 0.1


def svm(num_features: int, penalty: float, learning_rate) -> keras.Model:
    """Returns the model, compiled: scores `w x + b`, labels of -1 and 1.

    One step with the whole data takes `learning_rate` times the mean of `-y x` over the samples
    with `y f <= 1` off the weights; Keras' L2 penalty is `l2 w^2`, without the half.
    """
    regularizer = keras.regularizers.L2(penalty / 2) if penalty else None
    model = keras.Sequential(
        [
            keras.Input((num_features,)),
            keras.layers.Dense(1, kernel_initializer="zeros", kernel_regularizer=regularizer),
        ]
    )
    model.compile(keras.optimizers.SGD(learning_rate), loss=losses.Hinge())
    return model


def objective(weights, bias, x, y) -> float:
    """Returns what both programs minimise, the penalty of LinearSVC's bias apart."""
    hinge = np.maximum(0, 1 - y * (x @ weights + bias)).mean()
    return float(hinge + weights @ weights / (2 * C * len(x)))


def main(steps: int):
    """Trains both machines and compares them."""
    data = load_breast_cancer()
    signs = 2 * data.target - 1
    train_x, test_x, train_y, test_y = train_test_split(data.data, signs, random_state=0)
    scaler = StandardScaler().fit(train_x)
    train_x, test_x = scaler.transform(train_x), scaler.transform(test_x)

    rate = keras.optimizers.schedules.InverseTimeDecay(1.0, decay_steps=50, decay_rate=1.0)
    model = svm(train_x.shape[1], 1 / (C * len(train_x)), rate)
    whole = tf.data.Dataset.from_tensors((train_x.astype("float32"), train_y)).repeat(steps)
    model.fit(whole, shuffle=False, verbose=0)
    kernel, bias = model.get_weights()

    peer = LinearSVC(loss="hinge", C=C, intercept_scaling=10, max_iter=100_000, random_state=0)
    peer.fit(train_x, train_y)
    found = (kernel[:, 0], bias[0]), (peer.coef_[0], peer.intercept_[0])
    for name, (weights, offset) in zip(("keras_cv_extras", "scikit-learn"), found, strict=True):
        accuracy = np.mean(np.sign(test_x @ weights + offset) == test_y)
        reached = objective(weights, offset, train_x, train_y)
        print(f"{name:16} objective {reached:.5f}, test accuracy {accuracy:.4f}")
    same = np.mean(model.predict(test_x, verbose=0)[:, 0] * peer.decision_function(test_x) > 0)
    print(f"same class for {same:.1%} of the test samples")
    return found


if __name__ == "__main__":
    main(steps=50 if "--smoke" in sys.argv else 3000)
