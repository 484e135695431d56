"""Pages that need nothing else: one HTML file with its style and pictures inside.

A page is a template of Jinja2 beside the module that fills it. All that a template is given is
text and is escaped; pictures alone are HTML. `page.html` is what every page extends, `parts.html`
has what several repeat.
"""

import base64
import functools
import io
import math
import re
from typing import TYPE_CHECKING, Any

from keras_cv_extras._base.owned import written
from keras_cv_extras._base.text.colors import Scheme

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_WIDEST = 860  # CSS pixels of a picture, what a page has room for


def render(template: str, **values: Any) -> str:
    """Returns a whole page.

    Args:
        template: the template's path in the package, such as "search/verdict/report.html".
        values: what it names, `title` among them. A name that is missing is an error.
    """
    return _environment().get_template(template).render(values)


@functools.cache
def _environment() -> "Environment":
    import jinja2  # here, for only those who write a page need it

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.PackageLoader("keras_cv_extras", ""),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"figure": figure, "photograph": photograph}
    environment.globals["generator"] = _markup(written.GENERATOR)
    environment.filters |= {"percent": percent, "number": number, "thousands": "{:,}".format}
    environment.filters |= {"worded": worded, "commands": commands}
    return environment


def figure(drawing: Any, description: str, *, dark: Any | None = None) -> "Markup":
    """Returns a matplotlib figure as a picture, with a description for who cannot see it.

    Args:
        drawing: the figure.
        description: plain text.
        dark: None for lines and words alone, which a dark page shows light on dark. What it shows
            instead: a figure of the same size; or a scheme, whose paper and ink the figure then
            takes, with its pictures as they are.
    """
    width = round(drawing.get_figwidth() * 96)
    style = "chart" if dark is None else "picture"
    picture = _img(_png(drawing), "png", description, width, style)
    if isinstance(dark, Scheme):
        dark = _recoloured(drawing, dark)
    if dark is not None:
        data = base64.b64encode(_png(dark).getvalue()).decode()
        picture = _markup(
            '<picture><source media="(prefers-color-scheme: dark)" '
            'srcset="data:image/png;base64,{}">{}</picture>'
        ).format(data, picture)
    return _markup('<div class="wide" tabindex="0">{}</div>').format(picture)


def photograph(
    image: Any, description: str, *, width: int | None = None, clear: bool = False
) -> "Markup":
    """Returns a uint8 image `(height, width, channels)` as a picture.

    Args:
        image: the image; of other channels than three the first is shown.
        description: plain text.
        width: of the picture in CSS pixels; None for the image's own, or what there is room for.
        clear: whether a fourth channel says where the page is seen through.
    """
    from PIL import Image

    buffer = io.BytesIO()
    colours = clear or image.shape[-1] == 3
    kind = "webp" if clear else "jpeg"
    Image.fromarray(image if colours else image[..., 0]).save(buffer, kind, quality=88)
    return _img(buffer, kind, description, width or min(_WIDEST, image.shape[1]), "picture")


def percent(share: float, digits: int = 2) -> str:
    """Returns a share in percent, "-" for none that is finite."""
    return f"{100 * share:.{digits}f} %" if _is_finite(share) else "-"


def number(value: float | None, digits: int = 2) -> str:
    """Returns a number with so many digits after the point, "-" for none that is finite."""
    return f"{value:.{digits}f}" if _is_finite(value) else "-"


def commands(text: str) -> "Markup":
    """Returns text in which no option of a command, such as `--image-size`, is broken in two."""
    from markupsafe import escape

    option = r'<span class="option">\g<0></span>'
    return _markup(re.sub(r"(?<!\S)--[a-z][a-z-]*", option, str(escape(text))))


def worded(settings: dict[str, Any]) -> dict[str, str]:
    """Returns settings as people write them: those within another one by lines of their own."""
    flat = {}
    for key, value in settings.items():
        name = key.replace("_", " ")
        if isinstance(value, dict):
            flat |= {f"{name}: {inner}": text for inner, text in worded(value).items()}
        else:
            flat[name] = _said(value)
    return flat


def _said(value):
    if value is None or value in ((), []):
        return "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(_said, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _recoloured(drawing, scheme):
    from matplotlib.text import Text

    drawing.set_facecolor(scheme.paper)
    for text in drawing.findobj(Text):
        text.set_color(scheme.ink)
    return drawing


def _png(drawing):
    buffer = io.BytesIO()
    drawing.savefig(buffer, format="png", dpi=144)
    return buffer


def _is_finite(value):
    return value is not None and math.isfinite(value)


def _markup(text):
    from markupsafe import Markup

    return Markup(text)


def _img(buffer, kind, description, width, style):
    data = base64.b64encode(buffer.getvalue()).decode()
    return _markup('<img class="{}" alt="{}" width="{}" src="data:image/{};base64,{}">').format(
        style, description, width, kind, data
    )
