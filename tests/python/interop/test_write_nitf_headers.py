"""The file header and the image subheader of every NITF we write: defaults that conform, values as given, and refusals that
change nothing."""
import datetime

import numpy as np
import pytest
from aws.osml.io import IO, MetadataWarning, OptionError, imread, iminfo
from testkit.arrays import image
from testkit.nitf_bytes import SECURITY, parse, table
from testkit.nitf_judges import gdal_tags, jbpy_check
from testkit.nitf_ours import heard, provider, quiet, save, warned, write

DATA = image((1, 20, 30), "uint8")
EPOCH = "1700000000"  # 2023-11-14 22:13:20 UTC
STAMP = "20231114221320"


@pytest.fixture
def ntf(tmp_path):
    return tmp_path / "a.ntf"


@pytest.fixture
def written(ntf):
    """Writes images with metadata and gives the parsed file; jbpy has found no fault with it."""
    def go(*metadata, data=DATA, header=None, format="nitf", **options):
        assets = [provider(data, m, key=f"image:{i}") for i, m in enumerate(metadata or [None])]
        write(ntf, *assets, metadata=header, format=format, **options)
        jbpy_check(ntf)
        return parse(ntf)
    return go


def test_a_file_without_any_metadata_conforms(written, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    with quiet():
        found = written()
    header, first = found.header, found.images[0]
    assert {name: header[name] for name in ("FHDR", "FVER", "CLEVEL", "STYPE", "OSTAID", "FDT", "FSCLAS", "FSCOP", "FSCPYS", "ENCRYP", "FBKGC")} == {
        "FHDR": "NITF", "FVER": "02.10", "CLEVEL": "03", "STYPE": "BF01", "OSTAID": "OSML-IO   ", "FDT": STAMP, "FSCLAS": "U", "FSCOP": "00000",
        "FSCPYS": "00000", "ENCRYP": "0", "FBKGC": "\0\0\0"}
    assert {header[name] for name in ("NUMX", "NUMS", "NUMT", "NUMDES", "NUMRES")} == {"000"} and header["NUMI"] == "001"
    assert (header["UDHDL"], header["XHDL"]) == ("00000", "00000")
    assert header["FTITLE"] == " " * 80
    assert {name: first[name] for name in ("IDATIM", "ISCLAS", "ENCRYP", "NROWS", "NCOLS", "PVTYPE", "IREP", "ICAT", "ABPP", "PJUST", "ICORDS",
                                           "NICOM", "IC", "NBANDS", "ISYNC", "IMODE", "IDLVL", "IALVL", "ILOC", "IMAG")} == {
        "IDATIM": STAMP, "ISCLAS": "U", "ENCRYP": "0", "NROWS": "00000020", "NCOLS": "00000030", "PVTYPE": "INT", "IREP": "MONO    ",
        "ICAT": "VIS     ", "ABPP": "08", "PJUST": "R", "ICORDS": " ", "NICOM": "0", "IC": "NC", "NBANDS": "1", "ISYNC": "0", "IMODE": "B",
        "IDLVL": "001", "IALVL": "000", "ILOC": "0000000000", "IMAG": "1.0 "}
    assert first["IID1"].strip(), "IID1 must not be blank"
    assert len(first.subheader) == 439


def test_all_security_fields_but_the_class_are_blank_by_default(written):
    found = written()
    for segment, prefix in ((found.header, "FS"), (found.images[0], "IS")):
        for name, size in table(SECURITY):
            assert segment[prefix + name] == ("U" if name == "CLAS" else " " * size), prefix + name


def test_dates_are_those_of_the_clock_without_the_variable(written, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
    found = written()
    after = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    for text in (found.header["FDT"], found.images[0]["IDATIM"]):
        assert before <= datetime.datetime.strptime(text, "%Y%m%d%H%M%S") <= after


def test_files_of_one_moment_are_equal(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    for name in "ab":
        save(tmp_path / name, DATA)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("name,start", [("nsif", b"NSIF01.00"), ("nitf", b"NITF02.10")])
def test_the_two_standards_differ_by_their_first_nine_bytes(ntf, monkeypatch, name, start):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    save(ntf, DATA, format=name)
    content = ntf.read_bytes()
    save(ntf, DATA, format="nitf")
    assert content[:9] == start
    assert content[9:] == ntf.read_bytes()[9:]


BANDS = [  # bands, dtype, IREP, ICAT (None: any), IREPBAND of each band
    (1, "uint8", "MONO", "VIS", ["M"]), (1, "float32", "MONO", "VIS", ["M"]), (3, "uint8", "RGB", "VIS", ["R", "G", "B"]),
    (3, "uint16", "RGB", "VIS", ["R", "G", "B"]), (3, "float32", "MULTI", None, ["M", "", ""]), (2, "uint8", "MULTI", None, ["M", ""]),
    (4, "uint16", "MULTI", None, ["M", "", "", ""]), (12, "uint8", "MULTI", None, ["M"] + [""] * 11), (1, "complex64", "NODISPLY", "SAR", [""]),
    (2, "complex64", "NODISPLY", "SAR", ["", ""]),
]


@pytest.mark.parametrize("count,dtype,irep,icat,names", BANDS)
def test_representation_by_the_number_of_bands(written, count, dtype, irep, icat, names):
    found = written(data=image((count, 9, 11), dtype)).images[0]
    assert found.text("IREP") == irep
    assert icat is None or found.text("ICAT") == icat
    assert found.text("ICAT") in ("VIS", "MS", "HS", "SAR")
    assert [band["IREPBAND"].strip() for band in found.bands] == names
    assert all((band["IFC"], band["IMFLT"], band["NLUTS"]) == ("N", "   ", "0") for band in found.bands)
    assert (found["NBANDS"] == "0") == (count > 9)


def test_band_info_as_given(written):
    info = [{"IREPBAND": "R", "ISUBCAT": "665"}, {"IREPBAND": "N", "ISUBCAT": 842}, {"ISUBCAT": "CLOUD"}, {"IREPBAND": ""}]
    found = written({"IREP": "MULTI", "ICAT": "MS", "BAND_INFO": info}, data=image((4, 9, 11), "uint16")).images[0]
    assert [(b["IREPBAND"], b["ISUBCAT"]) for b in found.bands] == [("R ", "665   "), ("N ", "842   "), ("  ", "CLOUD "), ("  ", "      ")]


def test_band_info_of_another_number_of_bands_is_an_error(ntf):
    with pytest.raises(OptionError, match="BAND_INFO"):
        write(ntf, provider(image((3, 9, 11), "uint8"), {"BAND_INFO": [{"IREPBAND": "M"}]}))


def test_a_colour_map_in_band_info(written, ntf):
    luts = [bytes(range(256)), bytes(255 - i for i in range(256)), bytes([7] * 256)]
    found = written({"IREP": "RGB/LUT", "BAND_INFO": [{"IREPBAND": "LU", "LUTS": luts}]}).images[0]
    assert (found.bands[0]["NLUTS"], found.bands[0]["NELUT"], found.bands[0]["LUTS"]) == ("3", "00256", luts)
    assert found.text("IREP") == "RGB/LUT"
    assert (imread(ntf) == DATA).all(), "index values"
    expanded = imread(ntf, expand=True)
    assert expanded.shape == (3, 20, 30)
    for band, lut in zip(expanded, luts):
        assert (band == np.frombuffer(lut, np.uint8)[DATA[0]]).all()
    import rasterio
    with rasterio.open(ntf) as src:
        assert src.colormap(1)[3][:3] == (3, 252, 7)


def test_display_levels_are_unique_and_attachment_follows_what_is_given(written):
    found = written(None, None, {"IDLVL": 7, "IALVL": 1, "ILOC": (5, -10)}, None)
    levels = [segment["IDLVL"] for segment in found.images]
    assert len(set(levels)) == 4 and levels[2] == "007"
    assert (found.images[2]["IALVL"], found.images[2]["ILOC"]) == ("001", "00005-0010")
    assert [s["IALVL"] for i, s in enumerate(found.images) if i != 2] == ["000"] * 3


def test_two_images_of_one_display_level_are_refused(ntf):
    with pytest.raises(OptionError, match="IDLVL"):
        write(ntf, provider(DATA, {"IDLVL": 3}, key="image:0"), provider(DATA, {"IDLVL": 3}, key="image:1"))
    assert not ntf.exists()


@pytest.mark.parametrize("data,metadata,level", [
    (np.zeros((1, 2048, 4), np.uint8), {}, "03"), (np.zeros((1, 2049, 4), np.uint8), {}, "05"), (np.zeros((1, 4, 8000), np.uint8), {"NPPBH": 4000}, "05"),
    (np.zeros((1, 4, 9000), np.uint8), {"NPPBH": 1000}, "06"), (np.zeros((1, 70_000, 2), np.uint8), {"NPPBV": 8000}, "07"),
    (np.zeros((3, 20, 20), np.uint16), {}, "06"), (np.zeros((3, 20, 20), np.uint8), {}, "03"),
    (np.zeros((12, 20, 20), np.uint8), {}, "05"), (np.zeros((1, 52_500_000 // 5000, 5000), np.uint8), {"NPPBV": 1000, "NPPBH": 1000}, "06"),
])
def test_the_complexity_level(written, data, metadata, level):
    assert written(metadata, data=data).header["CLEVEL"] == level


def test_the_complexity_level_counts_segments(written):
    assert written(*[None] * 21, data=image((1, 3, 3), "uint8")).header["CLEVEL"] == "05"
    assert written(*[None] * 101, data=image((1, 3, 3), "uint8")).header["CLEVEL"] == "09"


def test_the_complexity_level_follows_where_an_image_is_placed(written):
    assert written(None, {"ILOC": "0300000000"[:10], "IALVL": "000"}).header["CLEVEL"] == "05"


TYPED = [("IDATIM", datetime.datetime(2024, 2, 29, 1, 2, 3), "20240229010203"), ("IDATIM", "20240229010203", "20240229010203"),
         ("IDATIM", datetime.datetime(2024, 2, 29, 1, 2, 3, tzinfo=datetime.timezone(datetime.timedelta(hours=2))), "20240228230203"),
         ("IDATIM", "202402--------", "202402--------"), ("IDATIM", "--------------", "--------------"), ("TGTID", "A", "A" + " " * 16), ("IID2", "title", "title" + " " * 75),
         ("ISORCE", "a sensor é", "a sensor é" + " " * 32), ("IMAG", "/2", "/2  "), ("IMAG", "0.5", "0.5 "), ("IMAG", 2.5, "2.5 "),
         ("ILOC", (0, 5), "0000000005"), ("ILOC", "0000000005", "0000000005"), ("IID1", "abc_1", "abc_1     "),
         ("ISCLAS", "U", "U"), ("ICAT", "EO", "EO      "), ("ISSRDT", datetime.date(2024, 2, 29), "20240229"), ("IDLVL", 12, "012"), ("IDLVL", "12", "012")]


@pytest.mark.parametrize("name,value,text", TYPED)
def test_values_as_types_or_text(ntf, name, value, text):
    write(ntf, provider(DATA, {name: value}))
    assert parse(ntf).images[0][name] == text
    with IO.open([ntf]) as reader:
        assert reader.get_asset("image:0").metadata[name] == text, "read back as in the file"


FILE_TYPED = [("FDT", datetime.datetime(2024, 2, 29, 1, 2, 3), "20240229010203"), ("FTITLE", "a title", "a title" + " " * 73), ("OSTAID", "HERE", "HERE      "),
              ("ONAME", "Ünd", "Ünd" + " " * 21), ("OPHONE", "+49 1", "+49 1" + " " * 13), ("FSCOP", 3, "00003"), ("FSCPYS", "00004", "00004"),
              ("FBKGC", b"\x01\x80\xff", "\x01\x80\xff"), ("FSCLAS", "R", "R"), ("FSCLSY", "US", "US"), ("FSREL", "US CA", "US CA" + " " * 15)]


@pytest.mark.parametrize("name,value,text", FILE_TYPED)
def test_values_of_the_file_header(ntf, name, value, text):
    header = {name: value, **({"FSCPYS": 9} if name == "FSCOP" else {})}
    write(ntf, provider(DATA), metadata=header)
    assert parse(ntf).header[name] == text


def test_comments(written, ntf):
    found = written({"ICOM": ["first", "x" * 80]}).images[0]
    assert found["NICOM"] == "2" and found.comments == ["first".ljust(80), "x" * 80]
    with IO.open([ntf]) as reader:
        assert [text.rstrip() for text in reader.get_asset("image:0").metadata["ICOM"]] == ["first", "x" * 80]
    assert written({"ICOM": "only one"}).images[0].comments == ["only one".ljust(80)]
    assert written({"ICOM1": "a", "ICOM2": "b"}).images[0].comments == ["a".ljust(80), "b".ljust(80)]
    for bad in ({"ICOM": ["x"] * 10}, {"ICOM": ["x" * 81]}):
        with pytest.raises(OptionError, match="ICOM"):
            write(ntf, provider(DATA, bad))


def test_title_and_description(ntf):
    write(ntf, (provider(DATA), "Pan 7", "A description", ["data"]))
    first = parse(ntf).images[0]
    assert (first.text("IID1"), first.text("IID2")) == ("Pan 7", "A description")
    title = "A title that does not fit (10 letters)"
    write(ntf, (provider(DATA), title, "A description", ["data"]))
    first = parse(ntf).images[0]
    assert first.text("IID2") == title
    assert first.text("IID1") and all(c.isalnum() or c in " _" for c in first["IID1"])
    assert [c.rstrip() for c in first.comments] == ["A description"]
    with IO.open([ntf]) as reader:
        asset = reader.get_asset("image:0")
        assert (asset.title, asset.description) == (title, "A description")
    jbpy_check(ntf)


def test_metadata_wins_over_title_and_description(ntf):
    write(ntf, (provider(DATA, {"IID1": "META", "IID2": "from metadata"}), "Title", "Description", ["data"]))
    first = parse(ntf).images[0]
    assert (first.text("IID1"), first.text("IID2")) == ("META", "from metadata")


def test_gdal_reads_the_fields(ntf):
    write(ntf, provider(DATA, {"IID2": "an image", "ICOM": ["note"], "TGTID": "T"}), metadata={"FTITLE": "a file", "ONAME": "me"})
    tags = gdal_tags(ntf)
    assert (tags["NITF_FTITLE"], tags["NITF_IID2"], tags["NITF_ONAME"], tags["NITF_TGTID"]) == ("a file", "an image", "me", "T")
    assert tags["NITF_IMAGE_COMMENTS"].strip() == "note"


def test_iminfo_has_the_fields(ntf):
    save(ntf, DATA, metadata={"IID2": "an image"})
    assert iminfo(ntf).metadata["IID2"].rstrip() == "an image"
    assert iminfo(ntf).format.lower() in ("nitf", "nitf21", "nitf2.1")


def test_nothing_is_heard_of_fields_that_are_used(ntf):
    with heard() as warnings:
        write(ntf, provider(DATA, {"IC": "NC", "IMODE": "B", "NPPBH": "30", "NPPBV": "20", "ISCLAS": "U", "J2K_DECOMPOSITION_LEVELS": "5",
                                   "J2K_QUALITY_LAYERS": 1}), metadata={"OSTAID": "X"})
    assert not warnings


@pytest.mark.parametrize("key", ["IIDD2", "NPPBX", "colour"])
def test_an_unknown_key_is_an_error_that_names_it(ntf, key):
    with pytest.raises(OptionError, match=key):
        write(ntf, provider(DATA, {key: "1"}))


@pytest.mark.parametrize("key", ["Compression", "259"])
def test_a_key_of_another_format_is_a_warning_that_names_it(ntf, key):
    with warned(MetadataWarning, key):
        write(ntf, provider(DATA, {key: "1"}))
    jbpy_check(ntf)
