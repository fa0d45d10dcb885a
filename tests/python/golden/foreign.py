"""TIFF files that this package does not write: both byte orders, BigTIFF, and samples of less than 8 bits."""

import struct

_TYPES = {"H": 3, "I": 4, "Q": 16, "B": 1, "s": 2, "d": 12}


def tiff(array, order="<", big=False, rows_per_strip=16, tags=(), bits=None):
    """`array` (bands, rows, columns) in uncompressed strips; `tags` are (number, letter of `struct`, values)."""
    bands, rows, columns = array.shape
    samples = array.transpose(1, 2, 0)
    strips = [_strip(samples[at : at + rows_per_strip], order, bits) for at in range(0, rows, rows_per_strip)]
    form = {"u": 1, "i": 2, "f": 3, "c": 6}[array.dtype.kind]
    size = bits or array.dtype.itemsize * 8
    start, offsets = 16, []
    for strip in strips:
        offsets.append(start)
        start += len(strip) + len(strip) % 2
    entries = [
        (256, "I", [columns]),
        (257, "I", [rows]),
        (258, "H", [size] * bands),
        (259, "H", [1]),
        (262, "H", [2 if bands == 3 else 1]),
        (273, "I", offsets),
        (277, "H", [bands]),
        (278, "I", [rows_per_strip]),
        (279, "I", [len(strip) for strip in strips]),
        (284, "H", [1]),
        (339, "H", [form] * bands),
    ]
    given = {number: (number, letter, values) for number, letter, values in [*entries, *tags]}
    header = struct.pack(f"{order}2sHHHQ", _mark(order), 43, 8, 0, start) if big else struct.pack(f"{order}2sHI", _mark(order), 42, start) + bytes(8)
    return header + b"".join(strip + bytes(len(strip) % 2) for strip in strips) + _directory(sorted(given.values()), start, order, big)


def _mark(order):
    return b"II" if order == "<" else b"MM"


def _strip(samples, order, bits):
    if bits is None:
        return samples.astype(samples.dtype.newbyteorder(order)).tobytes()
    rows = ["".join(f"{int(value):0{bits}b}" for value in row.reshape(-1)) for row in samples]
    return b"".join(int(row.ljust(-(-len(row) // 8) * 8, "0"), 2).to_bytes(-(-len(row) // 8), "big") for row in rows)


def _directory(entries, start, order, big):
    """The entries, and behind them the values that do not fit in them."""
    count, inline, letter = ("Q", 8, "Q") if big else ("H", 4, "I")
    place = start + struct.calcsize(f"={count}") + len(entries) * (4 + 2 * inline) + inline
    content, values = struct.pack(order + count, len(entries)), b""
    for number, kind, given in entries:
        length = len(given)
        packed = bytes(given) if kind == "s" else struct.pack(f"{order}{length}{kind}", *given)
        content += struct.pack(f"{order}HH{letter}", number, _TYPES[kind], length)
        if len(packed) <= inline:
            content += packed.ljust(inline, b"\0")
        else:
            content += struct.pack(order + letter, place + len(values))
            values += packed + bytes(len(packed) % 2)
    return content + struct.pack(order + letter, 0) + values
