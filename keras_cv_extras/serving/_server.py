"""An export behind HTTP, for one machine: TensorFlow Serving's REST protocol, `kcx serve`."""

import base64
import binascii
import contextlib
import http.server
import json
import os
import pathlib
import re
import reprlib
import socket
import sys
import time
import urllib.parse
from typing import Any

import numpy as np
import tensorflow as tf

from keras_cv_extras._base import checks
from keras_cv_extras._base.text.escapes import visible
from keras_cv_extras._base.types import Path
from keras_cv_extras.serving import _card, _ops

_MOST_BYTES = 64 << 20  # of a request
_ASKED_AGAIN = 256  # files of a request that failed, to name those that are bad
_SECONDS = 2.0  # after which no more of them are asked


class ModelServer(http.server.ThreadingHTTPServer):
    """Answers requests over HTTP for a SavedModel that `export` wrote.

    It uses TensorFlow Serving's REST protocol, so clients can switch to that server. It is for
    trying an export and for use on one machine. It has no encryption, does not join requests into
    batches, and loads no new versions.

    Args:
        path: the folder of an export, such as "digits/1", or a folder with numbered exports, of
            which the latest is used.
        host: the address to listen on, or its name; "0.0.0.0" for all IPv4 addresses, "::" for all
            of IPv6 and IPv4.
        port: its port, 0 for any that is free.

    Attributes:
        url: where to send requests to.

    Raises:
        FileNotFoundError: if there is no export.
        OSError: if the port is taken, or the address is not of this machine.
        ValueError: if the export is of another format, or its graph could do harm.

    References:
        [The protocol](https://www.tensorflow.org/tfx/serving/api_rest): model status, and predict
        with rows ("instances").

    Example:
        >>> server = ModelServer("digits/1", port=0)  # doctest: +SKIP
        >>> server.serve_forever()  # doctest: +SKIP
    """

    daemon_threads: bool = True
    request_queue_size: int = 128  # clients that come at once; of more, some would try again

    def __init__(self, path: Path, *, host: str = "127.0.0.1", port: int = 8501) -> None:
        folder = _folder(pathlib.Path(path))
        checks.integer("port", port, minimum=0, maximum=65535)
        card = _card.read_card(folder)
        if card["file_format"] != "saved_model":
            raise ValueError(
                f"{folder}: must be a SavedModel, received {card['file_format']}: kcx export "
                "writes one without --format"
            )
        self._loaded: Any = _ops.load(folder)
        where = folder.resolve()
        numbered = where.name.isdecimal()
        self.version = where.name if numbered else "1"
        self.name = where.parent.name if numbered else where.name
        try:
            self.address_family, address = _address(host, port)
            super().__init__(address, _Handler)  # pyright: ignore[reportArgumentType]
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or "no address"
            raise OSError(f"port {port} of {host} cannot be used: {why}") from error
        self._path = "/v1/models/" + urllib.parse.quote(os.fsencode(self.name), "")
        at = f"[{host}]" if ":" in host else host
        self.url = f"http://{at}:{self.server_address[1]}{self._path}:predict"

    def server_bind(self) -> None:
        """Takes the address, "::" for IPv4 too."""
        if self.address_family == socket.AF_INET6 and self.server_address[0] == "::":
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

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
        if not isinstance(signature, str) or signature not in self._loaded.signatures:
            names, received = ", ".join(self._loaded.signatures), reprlib.repr(signature)
            raise ValueError(f"signature_name must be one of {names}, received {received}")
        ask = self._loaded.signatures[signature]
        ((name, spec),) = ask.structured_input_signature[1].items()
        try:
            given = _tensor([_value(row, name) for row in rows], spec)
        except (TypeError, binascii.Error, tf.errors.InvalidArgumentError) as error:
            raise ValueError(_line(error)) from error
        try:
            answer = ask(**{name: given})
        except (TypeError, tf.errors.InvalidArgumentError) as error:
            several = spec.dtype == tf.string and len(rows) > 1
            said = several and _bad_files(lambda file: ask(**{name: file}), given)
            raise ValueError(said or _line(error)) from error
        return {"predictions": _rows({key: value.numpy() for key, value in answer.items()})}


def _address(host, port):
    """Returns the family of an address, and the address as a socket takes it; IPv4 of both."""
    flags = socket.AI_PASSIVE
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    family, *_, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, address


def _folder(path):
    """Returns the folder of an export: this one, or the latest of those in it."""
    if (path / _card.CARD_FILE).is_file() or not path.is_dir():
        return path
    numbers = [part for part in path.iterdir() if part.name.isdecimal() and part.is_dir()]
    return max(numbers, key=lambda part: int(part.name), default=path)


def _value(row, name):
    """Returns a row's value, whose name may be left out."""
    value = row[name] if isinstance(row, dict) and set(row) == {name} else row
    if isinstance(value, dict):
        if set(value) != {"b64"} or not isinstance(value["b64"], str):
            keys = reprlib.repr([*value])
            raise ValueError(f'a row must be {{"b64": "..."}} or numbers, received the keys {keys}')
        return base64.b64decode(value["b64"], validate=True)
    return value


def _tensor(values, spec):
    if spec.dtype == tf.string:
        if not all(isinstance(value, bytes) for value in values):
            raise ValueError('files must be {"b64": "..."}, encoded in base64')
        return tf.constant(values, tf.string)
    wanted = spec.dtype.as_numpy_dtype
    array = np.asarray(values)
    if array.dtype.kind == "f" and not (np.abs(array) <= np.finfo("float32").max).all():
        raise ValueError("rows must be finite numbers, received NaN, infinity or more than 3.4e38")
    if (
        not np.issubdtype(array.dtype, np.number)
        or not np.array_equal(array, array.astype(wanted))
        and np.issubdtype(wanted, np.integer)
    ):
        raise ValueError(f"rows must be numbers of one shape, of type {np.dtype(wanted).name}")
    return tf.constant(array.astype(wanted))


def _bad_files(ask, files):
    """Returns which files are no request alone either and why the first is none, or None.

    The graph names some places in some requests. What it would cost to ask about each of many
    files, or of slow ones, is bounded.
    """
    bad, why, asked, end = [], None, 0, time.monotonic() + _SECONDS
    while asked < min(len(files), _ASKED_AGAIN) and time.monotonic() < end:
        try:
            ask(files[asked : asked + 1])
        except tf.errors.InvalidArgumentError as error:
            bad.append(asked)
            why = why or _line(error)
        asked += 1
    of = f"the first {asked} of " if asked < len(files) else ""
    return f"images {bad} of {of}the request: {why}" if bad else None


def _rows(answer):
    """Returns a dictionary for each row, or its value if there is one output alone."""
    lists = {name: _plain(value.tolist()) for name, value in answer.items()}
    rows = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    return [next(iter(row.values())) for row in rows] if len(lists) == 1 else rows


def _plain(value):
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _line(error):
    """Returns what an error says as one line: the last, as TensorFlow begins with where it was."""
    said = str(error).partition("[[{{node")[0]
    said = re.sub(r"\{\{function_node [^}]*\}\}", "", said).strip() or type(error).__name__
    return visible(said.splitlines()[-1].strip())


def _json(body):
    """Returns what a body holds, or raises a ValueError that says what it should."""
    try:
        return json.loads(body)
    except ValueError as error:
        form = '{"instances": [{"b64": "..."}]}'
        raise ValueError(f"the body of a request must be JSON, such as {form}: {error}") from error


class _Handler(http.server.BaseHTTPRequestHandler):
    """Reads a request, and writes what the server says, or what is wrong with it."""

    server: Any  # a ModelServer
    timeout = 30.0  # seconds that a client may be silent for
    disable_nagle_algorithm = True  # the body is written behind the head, and would wait
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # of a line that cannot be read: its answer has a head

    def handle(self):
        """Answers requests until the client hangs up, which is no error."""
        with contextlib.suppress(OSError):
            super().handle()

    def do_GET(self):
        """Says that the model is ready."""
        self._respond("", lambda body: self.server.status())

    def do_POST(self):
        """Answers a request to predict."""
        self._respond(":predict", lambda body: self.server.predict(_json(body)))

    def _respond(self, end, say):
        if refusal := self._refusal(end):
            self.send_error(*refusal)
            self._pass_over()
            return
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            self.send_error(400, f"the request ended after {len(body):,} of {length:,} bytes")
            return
        try:
            status, found = 200, say(body)
        except (ValueError, RecursionError) as error:
            status, found = 400, {"error": _line(error)}
        except Exception as error:  # one request does not end the server
            print(f"error: {type(error).__name__}: {_line(error)}", file=sys.stderr)
            status, found = 500, {"error": "the model failed at this request"}
        self._answer(status, found)

    def _refusal(self, end):
        """Returns None, or a status and a line that say why the rest of a request is not read."""
        length = ",".join(self.headers.get_all("Content-Length", []))
        encoded = "Transfer-Encoding" in self.headers
        if encoded and length:
            return 400, "a request has Content-Length or Transfer-Encoding, not both"
        if (end or encoded or length) and not re.fullmatch("[0-9]{1,99}", length):
            return 411, "a request must say its length (Content-Length)"
        if int(length or 0) > _MOST_BYTES:
            return 413, f"a request has at most {_MOST_BYTES:,} bytes"
        asked = urllib.parse.unquote_to_bytes(self.path.encode("latin-1"))  # bytes, or escaped
        version = f"/versions/{self.server.version}"
        paths = [f"/v1/models/{self.server.name}{part}{end}" for part in ("", version)]
        if asked in map(os.fsencode, paths):
            return None
        return 404, f"not found; {self.command} {self.server._path}{end} is there"

    def _pass_over(self):
        """Reads what is not wanted: a client that is cut off may not see the answer."""
        self.connection.shutdown(socket.SHUT_WR)
        left = _MOST_BYTES
        while left > 0 and (part := self.rfile.read1(1 << 16)):
            left -= len(part)

    def send_error(self, code, message=None, explain=None):
        """Says what is wrong with a request, and ends the connection."""
        self.close_connection = True
        self._answer(code, {"error": message or http.HTTPStatus(code).phrase})

    def _answer(self, status, found):
        data = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format, *args):
        """Writes nothing of requests."""
