"""The tables of the documents say what the files of measured results say."""

import json
import pathlib
import re

import numpy as np
import pytest
from scipy import stats

ROOT = pathlib.Path(__file__).parent.parent


def cells(page, head):
    """Returns the cells of the rows of a table, which begins with `head`."""
    lines = (ROOT / "docs" / page).read_text("utf-8").partition(head)[2].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("| ").split(" | ")])
    return rows


def results(name):
    return json.loads((ROOT / "tuner" / "results" / f"{name}.json").read_text("utf-8"))


def test_quantised_forms():
    found = cells("serving.md", "| data | file | `quantize` | KiB | accuracy |")
    for row, wanted in zip(found, results("quantized")["rows"], strict=True):
        assert row[:3] == [wanted["data"], wanted["format"], wanted["quantize"]]
        assert float(row[3]) == wanted["KiB"]
        for text, key in zip(row[4:], ("accuracy", "same class"), strict=True):
            assert float(text) == pytest.approx(wanted[key], abs=0.00051)


def test_encoded_requests():
    found = cells("serving.md", "| pixels | batch | export | plain | Pillow |")
    for row, wanted in zip(found, results("latency")["milliseconds"], strict=True):
        del wanted["turns"]
        for text, value in zip(row, wanted.values(), strict=True):
            assert float(text) == pytest.approx(value, abs=0.0051 if "." in text else 0.51)


def test_colours_of_photographs():
    found = cells("classical.md", "| features | accuracy | processor time")
    for row, (system, wanted) in zip(
        found, results("classical_photographs")["systems"].items(), strict=True
    ):
        assert row[0] == system
        assert float(row[1]) == pytest.approx(wanted["accuracy"], abs=0.00051)
        assert float(row[2]) == pytest.approx(wanted["seconds"], rel=0.06)


def test_spaces_of_a_search():
    arms = {
        "flip, crop and RandAugment, untuned": "flip, crop and RandAugment",
        '`space="randaugment"`': "randaugment",
        '`space="policy"`': "policy",
        '`space="recipe"`': "recipe",
    }
    found = cells("search.md", "| arm | emoji |")
    assert len(found) == 7
    for place, setting in ((1, "emoji-5"), (3, "fashion-500")):
        rows = results(f"spaces_{setting}")["replicates"].values()
        scores = [row["accuracy"] for row in rows]
        assert len(scores) == 10
        for row in found:
            arm, mean, gap = arms.get(row[0], row[0]), *row[place : place + 2]
            wanted = 100 * np.mean([one[arm] for one in scores])
            assert float(mean) == pytest.approx(wanted, abs=0.0051)
            if arm == "randaugment":
                continue
            gaps = [100 * (one["randaugment"] - one[arm]) for one in scores]
            half = stats.t.ppf(0.975, len(gaps) - 1) * stats.sem(gaps)
            said = [float(number) for number in re.findall(r"-?[\d.]+", gap)]
            wanted = [np.mean(gaps), np.mean(gaps) - half, np.mean(gaps) + half]
            assert said == pytest.approx(wanted, abs=0.051)


RUNS = {
    "digits, 6 epochs": "digits 1623:16, {}, 6 epochs",
    "digits, 20 epochs": "digits 1623:16, {}, 20 epochs",
    "8 images, 6 epochs": "digits 1623:8, {}, 6 epochs",
    "Fashion-MNIST, 1 epoch": "fashion_mnist 100:1, {}, 1 epochs",
}


def test_answers_to_imbalance():
    rows = results("imbalance")["rows"]
    page = (ROOT / "docs" / "imbalance.md").read_text("utf-8")
    shown = 0
    for head in ("| remedy |", "| for comparison |"):
        names = page.partition(head)[2].splitlines()[0].strip("| ").split(" | ")
        for row in cells("imbalance.md", head):
            arm = row[0].replace(" without weights", "")
            for name, text in zip(names, row[1:], strict=False):
                if name not in RUNS or not (numbers := re.findall(r"0\.\d+", text)):
                    continue
                key = RUNS[name].format(arm) + ", seed "
                values = [r["balanced_accuracy"] for k, r in rows.items() if k.startswith(key)]
                wanted = [sum(values) / len(values), min(values)]
                if len(values) > 2:  # of two an interval says nothing
                    deviation = stats.tstd(values) / len(values) ** 0.5
                    wanted.insert(1, stats.t.ppf(0.975, len(values) - 1) * deviation)
                found = [float(number) for number in numbers]
                assert found == pytest.approx(wanted[: len(found)], abs=0.00051), (arm, name)
                seeds = re.search(r"(\d) seeds", text)
                assert len(values) == (int(seeds[1]) if seeds else 5), (arm, name)
                shown += 1
                if head == "| remedy |":  # as documented: no seed is at what guessing gives
                    assert min(values) > (0.2 if "Fashion" in name else 0.505), (arm, name)
    runs = {key.rpartition(", seed ")[0] for key, row in rows.items() if "none" not in row}
    assert shown == len(runs)
