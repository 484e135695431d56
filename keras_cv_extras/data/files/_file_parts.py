"""Labelled image files as data: a training part and a test part."""

import dataclasses

from keras_cv_extras.data.files._file_part import FilePart


@dataclasses.dataclass(frozen=True, eq=False)
class ImageFiles:
    """Labelled image files: a training part and a test part, for `pipeline`.

    Attributes:
        train: the files to train on.
        test: others.
        class_names: the name of each class, by its number.
        name: of the folder or table.
        refused: files that were left out when the folder was listed, and why.
        divided: whether the folder has no test part, so that some files were set aside.
        decoding: how files are decoded: `{"resize": ..., "jpeg": ...}`.

    Example:
        >>> files = image_files("photographs", image_size=32)
        >>> files.class_names
        ('cat', 'dog')
        >>> [name for name, reason in files.refused.items()]
    """

    train: FilePart
    test: FilePart
    class_names: tuple[str, ...]
    name: str
    refused: dict[str, str]
    divided: bool = False
    decoding: dict[str, str] | None = None

    def __repr__(self) -> str:
        return (
            f"ImageFiles({self.name!r}: {len(self.train)} training and {len(self.test)} test "
            f"files, images of {self.train.shape}, {len(self.class_names)} classes)"
        )

    @property
    def multilabel(self) -> bool:
        """Whether an image may have several labels, so that labels are rows of 0 and 1."""
        return self.train.labels.ndim == 2

    def unreadable(self) -> dict[str, str]:
        """Returns all files left out so far, and why: when listed, and while they were decoded."""
        return {**self.refused, **self.train.unreadable(), **self.test.unreadable()}
