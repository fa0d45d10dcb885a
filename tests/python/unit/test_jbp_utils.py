"""`aws.osml.io.jbp.utils`: NITF fields as typed values and back."""
import datetime

import numpy as np
import pytest
from aws.osml.io import iminfo, imsave
from aws.osml.io.jbp.utils import (
    TGTID,
    DateTimeAdapter,
    GeographicCoordinate,
    IGEOLOAdapter,
    LocationAdapter,
    NitfDateTime,
    SecurityClassification,
    SecurityClassificationAdapter,
    TGTIDAdapter,
    UTMCoordinate,
)


@pytest.mark.parametrize("text,value", [
    ("20240229123456", NitfDateTime(2024, 2, 29, 12, 34, 56)),
    ("20240229", NitfDateTime(2024, 2, 29)),
    ("202402--------", NitfDateTime(2024, 2)),
    ("20------------", NitfDateTime(century=20)),
    ("--------------", NitfDateTime()),
    ("----05------", NitfDateTime(month=5)),
    ("", NitfDateTime()),
    ("        ", NitfDateTime()),
    ("28123456ZFEB94", NitfDateTime(1994, 2, 28, 12, 34, 56)),
    ("28------ZFEB05", NitfDateTime(2005, 2, 28)),
])
def test_a_date_may_be_known_in_part(text, value):
    assert DateTimeAdapter.parse(text) == value
    assert DateTimeAdapter.parse(DateTimeAdapter.format(value)) == value


def test_a_date_is_written_with_hyphens_for_unknown_parts():
    assert DateTimeAdapter.format(NitfDateTime(2024, 2)) == "202402--------"
    assert DateTimeAdapter.format(NitfDateTime(2024, 2, 3, 4, 5, 6), 8) == "20240203"
    assert DateTimeAdapter.format(None) == "-" * 14
    assert DateTimeAdapter.format(datetime.date(2024, 2, 3), length=8) == "20240203"
    east = datetime.timezone(datetime.timedelta(hours=2))
    assert DateTimeAdapter.format(datetime.datetime(2024, 2, 3, 1, 5, 6, tzinfo=east)) == "20240202230506"


def test_a_complete_date_is_a_datetime():
    assert DateTimeAdapter.parse("20240229123456").to_datetime() == datetime.datetime(2024, 2, 29, 12, 34, 56, tzinfo=datetime.timezone.utc)
    assert DateTimeAdapter.parse("20240229").to_datetime() is None
    with pytest.raises(ValueError, match="20230229000000"):
        NitfDateTime(2023, 2, 29, 0, 0, 0).to_datetime()


@pytest.mark.parametrize("text", ["2024", "20241301", "202402291234567", "2024-02-29", "20240229250000", "x", "28123456ZFOO94", "--24"])
def test_a_wrong_date_is_refused(text):
    if text == "2024":  # the rest is unknown
        assert DateTimeAdapter.parse(text) == NitfDateTime(2024)
        return
    with pytest.raises(ValueError, match="got"):
        DateTimeAdapter.parse(text)


DMS = "385352N0770208W" + "385352N0770100W" + "385200N0770100W" + "385200S1800000E"
DECIMAL = "+38.898-077.036" + "+38.898-077.017" + "-00.005+180.000" + "+38.867-077.036"
UTM = "183234114306483" + "183250494306447" + "183249714302990" + "183233334303027"
MGRS = "18SUJ2341106483" + "18SUJ2504906447" + "18SUJ2497102990" + "18SUJ2333303027"


@pytest.mark.parametrize("icords,text", [("G", DMS), ("D", DECIMAL), ("N", UTM), ("S", UTM), ("U", MGRS)])
def test_corners_become_text_again(icords, text):
    corners = IGEOLOAdapter.parse(text, icords)
    assert len(corners) == 4 and IGEOLOAdapter.format(corners, icords) == text
    assert IGEOLOAdapter().parse(text, icords.lower()) == corners, "an adapter may also be made"


def test_corners_are_typed():
    first = IGEOLOAdapter.parse(DMS, "G")[0]
    assert first == GeographicCoordinate(latitude=38 + 53 / 60 + 52 / 3600, longitude=-(77 + 2 / 60 + 8 / 3600))
    assert IGEOLOAdapter.parse(DECIMAL, "D")[2] == (-0.005, 180)
    assert IGEOLOAdapter.parse(UTM, "S")[0] == UTMCoordinate(18, "S", 323411, 4306483)
    assert IGEOLOAdapter.parse(MGRS, "U")[0] == UTMCoordinate(18, "N", 323411, 4306483)


@pytest.mark.parametrize("icords,corners,message", [
    ("X", [(0, 0)] * 4, "ICORDS"), ("G", [(0, 0)] * 3, "got 3"), ("G", [(91, 0)] * 4, "latitude"),
    ("D", [UTMCoordinate(1, "N", 5e5, 0)] * 4, "latitude"), ("N", [(0, 0)] * 4, "UTMCoordinate"),
    ("N", [UTMCoordinate(1, "S", 5e5, 0)] * 4, "hemisphere N"), ("N", [UTMCoordinate(1, "N", 5e6, 0)] * 4, "easting"),
    ("U", [UTMCoordinate(61, "N", 5e5, 0)] * 4, "zone"),
])
def test_corners_that_the_form_cannot_hold_are_refused(icords, corners, message):
    with pytest.raises(ValueError, match=message):
        IGEOLOAdapter.format(corners, icords)


@pytest.mark.parametrize("icords,text", [("G", "396052N0770208W" * 4), ("G", "385352X0770208W" * 4), ("D", " 38.898-077.036" * 4),
                                         ("N", "613234114306483" * 4), ("U", "18SUI2341106483" * 4), ("G", "short"), ("G", " " * 60)])
def test_corners_of_another_form_are_refused(icords, text):
    with pytest.raises(ValueError, match="got"):
        IGEOLOAdapter.parse(text, icords)


def test_the_corners_of_a_file_are_read(tmp_path):
    corners = [(-77.0, 39.0), (-76.5, 39.0), (-76.5, 38.5), (-77.0, 38.5)]
    imsave(tmp_path / "a.ntf", np.zeros((50, 50), np.uint8), corners=corners, crs="EPSG:4326")
    metadata = iminfo(tmp_path / "a.ntf").metadata
    first = IGEOLOAdapter.parse(metadata["IGEOLO"], metadata["ICORDS"])[0]
    assert isinstance(first, GeographicCoordinate)
    assert first.latitude == pytest.approx(38.995, abs=1e-3) and first.longitude == pytest.approx(-76.995, abs=1e-3)


@pytest.mark.parametrize("text,value", [("0000000000", (0, 0)), ("0012300045", (123, 45)), ("-0001-9999", (-1, -9999))])
def test_a_location_is_a_row_and_a_column(text, value):
    assert LocationAdapter.parse(text) == value
    assert LocationAdapter.format(value) == LocationAdapter.format(*value) == text


def test_a_wrong_location_is_refused():
    for text in ("", "00000", "abcde00000", "0000000000 "):
        with pytest.raises(ValueError, match="got"):
            LocationAdapter.parse(text)
    for pair in ((100000, 0), (0, -10000)):
        with pytest.raises(ValueError, match="99999"):
            LocationAdapter.format(pair)


def test_a_target_has_three_parts():
    target = TGTIDAdapter.parse("0123456789ABCDEUS")
    assert target == TGTID("0123456789", "ABCDE", "US")
    assert TGTIDAdapter.format(target) == "0123456789ABCDEUS"
    assert TGTIDAdapter.format(TGTIDAdapter.parse("12             GB")) == "12             GB"
    assert TGTIDAdapter.parse(" " * 17) == TGTID()
    for wrong in (TGTID("01234567890"), TGTID("é")):
        with pytest.raises(ValueError, match="be_number"):
            TGTIDAdapter.format(wrong)
    with pytest.raises(ValueError, match="18"):
        TGTIDAdapter.parse("0123456789ABCDEUSX")


def test_the_security_of_a_file_is_one_value(tmp_path):
    value = SecurityClassification("U", classification_system="US", downgrade_date="20300101", control_number="7")
    fields = SecurityClassificationAdapter.to_dict(value, "IS")
    assert (fields["ISCLAS"], fields["ISDGDT"], fields["ISCAUT"], len(fields)) == ("U", "20300101", "", 16)
    imsave(tmp_path / "a.ntf", np.zeros((8, 8), np.uint8), metadata=fields)
    read = SecurityClassificationAdapter.extract(iminfo(tmp_path / "a.ntf").metadata, "IS")
    assert read == value
    with pytest.raises(ValueError, match="FSCLAS"):
        SecurityClassificationAdapter.extract({"ISCLAS": "U"}, "FS")
