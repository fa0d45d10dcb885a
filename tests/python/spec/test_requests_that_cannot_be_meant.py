"""Requests that nobody can mean are errors or warnings that state what to pass, in every format alike."""
import json

import numpy as np
import pytest
import rasterio
from affine import Affine
from aws.osml.io import (IO, BufferedImageAssetProvider, BufferedMetadataProvider, MetadataWarning, OptionError,
                         PaddingWarning, ShapeWarning, iminfo, imread, imsave)
from testkit.arrays import assert_same, image
from testkit.children import run_json
from testkit.providers import LazyProvider
from testkit.readers import gdal_pixels, listing

DATA = image((1, 50, 60), np.uint8)
FORMATS = ["tif", "ntf", "png", "jpg"]


def options(path):
    return {"compression": "NC"} if path.suffix == ".ntf" else {}


@pytest.mark.parametrize("suffix", ["tif", "ntf"])
@pytest.mark.parametrize("affine", [Affine(0.5, 0, 300000, 0, -0.5, 4500000), Affine(0.4, 0.3, 300000, 0.3, -0.4, 4500000)],
                         ids=["north up", "turned"])
def test_a_transform_in_the_order_of_an_affine_matrix_is_refused_with_the_way_to_convert(tmp_path, suffix, affine):
    path = tmp_path / f"a.{suffix}"
    with pytest.raises(OptionError, match=r"GDAL's order.*to_gdal\(\)"):
        imsave(path, DATA, crs=32618, transform=tuple(affine)[:6], **options(path))
    assert listing(tmp_path) == []
    for right in (affine, affine.to_gdal()):
        imsave(path, DATA, crs=32618, transform=right, **options(path))
        assert iminfo(path).transform == pytest.approx(affine.to_gdal(), abs=1)


@pytest.mark.parametrize("suffix", ["tif", "ntf"])
def test_latitudes_end_at_the_poles(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    for corners in ([(0, 95), (1, 95), (1, 94), (0, 94)], [(0, -89), (1, -89), (1, -91), (0, -91)], [(39, 120), (40, 120), (40, 119), (39, 119)]):
        with pytest.raises(OptionError, match="latitude of a corner.*-90 to 90"):
            imsave(path, DATA, crs=4326, corners=corners, **options(path))
    with pytest.raises(OptionError, match="latitude"):
        imsave(path, DATA, crs=4326, transform=(0, 0.1, 0, 300, 0, -0.1), **options(path))
    # A grid whose outer samples lie on the poles extends half a pixel beyond them; NITF states the centres.
    step = 180 / 49
    imsave(path, DATA, crs=4326, transform=(0, step, 0, 90 + step / 2, 0, -step), **options(path))
    assert iminfo(path).transform == pytest.approx((0, step, 0, 90 + step / 2, 0, -step), abs=0.001)


@pytest.mark.parametrize("suffix", ["tif", "ntf"])
@pytest.mark.parametrize("crs", [4326, "EPSG:4326"])
def test_corners_across_the_antimeridian_are_one_piece_in_every_format(tmp_path, suffix, crs):
    path = tmp_path / f"a.{suffix}"
    imsave(path, DATA, crs=crs, corners=[(179, 1), (-179, 1), (-179, 0), (179, 0)], **options(path))
    x, across, _, y, _, down = iminfo(path).transform
    assert (x, across * 60, y, down * 50) == pytest.approx((179, 2, 1, -1), abs=0.002)
    if suffix == "tif":  # GDAL does not join the corners of a NITF
        with rasterio.open(path) as src:
            assert src.transform.a * 60 == pytest.approx(2)


@pytest.mark.parametrize("suffix", ["tif", "ntf"])
def test_corners_of_the_globe_stay(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    imsave(path, DATA, crs=4326, corners=[(-180, 90), (180, 90), (180, -90), (-180, -90)], **options(path))
    assert iminfo(path).transform == pytest.approx((-180, 6, 0, 90, 0, -3.6), abs=0.001)


def test_a_tre_without_sensible_defaults_needs_its_fields(tmp_path):
    path = tmp_path / "a.ntf"
    with pytest.raises(OptionError, match="RPC00B lacks a value for SAMP_OFF, .*HEIGHT_SCALE"):
        imsave(path, DATA, compression="NC", metadata={"RPC00B": {"LINE_OFF": 100}})
    scales = {name: 1 for name in ("LINE_OFF", "SAMP_OFF", "LAT_OFF", "LONG_OFF", "HEIGHT_OFF",
                                   "LINE_SCALE", "SAMP_SCALE", "LAT_SCALE", "LONG_SCALE", "HEIGHT_SCALE")}
    with pytest.raises(OptionError, match="RPC00B lacks a value for LINE_NUM_COEFF"):
        imsave(path, DATA, compression="NC", metadata={"RPC00B": scales})
    with pytest.raises(OptionError, match="GEOLOB lacks a value for BRV, LSO, PSO"):
        imsave(path, DATA, compression="NC", metadata={"GEOLOB": {"ARV": 1}})
    assert listing(tmp_path) == []


@pytest.mark.parametrize("key", [5, None, b"image:0"])
@pytest.mark.parametrize("method", ["add_asset", "begin_image"])
def test_the_key_of_a_provider_is_text(tmp_path, key, method):
    provider = LazyProvider(50, 60)
    provider.key = key
    with IO.open(tmp_path / "a.tif", "w") as writer:
        with pytest.raises(TypeError, match="key of an image provider LazyProvider: got .*, expected str"):
            getattr(writer, method)("image:0", provider)
        writer.add_asset("image:0", LazyProvider(50, 60))


@pytest.mark.parametrize("bands", range(1, 9))
def test_an_array_with_its_bands_last_gets_a_warning(tmp_path, bands):
    path = tmp_path / "a.tif"
    with pytest.warns(ShapeWarning, match=r"moveaxis\(array, -1, 0\)"):
        imsave(path, np.zeros((40, 30, bands), np.uint8))
    assert iminfo(path).shape == (40, 30, bands)


@pytest.mark.parametrize("shape", [(4, 30, 8), (3, 300, 2), (8, 8, 8), (200, 5, 5), (40, 30, 9), (224, 9, 8)])
def test_an_array_with_its_bands_first_gets_none(tmp_path, shape, recwarn):
    imsave(tmp_path / "a.tif", np.zeros(shape, np.uint8))
    assert [entry for entry in recwarn if entry.category is ShapeWarning] == []


@pytest.mark.parametrize(("suffix", "key", "near"), [
    ("tif", "Compresion", "Compression"), ("tif", "GeoPixelScal", "GeoPixelScale"), ("png", "PNG_TXT_Title", "PNG_TEXT_Title"),
    ("png", "PNG_GAMA", "PNG_GAMMA"), ("png", "png_text_Title", "PNG_TEXT_Title"), ("jpg", "JPEG_QUALTY", "JPEG_QUALITY"),
    ("jpg", "JPEG_COMENT", "JPEG_COMMENT"), ("jpg", "JPEG_APP77", "JPEG_APP"), ("ntf", "TGTIDD", "TGTID"), ("ntf", "Igeolo", "IGEOLO"),
    ("ntf", "COMRTT", "COMRAT")])
def test_a_misspelt_key_is_an_error_with_the_nearest_name_in_every_format(tmp_path, suffix, key, near):
    path = tmp_path / f"a.{suffix}"
    with pytest.raises(OptionError, match=f"{key}.*did you mean {near}"):
        imsave(path, DATA, metadata={key: "x"}, **options(path))
    assert listing(tmp_path) == []


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("key", ["nothing of the kind", "Author", ""])
def test_a_key_of_no_format_is_an_error_in_every_format(tmp_path, suffix, key):
    path = tmp_path / f"a.{suffix}"
    with pytest.raises(OptionError, match=f'metadata key of {iminfo_name(suffix)}: got "{key}"'):
        imsave(path, DATA, metadata={key: "x"}, **options(path))


def iminfo_name(suffix):
    return {"tif": "tiff", "ntf": "nitf", "png": "png", "jpg": "jpeg"}[suffix]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("key", "owner"), [("ISORCE", "ntf"), ("J2K_QUALITY_LAYERS", "ntf"), ("305", "tif"), ("GeoModelType", "tif"),
                                            ("PNG_GAMMA", "png"), ("PNG_TEXT_Title", "png"), ("JPEG_COMMENT", "jpg")])
def test_a_key_of_another_format_is_left_out_with_a_warning(tmp_path, suffix, key, owner):
    path = tmp_path / f"a.{suffix}"
    if suffix == owner:
        return
    with pytest.warns(MetadataWarning, match=f"{key}: is not a key of {iminfo_name(suffix)}"):
        imsave(path, DATA, metadata={key: "x"}, **options(path))
    assert path.exists()


@pytest.mark.parametrize(("suffix", "entries"), [
    ("ntf", {"XQZW01": b"any bytes"}), ("png", {"PNG_TEXT_Any Word": "text"}), ("jpg", {"JPEG_APP9": b"own"}), ("tif", {"65001": "own"})])
def test_free_keys_remain_possible_where_the_format_holds_them(tmp_path, suffix, entries, recwarn):
    path = tmp_path / f"a.{suffix}"
    imsave(path, DATA, metadata=entries, **options(path))
    assert entries.items() <= dict(iminfo(path).metadata).items() and not list(recwarn)


def test_a_field_of_another_header_is_a_warning(tmp_path):
    with IO.open(tmp_path / "a.ntf", "w") as writer, pytest.warns(MetadataWarning, match="IREP: is a field of the image subheader"):
        writer.metadata = {"IREP": "MONO"}
        writer.add_asset("image:0", LazyProvider(20, 20))


@pytest.mark.parametrize("suffix", ["tif", "ntf"])
def test_three_thousand_bands_of_ten_by_ten_take_little_memory(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    data = image((3000, 10, 10), np.uint8)
    growth = run_json("""
        import json, sys
        import numpy as np
        from aws.osml.io import imsave
        from testkit.peak import peak_kilobytes
        path, options = sys.argv[1], json.loads(sys.argv[2])
        imsave(path, np.zeros((3, 10, 10), np.uint8), threads=2, **options)
        before = peak_kilobytes()
        imsave(path, np.zeros((3000, 10, 10), np.uint8), threads=2, **options)
        print(peak_kilobytes() - before)
        """, path, json.dumps(options(path)))
    assert growth < 40 << 10
    imsave(path, data, **options(path))
    assert_same(imread(path), data)


@pytest.mark.parametrize("suffix", ["tif", "ntf"])
def test_twenty_thousand_bands_of_one_pixel_are_written(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    data = image((20000, 1, 1), np.uint16)
    imsave(path, data, **options(path))
    assert_same(imread(path), data)
    assert_same(gdal_pixels(path)[:, :1, :1], data)


@pytest.mark.parametrize("suffix", ["png", "jpg", "ntf"])
def test_absent_blocks_that_are_filled_are_a_padding_warning_in_every_format(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    provider = BufferedImageAssetProvider.create("image:0", 64, 64, 1, block_width=32, block_height=32, pixel_type="uint8",
                                                 metadata=BufferedMetadataProvider({"IC": "NC"} if suffix == "ntf" else {}))
    provider.set_block(0, 0, np.ones((1, 32, 32), np.uint8))
    with pytest.warns(PaddingWarning, match="filled"), IO.open(path, "w") as writer:
        writer.add_asset("image:0", provider)
