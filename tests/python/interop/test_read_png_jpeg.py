"""PNG and JPEG files made by Pillow, imagecodecs, GDAL and by hand, read by us."""
import io
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from aws.osml.io import IO, UnsupportedError, imread, iminfo
from PIL import Image
from testkit.arrays import assert_same, image, psnr, smooth


def bands_last(data):
    return np.moveaxis(data, 0, 2).copy(order="C") if len(data) > 1 else data[0]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("rows,cols", [(1, 1), (1, 257), (257, 1), (45, 77)])
def test_png_files_of_libpng(dtype, bands, rows, cols):
    data = image((bands, rows, cols), dtype)
    assert_same(imread(io.BytesIO(imagecodecs.png_encode(bands_last(data)))), data)


@pytest.mark.parametrize("options", [dict(optimize=True), dict(compress_level=0), dict(compress_level=9)], ids=str)
def test_png_files_of_pillow(tmp_path, options):
    data = image((3, 45, 77), np.uint8)
    Image.fromarray(bands_last(data)).save(tmp_path / "a.png", **options)
    assert_same(imread(tmp_path / "a.png"), data)


def handmade_png(rows, width, depth, colour, interlaced=False, idat=1000, filters=None, extra=b""):
    """A PNG around packed rows (bytes), each with the filter type of `filters` already applied (default: none)."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    raw = b"".join(bytes([filters[i] if filters else 0]) + row for i, row in enumerate(rows))
    stream = zlib.compress(raw)
    parts = [stream[i:i + idat] for i in range(0, len(stream), idat)]
    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + b"".join(chunk(b"IDAT", p) for p in parts) + chunk(b"IEND", b"")


def pack(data, bits):
    spread = ((data[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1).reshape(len(data), -1).astype(np.uint8)
    return [row.tobytes() for row in np.packbits(spread, axis=1)]


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("width", [1, 7, 8, 9, 77])
def test_grey_below_a_byte_gives_stored_values(bits, width):
    data = np.random.default_rng(bits).integers(0, 1 << bits, (13, width), dtype=np.uint8)
    assert_same(imread(io.BytesIO(handmade_png(pack(data, bits), width, bits, 0))), data[None])


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_gives_indices_and_the_colours_as_metadata(tmp_path, bits):
    data = np.random.default_rng(bits).integers(0, 1 << bits, (13, 21), dtype=np.uint8)
    colours = np.random.default_rng(9).integers(0, 256, 3 << bits, dtype=np.uint8).tobytes()
    body = b"PLTE" + colours
    extra = struct.pack(">I", len(colours)) + body + struct.pack(">I", zlib.crc32(body))
    path = tmp_path / "a.png"
    path.write_bytes(handmade_png(pack(data, bits), 21, bits, 3, extra=extra))
    found = imread(path)
    applied = np.frombuffer(colours, np.uint8).reshape(-1, 3)[data]
    if found.shape[0] == 1:
        assert_same(found, data[None])
        assert any(bytes(np.asarray(v, np.uint8).reshape(-1)) == colours if isinstance(v, (bytes, list)) else False
                   for v in iminfo(path).metadata.values()), "the colour map must be in the metadata"
    else:
        assert_same(found, np.moveaxis(applied, 2, 0))


@pytest.mark.parametrize("kind", range(5))
def test_every_row_filter(kind):
    rng = np.random.default_rng(kind)
    data = rng.integers(0, 256, (20, 30), dtype=np.uint8)
    rows, previous = [], np.zeros(31, int)
    for line in data:
        current = np.concatenate([[0], line.astype(int)])
        left, up, corner = current[:-1], previous[1:], previous[:-1]
        estimate = left + up - corner
        distances = np.stack([abs(estimate - left), abs(estimate - up), abs(estimate - corner)])
        paeth = np.choose(distances.argmin(axis=0), [left, up, corner])
        prediction = [0 * left, left, up, (left + up) // 2, paeth][kind]
        rows.append(((current[1:] - prediction) % 256).astype(np.uint8).tobytes())
        previous = current
    content = handmade_png(rows, 30, 8, 0, filters=[kind] * 20)
    assert_same(imagecodecs.png_decode(content), data)
    assert_same(imread(io.BytesIO(content)), data[None])


@pytest.mark.parametrize("idat", [1, 7, 100_000])
def test_image_data_may_be_split_anywhere(idat):
    data = image((1, 20, 30), np.uint8)
    assert_same(imread(io.BytesIO(handmade_png([r.tobytes() for r in data[0]], 30, 8, 0, idat=idat))), data)


@pytest.mark.parametrize("rows,cols", [(1, 1), (2, 3), (5, 5), (8, 8), (9, 17), (33, 40)])
def test_interlaced_images(rows, cols):
    """The seven passes of Adam7, written here by hand and checked with libpng."""
    data = image((1, rows, cols), np.uint8)[0]
    raw = b""
    for x, y, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        part = data[y::dy, x::dx]
        if part.size:
            raw += b"".join(b"\0" + row.tobytes() for row in part)
    stream = zlib.compress(raw)
    content = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", struct.pack(">IIBBBBB", cols, rows, 8, 0, 0, 0, 1)), (b"IDAT", stream), (b"IEND", b"")):
        content += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    assert_same(imagecodecs.png_decode(content).reshape(rows, cols), data)
    assert_same(imread(io.BytesIO(content)), data[None])
    if rows > 8:
        assert_same(imread(io.BytesIO(content), window=(3, 5, 9, 3)), data[None, 5:8, 3:12])


def test_a_window_of_a_png_does_not_decode_past_its_last_row(tmp_path):
    data = image((1, 2000, 300), np.uint8)
    content = bytearray(imagecodecs.png_encode(data[0]))
    half = len(content) // 2
    content[half:-20] = bytes(len(content) - 20 - half)
    path = tmp_path / "a.png"
    path.write_bytes(content)
    assert_same(imread(path, window=(10, 20, 30, 40)), data[:, 20:60, 10:40])
    with pytest.raises(OSError):
        imread(path)


def encode_jpeg(path, data, subsampling, kind):
    """One JPEG of quality 90: by libjpeg-turbo through imagecodecs, or through Pillow if only Pillow has the option."""
    colour = data.shape[0] == 3
    if kind in ("plain", "optimized"):
        path.write_bytes(imagecodecs.jpeg8_encode(bands_last(data), level=90, subsampling=subsampling if colour else None,
                                                  optimize=kind == "optimized"))
    else:
        more = dict(progressive=True) if kind == "progressive" else dict(restart_marker_rows=2)
        Image.fromarray(bands_last(data)).save(path, quality=90, subsampling=":".join(subsampling), **more)


@pytest.mark.parametrize("bands,subsampling,kind", [
    *[(3, s, k) for k in ("plain", "optimized") for s in ("444", "422", "420", "411", "440")],
    *[(3, s, k) for k in ("progressive", "restarts") for s in ("444", "422", "420")],
    *[(1, "444", k) for k in ("plain", "optimized", "progressive", "restarts")]])
def test_jpeg_files_match_libjpeg(tmp_path, bands, subsampling, kind):
    data = smooth((bands, 133, 171))
    path = tmp_path / "a.jpg"
    encode_jpeg(path, data, subsampling, kind)
    with Image.open(path) as im:
        expected = np.asarray(im)
    expected = expected[None] if bands == 1 else np.moveaxis(expected, 2, 0)
    found = imread(path)
    assert found.shape == expected.shape
    difference = np.abs(found.astype(int) - expected)
    # Grey differs by the rounding of one inverse transform; colour also by conversion and the way chroma is interpolated.
    assert difference.max() <= (1 if bands == 1 else 12) and difference.mean() < 1
    assert psnr(found, data) > 35


@pytest.mark.parametrize("window", [(0, 0, 8, 8), (3, 5, 100, 90), (170, 132, 1, 1)])
def test_windows_of_a_jpeg_are_slices_of_the_whole(tmp_path, window):
    x, y, w, h = window
    for restart in (0, 2):
        Image.fromarray(bands_last(smooth((3, 133, 171)))).save(tmp_path / "a.jpg", restart_marker_rows=restart)
        whole = imread(tmp_path / "a.jpg")
        assert_same(imread(tmp_path / "a.jpg", window=window), whole[:, y:y + h, x:x + w])


def test_cmyk_jpeg_has_four_bands(tmp_path):
    data = smooth((4, 40, 60))
    Image.fromarray(bands_last(data), mode="CMYK").save(tmp_path / "a.jpg", quality=95)
    found = imread(tmp_path / "a.jpg")
    assert found.shape == (4, 40, 60)
    assert psnr(found, data) > 35 or psnr(found, 255 - data) > 35, "as stored or inverted, but nothing else"


def test_orientation_is_reported_not_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(bands_last(smooth((3, 40, 60)))).save(tmp_path / "a.jpg", exif=exif)
    assert imread(tmp_path / "a.jpg").shape == (3, 40, 60)


@pytest.mark.parametrize("encode,name", [(lambda a: imagecodecs.ljpeg_encode(a, bitspersample=12), "lossless"),
                                         (lambda a: imagecodecs.jpegls_encode(a), "JPEG-LS")], ids=["lossless", "JPEG-LS"])
def test_a_process_we_lack_is_a_clear_error_or_right(encode, name):
    data = (image((1, 40, 60), np.uint16) >> 4)
    try:
        content = encode(data[0])
    except Exception:
        pytest.skip(f"this imagecodecs cannot write {name}")
    try:
        found = imread(io.BytesIO(content))
    except UnsupportedError as error:
        assert str(error)
    except OSError as error:
        assert name == "JPEG-LS" and str(error)
    else:
        assert_same(found, data)


def test_headers_describe_jpegs_without_decoding(tmp_path):
    Image.fromarray(bands_last(smooth((3, 40, 60)))).save(tmp_path / "a.jpg")
    content = (tmp_path / "a.jpg").read_bytes()
    start = content.index(b"\xff\xda") + 14  # behind the header of a scan of three components
    (tmp_path / "a.jpg").write_bytes(content[:start] + bytes(len(content) - start - 2) + content[-2:])
    info = iminfo(tmp_path / "a.jpg")
    assert info.shape == (3, 40, 60)


def test_comments_are_metadata(tmp_path):
    Image.fromarray(bands_last(smooth((3, 40, 60)))).save(tmp_path / "a.jpg", comment="a remark")
    with IO.open(tmp_path / "a.jpg") as reader:
        assert any("a remark" in str(value) for value in reader.get_asset("image:0").metadata.values())
