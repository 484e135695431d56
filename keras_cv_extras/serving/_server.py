"""An export behind HTTP, for one machine: TensorFlow Serving's REST protocol, `kcx serve`."""

import base64
import binascii
import http.server
import json
import os
import pathlib
import re
import sys
from typing import Any

import numpy as np
import tensorflow as tf

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Path
from keras_cv_extras.serving import _card, _ops
from keras_cv_extras.serving._convert import MODEL_FILES

_MOST_BYTES = 64 << 20  # of a request
_SECONDS = 30.0  # that a client may be silent for


class ModelServer(http.server.ThreadingHTTPServer):
    """Answers requests over HTTP for a SavedModel that `export` wrote.

    It speaks TensorFlow Serving's REST protocol: what asks this server can ask that one. It is for
    trying an export and for use on one machine. It has no encryption, does not join requests into
    batches, and loads no new versions.

    Args:
        path: the folder of an export, such as "digits/1", or one with exports by their numbers,
            whose latest is taken.
        host: the address that it listens at; "0.0.0.0" for all of this machine.
        port: its port, 0 for any that is free.

    Attributes:
        url: where to send requests to.

    Raises:
        FileNotFoundError: if there is no export.
        OSError: if the port is taken.
        ValueError: if the export is of another format, or its graph could do harm.

    References:
        [The protocol](https://www.tensorflow.org/tfx/serving/api_rest): model status, and predict
        with rows ("instances").

    Example:
        >>> server = ModelServer("digits/1", port=0)  # doctest: +SKIP
        >>> server.serve_forever()  # doctest: +SKIP
    """

    daemon_threads = True

    def __init__(self, path: Path, *, host: str = "127.0.0.1", port: int = 8501) -> None:
        folder = _folder(pathlib.Path(path))
        checks.integer("port", port, minimum=0, maximum=65535)
        card = _card.read_card(folder)
        if card["file_format"] != "saved_model":
            raise ValueError(
                f"{folder}: must be a SavedModel, received {card['file_format']}: kcx export "
                "writes one without --format"
            )
        _ops.check_graph(folder / MODEL_FILES["saved_model"])
        self._loaded: Any = tf.saved_model.load(os.fspath(folder))
        where = folder.resolve()
        numbered = where.name.isdigit()
        self.version = where.name if numbered else "1"
        self.name = where.parent.name if numbered else where.name
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise OSError(f"port {port} of {host} cannot be used: {error.strerror}") from error
        self.url = f"http://{host}:{self.server_address[1]}/v1/models/{self.name}:predict"

    def status(self) -> dict[str, Any]:
        """Returns what TensorFlow Serving says of a model that is ready."""
        state = {"version": self.version, "state": "AVAILABLE"}
        state["status"] = {"error_code": "OK", "error_message": ""}
        return {"model_version_status": [state]}

    def predict(self, request: Any) -> dict[str, Any]:
        """Answers a request.

        Args:
            request: `{"instances": [...]}`, and "signature_name" for another than for files.

        Raises:
            ValueError: if it is not one.
        """
        rows = request.get("instances") if isinstance(request, dict) else None
        if not isinstance(rows, list) or not rows:
            raise ValueError(
                'the request must be {"instances": [...]}, a list with something in it'
            )
        signature = request.get("signature_name", "serving_default")
        if signature not in self._loaded.signatures:
            names = ", ".join(self._loaded.signatures)
            raise ValueError(f"signature_name must be one of {names}, received {signature!r}")
        ask = self._loaded.signatures[signature]
        ((name, spec),) = ask.structured_input_signature[1].items()
        try:
            answer = ask(**{name: _tensor([_value(row, name) for row in rows], spec)})
        except (TypeError, binascii.Error, tf.errors.InvalidArgumentError) as error:
            said = str(error).partition("[[{{node")[0]  # TensorFlow begins with where it was
            raise ValueError(said.strip().splitlines()[-1].strip()) from error
        return {"predictions": _rows({key: value.numpy() for key, value in answer.items()})}


def _folder(path):
    """Returns the folder of an export: this one, or the latest of those in it."""
    if (path / _card.CARD_FILE).is_file() or not path.is_dir():
        return path
    numbers = [part for part in path.iterdir() if part.name.isdigit() and part.is_dir()]
    return max(numbers, key=lambda part: int(part.name), default=path)


def _value(row, name):
    """Returns a row's value, whose name may be left out."""
    value = row[name] if isinstance(row, dict) and set(row) == {name} else row
    if isinstance(value, dict):
        if set(value) != {"b64"} or not isinstance(value["b64"], str):
            raise ValueError(
                f'a row must be {{"b64": "..."}} or numbers, received the keys {[*value]}'
            )
        return base64.b64decode(value["b64"], validate=True)
    return value


def _tensor(values, spec):
    if spec.dtype == tf.string:
        if not all(isinstance(value, bytes) for value in values):
            raise ValueError('files must be {"b64": "..."}, encoded in base64')
        return tf.constant(values, tf.string)
    wanted = spec.dtype.as_numpy_dtype
    array = np.asarray(values)
    if (
        not np.issubdtype(array.dtype, np.number)
        or not np.array_equal(array, array.astype(wanted))
        and np.issubdtype(wanted, np.integer)
    ):
        raise ValueError(f"rows must be numbers of one shape, of type {np.dtype(wanted).name}")
    return tf.constant(array.astype(wanted))


def _rows(answer):
    """Returns a dictionary for each row, or its value if there is one output alone."""
    lists = {name: _plain(value.tolist()) for name, value in answer.items()}
    rows = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    return [next(iter(row.values())) for row in rows] if len(lists) == 1 else rows


def _plain(value):
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


class _Handler(http.server.BaseHTTPRequestHandler):
    """Reads a request, and writes what the server says, or what is wrong with it."""

    server: Any  # a ModelServer
    timeout = _SECONDS
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Says that the model is ready."""
        found = self._asked("")
        self._answer(*(found or (200, self.server.status())))

    def do_POST(self):
        """Answers a request to predict."""
        self._answer(*self._predicted())

    def _predicted(self):
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"\d{1,12}", length) or int(length) > _MOST_BYTES:
            self.close_connection = True  # what comes is not read
            status = 413 if length.isdecimal() else 411
            return status, _wrong(f"a request has at most {_MOST_BYTES:,} bytes, and says how many")
        body = self.rfile.read(int(length))
        if found := self._asked(":predict"):
            return found
        try:
            return 200, self.server.predict(json.loads(body))
        except (ValueError, RecursionError) as error:
            return 400, _wrong(str(error))
        except Exception as error:  # one request does not end the server
            print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
            return 500, _wrong("the model failed at this request")

    def _asked(self, end):
        """Returns None where the path is of the model, or what is wrong with it."""
        name, version = re.escape(self.server.name), re.escape(self.server.version)
        if re.fullmatch(rf"/v1/models/{name}(/versions/{version})?{end}", self.path):
            return None
        how = "POST" if end else "GET"
        return 404, _wrong(f"not found; {how} /v1/models/{self.server.name}{end} is there")

    def _answer(self, status, found):
        data = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format, *args):
        """Writes nothing of requests."""


def _wrong(text):
    return {"error": text}
