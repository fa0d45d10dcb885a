"""Masks: `imread(…, masked=True)` and `imsave(…, mask=)`, in the eyes of rasterio."""
import io

import numpy as np
import pytest
import rasterio
from aws.osml.io import IO, BufferedImageAssetProvider, iminfo, imread, imsave
from testkit.arrays import assert_same, image
from testkit.providers import GridProvider

RGB = image((3, 300, 400), np.uint8) | 1
VALID = np.ones((300, 400), bool)
VALID[:50], VALID[100:, 300:] = False, False


def rasterios(path, window=None, **options):
    with rasterio.open(path) as file:
        return file.read(masked=True, window=window and rasterio.windows.Window(*window), **options)


def assert_masked_alike(path, window=None):
    found, expected = imread(path, masked=True, window=window), rasterios(path, window)
    assert (found.mask == np.ma.getmaskarray(expected)).all()
    difference = found.data.astype(float) - expected.data
    # Two decoders of JPEG differ where chrominance is interpolated.
    assert np.nanmax(np.abs(np.where(found.mask, 0, difference))) <= (12 if iminfo(path).compression == "jpeg" else 0)
    return found


@pytest.mark.parametrize("settings", [
    {}, {"block_size": 64}, {"compression": "jpeg"}, {"compression": "none"}, {"metadata": {"278": 16}}, {"cog": True}, {"overviews": [2]},
    {"metadata": {"284": 2}},
], ids=str)
def test_every_tiff_has_a_mask_beside_the_image(settings, tmp_path):
    imsave(tmp_path / "a.tif", RGB, mask=VALID, **settings)
    found = assert_masked_alike(tmp_path / "a.tif")
    assert (found.mask == ~VALID).all()
    assert_masked_alike(tmp_path / "a.tif", (250, 80, 120, 90))
    with rasterio.open(tmp_path / "a.tif") as file:
        assert ((file.dataset_mask() > 0) == VALID).all()


@pytest.mark.parametrize("name", ["a.png", "a.jp2"])
@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_and_jpeg_2000_have_alpha(name, bands, dtype, tmp_path):
    data = RGB[:bands].astype(dtype)
    imsave(tmp_path / name, data, mask=VALID)
    assert iminfo(tmp_path / name).bands == bands + 1
    found = imread(tmp_path / name, masked=True)
    assert (found.mask[:-1] == ~VALID).all() and not found.mask[-1].any() and iminfo(tmp_path / name).colors[-1] == "alpha"
    assert_same(found.data[:bands], data)
    with rasterio.open(tmp_path / name) as file:
        assert ((file.dataset_mask() > 0) == VALID).all()


@pytest.mark.parametrize("format,message", [("nitf", "absent blocks"), ("jpeg", "neither a mask nor alpha")])
def test_other_formats_refuse_a_mask(format, message):
    with pytest.raises(ValueError, match=message):
        imsave(io.BytesIO(), RGB, format=format, mask=VALID)


def test_a_mask_that_does_not_fit_is_refused():
    for format in ("tiff", "png"):
        with pytest.raises(ValueError):
            imsave(io.BytesIO(), RGB, format=format, mask=VALID[:-1])
        with pytest.raises(ValueError, match="dtype"):
            imsave(io.BytesIO(), RGB, format=format, mask=VALID.astype(float))
    with pytest.raises(ValueError, match="1 or 3 bands"):
        imsave(io.BytesIO(), RGB[:2], format="png", mask=VALID)
    with pytest.raises(ValueError, match="array in memory"):
        imsave(io.BytesIO(), GridProvider(RGB), format="png", mask=VALID)


@pytest.mark.parametrize("dtype,nodata", [("uint8", 7), ("int16", -9999), ("float32", np.nan), ("float32", -1e30)])
def test_nodata_is_masked_band_by_band(dtype, nodata, tmp_path):
    data = RGB.astype(dtype)
    data[0, 5:9], data[2, :, 3] = nodata, nodata
    imsave(tmp_path / "a.tif", data, nodata=nodata)
    found = assert_masked_alike(tmp_path / "a.tif")
    assert found.mask[0, 6].all() and not found.mask[1, 6, 10]
    assert found.fill_value == nodata or np.isnan(nodata)
    assert (imread(tmp_path / "a.tif", masked=True, bands=[2, 0]).mask == found.mask[[2, 0]]).all()


def test_alpha_of_a_tiff_is_a_mask(tmp_path):
    data = np.concatenate([RGB, np.where(VALID, 255, 0).astype(np.uint8)[None]])
    imsave(tmp_path / "a.tif", data)
    assert (assert_masked_alike(tmp_path / "a.tif").mask[:3] == ~VALID).all()
    assert (imread(tmp_path / "a.tif", masked=True, bands=1).mask == ~VALID).all()


def test_an_image_without_any_of_these_is_valid(tmp_path):
    imsave(tmp_path / "a.tif", RGB)
    found = imread(tmp_path / "a.tif", masked=True)
    assert found.fill_value == 0 and imread(tmp_path / "a.tif", masked=True, fill_value=9).fill_value == 9
    assert isinstance(found, np.ma.MaskedArray) and found.mask.shape == RGB.shape and not found.mask.any()
    assert not isinstance(imread(tmp_path / "a.tif"), np.ma.MaskedArray)


@pytest.mark.parametrize("name,metadata", [("a.tif", {"322": 64, "323": 64}), ("a.ntf", {"IC": "NM", "NPPBH": 64, "NPPBV": 64})])
def test_absent_blocks_are_masked(name, metadata, tmp_path):
    sparse = BufferedImageAssetProvider.create("x", 200, 150, 1, 64, 64, metadata=metadata)
    sparse.set_block(0, 1, np.ones((1, 64, 64), np.uint8))
    with IO.open(tmp_path / name, "w") as writer:
        writer.add_asset("image:0", sparse)
    found = imread(tmp_path / name, masked=True, fill_value=9)
    assert not found.mask[0, :64, 64:128].any() and found.mask.sum() == 200 * 150 - 64 * 64
    part = imread(tmp_path / name, masked=True, window=(60, 60, 10, 10))
    assert (part.mask == found.mask[:, 60:70, 60:70]).all()


def test_levels_have_masks(tmp_path):
    imsave(tmp_path / "a.tif", RGB, mask=VALID, overviews=[2, 4], resampling="nearest")
    for level in (1, 2):
        found = imread(tmp_path / "a.tif", masked=True, resolution_level=level)
        expected = rasterios(tmp_path / "a.tif", out_shape=(3, 300 >> level, 400 >> level))
        assert found.shape == expected.shape and (found.mask == np.ma.getmaskarray(expected)).mean() > 0.98
    with IO.open(tmp_path / "a.tif") as reader:
        whole, image = imread(reader, masked=True), reader.get_asset("image:0:overview:1")
        assert imread(image, masked=True).mask.any() and (whole.mask == ~VALID).all()


def test_a_palette_is_masked_by_its_indices(tmp_path):
    indices = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    profile = {"driver": "GTiff", "width": 16, "height": 16, "count": 1, "dtype": "uint8", "nodata": 3, "photometric": "palette"}
    with rasterio.open(tmp_path / "a.tif", "w", **profile) as file:
        file.write(indices)
        file.write_colormap(1, {value: (value, 0, 0, 255) for value in range(256)})
    found = imread(tmp_path / "a.tif", masked=True, expand=True)
    assert found.shape == (3, 16, 16) and found.mask.sum() == 3 and found.mask[:, 0, 3].all()


def test_a_masked_array_is_written_with_its_mask(tmp_path):
    imsave(tmp_path / "a.tif", RGB, mask=VALID)
    read = imread(tmp_path / "a.tif", masked=True)
    imsave(tmp_path / "b.tif", read)
    imsave(tmp_path / "c.tif", read, nodata=0)
    for name in ("b.tif", "c.tif"):
        again = imread(tmp_path / name, masked=True)
        assert (again.mask == read.mask).all() and (again == read).all()
    assert iminfo(tmp_path / "c.tif").nodata == 0 and rasterio.open(tmp_path / "b.tif").nodata is None
    read.mask[0, 200, 200] = True
    with pytest.raises(ValueError, match="filled"):
        imsave(tmp_path / "d.tif", read)
    imsave(tmp_path / "d.tif", np.ma.MaskedArray(RGB))
    assert_same(imread(tmp_path / "d.tif"), RGB)
