"""Profiles: `image.profile`, and `imsave(path, array, **profile)` with the words of rasterio."""
import io

import numpy as np
import pytest
import rasterio
from affine import Affine
from aws.osml.io import IO, OsmlWarning, iminfo, imread, imsave
from testkit.arrays import assert_same, image
from testkit.readers import tiff_tags

RGB = image((3, 300, 400), np.uint8)
PLACE = {"crs": "EPSG:32618", "transform": Affine(0.5, 0, 300000, 0, -0.5, 4500000)}


@pytest.mark.parametrize("profile", [
    {"driver": "GTiff", "tiled": True, "blockxsize": 128, "blockysize": 64, "compress": "lzw", "interleave": "pixel", "predictor": 2},
    {"driver": "GTiff", "tiled": False, "blockysize": 16, "compress": "deflate", "interleave": "band"},
    {"driver": "GTiff", "tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "jpeg", "photometric": "ycbcr"},
    {"driver": "GTiff", "tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "zstd", "BIGTIFF": "IF_SAFER"},
], ids=lambda profile: profile["compress"])
def test_a_profile_of_rasterio_writes_the_same_layout(profile, tmp_path):
    profile = {**profile, "width": 400, "height": 300, "count": 3, "dtype": "uint8", "nodata": 0, **PLACE}
    with rasterio.open(tmp_path / "theirs.tif", "w", **profile) as file:
        file.write(RGB)
    with rasterio.open(tmp_path / "theirs.tif") as file:
        read = file.profile
    imsave(tmp_path / "ours.tif", RGB, **read, **{k: v for k, v in profile.items() if k not in read})
    with rasterio.open(tmp_path / "ours.tif") as file:
        ours = file.profile
        for name in ("driver", "dtype", "count", "width", "height", "nodata", "crs", "transform", "tiled", "compress", "interleave", "blockysize"):
            assert ours.get(name) == read.get(name), name
    theirs, mine = tiff_tags(tmp_path / "theirs.tif"), tiff_tags(tmp_path / "ours.tif")
    for tag in (259, 262, 277, 278, 284, 322, 323, *([317] if "predictor" in profile else [])):
        assert mine.get(tag) == theirs.get(tag), tag


@pytest.mark.parametrize("settings", [
    {"block_size": (64, 128), "compression": "lzw", "nodata": 4}, {"compression": "none"}, {"metadata": {"278": 20}, "crs": 4326, "transform": (0, 0.1, 0, 0, 0, -0.1)},
    {"metadata": {"284": 2}},
], ids=str)
def test_our_profile_writes_alike(settings, tmp_path):
    imsave(tmp_path / "a.tif", RGB, **settings)
    profile = iminfo(tmp_path / "a.tif").profile
    with IO.open(tmp_path / "a.tif") as reader:
        assert reader.get_asset("image:0").profile == profile
    with rasterio.open(tmp_path / "a.tif") as file:
        theirs = file.profile
        for name, value in profile.items():
            if (name in ("crs", "transform") and value is None) or value == "none":
                continue
            assert str(theirs.get(name)).lower() == str(value).lower() or theirs.get(name) == value, name
    imsave(tmp_path / "b.tif", imread(tmp_path / "a.tif"), **profile)
    assert iminfo(tmp_path / "b.tif").profile == profile
    with rasterio.open(tmp_path / "c.tif", "w", **{k: v for k, v in profile.items() if v is not None}) as file:
        file.write(RGB)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.ntf", "a.jp2"])
def test_profiles_of_other_formats_go_round(name, tmp_path):
    imsave(tmp_path / name, RGB)
    profile = iminfo(tmp_path / name).profile
    with rasterio.open(tmp_path / name) as file:
        theirs = file.profile
    assert profile["driver"] == theirs["driver"]
    for number, words in enumerate((profile, {key: value for key, value in theirs.items() if value is not None})):
        stream = io.BytesIO()
        words = {key: value for key, value in words.items() if key not in ("compress",) or name == "a.ntf"}
        imsave(stream, RGB, **words)
        assert iminfo(io.BytesIO(stream.getvalue())).format == iminfo(tmp_path / name).format, number


def test_the_driver_names_the_format(tmp_path):
    imsave(tmp_path / "a.dat", RGB, driver="PNG")
    assert iminfo(tmp_path / "a.dat").format == "png"
    imsave(tmp_path / "b.dat", RGB, driver="COG")
    assert iminfo(tmp_path / "b.dat").block_size == (512, 512)


@pytest.mark.parametrize("words,message", [
    ({"driver": "HFA"}, "driver"), ({"count": 4}, "count: got 4, expected 3"), ({"width": 4}, "width"), ({"height": 4}, "height"),
    ({"dtype": "float32"}, "astype"), ({"interleave": "line"}, "interleave"), ({"predictor": 5}, "predictor"),
    ({"BIGTIFF": "MAYBE"}, "BIGTIFF"), ({"tiled": "perhaps"}, "tiled"), ({"photometric": "x"}, "photometric"),
    ({"compress": "lzw", "compression": "deflate"}, "compression"), ({"driver": "PNG", "format": "tiff"}, "format"),
])
def test_wrong_words_are_refused(words, message):
    with pytest.raises(ValueError, match=message):
        imsave(io.BytesIO(), RGB, **{"format": "tiff", **words} if "driver" not in words else words)


@pytest.mark.parametrize("word", ["sharing", "compresion", "GDAL_NUM_THREADS", "sparse_ok"])
def test_other_words_are_refused_by_name(word):
    with pytest.raises(TypeError, match=f"(?i){word}.*blockxsize"):
        imsave(io.BytesIO(), RGB, format="tiff", **{word: 1})


def test_levels_and_threads(tmp_path):
    imsave(tmp_path / "a.tif", RGB, compress="DEFLATE", zlevel=9, num_threads="ALL_CPUS")
    imsave(tmp_path / "b.tif", RGB, compression="deflate", metadata={"CompressionLevel": 9}, threads=1)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    with pytest.warns(OsmlWarning, match="BIGTIFF"):
        imsave(tmp_path / "c.tif", RGB, BIGTIFF="YES")
    assert_same(imread(tmp_path / "c.tif"), RGB)
