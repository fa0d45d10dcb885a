"""Damaged image subheaders, block masks and pixel data of NITF: unreadable pixels are never returned as zeros."""
import io
import re
import warnings

import numpy as np
import pytest
from aws.osml.io import Error, IO, FormatError, LimitError, OsmlWarning, UnsupportedError, imread
from testkit import nitf_forge as nb
from testkit.nitf_damage import BLOCK, EXPECTED, FIRST, KEYS, SECOND, Survey, assert_honest, same, whole

OTHERS = tuple(key for key in KEYS if key != "image:1")
REST = tuple(key for key in KEYS if key != "image:0")
BLOCKS = nb.blocks(FIRST, "B", BLOCK)
SIZE = len(BLOCKS[0])
OFFSETS = [SIZE * number for number in range(9)]


def second(**fields):
    return whole(second=fields)


# Falsified fields of the second image, and whether its true pixels may be read: only if nothing depends on the field.
CLAIMS = {
    "rows of a giant": dict(NROWS="99999999"), "columns of a giant": dict(NCOLS="99999999"), "no rows": dict(NROWS="00000000"),
    "no columns": dict(NCOLS="00000000"), "rows below zero": dict(NROWS="-0000012"), "rows of letters": dict(NROWS="ABCDEFGH"),
    "rows blank": dict(NROWS=" "), "more blocks across": dict(NBPR=9999), "more blocks down": dict(NBPC=9999), "no blocks": dict(NBPR=0),
    "blocks too small": dict(NPPBH=1), "blocks too low": dict(NPPBV=1), "blocks of letters": dict(NPPBH="AAAA"), "blocks below zero": dict(NPPBV="-012"),
    "0 bits": dict(NBPP=0), "7 bits": dict(NBPP=7), "99 bits": dict(NBPP=99), "64 bits": dict(NBPP=64), "bits of letters": dict(NBPP="XX"),
    "an unknown sample type": dict(PVTYPE="XYZ"), "floats of 16 bits": dict(PVTYPE="R"), "bits of 16 bits": dict(PVTYPE="B"), "an unknown order": dict(IMODE="X"),
    "bands without a number": dict(NBANDS=0), "nine bands": dict(NBANDS=9), "one band": dict(NBANDS=1), "bands of letters": dict(NBANDS="X"),
    "tables that are not there": dict(NLUTS1="4"), "tables of letters": dict(NLUTS1="x"), "comments that are not there": dict(NICOM=9),
    "comments of letters": dict(NICOM="x"), "corners that are not there": dict(ICORDS="G"), "unknown corners": dict(ICORDS="?"),
    "an area past the end": dict(UDIDL="99999"), "an area of two": dict(IXSHDL="00002"), "an area below zero": dict(IXSHDL="-0003"),
    "an area of letters": dict(UDIDL="ABCDE"), "more bits than stored": dict(ABPP=99), "no significant bits": dict(ABPP=0)}


@pytest.mark.parametrize("name", CLAIMS)
def test_an_image_that_claims_the_impossible_leaves_the_others_readable(name):
    survey = Survey(bytes(second(**CLAIMS[name])))
    assert_honest(survey, must=OTHERS)
    for error in survey.errors.values():
        assert isinstance(error, (FormatError, LimitError, UnsupportedError)), repr(error)


@pytest.mark.parametrize("name", ["rows of a giant", "an unknown sample type", "more blocks across", "7 bits", "rows of letters", "an unknown order"])
def test_the_field_at_fault_is_named(name):
    (field,) = CLAIMS[name]
    related = {"NROWS": "NROWS|NBPC|NPPBV|LI", "NBPR": "NBPR|NPPBH|NCOLS|LI", "NBPP": "NBPP|bits"}.get(field, field)
    texts = Survey(bytes(second(**CLAIMS[name]))).texts()
    assert any(re.search(related, text) for text in texts), texts


NUMBERS = ["NROWS", "NCOLS", "ABPP", "NBANDS", "NBPR", "NBPC", "NPPBH", "NPPBV", "NBPP", "IDLVL", "IALVL", "NICOM", "UDIDL", "IXSHDL"]


@pytest.mark.parametrize("how", ["blanks before", "a plus", "a minus", "blanks after", "superscripts"])
@pytest.mark.parametrize("field", NUMBERS)
def test_a_number_with_blanks_or_signs_is_read_with_a_warning_or_refused(field, how):
    file = whole()
    sub = file.segments["images"][1][0]
    text = dict(sub.fields)[field].decode()
    digits, size = text.lstrip("0") or "0", len(text)
    if how in ("a plus", "a minus", "blanks before", "blanks after") and len(digits) == size:
        pytest.skip("no room in this field")
    changed = {"blanks before": digits.rjust(size), "blanks after": digits.ljust(size), "a plus": "+" + text[1:], "a minus": "-" + text[1:],
               "superscripts": "\xb2" * size}[how]
    sub.set(**{field: changed})
    assert_honest(Survey(bytes(file)), must=OTHERS)


def test_an_unknown_compression_is_unsupported_and_named():
    survey = Survey(bytes(second(ic="ZZ", comrat="00.0")))
    assert_honest(survey, must=OTHERS)
    assert isinstance(survey.errors["image:1"], UnsupportedError) and "ZZ" in str(survey.errors["image:1"])


def read_blocks(content, shape=(3, 3), block=BLOCK):
    """Block number → pixels, None if it is absent, or the error; and the warnings."""
    found = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with IO.open(io.BytesIO(bytes(content))) as reader:
            image = reader.get_asset("image:0")
            for row in range(shape[0]):
                for col in range(shape[1]):
                    try:
                        present = image.has_block(row, col, 0)
                        found[row * shape[1] + col] = image.get_block(row, col, 0) if present else None
                    except Error as error:
                        found[row * shape[1] + col] = error
    return found, [one.message for one in caught if issubclass(one.category, OsmlWarning)]


def true_block(number, data=FIRST):
    row, col = divmod(number, 3)
    return data[:, row * 8:row * 8 + 8, col * 8:col * 8 + 8]


def assert_block(found, number, data=FIRST):
    assert not isinstance(found, Error), f"block {number}: {found}"
    assert same(found, true_block(number, data)), f"block {number}"


def masked_file(data, imode="B", bands=1, **fields):
    images = [(nb.image(19, 21, bands, ic="NM", imode=imode, block=BLOCK, **fields), data), (nb.image(12, 10, 3, nbpp=16, imode="P", idlvl=2),
                                                                                          nb.stored(SECOND, "P"))]
    return nb.File(images)


def test_a_masked_file_without_damage_gives_its_blocks():
    found, warned = read_blocks(masked_file(nb.masked(FIRST, "B", BLOCK, absent=(1, 4), pad=b"\xff")))
    assert not warned
    assert [number for number, block in found.items() if block is None] == [1, 4]
    for number in set(range(9)) - {1, 4}:
        assert_block(found[number], number)


def test_absent_blocks_read_as_the_fill_value_that_is_asked_for():
    content = bytes(masked_file(nb.masked(FIRST, "B", BLOCK, absent=range(9))))
    assert (imread(io.BytesIO(content), fill_value=7) == 7).all()


@pytest.mark.parametrize("record", [SIZE * 9, 10**6, 2**31, 2**32 - 2, SIZE * 9 - 1, SIZE * 8 + 1], ids=str)
def test_a_record_past_the_end_is_an_error_of_that_block_alone(record):
    offsets = [*OFFSETS[:4], record, *OFFSETS[5:]]
    content = bytes(masked_file(nb.mask_table(offsets) + b"".join(BLOCKS)))
    found, _ = read_blocks(content)
    assert isinstance(found[4], FormatError), found[4]
    assert any(c.isdigit() for c in str(found[4])), found[4]
    for number in set(range(9)) - {4}:
        assert_block(found[number], number)
    with pytest.raises(FormatError):
        quietly(imread, io.BytesIO(content))
    assert same(quietly(imread, io.BytesIO(content), window=(0, 0, 16, 8)), FIRST[:, :8, :16])
    assert same(quietly(imread, io.BytesIO(content), asset="image:1"), SECOND)


def quietly(call, *args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args, **options)


@pytest.mark.parametrize("record", [0, SIZE * 2, 1, SIZE // 2, SIZE * 5 + 7], ids=str)
def test_a_record_into_other_blocks_gives_those_bytes_or_an_error(record):
    """Two blocks at one offset, or overlapping: the pixels follow the table."""
    offsets = [*OFFSETS[:4], record, *OFFSETS[5:]]
    found, _ = read_blocks(masked_file(nb.mask_table(offsets) + b"".join(BLOCKS)))
    there = np.frombuffer(b"".join(BLOCKS)[record:record + SIZE], np.uint8).reshape(1, 8, 8)
    assert isinstance(found[4], FormatError) or same(found[4], there)
    for number in set(range(9)) - {4}:
        assert isinstance(found[number], FormatError) or same(found[number], true_block(number))


TABLES = {
    "an offset of 0": dict(IMDATOFF=0), "an offset into the table": dict(IMDATOFF=9), "an offset before the last record": dict(IMDATOFF=42),
    "an offset past the end": dict(IMDATOFF=2**31), "an offset of all ones": dict(IMDATOFF=2**32 - 1), "records of 3 bytes": dict(BMRLNTH=3),
    "records of 8 bytes": dict(BMRLNTH=8), "records of 65535 bytes": dict(BMRLNTH=65535), "pad records of 2 bytes": dict(TMRLNTH=2),
    "pad records that are not there": dict(TMRLNTH=4), "a pad code of 65535 bits": dict(TPXCDLNTH=65535), "a pad code of 64 bits": dict(TPXCDLNTH=64)}


@pytest.mark.parametrize("name", TABLES)
def test_a_mask_table_that_lies_never_gives_other_pixels(name):
    content = bytes(masked_file(nb.mask_table(OFFSETS, **TABLES[name]) + b"".join(BLOCKS)))
    survey = Survey(content)
    assert_honest(survey, must=["image:1"], expected={"image:0": FIRST, "image:1": SECOND})
    if survey.error is None and "image:0" in survey.metadata:
        for number, block in read_blocks(content)[0].items():
            assert block is None or isinstance(block, Error) or same(block, true_block(number)), number
            assert block is not None, "a block is not absent because the table is broken"


@pytest.mark.parametrize("keep", [0, 3, 9, 10, 20, 45, 46])
def test_image_data_shorter_than_its_table_is_an_error(keep):
    data = nb.masked(FIRST, "B", BLOCK)[:keep]
    survey = Survey(bytes(masked_file(data)))
    assert_honest(survey, must=["image:1"], expected={"image:0": FIRST, "image:1": SECOND})
    assert "image:0" not in survey.values


def test_a_table_for_one_band_is_an_error_if_each_band_has_its_own():
    """IMODE S has a record for each block of each band; here they are missing for the second."""
    pair = np.concatenate([FIRST, FIRST[:, ::-1]])
    data = nb.mask_table(OFFSETS) + b"".join(nb.blocks(pair, "S", BLOCK))
    survey = Survey(bytes(masked_file(data, "S", 2)))
    assert_honest(survey, must=["image:1"], expected={"image:0": pair, "image:1": SECOND})


def test_pad_records_are_only_hints():
    """Records of blocks with pad pixels that point nowhere do not touch the pixels."""
    data = nb.mask_table(None, [2**32 - 2] * 9, b"\0", 8) + b"".join(BLOCKS)
    survey = Survey(bytes(masked_file(data)))
    assert_honest(survey, must=["image:0", "image:1"], expected={"image:0": FIRST, "image:1": SECOND}, noted=False)


@pytest.mark.parametrize("imode,bands", [("B", 1), ("P", 3), ("R", 3), ("S", 3)])
@pytest.mark.parametrize("missing", [1, 30, 64, 200])
def test_pixel_data_that_is_too_short_gives_the_blocks_that_are_there(imode, bands, missing):
    data = np.concatenate([FIRST] * bands)
    stored = nb.stored(data, imode, BLOCK)
    file = nb.File([(nb.image(19, 21, bands, imode=imode, block=BLOCK), stored[:-missing])])
    with pytest.raises(FormatError, match=r"\d|LI"):
        quietly(imread, io.BytesIO(bytes(file)))
    found, _ = read_blocks(bytes(file))
    assert isinstance(found[8], FormatError), found[8]
    assert_block(found[0], 0, data)
    for number, block in found.items():
        assert isinstance(block, FormatError) or same(block, true_block(number, data)), number
    size = 64 * (1 if imode == "S" else bands)
    assert sum(isinstance(block, FormatError) for block in found.values()) == -(-missing // size), "only what is missing is refused"


def test_pixel_data_that_is_too_long_is_read_with_a_warning():
    file = nb.File([(nb.image(19, 21, block=BLOCK), nb.stored(FIRST, "B", BLOCK) + b"more")])
    assert_honest(Survey(bytes(file)), must=["image:0"], expected={"image:0": FIRST}, noted=False)


@pytest.mark.parametrize("length,entries", [(1, 256), (4, 2), (3, 0), (3, 65536)])
def test_tables_of_colours_of_any_length_do_not_harm_the_pixels(length, entries):
    """NLUTS and NELUT that do not fit the pixels: index values are read; `expand` gives colours or an error."""
    if entries == 65536:
        sub = nb.image(19, 21, luts=[[1, 2]] * 3, irep="RGB/LUT").set(NELUT1="65536")
        content = bytes(nb.File([(sub, nb.stored(FIRST))]))
        assert_honest(Survey(content), expected={"image:0": FIRST})
        return
    sub = nb.image(19, 21, luts=[bytes(range(256))[:entries]] * length, irep="RGB/LUT" if length == 3 else "MONO")
    content = bytes(nb.File([(sub, nb.stored(FIRST))]))
    assert_honest(Survey(content), must=["image:0"] if entries else [], expected={"image:0": FIRST}, noted=False)
    try:
        assert quietly(imread, io.BytesIO(content), expand=True).shape[1:] == (19, 21)
    except Error as error:
        assert str(error)


def test_the_first_image_without_sense_does_not_hide_the_second():
    survey = Survey(bytes(whole(lambda file: file.segments["images"][0][0].set(NROWS="        "))))
    assert_honest(survey, must=REST)
    assert set(EXPECTED) - set(survey.values) <= {"image:0"}


def segmented(**fields):
    """Three segments that make up `FIRST`; `fields` are those of the second."""
    parts = [(0, 8), (8, 8), (16, 3)]
    subs = [nb.image(rows, 21, idlvl=n + 1, ialvl=n, iloc=(8 if n else 0, 0), name=f"PART{n:03}") for n, (_, rows) in enumerate(parts)]
    subs[1].set(**fields)
    return nb.File([(sub, nb.stored(FIRST[:, at:at + rows])) for sub, (at, rows) in zip(subs, parts)])


def test_segments_make_up_one_image():
    found = quietly(imread, io.BytesIO(bytes(segmented())))
    assert same(found, FIRST)


@pytest.mark.parametrize("fields", [dict(ILOC="0000900000"), dict(ILOC="0000700000"), dict(ILOC="9999999999"), dict(ILOC="-000100000"), dict(IALVL=2),
                                    dict(IALVL=3), dict(IALVL=9), dict(IDLVL=1), dict(ILOC="00008000-1"), dict(ILOC="ABCDEFGHIJ"), dict(NCOLS=20)], ids=str)
def test_segments_that_do_not_fit_are_never_filled_with_zeros(fields):
    """Gaps, overlaps and broken chains: each segment on its own, or an error; a composed image has no invented pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            reader = IO.open(io.BytesIO(bytes(segmented(**fields))))
        except FormatError:
            return
        with reader:
            for key in reader:
                try:
                    pixels = reader.get_asset(key).read()
                except Error:
                    continue
                assert (pixels != 0).all(), f"{key}: the source has no zero"
