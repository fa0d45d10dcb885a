"""PNG files byte by byte, from ISO/IEC 15948 clause 5 alone: makes them, and takes them apart."""
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
SAMPLES = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def file(color, chunks=(), size=(4, 3), depth=8, rows=None, after=()):
    """An image of (columns, rows) with chunks before and after its data; `rows` are the stored rows, by default zeros."""
    columns, count = size
    row = bytes((columns * SAMPLES[color] * depth + 7) // 8)
    data = zlib.compress(b"".join(b"\0" + row for row in rows or [row] * count))
    head = struct.pack(">IIBBBBB", columns, count, depth, color, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", data), *after, (b"IEND", b"")]
    return SIGNATURE + b"".join(chunk(kind, data) for kind, data in parts)


def chunks(content):
    """Type and data of each chunk but the header, the image data and the end. Checksums are checked."""
    assert content.startswith(SIGNATURE)
    found, at = [], len(SIGNATURE)
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        assert content[at : at + 12 + length] == chunk(kind, data)
        found.append((kind, data))
        at += 12 + length
    return [(kind, data) for kind, data in found if kind not in (b"IHDR", b"IDAT", b"IEND")]
