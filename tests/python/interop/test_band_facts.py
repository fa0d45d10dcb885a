"""Facts of bands: `imsave(…, descriptions=, scales=, offsets=, units=, colors=, tags=)`, in the eyes of GDAL."""
import io
import warnings

import numpy as np
import pytest
import rasterio
from aws.osml.io import IO, convert, iminfo, imread, imsave
from rasterio.enums import ColorInterp
from testkit.arrays import image

FOUR = image((4, 60, 70), np.uint16)
FACTS = {
    "descriptions": ["red edge", None, "Größe <b> & \"c\"", "d"], "scales": [0.1, 1.0, 2.0, 1e-9], "offsets": [-5.0, 0.0, 0.25, 7.0],
    "units": ["m", "K", None, "%"], "tags": {"AREA": "x < y", "B C": "1"},
}


def test_gdal_reads_the_facts_of_a_tiff(tmp_path):
    imsave(tmp_path / "a.tif", FOUR, **FACTS)
    with rasterio.open(tmp_path / "a.tif") as file:
        assert file.descriptions == tuple(FACTS["descriptions"])
        assert file.scales == tuple(FACTS["scales"]) and file.offsets == tuple(FACTS["offsets"])
        assert [unit or None for unit in file.units] == FACTS["units"]
        assert {name: file.tags()[name] for name in FACTS["tags"]} == FACTS["tags"]
        assert (file.read() == FOUR).all()


def test_gdal_reads_the_tags_of_bands(tmp_path):
    tags = [{"WAVELENGTH": "0.65 < x"}, {}, {"A": "1", "B": "\"2\""}, {}]
    imsave(tmp_path / "a.tif", FOUR, band_tags=tags, **FACTS)
    with rasterio.open(tmp_path / "a.tif") as file:
        assert [file.tags(band) for band in (1, 2, 3, 4)] == tags and file.descriptions == tuple(FACTS["descriptions"])
    with IO.open(tmp_path / "a.tif") as reader:
        assert list(reader["image:0"].band_tags) == list(iminfo(tmp_path / "a.tif").band_tags) == tags
        imsave(tmp_path / "b.tif", reader["image:0"], band_tags=[{}, {}, {"A": "3"}, {}])
    assert iminfo(tmp_path / "b.tif").band_tags[2] == {"A": "3", "B": "\"2\""}
    assert iminfo(tmp_path / "b.tif").tags == FACTS["tags"]


@pytest.mark.parametrize("text", ["a < b & \"c\"", "&lt;", "plain", "'quoted'"])
def test_descriptions_cross_from_gdals_tiff_to_nitf_and_back(tmp_path, text):
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", width=70, height=60, count=4, dtype="uint16") as file:
        file.write(FOUR)
        file.descriptions = ["B1", None, text, None]
    convert(tmp_path / "a.tif", tmp_path / "b.tif", bands=[2, 0])
    assert iminfo(tmp_path / "b.tif").descriptions == (text, "B1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = convert(tmp_path / "a.tif", tmp_path / "c.ntf")
    assert report.lost == ([] if len(text) <= 6 else ["band descriptions"])
    found = iminfo(tmp_path / "c.ntf").descriptions
    assert found == (("B1", None, text, None) if len(text) <= 6 else (None,) * 4)
    convert(tmp_path / "c.ntf", tmp_path / "d.tif")
    with rasterio.open(tmp_path / "d.tif") as file:
        assert file.descriptions == found


def test_the_facts_are_read_back(tmp_path):
    imsave(tmp_path / "a.tif", FOUR, statistics=True, **FACTS)
    info = iminfo(tmp_path / "a.tif")
    with IO.open(tmp_path / "a.tif") as reader:
        for found in (info, reader.get_asset("image:0")):
            for name in ("descriptions", "scales", "offsets", "units"):
                assert getattr(found, name) == tuple(FACTS[name])
            assert found.tags == FACTS["tags"]


def test_the_facts_that_gdal_wrote_are_read(tmp_path):
    profile = {"driver": "GTiff", "width": 70, "height": 60, "count": 4, "dtype": "uint16", "photometric": "rgb", "alpha": "yes"}
    with rasterio.open(tmp_path / "a.tif", "w", **profile) as file:
        file.write(FOUR)
        file.descriptions, file.scales, file.offsets = FACTS["descriptions"], FACTS["scales"], FACTS["offsets"]
        file.units = [unit or "" for unit in FACTS["units"]]
        file.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
        file.update_tags(**{"AREA": "x < y"})
    info = iminfo(tmp_path / "a.tif")
    assert (info.scales, info.offsets) == (tuple(FACTS["scales"]), tuple(FACTS["offsets"]))
    assert info.descriptions == tuple(FACTS["descriptions"]) and info.units[0] == "m"
    assert info.colors == ("red", "green", "blue", "alpha") and info.tags["AREA"] == "x < y"


@pytest.mark.parametrize("colors,expected", [
    (["red", "green", "blue", "alpha"], None), (["gray", "undefined", "undefined", "alpha"], None),
    ([ColorInterp.blue, ColorInterp.green, ColorInterp.red, ColorInterp.undefined], ["blue", "green", "red", "undefined"]),
])
def test_gdal_reads_the_colours(colors, expected, tmp_path):
    expected = expected or colors
    imsave(tmp_path / "a.tif", FOUR, colors=colors)
    assert list(iminfo(tmp_path / "a.tif").colors) == expected
    with rasterio.open(tmp_path / "a.tif") as file:
        assert [color.name for color in file.colorinterp] == expected


def test_other_items_of_a_document_stay(tmp_path):
    document = '<GDALMetadata>\n  <Item name="OWN">1</Item>\n  <Item name="X" sample="1">2</Item>\n</GDALMetadata>\n'
    imsave(tmp_path / "a.tif", FOUR, metadata={"GDAL_METADATA": document}, units="m")
    with rasterio.open(tmp_path / "a.tif") as file:
        assert (file.tags()["OWN"], file.tags(2)["X"], file.units) == ("1", "2", ("m",) * 4)
    with IO.open(tmp_path / "a.tif") as reader:
        imsave(tmp_path / "b.tif", reader.get_asset("image:0"), scales=2)
    info = iminfo(tmp_path / "b.tif")
    assert (info.tags, info.units, info.scales) == ({"OWN": "1"}, ("m",) * 4, (2.0,) * 4)


def test_nitf_has_a_place_for_short_names_and_colours(tmp_path):
    imsave(tmp_path / "a.ntf", FOUR[:3], descriptions=["NIR", None, "B2"], colors=["red", "green", "blue"], compression="NC")
    info = iminfo(tmp_path / "a.ntf")
    assert (info.descriptions, info.colors) == (("NIR", None, "B2"), ("red", "green", "blue"))
    assert [band["ISUBCAT"].strip() for band in info.metadata["BAND_INFO"]] == ["NIR", "", "B2"]
    assert info.scales == (1.0,) * 3 and info.tags == {}


def test_png_has_a_place_for_tags(tmp_path):
    imsave(tmp_path / "a.png", FOUR, tags={"Title": "x"}, colors=["red", "green", "blue", "alpha"])
    assert iminfo(tmp_path / "a.png").tags["Title"] == "x"
    assert iminfo(tmp_path / "a.png").colors == ("red", "green", "blue", "alpha")
    assert iminfo(tmp_path / "a.png").metadata["PNG_TEXT_Title"] == "x"


def test_jpeg_2000_has_a_place_for_alpha(tmp_path):
    imsave(tmp_path / "a.jp2", FOUR, colors=["red", "green", "blue", "alpha"])
    assert iminfo(tmp_path / "a.jp2").colors == ("red", "green", "blue", "alpha")
    with rasterio.open(tmp_path / "a.jp2") as file:
        assert file.colorinterp[3] == ColorInterp.alpha


@pytest.mark.parametrize("format,facts,message", [
    ("png", {"scales": 2}, "scales"), ("nitf", {"units": "m"}, "units"), ("nitf", {"descriptions": ["too long"] * 4}, "ISUBCAT"),
    ("jpeg", {"tags": {"a": "b"}}, "tags"), ("tiff", {"band_tags": [1] * 4}, "expected a mapping"), ("png", {"band_tags": [{}] * 4}, "band_tags"), ("jp2", {"offsets": 1}, "offsets"), ("tiff", {"scales": [1, 2]}, "expected 4"),
    ("tiff", {"colors": ["red", "pink", "x", "y"]}, "pink"), ("tiff", {"scales": ["a"] * 4}, "numbers"), ("tiff", {"tags": 5}, "mapping"),
    ("png", {"colors": ["blue", "green", "red", "alpha"]}, "red"), ("nitf", {"colors": ["alpha"] * 4}, "alpha"),
])
def test_a_fact_without_a_place_is_refused(format, facts, message):
    data = FOUR if format != "jpeg" else FOUR[:3].astype(np.uint8)
    with pytest.raises(ValueError, match=message):
        imsave(io.BytesIO(), data, format=format, **facts)


@pytest.mark.parametrize("text", ["<!DOCTYPE a [<!ENTITY x 'y'>]><GDALMetadata/>", "<GDALMetadata>", "nothing", "<Other/>", 5])
def test_a_document_that_is_not_one_of_gdal_s_has_no_facts(text, tmp_path):
    imsave(tmp_path / "a.tif", FOUR, metadata={"42112": str(text)})
    assert iminfo(tmp_path / "a.tif").tags == {} and iminfo(tmp_path / "a.tif").scales == (1.0,) * 4
    assert (imread(tmp_path / "a.tif") == FOUR).all()
