"""What a search is asked for: its identity, its oracle, and what it refuses."""

import dataclasses
import types

import numpy as np
import pytest

from keras_cv_extras import search
from keras_cv_extras.search.stages import _request

IMAGES = np.arange(60, dtype="uint8")[:, None, None, None] * np.ones((1, 4, 4, 3), "uint8")
LABELS = np.arange(60) % 3
ASKED = {"trials": 4, "ops": ("rotate", "invert"), "train_size": 20, "space": "recipe", "seed": 5}
OTHERS = {
    "trials": 5,
    "space": "randaugment",
    "crop": "none",
    "also": ("repeats",),
    "method": "full",
    "oracle": "random",
    "epochs": 9,
    "train_size": 21,
    "validation_size": 11,
    "confirmation_size": 11,
    "batch_size": 32,
    "confirm_seeds": 2,
    "harm_seeds": 3,
    "ops": ("invert", "rotate"),
    "flip": False,
    "tuned_control": True,
    "seed": 6,
    "workers": 2,
}


@pytest.fixture
def asked(monkeypatch):
    """Makes a request without a network."""

    def trainer(build_model, *arguments, **options):
        return types.SimpleNamespace(describe=lambda: {"layers": build_model()})

    monkeypatch.setattr(_request, "_trainer", trainer)

    def make(build_model=lambda: "network", **changes):
        settings = search.SearchSettings(**{**ASKED, **changes})
        return _request.make_request((IMAGES, LABELS), build_model, settings)

    return make


def test_whatever_changes_its_trials_makes_another_search(asked):
    """A search goes on where it is asked for the same; all else in a folder is another's."""
    own = asked().identity()
    assert asked().identity() == own
    fields = {field.name for field in dataclasses.fields(search.SearchSettings)}
    assert fields == {*OTHERS, "budget", "retrain"}  # its length, and what follows it
    for name, value in OTHERS.items():
        assert asked(**{name: value}).identity() != own, name
    assert asked(retrain=True).identity() == own
    assert asked(lambda: "another network").identity() != own


def test_a_search_of_an_earlier_version_is_known_again(asked):
    """What it could not be asked is left out of its identity."""
    found = asked(space="policy").identity()
    assert not {"workers", "space", "crop", "also", "tuned_control", "harm_seeds"} & set(found)


def space_of(request):
    names = {}
    for hp in request.make_oracle(request.ops).get_space().space:
        names[hp.name.removeprefix("recipe.")] = hp.default
    return names


def test_the_space_is_as_it_was_asked_for(asked):
    whole = space_of(asked(flip=True))
    assert {"flip", "padding", "spread", "geometry"} <= set(whole)
    assert "flip" not in space_of(asked(flip=False))
    assert not {"padding", "area"} & set(space_of(asked(crop="none")))
    assert "repeats" in space_of(asked(also=("repeats",)))
    few = space_of(asked(space="randaugment"))
    assert few["form"] == "randaugment"
    assert not {"spread", "geometry"} & set(few)
