"""IGEOLO, written and read by us, against pyproj and GDAL. The file stores the centres of the corner pixels, the API uses
edges."""
import math
import warnings

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from aws.osml.io import OptionError, PrecisionWarning, iminfo, imsave
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from testkit import nitf_make
from testkit.nitf_bytes import parse
from testkit.nitf_judges import gdal_open, gdal_write, jbpy_check
from testkit.nitf_ours import heard, quiet, warned

ROWS, COLS = 100, 200
DATA = np.zeros((1, ROWS, COLS), np.uint8)
GEOGRAPHIC = (-77.5, 0.001, 0.0, 38.25, 0.0, -0.001)
UTM_NORTH, UTM_SOUTH = (300000.0, 10.0, 0.0, 4500000.0, 0.0, -10.0), (300000.0, 10.0, 0.0, 6200000.0, 0.0, -10.0)
PRECISION = {"G": 0.5 / 3600, "D": 0.0005, "N": 0.5, "S": 0.5}


@pytest.fixture
def ntf(tmp_path):
    return tmp_path / "a.ntf"


def save(path, transform=None, crs=4326, data=DATA, **options):
    with heard():
        imsave(path, data, compression="none", transform=transform, crs=crs, **options)
    return parse(path).images[0]


def edges(transform, cols=COLS, rows=ROWS):
    a = Affine.from_gdal(*transform)
    return [a * corner for corner in ((0, 0), (cols, 0), (cols, rows), (0, rows))]


def centres(transform, cols=COLS, rows=ROWS):
    a = Affine.from_gdal(*transform)
    return [a * corner for corner in ((0.5, 0.5), (cols - 0.5, 0.5), (cols - 0.5, rows - 0.5), (0.5, rows - 0.5))]


def decoded(image):
    """The four corners (x, y) by hand, with minutes and seconds checked."""
    kind, text = image["ICORDS"], image["IGEOLO"]
    found = []
    for part in (text[i:i + 15] for i in range(0, 60, 15)):
        if kind == "G":
            values = [int(part[0:2]), int(part[2:4]), int(part[4:6]), int(part[7:10]), int(part[10:12]), int(part[12:14])]
            assert all(v < 60 for v in (values[1], values[2], values[4], values[5])), part
            lat, lon = (d + m / 60 + s / 3600 for d, m, s in (values[:3], values[3:]))
            assert part[6] in "NS" and part[14] in "EW" and lat <= 90 and lon <= 180, part
            found.append((lon * (1 if part[14] == "E" else -1), lat * (1 if part[6] == "N" else -1)))
        elif kind == "D":
            assert part[0] in "+-" and part[7] in "+-" and part[3] == part[11] == ".", part
            found.append((float(part[7:]), float(part[:7])))
        else:
            assert kind in "NS" and part.isdigit()
            found.append((int(part[2:8]), int(part[8:])))
    return found


def assert_near(found, expected, tolerance, wrap=False):
    for (x, y), (a, b) in zip(found, expected, strict=True):
        dx = (x - a + 180) % 360 - 180 if wrap else x - a
        assert abs(dx) <= tolerance and abs(y - b) <= tolerance, (found, expected)


WORKED = [(UTM_NORTH, 32618, "N", "183000054499995" "183019954499995" "183019954499005" "183000054499005"),
          (UTM_SOUTH, 32756, "S", "563000056199995" "563019956199995" "563019956199005" "563000056199005"),
          (GEOGRAPHIC, 4326, "G", "381458N0772958W" "381458N0771802W" "380902N0771802W" "380902N0772958W")]


@pytest.mark.parametrize("transform,crs,kind,text", WORKED)
def test_worked_examples(ntf, transform, crs, kind, text):
    with quiet():
        imsave(ntf, DATA, compression="none", transform=transform, crs=crs)
    found = parse(ntf).images[0]
    assert (found["ICORDS"], found["IGEOLO"]) == (kind, text)
    jbpy_check(ntf)


@pytest.mark.parametrize("crs", [32618, "EPSG:32618", pyproj.CRS.from_epsg(32618)])
@pytest.mark.parametrize("way", ["transform", "Affine", "corners"])
def test_every_form_of_a_georeference_gives_the_same_file(ntf, crs, way):
    where = {"transform": {"transform": UTM_NORTH}, "Affine": {"transform": Affine.from_gdal(*UTM_NORTH)}, "corners": {"corners": edges(UTM_NORTH)}}[way]
    imsave(ntf, DATA, compression="none", crs=crs, **where)
    assert parse(ntf).images[0]["IGEOLO"] == WORKED[0][3]


def test_decimal_degrees_when_asked_for(ntf):
    found = save(ntf, GEOGRAPHIC, metadata={"ICORDS": "D"})
    assert found["ICORDS"] == "D"
    assert_near(decoded(found), centres(GEOGRAPHIC), PRECISION["D"] * 1.001)


def test_the_fields_themselves_are_written_as_given(ntf):
    text = WORKED[2][3]
    imsave(ntf, DATA, compression="none", metadata={"ICORDS": "G", "IGEOLO": text})
    assert parse(ntf).images[0]["IGEOLO"] == text
    for bad in ({"ICORDS": "G"}, {"ICORDS": "G", "IGEOLO": text[:-1]}, {"ICORDS": "G", "IGEOLO": text.replace("38", "98")}):
        with pytest.raises(OptionError, match="IGEOLO"):
            imsave(ntf, DATA, compression="none", metadata=bad)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lon=st.floats(-180, 179.9), lat=st.floats(-89.7, 89.7), size=st.sampled_from([1e-5, 1 / 3600, 0.001, 0.0013, 0.00123456]))
def test_geographic_corners_anywhere(tmp_path, lon, lat, size):
    lat = max(lat, -89.9 + ROWS * size)
    transform = (lon, size, 0.0, lat, 0.0, -size)
    path = tmp_path / "a.ntf"
    found = save(path, transform)
    assert_near(decoded(found), centres(transform), PRECISION[found["ICORDS"]] * 1.001, wrap=True)
    info = iminfo(path)
    assert str(info.crs) == "EPSG:4326"
    assert_near(info.corners, edges(transform), PRECISION["G"] * 1.05, wrap=True)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(zone=st.integers(1, 60), south=st.booleans(), x=st.floats(150_000, 800_000), y=st.floats(1_200_000, 9_000_000), size=st.floats(0.3, 100),
       angle=st.floats(0, 360))
def test_utm_corners_anywhere_and_turned(tmp_path, zone, south, x, y, size, angle):
    turned = Affine.translation(x, y) * Affine.rotation(angle) * Affine.scale(size, -size)
    transform, crs = turned.to_gdal(), (32700 if south else 32600) + zone
    path = tmp_path / "a.ntf"
    found = save(path, transform, crs)
    assert found["ICORDS"] == ("S" if south else "N") and {found["IGEOLO"][i:i + 2] for i in range(0, 60, 15)} == {f"{zone:02}"}
    assert_near(decoded(found), centres(transform), 0.5001)
    info = iminfo(path)
    assert str(info.crs) == f"EPSG:{crs}"
    assert_near(info.corners, edges(transform), 0.55)


def test_south_up_is_kept(ntf):
    transform = (10.0, 0.001, 0.0, 20.0, 0.0, 0.001)
    assert_near(decoded(save(ntf, transform)), centres(transform), PRECISION["G"] * 1.001)
    assert_near(iminfo(ntf).corners, edges(transform), PRECISION["G"] * 1.05)


def test_seconds_carry_into_minutes_and_degrees(ntf):
    transform = (9.9999 - 0.0005, 0.001, 0.0, 20.99995 + 0.0005, 0.0, -0.001)
    first = save(ntf, transform)["IGEOLO"][:15]
    assert first == "210000N0100000E"


def test_the_180th_meridian(ntf):
    transform = (179.9, 0.001, 0.0, 10.0, 0.0, -0.001)  # ends at 180.1 degrees
    found = save(ntf, transform)
    assert found["IGEOLO"][14] == "E" and found["IGEOLO"][29] == "W"
    assert_near(decoded(found), centres(transform), PRECISION["G"] * 1.001, wrap=True)
    corners = iminfo(ntf).corners
    assert corners[1][0] > corners[0][0] or corners[1][0] == pytest.approx(-179.9, abs=1e-3)


def test_a_quadrilateral_that_is_not_a_parallelogram_fits_igeolo(ntf):
    corners = [(10.0, 20.0), (10.2, 20.01), (10.19, 19.9), (10.01, 19.88)]
    imsave(ntf, DATA, compression="none", corners=corners, crs=4326)
    assert_near(iminfo(ntf).corners, corners, PRECISION["G"] * 1.1)


@pytest.mark.parametrize("cols,rows", [(1, 1), (1, 50), (50, 1)])
def test_images_of_one_column_or_row(ntf, cols, rows):
    data = np.zeros((1, rows, cols), np.uint8)
    found = save(ntf, UTM_NORTH, 32618, data)
    assert_near(decoded(found), centres(UTM_NORTH, cols, rows), 0.5001)
    info = iminfo(ntf)
    assert info.crs in (None, "EPSG:32618")
    if info.corners is not None:
        assert_near(info.corners, edges(UTM_NORTH, cols, rows), 6.0)


PRECISIONS = [((300000.0, 0.5, 0.0, 4500000.0, 0.0, -0.5), 32618, True), ((300000.0, 2.5, 0.0, 4500000.0, 0.0, -2.5), 32618, False),
              ((-77.5, 0.0001, 0.0, 38.25, 0.0, -0.0001), 4326, True), (GEOGRAPHIC, 4326, False)]


@pytest.mark.parametrize("transform,crs,coarse", PRECISIONS)
def test_a_field_coarser_than_half_a_pixel_is_announced(ntf, transform, crs, coarse):
    with warned(PrecisionWarning, "IGEOLO") if coarse else quiet():
        imsave(ntf, DATA, compression="none", transform=transform, crs=crs)


def test_precise_geographic_corners(ntf):
    transform = (-77.512345, 0.00001, 0.0, 38.254321, 0.0, -0.00001)
    with quiet():
        imsave(ntf, DATA, compression="none", transform=transform, crs=4326, precise=True)
    found = parse(ntf).images[0]
    tags = found.tags() + parse(ntf).header.tags()
    assert {"BLOCKA", "GEOLOB", "GEOPSB"} <= set(tags)
    content = found.tre("GEOLOB").decode()
    assert (int(content[:9]), int(content[9:18])) == (36_000_000, 36_000_000)
    assert (float(content[18:33]), float(content[33:])) == pytest.approx((-77.512345, 38.254321), abs=1e-9)
    assert_blocka(found.tre("BLOCKA"), centres(transform))
    jbpy_check(ntf)
    with gdal_open(ntf) as src:
        assert src.transform.to_gdal() == pytest.approx(transform, abs=2e-6)
    assert_near(iminfo(ntf).corners, edges(transform), 1e-6)


def assert_blocka(content, corners):
    """Corners in BLOCKA stand in the order first row last column, last row last column, last row first column, first row first column."""
    assert len(content) == 123 and int(content[7:12]) == ROWS
    parts = [content[34 + 21 * i:55 + 21 * i].decode() for i in range(4)]
    assert_near([(float(p[10:]), float(p[:10])) for p in (parts[3], parts[0], parts[1], parts[2])], corners, 0.51e-6)


@pytest.mark.parametrize("crs,x,y", [(32618, 300000.3, 4500000.7), (32756, 745678.9, 6200000.1), (32631, 166021.4, 1000.0), (32660, 500000.0, 9000000.0),
                                     (32701, 833978.5, 5000000.5)])
def test_precise_utm_corners_agree_with_pyproj(ntf, crs, x, y):
    transform = (x, 0.5, 0.0, y, 0.0, -0.5)
    found = save(ntf, transform, crs, precise=True)
    to_geographic = pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
    assert_blocka(found.tre("BLOCKA"), [to_geographic.transform(*corner) for corner in centres(transform)])


@pytest.mark.parametrize("crs", [3857, 4269, 32661, 2154, "EPSG:27700"])
def test_a_crs_the_field_cannot_express_is_an_error_naming_those_it_can(ntf, crs):
    transform = UTM_NORTH if crs != 4269 else (10.0, 0.001, 0.0, 50.0, 0.0, -0.001)
    with pytest.raises(OptionError, match="(?s)(4326|WGS).*(UTM|326)") as caught:
        imsave(ntf, DATA, compression="none", transform=transform, crs=crs)
    assert str(crs).removeprefix("EPSG:") in str(caught.value)
    assert not ntf.exists()


@pytest.mark.parametrize("transform,crs", [((10.0, 0.001, 0.0, 95.0, 0.0, -0.001), 4326), ((990_000.0, 100.0, 0.0, 5e6, 0.0, -100.0), 32618),
                                           ((3e5, 10.0, 0.0, -5000.0, 0.0, -10.0), 32618), ((math.nan, 1.0, 0.0, 0.0, 0.0, -1.0), 4326)])
def test_coordinates_the_field_cannot_hold_are_an_error(ntf, transform, crs):
    with pytest.raises(OptionError):
        imsave(ntf, DATA, compression="none", transform=transform, crs=crs)
    assert not ntf.exists()


def test_a_crs_alone_or_corners_alone_are_refused(ntf):
    with pytest.raises(OptionError):
        imsave(ntf, DATA, compression="none", corners=edges(UTM_NORTH))
    assert not ntf.exists()


@pytest.mark.parametrize("transform,crs,kind", [(UTM_NORTH, 32618, "N"), (UTM_SOUTH, 32756, "S"), (GEOGRAPHIC, 4326, "G"), (GEOGRAPHIC, 4326, "D")])
def test_we_place_what_gdal_writes_and_gdal_what_we_write(tmp_path, ntf, transform, crs, kind):
    other = tmp_path / "g.ntf"
    gdal_write(other, DATA, transform=Affine.from_gdal(*transform), crs=f"EPSG:{crs}", ICORDS=kind)
    assert parse(other).images[0]["ICORDS"] == kind
    info = iminfo(other)
    assert str(info.crs) == f"EPSG:{crs}"
    assert_near(info.corners, edges(transform), PRECISION[kind] * 1.05)
    found = save(ntf, transform, crs, metadata={"ICORDS": kind})
    assert kind == "D" or found["IGEOLO"] == parse(other).images[0]["IGEOLO"], "in D these corners lie half-way between two values"
    with gdal_open(ntf) as ours, gdal_open(other) as theirs:
        assert ours.crs == theirs.crs and ours.crs.to_epsg() == crs
        corners = [(ours.transform * corner, theirs.transform * corner) for corner in ((0, 0), (COLS, 0), (COLS, ROWS), (0, ROWS))]
        assert_near(*zip(*corners), 2.1 * PRECISION[kind] if kind == "D" else 1e-9)


def mgrs(lon, lat):
    """A place in ICORDS U, its zone and its metres."""
    zone = min(int((lon + 180) // 6) + 1, 60)
    x, y = pyproj.Transformer.from_crs(4326, (32600 if lat >= 0 else 32700) + zone, always_xy=True).transform(lon, lat)
    x, y = round(x), round(y)
    column = ("STUVWXYZ", "ABCDEFGH", "JKLMNPQR")[zone % 3][x // 100_000 - 1]
    row = "ABCDEFGHJKLMNPQRSTUV"[(y // 100_000 + (5 if zone % 2 == 0 else 0)) % 20]
    band = "CDEFGHJKLMNPQRSTUVWX"[min(int((lat + 80) // 8), 19)]
    return f"{zone:02}{band}{column}{row}{x % 100_000:05}{y % 100_000:05}"


def test_the_mgrs_of_these_tests_is_right():
    lon, lat = pyproj.Transformer.from_crs(32618, 4326, always_xy=True).transform(580628, 4507511)
    assert mgrs(lon, lat) == "18TWL8062807511"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(zone=st.integers(1, 60), off=st.floats(-2.7, 2.6), lat=st.floats(-79.5, 55.5))
def test_mgrs_corners_are_read(tmp_path, zone, off, lat):
    lon = zone * 6 - 183 + off
    corners = [(lon, lat), (lon + 0.05, lat), (lon + 0.05, lat - 0.05), (lon, lat - 0.05)]
    path = tmp_path / "a.ntf"
    path.write_bytes(nitf_make.file([nitf_make.image(DATA, ICORDS="U", IGEOLO="".join(mgrs(*c) for c in corners))]))
    info = iminfo(path)
    found = info.corners
    if str(info.crs) != "EPSG:4326":
        back = pyproj.Transformer.from_crs(str(info.crs), 4326, always_xy=True)
        found = [back.transform(*corner) for corner in found]
    half = 0.05 / 2 / (COLS - 1), 0.05 / 2 / (ROWS - 1)
    expected = [(x + sx * half[0], y + sy * half[1]) for (x, y), (sx, sy) in zip(corners, ((-1, 1), (1, 1), (1, -1), (-1, -1)))]
    scale = math.cos(math.radians(lat))
    for (x, y), (a, b) in zip(found, expected):
        assert math.hypot((x - a) * scale, y - b) * 111_320 < 2.0, (found, expected)


def test_geocentric_latitudes_are_read(ntf):
    lat, lon = 45.0, 10.0
    geocentric = math.degrees(math.atan((1 - pyproj.Geod(ellps="WGS84").es) * math.tan(math.radians(lat))))
    assert geocentric == pytest.approx(44.8076, abs=1e-4)
    degrees, rest = divmod(round(geocentric * 3600), 3600)
    text = f"{degrees:02}{rest // 60:02}{rest % 60:02}N"
    ntf.write_bytes(nitf_make.file([nitf_make.image(DATA, ICORDS="C", IGEOLO=f"{text}0100000E{text}0101000E{text}0101000E{text}0100000E")]))
    corners = iminfo(ntf).corners
    assert corners[0][1] == pytest.approx(lat, abs=0.001) and corners[0][0] == pytest.approx(lon, abs=0.001)


def test_an_image_without_coordinates(ntf):
    imsave(ntf, DATA, compression="none")
    info = iminfo(ntf)
    assert (info.crs, info.transform, info.corners) == (None, None, None)
    assert parse(ntf).images[0]["ICORDS"] == " "


def test_illegal_coordinates_do_not_hide_the_image(ntf):
    from aws.osml.io import OsmlWarning, imread
    ntf.write_bytes(nitf_make.file([nitf_make.image(DATA, ICORDS="G", IGEOLO="x" * 60)]))
    with pytest.warns(OsmlWarning, match="IGEOLO"):
        assert imread(ntf).shape == DATA.shape
        assert iminfo(ntf).corners is None


def test_the_helper_gives_the_same_fields(ntf):
    from aws.osml.io import nitf
    fields = nitf.georeference(COLS, ROWS, transform=UTM_NORTH, crs="EPSG:32618")
    assert (fields["ICORDS"], fields["IGEOLO"]) == ("N", WORKED[0][3])
    assert nitf.georeference(COLS, ROWS, corners=edges(UTM_NORTH), crs=32618)["IGEOLO"] == WORKED[0][3]
    precise = nitf.georeference(COLS, ROWS, transform=GEOGRAPHIC, crs=4326, precise=True)
    assert {"ICORDS", "IGEOLO", "BLOCKA", "GEOLOB", "GEOPSB"} <= set(precise)


GLOBES = [[(-180, 90), (180, 90), (180, -90), (-180, -90)], [(0, 90), (360, 90), (360, -90), (0, -90)], [(-100, 50), (100, 50), (100, -50), (-100, -50)],
          [(179.5, 10), (-179.5, 10), (-179.5, 9), (179.5, 9)], [(179.5, 10), (180.5, 10), (180.5, 9), (179.5, 9)]]


@pytest.mark.parametrize("precise", [False, True])
@pytest.mark.parametrize("corners", GLOBES)
def test_images_of_more_than_half_the_globe_and_across_the_antimeridian(tmp_path, corners, precise):
    path = tmp_path / "a.ntf"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrecisionWarning)
        imsave(path, np.zeros((1, 180, 360), np.uint8), compression="none", crs=4326, corners=corners, precise=precise)
    found = iminfo(path)
    expected = np.array(corners, float)
    expected[:, 0] = expected[0, 0] + (expected[:, 0] - expected[0, 0]) % 360
    if corners[1][0] - corners[0][0] == 360:
        expected[1:3, 0] = expected[0, 0] + 360
    shift = np.round((expected[0, 0] - found.corners[0][0]) / 360) * 360
    assert np.allclose(np.array(found.corners) + [shift, 0], expected, atol=2 / 3600 * 1.01)
    assert found.transform[1] > 0 > found.transform[5]


def test_a_global_file_of_gdal_is_not_mirrored(tmp_path):
    path = tmp_path / "a.ntf"
    with rasterio.open(path, "w", driver="NITF", width=720, height=360, count=1, dtype="uint8", crs="EPSG:4326",
                       transform=Affine(0.5, 0, -180, 0, -0.5, 90), ICORDS="G") as target:
        target.write(np.zeros((1, 360, 720), np.uint8))
    assert np.allclose(iminfo(path).transform, (-180, 0.5, 0, 90, 0, -0.5), atol=1 / 3600)


def test_a_grid_reference_is_that_of_whole_metres(tmp_path):
    path = tmp_path / "a.ntf"
    imsave(path, np.zeros((1, 600, 800), np.uint8), compression="none", transform=(300000, 10, 0, 4500000, 0, -10), crs=32618, metadata={"ICORDS": "U"})
    assert iminfo(path).metadata["IGEOLO"][5:15] == "0000599995" and iminfo(path).metadata["IGEOLO"][20:25] == "07995"
    assert np.allclose(iminfo(path).transform, (300000, 10, 0, 4500000, 0, -10), atol=0.51)
