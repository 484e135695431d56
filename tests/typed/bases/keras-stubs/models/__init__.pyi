"""Bases of this package: names and arguments as there, every value an `Any`."""

from typing import Any

from keras.layers import Layer

class Model(Layer):
    compiled: Any
    compiled_metrics: Any
    distribute_reduction_method: Any
    distribute_strategy: Any
    jit_compile: Any
    layers: Any
    metrics_names: Any
    optimizer: Any
    run_eagerly: Any
    steps_per_execution: Any
    stop_evaluating: Any
    stop_predicting: Any
    stop_training: Any
    unrolled_steps_per_execution: Any
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def compile(
        self,
        optimizer: Any = ...,
        loss: Any = ...,
        loss_weights: Any = ...,
        metrics: Any = ...,
        weighted_metrics: Any = ...,
        run_eagerly: Any = ...,
        steps_per_execution: Any = ...,
        jit_compile: Any = ...,
        auto_scale_loss: Any = ...,
    ) -> Any: ...
    def compile_from_config(self, config: Any) -> Any: ...
    def compiled_loss(
        self, y: Any, y_pred: Any, sample_weight: Any = ..., regularization_losses: Any = ...
    ) -> Any: ...
    def compute_loss(
        self,
        x: Any = ...,
        y: Any = ...,
        y_pred: Any = ...,
        sample_weight: Any = ...,
        training: Any = ...,
    ) -> Any: ...
    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = ...) -> Any: ...
    def evaluate(
        self,
        x: Any = ...,
        y: Any = ...,
        batch_size: Any = ...,
        verbose: Any = ...,
        sample_weight: Any = ...,
        steps: Any = ...,
        callbacks: Any = ...,
        return_dict: Any = ...,
        **kwargs: Any,
    ) -> Any: ...
    def export(
        self,
        filepath: Any,
        format: Any = ...,
        verbose: Any = ...,
        input_signature: Any = ...,
        **kwargs: Any,
    ) -> Any: ...
    def fit(
        self,
        x: Any = ...,
        y: Any = ...,
        batch_size: Any = ...,
        epochs: Any = ...,
        verbose: Any = ...,
        callbacks: Any = ...,
        validation_split: Any = ...,
        validation_data: Any = ...,
        shuffle: Any = ...,
        class_weight: Any = ...,
        sample_weight: Any = ...,
        initial_epoch: Any = ...,
        steps_per_epoch: Any = ...,
        validation_steps: Any = ...,
        validation_batch_size: Any = ...,
        validation_freq: Any = ...,
    ) -> Any: ...
    def get_compile_config(self) -> Any: ...
    def get_layer(self, name: Any = ..., index: Any = ...) -> Any: ...
    def get_metrics_result(self) -> Any: ...
    def get_quantization_layer_structure(self, mode: Any = ...) -> Any: ...
    def get_state_tree(self, value_format: Any = ...) -> Any: ...
    def load_weights(self, filepath: Any, skip_mismatch: Any = ..., **kwargs: Any) -> Any: ...
    def loss(self, y: Any, y_pred: Any, sample_weight: Any = ...) -> Any: ...
    def make_predict_function(self, force: Any = ...) -> Any: ...
    def make_test_function(self, force: Any = ...) -> Any: ...
    def make_train_function(self, force: Any = ...) -> Any: ...
    def predict(
        self,
        x: Any,
        batch_size: Any = ...,
        verbose: Any = ...,
        steps: Any = ...,
        callbacks: Any = ...,
    ) -> Any: ...
    def predict_on_batch(self, x: Any) -> Any: ...
    def predict_step(self, data: Any) -> Any: ...
    def reset_metrics(self) -> Any: ...
    def save(
        self, filepath: Any, overwrite: Any = ..., zipped: Any = ..., **kwargs: Any
    ) -> Any: ...
    def save_weights(
        self, filepath: Any, overwrite: Any = ..., max_shard_size: Any = ...
    ) -> Any: ...
    def set_state_tree(self, state_tree: Any) -> Any: ...
    def stateless_compute_loss(
        self,
        trainable_variables: Any,
        non_trainable_variables: Any,
        metrics_variables: Any,
        x: Any = ...,
        y: Any = ...,
        y_pred: Any = ...,
        sample_weight: Any = ...,
        training: Any = ...,
    ) -> Any: ...
    def summary(
        self,
        line_length: Any = ...,
        positions: Any = ...,
        print_fn: Any = ...,
        expand_nested: Any = ...,
        show_trainable: Any = ...,
        layer_range: Any = ...,
    ) -> Any: ...
    def test_on_batch(
        self, x: Any, y: Any = ..., sample_weight: Any = ..., return_dict: Any = ...
    ) -> Any: ...
    def test_step(self, data: Any) -> Any: ...
    def to_json(self, **kwargs: Any) -> Any: ...
    def train_on_batch(
        self,
        x: Any,
        y: Any = ...,
        sample_weight: Any = ...,
        class_weight: Any = ...,
        return_dict: Any = ...,
    ) -> Any: ...
    def train_step(self, data: Any) -> Any: ...

class Sequential(Model):
    def __init__(self, layers: Any = ..., trainable: Any = ..., name: Any = ...) -> None: ...
    def add(self, layer: Any, rebuild: Any = ...) -> Any: ...
    def pop(self, rebuild: Any = ...) -> Any: ...

def __getattr__(name: str) -> Any: ...
