"""Retraining: a model trained with the written policy on all the data."""

import pathlib

import numpy as np

from keras_cv_extras import training
from keras_cv_extras.search.trials._trainer import Trainer
from keras_cv_extras.search.trials._tuner import seed_of_trial


def retrain(request, policy, path):
    """Trains a new model with a policy on all images that a search was given; writes it.

    What an earlier run has written is kept.

    Args:
        request: what the search was asked.
        policy: the policy that it found.
        path: the `.keras` file.
    """
    if pathlib.Path(path).is_file():
        return
    images, labels = (np.asarray(array) for array in request.everything)

    def made():
        return Trainer(
            request.trainer.build_model,
            (images, labels),
            epochs=request.trainer.epochs,
            batch_size=request.trainer.batch_size,
            learning_rate=request.trainer.learning_rate,
        )

    trainer = made()
    model = trainer.train(policy, seed_of_trial(request.seed, "last training"))
    if policy.batch.changes_labels:  # it was compiled anew, which is none of the user's business
        other = made()
        other.restore(trainer.state())
        model = other.model
    names = request.class_names
    training.save_model(model, path, about=names and {"class_names": list(names)})
