"""The site: built without a warning, with every public name, and read on a screen of any width."""

import functools
import html
import http.server
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
import threading

import keras
import pytest
from test_docs import BLOCK, PAGES, ROOT

import keras_cv_extras

pytestmark = pytest.mark.slow
# Colours are those that fades end at.
STILL = """addEventListener("DOMContentLoaded", () => {
  const style = document.createElement("style");
  const still = "transition: none !important; animation: none !important";
  style.textContent = `*, ::before, ::after { ${still} }`;
  document.head.append(style);
})"""
OTHER_COLOURS = "document.querySelector('label[for^=__palette]:not([hidden])').click()"
SCHEME = "document.body.dataset.mdColorScheme"


def build(folder):
    """Builds the site."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.fixture(scope="module")
def site(made_once):
    """The folder of the built site."""
    pytest.importorskip("mkdocs", reason="keras-cv-extras[docs] is not installed")
    return made_once("site", build)


@pytest.fixture(scope="module")
def address(site):
    """Where the site is served."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def public():
    """Returns every public name, `package.name`."""
    for name in sorted(set(keras_cv_extras.__all__) - {"__version__", "compat"}):
        package = importlib.import_module(f"keras_cv_extras.{name}")
        for own in package.__all__:
            value = getattr(package, own)
            of_keras = getattr(value, "__module__", "").partition(".")[0] == keras.__name__
            if not inspect.ismodule(value) and not of_keras:
                yield name, own


def test_every_public_name_is_there(site):
    names = list(public())
    pages = {}
    for path in site.glob("api/*/index.html"):
        text = path.read_text(encoding="utf-8")
        pages.setdefault(path.parent.name.partition("-")[0], []).append(text)
    missing = [
        f"{package}.{name}"
        for package, name in names
        if not any(f'id="keras_cv_extras.{package}.{name}"' in text for text in pages[package])
    ]
    assert not missing
    assert len(names) > 400


def test_docstrings_are_those_of_what_runs(site):
    """A decorator completes what ops say, and a factory makes the layers."""
    text = (site / "api/augment/index.html").read_text(encoding="utf-8")
    rotate = text[text.index('id="keras_cv_extras.augment.rotate"') :]
    rotate = rotate[: rotate.index("augment.rotate_90")]
    for words in ("values in [0, 255]", "Images of the same shape and type", "XLA program"):
        assert words in rotate
    text = (site / "api/losses/index.html").read_text(encoding="utf-8")
    poly1 = text[text.index('id="keras_cv_extras.losses.poly1"') :][:9000]
    assert "One loss per sample" in poly1
    text = (site / "api/layers-augmentation/index.html").read_text(encoding="utf-8")
    assert "The layer of <code>augment.rotate</code>" in text


@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("class weights", "imbalance/"),
        ("learning rates", "training/"),
        ("early stopping", "training/"),
        ("confusion matrix", "training/"),
        ("gpus", "training/"),
        ("install", "start/"),
        ("folder images", "sources/"),
        ("csv", "sources/"),
        ("augmentation", "policies/"),
        ("pretrained weights", ""),
        ("tflite", "serving/"),
    ],
)
def test_the_search_finds_the_page_that_a_reader_means(site, words, page):
    """A heading counts a thousand times a line of text, times the weight of its page."""
    found = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]
    best = {}
    for entry in found:
        title = set(re.findall(r"\w+", entry["title"].lower()))
        if title >= set(words.split()):
            place = entry["location"].partition("#")[0]
            best[place] = max(best.get(place, 0), entry.get("boost", 1))
    assert best[page] == max(best.values())


def test_every_page_of_the_folder_is_there(site):
    others = {"README.md": "index.html", "CONTRIBUTING.md": "contributing/index.html"}
    for page in PAGES:
        name = others.get(page.name)
        name = name or f"{page.relative_to(ROOT / 'docs').with_suffix('')}/index.html"
        assert (site / name).is_file(), name


def test_notebooks_hold_the_code_of_their_pages(site):
    notebooks = sorted((site / "notebooks").glob("*.ipynb"))
    assert len(notebooks) == 3
    for path in notebooks:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        page = (ROOT / "docs" / f"{path.stem}.md").read_text(encoding="utf-8")
        blocks = [code for language, code in BLOCK.findall(page) if language == "python"]
        assert found == [code.rstrip("\n") for code in blocks]
        assert found


def test_links_between_pages_lead_somewhere(site):
    for path in site.rglob("*.html"):
        for link in re.findall(r'href="([^":#?]+)"', path.read_text(encoding="utf-8")):
            if path.name == "404.html" or link.startswith("/"):
                continue
            target = (path.parent / html.unescape(link)).resolve()
            assert target.exists(), (path, link)


def test_pages_can_be_read_in_windows_of_any_width(site, address, chromium):
    """In the light, at night once the reader has asked for it, and in a window made narrow.

    Pages of the API, by far the longest, are of one template: they are seen in two of four ways.
    """
    paths = [f"/{path.parent.relative_to(site)}/" for path in sorted(site.rglob("index.html"))]
    assert len(paths) > 40
    script = (ROOT / "tests" / "page.js").read_text(encoding="utf-8")
    question = f"(() => {{ {script}\nreturn {{...seen(document), scheme: {SCHEME}, "
    question += "heads: document.querySelectorAll('h1').length} })()"
    wanted = {"faint": {}, "cut": [], "over": 0, "heads": 1}
    chromium.at_each_page(STILL)
    chromium.at_each_page("localStorage.clear()")  # a reader who comes for the first time
    chromium.leave_out("*/workers/search.*")  # reads the whole site, for each of its pages
    wrong = {}
    for path in paths:
        windows = ((1280, "default"), (1280, "slate"), (400, "slate"), (400, "default"))
        for width, scheme in windows[::2] if path.startswith("/api/") else windows:
            chromium.window(width, dark=False)
            if (width, scheme) == (1280, "default"):
                chromium.open(address + path)
            elif chromium.evaluate(SCHEME) != scheme:
                chromium.evaluate(OTHER_COLOURS)
            seen = chromium.evaluate(question)
            if seen != wanted | {"scheme": scheme}:
                wrong[path, width] = seen
    assert wrong == {}


@pytest.mark.parametrize(("dark", "scheme"), [(False, "default"), (True, "slate")])
def test_a_reader_gets_the_colours_that_they_prefer(dark, scheme, address, chromium):
    chromium.at_each_page("localStorage.clear()")
    chromium.window(400, dark)
    chromium.open(f"{address}/start/")
    assert chromium.evaluate(SCHEME) == scheme


def test_values_are_shown_without_addresses(site):
    """Of a table such as all ops a page shows the name, not what Python prints of it."""
    for path in site.glob("api/*/index.html"):
        text = re.sub("<[^>]*>", "", path.read_text(encoding="utf-8"))
        assert not re.search(r" at 0x[0-9a-f]{6}", text), path
