"""CSV files and data frames of file names: what is read, what is skipped, what is refused."""

import os
import unicodedata

import numpy as np
import pytest
from PIL import Image

from keras_cv_extras import data
from keras_cv_extras._base.owned import kinds, marks
from keras_cv_extras.data.files.table import _table
from keras_cv_extras.data.packed import _known

NAMES = ("cat", "dog")


def photographs(folder, count=10, form="{}.png"):
    """Makes images; the red of a pixel is the number of its file."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.new("RGB", (6, 5), (number, 10, 20)).save(folder / form.format(number))
    return folder


def write(path, lines, encoding="utf-8"):
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def plain(count=10):
    return [f"{number}.png,{NAMES[number % 2]}" for number in range(count)]


def labels_by_file(images):
    """Returns the label of each file, told by its red pixel, for both parts."""
    found = {}
    for pixels, labels in (images.train, images.test):
        for image, label in zip(pixels, labels, strict=True):
            found[int(image[0, 0, 0])] = label.tolist()
    return found


@pytest.fixture
def folder(tmp_path):
    return photographs(tmp_path)


def test_a_csv_is_read_as_a_folder_is(folder):
    path = write(folder / "labels.csv", ["filename,label", *plain()])
    images, files = data.load(path), data.image_files(path, (5, 6))
    assert images.class_names == files.class_names == NAMES
    assert labels_by_file(images) == {number: number % 2 for number in range(10)}
    assert images.name == files.name == "labels.csv"
    assert images.divided
    assert not images.multilabel
    assert images.files["train"] == files.train.paths
    assert files.train.labels.tolist() == images.train[1].tolist()
    assert data.identity(images) == data.identity(files)


@pytest.mark.parametrize(
    ("header", "row", "encoding"),
    [
        ("File Name;Class", "{0}.png;{1}", "utf-8-sig"),
        ("image_id\ttarget", "{0}\t{1}", "utf-16"),
        ('"path","extra","category"', '"{0}.png","a, b","{1}"', "utf-8"),
        ("label,img", "{1},{2}/{0}.png", "utf-8"),
        ("id,label", "{2}/{0},{1}", "utf-8"),
        (None, "{0}.png,{1}", "utf-8"),
        (None, "{1}|{0}.png", "utf-8"),
        ("sep=;\nfile;label", "{0}.png;{1}", "utf-8"),
        ('"SEP=#"\r\nfile#label', "{0}.png#{1}", "utf-8-sig"),
        ("sep=,,\nfile,label", "{0}.png,{1}", "utf-16"),
        ("sep=\t\nfile\tlabel", "{0}.png\t{1}", "utf-8"),
    ],
)
def test_tables_as_they_come(folder, header, row, encoding):
    rows = [row.format(number, NAMES[number % 2], folder) for number in range(10)]
    path = write(folder / "labels.CSV", [*([header] if header else []), "", *rows], encoding)
    assert labels_by_file(data.load(path)) == {number: number % 2 for number in range(10)}


def test_columns_root_and_split_are_named(folder, tmp_path):
    lines = ["photo,kind,fold,label"]
    for number in range(10):
        fold = "Train" if number < 6 else "TEST" if number < 8 else "val"
        lines.append(f"{number}.png,{NAMES[number % 2]},{fold},x")
    (tmp_path / "elsewhere").mkdir()
    path = write(tmp_path / "elsewhere" / "labels.csv", lines)
    table = data.Table(path, image="photo", label="kind", split="fold", root=folder)
    images = data.load(table)
    assert sorted(images.train[0][:, 0, 0, 0]) == [0, 1, 2, 3, 4, 5, 8, 9]
    assert sorted(images.test[0][:, 0, 0, 0]) == [6, 7]
    assert images.class_names == NAMES
    assert not images.divided
    with pytest.raises(ValueError, match=r"has a test part of its own: leave test_fraction out"):
        data.load(table, test_fraction=0.5)


def test_validation_rows_are_the_test_part_where_there_is_no_other(folder):
    held = (1, 2, 4)  # more than a random part would have
    lines = [f"{row},{'valid' if n in held else 'train'}" for n, row in enumerate(plain())]
    images = data.load(write(folder / "labels.csv", ["file,label,split", *lines]))
    assert sorted(images.test[0][:, 0, 0, 0]) == list(held)
    assert not images.divided


def test_numbers_are_classes_in_their_order(folder):
    rows = [f"{number}.png,{10 - number // 2}" for number in range(10)]
    images = data.load(write(folder / "labels.csv", ["file,label", *rows]))
    assert images.class_names == ("6", "7", "8", "9", "10")


class Frame:
    """What is asked of a data frame: columns by their names, of numbers, gaps and objects."""

    def __init__(self, **columns):
        self._columns = columns
        self.columns = list(columns)

    def __len__(self):
        return len(self._columns[self.columns[0]])

    def __getitem__(self, name):
        return self._columns[name]

    def __eq__(self, other):
        raise ValueError("the truth value of a data frame is ambiguous")

    __hash__ = None


def test_a_data_frame(folder):
    names = [folder / f"{number}.png" for number in range(9)]
    frame = Frame(path=names, label=np.array([1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, np.nan]))
    with pytest.warns(UserWarning, match=r"data frame: 8 of 9 rows are used, skipped: 1 without a"):
        images = data.load(frame)
    assert images.class_names == ("1", "2")
    assert labels_by_file(images) == {number: number % 2 for number in range(8)}
    files = data.image_files(data.Table(Frame(path=names[:8], label=[True, False] * 4)), 8)
    assert files.class_names == ("False", "True")


def test_a_data_frame_of_pandas(folder):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"file": [f"{n}.png" for n in range(8)], "label": [1, 2] * 4})
    images = data.load(data.Table(frame.iloc[::-1], root=folder))
    assert labels_by_file(images) == {number: number % 2 for number in range(8)}
    frame["label"] = frame["label"].astype("Int64")
    frame.loc[3, "label"] = pandas.NA
    with pytest.warns(UserWarning, match=r"7 of 8 rows are used, skipped: 1 without a label"):
        data.load(data.Table(frame, root=folder))


def test_what_is_skipped_is_counted(folder):
    os.mkfifo(folder / "pipe.png")
    (folder / "sub.png").mkdir()
    rows = [*plain(), ",cat", "0.png,", "0.png,cat", "./1.png,dog", "pipe.png,cat", "sub.png,dog"]
    path = write(folder / "labels.csv", ["file,label", *rows])
    with pytest.warns(UserWarning, match="rows are used") as caught:
        images = data.load(path)
    (warning,) = caught
    assert str(warning.message) == (
        f"{path}: 10 of 16 rows are used, skipped: 2 that repeat a file, 2 that name a folder, "
        "pipe or device, 1 without a file name, 1 without a label"
    )
    assert warning.filename == __file__
    assert len(images.train[1]) + len(images.test[1]) == 10


def test_missing_files_are_named(folder):
    path = write(folder / "labels.csv", ["file,label", *plain(), "gone.png,cat"])
    with pytest.warns(UserWarning, match=r"1 of 11 image files .* skipped: .*gone.png \(No such"):
        data.load(path)
    with pytest.raises(ValueError, match=r"gone.png: No such file"):
        data.load(path, on_error="raise")
    files = data.image_files(path, 8)
    assert files.unreadable() == {str(folder / "gone.png"): "No such file"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "holds no rows"),
        (["file,label"], "names zero images"),
        (["file,label", "0.png,cat", "0.png,dog"], r"'0.png' has two labels, 'cat' \(line 2\) and"),
        (
            ["file,label", "0.png,cat", "./0.png,dog"],
            "'./0.png', the same file as '0.png', has two",
        ),
        (["file,label", "0.png,cat", "link.png,dog"], "'link.png', the same file as '0.png', has"),
        (["file,label", "0.png,cat", "hard.png,dog"], "'hard.png', the same file as '0.png', has"),
        (["file,label,set", "0.png,a,train", "link.png,a,test"], "as '0.png', is in two parts"),
        (["sep=;", "file;label", "0.png;cat;x"], "line 3 has 3 cells, not 2"),
        (["sep=;"], "holds no rows"),
        (["file,label", "0.png,cat,x"], "line 2 has 3 cells, not 2: put text that holds"),
        (["file,label", '"0.png,cat'], r'line 2: a quote \("\) begins a cell and does not end'),
        (
            ["file,label", "0.png,cat", '1.png,"dog', *["2.png,cat"] * 20_000],
            "line 3: a quote .* begins a cell",
        ),
        (
            ["file,label", "0.png,cat", f"{'x' * 200_000},cat"],
            "line 3: a cell of more than 131,072",
        ),
        (["file", "0.png"], "has no column of labels beside 'file': add one"),
        (["file,label", '0.png,"cat"s'], "line 2: a quote .* ends a cell before its end: write"),
        (["file,file", "0.png,cat"], "two columns are called 'file'"),
        (["a,b", "0.pgm,cat"], r"which column holds the files\? Name one of 'a', 'b'"),
        (["file,a", "0.png,cat"], r"which columns hold the labels\? Name some of 'a'"),
        (["0.png,cat,dog"], "line 1 names no columns"),
        (["file,label", "0.png,cat", "1.png,cat"], "one class only, 'cat'"),
        (["file,label", "0.png,cat|dog"], r"line 2: the label 'cat\|dog' holds '\|': give separ"),
        (["file,label", "http://a/0.png,cat"], "'http://a/0.png' is an address: download"),
        (["file,label,split", "0.png,cat,new"], "line 2: the part 'new' is none of train, val and"),
        (["file,label,split", "0.png,a,train", "0.png,a,test"], "'0.png' is in two parts, for"),
        (["file,label", "0.png,c\0t", "1.png,dog"], "holds zero bytes, as no text does"),
        (["file,Label,label", "0.png,cat,dog"], "the columns 'Label', 'label' look alike: rename"),
        (["file,label", "x/0.png,cat", "x/1.png,dog"], "2 of 2 files that it names are not there"),
        (["file,cat,dog", "0.png,1,0", "1.png,2,0"], r"which columns hold the labels\? Name some"),
    ],
)
def test_one_line_says_what_is_wrong(folder, lines, message):
    (folder / "link.png").symlink_to("0.png")
    os.link(folder / "0.png", folder / "hard.png")
    path = write(folder / "labels.csv", lines)
    for read in (data.load, lambda path: data.image_files(path, 8)):
        with pytest.raises(ValueError, match=message) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)


def test_other_files_are_refused(folder):
    with pytest.raises(FileNotFoundError, match=r"none.csv: no such file"):
        data.load(folder / "none.csv")
    os.mkfifo(folder / "pipe.csv")
    with pytest.raises(ValueError, match=r"pipe.csv: not a regular file"):
        data.load(folder / "pipe.csv")
    (folder / "latin.csv").write_bytes("file,label\n0.png,chaton mécanique\n".encode("latin-1"))
    with pytest.raises(ValueError, match="not UTF-8, from byte 25 on: save it as CSV in UTF-8"):
        data.load(folder / "latin.csv")
    path = write(folder / "labels.csv", ["file,label", *plain()])
    with pytest.raises(ValueError, match="has no column 'kind'; its columns are 'file', 'label'"):
        data.load(data.Table(path, label="kind"))
    with pytest.raises(FileNotFoundError, match=r"gone: no such folder, which root names"):
        data.load(data.Table(path, root=folder / "gone"))
    with pytest.raises(TypeError, match="source must be the path of a CSV file or a data frame"):
        data.Table(3)
    with pytest.raises(TypeError, match="image must be a text or None, received 3"):
        data.Table(path, image=3)
    with pytest.raises(TypeError, match="label must be names of columns, received 3"):
        data.Table(path, label=3)


def test_a_cell_of_the_split_column_may_mean_something_else(folder):
    rows = [f"{row},{number}" for number, row in enumerate(plain())]
    path = write(folder / "labels.csv", ["file,label,set", *rows])
    with pytest.raises(ValueError, match=r"the part '0' is none of .* give split=''"):
        data.load(path)
    assert data.load(data.Table(path, split="")).divided


@pytest.mark.wide
@pytest.mark.parametrize("form", ["columns", "separator", "repeated"])
def test_several_labels_an_image(folder, form):
    wanted = {number: [number % 2, number % 3 == 0, number > 4] for number in range(10)}
    names = ("a", "b", "c")
    lines, options = ["file,a,b,c"], {}
    for number, row in wanted.items():
        lines.append(",".join([f"{number}.png", *(str(int(value)) for value in row)]))
    if form != "columns":
        options = {"separator": "|"}
        lines = ["file,tags"]
        for number, row in wanted.items():
            own = [name for name, there in zip(names, row, strict=True) if there]
            cells = ["|".join(own)] if form == "separator" else own or [""]
            lines += [f"{number}.png,{cell}" for cell in cells]
    images = data.load(data.Table(write(folder / "labels.csv", lines), **options))
    assert images.class_names == names
    assert images.multilabel
    assert images.train[1].dtype == np.float32
    assert labels_by_file(images) == {
        number: [float(x) for x in row] for number, row in wanted.items()
    }
    assert min(images.train[1].sum(axis=0).min(), images.test[1].sum(axis=0).min()) > 0
    files = data.image_files(data.Table(folder / "labels.csv", **options), 8)
    assert files.multilabel
    assert files.train.labels.tolist() == images.train[1].tolist()
    assert data.identity(files)["data_digest"] == data.identity(images)["data_digest"]
    ((_, labels),) = data.pipeline(files.test, 16, epoch=0, shuffle=False)
    assert labels.numpy().tolist() == images.test[1].tolist()


def test_columns_of_which_each_row_has_one_are_classes(folder):
    rows = [f"{number}.png,{number % 2},{1 - number % 2}" for number in range(10)]
    path = write(folder / "labels.csv", ["file,odd,even", *rows])
    images = data.load(path)
    assert images.class_names == ("odd", "even")
    assert labels_by_file(images) == {number: 1 - number % 2 for number in range(10)}
    assert data.load(data.Table(path, multilabel=True)).train[1].shape == (8, 2)
    write(path, ["file,odd,even", *rows, "x.png,1,1"])
    with pytest.raises(ValueError, match="line 12: has 2 labels; multilabel=False allows 1"):
        data.load(data.Table(path, multilabel=False))


def test_known_classes_give_numbers(folder):
    path = write(folder / "labels.csv", ["file,label", *plain()])
    images = data.load(path, class_names=("dog", "cat", "bird"))
    assert labels_by_file(images) == {number: 1 - number % 2 for number in range(10)}
    with pytest.raises(
        ValueError, match="class 'cat' is not known to the model; the classes are d"
    ):
        data.load(path, class_names=("dog", "bird"))


def test_a_rare_label_is_trained_on():
    labels = np.zeros((40, 2), int)
    labels[:20, 0], labels[7, 1] = 1, 1
    for seed in range(20):
        held = data.held_out([str(n) for n in range(40)], labels, 0.5, seed, "test")
        assert not held[7]
        assert 0 < held[:20].sum() < 20


def test_labels_that_look_alike_are_said_and_have_one_order(folder):
    rows = [f"{number}.png,{('01', '1', '1.0')[number % 3]}" for number in range(10)]
    path = write(folder / "labels.csv", ["file,label", *rows])
    with pytest.warns(UserWarning, match="the classes '01' and '1' and '1.0' look alike"):
        assert data.load(path).class_names == ("01", "1", "1.0")
    path = write(folder / "labels.csv", ["file,label", *[row.replace("1.0", "2") for row in rows]])
    with pytest.warns(UserWarning, match="look alike"):
        assert data.load(path).class_names == ("01", "1", "2")


def test_cells_of_any_type(folder):
    pandas = pytest.importorskip("pandas")
    paths = [bytes(folder / f"{number}.png") for number in range(9)]
    for values, names in (
        ([b"cat", b"dog", b"dog"], ("cat", "dog")),
        ([1.0, 1e300, 1e300], ("1", "1e+300")),
        ([float("inf"), 2.0, 2.0], ("2", "inf")),
    ):
        assert (
            data.load(pandas.DataFrame({"path": paths, "label": values * 3})).class_names == names
        )
    for source, kind in ((pandas.Series(["a"]), "Series"), (np.zeros((2, 3, 3, 1)), "ndarray")):
        with pytest.raises(
            TypeError, match=f"received an object of the type {kind}; arr"
        ) as caught:
            data.load(source)
        assert "\n" not in str(caught.value)
    with pytest.raises(FileNotFoundError, match="~nobody-of-this-name/x: no such folder"):
        data.load("~nobody-of-this-name/x")


@pytest.mark.parametrize(
    ("header", "end"), [("file,label,", ","), ("file,label", ","), ("file,label,,", ",,")]
)
def test_dividers_too_many_at_the_end_of_a_line(folder, header, end):
    path = write(folder / "labels.csv", [header, *[row + end for row in plain()]])
    assert data.load(path).class_names == NAMES


def test_columns_without_a_name_are_no_classes(folder):
    rows = [f"{n},{n}.png,{n % 2},{1 - n % 2},{n % 3 // 2}," for n in range(10)]
    path = write(folder / "labels.csv", [",file,cat,dog,owl,", *rows])
    assert data.load(path).class_names == ("cat", "dog", "owl")


@pytest.mark.wide
def test_hundreds_of_thousands_of_columns(folder):
    """They were compared with one another for days."""
    names = ",".join(f"c{number}" for number in range(200_000))
    path = write(folder / "labels.csv", [f"file,label,{names}", "0.png,cat" + ",1" * 200_000])
    with pytest.raises(ValueError, match="one class only, 'cat'"):
        data.load(path)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_an_accent_is_one_sign_or_two(tmp_path, form):
    """File names of some systems, and tables of others."""
    names = {one: unicodedata.normalize(one, "é{}.png") for one in ("NFC", "NFD")}
    photographs(tmp_path, form=names[form])
    other = names["NFD" if form == "NFC" else "NFC"]
    rows = [f"{other.format(number)},{NAMES[number % 2]}" for number in range(10)]
    images = data.load(write(tmp_path / "labels.csv", ["file,label", *rows]))
    assert labels_by_file(images) == {number: number % 2 for number in range(10)}


def test_a_table_of_gigabytes_is_not_read(folder):
    path = write(folder / "labels.csv", ["file,label"])
    os.truncate(path, 1 << 40)
    with pytest.raises(ValueError, match="more than 1,073,741,824 bytes, as no table of files"):
        data.load(path)
    path.write_bytes("file,label\n0.png,cat".encode("utf-16") + b"x")
    with pytest.raises(ValueError, match="not UTF-16, from byte"):
        data.load(path)


def test_folders_of_a_user_are_written_with_a_tilde(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    path = write(tmp_path / "labels.csv", ["filename,label", *plain()])
    images = data.load(data.Table(path, root=f"~/{folder.name}"))
    assert labels_by_file(images) == {number: number % 2 for number in range(10)}
    assert not _known.is_pack(f"~/{folder.name}")
    mark = marks.mark_text(kinds.PACK.key)
    (folder / marks.MARK).write_text(mark)
    assert _known.is_pack(f"~/{folder.name}")
    assert not _known.is_pack(["~"])


def test_a_class_of_data_frames_is_none():
    assert _table.is_frame(Frame(path=["a"], label=[1]))
    assert not _table.is_frame(Frame)
    named = type("Named", (type,), {"__getitem__": None, "__len__": lambda cls: 0})
    assert not _table.is_frame(named("Kind", (), {"columns": ()}))
