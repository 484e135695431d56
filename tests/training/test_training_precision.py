"""Mixed precision: layers compute in half, weights and logits stay float32."""

import keras
import numpy as np
import pytest

from keras_cv_extras import data, models, serving, training

FLOAT16 = pytest.param(
    "mixed_float16", marks=(pytest.mark.slow, pytest.mark.rare)
)  # slow on processors


@pytest.mark.wide
@pytest.mark.parametrize("precision", [FLOAT16, "mixed_bfloat16"])
def test_a_training_in_mixed_precision(precision, tmp_path):
    digits = data.load("digits")
    few = data.ImageData(
        tuple(part[:200] for part in digits.train),
        tuple(part[:100] for part in digits.test),
        digits.class_names,
        "few digits",
    )
    settings = training.TrainingSettings(epochs=1, batch_size=50, precision=precision)
    training.train(few, tmp_path / "out", settings, progress=False)
    assert keras.config.dtype_policy().name == "float32"
    model = training.load_model(tmp_path / "out" / "model.keras")
    half = precision.removeprefix("mixed_")
    assert {layer.compute_dtype for layer in model.layers if "conv2d" in layer.name} == {half}
    assert {variable.dtype for variable in model.weights} == {"float32"}
    assert model.output.dtype == "float32"
    scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (precision == "mixed_float16")
    serving.export(model, tmp_path / "served", class_names=few.class_names)
    assert serving.verify(tmp_path / "served").differences["serving_default"] <= 1e-6
    with pytest.raises(ValueError, match="precision"):
        training.train(
            few,
            tmp_path / "out",
            training.TrainingSettings(epochs=1, batch_size=50),
            progress=False,
        )


@pytest.mark.wide_but("nin-cifar", "lenet5")
@pytest.mark.parametrize("name", ["lenet5", "nin-cifar", "resnet18", "vgg11"])
def test_logits_of_networks_are_float32(name):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = models.build(name, (64, 64, 3), 5)
    finally:
        keras.config.set_dtype_policy(before)
    assert model.output.dtype == "float32"
    assert np.isfinite(model.predict(np.full((1, 64, 64, 3), 255, "uint8"), verbose=0)).all()


def test_a_precision_that_there_is_not():
    with pytest.raises(ValueError, match="precision must be one of 'float32', 'mixed_float16'"):
        training.TrainingSettings(precision="float16")
