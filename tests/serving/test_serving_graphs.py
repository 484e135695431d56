"""Where in a graph a bad operation may hide: graphs written by hand, and none of them run."""

import contextlib

import pytest
import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import saved_model_pb2

from keras_cv_extras.serving import _ops


def add_node(nodes, name, op, inputs=(), calls=None, branches=None):
    """Adds a node; `calls` maps attributes to functions, `branches` to lists of functions."""
    node = nodes.add(name=name, op=op, input=inputs)
    for key, function in (calls or {}).items():
        node.attr[key].func.name = function
    for key, functions in (branches or {}).items():
        for function in functions:
            node.attr[key].list.func.add(name=function)


def add_function(library, name, op, **options):
    function = library.function.add()
    function.signature.name = name
    add_node(function.node_def, f"{op} of {name}", op, **options)


@pytest.fixture
def check(tmp_path):
    """Checks a graph whose signature gives the node "out"; a function fills it."""

    def run(fill, before=None, collected=(), output="out:0"):
        saved = saved_model_pb2.SavedModel()
        for fill_one in ([before] if before else []) + [fill]:
            meta = saved.meta_graphs.add()
            meta.signature_def["serving_default"].outputs["probabilities"].name = output
            meta.collection_def["main_op"].node_list.value.extend(collected)
            meta.saver_def.save_tensor_name = "save:0"
            meta.saver_def.restore_op_name = "restore"
            fill_one(meta.graph_def)
        path = tmp_path / "saved_model.pb"
        path.write_bytes(saved.SerializeToString())
        return _ops.check_graph(path)

    return run


CALLS = {
    "call": ("StatefulPartitionedCall", {"calls": {"f": "hidden"}}),
    "then": ("If", {"calls": {"then_branch": "hidden", "else_branch": "good"}}),
    "else": ("If", {"calls": {"then_branch": "good", "else_branch": "hidden"}}),
    "case": ("Case", {"branches": {"branches": ["good", "good", "hidden"]}}),
    "stateless case": ("StatelessCase", {"branches": {"branches": ["hidden", "good"]}}),
    "condition": ("While", {"calls": {"cond": "hidden", "body": "good"}}),
    "body": ("StatelessWhile", {"calls": {"cond": "good", "body": "hidden"}}),
}


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("depth", ["at the output", "behind it", "after it", "beside it", "nested"])
def test_what_a_signature_reaches_may_not_load(check, kind, depth):
    """RestoreV2 is for the function that loads variables, which no signature calls."""
    op, options = CALLS[kind]

    def fill(graph, hidden="RestoreV2"):
        add_function(graph.library, "good", "Identity")
        add_function(graph.library, "hidden", hidden)
        add_node(graph.node, "restore", "PartitionedCall", calls={"f": "hidden"})
        if depth == "at the output":
            add_node(graph.node, "out", op, **options)
        elif depth == "behind it":
            add_node(graph.node, "first", op, **options)
            add_node(graph.node, "second", "Identity", ["first:1"])
            add_node(graph.node, "out", "Identity", ["second"])
        elif depth == "after it":  # by a control dependency
            add_node(graph.node, "first", op, **options)
            add_node(graph.node, "out", "Identity", ["^first"])
        elif depth == "beside it":  # a server may ask for any node
            add_node(graph.node, "first", op, **options)
            add_node(graph.node, "out", "Identity")
        else:
            add_function(graph.library, "middle", op, **options)
            add_function(graph.library, "outer", "PartitionedCall", calls={"f": "middle"})
            add_node(graph.node, "out", "PartitionedCall", calls={"f": "outer"})

    message = r"holds the operation RestoreV2 \(RestoreV2 of hidden in hidden\)"
    with pytest.raises(ValueError, match=message):
        check(fill)
    assert check(lambda graph: fill(graph, "Identity")) >= 1


def test_every_graph_of_the_file_is_read(check):
    def good(graph):
        add_node(graph.node, "out", "Identity")

    def bad(graph):
        add_node(graph.node, "out", "ReadFile")

    with pytest.raises(ValueError, match=r"ReadFile \(out in the graph\)"):
        check(good, before=bad)
    with pytest.raises(ValueError, match=r"ReadFile \(out in the graph\)"):
        check(bad, before=good)
    assert check(good, before=good) == 1


def test_the_graph_itself_may_not_load(check):
    def fill(graph):
        add_node(graph.node, "out", "Identity")
        add_node(graph.node, "apart", "AssignVariableOp")

    with pytest.raises(ValueError, match="AssignVariableOp"):
        check(fill)


def test_what_a_function_that_loads_may_do(check):
    """Of all operations of TensorFlow that may not be served, six may save or restore."""
    found = {"save": set(), "restore": set()}
    for name in sorted(name for name in dir(tf.raw_ops) if name[0].isupper()):
        if _ops.is_allowed(name):
            continue

        for part, seen in found.items():
            with contextlib.suppress(ValueError):
                check(lambda graph, part=part, name=name: fill_saver(graph, part, name))
                seen.add(name)
    assert found == {
        "save": {"DisableCopyOnRead", "MergeV2Checkpoints", "SaveV2", "ShardedFilename"},
        "restore": {"AssignVariableOp", "RestoreV2"},
    }


def fill_saver(graph, part, name):
    """A graph whose saver calls a function that holds an operation."""
    add_node(graph.node, "out", "Identity")
    add_node(graph.node, part, "PartitionedCall", calls={"f": "own"})
    add_function(graph.library, "own", name)


@pytest.mark.parametrize("of", [{"collected": ["restore:0"]}, {"output": "restore:0"}])
def test_what_restores_is_for_the_saver_alone(check, of):
    def fill(graph):
        fill_saver(graph, "restore", "RestoreV2")

    assert check(fill) == 3
    with pytest.raises(ValueError, match="RestoreV2"):
        check(fill, **of)


def test_a_function_of_nobody_may_not_load(check):
    def fill(graph):
        fill_saver(graph, "apart", "RestoreV2")

    with pytest.raises(ValueError, match="RestoreV2"):
        check(fill)


def test_operations_are_counted_once(check):
    def fill(graph):
        add_node(graph.node, "out", "Identity", ["a", "b"])
        add_node(graph.node, "a", "Relu")
        add_node(graph.node, "b", "Relu")
        add_function(graph.library, "unused", "Softmax")

    assert check(fill) == 3


def test_a_file_without_a_graph(tmp_path):
    path = tmp_path / "saved_model.pb"
    path.write_bytes(saved_model_pb2.SavedModel().SerializeToString())
    with pytest.raises(ValueError, match="a SavedModel without a graph"):
        _ops.check_graph(path)


def test_what_may_not_be_served_is_found_in_nested_functions():
    graph = graph_pb2.GraphDef()
    add_node(graph.node, "out", "PartitionedCall", calls={"f": "outer"})
    add_function(graph.library, "outer", "StatelessCase", branches={"branches": ["inner"]})
    add_function(graph.library, "inner", "Relu")
    assert _ops.forbidden(graph) is None
    add_function(graph.library, "deepest", "RandomUniform")
    assert _ops.forbidden(graph) == ("RandomUniform of deepest", "RandomUniform")
    loading = graph_pb2.GraphDef()
    add_node(loading.node, "out", "RestoreV2")
    assert _ops.forbidden(loading) == ("out", "RestoreV2")


def hidden_graph():
    graph = graph_pb2.GraphDef()
    graph.node.add(name="file", op="Const")
    graph.node.add(name="write", op="WriteFile", input=["file", "file"])
    return graph.SerializeToString()


def constant(graph, text):
    node = graph.node.add(name="out", op="Const")
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(text))


def test_a_graph_inside_of_a_constant_is_refused(check):
    with pytest.raises(ValueError, match="holds a graph inside of the constant out in the graph"):
        check(lambda graph: constant(graph, [b"cat", hidden_graph()]))


@pytest.mark.parametrize("place", ["text", "list of texts"])
def test_a_graph_inside_of_an_attribute_is_refused(check, place):
    def fill(graph):
        attribute = graph.node.add(name="out", op="Identity").attr["note"]
        if place == "text":
            attribute.s = hidden_graph()
        else:
            attribute.list.s.extend([b"cat", hidden_graph()])

    with pytest.raises(ValueError, match="holds a graph inside of the constant out in the graph"):
        check(fill)


@pytest.mark.parametrize("text", [b"cat", b"", b"\n\x03dog", "Zürich".encode(), b"\x00" * 9])
def test_names_of_classes_are_no_graphs(check, text):
    assert check(lambda graph: constant(graph, [text])) == 1


def test_a_dataset_that_is_made_of_a_graph_is_refused(check):
    def fill(graph):
        constant(graph, hidden_graph()[:0])
        graph.node[0].name = "graph"
        add_node(graph.node, "out", "DatasetFromGraph", ["graph"])

    with pytest.raises(ValueError, match="holds the operation DatasetFromGraph"):
        check(fill)


@pytest.mark.parametrize("depth", [50, 99, 101])
def test_functions_call_each_other_a_hundred_deep_at_most(check, depth):
    def fill(graph):
        add_node(graph.node, "out", "PartitionedCall", calls={"f": "f0"})
        for number in range(depth):
            add_function(
                graph.library, f"f{number}", "PartitionedCall", calls={"f": f"f{number + 1}"}
            )
        add_function(graph.library, f"f{depth}", "Identity")

    if depth < 100:
        assert check(fill) == 2
    else:
        with pytest.raises(ValueError, match="which calls itself, or others more than 100 deep"):
            check(fill)


@pytest.mark.parametrize(
    ("shapes", "stored", "fits"),
    [
        ([(4,), (4,)], 8, True),
        ([(4,), (5,)], 8, False),
        ([(-1, 9)], 0, True),
        ([(-1, 9), (9,)], 8, False),
    ],
)
def test_variables_have_a_byte_for_each_number(tmp_path, shapes, stored, fits):
    """Of the size that is not known there are none; all variables count together."""
    saved = saved_model_pb2.SavedModel()
    meta = saved.meta_graphs.add()
    add_node(meta.graph_def.node, "out", "Identity")
    for shape in shapes:
        variable = meta.object_graph_def.nodes.add().variable
        variable.dtype = 1
        for size in shape:
            variable.shape.dim.add(size=size)
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "data").write_bytes(bytes(stored))
    path = tmp_path / "saved_model.pb"
    path.write_bytes(saved.SerializeToString())
    if fits:
        assert _ops.check_graph(path) == 1
    else:
        with pytest.raises(ValueError, match=r"has variables of 9 numbers, and 8 bytes of them"):
            _ops.check_graph(path)


@pytest.mark.parametrize("kind", ["asset", "resource", "saver"])
def test_objects_that_do_something_when_they_are_loaded_are_refused(tmp_path, kind):
    saved = saved_model_pb2.SavedModel()
    meta = saved.meta_graphs.add()
    node = meta.object_graph_def.nodes.add()
    if kind == "saver":
        meta.asset_file_def.add(filename="vocabulary.txt")
        node.constant.operation = "any"
    else:
        getattr(node, kind).SetInParent()
    path = tmp_path / "saved_model.pb"
    path.write_bytes(saved.SerializeToString())
    with pytest.raises(ValueError, match="which exports do not: do not load it"):
        _ops.check_graph(path)


@pytest.mark.parametrize("other", ["saved_model.pbtxt", "saved_model.cpb"])
def test_another_form_beside_the_graph_is_refused(check, tmp_path, other):
    def fill(graph):
        add_node(graph.node, "out", "Identity")

    (tmp_path / other).symlink_to("nowhere")  # also what is none yet
    with pytest.raises(ValueError, match=f"there is {other} beside it"):
        check(fill)


@pytest.mark.parametrize("sides", [(1 << 13, 1 << 13), (1 << 13, (1 << 13) + 1)])
def test_constants_of_many_numbers_are_refused(check, sides):
    def fill(graph):
        add_node(graph.node, "out", "Const")
        for size in sides:
            graph.node[0].attr["value"].tensor.tensor_shape.dim.add(size=size)

    if sides[0] == sides[1]:
        assert check(fill) == 1
    else:
        with pytest.raises(ValueError, match="constant out in the graph, of more than 67,108,864"):
            check(fill)


@pytest.mark.parametrize("name", ["ReadFile", "own"])
def test_a_function_has_a_name_of_its_own(check, name):
    def fill(graph):
        for number in range(2):
            add_function(graph.library, name if number or name == "own" else "other", "Identity")

    with pytest.raises(ValueError, match="the name of an operation or of another function"):
        check(fill)


def test_what_restores_may_not_save_and_what_saves_may_not_restore(check):
    for op, node in (("SaveV2", "restore"), ("RestoreV2", "save"), ("WriteFile", "save")):

        def fill(graph, op=op, node=node):
            add_function(graph.library, "hidden", op)
            add_node(graph.node, node, "PartitionedCall", calls={"f": "hidden"})
            add_node(graph.node, "out", "Identity")

        with pytest.raises(ValueError, match=f"holds the operation {op} "):
            check(fill)
