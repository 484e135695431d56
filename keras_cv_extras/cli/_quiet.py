"""The streams of a command, and TensorFlow's remarks about its start kept out of them."""

import contextlib
import importlib.util
import io
import logging
import os
import sys

from keras_cv_extras._base import supervise
from keras_cv_extras.cli import _plugins


@contextlib.contextmanager
def sound_streams():
    """Lets a block print whatever the terminal, the shell and the pipe behind it are.

    What the shell has closed is opened: or a file that is written would get its number, and what
    is printed. What an encoding lacks is escaped. Who reads no more is let go in silence.

    Raises:
        OSError: if what was printed is lost, as on a full disk.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, this one
            os.set_inheritable(number, True)
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115
        stream = getattr(sys, name)
        if number and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        try:
            sys.stdout.flush()
        except OSError as error:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)  # Python flushes at its end what is left
            os.close(null)
            if not isinstance(error, BrokenPipeError):
                text = f"cannot print what was found ({os.strerror(error.errno or 0).lower()})"
                raise OSError(error.errno, text) from error


@contextlib.contextmanager
def quiet_start():
    """Holds back what is written to the error stream; an exception brings it out.

    TensorFlow's C++ side writes some lines before its log level applies.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with supervise.file_in_memory() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


def import_tensorflow():
    """Imports TensorFlow without its remarks, and the plugins of installed packages.

    Warnings about retracing are not for users.
    """
    with quiet_start():
        import tensorflow  # noqa: F401

        _plugins.load_installed()
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def load_plugins(names):
    """Imports plugins, and TensorFlow only where one asks for it: then as `import_tensorflow` does.

    Raises:
        ValueError: if one cannot be imported; the message names it.
    """
    _ask_for_tensorflow_quietly()
    _plugins.load_installed()
    for name in names:
        _plugins.load(name)


def network_name(model):
    """Returns the name of a network; that of `module:function` is registered, and named after both.

    Raises:
        ValueError: if there is no such module or function; the message names it.
    """
    if model is None or ":" not in model:
        return model
    _ask_for_tensorflow_quietly()
    return _plugins.load_network(model)


def _ask_for_tensorflow_quietly():
    if "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _WhenAskedFor())


class _WhenAskedFor:
    """Finds TensorFlow as Python does, and imports it without its remarks."""

    def find_spec(self, name, path=None, target=None):
        """Returns where TensorFlow is, and None of all else."""
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def quietly(module):
            with quiet_start():
                execute(module)
            logging.getLogger(name).setLevel(logging.ERROR)

        spec.loader.exec_module = quietly
        return spec
