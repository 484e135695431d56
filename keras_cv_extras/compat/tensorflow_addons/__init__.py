"""The names of TensorFlow Addons 0.23.0: `import keras_cv_extras.compat.tensorflow_addons as tfa`.

From this import on Keras also knows the names that Addons registered, such as
"Addons>contrastive_loss" for `compile(loss=...)`.
"""

import keras  # noqa: F401  whose registry learns the names

from keras_cv_extras.compat import _table
from keras_cv_extras.compat.tensorflow_addons import (
    activations,
    callbacks,
    image,
    layers,
    losses,
    metrics,
    optimizers,
)
from keras_cv_extras.compat.tensorflow_addons._register import register_all as register_all

#: The version whose names are here.
__version__ = "0.23.0"
__all__ = [
    "activations",
    "callbacks",
    "image",
    "layers",
    "losses",
    "metrics",
    "optimizers",
    "register_all",
]
TABLE = {
    "register_all": _table.Name(
        "register_all",
        __name__,
        "nothing is left to do: Keras knows the old names from the import on",
        register_all,
        f"import {__name__}",
    )
}

_GONE = {
    "options": "there are no kernels to choose: leave the line out",
    "rnn": "use the cells of keras.layers, such as LSTMCell with keras.layers.RNN",
    "seq2seq": "it is not about images; use keras_hub's samplers and keras.layers.Attention",
    "testing": "it is of Addons' own tests",
    "text": "it is not about images; conditional random fields and text are out of scope",
    "types": "use typing, or a string of each type",
    "utils": "it is of Addons itself",
}


__getattr__: _table.Load = _table.gone(__name__, "tensorflow_addons", _GONE)


_table.register("Addons", [f"{__name__}.{name}" for name in __all__[:-1]])
