"""The one-liners that read: `imread`, `iminfo`, `tiles`."""
import io
import os

import numpy as np
import pytest
from aws.osml.io import Error, IO, ImageInfo, Tile, iminfo, imread, imsave, tiles
from testkit.arrays import DTYPES, assert_same, image

ROWS, COLS = 300, 500


@pytest.fixture(params=["tif", "png", "ntf"])
def saved(request, tmp_path, rgb):
    path = tmp_path / f"a.{request.param}"
    imsave(path, rgb, compression="NC" if request.param == "ntf" else None)
    return path, rgb


@pytest.mark.parametrize("spelling", [str, os.fspath, lambda p: p], ids=["str", "fspath", "Path"])
def test_imread_takes_any_path(saved, spelling):
    path, data = saved
    assert_same(imread(spelling(path)), data)


def test_imread_reads_streams_and_leaves_them_open(saved):
    path, data = saved
    stream = io.BytesIO(path.read_bytes())
    assert_same(imread(stream), data)
    assert not stream.closed
    with open(path, "rb") as file:
        assert_same(imread(file), data)
        assert not file.closed


def test_imread_reads_streams_that_cannot_seek(saved):
    path, data = saved
    read, write = os.pipe()
    import threading

    def feed():
        with os.fdopen(write, "wb") as sink:
            sink.write(path.read_bytes())

    feeder = threading.Thread(target=feed)
    feeder.start()
    with os.fdopen(read, "rb") as stream:
        assert not stream.seekable()
        assert_same(imread(stream), data)
    feeder.join()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["<", ">"])
def test_imread_gives_native_byte_order_whatever_the_file_has(tmp_path, dtype, order):
    import tifffile

    data = image((2, 20, 30), dtype)
    tifffile.imwrite(tmp_path / "a.tif", data, byteorder=order, planarconfig="separate", photometric="minisblack")
    found = imread(tmp_path / "a.tif")
    assert found.dtype.isnative
    assert_same(found, data)


@pytest.mark.parametrize("window", [(0, 0, 500, 300), (0, 0, 1, 1), (499, 299, 1, 1), (250, 250, 20, 20), (255, 3, 2, 290),
                                    (100, 200, 300, 50)])
def test_a_window_is_x_y_width_height(saved, window):
    path, data = saved
    x, y, width, height = window
    assert_same(imread(path, window=window), data[:, y:y + height, x:x + width])


@pytest.mark.parametrize("window,clipped", [((400, 200, 500, 500), (400, 200, 500, 300)), ((-10, -20, 30, 40), (0, 0, 20, 20)),
                                            ((-5, 0, 10_000, 10_000), (0, 0, 500, 300))])
def test_a_window_is_clipped_to_the_image(saved, window, clipped):
    path, data = saved
    x0, y0, x1, y1 = clipped
    assert_same(imread(path, window=window), data[:, y0:y1, x0:x1])


@pytest.mark.parametrize("window", [(500, 0, 10, 10), (0, 300, 10, 10), (-10, 0, 10, 10), (0, 0, 0, 5), (0, 0, 5, 0),
                                    (0, 0, -5, 5), (10_000, 10_000, 1, 1)])
def test_an_empty_window_is_a_value_error(saved, window):
    with pytest.raises(ValueError):
        imread(saved[0], window=window)


@pytest.mark.parametrize("window", [(0, 0, 5), (0, 0, 5, 5, 5), "abcd", (0.5, 0, 5, 5), (0, 0, None, 5), 7])
def test_a_malformed_window_is_refused(saved, window):
    with pytest.raises((ValueError, TypeError)):
        imread(saved[0], window=window)


@pytest.mark.parametrize("bands", [[0], [2, 0], [1, 1], (0, 1, 2), [2, 1, 0], range(1, 3)])
def test_bands_are_chosen_in_the_order_given(saved, bands):
    path, data = saved
    assert_same(imread(path, bands=bands), data[list(bands)])
    assert_same(imread(path, bands=bands, window=(10, 20, 30, 40)), data[list(bands), 20:60, 10:40])


@pytest.mark.parametrize("bands", [[3], [0, 99], [-4]])
def test_a_band_out_of_range_is_an_error_not_zeros(saved, bands):
    with pytest.raises((IndexError, ValueError)):
        imread(saved[0], bands=bands)


@pytest.mark.parametrize("level", [1, 99, -1])
def test_a_resolution_level_out_of_range_is_an_error(saved, level):
    with pytest.raises((IndexError, ValueError)):
        imread(saved[0], resolution_level=level)


def test_an_asset_is_named_by_its_key(tmp_path):
    import tifffile

    one, two = image((1, 20, 30), np.uint8), image((1, 40, 10), np.uint16)
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(one[0])
        tif.write(two[0])
    assert_same(imread(tmp_path / "a.tif"), one)
    assert_same(imread(tmp_path / "a.tif", asset="image:1"), two)
    with pytest.raises(KeyError, match="image:1"):
        imread(tmp_path / "a.tif", asset="image:2")


def test_the_default_asset_is_the_first_data_image(tmp_path):
    import tifffile

    mask, data = np.ones((20, 30), np.uint8), image((1, 20, 30), np.uint8)
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(mask, subfiletype=1)
        tif.write(data[0])
    assert_same(imread(tmp_path / "a.tif"), data)


def test_absent_blocks_become_the_fill_value(tmp_path):
    from testkit.providers import GridProvider

    class Half(GridProvider):
        def has_block(self, block_row, block_col, resolution_level=0):
            return block_col == 0

    data = image((1, 64, 128), np.int16)
    with IO.open([tmp_path / "a.tif"], "w") as writer:
        writer.add_asset("image:0", Half(data, (64, 64), metadata={"322": 64, "323": 64}))
    expected = data.copy()
    for fill in (0, -5):
        expected[:, :, 64:] = fill
        assert_same(imread(tmp_path / "a.tif", fill_value=fill), expected)
    assert_same(imread(tmp_path / "a.tif", fill_value=-5, window=(60, 0, 8, 2)), expected[:, :2, 60:68])


@pytest.mark.parametrize("threads", [1, 2, 5, None])
def test_the_number_of_threads_does_not_change_the_pixels(saved, threads):
    assert_same(imread(saved[0], threads=threads), saved[1])


@pytest.mark.parametrize("threads", [0, -1, 1.5, "two"])
def test_an_impossible_number_of_threads_is_refused(saved, threads):
    with pytest.raises((ValueError, TypeError, OverflowError)):
        imread(saved[0], threads=threads)


def test_iminfo_describes_a_tiff(tmp_path, rgb):
    path = tmp_path / "a.tif"
    imsave(path, rgb, compression="lzw", block_size=(128, 64), transform=(10.0, 2.0, 0.0, 50.0, 0.0, -2.0), crs=32618, nodata=9)
    info = iminfo(path)
    assert isinstance(info, ImageInfo)
    assert (info.width, info.height, info.bands) == (COLS, ROWS, 3)
    assert info.shape == (3, ROWS, COLS)
    assert isinstance(info.dtype, str) and info.dtype == "uint8"
    assert tuple(info.block_size) == (128, 64)
    assert info.num_resolution_levels == 1
    assert info.asset_key == "image:0"
    assert isinstance(info.metadata, dict) and info.metadata["256"] == COLS
    assert info.format.lower() in ("tiff", "geotiff", "gtiff")
    assert str(info.crs).upper() in ("EPSG:32618", "32618")
    assert tuple(info.transform) == (10.0, 2.0, 0.0, 50.0, 0.0, -2.0)
    assert [tuple(c) for c in info.corners] == [(10.0, 50.0), (1010.0, 50.0), (1010.0, -550.0), (10.0, -550.0)]
    assert info.nodata == 9
    assert info.compression.lower() == "lzw"


def test_iminfo_without_georeferencing_has_none(tmp_path, rgb):
    imsave(tmp_path / "a.tif", rgb)
    info = iminfo(tmp_path / "a.tif")
    assert (info.crs, info.transform, info.corners, info.nodata) == (None, None, None, None)


@pytest.mark.parametrize("name,dtype", [("a.png", "uint16"), ("a.jpg", "uint8")])
def test_iminfo_describes_png_and_jpeg(tmp_path, name, dtype):
    imsave(tmp_path / name, image((3, ROWS, COLS), dtype))
    info = iminfo(tmp_path / name)
    assert (info.width, info.height, info.bands, info.dtype) == (COLS, ROWS, 3, dtype)
    assert info.format.lower() in ("png", "jpeg", "jpg")


def test_iminfo_never_decodes(tmp_path, rgb):
    path = tmp_path / "a.tif"
    imsave(path, rgb)
    from testkit.readers import tiff_tags

    tags, data = tiff_tags(path), bytearray(path.read_bytes())
    for offset, count in zip(tags[324], tags[325]):
        data[offset:offset + count] = b"\xff" * count
    path.write_bytes(data)
    assert iminfo(path).shape == (3, ROWS, COLS)
    with pytest.raises(Error):
        imread(path)


@pytest.mark.parametrize("function", [imread, iminfo])
def test_a_file_that_does_not_exist_is_a_plain_file_not_found_error(tmp_path, function):
    with pytest.raises(FileNotFoundError) as caught:
        function(tmp_path / "none.tif")
    assert type(caught.value) is FileNotFoundError
    assert "none.tif" in str(caught.value)


@pytest.mark.parametrize("size", [(256, 256), (100, 70), (500, 300), (1000, 1000), (500, 1), (1, 300)])
def test_tiles_cover_the_image_row_by_row_and_are_cropped_at_the_edges(saved, size):
    path, data = saved
    found = list(tiles(path, size))
    expected = [(col, row) for row in range(-(-ROWS // size[1])) for col in range(-(-COLS // size[0]))]
    assert [(t.tile_col, t.tile_row) for t in found] == expected
    for tile in found:
        assert isinstance(tile, Tile)
        assert (tile.x, tile.y) == (tile.tile_col * size[0], tile.tile_row * size[1])
        assert_same(tile.data, data[:, tile.y:tile.y + size[1], tile.x:tile.x + size[0]])


def test_overlapping_tiles_advance_by_size_minus_overlap(saved):
    path, data = saved
    found = list(tiles(path, (200, 120), overlap=(50, 20)))
    covered = np.zeros((ROWS, COLS), bool)
    for tile in found:
        assert (tile.x, tile.y) == (tile.tile_col * 150, tile.tile_row * 100)
        assert_same(tile.data, data[:, tile.y:tile.y + 120, tile.x:tile.x + 200])
        covered[tile.y:tile.y + 120, tile.x:tile.x + 200] = True
    assert covered.all()


def test_tiles_take_bands_and_are_lazy(saved):
    path, data = saved
    iterator = iter(tiles(path, (64, 64), bands=[2]))
    assert_same(next(iterator).data, data[2:3, :64, :64])


@pytest.mark.parametrize("size,overlap", [((0, 10), (0, 0)), ((10, -1), (0, 0)), ((10, 10), (10, 0)), ((10, 10), (-1, 0)),
                                          ((10,), (0, 0))])
def test_impossible_tile_sizes_are_refused(saved, size, overlap):
    with pytest.raises((ValueError, TypeError)):
        list(tiles(saved[0], size, overlap=overlap))


@pytest.mark.parametrize("name", ["a.tif", "a.ntf"])
@pytest.mark.parametrize("value", [0.1, -3.4028234663852886e38, -3.4028235e38, 1e-40, float("nan"), -9999])
def test_nodata_of_a_float32_image_is_a_float32_value(tmp_path, name, value):
    data = np.full((1, 4, 4), value, np.float32)
    imsave(tmp_path / name, data, nodata=value)
    nodata = iminfo(tmp_path / name).nodata
    assert np.array_equal(np.float64(nodata), np.float64(np.float32(value)), equal_nan=True)
    assert np.isnan(value) or (imread(tmp_path / name) == nodata).all(), "pixels of nodata compare equal"
    with IO.open(tmp_path / name) as reader:
        image = reader.get_asset("image:0")
        assert str(image.nodata) == str(nodata)
