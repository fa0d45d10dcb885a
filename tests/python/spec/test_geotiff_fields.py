"""Specification, 'Format-Specific Encoding Options', GeoTIFF: every row of both tables, its values and its default."""
from datetime import date, datetime, timedelta, timezone

import numpy as np
import pytest
import rasterio
import tifffile
from aws.osml.io import BufferedMetadataProvider, IO, imread, imsave
from aws.osml.io.tiff.utils import TagNameResolver
from testkit.arrays import assert_same, image
from testkit.readers import gdal_pixels, numbers, tiff_tags, tifffile_pixels

DATA = image((1, 300, 330), np.uint16)
UTM = {"GeoModelType": "Projected", "GeoRasterType": "PixelIsArea", "GeoProjectedCRS": "32618"}


def save(path, data=DATA, **metadata):
    imsave(path, data, metadata=metadata)
    assert_same(tifffile_pixels(path), data)
    return tiff_tags(path)


@pytest.fixture
def tif(tmp_path):
    return tmp_path / "a.tif"


def geokeys(path):
    directory = tiff_tags(path)[34735]
    assert directory[0] == 1 and len(directory) == 4 + 4 * directory[3]
    keys = [directory[i] for i in range(4, len(directory), 4)]
    assert keys == sorted(set(keys)), "GeoKeys must ascend"
    return {directory[i]: directory[i + 3] for i in range(4, len(directory), 4) if directory[i + 1] == 0}


@pytest.mark.parametrize("value,code", [("None", 1), ("LZW", 5), ("Deflate", 8), ("PackBits", 32773), ("ZSTD", 50000), ("LZMA", 34925),
                                        ("LERC", 34887), ("lerc", 34887), (34887, 34887),
                                        ("none", 1), ("lzw", 5), ("DEFLATE", 8), ("packbits", 32773), ("zstd", 50000),
                                        (1, 1), (5, 5), (8, 8), (32773, 32773), (50000, 50000), ("8", 8), ("5", 5)])
def test_compression_values(tif, value, code):
    assert save(tif, **{"259": value})[259] == code
    assert_same(imread(tif), DATA)


def test_compression_defaults_to_deflate(tif):
    assert save(tif)[259] == 8


def test_an_unknown_compression_is_a_value_error_that_lists_the_known(tif):
    with pytest.raises(ValueError, match="(?i)deflate"):
        save(tif, **{"259": "Deflated9"})


@pytest.mark.parametrize("width,length", [(16, 16), (64, 256), (256, 64), (512, 512), (272, 16)])
def test_tile_sizes_are_multiples_of_16(tif, width, length):
    tags = save(tif, **{"322": width, "323": str(length)})
    assert (tags[322], tags[323]) == (width, length)


def test_tile_sizes_default_to_256(tif):
    tags = save(tif)
    assert (tags[322], tags[323]) == (256, 256)


@pytest.mark.parametrize("name", ["322", "323", "TileHeight"])
@pytest.mark.parametrize("value", [0, 8, 100, 255, -256, "a", "", 1.5, float("nan")])
def test_an_illegal_tile_size_is_a_value_error(tif, name, value):
    with pytest.raises(ValueError):
        save(tif, **{name: value})
    assert not tif.exists()


def test_tile_height_is_a_synonym_of_tile_length(tif):
    assert save(tif, TileHeight="128")[323] == 128


def test_the_resolver_knows_tile_height(tif):
    tags = {}
    TagNameResolver(tags)["TileHeight"] = "128"
    assert save(tif, **tags)[323] == 128


def test_tile_height_and_tile_length_that_differ_are_an_error(tif):
    with pytest.raises(ValueError):
        save(tif, TileHeight="128", **{"323": "64"})


def test_tile_height_and_tile_length_that_agree_are_fine(tif):
    assert save(tif, TileHeight="128", **{"323": "128"})[323] == 128


@pytest.mark.parametrize("value,code", [("None", 1), ("Horizontal", 2), ("none", 1), ("horizontal", 2), (1, 1), (2, 2), ("2", 2)])
@pytest.mark.parametrize("compression", ["LZW", "Deflate"])
def test_predictor_values(tif, value, code, compression):
    assert save(tif, **{"317": value, "259": compression}).get(317, 1) == code
    assert_same(imread(tif), DATA)


@pytest.mark.parametrize("compression,code", [("LZW", 2), ("Deflate", 2), ("None", 1), ("PackBits", 1)])
def test_predictor_defaults_to_horizontal_for_lzw_and_deflate(tif, compression, code):
    assert save(tif, **{"259": compression}).get(317, 1) == code


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_predictor_defaults_to_floating_point_for_floats(tif, dtype):
    assert save(tif, image((1, 40, 50), dtype))[317] == 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_horizontal_predictor_is_refused_for_floats_by_name(tif, dtype):
    with pytest.raises(ValueError, match="(?i)horizontal|predictor"):
        save(tif, image((1, 40, 50), dtype), **{"317": "Horizontal"})


def test_floating_point_predictor_is_refused_for_integers(tif):
    with pytest.raises(ValueError, match="(?i)floating|predictor"):
        save(tif, **{"317": 3})


def test_an_unknown_predictor_is_a_value_error(tif):
    with pytest.raises(ValueError):
        save(tif, **{"317": "Vertical"})


def test_a_model_type_is_projected_or_geographic(tif):
    save(tif, **UTM)
    assert geokeys(tif)[1024] == 1 and geokeys(tif)[3072] == 32618
    save(tif, GeoModelType="Geographic", GeoGeographicCRS="4326")
    assert geokeys(tif)[1024] == 2 and geokeys(tif)[2048] == 4326
    with pytest.raises(ValueError):
        save(tif, GeoModelType="Flat", GeoGeographicCRS="4326")


@pytest.mark.parametrize("name,code", [("PixelIsArea", 1), ("PixelIsPoint", 2)])
def test_raster_type_values(tif, name, code):
    save(tif, **{**UTM, "GeoRasterType": name})
    assert geokeys(tif)[1025] == code
    with IO.open([tif]) as reader:
        assert reader.get_asset("image:0").metadata["GeoRasterType"] == name


def test_an_unknown_raster_type_is_a_value_error(tif):
    with pytest.raises(ValueError):
        save(tif, **{**UTM, "GeoRasterType": "PixelIsBlob"})


@pytest.mark.parametrize("value", ["32618", 32618])
def test_a_projected_crs_is_an_epsg_code(tif, value):
    save(tif, **{**UTM, "GeoProjectedCRS": value})
    with rasterio.open(tif) as src:
        assert src.crs.to_epsg() == 32618
    with IO.open([tif]) as reader:
        assert str(reader.get_asset("image:0").metadata["GeoProjectedCRS"]) == "32618"


@pytest.mark.parametrize("value", ["4326", 4326])
def test_a_geographic_crs_is_an_epsg_code(tif, value):
    save(tif, GeoModelType="Geographic", GeoRasterType="PixelIsArea", GeoGeographicCRS=value)
    with rasterio.open(tif) as src:
        assert src.crs.to_epsg() == 4326
    with IO.open([tif]) as reader:
        metadata = reader.get_asset("image:0").metadata
        assert metadata["GeoModelType"] == "Geographic"
        assert str(metadata["GeoGeographicCRS"]) == "4326"


@pytest.mark.parametrize("value", ["UTM 18", "", -1, "1e3", None])
def test_a_crs_that_is_not_a_code_is_a_value_error(tif, value):
    with pytest.raises((ValueError, TypeError)):
        save(tif, **{**UTM, "GeoProjectedCRS": value})


@pytest.mark.parametrize("scale", ["[0.5, 0.25, 0.0]", [0.5, 0.25, 0.0], (0.5, 0.25, 0.0), np.array([0.5, 0.25, 0.0])],
                         ids=["text", "list", "tuple", "array"])
def test_pixel_scale_and_tiepoints(tif, scale):
    tags = save(tif, **UTM, GeoPixelScale=scale, GeoTiepoints="[10, 20, 0, 1000.0, 2000.0, 0.0]")
    assert tags[33550] == (0.5, 0.25, 0.0)
    assert tags[33922] == (10.0, 20.0, 0.0, 1000.0, 2000.0, 0.0)
    with rasterio.open(tif) as src:
        assert src.transform.to_gdal() == (1000.0 - 5.0, 0.5, 0.0, 2000.0 + 5.0, 0.0, -0.25)
    with IO.open([tif]) as reader:
        metadata = reader.get_asset("image:0").metadata
        assert numbers(metadata["GeoPixelScale"]) == [0.5, 0.25, 0.0]
        assert numbers(metadata["GeoTiepoints"]) == [10, 20, 0, 1000.0, 2000.0, 0.0]


@pytest.mark.parametrize("name,value", [("GeoPixelScale", "[0.5]"), ("GeoPixelScale", "[0.5, 0.5"), ("GeoPixelScale", "half"),
                                        ("GeoTiepoints", "[0, 0, 0, 1]"), ("GeoTransform", "[1, 2, 3, 4, 5]"),
                                        ("GeoTransform", "[1, 2, 3, 4, 5, \"x\"]")])
def test_a_list_of_the_wrong_shape_is_a_value_error_naming_the_field(tif, name, value):
    with pytest.raises(ValueError, match=name):
        save(tif, **UTM, **{name: value})


@pytest.mark.parametrize("transform", [(300000.0, 0.5, 0.0, 4500000.0, 0.0, -0.5), (300000.0, 0.5, 0.0, 4500000.0, 0.0, 0.5),
                                       (300000.0, 0.4, 0.3, 4500000.0, 0.3, -0.4), (300000.0, 0.4, 0.1, 4500000.0, 0.0, -0.4)],
                         ids=["north up", "south up", "rotated", "sheared"])
def test_geo_transform_is_the_gdal_affine(tif, transform):
    save(tif, **UTM, GeoTransform=str(list(transform)))
    with rasterio.open(tif) as src:
        assert src.transform.to_gdal() == pytest.approx(transform, abs=1e-9)
        assert src.crs.to_epsg() == 32618
    with IO.open([tif]) as reader:
        assert numbers(reader.get_asset("image:0").metadata["GeoTransform"]) == pytest.approx(transform, abs=1e-9)


def test_the_transform_and_scale_tags_are_never_written_together(tif):
    for transform in ((0.0, 1.0, 0.0, 0.0, 0.0, -1.0), (0.0, 1.0, 0.5, 0.0, 0.5, -1.0)):
        tags = save(tif, **UTM, GeoTransform=list(transform))
        assert (34264 in tags) != (33550 in tags)


def test_a_transform_in_conflict_with_a_scale_is_an_error(tif):
    with pytest.raises(ValueError):
        save(tif, **UTM, GeoTransform=[0, 2, 0, 0, 0, -2], GeoPixelScale=[1, 1, 0], GeoTiepoints=[0, 0, 0, 0, 0, 0])


def test_a_geo_name_and_its_tag_in_conflict_are_an_error(tif):
    with pytest.raises(ValueError):
        save(tif, **UTM, GeoPixelScale=[1, 1, 0], GeoTiepoints=[0, 0, 0, 0, 0, 0], **{"33550": [2.0, 2.0, 0.0]})


@pytest.mark.parametrize("wrong,right", [("GeoPixelScales", "GeoPixelScale"), ("GeoProjectedCrs2", "GeoProjectedCRS"),
                                         ("GeoRastertype_", "GeoRasterType")])
def test_an_unknown_geo_name_suggests_the_nearest(tif, wrong, right):
    with pytest.raises(ValueError, match=right):
        save(tif, **{wrong: "1"})


def test_the_utm_example(tif):
    # Deflate-compressed GeoTIFF with UTM Zone 18N georeferencing
    metadata = BufferedMetadataProvider()
    tag_dict = metadata.entries()
    resolver = TagNameResolver(tag_dict)
    resolver["Compression"] = "Deflate"   # Tag 259
    resolver["TileWidth"] = "256"         # Tag 322
    resolver["TileLength"] = "256"        # Tag 323
    for key, value in tag_dict.items():
        metadata[key] = value
    metadata["GeoModelType"] = "Projected"
    metadata["GeoRasterType"] = "PixelIsArea"
    metadata["GeoProjectedCRS"] = "32618"
    metadata["GeoPixelScale"] = "[0.5, 0.5, 0.0]"
    metadata["GeoTiepoints"] = "[0, 0, 0, 300000.0, 4500000.0, 0.0]"
    imsave(tif, DATA, metadata=metadata)
    with rasterio.open(tif) as src:
        assert (src.crs.to_epsg(), src.transform.to_gdal()) == (32618, (300000.0, 0.5, 0.0, 4500000.0, 0.0, -0.5))
    assert_same(gdal_pixels(tif), DATA)


@pytest.mark.parametrize("rows", [1, 7, 64, 300, 1000])
def test_rows_per_strip_gives_strips(tif, rows):
    tags = save(tif, **{"278": rows})
    assert 322 not in tags and 324 not in tags
    assert len(tags[273]) == -(-300 // rows)
    assert tags[278] in (rows, min(rows, 300), 2**32 - 1)
    assert_same(gdal_pixels(tif), DATA)


def test_metadata_decides_the_grid_whatever_the_provider_s_blocks(tmp_path):
    from testkit.providers import GridProvider

    with IO.open([tmp_path / "a.tif"], "w") as writer:
        writer.add_asset("image:0", GridProvider(DATA, (100, 30), metadata={"322": 64, "323": 32}))
    tags = tiff_tags(tmp_path / "a.tif")
    assert (tags[322], tags[323]) == (64, 32)
    assert_same(tifffile_pixels(tmp_path / "a.tif"), DATA)


@pytest.mark.parametrize("value", [datetime(2024, 5, 6, 7, 8, 9), datetime(2024, 5, 6, 9, 8, 9, 250, timezone(timedelta(hours=2))),
                                   np.datetime64("2024-05-06T07:08:09"), "2024-05-06T07:08:09Z", "2024:05:06 07:08:09"], ids=str)
@pytest.mark.parametrize("key", ["DateTime", "306", "36867"])
def test_times_have_the_form_of_the_standard(tif, key, value):
    tags = save(tif, **{key: value})
    assert tags[306 if key == "DateTime" else int(key)] == "2024:05:06 07:08:09"


def test_a_day_is_its_midnight_and_other_text_stays(tif):
    assert save(tif, DateTime=date(2024, 5, 6))[306] == "2024:05:06 00:00:00"
    assert save(tif, DateTime="about 1980")[306] == "about 1980"


def test_a_time_of_a_file_is_copied_as_it_is(tif, tmp_path):
    tifffile.imwrite(tif, DATA[0], extratags=[(306, 2, None, "2024-05-06T07:08:09", True)])
    with IO.open(tif) as reader, IO.open(tmp_path / "b.tif", "w") as writer:
        writer.add_asset("image:0", reader.get_asset("image:0"))
    assert tiff_tags(tmp_path / "b.tif")[306] == "2024-05-06T07:08:09"
