"""Makes fidelity.npz: scores of given features by pytorch-fid, torch-fidelity and prdc.

They need PyTorch, so they run in an environment of their own, and their results are kept here:

    pip install torch==2.13.0 torchvision==0.28.0 scipy scikit-learn
    pip install --no-deps pytorch-fid==0.3.0 torch-fidelity==0.4.0 prdc==0.2
    PYTHONPATH=. python tests/reference/fidelity.py
"""

import pathlib

import numpy as np
from prdc import compute_prdc

from keras_cv_extras.bench._peers import _import_torchvision

_import_torchvision()
from pytorch_fid.fid_score import calculate_frechet_distance  # noqa: E402
from torch_fidelity.metric_kid import kernel_mmd  # noqa: E402

KERNEL = {
    "kid_kernel": "poly",
    "kid_kernel_poly_degree": 3,
    "kid_kernel_poly_gamma": None,
    "kid_kernel_poly_coef0": 1.0,
}


def features(seed, count, dimension, *, shift=0.0, rank=None):
    mix = np.random.default_rng(dimension).normal(size=(rank or dimension, dimension))
    rows = np.random.default_rng(seed).normal(size=(count, rank or dimension))
    return (rows @ mix / np.sqrt(dimension) + shift).astype("float32").astype("float64")


CASES = {
    "near": (features(0, 300, 12), features(1, 250, 12)),
    "far": (features(2, 200, 8), features(3, 240, 8, shift=1.5)),
    "flat": (features(4, 120, 16, rank=5), features(5, 130, 16, rank=5)),
    "few": (features(6, 20, 32), features(7, 25, 32)),
}


def main():
    results = {}
    for name, (real, made) in CASES.items():
        moments = [(rows.mean(axis=0), np.cov(rows, rowvar=False)) for rows in (real, made)]
        count = min(len(real), len(made))  # torch-fidelity takes sets of one size
        results |= {
            f"{name}/real": real.astype("float32"),
            f"{name}/made": made.astype("float32"),
            f"{name}/frechet": calculate_frechet_distance(*moments[0], *moments[1]),
            f"{name}/kernel": kernel_mmd(real[:count], made[:count], **KERNEL),
            **{
                f"{name}/{key}": value
                for key, value in compute_prdc(real, made, nearest_k=5).items()
            },
        }
    np.savez_compressed(pathlib.Path(__file__).with_suffix(".npz"), **results)


if __name__ == "__main__":
    main()
