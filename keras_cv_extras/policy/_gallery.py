"""One page with every op, over its range of strengths, on real photographs."""

import pathlib

import numpy as np
from rich.progress import track

from keras_cv_extras import augment, mix
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import written
from keras_cv_extras._base.text import pages
from keras_cv_extras._base.types import Path
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import _compose, _presets

_SIDE = 128  # pixels of a picture's side
_STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
_KEYS = 5  # draws shown of what has no strength but is random
_TOPICS = {
    "geometry": ("geometry", "affine", "deform"),
    "crops": ("crop",),
    "colour": ("color", "tone", "hue", "jitter", "lighting", "channels", "clahe"),
    "noise and blur": ("noise", "blur", "filter", "jpeg"),
    "erasing": ("erase",),
    "pairs": ("mix",),
}


def gallery(output: Path, *, progress: bool = True) -> pathlib.Path:
    """Draws every op at several strengths, policies and mixes, as one HTML page: `kcx gallery`.

    Args:
        output: the file to write; it needs no other.
        progress: whether to show a progress bar.

    Returns:
        The path of the file.

    Raises:
        OSError: if there is something else of that name.

    Example:
        >>> page = gallery("gallery", progress=False)
    """
    files.check_file(output, written.is_ours)
    images = _photographs()
    topics = list(_TOPICS)
    rank = lambda topic: topics.index(topic) if topic in topics else len(topics)  # noqa: E731
    names = sorted(OPS, key=lambda name: (rank(_topic(name)), name))
    shown = track(names, "drawing", disable=not progress, transient=True)
    cards = {}
    for name in shown:
        cards.setdefault(_topic(name), {})[name] = _op_card(name, images)
    cards["policies"] = {name: _policy_card(chosen, images) for name, chosen in _policies().items()}
    cards["mixes"] = {name: _mix_card(chosen, images) for name, chosen in _mixes().items()}
    page = pages.render(
        "policy/gallery.html", title="Augmentation gallery", num_ops=len(names), cards=cards
    )
    output = pathlib.Path(output)
    files.write_text(output, page, written.is_ours)
    return output


def _photographs():
    """The middles of two photographs, `(2, _SIDE, _SIDE, 3)` uint8."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    parts = []
    for photograph in load_sample_images().images:
        height, width = photograph.shape[:2]
        left = (width - height) // 2
        square = Image.fromarray(photograph[:, left : left + height])
        parts.append(np.asarray(square.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)))
    return np.stack(parts)


def _topic(name):
    """What an op is about, told from the file that it is in."""
    file = OPS[name].kernel.__module__.rpartition("._")[2]
    return next((topic for topic, files in _TOPICS.items() if file in files), file)


def _op_card(name, images):
    op = OPS[name]
    values = _values(op)
    keys = (np.arange(len(values)) * 2654435761 % (1 << 24)) / (1 << 24)
    photograph = np.repeat(images[:1], len(values), axis=0)
    partners = [np.repeat(images[1:], len(values), axis=0)] if op.takes_partner else []
    numbers = op.numbers(np.array(values, "float32"), keys.astype("float32"), 0.3)
    # Five pictures do not repay the compilation; the pixels are the same.
    results = np.asarray(getattr(augment, name)(photograph, *partners, *numbers, compile=False))
    captions = [_caption(op, value) for value in values]
    return _card((op.kernel.__doc__ or "").splitlines()[0], results, captions, images[0])


def _values(op):
    """The op's own numbers over its range; for a signed one to both sides."""
    if not op.has_strength:
        return [0.0] * (_KEYS if op.takes_key else 1)
    ends = [op.strength.value(strength, _SIDE, _SIDE) for strength in _STRENGTHS]
    if not op.strength.signed:
        return ends
    identity = ends[0]
    return [2 * identity - ends[4], 2 * identity - ends[2], identity, ends[2], ends[4]]


def _caption(op, value):
    return f"{op.value_name} {value:.3g}" if op.has_strength else ""


def _policies():
    return {
        "flip and crop": _presets.flip_crop(),
        "RandAugment": _presets.rand_augment(),
        "TrivialAugment": _presets.trivial_augment(),
        "AutoAugment CIFAR-10": _presets.auto_augment("cifar10"),
        "AutoAugment SVHN": _presets.auto_augment("svhn"),
        "AutoAugment ImageNet": _presets.auto_augment("imagenet"),
        "3-Augment": _compose.three_augment(),
    }


def _policy_card(chosen, images):
    photographs = np.concatenate([np.repeat(images[:1], 4, axis=0), np.repeat(images[1:], 3, 0)])
    partners = photographs[::-1].copy()
    results = np.asarray(chosen(photographs, seed=3, partners=partners, compile=False))
    return _card("Seven draws.", results, [""] * len(results), None)


def _mixes():
    return {
        "mixup": mix.MixUp(1.0),
        "CutMix": mix.CutMix(),
        "FMix": mix.FMix(),
        "mosaic": mix.Mosaic(),
        "SamplePairing": mix.SamplePairing(schedule=None),
    }


def _mix_card(chosen, images):
    batch = np.stack([images[0], images[1], images[0][:, ::-1], images[1][::-1]] * 2)[:7]
    labels = np.eye(4, dtype="float32")[np.arange(len(batch)) % 4]
    mixed, rows = chosen(batch, labels, seed=5, compile=False)
    captions = [", ".join(f"{share:.2f}" for share in row) for row in np.asarray(rows)]
    text = "Seven mixtures of four pictures; below each the label that they get."
    return _card(text, np.asarray(mixed), captions, None)


def _card(text, results, captions, original):
    """Returns a text, and pictures with what stands below them."""
    first = [] if original is None else [(original, "the image")]
    return text, first + list(zip(results, captions, strict=True))
