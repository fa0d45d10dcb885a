"""Texts, graphics, data and several images in one NITF file, added in any order: stored and read back."""
import itertools

import numpy as np
import pytest
from aws.osml.io import (IO, AssetType, BufferedDataAssetProvider, BufferedGraphicAssetProvider, BufferedTextAssetProvider, ConformanceWarning, OptionError,
                         imread)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from testkit import nitf_make
from testkit.arrays import assert_same, image
from testkit.nitf_bytes import parse
from testkit.nitf_judges import gdal_agrees, gdal_tags, jbpy_check, jbpy_fields
from testkit.nitf_ours import provider, quiet, warned, write
from testkit.nitf_pixels import pixels

CGM = bytes.fromhex("0020") + bytes(range(98)) + bytes.fromhex("0040")
DATA = image((1, 20, 30), "uint8")


@pytest.fixture
def ntf(tmp_path):
    return tmp_path / "a.ntf"


def text(content, key="text:0", **more):
    return BufferedTextAssetProvider.create(key, content, **more)


def graphic(data=CGM, key="graphic:0", **more):
    return BufferedGraphicAssetProvider.create(key, data, **more)


def data(content=b"abc", key="data:0", **more):
    return BufferedDataAssetProvider.create(key, content, **more)


def written(path, *assets, **more):
    write(path, *assets, **more)
    jbpy_check(path)
    return parse(path)


def test_a_plain_text(ntf, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    with quiet():
        found = written(ntf, (text("two\nlines\n"), "A title", "", None)).texts[0]
    assert found["TXTFMT"] == "STA"
    assert found.data == b"two\r\nlines\r\n", "lines of STA end with carriage return and line feed"
    assert found.text("TXTITL") == "A title" and found["TEXTID"].strip()
    assert (found["TXTALVL"], found["TXTDT"], found["TSCLAS"], found["ENCRYP"], found["TXSHDL"]) == ("000", "20231114221320", "U", "0", "00000")
    with IO.open([ntf]) as reader:
        asset = reader.get_asset("text:0")
        assert asset.text_content.replace("\r\n", "\n") == "two\nlines\n"
        assert (asset.title, asset.asset_type, asset.media_type.split(";")[0]) == ("A title", AssetType.Text, "text/plain")
        assert asset.raw_asset.read() == found.data


@pytest.mark.parametrize("content,stored", [("a\r\nb", b"a\r\nb"), ("a\nb", b"a\r\nb"), ("a\n\nb\n", b"a\r\n\r\nb\r\n"), ("no end", b"no end")])
def test_line_ends_are_made_right_and_never_doubled(ntf, content, stored):
    assert written(ntf, text(content)).texts[0].data == stored


FORMATS = [("STA", "plain", b"plain"), ("MTF", "MSGID/TEST//", b"MSGID/TEST//"), ("UT1", "é ÿ", b"\xe9 \xff"), ("U8S", "é ÿ", "é ÿ".encode())]


@pytest.mark.parametrize("name,content,stored", FORMATS)
def test_text_formats(ntf, name, content, stored):
    with quiet():
        found = written(ntf, text(content, metadata={"TXTFMT": name})).texts[0]
    assert (found["TXTFMT"], found.data) == (name, stored)
    with IO.open([ntf]) as reader:
        assert reader.get_asset("text:0").text_content == content


def test_characters_beyond_the_subset_of_utf_8_are_written_with_a_warning(ntf):
    with warned(ConformanceWarning, "U8S", "Ω"):
        found = written(ntf, text("é Ω 日本", metadata={"TXTFMT": "U8S"})).texts[0]
    assert found.data == "é Ω 日本".encode()
    with pytest.raises(OptionError, match="U8S"):
        write(ntf, text("a\u0007", metadata={"TXTFMT": "U8S"}))


@pytest.mark.parametrize("content", ["é", "Ω", "日本 é"])
def test_the_format_follows_from_the_text(ntf, content):
    found = written(ntf, text(content)).texts[0]
    assert found["TXTFMT"] in ("U8S", "UT1")
    assert found.data.decode("utf-8" if found["TXTFMT"] == "U8S" else "latin-1") == content
    with IO.open([ntf]) as reader:
        assert reader.get_asset("text:0").text_content == content


@pytest.mark.parametrize("name,content", [("STA", "é"), ("UT1", "Ω"), ("MTF", "é")])
def test_characters_a_format_lacks_are_an_error(ntf, name, content):
    with pytest.raises(OptionError, match=f"{name}|TXTFMT"):
        write(ntf, text(content, metadata={"TXTFMT": name}))
    assert not ntf.exists()


def test_a_text_longer_than_its_length_field_is_an_error(ntf):
    assert len(written(ntf, text("x" * 99_998)).texts[0].data) == 99_998
    with pytest.raises(OptionError, match="99998|99 998|text"):
        write(ntf, text("x" * 99_999))


def test_texts_of_other_writers_are_read_by_their_format(tmp_path):
    texts = [nitf_make.text(b"a\r\nb"), nitf_make.text(b"\xe9\xff", TXTFMT="UT1"), nitf_make.text("Ω".encode(), TXTFMT="U8S"), nitf_make.text(b"M//", TXTFMT="MTF")]
    (tmp_path / "a.ntf").write_bytes(nitf_make.file(texts=texts))
    with IO.open([tmp_path / "a.ntf"]) as reader:
        found = [reader.get_asset(key).text_content for key in reader.get_asset_keys(asset_type="text")]
    assert [found[0].replace("\r\n", "\n"), *found[1:]] == ["a\nb", "éÿ", "Ω", "M//"]


def test_a_graphic(ntf):
    metadata = {"SLOC": (3, -4), "SBND1": "0000100002", "SBND2": (50, 60), "SDLVL": 12, "SALVL": 1, "SCOLOR": "M", "SNAME": "arrow"}
    with quiet():
        found = written(ntf, provider(DATA), graphic(metadata=metadata)).graphics[0]
    assert found.data == CGM
    assert {name: found[name] for name in ("SLOC", "SBND1", "SBND2", "SDLVL", "SALVL", "SCOLOR", "SFMT", "SSTRUCT", "SRES2", "SSCLAS")} == {
        "SLOC": "00003-0004", "SBND1": "0000100002", "SBND2": "0005000060", "SDLVL": "012", "SALVL": "001", "SCOLOR": "M", "SFMT": "C",
        "SSTRUCT": "0" * 13, "SRES2": "00", "SSCLAS": "U"}
    with IO.open([ntf]) as reader:
        asset = reader.get_asset("graphic:0")
        assert (asset.asset_type, asset.media_type) == (AssetType.Graphics, "image/cgm")
        assert asset.raw_asset.read() == CGM
        assert asset.metadata["SNAME"] == "arrow".ljust(20)


def test_graphics_have_names_and_levels_of_their_own_by_default(ntf):
    found = written(ntf, graphic(key="graphic:0"), provider(DATA, key="image:0"), (graphic(key="graphic:1"), "North arrow", "", None), provider(DATA, key="image:1"))
    levels = [s["IDLVL"] for s in found.images] + [s["SDLVL"] for s in found.graphics]
    assert len(set(levels)) == 4 and "000" not in levels
    assert all(s["SID"].strip() for s in found.graphics)
    assert "North arrow" in (found.graphics[1].text("SNAME"), found.graphics[1].text("SID"))
    with IO.open([ntf]) as reader:
        assert reader.get_asset("graphic:1").title == "North arrow"


def test_one_display_level_for_an_image_and_a_graphic_is_refused(ntf):
    with pytest.raises(OptionError, match="SDLVL|IDLVL"):
        write(ntf, provider(DATA, {"IDLVL": 5}), graphic(metadata={"SDLVL": 5}))


def test_gdal_sees_texts_and_graphics(ntf):
    written(ntf, provider(DATA), text("hello GDAL"), graphic(metadata={"SDLVL": 9}))
    assert gdal_tags(ntf, "TEXT")["DATA_0"].startswith("hello GDAL")
    assert gdal_tags(ntf, "CGM")["SEGMENT_0_SDLVL"].lstrip("0") == "9"


def test_data_segments(ntf):
    metadata = {"DESID": "MY_DATA", "DESVER": 3, "DESSHF": b"user \xff", "DESCLAS": "U"}
    content = bytes(range(256)) * 300
    with quiet():
        found = written(ntf, data(content, metadata=metadata)).des[0]
    assert (found.text("DESID"), found["DESVER"], found.user, found.data) == ("MY_DATA", "03", b"user \xff", content)
    with IO.open([ntf]) as reader:
        asset = reader.get_asset("data:0")
        assert (asset.asset_type, asset.media_type) == (AssetType.Data, "application/octet-stream")
        assert asset.raw_asset.read() == content and bytes(asset.metadata["DESSHF"]) == b"user \xff"


@pytest.mark.parametrize("title,name", [("MY_DES", "MY_DES"), ("", "USER_DEFINED"), ("a title much too long for an identifier", "USER_DEFINED")])
def test_the_name_of_data_without_metadata(ntf, title, name):
    assert written(ntf, (data(), title, "", None)).des[0].text("DESID") == name


@pytest.mark.parametrize("mime", ["application/xml", "text/xml"])
def test_xml_data(ntf, mime):
    content = b'<?xml version="1.0"?><a>\xc3\xa9</a>'
    found = written(ntf, data(content, mime_type=mime)).des[0]
    assert (found.text("DESID"), found["DESVER"], found.data) == ("XML_DATA_CONTENT", "01", content)
    assert len(found.user) in (0, 5, 283, 773)
    with IO.open([ntf]) as reader:
        assert "xml" in reader.get_asset("data:0").media_type


def test_the_user_header_of_xml_data_as_a_dict(ntf):
    pytest.importorskip("jbpy")
    metadata = {"DESID": "XML_DATA_CONTENT", "DESSHF": {"DESCRC": 99999, "DESSHFT": "XML", "DESSHDT": "2024-01-31T00:00:00Z", "DESSHTN": "urn:example"}}
    written(ntf, data(b"<a/>", mime_type="application/xml", metadata=metadata))
    head = jbpy_check(ntf)["DataExtensionSegments"][0]["subheader"]
    assert head["DESSHL"].value in (283, 773)
    fields = {field.name: field for field in jbpy_fields(head)}
    assert (fields["DESCRC"].value, fields["DESSHFT"].value, fields["DESSHTN"].value) == (99999, "XML", "urn:example")
    with IO.open([ntf]) as reader:
        assert reader.get_asset("data:0").metadata["DESSHF"]["DESSHTN"].rstrip() == "urn:example"


def test_the_caller_cannot_write_an_overflow_segment(ntf):
    with pytest.raises(OptionError, match="TRE_OVERFLOW"):
        write(ntf, provider(DATA), data(metadata={"DESID": "TRE_OVERFLOW"}))


def test_several_images_each_with_its_metadata(ntf):
    images = [image((1, 20, 30), "uint8"), image((3, 31, 17), "uint16"), image((2, 9, 50), "float32"), image((12, 8, 8), "int16")]
    modes = "BPRS"
    assets = [provider(a, {"IID2": f"image {i}", "IMODE": modes[i], "ICOM": [f"comment {i}"], "MYTRE_": b"%d" % i, "NPPBH": 4, "NPPBV": 4}, key=f"image:{i}")
              for i, a in enumerate(images)]
    found = written(ntf, *assets)
    for i, (segment, expected) in enumerate(zip(found.images, images)):
        assert_same(pixels(segment), expected)
        assert (segment.text("IID2"), segment["IMODE"], segment.tre("MYTRE_"), segment.comments[0].rstrip()) == (f"image {i}", modes[i], b"%d" % i, f"comment {i}")
        gdal_agrees(ntf, expected, subdataset=i)
        assert_same(imread(ntf, asset=f"image:{i}"), expected)
    with IO.open([ntf]) as reader:
        assert reader.get_asset_keys(asset_type=AssetType.Image) == [f"image:{i}" for i in range(4)]
        assert all("data" in reader.get_asset(key).roles for key in reader)


def test_keys_of_the_caller_are_names_in_the_writer_only(ntf):
    written(ntf, provider(DATA, key="pan"), text("x", key="readme"), graphic(key="arrow"), data(key="blob"))
    with IO.open([ntf]) as reader:
        assert list(reader) == ["image:0", "graphic:0", "text:0", "data:0"]


def test_files_without_an_image(ntf):
    found = written(ntf, text("only a text"))
    assert found.images == [] and found.header["NUMI"] == "000"
    with pytest.raises((ValueError, OSError), match="(?i)image"):
        imread(ntf)


def test_a_file_of_nothing_is_a_header(ntf):
    assert written(ntf).segments() == []


def test_a_file_of_nothing_is_read(ntf):
    ntf.write_bytes(nitf_make.file(FTITLE="empty"))
    with IO.open([ntf]) as reader:
        assert list(reader) == [] and reader.metadata["FTITLE"].rstrip() == "empty"


@pytest.mark.parametrize("make,word", [(lambda i: text("x", key=f"text:{i}"), "999"), (lambda i: data(b"x", key=f"data:{i}"), "999")])
def test_more_segments_than_three_digits_can_count(ntf, make, word):
    assets = [make(i) for i in range(1000)]
    with pytest.raises(OptionError, match=word):
        write(ntf, *assets)
    assert not ntf.exists()
    found = written(ntf, *assets[:999])
    assert len(found.segments()) == 999


ALL = [("image", 0), ("image", 1), ("text", 0), ("text", 1), ("graphic", 0), ("data", 0), ("data", 1)]
IMAGES = [image((3, 20, 30), "uint8"), image((1, 17, 11), "int32")]


def asset(kind, number, name):
    if kind == "image":
        return provider(IMAGES[number], {"IID2": name, "MYTRE_": name.encode() * 50}, (8, 8), key=f"image:{number}")
    make = {"text": lambda: text(name, key=f"text:{number}", metadata={"MYTRE_": name.encode()}),
            "graphic": lambda: graphic(CGM + name.encode(), key=f"graphic:{number}", metadata={"MYTRE_": name.encode()}),
            "data": lambda: data(name.encode(), key=f"data:{number}", metadata={"DESID": "MINE", "DESSHF": name.encode()})}
    return make[kind]()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(ALL), count=st.integers(1, len(ALL)), header=st.booleans())
def test_any_order_of_assets(tmp_path, order, count, header):
    path = tmp_path / "a.ntf"
    names = {pair: "{}{}".format(*pair) for pair in ALL}
    order = order[:count]
    write(path, *[asset(*pair, names[pair]) for pair in order], metadata={"FTITLE": "t", "FILETR": b"1" * 1000} if header else None)
    jbpy_check(path)
    found = parse(path)
    wanted = {kind: [pair for pair in order if pair[0] == kind] for kind in ("image", "text", "graphic", "data")}
    assert [s.text("IID2") for s in found.images] == [names[pair] for pair in wanted["image"]], "images in the order they came"
    for segment, (_, number) in zip(found.images, wanted["image"]):
        assert_same(pixels(segment), IMAGES[number])
        assert segment.tre("MYTRE_") == f"image{number}".encode() * 50
    assert [s.data for s in found.texts] == [names[pair].encode() for pair in wanted["text"]]
    assert [s.data for s in found.graphics] == [CGM + names[pair].encode() for pair in wanted["graphic"]]
    assert [(s.data, s.user) for s in found.des] == [(names[pair].encode(),) * 2 for pair in wanted["data"]]
    assert found.header.tags() == (["FILETR"] if header else [])
    with IO.open([path]) as reader:
        keys = [f"{kind}:{i}" for kind in ("image", "graphic", "text", "data") for i in range(len(wanted[kind]))]
        assert list(reader) == keys
        for key, segment in zip(keys, itertools.chain(found.images, found.graphics, found.texts, found.des)):
            assert reader.get_asset(key).raw_asset.read() == segment.data


def test_the_bytes_of_an_image_as_read_are_its_blocks(ntf):
    found = written(ntf, provider(np.arange(600, dtype=np.uint16).reshape(1, 20, 30)))
    with IO.open([ntf]) as reader:
        assert reader.get_asset("image:0").raw_asset.read() == found.images[0].data
