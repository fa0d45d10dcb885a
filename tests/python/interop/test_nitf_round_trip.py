"""Read, write, read: known and unknown TREs, DES and RES survive byte for byte, and so do fields, texts, graphics and
pixels."""
import json

import pytest
from aws.osml.io import IO, BufferedMetadataProvider
from conftest import corpus_root
from testkit import nitf_make
from testkit.arrays import assert_same, image
from testkit.nitf_bytes import parse
from testkit.nitf_judges import jbpy_check
from testkit.nitf_ours import copy, heard
from testkit.nitf_pixels import stored_pixels

COMPUTED = {"CLEVEL", "FDT", "FL", "HL", "UDHOFL", "XHDLOFL", "UDOFL", "IXSOFL", "SXSOFL", "TXSOFL", "UDHDL", "XHDL", "UDIDL", "IXSHDL", "SXSHDL",
            "TXSHDL",
            # Levels are unique in a file; some files have one twice.
            "IDLVL"}


def entries():
    root = corpus_root()
    if root is None:
        return []
    found = []
    for entry in json.loads((root / "manifest.json").read_text())["files"]:
        if entry["format"] == "nitf" and entry["expect"] in ("decode", "metadata"):
            with (root / entry["path"]).open("rb") as stream:
                start = stream.read(388)
            # a file without any segment has nothing to write
            if start[:9] in (b"NITF02.10", b"NSIF01.00") and start[360:388].strip(b"0"):
                found.append(entry["path"])
    return found


PATHS = entries()
NEEDS_CORPUS = pytest.mark.skipif(not PATHS, reason="no corpus: set OSML_IO_CORPUS")


def assert_same_structure(before, after, fields=True):
    """All segments of `before` are in `after` in their order, with their fields, TREs and bytes."""
    for kind in ("images", "graphics", "texts", "des", "res"):
        assert len(getattr(after, kind)) == len(getattr(before, kind)), kind
    for old, new in zip([before.header, *before.segments()], [after.header, *after.segments()]):
        assert [(t.tag, t.data) for t in new.tres] == [(t.tag, t.data) for t in old.tres], old.kind
        assert [t.area for t in new.tres if not t.overflow] == [t.area for t in old.tres if not t.overflow], old.kind
        assert new.user == old.user and new.comments == old.comments and new.bands == old.bands
        if fields:
            lengths = ("LISH", "LI", "LSSH", "LS", "LTSH", "LT", "LDSH", "LD", "LRESH", "LRE")
            different = {name: (value, new.fields.get(name)) for name, value in old.fields.items()
                         if value != new.fields.get(name) and name not in COMPUTED and not name.startswith(lengths)}
            assert not different, f"{old.kind}: {different}"
        if old.kind != "header" and old.fields.get("DESID", "").rstrip() != "TRE_OVERFLOW":
            same_data(old, new)


def same_data(old, new):
    if old.fields.get("IC") in ("NC", "NM"):
        assert_same(stored_pixels(new), stored_pixels(old))
    else:
        assert new.data == old.data, f"{old.kind}: {len(new.data)} bytes, {len(old.data)} before"


@NEEDS_CORPUS
@pytest.mark.parametrize("name", PATHS)
def test_every_file_of_the_corpus(corpus, tmp_path, name):
    target = tmp_path / "copy.ntf"
    with heard():
        copy(corpus / name, target)
    before, after = parse(corpus / name, exact=False), parse(target)
    assert target.read_bytes()[:9] == (corpus / name).read_bytes()[:9]
    assert_same_structure(before, after, fields=False)


# Fields of real files that break the standard: the writer may replace their values.
@NEEDS_CORPUS
@pytest.mark.parametrize("name", PATHS)
def test_fields_of_every_file_of_the_corpus(corpus, tmp_path, name):
    with heard():
        copy(corpus / name, tmp_path / "copy.ntf")
    before = parse(corpus / name, exact=False)
    tolerated = {"OSTAID", "IDATIM", "NPPBH", "NPPBV", "COMRAT", "IREP", "FSDCTP", "FSDCDT", "FSDG", "FSDGDT", "FSCATP", "FSSRDT"}
    for old, new in zip([before.header, *before.segments()], [(after := parse(tmp_path / "copy.ntf")).header, *after.segments()]):
        different = {k: (v, new.fields.get(k)) for k, v in old.fields.items() if v != new.fields.get(k)}
        assert set(different) <= COMPUTED | tolerated, different
        assert all(v[0].strip() in ("", "0000") or k in COMPUTED or "2016020006" in v[0] or k.startswith("FS") for k, v in different.items()), different


@NEEDS_CORPUS
@pytest.mark.parametrize("name", PATHS)
def test_a_copy_of_a_copy_is_the_same(corpus, tmp_path, monkeypatch, name):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    with heard():
        copy(corpus / name, tmp_path / "1.ntf")
        copy(tmp_path / "1.ntf", tmp_path / "2.ntf")
    assert (tmp_path / "1.ntf").read_bytes() == (tmp_path / "2.ntf").read_bytes()


@pytest.fixture
def rich(tmp_path):
    """A file with every kind of segment, unknown TREs in every area, unknown DES and RES."""
    tres = [nitf_make.tre(f"TRE_{c}", bytes(range(40 + i))) for i, c in enumerate("ABCDEFGHIJKL")]
    a, b = image((3, 20, 30), "uint8"), image((1, 30, 20), "uint16")
    content = nitf_make.file(
        [nitf_make.image(a, "P", (16, 16), comments=["one", "two é"], udid=tres[0], ixshd=tres[1] + tres[2], IID2="first", ISORCE="me",
                         ISCLAS="S", ISCLSY="US", ISREL="US CA", TGTID="T", IMAG="/2"),
         nitf_make.image(b, IDLVL=2, IALVL=1, ILOC="00005-0003", ic="NM", absent={(0, 0)}, block=(10, 10), code=b"\x01\x02", ixshd=tres[3]),
         nitf_make.image(b, IDLVL=3, ic="C8", comrat="N001", data=b"\xff\x4f\xff\x51 no codestream", ixshd=tres[4])],
        [nitf_make.graphic(b"\0\x20" + bytes(50), SNAME="name", SLOC="0000300004", SBND1="0000100002", SBND2="0000900009", sxshd=tres[5]),
         nitf_make.graphic(b"\0\x20\0\x40", SDLVL=101, SCOLOR="M")],
        [nitf_make.text(b"line\r\nline\r\n", TXTITL="title", txshd=tres[6]), nitf_make.text("µ".encode(), TXTFMT="U8S", TEXTID="B"),
         nitf_make.text(b"\xe9t\xe9", TXTFMT="UT1"), nitf_make.text(b"MTF//", TXTFMT="MTF")],
        [nitf_make.des(bytes(range(256)), user=b"user \xff\0 defined", DESID="UNKNOWN DES", DESVER="07", DESCLAS="C", DESCLSY="US"), nitf_make.des(b"<a/>", DESID="XML_DATA_CONTENT")],
        [nitf_make.res(bytes(100), user=b"u"), nitf_make.res(b"second", RESID="OTHER")],
        udhd=tres[7] + tres[8], xhd=tres[9] + tres[7], FTITLE="a title", ONAME="who", OPHONE="1", FSCLAS="S", FSCLSY="US", FBKGC=b"\1\2\xff",
        FSCOP="00001", FSCPYS="00002")
    path = tmp_path / "rich.ntf"
    path.write_bytes(content)
    jbpy_check(path, clevel=False)
    return path


def test_a_rich_file(rich, tmp_path):
    copy(rich, tmp_path / "copy.ntf")
    assert_same_structure(parse(rich), parse(tmp_path / "copy.ntf"))
    jbpy_check(tmp_path / "copy.ntf", clevel=False)


def test_the_assets_of_a_rich_file(rich):
    with IO.open([rich]) as reader:
        assert list(reader) == ["image:0", "image:1", "image:2", "graphic:0", "graphic:1", "text:0", "text:1", "text:2", "text:3", "data:0",
                                "data:1", "reserved:0", "reserved:1"]
        found = parse(rich)
        for key, segment in zip(reader, found.segments()):
            assert reader.get_asset(key).raw_asset.read() == segment.data, key
            assert reader.get_asset(key).metadata.raw.read() == segment.subheader, key
        assert reader.metadata.raw.read() == found.header.subheader


def test_a_streamed_file_is_read_by_its_replacement_header(tmp_path):
    data = image((3, 20, 30), "uint8")
    (tmp_path / "a.ntf").write_bytes(nitf_make.file([nitf_make.image(data, "P", (16, 16), ixshd=nitf_make.tre("ABCDEF", b"1"))], texts=[nitf_make.text()],
                                                    streamed=True))
    with IO.open([tmp_path / "a.ntf"]) as reader:
        assert_same(reader.get_asset("image:0").read(), data)
        assert bytes(reader.get_asset("image:0").metadata["ABCDEF"]) == b"1"
        assert reader.get_asset("text:0").text_content == "a text"


def test_metadata_of_the_file_is_kept_but_for_what_follows_from_the_content(rich, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    copy(rich, tmp_path / "copy.ntf")
    found = parse(tmp_path / "copy.ntf").header
    assert found["FDT"] == "20231114221320", "the date of a copy is its own"
    with IO.open([rich]) as reader, IO.open([tmp_path / "dated.ntf"], "w") as writer:
        metadata = BufferedMetadataProvider(source=reader.metadata)
        metadata["FDT"] = "20010203040506"
        writer.metadata = metadata
        writer.add_asset("image:0", reader.get_asset("image:0"))
    assert parse(tmp_path / "dated.ntf").header["FDT"] == "20010203040506"
