"""Auxiliary heads: further classifiers inside a network that only training sees."""

from typing import Any

import keras

from keras_cv_extras._base.types import Tensor


@keras.saving.register_keras_serializable("keras_cv_extras")
class AuxiliaryHeads(keras.Model):
    """A functional model whose outputs after the first take part in the training loss alone.

    It is compiled, fitted and evaluated like a model of one output: in training the loss is that
    of the main output plus `auxiliary_weight` times that of every other; metrics, validation and
    predictions see the main output only. Built as `AuxiliaryHeads(inputs, [main, *others])`.

    Call arguments:
        inputs: what the model takes.
        training: True for the list of all outputs, otherwise the main one.

    References:
        [Going deeper with convolutions](https://arxiv.org/abs/1409.4842), section 5

    Example:
        >>> model = AuxiliaryHeads(images, [logits, first, second])
        >>> model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        >>> model.fit(x, y)
        >>> smaller = model.inference_model()
    """

    auxiliary_weight: float = 0.3  # the paper's

    def call(
        self,
        inputs: Tensor,
        training: bool | None = None,
        mask: Tensor | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """Returns all outputs in training, else the main one."""
        outputs = super().call(inputs, training=training, mask=mask, **kwargs)
        return outputs if training else outputs[0]

    def compute_loss(
        self,
        x: Tensor | None = None,
        y: Tensor | None = None,
        y_pred: Tensor | None = None,
        sample_weight: Tensor | None = None,
        training: bool | None = True,
    ) -> Tensor:
        """Returns the weighted loss of all outputs that are given."""

        def loss_of(one):
            return super(AuxiliaryHeads, self).compute_loss(x, y, one, sample_weight, training)

        if not isinstance(y_pred, (list, tuple)):
            return loss_of(y_pred)
        main, *others = y_pred
        # What layers add, such as the penalty of a regulariser, counts once.
        added = sum(self.losses)
        total = loss_of(main)
        for one in others:
            total = total + self.auxiliary_weight * (loss_of(one) - added)
        return total

    def compute_metrics(
        self, x: Tensor, y: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> dict[str, Any]:
        """Returns the metrics of the main output."""
        main = y_pred[0] if isinstance(y_pred, (list, tuple)) else y_pred
        return super().compute_metrics(x, y, main, sample_weight)

    @property
    def output_shape(self) -> Any:
        """The shape of the main output."""
        return tuple(self.outputs[0].shape)

    def inference_model(self) -> keras.Model:
        """Returns a model of the main output that shares the weights, without the other heads."""
        return keras.Model(self.inputs[0], self.outputs[0], name=self.name)
