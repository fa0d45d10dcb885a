"""Handmade NITF files of structures that GDAL does not write, read by us: every interleaving, depth, mask and justification."""
import numpy as np
import pytest
from aws.osml.io import IO, ConformanceWarning, FormatError, OsmlWarning, UnsupportedError, iminfo, imread
from testkit import nitf_make
from testkit.arrays import assert_same, image
from testkit.nitf_bytes import parse
from testkit.nitf_judges import gdal_agrees
from testkit.nitf_ours import heard
from testkit.nitf_pixels import pixels

DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "complex64"]
BLOCK = (32, 16)


@pytest.fixture
def ntf(tmp_path):
    return tmp_path / "a.ntf"


def make(path, *args, **more):
    path.write_bytes(nitf_make.file([nitf_make.image(*args, **more)]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", "BPRS")
@pytest.mark.parametrize("bands", [1, 2, 3, 9, 10, 12])
def test_every_dtype_mode_and_number_of_bands(ntf, dtype, mode, bands):
    data = image((bands, 45, 77), dtype)
    for block in (BLOCK, (77, 45), (128, 50)):
        make(ntf, data, mode, block)
        assert_same(imread(ntf), data, str(block))
        assert_same(imread(ntf, window=(30, 10, 40, 20), bands=[bands - 1]), data[bands - 1:, 10:30, 30:70], f"window, {block}")


@pytest.mark.parametrize("mode", "BPRS")
@pytest.mark.parametrize("bands", [1, 2, 5])
@pytest.mark.parametrize("bits", [1, 12])
@pytest.mark.parametrize("block", [(35, 18), (13, 7), (16, 16), (1, 1)])
def test_packed_bits(ntf, mode, bands, bits, block):
    data = np.random.default_rng(7).integers(0, 1 << bits, (bands, 18, 35)).astype(np.uint8 if bits == 1 else np.uint16)
    make(ntf, data, mode, block, nbpp=bits)
    assert_same(pixels(parse(ntf).images[0]), data, "hand parser")
    assert_same(imread(ntf), data)
    assert_same(imread(ntf, window=(3, 5, 19, 9)), data[:, 5:14, 3:22])
    with IO.open([ntf]) as reader:
        assert reader.get_asset("image:0").num_bits_per_pixel == bits


@pytest.mark.parametrize("dtype,significant", [("uint8", 5), ("uint16", 11), ("int16", 12), ("uint32", 20), ("uint64", 48)])
@pytest.mark.parametrize("justified", "LR")
def test_fewer_significant_bits(ntf, dtype, significant, justified):
    low = -(1 << significant - 1) if dtype.startswith("i") else 0
    data = np.random.default_rng(2).integers(low, low + (1 << significant), (2, 20, 30), dtype=dtype)
    stored = data << (data.dtype.itemsize * 8 - significant) if justified == "L" else data
    make(ntf, stored.astype(dtype), "P", (16, 16), abpp=significant, pjust=justified)
    assert_same(imread(ntf), data)
    with IO.open([ntf]) as reader:
        assert reader.get_asset("image:0").actual_bits_per_pixel == significant


@pytest.mark.parametrize("mode", "BPRS")
@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("dtype,code", [("uint8", b"\x07"), ("uint16", b"\x01\x02"), ("float32", b"\xc0\x60\0\0")])
@pytest.mark.parametrize("tables", [(True, False), (True, True), (False, True), (False, False)])
def test_masks(ntf, mode, bands, dtype, code, tables):
    bmr, tmr = tables
    data, gone = image((bands, 45, 77), dtype), {(0, 1), (2, 2)} if bmr else set()
    make(ntf, data, mode, BLOCK, ic="NM", absent=gone, padded={(1, 1)}, bmr=bmr, tmr=tmr, code=code)
    pad = np.frombuffer(code, np.dtype(dtype).newbyteorder(">"))[0]
    expected = filled(data, gone, pad)
    with IO.open([ntf]) as reader:
        asset = reader.get_asset("image:0")
        assert {(r, c) for r in range(3) for c in range(3) if not asset.has_block(r, c)} == gone
        assert asset.pad_pixel_value == pad
        assert_same(asset.read(), expected)
        assert_same(asset.get_block(0, 1), expected[:, :16, 32:64])
    assert_same(imread(ntf, fill_value=3), filled(data, gone, 3))
    if dtype == "uint8" and (mode in "PS" or bands == 1):
        gdal_agrees(ntf, expected)


def filled(data, gone, value):
    found = data.copy()
    for row, col in gone:
        found[:, row * 16:row * 16 + 16, col * 32:col * 32 + 32] = value
    return found


def test_a_block_absent_in_one_band_only(ntf):
    data = image((3, 45, 77), "uint8")
    make(ntf, data, "S", BLOCK, ic="NM", absent={(1, 0, 1)}, code=b"\x09")
    expected = data.copy()
    expected[1, :16, 32:64] = 9
    with IO.open([ntf]) as reader:
        asset = reader.get_asset("image:0")
        assert asset.has_block(0, 1), "two of its bands are there"
        assert_same(asset.read(), expected)


def test_blocks_in_another_order_in_the_file(ntf):
    data = image((1, 32, 64), "uint8")
    content = bytearray(nitf_make.image_data(data, "B", (32, 16), 8, 0, "NM", set(), set(), True, False, b"", None))
    start = 10 + 16
    blocks = [bytes(content[start + 512 * i:start + 512 * i + 512]) for i in range(4)]
    for i, place in enumerate((3, 1, 0, 2)):
        content[10 + 4 * i:14 + 4 * i] = (512 * place).to_bytes(4, "big")
        content[start + 512 * place:start + 512 * place + 512] = blocks[i]
    make(ntf, data, "B", (32, 16), ic="NM", data=bytes(content))
    assert_same(pixels(parse(ntf).images[0]), data, "hand parser")
    assert_same(imread(ntf), data)


def test_one_bit_with_a_mask_and_a_pad_code_of_one_bit(ntf):
    data = (image((1, 18, 35), "uint8") > 90).astype(np.uint8)
    make(ntf, data, "B", (35, 18), ic="NM", nbpp=1, bmr=False, tmr=True, padded={(0, 0)}, code=b"\x01", code_bits=1)
    assert_same(imread(ntf), data)
    with IO.open([ntf]) as reader:
        assert reader.get_asset("image:0").pad_pixel_value == 1


def test_the_block_size_0000(ntf):
    data = image((3, 45, 77), "uint8")
    make(ntf, data, "P", zero_block=True)
    assert parse(ntf).images[0]["NPPBH"] == "0000"
    assert_same(imread(ntf), data)
    assert iminfo(ntf).block_size == (77, 45)


@pytest.mark.parametrize("irep,names", [("MONO", ["LU"]), ("MULTI", ["LU", "M"]), ("RGB/LUT", ["LU"])])
def test_look_up_tables(ntf, irep, names):
    luts = [bytes(range(0, 256, 2)), bytes(range(255, 127, -1)), bytes([9] * 128)]
    count = 1 if irep == "MONO" else 3
    data = np.random.default_rng(1).integers(0, 128, (len(names), 20, 30)).astype(np.uint8)
    bands = [(name, "", luts[:count] if name == "LU" else ()) for name in names]
    make(ntf, data, "B", bands=bands, IREP=irep)
    assert_same(imread(ntf), data)
    with IO.open([ntf]) as reader:
        info = reader.get_asset("image:0").metadata["BAND_INFO"]
        assert [bytes(lut) for lut in info[0]["LUTS"]] == luts[:count]
    if len(names) == 1:
        expected = np.stack([np.frombuffer(lut, np.uint8)[data[0]] for lut in luts[:count]])
        assert_same(imread(ntf, expand=True), expected)


def test_a_large_image_in_segments_is_read_as_one(ntf):
    """Each piece is attached to the one before it and placed below it."""
    data = image((2, 50, 30), "uint16")
    cuts = [(0, 20), (20, 40), (40, 50)]
    pieces = [nitf_make.image(data[:, a:b], "P", (16, 10), IDLVL=i + 1, IALVL=i, ILOC="0000000000" if i == 0 else "0002000000", IID1=f"SICD{i + 1:03}")
              for i, (a, b) in enumerate(cuts)]
    ntf.write_bytes(nitf_make.file(pieces))
    with IO.open([ntf]) as reader:
        assert reader.get_asset_keys(roles=["data"], asset_type="image") == ["image:0"]
        assert reader.get_asset_keys(roles=["segment"]) == [f"image:0:segment:{i}" for i in range(3)]
        assert "image:0:segment:0" in reader and "image:0:segment:0" not in list(reader)
        asset = reader.get_asset("image:0")
        assert asset.image_shape == (2, 50, 30)
        assert_same(asset.read(), data)
        assert_same(asset.read(window=(5, 15, 10, 30)), data[:, 15:45, 5:15])
        for i, (a, b) in enumerate(cuts):
            piece = reader.get_asset(f"image:0:segment:{i}")
            assert piece.roles == ["segment"]
            assert_same(piece.read(), data[:, a:b])
    assert_same(imread(ntf), data)


def test_images_that_are_merely_attached_are_not_joined(ntf):
    first, second = image((1, 20, 30), "uint8"), image((1, 10, 12), "uint8")
    ntf.write_bytes(nitf_make.file([nitf_make.image(first), nitf_make.image(second, IDLVL=2, IALVL=1, ILOC="0000500004")]))
    assert_same(imread(ntf, asset="image:0"), first)
    assert_same(imread(ntf, asset="image:1"), second)


@pytest.mark.parametrize("offset", [0x7FFFFFFF, 10_000_000, 0xFFFFFFFE])
def test_a_wild_offset_in_the_mask_is_an_error_not_zeros(ntf, offset):
    data = image((1, 32, 64), "uint8")
    content = bytearray(nitf_make.image_data(data, "B", (32, 16), 8, 0, "NM", set(), set(), True, False, b"", None))
    content[14:18] = offset.to_bytes(4, "big")
    make(ntf, data, "B", (32, 16), ic="NM", data=bytes(content))
    with pytest.raises(FormatError):
        imread(ntf)
    assert_same(imread(ntf, window=(0, 0, 32, 16)), data[:, :16, :32], "other blocks are still there")


def test_missing_pixels_are_an_error_not_zeros(ntf):
    data = image((1, 32, 64), "uint8")
    make(ntf, data, "B", (32, 16))
    ntf.write_bytes(ntf.read_bytes()[:-300])
    with heard(), pytest.raises(FormatError):
        imread(ntf)


def test_segments_behind_a_broken_one_stay_usable(ntf):
    data = image((1, 20, 30), "uint8")
    broken = nitf_make.image(data, IDLVL=1, NROWS=b"  -00020")
    ntf.write_bytes(nitf_make.file([broken, nitf_make.image(data, IDLVL=2)], texts=[nitf_make.text(b"still here")]))
    with pytest.warns(OsmlWarning), IO.open([ntf]) as reader:
        assert reader.get_asset("text:0").text_content == "still here"
        images = reader.get_asset_keys(asset_type="image")
        assert_same(reader.get_asset(images[-1]).read(), data)


@pytest.mark.parametrize("code,comrat", [("C2", "    "), ("C6", "00.0"), ("C7", "    "), ("M6", "00.0"), ("ZZ", "    ")])
def test_images_we_cannot_decode_are_there_with_all_metadata(ntf, code, comrat):
    data = image((1, 64, 64), "uint8")
    make(ntf, data, ic=code, comrat=comrat, data=b"\0" * 100, ixshd=nitf_make.tre("ABCDEF", b"1"))
    with IO.open([ntf]) as reader:
        asset = reader.get_asset("image:0")
        assert (asset.num_rows, asset.num_columns, asset.metadata["IC"], asset.metadata["COMRAT"]) == (64, 64, code, comrat)
        assert bytes(asset.metadata["ABCDEF"]) == b"1"
        with pytest.raises(UnsupportedError, match=code):
            asset.read()


@pytest.mark.parametrize("bits", range(1, 65))
def test_the_bit_depths_that_are_read_are_those_of_the_standard(ntf, bits):
    size = 8 if bits <= 8 else 16 if bits <= 16 else 32 if bits <= 32 else 64
    make(ntf, np.zeros((1, 16, 16), f"uint{size}"), "B", (16, 16), nbpp=bits, data=bytes(16 * 16 * bits // 8))
    if bits in (1, 8, 12, 16, 32, 64):
        assert imread(ntf).dtype == f"uint{size}"
        return
    with pytest.warns(ConformanceWarning, match=f"NBPP is {bits}, not one of 1, 8, 12, 16, 32, 64"), IO.open(ntf) as reader:
        found = reader.get_asset("image:0")
    assert (found.shape, found.num_bits_per_pixel, found.dtype) == ((1, 16, 16), bits, f"uint{size}"), "everything but the pixels"
    with pytest.raises(UnsupportedError, match=f"NBPP.*{bits}.*1, 8, 12, 16, 32, 64"):
        found.read()
