"""What the site has beside the pages of this folder: the project's own files, the API, a gallery.

MkDocs calls it (`hooks` of mkdocs.yml). The API has a page for each package with all its public
names; mkdocstrings reads them where they run.
"""

import importlib
import inspect
import json
import pathlib
import posixpath
import re
import tempfile

from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).parent.parent
FILES = {
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "security.md": "SECURITY.md",
}
LINK = re.compile(r"\]\(\s*(?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\s*\)")
CELL = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOTEBOOKS = ("start.md", "policies.md", "training.md")
#: How much sooner the search finds a page than another with the same words.
FOUND = {
    **dict.fromkeys(("index.md", "start.md", "training.md", "imbalance.md", "sources.md"), 3),
    **dict.fromkeys(("policies.md", "losses-and-pooling.md", "search.md", "serving.md"), 3),
    **dict.fromkeys(("contributing.md", "changelog.md"), 0.2),
}


def parts(package):
    """Returns the folder of a package that each public name comes from, as its stub says."""
    stub = pathlib.Path(package.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    return {name: part for part, name in re.findall(r"^from \.(\w+)\S* import (\w+)", stub, re.M)}


def packages():
    """Returns the pages of each package that has public names: {name: {page: [name, ...]}}."""
    import keras_cv_extras

    found = {}
    for name in sorted(set(keras_cv_extras.__all__) - {"__version__", "compat"}):
        package = importlib.import_module(f"keras_cv_extras.{name}")
        part_of = parts(package) if name == "layers" else {}  # more than a page can hold
        pages = {}
        for public in package.__all__:
            if not inspect.ismodule(getattr(package, public)):
                page = f"{name}-{part_of[public]}" if part_of else name
                pages.setdefault(page, []).append(public)
        found[name] = dict(sorted(pages.items()))
    return found


def title(page):
    """Returns what stands above a page of the API."""
    name, _, part = page.partition("-")
    return f"kcx.{name}" + (f": {part}" if part else "")


def first_line(value):
    """Returns the first line of a docstring; nothing for a constant, whose type has its own."""
    if not (inspect.isclass(value) or callable(value)):
        return ""
    return (inspect.getdoc(value) or "").partition("\n")[0].replace("|", "\\|")


def is_of_keras(value):
    """Returns whether a name is Keras' own, offered here beside its like."""
    return getattr(value, "__module__", "").partition(".")[0] == "keras"


_EXAMPLES = (
    "The examples use the names of this page, and `np`, `keras`, `tf` and `kcx` for the libraries. "
    "What they do not define is yours: `images` are a batch of uint8 images, `labels` their class "
    "numbers, `model` a compiled classifier of them, `dataset` both as a `tf.data.Dataset`."
)


def api_page(page, names):
    """Returns the Markdown of one page: a table of names, and the docstring of each."""
    name = page.partition("-")[0]
    package = importlib.import_module(f"keras_cv_extras.{name}")
    lines = [
        f"# {title(page)}",
        "",
        (inspect.getdoc(package) or "").strip(),
        "",
        "| name | what it is |",
        "|---|---|",
    ]
    own = [public for public in names if not is_of_keras(getattr(package, public))]
    for public in names:
        said = first_line(getattr(package, public))
        if public in own:
            lines.append(f"| [`{public}`][keras_cv_extras.{name}.{public}] | {said} |")
        else:
            lines.append(f"| `{public}` | Keras' own: `keras.{name}.{public}`. |")
    lines += ["", _EXAMPLES] if own else []
    for public in own:
        lines += ["", f"::: keras_cv_extras.{name}.{public}"]
    return "\n".join(lines) + "\n"


def index_page(found):
    """Returns the page that lists the packages."""
    lines = ["# API", "", "Every public name, with `import keras_cv_extras as kcx`.", ""]
    lines += ["| package | what it has | names |", "|---|---|---:|"]
    for name, pages in found.items():
        package = importlib.import_module(f"keras_cv_extras.{name}")
        for page, names in pages.items():
            said = (inspect.getdoc(package) or "").partition("\n")[0]
            lines.append(f"| [{title(page)}]({page}.md) | {said} | {len(names)} |")
    return "\n".join(lines) + "\n"


def heading(source):
    """Returns what stands above a page."""
    return re.search("^# (.*)", source.read_text(encoding="utf-8"), re.MULTILINE)[1]


def of_the_root(text, known):
    """Returns a file of the project's root whose links lead to pages of the site.

    A link to what the site does not have becomes its words.
    """

    def lead(match):
        target = posixpath.normpath(match[1])
        for page, source in FILES.items():
            if target == source:
                return f"]({page}{match[2] or ''})"
        if target.startswith("docs/") and target.removeprefix("docs/") in known:
            return f"]({target.removeprefix('docs/')}{match[2] or ''})"
        return None

    def whole(match):
        led = lead(LINK.search(match[0]))
        if not led:
            return f"`{match[1]}`"
        source = ROOT / posixpath.normpath(match[2])
        if match[1] == match[2] and source.suffix == ".md":  # the page's name, not its file's
            return f"[{heading(source)}{led}"
        return match[0][: match[0].index("](")] + led

    return re.sub(r"\[([^\]]+)" + LINK.pattern, whole, text)


def notebook(text):
    """Returns a page as a notebook: its prose and its Python, in cells, as JSON."""
    cells = []

    def prose(part):
        if part.strip():
            cells.append({"cell_type": "markdown", "metadata": {}, "source": part.strip()})

    end = 0
    for block in CELL.finditer(text):
        prose(text[end : block.start()])
        cells.append(
            {
                "cell_type": "code",
                "execution_count": None,
                "metadata": {},
                "outputs": [],
                "source": block[1].rstrip("\n"),
            }
        )
        end = block.end()
    prose(text[end:])
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps(
        {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5},
        indent=1,
    )


def gallery():
    """Returns every op at several strengths, as an HTML page of its own."""
    import keras_cv_extras

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "gallery.html")
        keras_cv_extras.policy.gallery(path)
        return path.read_text(encoding="utf-8")


def on_files(files, config):
    """Adds what is no file of this folder."""
    known = {file.src_uri for file in files}
    for page, source in FILES.items():
        text = of_the_root((ROOT / source).read_text(encoding="utf-8"), known)
        files.append(File.generated(config, page, content=text))
    for page in NOTEBOOKS:
        text = notebook((ROOT / "docs" / page).read_text(encoding="utf-8"))
        name = page.replace(".md", ".ipynb")
        files.append(File.generated(config, f"notebooks/{name}", content=text))
    files.append(File.generated(config, "gallery/ops.html", content=gallery()))
    found = packages()
    files.append(File.generated(config, "api/index.md", content=index_page(found)))
    for pages in found.values():
        for page, names in pages.items():
            files.append(File.generated(config, f"api/{page}.md", content=api_page(page, names)))
    entries = ["api/index.md", *(f"api/{page}.md" for pages in found.values() for page in pages)]
    config["nav"] = [{"API": entries} if "API" in entry else entry for entry in config["nav"]]
    return files


def on_page_markdown(markdown, page, config, files):
    """Offers the notebook of a page; links to files outside of the site become their words."""
    source = page.file.src_uri
    if source in FOUND:
        page.meta["search"] = {"boost": FOUND[source]}
    if source in NOTEBOOKS:
        name = source.replace(".md", ".ipynb")
        markdown = re.sub(
            r"^(# .*\n)",
            rf"\1\n[As a notebook](notebooks/{name}){{download}}\n",
            markdown,
            count=1,
        )
    return re.sub(r"!?\[([^\]]+)\]\(\.\./[^)]*\)", r"\1", markdown)
