"""The variables of a model and its metrics exist before a training needs them, if that can be."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import training

X = np.random.default_rng(0).normal(size=(12, 4)).astype("float32")
Y = (X.sum(1) > 0).astype("int32")


class Unbuilt(keras.Model):
    """A model whose variables the first batch makes."""

    def __init__(self):
        super().__init__()
        self.dropout, self.dense = keras.layers.Dropout(0.5, seed=1), keras.layers.Dense(2)

    def call(self, x, training=False):
        return self.dense(self.dropout(x, training=True))  # draws without training, too


class InNumPy(Unbuilt):
    """Looks at the values of its inputs."""

    def call(self, x, training=False):
        return super().call(x * float(np.sign(x.numpy().max()) or 1), training=training)


class StepsAlone(Unbuilt):
    """Has no call, and its step another shape than its batches."""

    def train_step(self, batch):
        return {"loss": keras.ops.mean(self.dense(batch[0][:, :2]) ** 2)}

    call = keras.Model.call


class Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return X[index * 4 : index * 4 + 4], Y[index * 4 : index * 4 + 4]


def in_numpy(y, outputs):
    return float(np.mean(outputs.numpy()))


def in_steps_alone(y, outputs):
    """Stands for what Keras cannot trace beforehand, and can in a step."""
    assert "scratch" not in y.graph.name
    return keras.ops.mean(outputs)


def compiled(kind, built=False, **options):
    keras.utils.set_random_seed(3)
    model = kind()
    if built:
        model.dense.build((None, 4))
        model.built = model.dropout.built = True
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.1), loss, **options)
    return model


def batches():
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)


def fit(model, train, epochs=1, **options):
    return training.fit(model, train, epochs=epochs, progress=False, **options).history


@pytest.mark.parametrize("kind", [Unbuilt, InNumPy])
@pytest.mark.parametrize("train", [batches, Sequence])
@pytest.mark.parametrize("built", [False, True])
def test_a_model_that_is_run_eagerly_trains(kind, train, built):
    model = compiled(kind, built, run_eagerly=True, metrics=[in_numpy])
    assert np.isfinite(fit(model, train())["in_numpy"])


def test_a_metric_that_is_traced_in_steps_alone():
    assert "in_steps_alone" in fit(compiled(Unbuilt, metrics=[in_steps_alone]), batches())


def test_a_model_that_is_not_built_trains_as_one_that_is():
    models = compiled(Unbuilt), compiled(Unbuilt, built=True)
    assert len({str(fit(model, batches(), epochs=2)) for model in models}) == 1
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_with_steps_alone_trains():
    fit(compiled(StepsAlone), batches())


@pytest.mark.parametrize("kind", [Unbuilt, InNumPy])
def test_an_interrupted_epoch_that_is_run_eagerly_is_resumed(kind, tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 2:
                raise KeyboardInterrupt

    def made():
        return compiled(kind, run_eagerly=True, metrics=["accuracy", in_numpy])

    model = made()
    whole = fit(model, batches())
    folder = {"checkpoint": tmp_path / "saved", "save_every": 1}
    with pytest.raises(KeyboardInterrupt):
        fit(made(), batches(), callbacks=[Stop()], **folder)
    again = made()
    assert fit(again, batches(), **folder) == whole
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
