"""Dictionaries of an image and a label, as Hugging Face's and TensorFlow's data sets have them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_cv_extras._base.text import caller
from keras_cv_extras.data._names import doubts
from keras_cv_extras.data.files import _decode, _folder, _layout

_MOST = 1 << 31  # labels are int32
_IMAGES, _LABELS = ("image", "images", "img"), ("label", "labels", "target")


def as_pairs(dataset: Any) -> Any:
    """Returns a `tf.data.Dataset` of dictionaries as one of `(image, label)`.

    Args:
        dataset: single records or batches of them: dictionaries with the keys "image" (or "images",
            "img") and "label" (or "labels", "target"), and perhaps others, which are left out. Any
            other dataset is returned as it is.

    Returns:
        A dataset with the same elements.

    Raises:
        TypeError: if the dictionaries have no image or no label.

    Example:
        >>> records = tf.data.Dataset.from_tensor_slices({"image": images, "label": labels})
        >>> image, label = next(iter(as_pairs(records)))
    """
    spec = dataset.element_spec
    if not isinstance(spec, dict):
        return dataset
    image, label = keys_of(spec)
    from keras_cv_extras._base.datasets.transformations import mapped

    return mapped(dataset, lambda record: (record[image], record[label]))


def keys_of(record) -> tuple[str, str]:
    """Returns the keys of the image and of the label of a dictionary.

    Raises:
        TypeError: if it lacks one.
    """
    image, label = (
        next((key for key in known if key in record), None) for known in (_IMAGES, _LABELS)
    )
    if image is None or label is None:
        raise TypeError(
            "records must have the keys 'image' and 'label', received "
            f"{', '.join(map(repr, record))}: rename them"
        )
    return image, label


def are_records(source) -> bool:
    """Returns whether something is a sequence of dictionaries, or a dictionary of such parts."""
    if isinstance(source, Mapping):
        return bool(source) and all(map(_is_part, source.values()))
    return _is_part(source)


def read_records(source, *, image_size, resize, channels):
    """Reads records into arrays.

    Args:
        source: a sequence of dictionaries, or a dictionary of such parts by their names.
        image_size: `(height, width)`, or None if all images are of one size.
        resize: as in `data.load`.
        channels: 1, 3, or None for 3 if any image has colours.

    Returns:
        `(train, test, class_names)`, each part `(images, labels)`; `test` may be None.

    Raises:
        TypeError, ValueError: if images or labels cannot be read.
    """
    parts, named = {"train": source}, {}
    if isinstance(source, Mapping):
        named = {name: _layout.part_of(str(name)) for name in source}
        parts = {part: source[name] for name, part in named.items() if part is not None}
        if "train" not in parts:
            raise ValueError(f"records must have a part 'train', received {', '.join(source)}")
    held = next((name for name in ("test", "validation") if name in parts), None)
    for own in ("train", held):
        names = [str(name) for name, part in named.items() if part == own]
        if own is not None and len(names) > 1:
            raise ValueError(
                f"records have several parts for {own}, {' and '.join(names)}: join them, or leave "
                "out all but one"
            )
    read = {}
    for name in ("train", held):
        if name is not None:
            read[name] = _read(parts[name], image_size, resize)
            image_size = image_size or read[name][0].shape[1:3]
    coloured = any(colours for _, _, colours in read.values())
    channels = channels or (3 if coloured else 1)
    names = _names(parts["train"], [labels for _, labels, _ in read.values()])
    found = [
        (_in_channels(images, channels, coloured), _numbers(labels, names))
        for images, labels, _ in read.values()
    ]
    return found[0], found[1] if len(found) == 2 else None, names


def _is_part(source):
    if isinstance(source, list | tuple):
        return bool(source) and isinstance(source[0], Mapping)
    return all(hasattr(source, name) for name in ("features", "__len__", "__getitem__"))


def _read(part, image_size, resize):
    """Returns images in RGB, labels as they are, and whether any image has colours."""
    if not len(part):
        raise ValueError("records must hold at least one image in every part, received none")
    image_key, label_key = keys_of(part[0])
    images, labels, coloured = None, [], False
    with _folder.progress_bar("Reading images", len(part)) as advance:
        for number in range(len(part)):
            record = part[number]
            picture = _decode.picture(record[image_key])
            coloured |= picture.mode != "L"
            own = picture.size[::-1]
            if image_size is None:
                image_size = own
            elif resize is None and own != image_size:
                raise ValueError(
                    f"the images differ in size, {image_size[0]} x {image_size[1]} and {own[0]} x "
                    f"{own[1]}: give image_size"
                )
            if images is None:
                _folder.check_bytes(len(part), image_size, 3)
                images = np.empty((len(part), *image_size, 3), np.uint8)
            images[number] = _decode.fit(picture, image_size, resize or "crop", 3)
            labels.append(_label(record[label_key]))
            advance()
    return images, labels, coloured


def _in_channels(images, channels, coloured):
    if channels == 3:
        return images
    if not coloured:
        return images[..., :1]
    return np.stack([_decode.fit(_decode.picture(one), one.shape[:2], "crop", 1) for one in images])


def _label(value):
    """Returns a label as a text or an integer.

    Raises:
        ValueError: if it is neither, or stands for none.
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, str):
        return str(value)
    array = np.asarray(value)
    whole = array.ndim == 0 and not np.ma.is_masked(value)
    if whole and array.dtype.kind == "f":
        whole = np.isfinite(array) and array == np.rint(array)
    elif whole:
        whole = array.dtype.kind in "iub" or isinstance(value, int)
    text = " ".join(repr(value).split())
    text = text if len(text) <= 60 else f"{text[:57]}..."
    if not whole:
        raise ValueError(
            f"records: the label {text} is neither a text nor a whole number: leave records "
            "without a label out; a table takes several labels per image"
        )
    if not -_MOST < int(value) < _MOST:
        raise ValueError(f"records: the label {text} is out of reach: give texts or small numbers")
    return int(value)


def _names(part, parts):
    feature = getattr(part, "features", None) or {}
    names = getattr(feature.get(keys_of(part[0])[1]), "names", None)
    if names is not None:
        return tuple(names)
    labels = {label for own in parts for label in own}
    texts = {label for label in labels if isinstance(label, str)}
    if texts and texts != labels:
        raise ValueError(
            f"records: labels are texts ({min(texts)!r}) and numbers ({min(labels - texts)}): give "
            "all as texts or all as numbers"
        )
    if len(labels) < 2:
        raise ValueError(
            f"records: one class only, {labels.pop()!r}; a classifier needs at least two classes"
        )
    if texts:
        names = tuple(sorted(texts))
        for line in doubts(names):
            caller.warn(f"records: {line}")
        return names
    count, without = max(labels) + 1, max(labels) + 1 - len([one for one in labels if one >= 0])
    if without > max(len(labels), 1000):
        raise ValueError(
            f"records: {len(labels)} different labels are up to {max(labels)}: classes are "
            "numbered from 0 on, give texts or other numbers"
        )
    if without:
        missing = next(number for number in range(count) if number not in labels)
        caller.warn(
            f"records: {without} of {count} classes have no image, the first is {missing}: classes "
            "are numbered from 0 on",
        )
    return tuple(str(number) for number in range(count))


def _numbers(labels, names):
    known = {name: number for number, name in enumerate(names)}
    numbers = [known.get(label, -1) if isinstance(label, str) else label for label in labels]
    for number, label in zip(numbers, labels, strict=True):
        if not 0 <= number < len(names):
            raise ValueError(
                f"records: the label {label!r} is none of the {len(names)} classes: leave records "
                "without a label out"
            )
    return np.array(numbers, np.int32)
