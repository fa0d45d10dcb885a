"""The data of bi-level images and of vector quantisation, for NITF files by hand."""
import io
import struct

import numpy as np
from PIL import Image


def page(bits, two_dimensional):
    """A page of T.4, as libtiff writes it."""
    out = io.BytesIO()
    Image.fromarray(bits == 0).save(out, "TIFF", compression="group3", tiffinfo={292: int(two_dimensional), 262: 0, 278: bits.shape[0]})
    with Image.open(out) as found:
        (offset,), (length,) = found.tag_v2[273], found.tag_v2[279]
    return out.getvalue()[offset:offset + length]


def vector_quantised(codes, patterns):
    """The header and the codes of blocks: `codes` (blocks, rows, columns) and `patterns` (codes, rows, columns)."""
    count, rows, columns = patterns.shape
    head = struct.pack(">IIBHHHIH", codes.shape[1], codes.shape[2], 12, 1, rows, 0, 6, 14)
    at, records, tables = 6 + 14 * rows, b"", b""
    for row in range(rows):
        records += struct.pack(">HIHHI", row + 1, count, columns, 8, at + len(tables))
        tables += patterns[:, row].tobytes()
    bits = ((codes.reshape(-1, 1) >> np.arange(11, -1, -1)) & 1).astype(np.uint8)
    return head + records + tables, np.packbits(bits.reshape(codes.shape[0], -1), axis=1)
