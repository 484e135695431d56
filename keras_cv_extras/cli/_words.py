"""Errors in the words of the command line: what a function calls `image_size` is `--image-size`."""

import re
from typing import Any

import typer
from typer.core import TyperGroup

# What the library says, and how it is said here. Only what names an argument that is to be given.
_WORDS = {
    r"give image_size=\(height, width\)": "give --image-size with the side of a square",
    r"give image_size\b": "give --image-size",
    r"\bstream needs image_size": "--stream needs --image-size",
    r"\bimage_size (\d+): ": r"--image-size \1: ",
    r"give validation above 0": "give --validation a share above 0",
    r"\baverage and patience both": "--average and --patience both",
    r"\bweights needs model:": "--weights needs --model:",
    r"\bcalibrate fits what calibration gives": "--calibrate fits what --calibration gives",
    r"\bpriors must have a number for each": "--prior must be given for each",
    r"\bquantize='(\w+)' needs format='litert' or 'onnx'": (
        r"--quantize \1 needs --format litert or onnx"
    ),
}


def translated(text: str) -> str:
    """Returns an error's text with options in place of arguments."""
    for words, options in _WORDS.items():
        text = re.sub(words, options, text)
    return text


class Commands(TyperGroup):
    """Commands whose errors speak of options."""

    def invoke(self, ctx: typer.Context) -> Any:
        """Runs a command."""
        try:
            return super().invoke(ctx)
        except ValueError as error:
            text = translated(str(error))
            if type(error) is not ValueError or text == str(error):
                raise
            raise ValueError(text) from error
