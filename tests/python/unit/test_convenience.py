"""The one-liners: the parts that do more than pass on their arguments."""

import gc
import os
import pickle
import threading
import warnings
from types import MappingProxyType

import numpy as np
import pytest
from aws.osml.io import (
    IO,
    BufferedImageAssetProvider,
    BufferedMetadataProvider,
    BufferedTextAssetProvider,
    OptionError,
    OutOfRangeError,
    ShapeWarning,
    iminfo,
    imread,
    imsave,
    tiles,
)
from aws.osml.io._georeference import corner_pairs, epsg_code, gdal_transform
from aws.osml.io._io import _tile_starts
from aws.osml.io.tiff.utils import TagNameResolver

DATA = np.random.default_rng(6).integers(0, 256, (3, 70, 90)).astype(np.uint8)
PLACE = {"crs": 32618, "transform": (300000.0, 0.5, 0.0, 4500000.0, 0.0, -0.5)}


@pytest.fixture
def tif(tmp_path):
    return tmp_path / "a.tif"


@pytest.mark.parametrize(
    "arguments, metadata, fact",
    [
        ({"compression": "lzw"}, {"Compression": "Deflate"}, ("compression", "lzw")),
        ({"compression": "lzw"}, {"259": 8}, ("compression", "lzw")),
        ({"block_size": (64, 32)}, {"TileWidth": 128, "TileHeight": 128}, ("block_size", (64, 32))),
        ({"nodata": 3}, {"GDAL_NODATA": "5"}, ("nodata", 3)),
        (PLACE, {"GeoTransform": [1, 1, 0, 1, 0, -1]}, ("transform", PLACE["transform"])),
        (PLACE, {"GeoPixelScale": [1, 1, 0], "33922": [0, 0, 0, 1, 1, 0]}, ("transform", PLACE["transform"])),
        (PLACE, {"GeoModelType": "Geographic", "GeoGeographicCRS": 4326}, ("crs", "EPSG:32618")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_arguments_win_over_metadata_under_any_name(tif, arguments, metadata, fact):
    imsave(tif, DATA, metadata=metadata, **arguments)
    assert getattr(iminfo(tif), fact[0]) == fact[1]
    assert np.array_equal(imread(tif), DATA)


def test_a_copied_image_may_be_put_elsewhere(tif, tmp_path):
    imsave(tif, DATA, crs=4326, transform=(10.0, 0.5, 0.0, 50.0, 0.0, -0.5), nodata=1, metadata={"305": "maker"})
    with IO.open(tif) as reader:
        metadata = reader.get_asset("image:0").metadata
    imsave(tmp_path / "b.tif", DATA, metadata=metadata, **PLACE)
    info = iminfo(tmp_path / "b.tif")
    assert (info.crs, info.transform, info.nodata) == ("EPSG:32618", PLACE["transform"], 1)
    assert info.metadata["305"] == "maker"


def test_the_metadata_of_the_caller_are_not_changed(tif):
    metadata = BufferedMetadataProvider({"Compression": "LZW"})
    imsave(tif, DATA, metadata=metadata, compression="deflate")
    assert metadata == {"Compression": "LZW"}


def test_bands_last_get_a_hint(tmp_path):
    data = np.zeros((40, 30, 3), np.uint8)
    with pytest.raises(OptionError, match="moveaxis"):
        imsave(tmp_path / "a.png", data)
    with pytest.warns(ShapeWarning, match="moveaxis") as seen:
        imsave(tmp_path / "a.tif", data)
    assert seen[0].filename == __file__


def test_a_hint_that_is_made_an_error_leaves_no_file(tif):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ShapeWarning):
            imsave(tif, np.zeros((40, 30, 4), np.uint8))
    assert list(tif.parent.iterdir()) == []


@pytest.mark.parametrize("length, size, overlap, starts", [(10, 10, 0, [0]), (11, 10, 0, [0, 10]), (3, 10, 9, [0]),
                                                           (12, 10, 9, [0, 1, 2]), (20, 10, 5, [0, 5, 10]),
                                                           (20, 10**12, 10**11, [0])])
def test_tiles_begin_where_they_must(length, size, overlap, starts):
    assert _tile_starts(length, size, overlap) == starts


def test_tiles_are_arrays_of_their_own(tif):
    imsave(tif, DATA)
    for size in ((40, 30), (90, 30), (40, 70)):
        for tile in tiles(tif, size):
            assert tile.data.flags.c_contiguous and (tile.data.base is None or tile.data.shape[2] == 90)


def test_tiles_that_are_left_early_leave_no_thread(tif):
    imsave(tif, DATA)
    before = threading.active_count()
    iterator = tiles(tif, (10, 10))
    next(iterator)
    iterator.close()
    del iterator
    gc.collect()
    assert threading.active_count() == before


def test_tiles_fail_at_the_call_where_they_can(tif, tmp_path):
    imsave(tif, DATA)
    with pytest.raises(FileNotFoundError):
        tiles(tmp_path / "none.tif", (10, 10))
    with pytest.raises(OutOfRangeError):
        tiles(tif, (10, 10), resolution_level=1)
    with pytest.raises(OptionError):
        tiles(tif, (10, 10), overlap=(0, 10))


def test_the_defaults_of_a_file_pickle_with_a_path_that_stays_right(tif, monkeypatch):
    imsave(tif, DATA)
    monkeypatch.chdir(tif.parent)
    with IO.open(tif.name, threads=1) as reader:
        image, again = reader.get_asset("image:0"), pickle.dumps(reader)
    copy = pickle.dumps(image)
    monkeypatch.chdir(os.sep)
    assert np.array_equal(pickle.loads(copy).read(), DATA)
    assert list(pickle.loads(again)) == ["image:0"]


@pytest.mark.parametrize("crs, code", [("EPSG:4326", 4326), ("epsg:4326", 4326), (" EPSG:4326 ", 4326), ("32618", 32618),
                                       (np.int32(4326), 4326), (type("C", (), {"to_epsg": lambda self: 4326})(), 4326)])
def test_the_code_of_a_crs(crs, code):
    assert epsg_code(crs) == code


@pytest.mark.parametrize("crs", ["", "WGS 84", "OGC:4326", "EPSG:", "EPSG:4.5", "EPSG:٤٣٢٦", 0, -1, 99_999, 4326.0, object(),
                                 type("C", (), {"to_epsg": lambda self: None})()], ids=str)
def test_no_code_of_a_crs(crs):
    with pytest.raises(OptionError, match="crs"):
        epsg_code(crs)


def test_six_numbers_are_taken_from_an_affine_in_their_order():
    affine = type("Affine", (), {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6})()
    assert gdal_transform(affine) == (3, 1, 2, 6, 4, 5)
    for wrong in ((1, 2, 3), "abcdef", 5, [None] * 6):
        with pytest.raises(OptionError, match="transform"):
            gdal_transform(wrong)


@pytest.mark.parametrize("corners", [5, [(0, 0)] * 3, [(0, 0, 0)] * 4, ["ab"] * 4, None], ids=str)
def test_corners_are_four_pairs(corners):
    with pytest.raises(OptionError, match="corners"):
        corner_pairs(corners)


def test_the_resolver_is_a_mutable_view():
    tags = {"259": 8, "65000": 7, "GeoModelType": "Projected"}
    resolver = TagNameResolver(tags)
    assert dict(resolver) == {"Compression": "Deflate", "65000": 7, "GeoModelType": "Projected"}
    resolver["Compression"] = 5
    resolver["ImageDescription"] = "8"
    del resolver["65000"]
    assert tags == {"259": 5, "GeoModelType": "Projected", "270": "8"}
    assert "compression" in resolver and "Nonsense" not in resolver and 259 not in resolver
    with pytest.raises(OptionError, match="LZW"):
        resolver["Compression"] = "Zip9"
    with pytest.raises(KeyError, match="Predictor"):
        del resolver["Predictr"]
    with pytest.raises(TypeError, match="read"):
        TagNameResolver(MappingProxyType({}))["Compression"] = 1


def test_an_image_shows_itself(tif):
    imsave(tif, DATA.astype(np.float32) * np.float32(3.5), **PLACE)
    with IO.open(tif) as reader:
        shown = reader.get_asset("image:0")._repr_html_()
    assert "90 × 70" in shown and "EPSG:32618" in shown and "data:image/png;base64," in shown


def test_a_reader_and_an_info_show_themselves(tif):
    imsave(tif, DATA, **PLACE)
    shown = iminfo(tif)._repr_html_()
    assert "90 × 70" in shown and "EPSG:32618" in shown and "tiff" in shown
    with IO.open(tif) as reader:
        listed = reader._repr_html_()
        assert reader.format == "tiff"
    assert all(text in listed for text in ("image:0", "90 × 70", "EPSG:32618", "data"))
    assert reader._repr_html_() is None, "a notebook shows the repr of a closed reader"


def test_html_of_a_reader_lists_other_assets_and_escapes(tmp_path):
    path = tmp_path / "a.ntf"
    with IO.open(path, "w") as writer:
        writer.add_asset("text:0", BufferedTextAssetProvider.create("text:0", "hello", title="<b>"))
        image = BufferedImageAssetProvider.create("image:0", 90, 70, pixel_type="uint8")
        image.set_full_image(np.zeros((70, 90), np.uint8))
        writer.add_asset("image:0", image)
    with IO.open(path) as reader:
        listed = reader._repr_html_()
    assert "text:0" in listed and "image:0" in listed and "<b>nitf" in listed
