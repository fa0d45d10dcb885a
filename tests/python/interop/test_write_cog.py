"""Cloud Optimized GeoTIFFs: GDAL, rio-cogeo and tifffile judge the layout, GDAL and NumPy the overviews."""
import io
import warnings

import numpy as np
import pytest
import rasterio
from aws.osml.io import IO, iminfo, imread, imsave
from aws.osml.io.tiff import write_cog
from rasterio.enums import Resampling
from rio_cogeo.cogeo import cog_info, cog_validate
from testkit.arrays import assert_same, image
from testkit.cog_rules import cog_errors, ghost
from testkit.providers import GridProvider, LazyProvider
from testkit.readers import tiff_tags, tifffile_pixels

GEO = {"crs": 32618, "transform": (300000.0, 0.5, 0.0, 4500000.0, 0.0, -0.5)}
KINDS = {"gray": (np.uint8, 1), "rgb": (np.uint8, 3), "rgba": (np.uint8, 4), "bands": (np.uint16, 6), "signed": (np.int16, 1),
         "float": (np.float32, 1), "double": (np.float64, 2), "complex": (np.complex64, 1)}


def assert_cog(path):
    """GDAL's rules, and rio-cogeo's with its warnings as errors."""
    assert cog_errors(path) == []
    is_valid, errors, found = cog_validate(str(path), strict=True, quiet=True)
    assert is_valid, (errors, found)


def halves(data):
    """The 2 × 2 averages of an array of integers with even sides, halves rounded up."""
    bands, rows, columns = data.shape
    sums = data.astype(np.int64).reshape(bands, rows // 2, 2, columns // 2, 2).sum(axis=(2, 4))
    return ((sums * 2 + 4) // 8).astype(data.dtype)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_image_is_a_cog_that_others_accept(tmp_path, kind):
    dtype, bands = KINDS[kind]
    data, path = image((bands, 1100, 1500), dtype), tmp_path / "a.tif"
    imsave(path, data, cog=True, **GEO)
    assert_cog(path)
    assert_same(tifffile_pixels(path), data)
    with rasterio.open(path) as src:
        assert (src.overviews(1), src.block_shapes[0], src.crs.to_epsg()) == ([2, 4], (512, 512), 32618)
        assert_same(src.read(), data)
        assert src.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    info = cog_info(str(path))
    assert (info.COG, info.IFD[1].Width, info.IFD[2].Height) == (True, 750, 275)
    assert iminfo(path).num_resolution_levels == 3
    for level in (1, 2):
        with rasterio.open(path, overview_level=level - 1) as src:
            assert_same(src.read(), imread(path, resolution_level=level))


def test_averages_are_those_of_numpy_level_by_level(tmp_path):
    data, path = image((3, 1024, 2048), np.uint16), tmp_path / "a.tif"
    imsave(path, data, cog=True, block_size=256)
    assert iminfo(path).num_resolution_levels == 4
    for level in range(1, 4):
        data = halves(data)
        with rasterio.open(path, overview_level=level - 1) as src:
            assert_same(src.read(), data, f"level {level}")


def test_the_nearest_pixel_is_that_below_the_middle(tmp_path):
    """GDAL takes the first of the 2 × 2 pixels in overviews, and this one when it reads at a lower resolution."""
    data = image((1, 512, 768), np.uint8)
    imsave(tmp_path / "a.tif", data, overviews=[2], resampling="nearest")
    assert_same(imread(tmp_path / "a.tif", resolution_level=1), data[:, 1::2, 1::2])


@pytest.mark.parametrize("name,bound", [("average", 1), ("bilinear", 1), ("cubic", 1), ("gauss", 1), ("mode", 0), ("rms", 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_each_method_gives_the_overview_that_gdal_makes(tmp_path, name, bound, dtype):
    """Integers may differ by the rounding of a half, floats by their last bits; GDAL filters edges of gauss in its own way."""
    data = image((1, 512, 768), dtype)
    ours, theirs = tmp_path / "ours.tif", tmp_path / "theirs.tif"
    imsave(ours, data, overviews=[2], resampling=name)
    imsave(theirs, data)
    with rasterio.open(theirs, "r+") as src:
        src.build_overviews([2], Resampling[name])
    with rasterio.open(theirs, overview_level=0) as src:
        expected = src.read().astype(np.float64)
    found = imread(ours, resolution_level=1).astype(np.float64)
    inner = (slice(None), slice(2, -2), slice(2, -2))
    if dtype == np.uint8:
        assert np.abs(found - expected)[inner].max() <= bound
    else:
        np.testing.assert_allclose(found[inner], expected[inner], rtol=1e-5, atol=1e-4 if bound else 0)


def test_array_lazy_provider_and_file_give_the_same_bytes_for_any_number_of_threads(tmp_path):
    array = image((2, 1300, 900), np.uint16)
    lazy = GridProvider(array, block=(300, 200))
    lazy.title = lazy.description = ""
    path, other = tmp_path / "a.tif", tmp_path / "b.tif"
    write_cog(path, lazy, threads=1)
    assert_same(imread(path), array)
    for source, threads in ((lazy, 4), (array, 1), (array, 4)):
        write_cog(other, source, threads=threads)
        assert other.read_bytes() == path.read_bytes(), threads
    source = tmp_path / "source.tif"
    imsave(source, array, block_size=512)
    write_cog(other, source)
    assert other.read_bytes() == path.read_bytes()
    assert_cog(path)


def test_tiles_of_a_file_are_copied_and_its_overviews_replaced(tmp_path):
    data, source, path = image((3, 900, 700), np.uint8), tmp_path / "source.tif", tmp_path / "a.tif"
    imsave(source, data, compression="jpeg", quality=80, block_size=256, overviews=[2, 4, 8], **GEO)
    write_cog(path, source, overviews=[4])
    assert_cog(path)
    assert_same(imread(path), imread(source))
    with rasterio.open(path) as src:
        assert (src.overviews(1), src.crs.to_epsg(), src.compression.value) == ([4], 32618, "JPEG")
    assert tiff_tags(path, 1)[254] == 1


def test_nodata_does_not_count(tmp_path):
    data = np.full((1, 512, 512), -99, np.int16)
    data[0, 0, 0], data[0, 2:4, 2:4] = 100, [[1, 2], [-99, 4]]
    imsave(tmp_path / "a.tif", data, overviews=[2], nodata=-99)
    found = imread(tmp_path / "a.tif", resolution_level=1)
    assert (found[0, 0, 0], found[0, 1, 1], found[0, 5, 5]) == (100, 2, -99)
    with rasterio.open(tmp_path / "a.tif", overview_level=0) as src:
        assert src.nodata == -99
        assert_same(src.read(), found)


def test_a_mask_is_written_at_every_level_between_the_tiles(tmp_path):
    data, path = image((3, 700, 1100), np.uint8), tmp_path / "a.tif"
    mask = np.zeros((700, 1100), bool)
    mask[100:500, 300:1001] = True
    imsave(path, data, cog=True, block_size=256, mask=mask, **GEO)
    assert_cog(path)
    assert ghost(path)["MASK_INTERLEAVED_WITH_IMAGERY"] == "YES"
    with rasterio.open(path) as src:
        assert (src.overviews(1), src.mask_flag_enums[0][0].name) == ([2, 4, 8], "per_dataset")
        assert_same(src.dataset_mask() > 0, mask)
    with rasterio.open(path, overview_level=0) as src:
        expected = mask.reshape(350, 2, 550, 2).any(axis=(1, 3))
        assert_same(src.dataset_mask() > 0, expected)
        values = np.where(mask, data, 0).astype(np.int64).reshape(3, 350, 2, 550, 2).sum(axis=(2, 4))
        count = mask.reshape(350, 2, 550, 2).sum(axis=(1, 3))
        means = (values * 2 + count) // np.maximum(2 * count, 1)
        assert_same(src.read()[:, expected], means.astype(np.uint8)[:, expected])
    with IO.open(path) as reader:
        assert reader.get_asset_keys(roles=["mask"]) == ["image:0:mask", *(f"image:0:mask:overview:{n}" for n in (1, 2, 3))]


def test_the_mask_of_a_file_is_used_and_kept(tmp_path):
    data, source, path = image((1, 600, 600), np.uint8), tmp_path / "source.tif", tmp_path / "a.tif"
    mask = (image((1, 600, 600), np.uint8)[0] > 99).astype(np.uint8) * 255
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(source, "w", driver="GTiff", width=600, height=600, count=1, dtype="uint8") as dst:
            dst.write(data)
            dst.write_mask(mask)
    write_cog(path, source)
    assert_cog(path)
    with rasterio.open(path) as src:
        assert_same(src.dataset_mask(), mask)
        assert_same(src.read(), data)


def test_a_palette_and_classes_are_not_averaged(tmp_path):
    data = np.zeros((1, 600, 600), np.uint8)
    data[0, 1::2, 1::2] = 7
    colors = {"262": 3, "320": [n * 257 % 65536 for n in range(768)]}
    classes = {"42112": '<GDALMetadata><Item name="LAYER_TYPE" sample="0">thematic</Item></GDALMetadata>'}
    for metadata in (colors, classes):
        imsave(tmp_path / "a.tif", data, cog=True, metadata=metadata)
        assert set(np.unique(imread(tmp_path / "a.tif", resolution_level=1))) == {7}
        assert_cog(tmp_path / "a.tif")
    with rasterio.open(tmp_path / "a.tif") as src:
        assert src.tags(1)["LAYER_TYPE"] == "thematic"
    imsave(tmp_path / "a.tif", data, cog=True, metadata=colors)
    with rasterio.open(tmp_path / "a.tif", overview_level=0) as src:
        assert len(src.colormap(1)) == 256


@pytest.mark.parametrize("settings", [{"compression": "none"}, {"compression": "lzw"}, {"compression": "zstd"},
                                      {"compression": "jpeg", "quality": 90}, {"metadata": {"284": 2}}, {"block_size": (128, 256)}])
def test_every_coding_is_a_cog(tmp_path, settings):
    data, path = image((3, 700, 600), np.uint8), tmp_path / "a.tif"
    imsave(path, data, cog=True, **settings)
    assert_cog(path)
    with rasterio.open(path) as src:
        assert src.overviews(1)[0] == 2
        if settings.get("compression") != "jpeg":
            assert_same(src.read(), data)


def test_a_small_image_is_a_cog_without_overviews(tmp_path):
    data, path = image((1, 100, 200), np.uint8), tmp_path / "a.tif"
    imsave(path, data, cog=True)
    assert_cog(path)
    assert ghost(path)["LAYOUT"] == "IFDS_BEFORE_DATA" and iminfo(path).num_resolution_levels == 1


def test_absent_tiles_stay_absent_at_every_level(tmp_path):
    lazy, path = LazyProvider(2048, 2048, 1, block=(256, 256)), tmp_path / "a.tif"
    lazy.has_block = lambda row, col, level: row < 4 and col < 4
    write_cog(path, lazy, block_size=256)
    assert_cog(path)
    with IO.open(path) as reader:
        first = reader.get_asset("image:0:overview:1")
        assert [first.has_block(0, 0), first.has_block(1, 1), first.has_block(2, 0), first.has_block(3, 3)] == [1, 1, 0, 0]


def test_streams_get_the_same_bytes_as_files(tmp_path):
    data, path = image((1, 700, 700), np.uint8), tmp_path / "a.tif"
    imsave(path, data, cog=True)
    stream = io.BytesIO()
    write_cog(stream, data)
    assert stream.getvalue() == path.read_bytes()
    with (tmp_path / "b.tif").open("wb") as file:
        write_cog(file, data)
    with (tmp_path / "c.tif").open("w+b") as file:
        write_cog(file, data)
    assert (tmp_path / "b.tif").read_bytes() == (tmp_path / "c.tif").read_bytes() == path.read_bytes()


def test_an_image_is_compressed_no_worse_than_without_overviews(tmp_path):
    data = image((3, 1024, 1024), np.uint8)
    imsave(tmp_path / "a.tif", data, block_size=512)
    imsave(tmp_path / "b.tif", data, cog=True)
    assert (tmp_path / "b.tif").stat().st_size < 1.45 * (tmp_path / "a.tif").stat().st_size


@pytest.mark.slow
def test_a_large_cog_is_a_bigtiff_only_above_4_gib(tmp_path):
    path = tmp_path / "a.tif"
    write_cog(path, LazyProvider(60_000, 60_000, 1, block=(512, 512)), compression="none")
    assert path.stat().st_size > 1 << 32 and path.read_bytes()[:4] == b"II+\0"
    with rasterio.open(path, overview_level=6) as src:
        assert_same(src.read(), imread(path, resolution_level=7))
