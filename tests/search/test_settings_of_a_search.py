"""What a search may be asked for, and what it refuses at once; and which folders are its own."""

import pytest

from keras_cv_extras import search
from keras_cv_extras._base.owned import errors
from keras_cv_extras.search.trials import _folder

OWN = search.RandomOracle(hyperparameters=search.recipe_space(ops=("invert",)))


@pytest.mark.parametrize(
    "settings",
    [
        {"harm_seeds": 3},
        {"harm_seeds": 0, "method": "full"},
        {"epochs": 2},
        {"epochs": 1, "method": "full"},
        {"flip": True},
        {"flip": False},
        {"space": "recipe", "crop": "none", "also": ("mix", "repeats", "label_smoothing")},
        {"space": "randaugment", "crop": "random-resized", "also": ("repeats",)},
        {"trials": 1, "train_size": 1, "validation_size": 1, "confirmation_size": 1},
        {"budget": 0.5},
        {"seed": -1},
        {"oracle": OWN},
        {"epochs": 2, "batch_size": 1, "confirm_seeds": 1, "workers": 1},
    ],
)
def test_what_may_be_asked_for(settings):
    made = search.SearchSettings(**settings)
    assert {name: getattr(made, name) for name in settings} == settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"confirm_seeds": 0}, "confirm_seeds must be at least 1"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"trials": 0}, "trials must be at least 1"),
        ({"train_size": 0}, "train_size must be at least 1"),
        ({"validation_size": 0}, "validation_size must be at least 1"),
        ({"confirmation_size": 0}, "confirmation_size must be at least 1"),
        ({"seed": 0.5}, "seed must be an integer"),
        ({"budget": 0}, "budget must be above 0"),
        ({"budget": 1, "trials": 1}, "give trials or budget, not both"),
        ({"harm_seeds": -1}, "harm_seeds must be at least 0"),
        ({"harm_seeds": 2}, "harm_seeds must be 0 or at least 3"),
        ({"harm_seeds": 3, "method": "full"}, "harm_seeds needs method='staged'"),
        ({"flip": 1}, "flip must be True, False or 'auto', received 1"),
        ({"flip": "no"}, "flip must be True, False or 'auto'"),
        ({"space": "recipes"}, "space must be one of"),
        ({"crop": "full"}, "crop must be one of"),
        ({"space": "recipe", "also": ("mixup",)}, "also must be one of"),
        ({"space": "policy", "crop": "none"}, "crop is a part of recipes: give space='recipe'"),
        ({"space": "policy", "also": ("mix",)}, "also is a part of recipes: give space='recipe'"),
        ({"oracle": OWN, "crop": "none"}, "crop is a part of recipes: give it to recipe_space"),
        ({"oracle": OWN, "also": ("mix",)}, "also is a part of recipes: give it to recipe_space"),
        ({"method": "fast"}, "method must be one of"),
        ({"epochs": 1}, "divides a training of at least 2 epochs, received epochs=1"),
        ({"oracle": "grid"}, "oracle"),
    ],
)
def test_what_may_not_be_asked_for(settings, message):
    with pytest.raises((TypeError, ValueError), match=message):
        search.SearchSettings(**settings)


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("oracle.json", "controller.npz", "chief.token"),
        ("trial_0/trial.json", "trial_12/trial.json"),
        (f"trial_0/{errors.TEMPORARY}x/trial.json", f"{errors.TEMPORARY}y/oracle.json"),
    ],
)
def test_folders_of_trials(tmp_path, names):
    folder = tmp_path / "trials"
    _folder.check_folder(folder)  # a new one
    folder.mkdir()
    (folder / "trial_7").mkdir()  # a kill came before its file
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    _folder.check_folder(folder)


@pytest.mark.parametrize(
    "name",
    [
        *("oracle.json.bak", "notes/oracle.json", "my_oracle.json", "oracleXjson", "chiefXtoken"),
        *("trial_0/model.keras", "trial_x/trial.json", "trial_/trial.json", "a_trial_0/trial.json"),
        *("trial_0/trial.json/more", "trial_0/trial.jsonl"),
    ],
)
def test_folders_of_others(tmp_path, name):
    (tmp_path / "oracle.json").touch()
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
    with pytest.raises(FileExistsError, match=r"holds .*, which no search of this library wrote"):
        _folder.check_folder(tmp_path)


def test_a_file_is_no_folder_of_trials(tmp_path):
    (tmp_path / "trials").touch()
    with pytest.raises(NotADirectoryError, match="a file, not a folder; give another directory"):
        _folder.check_folder(tmp_path / "trials")
    with pytest.raises(OSError, match="trials"):
        _folder.check_folder(tmp_path / "trials" / "more")
