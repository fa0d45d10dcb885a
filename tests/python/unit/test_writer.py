"""The life of a writer: refusals, failures, warnings, cancellation, signals."""

import io
import os
import signal
import threading
import time
import warnings

import numpy as np
import pytest
from aws.osml.io import (
    IO,
    BufferedImageAssetProvider,
    BufferedTextAssetProvider,
    CancelledError,
    MetadataWarning,
    OptionError,
    UnsupportedError,
    imread,
    imsave,
)

DATA = np.random.default_rng(4).integers(0, 256, (3, 700, 300)).astype(np.uint8)


def image(data=DATA, **more):
    bands, rows, columns = data.shape
    made = BufferedImageAssetProvider.create("k", columns, rows, bands, pixel_type=data.dtype, **more)
    made.set_full_image(data)
    return made


class Wrapped:
    """A plain Python object with the attributes of an image in blocks of 100 rows."""

    def __init__(self):
        self._image = image(block_width=300, block_height=100)

    def __getattr__(self, name):
        return getattr(self._image, name)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.png"


def test_refusals_change_nothing(path):
    with IO.open(path, "w") as writer:
        with pytest.raises(OptionError):
            writer.add_asset("image:0", image(DATA.astype(np.int64)))
        with pytest.raises(UnsupportedError, match="images only"):
            writer.add_asset("text:0", BufferedTextAssetProvider.create("text:0", "hello"))
        with pytest.raises(TypeError):
            writer.add_asset("image:0", object())
        with pytest.raises(TypeError):
            writer.add_asset("image:0", image(), roles="data")
        writer.add_asset("image:0", image())
        with pytest.raises(OptionError, match="image:0"):
            writer.add_asset("image:0", image())
        with pytest.raises((OptionError, UnsupportedError)):
            writer.add_asset("image:1", image())
    assert np.array_equal(imread(path), DATA)


def test_an_asset_that_fails_half_way_spoils_the_file(path):
    class Broken(Wrapped):
        def get_block(self, row, column, level):
            if row == 6:
                raise LookupError("lost")
            return DATA[:, row * 100 : row * 100 + 100]

    with IO.open(path, "w") as writer:
        with pytest.raises(RuntimeError, match="lost"):
            writer.add_asset("image:0", Broken())
        assert "failed" in repr(writer)
        with pytest.raises(OptionError, match="cannot be completed"):
            writer.add_asset("image:1", image())
        with pytest.raises(OptionError, match="cannot be completed"):
            writer.close()
        writer.abort()
    assert list(path.parent.iterdir()) == []


def test_a_writer_that_is_forgotten_leaves_nothing(path):
    writer = IO.open(path, "w")
    writer.add_asset("image:0", image())
    del writer
    assert list(path.parent.iterdir()) == []


def test_cancelling_leaves_nothing(path):
    calls = []

    def progress(done, total):
        calls.append((done, total))
        return done < 1

    with pytest.raises(CancelledError):
        with IO.open(path, "w", threads=1, progress=progress) as writer:
            writer.add_asset("image:0", image())
    assert calls[-1][0] == 1 and list(path.parent.iterdir()) == []


@pytest.mark.parametrize("answer", [None, True, 0.5, "no", []], ids=repr)
def test_only_false_cancels(path, answer):
    with IO.open(path, "w", progress=lambda done, total: answer) as writer:
        writer.add_asset("image:0", image())
    assert path.exists()


def test_reading_reports_progress_and_can_be_cancelled(path):
    imsave(path, DATA)
    calls = []
    with IO.open(path, progress=lambda *call: calls.append((*call, threading.get_ident()))) as reader:
        reader.get_asset("image:0").read()
    assert calls[-1][0] == calls[-1][1] > 1 and {call[2] for call in calls} == {threading.get_ident()}
    with IO.open(path, progress=lambda done, total: False) as reader, pytest.raises(CancelledError):
        reader.get_asset("image:0").read()


def test_metadata_of_the_file_can_be_changed_set_and_refused(path):
    with IO.open(path, "w") as writer:
        assert len(writer.metadata) == 0
        writer.metadata["A"] = 1
        assert writer.metadata == {"A": 1}
        with pytest.raises(OptionError, match="B"):
            writer.metadata = {"B": object()}
        assert writer.metadata == {"A": 1}
        writer.metadata = {}
        writer.add_asset("image:0", image())


def test_a_warning_names_the_key_at_the_line_of_the_caller(path):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        imsave(path, DATA, metadata={"NO_SUCH_THING": 1})
    assert [entry.category for entry in seen] == [MetadataWarning]
    assert "NO_SUCH_THING" in str(seen[0].message) and seen[0].filename == __file__


def test_a_warning_that_is_made_an_error_aborts(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(MetadataWarning):
            imsave(path, DATA, metadata={"NO_SUCH_THING": 1})
    assert list(path.parent.iterdir()) == []


def test_one_writer_is_used_by_one_thread_at_a_time(path):
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Wrapped):
        def get_block(self, row, column, level):
            begun.set()
            go_on.wait(20)
            return DATA[:, row * 100 : row * 100 + 100]

    with IO.open(path, "w") as writer:
        thread = threading.Thread(target=writer.add_asset, args=("image:0", Slow()))
        thread.start()
        assert begun.wait(20)
        with pytest.raises(OptionError, match="at work"):
            writer.close()
        go_on.set()
        thread.join()
    assert np.array_equal(imread(path), DATA)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_signal_handler_that_raises_stops_the_write_of_an_array(path, threads):
    class Enough(Exception):
        pass

    def handler(number, frame):
        raise Enough

    data = np.broadcast_to(DATA[:, :500, None, :], (3, 500, 40, 300)).reshape(3, 20_000, 300)
    data = np.broadcast_to(data[None, :1, :, :], (20, 1, 20_000, 300)).transpose(1, 2, 0, 3).reshape(1, 20_000, 6000)
    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        begun = time.monotonic()
        with pytest.raises(Enough):
            imsave(path, data, threads=threads)
            pytest.skip("the write was done before the signal came")
        # 0.3 s until the signal, 0.3 s to notice it, and 0.6 s more for a busy machine.
        assert time.monotonic() - begun < 1.2
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert list(path.parent.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_an_open_image_works_after_fork(path):
    imsave(path, DATA)
    with IO.open(path) as reader:
        opened = reader.get_asset("image:0")
        opened.read()
        child = os.fork()
        if not child:
            os._exit(0 if np.array_equal(opened.read(threads=2), DATA) else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert np.array_equal(opened.read(), DATA)


def test_reading_from_many_threads_at_once(path):
    imsave(path, DATA)
    wrong = []
    with IO.open(path) as reader:
        opened = reader.get_asset("image:0")

        def read(number):
            for place in range(20):
                y = (number * 37 + place * 29) % 600
                if not np.array_equal(opened.read((0, y, 300, 100), threads=1 + place % 3), DATA[:, y : y + 100]):
                    wrong.append((number, place))

        threads = [threading.Thread(target=read, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_writing_from_many_threads_at_once(tmp_path):
    def write(number):
        target = io.BytesIO()
        imsave(target, DATA + number, format="png")
        results[number] = target

    results = {}
    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, target in results.items():
        target.seek(0)
        assert np.array_equal(imread(target), DATA + number)
    assert len(results) == 6
