"""The table of small wrong changes: one TOML file for each package."""

import dataclasses
import functools
import pathlib
import tomllib

CHANGES = pathlib.Path(__file__).parent / "changes"
_FIELDS = {"file": str, "before": str, "after": str, "tests": list, "why": str, "k": str}
_OPTIONAL = {"k"}


class TableError(Exception):
    """An entry of the table, or a test that it names, is not what it should be."""


@dataclasses.dataclass(frozen=True)
class Change:
    """One small wrong change, and the tests that must see it.

    Args:
        package: the name of the table, which is the stem of its TOML file.
        file: the path of the file that is changed, from the root of the tree.
        before: text that occurs exactly once in the file.
        after: the text that replaces it.
        tests: pytest files or node ids, of which at least one must fail.
        why: what would go wrong for a user.
        k: words for pytest's `-k`, or "".
        line: the line of the file on which the change begins.
    """

    package: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
    why: str
    k: str
    line: int

    @property
    def where(self):
        """File and line, as an editor opens them."""
        return f"{self.file}:{self.line}"


def read_table(root, folder=CHANGES, only=()):
    """Reads and checks the changes of the named packages, or of all of them.

    Args:
        root: the root of the tree that the entries speak of.
        folder: the folder with the TOML files.
        only: names of packages; all when empty.

    Returns:
        A list of `Change`, in the order of the files.

    Raises:
        TableError: if a package or an entry is not right; all faults are listed.
    """
    root, folder = pathlib.Path(root), pathlib.Path(folder)
    paths = {path.stem: path for path in sorted(folder.glob("*.toml"))}
    unknown = sorted(set(only) - set(paths))
    if unknown:
        raise TableError(f"no table for {', '.join(unknown)}; there is {', '.join(paths)}")
    changes, faults = [], []
    for package, path in paths.items():
        if only and package not in only:
            continue
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8"))["change"]
        except (tomllib.TOMLDecodeError, KeyError) as fault:
            faults.append(f"{path.name} is no list of [[change]] tables: {fault}")
            continue
        for number, entry in enumerate(entries, 1):
            try:
                changes.append(_change(root, package, entry))
            except TableError as fault:
                faults.append(f"{path.name}, change {number}: {fault}")
    seen = set()
    for change in changes:
        key = (change.file, change.before, change.after)
        if key in seen:
            faults.append(f"{change.package}.toml: {change.where} has the same change twice")
        seen.add(key)
    if faults:
        raise TableError("\n".join(faults))
    return changes


@functools.cache
def _text(path):
    return path.read_text(encoding="utf-8")


def _change(root, package, entry):
    missing = sorted(set(_FIELDS) - _OPTIONAL - set(entry))
    unknown = sorted(set(entry) - set(_FIELDS))
    if missing or unknown:
        raise TableError(f"fields missing: {missing}, fields unknown: {unknown}")
    wrong = [name for name, value in entry.items() if not isinstance(value, _FIELDS[name])]
    if wrong:
        raise TableError(f"fields of the wrong type: {wrong}")
    path = root / entry["file"]
    if not path.is_file():
        raise TableError(f"there is no file {entry['file']}")
    text = path.read_text(encoding="utf-8")
    count = text.count(entry["before"]) if entry["before"] else 0
    if count != 1:
        raise TableError(f"{entry['file']} has {count} times, not once: {entry['before']!r}")
    if entry["before"] == entry["after"]:
        raise TableError(f"{entry['file']}: before and after are the same")
    if not entry["tests"]:
        raise TableError(f"{entry['file']}: no tests are named")
    for test in entry["tests"]:
        place, _, name = test.partition("::")
        if not (root / place).exists():
            raise TableError(f"there is no test file {place}")
        function = name.partition("[")[0].rpartition("::")[2]
        if function and f"def {function}(" not in _text(root / place):
            raise TableError(f"there is no test {function} in {place}")
    line = text[: text.index(entry["before"])].count("\n") + 1
    return Change(
        package=package,
        file=entry["file"],
        before=entry["before"],
        after=entry["after"],
        tests=tuple(entry["tests"]),
        why=entry["why"],
        k=entry.get("k", ""),
        line=line,
    )
