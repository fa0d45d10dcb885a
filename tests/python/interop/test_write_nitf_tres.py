"""Tagged record extensions (TREs) given as dicts, bytes or text: their bytes and position in the file, and their values in GDAL
and jbpy."""
import numpy as np
import pytest
import rasterio.shutil
from aws.osml.io import IO, BufferedMetadataProvider, BufferedTextAssetProvider, OptionError
from testkit import nitf_make
from testkit.arrays import image
from testkit.nitf_bytes import parse
from testkit.nitf_judges import gdal_open, gdal_tags, gdal_tres, jbpy_check
from testkit.nitf_ours import copy, heard, provider, quiet, warned, write

DATA = image((1, 20, 30), "uint8")
CHIP = {"XFRM_FLAG": "00", "SCALE_FACTOR": "0001.00000", "ANAMRPH_CORR": "00", "SCANBLK_NUM": "00", "OP_ROW_11": "00000000.500",
        "OP_COL_11": "00000000.500", "OP_ROW_12": "00000000.500", "OP_COL_12": "00000029.500", "OP_ROW_21": "00000019.500",
        "OP_COL_21": "00000000.500", "OP_ROW_22": "00000019.500", "OP_COL_22": "00000029.500", "FI_ROW_11": "00000200.500",
        "FI_COL_11": "00000100.500", "FI_ROW_12": "00000200.500", "FI_COL_12": "00000129.500", "FI_ROW_21": "00000219.500",
        "FI_COL_21": "00000100.500", "FI_ROW_22": "00000219.500", "FI_COL_22": "00000129.500", "FI_ROW": "00001000", "FI_COL": "00002000"}
CORNER = "+38.249000-077.499000"
BLOCK = {"BLOCK_INSTANCE": "01", "N_GRAY": "00000", "L_LINES": "00020", "LAYOVER_ANGLE": "000", "SHADOW_ANGLE": "359", "FRLC_LOC": CORNER,
         "LRLC_LOC": CORNER, "LRFC_LOC": CORNER, "FRFC_LOC": CORNER}
BLOCK_BYTES = b"010000000020000359" + b" " * 16 + CORNER.encode() * 4 + b"010.0"
ENGRDA = b"SENSOR".ljust(20) + b"002" + b"05LABEL00010003A1tC00000003xyz" + b"03ABC00010001I4NA00000004\x00\x01\x02\xff"


@pytest.fixture
def ntf(tmp_path):
    return tmp_path / "a.ntf"


def written(path, metadata, **options):
    write(path, provider(DATA, metadata), **options)
    return parse(path)


def read_back(path):
    with IO.open([path]) as reader:
        return BufferedMetadataProvider(source=reader.get_asset("image:0").metadata)


def test_a_tre_as_a_dict(ntf):
    with quiet():
        first = written(ntf, {"ICHIPB": CHIP}).images[0]
    assert [(t.area, t.tag) for t in first.tres] == [("IXSHD", "ICHIPB")]
    assert first.tre("ICHIPB") == "".join(CHIP.values()).encode() and len(first.tre("ICHIPB")) == 224
    assert (first["UDIDL"], first["IXSHDL"], first["IXSOFL"]) == ("00000", "00238", "000")
    ((tag, fields),) = gdal_tres(ntf)
    assert tag == "ICHIPB" and fields["FI_ROW_11"] == "00000200.500" and fields["FI_COL"] == "00002000"
    assert dict(read_back(ntf)["ICHIPB"]) == CHIP


def test_jbpy_reads_the_fields_of_a_tre(ntf):
    pytest.importorskip("jbpy")
    written(ntf, {"ICHIPB": CHIP})
    found = jbpy_check(ntf)["ImageSegments"][0]["subheader"]["IXSHD"][0]
    assert (float(found["FI_COL_11"].value), float(found["OP_ROW_22"].value)) == (100.5, 19.5)


def test_typed_values_fill_the_fields(ntf):
    typed = {"FI_ROW": 1000, "FI_COL": 2000, "FI_COL_11": 100.5, "SCALE_FACTOR": 1.0, "XFRM_FLAG": 0}
    content = written(ntf, {"ICHIPB": {**CHIP, **typed}}).images[0].tre("ICHIPB").decode()
    assert len(content) == 224
    assert content[:2] == "00" and content[-16:] == "0000100000002000", "integers are padded with zeros"
    at = 0
    for name, text in CHIP.items():
        assert float(content[at:at + len(text)]) == float(text), name
        at += len(text)


def test_the_order_of_the_dict_does_not_matter(ntf):
    assert written(ntf, {"BLOCKA": dict(reversed(BLOCK.items()))}).images[0].tre("BLOCKA") == BLOCK_BYTES


def test_missing_fields_have_defaults_that_conform(ntf):
    first = written(ntf, {"BLOCKA": {name: CORNER for name in ("FRLC_LOC", "LRLC_LOC", "LRFC_LOC", "FRFC_LOC")}, "ICHIPB": {"XFRM_FLAG": "01"}}).images[0]
    content = first.tre("BLOCKA")
    assert len(content) == 123 and content[34:118] == CORNER.encode() * 4
    assert len(first.tre("ICHIPB")) == 224
    assert (first.tre("ICHIPB") + content[:34]).strip(b" ").decode("ascii").isprintable()


@pytest.mark.parametrize("wrong,near", [("FRLC_LOCC", "FRLC_LOC"), ("NGRAY", "N_GRAY"), ("l_lines", "L_LINES")])
def test_a_misspelt_field_is_an_error_with_the_nearest_name(ntf, wrong, near):
    with pytest.raises(OptionError) as caught:
        written(ntf, {"BLOCKA": {wrong: "0"}})
    assert all(word in str(caught.value) for word in ("BLOCKA", wrong, near)), caught.value
    assert not ntf.exists()


@pytest.mark.parametrize("name,value", [("N_GRAY", 100000), ("N_GRAY", "123456"), ("FRLC_LOC", "x" * 22), ("L_LINES", "many"), ("N_GRAY", -1),
                                        ("SHADOW_ANGLE", 1.5)])
def test_a_value_that_does_not_fit_is_an_error_naming_tre_field_and_value(ntf, name, value):
    with pytest.raises(OptionError) as caught:
        written(ntf, {"BLOCKA": {**BLOCK, name: value}})
    assert all(str(word)[:20] in str(caught.value) for word in ("BLOCKA", name, value)), caught.value
    assert not ntf.exists()


def test_groups_with_counts_and_binary_values(ntf):
    content = nitf_make.file([nitf_make.image(DATA, ixshd=nitf_make.tre("ENGRDA", ENGRDA))])
    ntf.write_bytes(content)
    tre = read_back(ntf)["ENGRDA"]
    assert (tre["RESRC"].rstrip(), int(tre["RECNT"])) == ("SENSOR", 2)
    (records,) = [value for value in tre.values() if isinstance(value, list)]
    assert [record["ENGLBL"] for record in records] == ["LABEL", "ABC"]
    data = records[1]["ENGDATA"]
    assert (data if isinstance(data, bytes) else data.encode("latin-1")) == b"\x00\x01\x02\xff"
    assert written(ntf, {"ENGRDA": tre}).images[0].tre("ENGRDA") == ENGRDA
    shorter = {**tre, **{name: value[:1] for name, value in tre.items() if isinstance(value, list)}}
    shorter.pop("RECNT")
    first = written(ntf, {"ENGRDA": shorter}).images[0]
    assert first.tre("ENGRDA") == ENGRDA[:20] + b"001" + ENGRDA[23:53], "the count follows from the list"


def test_a_count_that_contradicts_the_list_is_an_error(ntf):
    ntf.write_bytes(nitf_make.file([nitf_make.image(DATA, ixshd=nitf_make.tre("ENGRDA", ENGRDA))]))
    tre = dict(read_back(ntf)["ENGRDA"])
    tre["RECNT"] = "003"
    with pytest.raises(OptionError, match="RECNT"):
        written(ntf, {"ENGRDA": tre})


@pytest.mark.parametrize("value", [BLOCK_BYTES, BLOCK_BYTES.decode(), bytearray(BLOCK_BYTES)])
def test_a_known_tre_as_its_body(ntf, value):
    with quiet():
        assert written(ntf, {"BLOCKA": value}).images[0].tre("BLOCKA") == BLOCK_BYTES
    assert gdal_tags(ntf, "TRE")["BLOCKA"].encode() == BLOCK_BYTES


@pytest.mark.parametrize("tag,value,body", [("ABCDEF", b"\0\1\xff", b"\0\1\xff"), ("X", b"one", b"one"), ("MY_TRE", b"a b", b"a b"), ("QWERTY", "text é", "text é".encode("latin-1")),
                                            ("ABC123", "0123", b"0123"), ("lower", b"x", b"x")])
def test_unknown_tags_take_bytes_and_six_capitals_take_text(ntf, tag, value, body):
    with quiet():
        first = written(ntf, {tag: value}).images[0]
    assert [(t.area, t.tag, t.data) for t in first.tres] == [("IXSHD", tag, body)]
    found = read_back(ntf)[tag]
    assert bytes(found) == body, "read as bytes"


@pytest.mark.parametrize("key,value", [("ABCDE", "text"), ("Abcdef", "text"), ("ABCDEFG", b"bytes"), ("TOOLONGKEY", "x")])
def test_other_keys_are_not_tres(ntf, key, value):
    with pytest.raises(OptionError, match=key):
        written(ntf, {key: value})


def test_a_value_no_tre_can_have_is_an_error_or_a_warning_not_nothing(ntf):
    with heard() as found:
        try:
            written(ntf, {"BLOCKA": 17})
        except (OptionError, TypeError) as error:
            assert "BLOCKA" in str(error)
        else:
            assert any("BLOCKA" in text for _, text in found)


def test_repeated_tags_keep_their_order(ntf):
    metadata = BufferedMetadataProvider()
    for i, tag in enumerate(["AAAAAA", "BBBBBB", "AAAAAA", "CCCCCC", "BBBBBB", "AAAAAA"]):
        metadata.append(tag, b"%d" % i)
    first = written(ntf, metadata).images[0]
    by_tag = {tag: [t.data for t in first.tres if t.tag == tag] for tag in ("AAAAAA", "BBBBBB", "CCCCCC")}
    assert by_tag == {"AAAAAA": [b"0", b"2", b"5"], "BBBBBB": [b"1", b"4"], "CCCCCC": [b"3"]}
    found = read_back(ntf)
    assert [bytes(v) for v in found.get_all("AAAAAA")] == [b"0", b"2", b"5"]
    before = ntf.read_bytes()
    second = written(ntf, found)
    assert [(t.tag, t.data) for t in second.images[0].tres] == [(t.tag, t.data) for t in parse(before).images[0].tres]


def test_tres_of_the_file_stand_in_the_file_header(ntf):
    header = BufferedMetadataProvider()
    header["GEOLOB"] = {"ARV": 360000, "BRV": 360000, "LSO": -77.5, "PSO": 38.25}
    header.append("FILTRE", b"\0x")
    write(ntf, provider(DATA), metadata=header)
    found = parse(ntf)
    assert [(t.area, t.tag) for t in found.header.tres] == [("XHD", "GEOLOB"), ("XHD", "FILTRE")]
    assert found.header["UDHDL"] == "00000" and found.images[0].tres == []
    content = found.header.tre("GEOLOB").decode()
    assert (len(content), float(content[:9]), float(content[18:33]), float(content[33:])) == (48, 360000, -77.5, 38.25)
    assert found.header.tre("FILTRE") == b"\0x"
    jbpy_check(ntf)
    with IO.open([ntf]) as reader:
        assert bytes(reader.metadata["FILTRE"]) == b"\0x"


def both_areas(path):
    area = {name: nitf_make.tre(name, body) for name, body in (("AAAAAA", b"1"), ("BBBBBB", b"22"), ("CCCCCC", b"333"))}
    path.write_bytes(nitf_make.file([nitf_make.image(DATA, udid=area["BBBBBB"] + nitf_make.tre("AAAAAA", b"in UDID"), ixshd=area["AAAAAA"] + area["CCCCCC"])],
                                    udhd=area["CCCCCC"], xhd=area["BBBBBB"] + area["CCCCCC"]))
    return parse(path)


def areas(segment):
    return [(t.area, t.tag, t.data) for t in segment.tres]


def test_a_copy_keeps_each_tre_in_its_area(tmp_path):
    before = both_areas(tmp_path / "a.ntf")
    copy(tmp_path / "a.ntf", tmp_path / "b.ntf")
    after = parse(tmp_path / "b.ntf")
    assert areas(after.images[0]) == areas(before.images[0])
    assert areas(after.header) == areas(before.header)


def test_copied_metadata_keeps_areas_and_takes_new_and_less(tmp_path, ntf):
    both_areas(tmp_path / "b.ntf")
    metadata = read_back(tmp_path / "b.ntf")
    metadata["NEWTRE"] = b"new"
    metadata["BBBBBB"] = b"changed"
    del metadata["CCCCCC"]
    first = written(ntf, metadata).images[0]
    assert sorted(areas(first)) == [("IXSHD", "AAAAAA", b"1"), ("IXSHD", "NEWTRE", b"new"), ("UDID", "AAAAAA", b"in UDID"), ("UDID", "BBBBBB", b"changed")]


def test_a_tre_that_belies_its_layout_is_carried_as_bytes_with_a_warning(tmp_path):
    from aws.osml.io import OsmlWarning

    bad = b"01" + b"x" * 60
    (tmp_path / "a.ntf").write_bytes(nitf_make.file([nitf_make.image(DATA, ixshd=nitf_make.tre("BLOCKA", bad) + nitf_make.tre("ICHIPB", "".join(CHIP.values()).encode()))]))
    with warned(OsmlWarning, "BLOCKA"):
        found = read_back(tmp_path / "a.ntf")
    assert bytes(found["BLOCKA"]) == bad
    assert found["ICHIPB"]["FI_COL"] == "00002000", "the TREs behind it are still read"
    with heard():
        copy(tmp_path / "a.ntf", tmp_path / "b.ntf")
    assert parse(tmp_path / "b.ntf").images[0].tre("BLOCKA") == bad


def test_an_unknown_tre_is_bytes_without_a_warning(tmp_path):
    (tmp_path / "a.ntf").write_bytes(nitf_make.file([nitf_make.image(DATA, ixshd=nitf_make.tre("WHATIS", b"\xff\0it"))]))
    with quiet():
        assert read_back(tmp_path / "a.ntf")["WHATIS"] == b"\xff\0it"


def test_text_segments_have_tres_too(ntf):
    text = BufferedTextAssetProvider.create("text:0", "hello", metadata={"MYTEXT": b"\1\2"})
    write(ntf, text)
    assert areas(parse(ntf).texts[0]) == [("TXSHD", "MYTEXT", b"\1\2")]
    jbpy_check(ntf)


def rpcs():
    from rasterio.rpc import RPC

    coefficients = [np.round(np.random.default_rng(i).normal(0, 1e-3, 20), 8).tolist() for i in range(4)]
    for row, values in enumerate(coefficients):
        values[0] = float(row % 2)
    return RPC(height_off=100.0, height_scale=500.0, lat_off=38.25, lat_scale=0.1, line_den_coeff=coefficients[1], line_num_coeff=coefficients[0],
               line_off=1000.0, line_scale=1000.0, long_off=-77.5, long_scale=0.1, samp_den_coeff=coefficients[3], samp_num_coeff=coefficients[2],
               samp_off=1500.0, samp_scale=1500.0, err_bias=1.0, err_rand=0.5)


def test_the_rpc_of_a_gdal_file_survives_a_copy_and_a_rewrite_from_its_dict(tmp_path, ntf):
    with gdal_open(tmp_path / "g.tif", "w", driver="GTiff", width=30, height=20, count=1, dtype="uint8", rpcs=rpcs()) as dst:
        dst.write(DATA)
    rasterio.shutil.copy(tmp_path / "g.tif", tmp_path / "g.ntf", driver="NITF", RPC00B="YES")
    original = parse(tmp_path / "g.ntf").images[0].tre("RPC00B")
    with gdal_open(tmp_path / "g.ntf") as src:
        expected = src.rpcs.to_dict()
    copy(tmp_path / "g.ntf", ntf)
    assert parse(ntf).images[0].tre("RPC00B") == original
    fields = dict(read_back(tmp_path / "g.ntf")["RPC00B"])
    assert written(ntf, {"RPC00B": fields}).images[0].tre("RPC00B") == original
    with gdal_open(ntf) as src:
        assert src.rpcs.to_dict() == expected
    jbpy_check(ntf)


def test_fields_of_a_tag_without_a_layout_are_refused(ntf):
    with pytest.raises(OptionError, match="QQQQQQ.*layout|layout.*QQQQQQ"):
        write(ntf, provider(DATA, {"QQQQQQ": {"A": "1"}}))
    assert not ntf.exists()
