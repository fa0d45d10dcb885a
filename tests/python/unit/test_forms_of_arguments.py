"""Arguments in the forms that users of NumPy, rasterio and Python's own functions expect; other forms get an error that states
what to pass."""
import io
import os
import warnings

import numpy as np
import pytest
import rasterio.windows
from aws.osml.io import IO, BufferedImageAssetProvider, Error, OptionError, iminfo, imread, imsave, tiles
from aws.osml.io.nitf import chip

DATA = np.arange(3 * 70 * 90, dtype=np.uint16).reshape(3, 70, 90)
PART = DATA[:, 20:32, 10:40]


@pytest.fixture
def tif(tmp_path):
    imsave(tmp_path / "a.tif", DATA, block_size=32, compression="none")
    return tmp_path / "a.tif"


@pytest.fixture
def image(tif):
    with IO.open(tif) as reader:
        yield reader.get_asset("image:0")


WINDOWS = {
    "numbers": (10, 20, 30, 12),
    "slices": (slice(20, 32), slice(10, 40)),
    "index expression": np.s_[20:32, 10:40],
    "slices from the end": np.s_[-50:-38, -80:-50],
    "rasterio": rasterio.windows.Window(10, 20, 30, 12),
    "rasterio, floats": rasterio.windows.Window(10.0, 20.0, 30.0, 12.0),
}


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_windows_of_every_form(tif, image, window):
    assert np.array_equal(imread(tif, window=window), PART)
    assert np.array_equal(imread(image, window=window), PART)
    assert np.array_equal(image.read(window), PART)
    assert np.array_equal(np.asarray(chip(image, window)), PART)


def test_slices_end_at_the_image_as_in_numpy(tif, image):
    for window in (np.s_[60:, :], np.s_[60:200, 80:], np.s_[:5, -3:], np.s_[:, :]):
        assert np.array_equal(imread(tif, window=window), DATA[:, window[0], window[1]])
        assert np.array_equal(image.read(window), DATA[:, window[0], window[1]])


def test_slices_count_in_pixels_of_the_level():
    made = BufferedImageAssetProvider.create("k", 90, 70, 3, pixel_type="uint16")
    made.set_full_image(DATA)
    assert chip(made, np.s_[:5, -3:], level=1).shape == (3, 5, 3)


@pytest.mark.parametrize("window", [(1, 2, 3), ((20, 32), (10, 40)), np.s_[0:9:2, 0:9], (0.5, 0, 4, 4), "abcd", 7,
                                    rasterio.windows.Window(0.5, 0, 4, 4), (slice(0, 2),)], ids=str)
def test_any_other_window_gets_an_error_with_the_forms(tif, image, window):
    for read in (lambda: imread(tif, window=window), lambda: image.read(window), lambda: chip(image, window)):
        with pytest.raises(OptionError, match=r"window: got .*expected \(x, y, width, height\).*slices.*round_offsets"):
            read()


@pytest.mark.parametrize("window", [np.s_[5:5, :], np.s_[70:80, :], np.s_[:, 90:]], ids=str)
def test_empty_slices_are_out_of_range(tif, window):
    with pytest.raises(IndexError, match="window"):
        imread(tif, window=window)


def test_one_number_is_a_square(tif, image, tmp_path):
    assert iminfo(tif).block_size == (32, 32)
    squares = [tile.data.shape for tile in tiles(tif, 40, overlap=8)]
    assert squares == [tile.data.shape for tile in tiles(tif, (40, 40), overlap=(8, 8))]
    assert chip(image, (0, 0, 64, 64), block_size=16).block_shape == (3, 16, 16)
    imsave(tmp_path / "b.tif", DATA, block_size=np.int64(64))
    assert iminfo(tmp_path / "b.tif").block_size == (64, 64)


@pytest.mark.parametrize("size", [0, -16, 1.5, "16", (16,), (16, 16, 16)], ids=repr)
def test_any_other_size_gets_an_error_with_the_forms(tif, image, tmp_path, size):
    for call in (lambda: imsave(tmp_path / "b.tif", DATA, block_size=size), lambda: tiles(tif, size),
                 lambda: chip(image, (0, 0, 64, 64), block_size=size)):
        with pytest.raises(OptionError, match="(block|tile)_size"):
            call()


def test_an_open_image_and_a_reader_are_read_like_a_file(tif, image):
    assert np.array_equal(imread(image, bands=[2, 0]), DATA[[2, 0]])
    assert [tile.data.tolist() for tile in tiles(image, (64, 64))] == [tile.data.tolist() for tile in tiles(tif, (64, 64))]
    assert iminfo(image) == iminfo(tif)
    with IO.open(tif) as reader:
        assert np.array_equal(imread(reader), DATA) and np.array_equal(imread(reader, asset=0), DATA)
        assert len(list(tiles(reader, 64, asset="image:0"))) == 4
        assert iminfo(reader) == iminfo(tif)
        assert reader.get_asset("image:0").read().shape == DATA.shape, "the reader stays open"


def test_an_image_in_memory_is_read_like_a_file():
    made = BufferedImageAssetProvider.create("k", 90, 70, 3, pixel_type="uint16")
    made.set_full_image(DATA)
    assert np.array_equal(imread(made), DATA)
    assert (iminfo(made).format, iminfo(made).shape) == ("", (3, 70, 90))


@pytest.mark.parametrize("argument", [{"format": "tiff"}, {"max_bytes": 10**6}, {"asset": "image:0"}], ids=str)
def test_an_open_image_takes_no_argument_of_opening(image, argument):
    with pytest.raises(OptionError, match=f"{next(iter(argument))}: got .* expected a path"):
        imread(image, **argument)


@pytest.mark.parametrize("wrong", [5, None, np.zeros((2, 2)), object(), [[1, 2], [3, 4]]], ids=lambda value: type(value).__name__)
def test_what_cannot_be_read_is_a_type_error(wrong):
    with pytest.raises(TypeError, match="paths: got .*expected a path, a stream"):
        imread(wrong)


def test_an_asset_has_a_number(tmp_path):
    path = tmp_path / "two.tif"
    with IO.open(path, "w") as writer:
        for place in range(2):
            made = BufferedImageAssetProvider.create(f"image:{place}", 90, 70, 3, pixel_type="uint16")
            made.set_full_image(DATA + np.uint16(place))
            writer.add_asset(f"image:{place}", made)
    assert np.array_equal(imread(path, asset=1), DATA + np.uint16(1))
    assert iminfo(path, asset=np.int32(1)).asset_key == "image:1"
    with pytest.raises(KeyError, match="image:2.*image:0"):
        imread(path, asset=2)
    with pytest.raises(TypeError, match='asset: got 1.5, expected the key of an image, such as "image:0", or its number'):
        imread(path, asset=1.5)
    with IO.open(path) as reader:
        for call in (lambda: reader.get_asset(0), lambda: reader[0]):
            with pytest.raises(TypeError, match='key: got 0, expected the key of an asset, a str such as "image:0"'):
                call()


def test_paths_may_be_bytes(tif, tmp_path):
    assert np.array_equal(imread(os.fsencode(tif)), DATA)
    name = os.fsencode(tmp_path) + b"/b.tif"
    imsave(name, DATA)
    with IO.open([name]) as reader:
        assert reader.format == "tiff"
    entry = next(entry for entry in os.scandir(os.fsencode(tmp_path)) if entry.name == b"b.tif")
    assert np.array_equal(imread(entry), DATA)
    with pytest.raises(FileNotFoundError):
        imread(b"missing.tif")


@pytest.mark.parametrize("of", [bytes, bytearray, memoryview], ids=lambda kind: kind.__name__)
def test_content_is_not_a_path(tif, of):
    content = tif.read_bytes()
    with pytest.raises(OptionError, match=rf"paths: got {of.__name__} of {len(content)} bytes, expected a path; .*io.BytesIO"):
        imread(of(content))
    assert np.array_equal(imread(io.BytesIO(content)), DATA)


WKT = 'PROJCRS["WGS 84 / UTM zone 18N",' + 'BASEGEOGCRS["WGS 84"],' * 300 + 'ID["EPSG",32618]]'


class Custom:
    def to_epsg(self):
        return None

    def __repr__(self):
        return "<Projected CRS: unknown>\nName: unknown\n" + "- E[east]: Easting (metre)\n" * 100


@pytest.mark.parametrize("crs", [WKT, Custom(), "+proj=utm " * 200, list(range(2000))], ids=["WKT", "custom", "PROJ", "list"])
def test_an_error_of_a_crs_is_short(tmp_path, crs):
    with pytest.raises(OptionError, match="crs: ?.*got .*") as caught:
        imsave(tmp_path / "a.tif", DATA, crs=crs, transform=(0, 1, 0, 0, 0, -1))
    assert len(str(caught.value)) < 300 and "\n" not in str(caught.value)


def test_the_error_of_a_definition_names_what_is_missing(tmp_path):
    with pytest.raises(OptionError, match="BASEGEOGCRS.* without a datum"):
        imsave(tmp_path / "a.tif", DATA, crs=WKT, transform=(0, 1, 0, 0, 0, -1))


@pytest.mark.parametrize("place", [{"transform": np.arange(5000)}, {"corners": np.zeros((900, 2))}], ids=str)
def test_errors_of_a_transform_and_of_corners_are_short(tmp_path, place):
    with pytest.raises(Error) as caught:
        imsave(tmp_path / "a.tif", DATA, crs=4326, **place)
    assert len(str(caught.value)) < 250


def test_the_crs_of_a_file_that_a_format_cannot_express_is_short_too(tmp_path):
    """A citation may hold the whole definition of a system."""
    metadata = {"GeoModelType": "Projected", "GeoProjectedCRS": "32767", "GeoCitation": "ESRI PE String = " + WKT,
                "GeoPixelScale": [1, 1, 0], "GeoTiepoints": [0, 0, 0, 0, 0, 0]}
    imsave(tmp_path / "a.tif", DATA, metadata=metadata)
    with IO.open(tmp_path / "a.tif") as reader, IO.open(tmp_path / "b.ntf", "w") as writer, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        writer.add_asset("image:0", reader.get_asset("image:0"))
    about = [str(warning.message) for warning in caught if "crs" in str(warning.message)]
    assert about and all(len(text) < 600 for text in about)
