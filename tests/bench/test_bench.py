"""The benchmark's rows, not its numbers. A process takes seconds: one benchmark stands for all."""

import collections
import json

import pytest

from keras_cv_extras import bench
from keras_cv_extras.augment import OPS
from keras_cv_extras.bench import _measure, _peer_ops, _policies
from keras_cv_extras.bench._images import photographs


@pytest.fixture(scope="module")
def processes():
    """Starts measured processes, and keeps those that are closed for those who ask next."""
    waiting, started = collections.defaultdict(list), []

    class Kept(_measure.Measured):
        def __init__(self, *job):
            super().__init__(*job)
            self.job = repr(job)
            started.append(self)

        def close(self):
            if self._process.poll() is None:
                waiting[self.job].append(self)

    def measured(*job):
        return waiting[repr(job)].pop() if waiting[repr(job)] else Kept(*job)

    yield measured
    for process in started:
        _measure.Measured.close(process)


@pytest.fixture(autouse=True)
def _few_processes(processes, monkeypatch):
    """A process takes seconds to start."""
    monkeypatch.setattr(_measure, "Measured", processes)


@pytest.mark.wide
def test_policies(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(_policies, "OWN", bench.OWN[:1])
    path = tmp_path / "bench.json"
    rows = bench.run_policies(
        (16,), {16: 8}, cores=(1,), peers=("keras",), seconds=0.05, output=path, repeats=3
    )
    assert [row["contestant"] for row in rows] == ["rand_augment", "keras"]
    ours = rows[0]
    for row in rows:
        assert (row["size"], row["batch_size"], row["status"]) == (16, 8, "measured")
        assert row["cores"] == 1
        assert len(row["turns"]) == 3
        assert row["images_per_second"] == sorted(row["turns"])[1] > 0
        assert row["first_batch_seconds"] > 0
        assert (
            row["ratio"]
            == sorted(a / b for a, b in zip(ours["turns"], row["turns"], strict=True))[1]
        )
    assert ours["ratio"] == 1
    assert rows[-1]["ratio"] > 1
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["rows"] == rows
    assert report["seconds"] == 0.05
    assert "rand_augment" in capsys.readouterr().out


@pytest.mark.slow
def test_ops(tmp_path, capsys):
    path = tmp_path / "ops.json"
    ops = ("invert", "clahe", "sample_pairing")
    ops = tuple(op for op in ops if op in OPS)
    rows = bench.run_ops((16,), {16: 8}, ops, 0.02, path, peers=("keras",), repeats=1)
    assert [row["op"] for row in rows] == ["copy", *ops]
    for row in rows:
        assert row["microseconds_per_image"] * row["images_per_second"] == pytest.approx(1e6)
    by_op = {row["op"]: row for row in rows}
    assert by_op["copy"]["copies"] == 1
    assert by_op["invert"]["copies"] > 0
    assert by_op["invert"]["peers"]["keras"]["ratio"] > 0
    assert by_op["sample_pairing"]["peers"] == {}
    assert json.loads(path.read_text(encoding="utf-8"))["rows"] == rows
    assert "sample_pairing" in capsys.readouterr().out


@pytest.mark.slow
def test_input(tmp_path, capsys):
    path = tmp_path / "input.json"
    others = {"crop": "random-resized", "side": 100, "repeats": 1}
    rows = bench.run_input(16, 8, ("all",), ("own, reduced", "keras"), 0.05, path, **others)
    assert [row["contestant"] for row in rows] == ["own", "own, reduced", "keras"]
    for row in rows:
        assert row["status"] == "measured"
        assert row["images_per_second"] == pytest.approx(row["per_core"] * row["cores"])
    assert rows[0]["ratio"] == 1
    assert rows[1]["ratio"] > 0  # how much, is for a quiet machine to say
    assert json.loads(path.read_text(encoding="utf-8"))["rows"] == rows
    assert "JPEG files" in capsys.readouterr().out
    with pytest.raises(ValueError, match="peer must be one of"):
        bench.run_input(peers=("pillow",))


@pytest.mark.wide
def test_a_peer_that_fails_is_reported_and_the_others_go_on():
    process = _measure.Measured(16, 8, _measure.chosen_cpus(1))
    try:
        assert "KeyError" in process.ask("attempt", name="op:no_such_op")["failed"]
        assert process.ask("attempt", name="keras:no_such_op") == {"missing": "keras:no_such_op"}
        assert process.ask("attempt", name="keras:invert")["seconds"] > 0
    finally:
        process.close()


@pytest.mark.slow
def test_losses(capsys):
    rows = bench.run_losses(("focal, softmax", "Poly-1"), 0.02, repeats=1)
    assert [row["loss"] for row in rows] == ["step", "focal, softmax", "Poly-1"]
    assert rows[1]["ratio"] > 0
    assert rows[0]["ratio"] is rows[2]["ratio"] is None
    assert "Poly-1" in capsys.readouterr().out


@pytest.mark.slow
def test_pooling(tmp_path, capsys):
    path = tmp_path / "pooling.json"
    rows = bench.run_pooling(("S3Pooling2D", "LPPooling2D"), 0.01, path, repeats=1)
    names = ["MaxPooling2D", "S3Pooling2D", "LPPooling2D"]
    wanted = [(name, window) for window in (2, 3) for name in names]
    assert [(row["layer"], row["pool_size"]) for row in rows] == wanted
    for base, *others in (rows[:3], rows[3:]):
        assert base["ratio"] == 1
        for row in others:
            assert row["ratio"] == pytest.approx(row["milliseconds"] / base["milliseconds"])
        assert [row["plain_ratio"] is None for row in others] == [True, False]
    assert json.loads(path.read_text(encoding="utf-8"))["rows"] == rows
    assert "S3Pooling2D" in capsys.readouterr().out


@pytest.mark.slow
def test_a_process_that_fails_says_why():
    process = _measure.Measured(16, 8, _measure.chosen_cpus(1))
    try:
        with pytest.raises(RuntimeError, match=r"KeyError: 'rand_augment'"):
            process.ask("start", name="rand_augment")
    finally:
        process.close()


def test_images_are_different_parts():
    images = photographs(32, 256)
    assert images.shape == (256, 32, 32, 3)
    assert len({image.tobytes() for image in images}) > 250


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": (500,), "batch_sizes": {500: 8}}, "size must be at most 427.*500"),
        ({"sizes": (64,), "batch_sizes": {32: 8}}, "batch_sizes must name one for size 64"),
        ({"sizes": ()}, "at least one size"),
        ({"peers": ("kornia",)}, "peer must be one of.*'kornia'"),
        ({"cores": (0,)}, "cores must be at least 1, received 0"),
        ({"cores": (10_000,)}, "cores must be at most"),
        ({"repeats": 0}, "repeats must be at least 1"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        bench.run_policies(**arguments)


def test_any_size_has_a_batch():
    """The command line has an option for sizes, and none for batches."""
    wanted = {224: 64, 65: 64, 64: 256, 8: 256}
    assert _measure.batches_of(wanted, None) == wanted
    assert _measure.batches_of((8,), {8: 3, 32: 4}) == {8: 3}


def test_unknown_op():
    with pytest.raises(ValueError, match="op must be one of.*'blur'"):
        bench.run_ops(ops=("blur",))


def test_the_tables_of_peers_name_ops():
    """Those of Keras: the other libraries need not be installed."""
    assert set(_peer_ops._keras(32)) <= set(OPS)


@pytest.mark.slow
def test_peers_are_chosen_by_their_names():
    assert bench.PEERS == ("keras", "torchvision", "albumentations", "timm")
    assert bench.OP_PEERS == ("keras", "torchvision", "albumentations", "kornia")
    with pytest.raises(ValueError, match=f"one of {str(bench.PEERS)[1:-1]}, received 'kornia'"):
        bench.run_policies((16,), {16: 8}, peers=("kornia",))
    with pytest.raises(ValueError, match=f"one of {str(bench.OP_PEERS)[1:-1]}, received 'timm'"):
        bench.run_ops((16,), {16: 8}, peers=("timm",))
