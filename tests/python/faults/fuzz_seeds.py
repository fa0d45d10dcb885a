"""A dozen small files of each format, by independent writers and by us, for truncation and mutation."""
import io
import struct
import zlib

import imagecodecs
import numpy as np
import rasterio
import tifffile
from fuzz_seeds_codecs import codec_seeds
from fuzz_seeds_j2k import j2k_seeds
from fuzz_seeds_nitf import nitf_seeds
from PIL import Image, ImageCms, PngImagePlugin

ROWS, COLS = 19, 21


def write_seeds(folder):
    """Writes the seeds into `folder` as <format>-<number>-<name>; returns nothing."""
    all_makers = {"tiff": tiff_seeds, "png": png_seeds, "jpeg": jpeg_seeds, "nitf": nitf_seeds, "j2k": lambda folder: j2k_seeds(folder, picture, ours),
                  "codecs": lambda folder: codec_seeds(picture, by_tifffile, ours)}
    for kind, makers in all_makers.items():
        for number, (name, content) in enumerate(makers(folder)):
            (folder / f"{kind}-{number:02}-{name}").write_bytes(content)


def picture(bands, dtype="uint8"):
    y, x = np.mgrid[0:ROWS, 0:COLS]
    planes = np.stack([(x * 7 + y * 5 + b * 40) % 251 for b in range(bands)])
    return (planes * (1 if np.dtype(dtype).itemsize == 1 else 3)).astype(dtype)


def last(data):
    return np.moveaxis(data, 0, 2).copy(order="C") if len(data) > 1 else data[0]


def ours(data, kind, **options):
    from aws.osml.io import imsave

    stream = io.BytesIO()
    imsave(stream, data, format=kind, **options)
    return stream.getvalue()


def by_tifffile(data, **options):
    stream = io.BytesIO()
    tifffile.imwrite(stream, data, metadata=None, **options)
    return stream.getvalue()


def by_gdal(folder, data, masked=False, overviews=False, **options):
    path = folder / "gdal.tmp.tif"
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        with rasterio.open(path, "w", driver="GTiff", width=COLS, height=ROWS, count=len(data), dtype=data.dtype, **options) as dst:
            dst.write(data)
            if masked:
                dst.write_mask(np.where(np.indices((ROWS, COLS)).sum(axis=0) % 3, 255, 0).astype(np.uint8))
        if overviews:
            with rasterio.open(path, "r+") as dst:
                dst.build_overviews([2])
    content = path.read_bytes()
    path.unlink()
    return content


def tiff_seeds(folder):
    grey, colour = picture(1)[0], last(picture(3))
    yield "strips", by_tifffile(grey, rowsperstrip=4)
    yield "tiles-deflate-big-endian", by_tifffile(colour, photometric="rgb", tile=(16, 16), compression="zlib", predictor=2, byteorder=">")
    yield "float-lzw", by_tifffile(picture(1, "float32")[0], compression="lzw", predictor=3)
    yield "bigtiff-zstd", by_tifffile(picture(1, "uint16")[0], bigtiff=True, compression="zstd", predictor=2)
    yield "planar-packbits", by_tifffile(picture(3), photometric="rgb", planarconfig="separate", compression="packbits")
    yield "four-bits", by_gdal(folder, picture(1) % 16, NBITS=4, compress="LZW")
    yield "jpeg-ycbcr", by_gdal(folder, picture(3), compress="JPEG", photometric="YCBCR", tiled=True, blockxsize=16, blockysize=16)
    yield "fax", by_gdal(folder, picture(1) % 2, NBITS=1, compress="CCITTFAX4")
    yield "geo", by_gdal(folder, picture(1, "int16"), crs="EPSG:32633", transform=rasterio.Affine(2, 0, 5e5, 0, -2, 4e6), nodata=-5,
                         compress="DEFLATE")
    yield "mask-overview", by_gdal(folder, picture(3), masked=True, overviews=True, tiled=True, blockxsize=16, blockysize=16,
                                   compress="DEFLATE")
    yield "palette", by_tifffile(grey, photometric="palette", colormap=np.arange(768, dtype=np.uint16).reshape(3, 256) * 85)
    yield "ours-default", ours(picture(3), "tiff", block_size=(16, 16))
    yield "ours-lzw-strips", ours(picture(2, "uint64"), "tiff", compression="lzw", metadata={"278": 5, "65000": [1, 2, 3]})


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_file(depth, colour, rows, interlaced=False, extra=b""):
    header = struct.pack(">IIBBBBB", COLS, ROWS, depth, colour, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", zlib.compress(b"".join(rows)))
            + png_chunk(b"IEND", b""))


def interlaced_rows(data):
    for x, y, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        yield from (b"\0" + row.tobytes() for row in data[y::dy, x::dx])


def png_seeds(folder):
    for depth in (1, 2, 4):
        data = picture(1)[0] % (1 << depth)
        spread = ((data[:, :, None] >> np.arange(depth - 1, -1, -1)) & 1).reshape(ROWS, -1).astype(np.uint8)
        rows = [b"\0" + row.tobytes() for row in np.packbits(spread, axis=1)]
        palette = png_chunk(b"PLTE", bytes(range(3 << depth))) + png_chunk(b"tRNS", b"\x80\xff")
        yield f"{depth}-bit", png_file(depth, 3 if depth == 4 else 0, rows, extra=palette if depth == 4 else b"")
    yield "grey", imagecodecs.png_encode(picture(1)[0])
    yield "grey-16", imagecodecs.png_encode(picture(1, "uint16")[0])
    yield "grey-alpha", imagecodecs.png_encode(last(picture(2)))
    yield "rgba-16", imagecodecs.png_encode(last(picture(4, "uint16")))
    yield "interlaced", png_file(8, 0, interlaced_rows(picture(1)[0]), interlaced=True)
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "somebody")
    text.add_text("Comment", "long " * 40, zip=True)
    text.add_itxt("Title", "name", lang="en", tkey="t")
    stream = io.BytesIO()
    Image.fromarray(last(picture(3))).save(stream, "PNG", pnginfo=text, dpi=(300, 300),
                                           icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    yield "chunks", stream.getvalue()
    yield "transparent", png_file(8, 2, [b"\0" + row.tobytes() for row in last(picture(3))], extra=png_chunk(b"tRNS", b"\0\1\0\2\0\3"))
    yield "ours-grey", ours(picture(1), "png")
    yield "ours-rgb", ours(picture(3, "uint16"), "png")


def jpeg_seeds(folder):
    for name in ("444", "422", "420", "411", "440"):
        yield name, imagecodecs.jpeg8_encode(last(picture(3)), level=60, subsampling=name)
    yield "grey", imagecodecs.jpeg8_encode(picture(1)[0], level=60)
    yield "optimized", imagecodecs.jpeg8_encode(last(picture(3)), level=30, optimize=True)
    exif = Image.Exif()
    exif[0x010F] = "maker"
    for name, image, options in [("progressive", picture(3), dict(progressive=True)), ("restarts", picture(3), dict(restart_marker_blocks=1)),
                                 ("exif", picture(1), dict(exif=exif, icc_profile=bytes(range(200)), comment="a remark")),
                                 ("cmyk", picture(4), {})]:
        stream = io.BytesIO()
        Image.fromarray(last(image), mode="CMYK" if len(image) == 4 else None).save(stream, "JPEG", quality=60, **options)
        yield name, stream.getvalue()
    yield "ours-grey", ours(picture(1), "jpeg")
    yield "ours-rgb", ours(picture(3), "jpeg", quality=50)
