"""What `kcx export` reads of `--prior`, and how `kcx predict` ends."""

import pytest

from keras_cv_extras import cli, serving
from keras_cv_extras.cli import _serving


def test_a_prior_is_a_number_above_zero_once_for_each_class():
    assert _serving._priors(None) is None
    assert _serving._priors(["cat=0.9", "a=b=3"]) == {"cat": 0.9, "a=b": 3.0}
    for text in ("cat", "cat=", "cat=0", "cat=-1", "cat=nan", "cat=inf"):
        with pytest.raises(ValueError, match=f"NAME=NUMBER above 0, .* received '{text}'"):
            _serving._priors([text])
    with pytest.raises(ValueError, match="once for each class, received 'cat' again"):
        _serving._priors(["cat=1", "cat=2"])


@pytest.mark.parametrize("reason", ["", "an empty file"])
def test_a_file_without_an_answer_is_an_error_at_the_end(reason, tmp_path, monkeypatch, capsys):
    answers = [
        serving.FileAnswer("a.png", None if reason else (), reason),
        serving.FileAnswer("b.png", (("cat", 0.75),)),
    ]
    monkeypatch.setattr(serving, "predict_files", lambda path, files: iter(answers))
    monkeypatch.setattr("sys.argv", ["kcx", "predict", str(tmp_path), "a.png", "b.png"])
    with pytest.raises(SystemExit) as error:
        cli.main()
    told = capsys.readouterr()
    assert "b.png: cat 0.7500" in told.out
    if reason:
        assert error.value.code == "error: 1 of 2 files were not answered"
        assert "a.png: not answered: an empty file" in told.err
    else:
        assert not error.value.code
        assert "a.png: no label" in told.out
