"""Searches an augmentation policy on a data set, and keeps what it found in tuner/results/.

    python tuner/search_policy.py fashion_mnist --trials 40 --train-size 2000

With --smoke it does the same on 8 x 8 digits in a few seconds, to show that it runs.
"""

import argparse
import pathlib

from keras_cv_extras import data, search, training

RESULTS = pathlib.Path(__file__).parent / "results"


def main():
    """Runs one search."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", default="fashion_mnist", help="as kcx search takes it")
    parser.add_argument("--directory", type=pathlib.Path, help="folder of the search")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--train-size", type=int, default=2000)
    parser.add_argument("--confirm-seeds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a few seconds on digits")
    options = parser.parse_args()
    if options.smoke:
        options.data, options.trials, options.epochs = "digits", 2, 2
        options.train_size, options.confirm_seeds = 200, 2
    images = data.load(options.data)
    shape, num_classes = images.train[0].shape[1:], len(images.class_names)
    found = search.search_policy(
        images,
        lambda: training.small_cnn(shape, num_classes),
        directory=options.directory or pathlib.Path(f"kcx-search-{images.name}"),
        trials=options.trials,
        epochs=options.epochs,
        train_size=options.train_size,
        confirm_seeds=options.confirm_seeds,
        seed=options.seed,
    )
    print(found.verdict)
    if not options.smoke:
        found.policy.save(RESULTS / f"{images.name}.json")


if __name__ == "__main__":
    main()
