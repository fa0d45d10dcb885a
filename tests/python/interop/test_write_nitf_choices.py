"""A caller's choice is written, refused by name, or reported in a warning, never dropped silently. Copied values yield if they
must."""
import io
import warnings

import numpy as np
import pytest
from aws.osml.io import (IO, BufferedDataAssetProvider, BufferedMetadataProvider, BufferedTextAssetProvider, ConformanceWarning, FileWarning,
                         MetadataWarning, OptionError, OsmlWarning, PaddingWarning, UnsupportedError, iminfo, imread, imsave)
from testkit import nitf_make
from testkit.arrays import assert_same, image
from testkit.nitf_bytes import mask, parse
from testkit.nitf_judges import gdal_agrees, jbpy_check
from testkit.nitf_pixels import pixels
from testkit.nitf_ours import copy, heard, provider, quiet, save, sparse, warned, write

DATA = image((1, 20, 30), "uint8")


@pytest.fixture
def ntf(tmp_path):
    return tmp_path / "a.ntf"


def first(path):
    return parse(path).images[0]


def comments(found):
    return "".join(found.comments)


# Fields that follow from the rest.

@pytest.mark.parametrize("name,wrong", [("FHDR", "NSIF"), ("FVER", "02.00"), ("FVER", "01.00"), ("NUMI", "007"), ("NUMX", 1), ("FL", 17), ("HL", 1),
                                        ("XHDL", 99)])
def test_a_wrong_fact_of_the_file_is_refused(ntf, name, wrong):
    with pytest.raises(OptionError, match=name):
        write(ntf, provider(DATA), metadata={name: wrong})
    assert not ntf.exists()


@pytest.mark.parametrize("name,right", [("FHDR", "NITF"), ("FVER", "02.10"), ("NUMI", 1), ("NUMX", "000"), ("XHDL", 0)])
def test_a_right_fact_of_the_file_may_be_given(ntf, name, right):
    with quiet():
        write(ntf, provider(DATA), metadata={name: right})
    jbpy_check(ntf)


@pytest.mark.parametrize("name,wrong,right", [("IM", "XX", "IM"), ("NICOM", 3, 0), ("UDIDL", 40, 0), ("IXSHDL", 40, "00000"), ("NBPR", 2, 1)])
def test_facts_of_an_image(ntf, name, wrong, right):
    with pytest.raises(OptionError, match=name):
        write(ntf, provider(DATA, {name: wrong}))
    with quiet():
        write(ntf, provider(DATA, {name: right}))


def test_facts_of_texts_and_extensions(ntf):
    with pytest.raises(OptionError, match="TXSHDL"):
        write(ntf, BufferedTextAssetProvider.create("text:0", "x", metadata={"TXSHDL": 99}))
    with pytest.raises(OptionError, match="DESSHL"):
        write(ntf, BufferedDataAssetProvider.create("data:0", b"x", metadata={"DESID": "MINE", "DESSHL": 99}))
    with quiet():
        write(ntf, BufferedDataAssetProvider.create("data:0", b"x", metadata={"DESID": "MINE", "DESSHL": 2, "DESSHF": b"ab"}))


@pytest.mark.parametrize("version,fits", [("01.00", True), ("01.01", True), ("02.10", False)])
def test_versions_of_nsif(tmp_path, version, fits):
    path = tmp_path / "a.nsf"
    if fits:
        write(path, provider(DATA), metadata={"FVER": version}, format="nsif")
        assert path.read_bytes()[:9] == f"NSIF{version}".encode()
        assert_same(imread(path), DATA)
    else:
        with pytest.raises(OptionError, match="FVER"):
            write(path, provider(DATA), metadata={"FVER": version}, format="nsif")


@pytest.mark.parametrize("source,target", [("nsif", "nitf"), ("nitf", "nsif")])
@pytest.mark.parametrize("plain", [False, True])
def test_a_header_copied_to_the_other_flavour_takes_its_name(tmp_path, source, target, plain):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    write(path, provider(DATA), metadata={"FTITLE": "a title"}, format=source)
    with IO.open([path]) as reader:
        entries = reader.metadata
        write(again, reader.get_asset("image:0"), metadata=dict(entries.entries()) if plain else BufferedMetadataProvider(source=entries), format=target)
    found = parse(again).header
    assert again.read_bytes()[:9] == {"nitf": b"NITF02.10", "nsif": b"NSIF01.00"}[target]
    assert found.text("FTITLE") == "a title"
    assert_same(imread(again), DATA)


def test_the_metadata_of_another_image_as_a_plain_mapping_is_a_copy(tmp_path):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    save(path, image((3, 300, 200), "uint8"), metadata={"IID2": "what", "TGTID": "T", "ICHIPB": {"XFRM_FLAG": 1}})
    chip = image((3, 30, 20), "uint8", seed=5)
    with quiet():
        save(again, chip, metadata=iminfo(path).metadata)
    found = first(again)
    assert (found.text("IID2"), found.text("TGTID"), found["NROWS"]) == ("what", "T", "00000030")
    assert [tre.tag for tre in found.tres] == ["ICHIPB"]
    assert_same(imread(again), chip)
    jbpy_check(again)
    with pytest.raises(OptionError, match="NROWS"):
        save(again, chip, metadata={"NROWS": 300})


# Titles and descriptions.

def test_a_description_finds_a_place(ntf):
    with quiet():
        write(ntf, provider(DATA, {"IID2": "mine"}, title="t", description="from the air"))
    assert (first(ntf).text("IID1"), first(ntf).text("IID2"), comments(first(ntf)).strip()) == ("t", "mine", "from the air")
    with warned(MetadataWarning, "title"):
        write(ntf, provider(DATA, {"IID1": "mine"}, title="t", description="from the air"))
    assert (first(ntf).text("IID1"), first(ntf).text("IID2")) == ("mine", "from the air")


def test_a_description_without_a_field_is_a_warning(ntf):
    with warned(MetadataWarning, "description"):
        write(ntf, provider(DATA, {"IID2": "mine", "ICOM": ["c"]}, title="t", description="from the air"))
    with warned(MetadataWarning, "title"):
        write(ntf, provider(DATA, {"IID2": "mine"}, title="a title of many letters"))
    assert first(ntf).text("IID2") == "mine"


@pytest.mark.parametrize("count,fits", [(720, True), (721, False)])
def test_a_long_description_is_whole_or_refused(ntf, count, fits):
    text = "".join(chr(97 + n % 26) for n in range(count))
    made = provider(DATA, title="a title of many letters", description=text)
    if not fits:
        with pytest.raises(OptionError, match="720"):
            write(ntf, made)
        return
    write(ntf, made)
    with IO.open([ntf]) as reader:
        asset = reader.get_asset("image:0")
        assert (asset.title, asset.description) == ("a title of many letters", text)
    jbpy_check(ntf)


@pytest.mark.parametrize("title,description", [("new", ""), ("new", "other"), ("", "other"), ("a new title of many letters", "other"), ("", "")])
def test_an_image_that_is_added_as_read_gets_the_title_it_is_given(tmp_path, title, description):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    write(path, provider(DATA, {"TGTID": "T"}, title="an old title of many letters", description="old"))
    with IO.open([path]) as reader:
        write(again, (reader.get_asset("image:0"), title, description))
    with IO.open([again]) as reader:
        asset = reader.get_asset("image:0")
        assert (asset.title, asset.description) == (title or "an old title of many letters", description or "old")
        assert asset.metadata["TGTID"].strip() == "T"
    assert_same(imread(again), DATA)
    jbpy_check(again)


def test_names_without_a_field_in_the_extension_are_warnings(ntf):
    with warned(MetadataWarning, "title"):
        write(ntf, BufferedDataAssetProvider.create("data:0", b"x", title="a title", metadata={"DESID": "MINE"}))
    with warned(MetadataWarning, "description"):
        write(ntf, BufferedDataAssetProvider.create("data:0", b"x", description="long", metadata={"RESID": "MINE"}))


def test_comments_are_a_list_or_numbered_and_not_both(ntf):
    with pytest.raises(OptionError, match="ICOM2"):
        write(ntf, provider(DATA, {"ICOM": ["a"], "ICOM2": "b"}))
    with pytest.raises(OptionError, match="ICOM10.*ICOM1 to ICOM9"):
        write(ntf, provider(DATA, {"ICOM10": "x"}))
    write(ntf, provider(DATA, {"ICOM3": "third", "ICOM1": "first"}))
    assert first(ntf)["NICOM"] == "2" and [text.strip() for text in first(ntf).comments] == ["first", "third"]


# Masks and pads.

def test_a_pad_code_alone_asks_for_a_mask(ntf):
    with quiet():
        write(ntf, provider(DATA, {"TPXCD": 7}))
    assert (first(ntf)["IC"], mask(first(ntf)).code) == ("NM", b"\7")
    imsave(ntf, DATA, format="nitf", metadata={"TPXCD": 9})
    assert (first(ntf)["IC"], mask(first(ntf)).code, iminfo(ntf).nodata) == ("NM", b"\t", 9)


def test_a_pad_code_that_cannot_be_recorded_is_a_warning(ntf):
    with warned(MetadataWarning, "TPXCD", "NM"):
        write(ntf, provider(DATA, {"TPXCD": 7, "IC": "NC"}))


def test_a_changed_pad_code_is_written_though_all_else_is_copied(tmp_path):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    write(path, sparse(DATA, {(0, 0)}, (16, 16), {"IC": "NM", "TPXCD": 7}))
    with IO.open([path]) as reader:
        asset = reader.get_asset("image:0")
        metadata = BufferedMetadataProvider(source=asset.metadata)
        metadata["TPXCD"] = 9
        write(again, Changed(asset, metadata))
    assert mask(first(again)).code == b"\t"


class Changed:
    """An image of a reader with other metadata."""

    def __init__(self, asset, metadata):
        self.asset, self.metadata = asset, metadata

    def __getattr__(self, name):
        return getattr(self.asset, name)


@pytest.mark.parametrize("mode", "BPRS")
@pytest.mark.parametrize("pad", [0, 200])
def test_blocks_that_reach_below_the_image_hold_pad_pixels(ntf, mode, pad):
    data = np.full((3, 40, 32), 100, np.uint8)
    write(ntf, provider(data, {"IC": "NM", "TPXCD": pad, "IMODE": mode, "NPPBH": 16, "NPPBV": 32}))
    found = mask(first(ntf))
    # 1 x 2 rows of blocks: the lower ones have 24 rows of padding.
    expected = [False, False, True, True] * (3 if mode == "S" else 1)
    assert [offset != 0xFFFFFFFF for offset in found.pads] == expected
    gdal_agrees(ntf, data)


@pytest.mark.parametrize("bits,code,pad", [(16, 0x01FF, 0xFF), (16, 0x0007, 7), (8, 7, 7)])
def test_a_pad_code_longer_than_a_sample_is_its_low_bits(tmp_path, bits, code, pad):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    path.write_bytes(nitf_make.file(images=[nitf_make.image(DATA, ic="NM", block=(16, 16), absent={(0, 0)}, code=code.to_bytes(bits // 8, "big"),
                                                            code_bits=bits)]))
    with heard() as caught:
        assert iminfo(path).nodata == pad
        assert imread(path, fill_value=3)[0, 0, 0] == 3
        copy(path, again)
    assert any(category is FileWarning for category, _ in caught) == (code > 255)
    assert int.from_bytes(mask(first(again)).code, "big") in (code, pad)


def test_expanding_leaves_what_is_filled_alone(ntf):
    luts = [bytes(range(255, -1, -1)), bytes(256), bytes([9] * 256)]
    info = [{"IREPBAND": "LU", "LUTS": luts}]
    write(ntf, sparse(DATA, {(0, 0)}, (16, 16), {"IC": "NM", "IREP": "RGB/LUT", "BAND_INFO": info}))
    found = imread(ntf, expand=True, fill_value=77)
    assert (found[:, 0, 16] == 77).all()
    assert tuple(found[:, 5, 5]) == (255 - DATA[0, 5, 5], 0, 9)
    assert (imread(ntf, expand=True)[:, 19, 29] == 0).all()
    assert (imread(ntf, expand=True, window=(10, 10, 10, 10), bands=2, fill_value=1)[0, 8, 8]) == 1


# Images of several segments.

def divided(path, rows, whole_side=False, cols=9, dtype="uint8"):
    """A file whose image is divided into segments of `rows` rows, as in SICD."""
    data = image((1, sum(rows), cols), dtype)
    segments, first = [], 0
    for number, count in enumerate(rows):
        part = data[:, first:first + count]
        block = None if whole_side else (cols, min(count, 10))
        segments.append(nitf_make.image(part, block=block, zero_block=whole_side, IID1=f"SICD{number + 1:03}", IDLVL=number + 1, IALVL=number,
                                        ILOC=f"{rows[0] if number else 0:05}00000", **({"NPPBV": 0} if whole_side else {})))
        first += count
    path.write_bytes(nitf_make.file(images=segments))
    return data


@pytest.mark.parametrize("rows,whole_side,block", [((20, 20, 7), False, 10), ((20, 20, 7), True, 20), ((9000, 9000, 1), True, 18001)])
def test_a_divided_image_is_listed_once_and_copied(tmp_path, rows, whole_side, block):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    data = divided(path, rows, whole_side)
    with IO.open([path]) as reader:
        assert reader.get_asset_keys() == list(reader) == ["image:0"] and len(reader) == 1
        assert reader.get_asset_keys(roles=["segment"]) == [f"image:0:segment:{n}" for n in range(len(rows))]
        asset = reader.get_asset("image:0")
        assert int(asset.metadata["NROWS"]) == sum(rows)
        assert int(asset.metadata["NPPBV"]) * int(asset.metadata["NBPC"]) in (0, block * -(-sum(rows) // block))
        assert_same(asset.read(), data)
    with quiet():
        copy(path, again)
    assert_same(imread(again), data)
    gdal_agrees(again, data)
    found = first(again)
    assert (int(found["NPPBV"]) or sum(rows)) == block and found.text("IID1") == "SICD001"
    jbpy_check(again)


# Bands and bits.

def test_bands_with_metadata_keep_their_roles(ntf):
    with quiet():
        write(ntf, provider(image((3, 9, 9), "uint8"), {"BAND_INFO": [{"ISUBCAT": name} for name in ("a", "b", "c")]}))
    assert [band["IREPBAND"].strip() for band in first(ntf).bands] == ["R", "G", "B"]
    jbpy_check(ntf)


@pytest.mark.parametrize("dtype,abpp,value", [("uint16", 11, 2048), ("int16", 11, -1025), ("int16", 11, 1024), ("uint8", 7, 128), ("uint32", 20, 1 << 20)])
def test_samples_of_more_bits_than_abpp_are_a_warning(ntf, dtype, abpp, value):
    data = np.zeros((1, 40, 50), dtype)
    with quiet():
        write(ntf, provider(data, {"ABPP": abpp}))
    data[0, 33, 44] = value
    with warned(ConformanceWarning, "ABPP"):
        write(ntf, provider(data, {"ABPP": abpp}))
    assert_same(imread(ntf), data)
    with pytest.raises(OptionError, match="ABPP"):
        write(ntf, provider(data, {"ABPP": abpp}), strict=True)
    data[0, 33, 44] = (value - 1 if value > 0 else value + 1)
    with quiet():
        write(ntf, provider(data, {"ABPP": abpp}))


@pytest.mark.parametrize("given,expected", [({"NPPBH": 64}, (64, 200)), ({"NPPBV": 32}, (300, 32)), ({"NPPBV": 0}, (300, 200))])
def test_one_side_of_a_block_leaves_the_other_to_the_default(ntf, given, expected):
    save(ntf, image((1, 200, 300), "uint8"), metadata=given)
    assert iminfo(ntf).block_size == expected


PACKED = [(1, "uint8", 1), (1, "uint8", 3), (12, "uint16", 1), (12, "uint16", 2), (12, "int16", 1)]


@pytest.mark.parametrize("mode", "BPRS")
@pytest.mark.parametrize("bits,dtype,bands", PACKED)
@pytest.mark.parametrize("shape,block", [((900, 1501), None), ((901, 1501), (1501, 1200)), ((100, 77), (13, 21)), ((3000, 33), (33, 999))])
def test_packed_samples_in_blocks_of_any_size(ntf, bits, dtype, bands, mode, shape, block):
    data = np.random.default_rng(7).integers(0, 1 << min(bits, 11), (bands, *shape)).astype(dtype)
    if bits == 12 and dtype == "int16":
        data -= 1000
    sides = {} if block is None else {"NPPBH": block[0], "NPPBV": block[1]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(ntf, provider(data, {"NBPP": bits, "IMODE": mode, **sides}))
    assert_same(imread(ntf), data)
    x, y = shape[1] // 3, shape[0] // 2
    assert_same(imread(ntf, window=(x, y, 7, 5)), data[:, y:y + 5, x:x + 7])
    stored = pixels(first(ntf))
    assert_same(stored if dtype != "int16" else (stored ^ 2048).astype(dtype) - 2048, data)


# Rules.

@pytest.mark.parametrize("kind,prefix", [("text", "TS"), ("data", "DES"), ("reserved", "RES"), ("graphic", "SS")])
def test_markings_of_every_segment_are_looked_at(ntf, kind, prefix):
    from aws.osml.io import BufferedGraphicAssetProvider

    metadata = {f"{prefix}CLAS": "S"}
    if kind == "text":
        asset = BufferedTextAssetProvider.create("text:0", "x", metadata=metadata)
    elif kind == "graphic":
        asset = BufferedGraphicAssetProvider.create("graphic:0", b"\0\x20\0\x40", metadata=metadata)
    else:
        asset = BufferedDataAssetProvider.create("data:0", b"x", metadata={**metadata, "RESID" if kind == "reserved" else "DESID": "MINE"})
    file = {"FSCLAS": "S", "FSCLSY": "US"}
    with warned(ConformanceWarning, f"{prefix}CLSY"):
        write(ntf, asset, metadata=file)
    with pytest.raises(OptionError, match=f"{prefix}CLSY"):
        write(ntf, asset, metadata=file, strict=True)


def test_an_overflow_of_the_header_is_classified_as_the_file(ntf):
    with heard():
        write(ntf, provider(DATA, {"ISCLAS": "S", "ISCLSY": "US"}), metadata={"XQZW01": b"x" * 99_000, "XQZW02": b"y" * 5000})
    found = parse(ntf)
    assert found.header.text("FSCLAS") == "S"
    assert [(des.text("DESID"), des.text("DESCLAS")) for des in found.des] == [("TRE_OVERFLOW", "S")]


def test_a_category_that_does_not_suit_is_a_warning(ntf):
    with warned(ConformanceWarning, "ICAT"):
        write(ntf, provider(DATA, {"ICAT": "WIND"}))


def test_bytes_that_do_not_follow_their_layout_are_a_warning(ntf):
    with warned(ConformanceWarning, "ICHIPB"):
        write(ntf, provider(DATA, {"ICHIPB": b"short"}))
    with quiet():
        write(ntf, provider(DATA, {"XQZW01": b"short"}))


def test_many_bands_in_many_images_do_not_raise_the_level(ntf):
    write(ntf, *(provider(image((9, 8, 8), "uint8"), key=f"image:{n}") for n in range(3)))
    assert parse(ntf).header["CLEVEL"] == "03"
    jbpy_check(ntf)


# Copies of whole files.

def test_a_plain_copy_does_not_warn_about_an_overflow(tmp_path):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    write(path, provider(DATA, {"XQZW01": b"x" * 99_000, "XQZW02": b"y" * 5000}))
    with quiet():
        copy(path, again)
    assert [des.text("DESID") for des in parse(again).des] == ["TRE_OVERFLOW"]
    with IO.open([again]) as reader:
        assert {"XQZW01", "XQZW02"} <= set(reader.get_asset("image:0").metadata)


def test_an_image_that_cannot_be_decoded_is_described_and_copied(tmp_path):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    made = nitf_make.image(DATA, PVTYPE="R", ic="C8", comrat="N100")
    path.write_bytes(nitf_make.file(images=[made]))
    with IO.open([path]) as reader:
        asset = reader.get_asset("image:0")
        assert (asset.num_rows, asset.num_columns, asset.metadata["PVTYPE"].strip()) == (20, 30, "R")
        with pytest.raises(UnsupportedError, match="PVTYPE.*R"):
            asset.get_block(0, 0)
    copy(path, again)
    assert first(again).data == first(path).data


@pytest.mark.parametrize("fields", [{"NBPR": "0002"}, {"NBPC": "0003"}])
def test_blocks_outside_of_an_image_are_copied_though_not_read(tmp_path, fields):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    path.write_bytes(nitf_make.file(images=[nitf_make.image(DATA, block=(30, 20), **fields)]))
    with IO.open([path]) as reader:
        asset = reader.get_asset("image:0")
        assert (asset.num_rows, asset.num_columns) == (20, 30)
        with pytest.raises(UnsupportedError, match="outside"):
            asset.get_block(0, 0)
    copy(path, again)
    assert first(again).data == first(path).data


def test_a_thousandth_segment_is_refused_when_it_is_added(ntf):
    with IO.open([ntf], "w", "nitf") as writer:
        for number in range(999):
            writer.add_asset(f"text:{number}", BufferedTextAssetProvider.create(f"text:{number}", "x"))
        with pytest.raises(OptionError, match="NUMT"):
            writer.add_asset("more", BufferedTextAssetProvider.create("more", "x"))
    assert len(parse(ntf).texts) == 999


# Warnings.

def test_a_warning_that_is_an_error_leaves_no_file(ntf):
    writer = IO.open([ntf], "w", "nitf")
    writer.add_asset("image:0", provider(DATA, {"IALVL": 0}))
    writer.metadata["CLEVEL"] = "03"
    writer.add_asset("image:1", provider(image((1, 3000, 30), "uint8"), key="image:1"))
    with warnings.catch_warnings():
        warnings.simplefilter("error", OsmlWarning)
        with pytest.raises(ConformanceWarning, match="CLEVEL"):
            writer.close()
    assert not ntf.exists() and list(ntf.parent.iterdir()) == []


def test_warnings_of_a_refused_asset_are_not_those_of_the_next(ntf):
    with IO.open([ntf], "w", "nitf") as writer:
        with heard() as caught, pytest.raises(OptionError, match="IDATIM"):
            writer.add_asset("image:0", provider(DATA, {"259": 1, "IDATIM": "now"}))
        assert caught == []
        with quiet():
            writer.add_asset("image:0", provider(DATA))


def test_xml_warns_that_its_check_sum_is_not_computed(ntf):
    write(ntf, BufferedDataAssetProvider.create("data:0", b"<a/>", "application/xml"))
    found = parse(ntf).des[0]
    assert (found.text("DESID"), found["DESSHL"], found.user) == ("XML_DATA_CONTENT", "0005", b"99999")
    jbpy_check(ntf)


def test_a_stream_target_that_cannot_seek_holds_the_same(tmp_path):
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.content = b""

        def writable(self):
            return True

        def write(self, data):
            self.content += bytes(data)
            return len(data)

    pipe, path = Pipe(), tmp_path / "a.ntf"
    metadata = {"IDATIM": "20240101000000"}
    for target in (pipe, path):
        write(target, provider(DATA, metadata), metadata={"FDT": "20240101000000"})
    assert pipe.content == path.read_bytes()


def test_the_warning_for_a_filled_block_has_the_value(ntf):
    with heard() as caught:
        write(ntf, sparse(DATA, {(0, 0)}, (16, 16), {"IC": "NC", "TPXCD": 5}))
    assert any(category is PaddingWarning and "with 5" in text for category, text in caught)
    assert imread(ntf)[0, 19, 29] == 5


# Wrong keys and values.

@pytest.mark.parametrize("name,title", [("FTITLE", "file header"), ("OSTAID", "file header"), ("TXTITL", "text"), ("OPHONE", "file header")])
def test_a_field_of_another_header_is_not_a_tre(ntf, name, title):
    with warned(MetadataWarning, name, title):
        write(ntf, provider(DATA, {name: "x"}))
    assert first(ntf).tres == []


@pytest.mark.parametrize("value", ["x", b"x", 5, [{"LUTS": "abc"}], [{"LUTS": 5}], [{"LUTS": bytes(256)}], [{"LUTS": [[1, 999]]}]])
def test_bands_of_a_wrong_type_are_refused(ntf, value):
    with pytest.raises(OptionError, match="BAND_INFO|LUT"):
        write(ntf, provider(DATA, {"BAND_INFO": value}))


@pytest.mark.parametrize("name,value", [("ICAT", ["SAR"]), ("NPPBH", [64]), ("TGTID", (1, 2)), ("XQZW01", [1, 2]), ("XQZW01", [[b"a"]])])
def test_a_list_instead_of_one_value_is_refused(ntf, name, value):
    with pytest.raises(OptionError, match=name):
        write(ntf, provider(DATA, {name: value}))


def test_tables_and_bytes_may_come_as_arrays(ntf):
    tables = np.arange(768).reshape(3, 256).astype(np.uint8)
    with quiet():
        write(ntf, provider(DATA, {"BAND_INFO": [{"LUTS": tables}]}), metadata={"FBKGC": (1, 2, 3)})
    assert first(ntf).bands[0]["LUTS"] == [bytes(table) for table in tables]
    assert parse(ntf).header["FBKGC"] == "\1\2\3"


def test_several_tres_of_a_tag_may_come_as_a_list(ntf):
    with quiet():
        write(ntf, provider(DATA, {"XQZW01": [b"a", b"bc"], "STDIDC": [{"PASS": "01"}, {"PASS": "02"}]}))
    assert first(ntf).tags() == ["XQZW01", "XQZW01", "STDIDC", "STDIDC"]
    assert first(ntf).tre("XQZW01", 1) == b"bc" and first(ntf).tre("STDIDC", 1)[28:30] == b"02"


def test_dates_of_extensions(ntf):
    import datetime

    for value in (datetime.datetime(2024, 1, 2, 3, 4, 5), "20240102030405"):
        write(ntf, provider(DATA, {"STDIDC": {"ACQUISITION_DATE": value}}))
        assert first(ntf).tre("STDIDC")[:14] == b"20240102030405"
    with pytest.raises(OptionError, match="LINE_OFF"):
        write(ntf, provider(DATA, {"RPC00B": {"LINE_OFF": -1}}))


@pytest.mark.parametrize("value", ["XXX", 5])
def test_a_wrong_format_of_a_text_is_named(ntf, value):
    with pytest.raises(OptionError, match="TXTFMT.*MTF, STA, UT1, U8S"):
        write(ntf, BufferedTextAssetProvider.create("text:0", "é", metadata={"TXTFMT": value}))


def test_corners_of_another_size_are_a_warning(tmp_path):
    path, part = tmp_path / "a.ntf", tmp_path / "b.ntf"
    save(path, image((1, 200, 300), "uint8"), corners=[(10, 50), (13, 50), (13, 48), (10, 48)], crs=4326)
    with warned(MetadataWarning, "IGEOLO", "200 rows"):
        save(part, imread(path, window=(0, 0, 30, 20)), metadata=iminfo(path).metadata)
    with quiet():
        save(part, imread(path), metadata=iminfo(path).metadata)
    assert iminfo(part).corners == iminfo(path).corners


def test_texts_of_an_image_replace_those_of_copied_metadata(tmp_path):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    write(path, provider(DATA, title="old"))
    metadata = BufferedMetadataProvider(source=IO.open([path]).get_asset("image:0").metadata)
    write(again, provider(DATA, metadata, title="new", description="a description"))
    assert (first(again).text("IID1"), first(again).text("IID2")) == ("new", "a description")


@pytest.mark.parametrize("precise", [False, True])
def test_images_with_extensions_become_tiff_files(tmp_path, precise):
    path, tif = tmp_path / "a.ntf", tmp_path / "a.tif"
    save(path, DATA, transform=(10, 0.1, 0, 50, 0, -0.1), crs=4326, precise=precise)
    with heard(), IO.open([path]) as reader, IO.open([tif], "w") as writer:
        writer.add_asset("image:0", reader.get_asset("image:0"))
    assert_same(imread(tif), DATA)


# What a review found.

@pytest.mark.parametrize("area,item,udofl", [("UDID", 5, 0), ("FOOO", 1, 0), ("TXSHD", 1, 0)])
def test_an_overflow_without_an_owner_is_a_warning_and_copied(tmp_path, area, item, udofl):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    orphan = nitf_make.overflow_des(area, item, nitf_make.tre("ZZZAAA", b"hello orphan"))
    path.write_bytes(nitf_make.file(images=[nitf_make.image(DATA)], des=[orphan]))
    with heard() as caught:
        copy(path, again)
    assert any(category is FileWarning and "data:0" in text for category, text in caught)
    with heard(), IO.open([again]) as reader:
        kept = reader.get_asset("data:0")
        assert (kept.metadata["DESOFLW"].strip(), int(kept.metadata["DESITEM"])) == (area, item)
        assert b"hello orphan" in kept.raw_asset.read() and kept.roles == ["data"]


def test_the_second_overflow_of_an_area_stays_apart_from_the_first(tmp_path):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    made = [nitf_make.overflow_des("UDID", 1, nitf_make.tre(tag, b"x" * 50)) for tag in ("ZZZAAA", "ZZZBBB")]
    path.write_bytes(nitf_make.file(images=[nitf_make.image(DATA, udofl=2)], des=made))
    for source in (path, again):
        with heard(), IO.open([source]) as reader:
            metadata = reader.get_asset("image:0").metadata
            assert "ZZZBBB" in metadata and "ZZZAAA" not in metadata
        if source is path:
            with heard():
                copy(path, again)
    assert b"ZZZAAA" in again.read_bytes()


def test_segments_of_a_divided_image_keep_their_own_fields(tmp_path):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    both, own = nitf_make.tre("ZZZAAA", b"both"), nitf_make.tre("ZZZBBB", b"own of the second")
    parts = [nitf_make.image(DATA, ixshd=both, comments=("a",)),
             nitf_make.image(DATA, ixshd=both + own, comments=("a", "b"), IDLVL=2, IALVL=1, ILOC="0002000000")]
    path.write_bytes(nitf_make.file(images=parts))
    copy(path, again)
    assert first(again).tags() == ["ZZZAAA", "ZZZBBB"]
    assert [text.strip() for text in first(again).comments] == ["a", "b"]


@pytest.mark.parametrize("dtype,metadata,pad", [("uint16", {"NBPP": 12}, 5000), ("uint8", {"NBPP": 1}, 2), ("int16", {"NBPP": 12}, -3000),
                                                ("uint16", {"ABPP": 10, "PJUST": "L"}, 1024)])
def test_a_pad_code_of_too_many_bits_is_refused(ntf, dtype, metadata, pad):
    with pytest.raises(OptionError, match="TPXCD.*bits"):
        write(ntf, provider(np.zeros((1, 20, 30), dtype), {"IC": "NM", "TPXCD": pad, **metadata}))
    assert not ntf.exists()


@pytest.mark.parametrize("shape,metadata", [((1, 1500, 1000), {}), ((1, 17, 7), {"NBPP": 12})])
def test_pads_are_noted_only_if_they_exist(ntf, shape, metadata):
    write(ntf, provider(np.ones(shape, "uint16" if metadata else "uint8"), {"IC": "NM", "TPXCD": 255, **metadata}))
    assert mask(first(ntf)).pads == [0xFFFFFFFF]


def test_what_was_changed_in_a_plain_mapping_is_written_or_refused(tmp_path):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    write(path, provider(DATA, {"TGTID": "T"}))
    file = dict(IO.open([path]).metadata.entries())
    plain = dict(IO.open([path]).get_asset("image:0").metadata.entries())
    write(again, provider(DATA, plain), metadata={**file, "FDT": "20200101000000", "CLEVEL": "09"})
    assert (parse(again).header["FDT"], parse(again).header["CLEVEL"]) == ("20200101000000", "09")
    for name, value in [("IGEOLO", "x" * 60), ("IMAG", "big ")]:
        with pytest.raises(OptionError, match=name):
            write(again, provider(DATA, {**plain, "ICORDS": "G", "IGEOLO": "500000N0100000E" * 4, name: value}))


def test_padding_hides_no_sample_of_too_many_bits(ntf):
    data = np.full((1, 20, 30), 4000, np.uint16)
    for pad in ({}, {"TPXCD": 65535}):
        with warned(ConformanceWarning, "ABPP"):
            write(ntf, provider(data, {"IC": "NM", "ABPP": 11, **pad}))
    data[:] = 65535
    with quiet():
        write(ntf, provider(data, {"IC": "NM", "ABPP": 11, "TPXCD": 65535}))


@pytest.mark.parametrize("title,description", [("Overview 1", "Overview 11"), ("Quickbird2", "Quickbird2 scene"), ("x", "x"), ("short", "d" * 100),
                                               ("a long title of the scene", "d" * 100)])
def test_titles_and_descriptions_that_look_alike_come_back(tmp_path, title, description):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    with quiet():
        write(path, provider(DATA, title=title, description=description))
    with IO.open([path]) as reader:
        asset = reader.get_asset("image:0")
        assert (asset.title, asset.description) == (title, description)
        write(again, (asset, "another"))
    with IO.open([again]) as reader:
        assert (reader.get_asset("image:0").title, reader.get_asset("image:0").description) == ("another", description)


def test_a_file_with_a_damaged_header_is_copied(tmp_path):
    path, again = tmp_path / "a.ntf", tmp_path / "b.ntf"
    content = bytearray(nitf_make.file(images=[nitf_make.image(DATA)], texts=[nitf_make.text()]))
    content[content.index(b"TE") - 20] = 0xB0
    for at in range(360, 388):
        damaged = bytearray(content)
        damaged[at] ^= 0x55
        path.write_bytes(damaged)
        with heard():
            try:
                with IO.open([path]) as reader:
                    keys = list(reader)
            except Exception:
                continue
            if keys:
                copy(path, again)
                assert_same(imread(again), DATA)


def test_every_default_of_a_representation_conforms(ntf):
    for name, bands in [("POLAR", 2), ("VPH", 2), ("MULTI", 2), ("MONO", 1), ("NODISPLY", 4), ("RGB", 3), ("NVECTOR", 3)]:
        write(ntf, provider(image((bands, 9, 9), "uint8"), {"IREP": name}), strict=True)
        assert first(ntf).text("IREP") == name


def test_filling_an_expanded_image_takes_what_its_colours_can_be(ntf):
    info = [{"LUTS": [bytes(256)] * 3}]
    write(ntf, sparse(DATA, {(0, 0)}, (16, 16), {"IC": "NM", "BAND_INFO": info}))
    for value in (300, -1, float("nan"), 7.5):
        with pytest.raises(OptionError, match="fill_value"):
            imread(ntf, expand=True, fill_value=value)
    assert (imread(ntf, expand=True, fill_value=300, window=(0, 0, 9, 9)) == 0).all()


def test_the_place_of_a_character_is_that_in_the_callers_text(ntf):
    with pytest.raises(OptionError, match="number 3"):
        write(ntf, BufferedTextAssetProvider.create("text:0", "a\n\n\tb", metadata={"TXTFMT": "STA"}))


# Other formats.

UTM = {"crs": 32618, "transform": (300000.25, 10, 0, 4500000.75, 0, -10)}
DEGREES = {"crs": 4326, "transform": (10, 1e-4, 0, 50, 0, -1e-4)}


@pytest.mark.parametrize("place", [UTM, DEGREES], ids=["utm", "degrees"])
@pytest.mark.parametrize("source,target", [("ntf", "tif"), ("tif", "ntf"), ("nsf", "tif")])
def test_an_image_keeps_its_place_and_nodata_in_another_format(tmp_path, source, target, place):
    path, again = tmp_path / f"a.{source}", tmp_path / f"b.{target}"
    with heard():
        imsave(path, DATA, nodata=7, **place, **({} if source == "tif" else {"precise": True}))
    with heard() as caught, IO.open([path]) as reader, IO.open([again], "w") as writer:
        writer.add_asset("image:0", reader.get_asset("image:0"))
    assert caught == []
    old, new = iminfo(path), iminfo(again)
    assert (new.crs, new.nodata) == (old.crs, 7)
    assert np.allclose(new.corners, old.corners, atol=0.2 if place is UTM else 1e-6)
    assert_same(imread(again), DATA)
    gdal_agrees(again, DATA)


def test_a_georeference_that_another_format_cannot_hold_is_a_warning(tmp_path):
    path, png, ntf = tmp_path / "a.tif", tmp_path / "b.png", tmp_path / "b.ntf"
    imsave(path, DATA, crs=3857, transform=(0, 10, 0, 0, 0, -10), nodata=3)
    for target in (png, ntf):
        with heard() as caught, IO.open([path]) as reader, IO.open([target], "w") as writer:
            writer.add_asset("image:0", reader.get_asset("image:0"))
        assert any("georeference" in text for _, text in caught)
        assert_same(imread(target), DATA)
    assert iminfo(ntf).nodata == 3


@pytest.mark.parametrize("encoding", ["latin-1", "bogus"])
def test_an_encoding_that_cannot_hold_a_text_is_an_error_of_the_package(encoding):
    with pytest.raises(OptionError, match=encoding):
        BufferedTextAssetProvider.create("text:0", "€", encoding)
