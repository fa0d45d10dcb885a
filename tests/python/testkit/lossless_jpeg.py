"""A lossless JPEG stream (ITU-T T.81 Annex H) with restart markers, which the other encoders at hand do not write."""
import struct

import numpy as np

CODE_BITS = 5  # every size of difference has a code of this length


def lossless_jpeg(pixels, precision, rows_apart):
    """The stream of (components, rows, columns) with predictor 4 and a restart marker after every `rows_apart` rows."""
    components, rows, columns = pixels.shape
    parts = b"".join(bytes((number, 0x11, 0)) for number in range(1, components + 1))
    selected = b"".join(bytes((number, 0)) for number in range(1, components + 1))
    counts = bytes(17 if length == CODE_BITS else 0 for length in range(1, 17))
    out = b"\xff\xd8" + segment(0xC3, struct.pack(">BHHB", precision, rows, columns, components) + parts)
    out += segment(0xC4, b"\0" + counts + bytes(range(17))) + segment(0xDD, struct.pack(">H", rows_apart * columns))
    out += segment(0xDA, bytes([components]) + selected + b"\4\0\0")
    for number, first in enumerate(range(0, rows, rows_apart)):
        if number:
            out += bytes((0xFF, 0xD0 + (number - 1) % 8))
        part = differences(pixels[:, first:first + rows_apart].astype(np.int64), precision)
        bits = "".join(coded(int(value)) for value in np.moveaxis(part, 0, 2).reshape(-1))
        bits += "1" * (-len(bits) % 8)
        out += int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    return out + b"\xff\xd9"


def segment(marker, payload):
    return bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload


def differences(pixels, precision):
    left, above, corner = (np.zeros_like(pixels) for _ in range(3))
    left[:, :, 1:], above[:, 1:], corner[:, 1:, 1:] = pixels[:, :, :-1], pixels[:, :-1], pixels[:, :-1, :-1]
    predicted = left + above - corner
    predicted[:, 0], predicted[:, :, 0] = left[:, 0], above[:, :, 0]
    predicted[:, 0, 0] = 1 << (precision - 1)
    return (pixels - predicted + 32768) % 65536 - 32768


def coded(difference):
    size = abs(difference).bit_length()
    value = difference if difference > 0 else difference + (1 << size) - 1
    return f"{size:05b}" + (f"{value:0{size}b}" if 0 < size < 16 else "")
