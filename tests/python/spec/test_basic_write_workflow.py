"""Specification, section 'Basic Write Workflow': the example verbatim, judged by tifffile and rasterio."""
import numpy as np
import pytest
import rasterio
from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider, PixelType
from aws.osml.io.tiff.utils import TagNameResolver
from testkit.arrays import assert_same
from testkit.readers import tiff_tags


@pytest.fixture
def written(in_tmp):
    # Set up TIFF encoding hints using TagNameResolver for readable names
    metadata = BufferedMetadataProvider()
    tag_dict = metadata.entries()
    resolver = TagNameResolver(tag_dict)
    resolver["Compression"] = "Deflate"      # Tag 259: Deflate compression (LZW, None also supported)
    resolver["TileWidth"] = "256"            # Tag 322: 256-pixel tile width
    resolver["TileLength"] = "256"           # Tag 323: 256-pixel tile height
    resolver["Predictor"] = "Horizontal"     # Tag 317: Horizontal differencing predictor
    # Write resolved numeric keys back into the metadata provider
    for key, value in tag_dict.items():
        metadata[key] = value

    # GeoTIFF coordinate reference system (EPSG:32618 = WGS 84 / UTM zone 18N)
    metadata["GeoModelType"] = "Projected"
    metadata["GeoRasterType"] = "PixelIsArea"
    metadata["GeoProjectedCRS"] = "32618"

    # Pixel-to-model coordinate transformation
    # ModelPixelScaleTag: [scale_x, scale_y, scale_z] in CRS units (meters for UTM)
    metadata["GeoPixelScale"] = "[0.5, 0.5, 0.0]"
    # ModelTiepointTag: [pixel_x, pixel_y, pixel_z, geo_x, geo_y, geo_z]
    metadata["GeoTiepoints"] = "[0, 0, 0, 300000.0, 4500000.0, 0.0]"

    # Create a tiled image asset
    image_data = np.random.randint(0, 255, (3, 512, 512), dtype=np.uint8)

    provider = BufferedImageAssetProvider.create(
        key="output_image",
        num_columns=512,
        num_rows=512,
        num_bands=3,
        block_width=256,
        block_height=256,
        pixel_type=PixelType.UInt8,
        metadata=metadata,
    )
    provider.set_full_image(image_data)

    # Write to disk
    with IO.open(["output.tif"], "w", "geotiff") as writer:
        writer.add_asset("image_0", provider,
                         title="Synthetic RGB Image",
                         description="UTM-referenced test image",
                         roles=["data"])
    return in_tmp / "output.tif", image_data


def test_the_pixels_are_those_of_the_array(written):
    path, data = written
    with rasterio.open(path) as src:
        assert_same(src.read(), data)


def test_the_tags_are_those_asked_for(written):
    tags = tiff_tags(written[0])
    assert {n: tags[n] for n in (259, 317, 322, 323)} == {259: 8, 317: 2, 322: 256, 323: 256}
    assert tags.get(254, 0) == 0, "a full-resolution image"
    assert tags[33550] == (0.5, 0.5, 0.0)
    assert tags[33922] == (0.0, 0.0, 0.0, 300000.0, 4500000.0, 0.0)


def test_gdal_places_it_in_utm_zone_18(written):
    with rasterio.open(written[0]) as src:
        assert src.crs.to_epsg() == 32618
        assert src.transform.to_gdal() == (300000.0, 0.5, 0.0, 4500000.0, 0.0, -0.5)
        assert src.tags()["AREA_OR_POINT"] == "Area"


def test_it_reads_back_under_the_key_of_its_place_in_the_file(written):
    path, data = written
    with IO.open([str(path)], "r") as reader:
        assert reader.get_asset_keys() == ["image:0"]
        image = reader.get_asset("image:0")
        assert (image.num_columns, image.num_rows, image.num_bands) == (512, 512, 3)
        assert (image.num_pixels_per_block_horizontal, image.num_pixels_per_block_vertical) == (256, 256)
        assert image.pixel_value_type == PixelType.UInt8
        assert_same(image.get_block(1, 0, resolution_level=0), data[:, 256:, :256])


def test_the_writer_s_own_metadata_is_not_used_for_tiff(in_tmp):
    provider = BufferedImageAssetProvider.create(key="a", num_columns=16, num_rows=16)
    provider.set_full_image(np.zeros((1, 16, 16), np.uint8))
    with IO.open(["a.tif"], "w", "tiff") as writer:
        writer.metadata = {"259": 5}
        writer.add_asset("image:0", provider)
    assert tiff_tags("a.tif")[259] == 8
