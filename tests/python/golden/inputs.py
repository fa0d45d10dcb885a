"""Requests with different inputs: kinds of arrays, providers, targets, threads, and settings other than metadata."""

import io

import numpy as np

from golden.catalogue import add, image, pixels, request, save
from testkit.nitf_ours import provider, write
from testkit.providers import GridProvider, LazyProvider

SMALL = "smooth 1x50x60 uint16"
FORMATS = {"tiff": {}, "png": {}, "jpeg": {}, "nitf": {"compression": "none"}, "nsif": {"compression": "none"}}
PLACE = {"crs": 32618, "transform": (300000, 10, 0, 4500000, 0, -10)}
CORNERS = {"crs": 4326, "corners": [(10, 50), (11, 50), (11, 49), (10, 49)]}
ARRAYS = {
    "two-axes": lambda array: array[0],
    "swapped-axes": lambda array: array.transpose(0, 2, 1),
    "bands-last": lambda array: np.moveaxis(np.moveaxis(array, 0, -1).copy(), -1, 0),
    "reversed": lambda array: array[::-1, ::-1, ::-1],
    "steps": lambda array: array[:, ::2, 1::3],
    "columns-first": np.asfortranarray,
    "other-bytes": lambda array: array.astype(array.dtype.newbyteorder("S")),
    "broadcast": lambda array: np.broadcast_to(array[:, :1], array.shape),
    "writable": np.copy,
}


def shaped(path, word, spec, **options):
    from aws.osml.io import imsave

    imsave(path, ARRAYS[word](pixels(spec)), **options)


for word in ARRAYS:
    add(f"tiff/array/{word}", shaped, word, "noisy 3x70x80 float32")
    add(f"nitf/array/{word}", shaped, word, "noisy 3x70x80 uint16", compression="none")
    add(f"png/array/{word}", shaped, word, "noisy 3x70x80 uint16")


@request("tiff/array/lists")
def lists(path):
    from aws.osml.io import imsave

    imsave(path, [[1, 2, 3], [4, 5, 6]])


@request("nitf/array/bool", compression="none")
@request("tiff/array/bool")
@request("tiff/array/odd-axes", shape=(30, 20, 3))
def booleans(path, shape=(1, 20, 30), **options):
    from aws.osml.io import imsave

    imsave(path, (pixels(f"noisy {'x'.join(map(str, shape))} uint8") > 100), **options)


def lazy(path, kind, spec, block, metadata, padded):
    write(path, GridProvider(pixels(spec), block, metadata, padded), format=kind)


for kind, spec, metadata in [
    ("tiff", "noisy 3x150x170 uint8", {"322": 64, "323": 48, "259": "lzw"}),
    ("png", "smooth 3x150x170 uint8", None),
    ("jpeg", "smooth 3x150x170 uint8", None),
    ("nitf", "noisy 3x150x170 int16", {"NPPBH": 50, "NPPBV": 60, "IMODE": "R"}),
]:
    for block in ((170, 1), (33, 150), (64, 64), (200, 200)):
        add(f"{kind}/lazy/{block[0]}x{block[1]}", lazy, kind, spec, block, metadata, False)
    add(f"{kind}/lazy/padded", lazy, kind, spec, (64, 64), metadata, True)


class Checkered(GridProvider):
    """Every other block is absent."""

    def has_block(self, block_row, block_col, resolution_level=0):
        return (block_row + block_col) % 2 == 0


@request("tiff/lazy/checkered", "tiff", {"322": 64, "323": 64})
@request("tiff/lazy/checkered-none", "tiff", {"322": 64, "323": 64, "259": 1})
@request("nitf/lazy/checkered", "nitf", {"IC": "NM", "TPXCD": 3})
@request("png/lazy/checkered", "png", None)
@request("jpeg/lazy/checkered", "jpeg", None)
def checkered(path, kind, metadata):
    write(path, Checkered(pixels("noisy 1x128x192 uint8"), (64, 64), metadata), format=kind)


@request("tiff/lazy/large", "tiff", {"259": "zstd"})
@request("png/lazy/large", "png", None)
@request("jpeg/lazy/large", "jpeg", None)
@request("nitf/lazy/large", "nitf", {"NPPBH": 100, "NPPBV": 100})
def large(path, kind, metadata):
    made = LazyProvider(700, 900, block=(256, 128))
    made.metadata = metadata or {}
    write(path, made, format=kind)


@request("tiff/blocks-set", "tiff")
@request("nitf/blocks-set", "nitf")
@request("png/blocks-set", "png")
def blocks_set(path, kind):
    from aws.osml.io import BufferedImageAssetProvider

    data = pixels("noisy 2x100x90 uint16")
    made = BufferedImageAssetProvider.create("image:0", 90, 100, 2, block_width=40, block_height=32, pixel_type="uint16")
    for row in reversed(range(4)):
        for column in range(3):
            made.set_block(row, column, data[:, row * 32 : row * 32 + 32, column * 40 : column * 40 + 40])
    write(path, made, format=kind)


class Pipe(io.RawIOBase):
    """A stream that takes little at a time and cannot seek."""

    def __init__(self):
        super().__init__()
        self.content = b""

    def writable(self):
        return True

    def write(self, data):
        self.content += bytes(data[:4096])
        return min(len(data), 4096)


def to_stream(path, kind, make, spec, **options):
    from aws.osml.io import imsave

    stream = make()
    imsave(stream, pixels(spec), format=kind, **options)
    path.write_bytes(stream.getvalue() if isinstance(stream, io.BytesIO) else stream.content)


def to_open_file(path, kind, **options):
    from aws.osml.io import imsave

    with open(path, "wb") as stream:
        imsave(stream, pixels("smooth 3x90x80 uint8"), format=kind, **options)


def to_name(path, kind, name, **options):
    from aws.osml.io import imsave

    target = path.with_name(name)
    imsave(str(target), pixels("smooth 3x90x80 uint8"), format=kind, **options)
    target.rename(path)


def with_threads(path, kind, threads, **options):
    from aws.osml.io import imsave

    imsave(path, pixels("noisy 3x300x320 uint8"), threads=threads, **options)


for kind, options in FORMATS.items():
    add(f"{kind}/stream/memory", to_stream, kind, io.BytesIO, "smooth 3x90x80 uint8", **options)
    add(f"{kind}/stream/pipe", to_stream, kind, Pipe, "smooth 3x90x80 uint8", **options)
    add(f"{kind}/stream/open-file", to_open_file, kind, **options)
    add(f"{kind}/path/odd", to_name, kind, "Ü x.bin", **options)
    for threads in (1, 2, 5):
        add(f"{kind}/threads/{threads}", with_threads, kind, threads, **options)


@request("tiff/progress")
def progress(path):
    from aws.osml.io import IO

    with IO.open([path], "w", "geotiff", progress=lambda done, total: None, threads=3) as writer:
        writer.metadata = {}
        writer.add_asset(key="image:0", provider=provider(pixels("smooth 2x300x320 uint8")), title="t", description="d", roles=["data"])


@request("tiff/from-a-reader")
def from_a_reader(path):
    from aws.osml.io import IO, imsave

    imsave(path.with_name("source.tif"), pixels(SMALL))
    with IO.open(path.with_name("source.tif")) as reader:
        imsave(path, reader.get_asset("image:0"), compression="lzw")


# Arguments of `imsave`, alone and beside metadata with another value for the same setting.
for word, options in {
    "compression": {"compression": "lzw"},
    "compression-of-metadata": {"metadata": {"Compression": "LZW"}},
    "compression-wins": {"compression": "lzw", "metadata": {"259": "zstd"}},
    "block-size": {"block_size": (32, 16)},
    "block-size-wins": {"block_size": (32, 16), "metadata": {"TileWidth": 64, "323": 64}},
    "block-size-over-strips": {"block_size": (32, 16), "metadata": {"RowsPerStrip": 4}},
    "nodata": {"nodata": 7},
    "nodata-wins": {"nodata": 7, "metadata": {"42113": "8"}},
    "transform-wins": {**PLACE, "metadata": {"GeoProjectedCRS": 32633, "GeoPixelScale": [1, 1, 0], "GeoTiepoints": [0] * 6}},
    "transform-beside-crs": {"transform": PLACE["transform"], "metadata": {"GeoProjectedCRS": 32633}},
    "corners-wins": {**CORNERS, "metadata": {"GeoTransform": [0, 1, 0, 0, 0, -1]}},
    "point": {**CORNERS, "metadata": {"GeoRasterType": "PixelIsPoint", "GeoCitation": "a place"}},
    "precise": {**PLACE, "precise": True},
    "strict": {"strict": True},
    "threads": {"threads": 2},
    "level": {"compression": "zstd", "metadata": {"CompressionLevel": 3}},
    "predictor": {"metadata": {"Predictor": 1}},
    "all": {
        "compression": "zstd",
        "block_size": (64, 32),
        **CORNERS,
        "nodata": 1,
        "threads": 2,
        "strict": True,
        "metadata": {"Artist": "nobody", "65000": [1, 2]},
    },
}.items():
    save(f"tiff/settings/{word}", SMALL, **options)
for word, options in {
    "quality": {"quality": 40},
    "quality-wins": {"quality": 40, "metadata": {"Quality": 90}},
    "quality-of-metadata": {"metadata": {"Quality": 40}},
    "fraction": {"quality": 40.6},
}.items():
    save(f"tiff/settings/jpeg-{word}", "smooth 3x50x60 uint8", **{"compression": "jpeg", **options})
for word, options in {
    "quality": {"quality": 40},
    "quality-wins": {"quality": 40, "metadata": {"JPEG_QUALITY": 90}},
    "quality-of-metadata": {"metadata": {"JPEG_QUALITY": 40}},
    "subsampling": {"metadata": {"JPEG_SUBSAMPLING": "4:2:2"}},
    "strict": {"strict": True},
}.items():
    save(f"jpeg/settings/{word}", "smooth 3x50x60 uint8", **options)
for word, options in {
    "default": {},
    "compression": {"compression": "NC"},
    "masked": {"compression": "NM"},
    "compression-of-metadata": {"metadata": {"IC": "NM"}},
    "block-size": {"block_size": (32, 16), "compression": "none"},
    "block-size-wins": {"block_size": (32, 16), "compression": "none", "metadata": {"NPPBH": 20, "NPPBV": 20}},
    "nodata": {"nodata": 7},
    "nodata-wins": {"nodata": 7, "metadata": {"TPXCD": 8}},
    "place-wins": {**PLACE, "compression": "none", "metadata": {"ICORDS": "N", "IGEOLO": "180000000000000" * 4}},
    "corners": {**CORNERS, "compression": "none"},
    "corners-decimal": {**CORNERS, "compression": "none", "metadata": {"ICORDS": "D"}},
    "precise": {**CORNERS, "compression": "none", "precise": True},
    "precise-beside-tres": {**CORNERS, "compression": "none", "precise": True, "metadata": {"BLOCKA": {"L_LINES": 7}}},
    "strict": {"compression": "none", "strict": True},
    "fields": {"compression": "none", "metadata": {"IMODE": "B", "FTITLE": "of the file", "OSTAID": "HERE", "IID2": "a title"}},
    "all": {
        "compression": "NM",
        "block_size": (30, 20),
        **PLACE,
        "nodata": 1,
        "threads": 2,
        "precise": True,
        "metadata": {"TGTID": "T", "ICOM": ["c"], "GOLDNA": b"x"},
    },
}.items():
    save(f"nitf/settings/{word}", SMALL, **options)
for word, options in {
    "default": {},
    "words": {"compression": "deflate"},
    "small": {"metadata": {"PNG_COMPRESSION": "small"}},
    "strict": {"strict": True},
}.items():
    save(f"png/settings/{word}", SMALL, **options)
image("tiff/settings/resolver", SMALL, {"compression": "Deflate", "COMPRESSIONLEVEL": "3", "tilewidth": "32", "tilelength": 48.0})
