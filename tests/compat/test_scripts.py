"""Whole scripts of users of TensorFlow Addons and KerasCV, whose import lines alone are changed."""

import re

import addons_more_scripts
import addons_scripts
import keras
import keras_cv_more_scripts
import keras_cv_scripts
import pytest

NEW = {
    "import tensorflow_addons as tfa": "import keras_cv_extras.compat.tensorflow_addons as tfa",
    "import keras_cv": "import keras_cv_extras.compat.keras_cv as keras_cv",
    "from keras_cv import core": "from keras_cv_extras.compat.keras_cv import core",
    "from keras_cv.layers import DropPath, SqueezeAndExcite2D, StochasticDepth": (
        "from keras_cv_extras.compat.keras_cv.layers import "
        "DropPath, SqueezeAndExcite2D, StochasticDepth"
    ),
}
SCRIPTS = {
    name: text
    for module in (addons_scripts, addons_more_scripts, keras_cv_scripts, keras_cv_more_scripts)
    for name, text in vars(module).items()
    if name.isupper()
}


def test_there_are_eleven_of_each():
    assert len(SCRIPTS) == 22


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_with_its_import_lines_changed(name, tmp_path):
    lines = SCRIPTS[name].strip().splitlines()
    changed = [NEW.get(line, line) for line in lines]
    different = [line for line, old in zip(changed, lines, strict=True) if line != old]
    assert different
    assert all(re.match("(import|from) keras_cv_extras.compat", line) for line in different)
    keras.utils.set_random_seed(2)  # users' scripts have none, and not all draws learn as fast
    exec("\n".join(changed), {"folder": str(tmp_path), "__name__": "__main__"})
