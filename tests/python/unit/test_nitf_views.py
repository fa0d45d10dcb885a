"""TREs and DES user-defined subheaders as typed fields, layouts that a program adds, and georeference fields."""
import copy
import math
import pickle
import uuid

import numpy as np
import pytest
from aws.osml.io import BufferedMetadataProvider, Error, OptionError
from aws.osml.io.nitf import (
    ChipMapping,
    Fields,
    FieldNotFoundError,
    des,
    georeference,
    ichipb,
    register_des,
    register_tre,
    tre,
)
from hypothesis import given, settings
from hypothesis import strategies as st

SOME = settings(deadline=None, max_examples=100)
CORNERS = ("11", "12", "21", "22")


def ichipb_fields(x=100, y=200, columns=512, rows=256, full=(4000, 3000), **changes):
    """The recipe of the specification, for a chip of `columns` × `rows` at (x, y) of an image of `full` (columns, rows)."""
    fields = {"XFRM_FLAG": "00", "SCALE_FACTOR": "0001.00000", "ANAMRPH_CORR": "00", "SCANBLK_NUM": "00"}
    chip = [(0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1)]
    for prefix, top, left in (("OP", 0, 0), ("FI", y, x)):
        for corner, (row, column) in zip(CORNERS, chip):
            fields[f"{prefix}_ROW_{corner}"] = f"{row + top:08d}.500"
            fields[f"{prefix}_COL_{corner}"] = f"{column + left:08d}.500"
    return {**fields, "FI_ROW": f"{full[1]:08d}", "FI_COL": f"{full[0]:08d}", **changes}


METADATA = {"IC": "NC", "ICHIPB": ichipb_fields()}


# --- views

def test_fields_have_their_types():
    view = tre(METADATA, "ICHIPB")
    assert view.SCALE_FACTOR == 1.0 and type(view.SCALE_FACTOR) is float
    assert view["FI_ROW"] == 3000 and type(view["FI_ROW"]) is int
    assert view.FI_COL_11 == 100.5 and view.XFRM_FLAG == 0
    assert list(view)[:2] == ["XFRM_FLAG", "SCALE_FACTOR"] and len(view) == 22 == len(dict(view))
    assert "FI_ROW" in view and view.get("NOPE") is None and view == dict(view)
    assert {"FI_ROW", "keys"} <= set(dir(view))


def test_the_body_may_be_bytes_or_text():
    body = "".join(ichipb_fields().values())
    for value in (body, body.encode(), bytearray(body.encode())):
        assert tre({"ICHIPB": value}, "ICHIPB") == tre(METADATA, "ICHIPB")
    with pytest.raises(Error):
        tre({"ICHIPB": b"too short"}, "ICHIPB")
    for value in (3, None, "Ω"):
        with pytest.raises(OptionError, match="ICHIPB: got .*, expected"):
            tre({"ICHIPB": value}, "ICHIPB")


def test_a_blank_number_is_none_and_text_has_no_padding():
    view = tre({"BLOCKA": {"BLOCK_INSTANCE": "01", "LAYOVER_ANGLE": "   ", "FRLC_LOC": "+39.804489-084.059869"}}, "BLOCKA")
    assert view.BLOCK_INSTANCE == 1 and view.LAYOVER_ANGLE is None
    assert view.FRLC_LOC == "+39.804489-084.059869"
    acftb = Fields("X", {"A": "text", "B": None})
    assert acftb.A == "text" and acftb.B is None


def test_groups_are_lists_of_views():
    tag = new_tag()
    register_tre(f"structure {tag}\nsource a test\nfield COUNT 2 N+ int\nrepeat COUNT as POINT\n  field NAME 4 A\n"
                 "  field VALUE 6 A real nullable\nend\n")
    view = tre({tag: b"02" + b"ab  " + b"  1.25" + b"c   " + b"      "}, tag)
    assert view.COUNT == 2 and [point.NAME for point in view.POINT] == ["ab", "c"]
    assert view.POINT[0]["VALUE"] == 1.25 and view.POINT[1].VALUE is None
    assert repr(view) == f"{tag}(COUNT=2, POINT=[2 records])"
    assert repr(view.POINT[0]) == "POINT(NAME='ab', VALUE=1.25)"


def test_names_that_are_not_there_come_with_near_ones():
    view = tre(METADATA, "ICHIPB")
    with pytest.raises(FieldNotFoundError, match=r"^ICHIPB has no field 'FI_ROWS'; did you mean FI_ROW") as caught:
        view["FI_ROWS"]
    assert isinstance(caught.value, KeyError) and isinstance(caught.value, Error)
    with pytest.raises(AttributeError, match=r"ICHIPB has no field 'scale_factr'; did you mean SCALE_FACTOR\?"):
        view.scale_factr
    assert not hasattr(view, "SOMETHING") and getattr(view, "SOMETHING", 1) == 1
    with pytest.raises(FieldNotFoundError, match=r"no TRE 'ICHIPA' in the metadata; did you mean ICHIPB\?$"):
        tre(METADATA, "ICHIPA")
    with pytest.raises(KeyError, match="no TRE 'ZZZZZZ' in the metadata$"):
        tre(METADATA, "ZZZZZZ")


def test_a_view_cannot_be_changed_and_is_copied_and_pickled():
    view = tre(METADATA, "ICHIPB")
    for change in (lambda: setattr(view, "FI_ROW", 1), lambda: view.__setitem__("FI_ROW", 1), lambda: delattr(view, "FI_ROW")):
        with pytest.raises((AttributeError, TypeError)):
            change()
    assert pickle.loads(pickle.dumps(view)) == view == copy.deepcopy(view)
    assert repr(view).startswith("ICHIPB(XFRM_FLAG=0, SCALE_FACTOR=1.0, ")


def test_which_of_those_that_repeat():
    metadata = BufferedMetadataProvider()
    for x in (1, 2, 3):
        metadata.append("ICHIPB", ichipb_fields(x=x))
    assert [tre(metadata, "ICHIPB", n).FI_COL_11 for n in range(3)] == [1.5, 2.5, 3.5]
    for index in (3, -1):
        with pytest.raises(IndexError, match="ICHIPB: .*expected 0 to 2"):
            tre(metadata, "ICHIPB", index)


# --- layouts

def new_tag():
    """A tag that no other test has registered: layouts last as long as the program."""
    return "Q" + uuid.uuid4().hex[:5].upper()


def test_layouts_are_added():
    first, second = new_tag(), new_tag()
    text = "structure {}\nsource a test\nfield A 3 N+ int\n"
    with pytest.raises(Error):
        tre({first: b"007"}, first)
    assert register_tre(text.format(first) + text.format(second)) == [first, second]
    assert tre({first: b"007"}, first).A == 7 and tre({second: {"A": "008"}}, second).A == 8
    identifier = f"TEST {first}"
    assert register_des(text.format("TEST_" + first)) == ["TEST_" + first]
    assert des({"DESID": f"TEST_{first}".ljust(25), "DESSHF": b"009"}).A == 9
    assert identifier


def test_a_layout_that_is_wrong_is_an_error():
    for text in ("structure", "structure ABCDEF\nfield A\n", "what is this"):
        with pytest.raises(ValueError):
            register_tre(text)


def test_user_headers_that_are_not_there():
    with pytest.raises(FieldNotFoundError, match="no DESSHF in the metadata"):
        des({"DESID": "XML_DATA_CONTENT"})
    with pytest.raises(KeyError, match="no DESID in the metadata"):
        des({"IC": "NC"})


# --- ICHIPB

def test_a_chip_maps_to_the_full_image_and_back():
    mapping = ichipb(METADATA)
    assert mapping.to_full(0, 0) == (200.0, 100.0) and mapping.to_full(255, 511) == (455.0, 611.0)
    assert mapping.from_full(200, 100) == (0.0, 0.0)
    assert (mapping.full_rows, mapping.full_columns, mapping.scale_factor) == (3000, 4000, 1.0)
    assert mapping.scales_and_offsets() == ((1.0, 200.0), (1.0, 100.0))
    rows, columns = mapping.to_full(np.arange(4)[:, None], [0, 5])
    assert rows.shape == columns.shape == (4, 2) and columns[0, 1] == 105
    with pytest.raises(OptionError, match="fit together"):
        mapping.to_full([1, 2], [1, 2, 3])


def test_chips_of_one_row_or_column_have_the_scale_that_is_named():
    for columns, rows in ((1, 20), (20, 1), (1, 1)):
        mapping = ichipb({"ICHIPB": ichipb_fields(columns=columns, rows=rows, SCALE_FACTOR="0002.00000")})
        assert mapping.to_full(0, 0) == (200.0, 100.0)
        if columns == 1:
            assert mapping.to_full(0, 3) == (200.0, 106.0)


QUADS = st.lists(st.floats(-0.2, 0.2), min_size=8, max_size=8)


@SOME
@given(st.integers(2, 5000), st.integers(2, 5000), QUADS, st.floats(0.1, 20), st.floats(0, 2 * math.pi),
       st.floats(0, 1), st.floats(0, 1))
def test_any_quadrilateral_both_ways(rows, columns, bend, scale, angle, v, u):
    chip = ((0.0, 0.0), (0.0, columns - 1.0), (rows - 1.0, 0.0), (rows - 1.0, columns - 1.0))
    full = []
    for number, (row, column) in enumerate(chip):
        row, column = row + bend[2 * number] * (rows - 1), column + bend[2 * number + 1] * (columns - 1)
        # In a square frame: a rotation would otherwise swap long and short sides.
        row, column = row / (rows - 1), column / (columns - 1)
        full.append((1e4 + 1e3 * scale * (row * math.cos(angle) - column * math.sin(angle)),
                     2e4 + 1e3 * scale * (row * math.sin(angle) + column * math.cos(angle))))
    mapping = ChipMapping(chip, tuple(full))
    for point, expected in zip(chip, full):
        assert mapping.to_full(*point) == pytest.approx(expected, rel=0, abs=1e-6)
    row, column = v * (rows - 1), u * (columns - 1)
    assert mapping.from_full(*mapping.to_full(row, column)) == pytest.approx((row, column), rel=1e-9, abs=1e-6)


def test_a_mapping_without_usable_points_is_an_error():
    same = {f"FI_{kind}_{corner}": "00000007.500" for kind in ("ROW", "COL") for corner in CORNERS}
    with pytest.raises(OptionError, match="expected quadrilaterals"):
        ichipb({"ICHIPB": ichipb_fields(**same)})
    with pytest.raises(OptionError, match="dewarped"):
        ichipb({"ICHIPB": ichipb_fields(XFRM_FLAG="01")})
    with pytest.raises(Error, match="OP_ROW_21"):
        ichipb({"ICHIPB": ichipb_fields(OP_ROW_21=" " * 12)})


# --- georeferences

UTM = {"crs": 32618, "transform": (300000.0, 10.0, 0.0, 4500000.0, 0.0, -10.0)}


def test_the_worked_examples():
    found = georeference(200, 100, **UTM)
    assert found == {"ICORDS": "N", "IGEOLO": "183000054499995183019954499995183019954499005183000054499005"}
    edges = [(300000, 4500000), (302000, 4500000), (302000, 4499000), (300000, 4499000)]
    assert georeference(200, 100, corners=edges, crs="EPSG:32618") == found
    found = georeference(199, 98, crs=4326, corners=[(-77.5, 38.25), (-77.301, 38.25), (-77.301, 38.152), (-77.5, 38.152)])
    assert len(found["IGEOLO"]) == 60 and found["ICORDS"] in "GD"


@pytest.mark.parametrize("arguments, message", [
    ({"crs": 4326}, "got neither .*, expected one of them"),
    ({"crs": 32618, "transform": UTM["transform"], "corners": [(0, 0)] * 4}, "expected one of them"),
    ({"crs": 4326, "corners": [(0, 0), (1, 0), (2, -1), (0, -1)]}, "parallelogram"),
    ({"crs": 4326, "corners": [(0, 0), (1, 0), (1, 0), (0, 0)]}, "no area"),
    ({"crs": 4326, "corners": [(0, 0), (1, 0), (1, math.nan), (0, -1)]}, "finite"),
    ({"crs": 4326, "corners": [(0, 0), (1, 0)]}, "corners"),
    ({"crs": 3857, "transform": UTM["transform"]}, "."),
    ({"crs": "wgs84", "transform": UTM["transform"]}, "crs"),
    ({"crs": 4326, "transform": (1, 2, 3)}, "transform"),
])
def test_georeferences_that_cannot_be_written_are_errors(arguments, message):
    with pytest.raises(OptionError, match=message):
        georeference(10, 10, **arguments)


@pytest.mark.parametrize("size", [(0, 1), (1, -1), (1.5, 2), ("a", 1)])
def test_an_image_has_a_size(size):
    with pytest.raises(OptionError, match="columns|rows"):
        georeference(*size, **UTM)


def test_affine_objects():
    affine = pytest.importorskip("affine")
    transform = affine.Affine.from_gdal(*UTM["transform"])
    assert georeference(200, 100, crs=32618, transform=transform) == georeference(200, 100, **UTM)


def block_corner(text):
    assert len(text) == 21
    if text[0] in "+-":
        return float(text[10:]), float(text[:10])
    degrees = lambda t, d: int(t[1:1 + d]) + int(t[1 + d:3 + d]) / 60 + float(t[3 + d:]) / 3600
    return degrees(text[10:], 3) * (-1 if text[10] == "W" else 1), degrees(text[:10], 2) * (-1 if text[0] == "S" else 1)


@SOME
@given(st.integers(1, 60), st.booleans(), st.floats(200000, 700000), st.floats(500000, 7500000), st.floats(-0.5, 0.5),
       st.integers(1, 3000), st.integers(1, 3000))
def test_precise_corners_are_where_proj_has_them(zone, south, east, north, skew, columns, rows):
    pyproj = pytest.importorskip("pyproj")
    epsg = (32700 if south else 32600) + zone
    six = (east, 10.0, skew, north, skew, -10.0)
    found = georeference(columns, rows, transform=six, crs=epsg, precise=True)
    assert found["ICORDS"] == ("S" if south else "N")
    place = lambda x, y: (six[0] + six[1] * x + six[2] * y, six[3] + six[4] * x + six[5] * y)
    centres = [place(x, y) for x, y in ((0.5, 0.5), (columns - 0.5, 0.5), (columns - 0.5, rows - 0.5), (0.5, rows - 0.5))]
    to_degrees = pyproj.Transformer.from_crs(epsg, 4326, always_xy=True)
    for number, (name, (x, y)) in enumerate(zip(("FRFC", "FRLC", "LRLC", "LRFC"), centres)):
        text = found["IGEOLO"][number * 15:][:15]
        assert text[:2] == f"{zone:02d}" and abs(float(text[2:8]) - x) <= 0.501 and abs(float(text[8:]) - y) <= 0.501
        if "BLOCKA" not in found:
            assert abs(float(text[2:8]) - x) < 1e-5 and abs(float(text[8:]) - y) < 1e-5, "IGEOLO is exact"
            continue
        lon, lat = to_degrees.transform(x, y)
        block_lon, block_lat = block_corner(found["BLOCKA"][f"{name}_LOC"])
        assert abs(block_lon - lon) < 3e-6 and abs(block_lat - lat) < 3e-6
    assert "BLOCKA" not in found or int(found["BLOCKA"]["L_LINES"]) == rows


def test_numbers_that_a_standard_keeps_as_text_are_numbers():
    view = tre({"CSEXRA": {"MAX_GSD": "012.3", "NUM_LINES": "0012000", "PREDICTED_NIIRS": "N/A", "SENSOR": "007"}}, "CSEXRA")
    assert (view.MAX_GSD, view.NUM_LINES) == (12.3, 12000) and type(view.NUM_LINES) is int
    assert view.PREDICTED_NIIRS == "N/A" and view.SENSOR == "007" and view.ALONG_SCAN_GSD is None


def test_a_number_for_such_a_field_is_written_and_read_back():
    view = tre({"CSEXRA": {"MAX_GSD": 1.25, "NUM_LINES": 5}}, "CSEXRA")
    assert (view.MAX_GSD, view.NUM_LINES) == (1.25, 5)


def test_coefficients_are_plain_lists():
    coefficients = [float(n) for n in range(20)]
    body = {f"{name}_{part}": 1 for name in ("LINE", "SAMP", "LAT", "LONG", "HEIGHT") for part in ("OFF", "SCALE")}
    body |= {f"{name}_COEFF": coefficients for name in ("LINE_NUM", "LINE_DEN", "SAMP_NUM", "SAMP_DEN")}
    assert tre({"RPC00B": body}, "RPC00B").LINE_NUM_COEFF == coefficients
    body["LINE_NUM_COEFF"] = [{"LINE_NUM_COEFF": n} for n in coefficients]
    assert tre({"RPC00B": body}, "RPC00B").LINE_NUM_COEFF == coefficients
