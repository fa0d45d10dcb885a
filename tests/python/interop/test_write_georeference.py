"""Georeferences that we write as GDAL reads them, and those that GDAL writes as we read them."""
import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from aws.osml.io import iminfo, imsave
from pyproj.enums import PJType
from testkit.readers import tiff_tags

DATA = np.zeros((1, 20, 30), np.uint8)
NORTH_UP = (300000.0, 0.5, 0.0, 4500000.0, 0.0, -0.5)
TRANSFORMS = {"north up": NORTH_UP, "south up": (10.0, 2.0, 0.0, 20.0, 0.0, 3.0), "mirrored": (10.0, -2.0, 0.0, 20.0, 0.0, -3.0),
              "rotated": (10.0, 1.0, 0.5, 20.0, 0.5, -1.0), "sheared": (10.0, 1.0, 0.25, 20.0, 0.0, -1.0),
              "oblong": (1e-7, 1 / 3, 0.0, -1e-7, 0.0, -1 / 7), "turned by 90 degrees": (10.0, 0.0, 2.0, 20.0, 2.0, 0.0)}


@pytest.fixture
def tif(tmp_path):
    return tmp_path / "a.tif"


def all_codes():
    found = pyproj.database.query_crs_info("EPSG", [PJType.GEOGRAPHIC_2D_CRS, PJType.PROJECTED_CRS])
    return sorted(int(info.code) for info in found if int(info.code) < 32767)


WELL_KNOWN = [4326, 4269, 4258, 4267, 4283, 4674, 4490, 4612, 3857, 3395, 32601, 32618, 32660, 32701, 32760, 25832, 26918, 26985, 2154,
              27700, 2193, 3031, 3413, 3035, 5070, 6933, 28355, 2056, 21781, 31370, 5514, 2180, 3006, 2263, 6350, 3577, 3112, 7844]


def assert_gdal_reads(path, code):
    """GDAL reads `code` back, or at least the code that it reads from its own file with this code."""
    transform = NORTH_UP if pyproj.CRS.from_epsg(code).is_projected else (10.0, 0.5, 0.0, 50.0, 0.0, -0.5)
    imsave(path, DATA[:, :1, :1], transform=transform, crs=f"EPSG:{code}", compression="none", metadata={"278": 1})
    with rasterio.open(path) as src:
        assert src.crs is not None, f"EPSG:{code}: GDAL sees no CRS"
        found = src.crs
    if found.to_epsg() != code and not pyproj.CRS.from_user_input(found).equals(pyproj.CRS.from_epsg(code), ignore_axis_order=True):
        with rasterio.open(path, "w", driver="GTiff", width=1, height=1, count=1, dtype="uint8", crs=f"EPSG:{code}") as dst:
            dst.write(DATA[:, :1, :1])
        with rasterio.open(path) as src:
            assert found == src.crs, f"EPSG:{code}: GDAL reads {found.to_epsg()}"
    else:
        assert str(iminfo(path).crs).upper().removeprefix("EPSG:") == str(code)


@pytest.mark.parametrize("code", WELL_KNOWN)
def test_gdal_reads_well_known_epsg_codes(tif, code):
    assert_gdal_reads(tif, code)


def test_gdal_reads_a_sample_of_all_epsg_codes(tif):
    codes = all_codes()
    assert len(codes) > 5000
    for code in codes[::40]:
        assert_gdal_reads(tif, code)


@pytest.mark.slow
def test_gdal_reads_every_epsg_code(tif):
    wrong = []
    for code in all_codes():
        try:
            assert_gdal_reads(tif, code)
        except (AssertionError, ValueError) as error:
            wrong.append(str(error).splitlines()[0])
    assert not wrong, f"{len(wrong)} codes: {wrong[:20]}"


@pytest.mark.parametrize("name", TRANSFORMS)
def test_gdal_reads_every_affine(tif, name):
    imsave(tif, DATA, transform=TRANSFORMS[name], crs=32618)
    with rasterio.open(tif) as src:
        assert src.transform.to_gdal() == pytest.approx(TRANSFORMS[name], abs=1e-15, rel=1e-15)
    assert tuple(iminfo(tif).transform) == pytest.approx(TRANSFORMS[name], abs=1e-15, rel=1e-15)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_pixel_is_point_keeps_the_same_affine_in_gdal(tif, name):
    imsave(tif, DATA, transform=TRANSFORMS[name], crs=32618, metadata={"GeoRasterType": "PixelIsPoint"})
    with rasterio.open(tif) as src:
        assert src.tags()["AREA_OR_POINT"] == "Point"
        assert src.transform.to_gdal() == pytest.approx(TRANSFORMS[name], abs=1e-9)
    assert tuple(iminfo(tif).transform) == pytest.approx(TRANSFORMS[name], abs=1e-9)


def test_raw_tiepoints_of_pixel_is_point_are_centres(tif):
    imsave(tif, DATA, metadata={"GeoModelType": "Projected", "GeoRasterType": "PixelIsPoint", "GeoProjectedCRS": "32618",
                                "GeoPixelScale": [10.0, 10.0, 0.0], "GeoTiepoints": [0, 0, 0, 300000.0, 4500000.0, 0.0]})
    assert tiff_tags(tif)[33922] == (0.0, 0.0, 0.0, 300000.0, 4500000.0, 0.0)
    with rasterio.open(tif) as src:
        assert src.transform.to_gdal() == (299995.0, 10.0, 0.0, 4500005.0, 0.0, -10.0)
    assert tuple(iminfo(tif).transform) == (299995.0, 10.0, 0.0, 4500005.0, 0.0, -10.0)


def test_a_north_up_image_uses_scale_and_tiepoint_and_others_the_matrix(tif):
    imsave(tif, DATA, transform=NORTH_UP, crs=32618)
    tags = tiff_tags(tif)
    assert tags[33550] == (0.5, 0.5, 0.0) and tags[33922] == (0.0, 0.0, 0.0, 300000.0, 4500000.0, 0.0) and 34264 not in tags
    imsave(tif, DATA, transform=TRANSFORMS["south up"], crs=32618)
    tags = tiff_tags(tif)
    assert tags[34264][:8] == (2.0, 0.0, 0.0, 10.0, 0.0, 3.0, 0.0, 20.0) and 33550 not in tags and 33922 not in tags


@pytest.mark.parametrize("crs", [4326, 32618])
def test_corners_are_pixel_edges(tif, crs):
    corners = [(100.0, 60.0), (130.0, 60.0), (130.0, 40.0), (100.0, 40.0)]
    imsave(tif, DATA, corners=corners, crs=crs)
    with rasterio.open(tif) as src:
        assert src.transform.to_gdal() == pytest.approx((100.0, 1.0, 0.0, 60.0, 0.0, -1.0))
        assert src.crs.to_epsg() == crs
    assert [tuple(c) for c in iminfo(tif).corners] == [pytest.approx(c) for c in corners]


def test_the_geokey_directory_is_well_formed(tif):
    imsave(tif, DATA, transform=NORTH_UP, crs=32618)
    tags = tiff_tags(tif)
    directory = tags[34735]
    assert directory[:2] == (1, 1) and directory[2] in (0, 1) and directory[3] == (len(directory) - 4) // 4
    for i in range(4, len(directory), 4):
        key, location, count, value = directory[i:i + 4]
        assert location in (0, 34736, 34737)
        if location == 0:
            assert count == 1
        if location == 34737:
            assert tags[34737][value + count - 1] == "|", f"text of key {key}"
    assert (34737 in tags) == any(directory[i + 1] == 34737 for i in range(4, len(directory), 4))
    assert (34736 in tags) == any(directory[i + 1] == 34736 for i in range(4, len(directory), 4))


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("point", [False, True], ids=["area", "point"])
def test_we_place_what_gdal_writes(tif, name, point):
    with rasterio.open(tif, "w", driver="GTiff", width=30, height=20, count=1, dtype="uint8", crs="EPSG:32633",
                       transform=Affine.from_gdal(*TRANSFORMS[name])) as dst:
        dst.write(DATA)
        if point:
            dst.update_tags(AREA_OR_POINT="Point")
    with rasterio.open(tif) as src:
        expected = src.transform.to_gdal()
    info = iminfo(tif)
    assert tuple(info.transform) == pytest.approx(expected, abs=1e-9)
    assert str(info.crs).upper().removeprefix("EPSG:") == "32633"
    assert info.metadata["GeoRasterType"] == ("PixelIsPoint" if point else "PixelIsArea")


@pytest.mark.parametrize("code", WELL_KNOWN)
def test_we_read_the_epsg_codes_gdal_writes(tif, code):
    with rasterio.open(tif, "w", driver="GTiff", width=30, height=20, count=1, dtype="uint8", crs=f"EPSG:{code}",
                       transform=Affine.from_gdal(*NORTH_UP)) as dst:
        dst.write(DATA)
    with rasterio.open(tif) as src:
        if src.crs is None or src.crs.to_epsg() != code:
            pytest.skip("GDAL itself does not read it back under this code")
    directory = tiff_tags(tif)[34735]
    codes = {directory[i + 3] for i in range(4, len(directory), 4) if directory[i] in (2048, 3072)}
    if code not in codes:
        pytest.skip("GDAL spelled this CRS out with parameters")
    assert str(iminfo(tif).crs).upper().removeprefix("EPSG:") == str(code)


@pytest.mark.parametrize("nodata,dtype", [(0, "uint8"), (-9999, "int16"), (float("nan"), "float32"), (-3.4e38, "float32"), (1e20, "float64")])
def test_we_read_the_nodata_gdal_writes(tif, nodata, dtype):
    with rasterio.open(tif, "w", driver="GTiff", width=30, height=20, count=1, dtype=dtype, nodata=nodata) as dst:
        dst.write(DATA.astype(dtype))
    assert iminfo(tif).nodata == pytest.approx(nodata, nan_ok=True, rel=1e-6 if dtype == "float32" else 0)
