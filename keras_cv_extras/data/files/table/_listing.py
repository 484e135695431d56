"""The files, labels and parts that a table names."""

import os
import pathlib
import re
import stat
import unicodedata
from typing import Any

import numpy as np

from keras_cv_extras._base.text import caller
from keras_cv_extras.data._names import doubts
from keras_cv_extras.data.files import _decode, _layout
from keras_cv_extras.data.files._folder import Listing
from keras_cv_extras.data.files._paths import Paths
from keras_cv_extras.data.files.table import _columns, _rows

_AMBIGUOUS = ("|", ";")


def listing(table, class_names=None) -> Listing:
    """Lists the image files of a table; warns of rows that are left out.

    Args:
        table: a `Table`.
        class_names: None, or the classes that there are, by their numbers.

    Raises:
        OSError: if there is no such file.
        ValueError: if it is not as `Table` says.
    """
    rows = _rows.read(table.source)
    image, columns, split = _columns.chosen(table, rows.columns)
    skipped = _layout.Skipped("rows")
    known, labels_of, multilabel = _labels(table, rows, columns)
    names = rows.columns[image]
    kept = []
    for row, name in enumerate(names):
        if not name:
            skipped.counts["without a file name"] += 1
        elif labels_of[row] is None:
            skipped.counts["without a label"] += 1
        else:
            kept.append(row)
    parts = [rows.columns[split][row] for row in kept] if split else None
    tests = _columns.is_test(table, parts, [rows.numbers[row] for row in kept])
    root = rows.folder if table.root is None else pathlib.Path(os.path.expanduser(table.root))
    if root is not None and table.root is not None and not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder, which root names")
    files = _Files(table, root or pathlib.Path(), rows.numbers)
    for row, test in zip(kept, tests, strict=True):
        files.add(row, names[row], labels_of[row], test, skipped, table.separator and multilabel)
    files.check_there()
    if not files.paths:
        text = skipped.text(table, 0)
        raise ValueError(f"{table}: names zero images{'; ' if text else ''}{text}")
    classes = _class_names(table, class_names, known, files.labels)
    if class_names is None:
        skipped.notes += doubts(classes)
    text = skipped.text(table, len(files.paths))
    numbers = {name: number for number, name in enumerate(classes)}
    if multilabel:
        labels = np.zeros((len(files.labels), len(classes)), np.float32)
        for row, own in enumerate(files.labels):
            labels[row, [numbers[name] for name in own]] = 1
    else:
        labels = np.array([numbers[own[0]] for own in files.labels], np.int32)
    if text:
        caller.warn(text)
    return Listing(
        *(str(table), table.name, classes, Paths(files.paths), labels),
        *(np.array(files.tests), Paths(files.keys)),
    )


def _labels(table, rows, columns) -> tuple[Any, Any, bool]:
    """Returns the classes if columns name them, the labels of each row, whether they are several.

    The labels of a row are a tuple of names, None if they are not there.
    """
    if len(columns) == 1:
        labels, several = _of_one_column(table, rows.columns[columns[0]], rows.numbers)
        return (), labels, several
    labels = []
    for row, number in enumerate(rows.numbers):
        bits = []
        for column in columns:
            cell = rows.columns[column][row]
            try:
                bits.append(_columns.bit(cell))
            except ValueError as error:
                raise ValueError(
                    f"{table}: {number}: {cell!r} in column {column!r} is {error}; several columns "
                    "of labels hold 0 and 1"
                ) from None
        own = tuple(name for name, there in zip(columns, bits, strict=True) if there)
        labels.append(None if None in bits else own)
    several = table.multilabel
    if several is None:
        several = any(own is not None and len(own) != 1 for own in labels)
    for own, number in zip(labels, rows.numbers, strict=True):
        if not several and own is not None and len(own) != 1:
            raise ValueError(f"{table}: {number}: has {len(own)} labels; multilabel=False allows 1")
    return columns, labels, several


def _of_one_column(table, cells, numbers):
    several = bool(table.separator) if table.multilabel is None else table.multilabel
    if several and table.separator:
        return [
            tuple(
                dict.fromkeys(part.strip() for part in cell.split(table.separator) if part.strip())
            )
            for cell in cells
        ], True
    for cell, number in zip(cells, numbers, strict=True):
        found = next((mark for mark in _AMBIGUOUS if mark in cell), None)
        if found is not None and table.separator is None:
            raise ValueError(
                f"{table}: {number}: the label {cell!r} holds {found!r}: give separator={found!r} "
                "(--separator) if images have several labels, separator='' if that is a name"
            )
    return [(cell,) if cell else () if several else None for cell in cells], several


def _class_names(table, known, columns, labels):
    used = {name for own in labels for name in own}
    if known is not None:
        unknown = sorted(used - set(known))
        if unknown:
            raise ValueError(
                f"{table}: class {unknown[0]!r} is not known to the model; the classes are "
                f"{', '.join(known[:20])}"
            )
        return tuple(known)
    numeric = all(re.fullmatch("[0-9]{1,15}", name) for name in used)
    names = columns or sorted(sorted(used), key=int if numeric else None)
    if len(names) < 2:
        said = f"one class only, {names[0]!r}" if names else "no label"
        raise ValueError(f"{table}: {said}; a classifier needs at least two classes")
    return tuple(names)


class _Files:
    """The files that rows name, each once."""

    def __init__(self, table, root, numbers):
        self._table, self._root, self._numbers = table, root, numbers
        self._seen, self._missing = {}, []
        self.paths, self.keys, self.labels, self.tests = [], [], [], []

    def add(self, row, name, labels, test, skipped, join):
        """Notes a row; what is left out is counted.

        Raises:
            ValueError: if the file was named before, with other labels or for another part.
        """
        number = self._numbers[row]
        if re.match("[a-z][a-z0-9+.-]+://", name):
            raise ValueError(
                f"{self._table}: {number}: {name!r} is an address: download the files first"
            )
        path, mode, key = _found(self._root, name)
        if key in self._seen:
            place, first = self._seen[key]
            there = self.keys[place]
            said = repr(name) if name == there else f"{name!r}, the same file as {there!r},"
            if self.tests[place] != test:
                raise ValueError(
                    f"{self._table}: {said} is in two parts, for training and for tests "
                    f"({first} and {number}): leave one out"
                )
            if join:
                self.labels[place] = tuple(dict.fromkeys((*self.labels[place], *labels)))
            elif self.labels[place] != labels:
                raise ValueError(
                    f"{self._table}: {said} has two labels, {_said(self.labels[place])} "
                    f"({first}) and {_said(labels)} ({number}): leave one out"
                )
            if not join:
                skipped.counts["that repeat a file"] += 1
            return
        if mode and not stat.S_ISREG(mode):
            skipped.counts["that name a folder, pipe or device"] += 1
            return
        self._seen[key] = len(self.paths), number
        if not mode:
            self._missing.append(path)
        self.paths.append(path)
        self.keys.append(name.replace("\\", "/"))
        self.labels.append(labels)
        self.tests.append(test)

    def check_there(self):
        """Raises if more than half of the files are missing."""
        if 2 * len(self._missing) > len(self.paths):
            raise ValueError(
                f"{self._table}: {len(self._missing)} of {len(self.paths)} files that it names are "
                f"not there, the first is {self._missing[0]}: give the folder that they are in, "
                "root=... of data.Table, or --root"
            )


def _found(root, name):
    """Returns the path of a file, its mode, 0 if it is not there, and what tells it from others."""
    names = [name, name.replace("\\", "/")] if "\\" in name else [name]
    if not name.isascii():  # an accent is one sign or two: file systems and tables differ
        names += [unicodedata.normalize(form, name) for form in ("NFC", "NFD")]
    if not name.lower().endswith(_decode.SUFFIXES):
        names += [one + suffix for one in names for suffix in _decode.SUFFIXES]
    first = 0
    for one in names:
        try:
            found = os.stat(root / one)
        except (OSError, ValueError):  # ValueError: a NUL in it
            continue
        if stat.S_ISREG(found.st_mode):
            # Under other names, and by links, it is the same one.
            key = (found.st_dev, found.st_ino) if found.st_ino else os.path.realpath(root / one)
            return root / one, found.st_mode, key
        first = first or found.st_mode
    return root / name, first, os.path.normpath(root / name)


def _said(labels):
    return "none" if not labels else ", ".join(map(repr, labels))
