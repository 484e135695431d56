"""Weight normalisation: a layer's kernel as a direction and a length of its own."""

import contextlib
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.types import Config, Shape, Tensor

_TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)
_DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
_RECURRENT = (keras.layers.SimpleRNN, keras.layers.GRU, keras.layers.LSTM)
_PLAIN = (keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)


@keras.saving.register_keras_serializable("keras_cv_extras")
class WeightNormalization(keras.layers.Wrapper):
    """Runs a layer with the kernel `g * v / ||v||`, one length `g` per output channel.

    The direction `v` is the layer's own kernel variable; `g` starts as its norm, so that a fresh
    or a trained layer computes the same wrapped and unwrapped.

    With `data_init`, the first batch in training sets the lengths and the biases so that every
    output channel, before the activation, has mean 0 and variance 1 on that batch. They are kept
    as offsets beside `g` and the bias: gradients are those of the paper, and the initialisation
    works where a training step must not write trainable variables (the JAX backend). A channel
    that does not vary over the batch keeps its length and only loses its mean. Inference never
    initialises, and calls before the first batch in training use the layer as it is.

    Args:
        layer: a `Dense`, `Conv1D` to `Conv3D`, `Conv1DTranspose` to `Conv3DTranspose`,
            `DepthwiseConv1D` or `DepthwiseConv2D` layer, or a `SimpleRNN`, `GRU` or `LSTM`, whose
            recurrent kernel is normalised. Its `kernel_regularizer` and `kernel_constraint` act
            on the direction; an `activity_regularizer` belongs to the wrapper.
        data_init: whether the first batch in training sets lengths and biases; of recurrent
            layers it does not, as the paper advises.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: the inputs of the layer.
        initial_state: of recurrent layers, the states at the first step, as the layer takes them.
        mask: of recurrent layers, `(batch, steps)`, False for steps that are left out.
        training: whether the layer is being trained.

    Returns:
        The outputs of the layer; its states too if it has `return_state`.

    Raises:
        TypeError: if the layer is of another kind.
        ValueError: if the layer is quantized, uses LoRA, or has an `activity_regularizer`.

    References:
        [Weight normalization](https://arxiv.org/abs/1602.07868)

    Example:
        >>> layer = WeightNormalization(keras.layers.Conv2D(16, 3, activation="relu"))
        >>> features = layer(images)
    """

    length_offset: Any
    bias_offset: Any
    initialized: Any

    def __init__(self, layer: keras.layers.Layer, data_init: bool = True, **kwargs: Any) -> None:
        if not isinstance(layer, (*_PLAIN, *_TRANSPOSED, *_DEPTHWISE, *_RECURRENT)):
            raise TypeError(
                "layer must be a Dense, Conv, ConvTranspose, DepthwiseConv, SimpleRNN, GRU or LSTM "
                f"layer, received {layer!r}"
            )
        if layer.activity_regularizer is not None:
            raise ValueError(
                "layer must not have an activity_regularizer: give it to WeightNormalization"
            )
        # The layer casts its own inputs; lengths are computed in the type of the variables.
        super().__init__(layer, **{"dtype": layer.dtype_policy, "autocast": False, **kwargs})
        self.data_init: bool = bool(data_init)
        self._initializes = self.data_init and not isinstance(layer, _RECURRENT)
        self.supports_masking: Any = layer.supports_masking

    def build(self, input_shape: Shape) -> None:
        """Builds the layer, the lengths and the offsets."""
        super().build(input_shape)
        kernel = self._kernel
        if not isinstance(kernel, keras.Variable):
            raise ValueError(f"layer must not be quantized or use LoRA, received {self.layer!r}")
        rank = len(kernel.shape)
        if isinstance(self.layer, _DEPTHWISE):
            output_axes = (rank - 2, rank - 1)
        elif isinstance(self.layer, _TRANSPOSED):
            output_axes = (rank - 2,)
        else:
            output_axes = (rank - 1,)
        self._axes = tuple(axis for axis in range(rank) if axis not in output_axes)
        self._length_shape = tuple(
            size if axis in output_axes else 1 for axis, size in enumerate(kernel.shape)
        )
        channels = 1
        for axis in output_axes:
            channels *= kernel.shape[axis]
        self.g: Any = self.add_weight(
            name="g",
            shape=(channels,),
            initializer=lambda shape, dtype: ops.cast(ops.reshape(self._norm(), shape), dtype),
            dtype=kernel.dtype,
            autocast=False,
        )
        if self._initializes:
            self.length_offset, self.bias_offset, self.initialized = (
                self.add_weight(
                    name=name,
                    shape=shape,
                    initializer="zeros",
                    dtype=kernel.dtype,
                    trainable=False,
                    autocast=False,
                )
                for name, shape in (
                    ("length_offset", (channels,)),
                    ("bias_offset", (channels,)),
                    ("initialized", ()),
                )
            )
        self.built = True

    def call(
        self,
        inputs: Tensor,
        initial_state: Any = None,
        mask: Tensor | None = None,
        training: bool | None = False,
    ) -> Any:
        """Runs the layer with the normalised kernel; see the class."""
        given: dict[str, Any] = {} if initial_state is None else {"initial_state": initial_state}
        if isinstance(self.layer, _RECURRENT):
            given["mask"] = mask
        length, bias = self.g.value, None
        if self._bias is not None:
            bias = floats(self._bias.value)
        if self._initializes:
            length_offset, bias_offset = self.length_offset.value, self.bias_offset.value
            if training:
                length_offset, bias_offset = ops.cond(
                    self.initialized.value > 0,
                    lambda: (length_offset, bias_offset),
                    lambda: self._offsets_from(inputs),
                )
                self.length_offset.assign(length_offset)
                self.bias_offset.assign(bias_offset)
                self.initialized.assign(ops.ones_like(self.initialized.value))
            length = length + length_offset
            bias = None if bias is None else bias + bias_offset
        outputs = self._run(inputs, length, bias, **given)
        return keras.tree.map_structure(lambda x: ops.cast(x, self.compute_dtype), outputs)

    def remove(self) -> keras.layers.Layer:
        """Gives the layer its normalised kernel and its bias for good, and returns it.

        Raises:
            ValueError: if the layer is not built.
        """
        if not self.built:
            raise ValueError("WeightNormalization has no kernel to give before it is built")
        length: Any = self.g.value
        if self._initializes:
            length = length + self.length_offset.value
            if self._bias is not None:
                self._bias.assign(floats(self._bias.value) + self.bias_offset.value)
        scale = ops.reshape(floats(length), self._length_shape) / self._norm()
        self._kernel.assign(floats(self._kernel.value) * scale)
        return self.layer

    @property
    def stateful(self) -> bool:
        """Whether the layer keeps its states from one batch to the next."""
        return getattr(self.layer, "stateful", False)

    def reset_state(self) -> None:
        """Sets the states that a stateful layer keeps to zero."""
        layer: Any = self.layer
        layer.reset_state()

    @property
    def _kernel(self) -> Any:
        recurrent = isinstance(self.layer, _RECURRENT)
        return self.layer.cell.recurrent_kernel if recurrent else self.layer.kernel

    @property
    def _bias(self) -> Any:
        return None if isinstance(self.layer, _RECURRENT) else self.layer.bias

    def _run(self, inputs, length, bias, **given):
        """Returns the layer's outputs with other lengths and another bias."""
        direction = floats(self._kernel.value)
        scale = ops.reshape(floats(length), self._length_shape) / self._norm()
        # Keras does not count the states of recurrent layers among their variables.
        states = getattr(self.layer, "states", None)
        variables = [*self.layer.variables, *keras.tree.flatten(states or ())]
        # Every variable needs a value, or the layer would read those that it had before a
        # surrounding stateless call, a training step on JAX for one.
        values = [(variable, variable.value) for variable in variables]
        values.append((self._kernel, direction * scale))
        if bias is not None:
            values.append((self._bias, bias))
        scope = keras.StatelessScope(values)
        before = [scope.get_current_value(variable) for variable in variables]
        with scope:
            outputs = self.layer(inputs, **given)
        # What the layer wrote, the state of its random numbers for one, goes beyond the scope.
        for variable, old in zip(variables, before, strict=True):
            new = scope.get_current_value(variable)
            if new is not old:
                variable.assign(new)
        return outputs

    def _norm(self):
        """Returns the norms of the directions, shaped like the kernel with single entries."""
        direction = floats(self._kernel.value)
        square = ops.sum(ops.square(direction), axis=self._axes, keepdims=True)
        # A direction of zeros stays zero, with a gradient of zero.
        return ops.sqrt(ops.where(square > 0, square, 1.0))

    def _offsets_from(self, inputs):
        """Returns what to add to `g` and the bias for outputs of mean 0 and variance 1."""
        ones = ops.ones_like(self.g.value)
        own: Any = self._bias
        bias = None if own is None else ops.zeros_like(own.value)
        with _without_activation(self.layer):
            outputs = floats(self._run(inputs, ones, bias))
        channels_first = getattr(self.layer, "data_format", None) == "channels_first"
        rank = len(outputs.shape)
        axes = [axis for axis in range(rank) if axis != (1 if channels_first else rank - 1)]
        mean, variance = ops.moments(outputs, axes=axes)
        varies = variance > 1e-10
        length = ops.where(varies, ops.rsqrt(ops.where(varies, variance, 1.0)), self.g.value)
        length_offset = ops.cast(length, self.g.dtype) - self.g.value
        bias_offset = ops.zeros_like(length_offset)
        if own is not None:
            bias_offset = ops.cast(-mean * length, self.g.dtype) - floats(own.value)
        return ops.stop_gradient(length_offset), ops.stop_gradient(bias_offset)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Returns the mask of the layer's outputs."""
        return self.layer.compute_mask(inputs, previous_mask)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """Returns the shape of the layer's outputs."""
        return self.layer.compute_output_shape(input_shape)

    def compute_output_spec(
        self,
        inputs: Tensor,
        initial_state: Any = None,
        mask: Tensor | None = None,
        training: bool | None = False,
    ) -> Any:
        """Returns the shapes and types of the layer's outputs."""
        return keras.tree.map_shape_structure(
            lambda shape: keras.KerasTensor(shape, self.compute_dtype),
            self.compute_output_shape(inputs.shape),
        )

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "data_init": self.data_init}


@contextlib.contextmanager
def _without_activation(layer):
    activation = layer.activation
    layer.activation = None
    try:
        yield
    finally:
        layer.activation = activation
