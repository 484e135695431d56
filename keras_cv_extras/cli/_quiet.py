"""Keeps TensorFlow's remarks about its start out of what a command prints."""

import contextlib
import logging
import os
import sys
import tempfile

from keras_cv_extras.cli import _plugins


@contextlib.contextmanager
def quiet_start():
    """Holds back what is written to the error stream; an exception brings it out.

    TensorFlow's C++ side writes some lines before its log level applies.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
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
