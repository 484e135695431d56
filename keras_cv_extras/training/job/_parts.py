"""Training and test parts of data, in memory or as files, asked the same questions."""

import dataclasses
import os
from typing import Any

import numpy as np

from keras_cv_extras import data
from keras_cv_extras.data import FilePart
from keras_cv_extras.policy import no_augmentation


def loaded(
    source: Any,
    image_size: Any,
    stream: bool,
    max_bad: float,
    resize: str = "crop",
    jpeg: str = "whole",
    crop: str | None = None,
) -> Any:
    """Returns data that were loaded, or loads them by their name.

    Args:
        source: images, or their name.
        image_size: as in `data.load`.
        stream: whether files are decoded as they are needed.
        max_bad: as in `data.image_files`.
        resize: as in `data.load`.
        jpeg: as in `data.load`.
        crop: "random-resized" where boxes are drawn of streamed training files.

    Raises:
        ValueError: if `stream` is given and no size.
    """
    if isinstance(source, data.ImageData | data.ImageFiles):
        return source
    if not stream:
        return data.load(source, image_size=image_size, resize=resize, jpeg=jpeg)
    if image_size is None:
        raise ValueError("stream needs image_size: files are decoded to one size")
    box = data.RandomResizedCrop() if crop == "random-resized" else None
    return data.image_files(source, image_size, crop=box, max_bad=max_bad, resize=resize, jpeg=jpeg)


def cut(images: Any, crop: str | None) -> Any:
    """Returns data whose training files are cut as a setting asks for; None leaves them alone.

    Raises:
        ValueError: if boxes are to be drawn, and the images are no files.
    """
    if not isinstance(images, data.ImageFiles):
        if crop == "random-resized":
            raise ValueError(
                "crop random-resized is drawn when files are decoded: give stream and image_size"
            )
        return images
    if crop is None:
        return images
    box = None if crop == "none" else images.train.crop or data.RandomResizedCrop()
    return dataclasses.replace(images, train=images.train.with_crop(box))


def some(part: Any, chosen: np.ndarray) -> Any:
    """Returns the images of a part for which an array of booleans says so."""
    if isinstance(part, FilePart):
        return part.subset(np.flatnonzero(chosen))
    images, labels = part
    return images[chosen], labels[chosen]


def count(part: Any) -> int:
    """Returns how many images a part has."""
    return len(labels_of(part))


def labels_of(part: Any) -> np.ndarray:
    """Returns the labels of a part: `(count,)`, or several `(count, classes)`."""
    return part.labels if isinstance(part, FilePart) else part[1]


def shape_of(part: Any) -> tuple[int, int, int]:
    """Returns `(height, width, channels)` of the images of a part."""
    return part.shape if isinstance(part, FilePart) else part[0].shape[1:]


def unreadable(*sources: Any) -> dict[str, str]:
    """Returns the files that could not be read, and why."""
    found = {}
    for source in sources:
        found |= source.unreadable() if isinstance(source, data.ImageFiles | FilePart) else {}
    return found


def unreadable_lines(bad: dict[str, str]) -> list[str]:
    """Returns lines that name the first files that could not be read."""
    if not bad:
        return []
    lines = [f"{path}: {why}" for path, why in list(bad.items())[:10]]
    more = [f"and {len(bad) - 10} more"] if len(bad) > 10 else []
    return [f"{len(bad)} image files could not be read and were left out:", *lines, *more]


def about(source: Any, images: Any, bad: dict[str, str]) -> dict[str, str]:
    """Returns what a report says of its data.

    Args:
        source: what they were loaded from.
        images: an `ImageData` or `ImageFiles`.
        bad: the files that could not be read, and why.
    """
    labels = labels_of(images.train)
    counts = (
        labels.sum(axis=0).astype(int)
        if images.multilabel
        else np.bincount(labels, minlength=len(images.class_names))
    )
    shape = shape_of(images.train)
    listed = zip(images.class_names, counts, strict=True)
    lines = {
        "from": str(source) if isinstance(source, str | os.PathLike | data.Table) else images.name,
        "training images": f"{count(images.train):,}",
        "test images": f"{count(images.test):,}",
        "size": f"{shape[0]} x {shape[1]}, {shape[2]} channel{'s' if shape[2] > 1 else ''}",
        "training images of each class": ", ".join(f"{key}: {count}" for key, count in listed),
    }
    for number, (path, why) in enumerate(bad.items()):
        lines[f"could not be read ({number + 1} of {len(bad)})"] = f"{path}: {why}"
    return lines


def policy_said(policy: Any) -> str:
    """Returns a policy as text, "none" for one that does nothing."""
    nothing = not policy.batch.describe() and policy.stages in ((), no_augmentation().stages)
    return "none" if nothing else policy.describe()
