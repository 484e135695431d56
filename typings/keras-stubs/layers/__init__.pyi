from typing import Any

from keras.src.layers.core.wrapper import Wrapper as Wrapper
from keras.src.layers.input_spec import InputSpec as InputSpec
from keras.src.layers.layer import Layer as Layer

def __getattr__(name: str) -> Any: ...

# Imported from here by a package of their own, where a name without a declaration is not seen.
GlobalAveragePooling1D: Any
GlobalAveragePooling2D: Any
GlobalAveragePooling3D: Any
GlobalMaxPooling1D: Any
GlobalMaxPooling2D: Any
GlobalMaxPooling3D: Any
