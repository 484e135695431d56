"""A headless Chromium that opens pages for tests, one after another, in windows of any width.

It is driven over its DevTools protocol, through the file descriptors 3 and 4 of its process:
messages are JSON, each ended by a zero byte (https://chromedevtools.github.io/devtools-protocol).
"""

import fcntl
import json
import os
import select
import shutil
import signal
import time

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --hide-scrollbars --remote-debugging-pipe"
)
_HEIGHT = 900  # pixels
_LIMIT = 120  # seconds for what a page is asked
_TOLD = {
    "Runtime.consoleAPICalled": lambda said: str([each.get("value") for each in said["args"]]),
    "Runtime.exceptionThrown": lambda said: json.dumps(said["exceptionDetails"]),
    "Log.entryAdded": lambda said: f"{said['entry']['text']} {said['entry'].get('url')}",
}


def _pipe():
    """Returns both ends of a pipe, neither of them 3 or 4."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return moved


def find():
    """Returns the program's path, or None."""
    return shutil.which("chromium") or shutil.which("google-chrome")


class Chromium:
    """The browser and its one page; ends with `close`."""

    def __init__(self, program, profile):
        theirs, self._output = _pipe()
        self._input, own = _pipe()
        command = [program, *_FLAGS.split(), f"--user-data-dir={profile}", "about:blank"]
        actions = [(os.POSIX_SPAWN_DUP2, theirs, 3), (os.POSIX_SPAWN_DUP2, own, 4)]
        actions += [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
        self._process = os.posix_spawn(program, command, os.environ, file_actions=actions)
        os.close(theirs)
        os.close(own)
        self._read, self._count, self._session, self._events = b"", 0, None, []
        page = self._ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=page, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable")

    def leave_out(self, *addresses):
        """Does not load what pages ask for at these addresses, in which `*` is anything."""
        self._ask("Network.enable")
        self._ask("Network.setBlockedURLs", urls=[*addresses])

    def at_each_page(self, script):
        """Runs a script in each page that is opened from now on, before its own."""
        self._ask("Page.addScriptToEvaluateOnNewDocument", source=script)

    def close(self):
        """Ends the browser."""
        os.close(self._output)  # which it takes for a sign to go
        end = time.monotonic() + 10
        while os.waitpid(self._process, os.WNOHANG)[0] == 0:
            if time.monotonic() > end:
                os.kill(self._process, signal.SIGKILL)
            time.sleep(0.02)
        os.close(self._input)

    def _message(self, end):
        """Returns the next message, of those that come before a time."""
        while b"\0" not in self._read:
            left = max(0, end - time.monotonic())
            ready = select.select([self._input], [], [], left)[0]
            part = os.read(self._input, 1 << 20) if ready else b""
            assert part, "the browser has ended" if ready else "the browser does not answer"
            self._read += part
        message, self._read = self._read.split(b"\0", 1)
        return json.loads(message)

    def _ask(self, method, **values):
        """Returns the answer to a command."""
        self._count += 1
        order = {"id": self._count, "method": method, "params": values}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._output, json.dumps(order).encode() + b"\0")
        end = time.monotonic() + _LIMIT
        while (message := self._message(end)).get("id") != self._count:
            self._events.append(message)
        assert "error" not in message, message["error"]
        return message["result"]

    def window(self, width, dark):
        """Gives the page a width, and the colours that a reader prefers."""
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=_HEIGHT,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, address):
        """Loads a page with its pictures."""
        self._events.clear()
        answer = self._ask("Page.navigate", url=address)
        assert "errorText" not in answer, answer
        end = time.monotonic() + _LIMIT
        while not any(each.get("method") == "Page.loadEventFired" for each in self._events):
            self._events.append(self._message(end))

    def evaluate(self, expression):
        """Returns the value of an expression in the page, or of its promise."""
        answer = self._ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def errors(self):
        """Returns what the page that is open, and the browser of it, have said in the console."""
        found = [each for each in self._events if each.get("method") in _TOLD]
        return [_TOLD[each["method"]](each["params"]) for each in found]
