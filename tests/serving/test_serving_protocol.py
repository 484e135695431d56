"""The messages of TensorFlow Serving, sent to a test double of its server.

The double stands for tensorflow_model_server, which PyPI does not have: it speaks the protocol of
tensorflow_serving/apis with the same names, look-up of signatures and status codes, over gRPC.
What is shown is that a client written for TensorFlow Serving can ask an export everything.
"""

from concurrent import futures

import numpy as np
import pytest
import tensorflow as tf

grpc = pytest.importorskip("grpc", reason="needs grpcio")
pytest.importorskip("tensorflow_serving.apis", reason="needs tensorflow-serving-api")

from tensorflow_serving.apis import (  # noqa: E402
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)


class ModelServerTestDouble(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers as tensorflow_model_server does; it is not that server."""

    def __init__(self, name, path):
        self.name, self.loaded = name, tf.saved_model.load(str(path))

    def Predict(self, request, context):  # noqa: N802 - the protocol's name
        signature = self.signature(request.model_spec, context)
        ((argument, _),) = signature.structured_input_signature[1].items()
        if set(request.inputs) != {argument}:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"input must be {argument}")
        try:
            outputs = signature(
                **{argument: tf.constant(tf.make_ndarray(request.inputs[argument]))}
            )
        except (tf.errors.InvalidArgumentError, TypeError, ValueError) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error)[:500])
        response = predict_pb2.PredictResponse(model_spec=request.model_spec)
        for key, value in outputs.items():
            response.outputs[key].CopyFrom(tf.make_tensor_proto(value.numpy(), value.dtype))
        return response

    def GetModelMetadata(self, request, context):  # noqa: N802
        signature = self.signature(request.model_spec, context)
        names = get_model_metadata_pb2.SignatureDefMap()
        for key, spec in signature.structured_outputs.items():
            names.signature_def["serving_default"].outputs[key].dtype = spec.dtype.as_datatype_enum
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.metadata["signature_def"].Pack(names)
        return response

    def signature(self, spec, context):
        if spec.name != self.name:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found: {spec.name}")
        name = spec.signature_name or "serving_default"
        if name not in self.loaded.signatures:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f'signature "{name}" not found')
        return self.loaded.signatures[name]


@pytest.fixture(scope="module")
def stub(exported):
    server = grpc.server(futures.ThreadPoolExecutor(2))
    double = ModelServerTestDouble("digits", exported)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(double, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)
    server.stop(None)


def ask(stub, signature="", model="digits", **inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    answer = stub.Predict(request, timeout=30)
    return {name: tf.make_ndarray(value) for name, value in answer.outputs.items()}


@pytest.mark.wide
def test_predictions(stub, batch, probabilities_of):
    wanted = probabilities_of(batch)
    files = [tf.io.encode_png(image).numpy() for image in batch]
    for signature, inputs in [
        ("", {"encoded": files}),
        ("serving_default", {"encoded": files}),
        ("predict_images", {"images": batch.astype("float32")}),
        ("predict_images_uint8", {"images": batch}),
    ]:
        answer = ask(stub, signature, **inputs)
        np.testing.assert_allclose(answer["probabilities"], wanted, atol=1e-6)
        assert answer["top_labels"].shape == (12, 5)
    assert ask(stub, "features_encoded", encoded=files[:2])["features"].shape == (2, 24)


@pytest.mark.wide
@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"encoded": [b"\xff\xd8\xff torn"]}, "INVALID_ARGUMENT"),
        ({"encoded": [[b"x"]]}, "INVALID_ARGUMENT"),
        ({"images": [b"x"]}, "INVALID_ARGUMENT"),
        (
            {"signature": "predict_images", "images": np.zeros((1, 9, 9, 3), "f")},
            "INVALID_ARGUMENT",
        ),
        ({"signature": "predict_images", "images": np.zeros((3,), "f")}, "INVALID_ARGUMENT"),
        ({"signature": "nothing", "encoded": [b""]}, "FAILED_PRECONDITION"),
        ({"model": "nothing", "encoded": [b""]}, "NOT_FOUND"),
    ],
)
def test_errors_have_the_codes_of_the_protocol(stub, options, code):
    with pytest.raises(grpc.RpcError) as error:
        ask(stub, **options)
    assert error.value.code() == grpc.StatusCode[code]


@pytest.mark.wide
def test_metadata_names_the_outputs(stub):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "digits"
    signatures = get_model_metadata_pb2.SignatureDefMap()
    stub.GetModelMetadata(request, timeout=30).metadata["signature_def"].Unpack(signatures)
    outputs = signatures.signature_def["serving_default"].outputs
    assert set(outputs) == {"probabilities", "top_labels", "top_probabilities", "top_indices"}
