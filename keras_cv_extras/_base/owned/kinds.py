"""The kinds of folders that this library writes, and how those of earlier versions are known."""

import re

from keras_cv_extras._base.owned import json_text, marks
from keras_cv_extras._base.owned.folders import Kind

_CHECKPOINT = re.compile(r"\d{6}-\d{9}")
_CHECKPOINT_FILES = {"arrays.npz", "state.json"}
_EXPORT_FILES = {
    "saved_model.pb",
    "fingerprint.pb",
    "golden.json",
    "model_card.json",
    "model.tflite",
    "model.onnx",
}
_EXPORT_FOLDERS = {"variables", "assets", "assets.extra"}


def _settings(file, *names):
    """Returns a function that finds what an earlier version noted in a file of a folder."""

    def find(folder):
        try:
            found = json_text.read_json(folder / file)
        except (OSError, ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) and set(names) <= set(found) else None

    return find


def is_checkpoint(folder) -> bool:
    """Returns whether a folder is a checkpoint of a training, and holds nothing else."""
    if not _CHECKPOINT.fullmatch(folder.name) or folder.is_symlink() or not folder.is_dir():
        return False
    return {item.name for item in folder.iterdir()} <= _CHECKPOINT_FILES


def is_export(folder) -> bool:
    """Returns whether a folder is an export of an earlier version, and holds nothing else."""
    try:
        card = json_text.read_json(folder / "model_card.json")
    except (OSError, ValueError, RecursionError):
        return False
    if not isinstance(card, dict) or card.get("format") != "keras_cv_extras.export":
        return False
    return all(
        item.name in (_EXPORT_FOLDERS if item.is_dir() else _EXPORT_FILES)
        for item in folder.iterdir()
    )


def _checkpoints(folder):
    return {} if all(is_checkpoint(item) for item in _others(folder)) else None


def _worker_logs(folder):
    known = re.compile(r"worker-\d+\.log")
    return {} if all(known.fullmatch(item.name) for item in _others(folder)) else None


def _others(folder):
    """What is in a folder but for the mark and the lock."""
    return [item for item in folder.iterdir() if item.name not in (marks.MARK, marks.LOCK)]


_TRAINED = (
    "model.keras",
    "log.csv",
    "report.html",
    "predictions.csv",
    "scores.json",
    "checkpoint",
    "tensorboard/train",
    "tensorboard/validation",
    "wandb",
)
TRAINING = Kind(
    "a training",
    begun=("train.json", "samples.npz"),
    writes=_TRAINED,
    earlier=_settings("train.json", "data", "policy", "model", "seed"),
)
FOLDS = Kind(
    "a training in folds",
    writes=(
        "report.html",
        "predictions.csv",
        "scores.json",
        *(f"fold-*/{name}" for name in (*TRAINING.begun, *_TRAINED)),
    ),
)
GAN = Kind(
    "a GAN",
    begun=("train.json",),
    writes=(
        "network.keras",
        "gan.keras",
        "progress.json",
        "samples.png",
        "samples/step-*.png",
        "checkpoint",
    ),
    earlier=_settings("train.json", "data", "class_names", "num_images", "width"),
)
SEARCH = Kind(
    "a search",
    begun=("settings.json", "plan.json", "progress.json"),
    beside=("logs", "search.claim"),
    writes=(
        "screen.json",
        "shared.npz",
        "best.json",
        "policy.json",
        "trials.csv",
        "report.html",
        *("portfolio", "promoted", "appeal", "rival", "harm", "confirmation"),
        "trials/trial_*",
        "trials/oracle.json",
        "logs/worker-*.log",
    ),
    earlier=_settings("settings.json", "data", "trials", "method", "model"),
)
DEMO = Kind(
    "a demo",
    begun=("demo.json",),
    writes=(
        "search",
        "train-*/model.keras",
        "train-*/checkpoint",
        "evaluation.json",
        "saved_model",
    ),
    earlier=_settings("demo.json", "trials", "epochs", "seed"),
)
CHECKPOINTS = Kind(
    "a training with checkpoints", writes=("[0-9]" * 6 + "-[0-9]*",), earlier=_checkpoints
)
MADE_IMAGES = Kind("made images")  # in folders that are named as the classes
PACK = Kind("a pack of images", writes=("pack.json", "train-[0-9]*", "test-[0-9]*"))
LOGS = Kind("logs of workers", writes=("worker-*.log",), earlier=_worker_logs)
