"""Linear regression by the Huber loss, beside least squares where some targets are wrong.

    python examples/robust_regression.py

Trains on the diabetes data that scikit-learn ships, by gradients of the whole data set, and prints
the result beside that of scikit-learn's SGDRegressor; then once more with every tenth training
target ten standard deviations too high. With --smoke it takes few steps.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_diabetes
from sklearn.linear_model import SGDRegressor
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from keras_cv_extras import losses

DELTA = 1.0
PENALTY = 0.01


def regression(num_features: int, loss, penalty: float, learning_rate: float) -> keras.Model:
    """Returns the model, compiled: `m x + b`. Keras' L2 penalty is `l2 m^2`, without the half."""
    regularizer = keras.regularizers.L2(penalty / 2) if penalty else None
    model = keras.Sequential(
        [
            keras.Input((num_features,)),
            keras.layers.Dense(1, kernel_initializer="zeros", kernel_regularizer=regularizer),
        ]
    )
    model.compile(keras.optimizers.SGD(learning_rate), loss=loss)
    return model


def trained(loss, x, y, steps: int):
    """Returns slopes and intercept after gradient descent on the whole data."""
    model = regression(x.shape[1], loss, PENALTY, learning_rate=0.2)
    data = tf.data.Dataset.from_tensors((x.astype("float32"), y[:, None].astype("float32")))
    model.fit(data.repeat(steps), shuffle=False, verbose=0)
    kernel, bias = model.get_weights()
    return kernel[:, 0], float(bias[0])


def by_scikit_learn(x, y):
    """Returns slopes and intercept that SGDRegressor finds for the same objective."""
    peer = SGDRegressor("huber", epsilon=DELTA, alpha=PENALTY, power_t=0.25, eta0=0.01)
    peer.set_params(max_iter=3000, tol=None, average=1000 * len(x), random_state=0).fit(x, y)
    return peer.coef_, float(peer.intercept_[0])


def main(steps: int):
    """Compares the programs, and then the losses."""
    data = load_diabetes()
    train_x, test_x, train_y, test_y = train_test_split(data.data, data.target, random_state=0)
    scale_x, scale_y = StandardScaler().fit(train_x), StandardScaler().fit(train_y[:, None])
    train_x, test_x = scale_x.transform(train_x), scale_x.transform(test_x)
    train_y, test_y = (scale_y.transform(each[:, None])[:, 0] for each in (train_y, test_y))
    wrong = train_y + 10.0 * (np.arange(len(train_y)) % 10 == 0)

    def report(name, found):
        slopes, intercept = found
        error = mean_absolute_error(test_y, test_x @ slopes + intercept)
        print(f"{name:38} test error {error:.3f} standard deviations")
        return found

    huber = losses.Huber(DELTA)
    found = report("Huber", trained(huber, train_x, train_y, steps))
    peer = report("Huber, scikit-learn", by_scikit_learn(train_x, train_y))
    report("Huber, wrong targets", trained(huber, train_x, wrong, steps))
    squares = keras.losses.MeanSquaredError()
    report("least squares, wrong targets", trained(squares, train_x, wrong, steps))
    return found, peer


if __name__ == "__main__":
    main(steps=30 if "--smoke" in sys.argv else 3000)
