"""A KServe model server on loopback, asked through its three protocols.

The server needs the package kserve, whose requirements may not fit those here. It may therefore
be in an environment of its own: KCX_SERVING_PYTHON names its interpreter.
"""

import base64
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
import tensorflow as tf

pytestmark = pytest.mark.slow  # the server takes its time to start
PYTHON = os.environ.get("KCX_SERVING_PYTHON", sys.executable)
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback: no proxy


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """A running server and what it answers."""

    def __init__(self, export, log):
        self.http, self.grpc = free_port(), free_port()
        program = pathlib.Path(__file__).with_name("kserve_server.py")
        self.process = subprocess.Popen(
            [PYTHON, str(program), "--model_dir", str(export), "--model_name", "digits"]
            + ["--http_port", str(self.http), "--grpc_port", str(self.grpc)],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=log.name.rpartition("/")[0],
            env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        )

    def wait(self):
        for _ in range(480):
            assert self.process.poll() is None, "the server ended"
            try:
                if self.ask("/v2/models/digits/ready")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.25)
        raise AssertionError("the server is not ready")

    def ask(self, path, body=None):
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", body, headers)
        try:
            with OPENER.open(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def v1(self, instances, signature="serving_default"):
        body = {"signature_name": signature, "instances": instances}
        return self.ask("/v1/models/digits:predict", body)

    def v2(self, array, datatype, name="images"):
        data = {"name": name, "shape": list(array.shape), "datatype": datatype}
        data["data"] = array.ravel().tolist()
        return self.ask("/v2/models/digits/infer", {"inputs": [data]})


@pytest.fixture(scope="module")
def server(exported, tmp_path_factory):
    found = subprocess.run(
        [PYTHON, "-c", "import importlib.util as u; raise SystemExit(not u.find_spec('kserve'))"]
    )
    if found.returncode != 0:
        pytest.skip(
            f"{PYTHON} has no kserve: pip install 'keras-cv-extras[serving-test]', or let "
            "KCX_SERVING_PYTHON name an interpreter that has it"
        )
    with open(tmp_path_factory.mktemp("kserve") / "log", "w") as log:
        running = Server(exported, log)
        try:
            running.wait()
            yield running
            assert running.process.poll() is None
        finally:
            running.process.terminate()
            running.process.wait(60)


@pytest.fixture(scope="module")
def grpc_stub(server):
    grpc = pytest.importorskip("grpc", reason="needs grpcio")
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc}") as channel:
        yield Grpc(grpc, channel)


class Grpc:
    """The method ModelInfer of the Open Inference Protocol, by its published messages."""

    def __init__(self, grpc, channel):
        self.error, self.codes = grpc.RpcError, grpc.StatusCode
        self.messages = _messages()
        self.call = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self.messages["ModelInferResponse"].FromString,
        )

    def infer(self, name, datatype, shape, model="digits", raw=None, **contents):
        request = self.messages["ModelInferRequest"](model_name=model)
        given = request.inputs.add(name=name, datatype=datatype, shape=shape)
        for field, values in contents.items():
            getattr(given.contents, field).extend(values)
        if raw is not None:
            request.raw_input_contents.append(raw)
        answer = self.call(request, timeout=60)
        return {
            output.name: np.reshape(
                list(output.contents.fp32_contents)
                or list(output.contents.int_contents)
                or [one.decode() for one in output.contents.bytes_contents],
                output.shape,
            )
            for output in answer.outputs
        }


def _messages():
    """Builds the messages that are needed: kserve's own would need kserve here."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(
        name="inference_subset.proto", package="inference", syntax="proto3"
    )
    kinds = {"string": 9, "int64": 3, "int32": 5, "float": 2, "bytes": 12, "uint32": 13}
    layout = {
        "InferTensorContents": [
            ("int_contents", 2, "int32", True),
            ("uint_contents", 4, "uint32", True),
            ("fp32_contents", 6, "float", True),
            ("bytes_contents", 8, "bytes", True),
        ],
        "InferInputTensor": [
            ("name", 1, "string", False),
            ("datatype", 2, "string", False),
            ("shape", 3, "int64", True),
            ("contents", 5, "InferTensorContents", False),
        ],
        "ModelInferRequest": [
            ("model_name", 1, "string", False),
            ("inputs", 5, "InferInputTensor", True),
            ("raw_input_contents", 7, "bytes", True),
        ],
        "ModelInferResponse": [("outputs", 5, "InferInputTensor", True)],
    }
    for message, fields in layout.items():
        described = file.message_type.add(name=message)
        for name, number, kind, repeated in fields:
            field = described.field.add(name=name, number=number, label=3 if repeated else 1)
            field.type = kinds.get(kind, 11)
            if kind not in kinds:
                field.type_name = f".inference.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"inference.{name}"))
        for name in layout
    }


def b64(file):
    return {"b64": base64.b64encode(file).decode()}


def test_v1_rest(server, batch, probabilities_of):
    wanted = probabilities_of(batch)
    files = [tf.io.encode_png(image).numpy() for image in batch]
    for instances, signature in [
        ([b64(file) for file in files], "serving_default"),
        ([{"encoded": b64(file)} for file in files], "serving_default"),
        (batch.tolist(), "predict_images"),
        (batch.tolist(), "predict_images_uint8"),
    ]:
        status, answer = server.v1(instances, signature)
        assert status == 200, answer
        given = [row["probabilities"] for row in answer["predictions"]]
        np.testing.assert_allclose(given, wanted, atol=1e-6)
    assert len(answer["predictions"][0]["top_labels"]) == 5
    status, answer = server.v1([b64(file) for file in files[:1]], "features_encoded")
    assert (status, len(answer["predictions"][0]["features"])) == (200, 24)
    assert server.v1([])[1] == {"predictions": []}


def test_v2_rest(server, batch, probabilities_of):
    wanted = probabilities_of(batch)
    for array, datatype in ((batch.astype("float32"), "FP32"), (batch, "UINT8")):
        status, answer = server.v2(array, datatype)
        assert status == 200, answer
        outputs = {one["name"]: np.reshape(one["data"], one["shape"]) for one in answer["outputs"]}
        np.testing.assert_allclose(outputs["probabilities"], wanted, atol=1e-6)
        assert outputs["top_labels"].shape == (12, 5)
    # JSON holds no bytes, and kserve 0.21 takes those that follow it for UTF-8.
    text = base64.b64encode(tf.io.encode_png(batch[0]).numpy()).decode()
    given = {"name": "encoded", "shape": [1], "datatype": "BYTES", "data": [text]}
    given["parameters"] = {"content_type": "base64"}
    status, answer = server.ask("/v2/models/digits/infer", {"inputs": [given]})
    assert status == 200, answer
    outputs = {one["name"]: np.reshape(one["data"], one["shape"]) for one in answer["outputs"]}
    np.testing.assert_allclose(outputs["probabilities"], wanted[:1], atol=1e-6)


def test_v2_grpc(grpc_stub, batch, probabilities_of):
    wanted = probabilities_of(batch)
    floats = batch.astype("float32")
    files = [tf.io.encode_png(image).numpy() for image in batch]
    for answer in (
        grpc_stub.infer("images", "FP32", batch.shape, fp32_contents=floats.ravel().tolist()),
        grpc_stub.infer("images", "UINT8", batch.shape, uint_contents=batch.ravel().tolist()),
        grpc_stub.infer("encoded", "BYTES", [12], bytes_contents=files),
    ):
        np.testing.assert_allclose(answer["probabilities"], wanted, atol=1e-6)
        assert answer["top_labels"].shape == (12, 5)


def test_a_corrupt_jpeg_is_refused(server, grpc_stub, photographs):
    corrupt = tf.io.encode_jpeg(photographs[0]).numpy()[:2000]
    status, message = server.v1([b64(corrupt)])
    assert status == 400, message
    with pytest.raises(grpc_stub.error) as error:
        grpc_stub.infer("encoded", "BYTES", [1], bytes_contents=[corrupt])
    assert error.value.code() == grpc_stub.codes.INVALID_ARGUMENT
    status, message = server.ask("/v1/models/nothing:predict", {"instances": [b64(corrupt)]})
    assert status == 404, message


def test_fifty_malformed_requests(server, grpc_stub, batch, photographs):
    """None is answered as if it were well, and the server goes on to answer what is."""
    numbers = random.Random(0)
    good = tf.io.encode_jpeg(photographs[0]).numpy()
    v1, v2 = "/v1/models/digits:predict", "/v2/models/digits/infer"
    floats = batch[:2].astype("float32")

    def damaged():
        start = numbers.randrange(2, 600)
        return good[:start] + bytes(numbers.randrange(256) for _ in range(40))

    requests = [(v1, {"instances": [b64(damaged())]}) for _ in range(10)]
    requests += [(v1, {"instances": [b64(good), b64(good[:size])]}) for size in range(10)]
    requests += [
        (v1, {"instances": value})
        for value in ("x", 3, None, {}, [1], ["x"], [{"b64": "?"}], [{"b64": 3}], [[b64(good)]])
    ]
    requests += [
        (v1, {"signature_name": "predict_images", "instances": value})
        for value in (
            floats[:, 1:].tolist(),
            floats[..., :1].tolist(),
            floats[0].tolist(),
            floats[0, 0, 0].tolist(),
            [floats[0].tolist(), floats[1, 1:].tolist()],
            [["a"]],
            [None],
        )
    ]
    requests += [(v1, {"signature_name": "nothing", "instances": []}), (v1, {}), (v1, [1])]
    requests += [(v1, b"{"), (v1, b"\xff\xfe"), (v2, b"{"), (v2, {}), (v2, {"inputs": []})]
    tensor = {"name": "images", "shape": [1, 24, 20, 3], "datatype": "FP32", "data": [0.0] * 1440}
    for change in (
        {"shape": [1, 24, 20]},
        {"shape": [1440]},
        {"shape": [1, 20, 24, 3]},
        {"data": [0.0]},
        {"data": ["a"] * 1440},
        {"datatype": "INT64"},
        {"name": "other"},
        {"shape": []},
    ):
        requests.append((v2, {"inputs": [{**tensor, **change}]}))
    assert len(requests) >= 50
    for path, body in requests:
        status, answer = server.ask(path, body)
        assert 400 <= status < 600, (path, str(body)[:200], status, str(answer)[:200])
        assert server.process.poll() is None
    for shape in ([1, 24, 20], [1, 20, 24, 3], [1440], []):
        with pytest.raises(grpc_stub.error):
            grpc_stub.infer("images", "FP32", shape, fp32_contents=[0.0] * 1440)
    status, answer = server.v1([b64(good)])
    assert status == 200
    assert len(answer["predictions"]) == 1
