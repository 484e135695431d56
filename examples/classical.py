"""Classifies digits without a deep network: SIFT, coding, a spatial pyramid, a linear SVM.

    python examples/classical.py

With --smoke it learns from 200 images.
"""

import sys

import keras_cv_extras as kcx


def main(num_images: int | None):
    """Compares codings of the same descriptors, and two systems together with each alone."""
    images = kcx.data.load("digits")
    train, labels = (part[:num_images] for part in images.train)
    systems = {
        name: kcx.classical.make_classifier(name, pixels=8, num_words=num_words)
        for name, num_words in {"hog": None, "bow": 64, "llc": 64, "fisher": 16}.items()
    }
    systems["hog and llc"] = kcx.classical.fuse(
        {name: systems[name] for name in ("hog", "llc")}, method="concatenation"
    )
    for name, model in systems.items():
        accuracy = model.fit(train, labels).score(*images.test)
        print(f"{name}: {accuracy:.4f}")

    # Every step is an estimator of scikit-learn, and can be looked into, replaced or tuned.
    print(systems["llc"])


if __name__ == "__main__":
    main(num_images=200 if "--smoke" in sys.argv else None)
