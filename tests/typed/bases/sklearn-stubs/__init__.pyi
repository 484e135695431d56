from typing import Any

from sklearn import base as base
from sklearn import pipeline as pipeline

def __getattr__(name: str) -> Any: ...
