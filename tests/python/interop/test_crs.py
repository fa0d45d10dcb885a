"""Systems without a code of their own: pyproj makes them, GDAL reads them in files written here, and files of GDAL are read."""
import io
import json
import math

import numpy as np
import pyproj
import pytest
import rasterio
import rasterio.warp
from aws.osml.io import IO, OptionError, crs, iminfo, imsave
from rasterio.transform import Affine

IMAGE = np.zeros((1, 8, 8), np.uint8)
# Legal for degrees too.
TRANSFORM = (10, 0.01, 0, 50, 0, -0.01)

PROJECTIONS = {
    "transverse Mercator": "+proj=tmerc +lat_0=10 +lon_0=15 +k=0.9999 +x_0=500000 +y_0=100 +datum=WGS84",
    "transverse Mercator, feet": "+proj=tmerc +lat_0=10 +lon_0=15 +k=0.9999 +x_0=152400.3048 +datum=NAD83 +units=us-ft",
    "transverse Mercator, unnamed ellipsoid": "+proj=tmerc +lon_0=15 +x_0=500000 +a=6377000 +rf=299",
    "transverse Mercator, sphere": "+proj=tmerc +lon_0=15 +x_0=500000 +R=6371000",
    "Mercator A": "+proj=merc +lon_0=15 +k=0.99 +x_0=5 +y_0=7 +datum=WGS84",
    "Mercator B": "+proj=merc +lat_ts=33 +lon_0=15 +x_0=5 +y_0=7 +datum=WGS84",
    "Lambert 1SP": "+proj=lcc +lat_1=46.5 +lat_0=46.5 +lon_0=2 +k_0=0.9998 +x_0=600000 +y_0=200000 +ellps=GRS80",
    "Lambert 2SP": "+proj=lcc +lat_0=46.5 +lon_0=3 +lat_1=49 +lat_2=44 +x_0=700000 +y_0=6600000 +ellps=GRS80",
    "Lambert azimuthal": "+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +ellps=GRS80",
    "Albers": "+proj=aea +lat_0=23 +lon_0=-96 +lat_1=29.5 +lat_2=45.5 +x_0=1 +y_0=2 +datum=NAD83",
    "azimuthal equidistant": "+proj=aeqd +lat_0=40 +lon_0=-100 +x_0=3 +y_0=4 +datum=WGS84",
    "equidistant conic": "+proj=eqdc +lat_0=40 +lon_0=-96 +lat_1=20 +lat_2=60 +datum=NAD83",
    "stereographic": "+proj=stere +lat_0=40 +lon_0=10 +k=0.99 +x_0=1 +y_0=2 +datum=WGS84",
    "north polar A": "+proj=stere +lat_0=90 +lon_0=-45 +k=0.994 +x_0=2000000 +y_0=2000000 +datum=WGS84",
    "south polar A": "+proj=stere +lat_0=-90 +lon_0=0 +k=0.994 +x_0=2000000 +y_0=2000000 +datum=WGS84",
    "north polar B": "+proj=stere +lat_0=90 +lat_ts=71 +lon_0=-45 +datum=WGS84",
    "south polar B": "+proj=stere +lat_0=-90 +lat_ts=-71 +lon_0=12 +datum=WGS84",
    "oblique stereographic": "+proj=sterea +lat_0=52.15 +lon_0=5.38 +k=0.9999079 +x_0=155000 +y_0=463000 +ellps=bessel",
    "equirectangular": "+proj=eqc +lat_ts=30 +lon_0=10 +x_0=1 +y_0=2 +datum=WGS84",
    "Cassini": "+proj=cass +lat_0=10 +lon_0=-61 +x_0=86501 +y_0=65379 +ellps=clrk80",
    "gnomonic": "+proj=gnom +lat_0=40 +lon_0=10 +x_0=1 +y_0=2 +R=6371000",
    "Miller": "+proj=mill +lon_0=10 +x_0=1 +y_0=2 +R=6371000",
    "orthographic": "+proj=ortho +lat_0=40 +lon_0=10 +x_0=1 +y_0=2 +datum=WGS84",
    "polyconic": "+proj=poly +lon_0=-54 +x_0=5000000 +y_0=10000000 +datum=WGS84",
    "Robinson": "+proj=robin +lon_0=10 +x_0=1 +y_0=2 +datum=WGS84",
    "sinusoidal": "+proj=sinu +lon_0=10 +x_0=1 +y_0=2 +R=6371007.181",
    "Van der Grinten": "+proj=vandg +lon_0=10 +x_0=1 +y_0=2 +R=6371000",
    "New Zealand": "+proj=nzmg +lat_0=-41 +lon_0=173 +x_0=2510000 +y_0=6023150 +datum=WGS84",
    "Hotine A": "+proj=omerc +no_uoff +lat_0=4 +lonc=102.25 +alpha=323.02 +gamma=323.13 +k=0.99984 +x_0=804671 +ellps=GRS80",
    "Hotine B": "+proj=omerc +lat_0=4 +lonc=115 +alpha=53.31 +gamma=53.13 +k=0.99984 +x_0=590476 +y_0=442857 +ellps=GRS80",
    "geographic": "+proj=longlat +ellps=bessel",
    "geographic, sphere": "+proj=longlat +R=6371000",
    "geographic, Ferro": "+proj=longlat +ellps=bessel +pm=ferro",
}
# Systems of the register as a file describes them that states no code: Krovak, grads from Paris, south and west, feet, and more.
REGISTERED = [3857, 5514, 5513, 2065, 27572, 27700, 3031, 3413, 28992, 2154, 27200, 2056, 3375, 29873, 32118, 2263, 31370, 5070]


def without_code(code):
    definition = pyproj.CRS(code).to_json_dict()
    del definition["id"]
    definition["name"] = f"custom {definition['name']}"
    return pyproj.CRS(json.dumps(definition))


def systems():
    for name, text in PROJECTIONS.items():
        yield pytest.param(pyproj.CRS(text), id=name)
    for code in REGISTERED:
        yield pytest.param(without_code(code), id=str(code))


def same(found, expected):
    return pyproj.CRS(found).equals(pyproj.CRS(expected), ignore_axis_order=True)


def written(system, format="tiff"):
    out = io.BytesIO()
    imsave(out, IMAGE, format=format, crs=system, transform=TRANSFORM)
    return out.getvalue()


@pytest.mark.parametrize("system", list(systems()))
def test_every_projection_is_read_back_here_and_by_gdal(system):
    forms = [system, system.to_wkt("WKT2_2019"), system.to_wkt("WKT1_GDAL"), system.to_json(), system.to_json_dict()]
    for form in forms:
        content = written(form)
        found = iminfo(io.BytesIO(content)).crs
        assert same(found, system), found
        if not found.startswith("EPSG"):
            assert same(crs.to_json_dict(found), system) and same(crs.to_wkt(found), system)
        with rasterio.MemoryFile(content) as memory, memory.open() as file:
            assert same(file.crs.to_wkt(version="WKT2_2019"), system), file.crs.to_wkt()


@pytest.mark.parametrize("origin,easting", [(0, 0), (10, 5)])
def test_gdal_projects_pseudo_mercator_of_any_origin(origin, easting):
    """GDAL has it as Mercator with a string of PROJ beside it, so only coordinates can be compared."""
    definition = without_code(3857).to_json_dict()
    values = {"Longitude of natural origin": origin, "False easting": easting}
    for parameter in definition["conversion"]["parameters"]:
        parameter["value"] = values.get(parameter["name"], 0)
    content = written(definition)
    assert same(iminfo(io.BytesIO(content)).crs, json.dumps(definition))
    with rasterio.MemoryFile(content) as memory, memory.open() as file:
        (x,), (y,) = rasterio.warp.transform("OGC:CRS84", file.crs, [20], [50])
    assert (x, y) == pytest.approx(pyproj.Transformer.from_crs("OGC:CRS84", json.dumps(definition)).transform(20, 50), abs=1e-6)
    assert (x, y) == pytest.approx((math.radians(20 - origin) * 6378137 + easting, 6446275.841017158))


@pytest.mark.parametrize("system", list(systems()))
def test_files_of_gdal_are_read(system):
    with rasterio.MemoryFile() as memory:
        profile = {"driver": "GTiff", "width": 8, "height": 8, "count": 1, "dtype": "uint8"}
        with memory.open(**profile, crs=system.to_wkt(), transform=Affine.from_gdal(*TRANSFORM)) as file:
            file.write(IMAGE)
        found = iminfo(io.BytesIO(memory.read())).crs
        with memory.open() as file:
            # GDAL does not keep every system.
            expected = file.crs.to_wkt(version="WKT2_2019")
    if same(expected, system):
        assert same(found, system), found


@pytest.mark.parametrize("name", ["transverse Mercator", "north polar B", "Albers", "sinusoidal", "geographic"])
def test_systems_of_esri_give_the_same_coordinates(name):
    """The names of its datums are others, so the systems are not equal."""
    system = pyproj.CRS(PROJECTIONS[name])
    found = pyproj.CRS(iminfo(io.BytesIO(written(system.to_wkt("WKT1_ESRI")))).crs)
    for point in [(1.5, 41.25), (-20.0, 60.0)]:
        ours, theirs = (pyproj.Proj(one)(*point) for one in (found, system))
        assert ours == pytest.approx(theirs, abs=1e-3)


@pytest.mark.parametrize("name", ["transverse Mercator", "Lambert 2SP", "geographic"])
def test_a_jp2_holds_the_system_too(name):
    system = pyproj.CRS(PROJECTIONS[name])
    content = written(system, "jp2")
    assert same(iminfo(io.BytesIO(content)).crs, system)
    with rasterio.MemoryFile(content) as memory, memory.open() as file:
        assert same(file.crs.to_wkt(version="WKT2_2019"), system)


def test_a_horizontal_and_a_vertical_system_stay_together():
    for form in ("EPSG:32618+5773", pyproj.CRS("EPSG:32618+5773"), pyproj.CRS("EPSG:32618+5773").to_wkt("WKT1_GDAL")):
        content = written(form)
        assert iminfo(io.BytesIO(content)).crs == "EPSG:32618+5773"
        with rasterio.MemoryFile(content) as memory, memory.open() as file:
            assert same(file.crs.to_wkt(version="WKT2_2019"), "EPSG:32618+5773")
    custom = pyproj.CRS(pyproj.CRS(PROJECTIONS["Albers"]).to_wkt()).to_json_dict()
    height = pyproj.CRS(5703).to_json_dict()
    compound = {"type": "CompoundCRS", "name": "both", "components": [custom, height]}
    assert same(iminfo(io.BytesIO(written(compound))).crs, json.dumps(compound))


@pytest.mark.parametrize("form", ["OGC:CRS84", "urn:ogc:def:crs:EPSG::4326", pyproj.CRS(4326), rasterio.CRS.from_epsg(4326),
                                  pyproj.CRS(4326).to_json_dict(), pyproj.CRS(4326).to_wkt("WKT1_ESRI")], ids=str)
def test_a_known_system_is_its_code(form):
    out = io.BytesIO()
    imsave(out, IMAGE, format="tiff", crs=form, transform=(10, 0.01, 0, 50, 0, -0.01))
    found = iminfo(io.BytesIO(out.getvalue())).crs
    assert found == "EPSG:4326" or same(found, 4326)


def test_a_similar_system_is_not_taken_for_a_known_one():
    """By default, pyproj gives the code 2154 for it."""
    system = pyproj.CRS(PROJECTIONS["Lambert 2SP"])
    assert not iminfo(io.BytesIO(written(system))).crs.startswith("EPSG")


def test_a_copy_keeps_the_keys(tmp_path):
    first, second = tmp_path / "a.tif", tmp_path / "b.tif"
    first.write_bytes(written(pyproj.CRS(PROJECTIONS["Albers"])))
    with IO.open(first) as reader:
        imsave(second, reader.get_asset("image:0"))
    assert iminfo(second).crs == iminfo(first).crs
    with rasterio.open(first) as a, rasterio.open(second) as b:
        assert a.crs == b.crs and a.transform == b.transform


@pytest.mark.parametrize("format", ["nitf", "nsif"])
def test_nitf_refuses_it_by_name(format):
    with pytest.raises(OptionError, match="crs that NITF cannot express"):
        written(pyproj.CRS(PROJECTIONS["Albers"]), format)


@pytest.mark.parametrize("wrong", ["PROJCS[", "WGS 84", pyproj.CRS(6933).to_json_dict() | {"id": None}, "LOCAL_CS[\"a\"]", {}], ids=str)
def test_a_wrong_definition_is_an_option_error(wrong):
    with pytest.raises(OptionError, match="^crs"):
        written(wrong)
