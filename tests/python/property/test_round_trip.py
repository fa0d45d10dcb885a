"""Pixels survive writing and reading: any shape, sample type, memory layout, byte order, compression and grid."""
import io

import numpy as np
import pytest
from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider, PixelType, imread, imsave, tiles
from hypothesis import given, settings
from hypothesis import strategies as st
from testkit.arrays import PIXEL_TYPES, assert_same
from testkit.providers import GridProvider
from testkit.readers import tiff_tags
from testkit.strategies import images, tiff_options, windows

SOME = settings(deadline=None, max_examples=150)
FEW = settings(deadline=None, max_examples=50)
NATIVE = tuple(PIXEL_TYPES.values())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("round-trip")


def stored(data, **options):
    stream = io.BytesIO()
    imsave(stream, data, **options)
    stream.seek(0)
    return stream


@SOME
@given(st.data())
def test_tiff_gives_back_every_array(folder, data):
    array = data.draw(images())
    compression, metadata = data.draw(tiff_options(array.dtype, array.shape[1]))
    imsave(folder / "a.tif", array, compression=compression, metadata=metadata)
    assert_same(imread(folder / "a.tif"), array)
    assert_same(imread(stored(array, format="tiff", compression=compression, metadata=metadata)), array)


@SOME
@given(images(dtypes=("uint8", "uint16"), bands=st.integers(1, 4)))
def test_png_gives_back_every_array(array):
    assert_same(imread(stored(array, format="png")), array)


@SOME
@given(images(dtypes=("uint8",), bands=st.sampled_from([1, 3])), st.integers(1, 100))
def test_jpeg_gives_back_every_shape_and_the_same_pixels_for_every_layout(array, quality):
    found = imread(stored(array, format="jpeg", quality=quality))
    assert found.shape == array.shape and found.dtype == np.uint8
    plain = np.ascontiguousarray(array.astype(np.uint8))
    assert stored(array, format="jpeg", quality=quality).getvalue() == stored(plain, format="jpeg", quality=quality).getvalue()


@SOME
@given(st.data())
def test_memory_layout_and_byte_order_never_reach_the_file(data):
    array = data.draw(images())
    compression, metadata = data.draw(tiff_options(array.dtype, array.shape[1]))
    plain = np.array(array, dtype=array.dtype.newbyteorder("="), order="C", copy=True)
    options = dict(format="tiff", compression=compression, metadata=metadata)
    assert stored(array, **options).getvalue() == stored(plain, **options).getvalue()


@SOME
@given(st.data())
def test_windows_are_slices_of_the_whole(data):
    kind = data.draw(st.sampled_from(["tiff", "png", "jpeg"]))
    array = data.draw(images(dtypes=("uint8",), bands=st.sampled_from([1, 3])))
    options = {}
    if kind == "tiff":
        options["compression"], options["metadata"] = data.draw(tiff_options(array.dtype, array.shape[1]))
    stream = stored(array, format=kind, **options)
    whole = imread(stream)
    x, y, width, height = window = data.draw(windows(*array.shape[1:]))
    bands = data.draw(st.lists(st.integers(0, array.shape[0] - 1), min_size=1, max_size=4))
    stream.seek(0)
    assert_same(imread(stream, window=window, bands=bands), whole[bands, y:y + height, x:x + width])


@FEW
@given(st.data())
def test_tiles_put_together_are_the_image(folder, data):
    kind = data.draw(st.sampled_from(["tif", "png"]))
    array = data.draw(images(dtypes=("uint8", "uint16"), bands=st.integers(1, 4)))
    imsave(folder / f"t.{kind}", array)
    size = data.draw(st.tuples(st.integers(1, 90), st.integers(1, 90)).filter(lambda s: s[0] * s[1] > 40))
    overlap = data.draw(st.tuples(st.integers(0, size[0] - 1), st.integers(0, size[1] - 1)).filter(
        lambda o: (size[0] - o[0]) * (size[1] - o[1]) > 20))
    whole = np.zeros(array.shape, array.dtype.newbyteorder("="))
    seen = np.zeros(array.shape[1:], bool)
    for tile in tiles(folder / f"t.{kind}", size, overlap=overlap):
        rows, cols = tile.data.shape[1:]
        assert rows <= size[1] and cols <= size[0]
        whole[:, tile.y:tile.y + rows, tile.x:tile.x + cols] = tile.data
        seen[tile.y:tile.y + rows, tile.x:tile.x + cols] = True
    assert seen.all()
    assert_same(whole, array)


@SOME
@given(st.data())
def test_the_source_s_grid_never_reaches_the_file(folder, data):
    """An array, a provider with any blocks (cropped or padded), and a file give the same bytes."""
    array = np.ascontiguousarray(data.draw(images(dtypes=NATIVE)))
    array = array.astype(array.dtype.newbyteorder("="))
    compression, metadata = data.draw(tiff_options(array.dtype, array.shape[1]))
    metadata = {**metadata, "259": compression}
    block = data.draw(st.tuples(st.integers(1, 140), st.integers(1, 140)).filter(lambda b: b[0] * b[1] > 60))
    lazy = GridProvider(array, block, metadata=metadata, padded=data.draw(st.booleans()))
    whole = BufferedImageAssetProvider.create(
        key=lazy.key, title=lazy.title, description=lazy.description, num_columns=array.shape[2], num_rows=array.shape[1],
        num_bands=array.shape[0], pixel_type=PixelType.from_numpy_dtype(array.dtype), metadata=BufferedMetadataProvider(metadata))
    whole.set_full_image(array)
    for name, provider in (("whole.tif", whole), ("lazy.tif", lazy)):
        with IO.open(folder / name, "w") as writer:
            writer.add_asset("image:0", provider, title="t", description="d", roles=["data"])
    assert (folder / "lazy.tif").read_bytes() == (folder / "whole.tif").read_bytes()
    assert_same(imread(folder / "lazy.tif"), array)


@FEW
@given(st.data(), st.sampled_from([2, 3, 5, 16]))
def test_the_number_of_threads_never_reaches_the_file(data, threads):
    kind = data.draw(st.sampled_from(["tiff", "png", "jpeg"]))
    dtypes = {"tiff": tuple(NATIVE), "png": ("uint8", "uint16"), "jpeg": ("uint8",)}[kind]
    array = data.draw(images(dtypes=dtypes, bands=st.sampled_from([1, 3]), sides=st.integers(1, 400)))
    options = {}
    if kind == "tiff":
        options["compression"], options["metadata"] = data.draw(tiff_options(array.dtype, array.shape[1]))
    assert stored(array, format=kind, threads=threads, **options).getvalue() == stored(array, format=kind, threads=1, **options).getvalue()


@FEW
@given(st.data())
def test_blocks_are_the_slices_of_their_grid(folder, data):
    array = data.draw(images(dtypes=("uint8", "float64"), bands=st.integers(1, 3)))
    compression, metadata = data.draw(tiff_options(array.dtype, array.shape[1]))
    imsave(folder / "b.tif", array, compression=compression, metadata=metadata)
    with IO.open(folder / "b.tif") as reader:
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


TAG_VALUES = st.one_of(
    st.integers(-(2**31), 2**32 - 1), st.floats(allow_nan=False), st.binary(min_size=1, max_size=40),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40),
    st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=9), st.lists(st.floats(allow_nan=False), min_size=2, max_size=9))


@FEW
@given(st.dictionaries(st.integers(65000, 65400), TAG_VALUES, max_size=6))
def test_private_tags_of_any_value_come_back(folder, tags):
    metadata = {str(tag): value for tag, value in tags.items()}
    imsave(folder / "p.tif", np.zeros((1, 4, 4), np.uint8), metadata=metadata)
    with IO.open(folder / "p.tif") as reader:
        found = reader.get_asset("image:0").metadata
        for tag, value in metadata.items():
            assert found[tag] == value, f"tag {tag}"
    independent = tiff_tags(folder / "p.tif")
    for tag, value in tags.items():
        if isinstance(value, (int, list)):
            assert independent[tag] == (tuple(value) if isinstance(value, list) else value), f"tag {tag}"


@FEW
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.one_of(st.integers(), st.text(), st.binary(), st.lists(st.integers())))))
def test_metadata_behaves_as_a_list_of_pairs_grouped_by_key(pairs):
    made = BufferedMetadataProvider()
    for key, value in pairs:
        made.append(key, value)
    groups = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    assert {key: made.get_all(key) for key in groups} == groups
    assert {key: made[key] for key in made} == {key: values[0] for key, values in groups.items()}
    copy = BufferedMetadataProvider(source=made)
    assert {key: copy.get_all(key) for key in groups} == groups
