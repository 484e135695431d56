"""The list of operations that a served graph may hold."""

import pathlib

import pytest
import tensorflow as tf

from keras_cv_extras import serving
from keras_cv_extras.serving import _ops


@pytest.mark.parametrize(
    "name",
    [
        *("PyFunc", "EagerPyFunc", "PyFuncStateless", "ReadFile", "WriteFile", "MatchingFiles"),
        *("TextLineDatasetV2", "TFRecordDatasetV2", "CacheDataset", "SaveDataset", "LoadDataset"),
        *("SnapshotDataset", "SnapshotDatasetV2", "DataServiceDatasetV4", "DatasetToTFRecord"),
        *("SaveV2", "RestoreV2", "RestoreSlice", "MergeV2Checkpoints", "AssignVariableOp"),
        *("InitializeTableFromTextFileV2", "ReaderReadV2", "RemoteCall", "DebugIdentity"),
        *("CopyHost", "PrintV2", "RandomUniform", "_Send", "_Recv", "TPUPartitionedCall"),
        *("SqlDataset", "SummaryWriter", "GeneratorDataset", "NotAnOperation", ""),
        *("DatasetFromGraph", "DatasetToGraphV2", "LookupTableImport", "QueueEnqueue", "Assign"),
        *("ParseTensor", "DecodeProtoV2", "EncodeProto", "ImageSummary", "SdcaOptimizer"),
    ],
)
def test_refused(name):
    assert not _ops.is_allowed(name)


@pytest.mark.parametrize(
    "name",
    ["Conv2D", "MatMul", "DecodeImage", "DecodeJpeg", "ScaleAndTranslate", "Softmax", "TopKV2"]
    + ["ReadVariableOp", "StatefulPartitionedCall", "StatelessWhile", "Assert", "Reshape"],
)
def test_allowed(name):
    assert _ops.is_allowed(name)


def test_pure_operations_that_touch_files_are_listed():
    """Every pure operation of this TensorFlow with a name as of files or network was looked at."""
    from tensorflow.python.framework import op_def_registry

    words = (
        "File",
        "PyFunc",
        "Snapshot",
        "Service",
        "Save",
        "Restore",
        "Checkpoint",
        "Url",
        "Path",
    )
    definitions = [op_def_registry.get(name) for name in dir(tf.raw_ops)]
    pure = {one.name for one in definitions if one is not None and not one.is_stateful}
    suspect = {name for name in pure if any(word in name for word in words)}
    # A snapshot of a tensor is a copy of it; those of datasets, which are files, are others.
    assert {name for name in suspect if _ops.is_allowed(name)} == {"Snapshot"}


def saved(function, path):
    module = tf.Module()
    module.variable = tf.Variable(1.0)
    signature = tf.TensorSpec((), tf.string, name="given")
    concrete = tf.function(function, input_signature=[signature]).get_concrete_function()
    tf.saved_model.save(module, str(path), signatures=concrete)
    return pathlib.Path(path) / "saved_model.pb"


@pytest.mark.parametrize(
    ("function", "operation"),
    [
        (lambda given: tf.io.read_file(given), "ReadFile"),
        (lambda given: tf.py_function(lambda one: one, [given], tf.string), "EagerPyFunc"),
        (
            lambda given: tf.map_fn(lambda one: tf.io.read_file(one), given[None])[0],
            "ReadFile",  # in the body of a loop
        ),
        (
            lambda given: tf.raw_ops.RestoreV2(
                prefix=given, tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.float32]
            )[0],
            "RestoreV2",
        ),
    ],
)
def test_a_graph_with_side_effects_is_refused(function, operation, tmp_path):
    path = saved(function, tmp_path / "model")
    with pytest.raises(ValueError, match=f"holds the operation {operation} "):
        serving.check_graph(path)


def test_a_refused_graph_is_not_run(exported, tmp_path):
    """A file that the graph would write is not written by its verification."""
    import shutil

    path, target = tmp_path / "export", tmp_path / "written"
    shutil.copytree(exported, path)

    def write(given):
        with tf.control_dependencies([tf.io.write_file(str(target), given)]):
            return tf.identity(given)

    source = saved(write, tmp_path / "model")
    shutil.copytree(source.parent, path, dirs_exist_ok=True)
    with pytest.raises(ValueError, match="holds the operation WriteFile"):
        serving.verify(path)
    assert not target.exists()
