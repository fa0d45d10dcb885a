"""The one-liner that writes: `imsave`."""
import io

import numpy as np
import pytest
import rasterio
from affine import Affine
from aws.osml.io import Error, OptionError, UnsupportedError, iminfo, imread, imsave
from testkit.arrays import DTYPES, assert_same, image, psnr, smooth
from testkit.readers import gdal_pixels, listing, pillow_pixels, tiff_tags

NORTH_UP = (300000.0, 0.5, 0.0, 4500000.0, 0.0, -0.5)


@pytest.fixture
def tif(tmp_path):
    return tmp_path / "a.tif"


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_is_lossless_in_tiff(tif, dtype):
    data = image((3, 33, 47), dtype)
    imsave(tif, data)
    assert_same(imread(tif), data)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_every_dtype_and_band_count_of_png_is_lossless(tmp_path, dtype, bands):
    data = image((bands, 33, 47), dtype)
    imsave(tmp_path / "a.png", data)
    assert_same(imread(tmp_path / "a.png"), data)


@pytest.mark.parametrize("name,dtype", [("a.png", d) for d in DTYPES if d not in ("uint8", "uint16")]
                         + [("a.jpg", d) for d in DTYPES if d != "uint8"])
def test_a_dtype_the_format_cannot_hold_is_an_error_naming_what_it_can(tmp_path, name, dtype):
    with pytest.raises(OptionError, match="(?i)uint8") as caught:
        imsave(tmp_path / name, image((1, 8, 8), dtype))
    assert dtype in str(caught.value)
    assert listing(tmp_path) == []


@pytest.mark.parametrize("word,code", [("none", 1), ("deflate", 8), ("lzw", 5), ("packbits", 32773), ("zstd", 50000),
                                       ("lzma", 34925), ("lerc", 34887), ("webp", 50001), ("LERC", 34887), ("NONE", 1), ("Deflate", 8), ("LZW", 5), ("ZSTD", 50000)])
def test_compression_words_of_tiff(tif, rgb, word, code):
    imsave(tif, rgb, compression=word)
    assert tiff_tags(tif)[259] == code
    assert_same(imread(tif), rgb)


@pytest.mark.parametrize("word", ["deflat", "zip9", "j2k", ""])
def test_an_unknown_compression_word_is_an_error_listing_the_known(tif, rgb, word):
    with pytest.raises((ValueError, UnsupportedError), match="(?i)deflate.*lzw|lzw.*deflate"):
        imsave(tif, rgb, compression=word)
    assert not tif.exists()


def test_a_compression_png_does_not_know_is_an_error(tmp_path, rgb):
    with pytest.raises(ValueError):
        imsave(tmp_path / "a.png", rgb, compression="lzw")


@pytest.mark.parametrize("size", [(128, 64), (16, 512), (256, 256)])
def test_block_size_is_width_height(tif, rgb, size):
    imsave(tif, rgb, block_size=size)
    tags = tiff_tags(tif)
    assert (tags[322], tags[323]) == size


@pytest.mark.parametrize("size", [(100, 64), (0, 16), (-16, 16), (16,), "256", (16, 16, 16), (1.5, 16)])
def test_an_illegal_block_size_is_refused(tif, rgb, size):
    with pytest.raises((ValueError, TypeError)):
        imsave(tif, rgb, block_size=size)
    assert not tif.exists()


@pytest.mark.parametrize("crs", ["EPSG:32618", "epsg:32618", 32618, rasterio.CRS.from_epsg(32618)], ids=str)
def test_a_crs_is_text_a_number_or_an_object_with_to_epsg(tif, rgb, crs):
    imsave(tif, rgb, transform=NORTH_UP, crs=crs)
    with rasterio.open(tif) as src:
        assert src.crs.to_epsg() == 32618


@pytest.mark.parametrize("crs", ["EPSG:999999", "EPSG:abc", "WGS 84", 0, -4326, 1, object(), ""], ids=repr)
def test_an_unknown_crs_is_refused(tif, rgb, crs):
    with pytest.raises((OptionError, TypeError)):
        imsave(tif, rgb, transform=NORTH_UP, crs=crs)
    assert not tif.exists()


@pytest.mark.parametrize("transform", [NORTH_UP, list(NORTH_UP), Affine.from_gdal(*NORTH_UP)], ids=["tuple", "list", "Affine"])
def test_a_transform_is_six_numbers_or_an_affine(tif, rgb, transform):
    imsave(tif, rgb, transform=transform, crs=32618)
    with rasterio.open(tif) as src:
        assert src.transform.to_gdal() == NORTH_UP
    assert tuple(iminfo(tif).transform) == NORTH_UP


@pytest.mark.parametrize("transform", [(1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6, 7), "abcdef", (0, float("nan"), 0, 0, 0, 1),
                                       (0, 0, 0, 0, 0, 0), (0, float("inf"), 0, 0, 0, -1)], ids=str)
def test_an_impossible_transform_is_refused(tif, rgb, transform):
    with pytest.raises((ValueError, TypeError)):
        imsave(tif, rgb, transform=transform, crs=32618)
    assert not tif.exists()


def test_corners_and_transform_together_are_refused(tif, rgb):
    with pytest.raises(ValueError):
        imsave(tif, rgb, transform=NORTH_UP, corners=[(0, 1), (1, 1), (1, 0), (0, 0)], crs=4326)


def test_corners_without_crs_are_refused(tif, rgb):
    with pytest.raises(OptionError):
        imsave(tif, rgb, corners=[(0, 1), (1, 1), (1, 0), (0, 0)])


@pytest.mark.parametrize("corners", [[(0, 1), (1, 1), (1, 0)], [(0, 1), (1, 1), (1, 0), (0, 0), (0, 1)], [(0, 1), (1, 1), (1, 0), (0.3, 0)],
                                     [(0, 0)] * 4, [(0, 1), (1, 1), (1, 0), (float("nan"), 0)], [(0, 1, 0)] * 4],
                         ids=["three", "five", "no parallelogram", "one point", "nan", "triples"])
def test_corners_are_four_points_of_a_parallelogram(tif, rgb, corners):
    with pytest.raises((ValueError, TypeError)):
        imsave(tif, rgb, corners=corners, crs=4326)
    assert not tif.exists()


def test_corners_may_be_off_a_parallelogram_by_a_millionth_of_its_size(tif, rgb):
    imsave(tif, rgb, corners=[(0, 1), (1, 1), (1 + 1e-8, 0), (0, 0)], crs=4326)
    assert [tuple(c) for c in iminfo(tif).corners] == [pytest.approx(p, abs=1e-6) for p in [(0, 1), (1, 1), (1, 0), (0, 0)]]


@pytest.mark.parametrize("corners", [[(0, 0), (1, 0), (1, 1), (0, 1)], [(0, 0), (2, 1), (1, 3), (-1, 2)], [(1, 1), (0, 1), (0, 0), (1, 0)]],
                         ids=["south up", "rotated", "mirrored"])
def test_south_up_and_rotated_corners_are_kept(tif, rgb, corners):
    imsave(tif, rgb, corners=corners, crs=4326)
    with rasterio.open(tif) as src:
        rows, cols = src.shape
        found = [src.transform * p for p in ((0, 0), (cols, 0), (cols, rows), (0, rows))]
    assert [tuple(p) for p in found] == [pytest.approx(p, abs=1e-9) for p in corners]


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_georeferencing_a_format_cannot_hold_is_not_dropped_silently(tmp_path, rgb, name, recwarn):
    try:
        imsave(tmp_path / name, rgb, transform=NORTH_UP, crs=32618)
    except OptionError:
        assert listing(tmp_path) == []
    else:
        assert len(recwarn) > 0, "neither an error nor a warning"
        assert listing(tmp_path) == [name], "world files are never written unasked"


@pytest.mark.parametrize("dtype,nodata,text", [("uint8", 0, "0"), ("uint8", 255, "255"), ("int16", -9999, "-9999"), ("float32", -9999.0, None),
                                               ("float32", float("nan"), "nan"), ("uint16", 65535, "65535"), ("float64", 1e-300, None)])
def test_nodata(tif, dtype, nodata, text):
    imsave(tif, image((1, 40, 50), dtype), nodata=nodata)
    if text:
        assert tiff_tags(tif)[42113].strip("\0 ") == text
    with rasterio.open(tif) as src:
        assert src.nodata == pytest.approx(nodata, nan_ok=True, rel=1e-15)
    assert iminfo(tif).nodata == pytest.approx(nodata, nan_ok=True, rel=1e-15)


@pytest.mark.parametrize("dtype,nodata", [("uint8", 256), ("uint8", -1), ("uint8", 0.5), ("int16", 40000), ("uint16", float("nan")),
                                          ("float32", 1e300), ("uint8", "none")])
def test_a_nodata_value_must_fit_the_dtype(tif, dtype, nodata):
    with pytest.raises((OptionError, TypeError)):
        imsave(tif, image((1, 40, 50), dtype), nodata=nodata)
    assert not tif.exists()


@pytest.mark.parametrize("quality,bound", [(100, 45), (90, 38), (75, 35), (30, 30), (1, 15)])
def test_jpeg_quality_trades_size_for_fidelity(tmp_path, quality, bound):
    data = smooth((3, 200, 240))
    imsave(tmp_path / "a.jpg", data, quality=quality)
    assert psnr(pillow_pixels(tmp_path / "a.jpg"), data) > bound


def test_a_higher_quality_gives_a_larger_file(tmp_path, rgb):
    sizes = []
    for quality in (10, 50, 90):
        imsave(tmp_path / "a.jpg", rgb, quality=quality)
        sizes.append((tmp_path / "a.jpg").stat().st_size)
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("quality", [0, 101, -5, "high", float("nan")])
def test_a_jpeg_quality_outside_1_to_100_is_refused(tmp_path, rgb, quality):
    with pytest.raises((OptionError, TypeError)):
        imsave(tmp_path / "a.jpg", rgb, quality=quality)
    assert listing(tmp_path) == []


@pytest.mark.parametrize("name", ["a.tif", "a.png"])
def test_quality_is_refused_if_the_format_has_none(tmp_path, rgb, name):
    with pytest.raises(OptionError, match="quality"):
        imsave(tmp_path / name, rgb, quality=80)


def test_metadata_may_be_any_mapping(tif, rgb):
    from collections import OrderedDict
    from types import MappingProxyType

    for mapping in ({"305": "one"}, OrderedDict({"305": "one"}), MappingProxyType({"305": "one"})):
        imsave(tif, rgb, metadata=mapping)
        assert tiff_tags(tif)[305] == "one"


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_bytes_do_not_depend_on_threads(tmp_path, rgb, threads, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1577880000")
    for name in ("a.tif", "a.png", "a.jpg", "a.ntf", "a.nsf"):
        imsave(tmp_path / name, rgb)
        imsave(tmp_path / f"b{name}", rgb, threads=threads)
        assert (tmp_path / name).read_bytes() == (tmp_path / f"b{name}").read_bytes(), name


def test_a_stream_needs_a_format_and_stays_open(rgb):
    with pytest.raises(ValueError, match="format"):
        imsave(io.BytesIO(), rgb)
    for kind in ("tiff", "png", "jpeg", "nitf", "nsif"):
        stream = io.BytesIO()
        imsave(stream, rgb, format=kind)
        assert not stream.closed
        stream.seek(0)
        assert imread(stream).shape == rgb.shape


def test_a_stream_that_cannot_seek_gets_the_same_pixels(rgb):
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.parts = []

        def writable(self):
            return True

        def seekable(self):
            return False

        def write(self, data):
            self.parts.append(bytes(data))
            return len(data)

    for kind in ("tiff", "png", "nitf"):
        pipe = Pipe()
        imsave(pipe, rgb, format=kind)
        assert_same(imread(io.BytesIO(b"".join(pipe.parts))), rgb, kind)


def test_a_stream_that_fails_is_reported_with_its_own_error(rgb):
    class Broken(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            raise OSError(28, "No space left on this stream")

    with pytest.raises((OSError, Error), match="No space left on this stream"):
        imsave(Broken(), rgb, format="tiff")


def test_a_stream_is_written_at_its_position(rgb):
    stream = io.BytesIO(b"head")
    stream.seek(4)
    imsave(stream, rgb, format="png")
    assert stream.getvalue().startswith(b"head\x89PNG")


def test_gdal_reads_the_default_tiff(tif, rgb):
    imsave(tif, rgb)
    assert_same(gdal_pixels(tif), rgb)
