"""TIFF files made by GDAL with its many creation options, read by us as GDAL reads them."""
import itertools

import numpy as np
import pytest
import rasterio
from aws.osml.io import IO, UnsupportedError, imread, iminfo
from rasterio.enums import ColorInterp, Resampling
from testkit.arrays import assert_same, image, smooth
from testkit.readers import tifffile_pixels

DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "complex64", "complex128"]


@pytest.fixture
def tif(tmp_path):
    return tmp_path / "a.tif"


def write(path, data, **options):
    with rasterio.open(path, "w", driver="GTiff", width=data.shape[2], height=data.shape[1], count=data.shape[0], dtype=data.dtype,
                       **options) as dst:
        dst.write(data)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("compress", ["NONE", "LZW", "DEFLATE", "PACKBITS", "ZSTD"])
@pytest.mark.parametrize("endianness", ["LITTLE", "BIG"])
def test_every_dtype_compression_and_byte_order(tif, dtype, compress, endianness):
    predictors = [1]
    if compress in ("LZW", "DEFLATE", "ZSTD") and not dtype.startswith("complex"):
        predictors += [2] + ([3] if dtype.startswith("float") else [])
    for predictor, (interleave, tiled, big) in itertools.product(predictors, [("pixel", True, "NO"), ("band", True, "YES"), ("pixel", False, "NO"),
                                                                              ("band", False, "NO")]):
        data = image((3, 45, 77), dtype)
        layout = dict(tiled=True, blockxsize=48, blockysize=32) if tiled else dict(blockysize=7)
        write(tif, data, compress=compress, ENDIANNESS=endianness, interleave=interleave, BIGTIFF=big, predictor=predictor, **layout)
        assert_same(imread(tif), data, f"predictor {predictor}, {interleave}, tiled {tiled}, BigTIFF {big}")


@pytest.mark.parametrize("bits", [1, 2, 4, 7, 12])
@pytest.mark.parametrize("compress", ["NONE", "DEFLATE", "LZW"])
@pytest.mark.parametrize("bands,interleave", [(1, "pixel"), (3, "pixel"), (3, "band")])
def test_nbits(tif, bits, compress, bands, interleave):
    dtype = np.uint8 if bits <= 8 else np.uint16
    data = np.random.default_rng(bits).integers(0, 1 << bits, (bands, 45, 77)).astype(dtype)
    for layout in (dict(tiled=True, blockxsize=48, blockysize=32), dict(blockysize=7)):
        write(tif, data, NBITS=bits, compress=compress, interleave=interleave, **layout)
        assert_same(imread(tif), data, str(layout))


def test_16_bit_floats(tif):
    data = image((1, 45, 77), np.float16)
    for predictor in (1, 3):
        write(tif, data.astype(np.float32), NBITS=16, compress="DEFLATE", predictor=predictor)
        found = imread(tif)
        assert_same(found.astype(np.float32), data.astype(np.float32), f"predictor {predictor}")


@pytest.mark.parametrize("compress,code", [("CCITTRLE", 2), ("CCITTFAX3", 3), ("CCITTFAX4", 4)])
def test_bilevel_fax_codes_are_right_or_refused_by_tag_and_value(tif, compress, code):
    data = (smooth((1, 90, 133)) > 128).astype(np.uint8)
    write(tif, data, NBITS=1, compress=compress)
    try:
        found = imread(tif)
    except UnsupportedError as error:
        assert "259" in str(error) and str(code) in str(error)
    else:
        assert_same(found, data)


@pytest.mark.parametrize("layout", [dict(tiled=True, blockxsize=64, blockysize=64), dict(blockysize=16), dict(blockysize=200)], ids=str)
@pytest.mark.parametrize("photometric,bands", [("YCBCR", 3), ("RGB", 3), ("MINISBLACK", 1), ("CMYK", 4)])
@pytest.mark.parametrize("quality", [75, 95])
def test_jpeg_tiles_match_libjpeg(tif, layout, photometric, bands, quality):
    write(tif, smooth((bands, 200, 230)), compress="JPEG", photometric=photometric, JPEG_QUALITY=quality, **layout)
    expected = tifffile_pixels(tif)  # GDAL itself would render CMYK as RGB
    found = imread(tif)
    assert found.shape == expected.shape
    difference = np.abs(found.astype(int) - expected)
    # One step of the inverse transform and two of the colour conversion; chroma may be interpolated in another way.
    assert difference.mean() < 1 and difference.max() <= (12 if photometric == "YCBCR" else 2)


def test_jpeg_bands_apart(tif):
    write(tif, smooth((3, 200, 230)), compress="JPEG", interleave="band", tiled=True, blockxsize=64, blockysize=64)
    with rasterio.open(tif) as src:
        difference = np.abs(imread(tif).astype(int) - src.read())
    assert difference.max() <= 2


def test_sparse_files_read_as_zero_and_list_absent_blocks(tif):
    data = np.zeros((1, 256, 256), np.int16)
    data[:, :64, 64:128] = image((1, 64, 64), np.int16)
    with rasterio.open(tif, "w", driver="GTiff", width=256, height=256, count=1, dtype="int16", tiled=True, blockxsize=64, blockysize=64,
                       SPARSE_OK=True) as dst:
        dst.write(data)
    assert_same(imread(tif), data)
    assert imread(tif, fill_value=5)[0, 255, 255] == 5
    with IO.open(tif) as reader:
        found = reader.get_asset("image:0")
        assert found.has_block(0, 1) and not found.has_block(0, 0) and not found.has_block(3, 3)


def test_sparse_tiles_with_nodata_are_padded_with_it(tif):
    with rasterio.open(tif, "w", driver="GTiff", width=256, height=256, count=1, dtype="int16", nodata=-99, tiled=True, blockxsize=64,
                       blockysize=64, SPARSE_OK=True) as dst:
        dst.write(image((1, 64, 64), np.int16), window=((0, 64), (0, 64)))
    with IO.open(tif) as reader:
        found = reader.get_asset("image:0")
        assert not found.has_block(1, 1)
        assert found.pad_pixel_value == -99
        assert (found.get_block(1, 1, 0) == -99).all()


@pytest.mark.parametrize("driver", ["GTiff", "COG"])
def test_overviews(tif, driver):
    data = smooth((3, 600, 700))
    if driver == "COG":
        from rasterio.shutil import copy

        with rasterio.MemoryFile() as memory:
            with memory.open(driver="GTiff", width=700, height=600, count=3, dtype="uint8") as dst:
                dst.write(data)
            with memory.open() as src:
                copy(src, tif, driver="COG", BLOCKSIZE=128, COMPRESS="LZW", OVERVIEWS="IGNORE_EXISTING")
    else:
        write(tif, data, tiled=True, blockxsize=128, blockysize=128, compress="LZW")
        with rasterio.open(tif, "r+") as dst:
            dst.build_overviews([2, 4], Resampling.nearest)
    with rasterio.open(tif) as src:
        factors = src.overviews(1)
    levels = []
    for level in range(len(factors)):
        with rasterio.open(tif, overview_level=level) as src:
            levels.append(src.read())
    assert levels
    assert_same(imread(tif), data)
    with IO.open(tif) as reader:
        assert reader.get_asset_keys(roles=["overview"]) == [f"image:0:overview:{n + 1}" for n in range(len(levels))]
        for n, level in enumerate(levels):
            assert_same(reader.get_asset(f"image:0:overview:{n + 1}").read(), level)


def test_a_cog_with_mask_keeps_images_masks_and_overviews_apart(tif):
    from rasterio.shutil import copy

    data, mask = smooth((3, 600, 700)), np.zeros((600, 700), np.uint8)
    mask[100:400, 50:650] = 255
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.MemoryFile() as memory:
        with memory.open(driver="GTiff", width=700, height=600, count=3, dtype="uint8") as dst:
            dst.write(data)
            dst.write_mask(mask)
        with memory.open() as src:
            copy(src, tif, driver="COG", BLOCKSIZE=128, COMPRESS="DEFLATE")
    assert_same(imread(tif), data)
    with IO.open(tif) as reader:
        assert reader.get_asset_keys(roles=["data"]) == ["image:0"]
        masks = reader.get_asset_keys(roles=["mask"])
        assert masks
        assert_same(reader.get_asset(masks[0]).read(), (mask[None] > 0).astype(np.uint8))
        sizes = [(reader.get_asset(k).num_columns, reader.get_asset(k).num_rows) for k in reader.get_asset_keys(roles=["overview"])
                 if "mask" not in reader.get_asset(k).roles]
        assert sizes == sorted(set(sizes), reverse=True) and sizes[0] == (350, 300)


def test_alpha_palette_and_gdal_tags_are_metadata(tif):
    with rasterio.open(tif, "w", driver="GTiff", width=30, height=20, count=4, dtype="uint8", photometric="RGB", ALPHA="YES") as dst:
        dst.write(image((4, 20, 30), np.uint8))
        dst.update_tags(SENSOR="x", ns="")
        dst.set_band_description(1, "red of it")
        assert dst.colorinterp[3] == ColorInterp.alpha
    metadata = iminfo(tif).metadata
    assert metadata["338"] in (2, [2])
    assert "SENSOR" in metadata["42112"] and "red of it" in metadata["42112"]


def test_a_colour_table(tif):
    data = image((1, 20, 30), np.uint8)
    with rasterio.open(tif, "w", driver="GTiff", width=30, height=20, count=1, dtype="uint8", photometric="PALETTE") as dst:
        dst.write(data)
        dst.write_colormap(1, {i: (i, 255 - i, i // 2, 255) for i in range(256)})
    assert_same(imread(tif), data)
    palette = iminfo(tif).metadata["320"]
    assert len(palette) == 768 and palette[10] >> 8 == 10 and palette[256 + 10] >> 8 == 245


def test_ground_control_points_are_not_an_affine(tif):
    from rasterio.control import GroundControlPoint

    points = [GroundControlPoint(row=r, col=c, x=c * 2.0 + r * 0.1 + (r * c) ** 1.5, y=-r * 3.0) for r in (0, 10, 20) for c in (0, 15, 30)]
    with rasterio.open(tif, "w", driver="GTiff", width=30, height=20, count=1, dtype="uint8", gcps=points, crs="EPSG:4326") as dst:
        dst.write(image((1, 20, 30), np.uint8))
    info = iminfo(tif)
    assert info.transform is None and info.corners is None
    assert len(info.metadata["33922"]) == 6 * 9
    assert str(info.crs).upper().removeprefix("EPSG:") == "4326"
