"""What a folder of images holds: its parts, its classes, and what is no image of either."""

import os
import re
from collections import Counter

from keras_cv_extras._base.owned import kinds, marks
from keras_cv_extras.data.files import _decode
from keras_cv_extras.data.files._paths import Paths

# What the parts of published sets are called, in any case: "Training", "test_set", "val-images".
_PART = re.compile(
    r"(?:(train(?:ing)?)|(test(?:ing)?)|(?:val|valid|validation|dev))"
    r"(?:set|data|dataset|images?|imgs?|split)?"
)
# How names of parts begin, in some languages.
_PART_WORDS = (
    *("train", "test", "valid", "eval", "hold", "lern", "apprent", "entra", "prueb", "prov"),
    *("addestr", "trein", "opleid", "tren", "ucz", "обуч", "трен", "тест", "训", "測"),
)
_SYSTEM_FOLDERS = ("__macosx", "@eadir", "$recycle.bin", "system volume information")
_IMAGES = (
    *(".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".psd", ".svg", ".ico"),
    *(".tga", ".ppm", ".pgm", ".pbm", ".pnm", ".pcx", ".dds", ".eps", ".exr", ".hdr", ".raw"),
    *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2"),
)
_AGAIN = "links to a folder that is read already"
_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar")
# What downloads, editors and copies put behind a name.
_RENAMED = re.compile(
    r"\.(?:jpe?g|png|bmp|gif|webp)(?:~|\s|\?|\.(?:part|partial|crdownload|download|tmp|bak|orig|\d+)$)"
)
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"RIFF", b"BM")


class Skipped:
    """What was left out while a folder or a table was listed: reasons, and how often each was met.

    Attributes:
        counts: how often each reason was met.
        systems: how often a folder of a system was passed over, by its name.
        archives: names of archives beside folders.
        notes: sentences without a full stop.
    """

    def __init__(self, what="images"):
        self.counts, self.systems, self.notes = Counter(), Counter(), []
        self.archives = []
        self._what = what

    def text(self, folder, used):
        """Returns one sentence, or "" if nothing was left out that may be missed."""
        total = used + sum(self.counts.values())
        said = [f"{count} {what}" for what, count in self.counts.most_common()]
        used = [f"{used} of {total} {self._what} are used, skipped: {', '.join(said)}"]
        passed = [f"{name} ({count})" for name, count in self.systems.most_common()]
        passed = [f"folders of systems are passed over: {', '.join(passed)}"] * bool(passed)
        sentences = [*used * bool(said), *passed, *self.notes, *self._packed()]
        return f"{folder}: {'; '.join(sentences)}" if sentences else ""

    def _packed(self):
        if len(self.archives) < 2:
            return [f"{name} is an archive: unpack it if it holds images" for name in self.archives]
        return [
            f"{len(self.archives)} files are archives, such as {min(self.archives)}: unpack them "
            "if they hold images"
        ]

    def pass_over(self, folder):
        """Notes a folder of a system, if there is anything in it."""
        try:
            filled = bool(os.listdir(folder))
        except PermissionError:  # as systems do with their own
            filled = True
        if filled:
            self.systems[os.path.basename(folder)] += 1


def part_of(name):
    """Returns "train", "test" or "validation", if a part may be called so, else None."""
    found = _PART.fullmatch(re.sub(r"[\W_]+", "", name.lower()))
    return found and ("train" if found[1] else "test" if found[2] else "validation")


def _may_be_part(name):
    """Whether a name begins as one of a part does, in one of some languages."""
    return name.lower().startswith(_PART_WORDS)


def taken_for_classes(items):
    """Returns in a sentence that folders may be parts, if all hold folders of the same names.

    Two or three of them, one of which is called so: all classes may well have equal folders within.

    Args:
        items: the folders that are taken for classes.
    """
    shared = set()
    for place, item in enumerate(items):
        names = set()
        with os.scandir(item) as entries:
            for entry in entries:
                if is_image(entry.name):
                    return []  # which no part has
                if not _is_system(entry.name) and os.path.isdir(entry.path):
                    names.add(entry.name)
        shared = shared & names if place else names
    if not 2 <= len(items) <= 3 or len(shared) < 2 or not any(_may_be_part(i.name) for i in items):
        return []
    first, below = (sorted(names)[:2] for names in ([item.name for item in items], shared))
    return [
        f"{ascii(first[0])} and {ascii(first[1])} are taken for classes, and each holds "
        f"{ascii(below[0])} and {ascii(below[1])}: if these are the classes, call the folders "
        "around them train and test"
    ]


def parts(folder, skipped):
    """Returns `(folder of class folders, whether it is the test part)` pairs.

    Raises:
        ValueError: if other folders with files stand beside the parts.
    """
    items = {item: part_of(item.name) for item in folders(folder, skipped)}
    trained = [item for item, part in items.items() if part == "train" and folders(item)]
    _note_loose(folder, skipped)
    # "train" may be a class too: it is a part if it has folders.
    if not trained:
        return [(folder, False)]
    for item, part in items.items():
        if part is None and not _is_empty(item):
            raise ValueError(
                f"{item}: stands beside {trained[0].name}, whose folders are classes: move it to "
                "another place, or into a part as a class; if "
                f"{trained[0].name} is itself a class, put its images into it, not into folders"
            )
        if part is None:
            skipped.notes.append(f"{item.name} is empty")
    for part in ("train", "test"):
        same = [item for item, own in items.items() if own == part and folders(item)]
        if len(same) > 1:
            raise ValueError(
                f"{same[1]}: stands beside {same[0].name}, and both are called as a {part} part "
                "is: move one of them to another place, or join them"
            )
    has_test = "test" in items.values()
    found = []
    for item, part in items.items():
        loose = _note_loose(item, skipped) if part else 0
        if part and (folders(item) or not loose):
            found.append((item, part == "test" or (part == "validation" and not has_test)))
    # The training part is first: what links to it is not read again.
    return sorted(found, key=lambda pair: pair[1])


def _note_loose(folder, skipped):
    """Notes what lies in a folder beside the folders of classes; returns how many images do."""
    names = os.listdir(folder)
    loose = sum(map(is_image, names))
    if loose:
        skipped.notes.append(
            f"the {loose} images in {folder.resolve().name} are in no class folder: without labels "
            "they are not used"
            if loose > 1
            else f"the image in {folder.resolve().name} is in no class folder: it is not used"
        )
    skipped.archives += [
        name for name in names if name.lower().endswith(_ARCHIVES) and not _is_system(name)
    ]
    return loose


def folders(path, skipped=None):
    """Returns the folders in a folder, by name, but for those of systems and of results."""
    found = []
    for item in path.iterdir():
        if item.is_dir() and not _is_system(item.name):
            result = _result(item)
            if result is None:
                found.append(item)
            elif skipped is not None:
                skipped.notes.append(f"{item.name} is passed over: results ({result}), no class")
        elif item.is_dir() and skipped is not None:
            skipped.pass_over(item)
    return sorted(found, key=lambda item: item.name)


def class_folders(path, skipped, for_tests):
    """Returns the folders of classes that hold anything; all of them if none does.

    A part for tests may lack classes.
    """
    found = folders(path)
    filled = [item for item in found if not _is_empty(item)]
    if not filled or for_tests:
        return found
    skipped.notes += [f"{item.name} is empty" for item in found if item not in filled]
    return filled


def images(root, places, items, skipped):
    """Returns the image files in folders of classes and below, as some `Paths` for each folder.

    A folder is read once, where it stands, and not where links lead to it as well. Only regular
    files are ever opened: others, a pipe say, could wait for ever.

    Args:
        root: what all paths begin with.
        places: the folders above, to which links do not lead back.
        items: the folders of classes.
        skipped: where what is left out is noted.
    """
    seen = {_number(place) for place in places}
    links = [(item, item) for item in items if os.path.islink(item) or os.path.islink(item.parent)]
    found = {item: [] for item in items}
    linked = {item for item, _ in links}
    for item in items:
        if item not in linked:
            links += [(item, link) for link in _read(root, item, skipped, seen, found[item])]
    for item, link in links:  # which grows by the links in what they lead to
        if _number(link) in seen:
            skipped.counts[_AGAIN] += 1
        else:
            links += [(item, more) for more in _read(root, link, skipped, seen, found[item])]
    skipped.counts += Counter()  # without those that were met no time
    return found


def _number(path):
    about = os.stat(path)
    return about.st_dev, about.st_ino


def _read(root, path, skipped, seen, found):
    """Notes the image files of a folder and below; returns the links to folders there."""
    seen.add(_number(path))
    waiting, links = [os.fspath(path)], []
    while waiting:
        place, below, own = waiting.pop(), [], []
        with os.scandir(place) as entries:
            entries = sorted(entries, key=lambda entry: entry.name)
        for entry in entries:
            name, item = entry.name, entry.path
            if _is_system(name):
                if os.path.isdir(item):
                    skipped.pass_over(item)
                continue
            kind = _kind(entry)
            if kind == "folder" and entry.is_symlink():
                links.append(item)
            elif kind == "folder" and _result(item) is None:
                number = _number(item)
                if number in seen:
                    skipped.counts[_AGAIN] += 1
                else:
                    seen.add(number)
                    below.append(item)
            elif kind == "folder":
                skipped.counts["folders of results"] += 1
            elif not is_image(name):
                reason = _missed(name, item) if kind == "file" else None
                skipped.counts[reason] += reason is not None
            elif kind == "file":
                own.append(item)
            else:
                skipped.counts[kind] += 1
        found.append(Paths(own, root))
        waiting += reversed(below)
    return links


def _missed(name, path):
    """Returns why a file that is not read may yet be an image, None for others."""
    suffix = os.path.splitext(name)[1].lower()
    if suffix in (*_IMAGES, *_ARCHIVES):
        return suffix
    if _RENAMED.search(name.lower()):
        return "whose names go on after the suffix"
    if suffix:
        return None
    try:
        with open(path, "rb") as file:
            return "without a suffix" if file.read(8).startswith(_STARTS) else None
    except OSError:
        return "that cannot be opened"


def _kind(entry):
    """Returns what stands in a folder, links followed; the system is asked about links alone."""
    try:
        if entry.is_file():
            return "file"
        if entry.is_dir():
            return "folder"
    except OSError:  # a link that leads to itself
        return "broken links"
    return "pipes, sockets or devices" if os.path.exists(entry.path) else "broken links"


def is_image(name):
    """Returns whether a file is read as an image, by its name."""
    return name.lower().endswith(_decode.SUFFIXES) and not _is_system(name)


def _result(folder):
    """Returns what this library wrote into a folder, None if there may be images of a class."""
    mark = marks.read_mark(folder)
    return None if mark is None or mark["kind"] == kinds.MADE_IMAGES.key else mark["kind"]


def _is_system(name):
    return name.startswith(".") or name.lower() in _SYSTEM_FOLDERS


def _is_empty(folder):
    return not any(
        not _is_system(name)
        for parent, _, names in os.walk(folder, followlinks=False)
        for name in names
    ) and not any(item.is_symlink() for item in folder.iterdir())
