"""Small TIFF files whose blocks have the rarer codecs: LZMA, WebP, LERC, JPEG 2000, JPEG XL and old-style JPEG."""
import io
import struct

import numpy as np
from PIL import Image
from testkit.tiff_bytes import LONG, SHORT, field, file, image


def codec_seeds(picture, by_tifffile, ours):
    colour = np.moveaxis(picture(3), 0, 2).copy()
    tile = {"photometric": "rgb", "tile": (16, 16)}
    yield "lzma", by_tifffile(colour, compression="lzma", predictor=2, **tile)
    yield "lzma-ours", ours(picture(1, "float32"), "tiff", compression="lzma", block_size=(16, 16))
    yield "webp-lossless", ours(picture(4), "tiff", compression="webp", block_size=(32, 32))
    yield "webp-lossy", by_tifffile(colour, compression="webp", compressionargs={"level": 50, "lossless": False}, **tile)
    yield "lerc", by_tifffile(colour, compression="lerc", **tile)
    yield "lerc-float", by_tifffile(picture(1, "float32")[0], compression="lerc", compressionargs={"level": 0.5}, tile=(16, 16))
    gaps = picture(1, "float32")
    gaps[0, 3:7, 4:9] = np.nan
    yield "lerc-mask", ours(gaps, "tiff", compression="lerc", block_size=(32, 32))
    yield "lerc-deflate", by_tifffile(picture(1, "int16")[0], compression="lerc", compressionargs={"compression": "deflate"}, tile=(16, 16))
    yield "lerc-zstd", ours(picture(1, "uint32"), "tiff", compression="lerc", metadata={"LercParameters": [4, 2]})
    yield "jpeg-2000", by_tifffile(colour, compression="jpeg2000", compressionargs={"level": 0}, **tile)
    yield "jp2", by_tifffile(picture(1, "uint16")[0], compression="jpeg2000", compressionargs={"level": 0, "codecformat": "jp2"}, tile=(16, 16))
    yield "jpeg-xl", by_tifffile(colour, compression="jpegxl", compressionargs={"lossless": True}, **tile)
    yield "jpeg-xl-lossy", by_tifffile(colour, compression="jpegxl", compressionargs={"lossless": False, "level": 80}, **tile)
    yield "old-jpeg-stream", _old_jpeg(colour)
    yield "old-jpeg-header", _old_jpeg(colour, apart=True)


def _old_jpeg(colour, apart=False):
    """A strip of a whole stream, or of the data of its scan, with the stream behind it."""
    out = io.BytesIO()
    Image.fromarray(colour).save(out, "JPEG")
    content, fields = out.getvalue(), [field(259, SHORT, 6), field(530, SHORT, 2, 2)]
    rows, columns, _ = colour.shape
    if apart:
        scan = content.index(b"\xff\xda")
        (length,) = struct.unpack_from(">H", content, scan + 2)
        data = content[scan + 2 + length : -2]
        fields.append(field(513, LONG, 8 + len(data)))
        content = data + content
    return file(image(content, (columns, rows), 8, 3, 6, fields))
