"""Signatures of classes whose arguments are not written down in an `__init__`."""

import inspect
from typing import Any


class ClassSignature:
    """What a class is made with, as `__signature__` of the class, but not of its instances.

    An instance that is called has the signature of its `__call__`: `tf.function(loss)` asks for it.
    """

    def __init__(self, signature: inspect.Signature) -> None:
        self.signature = signature

    def __get__(self, instance: Any, owner: type | None = None) -> inspect.Signature:
        if instance is None:
            return self.signature
        raise AttributeError("__signature__")
