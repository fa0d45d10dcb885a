"""Specification, section 'The Simple Path'."""
import numpy as np
import pytest
from aws.osml.io import iminfo, imread, imsave
from testkit.arrays import assert_same
from testkit.codestreams import Codestream
from testkit.nitf_bytes import parse
from testkit.nitf_ours import quiet
from testkit.readers import gdal_pixels, pillow_pixels, tiff_tags


def test_the_tiff_line_writes_deflate_in_256_tiles(in_tmp):
    data = np.random.randint(0, 255, (3, 512, 512), dtype=np.uint8)
    imsave("output.tif", data)   # GeoTIFF with Deflate compression, 256×256 tiles
    tags = tiff_tags("output.tif")
    assert tags[259] == 8
    assert (tags[322], tags[323]) == (256, 256)
    assert_same(gdal_pixels("output.tif"), data)
    assert_same(imread("output.tif"), data)


def test_the_nitf_line_writes_blocks_of_1024_without_loss(in_tmp):
    data = np.random.randint(0, 255, (3, 512, 512), dtype=np.uint8)
    with quiet():
        imsave("output.ntf", data)   # NITF with JPEG 2000 lossless, 1024×1024 blocks
    found = parse("output.ntf").images[0]
    assert found["IC"] == "C8" and Codestream(found.data).cod["wavelet"] == 1
    assert_same(gdal_pixels("output.ntf"), data)
    assert_same(imread("output.ntf"), data)
    imsave("large.ntf", np.zeros((1, 1500, 2100), np.uint8))
    found = parse("large.ntf").images[0]
    assert (found["NPPBH"], found["NPPBV"], found["NBPR"], found["NBPC"]) == ("1024", "1024", "0003", "0002")


def test_the_png_line_writes_what_pillow_reads(in_tmp):
    data = np.random.randint(0, 255, (3, 512, 512), dtype=np.uint8)
    imsave("output.png", data)   # PNG
    assert_same(pillow_pixels("output.png"), data)
    assert_same(imread("output.png"), data)


def test_2d_arrays_are_single_band_images(in_tmp):
    grayscale = np.zeros((256, 256), dtype=np.uint8)
    grayscale[3, 5] = 7
    imsave("gray.png", grayscale)
    assert_same(pillow_pixels("gray.png"), grayscale[None])
    assert imread("gray.png").shape == (1, 256, 256)


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg", "a.ntf", "a.nsf"])
def test_2d_arrays_are_single_band_images_in_every_format(in_tmp, name):
    imsave(name, np.full((20, 30), 9, np.uint8))
    info = iminfo(name)
    assert (info.bands, info.height, info.width) == (1, 20, 30)


def test_the_georeferencing_example(in_tmp):
    import rasterio

    data = np.random.randint(0, 255, (3, 512, 512), dtype=np.uint8)
    imsave("geo.tif", data,
           corners=[(-77.0, 39.0), (-76.5, 39.0), (-76.5, 38.5), (-77.0, 38.5)],
           crs="EPSG:4326")
    with rasterio.open("geo.tif") as src:
        assert src.crs.to_epsg() == 4326
        assert tuple(src.bounds) == pytest.approx((-77.0, 38.5, -76.5, 39.0), abs=1e-12)
        assert src.transform.to_gdal() == pytest.approx((-77.0, 0.5 / 512, 0.0, 39.0, 0.0, -0.5 / 512), abs=1e-12)
        assert_same(src.read(), data)
