"""Damaged NITF files: readable parts are read with a warning, unreadable parts raise an error with a position and are never
zeros."""
import io
import json
import re
import warnings

import pytest
from aws.osml.io import IO, FileWarning, FormatError, OsmlWarning, imread
from testkit import nitf_forge as nb
from testkit.children import run_json
from testkit.nitf_damage import EXPECTED, FIRST, KEYS, Survey, assert_honest, points, same, whole

OTHERS = tuple(key for key in KEYS if key != "image:1")  # when the second image is hurt
GOOD = nb.tre("XYZABC", "hello")


def test_the_whole_file_is_read_without_a_word():
    survey = Survey(bytes(whole(ixshd=GOOD + points(4), xhd=GOOD)))
    assert_honest(survey, must=KEYS, noted=False)
    assert not survey.noted(), survey.texts()
    assert survey.metadata["image:0"]["XYZABC"] == b"hello" and survey.file_metadata["XYZABC"] == b"hello"
    assert int(survey.metadata["image:0"]["BNDPLB"]["NUM_PTS"]) == 4


def test_the_whole_file_is_valid_for_others():
    jbpy = pytest.importorskip("jbpy")
    parsed = jbpy.Jbp()
    parsed.load(io.BytesIO(bytes(whole(ixshd=GOOD + points(4), xhd=GOOD))))
    assert len(parsed["ImageSegments"]) == 2 and len(parsed["ReservedExtensionSegments"]) == 1


SEGMENTS = [("images", 0), ("images", 1), ("graphics", 0), ("texts", 0), ("des", 0), ("res", 0)]


def ends():
    """The key and the end of each segment."""
    file = whole()
    places = [file.offset(*segment) for segment in SEGMENTS]
    return {key: at + len(file.segments[kind][number][1]) for key, (kind, number), (_, at) in zip(KEYS, SEGMENTS, places)}


def test_a_file_cut_anywhere_keeps_what_lies_before_the_cut():
    content, places = bytes(whole()), ends()
    assert places["reserved:0"] == len(content)
    boundaries = {cut for end in places.values() for cut in (end - 1, end, end + 1)}
    for cut in sorted(boundaries | set(range(len(whole().header()), len(content), 11))):
        if cut >= len(content):
            continue
        survey = Survey(content[:cut])
        assert_honest(survey, must=[key for key, end in places.items() if end <= cut])
        assert survey.error is None or cut < places["image:0"], f"cut at {cut}: {survey.error}"
        missing = [key for key, end in places.items() if end > cut]
        assert not set(missing) & set(survey.values), f"cut at {cut}: {missing} cannot be whole"


def test_a_header_cut_anywhere_is_a_format_error_with_a_place():
    content = bytes(whole())
    for cut in range(9, len(whole().header())):
        with pytest.raises(FormatError, match=r"\d|[A-Z]{2,}"):
            imread(io.BytesIO(content[:cut]), format="nitf")


# Falsified fields of the file header, and the assets that must still be read.
LIES = {
    "FL too small": (dict(FL=1000), KEYS), "FL too large": (dict(FL=999999), KEYS), "FL zero": (dict(FL=0), KEYS),
    "FL of nines without a replacement": (dict(FL="999999999999"), KEYS), "FL blank": (dict(FL=" "), KEYS), "FL signed": (dict(FL="-00000001000"), KEYS),
    "LRE past the end": (dict(LRE001="9999998"), KEYS[:5]), "LRE zero": (dict(LRE001=0), KEYS[:5]),
    "LRESH past the end": (dict(LRESH001="9998"), KEYS[:5]), "LD past the end": (dict(LD001="999999998"), KEYS[:4]),
    "LDSH too small": (dict(LDSH001=10), KEYS[:4]), "LTSH too large": (dict(LTSH001=300), KEYS[:3]), "LTSH zero": (dict(LTSH001=0), KEYS[:3]),
    "LT past the end": (dict(LT001="99998"), KEYS[:3]), "LS past the end": (dict(LS001="999998"), KEYS[:2]),
    "LSSH too small": (dict(LSSH001=257), KEYS[:2]), "LI of the second past the end": (dict(LI002="9999999998"), KEYS[:1]),
    "LI of the second overlaps": (dict(LI002=100), KEYS[:1]), "LISH of the second too small": (dict(LISH002=439), KEYS[:1]),
    "LISH of the second past the end": (dict(LISH002="999998"), KEYS[:1]), "LI of the first past the end": (dict(LI001="9999999998"), ()),
    "LI of the first too small": (dict(LI001=20), ()), "LI of the first zero": (dict(LI001=0), ()), "LI blank": (dict(LI001=" "), ()),
    "LISH of the first too large": (dict(LISH001=460), ()), "LISH of the first zero": (dict(LISH001=0), ()),
    "LISH of the first signed": (dict(LISH001="-00439"), ()), "HL too small": (dict(HL=388), ()), "HL too large": (dict(HL=999999), ()),
    "HL off by ten": (dict(HL=len(whole().header()) + 10), ()), "HL zero": (dict(HL=0), ()), "HL blank": (dict(HL=" "), ()),
    "HL letters": (dict(HL="000ABC"), ()), "NUMI one less": (dict(NUMI=1), ()), "NUMI one more": (dict(NUMI=3), ()), "NUMI 999": (dict(NUMI=999), ()),
    "NUMI none": (dict(NUMI=0), ()), "NUMI blank": (dict(NUMI=" "), ()), "NUMI letters": (dict(NUMI="00I"), ()), "NUMI signed": (dict(NUMI="-02"), ()),
    "NUMS 999": (dict(NUMS=999), ()), "NUMX one": (dict(NUMX=1), ()), "NUMT 999": (dict(NUMT=999), ()), "NUMDES 999": (dict(NUMDES=999), ()),
    "NUMRES 999": (dict(NUMRES=999), ()), "UDHDL past the end": (dict(UDHDL="99999"), ()), "XHDL two": (dict(XHDL="00002"), ()),
    "XHDL signed": (dict(XHDL="-0001"), ()), "CLEVEL letters": (dict(CLEVEL="AB"), KEYS), "STYPE other": (dict(STYPE="XX99"), KEYS),
    "FSCLAS unknown": (dict(FSCLAS="Q"), KEYS), "FDT of letters": (dict(FDT="yesterday"), KEYS), "ENCRYP one": (dict(ENCRYP="1"), ())}
# No reader needs to report these: a zero that means "none", a classification that we do not judge.
SILENT = {"FSCLAS unknown", "FDT of letters", "STYPE other", "CLEVEL letters"}


# The start or end of the content is wrong: a reader that trusts the length reads other bytes and must report the mismatch.
DISPLACED = {("LISH of the first too large", "image:0"), ("LTSH too large", "text:0"), ("LRE zero", "reserved:0")}


@pytest.mark.parametrize("name", LIES)
def test_a_header_that_lies_hides_nothing_that_is_there(name):
    lies, must = LIES[name]
    survey = Survey(bytes(whole(**lies)))
    expected = {key: value for key, value in EXPECTED.items() if (name, key) not in DISPLACED}
    assert_honest(survey, must=must, noted=name not in SILENT, expected=expected)


@pytest.mark.parametrize("blank", ["  {}", " {}", "+{}"])
@pytest.mark.parametrize("name,value,size", [("NUMI", 2, 3), ("LI002", 720, 10), ("FL", None, 12), ("LISH002", None, 6), ("HL", None, 6)])
def test_blanks_and_signs_before_a_number_are_warnings(name, value, size, blank):
    file = whole()
    value = value if value is not None else int(dict(file.header().fields)[name])
    content = blank.format(value)
    content = content.rjust(size) if len(content) <= size else content[-size:]
    survey = Survey(bytes(whole(**{name: content})))
    assert_honest(survey)


def test_bytes_after_the_end_are_a_warning_and_nothing_is_lost():
    content = bytes(whole())
    survey = Survey(content + b"\0" * 100)
    assert_honest(survey, must=KEYS)
    assert any(isinstance(one, FileWarning) for one in survey.warnings), survey.texts()


@pytest.mark.parametrize("content", [b"", b"N", b"NITF", b"NITF02.10", b"NITF02.10" + b" " * 379, b"NITF02.10" + b"9" * 379, b"NITF02.10" + b"\xff" * 5000,
                                     b"NITF03.00" + b"0" * 400, b"NSIF01.00"], ids=lambda b: f"{b[:9]!r}-{len(b)}")
def test_what_has_only_the_beginning_of_a_file_is_an_error(content):
    with pytest.raises((FormatError, NotImplementedError)) as caught:
        IO.open(io.BytesIO(content), format="nitf")
    assert str(caught.value).strip()


MARKERS = [("images", 1, "IM", 1), ("graphics", 0, "SY", 2), ("texts", 0, "TE", 3), ("des", 0, "DE", 4), ("res", 0, "RE", 5)]


@pytest.mark.parametrize("kind,number,field,index", MARKERS, ids=lambda v: str(v))
def test_a_segment_without_its_marker_is_reported_and_the_others_are_read(kind, number, field, index):
    survey = Survey(bytes(whole(lambda file: file.segments[kind][number][0].set(**{field: "??"}))))
    assert_honest(survey, must=[key for i, key in enumerate(KEYS) if i != index])
    assert any(re.search(field, text) for text in survey.texts()), survey.texts()


TRES = {  # the bytes after a sound TRE in its area, and the tag under which they must be found
    "longer than its area": (nb.tre("ABCDEF", "12345", cel=99999), None), "one byte longer than its area": (nb.tre("ABCDEF", "12345", cel=6), None),
    "signed length": (b"ABCDEF-000512345", None), "blank length": (b"ABCDEF     12345", None), "length of letters": (b"ABCDEF0000X12345", None),
    "length with blanks": (b"ABCDEF    512345", None), "tag of blanks": (b"      0000512345", None), "tag of zeros": (b"\0\0\0\0\0\0" + b"0000512345", None),
    "five stray bytes": (b"12345", None), "a tag alone": (b"ABCDEF", None),
    "9999 points in the room of four": (points(4, 9999), "BNDPLB"), "fewer points than bytes": (points(5, 4), "BNDPLB"),
    "points of letters": (nb.tre("BNDPLB", "00X4" + "1" * 120), "BNDPLB"), "no points": (nb.tre("BNDPLB", ""), "BNDPLB"),
    "999 records in none": (nb.tre("ENGRDA", " " * 20 + "999"), "ENGRDA"),
    "one huge record": (nb.tre("ENGRDA", " " * 20 + "00102AB00010001A1NA99999932x"), "ENGRDA"),
    "negative count": (nb.tre("ENGRDA", " " * 20 + "-01"), "ENGRDA")}


@pytest.mark.parametrize("place", ["ixshd", "udid", "xhd"])
@pytest.mark.parametrize("name", TRES)
def test_a_tre_that_lies_harms_neither_the_pixels_nor_its_neighbours(name, place):
    body, tag = TRES[name]
    survey = Survey(bytes(whole(**{place: GOOD + body})))
    assert_honest(survey, must=KEYS)
    metadata = survey.file_metadata if place == "xhd" else survey.metadata["image:0"]
    assert metadata["XYZABC"] == b"hello"
    if tag is not None:
        assert metadata[tag] == body[11:], "a TRE that does not follow its layout is its bytes"


@pytest.mark.parametrize("name", [name for name, (_, tag) in TRES.items() if tag])
def test_a_tre_that_does_not_follow_its_layout_is_copied_byte_for_byte(name, tmp_path):
    body, tag = TRES[name]
    (tmp_path / "a.ntf").write_bytes(bytes(whole(ixshd=GOOD + body)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OsmlWarning)
        with IO.open(tmp_path / "a.ntf") as reader, IO.open(tmp_path / "b.ntf", "w") as writer:
            writer.add_asset("image:0", reader.get_asset("image:0"))
        with IO.open(tmp_path / "b.ntf") as reader:
            assert reader.get_asset("image:0").metadata[tag] == body[11:]
            assert same(reader.get_asset("image:0").read(), FIRST)
    assert GOOD + body in (tmp_path / "b.ntf").read_bytes()


def overflowing(item=1, area="IXSHD", index=1):
    return whole(overflow=index, ixshd=GOOD, des=[(nb.des(overflows=(area, item)), nb.tre("ZYXABC", "over")), (nb.des(), b"own data")])


ASTRAY = [(1, "IXSHD", 9), (1, "IXSHD", 2), (999, "IXSHD", 1), (2, "IXSHD", 1), (1, "XHD", 1), (1, "NOAREA", 1), (0, "UDHD", 1)]


@pytest.mark.parametrize("item,area,index", ASTRAY, ids=str)
def test_an_overflow_with_a_wrong_index_is_reported(item, area, index):
    survey = Survey(bytes(overflowing(item, area, index)))
    expected = {**EXPECTED, "data:0": nb.tre("ZYXABC", "over"), "data:1": b"own data"}
    assert_honest(survey, must=expected, expected=expected)
    assert survey.metadata["image:0"]["XYZABC"] == b"hello"


def test_an_overflow_of_garbage_is_reported():
    survey = Survey(bytes(whole(overflow=1, ixshd=GOOD, des=[(nb.des(overflows=("IXSHD", 1)), b"garbage")])))
    assert_honest(survey, must=KEYS, expected={**EXPECTED, "data:0": b"garbage"})


@pytest.mark.parametrize("length", ["9999", "-001", "    ", "00A4", "0005"])
def test_a_user_header_of_a_des_that_lies_harms_no_other_segment(length):
    survey = Survey(bytes(whole(lambda file: file.segments["des"][0][0].set(DESSHL=length))))
    assert_honest(survey, must=("image:0", "image:1", "graphic:0", "text:0", "reserved:0"))


@pytest.mark.parametrize("levels", [(2, 1), (1, 2), (2, 2), (998, 998), (3, 1)], ids=str)
def test_attachments_in_a_circle_come_to_an_end(levels):
    """IALVL of the two images: to each other, to themselves, to a missing level."""
    def edit(file):
        for (sub, _), level in zip(file.segments["images"], levels):
            sub.set(IALVL=level)

    assert_honest(Survey(bytes(whole(edit))), must=KEYS, noted=False)


def test_file_warnings_are_filterable_and_can_be_errors():
    content = bytes(whole())[:-5]
    assert issubclass(FileWarning, OsmlWarning) and issubclass(OsmlWarning, UserWarning)
    with pytest.warns(FileWarning, match=r"\d"):
        IO.open(io.BytesIO(content))
    with warnings.catch_warnings():
        warnings.simplefilter("error", FileWarning)
        with pytest.raises(FileWarning):
            IO.open(io.BytesIO(content))
        warnings.simplefilter("ignore", FileWarning)
        assert same(imread(io.BytesIO(content)), FIRST)


def test_no_lie_takes_memory_or_time(tmp_path):
    for number, (lies, _) in enumerate(LIES.values()):
        (tmp_path / f"header-{number}.ntf").write_bytes(bytes(whole(**lies)))
    for number, (body, _) in enumerate(TRES.values()):
        (tmp_path / f"tre-{number}.ntf").write_bytes(bytes(whole(ixshd=body)))
    growth, slowest = run_json("""
        import json, pathlib, sys, time, warnings
        from aws.osml.io import Error, IO
        from testkit.peak import peak_kilobytes
        warnings.simplefilter("ignore")
        def look(path):
            try:
                with IO.open(path) as reader:
                    for key in reader:
                        try:
                            asset = reader.get_asset(key)
                            asset.read() if key.startswith("image") else asset.raw_asset.read()
                        except (Error, OSError, ValueError):
                            pass
            except (Error, OSError, ValueError):
                pass
        paths = sorted(pathlib.Path(sys.argv[1]).iterdir())
        look(paths[0])
        before, slowest = peak_kilobytes(), 0.0
        for path in paths:
            began = time.monotonic()
            look(path)
            slowest = max(slowest, time.monotonic() - began)
        print(json.dumps([(peak_kilobytes() - before) >> 10, slowest]))
        """, tmp_path)
    assert growth < 32 and slowest < 1.0, json.dumps([growth, slowest])
