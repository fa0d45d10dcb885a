"""Images in plain Python as input of the writer."""

import sys

import numpy as np
import pytest
from aws.osml.io import IO, BufferedMetadataProvider, OptionError, ProviderError, imread

DATA = np.random.default_rng(2).integers(0, 256, (3, 70, 90)).astype(np.uint8)


class Duck:
    """`DATA` in blocks of 32 × 16."""

    key = title = description = "duck"
    num_rows, num_columns, num_bands = 70, 90, 3
    num_bits_per_pixel = actual_bits_per_pixel = 8
    pixel_value_type = "uint8"
    num_pixels_per_block_horizontal, num_pixels_per_block_vertical = 32, 16
    num_resolution_levels = 1
    pad_pixel_value = 0

    def get_block(self, row, column, level):
        return DATA[:, row * 16 : row * 16 + 16, column * 32 : column * 32 + 32]


def written(provider, path, **more):
    with IO.open(path, "w", "png", **more) as writer:
        writer.add_asset("image:0", provider)
    return imread(path)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_provider_that_fills_one_array_again_and_again(tmp_path, threads):
    class Reusing(Duck):
        buffer = np.zeros((3, 16, 32), np.uint8)

        def get_block(self, row, column, level):
            block = super().get_block(row, column, level)
            self.buffer[:, : block.shape[1], : block.shape[2]] = block
            return self.buffer

    class ReusingView(Reusing):
        def get_block(self, row, column, level):
            return super().get_block(row, column, level)[:]

    for kind in (Reusing, ReusingView):
        assert np.array_equal(written(kind(), tmp_path / "a", threads=threads), DATA)


@pytest.mark.parametrize(
    "change",
    [
        lambda block: block.copy(),
        lambda block: block.astype(np.int16).astype(np.uint8)[:, :, :],
        lambda block: np.ascontiguousarray(np.moveaxis(block, 0, 2)).transpose(2, 0, 1),
        lambda block: np.pad(block, [(0, 0), (0, 16 - block.shape[1]), (0, 32 - block.shape[2])]),
    ],
    ids=["copy", "view of a temporary", "chunky", "padded"],
)
def test_blocks_of_any_layout(tmp_path, change):
    class Changing(Duck):
        def get_block(self, *place):
            return change(super().get_block(*place))

    assert np.array_equal(written(Changing(), tmp_path / "a"), DATA)


def test_a_single_band_may_come_without_its_axis(tmp_path):
    class Grey(Duck):
        num_bands = 1

        def get_block(self, *place):
            return super().get_block(*place)[1]

    assert np.array_equal(written(Grey(), tmp_path / "a"), DATA[1:2])


def test_block_size_zero_is_the_whole_image(tmp_path):
    class Whole(Duck):
        num_pixels_per_block_horizontal = num_pixels_per_block_vertical = 0

        def get_block(self, row, column, level):
            assert (row, column, level) == (0, 0, 0)
            return DATA

    assert np.array_equal(written(Whole(), tmp_path / "a"), DATA)


@pytest.mark.parametrize(
    "name, value",
    [
        *[("num_rows", value) for value in (0, -1, 1.5, float("nan"), float("inf"), "70", None, 2**32, 2**80)],
        ("num_columns", np.nan),
        ("num_bands", 0),
        ("num_pixels_per_block_vertical", -16),
        ("num_bits_per_pixel", 9),
        ("actual_bits_per_pixel", 0),
        ("num_resolution_levels", 0),
        ("pixel_value_type", "rgb"),
        ("pixel_value_type", np.dtype("U3")),
        ("pad_pixel_value", 256),
        ("pad_pixel_value", "0"),
    ],
)
def test_an_impossible_attribute_is_refused_by_name_and_the_writer_goes_on(tmp_path, name, value):
    wrong = Duck()
    setattr(wrong, name, value)
    with IO.open(tmp_path / "a", "w", "png") as writer:
        with pytest.raises(OptionError, match=name if name != "pixel_value_type" else "pixel type"):
            writer.add_asset("wrong", wrong)
        writer.add_asset("image:0", Duck())
    assert np.array_equal(imread(tmp_path / "a"), DATA)


@pytest.mark.parametrize("value", [70.0, np.uint16(70), np.float32(70)], ids=repr)
def test_sizes_may_be_any_whole_number(tmp_path, value):
    provider = Duck()
    provider.num_rows = value
    assert np.array_equal(written(provider, tmp_path / "a"), DATA)


@pytest.mark.parametrize(
    "block, reason",
    [
        (None, r"get_block\(1, 2\).*None"),
        (DATA[:2, :16, :26], r"\(1, 2\).*\(2, 16, 26\).*\(3, 16, 26\)"),
        (DATA[:, :15, :26], r"\(1, 2\)"),
        (DATA[:, :16, :26].astype(np.uint16), r"\(1, 2\).*uint16.*uint8"),
        (DATA[0, :16, :26], r"\(1, 2\)"),
        (np.zeros((3, 16, 26), "U1"), r"get_block\(1, 2\)"),
        ("text", r"get_block\(1, 2\)"),
        ([[1, 2], [3]], r"get_block\(1, 2\)"),
        (np.zeros((3, 0, 26), np.uint8), r"get_block\(1, 2\)"),
    ],
    ids=["None", "bands", "rows", "dtype", "axes", "text dtype", "text", "ragged", "empty"],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_wrong_block_is_named_with_what_is_expected(tmp_path, block, reason, threads):
    class Wrong(Duck):
        def get_block(self, row, column, level):
            return block if (row, column) == (1, 2) else super().get_block(row, column, level)

    with pytest.raises(OptionError, match=reason):
        written(Wrong(), tmp_path / "a", threads=threads)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", ["get_block", "has_block"])
def test_an_exception_becomes_a_provider_error_with_its_cause(tmp_path, method):
    original = ZeroDivisionError("the sensor was off")

    class Broken(Duck):
        pass

    def fail(*place):
        raise original

    setattr(Broken, method, staticmethod(fail))
    with pytest.raises(ProviderError, match=rf"{method}\(0, 0\).*the sensor was off") as caught:
        written(Broken(), tmp_path / "a")
    assert caught.value.__cause__ is original and isinstance(caught.value, RuntimeError)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_programs_do_not_catch_goes_through_unchanged(tmp_path, kind):
    original = kind("stop")

    class Stopping(Duck):
        def get_block(self, *place):
            raise original

    with pytest.raises(kind) as caught:
        written(Stopping(), tmp_path / "a")
    assert caught.value is original and list(tmp_path.iterdir()) == []


def test_a_property_that_fails_is_an_error_with_its_cause(tmp_path):
    class Failing(Duck):
        @property
        def num_rows(self):
            raise LookupError("no header")

    with pytest.raises(LookupError, match="no header"):
        written(Failing(), tmp_path / "a")


def test_the_writer_may_not_be_used_from_inside_of_a_provider(tmp_path):
    seen = []

    class Inside(Duck):
        def get_block(self, *place):
            for call in (lambda: writer.add_asset("b", Duck()), writer.close, writer.abort):
                with pytest.raises(OptionError, match="at work"):
                    call()
            seen.append(place)
            return super().get_block(*place)

    with IO.open(tmp_path / "a", "w", "png") as writer:
        writer.add_asset("image:0", Inside())
    assert seen and np.array_equal(imread(tmp_path / "a"), DATA)


def test_nothing_of_a_provider_is_kept(tmp_path):
    provider, metadata = Duck(), BufferedMetadataProvider()
    provider.metadata = metadata
    before = sys.getrefcount(provider), sys.getrefcount(metadata)
    written(provider, tmp_path / "a", threads=2)
    assert (sys.getrefcount(provider), sys.getrefcount(metadata)) == before
