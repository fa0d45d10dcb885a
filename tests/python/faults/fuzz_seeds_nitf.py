"""Small NITF files of different structures: by hand, by GDAL, and by us. The first image of each has 19 rows and 21 columns."""
import io
import os

import imagecodecs
import numpy as np
import rasterio
import rasterio.shutil
from testkit import nitf_forge as nb
from testkit.lossless_jpeg import lossless_jpeg
from testkit.nitf_coded import page, vector_quantised
from testkit.nitf_damage import points

ROWS, COLS = 19, 21
BLOCK = (8, 8)
CORNERS = "381458N0772958W381458N0771802W380902N0771802W380902N0772958W"


def picture(bands, dtype="uint8"):
    y, x = np.mgrid[0:ROWS, 0:COLS]
    planes = np.stack([(x * 7 + y * 5 + b * 40) % 251 for b in range(bands)])
    return (planes * (1 if np.dtype(dtype).itemsize == 1 else 3)).astype(dtype)


def one(data, sub, **options):
    return bytes(nb.File([(sub, data)], **options))


def nitf_seeds(folder):
    """(name, bytes) of each; a name that begins with `unsupported` is of a file whose pixels we do not read yet."""
    yield from plain_seeds()
    yield from masked_seeds()
    yield from composed_seeds()
    yield from coded_seeds()
    yield from gdal_seeds(folder)
    yield from own_seeds()


def plain_seeds():
    grey, colour = picture(1), picture(3)
    yield "one-block", one(nb.stored(grey), nb.image(ROWS, COLS))
    yield "pixels-georeferenced", one(nb.stored(colour, "P", BLOCK), nb.image(ROWS, COLS, 3, imode="P", block=BLOCK, icords="G", igeolo=CORNERS,
                                                                           comments=["first", "second"]))
    deep = picture(2, "uint16")
    yield "rows-eleven-bits", one(nb.stored(deep, "R", BLOCK), nb.image(ROWS, COLS, 2, nbpp=16, abpp=11, imode="R", block=BLOCK))
    floats = picture(2, "float32")
    yield "bands-float", one(nb.stored(floats, "S", BLOCK), nb.image(ROWS, COLS, 2, nbpp=32, pvtype="R", imode="S", block=BLOCK))
    waves = picture(1, "complex64")
    yield "complex", one(nb.stored(waves), nb.image(ROWS, COLS, nbpp=64, pvtype="C", irep="NODISPLY"))
    many = picture(10, "int8")
    yield "xbands-signed", one(nb.stored(many, "P"), nb.image(ROWS, COLS, 10, pvtype="SI", imode="P"))
    bits = picture(1) % 2
    tables = [[0, 255], [9, 8], [7, 6]]
    yield "one-bit-lut", one(nb.packed(bits, 1), nb.image(ROWS, COLS, nbpp=1, pvtype="B", irep="RGB/LUT", luts=tables))
    yield "twelve-bits", one(nb.packed(picture(1, "uint16"), 12), nb.image(ROWS, COLS, nbpp=12))
    yield "nitf-2-0", one(nb.stored(grey), nb.image(ROWS, COLS, old=True), magic="NITF02.00", level=1)


def masked_seeds():
    grey, colour = picture(1), picture(2, "uint16")
    sub = nb.image(ROWS, COLS, ic="NM", block=BLOCK)
    yield "masked", one(nb.masked(grey, "B", BLOCK, absent=(1, 4), pad=b"\xff"), sub)
    sub = nb.image(ROWS, COLS, 2, nbpp=16, ic="NM", imode="S", block=BLOCK)
    yield "masked-bands", one(nb.masked(colour, "S", BLOCK, absent=(0, 10, 17), pad=b"\0\0"), sub)
    blocks = nb.blocks(colour, "P", BLOCK)
    offsets = [len(blocks[0]) * number for number in range(len(blocks))]
    table = nb.mask_table(None, [nb.EMPTY if number % 2 else at for number, at in enumerate(offsets)], b"\0\1", 16)
    sub = nb.image(ROWS, COLS, 2, nbpp=16, ic="NM", imode="P", block=BLOCK)
    yield "masked-pad-only", one(table + b"".join(blocks), sub, magic="NSIF01.00")


def composed_seeds():
    grey, colour = picture(1), picture(3)
    first = nb.image(ROWS, COLS, udid=points(4), ixshd=nb.tre("XYZABC", "unknown") + points(5), overflow=1)
    second = nb.image(ROWS, COLS, 3, idlvl=2, ialvl=1, iloc=(2, 3))
    overflow = nb.des(overflows=("IXSHD", 1))
    yield "everything", bytes(nb.File(
        [(first, nb.stored(grey)), (second, nb.stored(colour))], [(nb.graphic(), b"\0\x20CGM")], [(nb.text(), b"two\r\nlines\r\n")],
        [(overflow, points(4)), (nb.des(header=b"own header"), b"own data")], [(nb.res(), b"own reserved")], title="everything",
        udhd=nb.tre("FIRST", "x"), xhd=nb.tre("SECOND", "yy")))
    parts = [(0, 8), (8, 8), (16, 3)]
    images = [(nb.image(rows, COLS, idlvl=n + 1, ialvl=n, iloc=(8 if n else 0, 0), name=f"PART{n:03}"), nb.stored(grey[:, at:at + rows]))
              for n, (at, rows) in enumerate(parts)]
    yield "in-segments", bytes(nb.File(images))


def coded_seeds():
    """Codings that neither GDAL nor we write."""
    deep, bits = picture(1, "uint16"), (picture(1)[0] // 9 % 2).astype(np.uint8)
    yield "jpeg-twelve-bits", one(imagecodecs.jpeg8_encode(deep[0], bitspersample=12), nb.image(ROWS, COLS, nbpp=12, ic="C3"))
    yield "lossless-jpeg", one(lossless_jpeg(deep, 12, 5), nb.image(ROWS, COLS, nbpp=12, ic="C5"))
    yield "bi-level", one(page(bits, True), nb.image(ROWS, COLS, nbpp=1, ic="C1", comrat="2DS"))
    header, codes = vector_quantised(np.arange(9 * 4).reshape(9, 2, 2) % 8, np.arange(128, dtype=np.uint8).reshape(8, 4, 4))
    yield "vector-quantisation", one(header + codes.tobytes(), nb.image(ROWS, COLS, ic="C4", comrat="0.75", block=BLOCK))


def gdal_seeds(folder):
    transform = rasterio.Affine(10, 0, 300000, 0, -10, 4500000)
    yield "gdal-utm", by_gdal(folder, picture(3), crs="EPSG:32618", transform=transform, ICORDS="N", BLOCKXSIZE=16, BLOCKYSIZE=16,
                              FTITLE="a title", TRE="XYZABC=of another writer")
    yield "gdal-float", by_gdal(folder, picture(1, "float64"), NPPBH=8, NPPBV=8)
    yield "gdal-jpeg", by_gdal(folder, picture(1), IC="C3")
    yield "gdal-jpeg-blocks", by_gdal(folder, picture(3), IC="C3", BLOCKXSIZE=16, BLOCKYSIZE=16)
    yield "gdal-jpeg-2000", by_gdal(folder, picture(1), IC="C8", QUALITY=100)
    yield "gdal-jpeg-2000-rgb", by_gdal(folder, picture(3), IC="C8", QUALITY=100)


def by_gdal(folder, data, crs=None, transform=None, **options):
    """`data` written by GDAL; copied from memory, because GDAL compresses only copies."""
    path = folder / "gdal.tmp.ntf"
    with rasterio.MemoryFile() as memory:
        with memory.open(driver="GTiff", width=COLS, height=ROWS, count=len(data), dtype=data.dtype, crs=crs, transform=transform) as made:
            made.write(data)
        with memory.open() as made:
            rasterio.shutil.copy(made, path, driver="NITF", FDT="20200101120000", IDATIM="20200101120000", **options)
    content = path.read_bytes()
    for left in folder.glob("gdal.tmp.ntf*"):
        left.unlink()
    return content


def own_seeds():
    """Ours, with a fixed clock."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = "1577880000"
    try:
        yield "ours-default", ours(picture(3), format="nitf", compression="NC", block_size=(16, 16))
        yield "ours-masked", ours_masked()
        for code, mode in (("C3", "B"), ("M3", "P"), ("M3", "S")):
            metadata = {"IC": code, "IMODE": mode, "NPPBH": 16, "NPPBV": 16}
            yield f"ours-jpeg-{code}-{mode}", ours(picture(3), format="nitf", metadata=metadata)
        yield "ours-jpeg-stream", ours(picture(3), format="nitf", compression="jpeg")
        yield "ours-nsif", ours(picture(1, "uint16"), format="nsif", compression="NC", corners=[(-77, 39), (-76, 39), (-76, 38), (-77, 38)],
                                crs="EPSG:4326", metadata={"IMODE": "B", "IID2": "a title"})
    finally:
        os.environ.pop("SOURCE_DATE_EPOCH") if before is None else os.environ.__setitem__("SOURCE_DATE_EPOCH", before)


def ours(data, **options):
    from aws.osml.io import imsave

    stream = io.BytesIO()
    imsave(stream, data, **options)
    return stream.getvalue()


def ours_masked():
    from aws.osml.io import IO, BufferedImageAssetProvider, PixelType

    provider = BufferedImageAssetProvider.create("image:0", num_columns=COLS, num_rows=ROWS, num_bands=2, block_width=8, block_height=8,
                                                 pixel_type=PixelType.UInt8, metadata={"IC": "NM", "IMODE": "S"})
    for row, col in ((0, 0), (1, 2), (2, 1)):
        provider.set_block(row, col, picture(2)[:, row * 8:row * 8 + 8, col * 8:col * 8 + 8])
    stream = io.BytesIO()
    with IO.open(stream, "w", "nitf") as writer:
        writer.add_asset("image:0", provider, title="masked", roles=["data"])
    return stream.getvalue()
