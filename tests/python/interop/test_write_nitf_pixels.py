"""Every uncompressed NITF that we write stores its samples as the standard requires: a hand parser reads them, and GDAL if it
can."""
import io
import itertools

import numpy as np
import pytest
from aws.osml.io import FallbackWarning, MetadataWarning, OptionError, PaddingWarning, UnsupportedError, iminfo, imread, imsave
from testkit.arrays import PIXEL_TYPES, assert_same, image
from testkit.nitf_bytes import parse
from testkit.nitf_judges import gdal_agrees, jbpy_check
from testkit.nitf_ours import heard, provider, quiet, save, warned, write
from testkit.nitf_pixels import block_size, pixels, stored_pixels

DTYPES = sorted(set(PIXEL_TYPES.values()) - {"complex128"})  # NBPP has two digits: 128 bits do not fit
PVTYPES = {"u": "INT", "i": "SI ", "f": "R  ", "c": "C  "}
BLOCKS = {"non-dividing": (32, 16), "single": (77, 45), "one row of blocks": (20, 45), "rows": (77, 1), "dividing": (11, 15)}
BAND_COUNTS = (1, 2, 3, 4, 9, 10, 12)


@pytest.fixture
def ntf(tmp_path):
    return tmp_path / "a.ntf"


def check(path, data):
    """The hand parser, GDAL and we ourselves see exactly `data`, and jbpy finds no fault; returns the parsed image."""
    found = parse(path).images[0]
    assert_same(pixels(found), data, "hand parser")
    gdal_agrees(path, data)
    assert_same(imread(path), data, "our reader")
    jbpy_check(path)
    return found


def expected_mode(mode, bands, blocks):
    """The modes that may stand in the file: for one band they all mean the same, and S is for several bands and several blocks."""
    return {mode, "B"} if bands == 1 or (mode == "S" and blocks == 1) else {mode}


def matrix():
    for (i, dtype), mode, (j, name) in itertools.product(enumerate(DTYPES), "BPRS", enumerate(BLOCKS)):
        yield dtype, mode, name, BAND_COUNTS[(i + j) % len(BAND_COUNTS)]
    for dtype, mode, name, bands in itertools.product(("uint8", "uint16"), "BPRS", ("non-dividing", "single"), BAND_COUNTS):
        yield dtype, mode, name, bands


@pytest.mark.parametrize("dtype,mode,name,bands", sorted(set(matrix())))
def test_pixels_survive(ntf, dtype, mode, name, bands):
    data, (width, height) = image((bands, 45, 77), dtype), BLOCKS[name]
    with heard() as warnings:
        write(ntf, provider(data, {"IC": "NC", "IMODE": mode, "NPPBH": width, "NPPBV": height}))
    found = check(ntf, data)
    assert block_size(found) == (width, height)
    blocks = -(-77 // width) * -(-45 // height)
    assert found["IMODE"] in expected_mode(mode, bands, blocks)
    if found["IMODE"] == mode:
        assert not warnings
    else:
        assert warnings and all("IMODE" in text for _, text in warnings), "another mode than the one asked for is announced"
    assert found["PVTYPE"] == PVTYPES[data.dtype.kind]
    assert found.number("NBPP") == found.number("ABPP") == data.dtype.itemsize * 8
    assert found["PJUST"] == "R"
    assert found["IC"] == "NC"


@pytest.mark.parametrize("rows,cols", [(1, 1), (1, 257), (257, 1), (255, 256), (256, 257), (257, 255), (64, 32)])
@pytest.mark.parametrize("dtype,bands,mode", [("uint8", 3, "P"), ("uint16", 1, "B"), ("float32", 2, "R"), ("int64", 3, "S")])
def test_odd_sizes_survive(ntf, rows, cols, dtype, bands, mode):
    data = image((bands, rows, cols), dtype)
    for block in ((cols, rows), (16, 16), (64, 1)):
        write(ntf, provider(data, {"IMODE": mode}, (min(block[0], cols), min(block[1], rows))))
        check(ntf, data)


@pytest.mark.parametrize("mode", "BPRS")
def test_a_block_larger_than_the_image(ntf, mode):
    data = image((3, 45, 77), "uint16")
    write(ntf, provider(data, {"IMODE": mode, "NPPBH": 128, "NPPBV": 64}))
    found = check(ntf, data)
    assert (found.number("NBPR"), found.number("NBPC")) == (1, 1)
    assert block_size(found) in ((128, 64), (77, 45))


def test_the_largest_block_width(ntf):
    data = image((2, 3, 8200), "uint8")
    write(ntf, provider(data, {"NPPBH": 8192, "NPPBV": 2, "IMODE": "P"}))
    found = check(ntf, data)
    assert (found["NPPBH"], found["NPPBV"], found["NBPR"], found["NBPC"]) == ("8192", "0002", "0002", "0002")


def test_a_single_block_wider_than_8192_is_written_as_0000(ntf):
    data = image((1, 3, 9000), "uint8")
    write(ntf, provider(data, {"NPPBH": "0000", "NPPBV": 3}))
    parsed = parse(ntf)
    check(ntf, data)
    assert (parsed.images[0]["NPPBH"], parsed.images[0]["NBPR"]) == ("0000", "0001")
    assert parsed.header["CLEVEL"] == "09"
    assert iminfo(ntf).block_size == (9000, 3), "the API has no block of size 0"


@pytest.mark.parametrize("name,value", [("NPPBH", 8193), ("NPPBV", "9000"), ("NPPBH", -1), ("NPPBH", "wide")])
def test_a_block_size_that_is_not_allowed_is_an_error(ntf, name, value):
    with pytest.raises(OptionError, match=f"(?s){name}.*{value}|{value}.*{name}"):
        write(ntf, provider(image((1, 4, 9000), "uint8"), {name: value}))
    assert not ntf.exists()


def test_more_than_9999_blocks_in_a_row_are_an_error_not_a_shifted_field(ntf):
    with pytest.raises((OptionError, UnsupportedError), match="NBPR|9999|NPPBH"):
        write(ntf, provider(np.zeros((1, 1, 10_000), np.uint8), {"NPPBH": 1, "NPPBV": 1}))
    assert not ntf.exists()


@pytest.mark.parametrize("bands,level", [(10, "05"), (254, "05"), (300, "07"), (1100, "09")])
@pytest.mark.parametrize("mode", "BPRS")
def test_many_bands(ntf, bands, level, mode):
    data = image((bands, 5, 7), "uint8")
    write(ntf, provider(data, {"IMODE": mode}, (4, 3)))
    found = parse(ntf)
    assert_same(pixels(found.images[0]), data)
    assert_same(imread(ntf), data)
    assert (found.images[0]["NBANDS"], found.images[0]["XBANDS"]) == ("0", f"{bands:05}")
    assert found.header["CLEVEL"] == level
    jbpy_check(ntf)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mode", "BPRS")
def test_special_floats_survive_to_the_bit(ntf, dtype, mode):
    data = image((2, 32, 32), dtype)
    data[0, 1, :6] = [np.nan, np.inf, -np.inf, -0.0, np.finfo(dtype).smallest_subnormal, -np.nan]
    write(ntf, provider(data, {"IMODE": mode}, (20, 20)))
    assert_same(pixels(parse(ntf).images[0]), data)
    assert_same(imread(ntf), data)


@pytest.mark.parametrize("dtype", ["complex128", "float16"])
def test_a_dtype_nitf_cannot_hold_is_an_error_naming_what_it_can(ntf, dtype):
    with pytest.raises(OptionError, match="(?i)uint8") as caught:
        save(ntf, image((1, 8, 8), dtype))
    assert dtype in str(caught.value).lower()
    assert not ntf.exists()


def test_bool_is_stored_as_bytes_of_0_and_1(ntf):
    data = image((1, 9, 11), "uint8") > 100
    save(ntf, data)
    assert_same(imread(ntf), data.astype(np.uint8))


@pytest.mark.parametrize("mode", "BPRS")
@pytest.mark.parametrize("bands", [1, 2, 3])
@pytest.mark.parametrize("block", [(35, 18), (13, 7)])
def test_one_bit_per_pixel(ntf, mode, bands, block):
    data = (image((bands, 18, 35), "uint8") > 90).astype(np.uint8)
    write(ntf, provider(data, {"IMODE": mode}, block, num_bits_per_pixel=1, actual_bits_per_pixel=1))
    found = parse(ntf).images[0]
    assert (found["PVTYPE"], found["NBPP"], found["ABPP"]) == ("B  ", "01", "01")
    assert_same(pixels(found), data)
    assert_same(imread(ntf), data)
    if bands == 1 and block == (35, 18):
        assert len(found.data) == 79, "630 bits, rows not padded"
        gdal_agrees(ntf, data)


def test_a_value_other_than_0_and_1_does_not_pass_as_one_bit(ntf):
    data = np.full((1, 8, 8), 3, np.uint8)
    with pytest.raises(OptionError):
        write(ntf, provider(data, num_bits_per_pixel=1, actual_bits_per_pixel=1))
    assert not ntf.exists()


@pytest.mark.parametrize("dtype,bits", [("uint8", 7), ("uint16", 11), ("uint16", 9), ("uint32", 24), ("uint64", 40)])
@pytest.mark.parametrize("given", ["provider", "metadata"])
def test_fewer_significant_bits_than_stored_ones(ntf, dtype, bits, given):
    data = np.random.default_rng(3).integers(0, 1 << bits, (2, 20, 30)).astype(dtype)
    source = provider(data, actual_bits_per_pixel=bits) if given == "provider" else provider(data, {"ABPP": bits})
    write(ntf, source)
    found = check(ntf, data)
    assert (found.number("ABPP"), found.number("NBPP"), found["PJUST"]) == (bits, data.dtype.itemsize * 8, "R")
    assert_same(stored_pixels(found), data, "right-justified")
    from aws.osml.io import IO
    with IO.open([ntf]) as reader:
        asset = reader.get_asset("image:0")
        assert (asset.num_bits_per_pixel, asset.actual_bits_per_pixel) == (data.dtype.itemsize * 8, bits)


def test_left_justified_samples(ntf):
    data = np.random.default_rng(3).integers(0, 1 << 11, (2, 20, 30)).astype(np.uint16)
    write(ntf, provider(data, {"PJUST": "L", "ABPP": 11, "IMODE": "P"}))
    found = parse(ntf).images[0]
    assert (found["PJUST"], found["ABPP"]) == ("L", "11")
    assert_same(stored_pixels(found), data << 5, "value << (NBPP - ABPP)")
    assert_same(imread(ntf), data)


@pytest.mark.parametrize("bits", [0, 17, "many"])
def test_significant_bits_outside_the_stored_ones_are_an_error(ntf, bits):
    with pytest.raises(OptionError, match="ABPP"):
        write(ntf, provider(image((1, 8, 8), "uint16"), {"ABPP": bits}))
    assert not ntf.exists()


@pytest.mark.parametrize("word", ["none", "NC", "nc", "None"])
def test_words_for_no_compression(ntf, word):
    data = image((3, 30, 40), "uint8")
    with quiet():
        save(ntf, data, compression=word)
    assert check(ntf, data)["IC"] == "NC"


def test_imsave_of_floats_without_a_compression_stores_uncompressed_and_records_it(ntf):
    data = image((3, 1100, 1030), "float32")
    with warned(FallbackWarning):
        imsave(ntf, data)
    found = check(ntf, data)
    assert (found["IC"], found["NPPBH"], found["NPPBV"]) == ("NC", "1024", "1024")


def test_an_unknown_compression_word_lists_the_known(ntf):
    with pytest.raises(OptionError, match="(?s)NC.*NM"):
        imsave(ntf, image((1, 8, 8), "uint8"), compression="deflate")


def test_an_unknown_mode_lists_the_known(ntf):
    with pytest.raises(OptionError, match="(?s)IMODE.*Q|Q.*IMODE"):
        write(ntf, provider(image((2, 8, 8), "uint8"), {"IMODE": "Q"}))


def test_imsave_takes_a_block_size(ntf):
    data = image((2, 100, 130), "int16")
    save(ntf, data, block_size=(64, 32))
    assert block_size(check(ntf, data)) == (64, 32)


def test_metadata_decides_over_the_blocks_of_the_provider(ntf):
    data = image((3, 100, 130), "uint8")
    write(ntf, provider(data, {"NPPBH": "48", "NPPBV": "0040"}, block=(64, 32)))
    assert block_size(check(ntf, data)) == (48, 40)


def test_a_number_that_contradicts_the_pixels_is_an_error(ntf):
    for name, value in (("NBANDS", 2), ("PVTYPE", "R"), ("NBPP", 16), ("NROWS", 99)):
        with pytest.raises(OptionError, match=name):
            write(ntf, provider(image((3, 10, 10), "uint8"), {name: value}))
    assert not ntf.exists()


@pytest.mark.parametrize("mode", "BPRS")
def test_the_bytes_do_not_depend_on_threads_or_on_the_stream(tmp_path, monkeypatch, mode):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    data = image((3, 300, 500), "uint16")
    contents = set()
    for threads in (1, 2, 5):
        write(tmp_path / "a.ntf", provider(data, {"IMODE": mode}, (64, 64)), threads=threads)
        contents.add((tmp_path / "a.ntf").read_bytes())
    stream = io.BytesIO()
    write(stream, provider(data, {"IMODE": mode}, (64, 64)))
    contents.add(stream.getvalue())

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.parts = []

        def writable(self):
            return True

        def write(self, content):
            self.parts.append(bytes(content))
            return len(content)

    pipe = Pipe()
    write(pipe, provider(data, {"IMODE": mode}, (64, 64)))
    contents.add(b"".join(pipe.parts))
    assert len(contents) == 1


def test_an_absent_block_of_an_unmasked_image_is_filled_and_announced(ntf):
    from testkit.nitf_ours import expected_sparse, sparse

    data = image((3, 64, 96), "uint8")
    with warned(PaddingWarning):
        write(ntf, sparse(data, {(0, 0), (1, 2)}, (32, 32), {"IC": "NC"}))
    check(ntf, expected_sparse(data, {(0, 0), (1, 2)}, (32, 32), 0))


def test_a_comrat_without_compression_is_announced(ntf):
    with warned(MetadataWarning, "COMRAT"):
        write(ntf, provider(image((1, 8, 8), "uint8"), {"IC": "NC", "COMRAT": "N001.0"}))
