"""The measured process: takes commands as lines of JSON, answers each with one.

The commands are `load`, `start` (the first batch, compilation included) and `measure`. A
contestant does nothing between commands, so that several processes can take turns on a core.
"""

import json
import os
import sys
import time


def main():
    """Answers commands until the input ends."""
    # Libraries print what they like; the answers get a channel of their own.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    job = json.loads(sys.argv[1])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["cpus"])
    from keras_cv_extras.bench import _contestants
    from keras_cv_extras.bench._images import photographs

    images = photographs(job["size"], job["batch_size"])
    running = {}

    def load(name):
        try:
            running[name] = _contestants.load(name, images, len(job["cpus"]))
        except ModuleNotFoundError as error:
            return {"missing": error.name}
        if running[name] is None:
            return {"missing": name}
        return {"version": running[name].version}

    def start(name):
        begin = time.perf_counter()
        running[name].start()
        return {"seconds": time.perf_counter() - begin}

    def attempt(name):
        """Loads and starts what may fail, without an end to the process that others share."""
        try:
            answer = load(name)
            return answer if "missing" in answer else {**answer, **start(name)}
        except Exception as error:  # another library's: told to who asked, and shown
            return {"failed": f"{type(error).__name__}: {str(error).strip()[:300]}"}

    def measure(name, seconds):
        count, taken = running[name].measure(seconds)
        settle()
        return {"images": count, "seconds": taken}

    commands = {"load": load, "start": start, "attempt": attempt, "measure": measure}
    for line in sys.stdin:
        command = json.loads(line)
        answer = commands[command.pop("do")](**command)
        answers.write(json.dumps(answer) + "\n")


def settle(interval=0.02, limit=20.0):
    """Waits until work that was begun ahead of its use has ended: it would slow the next one."""
    end = time.monotonic() + limit
    before = time.process_time()
    while time.monotonic() < end:
        time.sleep(interval)
        now = time.process_time()
        if now - before < interval / 10:
            return
        before = now


if __name__ == "__main__":
    main()
