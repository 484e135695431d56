"""Makes windows.json: the windows that torchvision's RandomResizedCrop draws, as quantiles.

    pip install torch==2.13.0 torchvision==0.28.0
    python tests/reference/windows.py

For images and areas as in CASES: quantiles of the windows' share of the image and of the binary
logarithm of width over height, and the share of draws in which the window is the whole image.
"""

import json
import pathlib

import numpy as np
import torch
from torch_files import import_torchvision

CASES = {
    "wide": (100, 200, (0.08, 1.0)),
    "large": (72, 72, (0.9, 1.0)),
    "high": (400, 90, (0.2, 0.6)),
}
COUNT = 40_000
TENTHS = np.linspace(0.1, 0.9, 9)


def main():
    draw = import_torchvision().transforms.RandomResizedCrop.get_params
    torch.manual_seed(0)
    kept = {}
    for name, (height, width, scale) in CASES.items():
        image = torch.zeros((3, height, width))
        found = np.array([draw(image, list(scale), [3 / 4, 4 / 3]) for _ in range(COUNT)])
        rows, columns = found.T[2:]
        whole = (rows == height) & (columns == width)
        kept[name] = {
            "height": height,
            "width": width,
            "scale": scale,
            "areas": np.quantile(rows * columns / height / width, TENTHS).tolist(),
            "ratios": np.quantile(np.log2(columns / rows), TENTHS).tolist(),
            "whole": float(whole.mean()),
        }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
