"""Names of classes: those of published sets, by their numbers, and what is odd in others' names."""

import re
import unicodedata

_NUMBER = re.compile(r"[+-]?([0-9]+)(\.[0-9]*)?")
# What programs write where there is nothing.
_MISSING = ("", "nan", "na", "n/a", "#n/a", "<na>", "nat", "null")

DIGITS = tuple("0123456789")

FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck"

_CIFAR100 = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
    butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab
    crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard
    lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom
    oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
    possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake
    spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor
    train trout tulip turtle wardrobe whale willow_tree wolf woman worm
"""

CIFAR10 = tuple(_CIFAR10.split())
CIFAR100 = tuple(_CIFAR100.split())


def doubts(names) -> list[str]:
    """Returns sentences, without full stops, on names that may not be meant as they are.

    Args:
        names: of all classes.
    """
    alike, found = {}, []
    for name in names:
        alike.setdefault(_plain(name), []).append(name)
    for same in alike.values():
        # "A" and "a" are classes of many sets of letters.
        if len(same) > 1 and max(map(len, same)) > 1:
            listed = " and ".join(ascii(name) for name in same[:5])
            found.append(f"the classes {listed} look alike: write them alike if they are one")
    found += [
        f"the class {name!r} may stand for a missing label: leave its images out if it does"
        for name in names
        if name.lower() in _MISSING or name == "None"
    ]
    numbers = [_NUMBER.fullmatch(name) for name in names]
    if all(numbers) and len(numbers) > 1:
        below = [name for name in names if name.startswith("-")]
        if below and len(below) < len(numbers):
            found.append(f"the class {below[0]!r} is below zero: leave out what has no label")
        if any((match[2] or ".").strip(".0") for match in numbers if match):
            found.append("the labels are numbers with fractions, of which each becomes a class")
    return found


def _plain(name):
    """Returns a name without what eyes overlook: case, spaces, invisible signs, leading zeros."""
    text = unicodedata.normalize("NFKC", name).casefold()
    text = "".join(sign for sign in text if unicodedata.category(sign)[0] not in "CZ") or name
    number = _NUMBER.fullmatch(text)
    if number and not (number[2] or ".").strip(".0"):
        return text[: number.start(1)].strip("+") + (number[1].lstrip("0") or "0")
    return text
