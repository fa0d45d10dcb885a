"""`provider_threads`: a Python provider is called from several threads, ahead of the encoders."""
import io
import threading
import time

import numpy as np
import pytest
from aws.osml.io import IO, imread
from testkit.arrays import assert_same, image
from testkit.providers import FailsAt, GridProvider, raises

PIXELS = image((2, 500, 700), np.uint16)


def written(provider, format="tiff", **options):
    """The bytes of a file with the provider's image."""
    stream = io.BytesIO()
    with IO.open(stream, "w", format, **{"threads": 2, **options}) as writer:
        writer.add_asset("image:0", provider)
    return stream.getvalue()


class Counting(GridProvider):
    """Counts the calls at once, and records the threads that call."""

    def __init__(self, *args, wait=0.002, **kwargs):
        super().__init__(*args, **kwargs)
        self.lock, self.wait, self.now, self.most, self.threads = threading.Lock(), wait, 0, 0, set()

    def get_block(self, *place, **kwargs):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.threads.add(threading.get_ident())
        time.sleep(self.wait)
        with self.lock:
            self.now -= 1
        return super().get_block(*place, **kwargs)


def test_as_many_calls_run_at_once_as_threads_are_allowed():
    class Meeting(Counting):
        """The first calls wait for each other: fewer threads would never end."""

        barrier = threading.Barrier(5, timeout=20)

        def get_block(self, *place, **kwargs):
            with self.lock:
                first = len(self.asked) + self.now < 5
            if first:
                self.barrier.wait()
            return super().get_block(*place, **kwargs)

    provider = Meeting(PIXELS, (64, 64))
    written(provider, provider_threads=5)
    assert provider.most == 5
    assert threading.get_ident() not in provider.threads


def test_by_default_only_the_calling_thread_calls():
    provider = Counting(PIXELS, (64, 64), wait=0)
    written(provider)
    assert (provider.most, provider.threads) == (1, {threading.get_ident()})


@pytest.mark.parametrize("format", ["tiff", "nitf", "png", "jp2"])
@pytest.mark.parametrize("block", [(64, 64), (700, 17), (300, 256)])
def test_the_bytes_are_those_of_one_thread_and_each_block_is_asked_for_once(format, block):
    serial = written(GridProvider(PIXELS, block), format)
    provider = Counting(PIXELS, block, wait=0.0005)
    parallel = written(provider, format, provider_threads=4)
    if format == "nitf":  # a file has the time at which it was written
        assert_same(imread(io.BytesIO(parallel)), imread(io.BytesIO(serial)))
        assert len(parallel) == len(serial)
    else:
        assert parallel == serial
    assert len(provider.asked) == len(set(provider.asked)) > 1


@pytest.mark.parametrize("argument", ["open", "add_asset"])
def test_both_calls_take_the_argument(argument, tmp_path):
    provider = Counting(PIXELS, (64, 64), wait=0.01)
    with IO.open(tmp_path / "a.tif", "w", **({"provider_threads": 3} if argument == "open" else {})) as writer:
        writer.add_asset("image:0", provider, **({"provider_threads": 3} if argument == "add_asset" else {}))
    assert provider.most == 3
    assert_same(imread(tmp_path / "a.tif"), PIXELS)


def test_absent_blocks_stay_absent(tmp_path):
    class Sparse(Counting):
        def has_block(self, row, col, level=0):
            return (row + col) % 2 == 0

    for name, metadata in (("a.tif", {"322": 64, "323": 64}), ("a.ntf", {"IC": "NM", "NPPBH": 64, "NPPBV": 64})):
        provider = Sparse(PIXELS, (64, 64), metadata=metadata)
        with IO.open(tmp_path / name, "w", provider_threads=4) as writer:
            writer.add_asset("image:0", provider)
        assert all((row + col) % 2 == 0 for row, col in provider.asked)
        with IO.open(tmp_path / name) as reader:
            asset = reader.get_asset("image:0")
            assert [asset.has_block(0, col) for col in range(4)] == [True, False, True, False]


def test_the_error_is_that_of_the_first_block(tmp_path):
    class Fails(GridProvider):
        def get_block(self, row, col, level, bands=None):
            if (row, col) == (0, 3):
                time.sleep(0.05)
                raise KeyError("first")
            if (row, col) == (0, 5):
                raise KeyError("second")
            return super().get_block(row, col, level, bands)

    with pytest.raises(RuntimeError, match="first") as caught, IO.open(tmp_path / "a.tif", "w", provider_threads=6) as writer:
        writer.add_asset("image:0", Fails(PIXELS, (64, 64)))
    assert isinstance(caught.value.__cause__, KeyError)
    assert not (tmp_path / "a.tif").exists()


@pytest.mark.parametrize("error,expected", [(SystemExit(3), SystemExit), (MemoryError("full"), RuntimeError)])
def test_exceptions_pass_as_with_one_thread(error, expected):
    with pytest.raises(expected):
        written(FailsAt(PIXELS, 2, raises(error)), provider_threads=3)


def test_a_wrong_block_is_named():
    with pytest.raises(ValueError, match=r"get_block\(\d, \d\)|wrong shape"):
        written(FailsAt(PIXELS, 2, lambda block: block[:, :3]), provider_threads=3)


def test_the_blocks_ahead_are_bounded():
    provider, ahead = Counting(PIXELS, (64, 64), wait=0), []
    stream, threads = io.BytesIO(), 3

    def progress(done, total):
        time.sleep(0.002)
        ahead.append(len(provider.asked) - done)

    with IO.open(stream, "w", "tiff", threads=2, progress=progress, provider_threads=threads) as writer:
        writer.add_asset("image:0", provider, metadata={"322": 64, "323": 64})
    assert threads < max(ahead) <= 2 * threads + 2 * 2 + 1


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "two", 5000])
def test_a_wrong_number_of_threads_is_refused(wrong, tmp_path):
    with pytest.raises(ValueError, match="provider_threads"):
        IO.open(tmp_path / "a.tif", "w", provider_threads=wrong)
