"""Ends with 1 if less than 95 % of the public symbols have a type that is known.

Pyright's `--verifytypes` reads no library that is not marked as typed: what derives from a class of
Keras, scikit-learn or KerasTuner would be unknown whatever this package says. `bases/` has the
classes that it derives from.
"""

import json
import os
import pathlib
import subprocess
import sys

WANTED = 0.95
HERE = pathlib.Path(__file__).parent


def main():
    """Counts, and names what is not known."""
    path = os.pathsep.join([str(HERE.parents[1]), str(HERE / "bases")])
    command = ["pyright", "--verifytypes", "keras_cv_extras", "--ignoreexternal", "--outputjson"]
    printed = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    ).stdout
    found = json.loads(printed)["typeCompleteness"]
    for symbol in found["symbols"]:
        if symbol["isExported"] and not symbol["isTypeKnown"]:
            print(symbol["name"])
    print(f"{found['completenessScore']:.1%} of the public symbols have a known type")
    sys.exit(found["completenessScore"] < WANTED)


if __name__ == "__main__":
    main()
