"""Pages that need nothing else: one HTML file with its style and pictures inside."""

import base64
import html
import io
from typing import Any

import numpy as np

from keras_cv_extras._base.owned import written

_STYLE = """
:root { --ink: #1f2933; --quiet: #5f6c7b; --line: #e1e6eb; --accent: #1f6fb2; --tint: #eef5fb; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f7f9; color-scheme: light dark; color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 40px 20px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 0 0 4px; }
p { margin: 0 0 12px; max-width: 72ch; }
.quiet { color: var(--quiet); font-size: 14px; }
section { background: white; border: 1px solid var(--line); border-radius: 10px;
  padding: 22px 24px; margin-top: 18px; overflow-x: auto; }
.verdict { background: var(--tint); border-color: #c9dff1; border-left: 5px solid var(--accent);
  font-size: 17px; }
.verdict p { margin: 0; } .verdict p + p { margin-top: 8px; }
.facts { display: flex; flex-wrap: wrap; gap: 12px 40px; margin: 18px 0 0; padding: 0; }
.facts div { min-width: 90px; }
.facts dt { color: var(--quiet); font-size: 13px; }
.facts dd { margin: 0; font-size: 22px; font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-size: 15px; margin-top: 10px; }
th, td { padding: 7px 10px; text-align: right; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums; white-space: nowrap; }
th { color: var(--quiet); font-weight: 500; font-size: 13px; }
th:first-child, td:first-child, .left { text-align: left; }
tr.won td { background: var(--tint); font-weight: 600; }
img { display: block; max-width: 100%; height: auto; margin: 10px auto 0; }
pre { background: #f5f7f9; border-radius: 6px; padding: 14px; margin: 10px 0 0;
  white-space: pre-wrap; font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
td.value { text-align: left; white-space: normal; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9ee; --quiet: #a3b0bd; --line: #36424e; --accent: #6db3ea; --tint: #1d3042; }
  body { background: #12181e; } section { background: #1a222a; } pre { background: #12181e; }
  .verdict { border-color: #2d4a63; }
  img { border-radius: 6px; }
}
"""


def page(title: str, body: str, *, style: str = "") -> str:
    """Returns a whole page.

    Args:
        title: plain text, for the browser's tab.
        body: HTML.
        style: CSS rules of this page alone.
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{written.GENERATOR}"
        # Without an icon of its own a page makes browsers ask for one.
        '<link rel="icon" href="data:,">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}{style}</style></head>"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def section(title: str, text: str, *parts: str) -> str:
    """Returns a section: a title, a quiet line of text that may be empty, and HTML."""
    text = f'<p class="quiet">{text}</p>' if text else ""
    return f"<section><h2>{title}</h2>{text}{''.join(parts)}</section>"


def figure(drawing, description: str) -> str:
    """Returns a matplotlib figure as a picture, with a description for who cannot see it."""
    buffer = io.BytesIO()
    drawing.savefig(buffer, format="png", dpi=144)
    return _img(buffer, "png", description, round(drawing.get_figwidth() * 96))


def photograph(image, description: str, *, width: int) -> str:
    """Returns a uint8 image `(height, width, 1 or 3)` as a picture of a width in CSS pixels."""
    from PIL import Image

    buffer = io.BytesIO()
    channels = 3 if image.shape[-1] == 3 else 1
    Image.fromarray(np.squeeze(image[..., :channels])).save(buffer, "jpeg", quality=88)
    return _img(buffer, "jpeg", description, width)


def table_of(values: dict[str, Any]) -> str:
    """Returns names and values as a table of two columns."""
    lines = (
        f'<tr><td>{html.escape(key)}</td><td class="value">{html.escape(str(value))}</td></tr>'
        for key, value in values.items()
    )
    return f"<table>{''.join(lines)}</table>"


def _img(buffer, kind, description, width):
    data = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<img alt="{html.escape(description)}" width="{width}" '
        f'src="data:image/{kind};base64,{data}">'
    )
