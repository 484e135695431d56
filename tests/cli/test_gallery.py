"""The page of all ops, opened in a real browser."""

import pytest
from typer.testing import CliRunner

from keras_cv_extras import cli, policy
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import _gallery


@pytest.mark.slow
def test_every_op_is_drawn_and_every_picture_loads(tmp_path, browser):
    path = policy.gallery(tmp_path / "gallery.html", progress=False)
    text = path.read_text(encoding="utf-8")
    for name in OPS:
        assert f'<article id="{name}">' in text
    assert "http://" not in text
    assert "https://" not in text
    seen = browser(path)
    assert seen["pictures"] == text.count("<img") > 3 * len(OPS)
    assert seen["broken"] == []
    assert seen["errors"] == []


def test_the_browser_tells_of_what_is_wrong(tmp_path, browser):
    page = tmp_path / "page.html"
    page.write_text(
        "<html><head><title></title></head><body><img alt='gone' src='data:image/png;base64,AA'>"
        "<script>undefinedFunction()</script></body></html>",
        encoding="utf-8",
    )
    seen = browser(page)
    assert seen["broken"] == ["gone"]
    assert any("undefinedFunction" in error for error in seen["errors"])
    page.write_text(
        "<style>body { margin: 0 } div { width: 500px } @media (prefers-color-scheme: dark) "
        "{ div { color: #eee } }</style><body><div>words</div></body>",
        encoding="utf-8",
    )
    assert (seen := browser(page, width=400))["over"] == 100
    assert (seen["errors"], seen["faint"]) == ([], {})
    seen = browser(page, width=600, dark=True)
    assert (seen["over"], [*seen["faint"].values()]) == (0, ["words"])


def test_options(tmp_path, monkeypatch, browser):
    """Of two ops, for the others take long."""
    shown = []

    def track(names, text, *, disable, transient):
        shown.append(disable)
        return names

    monkeypatch.setattr(_gallery, "track", track)
    monkeypatch.setattr(_gallery, "OPS", {name: OPS[name] for name in ("invert", "solarize")})
    monkeypatch.setattr(_gallery, "_policies", dict)
    monkeypatch.setattr(_gallery, "_mixes", dict)
    for options, quiet in (((), False), (("--quiet",), True)):
        path = tmp_path / f"{quiet}.html"
        result = CliRunner().invoke(cli.app, ["gallery", "--output", str(path), *options])
        assert result.exit_code == 0, result.output
        assert result.output.replace("\n", "") == str(path)
        assert shown.pop() is quiet
        assert path.read_text(encoding="utf-8").count("<article") == 2
    seen = browser(path)
    assert seen["pictures"] > 3 * 2
    assert (seen["broken"], seen["errors"]) == ([], [])
