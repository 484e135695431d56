"""Defaults are promises: a program that does not name an argument rests on them.

What a function has beside these may come and go; another value here changes what users get, and
belongs into the changelog.
"""

import importlib
import inspect

DEFAULTS = {
    "search.SearchSettings": {
        **{"epochs": 20, "train_size": None, "batch_size": 64, "confirm_seeds": 3, "seed": 0},
        **{"oracle": "tpe", "method": "staged", "flip": "auto", "retrain": False, "workers": 1},
        **{"space": "randaugment", "crop": "padded", "also": (), "harm_seeds": 0, "ops": None},
        **{"tuned_control": False, "validation_size": None, "confirmation_size": None},
    },
    "search.GridOracle": {"max_trials": None, "seed": 0},
    "search.PopulationTrainer": {"learning_rate": 2e-3, "population_size": None},
    "search.PopulationTuner": {"epochs": 10, "batch_size": 128},
    "search.recipe_space": {"flip": True, "crop": "padded", "also": (), "form": "any"},
    "search.search_policy": {"validation_data": None, "progress": True},
    "search.screen": {"seed": 0, "num_folds": 2, "threshold": 0.25},
    "search.SharedWeights": {"share": 0.75, "seed": 0},
    "search.PolicyTuner": {"epochs": 10, "batch_size": 128, "seed": 0, "overwrite": False},
    "search.TPEOracle": {"max_trials": 20, "seed": 0, "num_startup_trials": 8},
    "search.EvolutionOracle": {"population_size": 16, "tournament_size": 4, "num_mutations": 2},
    "search.ControllerOracle": {
        **{"learning_rate": 5e-3, "batch_size": 4, "entropy_weight": 1e-5},
        **{"baseline_decay": 0.95, "num_units": 100},
    },
    "search.RandomOracle": {"max_trials": 20, "first": (), "parallel": 1},
    "search.policy_space": {"num_sub_policies": 5, "num_steps": 2},
    "search.rand_augment_space": {
        "num_ops": (1, 2, 3),
        "strengths": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    },
    "serving.export": {
        **{"format": "saved_model", "top_k": 5, "on_bad_image": "raise", "resize": None},
        **{"features": "auto", "calibration": None, "activation": None, "threshold": None},
        **{"jpeg": None, "quantize": None, "verified": False},
    },
    "serving.export_file": {"views": None, "calibrate": False, "top_k": None, "threshold": None},
    "serving.ModelServer": {"host": "127.0.0.1", "port": 8501},
    "serving.verify": {"timeout": 300.0},
    "training.fit": {
        **{"strategy": "auto", "learning_rate": 2e-3, "weight_decay": 1e-4},
        **{"label_smoothing": 0.0, "checkpoint": None, "save_every": None},
    },
    "training.compile_model": {"learning_rate": 2e-3, "weight_decay": 1e-4, "steps": None},
    "training.cosine_adamw": {"warmup": 0.0, "weight_decay": 1e-4},
    "training.TrainingSettings": {
        **{"policy": "none", "mix": None, "class_weights": "none", "loss": "crossentropy"},
        **{"validation": 0.1, "patience": None, "precision": "float32", "seed": 0, "model": None},
        **{"batch_size": None, "average": None, "crop": None, "label_smoothing": None},
    },
    "training.train": {
        **{"resize": "crop", "jpeg": "whole", "stream": False, "max_bad": 0.01, "logger": "csv"},
        **{"tensorboard": False, "image_size": None},
    },
    "training.cross_validate": {"folds": 5, "resize": "crop", "jpeg": "whole"},
    "training.evaluate_file": {"stream": False, "max_bad": 0.01, "image_size": None},
    "training.data_for": {"stream": False, "max_bad": 0.01, "resize": None},
    "training.predict": {"batch_size": 256, "pictures": 24},
    "training.evaluate": {"batch_size": 512},
    "training.recipe": {"fine_tune": False},
    "training.save_model": {"about": None, "overwrite": False},
    "training.load_model": {"compile": True},
    "training.make_strategy": {"name": "auto"},
    "training.small_cnn": {"width": 16},
    "training.Recipe": {
        **{"optimizer": "adamw", "learning_rate": 2e-3, "batch_size": 64, "weight_decay": 1e-4},
        **{"warmup": 0.05, "label_smoothing": 0.0, "average": False, "epochs": 20, "crop": "none"},
    },
    "data.load": {"resize": "crop", "on_error": "skip", "seed": 0, "channels": None},
    "data.image_files": {"resize": "crop", "channels": 3, "max_bad": 0.01, "seed": 0},
    "data.pipeline": {
        **{"seed": 0, "shuffle": True, "first_epoch": 0, "shard": (0, 1), "epoch": None},
        **{"shuffle_buffer": 10_000, "num_epochs": None},
    },
    "data.smote": {
        **{"sampling_strategy": "auto", "k_neighbors": 5, "seed": 0, "base": "random"},
        **{"neighbors_in": "pixels", "interpolate_in": "pixels", "single": "error"},
    },
    "data.SmoteSource": {"k_neighbors": 5, "base": "even", "single": "error", "seed": 0},
    "data.SmoteStream": {"k_neighbors": 5, "capacity": 256, "most": 20, "chunk": 64, "seed": 0},
    "data.BalancedSource": {"num_samples": "largest", "seed": 0},
    "data.class_weight": {"method": "balanced", "beta": 0.9999},
    "data.make_imbalanced": {"ratio": 100, "kind": "exponential", "seed": 0},
    "classical.HOG": {
        **{"orientations": 9, "pixels_per_cell": 8, "cells_per_block": 2},
        **{"block_norm": "L2-Hys", "value_range": (0, 255)},
    },
    "classical.LBP": {"num_points": 8, "radius": 1, "method": "uniform", "grid": 4},
    "classical.DenseSIFT": {
        **{"step": 2, "bin_sizes": (4,), "smoothing": 0.0, "contrast_threshold": 0.005},
        **{"root": False, "color": "grey"},
    },
    "classical.SIFT": {
        **{"num_keypoints": 0, "contrast_threshold": 0.04, "edge_threshold": 10.0},
        **{"root": False, "color": "grey"},
    },
    "classical.VectorQuantization": {"assignment": "hard", "num_neighbors": 5},
    "classical.LLC": {"num_neighbors": 5, "regularization": 1e-4},
    "classical.SparseCoding": {"penalty": 0.15, "epochs": 2, "tolerance": 1e-3},
    "classical.FisherVector": {"levels": (1,), "power": 0.5, "regularization": 1e-3},
    "classical.VLAD": {"levels": (1,), "intra": False, "power": 0.5},
    "classical.SpatialPyramid": {"levels": (1, 2, 4), "pooling": "max", "norm": "l2"},
    "classical.make_classifier": {"classifier": "linear_svm", "pixels": 28, "seed": 0},
    "classical.fuse": {"method": "voting", "folds": 3},
    "bench.run_policies": {"sizes": (224, 32), "cores": (1, "all"), "repeats": 5},
    "bench.run_ops": {"sizes": (224, 32), "seconds": 0.2, "repeats": 5},
    "bench.run_input": {"size": 224, "batch_size": 64, "repeats": 5},
}


def test_defaults():
    from keras_cv_extras import search

    assert search.SearchSettings.DEFAULT_TRIALS == 40
    different = {}
    for name, wanted in DEFAULTS.items():
        package, _, public = name.partition(".")
        thing = getattr(importlib.import_module(f"keras_cv_extras.{package}"), public)
        parameters = inspect.signature(thing).parameters
        found = {key: parameters[key].default for key in wanted}
        if found != wanted:
            different[name] = {k: v for k, v in found.items() if v != wanted[k]}
    assert different == {}
