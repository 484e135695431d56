"""The report of a search: one HTML file that needs nothing else."""

import html
import math

import numpy as np

from keras_cv_extras._base.text import pages
from keras_cv_extras.policy import policy_sheet
from keras_cv_extras.search.stages._screen import STRENGTHS
from keras_cv_extras.search.verdict import _figures


def report(policy, arms, rows, verdict, insight, *, images, screen=None) -> str:
    """Returns the report as HTML, pictures included.

    Args:
        policy: the policy that won, with its provenance.
        arms: all arms, confirmed.
        rows: what the search saw, a dictionary for each control and trial.
        verdict: in plain words, which arm won.
        insight: what the search tells beside its winner.
        images: some training images for the picture sheet.
        screen: what the screen of the ops found, or None.
    """
    cost = policy.provenance["cost"]
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
    failed = [row for row in rows if row["status"] != "COMPLETED"]
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
        pages.section(
            "Arms, confirmed",
            f"Each arm was trained {settings['confirm_seeds']} more times, with new seeds, and "
            "scored on images that the search had not seen. The interval covers other images "
            "and other trainings. What the search saw is shown for comparison: the best of "
            "many trials looks better there than it is.",
            pages.figure(_figures.arms_figure(arms, won.name), "Confirmed accuracy of all arms"),
            _arms_table(arms, won.name),
        ),
        pages.section(
            "Score over trials",
            "Accuracy on the validation images, in the order of the trials; the line is the best "
            "so far. Controls were scored in the same way.",
            pages.figure(_figures.trials_figure(rows), "Validation accuracy over trials"),
        ),
        *([] if screen is None else [_screen_section(screen)]),
        _insight_section(insight),
        pages.section("What it cost", _budgets(cost), _cost_table(cost)),
        *([_failed_section(failed)] if failed else []),
        pages.section(
            "What the policy does",
            "Each column is an image, each row a sub-policy; every image of a training batch "
            "gets one of the sub-policies.",
            pages.figure(
                policy_sheet(policy, images[:10], columns=10), "Images augmented by the policy"
            ),
            f"<pre>{html.escape(policy.describe())}</pre>",
        ),
        pages.section("Settings", "", pages.table_of({**_flat(settings), **versions})),
    ]
    body = "\n".join(sections)
    return pages.page(f"Policy search on {name}", body)


def _screen_section(screen):
    return pages.section(
        "Which ops keep the labels",
        f"Points of accuracy that each op costs at each strength, of {screen.num_images:,} "
        "images that the model had not seen; the model was trained with all ops. What has "
        "a cross was left out of the search.",
        pages.figure(_figures.screen_figure(screen, STRENGTHS), "Accuracy lost by op and strength"),
        f"<pre>{html.escape(screen.describe())}</pre>",
    )


def _insight_section(insight):
    figures = []
    if insight.effects:
        figure = _figures.effects_figure(insight.effects)
        figures.append(pages.figure(figure, "Change of accuracy by each op, with intervals"))
    return pages.section(
        "What each op is worth, and how far to trust the scores",
        "By how much the validation accuracy changes if every image gets an op, as a fit over "
        "all trials says; the intervals hold at once with 95 %. The policies of the trials hold "
        "other ops beside it, and the fit takes their effects for a sum.",
        *figures,
        f"<pre>{html.escape(insight.describe())}</pre>",
    )


def _budgets(cost):
    """Says what the search and tuned RandAugment got, if that is a control."""
    if "rival" not in cost:
        return ""
    parts = [cost[name] for name in ("portfolio", "trials", "appeal", "promoted") if name in cost]
    trainings, seconds = (sum(part[key] for part in parts) for key in ("trainings", "seconds"))
    rival = cost["rival"]
    return (
        f"Policies of the search and its controls: {trainings} trainings, {seconds:.1f} seconds. "
        f"Tuned RandAugment: {rival['trainings']} trainings, {rival['seconds']:.1f} seconds, "
        "from the same shared weights and scored on the same images."
    )


def _cost_table(cost):
    head = "<tr><th>stage</th><th>trainings</th><th>seconds</th><th>seconds each</th></tr>"
    lines = [
        f"<tr><td>{html.escape(name)}</td><td>{stage['trainings']}</td>"
        f"<td>{stage['seconds']:.1f}</td><td>{stage['seconds_each']:.2f}</td></tr>"
        for name, stage in cost.items()
    ]
    return f"<table>{head}{''.join(lines)}</table>"


def _failed_section(rows):
    lines = [
        f"<tr><td>{html.escape(row['name'])}</td>"
        f'<td class="left">{html.escape(row["message"] or "the training diverged")}</td></tr>'
        for row in rows
    ]
    head = '<tr><th>policy</th><th class="left">what happened</th></tr>'
    return pages.section("Failed trainings", "", f"<table>{head}{''.join(lines)}</table>")


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
