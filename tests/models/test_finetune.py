import keras
import numpy as np
import pytest

from keras_cv_extras import models

X = np.random.default_rng(0).integers(0, 256, (12, 12, 12, 3), dtype=np.uint8)
Y = np.arange(12) % 3


def tiny(**options):
    return models.cifar_resnet(8, (12, 12, 3), 3, **options)


def train(model, optimizer, epochs=1):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, run_eagerly=True)  # to trace the step takes longer than the step
    model.fit(X, Y, epochs=epochs, verbose=0)


def moved(model, before):
    """How far every weight is from what it was, by path."""
    pairs = zip(model.weights, before, strict=True)
    return {w.path: float(np.abs(np.asarray(w) - old).max()) for w, old in pairs}


def test_stages(abstract):
    sizes = [len(stage) for stage in models.stages(models.build("resnet18", (224, 224, 3), 10))]
    assert sizes == [2, 8, 10, 10, 10, 1]
    inside = models.stages(models.build("efficientnet-b0", (224, 224, 3), 10))
    assert len(inside) == 6
    assert inside[0][0].name == "stem_conv"
    assert [layer.name for layer in inside[-1]] == ["logits"]
    *_, head = models.stages(models.build("googlenet", (224, 224, 3), 10))
    assert {layer.name.split("_")[0] for layer in head} == {"logits", "auxiliary1", "auxiliary2"}


def test_freeze_and_unfreeze():
    model = models.freeze(tiny())
    before = model.get_weights()
    train(model, "adam")
    assert {path for path, step in moved(model, before).items() if step} == {
        weight.path for weight in model.get_layer("logits").weights
    }
    models.unfreeze(model, 1)
    before = model.get_weights()
    train(model, "adam")
    changed = {path.split("/")[0] for path, step in moved(model, before).items() if step}
    last = {layer.name for layer in models.stages(model)[-2]}
    assert changed == {"logits"} | {name for name in last if not name.endswith("_bn")}
    models.unfreeze(model, batch_norm=True)
    assert len(model.trainable_weights) == len(tiny().trainable_weights)
    with pytest.raises(ValueError, match=r"num_stages must be in \[0, 3\]"):
        models.unfreeze(model, 4)


def test_layerwise_rates_and_optimizer(tmp_path):
    model = tiny()
    rates = models.layerwise_rates(model, decay=0.5)
    assert rates["logits/kernel"] == 1
    assert rates["stem/kernel"] == 0.5**3
    assert set(rates) == {weight.path for weight in model.trainable_weights}
    plain = tiny()
    plain.set_weights(model.get_weights())
    before = model.get_weights()
    train(model, models.LayerwiseSGD(0.01, rates=rates))
    train(plain, keras.optimizers.SGD(0.01))
    own, others = moved(model, before), moved(plain, before)
    for path, rate in rates.items():
        if others[path] > 1e-6:
            np.testing.assert_allclose(own[path], rate * others[path], rtol=2e-2)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.optimizer.rates == rates
    adam = models.LayerwiseAdamW(1e-3, rates={"stem/kernel": 0.0})
    before = plain.get_weights()
    train(plain, adam)
    steps = moved(plain, before)
    assert steps["stem/kernel"] < 1e-4 < steps["logits/kernel"]
    with pytest.raises(ValueError, match="decay"):
        models.layerwise_rates(model, decay=0)


@pytest.mark.wide
def test_replace_head():
    model = tiny()
    other = models.replace_head(model, 5)
    assert other.output_shape == (None, 5)
    features = [
        keras.Model(m.input, m.get_layer("global_pooling").output)(X) for m in (model, other)
    ]
    np.testing.assert_array_equal(*features)
    inside = models.replace_head(models.build("mobilenetv3-small", (16, 16, 3), 3), 4)
    assert inside(X[:, :, :, :].repeat(2, 1)[:, :16, :1].repeat(16, 2)).shape == (12, 4)
    with pytest.raises(ValueError, match="logits"):
        models.replace_head(keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]), 5)
