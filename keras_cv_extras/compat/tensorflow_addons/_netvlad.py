"""NetVLAD, as TensorFlow Addons has it."""

from typing import Any

import keras
from keras import ops

_PACKAGE = "keras_cv_extras.compat"


def _unit(x):
    """Returns vectors of length 1, along the second axis."""
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=1, keepdims=True), 1e-12))


@keras.saving.register_keras_serializable(_PACKAGE)
class NetVLAD(keras.layers.Layer):
    """Sums how far the descriptors of a sample are from learned centres.

    Args:
        num_clusters: how many centres there are, at least 1.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        frames: `(batch, descriptors, features)`.

    Returns:
        A tensor of shape `(batch, features * num_clusters)`, rows of length 1.

    References:
        Arandjelovic et al., NetVLAD: CNN architecture for weakly supervised place recognition,
        [CVPR 2016](https://arxiv.org/abs/1511.07247).

    Example:
        >>> layer = NetVLAD(num_clusters=4)
    """

    def __init__(self, num_clusters: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if num_clusters <= 0:
            raise ValueError(f"num_clusters must be at least 1, received {num_clusters}")
        self.num_clusters = num_clusters

    def build(self, input_shape: Any) -> None:
        """Makes the weights."""
        size = input_shape[-1]
        if size is None:
            raise ValueError("the number of features must be known, received None")
        self.fc: Any = keras.layers.Dense(
            self.num_clusters, activation="softmax", kernel_regularizer=keras.regularizers.L2(1e-5)
        )
        self.fc.build(input_shape)
        self.cluster_centers: Any = self.add_weight(
            shape=(1, size, self.num_clusters),
            initializer=keras.initializers.TruncatedNormal(stddev=size**-0.5),
            name="cluster_centers",
        )
        self.built = True

    def call(self, frames: Any) -> Any:
        """Returns the codes of the samples."""
        shares = self.fc(frames)
        found = ops.matmul(ops.transpose(frames, (0, 2, 1)), shares)
        vlad = _unit(found - ops.sum(shares, axis=1, keepdims=True) * self.cluster_centers)
        return _unit(ops.reshape(vlad, (-1, vlad.shape[1] * self.num_clusters)))

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Returns the shape of the codes."""
        return input_shape[0], input_shape[-1] * self.num_clusters

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {**super().get_config(), "num_clusters": self.num_clusters}
