"""The processes of one search: which of them this one is, and starting them on this machine.

As keras-tuner has it, every process runs the same program, and the environment says what each
is: a chief, which suggests the trials, or a worker, which trains. Light to import, so that the
process that only watches the others needs no TensorFlow.
"""

import dataclasses
import os
import pathlib
import re
import sys
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras._base.host.cores import num_cores
from keras_cv_extras._base.owned import marks
from keras_cv_extras._base.supervise import Process, free_ports, supervise
from keras_cv_extras._base.types import Path

_VARIABLES = ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT")
_ROLE = "KCX_SEARCH_ROLE"  # kind, address and name, for a process that this library starts
_DIRECTORY = "KCX_SEARCH_DIRECTORY"  # the search that such a process is for, and ends with
_THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")


@dataclasses.dataclass(frozen=True)
class Role:
    """What a process is in a search.

    Args:
        kind: "alone", "chief" or "worker".
        address: host and port of the chief, "HOST:PORT"; "" for one that is alone.
        tuner_id: the name of this process among the others.
    """

    kind: str = "alone"
    address: str = ""
    tuner_id: str = "tuner0"

    @property
    def trains(self) -> bool:
        """Whether this process trains what the processes share out: all but a chief do."""
        return self.kind != "chief"

    @property
    def decides(self) -> bool:
        """Whether this process decides and writes what all share: all but workers do."""
        return self.kind != "worker"

    def environment(self) -> dict[str, str]:
        """Returns the variable that gives a process this role."""
        return {_ROLE: f"{self.kind} {self.address} {self.tuner_id}"}


def role_in(directory: Path, environment: Mapping[str, str] | None = None) -> Role:
    """Returns what this process is in the search of a folder, as its environment says.

    Raises:
        ValueError: if only some of keras-tuner's variables are set.
    """
    environment = os.environ if environment is None else environment
    only = environment.get(_DIRECTORY)
    if only is not None and pathlib.Path(only) != pathlib.Path(directory).resolve():
        return Role()  # started for another search of the same program
    if _ROLE in environment:
        return Role(*environment[_ROLE].split())
    return role_of_keras_tuner(environment)


def role_of_keras_tuner(environment: Mapping[str, str] | None = None) -> Role:
    """Returns the role that keras-tuner's variables of the environment give.

    Raises:
        ValueError: if only some of them are set.
    """
    environment = os.environ if environment is None else environment
    values = [environment.get(name, "") for name in _VARIABLES]
    if not values[1]:  # as in keras-tuner: without a chief's address there is no chief
        return Role(tuner_id=values[0] or "tuner0")
    for name, value in zip(_VARIABLES, values, strict=True):
        if not value:
            raise ValueError(f"{_VARIABLES[1]} is set and {name} is not: set all three, or none")
    kind = "chief" if "chief" in values[0] else "worker"
    return Role(kind, f"{values[1]}:{values[2]}", values[0])


def role_of_options(chief: bool, worker: bool, address: str | None) -> Role | None:
    """Returns the role that options of the command line give, or None.

    Raises:
        ValueError: if the options do not go together.
    """
    if chief and worker:
        raise ValueError("give --chief or --worker, not both: a process is one of them")
    if not (chief or worker):
        if address is not None:
            raise ValueError("--address is of no use without --chief or --worker")
        return None
    if address is None:
        raise ValueError("give --address HOST:PORT, where the chief listens")
    address_parts(address)
    if chief:
        return Role("chief", address, "chief")
    return Role("worker", address, f"worker-{uuid.uuid4().hex[:12]}")


def address_parts(address: str) -> tuple[str, str]:
    """Returns the host and the port of "HOST:PORT".

    Raises:
        ValueError: if it is none.
    """
    match = re.fullmatch(r"(\S+):(\d{1,5})", address)
    if match is None:
        raise ValueError(f"the chief's address must be HOST:PORT, received {address!r}")
    return match[1], match[2]


def launch(
    command: Sequence[str],
    directory: Path,
    num_workers: int,
    *,
    end_with_search: bool,
    report: Any,
) -> int:
    """Runs a chief and workers of a search on this machine, until the search is done.

    One that fails is started again, three times at most. On Linux they all end with this
    process, however it ends.

    Args:
        command: the program that searches, the same for all.
        directory: the search's folder; what the workers print is in `logs` in it.
        num_workers: how many workers.
        end_with_search: whether the processes end when the search in `directory` is done,
            whatever the program would do afterwards.
        report: a function that is told in one line of every failure.

    Returns:
        An exit code: 0 if the search is done.
    """
    checks.integer("workers", num_workers, minimum=1)
    directory = pathlib.Path(directory).resolve()
    address = f"127.0.0.1:{free_ports(1)[0]}"
    shared = {_DIRECTORY: str(directory)} if end_with_search else {}
    threads = str(max(1, num_cores() // num_workers))
    few = {name: threads for name in _THREADS if name not in os.environ}
    chief = Role("chief", address, "chief")
    processes = [Process("the chief", command, {**chief.environment(), **shared})]
    for number in range(num_workers):
        role = Role("worker", address, f"worker-{number}")
        log = directory / "logs" / f"{role.tuner_id}.log"
        environment = {**role.environment(), **few, **shared}
        processes.append(Process(f"worker {number} ({log})", command, environment, log=log))
    made = marks.make_folders(directory / "logs")
    code = supervise(processes, report=report)
    if code and made and os.listdir(directory) == ["logs"]:  # nothing has been begun
        for log in (directory / "logs").glob("worker-*.log"):
            log.unlink()
        marks.remove_folders(made)
    return code


def this_command() -> list[str]:
    """Returns the command that runs this program once more.

    Raises:
        ValueError: if it is no program, as in a notebook.
    """
    command = sys.orig_argv
    if hasattr(sys, "ps1") or sys.flags.interactive or len(command) < 2 or command[1] == "-":
        raise ValueError(
            "workers above 1 start this program again for each worker, which needs a script: "
            "put the search in one, or use kcx search --workers"
        )
    if "ipykernel" in sys.modules:
        raise ValueError(
            "workers above 1 start this program again for each worker, and a notebook cannot be "
            "started again: put the search in a script, or use kcx search --workers"
        )
    return [sys.executable, *command[1:]]


def ends_with_search() -> bool:
    """Returns whether this process was started for one search, to end with it."""
    return _DIRECTORY in os.environ
