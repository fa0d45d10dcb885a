"""TIFF files byte by byte, from TIFF 6.0 §2 alone: makes them, and takes them apart. No value is interpreted."""
import struct

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
BYTE, ASCII, SHORT, LONG, RATIONAL, SBYTE, UNDEFINED, SSHORT, SLONG, SRATIONAL, FLOAT, DOUBLE, IFD = range(1, 14)
LETTERS = {BYTE: "B", SHORT: "H", LONG: "I", RATIONAL: "II", SBYTE: "b", SSHORT: "h", SLONG: "i", SRATIONAL: "ii", FLOAT: "f", DOUBLE: "d", IFD: "I"}


class Field:
    """A field of a directory: tag, type, number of values, and their bytes in little-endian order."""

    def __init__(self, tag, kind, content, count=None):
        self.tag, self.kind, self.content = tag, kind, content
        self.count = len(content) // SIZES.get(kind, 1) if count is None else count

    def __eq__(self, other):
        return isinstance(other, Field) and (self.tag, self.kind, self.count, self.content) == (other.tag, other.kind, other.count, other.content)

    def __repr__(self):
        return f"<{self.tag}, type {self.kind}: {self.count} values, {self.content[:40]!r}>"


def field(tag, kind, *values):
    """A field of numbers (pairs of them are fractions) or of bytes."""
    if len(values) == 1 and isinstance(values[0], bytes):
        return Field(tag, kind, values[0])
    return Field(tag, kind, b"".join(struct.pack("<" + LETTERS[kind], *(value if isinstance(value, tuple) else [value])) for value in values))


def text(tag, content):
    return field(tag, ASCII, content + b"\0")


def image(content, size=(4, 3), bits=8, samples=1, photometric=1, fields=(), without=()):
    """The fields of an image of (columns, rows) in one strip, replaced or joined by `fields`, and the strip."""
    columns, rows = size
    known = {
        256: field(256, SHORT, columns),
        257: field(257, SHORT, rows),
        258: field(258, SHORT, *[bits] * samples),
        259: field(259, SHORT, 1),
        262: field(262, SHORT, photometric),
        277: field(277, SHORT, samples),
        278: field(278, SHORT, rows),
    }
    given = {row.tag: row for row in fields}
    repeated = [row for row in fields if given[row.tag] is not row]
    kept = {tag: row for tag, row in {**known, **given}.items() if tag not in without}
    return [*kept.values(), *repeated], content


def file(*images):
    """A little-endian file of `image(…)` results, each with a directory of the chain."""
    out, link = bytearray(b"II*\0\0\0\0\0"), 4
    for fields, content in images:
        start = len(out)
        out += content + bytes(len(content) % 2)
        rows = sorted([*fields, field(273, LONG, start), field(279, LONG, len(content))], key=lambda row: row.tag)
        place = len(out) + 2 + 12 * len(rows) + 4
        entries, values = b"", b""
        for row in rows:
            inline = row.content if len(row.content) <= 4 else struct.pack("<I", place + len(values))
            if len(row.content) > 4:
                values += row.content + bytes(len(row.content) % 2)
            entries += struct.pack("<HHI", row.tag, row.kind, row.count) + inline.ljust(4, b"\0")
        out[link : link + 4] = struct.pack("<I", len(out))
        out += struct.pack("<H", len(rows)) + entries
        link = len(out)
        out += bytes(4) + values
    return bytes(out)


def directories(content):
    """The directories of a little-endian classic file, each as a mapping from tags to fields."""
    assert content[:4] == b"II*\0"
    found, (place,) = [], struct.unpack_from("<I", content, 4)
    while place:
        (count,) = struct.unpack_from("<H", content, place)
        rows = {}
        for start in range(place + 2, place + 2 + 12 * count, 12):
            tag, kind, number = struct.unpack_from("<HHI", content, start)
            length = number * SIZES[kind]
            at = start + 8 if length <= 4 else struct.unpack_from("<I", content, start + 8)[0]
            assert tag not in rows, f"{tag} occurs twice"
            rows[tag] = Field(tag, kind, content[at : at + length], number)
        found.append(rows)
        (place,) = struct.unpack_from("<I", content, place + 2 + 12 * count)
    return found
