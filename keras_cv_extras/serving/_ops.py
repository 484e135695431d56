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
import pathlib
import re

from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import saved_model_pb2
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
# Variables are loaded by a function of the graph; it may do this, and signatures may not.
_LOADING = {
    "AssignVariableOp",
    "DisableCopyOnRead",
    "MergeV2Checkpoints",
    "RestoreV2",
    "SaveV2",
    "ShardedFilename",
}
# The registry calls these pure, though they read files, write them, or call out.
_IMPURE = re.compile(
    "_.*|.*PyFunc.*|ReadFile|MatchingFiles|Reader.*|InitializeTable.*|.*Snapshot.*|Debug.*|"
    "CacheDataset|Copy|CopyHost|TPU.*|.*Service.*|RestoreSlice|Restore|Save.*"
)


def check_graph(path: pathlib.Path) -> int:
    """Reads the graph of a SavedModel, and refuses what no classifier needs.

    Args:
        path: the file `saved_model.pb`.

    Returns:
        How many different operations there are.

    Raises:
        ValueError: if it is none, or holds an operation that is not allowed; the message names
            the operation and where it is.
    """
    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString(path.read_bytes())
    except Exception as error:  # protobuf's DecodeError has several homes
        raise ValueError(f"{path}: not a SavedModel ({error})") from error
    if not saved.meta_graphs:
        raise ValueError(f"{path}: a SavedModel without a graph")
    names = set()
    for meta in saved.meta_graphs:
        functions = {
            function.signature.name: function for function in meta.graph_def.library.function
        }
        roots = {
            output.name.split(":")[0]
            for signature in meta.signature_def.values()
            for output in signature.outputs.values()
        }
        served = _served(meta.graph_def.node, functions, roots)
        # A server runs what it likes of the graph itself: only functions of their own may load.
        for where, nodes, loading in [("the graph", meta.graph_def.node, False)] + [
            (name, function.node_def, name not in served) for name, function in functions.items()
        ]:
            for node in nodes:
                if not is_allowed(node.op) and not (loading and node.op in _LOADING):
                    raise ValueError(
                        f"{path}: holds the operation {node.op} ({node.name} in {where}), which "
                        "serving a classifier does not need: do not load it"
                    )
                if _holds_a_graph(node):
                    raise ValueError(
                        f"{path}: holds a graph inside of the constant {node.name} in {where}, "
                        "which serving a classifier does not need: do not load it"
                    )
                names.add(node.op)
    return len(names)


def is_allowed(name) -> bool:
    """Returns whether an operation may take part in an answer."""
    if name in _OTHERS:
        return True
    if not name or not any(hasattr(module, name) for module in _ARITHMETIC):
        return False
    definition = op_def_registry.get(name)
    return definition is not None and not definition.is_stateful and not _IMPURE.fullmatch(name)


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


def _served(nodes, functions, roots):
    """Returns the names of the functions that signatures can reach."""
    by_name = {node.name: node for node in nodes}
    waiting, seen = [by_name[name] for name in roots if name in by_name], set()
    reached = set()
    while waiting:
        node = waiting.pop()
        for value in node.attr.values():
            for called in [value.func, *value.list.func]:
                if called.name in functions and called.name not in reached:
                    reached.add(called.name)
                    waiting.extend(functions[called.name].node_def)
        for source in node.input:
            name = source.split(":")[0].lstrip("^")
            if name in by_name and name not in seen:
                seen.add(name)
                waiting.append(by_name[name])
    return reached
