"""The operations that a served graph may hold.

A SavedModel is a program: it can read and write files, open connections and call Python. This
list is read off the graph before anything of it is run. Allowed is arithmetic: what TensorFlow has
for arrays, networks, images and text, computed from inputs and nothing else as its registry has
it; and by their names the few others that exports are made of. All else is refused, what
TensorFlow does not know included, and so is a graph inside of a constant, which could be run from
there.
"""

# What protobuf makes of a message has no types everywhere.
# pyright: reportAttributeAccessIssue=false

import importlib
import math
import os
import pathlib
import re
import struct
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.lite.python import schema_py_generated
from tensorflow.python.framework import op_def_registry  # there is no public way to ask

# Where TensorFlow keeps the operations of each kind; those without a state are arithmetic.
_KINDS = (
    *("array_ops", "bitwise_ops", "control_flow_ops", "functional_ops", "image_ops", "linalg_ops"),
    *("manip_ops", "math_ops", "nn_ops", "special_math_ops", "spectral_ops"),
    *("stateless_random_ops", "stateless_random_ops_v2", "string_ops"),
)
_ARITHMETIC = [importlib.import_module(f"tensorflow.python.ops.gen_{kind}") for kind in _KINDS]
_OTHERS = {
    *("Assert", "Case", "If", "PartitionedCall", "StatefulPartitionedCall", "While"),
    *("ReadVariableOp", "VarHandleOp"),
    # Images that cannot be decoded are passed over by way of datasets, see `_signatures`.
    *("DatasetToSingleElement", "TensorDataset", "TensorSliceDataset", "BatchDatasetV2"),
    *("ConcatenateDataset", "FilterDataset", "IgnoreErrorsDataset", "MapDataset"),
    *("OptionsDataset", "ParallelBatchDataset", "ParallelMapDatasetV2", "PrefetchDataset"),
    *("RangeDataset", "ReduceDataset", "TakeDataset", "ZipDataset"),
    # Loops over the elements of a tensor, bytes as numbers, pieces of a batch.
    *("DecodeRaw", "DynamicPartition", "DynamicStitch", "EmptyTensorList", "ParallelDynamicStitch"),
    *("TensorListConcatV2", "TensorListElementShape", "TensorListFromTensor", "TensorListGather"),
    *("TensorListGetItem", "TensorListLength", "TensorListPopBack", "TensorListPushBack"),
    *("TensorListReserve", "TensorListResize", "TensorListSetItem", "TensorListSplit"),
    *("TensorListStack",),
}
# Variables are saved and restored by two functions of the graph, which its saver names. They may do
# this, and nothing else may: a loader runs the second by itself, and a checkpoint is a file.
_SAVING = {"DisableCopyOnRead", "MergeV2Checkpoints", "SaveV2", "ShardedFilename"}
_RESTORING = {"AssignVariableOp", "RestoreV2"}
# In a path: an escape, or a set of characters. One without an end, or with nothing in it, is none.
_PATTERN = re.compile(r"\\|\[(?:[!^][^/]+|[^!^/][^/]*)\]")
# Of what is saved as objects; others, such as tables and files, do something when they are loaded.
_OBJECTS = ("bare_concrete_function", "captured_tensor", "constant", "function", "user_object")
_OBJECTS += ("variable",)
_DEEPEST = 100  # calls of functions by functions; exports have eighteen
_MOST_BYTES = 1 << 28  # of a graph, whose numbers are in other files
_MOST_ELEMENTS = 1 << 26  # of a constant
_OTHER_FILES = ("saved_model.pbtxt", "saved_model.cpb")  # other forms of the same


def check_place(path: str | os.PathLike[str]) -> None:
    """Raises if TensorFlow could not load a SavedModel from a folder, by its name.

    It looks for the files of variables by a pattern. Names with `*` and `?` match themselves, those
    with characters in brackets, or with a backslash, do not.

    Raises:
        ValueError: if the path is such a pattern.
    """
    found = _PATTERN.search(os.path.abspath(path))
    if found is not None:
        raise ValueError(
            f"{path}: holds {found[0]!r}, of which TensorFlow makes a pattern when it loads a "
            "SavedModel: give a path without it"
        )


def check_graph(path: pathlib.Path) -> int:
    """Checks that the graph of a SavedModel has only operations that a classifier needs.

    Args:
        path: the file `saved_model.pb`.

    Returns:
        How many different operations there are.

    Raises:
        ValueError: if it is none, or holds an operation that is not allowed; the message names
            the operation and where it is.
    """
    check_place(path.parent)
    for name in _OTHER_FILES:
        if os.path.lexists(other := path.with_name(name)):
            raise ValueError(
                f"{path}: there is {name} beside it, and a server may load either: delete {other}"
            )
    _check_files(path.parent)
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{path}: of more than {_MOST_BYTES:,} bytes, as no graph is")
    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString(path.read_bytes())
    except Exception as error:  # protobuf's DecodeError has several homes
        raise ValueError(f"{path}: not a SavedModel ({error})") from error
    if not saved.meta_graphs:
        raise ValueError(f"{path}: a SavedModel without a graph")
    names = set()
    for meta in saved.meta_graphs:
        _check_functions(path, meta.graph_def.library.function)
        _check_objects(path, meta)
        more = _permitted(meta)
        # A server runs what it likes of the graph itself: only functions of their own may load.
        for where, nodes in [("the graph", meta.graph_def.node)] + [
            (function.signature.name, function.node_def)
            for function in meta.graph_def.library.function
        ]:
            for node in nodes:
                if not is_allowed(node.op) and node.op not in more.get(where, ()):
                    raise ValueError(
                        f"{path}: holds the operation {node.op} ({node.name} in {where}), which "
                        "serving a classifier does not need: do not load it"
                    )
                if _holds_a_graph(node):
                    raise ValueError(
                        f"{path}: holds a graph inside of the constant {node.name} in {where}, "
                        "which serving a classifier does not need: do not load it"
                    )
                if _most_elements(node) > _MOST_ELEMENTS:
                    raise ValueError(
                        f"{path}: holds the constant {node.name} in {where}, of more than "
                        f"{_MOST_ELEMENTS:,} numbers: do not load it"
                    )
                names.add(node.op)
    return len(names)


def _check_functions(path, functions):
    """Raises for a function of two meanings: TensorFlow takes a node with its name for a call."""
    known = set()
    for name in (function.signature.name for function in functions):
        if op_def_registry.get(name) is not None or name in known:
            raise ValueError(
                f"{path}: holds a function {name!r}, the name of an operation or of another "
                "function: do not load it"
            )
        known.add(name)
    nodes = {function.signature.name: function.node_def for function in functions}
    left = {name: _called_at_once(nodes, nodes[name]) for name in nodes}
    for _ in range(_DEEPEST):  # each time, those go that call nothing that is left
        left = {name: called for name, called in left.items() if not left.keys().isdisjoint(called)}
    if left:
        raise ValueError(
            f"{path}: holds the function {next(iter(left))!r}, which calls itself, or others more "
            f"than {_DEEPEST} deep: do not load it"
        )


def _check_objects(path, meta):
    """Raises for what a loader reads or runs that exports have none of, and for vast variables."""
    if meta.asset_file_def:
        name = meta.asset_file_def[0].filename
        raise ValueError(f"{path}: holds the asset {name!r}, which exports do not: do not load it")
    size = 0
    for node in meta.object_graph_def.nodes:
        kind = node.WhichOneof("kind")
        if kind not in _OBJECTS:
            raise ValueError(
                f"{path}: holds an object of the kind {kind!r}, which exports do not: do not load "
                "it"
            )
        if kind == "variable":
            size += _num_elements(node.variable.shape)
    stored = sum(file.stat().st_size for file in path.parent.glob("variables/*") if file.is_file())
    if size > stored:  # at least a byte for each number
        raise ValueError(
            f"{path}: has variables of {size:,} numbers, and {stored:,} bytes of them beside it: "
            "it is damaged"
        )


def _num_elements(shape):
    return math.prod(max(dim.size, 0) for dim in shape.dim)


def _most_elements(node):
    """Returns how many numbers the largest constant of a node has, which may be one repeated."""
    return max(
        (_num_elements(value.tensor.tensor_shape) for value in node.attr.values()), default=0
    )


def _check_files(folder):
    """Raises for a file of an export that is none, or that is mostly holes."""
    for place, _, names in os.walk(folder):
        for name in names:
            file = os.path.join(place, name)
            if not os.path.isfile(file):
                raise ValueError(f"{file}: not a regular file: do not load it")
            if _is_hollow(file):
                raise ValueError(f"{file}: mostly holes, which are read as zeros: do not load it")


def _is_hollow(file):
    """Returns whether more than half of a large file is stored nowhere."""
    size, filled, place = os.path.getsize(file), 0, 0
    if size < _MOST_BYTES or not hasattr(os, "SEEK_DATA"):
        return False
    with open(file, "rb") as opened:
        while place < size:
            try:
                start = os.lseek(opened.fileno(), place, os.SEEK_DATA)
            except OSError:  # there is no more
                break
            place = os.lseek(opened.fileno(), start, os.SEEK_HOLE)
            filled += place - start
    return 2 * filled < size


def load(folder: pathlib.Path) -> Any:
    """Loads a SavedModel, once `check_graph` has found nothing in it.

    Raises:
        ValueError: if it finds something, or the model is damaged.
        ResourceExhaustedError: of TensorFlow, if there is too little memory.
    """
    check_graph(folder / "saved_model.pb")
    try:
        return tf.saved_model.load(os.fspath(folder))
    except (ImportError, MemoryError, tf.errors.ResourceExhaustedError):
        raise
    except Exception as error:  # a damaged one fails in any way that bytes can
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise ValueError(f"{folder}: cannot be loaded ({said[0][:200]}): damaged") from error


def check_litert(path: pathlib.Path) -> None:
    """Reads a LiteRT model, and refuses operations that are not LiteRT's own.

    TensorFlow's interpreter runs any of TensorFlow's operations, such as `FlexWriteFile`, that a
    file names as custom ones. Exports hold none.

    Args:
        path: the file `model.tflite`.

    Raises:
        ValueError: if it is none, or names an operation of another's.
    """
    content = path.read_bytes()
    try:
        if content[4:8] != b"TFL3":
            raise ValueError("it does not begin as one")
        model = schema_py_generated.Model.GetRootAs(content, 0)
        codes = [model.OperatorCodes(number) for number in range(model.OperatorCodesLength())]
        custom = [code.CustomCode() for code in codes if code is not None and code.CustomCode()]
    except (ValueError, TypeError, IndexError, struct.error) as error:
        raise ValueError(f"{path}: not a LiteRT model ({error})") from error
    for name in custom:
        raise ValueError(
            f"{path}: holds the operation {name!r}, which is not one of LiteRT's own: do not load "
            "it"
        )


def is_allowed(name) -> bool:
    """Returns whether an operation may take part in an answer."""
    if name in _OTHERS:
        return True
    if not name or not any(hasattr(module, name) for module in _ARITHMETIC):
        return False
    definition = op_def_registry.get(name)
    return definition is not None and not definition.is_stateful


def _holds_a_graph(node):
    """Returns whether a string of a constant node is a serialized graph of known operations."""
    return any(
        _is_graph(text)
        for value in node.attr.values()
        for text in (*value.tensor.string_val, value.s, *value.list.s)
    )


def _is_graph(text):
    graph = graph_pb2.GraphDef()
    try:
        graph.ParseFromString(text)
    except Exception:  # protobuf's DecodeError has several homes
        return False
    return any(op_def_registry.get(node.op) is not None for node in graph.node if node.op)


def forbidden(graph_def):
    """Returns the name of a node that may not be served, and its operation, or None."""
    for nodes in (graph_def.node, *(f.node_def for f in graph_def.library.function)):
        for node in nodes:
            if not is_allowed(node.op):
                return node.name, node.op
    return None


def _permitted(meta):
    """Returns, by names of functions, which more operations they may hold.

    Args:
        meta: a MetaGraphDef.

    Returns:
        A dictionary: the functions that only the saver calls, by the node that it names to save,
        may save, and those that it calls to restore may restore.
    """
    functions = {f.signature.name: f.node_def for f in meta.graph_def.library.function}
    nodes = {node.name: node for node in meta.graph_def.node}
    saver = meta.saver_def
    own = {
        _node_name(saver.save_tensor_name): _SAVING,
        _node_name(saver.restore_op_name): _RESTORING,
    }
    # What else runs: the nodes of the graph, with all that feeds them, and objects' functions.
    roots = [name for name in nodes if name not in own]
    roots += [
        _node_name(output.name)
        for signature in meta.signature_def.values()
        for output in signature.outputs.values()
    ]
    for collection in meta.collection_def.values():
        roots += map(_node_name, collection.node_list.value)
    others = _reached(nodes, functions, roots)
    for name in meta.object_graph_def.concrete_functions:
        others |= {name} | _called(functions, functions.get(name, ()))
    return {
        function: operations
        for name, operations in own.items()
        for function in _reached(nodes, functions, [name]) - others
    }


def _reached(nodes, functions, names):
    """Returns the functions that nodes of a graph call, or what feeds them, or those functions."""
    waiting, seen, found = list(names), set(), set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        found |= _called(functions, [nodes[name]])
        waiting += [_node_name(source) for source in nodes[name].input]
    return found


def _called(functions, nodes):
    """Returns the functions that nodes call, and those that these call."""
    waiting, found = [nodes], set()
    while waiting:
        new = _called_at_once(functions, waiting.pop()) - found
        found |= new
        waiting += [functions[name] for name in new]
    return found


def _called_at_once(functions, nodes):
    """Returns the functions that nodes call, without those that these call."""
    found = set()
    for node in nodes:
        called = [one for value in node.attr.values() for one in (value.func, *value.list.func)]
        found |= {name for name in [node.op, *(one.name for one in called)] if name in functions}
    return found


def _node_name(tensor):
    """The node of a tensor, `node:0`, or of a control dependency, `^node`."""
    return tensor.split(":")[0].lstrip("^")
