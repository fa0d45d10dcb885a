"""Streams as files."""

import gzip
import io
import os
import pickle
import threading

import numpy as np
import pytest
from aws.osml.io import IO, FormatError, OptionError, imread, imsave, tiles

DATA = np.random.default_rng(3).integers(0, 256, (3, 80, 90)).astype(np.uint8)


STARTS = {"png": b"\x89PNG", "tiff": b"II", "nitf": b"NITF02.10", "nsif": b"NSIF01.0"}


@pytest.fixture(params=list(STARTS))
def kind(request, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1577880000")
    return request.param


def save(stream, kind):
    imsave(stream, DATA, format=kind, compression="none" if kind in ("nitf", "nsif") else None)


@pytest.fixture
def stored(kind):
    stream = io.BytesIO()
    save(stream, kind)
    return stream.getvalue()


class Plain:
    """A stream that is not of a class of `io`."""

    def __init__(self, content=b""):
        self._stream = io.BytesIO(content)
        for name in ("read", "write", "seek", "tell"):
            setattr(self, name, getattr(self._stream, name))


class Pipe(io.RawIOBase):
    """A stream that cannot seek, and reads and writes little at a time."""

    def __init__(self, content=b""):
        self.content, self.place = bytearray(content), 0

    def readable(self):
        return True

    writable = readable

    def read(self, size=-1):
        size = len(self.content) if size < 0 else min(size, 1000)
        self.place += size
        return bytes(self.content[self.place - size : self.place])

    def write(self, data):
        self.content += data[:333]
        return len(data[:333])


@pytest.mark.parametrize("make", [io.BytesIO, Plain, Pipe, lambda b: io.BufferedReader(io.BytesIO(b))])
def test_any_stream_is_read(stored, make):
    assert np.array_equal(imread(make(stored)), DATA)
    assert np.array_equal(imread(make(stored), threads=3), DATA)
    found = [tile.data for tile in tiles(make(stored), (90, 33))]
    assert np.array_equal(np.concatenate(found, 1), DATA)


@pytest.mark.parametrize("make", [io.BytesIO, Plain])
def test_a_file_begins_where_the_stream_stands(stored, make):
    stream = make(b"head" + stored)
    stream.seek(4)
    assert np.array_equal(imread(stream), DATA)


def test_a_stream_at_its_end_holds_no_file(stored):
    stream = io.BytesIO(stored)
    stream.read()
    with pytest.raises(FormatError):
        imread(stream)


def test_a_bytes_io_may_be_changed_while_its_image_is_read(stored):
    stream = io.BytesIO(stored)
    with IO.open(stream) as reader:
        image = reader.get_asset("image:0")
        stream.write(bytes(len(stored)))
        stream.truncate(0)
        assert np.array_equal(image.read(), DATA)


def test_a_stream_that_can_seek_is_patched_in_place(kind):
    stream = io.BytesIO(b"headtail")
    stream.seek(4)
    save(stream, kind)
    assert stream.getvalue().startswith(b"head" + STARTS[kind]) and not stream.closed
    stream.seek(4)
    assert np.array_equal(imread(stream), DATA)


def test_a_stream_that_cannot_seek_gets_everything_in_order(stored, kind):
    pipe = Pipe()
    save(pipe, kind)
    assert bytes(pipe.content) == stored


def appending(path):
    return path.open("ab")


def unbuffered(path):
    return path.open("ab", buffering=0)


def by_descriptor(path):
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND), "wb")


@pytest.mark.parametrize("opened", [appending, unbuffered, by_descriptor])
def test_a_file_opened_for_appending_gets_the_file_at_its_end(tmp_path, stored, kind, opened):
    path = tmp_path / "a"
    path.write_bytes(b"head")
    with opened(path) as stream:
        save(stream, kind)
    assert path.read_bytes() == b"head" + stored


def test_a_stream_that_refuses_to_go_back_gets_everything_in_order(tmp_path, stored, kind):
    path = tmp_path / "a.gz"
    with gzip.open(path, "wb") as stream:
        assert stream.seekable()
        save(stream, kind)
    with gzip.open(path) as stream:
        assert stream.read() == stored
    with gzip.open(path) as stream:
        assert np.array_equal(imread(stream), DATA)


@pytest.mark.parametrize("options", [{}, {"buffering": 0}])
def test_a_file_opened_for_writing_is_patched_in_place(tmp_path, stored, kind, options):
    path = tmp_path / "a"
    with path.open("w+b", **options) as stream:
        stream.write(b"head")
        save(stream, kind)
    assert path.read_bytes() == b"head" + stored


@pytest.mark.parametrize("method", ["read", "seek", "tell"])
def test_an_exception_of_a_stream_goes_through_unchanged(stored, method):
    original = LookupError("the line went dead")
    stream = Plain(stored)

    def fail(*arguments):
        raise original

    setattr(stream, method, fail)
    with pytest.raises(LookupError) as caught:
        imread(stream)
    assert caught.value is original


@pytest.mark.parametrize("error", [OSError(28, "no space"), KeyboardInterrupt(), ValueError("closed")], ids=repr)
def test_an_exception_while_writing_goes_through_unchanged(error, kind):
    class Full(Plain):
        def __init__(self):
            super().__init__()
            self.write = self.fail

        def fail(self, data):
            raise error

    with pytest.raises(type(error)) as caught:
        save(Full(), kind)
    assert caught.value is error


def test_text_streams_are_refused():
    with pytest.raises(TypeError):
        imsave(io.StringIO(), DATA, format="png")
    with pytest.raises((TypeError, OptionError)):
        imread(io.StringIO("text"))


def test_a_stream_that_shrinks_is_an_error(stored):
    stream = Plain(stored)
    with IO.open(stream) as reader:
        image = reader.get_asset("image:0")
        stream._stream.truncate(200)
        with pytest.raises(FormatError):
            image.read()


def test_what_was_opened_from_a_stream_does_not_pickle(stored):
    with IO.open(io.BytesIO(stored)) as reader:
        for thing in (reader, reader.get_asset("image:0")):
            with pytest.raises(TypeError, match="pickle"):
                pickle.dumps(thing)


class Noted(Plain):
    """A stream that records the threads that read it, and the number of reads."""

    def __init__(self, content):
        super().__init__(content)
        self.threads, self.count, self.read = set(), 0, self.note

    def note(self, size=-1):
        self.threads.add(threading.get_ident())
        self.count += 1
        return self._stream.read(size)


@pytest.mark.parametrize(("form", "settings"), [("tiff", {"compression": "deflate"}), ("nitf", {"compression": "none"})])
def test_the_calling_thread_reads_a_stream_in_few_requests_while_others_decode(form, settings):
    stream = io.BytesIO()
    imsave(stream, DATA, format=form, block_size=(16, 16), **settings)
    counts = []
    for threads in (1, 2, 4):
        noted, seen = Noted(stream.getvalue()), []
        with IO.open(noted, threads=threads, progress=lambda *call, seen=seen: seen.append(call)) as reader:
            image, opened = reader[reader.get_asset_keys()[0]], noted.count
            assert np.array_equal(image.read(), DATA)
        assert seen == [(done, 30) for done in range(1, 31)]
        assert noted.threads == {threading.get_ident()}
        counts.append(noted.count - opened)
    # Two blocks for each thread are read at once; the tables of the file take up to three reads before the first.
    assert all(count <= blocks + 3 for count, blocks in zip(counts, (15, 8, 4), strict=True)), counts
