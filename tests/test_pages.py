"""Pages: what they escape, how they look on paper and at night, and on windows of any width."""

import base64
import io
import pathlib
import re
import types

import jinja2
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from keras_cv_extras import generative, training
from keras_cv_extras._base.text import colors, pages
from keras_cv_extras.generative import gan
from keras_cv_extras.policy import Policy, Step, policy_sheet
from keras_cv_extras.search.verdict import _arms, _report
from keras_cv_extras.training.evaluation import _figures

STYLE = pathlib.Path(pages.__file__).with_name("page.css").read_text(encoding="utf-8")
LONG = "a_name_as_long_as_those_of_files_that_a_camera_numbers_and_somebody_has_named_again"
HOSTILE = "<script>x</script>"
PART = '{% from "_base/text/parts.html" import facts, table, values, verdict %}'
SCHEMES = {"light": colors.LIGHT, "dark": colors.DARK}
IMAGES = np.arange(6 * 64, dtype="uint8").reshape(6, 8, 8, 1)


def rendered(text, **values):
    """Returns a template's text."""
    return pages._environment().from_string(PART + text).render(values)


def trained(name):
    """A training's report, with a name of a class, a file and a folder."""
    chances = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    found = training.Predictions(
        chances, np.array([0, 1, 1]), ("1.png", f"x/{name}", "3.png"), (name, "dog"), {1: IMAGES[0]}
    )
    log = [{"epoch": "1", "loss": "0.5", "accuracy": "0.75"}]
    return training.report(
        found, title=name, data={name: name}, settings={"a": name}, log=log, notes=[name]
    )


def searched(name):
    """A search's report, with a name of an arm, of the data and of what failed."""
    settings = {"data": {"name": name}, "confirm_seeds": 2}
    settings["num_images"] = {"train": 1000, "validation": 9, "confirmation": 9}
    stage = {"trainings": 3, "seconds": 4.0, "seconds_each": 1.5}
    provenance = {"arm": name, "settings": settings, "versions": {"keras": "3"}}
    provenance["cost"] = {"trials": stage, "rival": {**stage, "trainings": 2}}
    policy = Policy([[Step("rotate", 1.0, 0.5)]], provenance=provenance)
    right = np.ones((2, 9), bool)
    won = _arms.Arm(name, "searched", policy, 0.9, 0.8, 0.95, 0.25, np.nan, right)
    lost = _arms.Arm("none", "control", policy, np.nan, np.nan, np.nan, np.nan, 0.5, right)
    row = {"kind": "trial", "name": name, "val_accuracy": 0.5, "seconds": 2.0, "message": name}
    rows = [row | {"status": "COMPLETED"}, row | {"status": "FAILED"}]
    rows.append(row | {"status": "INVALID", "message": ""})
    insight = types.SimpleNamespace(effects=(), describe=lambda: name)
    read = {"images": IMAGES, "network": name, "of_files": False}
    return _report.report(policy, [lost, won], rows, name, insight, **read)


def made(name):
    """A GAN's report, with the name of a class and of the network."""
    model = generative.ConditionalGAN((8, 8, 1), 2, latent_size=4, width=4, seed=0)
    numbers = dict.fromkeys(
        ("local_fid", "local_kid", "precision", "recall", "density", "coverage"), 0.25
    )
    labels = np.arange(6) % 2
    return gan.gan_report(
        model,
        title=name,
        class_names=(name, "dog"),
        train=(IMAGES, labels),
        made=(IMAGES, labels),
        scores=generative.MadeScores(name, 6, 6, numbers, {0: {**numbers, "agreement": 0.5}}),
        memory=generative.Memorization("n", 0.1, 0.5, labels, np.ones(6), 0.125),
        useful={"real_on_real": 0.9, "made_on_real": 0.5, "real_on_made": 0.4},
        parts=[{"step": 5, "local_fid": 2.0}],
    )


def test_options_are_not_broken_in_two():
    wanted = '&lt;b&gt; - kcx <span class="option">--image-size</span> 8, a--b'
    assert pages.commands("<b> - kcx --image-size 8, a--b") == wanted


@pytest.fixture
def no_policies(monkeypatch):
    """A search's report without the pictures of its policy, which take long."""
    monkeypatch.setattr(_report, "policy_sheet", lambda *_, **__: Figure(figsize=(1, 1)))


@pytest.mark.parametrize("report", [trained, searched, made])
def test_names_are_text(report, no_policies):
    page = report(HOSTILE)
    assert page.count("&lt;script&gt;x&lt;/script&gt;") >= 4
    assert "<script" not in page
    assert f"<title>{report('Cats & dogs').partition('<title>')[2].partition('</title>')[0]}" in (
        "<title>Cats &amp; dogs",
        "<title>Policy search on Cats &amp; dogs",
    )


def test_what_the_report_of_a_search_says(no_policies):
    page = " ".join(searched("found").split())
    assert "1,000 images to train on, 9 that trials were scored on" in page
    won, lost = re.findall("<tr( class=.won.)?>(.*?)</tr>", page.partition("<tbody>")[2], re.S)[:2]
    cells = [re.findall("<td[^>]*>(.*?)</td>", row, re.S) for _, row in (won, lost)]
    assert cells == [
        ["found", "searched", "-", "90.00 %", "80.00 % to 95.00 %", "0.250"],
        ["none", "control", "50.00 %", "-", "training diverged", "-"],
    ]
    assert (bool(won[0]), bool(lost[0])) == (True, False)
    assert "controls: 3 trainings, 4.0 seconds" in page
    assert "Tuned RandAugment: 2 trainings" in page
    assert page.count("the training diverged") == 1
    verdict = page.partition('class="verdict"')[2].partition("</section>")[0]
    said = re.sub("<[^>]*>", "", verdict)
    assert "kcx train DATA --policy policy.json --image-size 8 --model MODEL" in said
    assert page.count('class="chart"') == 2
    assert page.count('class="picture"') == 1  # the policy's, whose photographs stay as they are
    assert page.count('<source media="(prefers-color-scheme: dark)"') == 1


def test_pictures_of_a_policy_stand_on_the_colour_of_the_page():
    sheet = policy_sheet(Policy([[Step("invert")]]), np.full((1, 8, 8, 1), 120, "uint8"), columns=2)
    page = pages.figure(sheet, "a sheet", dark=colors.DARK)
    dark, light = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
        for data in re.findall('image/png;base64,([^"]+)', page)
    )
    assert light.shape == dark.shape
    apart = np.any(light != dark, axis=-1)
    for picture, paper in ((light, colors.LIGHT.paper), (dark, colors.DARK.paper)):
        assert "#" + bytes(picture[0, 0]).hex() == paper
        on_paper = np.all(picture == picture[0, 0], axis=-1)
        assert np.all(apart[on_paper])  # with the gaps between the pictures
    assert 0.2 < np.mean(apart) < 0.9  # the pictures are the same


def test_parts_escape_what_they_are_given():
    values = {"a<": "1 & 2", "b": 3}
    text = rendered("{{ facts(v) }}{{ values('T<', v) }}{{ verdict(['<i>']) }}", v=values)
    assert text.count("a&lt;") == 2
    assert text.count("1 &amp; 2") == 2
    assert "<h2>T&lt;</h2>" in text
    assert "<p>&lt;i&gt;</p>" in text
    text = rendered("{{ table('t', ['x', 'y'], [['<b>', 1], [2, 3]], won=1) }}")
    assert '<th scope="col" class="left">x</th><th scope="col">y</th>' in text
    assert '<tr><td class="left">&lt;b&gt;</td><td>1</td></tr>' in text
    assert '<tr class="won"><td class="left">2</td><td>3</td></tr>' in text


def test_what_a_template_lacks_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="'title' is undefined"):
        pages.render("_base/text/page.html")


def test_numbers_on_pages():
    assert [pages.percent(0.98765), pages.percent(np.nan)] == ["98.77 %", "-"]
    assert pages.percent(0.5, 1) == "50.0 %"
    assert [pages.number(1.25, 1), pages.number(None), pages.number(np.inf)] == ["1.2", "-", "-"]
    assert rendered("{{ 12345 | thousands }}") == "12,345"


def test_settings_on_pages():
    settings = {"a_b": None, "of": {"is_on": True, "size": (1, [2, "x_y"])}, "none": [], "c": 0}
    wanted = {"a b": "none", "of: is on": "yes", "of: size": "1, 2, x_y", "none": "none", "c": "0"}
    assert pages.worded(settings) == wanted


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(scheme):
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    named = dict(re.findall(r"--(\w+): (#\w{6})", light))
    assert dict(re.findall(r"--(\w+): (#\w{6})", dark)).keys() == named.keys()
    named |= dict(re.findall(r"--(\w+): (#\w{6})", dark)) if scheme == "dark" else {}
    rgb = {key: np.array(list(bytes.fromhex(value[1:]))) / 255 for key, value in named.items()}
    for text in ("ink", "quiet", "accent", "alert"):
        for behind in ("page", "card", "tint"):
            assert colors.contrast(rgb[text], rgb[behind]) >= 4.5, (text, behind)
    on_maps = SCHEMES[scheme]
    assert (on_maps.paper, on_maps.ink, on_maps.quiet) == (
        named["card"],
        named["ink"],
        named["quiet"],
    )
    assert not re.findall(r"[ (:]#\w{3,6}", re.sub(r"--\w+: #\w{6}", "", STYLE))  # all have names


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_numbers_of_the_confusion_can_be_read(scheme):
    shares = np.linspace(0, 1, 16).reshape(4, 4)
    confusion = np.round(1000 * shares / shares.sum(axis=1, keepdims=True)).astype(int)
    figure = _figures.confusion_figure(confusion, "abcd", scheme)
    assert to_hex(figure.get_facecolor()) == scheme.paper
    axes = figure.axes[0]
    (picture,) = axes.images
    assert to_hex(picture.to_rgba(0.0)) == scheme.paper
    assert len(axes.texts) == 15
    for text in axes.texts:
        column, row = text.get_position()
        behind = picture.to_rgba(picture.get_array()[int(row), int(column)])
        color = [float(text.get_color() == "#ffffff")] * 3
        assert colors.contrast(color, behind) >= 4.5
    assert [colors.readable([grey] * 3) for grey in (0.4, 0.5)] == ["#ffffff", "#000000"]


@pytest.mark.wide_but("400-dark")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_reports_can_be_read_in_windows_of_any_width(width, dark, no_policies, browser, tmp_path):
    for report in (trained, searched, made):
        path = tmp_path / "page.html"
        path.write_text(report(LONG), encoding="utf-8")
        seen = browser(path, width=width, dark=dark)
        assert (seen["over"], seen["cut"], seen["faint"]) == (0, [], {}), report
        assert (seen["broken"], seen["errors"]) == ([], []), report


def test_importing_the_package_does_not_load_jinja2(python):
    script = "import sys; from keras_cv_extras import cli; from keras_cv_extras._base.text import "
    assert python(script + "pages; print('jinja2' in sys.modules)").strip() == "False"


def test_pictures_are_in_the_page():
    def opened(tag):
        kind, data = re.search(r"data:image/(\w+);base64,([^\"]+)", tag).groups()
        return kind, Image.open(io.BytesIO(base64.b64decode(data)))

    grey = np.full((8, 6, 1), 77, "uint8")
    tag = pages.photograph(grey, 'a "picture"', width=40)
    kind, picture = opened(tag)
    assert (kind, picture.size, picture.mode) == ("jpeg", (6, 8), "L")
    assert abs(int(np.asarray(picture)[4, 3]) - 77) <= 2
    assert 'width="40"' in tag
    assert 'alt="a &#34;picture&#34;"' in tag
    assert opened(pages.photograph(grey.repeat(3, axis=2), "x", width=9))[1].mode == "RGB"
    night = pages.figure(Figure(facecolor="white"), "map", dark=Figure(facecolor="black"))
    source, shown = re.findall("<source [^>]*>|<img [^>]*>", night)
    assert "(prefers-color-scheme: dark)" in source
    assert 'class="picture"' in shown  # which the page does not turn around once more
    pixels = [opened(tag)[1].convert("RGB").getpixel((0, 0)) for tag in (source, shown)]
    assert pixels == [(0, 0, 0), (255, 255, 255)]
    tag = pages.figure(Figure(figsize=(2.0, 1.0)), "drawn")
    kind, picture = opened(tag)
    assert (kind, picture.size) == ("png", (288, 144))  # twice the pixels of 96 to the inch
    assert 'width="192"' in tag
