"""Specification, section 'Asset Roles and COG Writing'."""
import itertools

import numpy as np
import pytest
from aws.osml.io import IO, AssetType, PixelType, imread
from testkit.arrays import assert_same, image
from testkit.cog_rules import cog_errors
from testkit.providers import buffered as provider
from testkit.readers import tiff_pages, tiff_tags, tifffile_pixels

GEO = {"GeoModelType": "Projected", "GeoRasterType": "PixelIsArea", "GeoProjectedCRS": "32618",
       "GeoPixelScale": "[0.5, 0.5, 0.0]", "GeoTiepoints": "[0, 0, 0, 300000.0, 4500000.0, 0.0]"}
GEO_TAGS = (33550, 33922, 34264, 34735, 34736, 34737)


@pytest.fixture
def pyramid(tmp_path):
    full, first, second = (image((3, 512 >> n, 512 >> n), np.uint8, n) for n in range(3))
    path = tmp_path / "output_cog.tif"
    with IO.open([path], "w", "tiff") as writer:
        # Full-resolution image (GeoTIFF tags come from full_res_provider.metadata)
        writer.add_asset("image:0", provider(full, GEO),
                         title="Full Resolution", description="Primary image",
                         roles=["data"])

        # First overview (2x downsampled)
        writer.add_asset("image:0:overview:1", provider(first, GEO),
                         title="Overview 1", description="2x reduced",
                         roles=["overview"])

        # Second overview (4x downsampled)
        writer.add_asset("image:0:overview:2", provider(second),
                         title="Overview 2", description="4x reduced",
                         roles=["overview"])
    return path, (full, first, second)


def test_each_asset_is_an_ifd_in_order(pyramid):
    path, levels = pyramid
    assert tiff_pages(path) == 3
    for page, data in enumerate(levels):
        assert_same(tifffile_pixels(path, page), data, f"IFD {page}")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_example_is_a_cog_in_any_order(pyramid, tmp_path, order):
    path, levels = pyramid
    other = tmp_path / "other.tif"
    with IO.open([other], "w", "tiff") as writer:
        for number in order:
            key = f"image:0:overview:{number}" if number else "image:0"
            title, text = [("Full Resolution", "Primary image"), ("Overview 1", "2x reduced"), ("Overview 2", "4x reduced")][number]
            made = provider(levels[number], None if number == 2 else GEO)
            writer.add_asset(key, made, title=title, description=text, roles=["overview" if number else "data"])
    assert cog_errors(other) == []
    assert other.read_bytes() == path.read_bytes()
    with IO.open(other) as reader:
        assert reader.get_asset("image:0").num_resolution_levels == 3
    assert_same(imread(other, resolution_level=2), levels[2])


def test_masks_with_roles_are_masks_at_every_level(tmp_path):
    import rasterio

    path = tmp_path / "a.tif"
    with IO.open([path], "w", "tiff") as writer:
        for number in (1, 0):
            data, mask = image((3, 64 >> number, 64 >> number), np.uint8), np.full((1, 64 >> number, 64 >> number), 255, np.uint8)
            mask[0, :5] = 0
            end = f":overview:{number}" if number else ""
            writer.add_asset(f"image:0:mask{end}", provider(mask, GEO), roles=["mask", *(["overview"] if number else [])])
            writer.add_asset(f"image:0{end}", provider(data, GEO), roles=["overview" if number else "data"])
    assert cog_errors(path) == []
    assert [tiff_tags(path, page).get(254, 0) for page in range(4)] == [0, 4, 1, 5]
    with rasterio.open(path) as src:
        assert src.dataset_mask()[:6, 0].tolist() == [0] * 5 + [255]
    with rasterio.open(path, overview_level=0) as src:
        assert src.dataset_mask()[:6, 0].tolist() == [0] * 5 + [255]


def test_data_has_subfile_type_0_and_overviews_1(pyramid):
    assert [tiff_tags(pyramid[0], page).get(254, 0) for page in range(3)] == [0, 1, 1]


def test_geotiff_tags_are_written_to_data_and_suppressed_on_overviews(pyramid):
    path = pyramid[0]
    assert {33550, 33922, 34735} <= set(tiff_tags(path, 0))
    for page in (1, 2):
        assert not set(GEO_TAGS) & set(tiff_tags(path, page)), f"IFD {page}"


def test_gdal_takes_them_for_overviews(pyramid):
    import rasterio

    path, levels = pyramid
    with rasterio.open(path) as src:
        assert src.overviews(1) == [2, 4]
        assert_same(src.read(), levels[0])
    for level in (0, 1):
        with rasterio.open(path, overview_level=level) as src:
            assert_same(src.read(), levels[level + 1])


def test_they_read_back_as_overview_assets(pyramid):
    path, levels = pyramid
    with IO.open([path], "r") as reader:
        keys = reader.get_asset_keys(asset_type=AssetType.Image)
        assert keys == ["image:0", "image:0:overview:1", "image:0:overview:2"]
        for key, data in zip(keys, levels):
            assert_same(reader.get_asset(key).read(), data, key)
        assert reader.get_asset_keys(roles=["overview"]) == keys[1:]
        assert reader.get_asset_keys(roles=["data"]) == keys[:1]


def test_empty_roles_fall_back_to_the_key_pattern(tmp_path):
    with IO.open([tmp_path / "a.tif"], "w") as writer:
        writer.add_asset("image:0", provider(image((1, 64, 64), np.uint8), GEO))
        writer.add_asset("image:0:overview:1", provider(image((1, 32, 32), np.uint8), GEO))
    assert [tiff_tags(tmp_path / "a.tif", page).get(254, 0) for page in (0, 1)] == [0, 1]
    assert not set(GEO_TAGS) & set(tiff_tags(tmp_path / "a.tif", 1))


def test_explicit_roles_win_over_the_key_pattern(tmp_path):
    with IO.open([tmp_path / "a.tif"], "w") as writer:
        writer.add_asset("image:0", provider(image((1, 64, 64), np.uint8)), roles=["data"])
        writer.add_asset("image:0:overview:1", provider(image((1, 32, 32), np.uint8), GEO), roles=["data"])
    assert tiff_tags(tmp_path / "a.tif", 1).get(254, 0) == 0
    assert 34735 in tiff_tags(tmp_path / "a.tif", 1)


def test_two_data_images_are_two_full_images(tmp_path):
    one, two = image((1, 40, 60), np.uint16), image((3, 80, 20), np.uint8)
    with IO.open([tmp_path / "a.tif"], "w") as writer:
        writer.add_asset("first", provider(one), roles=["data"])
        writer.add_asset("second", provider(two), roles=["data"])
    assert [tiff_tags(tmp_path / "a.tif", page).get(254, 0) for page in (0, 1)] == [0, 0]
    with IO.open([tmp_path / "a.tif"]) as reader:
        assert reader.get_asset_keys() == ["image:0", "image:1"]
        assert_same(reader.get_asset("image:0").read(), one)
        assert_same(reader.get_asset("image:1").read(), two)
