"""Labels that are no numbers of classes, or as many as predictions, are named at once."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from keras_cv_extras import data, losses, metrics, training
from keras_cv_extras.training import _callbacks

IMAGES = np.zeros((3, 8, 8, 1), "uint8")
LOGITS = np.log(0.7 * np.eye(3, dtype="float32") + 0.1)
TEXTS = {
    "list": ["a", "b", "c"],
    "texts": np.array(["a", "b", "c"]),
    "bytes": np.array([b"a", b"b", b"c"]),
    "objects": np.array(["a", "b", "c"], object),
    "tensor": tf.constant(["a", "b", "c"]),
    "column": [["a"], ["b"], ["c"]],
    "arrays": (np.array(["a"]), np.array(["b"]), np.array(["c"])),
    "frame": pd.DataFrame({"label": ["a", "b", "c"]}),
}
READERS = {
    "loss": lambda y, y_pred=LOGITS, w=None: losses.LogLoss(from_logits=True)(y, y_pred, w),
    "function": lambda y, y_pred=LOGITS: losses.log_loss(y, y_pred, from_logits=True),
    "metric": lambda y, y_pred=LOGITS, w=None: metrics.BalancedAccuracy(3).update_state(
        y, y_pred, w
    ),
}


@pytest.mark.parametrize("name", READERS)
def test_texts_and_masks_and_other_lengths(name):
    for labels in TEXTS.values():
        with pytest.raises(ValueError, match="labels must be numbers of classes, received texts"):
            READERS[name](labels)
    with pytest.raises(ValueError, match="must not be masked: give samples that do not count"):
        READERS[name](np.ma.array([0, 1, 2], mask=[0, 1, 0]))
    for masked in (np.ma.masked_less(LOGITS, -1), list(np.ma.masked_less(LOGITS, -1))):
        with pytest.raises(ValueError, match="must not be masked: give samples that do not count"):
            READERS[name]([0, 1, 2], masked)
    if name != "function":
        with pytest.raises(ValueError, match="must not be masked: give samples that do not count"):
            READERS[name]([0, 1, 2], w=np.ma.array([1.0, 1, 1], mask=[0, 1, 0]))
    READERS[name](np.ma.array([0, 1, 2]), np.ma.array(LOGITS))
    READERS[name](tf.sparse.from_dense(np.eye(3)))
    for wrong in ([0, 1], [1], [[1]], [[1, 0, 0]]):
        with pytest.raises(ValueError, match="^y_true .* received (shape )?.?[12]"):
            READERS[name](np.array(wrong))


def test_a_training_refuses_texts_before_its_work():
    batches = data.pipeline((IMAGES, np.array(["a", "b", "c"])), 3)
    with pytest.raises(ValueError, match="gives labels that are texts: give the numbers of the"):
        training.fit(lambda: training.small_cnn((8, 8, 1), 3), lambda epoch: batches, epochs=1)


def test_labels_between_classes_are_told():
    class Model:
        output_shape = (None, 3)

    assert "the label 0.25 is none" in _callbacks._impossible(np.array([1.0, 0.25]), Model)
    assert _callbacks._impossible(np.array([0.0, 2.0, 1.0]), Model) is None


def test_infinite_labels_are_no_classes():
    labels = np.array([0, 1, np.inf])
    for take in (
        lambda: data.pipeline((IMAGES, labels), 3),
        lambda: data.BalancedSource(IMAGES, labels),
        lambda: data.class_weight(labels),
    ):
        with pytest.raises(ValueError, match="labels must not hold NaN or infinity, received it"):
            take()
    assert data.class_weight(np.array([0, 1, 1, 0], "float16")) == {0: 1.0, 1: 1.0}
