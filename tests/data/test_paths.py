"""Paths of many files: a sequence of texts in little memory, and what graphs look up in it."""

import os

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from keras_cv_extras.data.files._file_part import path_at
from keras_cv_extras.data.files._paths import Paths

NAMES = st.lists(
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=9), max_size=9
)


@given(NAMES, st.data())
def test_it_is_the_sequence_that_it_was_made_of(names, draw):
    texts = tuple(f"root/{name}" for name in names)
    for paths in (Paths(texts), Paths(texts, "root/")):
        assert tuple(paths) == texts == paths
        assert paths == list(texts)
        assert [paths[n] for n in range(len(texts))] == list(texts)
        assert paths[1:4] == texts[1:4]
        assert paths[::-2] == texts[::-2]
        rows = draw.draw(st.lists(st.integers(0, len(texts) - 1))) if texts else []
        some = paths.take(np.array(rows, int))
        assert some == [texts[row] for row in rows]
        assert some.encoded() == b"".join(name.encode() + b"\0" for name in cut(some, paths))
        assert repr(paths[:3]) == repr(texts[:3])
    assert Paths(texts, "root/").below() == names
    halves = [Paths(texts[:2], "root/"), Paths((), "root/"), Paths(texts[2:], "root/")]
    assert Paths.joined(halves, "root/") == texts


def cut(some, paths):
    """The names as they are held: without the beginning that all have."""
    begin = "root/" if paths.below() != paths else ""
    return [path[len(begin) :] for path in some]


def test_it_differs_from_others():
    paths = Paths(["a", "b"])
    assert paths != ("a",)
    assert paths != ("a", "c")
    assert paths != "ab"
    assert Paths().joined([], "") == ()
    assert len(Paths()) == 0
    with pytest.raises(IndexError):
        paths[2]


def test_names_need_not_be_utf_8():
    name = os.fsdecode(b"caf\xe9.png")
    paths = Paths(["x/" + name, "x/ü"], "x/")
    assert paths[0] == "x/" + name
    assert tuple(paths) == ("x/" + name, "x/ü")
    found = [path_at(paths.tensors(), tf.constant(n)).numpy() for n in (0, 1)]
    assert found == [b"x/caf\xe9.png", "x/ü".encode()]


def test_graphs_look_it_up_without_holding_it():
    paths = Paths([f"folder/{number:07d}.png" for number in range(50_000)], "folder/")
    tensors = paths.take(slice(1, None)).tensors()
    stream = tf.data.Dataset.range(0, 49_999, 9_999).map(lambda number: path_at(tensors, number))
    assert [path.decode() for path in stream.as_numpy_iterator()] == list(paths[1::9_999])
    for function in stream._functions():
        assert function.function.graph.as_graph_def().ByteSize() < 10_000


def test_texts_that_no_file_can_have_as_its_name_are_held_as_well():
    paths = Paths(["a.png", "\ud800.png", "b.png"])
    assert (paths[0], paths[2]) == ("a.png", "b.png")
    assert isinstance(paths[1], str)
