"""`ModelServer` and `kcx serve`: TensorFlow Serving's REST protocol, and what is no request."""

import base64
import errno
import http.client
import json
import queue
import re
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import urllib.parse
import urllib.request

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import cli, serving
from keras_cv_extras.serving import _server

CLASS_NAMES = ("cat", "dog", "owl", "fox", "cow", "ant", "bat")


FAILED = "the model failed at this request"
NAME = "my Zähler:predict%41"


@pytest.fixture(scope="module")
def server(exported, tmp_path_factory):
    folder = tmp_path_factory.mktemp("named") / NAME
    shutil.copytree(exported, folder / "1")
    with serving.ModelServer(folder, port=0) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(server, body, *, path=None, method="POST", headers=()):
    connection = http.client.HTTPConnection(*server.server_address, timeout=60)
    path = path or urllib.parse.urlsplit(server.url).path
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection.request(method, path, data, dict(headers))
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


def model(server):
    return urllib.parse.urlsplit(server.url).path.removesuffix(":predict")


def answers(server, lines, body=b""):
    """What is answered to the bytes of a request, as statuses and texts."""
    with socket.create_connection(server.server_address, timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        connection.shutdown(socket.SHUT_WR)
        said = connection.makefile("rb").read().decode()
    parts = said.split("HTTP/1.1 ")
    assert parts[0] == ""
    return [(int(part[:3]), part.partition("\r\n\r\n")[2]) for part in parts[1:]]


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
    path = f"{model(server)}/versions/1"
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
        ({"instances": [1], "signature_name": []}, 400, r"must be one of .*, received \[\]"),
        ({"instances": [1], "signature_name": {"a": 1}}, 400, "must be one of .*{'a': 1}"),
        ({"instances": [1], "signature_name": "a" * 9999}, 400, r"received 'a+\.\.\.a+'$"),
        ({"instances": [{"b64": "*"}]}, 400, "base64"),
        ({"instances": [{"b64": "AAAA"}]}, 400, "image"),
        ({"instances": [{"file": "a.png"}]}, 400, "received the keys"),
        ({"instances": ["a.png"]}, 400, "files must be"),
        ({"instances": [[1], [1, 2]], "signature_name": "predict_images"}, 400, "inhomogeneous"),
        ({"instances": [[1.5]], "signature_name": "predict_images_uint8"}, 400, "type uint8"),
        ({"instances": [["a"]], "signature_name": "predict_images"}, 400, "must be numbers"),
        ({"instances": [[1]], "signature_name": "predict_images"}, 400, "not compatible with"),
    ],
)
def test_what_is_no_request_is_one_line(server, body, status, message):
    found, answer = ask(server, body)
    assert found == status
    assert re.search(message, answer["error"])
    assert "\n" not in answer["error"]
    assert ask(server, None, path=model(server), method="GET")[0] == 200


def damaged(image):
    """A PNG file that is whole by its ends."""
    file = bytearray(tf.io.encode_png(image).numpy())
    at = file.index(b"IDAT") + 8
    file[at : at + 20] = bytes(20)
    return {"b64": base64.b64encode(file).decode()}


@pytest.mark.wide
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e39, -500.0, 65535.0])
def test_values_that_no_image_has_are_refused(server, batch, value):
    """NaN was answered with NaN, which is no JSON, and 16 bits with a class."""
    pixels = batch[:2].astype("float64")
    pixels[1, 0, 0, 0] = value
    request = {"instances": pixels.tolist()}
    for name in ("predict_images", "features"):
        status, answer = ask(server, {**request, "signature_name": name})
        assert status == 400, answer
        assert re.search("finite numbers", answer["error"])


@pytest.mark.wide
def test_files_that_are_damaged_inside_are_named(server, batch):
    files = [b64(batch[0]), damaged(batch[1]), b64(batch[2]), damaged(batch[3])]
    status, answer = ask(server, {"instances": files})
    assert status == 400
    assert re.match(r"images \[1, 3\] of the request: Invalid PNG", answer["error"])
    other = {"b64": "AAAA"}  # of which the graph names the place, and not of the others
    status, answer = ask(server, {"instances": [b64(batch[0]), damaged(batch[1]), other]})
    assert status == 400
    assert re.match(r"images \[1, 2\] of the request: Invalid PNG", answer["error"])
    status, answer = ask(server, {"instances": [b64(batch[0]), other]})
    assert status == 400
    assert re.match(r"images \[1\] of the request: .*neither JPEG", answer["error"])
    assert answer["error"].count("of the request") == 1
    status, answer = ask(server, {"instances": [damaged(batch[1])]})
    assert status == 400
    assert answer["error"].startswith("Invalid PNG")


@pytest.mark.parametrize(
    ("bound", "most", "said"),
    [
        ("_ASKED_AGAIN", 2, r"images \[1\] of the first 2 of the request: Invalid PNG"),
        ("_ASKED_AGAIN", 1, "Invalid PNG"),
        ("_SECONDS", 0, "Invalid PNG"),
    ],
)
def test_what_names_bad_files_costs_is_bounded(server, batch, monkeypatch, bound, most, said):
    monkeypatch.setattr(_server, bound, most)
    files = [b64(batch[0]), damaged(batch[1]), damaged(batch[2])]
    status, answer = ask(server, {"instances": files})
    assert status == 400
    assert re.match(said, answer["error"])


@pytest.mark.parametrize("host", ["::1", "::"])
def test_ipv6(exported, unloaded, host):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with serving.ModelServer(exported, host=host, port=0) as made:
        port = made.server_address[1]
        assert made.url.startswith(f"http://[{host}]:{port}/v1/models/")
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        try:
            for client in ("::1", "127.0.0.1") if host == "::" else ("::1",):
                connection = http.client.HTTPConnection(client, port, timeout=20)
                connection.request("GET", model(made))
                assert connection.getresponse().status == 200
                connection.close()
        finally:
            made.shutdown()
            thread.join()


def test_a_connection_takes_several_requests_without_waiting(server, monkeypatch):
    """An acknowledgement is put off for 0.04 s: a body that waits for it is late each time."""
    at_once, close = queue.Queue(), server.shutdown_request

    def shutdown_request(request):
        at_once.put(request.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        close(request)

    monkeypatch.setattr(server, "shutdown_request", shutdown_request)
    connection = http.client.HTTPConnection(*server.server_address, timeout=60)
    sockets = set()
    for _ in range(20):
        connection.request("GET", model(server))
        sockets.add(connection.sock)
        assert json.loads(connection.getresponse().read())["model_version_status"]
    connection.close()
    assert len(sockets) == 1
    assert at_once.get(timeout=20)


def test_clients_that_come_at_once_are_let_in(exported, unloaded):
    with serving.ModelServer(exported, port=0) as made:  # accepts none yet
        clients = [socket.create_connection(made.server_address, timeout=20) for _ in range(60)]
        for client in clients:
            client.sendall(f"GET {model(made)} HTTP/1.0\r\n\r\n".encode())
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        try:
            for client in clients:
                assert client.makefile("rb").readline().split()[1] == b"200"
                client.close()
        finally:
            made.shutdown()
            thread.join()


def test_a_name_is_asked_for_by_escapes_or_by_its_bytes(server):
    assert server.url.endswith("/v1/models/my%20Z%C3%A4hler%3Apredict%2541:predict")
    ((found, _),) = answers(server, [f"GET {model(server).replace('%C3%A4', 'ä')} HTTP/1.1"])
    assert found == 200


def test_other_paths_and_lengths(server):
    found, answer = ask(server, {}, path="/v1/models/other:predict")
    path = urllib.parse.urlsplit(server.url).path
    assert (found, answer["error"]) == (404, f"not found; POST {path} is there")
    assert ask(server, None, path="/", method="GET")[0] == 404
    most = _server._MOST_BYTES
    for length, refused in (
        (most + 1, (413, {"error": f"a request has at most {most:,} bytes"})),
        ("9" * 40, (413, {"error": f"a request has at most {most:,} bytes"})),
        (-1, (411, {"error": "a request must say its length (Content-Length)"})),
        ("²", (411, {"error": "a request must say its length (Content-Length)"})),
    ):
        assert ask(server, b"", headers={"Content-Length": str(length)}.items()) == refused


def test_what_is_not_wanted_is_not_waited_for_and_the_answer_is_seen(server):
    length = {"Content-Length": "1000"}.items()  # and none of them comes
    assert ask(server, b"", path="/v1/models/other:predict", headers=length)[0] == 404
    assert ask(server, b"x" * (8 << 20), path="/v1/models/other:predict")[0] == 404


@pytest.mark.parametrize(
    ("lines", "body", "status", "message"),
    [
        (["GET {}", "Content-Length: 18"], b"GET / HTTP/1.1\r\n\r\n", 200, "AVAILABLE"),
        (["GET {}", "Transfer-Encoding: chunked"], b"GET / HTTP/1.1\r\n\r\n", 411, "its length"),
        (["POST {}:predict"], b"GET / HTTP/1.1\r\n\r\n", 411, "its length"),
        (["POST {}:predict", "Content-Length: 2", "Content-Length: 3"], b"{}", 411, "its length"),
        (
            ["POST {}:predict", "Content-Length: 2", "Transfer-Encoding: chunked"],
            b"2\r\n{}\r\n0\r\n\r\n",
            400,
            "Content-Length or Transfer-Encoding, not both",
        ),
        (["POST {}:predict", "Content-Length: 3"], b"{}", 400, "ended after 2 of 3 bytes"),
        (["PUT {}"], b"GET / HTTP/1.1\r\n\r\n", 501, "PUT"),
        (["What is it? {}"], b"", 400, "syntax"),
    ],
)
def test_a_body_is_never_the_next_request(server, lines, body, status, message):
    first = f"{lines[0].format(model(server))} HTTP/1.1"
    ((found, text),) = answers(server, [first, *lines[1:]], body)
    assert found == status
    assert re.search(message, text)
    json.loads(text)


def test_a_client_that_hangs_up_is_no_error(server, monkeypatch, capsys):
    asked, gone, threads = threading.Event(), threading.Event(), []

    def wait():
        threads.append(threading.current_thread())
        asked.set()
        gone.wait(20)
        return {}

    monkeypatch.setattr(server, "status", wait)
    with socket.create_connection(server.server_address) as connection:
        reset = struct.pack("ii", 1, 0)  # at once, as where a program is killed
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        connection.sendall(f"GET {model(server)} HTTP/1.1\r\n\r\n".encode())
        assert asked.wait(20)
    gone.set()
    threads[0].join(20)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "status", "said", "printed"),
    [
        (ValueError("first\n\nlast\x1b[31m \n"), 400, r"last\x1b[31m", ""),
        (ValueError(), 400, "ValueError", ""),
        (RuntimeError("first\nlast\x1b[31m"), 500, FAILED, "error: RuntimeError: last\\x1b[31m\n"),
        (RuntimeError(), 500, FAILED, "error: RuntimeError: RuntimeError\n"),
    ],
)
def test_an_error_is_one_line(server, monkeypatch, capsys, error, status, said, printed):
    def fail(request):
        raise error

    monkeypatch.setattr(server, "predict", fail)
    assert ask(server, {}) == (status, {"error": said})
    assert capsys.readouterr() == ("", printed)


@pytest.fixture
def unloaded(monkeypatch):
    """Loads no model, which takes a second, where none is asked."""
    monkeypatch.setattr(tf.saved_model, "load", lambda path: None)


def test_what_cannot_be_served(tmp_path, server, exported, unloaded):
    with pytest.raises(OSError, match=r"port \d+ of 127.0.0.1 cannot be used: Address already"):
        serving.ModelServer(exported, port=server.server_address[1])
    (tmp_path / "²").mkdir()  # a digit, and no number
    with pytest.raises(FileNotFoundError):
        serving.ModelServer(tmp_path, port=0)
    other = tmp_path / "litert"
    shutil.copytree(exported, other)
    card = (other / "model_card.json").read_text()
    assert card.count('"saved_model"') == 1
    (other / "model_card.json").write_text(card.replace('"saved_model"', '"litert"'))
    with pytest.raises(ValueError, match="must be a SavedModel, received litert"):
        serving.ModelServer(other, port=0)


@pytest.mark.parametrize(
    ("owner", "name", "error"),
    [
        (socket, "getaddrinfo", socket.gaierror(socket.EAI_NONAME, "it is not known")),
        (socketserver.TCPServer, "server_bind", OSError(errno.EADDRNOTAVAIL, "it is not ours")),
    ],
)
def test_an_address_that_there_is_not(exported, unloaded, monkeypatch, owner, name, error):
    """No name server is asked, and no machine, some of which take addresses of others."""

    def fail(*arguments, **options):
        raise error

    with pytest.raises(OSError, match="port 0 of a{70} cannot be used: no address"):
        serving.ModelServer(exported, host="a" * 70, port=0)
    monkeypatch.setattr(owner, name, fail)
    with pytest.raises(OSError, match=rf"port 0 of 127.0.0.2 cannot be used: {error.strerror}"):
        serving.ModelServer(exported, host="127.0.0.2", port=0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_the_end_of_the_command(exported, unloaded, monkeypatch, capsys, number):
    monkeypatch.setattr(
        serving.ModelServer, "serve_forever", lambda server: signal.raise_signal(number)
    )
    asked = ["kcx", "serve", str(exported), "--port", "0", "--host", "localhost"]
    monkeypatch.setattr("sys.argv", asked)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    output, errors = capsys.readouterr()
    line = r"http://localhost:\d+/v1/models/served0:predict; Ctrl-C ends it\nstopped\n"
    assert re.fullmatch(line, output)
    assert errors == ""


@pytest.mark.wide
def test_the_command_answers_until_it_is_stopped(exported, batch):
    command = [sys.executable, "-m", "keras_cv_extras.cli", "serve", exported, "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        try:
            url = process.stdout.readline().split(";")[0]
            data = json.dumps({"instances": [b64(batch[0])]}).encode()
            with urllib.request.urlopen(url, data, timeout=60) as answer:
                assert len(json.load(answer)["predictions"]) == 1
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=30) == ("stopped\n", "")
            assert process.returncode == 0
        finally:
            process.kill()
