"""Makes addons_losses.npz: values and gradients of the losses of TensorFlow Addons 0.23.0.

TensorFlow Addons cannot be imported beside Keras 3, so it runs in an environment of its own, with
Python 3.11, and its results are kept here:

    python3.11 -m venv addons
    addons/bin/pip install tensorflow==2.15.1 tensorflow-addons==0.23.0 "numpy<2"
    addons/bin/python tests/reference/addons_losses.py

Every case is stored as `<case>/y_true`, `/y_pred`, `/value`, `/gradient` (of the summed result by
y_pred) and, as text, `/class` and `/options`.
"""

import json
import pathlib

import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa


def inputs(seed):
    rng = np.random.default_rng(seed)
    embeddings = rng.normal(size=(12, 6)).astype("float32")
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    # Every sample has a partner: without one Addons takes a distance of zero for the positive.
    classes = rng.permutation(np.arange(12) % 3).astype("int32")
    boxes = np.sort(rng.random((10, 2, 2)).astype("float32"), axis=1).reshape(10, 4)
    others = np.sort(rng.random((10, 2, 2)).astype("float32"), axis=1).reshape(10, 4)
    distances = rng.random(12).astype("float32") * 2
    scores = rng.normal(size=(12, 5)).astype("float32")
    one_hot = np.eye(5, dtype="float32")[rng.integers(0, 5, 12)]
    multi = (rng.random((12, 5)) < 0.4).astype("float32")
    multi[np.arange(12), rng.integers(0, 5, 12)] = 1
    return {
        "embeddings": (classes, embeddings),
        "units": (classes, units),
        "similarities": (classes, embeddings @ embeddings.T),
        "multilabel_similarities": (multi, embeddings @ embeddings.T),
        "pairs": (rng.integers(0, 2, 12).astype("float32"), distances),
        "boxes": (boxes, others),
        "scores": (one_hot, scores),
        "probabilities": (one_hot, tf.nn.softmax(scores).numpy()),
        "labels": (multi, scores),
        "label_probabilities": (multi, tf.sigmoid(scores).numpy()),
        "numbers": (rng.normal(size=(12, 5)).astype("float32"), scores),
    }


CASES = [
    ("ContrastiveLoss", "pairs", [{}, {"margin": 0.5}]),
    (
        "TripletSemiHardLoss",
        "embeddings",
        [{}, {"margin": 0.2, "distance_metric": "squared-L2"}, {"distance_metric": "angular"}],
    ),
    ("TripletSemiHardLoss", "units", [{}, {"margin": 0.2}, {"distance_metric": "squared-L2"}]),
    (
        "TripletHardLoss",
        "embeddings",
        [
            {},
            {"margin": 0.2, "distance_metric": "squared-L2"},
            {"distance_metric": "angular"},
            {"soft": True},
        ],
    ),
    ("TripletHardLoss", "units", [{"margin": 0.2}, {"soft": True}]),
    ("NpairsLoss", "similarities", [{}]),
    ("NpairsMultilabelLoss", "multilabel_similarities", [{}]),
    ("LiftedStructLoss", "embeddings", [{}, {"margin": 0.5}]),
    ("LiftedStructLoss", "units", [{}]),
    ("SparsemaxLoss", "scores", [{}]),
    (
        "WeightedKappaLoss",
        "probabilities",
        [{"num_classes": 5}, {"num_classes": 5, "weightage": "linear"}],
    ),
    ("PinballLoss", "numbers", [{}, {"tau": 0.1}, {"tau": 0.9}]),
    (
        "SigmoidFocalCrossEntropy",
        "labels",
        [{"from_logits": True}, {"from_logits": True, "alpha": 0.6, "gamma": 1.0}],
    ),
    ("SigmoidFocalCrossEntropy", "label_probabilities", [{}]),
    ("GIoULoss", "boxes", [{}, {"mode": "iou"}]),
]


def main():
    results = {}
    for seed in (0, 1):
        data = inputs(seed)
        for name, kind, settings in CASES:
            y_true, y_pred = data[kind]
            for number, options in enumerate(settings):
                loss = getattr(tfa.losses, name)(**options)
                values = tf.constant(y_pred)
                with tf.GradientTape() as tape:
                    tape.watch(values)
                    value = tf.reduce_sum(loss(tf.constant(y_true), values))
                gradient = tf.convert_to_tensor(tape.gradient(value, values))
                case = f"{name}/{kind}/{number}/{seed}"
                results |= {
                    f"{case}/y_true": y_true,
                    f"{case}/y_pred": y_pred,
                    f"{case}/value": value.numpy(),
                    f"{case}/gradient": gradient.numpy(),
                    f"{case}/class": name,
                    f"{case}/options": json.dumps(options),
                }
        embeddings = tf.constant(data["embeddings"][1])
        results |= {
            f"pairwise/{seed}/embeddings": embeddings.numpy(),
            f"pairwise/{seed}/L2": tfa.losses.metric_learning.pairwise_distance(embeddings),
            f"pairwise/{seed}/squared-L2": tfa.losses.metric_learning.pairwise_distance(
                embeddings, squared=True
            ),
            f"pairwise/{seed}/angular": tfa.losses.metric_learning.angular_distance(embeddings),
        }
    for key, value in results.items():
        if np.asarray(value).dtype.kind == "f" and not np.isfinite(value).all():
            print("not finite:", key)
    np.savez_compressed(pathlib.Path(__file__).with_suffix(".npz"), **results)


if __name__ == "__main__":
    main()
