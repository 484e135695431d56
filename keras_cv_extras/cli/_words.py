"""Errors in the words of the command line: what a function calls `image_size` is `--image-size`."""

import re
from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperGroup

# What the library says, and how it is said here. Only what names an argument that is to be given.
_WORDS = {
    r"^name must be one of keras_cv_extras\.models\.names\(\)": (
        "--model must be one of those that kcx models lists, or my_module:function"
    ),
    r"\bor registered before by augment\.image_op": "or registered by a --plugin",
    r"give image_size=\(height, width\)": "give --image-size with the side of a square",
    r"give image_size\b": "give --image-size",
    r"\bstream needs image_size": "--stream needs --image-size",
    r"\bimage_size (\d+): ": r"--image-size \1: ",
    r"give validation above 0": "give --validation a share above 0",
    r"^(crop|also) is a part of recipes: give space='recipe' or 'randaugment'": (
        r"--\1 is a part of recipes: give --space recipe or randaugment"
    ),
    r"\bleave stream out": "leave --stream out",
    r"loss='crossentropy' alone: give label_smoothing=0": (
        "--loss crossentropy alone: give --label-smoothing 0"
    ),
    r"\baverage and patience both": "--average and --patience both",
    r"\bweights needs model:": "--weights needs --model:",
    r"\bcalibrate fits what calibration gives": "--calibrate fits what --calibration gives",
    r"\bpriors must have a number for each": "--prior must be given for each",
    r"\blogger='(\w+)' needs": r"--logger \1 needs",
    r"\bquantize with format='(\w+)' needs": r"--quantize with --format \1 needs",
    r"\bformat='(\w+)' needs": r"--format \1 needs",
    r"\bquantize='(\w+)' needs format='litert' or 'onnx'": (
        r"--quantize \1 needs --format litert or onnx"
    ),
}


def translated(text: str, options: Mapping[str, str] | None = None) -> str:
    """Returns an error's text with options in place of arguments.

    Args:
        text: of an error.
        options: the options of the command, by what functions call them. One that a text begins
            with is what it complains of.
    """
    for words, said in _WORDS.items():
        text = re.sub(words, said, text)
    first, space, rest = text.partition(" ")
    if options and first in options and rest.startswith("must "):
        return f"{options[first]}{space}{rest}"
    return text


def _options(command: Any) -> dict[str, str]:
    """Returns the options of a command, and of those below it, by their arguments."""
    below = getattr(command, "commands", {}).values()
    found = {name: option for one in below for name, option in _options(one).items()}
    named = (one for one in command.params if one.param_type_name == "option")
    return found | {one.name: max(one.opts, key=len) for one in named}


class Commands(TyperGroup):
    """Commands whose errors speak of options."""

    def invoke(self, ctx: typer.Context) -> Any:
        """Runs a command."""
        try:
            return super().invoke(ctx)
        except (ImportError, ValueError) as error:
            command = self.commands.get(ctx.invoked_subcommand or "")
            text = translated(str(error), command and _options(command))
            kind = type(error)
            if kind not in (ImportError, ValueError) or text == str(error):
                raise
            raise kind(text) from error
