"""Bases of this package: names and arguments as there, every value an `Any`."""

from typing import Any

class Layer:
    activation: Any
    activity_regularizer: Any
    autocast: Any
    built: Any
    call_signature_parameters: Any
    compute_dtype: Any
    dtype: Any
    dtype_policy: Any
    input: Any
    input_dtype: Any
    input_spec: Any
    losses: Any
    metrics: Any
    metrics_variables: Any
    name: Any
    non_trainable_variables: Any
    non_trainable_weights: Any
    output: Any
    path: Any
    predict_function: Any
    quantization_mode: Any
    supports_jit: Any
    supports_masking: Any
    test_function: Any
    train_function: Any
    trainable: Any
    trainable_variables: Any
    trainable_weights: Any
    variable_dtype: Any
    variables: Any
    weights: Any
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def __init__(
        self,
        *,
        activity_regularizer: Any = ...,
        trainable: Any = ...,
        dtype: Any = ...,
        autocast: Any = ...,
        name: Any = ...,
        **kwargs: Any,
    ) -> None: ...
    def add_loss(self, loss: Any) -> Any: ...
    def add_metric(self, *args: Any, **kwargs: Any) -> Any: ...
    def add_variable(
        self,
        shape: Any,
        initializer: Any,
        dtype: Any = ...,
        trainable: Any = ...,
        autocast: Any = ...,
        regularizer: Any = ...,
        constraint: Any = ...,
        name: Any = ...,
    ) -> Any: ...
    def add_weight(
        self,
        *args: Any,
        shape: Any = ...,
        initializer: Any = ...,
        dtype: Any = ...,
        trainable: Any = ...,
        autocast: Any = ...,
        regularizer: Any = ...,
        constraint: Any = ...,
        aggregation: Any = ...,
        overwrite_with_gradient: Any = ...,
        name: Any = ...,
    ) -> Any: ...
    def build(self, input_shape: Any) -> Any: ...
    def build_from_config(self, config: Any) -> Any: ...
    def call(self, *args: Any, **kwargs: Any) -> Any: ...
    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any: ...
    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any: ...
    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any: ...
    def count_params(self) -> Any: ...
    @classmethod
    def from_config(cls, config: Any) -> Any: ...
    def get_build_config(self) -> Any: ...
    def get_config(self) -> Any: ...
    def get_weights(self) -> Any: ...
    def load_own_variables(self, store: Any) -> Any: ...
    def quantize(self, mode: Any = ..., type_check: Any = ..., config: Any = ...) -> Any: ...
    def quantized_build(self, input_shape: Any, mode: Any) -> Any: ...
    def quantized_call(self, *args: Any, **kwargs: Any) -> Any: ...
    def rematerialized_call(self, layer_call: Any, *args: Any, **kwargs: Any) -> Any: ...
    def save_own_variables(self, store: Any) -> Any: ...
    def set_weights(self, weights: Any) -> Any: ...
    def stateless_call(
        self,
        trainable_variables: Any,
        non_trainable_variables: Any,
        *args: Any,
        return_losses: Any = ...,
        **kwargs: Any,
    ) -> Any: ...
    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any: ...
    def _get_call_context(self) -> Any: ...

class Wrapper(Layer):
    layer: Any
    def __init__(self, layer: Any, **kwargs: Any) -> None: ...

class Activation(Layer):
    def __init__(self, activation: Any, **kwargs: Any) -> None: ...

class AdaptiveMaxPooling3D(Layer):
    data_format: Any
    output_size: Any
    def __init__(self, output_size: Any, data_format: Any = ..., **kwargs: Any) -> None: ...

class InputSpec:
    allow_last_axis_squeeze: Any
    axes: Any
    dtype: Any
    max_ndim: Any
    min_ndim: Any
    name: Any
    ndim: Any
    optional: Any
    shape: Any
    def __init__(
        self,
        dtype: Any = ...,
        shape: Any = ...,
        ndim: Any = ...,
        max_ndim: Any = ...,
        min_ndim: Any = ...,
        axes: Any = ...,
        allow_last_axis_squeeze: Any = ...,
        name: Any = ...,
        optional: Any = ...,
    ) -> None: ...
    @classmethod
    def from_config(cls, config: Any) -> Any: ...
    def get_config(self) -> Any: ...

# Imported from here by a package of their own, where a name without a declaration is not seen.
GlobalAveragePooling1D: Any
GlobalAveragePooling2D: Any
GlobalAveragePooling3D: Any
GlobalMaxPooling1D: Any
GlobalMaxPooling2D: Any
GlobalMaxPooling3D: Any

def __getattr__(name: str) -> Any: ...
