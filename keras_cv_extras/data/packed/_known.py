"""Which folders are packs: asked before TensorFlow is loaded."""

import os
import pathlib
from typing import Any

from keras_cv_extras._base.owned import kinds, marks


def is_pack(folder: Any) -> bool:
    """Returns whether a path is the folder of a pack."""
    if not isinstance(folder, (str, os.PathLike)):
        return False
    path = pathlib.Path(os.path.expanduser(folder))
    return (marks.read_mark(path) or {}).get("kind") == kinds.PACK.key
