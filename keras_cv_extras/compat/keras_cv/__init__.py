"""The names of KerasCV 0.9: `import keras_cv_extras.compat.keras_cv as keras_cv`.

Layers for classification and losses. Layers take images, or a dictionary with `images` and
`labels`, and draw for every image; boxes and masks are out of scope.
"""

from keras_cv_extras.compat import _table
from keras_cv_extras.compat.keras_cv import core, layers, losses, utils, visualization
from keras_cv_extras.compat.keras_cv.core import (
    ConstantFactorSampler,
    FactorSampler,
    NormalFactorSampler,
    UniformFactorSampler,
)

#: The version whose names are here.
__version__ = "0.9.0"
__all__ = [
    "ConstantFactorSampler",
    "FactorSampler",
    "NormalFactorSampler",
    "UniformFactorSampler",
    "core",
    "layers",
    "losses",
    "utils",
    "visualization",
]

_GONE = {
    "bounding_box": "boxes are out of scope; use keras_hub for detectors",
    "callbacks": "boxes are out of scope; use keras_hub for detectors",
    "datasets": "use tensorflow_datasets, or keras_cv_extras.data.load('tfds:NAME')",
    "keypoint": "key points are out of scope",
    "metrics": "boxes are out of scope",
    "models": "use keras_cv_extras.models.build, or keras_hub.models",
    "point_cloud": "point clouds are out of scope",
    "training": "use keras_cv_extras.training.fit",
}


__getattr__: _table.Load = _table.gone(__name__, "keras_cv", _GONE)
