"""RandAugment on an accelerator: images per second, beside Kornia and torchvision on the same one.

    KERAS_BACKEND=jax python tuner/policy_throughput.py

A batch of photographs is on the accelerator already, and its results stay there: no copying, no
decoding. Contestants take turns. Of the others, the forms that treat a batch as one draw its two
ops once for all its images; "per image" draws them for each, as this library does. The table goes
to tuner/results/policy_throughput.json, or to another --output; it needs no TensorFlow. With
--smoke it is measured on a few small images, and not kept.
"""

import argparse
import os
import pathlib
import statistics
import sys
import time

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # torch needs some of the memory

import jax
import numpy as np
import study
from skimage import data as photographs
from skimage.transform import resize

from keras_cv_extras import policy
from keras_cv_extras._base import files

RESULT = pathlib.Path(__file__).parent / "results" / "policy_throughput.json"
BATCHES = {32: 1024, 224: 128}
PACKAGES = ("jax", "keras", "numpy", "torch", "torchvision", "kornia")
PHOTOGRAPHS = ("astronaut", "coffee", "chelsea", "rocket")


def main():
    """Measures all contestants at all sizes, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 224])
    parser.add_argument("--seconds", type=float, default=1.0, help="of one measurement, at least")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output", type=pathlib.Path, default=RESULT)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.smoke:
        options.sizes, options.seconds, options.repeats = [32], 0.1, 1
        BATCHES[32] = 8
    rows = []
    for size in options.sizes:
        rows += measured(size, images_of(size, BATCHES[size]), options)
        with study.place(options.output, options.smoke) as path:
            found = study.measured_on(*PACKAGES)
            files.write_json(path, {**found, "table": rows})
    print(f"{'size':>5} {'contestant':<36}{'images/s':>12}{'ours is':>10}{'first, s':>10}")
    for row in rows:
        print(
            f"{row['size']:>5} {row['contestant']:<36}{row['images_per_second']:>12,.0f}"
            f"{row['ratio']:>9.2f}x{row['first_batch_seconds']:>10.1f}"
        )


def images_of(size, count):
    """Returns uint8 images, cut from photographs at different places."""
    rng, images = np.random.default_rng(0), []
    whole = [
        resize(getattr(photographs, name)(), (300, 300), preserve_range=True).astype("uint8")
        for name in PHOTOGRAPHS
    ]
    for number in range(count):
        top, left = rng.integers(0, 300 - size, 2)
        images.append(whole[number % len(whole)][top : top + size, left : left + size])
    return np.stack(images)


def measured(size, images, options):
    """Returns a row for each contestant, that of this library's RandAugment first."""
    steps, first, rates = {}, {}, {}
    for name, make in CONTESTANTS.items():
        try:
            step = make(images)
        except ImportError as error:
            print(f"{name}: not measured, {error}", file=sys.stderr)
            continue
        began = time.perf_counter()
        step(0)
        first[name] = time.perf_counter() - began
        steps[name], rates[name] = step, []
        step(1)
    for _ in range(options.repeats):
        for name, step in steps.items():
            count, began = 0, time.perf_counter()
            while (taken := time.perf_counter() - began) < options.seconds:
                step(count + 2)
                count += 1
            rates[name].append(count * len(images) / taken)
            print(f"{size} {name}: {rates[name][-1]:,.0f}", file=sys.stderr, flush=True)
    own = next(iter(rates.values()))
    return [
        {
            "size": size,
            "batch_size": len(images),
            "contestant": name,
            "images_per_second": round(statistics.median(found), 1),
            "turns": [round(rate, 1) for rate in found],
            "ratio": round(statistics.median(a / b for a, b in zip(own, found, strict=True)), 3),
            "first_batch_seconds": round(first[name], 2),
        }
        for name, found in rates.items()
    ]


def _own(chosen):
    def make(images):
        on_device = jax.device_put(images)

        def step(number):
            jax.block_until_ready(chosen(on_device, seed=1, epoch=number))

        return step

    return make


def _torch(make_transform, *, scale, per_image=False):
    def make(images):
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
        batch = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().to(device)
        if scale:
            batch = batch.float() / 255
        transform = make_transform()

        def step(number):
            torch.manual_seed(number)
            with torch.no_grad():
                if per_image:
                    torch.stack([transform(image) for image in batch])
                else:
                    transform(batch)
                if device == "cuda":
                    torch.cuda.synchronize()

        return step

    return make


def _kornia():
    from kornia.augmentation.auto import RandAugment

    return RandAugment(n=2, m=15)


def _torchvision():
    from torchvision.transforms import v2

    return v2.RandAugment(2, 15)


_CUTOUT = policy.Policy([[policy.Step("cutout", 1.0, 0.5)]])
CONTESTANTS = {
    "rand_augment": _own(policy.rand_augment(2, 0.5)),
    "trivial_augment": _own(policy.trivial_augment()),
    "flip, crop, rand_augment, cutout": _own(
        policy.flip_crop() + policy.rand_augment(2, 0.5) + _CUTOUT
    ),
    "kornia, one draw for a batch": _torch(_kornia, scale=True),
    "torchvision, one draw for a batch": _torch(_torchvision, scale=False),
    "torchvision, per image": _torch(_torchvision, scale=False, per_image=True),
}


if __name__ == "__main__":
    main()
