"""Twenty-odd exports that want to do what no classifier does: refused, and nothing of them runs.

Each is put into the folder of a real export, with its card and golden answers.
"""

import pathlib
import shutil

import pytest
import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import saved_model_pb2

from keras_cv_extras import serving

SIGNATURE = [tf.TensorSpec((), tf.string, name="given")]


def traced(function):
    return tf.function(function, input_signature=SIGNATURE).get_concrete_function()


def written(target):
    """A function that writes its argument into a file."""

    def write(given):
        with tf.control_dependencies([tf.io.write_file(target, given)]):
            return tf.identity(given)

    return write


def checkpointed(target):
    """The same by way of a checkpoint, which exports write too, where they are told to."""

    def save(given):
        made = tf.raw_ops.SaveV2(
            prefix=target, tensor_names=["x"], shape_and_slices=[""], tensors=[given]
        )
        with tf.control_dependencies([made]):
            return tf.identity(given)

    return save


def graph_of(function):
    graph = traced(function).graph.as_graph_def()
    return graph.SerializeToString()


def module(function, **attributes):
    made = tf.Module()
    made.variable = tf.Variable(1.0)
    for name, value in attributes.items():
        setattr(made, name, value)
    return made, traced(function)


class Resource(tf.saved_model.experimental.TrackableResource):
    """Is initialised when it is loaded, by a function of its own."""

    def __init__(self, action):
        super().__init__()
        self._action = action

    def _create_resource(self):
        return tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=())

    @tf.function(input_signature=[])
    def _initialize(self):
        self._action(tf.constant("loaded"))
        return tf.constant(1)


def in_loop(function):
    return lambda given: tf.map_fn(function, given[None])[0]


def in_branch(function):
    def branch(given):
        return tf.cond(tf.equal(given, "never"), lambda: function(given), lambda: given)

    return branch


def in_case(function):
    def case(given):
        index = tf.strings.length(given)
        return tf.switch_case(index, [lambda: given, lambda: given, lambda: function(given)])

    return case


def in_while(function):
    def loop(given):
        return tf.while_loop(lambda _: False, lambda one: (function(one),), (given,))[0]

    return loop


def in_calls(function):
    inner = tf.function(function)
    return lambda given: tf.function(lambda one: inner(one))(given)


def in_dataset(function):
    def dataset(given):
        made = tf.data.Dataset.from_tensors(given).map(function)
        return made.get_single_element()

    return dataset


def from_graph(target):
    """A dataset whose graph is bytes: the graph of the outside holds no bad operation."""

    data = tf.data.Dataset.from_tensors("loaded").map(written(target))
    graph = tf.raw_ops.DatasetToGraphV2(input_dataset=data._variant_tensor, external_state_policy=1)
    serialized = graph.numpy()

    def make(given):
        variant = tf.raw_ops.DatasetFromGraph(graph_def=tf.constant(serialized))
        with tf.control_dependencies([variant]):
            return tf.identity(given)

    return make


def carried(target):
    """A graph in a constant, for who reads it."""
    hidden = graph_of(written(target))
    return lambda given: tf.strings.join([given, tf.constant(hidden)])


def called_in_python(target):
    def call(given):
        def write(one):
            pathlib.Path(target).write_bytes(one.numpy())
            return one

        return tf.py_function(write, [given], tf.string)

    return call


def printed(target):
    def show(given):
        with tf.control_dependencies([tf.print(given, output_stream=f"file://{target}")]):
            return tf.identity(given)

    return show


def read(target):
    return lambda given: tf.io.read_file(given)


def listed(target):
    return lambda given: tf.strings.reduce_join(tf.io.matching_files(given))


def queued(target):
    def put(given):
        queue = tf.raw_ops.FIFOQueueV2(component_types=[tf.string], shapes=[()])
        put = tf.raw_ops.QueueEnqueueV2(handle=queue, components=[given])
        with tf.control_dependencies([put]):
            return tf.raw_ops.QueueDequeueV2(handle=queue, component_types=[tf.string])[0]

    return put


def recorded(target):
    def record(given):
        data = tf.data.TFRecordDataset(given)
        return data.take(1).get_single_element()

    return record


def cached(target):
    def cache(given):
        return tf.data.Dataset.from_tensors(given).cache(target).get_single_element()

    return cache


IN_THE_GRAPH = {
    "a file written": written,
    "a file written in a loop": lambda target: in_loop(written(target)),
    "in a branch that is not taken": lambda target: in_branch(written(target)),
    "in one of many branches": lambda target: in_case(written(target)),
    "in a loop that does not run": lambda target: in_while(written(target)),
    "in a function of a function": lambda target: in_calls(written(target)),
    "in a dataset": lambda target: in_dataset(written(target)),
    "a checkpoint written": checkpointed,
    "a checkpoint written in a function": lambda target: in_calls(checkpointed(target)),
    "a graph inside of a dataset": from_graph,
    "a graph inside of a constant": carried,
    "Python called": called_in_python,
    "text printed into a file": printed,
    "a file read": read,
    "files listed": listed,
    "a queue": queued,
    "records read": recorded,
    "a cache on the disk": cached,
}


@pytest.fixture
def hostile(exported, tmp_path):
    """A function that puts a SavedModel into a real export's folder, its card and golden file."""
    path, target = tmp_path / "export", tmp_path / "written"
    shutil.copytree(exported, path)

    def put(made, signature):
        folder = tmp_path / "made"
        tf.saved_model.save(made, str(folder), signatures=signature)
        for name in ("variables", "assets"):
            shutil.rmtree(path / name, ignore_errors=True)
        shutil.copytree(folder, path, dirs_exist_ok=True)
        return path

    put.path, put.target = path, str(target)
    return put


def assert_refused(path, target, message="holds "):
    with pytest.raises(ValueError, match=message):
        serving.check_graph(path / "saved_model.pb")
    with pytest.raises(ValueError, match=message):
        serving.verify(path)
    with pytest.raises(ValueError, match=message):
        serving.ModelServer(path, port=0)
    folder = pathlib.Path(target).parent
    assert not [item for item in folder.iterdir() if item.name.startswith("written")]


@pytest.mark.parametrize("make", IN_THE_GRAPH.values(), ids=IN_THE_GRAPH)
def test_a_graph_that_does_more_than_answer(hostile, make):
    made, signature = module(make(hostile.target))
    path = hostile(made, signature)
    assert_refused(path, hostile.target)


@pytest.mark.parametrize("action", [written, checkpointed])
def test_what_runs_when_a_model_is_loaded(hostile, action):
    """A resource's own function, called by the loader and by no signature."""
    made, signature = module(tf.identity, table=Resource(action(hostile.target)))
    assert_refused(hostile(made, signature), hostile.target)


def edited(path, edit):
    file = path / "saved_model.pb"
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString(file.read_bytes())
    edit(saved.meta_graphs[0])
    file.write_bytes(saved.SerializeToString())
    return path


def test_saving_in_what_restores(hostile):
    """The loader runs the restoring function: a checkpoint written there is a file written."""
    path = hostile(*module(tf.identity))

    def edit(meta):
        name = meta.saver_def.restore_op_name
        (node,) = (node for node in meta.graph_def.node if node.name == name)
        called = node.attr["f"].func.name
        (function,) = (f for f in meta.graph_def.library.function if f.signature.name == called)
        function.node_def.add(name="extra", op="SaveV2")

    assert_refused(edited(path, edit), hostile.target, "holds the operation SaveV2")


@pytest.mark.parametrize(
    "where", ["init signature", "collection", "restore op", "a node", "a control"]
)
def test_what_saves_may_be_called_by_the_saver_alone(hostile, where):
    path = hostile(*module(tf.identity))

    def edit(meta):
        saving = meta.saver_def.save_tensor_name
        name = saving.split(":")[0]
        if where == "init signature":
            meta.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].name = name
        elif where == "collection":
            nodes = meta.collection_def["saved_model_main_op"].node_list
            del nodes.value[:]
            nodes.value.append(name)
        elif where == "restore op":
            meta.saver_def.restore_op_name = name
        else:
            source = saving if where == "a node" else f"^{name}"
            meta.graph_def.node.add(name="other", op="Identity", input=[source])

    assert_refused(edited(path, edit), hostile.target)


def test_a_function_that_an_object_calls_may_not_save(hostile):
    path = hostile(*module(tf.identity))

    def edit(meta):
        (node,) = (
            node
            for node in meta.graph_def.node
            if node.name == meta.saver_def.save_tensor_name.split(":")[0]
        )
        meta.object_graph_def.concrete_functions[node.attr["f"].func.name].SetInParent()

    assert_refused(edited(path, edit), hostile.target)


def test_a_function_with_the_name_of_an_operation(hostile):
    """A node `Abs` then calls that function: here the one that saves, which only the saver may."""
    path = hostile(*module(tf.identity))

    def edit(meta):
        name = meta.saver_def.save_tensor_name.split(":")[0]
        (saving,) = (node for node in meta.graph_def.node if node.name == name)
        called = saving.attr["f"].func.name
        for function in meta.graph_def.library.function:
            if function.signature.name == called:
                function.signature.name = "Abs"
        saving.attr["f"].func.name = "Abs"
        meta.graph_def.node.add(name="other", op="Abs")

    assert_refused(edited(path, edit), hostile.target, "holds a function 'Abs', the name of an op")


def test_two_functions_of_one_name(hostile):
    """Which of two a name means is the loader's choice."""
    path = hostile(*module(tf.identity))

    def edit(meta):
        functions = meta.graph_def.library.function
        functions.add().CopyFrom(functions[0])

    assert_refused(edited(path, edit), hostile.target, "the name of an operation or of another fu")


@pytest.mark.parametrize("name", ["saved_model.pbtxt", "saved_model.cpb"])
def test_a_second_graph_beside_the_first(hostile, name):
    """Which of two files a server loads is its own choice."""
    (hostile.path / name).write_bytes(graph_pb2.GraphDef().SerializeToString())
    assert_refused(hostile.path, hostile.target, f"{name} beside")


def test_a_graph_that_is_a_link_or_a_folder(hostile):
    file = hostile.path / "saved_model.pb"
    file.unlink()
    file.mkdir()
    with pytest.raises((ValueError, FileNotFoundError)):
        serving.verify(hostile.path)


@pytest.mark.wide
@pytest.mark.parametrize("action", [written, checkpointed])
def test_a_litert_model_runs_arithmetic_alone(hostile, classifier, tmp_path, action):
    """TensorFlow's interpreter runs any operation of TensorFlow that a file calls custom."""
    folder = tmp_path / "litert"
    serving.export(classifier, folder, class_names=[str(n) for n in range(7)], format="litert")
    function = action(hostile.target)

    @tf.function(input_signature=[tf.TensorSpec((1, 24, 20, 3), tf.float32, name="images")])
    def answer(images):
        with tf.control_dependencies([function(tf.constant("asked"))]):
            return {"probabilities": tf.reduce_mean(images, (1, 2, 3))[:, None] * tf.ones((1, 7))}

    converter = tf.lite.TFLiteConverter.from_concrete_functions([answer.get_concrete_function()])
    converter.target_spec.supported_ops = [
        tf.lite.OpsSet.TFLITE_BUILTINS,
        tf.lite.OpsSet.SELECT_TF_OPS,
    ]
    (folder / "model.tflite").write_bytes(converter.convert())
    with pytest.raises(ValueError, match="holds the operation b'Flex"):
        serving.verify(folder)
    folder = pathlib.Path(hostile.target).parent
    assert not [item for item in folder.iterdir() if item.name.startswith("written")]
