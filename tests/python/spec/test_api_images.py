"""Image assets: blocks, regions, Python protocols, and the buffered provider."""
import pickle

import numpy as np
import pytest
from aws.osml.io import IO, AssetType, BufferedImageAssetProvider, ImageAssetProvider, PixelType, imread, imsave
from testkit.arrays import PIXEL_TYPES, assert_same, image


@pytest.fixture
def opened(tmp_path, rgb):
    imsave(tmp_path / "a.tif", rgb, block_size=(128, 64))
    with IO.open(tmp_path / "a.tif") as reader:
        yield reader.get_asset("image:0"), rgb


def test_an_image_has_the_attributes_of_the_specification(opened):
    found, _ = opened
    assert isinstance(found, ImageAssetProvider)
    assert (found.num_rows, found.num_columns, found.num_bands) == (300, 500, 3)
    assert (found.num_bits_per_pixel, found.actual_bits_per_pixel) == (8, 8)
    assert found.pixel_value_type == PixelType.UInt8
    assert (found.num_pixels_per_block_horizontal, found.num_pixels_per_block_vertical) == (128, 64)
    assert found.num_resolution_levels == 1
    assert found.pad_pixel_value == 0
    assert found.asset_type == AssetType.Image


def test_shapes_are_bands_rows_columns(opened):
    found, data = opened
    assert tuple(found.shape) == tuple(found.image_shape) == data.shape
    assert found.ndim == 3 and found.dtype == data.dtype
    assert tuple(found.block_shape) == (3, 64, 128)
    assert tuple(found.block_grid_size) == (5, 4), "rows and columns of blocks"


def test_blocks_are_cropped_at_the_edges(opened):
    found, data = opened
    for row in range(5):
        for col in range(4):
            expected = data[:, row * 64:(row + 1) * 64, col * 128:(col + 1) * 128]
            assert found.has_block(row, col) and found.has_block(row, col, resolution_level=0)
            assert_same(found.get_block(row, col, resolution_level=0), expected, f"block {row}, {col}")
    assert_same(found.get_block(4, 3, 0, bands=[2, 0]), data[[2, 0], 256:, 384:])


@pytest.mark.parametrize("row,col", [(5, 0), (0, 4), (-1, 0), (0, -1), (10**6, 0), (2**31, 2**31)])
def test_a_block_out_of_range_is_an_index_error(opened, row, col):
    with pytest.raises((IndexError, ValueError)):
        opened[0].get_block(row, col, 0)


@pytest.mark.parametrize("call", [lambda i: i.get_block(0, 0, 1), lambda i: i.get_block(0, 0, -1), lambda i: i.get_block(0, 0, 0, bands=[3]),
                                  lambda i: i.read(resolution_level=3), lambda i: i.read(bands=[7]), lambda i: i.read(window=(500, 300, 1, 1))])
def test_levels_bands_and_windows_out_of_range_are_errors_not_zeros(opened, call):
    with pytest.raises((IndexError, ValueError)):
        call(opened[0])


def test_read_gives_regions_and_bands(opened):
    found, data = opened
    assert_same(found.read(), data)
    assert_same(found.read(window=(100, 50, 200, 100)), data[:, 50:150, 100:300])
    assert_same(found.read(window=(100, 50, 200, 100), bands=[1], threads=1), data[1:2, 50:150, 100:300])


def test_read_fills_an_array_of_the_caller(opened):
    found, data = opened
    out = np.full((3, 100, 200), 77, np.uint8)
    result = found.read(window=(100, 50, 200, 100), out=out)
    assert result is out
    assert_same(out, data[:, 50:150, 100:300])


def test_read_fills_a_strided_view_or_refuses_it(opened):
    found, data = opened
    backing = np.zeros((100, 200, 3), np.uint8)
    view = backing.transpose(2, 0, 1)
    try:
        found.read(window=(100, 50, 200, 100), out=view)
    except ValueError as error:
        assert "contiguous" in str(error)
        assert not backing.any()
    else:
        assert_same(view, data[:, 50:150, 100:300])


@pytest.mark.parametrize("out", [np.zeros((3, 10, 10), np.uint8), np.zeros((3, 300, 500), np.uint16), np.zeros((300, 500), np.uint8)],
                         ids=["shape", "dtype", "dimensions"])
def test_an_array_that_does_not_fit_is_refused_with_what_is_expected(opened, out):
    with pytest.raises((ValueError, TypeError), match="300|uint8"):
        opened[0].read(out=out)


def test_a_read_only_array_is_refused(opened):
    out = np.zeros((3, 300, 500), np.uint8)
    out.setflags(write=False)
    with pytest.raises((ValueError, TypeError)):
        opened[0].read(out=out)
    assert not out.any()


@pytest.mark.parametrize("key", [np.s_[:], np.s_[0], np.s_[-1], np.s_[:, 10:20, 30:40], np.s_[1, 10:20, 30:40], np.s_[..., 30:40],
                                 np.s_[0:2, 5, 6], np.s_[:, -10:, -20:], np.s_[2, 299, 499], np.s_[:, 10:10, :]], ids=str)
def test_indexing_is_numpy_s(opened, key):
    found, data = opened
    assert_same(np.asarray(found[key]), np.asarray(data[key]))


@pytest.mark.parametrize("key", [np.s_[3], np.s_[0, 300, 0], np.s_[0, 0, 500], np.s_[-4]], ids=str)
def test_an_index_out_of_range_is_an_index_error(opened, key):
    with pytest.raises(IndexError):
        opened[0][key]


def test_asarray_gives_all_pixels(opened):
    assert_same(np.asarray(opened[0]), opened[1])
    assert np.asarray(opened[0], dtype=np.float32).dtype == np.float32


def test_an_opened_image_pickles_and_reopens(opened):
    found, data = opened
    copy = pickle.loads(pickle.dumps(found))
    assert copy.key == found.key
    assert_same(copy.read(), data)


def test_an_image_outlives_a_closed_reader_or_raises(tmp_path, rgb):
    imsave(tmp_path / "a.tif", rgb)
    with IO.open(tmp_path / "a.tif") as reader:
        found = reader.get_asset("image:0")
    try:
        pixels = found.read()
    except (ValueError, OSError, RuntimeError) as error:
        assert "closed" in str(error)
    else:
        assert_same(pixels, rgb)


def test_overviews_read_by_level_or_are_refused(tmp_path, rgb):
    import tifffile

    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(np.moveaxis(rgb, 0, 2), photometric="rgb", tile=(64, 64))
        tif.write(np.moveaxis(rgb[:, ::2, ::2], 0, 2), photometric="rgb", tile=(64, 64), subfiletype=1)
    with IO.open(tmp_path / "a.tif") as reader:
        found = reader.get_asset("image:0")
        assert_same(reader.get_asset("image:0:overview:1").read(), rgb[:, ::2, ::2])
        if found.num_resolution_levels == 2:
            assert_same(found.read(resolution_level=1), rgb[:, ::2, ::2])
            assert_same(found.read(window=(10, 20, 30, 40), resolution_level=1), rgb[:, ::2, ::2][:, 20:60, 10:40])
        else:
            with pytest.raises((IndexError, ValueError)):
                found.read(resolution_level=1)


def buffered(data, **more):
    return BufferedImageAssetProvider.create(key="b", num_columns=data.shape[2], num_rows=data.shape[1], num_bands=data.shape[0],
                                             pixel_type=PixelType.from_numpy_dtype(data.dtype), **more)


def test_create_has_the_documented_defaults():
    made = BufferedImageAssetProvider.create("k")
    assert (made.key, made.num_columns, made.num_rows, made.num_bands) == ("k", 512, 512, 1)
    assert (made.num_pixels_per_block_horizontal, made.num_pixels_per_block_vertical) == (256, 256)
    assert made.pixel_value_type == PixelType.UInt8
    assert (made.num_bits_per_pixel, made.actual_bits_per_pixel) == (8, 8)


@pytest.mark.parametrize("name,dtype", PIXEL_TYPES.items())
def test_a_buffered_image_gives_back_its_pixels(name, dtype):
    data = image((2, 70, 90), dtype)
    made = buffered(data, block_width=32, block_height=64)
    assert made.num_bits_per_pixel == np.dtype(dtype).itemsize * 8
    made.set_full_image(data)
    assert_same(made.get_block(1, 2, 0), data[:, 64:, 64:])
    assert_same(made.read(), data)


def test_a_single_band_image_may_be_set_from_two_dimensions():
    data = image((1, 70, 90), np.uint8)
    made = buffered(data)
    made.set_full_image(data[0])
    assert_same(made.read(), data)


@pytest.mark.parametrize("wrong", [np.zeros((2, 70, 91), np.uint8), np.zeros((3, 70, 90), np.uint8), np.zeros((2, 70, 90), np.uint16),
                                   np.zeros((70, 90), np.uint8)], ids=["columns", "bands", "dtype", "dimensions"])
def test_an_image_of_the_wrong_shape_or_dtype_is_refused_naming_the_expected(wrong):
    made = buffered(np.zeros((2, 70, 90), np.uint8))
    with pytest.raises((ValueError, TypeError), match="uint8|70"):
        made.set_full_image(wrong)


@pytest.mark.parametrize("padded", [False, True], ids=["cropped", "padded"])
def test_blocks_may_be_set_one_by_one(tmp_path, padded):
    data = image((2, 70, 90), np.int16)
    made = buffered(data, block_width=64, block_height=64)
    for row in range(2):
        for col in range(2):
            block = data[:, row * 64:(row + 1) * 64, col * 64:(col + 1) * 64]
            if padded:
                block = np.pad(block, [(0, 0), (0, 64 - block.shape[1]), (0, 64 - block.shape[2])])
            made.set_block(row, col, block)
    with IO.open(tmp_path / "a.tif", "w") as writer:
        writer.add_asset("image:0", made)
    assert_same(imread(tmp_path / "a.tif"), data)


@pytest.mark.parametrize("row,col,block", [(0, 0, np.zeros((2, 63, 64), np.int16)), (0, 0, np.zeros((2, 64, 64), np.uint16)),
                                           (2, 0, np.zeros((2, 64, 64), np.int16)), (0, -1, np.zeros((2, 64, 64), np.int16))],
                         ids=["shape", "dtype", "row", "column"])
def test_a_block_that_does_not_fit_is_refused(row, col, block):
    made = buffered(np.zeros((2, 70, 90), np.int16), block_width=64, block_height=64)
    with pytest.raises((ValueError, TypeError, IndexError)):
        made.set_block(row, col, block)


def test_blocks_never_set_are_absent():
    made = buffered(np.zeros((1, 128, 128), np.uint8), block_width=64, block_height=64)
    made.set_block(0, 1, np.ones((1, 64, 64), np.uint8))
    assert [made.has_block(r, c) for r in (0, 1) for c in (0, 1)] == [False, True, False, False]


def test_a_large_image_is_referred_to_not_copied():
    data = np.zeros((1, 4096, 4096), np.uint8)
    made = buffered(data)
    made.set_full_image(data)
    data[0, 5, 6] = 9
    assert made.get_block(0, 0, 0)[0, 5, 6] == 9


@pytest.mark.parametrize("size", [dict(num_columns=0), dict(num_rows=0), dict(num_bands=0), dict(num_columns=-1), dict(block_width=0),
                                  dict(block_height=-5), dict(num_rows=2.5), dict(num_rows=float("nan")), dict(num_columns=None)], ids=str)
def test_impossible_sizes_are_refused_at_creation(size):
    with pytest.raises((ValueError, TypeError, OverflowError)):
        BufferedImageAssetProvider.create(key="k", **size)
