"""Exports whose files, functions or numbers are not those of an export: refused, unread."""

import os
import shutil

import pytest
from tensorflow.core.framework import types_pb2
from test_serving_hostile import edited

from keras_cv_extras import serving


@pytest.fixture
def copy(exported, tmp_path):
    return shutil.copytree(exported, tmp_path / "export")


def add_function(meta, name, *called):
    function = meta.graph_def.library.function.add()
    function.signature.name = name
    for number, other in enumerate(called):
        node = function.node_def.add(name=f"call_{number}", op="PartitionedCall")
        node.attr["f"].func.name = other


def itself(meta):
    add_function(meta, "again", "again")


def one_another(meta):
    add_function(meta, "one", "other")
    add_function(meta, "other", "one")


def deep(meta):
    add_function(meta, "f0")
    for number in range(1, 101):
        add_function(meta, f"f{number}", f"f{number - 1}")


def add_constant(nodes):
    node = nodes.add(name="vast", op="Const")
    node.attr["dtype"].type = types_pb2.DT_FLOAT
    tensor = node.attr["value"].tensor
    tensor.dtype = types_pb2.DT_FLOAT
    tensor.tensor_shape.dim.add(size=1 << 20)
    tensor.tensor_shape.dim.add(size=1 << 20)
    tensor.float_val.append(0.0)


def vast_constant(meta):
    add_constant(meta.graph_def.node)


def vast_constant_in_a_function(meta):
    add_constant(meta.graph_def.library.function[-1].node_def)


def asset(meta):
    meta.asset_file_def.add(filename="../../../etc/passwd")


def saved_asset(meta):
    meta.object_graph_def.nodes.add().asset.asset_file_def_index = 0


def resource(meta):
    meta.object_graph_def.nodes.add().resource.device = "CPU:0"


def vast_variable(meta):
    (node, *_) = (n for n in meta.object_graph_def.nodes if n.WhichOneof("kind") == "variable")
    node.variable.shape.dim[0].size = 1 << 40


def alias(meta):
    meta.graph_def.library.function[-1].node_def.add(name="alias", op="PyFuncStateless")


def unknown(meta):
    meta.graph_def.node.add(name="own", op="MyCompany>WriteFile")


def file_in_an_attribute(meta):
    node = meta.graph_def.library.function[0].node_def.add(name="own", op="FixedLengthRecordReader")
    node.attr["container"].s = b"/etc/passwd"


def table_of_a_file(meta):
    meta.graph_def.node.add(name="own", op="InitializeTableFromTextFileV2")


def debugged(meta):
    node = meta.graph_def.node.add(name="own", op="DebugIdentityV3")
    node.attr["debug_urls"].list.s.append(b"file:///tmp/written")


EDITS = {
    itself: "'again', which calls itself",
    one_another: "'one', which calls itself",
    deep: "'f100', which calls itself, or others more than 100 deep",
    vast_constant: "the constant vast in the graph, of more than",
    vast_constant_in_a_function: "the constant vast in .*, of more than",
    asset: "the asset '../../../etc/passwd'",
    saved_asset: "an object of the kind 'asset'",
    resource: "an object of the kind 'resource'",
    vast_variable: "has variables of .* numbers, and .* bytes of them beside it",
    alias: "the operation PyFuncStateless",
    unknown: "the operation MyCompany>WriteFile",
    file_in_an_attribute: "the operation FixedLengthRecordReader",
    table_of_a_file: "the operation InitializeTableFromTextFileV2",
    debugged: "the operation DebugIdentityV3",
}


READERS = [
    serving.verify,
    lambda path: serving.ModelServer(path, port=0),
    lambda path: serving.predict_files(path, []),
]


def refused(path, message, read=serving.verify):
    before = sorted(path.rglob("*"))
    with pytest.raises(ValueError, match=message):
        read(path)
    assert sorted(path.rglob("*")) == before


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_a_graph_that_no_export_has(copy, edit):
    edited(copy, edit)
    refused(copy, EDITS[edit])


@pytest.mark.parametrize("read", READERS, ids=["verify", "serve", "predict"])
def test_who_reads_an_export_asks_first(copy, read):
    edited(copy, itself)
    refused(copy, EDITS[itself], read)


@pytest.mark.parametrize("name", ["fingerprint.pb", "variables/variables.index", "assets/x"])
def test_a_pipe_is_not_waited_for(copy, name):
    (copy / "assets").mkdir(exist_ok=True)
    (copy / name).unlink(missing_ok=True)
    os.mkfifo(copy / name)
    refused(copy, f"{name}: not a regular file")


@pytest.mark.skipif(not hasattr(os, "SEEK_DATA"), reason="the system does not tell of holes")
def test_a_file_of_holes_is_not_read(copy):
    (file,) = copy.glob("variables/variables.data*")
    os.truncate(file, 1 << 40)
    refused(copy, "mostly holes")


def test_a_graph_of_gigabytes_is_not_read(copy):
    file = copy / "saved_model.pb"
    with open(file, "r+b") as opened:
        opened.truncate(1 << 34)
    refused(copy, "mostly holes|of more than")


@pytest.mark.wide_but("variables.index")
@pytest.mark.parametrize("name", ["variables.index", "variables.data-00000-of-00001", ""])
@pytest.mark.wide
def test_variables_that_are_missing(copy, name):
    if name:
        (copy / "variables" / name).unlink()
    else:
        shutil.rmtree(copy / "variables")
    with pytest.raises(ValueError, match="cannot be loaded .*: damaged|it is damaged"):
        serving.ModelServer(copy, port=0)
