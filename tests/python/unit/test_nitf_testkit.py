"""Checks the tests' hand parser and hand writer of NITF against GDAL, jbpy and real files, without the package under test."""
import hashlib
import itertools
import json

import numpy as np
import pytest
from conftest import corpus_root
from testkit import nitf_make
from testkit.arrays import assert_same, image
from testkit.nitf_bytes import NOT_RECORDED, mask, parse
from testkit.nitf_judges import gdal_agrees, gdal_open, gdal_write, jbpy_check
from testkit.nitf_pixels import absent, pixels, stored_pixels

DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "complex64"]


@pytest.fixture
def ntf(tmp_path):
    return tmp_path / "a.ntf"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", "BPRS")
def test_gdal_reads_what_the_hand_writer_makes(ntf, dtype, mode):
    for bands, block in itertools.product((1, 2, 3, 12), ((32, 16), None)):
        data = image((bands, 45, 77), dtype)
        ntf.write_bytes(nitf_make.file([nitf_make.image(data, mode, block)]))
        assert_same(pixels(parse(ntf).images[0]), data, "hand parser")
        gdal_agrees(ntf, data)


@pytest.mark.parametrize("mode,bands", [("B", 1), ("P", 1), ("P", 3), ("S", 2), ("S", 3)])
def test_gdal_reads_the_masks_of_the_hand_writer(ntf, mode, bands):
    data, gone = image((bands, 64, 96), "uint8"), {(0, 1), (1, 2)}
    ntf.write_bytes(nitf_make.file([nitf_make.image(data, mode, (32, 32), ic="NM", absent=gone, tmr=True, padded={(1, 0)}, code=b"\x07")]))
    found = parse(ntf).images[0]
    expected = pixels(found, 7)
    assert absent(found) == gone and (expected[:, :32, 32:64] == 7).all() and (expected[:, 32:, :64] == data[:, 32:, :64]).all()
    assert sum(record != NOT_RECORDED for record in mask(found).pads) == (bands if mode == "S" else 1)
    gdal_agrees(ntf, expected)
    with gdal_open(ntf) as src:
        assert src.nodata == 7


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "complex64"])
@pytest.mark.parametrize("bands", [1, 3, 12])
def test_the_hand_parser_reads_what_gdal_writes(ntf, dtype, bands):
    data = image((bands, 45, 77), dtype)
    for options in ({}, {"blockxsize": 32, "blockysize": 16}):
        gdal_write(ntf, data, **options)
        assert_same(pixels(parse(ntf).images[0]), data)


def test_jbpy_finds_no_fault_with_any_kind_of_segment(ntf):
    tre = nitf_make.tre("ABCDEF", b"\0\1")
    big = nitf_make.tre("BIGTRE", bytes(99_000))
    content = nitf_make.file([nitf_make.image(image((3, 20, 30), "uint8"), "P", (16, 16), udid=tre, ixshd=tre, ixsofl=2, comments=["x"])],
                             [nitf_make.graphic(SDLVL=2, sxshd=tre)], [nitf_make.text(txshd=tre)],
                             [nitf_make.des(user=b"user"), nitf_make.overflow_des("IXSHD", 1, big)], [nitf_make.res(user=b"user")], udhd=tre, xhd=tre)
    ntf.write_bytes(content)
    jbpy_check(ntf)
    found = parse(ntf)
    assert [(t.area, t.tag, t.overflow) for t in found.images[0].tres] == [("UDID", "ABCDEF", False), ("IXSHD", "ABCDEF", False), ("IXSHD", "BIGTRE", True)]


def test_the_streamed_file_is_the_same_but_for_its_lengths(ntf):
    parts = dict(images=[nitf_make.image(image((1, 20, 30), "uint8"))], texts=[nitf_make.text()])
    ntf.write_bytes(nitf_make.file(**parts, streamed=True))
    assert ntf.read_bytes()[342:354] == b"9" * 12
    assert parse(ntf).texts[0].data == b"a text"
    gdal_agrees(ntf, image((1, 20, 30), "uint8"))


BREAKS = [lambda c: c[:-1], lambda c: c + b"\0", lambda c: c[:360] + b"002" + c[363:], lambda c: c.replace(b"IM" + b"IMAGE", b"IX" + b"IMAGE"),
          lambda c: c[:354] + b"000405" + c[360:], lambda c: c.replace(b"ABCDEF00002", b"ABCDEF00003")]


@pytest.mark.parametrize("number", range(len(BREAKS)))
def test_the_hand_parser_fails_at_faults(number):
    content = nitf_make.file([nitf_make.image(image((1, 20, 30), "uint8"), ixshd=nitf_make.tre("ABCDEF", b"\0\1"))])
    parse(content)
    with pytest.raises(AssertionError):
        parse(BREAKS[number](content))


@pytest.mark.parametrize("fields", [{"CLEVEL": "xx"}, {"FDT": "20241331000000"}, {"FSCLAS": "Q"}, {"CLEVEL": "03"}])
def test_jbpy_fails_at_faults(ntf, fields):
    pytest.importorskip("jbpy")
    ntf.write_bytes(nitf_make.file([nitf_make.image(np.zeros((12, 3, 3), np.uint8))], **fields))
    with pytest.raises(AssertionError):
        jbpy_check(ntf)


def test_an_overflow_must_be_linked_both_ways():
    made = nitf_make.image(image((1, 4, 4), "uint8"), ixsofl=1)
    for des in (nitf_make.overflow_des("UDID", 1, b""), nitf_make.overflow_des("IXSHD", 2, b""), nitf_make.des()):
        with pytest.raises(AssertionError):
            parse(nitf_make.file([made], des=[des]))
    with pytest.raises(AssertionError):
        parse(nitf_make.file([nitf_make.image(image((1, 4, 4), "uint8"))], des=[nitf_make.overflow_des("IXSHD", 1, b"")]))


def uncompressed():
    root = corpus_root()
    files = json.loads((root / "manifest.json").read_text())["files"] if root else []
    return [pytest.param(entry, id=entry["path"]) for entry in files if entry["class"] in ("nitf21 NC", "nitf21 NM", "nsif10 NC", "nsif10 NM")]


@pytest.mark.skipif(not uncompressed(), reason="no corpus: set OSML_IO_CORPUS")
@pytest.mark.parametrize("entry", uncompressed())
def test_the_hand_parser_decodes_the_corpus(corpus, entry):
    found = parse(corpus / entry["path"], exact=False)
    assert len(found.images) == len(entry["images"])
    for segment, expected in zip(found.images, entry["images"]):
        if segment["IC"] in ("NC", "NM"):
            content = stored_pixels(segment)
            digest = hashlib.sha256(content.astype(content.dtype.newbyteorder("<")).tobytes()).hexdigest()
            assert digest in [variant["sha256"] for variant in expected["variants"]]
