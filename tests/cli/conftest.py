"""What several files of tests of the command line need."""

import pytest

from keras_cv_extras import cli


@pytest.fixture
def one_line_error(monkeypatch, tmp_path):
    """Runs `sys.argv` in an empty folder; returns its one line of error, and nothing is written."""
    monkeypatch.chdir(tmp_path)

    def run():
        with pytest.raises(SystemExit) as error:
            cli.main()
        text = str(error.value.code)
        assert text.startswith("error: ")
        assert "\n" not in text
        assert list(tmp_path.iterdir()) == []
        return text

    return run
