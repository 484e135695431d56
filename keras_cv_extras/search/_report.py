"""The report of a search: one HTML file that needs nothing else."""

import base64
import html
import io
import math

import numpy as np

from keras_cv_extras.policy._sheet import policy_sheet
from keras_cv_extras.search import _figures

_STYLE = """
:root { --ink: #1f2933; --quiet: #5f6c7b; --line: #e1e6eb; --accent: #1f6fb2; --tint: #eef5fb; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f7f9; color: var(--ink);
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
.verdict p { margin: 0; }
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
pre { background: #f5f7f9; border-radius: 6px; padding: 14px; margin: 10px 0 0; overflow-x: auto;
  font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
td.value { text-align: left; white-space: normal; overflow-wrap: anywhere; }
"""


def report(policy, arms, rows, verdict, *, images) -> str:
    """Returns the report as HTML, pictures included.

    Args:
        policy: the policy that won, with its provenance.
        arms: all arms, confirmed.
        rows: what the search saw, a dictionary for each control and trial.
        verdict: in plain words, which arm won.
        images: some training images for the picture sheet.
    """
    settings, versions = policy.provenance["settings"], policy.provenance["versions"]
    won = next(arm for arm in arms if arm.name == policy.provenance["arm"])
    name = settings["data"]["name"] or "your images"
    sizes = settings["num_images"]
    trained = [row["seconds"] for row in rows if math.isfinite(row["seconds"])]
    facts = {
        "winner": won.name,
        "confirmed accuracy": _percent(won.accuracy),
        "95 % interval": f"{_percent(won.low)} to {_percent(won.high)}",
        "trials": sum(row["kind"] == "trial" for row in rows),
        "seconds per trial": f"{np.median(trained):.1f}",
    }
    sections = [
        "<h1>Policy search on " + html.escape(name) + "</h1>",
        f'<p class="quiet">{sizes["train"]:,} images to train on, {sizes["validation"]:,} that '
        f"trials were scored on, {sizes['confirmation']:,} for the confirmation; the test part "
        "of the data was not touched.</p>",
        f'<section class="verdict"><p>{html.escape(verdict)}</p></section>',
        '<dl class="facts">'
        + "".join(
            f"<div><dt>{k}</dt><dd>{html.escape(str(v))}</dd></div>" for k, v in facts.items()
        )
        + "</dl>",
        _section(
            "Arms, confirmed",
            f"Each arm was trained {settings['confirm_seeds']} more times, with new seeds, and "
            "scored on images that the search had not seen. The interval covers other images "
            "and other trainings. What the search saw is shown for comparison: the best of "
            "many trials looks better there than it is.",
            _picture(_figures.arms_figure(arms, won.name), "Confirmed accuracy of all arms"),
            _arms_table(arms, won.name),
        ),
        _section(
            "Score over trials",
            "Accuracy on the validation images, in the order of the trials; the line is the best "
            "so far. Controls were trained with the same budget.",
            _picture(_figures.trials_figure(rows), "Validation accuracy over trials"),
        ),
        _section(
            "What the policy does",
            "Each column is an image, each row a sub-policy; every image of a training batch "
            "gets one of the sub-policies.",
            _picture(
                policy_sheet(policy, images[:10], columns=10), "Images augmented by the policy"
            ),
            f"<pre>{html.escape(policy.describe())}</pre>",
        ),
        _section("Settings", "", _table_of({**_flat(settings), **versions})),
    ]
    body = "\n".join(sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Policy search on {html.escape(name)}</title><style>{_STYLE}</style></head>"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def _section(title, text, *parts):
    text = f'<p class="quiet">{text}</p>' if text else ""
    return f"<section><h2>{title}</h2>{text}{''.join(parts)}</section>"


def _picture(figure, description):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=144)
    data = base64.b64encode(buffer.getvalue()).decode()
    width = round(figure.get_figwidth() * 96)
    return f'<img alt="{description}" width="{width}" src="data:image/png;base64,{data}">'


def _arms_table(arms, won):
    head = (
        '<tr><th>arm</th><th class="left">kind</th><th>seen by the search</th><th>confirmed</th>'
        "<th>95 % interval</th><th>log loss</th></tr>"
    )
    lines = []
    for arm in sorted(arms, key=lambda arm: -np.nan_to_num(arm.accuracy)):
        interval = f"{_percent(arm.low)} to {_percent(arm.high)}"
        loss = f"{arm.log_loss:.3f}" if math.isfinite(arm.log_loss) else "-"
        if not math.isfinite(arm.accuracy):
            interval = "training diverged"
        lines.append(
            f"<tr{' class=won' if arm.name == won else ''}><td>{html.escape(arm.name)}</td>"
            f'<td class="left">{arm.kind}</td><td>{_percent(arm.search_accuracy)}</td>'
            f"<td>{_percent(arm.accuracy)}</td><td>{interval}</td><td>{loss}</td></tr>"
        )
    return f"<table>{head}{''.join(lines)}</table>"


def _table_of(values):
    lines = (
        f'<tr><td>{html.escape(key)}</td><td class="value">{html.escape(str(value))}</td></tr>'
        for key, value in values.items()
    )
    return f"<table>{''.join(lines)}</table>"


def _flat(settings):
    flat = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat.update({f"{key}: {inner}": item for inner, item in value.items()})
        else:
            flat[key] = value
    return {
        key.replace("_", " "): ", ".join(map(str, value)) if isinstance(value, list) else value
        for key, value in flat.items()
    }


def _percent(value):
    return f"{100 * value:.2f} %" if math.isfinite(value) else "-"
