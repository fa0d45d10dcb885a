"""TIFF files made by tifffile, in every combination that it can write, read by us bit for bit."""
import itertools

import numpy as np
import pytest
import tifffile
from aws.osml.io import IO, UnsupportedError, imread, iminfo
from testkit.arrays import COMPLEX, DTYPES, FLOATS, assert_same, image

COMPRESSIONS = [None, "lzw", "zlib", "packbits", "zstd"]
LAYOUTS = {"tiles": dict(tile=(32, 48)), "strips": dict(rowsperstrip=7), "one strip": dict()}


@pytest.fixture
def tif(tmp_path):
    return tmp_path / "a.tif"


def write(path, data, planar=False, **options):
    """Writes (bands, rows, columns) chunky or planar, without any shaping metadata of tifffile's own."""
    if planar:
        tifffile.imwrite(path, data, photometric="minisblack", planarconfig="separate", metadata=None, **options)
    else:
        pixels = np.moveaxis(data, 0, 2) if len(data) > 1 else data[0]
        more = dict(planarconfig="contig") if len(data) > 1 else {}
        tifffile.imwrite(path, pixels, photometric="minisblack", metadata=None, **more, **options)


def predictor_of(dtype, compression):
    if compression in (None, "packbits") or dtype in COMPLEX:
        return None
    return 3 if dtype in FLOATS else 2


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("compression", COMPRESSIONS, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("byteorder", ["<", ">"], ids=["II", "MM"])
def test_every_dtype_compression_layout_and_byte_order(tif, dtype, compression, layout, byteorder):
    for bands, planar, big, predicted in [(1, False, False, False), (3, False, True, True), (4, True, False, True), (2, False, False, True)]:
        predictor = predictor_of(dtype, compression) if predicted else None
        data = image((bands, 45, 77), dtype)
        write(tif, data, planar, compression=compression, byteorder=byteorder, bigtiff=big, predictor=predictor, **LAYOUTS[layout])
        note = f"{bands} bands, planar {planar}, BigTIFF {big}, predictor {predictor}"
        assert_same(imread(tif), data, note)
        assert_same(imread(tif, window=(40, 30, 20, 10)), data[:, 30:40, 40:60], note)


@pytest.mark.parametrize("rows,cols", [(1, 1), (1, 257), (257, 1), (255, 256), (256, 257), (257, 255)])
@pytest.mark.parametrize("compression", COMPRESSIONS, ids=str)
def test_odd_sizes(tif, rows, cols, compression):
    for dtype, options in itertools.product(("uint8", "float64"), LAYOUTS.values()):
        data = image((3, rows, cols), dtype)
        write(tif, data, compression=compression, **options)
        assert_same(imread(tif), data, f"{dtype} {options}")


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("width", [1, 7, 8, 9, 64, 77])
def test_samples_below_a_byte(tif, bits, width):
    """tifffile packs 1 bit only; the rest is packed here, most significant bit first, rows padded to a byte."""
    data = np.random.default_rng(bits).integers(0, 1 << bits, (13, width), dtype=np.uint8)
    spread = ((data[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1).reshape(13, -1)
    raw_tiff(tif, width, 13, bits, np.packbits(spread, axis=1).tobytes())
    assert_same(imread(tif), data[None])
    assert iminfo(tif).dtype == "uint8"


@pytest.mark.parametrize("bits,dtype", [(10, "uint16"), (12, "uint16"), (14, "uint16"), (24, "uint32")])
def test_samples_of_odd_widths(tif, bits, dtype):
    """Packed most significant bit first over the row, also in a little-endian file, also for 24 bits."""
    data = np.random.default_rng(bits).integers(0, 1 << bits, (9, 13)).astype(dtype)
    spread = ((data[:, :, None].astype(np.uint32) >> np.arange(bits - 1, -1, -1, dtype=np.uint32)) & 1).reshape(9, -1)
    packed = np.packbits(spread.astype(np.uint8), axis=1).tobytes()
    raw_tiff(tif, 13, 9, bits, packed)
    with IO.open(tif) as reader:
        found = reader.get_asset("image:0")
        assert found.actual_bits_per_pixel == bits
        assert_same(found.read(), data[None])


def test_fill_order_2_reverses_the_bits_of_bytes(tif):
    data = np.random.default_rng(0).integers(0, 2, (10, 21), dtype=np.uint8)
    packed = np.packbits(data, axis=1)
    table = np.array([int(f"{i:08b}"[::-1], 2) for i in range(256)], np.uint8)
    raw_tiff(tif, 21, 10, 1, table[packed].tobytes(), fill_order=2)
    assert_same(imread(tif), data[None])


def test_min_is_white_gives_stored_values_or_inverted_consistently(tif):
    data = image((1, 20, 30), np.uint8)
    tifffile.imwrite(tif, data[0], photometric="miniswhite", metadata=None)
    found = imread(tif)
    assert (found == data).all() or (found == 255 - data).all()
    with IO.open(tif) as reader:
        assert reader.get_asset("image:0").metadata["262"] == 0


def test_a_palette_gives_indices_and_the_map_as_metadata(tif):
    colours = np.random.default_rng(2).integers(0, 65536, (3, 256), dtype=np.uint16)
    data = image((1, 40, 50), np.uint8)
    tifffile.imwrite(tif, data[0], photometric="palette", colormap=colours, metadata=None)
    assert_same(imread(tif), data)
    with IO.open(tif) as reader:
        assert reader.get_asset("image:0").metadata["320"] == colours.reshape(-1).tolist()


def test_several_pages_are_several_assets(tif):
    pages = [image((1, 20 + n, 30), dtype) for n, dtype in enumerate(("uint8", "float32", "int16"))]
    with tifffile.TiffWriter(tif) as writer:
        for page in pages:
            writer.write(page[0], metadata=None)
    with IO.open(tif) as reader:
        assert reader.get_asset_keys(asset_type="image") == ["image:0", "image:1", "image:2"]
        for key, page in zip(reader, pages):
            assert_same(reader.get_asset(key).read(), page, key)


def test_sub_ifds_with_reduced_images_are_overviews(tif):
    data = image((3, 128, 160), np.uint8)
    with tifffile.TiffWriter(tif) as writer:
        writer.write(np.moveaxis(data, 0, 2), photometric="rgb", subifds=2, tile=(64, 64), metadata=None)
        for step in (2, 4):
            writer.write(np.moveaxis(data[:, ::step, ::step], 0, 2), photometric="rgb", subfiletype=1, tile=(64, 64), metadata=None)
    with IO.open(tif) as reader:
        assert reader.get_asset_keys() == ["image:0", "image:0:overview:1", "image:0:overview:2"]
        assert_same(reader.get_asset("image:0:overview:2").read(), data[:, ::4, ::4])


def test_an_unknown_compression_is_an_unsupported_error_naming_tag_and_value(tif):
    raw_tiff(tif, 8, 8, 8, bytes(64), compression=54321)
    with pytest.raises(UnsupportedError, match="54321"):
        imread(tif)


def raw_tiff(path, width, rows, bits, data, compression=1, fill_order=None):
    """A minimal little-endian TIFF of one strip around `data`."""
    import struct

    entries = [(256, 4, 1, width), (257, 4, 1, rows), (258, 3, 1, bits), (259, 3, 1, compression), (262, 3, 1, 1), (273, 4, 1, 0),
               (277, 3, 1, 1), (278, 4, 1, rows), (279, 4, 1, len(data))]
    if fill_order:
        entries.append((266, 3, 1, fill_order))
    entries.sort()
    start = 8 + 2 + 12 * len(entries) + 4
    content = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    for tag, kind, count, value in entries:
        content += struct.pack("<HHII", tag, kind, count, start if tag == 273 else value)
    path.write_bytes(content + struct.pack("<I", 0) + data)
