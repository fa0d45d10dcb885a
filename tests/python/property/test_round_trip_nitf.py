"""NITF and NSIF: pixels survive writing and reading, for any shape, sample type, memory layout, byte order, block size and
interleave."""
import io
import os

import numpy as np
import pytest
from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider, PixelType, imread, imsave, tiles
from hypothesis import given, settings
from hypothesis import strategies as st
from testkit.arrays import PIXEL_TYPES, assert_same
from testkit.providers import GridProvider
from testkit.strategies import images, windows

SOME = settings(deadline=None, max_examples=150)
FEW = settings(deadline=None, max_examples=50)
NATIVE = tuple(name for name in PIXEL_TYPES.values() if name != "complex128")
BANDS = st.one_of(st.integers(1, 6), st.sampled_from([9, 10, 12]))
KINDS = st.sampled_from(["nitf", "nsif"])


@pytest.fixture(autouse=True, scope="module")
def a_clock_that_stands_still():
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = "1577880000"
    yield
    os.environ.pop("SOURCE_DATE_EPOCH") if before is None else os.environ.__setitem__("SOURCE_DATE_EPOCH", before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("round-trip")


@st.composite
def options(draw):
    """Metadata that control how an image is stored."""
    metadata = {"IC": draw(st.sampled_from(["NC", "NM"])), "IMODE": draw(st.sampled_from("BPRS"))}
    if draw(st.booleans()):
        metadata["NPPBH"], metadata["NPPBV"] = draw(st.integers(1, 80)), draw(st.integers(1, 80))
    return metadata


def stored(data, kind="nitf", **more):
    stream = io.BytesIO()
    imsave(stream, data, format=kind, **more)
    stream.seek(0)
    return stream


@SOME
@given(st.data())
def test_every_array_comes_back(folder, data):
    array = data.draw(images(dtypes=NATIVE, bands=BANDS))
    metadata, kind = data.draw(options()), data.draw(KINDS)
    assert_same(imread(stored(array, kind, metadata=metadata)), array)
    imsave(folder / "a.ntf", array, metadata=metadata)
    assert_same(imread(folder / "a.ntf"), array)


@SOME
@given(st.data())
def test_memory_layout_and_byte_order_never_reach_the_file(data):
    array = data.draw(images(dtypes=NATIVE, bands=BANDS))
    metadata = data.draw(options())
    plain = np.array(array, dtype=array.dtype.newbyteorder("="), order="C", copy=True)
    assert stored(array, metadata=metadata).getvalue() == stored(plain, metadata=metadata).getvalue()


@SOME
@given(st.data())
def test_windows_are_slices_of_the_whole(data):
    array = data.draw(images(dtypes=("uint8", "int16", "float64"), bands=BANDS))
    stream = stored(array, metadata=data.draw(options()))
    x, y, width, height = window = data.draw(windows(*array.shape[1:]))
    bands = data.draw(st.lists(st.integers(0, array.shape[0] - 1), min_size=1, max_size=4))
    assert_same(imread(stream, window=window, bands=bands), array[bands, y:y + height, x:x + width])


@FEW
@given(st.data())
def test_tiles_put_together_are_the_image(data):
    array = data.draw(images(dtypes=("uint8", "uint16"), bands=st.integers(1, 4)))
    stream = stored(array, metadata=data.draw(options()))
    size = data.draw(st.tuples(st.integers(1, 90), st.integers(1, 90)).filter(lambda s: s[0] * s[1] > 40))
    whole = np.zeros(array.shape, array.dtype.newbyteorder("="))
    for tile in tiles(stream, size):
        rows, cols = tile.data.shape[1:]
        whole[:, tile.y:tile.y + rows, tile.x:tile.x + cols] = tile.data
    assert_same(whole, array)


@SOME
@given(st.data())
def test_the_source_s_grid_never_reaches_the_file(folder, data):
    """An array, and a provider with any blocks (cropped or padded), produce the same bytes if the block size is given."""
    array = np.ascontiguousarray(data.draw(images(dtypes=NATIVE)))
    array = array.astype(array.dtype.newbyteorder("="))
    metadata = {"IC": "NC", "IMODE": data.draw(st.sampled_from("BPRS")), "NPPBH": data.draw(st.integers(1, 80)), "NPPBV": data.draw(st.integers(1, 80))}
    block = data.draw(st.tuples(st.integers(1, 140), st.integers(1, 140)).filter(lambda b: b[0] * b[1] > 60))
    lazy = GridProvider(array, block, metadata=metadata, padded=data.draw(st.booleans()))
    whole = BufferedImageAssetProvider.create(
        key=lazy.key, title=lazy.title, description=lazy.description, num_columns=array.shape[2], num_rows=array.shape[1],
        num_bands=array.shape[0], pixel_type=PixelType.from_numpy_dtype(array.dtype), metadata=BufferedMetadataProvider(metadata))
    whole.set_full_image(array)
    for name, provider in (("whole.ntf", whole), ("lazy.ntf", lazy)):
        with IO.open(folder / name, "w") as writer:
            writer.add_asset("image:0", provider, title="t", description="d", roles=["data"])
    assert (folder / "lazy.ntf").read_bytes() == (folder / "whole.ntf").read_bytes()
    assert_same(imread(folder / "lazy.ntf"), array)


@FEW
@given(st.data(), st.sampled_from([2, 3, 5, 16]))
def test_the_number_of_threads_never_reaches_the_file(data, threads):
    array = data.draw(images(dtypes=NATIVE, bands=st.sampled_from([1, 3]), sides=st.integers(1, 300)))
    metadata = data.draw(options())
    assert stored(array, threads=threads, metadata=metadata).getvalue() == stored(array, threads=1, metadata=metadata).getvalue()


@FEW
@given(st.data())
def test_blocks_are_the_slices_of_their_grid(folder, data):
    array = data.draw(images(dtypes=("uint8", "float64"), bands=st.integers(1, 3)))
    imsave(folder / "b.ntf", array, metadata=data.draw(options()))
    with IO.open(folder / "b.ntf") as reader:
        found = reader.get_asset("image:0")
        width, height = found.num_pixels_per_block_horizontal, found.num_pixels_per_block_vertical
        grid_rows, grid_cols = -(-array.shape[1] // height), -(-array.shape[2] // width)
        for row in range(grid_rows):
            for col in range(grid_cols):
                expected = array[:, row * height:(row + 1) * height, col * width:(col + 1) * width]
                assert_same(found.get_block(row, col, 0), expected, f"block {row}, {col}")
        for row, col in ((grid_rows, 0), (0, grid_cols)):
            with pytest.raises((IndexError, ValueError)):
                found.get_block(row, col, 0)


@FEW
@given(st.data())
def test_absent_blocks_stay_absent_and_present_ones_keep_their_pixels(folder, data):
    array = data.draw(images(dtypes=("uint8", "int16"), bands=st.integers(1, 3), sides=st.integers(20, 70)))
    array = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=")))
    grid = [(row, col) for row in range(-(-array.shape[1] // 16)) for col in range(-(-array.shape[2] // 16))]
    present = data.draw(st.sets(st.sampled_from(grid), min_size=1))

    class Sparse(GridProvider):
        def has_block(self, block_row, block_col, resolution_level=0):
            return (block_row, block_col) in present

    with IO.open(folder / "m.ntf", "w") as writer:
        writer.add_asset("image:0", Sparse(array, (16, 16), metadata={"IC": "NM", "IMODE": data.draw(st.sampled_from("BPRS"))}))
    with IO.open(folder / "m.ntf") as reader:
        found = reader.get_asset("image:0")
        assert {place for place in grid if found.has_block(*place, 0)} == present
        for row, col in present:
            assert_same(found.get_block(row, col, 0), array[:, row * 16:row * 16 + 16, col * 16:col * 16 + 16])
    expected = np.full(array.shape, 99, array.dtype)
    for row, col in present:
        expected[:, row * 16:row * 16 + 16, col * 16:col * 16 + 16] = array[:, row * 16:row * 16 + 16, col * 16:col * 16 + 16]
    assert_same(imread(folder / "m.ntf", fill_value=99), expected)


@FEW
@given(st.lists(st.tuples(st.sampled_from(["ZQWERT", "ZASDFG", "ZYXCVB"]), st.binary(min_size=1, max_size=300)), max_size=8))
def test_tres_of_any_bytes_come_back_in_order(folder, tres):
    metadata = BufferedMetadataProvider({"IC": "NC"})
    for tag, body in tres:
        metadata.append(tag, body)
    imsave(folder / "t.ntf", np.ones((1, 4, 4), np.uint8), metadata=metadata)
    with IO.open(folder / "t.ntf") as reader:
        found = reader.get_asset("image:0").metadata
        for tag in {tag for tag, _ in tres}:
            assert found.get_all(tag) == [body for name, body in tres if name == tag]
