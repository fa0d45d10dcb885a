"""Faults specific to NITF: masks, several images, texts and data in one file, and warnings in the middle of a write."""
import collections.abc
import io
import warnings

import numpy as np
import pytest
from aws.osml.io import (IO, BufferedDataAssetProvider, BufferedTextAssetProvider, Error, OsmlWarning, PaddingWarning, ProviderError, imread,
                         imsave)
from testkit.arrays import assert_same, image
from testkit.providers import GridProvider
from testkit.readers import listing

DATA = image((2, 200, 260), np.uint16)
GRID = [(row, col) for row in range(4) for col in range(5)]


@pytest.fixture(params=["ntf", "nsf"])
def untouched(request, tmp_path):
    path = tmp_path / f"a.{request.param}"
    imsave(path, DATA, compression="NC")
    before = path.read_bytes()
    yield path
    assert path.read_bytes() == before and listing(tmp_path) == [path.name]


class Masked(GridProvider):
    """Every second block exists; `answer(block number)` is the result of `has_block` or misbehaves."""

    def __init__(self, answer=lambda number: number % 2 == 0, metadata=None):
        super().__init__(DATA, (64, 64), metadata={"IC": "NM", **(metadata or {})})
        self.answer = answer

    def has_block(self, block_row, block_col, resolution_level=0):
        return self.answer(block_row * 5 + block_col)


def write(path, *providers, **options):
    with IO.open(path, "w", **options) as writer:
        for number, provider in enumerate(providers):
            writer.add_asset(f"image:{number}", provider)


def raising(error, at):
    def answer(number):
        if number == at:
            raise error
        return True

    return answer


@pytest.mark.parametrize("imode", "BPRS")
@pytest.mark.parametrize("k", [0, 7, 19])
def test_an_exception_of_has_block_at_block_k_is_the_one_reported(untouched, imode, k):
    original = LookupError(f"no index of block {k}")
    with pytest.raises(ProviderError, match=f"no index of block {k}") as caught:
        write(untouched, Masked(raising(original, k), {"IMODE": imode}), threads=2)
    assert caught.value.__cause__ is original


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_interrupts_of_has_block_pass_unchanged(untouched, error):
    original = error("enough")
    with pytest.raises(error) as caught:
        write(untouched, Masked(raising(original, 3)))
    assert caught.value is original


@pytest.mark.parametrize("value", ["yes", 1.5, [], object(), np.array([True, False])], ids=repr)
def test_an_answer_that_is_neither_yes_nor_no_is_an_error_or_python_s_truth(tmp_path, value):
    path = tmp_path / "a.ntf"
    try:
        write(path, Masked(lambda number: value))
    except (Error, TypeError, ValueError) as error:
        assert str(error) and listing(tmp_path) == []
    else:
        with IO.open(path) as reader:
            assert reader.get_asset("image:0").has_block(0, 0, 0) == bool(value)


@pytest.mark.parametrize("value", [True, np.True_, 1], ids=repr)
def test_usual_answers_of_has_block_are_taken(tmp_path, value):
    write(tmp_path / "a.ntf", Masked(lambda number: value))
    assert_same(imread(tmp_path / "a.ntf"), DATA)


def test_an_answer_that_changes_is_taken_once_or_refused(tmp_path):
    """The mask describes the written blocks, whatever `has_block` returns later."""
    calls = []

    def answer(number):
        calls.append(number)
        return calls.count(number) == 1

    path = tmp_path / "a.ntf"
    try:
        write(path, Masked(answer))
    except Error:
        assert listing(tmp_path) == []
        return
    with IO.open(path) as reader:
        found = reader.get_asset("image:0")
        for row, col in GRID:
            if found.has_block(row, col, 0):
                assert_same(found.get_block(row, col, 0), DATA[:, row * 64:row * 64 + 64, col * 64:col * 64 + 64])


class FailsLate(GridProvider):
    def get_block(self, *arguments, **options):
        if len(self.asked) == 11:
            raise ValueError("bad granule")
        return super().get_block(*arguments, **options)


def test_a_failure_in_the_second_image_leaves_the_target_as_it_was(untouched):
    with pytest.raises(ProviderError, match="bad granule"):
        write(untouched, GridProvider(DATA, (64, 64)), FailsLate(DATA, (64, 64)), GridProvider(DATA, (64, 64)))


def test_a_failure_after_texts_and_data_leaves_the_target_as_it_was(untouched):
    with pytest.raises(ProviderError, match="bad granule"):
        with IO.open(untouched, "w") as writer:
            writer.add_asset("text:0", BufferedTextAssetProvider.create("text:0", "hello"))
            writer.add_asset("data:0", BufferedDataAssetProvider.create("data:0", b"\0\1"))
            writer.add_asset("image:0", FailsLate(DATA, (64, 64)))


def test_a_failure_in_one_image_of_a_stream_is_reported_too():
    for make in (io.BytesIO, Pipe):
        with pytest.raises(ProviderError, match="bad granule"):
            with IO.open(make(), "w", "nitf") as writer:
                writer.add_asset("image:0", GridProvider(DATA, (64, 64)))
                writer.add_asset("image:1", FailsLate(DATA, (64, 64)))


class Pipe(io.RawIOBase):
    def writable(self):
        return True

    def seekable(self):
        return False

    def write(self, data):
        return len(data)


def test_absent_blocks_of_an_unmasked_image_are_announced(tmp_path):
    with pytest.warns(PaddingWarning):
        write(tmp_path / "a.ntf", Masked(metadata={"IC": "NC"}))
    found = imread(tmp_path / "a.ntf")
    for row, col in GRID:
        block = found[:, row * 64:row * 64 + 64, col * 64:col * 64 + 64]
        if (row * 5 + col) % 2 == 0:
            assert_same(block, DATA[:, row * 64:row * 64 + 64, col * 64:col * 64 + 64])
        else:
            assert not block.any()


@pytest.mark.parametrize("metadata", [{"IC": "NC"}, {"IC": "NC", "259": "x"}], ids=str)
def test_a_warning_that_is_made_an_error_aborts(untouched, metadata):
    with warnings.catch_warnings():
        warnings.simplefilter("error", OsmlWarning)
        with pytest.raises(OsmlWarning):
            write(untouched, Masked(metadata=metadata))


class Metadata(GridProvider):
    @property
    def metadata(self):
        raise ConnectionError("catalogue is down")

    @metadata.setter
    def metadata(self, value):
        pass


def test_metadata_that_cannot_be_had_are_an_error_not_nothing(untouched):
    with pytest.raises(Exception) as caught:
        write(untouched, Metadata(DATA, (64, 64)))
    assert isinstance(caught.value, ConnectionError) or isinstance(caught.value.__cause__, ConnectionError)


class Unreadable(collections.abc.Mapping):
    """A mapping whose `keys` raises."""

    def __getitem__(self, key):
        return "NC"

    def __len__(self):
        return 1

    def __iter__(self):
        raise OSError(5, "input/output error")


def test_a_mapping_that_raises_is_reported(untouched):
    provider = GridProvider(DATA, (64, 64))
    provider.metadata = Unreadable()
    with pytest.raises((OSError, Error)):
        write(untouched, provider)


def test_a_tre_that_holds_itself_is_an_error_not_a_hang(untouched):
    body = {"NUM_PTS": "0004"}
    body["POINT"] = [body]
    provider = GridProvider(DATA, (64, 64), metadata={"IC": "NC", "BNDPLB": body})
    with pytest.raises((Error, RecursionError)):
        write(untouched, provider)
