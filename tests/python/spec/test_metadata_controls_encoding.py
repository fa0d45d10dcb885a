"""Specification, section 'Metadata Controls Encoding', with the examples verbatim, and `TagNameResolver`."""
import numpy as np
import pytest
from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider, imsave
from aws.osml.io.tiff.utils import TagNameResolver
from testkit.readers import tiff_tags


def test_create_from_scratch():
    metadata = BufferedMetadataProvider()
    metadata["IMODE"] = "B"
    metadata["IC"] = "NC"
    assert dict(metadata.items()) == {"IMODE": "B", "IC": "NC"}


def test_copy_from_an_existing_provider_and_modify():
    existing_provider = BufferedMetadataProvider()
    existing_provider["IC"] = "NC"
    existing_provider["IMODE"] = "B"
    copied = BufferedMetadataProvider(source=existing_provider)
    copied["IC"] = "C8"           # Switch to JPEG 2000
    copied["COMRAT"] = "N001.0"   # Lossless
    assert copied.entries() == {"IC": "C8", "IMODE": "B", "COMRAT": "N001.0"}
    assert existing_provider.entries() == {"IC": "NC", "IMODE": "B"}, "the original must not change"


def test_query():
    metadata = BufferedMetadataProvider()
    metadata["IMODE"] = "B"
    metadata["NPPBH"] = "256"
    metadata["NPPBV"] = "256"
    value = metadata.get("IMODE")          # "B" or None
    all_pairs = metadata.entries()
    filtered = metadata.entries("NPP")     # {"NPPBH": "256", "NPPBV": "256"}
    assert value == "B"
    assert metadata.get("IC") is None
    assert all_pairs == {"IMODE": "B", "NPPBH": "256", "NPPBV": "256"}
    assert filtered == {"NPPBH": "256", "NPPBV": "256"}
    assert isinstance(all_pairs, dict) and isinstance(filtered, dict)


def test_the_names_written_are_the_names_read(tmp_path):
    imsave(tmp_path / "a.tif", np.zeros((1, 32, 32), np.uint8), metadata={"270": "a description", "GeoModelType": "Projected",
           "GeoRasterType": "PixelIsArea", "GeoProjectedCRS": "32618"})
    with IO.open([tmp_path / "a.tif"], "r") as reader:
        metadata = reader.get_asset("image:0").metadata
        assert metadata["270"] == "a description"
        assert metadata["GeoModelType"] == "Projected"
        assert metadata["GeoRasterType"] == "PixelIsArea"
        assert str(metadata["GeoProjectedCRS"]) == "32618"


def test_copied_metadata_keeps_a_tiff_as_it_was_stored(tmp_path, rgb):
    imsave(tmp_path / "a.tif", rgb, compression="lzw", block_size=(128, 64), transform=(10.0, 2.0, 0.0, 50.0, 0.0, -2.0),
           crs=32633, nodata=7, metadata={"305": "maker"})
    with IO.open([tmp_path / "a.tif"], "r") as reader:
        image = reader.get_asset("image:0")
        provider = BufferedImageAssetProvider.create(
            key="copy", num_columns=image.num_columns, num_rows=image.num_rows, num_bands=image.num_bands,
            pixel_type=image.pixel_value_type, metadata=BufferedMetadataProvider(source=image.metadata))
        provider.set_full_image(image.read())
    with IO.open([tmp_path / "b.tif"], "w") as writer:
        writer.add_asset("image:0", provider)
    before, after = tiff_tags(tmp_path / "a.tif"), tiff_tags(tmp_path / "b.tif")
    for tag in (256, 257, 258, 259, 262, 277, 284, 305, 317, 322, 323, 339, 33550, 33922, 34735, 42113):
        assert after.get(tag) == before.get(tag), f"tag {tag}"


def test_the_resolver_stores_under_tag_numbers():
    tags = {}
    resolver = TagNameResolver(tags)
    resolver["Compression"] = "Deflate"
    resolver["TileWidth"] = "256"
    resolver["TileLength"] = "256"
    resolver["Predictor"] = "Horizontal"
    assert set(tags) == {"259", "322", "323", "317"}


def test_the_resolver_reads_back_named_values():
    resolver = TagNameResolver({"259": 8, "317": 2, "284": 1, "322": 256})
    assert resolver["Compression"] == "Deflate"
    assert resolver["Predictor"] == "Horizontal"
    assert str(resolver["TileWidth"]) == "256"


def test_the_resolver_ignores_case():
    tags = {}
    TagNameResolver(tags)["compression"] = "Deflate"
    assert TagNameResolver(tags)["COMPRESSION"] == TagNameResolver(tags)["Compression"] == "Deflate"


@pytest.mark.parametrize("wrong,right", [("Compresion", "Compression"), ("TileWidht", "TileWidth"), ("Predicter", "Predictor")])
def test_an_unknown_tag_name_is_a_key_error_with_the_nearest(wrong, right):
    with pytest.raises(KeyError, match=right):
        TagNameResolver({})[wrong]
    with pytest.raises(KeyError, match=right):
        TagNameResolver({})[wrong] = "1"


def test_the_resolver_views_a_file_s_metadata(tmp_path, rgb):
    imsave(tmp_path / "a.tif", rgb, compression="lzw")
    with IO.open([tmp_path / "a.tif"], "r") as reader:
        resolver = TagNameResolver(reader.get_asset("image:0").metadata)
        assert resolver["Compression"] == "LZW"
        assert int(resolver["ImageWidth"]) == 500
        assert int(resolver["ImageLength"]) == 300
