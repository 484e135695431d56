"""`ModelServer` and `kcx serve`: TensorFlow Serving's REST protocol, and what is no request."""

import base64
import http.client
import json
import re
import signal
import subprocess
import sys
import threading
import urllib.request

import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from keras_cv_extras import cli, serving
from keras_cv_extras.serving import _server

CLASS_NAMES = ("cat", "dog", "owl", "fox", "cow", "ant", "bat")


@pytest.fixture(scope="module")
def server(exported):
    with serving.ModelServer(exported.parent, port=0) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(server, body, *, path=None, method="POST", headers=()):
    connection = http.client.HTTPConnection(*server.server_address, timeout=20)
    path = path or f"/v1/models/{server.name}:predict"
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection.request(method, path, data, dict(headers))
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


def b64(image):
    return {"b64": base64.b64encode(tf.io.encode_png(image).numpy()).decode()}


def test_files_and_pixels_are_answered_as_keras_says(server, batch, probabilities_of):
    wanted = probabilities_of(batch[:3])
    files = [b64(image) for image in batch[:3]]
    pixels = batch[:3].tolist()
    for request in (
        {"instances": files},
        {"instances": [{"encoded": file} for file in files], "signature_name": "serving_default"},
        {"instances": pixels, "signature_name": "predict_images_uint8"},
        {"instances": pixels, "signature_name": "predict_images"},
    ):
        status, answer = ask(server, request)
        assert status == 200, answer
        found = np.array([row["probabilities"] for row in answer["predictions"]])
        np.testing.assert_allclose(found, wanted, atol=1e-5)
        assert set(answer["predictions"][0]["top_labels"]) <= set(CLASS_NAMES)
    status, answer = ask(server, {"instances": pixels, "signature_name": "features"})
    assert (status, np.shape(answer["predictions"])[0]) == (200, 3)  # one output has no name
    path = f"/v1/models/{server.name}/versions/1"
    status, answer = ask(server, None, path=path, method="GET")
    assert (status, answer["model_version_status"][0]["state"]) == (200, "AVAILABLE")


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{", 400, "Expecting property name"),
        (b"[" * 100_000, 400, "recursion"),
        ([], 400, "must be {.instances.: "),
        ({"instances": []}, 400, "a list with something in it"),
        ({"instances": [1], "signature_name": "other"}, 400, "must be one of .*'other'"),
        ({"instances": [{"b64": "*"}]}, 400, "base64"),
        ({"instances": [{"b64": "AAAA"}]}, 400, "image"),
        ({"instances": [{"file": "a.png"}]}, 400, "received the keys"),
        ({"instances": ["a.png"]}, 400, "files must be"),
        ({"instances": [[1], [1, 2]], "signature_name": "predict_images"}, 400, "inhomogeneous"),
        ({"instances": [[1.5]], "signature_name": "predict_images_uint8"}, 400, "type uint8"),
        ({"instances": [["a"]], "signature_name": "predict_images"}, 400, "must be numbers"),
        ({"instances": [[1]], "signature_name": "predict_images"}, 400, "."),
    ],
)
def test_what_is_no_request_is_one_line(server, body, status, message):
    found, answer = ask(server, body)
    assert found == status
    assert re.search(message, answer["error"])
    assert "\n" not in answer["error"]
    assert ask(server, None, path=f"/v1/models/{server.name}", method="GET")[0] == 200


def test_other_paths_and_lengths(server):
    assert ask(server, {}, path="/v1/models/other:predict")[0] == 404
    assert ask(server, None, path="/", method="GET")[0] == 404
    too_long = {"Content-Length": str(_server._MOST_BYTES + 1)}
    assert ask(server, b"", headers=too_long.items())[0] == 413
    assert ask(server, b"", headers={"Content-Length": "-1"}.items())[0] == 411


def test_what_cannot_be_served(tmp_path, server, exported):
    with pytest.raises(OSError, match=r"port \d+ of 127.0.0.1 cannot be used: Address already"):
        serving.ModelServer(exported, port=server.server_address[1])
    with pytest.raises(FileNotFoundError):
        serving.ModelServer(tmp_path, port=0)


def test_the_command_says_where(exported, monkeypatch):
    monkeypatch.setattr(serving.ModelServer, "serve_forever", lambda server: None)
    asked = ["serve", str(exported), "--port", "0", "--host", "localhost"]
    result = CliRunner().invoke(cli.app, asked)
    assert re.match(r"http://localhost:\d+/v1/models/served0:predict; Ctrl", result.output)


@pytest.mark.wide
def test_the_command_answers_until_it_is_stopped(exported, batch):
    command = [sys.executable, "-m", "keras_cv_extras.cli", "serve", exported, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().split(";")[0]
        data = json.dumps({"instances": [b64(batch[0])]}).encode()
        with urllib.request.urlopen(url, data, timeout=60) as answer:
            assert len(json.load(answer)["predictions"]) == 1
        process.send_signal(signal.SIGINT)
        process.wait(30)
