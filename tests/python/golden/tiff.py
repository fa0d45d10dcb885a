"""Requests for TIFF: sample types, compressions, layouts, tags, georeference."""
import numpy as np

from golden.catalogue import add, pixels, save
from testkit.nitf_ours import provider, sparse, write

INTEGERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
FLOATS = ["float16", "float32", "float64", "complex64", "complex128"]
UTM = {"crs": 32618, "transform": (300000, 10, 0, 4500000, 0, -10)}


def tags(name, spec, metadata, block=None, **more):
    """A request of one image whose metadata control its encoding."""
    add(f"tiff/{name}", _tags, spec, metadata, block, **more)


def _tags(path, spec, metadata, block, **more):
    write(path, (provider(pixels(spec), metadata, block), *more.get("title", ())), format="tiff")


for kind in INTEGERS + FLOATS:
    save(f"tiff/type/{kind}", f"noisy 2x37x53 {kind}")
    save(f"tiff/type/{kind}-blocks", f"smooth 1x70x90 {kind}", block_size=(32, 16), compression="lzw")
for bands in (1, 2, 3, 4, 8):
    for kind in ("uint8", "uint16", "float32"):
        save(f"tiff/bands/{bands}-{kind}", f"smooth {bands}x61x83 {kind}")
    tags(f"bands/{bands}-separate", f"smooth {bands}x61x83 uint16", {"PlanarConfiguration": "Separate", "TileWidth": 32, "TileLength": 48})
for rows, columns in ((1, 1), (1, 300), (300, 1), (16, 16), (256, 256), (257, 255), (600, 700)):
    save(f"tiff/size/{rows}x{columns}", f"smooth 1x{rows}x{columns} uint8")
    save(f"tiff/size/{rows}x{columns}-none", f"noisy 3x{rows}x{columns} uint8", compression="none")
for word in ("none", "packbits", "lzw", "deflate", "zstd", "jpeg"):
    for pattern in ("smooth", "noisy", "constant", "thematic"):
        save(f"tiff/{word}/{pattern}", f"{pattern} 1x150x170 uint8", compression=word, block_size=(64, 64))
    save(f"tiff/{word}/rgb", "smooth 3x150x170 uint8", compression=word, block_size=(64, 64))
for word in ("LZW", "Deflate", "ZSTD"):
    for predictor in ("None", "Horizontal"):
        for kind in ("uint8", "int16", "uint32", "uint64"):
            tags(f"predictor/{word}-{predictor}-{kind}", f"smooth 3x50x70 {kind}", {"Compression": word, "Predictor": predictor})
    for kind in ("float16", "float32", "float64"):
        tags(f"predictor/{word}-FloatingPoint-{kind}", f"smooth 2x50x70 {kind}", {"Compression": word, "Predictor": "FloatingPoint"})
for level in (0, 1, 5, 6, 9, 12):
    tags(f"level/deflate-{level}", "smooth 3x150x170 uint16", {"Compression": "Deflate", "CompressionLevel": level, "TileWidth": 64, "TileLength": 64})
for level in (-7, -1, 1, 3, 9, 19, 22):
    tags(f"level/zstd-{level}", "smooth 3x150x170 uint16", {"Compression": "ZSTD", "CompressionLevel": level, "TileWidth": 64, "TileLength": 64})
