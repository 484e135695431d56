"""Which columns of a table hold files, labels and parts, told by their names."""

import re

from keras_cv_extras.data.files import _layout

# The first that a table has counts.
_FILES = (
    *("filepath", "imagepath", "imgpath", "path", "filename", "file", "imagefile", "imagename"),
    *("image", "images", "img", "imageid", "imgid", "fileid", "id", "name"),
)
_LABELS = (
    *("label", "class", "category", "target", "labels", "classes", "categories", "targets"),
    *("classname", "labelname", "categoryname", "classlabel", "tag", "tags", "y"),
)
_SPLITS = ("split", "subset", "partition", "set")
_TRUE, _FALSE = ("1", "1.0", "true"), ("0", "0.0", "false")


def chosen(table, columns):
    """Returns the column of the files, those of the labels, and that of the parts or None.

    Args:
        table: a `Table`.
        columns: its cells by the names of the columns.

    Raises:
        ValueError: if there is no such column, or none can be told by its name.
    """
    for name in (table.image, *_listed(table.label), table.split):
        if name and name not in columns:
            raise ValueError(f"{table}: has no column {name!r}; its columns are {_names(columns)}")
    image = table.image or _guess(table, columns, _FILES)
    if not image:
        raise ValueError(
            f"{table}: which column holds the files? Name one of {_names(columns)}: image=... of "
            "data.Table, or --image-column"
        )
    split = _guess(table, columns, _SPLITS) if table.split is None else table.split or None
    labels = _listed(table.label)
    if not labels:
        rest = {name: cells for name, cells in columns.items() if name not in (image, split)}
        one = _guess(table, rest, _LABELS)
        labels = (one,) if one else tuple(rest)
        if not one and (len(rest) < 2 or not all(_is_binary(cells) for cells in rest.values())):
            if not rest:
                raise ValueError(f"{table}: has no column of labels beside {image!r}: add one")
            raise ValueError(
                f"{table}: which columns hold the labels? Name some of {_names(rest)}: label=... "
                "of data.Table, or --label-column"
            )
    return image, labels, split


def bit(cell):
    """Returns whether a cell of 0 and 1 holds 1, None for an empty one.

    Raises:
        ValueError: if it is anything else.
    """
    cell = cell.lower()
    if cell not in (*_TRUE, *_FALSE, ""):
        raise ValueError("neither 0 nor 1")
    return None if cell == "" else cell in _TRUE


def is_test(table, cells, numbers):
    """Returns of each row whether it is for tests, by the cells of its part.

    As with folders, what is for validation is the test part where there is no other, and else
    adds to the training part.

    Raises:
        ValueError: for a cell that names no part.
    """
    if cells is None:
        return [False] * len(numbers)
    parts = []
    for cell, number in zip(cells, numbers, strict=True):
        parts.append(_layout.part_of(cell))
        if parts[-1] is None:
            raise ValueError(
                f"{table}: {number}: the part {cell!r} is none of train, val and test; give "
                "split='' (--split-column '') if that column means something else"
            )
    held = "test" if "test" in parts else "validation"
    return [part == held for part in parts]


def _guess(table, columns, known):
    plain = {}
    for name in columns:
        plain.setdefault(re.sub("[^a-z0-9]", "", name.lower()), []).append(name)
    found = next((plain[name] for name in known if name in plain), [None])
    if len(found) > 1:
        raise ValueError(
            f"{table}: the columns {_names(found)} look alike: rename one, or name the one that is "
            "meant in data.Table or by its option"
        )
    return found[0]


def _is_binary(cells):
    return all(cell.lower() in (*_TRUE, *_FALSE, "") for cell in cells)


def _listed(label):
    return (label,) if isinstance(label, str) else tuple(label or ())


def _names(columns):
    return ", ".join(map(repr, list(columns)[:20])) or "none"
