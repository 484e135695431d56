"""Fills an environment with what a package requires, by links to files that another one has.

    linked.py DISTRIBUTION SITE_PACKAGES

Run by the Python of the environment that has them all. What the distribution needs without its
extras, and what that needs, is there afterwards as if it were installed, without its scripts; an
installer finds it, and brings what this one lacks.
"""

import importlib.metadata
import os
import pathlib
import sys

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def required(name):
    """Returns the distributions that one requires, without itself."""
    waiting, seen = [(name, frozenset())], set()
    while waiting:
        owner, wanted = waiting.pop()
        for line in importlib.metadata.requires(owner) or ():
            need = Requirement(line)
            marker = need.marker
            if marker and not any(marker.evaluate({"extra": each}) for each in ("", *wanted)):
                continue
            key = (canonicalize_name(need.name), frozenset(need.extras))
            if key not in seen:
                seen.add(key)
                waiting.append(key)
    return sorted({name for name, _ in seen} - {canonicalize_name(name)})


def link(name, place):
    """Links the files of a distribution that lie beside its modules."""
    for file in importlib.metadata.files(name):
        if ".." in file.parts or not (source := pathlib.Path(file.locate())).is_file():
            continue
        target = place / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():  # namespace packages share some
            os.link(source, target)


def main(distribution, place):
    """Links all that is required."""
    names = required(distribution)
    for name in names:
        link(name, pathlib.Path(place))
    print(f"{len(names)} distributions are linked")


if __name__ == "__main__":
    main(*sys.argv[1:])
