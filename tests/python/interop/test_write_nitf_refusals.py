"""A value that does not fit a NITF field is refused before the target is touched. The error names field, value and allowed
values. Findings are warnings, or errors if strict."""
import datetime

import numpy as np
import pytest
from aws.osml.io import (IO, BufferedDataAssetProvider, BufferedGraphicAssetProvider, BufferedTextAssetProvider, ConformanceWarning, FormatError,
                         MetadataWarning, OptionError, imread, imsave)
from testkit import nitf_make
from testkit.arrays import image
from testkit.nitf_bytes import parse
from testkit.nitf_ours import heard, provider, quiet, save, warned, write
from testkit.readers import listing

DATA = image((1, 20, 30), "uint8")


@pytest.fixture
def ntf(tmp_path):
    path = tmp_path / "a.ntf"
    path.write_bytes(b"as it was")
    return path


def assert_refused(path, name, value, *assets, allowed="", **options):
    """The error names field, value and allowed values; the target and its folder are as before."""
    with pytest.raises(OptionError) as caught:
        write(path, *assets, **options)
    text = str(caught.value)
    assert name in text, text
    shown = str(value) if not isinstance(value, str) else value[:20]
    assert shown in text or repr(value) in text, f"{shown!r} is not in: {text}"
    assert allowed.lower() in text.lower(), text
    assert path.read_bytes() == b"as it was"
    assert listing(path.parent) == ["a.ntf"]


TOO_LONG = [("IID1", "12345678901", "10"), ("IID2", "x" * 81, "80"), ("TGTID", "x" * 18, "17"), ("ISORCE", "x" * 43, "42"), ("ISREL", "x" * 21, "20"),
            ("ISCLTX", "x" * 44, "43"), ("IMAG", "1.2345", "4"), ("ICAT", "VISVISVIS", ""), ("IDLVL", 1000, "999"), ("IALVL", 999, "998"),
            ("ILOC", [100000, 0], ""), ("ILOC", "000000000000", "")]


@pytest.mark.parametrize("name,value,allowed", TOO_LONG)
def test_values_too_long_for_an_image_field(ntf, name, value, allowed):
    assert_refused(ntf, name, value, provider(DATA, {name: value}), allowed=allowed)


WRONG = [("IDATIM", "20241331000000", ""), ("IDATIM", "20240131250000", ""), ("ISCLAS", "X", "U"), ("ISDCTP", "ZZ", "DD"),
         ("ISDCDT", "20241301", ""), ("PJUST", "C", "L"), ("IC", "ZZ", "NC"), ("IDLVL", 0, "1"), ("IDLVL", "-01", ""), ("IDLVL", "abc", ""),
         ("ICORDS", "Q", ""), ("IID2", "Ω", ""), ("TGTID", "é", ""), ("IMAG", "big", ""), ("IID1", "", ""), ("IID1", "a-b", ""), ("ENCRYP", "1", "0"),
         ("ISYNC", 4, "0")]


@pytest.mark.parametrize("name,value,allowed", WRONG)
def test_values_outside_the_allowed_ones(ntf, name, value, allowed):
    assert_refused(ntf, name, value, provider(DATA, {name: value}), allowed=allowed)


FILE_WRONG = [("OSTAID", "x" * 11, "10"), ("OSTAID", " ", ""), ("FTITLE", "x" * 81, "80"), ("FSCLAS", "Q", "U"), ("FDT", "now", ""), ("FBKGC", b"\0\0", "3"),
              ("FSCOP", 100000, "99999"), ("CLEVEL", "xx", ""), ("ENCRYP", "1", "0"), ("STYPE", "BF02", "BF01"), ("ONAME", "x" * 25, "24")]


@pytest.mark.parametrize("name,value,allowed", FILE_WRONG)
def test_values_of_the_file_header(ntf, name, value, allowed):
    assert_refused(ntf, name, value, provider(DATA), metadata={name: value}, allowed=allowed)


TEXT_WRONG = [("TEXTID", "12345678", "7"), ("TXTFMT", "TXT", "STA"), ("TXTALVL", 999, "998"), ("TXTITL", "x" * 81, "80"), ("TXTDT", "today", "")]


@pytest.mark.parametrize("name,value,allowed", TEXT_WRONG)
def test_values_of_a_text_segment(ntf, name, value, allowed):
    assert_refused(ntf, name, value, BufferedTextAssetProvider.create("text:0", "hello", metadata={name: value}), allowed=allowed)


GRAPHIC_WRONG = [("SID", "12345678901", "10"), ("SDLVL", 0, "1"), ("SCOLOR", "X", "C"), ("SFMT", "B", "C"), ("SLOC", "x", ""), ("SNAME", "x" * 21, "20")]


@pytest.mark.parametrize("name,value,allowed", GRAPHIC_WRONG)
def test_values_of_a_graphic_segment(ntf, name, value, allowed):
    assert_refused(ntf, name, value, BufferedGraphicAssetProvider.create("graphic:0", b"\0\x20\0\x40", metadata={name: value}), allowed=allowed)


DES_WRONG = [("DESID", "x" * 26, "25"), ("DESVER", 100, "99"), ("DESVER", 0, "1"), ("DESSHF", b"x" * 10000, "9999")]


@pytest.mark.parametrize("name,value,allowed", DES_WRONG)
def test_values_of_a_data_segment(ntf, name, value, allowed):
    asset = BufferedDataAssetProvider.create("data:0", b"abc", metadata={"DESID": "MINE", name: value})
    if name == "DESSHF":
        value = ""
    assert_refused(ntf, name, value, asset, allowed=allowed)


def test_a_refused_image_leaves_the_writer_usable(ntf):
    with IO.open([ntf], "w") as writer:
        with pytest.raises(OptionError, match="IID2"):
            writer.add_asset("image:0", provider(DATA, {"IID2": "x" * 81}))
        writer.add_asset("image:0", provider(DATA, {"IID2": "short"}))
    assert parse(ntf).images[0].text("IID2") == "short"
    assert len(parse(ntf).images) == 1


def test_metadata_of_the_file_that_does_not_fit_leaves_the_target_at_close(ntf):
    writer = IO.open([ntf], "w")
    writer.add_asset("image:0", provider(DATA))
    with pytest.raises(OptionError, match="FTITLE"):
        writer.metadata = {"FTITLE": "x" * 81}
        writer.close()
    writer.abort()
    assert ntf.read_bytes() == b"as it was"


@pytest.mark.parametrize("key", ["IIDD2", "nppbh", "IID3"])
def test_an_unknown_key_names_itself_and_is_refused(ntf, key):
    with pytest.raises(OptionError, match=key):
        write(ntf, provider(DATA, {key: "value-of-it"}))
    assert b"value-of-it" not in ntf.read_bytes()


def test_a_key_of_another_format_names_itself_and_is_not_written(ntf):
    with warned(MetadataWarning, "GeoTIFF"):
        write(ntf, provider(DATA, {"GeoTIFF": "value-of-it"}))
    assert b"value-of-it" not in ntf.read_bytes()


def test_an_unknown_key_of_the_file_metadata(ntf):
    with pytest.raises(OptionError, match="FTITEL.*FTITLE"):
        write(ntf, provider(DATA), metadata={"FTITEL": "x"})


def test_hints_for_jpeg_2000_are_silent(ntf):
    with quiet():
        write(ntf, provider(DATA, {"J2K_DECOMPOSITION_LEVELS": "5", "J2K_QUALITY_LAYERS": "1"}))
    assert b"J2K" not in ntf.read_bytes()


def test_keys_of_other_formats_are_warnings_however_strict(ntf):
    with heard() as found:
        write(ntf, provider(DATA, {"PNG_GAMMA": 1}), strict=True)
    assert any("PNG_GAMMA" in text for _, text in found)


# Each breaks one rule of the standard, but every value fits its field.
FINDINGS = [({"IREP": "RGB"}, (1, 20, 30), "IREP"), ({"IREP": "MONO"}, (3, 20, 30), "IREP"), ({"ISCLAS": "S"}, (1, 20, 30), "ISCLAS|FSCLAS|ISCLSY"),
            ({"ISCLAS": "U", "ISDCTP": "DD"}, (1, 20, 30), "ISDCDT|ISDCTP")]


@pytest.mark.parametrize("metadata,shape,word", FINDINGS)
def test_a_finding_is_a_warning_with_its_place_and_strictly_an_error(ntf, metadata, shape, word):
    data = image(shape, "uint8")
    with heard() as found:
        write(ntf, provider(data, metadata))
    texts = [text for category, text in found if issubclass(category, ConformanceWarning)]
    assert texts and any(name in text for text in texts for name in word.split("|")), found
    assert (imread(ntf) == data).all()
    ntf.write_bytes(b"as it was")
    with pytest.raises(OptionError, match=word):
        write(ntf, provider(data, metadata), strict=True)
    assert ntf.read_bytes() == b"as it was"


def test_a_conforming_file_is_written_strictly_without_a_word(ntf):
    with quiet():
        write(ntf, provider(DATA, {"IID2": "x"}), metadata={"FTITLE": "y"}, strict=True)
        save(ntf, DATA, strict=True)
        imsave(ntf, np.zeros((12, 8, 8), np.uint16), compression="none", strict=True)


def test_findings_can_be_filtered_by_their_class(ntf):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConformanceWarning)
        write(ntf, provider(DATA, {"IREP": "RGB"}))


READ_FINDINGS = [{"STYPE": "    "}, {"OSTAID": ""}, {"FSCLAS": "X"}]


@pytest.mark.parametrize("header", READ_FINDINGS)
def test_reading_is_lenient_and_strictly_not(tmp_path, header):
    path = tmp_path / "b.ntf"
    path.write_bytes(nitf_make.file([nitf_make.image(DATA)], **header))
    assert (imread(path) == DATA).all()
    (name,) = header
    with pytest.raises(FormatError, match=name):
        IO.open([path], "r", strict=True)


def test_a_clean_file_of_another_writer_is_read_strictly(tmp_path):
    from testkit.nitf_judges import gdal_write

    gdal_write(tmp_path / "b.ntf", DATA)
    with quiet(), IO.open([tmp_path / "b.ntf"], "r", strict=True) as reader:
        assert reader.get_asset("image:0").num_columns == 30
