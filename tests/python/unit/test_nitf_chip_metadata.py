"""Chips: metadata adjusted to a part of an image."""
import warnings

import numpy as np
import pytest
from aws.osml.io import BufferedMetadataProvider, MetadataWarning, OutOfRangeError
from aws.osml.io.nitf import ChipMapping, chip, georeference, ichipb
from hypothesis import given, settings
from hypothesis import strategies as st
from testkit.chips import BLOCKA, CENTRES, DATA, HEADER, Watched, image, text, values
from testkit.providers import GridProvider

SOME = settings(deadline=None, max_examples=60)


def test_the_fields_of_ichipb_follow_the_specification():
    found = chip(image(), (100, 200, 350, 90)).metadata["ICHIPB"]
    assert found == {
        "XFRM_FLAG": "00", "SCALE_FACTOR": "0001.00000", "ANAMRPH_CORR": "00", "SCANBLK_NUM": "00",
        "OP_ROW_11": "00000000.500", "OP_COL_11": "00000000.500", "OP_ROW_12": "00000000.500", "OP_COL_12": "00000349.500",
        "OP_ROW_21": "00000089.500", "OP_COL_21": "00000000.500", "OP_ROW_22": "00000089.500", "OP_COL_22": "00000349.500",
        "FI_ROW_11": "00000200.500", "FI_COL_11": "00000100.500", "FI_ROW_12": "00000200.500", "FI_COL_12": "00000449.500",
        "FI_ROW_21": "00000289.500", "FI_COL_21": "00000100.500", "FI_ROW_22": "00000289.500", "FI_COL_22": "00000449.500",
        "FI_ROW": "00000300", "FI_COL": "00000500",
    }


@SOME
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 20), st.integers(0, 1)), min_size=1, max_size=4))
def test_a_chip_of_chips_refers_to_the_first_image(steps):
    array = np.random.default_rng(3).integers(0, 255, (1, 640, 900)).astype(np.uint8)
    found, scale, top, left = image(array, metadata={}), 1, 0, 0
    for x, y, level in steps:
        if found.num_columns >> level <= x + 2 or found.num_rows >> level <= y + 2:
            break
        found = chip(found, (x, y, 1000, 1000), level=level)
        scale *= 2**level
        top, left = top + y * scale, left + x * scale
    else:
        mapping = ichipb(found.metadata)
        assert mapping.scale_factor == scale and (mapping.full_rows, mapping.full_columns) == (640, 900)
        half = (scale - 1) / 2
        assert mapping.to_full(0, 0) == pytest.approx((top + half, left + half), abs=2e-3)
        assert mapping.to_full(3, 5) == pytest.approx((top + 3 * scale + half, left + 5 * scale + half), abs=2e-3)
        if scale == 1:
            assert np.array_equal(np.asarray(found), array[:, top:, left:])


def test_an_ichipb_that_cannot_be_composed_is_left():
    for bad in ({"XFRM_FLAG": "01"}, b"damaged"):
        given_ = {"ICHIPB": {**chip(image(), (0, 0, 9, 9)).metadata["ICHIPB"], **bad} if isinstance(bad, dict) else bad}
        with pytest.warns(MetadataWarning, match="ICHIPB: kept as it is") as seen:
            found = chip(image(metadata=given_), (10, 10, 5, 5))
        assert found.metadata["ICHIPB"] == given_["ICHIPB"] and seen[0].filename == __file__


def test_other_fields_of_ichipb_are_kept():
    first = chip(image(), (100, 100, 200, 150))
    first.metadata["ICHIPB"] = {**first.metadata["ICHIPB"], "ANAMRPH_CORR": "01", "SCANBLK_NUM": "07"}
    found = chip(first, (5, 6, 20, 20)).metadata["ICHIPB"]
    assert (found["ANAMRPH_CORR"], found["SCANBLK_NUM"], found["FI_ROW_11"]) == ("01", "07", "00000106.500")


def test_sizes_blocks_and_attachment():
    found = chip(image(), (100, 100, 200, 150)).metadata
    assert {name: found[name] for name in ("NROWS", "NCOLS", "NBPR", "NBPC", "NPPBH", "NPPBV", "IALVL", "ILOC", "IMAG")} == {
        "NROWS": "00000150", "NCOLS": "00000200", "NBPR": "0004", "NBPC": "0003", "NPPBH": "0064", "NPPBV": "0064",
        "IALVL": "000", "ILOC": "0000000000", "IMAG": "1.0 "}
    assert chip(image(), (0, 0, 20, 20), level=2).metadata["IMAG"] == "/4  "
    assert "NROWS" not in chip(image(metadata={"IC": "NM"}), (0, 0, 9, 9)).metadata
    assert image().metadata["NROWS"] == "00000300"


def test_an_image_of_one_block_gets_blocks():
    whole = np.zeros((1, 1500, 2000), np.uint8)
    found = chip(image(whole, block=(2000, 1500), metadata={}), (0, 0, 1800, 500))
    assert (found.num_pixels_per_block_horizontal, found.num_pixels_per_block_vertical) == (1024, 500)


@pytest.mark.parametrize("old, scale, new", [
    ("1.0 ", 2, "/2  "), ("1.0 ", 8, "/8  "), ("/2  ", 4, "/8  "), ("/512", 2, ".001"), ("2.0 ", 2, "1.0 "), ("4.0 ", 2, "2.0 "),
    ("0.3 ", 2, ".150"), ("5.0 ", 2, "2.5 "), ("", 2, "/2  "), ("/0  ", 4, "/4  "), ("1.0 ", 256, "/256"),
])
def test_magnification(old, scale, new):
    found = chip(image(metadata={"IMAG": old}), (0, 0, 1, 1), level=scale.bit_length() - 1)
    assert found.metadata["IMAG"] == new


@pytest.mark.parametrize("form", ["G", "D"])
def test_corners_of_any_quadrilateral(form):
    metadata = {**HEADER, "ICORDS": form, "IGEOLO": text(CENTRES, form)}
    found = chip(image(metadata=metadata), (100, 50, 200, 150)).metadata
    corners = values(text(CENTRES, form), form)
    for point, (column, row) in zip(values(found["IGEOLO"], form), ((100, 50), (299, 50), (299, 199), (100, 199))):
        u, v = column / 499, row / 299
        expected = [(1 - u) * (1 - v) * a + u * (1 - v) * b + u * v * c + (1 - u) * v * d for a, b, c, d in zip(*corners)]
        assert point == pytest.approx(expected, abs=0.51 / 3600 if form == "G" else 5.1e-4)
    assert found["ICORDS"] == form
    whole = chip(image(metadata=metadata), (0, 0, 500, 300)).metadata
    assert whole["IGEOLO"] == metadata["IGEOLO"]


def test_corners_across_the_antimeridian():
    centres = [(179.9, 10.0), (-179.7, 10.0), (-179.7, 9.8), (179.9, 9.8)]
    found = chip(image(metadata={**HEADER, "IGEOLO": text(centres)}), (0, 0, 250, 300)).metadata["IGEOLO"]
    assert values(found)[1][0] == pytest.approx(-180.1 + 0.4 * 249 / 499 + 0.0, abs=1e-3) or values(found)[1][0] > 179
    assert values(found)[1][0] == pytest.approx(179.9 + 0.4 * 249 / 499 - (360 if 179.9 + 0.4 * 249 / 499 > 180 else 0), abs=3e-4)


def test_corners_in_metres_and_of_old_files():
    centres = "183000054499995183049954499995183049954497005183000054497005"
    found = chip(image(metadata={**HEADER, "ICORDS": "N", "IGEOLO": centres}), (10, 20, 30, 40)).metadata
    assert found["ICORDS"] == "N" and found["IGEOLO"] == "183001054499795183003954499795183003954499405183001054499405"
    assert chip(image(metadata={**HEADER, "ICORDS": "C"}), (10, 20, 30, 40)).metadata["ICORDS"] == "G"


def test_corners_of_what_has_a_transform():
    place = {"crs": "EPSG:32618", "transform": (300000.0, 10.0, 0.0, 4500000.0, 0.0, -10.0)}
    found = chip(Watched(image(metadata={}), **place), (10, 20, 30, 40))
    assert found.metadata["ICORDS"] == "N"
    assert found.metadata["IGEOLO"] == georeference(30, 40, crs=32618, transform=(300100.0, 10, 0, 4499800.0, 0, -10))["IGEOLO"]
    assert found.transform == (300100.0, 10.0, 0.0, 4499800.0, 0.0, -10.0) and found.crs == "EPSG:32618"
    assert found.corners[2] == (300400.0, 4499400.0)
    half = chip(found, (5, 5, 10, 10), level=1)
    assert half.transform == (300200.0, 20.0, 0.0, 4499700.0, 0.0, -20.0)


def test_a_transform_that_is_more_precise_than_the_corners_counts():
    six = (10.0, 1e-5, 0.0, 50.0, 0.0, -1e-5)
    centres = [(six[0] + x * 1e-5, six[3] - y * 1e-5) for x, y in ((0.5, 0.5), (499.5, 0.5), (499.5, 299.5), (0.5, 299.5))]
    rough = {**HEADER, "ICORDS": "G", "IGEOLO": text(centres)}
    source = Watched(image(metadata=rough), crs="EPSG:4326", transform=six)
    found = chip(source, (250, 150, 100, 100)).metadata["IGEOLO"]
    exact = [(six[0] + x * 1e-5, six[3] - y * 1e-5) for x, y in ((250.5, 150.5), (349.5, 150.5), (349.5, 249.5), (250.5, 249.5))]
    assert found == text(exact)
    # Not if it moves the corners.
    source = Watched(image(metadata=rough), crs="EPSG:4326", transform=(20.0, 1e-5, 0.0, 50.0, 0.0, -1e-5))
    assert chip(source, (0, 0, 500, 300)).metadata["IGEOLO"] == rough["IGEOLO"]


def test_corners_that_cannot_be_read_are_left_out():
    with pytest.warns(MetadataWarning, match="IGEOLO: left out of the part") as seen:
        found = chip(image(metadata={**HEADER, "IGEOLO": "x" * 60}), (0, 0, 9, 9))
    assert seen[0].filename == __file__
    assert "IGEOLO" not in found.metadata and found.metadata["ICORDS"] == " "
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert chip(image(metadata={"ICORDS": " "}), (0, 0, 9, 9)).metadata["ICORDS"] == " "


def test_blocka_is_that_of_the_chip():
    found = chip(image(metadata={"BLOCKA": BLOCKA}), (100, 50, 200, 150)).metadata["BLOCKA"]
    assert found == {
        **BLOCKA, "L_LINES": "00150", "FRFC_LOC": "+49.950000+010.100000", "FRLC_LOC": "+49.950000+010.299000",
        "LRLC_LOC": "+49.801000+010.299000", "LRFC_LOC": "+49.801000+010.100000"}
    sides = {"FRLC_LOC": "N500000.00E0102956.40", "LRLC_LOC": "N494203.60E0102956.40", "LRFC_LOC": "N494203.60E0100000.00",
             "FRFC_LOC": "N500000.00E0100000.00"}
    found = chip(image(metadata={"BLOCKA": {**BLOCKA, **sides}}), (100, 50, 200, 150)).metadata["BLOCKA"]
    assert found["FRFC_LOC"] == "N495700.00E0100600.00" and found["LRLC_LOC"] == "N494803.60E0101756.40"
    blank = {name: " " * 21 for name in sides}
    found = chip(image(metadata={"BLOCKA": {**BLOCKA, **blank}}), (100, 50, 200, 150)).metadata["BLOCKA"]
    assert found["FRFC_LOC"] == " " * 21 and found["L_LINES"] == "00150"


def test_fields_that_cannot_be_recomputed_for_a_chip_are_left_out():
    metadata = BufferedMetadataProvider({"BLOCKA": BLOCKA})
    metadata.append("BLOCKA", {**BLOCKA, "BLOCK_INSTANCE": "02"})
    for given_ in (metadata, {"BLOCKA": b"damaged"}, {"BLOCKA": {**BLOCKA, "FRLC_LOC": "+50.000000E10.49900000"}}):
        with pytest.warns(MetadataWarning, match="BLOCKA: left out of the part"):
            assert "BLOCKA" not in chip(image(metadata=given_), (0, 0, 9, 9)).metadata


def test_geolob_and_maplob_are_those_of_the_chip():
    geolob = {"ARV": "000605184", "BRV": "000800256", "LSO": "-84.06091370558", "PSO": "+33.16698656430"}
    found = chip(image(metadata={"GEOLOB": geolob}), (10, 20, 30, 40), level=1).metadata["GEOLOB"]
    assert (found["ARV"], found["BRV"]) == ("000302592", "000400128")
    assert len(found["LSO"]) == len(found["PSO"]) == 15
    assert float(found["LSO"]) == pytest.approx(-84.06091370558 + 20 * 360 / 605184, abs=1e-11)
    assert float(found["PSO"]) == pytest.approx(33.16698656430 - 40 * 360 / 800256, abs=1e-11)
    far = chip(image(metadata={"GEOLOB": {**geolob, "LSO": "+179.9990000000"}}), (100, 0, 30, 40)).metadata["GEOLOB"]
    assert far["LSO"][0] == "-" and float(far["LSO"]) == pytest.approx(179.999 + 36000 / 605184 - 360, abs=1e-10)
    maplob = {"UNILOA": "M  ", "LOD": "00010", "LAD": "00020", "LSO": "+00000300000.00", "PSO": "+00004500000.00"}
    found = chip(image(metadata={"MAPLOB": maplob}), (10, 20, 30, 40), level=1).metadata["MAPLOB"]
    assert (found["LOD"], found["LAD"]) == ("00020", "00040")
    assert float(found["LSO"]) == 300200 and float(found["PSO"]) == 4499200 and len(found["PSO"]) == 15
    with pytest.warns(MetadataWarning, match="GEOLOB: left out"):
        assert "GEOLOB" not in chip(image(metadata={"GEOLOB": {**geolob, "ARV": "000000000"}}), (1, 1, 9, 9)).metadata


def test_everything_else_is_carried():
    metadata = BufferedMetadataProvider({"TGTID": "TARGET", "IC": "NC", "RPC00B": {"SUCCESS": "1"}, "J2K_HINT": 1})
    for number in range(3):
        metadata.append("CUSTOM", b"bytes %d" % number)
    metadata["LATERX"] = b"unknown"
    found = chip(image(metadata=metadata), (0, 0, 9, 9)).metadata
    assert found.get_all("CUSTOM") == [b"bytes 0", b"bytes 1", b"bytes 2"]
    assert [key for key in found if key != "ICHIPB"] == list(metadata)
    assert found["RPC00B"] == {"SUCCESS": "1"}
    assert list(chip(image(metadata={"256": 500, "GeoModelType": "Projected"}), (0, 0, 9, 9)).metadata) == ["ICHIPB"]
    bare = GridProvider(DATA)
    bare.read = lambda window, bands, level: DATA[:, window[1]:window[1] + window[3], window[0]:window[0] + window[2]]
    assert np.array_equal(np.asarray(chip(bare, (7, 8, 9, 10))), DATA[:, 8:18, 7:16])


def test_mappings_are_values():
    mapping = ichipb(chip(image(), (1, 2, 3, 4)).metadata)
    assert mapping == ChipMapping(mapping.chip, mapping.full, 1.0, 300, 500) and hash(mapping)
    with pytest.raises(OutOfRangeError):
        chip(image(), (1, 2, 3, 4)).get_block(9, 9)
