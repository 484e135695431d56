"""Bases of this package: names and arguments as there, every value an `Any`."""

from typing import Any

class Metric:
    dtype: Any
    name: Any
    variables: Any
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def __init__(self, dtype: Any = ..., name: Any = ...) -> None: ...
    def add_variable(
        self,
        shape: Any,
        initializer: Any,
        dtype: Any = ...,
        aggregation: Any = ...,
        name: Any = ...,
    ) -> Any: ...
    def add_weight(
        self, shape: Any = ..., initializer: Any = ..., dtype: Any = ..., name: Any = ...
    ) -> Any: ...
    @classmethod
    def from_config(cls, config: Any) -> Any: ...
    def get_config(self) -> Any: ...
    def reset_state(self) -> Any: ...
    def result(self) -> Any: ...
    def stateless_reset_state(self) -> Any: ...
    def stateless_result(self, metric_variables: Any) -> Any: ...
    def stateless_update_state(self, metric_variables: Any, *args: Any, **kwargs: Any) -> Any: ...
    def update_state(self, *args: Any, **kwargs: Any) -> Any: ...

class Mean(Metric):
    count: Any
    total: Any
    def __init__(self, name: Any = ..., dtype: Any = ...) -> None: ...

class R2Score(Metric):
    class_aggregation: Any
    count: Any
    num_regressors: Any
    num_samples: Any
    squared_sum: Any
    sum: Any
    total_mse: Any
    def __init__(
        self,
        class_aggregation: Any = ...,
        num_regressors: Any = ...,
        name: Any = ...,
        dtype: Any = ...,
    ) -> None: ...

class FBetaScore(Metric):
    average: Any
    axis: Any
    beta: Any
    false_negatives: Any
    false_positives: Any
    intermediate_weights: Any
    threshold: Any
    true_positives: Any
    def __init__(
        self,
        average: Any = ...,
        beta: Any = ...,
        threshold: Any = ...,
        name: Any = ...,
        dtype: Any = ...,
    ) -> None: ...

class F1Score(FBetaScore):
    def __init__(
        self, average: Any = ..., threshold: Any = ..., name: Any = ..., dtype: Any = ...
    ) -> None: ...

def __getattr__(name: str) -> Any: ...
