"""`kcx launch`: the workers of a distributed training, as processes of this machine.

They get what a cluster's manager gives them: TF_CONFIG, a restart after a failure, the same
folder of checkpoints.
"""

import contextlib
import json
import os
import pathlib
import sys
from typing import Annotated

import typer

from keras_cv_extras._base import checks, supervise
from keras_cv_extras._base.owned import folders, kinds

_LAST_LINES = 20


def launch(
    command: Annotated[
        list[str], typer.Argument(help="The program of a worker and its arguments, after --.")
    ],
    workers: Annotated[int, typer.Option(help="How many processes train together.")] = 2,
    restarts: Annotated[
        int, typer.Option(help="How often all workers are restarted after a failure.")
    ] = 3,
    logs: Annotated[
        pathlib.Path, typer.Option(help="Folder for the output of all workers except the first.")
    ] = pathlib.Path("kcx-launch"),
):
    """Run COMMAND as several workers that train one model, on this machine.

    The output of the first worker is shown. If a worker fails, all are restarted; a training with
    a checkpoint folder resumes from there. No process is left behind. For example:

    kcx launch --workers 2 -- python examples/train_distributed.py
    """
    code = run_launch(command, workers=workers, restarts=restarts, logs=logs)
    if code in supervise.ENDING_CODES:
        raise supervise.Ended(code - 128)
    sys.exit(code)


def run_launch(command, *, workers, restarts, logs):
    """Runs workers until they have ended; returns an exit code."""
    checks.integer("workers", workers, minimum=1)
    logs = pathlib.Path(logs)

    def processes(attempt):
        # Other ports in every attempt: another program may have taken one of the last.
        cluster = {"worker": [f"127.0.0.1:{port}" for port in supervise.free_ports(workers)]}
        return [
            supervise.Process(
                name=f"worker {index}",
                command=command,
                environment={
                    "TF_CONFIG": json.dumps(
                        {"cluster": cluster, "task": {"type": "worker", "index": index}}
                    ),
                    "KCX_ATTEMPT": str(attempt),
                },
                log=logs / f"worker-{index}.log" if index else None,
            )
            for index in range(workers)
        ]

    with folders.owned(logs, kinds.LOGS) if workers > 1 else contextlib.nullcontext():
        for index in range(1, workers):
            (logs / f"worker-{index}.log").unlink(missing_ok=True)
        code = supervise.supervise(processes, restarts=restarts, together=True, report=_report)
    if code:
        for index in range(1, workers):
            _show_end(logs / f"worker-{index}.log")
    return code


def _report(line):
    print(f"kcx launch: {line}", file=sys.stderr, flush=True)


def _show_end(log):
    """Prints the last lines of a log, where a failure says what it is."""
    if not log.is_file() or not log.stat().st_size:
        return
    with open(log, "rb") as file:
        file.seek(max(0, os.path.getsize(log) - 10_000))
        lines = file.read().decode("utf-8", "replace").splitlines()[-_LAST_LINES:]
    print(f"--- the end of {log}", *lines, sep="\n", file=sys.stderr, flush=True)
