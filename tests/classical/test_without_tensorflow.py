"""Classical features, their files and the data that they read, where only NumPy's world is."""

import pathlib
import re
import subprocess
import sys

import pytest

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "classical.md"

BLOCK = """
import sys


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "keras", "keras_tuner", "jax", "torch"):
            raise ModuleNotFoundError(f"No module named {name!r}")


sys.meta_path.insert(0, Absent())
"""


@pytest.mark.slow  # `.ci/run light` has the page, in a lighter environment
def test_the_page_s_example_and_a_folder_of_images(tmp_path):
    example, *_ = re.findall(r"```python\n(import.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    folder = """
import pathlib

from PIL import Image

for name in ("one", "two"):
    folder = pathlib.Path(name)
    folder.mkdir()
    for number in range(6):
        Image.fromarray(images.train[0][number, ..., 0]).save(folder / f"{number}.png")
read = kcx.data.load(".", test_fraction=0.5)
assert read.train[0].shape[1:] == (8, 8, 1), read
kcx.classical.load("digits.skops").predict(read.test[0])
"""
    ran = subprocess.run(
        [sys.executable, "-c", BLOCK + example + folder],
        cwd=tmp_path,
        env={"PYTHONPATH": str(PAGE.parents[1]), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout.split()[0]) > 0.95
