"""The layers of single ops draw and compute on JAX what they do on TensorFlow.

All are one class: of each kind of op one is tried. What every op computes on JAX,
`test_jax_without_tensorflow` in tests/test_package.py says.
"""

import numpy as np
import pytest

from keras_cv_extras import layers

SCRIPT = """
import numpy as np
from keras_cv_extras import layers

images = np.load(sys.argv[1])
names = sys.argv[3].split()
np.savez(sys.argv[2], **{
    name: np.asarray(getattr(layers, name)(seed=3)(images, training=True)) for name in names
})
"""
NAMES = ["RandomBrightness", "RandomColorJitter", "RandomCutout", "RandomEqualize"]
NAMES += ["RandomFlipHorizontal", "RandomGaussianNoise", "RandomRotate", "RandomSamplePairing"]


@pytest.mark.slow
def test_layers_of_an_op_on_jax(python_on_jax, batch, tmp_path):
    images = batch[:2]
    np.save(tmp_path / "images.npy", images)
    python_on_jax(
        SCRIPT,
        tmp_path / "images.npy",
        tmp_path / "results.npz",
        " ".join(NAMES),
    )
    results = np.load(tmp_path / "results.npz")
    assert sorted(results) == NAMES
    for name, found in results.items():
        wanted = np.asarray(getattr(layers, name)(seed=3)(images, training=True))
        assert found.dtype == wanted.dtype
        # A level that lies on the edge of rounding may fall to either side.
        different = np.mean(found != wanted)
        assert different < 1e-3, f"{name}: {different:.1%} of the values differ"
