"""Compressed images in NITF that this library reads and does not write: JPEG of 12 bits, lossless JPEG (C5), bi-level (C1), vector
quantisation (C4), streams without tables, and the lengths that one writer puts before streams. The streams are those of other encoders."""
import io
import struct

import imagecodecs
import numpy as np
import pytest
import rasterio.shutil
from aws.osml.io import FormatError, IO, LimitError, UnsupportedError, iminfo, imread, imsave
from PIL import Image
from testkit import nitf_forge
from testkit.arrays import assert_same, image, psnr, smooth
from testkit.jpeg_levels import LEVELS, ZIGZAG, as_gdal_has_it, with_level
from testkit.jpeg_streams import streams, without_segments
from testkit.lossless_jpeg import lossless_jpeg
from testkit.nitf_bytes import parse
from testkit.nitf_coded import page, vector_quantised
from testkit.nitf_judges import gdal_open
from testkit.nitf_ours import copy as copy_file, heard, quiet

BLOCK = (64, 48)


@pytest.fixture
def ntf(tmp_path):
    return tmp_path / "a.ntf"


def write(path, sub, data):
    path.write_bytes(bytes(nitf_forge.File(images=[(sub, data)])))


def grid(shape, block=BLOCK):
    return [(row, column) for row in range(0, shape[1], block[1]) for column in range(0, shape[2], block[0])]


def part(data, row, column, block=BLOCK):
    """A block, filled up by its last row and column."""
    found = data[:, row:row + block[1], column:column + block[0]]
    missing = block[1] - found.shape[1], block[0] - found.shape[2]
    return np.pad(found, ((0, 0), (0, missing[0]), (0, missing[1])), "edge")


def units(data, mode):
    """What each stream of a mode holds, in the order of the file: (rows, columns) or (rows, columns, bands)."""
    bands, blocks = range(data.shape[0]), [part(data, *at) for at in grid(data.shape)]
    if mode == "P":
        return [np.moveaxis(block, 0, 2) for block in blocks]
    pairs = [(block, band) for block in blocks for band in bands] if mode == "B" else [(block, band) for band in bands for block in blocks]
    return [block[band] for block, band in pairs]


def waves(bands, bits):
    """A smooth image of `bits` bits."""
    base = smooth((bands, 100, 150)).astype(np.float64) / 255
    return np.round(base * ((1 << bits) - 1)).astype(np.uint16 if bits > 8 else np.uint8)


# --- 12 bits


@pytest.mark.parametrize("mode,bands", [("B", 1), ("B", 3), ("S", 3), ("P", 3)])
@pytest.mark.parametrize("code", ["C3", "M3"])
def test_jpeg_of_12_bits(ntf, code, mode, bands):
    data = waves(bands, 12)
    coded = [imagecodecs.jpeg8_encode(np.ascontiguousarray(unit), level=95, bitspersample=12, subsampling="420") for unit in units(data, mode)]
    table = b"" if code == "C3" else nitf_forge.mask_table(offsets(coded, 1 if mode != "B" else bands))
    sub = nitf_forge.image(100, 150, bands, ic=code, nbpp=12, imode=mode, irep="YCbCr601" if mode == "P" else "MULTI", block=BLOCK)
    write(ntf, sub, table + b"".join(coded))
    found = imread(ntf)
    judged = [imagecodecs.jpeg8_decode(one) for one in coded]
    # Two transforms differ by rounding; chrominance is repeated here and interpolated there.
    assert found.dtype == np.uint16 and psnr(found / 16, data / 16) > (45 if mode != "P" else 38)
    for unit, expected in zip(units(found, mode), judged):
        inside = expected[:1, :1] if mode == "P" else expected[:4, :4]
        assert np.abs(unit.astype(int)[:inside.shape[0], :inside.shape[1]] - inside).max() <= (60 if mode == "P" else 2)
    assert iminfo(ntf).dtype == "uint16"
    assert_same(imread(ntf, window=(60, 40, 30, 30)), found[:, 40:70, 60:90])


def offsets(coded, together):
    """For each record, which holds `together` streams, where it begins."""
    starts = np.concatenate([[0], np.cumsum([len(one) for one in coded])])
    return [int(start) for start in starts[:-1:together]]


def test_jpeg_of_12_bits_of_gdal(ntf, tmp_path):
    data = waves(1, 12)
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", width=150, height=100, count=1, dtype="uint16", NBITS=12) as target:
        target.write(data)
    rasterio.shutil.copy(tmp_path / "a.tif", ntf, driver="NITF", IC="C3", BLOCKXSIZE=64, BLOCKYSIZE=64, QUALITY=90)
    with gdal_open(ntf) as source:
        theirs = source.read()
    assert parse(ntf).images[0]["NBPP"] == "16", "not 12"
    assert np.abs(imread(ntf).astype(int) - theirs).max() <= 2


def test_a_jpg_of_12_bits(tmp_path):
    data = waves(1, 12)
    (tmp_path / "a.jpg").write_bytes(imagecodecs.jpeg8_encode(data[0], level=95, bitspersample=12))
    info = iminfo(tmp_path / "a.jpg")
    assert (info.dtype, info.metadata["JPEG_PRECISION"]) == ("uint16", 12)
    assert np.abs(imread(tmp_path / "a.jpg").astype(int) - imagecodecs.jpeg8_decode((tmp_path / "a.jpg").read_bytes())).max() <= 2


# --- Lossless JPEG


@pytest.mark.parametrize("mode,bands", [("B", 1), ("B", 2), ("S", 3), ("P", 3)])
@pytest.mark.parametrize("bits", [8, 11, 16])
@pytest.mark.parametrize("predictor", [1, 4, 7])
def test_lossless_jpeg(ntf, mode, bands, bits, predictor):
    data = image((bands, 100, 150), np.uint16) >> (16 - bits)
    data = data if bits > 8 else data.astype(np.uint8)
    options = dict(lossless=True, predictor=predictor, bitspersample=bits, colorspace="rgb", outcolorspace="rgb") if mode == "P" else dict(
        lossless=True, predictor=predictor, bitspersample=bits)
    coded = [imagecodecs.jpeg8_encode(np.ascontiguousarray(unit), **options) for unit in units(data, mode)]
    sub = nitf_forge.image(100, 150, bands, ic="C5", nbpp=8 if bits == 8 else 16, abpp=bits, imode=mode, irep="MULTI", block=BLOCK)
    write(ntf, sub, b"".join(coded))
    assert_same(imread(ntf), data)
    assert_same(imread(ntf, window=(60, 40, 30, 30)), data[:, 40:70, 60:90])


@pytest.mark.parametrize("bands", [1, 3])
def test_lossless_jpeg_with_restart_markers_and_a_mask(ntf, bands):
    data = image((bands, 96, 128), np.uint16) >> 4
    coded = [lossless_jpeg(np.moveaxis(np.atleast_3d(unit), 2, 0), 12, 7) for unit in units(data, "P")]
    judged = np.atleast_3d(imagecodecs.jpeg8_decode(coded[0]))
    assert_same(np.moveaxis(judged, 2, 0), data[:, :48, :64], "the stream is right")
    kept = [one for number, one in enumerate(coded) if number != 1]
    records = [0, nitf_forge.EMPTY, *[len(kept[0]) + at for at in offsets(kept[1:], 1)]]
    sub = nitf_forge.image(96, 128, bands, ic="M5", nbpp=12, imode="P" if bands > 1 else "B", irep="MULTI", block=BLOCK)
    write(ntf, sub, nitf_forge.mask_table(records) + b"".join(kept))
    expected = data.copy()
    expected[:, :48, 64:] = 9
    assert_same(imread(ntf, fill_value=9), expected)


# --- Streams without tables, or with lengths


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_the_level_in_comrat_names_a_table(ntf, level):
    """GDAL has the same tables, but takes their list, which is symmetric in zigzag order, from row to row."""
    stream = io.BytesIO()
    Image.fromarray(smooth((1, 64, 64))[0] // 2 + 60).save(stream, "JPEG", qtables=[LEVELS[level - 1].tolist()])
    bare = without_segments(stream.getvalue(), {0xDB, 0xE0})
    app6 = b"NITF\0\2\0B" + struct.pack(">HHBBBBBBBBBH", 1, 1, 0, 8, 0, 1, level, 0, 8, 1, 1, 0)
    named = bare[:2] + b"\xff\xe6" + struct.pack(">H", len(app6) + 2) + app6 + bare[2:]
    write(ntf, nitf_forge.image(64, 64, ic="C3", comrat=f"00.{level}"), named)
    with gdal_open(ntf) as source:
        assert np.abs(source.read(1).astype(int) - pillow(as_gdal_has_it(bare, level))).max() <= 1, "the numbers are those of GDAL"
    found = imread(ntf)[0].astype(int)
    assert np.ptp(found) > 20 and np.abs(found - pillow(with_level(bare, level))).max() <= 2
    table = LEVELS[level - 1][np.argsort(ZIGZAG)].reshape(8, 8)
    assert (table == table.T).all()


def pillow(stream):
    return np.asarray(Image.open(io.BytesIO(stream))).astype(int)


@pytest.mark.parametrize("rate", ["00.0", "00.6", "01.3", "75.0"])
def test_another_level_is_refused(ntf, rate):
    stream = io.BytesIO()
    Image.fromarray(smooth((1, 64, 64))[0]).save(stream, "JPEG", quality=90)
    write(ntf, nitf_forge.image(64, 64, ic="C3", comrat=rate), without_segments(stream.getvalue(), {0xDB}))
    with pytest.raises(UnsupportedError, match=f"COMRAT.*{rate}"):
        imread(ntf)


@pytest.mark.parametrize("code,mode,bands", [("C3", "B", 3), ("C3", "S", 3), ("M3", "B", 2), ("M3", "S", 3)])
def test_lengths_before_streams(ntf, code, mode, bands):
    data = smooth((bands, 100, 150))
    metadata = {"IC": code, "IMODE": mode, "NPPBH": 64, "NPPBV": 48, "IREP": "MULTI"}
    with quiet():
        imsave(ntf, data, metadata=metadata)
        expected = imread(ntf)
    found = parse(ntf).images[0]
    start = struct.unpack(">I", found.data[:4])[0] if code == "M3" else 0
    framed = [struct.pack(">I", len(stream.content)) + stream.content for stream in streams(found.data[start:])]
    table = nitf_forge.mask_table(offsets(framed, bands if mode == "B" else 1)) if code == "M3" else b""
    write(ntf, nitf_forge.image(100, 150, bands, ic=code, imode=mode, irep="MULTI", block=BLOCK), table + b"".join(framed))
    assert_same(imread(ntf), expected)


# --- Bi-level


def drawing(rows, columns):
    y, x = np.mgrid[:rows, :columns]
    return (((x // 7 + y // 5) % 3 == 0) | (x == y)).astype(np.uint8)


@pytest.mark.parametrize("rate,two_dimensional", [("1D", False), ("2DS", True), ("2DH", True)])
@pytest.mark.parametrize("pvtype", ["B", "INT"])
def test_bi_level(ntf, rate, two_dimensional, pvtype):
    data = drawing(90, 136)
    write(ntf, nitf_forge.image(90, 136, ic="C1", comrat=rate, nbpp=1, pvtype=pvtype), page(data, two_dimensional))
    with gdal_open(ntf) as source:
        assert_same(source.read(), data[None], "GDAL")
    assert_same(imread(ntf), data[None])
    assert_same(imread(ntf, window=(10, 20, 30, 40)), data[None, 20:60, 10:40])


def test_bi_level_blocks_with_a_mask_table(ntf):
    data = drawing(96, 128)[None]
    coded = [page(unit, False) for unit in units(data, "S")]
    kept = [one for number, one in enumerate(coded) if number != 2]
    records = [*offsets(kept, 1)[:2], nitf_forge.EMPTY, offsets(kept, 1)[2]]
    write(ntf, nitf_forge.image(96, 128, ic="M1", comrat="1D", nbpp=1, pvtype="B", block=BLOCK), nitf_forge.mask_table(records) + b"".join(kept))
    expected = data.copy()
    expected[:, 48:, :64] = 0
    assert_same(imread(ntf), expected)


@pytest.mark.parametrize("fields,words", [(dict(comrat="3D"), "COMRAT.*3D"), (dict(block=(64, 48)), "NBPR, NBPC.*2, 2"), (dict(nbpp=8), "NBPP.*8")])
def test_other_bi_level_images_are_refused_by_name(ntf, fields, words):
    write(ntf, nitf_forge.image(96, 128, **{"ic": "C1", "comrat": "1D", "nbpp": 1, **fields}), page(drawing(96, 128), False))
    with pytest.raises(UnsupportedError, match=words):
        imread(ntf)


# --- Vector quantisation


@pytest.mark.parametrize("masked", [False, True])
def test_vector_quantisation(ntf, masked):
    random = np.random.default_rng(1)
    patterns, codes = random.integers(0, 256, (300, 4, 4)).astype(np.uint8), random.integers(0, 300, (4, 12, 16))
    header, coded = vector_quantised(codes, patterns)
    blocks = patterns[codes].transpose(0, 1, 3, 2, 4).reshape(4, 48, 64)
    expected = blocks.reshape(2, 2, 48, 64).transpose(0, 2, 1, 3).reshape(1, 96, 128)
    if masked:
        size = coded.shape[1]
        table = nitf_forge.mask_table([0, nitf_forge.EMPTY, size, 2 * size], IMDATOFF=10 + 16 + len(header))
        data = table + header + coded[[0, 2, 3]].tobytes()
        expected[:, :48, 64:] = 7
    else:
        data = header + coded.tobytes()
    write(ntf, nitf_forge.image(96, 128, ic="M4" if masked else "C4", comrat="0.75", block=BLOCK), data)
    assert_same(imread(ntf, fill_value=7), expected)
    assert_same(imread(ntf, window=(60, 40, 30, 30), fill_value=7), expected[:, 40:70, 60:90])


@pytest.mark.parametrize("at,value,words", [
    (9, b"\0\2", "algorithm.*got 2"), (8, b"\x20", "bits.*32"), (3, b"\x0d", "block"), (21 + 8, b"\0\7", "values"), (19, b"\0\3", "record"),
    (15, b"\xff\xff\xff\xff", "past the image data"), (21 + 2, b"\xff\xff\xff\xff", "codebook|limit|past the image data")])
def test_a_wrong_codebook_is_an_error(ntf, at, value, words):
    header, coded = vector_quantised(np.zeros((1, 12, 16), int), np.zeros((8, 4, 4), np.uint8))
    header = header[:at] + value + header[at + len(value):]
    write(ntf, nitf_forge.image(48, 64, ic="C4", comrat="0.75"), header + coded.tobytes())
    with pytest.raises((FormatError, UnsupportedError, LimitError), match=words):
        imread(ntf)


# --- Damage and copies of all of them


def of_kind(path, kind):
    """Writes a file of two blocks, one above the other; returns its pixels."""
    if kind == "12 bits":
        data = waves(1, 12)[:, :96, :64]
        coded = [imagecodecs.jpeg8_encode(unit, level=95, bitspersample=12) for unit in units(data, "S")]
        fields, data_bytes = dict(ic="C3", nbpp=12), b"".join(coded)
    elif kind == "lossless":
        coded = [imagecodecs.jpeg8_encode(unit, lossless=True, bitspersample=12) for unit in units(waves(1, 12)[:, :96, :64], "S")]
        fields, data_bytes = dict(ic="C5", nbpp=12), b"".join(coded)
    elif kind == "bi-level":
        coded = [page(unit, True) for unit in units(drawing(96, 64)[None], "S")]
        fields, data_bytes = dict(ic="M1", comrat="2DS", nbpp=1), nitf_forge.mask_table(offsets(coded, 1)) + b"".join(coded)
    else:
        header, codes = vector_quantised(np.arange(2 * 12 * 16).reshape(2, 12, 16) % 50, np.arange(800).reshape(50, 4, 4).astype(np.uint8))
        fields, data_bytes = dict(ic="C4", comrat="0.75"), header + codes.tobytes()
    write(path, nitf_forge.image(96, 64, block=BLOCK, **fields), data_bytes)
    return imread(path)


KINDS = ["12 bits", "lossless", "bi-level", "vector quantisation"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_keeps_the_bytes(ntf, tmp_path, kind):
    of_kind(ntf, kind)
    with quiet():
        copy_file(ntf, tmp_path / "copy.ntf")
    assert parse(tmp_path / "copy.ntf").images[0].data == parse(ntf).images[0].data


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_file_is_an_error_or_read_in_part(ntf, kind):
    whole = of_kind(ntf, kind)
    content = ntf.read_bytes()
    ntf.write_bytes(content[:-40])
    with heard():
        with pytest.raises(FormatError):
            imread(ntf)
        found = imread(ntf, partial=True, fill_value=1)
        assert_same(imread(ntf, window=(0, 0, 64, 48)), whole[:, :48])
    assert_same(found[:, :48], whole[:, :48])
    there = (found == whole).all(axis=(0, 2))
    first = int(np.argmin(there)) if not there.all() else len(there)
    assert 48 <= first < 96 and (found[:, -1] == 1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_can_be_written_to_another_format(ntf, tmp_path, kind):
    whole = of_kind(ntf, kind)
    with IO.open(ntf) as reader, quiet():
        imsave(tmp_path / "a.tif", reader.get_asset("image:0"))
    assert_same(imread(tmp_path / "a.tif"), whole)
