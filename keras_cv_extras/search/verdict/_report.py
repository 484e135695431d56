"""The report of a search: one HTML file that needs nothing else."""

import math
import shlex

import numpy as np

from keras_cv_extras._base.saved.known import NETWORKS
from keras_cv_extras._base.saved.registry import SOURCES
from keras_cv_extras._base.text import pages
from keras_cv_extras._base.text.colors import DARK
from keras_cv_extras._base.text.pages import number, percent
from keras_cv_extras.policy import policy_sheet
from keras_cv_extras.search.stages._screen import STRENGTHS
from keras_cv_extras.search.verdict import _figures


def report(policy, arms, rows, verdict, insight, *, images, network, of_files, screen=None) -> str:
    """Returns the report as HTML, pictures included.

    Args:
        policy: the policy that won, with its provenance.
        arms: all arms, confirmed.
        rows: what the search saw, a dictionary for each control and trial.
        verdict: in plain words, which arm won.
        insight: what the search tells beside its winner.
        images: some training images for the picture sheet.
        network: the name of the Keras model that was trained.
        of_files: whether the images were read from files.
        screen: what the screen of the ops found, or None.
    """
    provenance = policy.provenance
    settings, cost = provenance["settings"], provenance["cost"]
    arms = sorted(arms, key=lambda arm: -np.nan_to_num(arm.accuracy))
    winner = [arm.name for arm in arms].index(provenance["arm"])
    # The shapes of weights say nothing to a person; policy.json has them.
    model = {key: of for key, of in settings.get("model", {}).items() if key != "weights"}
    shown = settings | ({"model": model} if model else {})
    trained = [row["seconds"] for row in rows if math.isfinite(row["seconds"])]
    return pages.render(
        "search/verdict/report.html",
        title=f"Policy search on {settings['data']['name'] or 'your images'}",
        policy=policy,
        settings=settings,
        verdict=verdict,
        next=_next(settings, arms[winner], images, network, of_files),
        numbers={
            "winner": arms[winner].title,
            "confirmed accuracy": percent(arms[winner].accuracy),
            "95 % interval": _interval(arms[winner]),
            "trials": sum(row["kind"] == "trial" for row in rows),
            "seconds per trial": number(np.median(trained), 1),
        },
        arms=arms,
        winner=winner,
        arm_rows=[
            (arm.name, arm.kind, percent(arm.search_accuracy), percent(arm.accuracy))
            + (_interval(arm), number(arm.log_loss, 3))
            for arm in arms
        ],
        rows=rows,
        screen=screen,
        strengths=STRENGTHS,
        insight=insight,
        cost=cost,
        spent=_spent(cost),
        cost_rows=[
            (name, of["trainings"], number(of["seconds"], 1), number(of["seconds_each"]))
            for name, of in cost.items()
        ],
        failed=[
            (row["name"], row["message"] or "the training diverged")
            for row in rows
            if row["status"] != "COMPLETED"
        ],
        figures=_figures,
        dark=DARK,
        sheet=policy_sheet(policy, images[:10], columns=10),
        named={**shown, **provenance["versions"]},
    )


def _next(settings, arm, images, network, of_files):
    """Returns what to do with the policy.

    Of a folder or a file the search knows the last part alone, of a network what Keras calls it.
    """
    name = settings["data"]["name"] or ""
    where = "the policy.json beside this page"
    if arm.name == "none":
        on = name or "your images"
        return f"Next: train on {on} without augmentation, which {where} says, or search again."
    known = not of_files and (name in SOURCES or name.startswith(("keras:", "tfds:")))
    words = ["kcx", "train", name if known else "DATA", "--policy", "policy.json"]
    sides = {*np.shape(images)[1:3]}
    if len(sides) == 1:
        words += ["--image-size", str(*sides)]
    if network != "small_cnn":  # what is trained without --model
        key = network.replace("_", "-")
        close = [one for one in NETWORKS if one == key or one.startswith(f"{key}-")]
        words += ["--model", key if close == [key] else "MODEL"]
    return f"Next: train with {where}: {shlex.join(words)}"


def _interval(arm):
    if not math.isfinite(arm.accuracy):
        return "training diverged"
    return f"{percent(arm.low)} to {percent(arm.high)}"


def _spent(cost):
    """Returns what the search and its controls got, if tuned RandAugment is one of them."""
    if "rival" not in cost:
        return None
    parts = [cost[name] for name in ("portfolio", "trials", "appeal", "promoted") if name in cost]
    return {key: sum(part[key] for part in parts) for key in ("trainings", "seconds")}
