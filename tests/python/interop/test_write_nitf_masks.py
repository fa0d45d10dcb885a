"""Masked images (IC=NM): block mask tables, pad pixel codes and absent blocks that we write, parsed by hand and read by
GDAL."""
import itertools

import numpy as np
import pytest
from aws.osml.io import IO, BufferedMetadataProvider, OptionError, imread
from testkit.arrays import assert_same, image
from testkit.nitf_bytes import NOT_RECORDED, mask, parse
from testkit.nitf_judges import gdal_agrees, gdal_open, jbpy_check
from testkit.nitf_ours import expected_sparse, provider, quiet, save, sparse, write
from testkit.nitf_pixels import absent, block_bytes, offsets, pixels, stored_pixels
from testkit.providers import GridProvider

BLOCK = (32, 16)
SHAPE = (45, 77)  # 3 × 3 blocks, those at the right and the bottom cropped
PRESENT = {(0, 0), (1, 2), (2, 1)}
ALL = set(itertools.product(range(3), range(3)))
GDAL_READS = {"P", "S"}  # GDAL misreads block masks of several bands in the other modes


@pytest.fixture
def ntf(tmp_path):
    return tmp_path / "a.ntf"


def gdal_can(mode, bands, dtype):
    return (bands == 1 or mode in GDAL_READS) and dtype not in ("uint64", "int64")


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "float32", "float64", "complex64", "uint64"])
@pytest.mark.parametrize("bands", [1, 2, 3, 12])
@pytest.mark.parametrize("mode", "BPRS")
def test_absent_blocks_take_no_bytes(ntf, mode, bands, dtype):
    data = image((bands, *SHAPE), dtype)
    write(ntf, sparse(data, PRESENT, BLOCK, {"IC": "NM", "IMODE": mode}))
    found = parse(ntf).images[0]
    assert found["IC"] == "NM"
    assert found["IMODE"] == mode or bands == 1
    assert absent(found) == ALL - PRESENT
    table = mask(found)
    stored = [r for r in table.blocks if r != NOT_RECORDED]
    assert stored == [i * block_bytes(found) for i in range(len(stored))], "records count from the first block, in order"
    assert len(found.data) == table.offset + len(stored) * block_bytes(found)
    expected = expected_sparse(data, PRESENT, BLOCK, 0)
    assert_same(pixels(found), expected, "hand parser")
    assert_same(imread(ntf), expected, "our reader")
    if gdal_can(found["IMODE"], bands, dtype):
        gdal_agrees(ntf, expected)
    jbpy_check(ntf)


@pytest.mark.parametrize("bands,mode", [(1, "B"), (2, "P"), (3, "P")])
def test_the_default_mode_is_one_that_gdal_reads(ntf, bands, mode):
    data = image((bands, *SHAPE), "uint8")
    with quiet():
        write(ntf, sparse(data, PRESENT, BLOCK, {"IC": "NM"}))
    assert parse(ntf).images[0]["IMODE"] == mode
    gdal_agrees(ntf, expected_sparse(data, PRESENT, BLOCK, 0))


def test_our_reader_knows_which_blocks_are_absent(ntf):
    data = image((3, *SHAPE), "uint8")
    write(ntf, sparse(data, PRESENT, BLOCK, {"IC": "NM", "TPXCD": 7}))
    with IO.open([ntf]) as reader:
        asset = reader.get_asset("image:0")
        assert {place for place in ALL if asset.has_block(*place)} == PRESENT
        assert asset.pad_pixel_value == 7
        assert (asset.get_block(0, 1) == 7).all()
        assert asset.get_block(2, 2).shape == (3, 13, 13)
        assert_same(asset.get_block(1, 2), data[:, 16:32, 64:77])
    assert_same(imread(ntf, fill_value=99), expected_sparse(data, PRESENT, BLOCK, 99))


CODES = [("uint8", 7, b"\x07"), ("uint16", 500, b"\x01\xf4"), ("int16", -2, b"\xff\xfe"), ("uint32", 70000, b"\x00\x01\x11\x70"),
         ("float32", -9999.0, b"\xc6\x1c\x3c\x00"), ("float64", -1.5, b"\xbf\xf8" + bytes(6)), ("int8", -1, b"\xff")]


@pytest.mark.parametrize("dtype,value,code", CODES)
@pytest.mark.parametrize("mode", "PS")
def test_the_pad_pixel_code(ntf, dtype, value, code, mode):
    data = image((2, *SHAPE), dtype)
    write(ntf, sparse(data, PRESENT, BLOCK, {"IC": "NM", "TPXCD": value, "IMODE": mode}))
    found = parse(ntf).images[0]
    assert (mask(found).code_bits, mask(found).code) == (8 * len(code), code)
    assert_same(pixels(found, value), expected_sparse(data, PRESENT, BLOCK, value))
    with IO.open([ntf]) as reader:
        assert reader.get_asset("image:0").pad_pixel_value == value
    if dtype == "uint8":
        with gdal_open(ntf) as src:
            assert src.nodata == 7
        gdal_agrees(ntf, expected_sparse(data, PRESENT, BLOCK, 7))


@pytest.mark.parametrize("mode", "BPRS")
def test_the_fill_of_edge_blocks_is_the_pad_value(ntf, mode):
    data = image((2, *SHAPE), "uint8")
    write(ntf, sparse(data, {(2, 2), (0, 0)}, BLOCK, {"IC": "NM", "TPXCD": 9, "IMODE": mode}))
    whole = stored_pixels(parse(ntf).images[0], padded=True)
    assert (whole[:, 45:48, 64:] == 9).all() and (whole[:, 32:, 77:] == 9).all()


@pytest.mark.parametrize("value", [256, -1, 1.5, "grey"])
def test_a_pad_code_that_is_not_a_sample_is_an_error(ntf, value):
    with pytest.raises(OptionError, match="TPXCD"):
        write(ntf, sparse(image((1, *SHAPE), "uint8"), PRESENT, BLOCK, {"IC": "NM", "TPXCD": value}))
    assert not ntf.exists()


@pytest.mark.parametrize("mode", "BPRS")
def test_blocks_with_pad_pixels_are_recorded_if_there_is_such_a_table(ntf, mode):
    data = image((2, *SHAPE), "uint8")
    data[data == 7] = 8
    data[:, 20, 40] = 7  # in block (1, 1)
    write(ntf, provider(data, {"IC": "NM", "TPXCD": 7, "IMODE": mode}, BLOCK))
    found = parse(ntf).images[0]
    table = mask(found)
    if table.pads:
        base = [o - table.offset for o in offsets(found)]
        for index in range(4, len(base), 9):
            assert table.pads[index] == base[index], "the block with pad pixels is marked by its offset"
        for index, record in enumerate(table.pads):
            assert record in (base[index], NOT_RECORDED)
    assert_same(pixels(found), data)
    gdal_agrees(ntf, data) if mode in GDAL_READS else None


@pytest.mark.parametrize("mode", "BPRS")
def test_an_image_with_every_block_and_one_with_none(ntf, mode):
    data = image((2, *SHAPE), "uint8")
    write(ntf, sparse(data, ALL, BLOCK, {"IC": "NM", "IMODE": mode}))
    assert absent(parse(ntf).images[0]) == set()
    assert_same(pixels(parse(ntf).images[0]), data)
    assert_same(imread(ntf), data)
    write(ntf, sparse(data, set(), BLOCK, {"IC": "NM", "IMODE": mode}))
    assert absent(parse(ntf).images[0]) == ALL
    assert_same(imread(ntf), np.zeros_like(data))
    jbpy_check(ntf)


def test_imsave_takes_nm_as_a_word(ntf):
    data = image((3, *SHAPE), "uint8")
    save(ntf, data, compression="nm", block_size=BLOCK)
    found = parse(ntf).images[0]
    assert found["IC"] == "NM"
    assert_same(pixels(found), data)
    gdal_agrees(ntf, data)


class Holed(GridProvider):
    """A plain Python object with `has_block`."""

    def __init__(self, *args, present=PRESENT, **more):
        super().__init__(*args, **more)
        self._present = present

    def has_block(self, block_row, block_col, resolution_level=0):
        return (block_row, block_col) in self._present


@pytest.mark.parametrize("mode", "BPRS")
def test_a_lazy_provider_chooses_the_blocks_it_has(ntf, mode):
    data = image((2, *SHAPE), "int16")
    source = Holed(data, BLOCK, metadata={"IC": "NM", "IMODE": mode})
    write(ntf, source)
    assert set(source.asked) == PRESENT, "a block that is not there is never asked for"
    assert absent(parse(ntf).images[0]) == ALL - PRESENT
    assert_same(imread(ntf), expected_sparse(data, PRESENT, BLOCK, 0))


@pytest.mark.parametrize("mode", "BPRS")
def test_other_blocks_in_the_file_than_in_the_source(ntf, mode):
    """A stored block is absent if and only if no block of the source touches it; the rest of a stored block is pad."""
    data = image((2, 64, 96), "uint8")
    write(ntf, sparse(data, {(0, 0)}, (32, 32), {"IC": "NM", "IMODE": mode, "NPPBH": 48, "NPPBV": 16, "TPXCD": 5}))
    found = parse(ntf).images[0]
    assert absent(found) == {(r, c) for r in range(4) for c in range(2)} - {(0, 0), (1, 0)}
    assert_same(pixels(found, 5), expected_sparse(data, {(0, 0)}, (32, 32), 5))
    assert_same(imread(ntf, fill_value=5), expected_sparse(data, {(0, 0)}, (32, 32), 5))


@pytest.mark.parametrize("source,target", list(itertools.product("BPRS", repeat=2)))
def test_a_copy_keeps_absent_blocks_and_the_pad_code(tmp_path, source, target):
    data = image((3, *SHAPE), "uint16")
    write(tmp_path / "a.ntf", sparse(data, PRESENT, BLOCK, {"IC": "NM", "IMODE": source, "TPXCD": 300}))
    with IO.open([tmp_path / "a.ntf"]) as reader, IO.open([tmp_path / "b.ntf"], "w") as writer:
        asset = reader.get_asset("image:0")
        metadata = BufferedMetadataProvider(source=asset.metadata)
        metadata["IMODE"] = target

        class Copy:
            def __getattr__(self, name):
                return getattr(asset, name)

        copy = Copy()
        copy.metadata = metadata
        writer.add_asset("image:0", copy)
    found = parse(tmp_path / "b.ntf").images[0]
    assert (found["IC"], found["IMODE"]) == ("NM", target)
    assert absent(found) == ALL - PRESENT
    assert mask(found).code == b"\x01\x2c"
    assert_same(pixels(found, 300), expected_sparse(data, PRESENT, BLOCK, 300))
