"""A KServe model server for an export; a test starts it as a process of its own.

    python kserve_server.py --model_dir FOLDER --model_name NAME --http_port N --grpc_port N

It needs TensorFlow and kserve alone. The server and its protocols are KServe's: V1 REST, whose
requests are those of TensorFlow Serving's REST interface, and the Open Inference Protocol (V2) as
REST and gRPC. What stands here is how a request becomes a call of a signature.
"""

import argparse
import base64
import binascii
import sys

sys.modules.update({"keras": None, "keras_cv_extras": None})  # to import them is an error

import kserve  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from kserve.errors import InvalidInput  # noqa: E402


class SavedModel(kserve.Model):
    """Every signature of a SavedModel."""

    def __init__(self, name, path):
        super().__init__(name)
        self._loaded = tf.saved_model.load(path)
        self._signatures = self._loaded.signatures
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        """Answers a request of either protocol."""
        if isinstance(payload, kserve.InferRequest):
            return self._predict_v2(payload)
        signature = self._signature(payload.get("signature_name", "serving_default"))
        outputs = self._call(signature, _tensor(payload, *_argument(signature)))
        rows = zip(*(value.tolist() for value in outputs.values()), strict=True)
        return {"predictions": [dict(zip(outputs, map(_text, row), strict=True)) for row in rows]}

    def _predict_v2(self, request):
        if len(request.inputs) != 1:
            raise InvalidInput(f"one input is wanted, received {len(request.inputs)}")
        (given,) = request.inputs
        named = (request.parameters or {}).get("signature_name")
        default = {"UINT8": "predict_images_uint8", "FP32": "predict_images"}
        signature = self._signature(named or default.get(given.datatype, "serving_default"))
        name, dtype = _argument(signature)
        if given.name != name:
            raise InvalidInput(f"the input is called {name}, received {given.name}")
        try:
            array = given.as_numpy()
        except Exception as error:  # of many kinds, for data that do not fit the shape
            raise InvalidInput(f"not a tensor: {error}") from error
        if dtype == tf.string:
            array = array.astype(object)
        try:
            if (given.parameters or {}).get("content_type") == "base64":  # JSON holds no bytes
                array = [base64.b64decode(text, validate=True) for text in array]
            tensor = tf.constant(array, dtype)
        except (TypeError, ValueError, binascii.Error) as error:
            raise InvalidInput(f"{name} must be {dtype.name}: {error}") from error
        answers = []
        for key, value in self._call(signature, tensor).items():
            kinds = {"f": "FP32", "i": "INT32", "O": "BYTES"}
            answer = kserve.InferOutput(key, list(value.shape), kinds[value.dtype.kind])
            answer.set_data_from_numpy(value, binary_data=False)
            answers.append(answer)
        return kserve.InferResponse(request.id or "", self.name, infer_outputs=answers)

    def _signature(self, name):
        if name not in self._signatures:
            raise InvalidInput(f"no signature {name}, there are {', '.join(self._signatures)}")
        return self._signatures[name]

    def _call(self, signature, tensor):
        name, _ = _argument(signature)
        try:
            return {key: value.numpy() for key, value in signature(**{name: tensor}).items()}
        except (tf.errors.InvalidArgumentError, TypeError, ValueError) as error:
            raise InvalidInput(str(error).strip().splitlines()[-1]) from error


def _argument(signature):
    """Returns the name and the type of what a signature takes."""
    ((name, spec),) = signature.structured_input_signature[1].items()
    return name, spec.dtype


def _tensor(payload, name, dtype):
    """Returns the tensor of a V1 request: a row, or a row named, for each instance."""
    rows = payload.get("instances")
    if not isinstance(rows, list):
        raise InvalidInput("instances must be a list")
    try:
        rows = [row[name] if isinstance(row, dict) and name in row else row for row in rows]
        if dtype == tf.string:
            return tf.constant([base64.b64decode(row["b64"], validate=True) for row in rows], dtype)
        return tf.constant(np.asarray(rows), dtype)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise InvalidInput(f"instances do not fit {name}, {dtype.name}: {error}") from error


def _text(value):
    if isinstance(value, list):
        return [_text(item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


def main():
    """Serves until it is told to end."""
    parser = argparse.ArgumentParser(parents=[kserve.model_server.parser])
    parser.add_argument("--model_dir")
    arguments, _ = parser.parse_known_args()
    model = SavedModel(arguments.model_name, arguments.model_dir)
    server = kserve.ModelServer(
        http_port=arguments.http_port, grpc_port=arguments.grpc_port, workers=1
    )
    server.start([model])


if __name__ == "__main__":
    main()
