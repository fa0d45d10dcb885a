"""Requests for TIFF: sample types, sizes, compressions, and layouts of samples and blocks."""

from golden.catalogue import image, save

INTEGERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
FLOATS = ["float16", "float32", "float64", "complex64", "complex128"]


for kind in INTEGERS + FLOATS:
    save(f"tiff/type/{kind}", f"noisy 2x37x53 {kind}")
    save(f"tiff/type/{kind}-blocks", f"smooth 1x70x90 {kind}", block_size=(32, 16), compression="lzw")
for bands in (1, 2, 3, 4, 8):
    for kind in ("uint8", "uint16", "float32"):
        save(f"tiff/bands/{bands}-{kind}", f"smooth {bands}x61x83 {kind}")
    image(f"tiff/bands/{bands}-separate", f"smooth {bands}x61x83 uint16", {"PlanarConfiguration": "Separate", "TileWidth": 32, "TileLength": 48})
for rows, columns in ((1, 1), (1, 300), (300, 1), (16, 16), (256, 256), (257, 255), (600, 700)):
    save(f"tiff/size/{rows}x{columns}", f"smooth 1x{rows}x{columns} uint8")
    save(f"tiff/size/{rows}x{columns}-none", f"noisy 3x{rows}x{columns} uint8", compression="none")
for word in ("none", "packbits", "lzw", "deflate", "zstd", "jpeg"):
    for pattern in ("smooth", "noisy", "constant", "thematic"):
        save(f"tiff/{word}/{pattern}", f"{pattern} 1x150x170 uint8", compression=word, block_size=(64, 64))
    save(f"tiff/{word}/rgb", "smooth 3x150x170 uint8", compression=word, block_size=(64, 64))
for word in ("packbits", "lzw", "deflate", "zstd", "jpeg"):
    for kind in ("uint8", "uint16", "float32") if word != "jpeg" else ("uint8",):
        save(f"tiff/{word}/grainy-{kind}", f"grainy 3x200x210 {kind}", compression=word)
for word in ("LZW", "Deflate", "ZSTD"):
    for predictor in ("None", "Horizontal"):
        for kind in ("uint8", "int16", "uint32", "uint64"):
            image(f"tiff/predictor/{word}-{predictor}-{kind}", f"smooth 3x50x70 {kind}", {"Compression": word, "Predictor": predictor})
    for kind in ("float16", "float32", "float64"):
        image(f"tiff/predictor/{word}-FloatingPoint-{kind}", f"smooth 2x50x70 {kind}", {"Compression": word, "Predictor": "FloatingPoint"})
for level in (0, 1, 5, 6, 9, 12):
    image(
        f"tiff/level/deflate-{level}",
        "smooth 3x150x170 uint16",
        {"Compression": "Deflate", "CompressionLevel": level, "TileWidth": 64, "TileLength": 64},
    )
for level in (-7, -1, 1, 3, 9, 19, 22):
    image(
        f"tiff/level/zstd-{level}", "smooth 3x150x170 uint16", {"Compression": "ZSTD", "CompressionLevel": level, "TileWidth": 64, "TileLength": 64}
    )

for quality in (1, 30, 75, 100):
    save(f"tiff/jpeg-quality/{quality}", "smooth 3x90x110 uint8", compression="jpeg", quality=quality, block_size=(48, 32))
for factors in ([1, 1], [2, 1], [2, 2]):
    image(f"tiff/jpeg-subsampling/{factors[0]}x{factors[1]}", "noisy 3x90x110 uint8", {"259": "JPEG", "530": factors, "322": 64, "323": 32})
image("tiff/jpeg/separate", "smooth 3x90x110 uint8", {"259": 7, "284": 2, "Quality": 60})
image("tiff/jpeg/strips", "smooth 3x90x110 uint8", {"259": 7, "RowsPerStrip": 16})
image("tiff/jpeg/four-bands", "smooth 4x90x110 uint8", {"259": 7})
for rows in (0, 1, 7, 16, 1000):
    image(f"tiff/strips/{rows}", "smooth 1x101x75 uint16", {"RowsPerStrip": rows})
    image(f"tiff/strips/{rows}-separate", "smooth 3x101x75 uint8", {"RowsPerStrip": rows, "PlanarConfiguration": "Separate", "Compression": "None"})
image("tiff/strips/0-large", "noisy 3x700x600 uint8", {"278": 0, "259": 1})
for word in ("None", "PackBits", "LZW", "Deflate", "ZSTD"):
    image(f"tiff/strips/{word}", "thematic 3x101x75 int16", {"RowsPerStrip": 13, "Compression": word})
for width, height in ((16, 16), (64, 128), (512, 16), (256, 512)):
    image(f"tiff/tiles/{width}x{height}", "smooth 3x300x280 uint8", {"TileWidth": width, "TileLength": height})
    image(f"tiff/tiles/{width}x{height}-none", "noisy 2x300x280 uint16", {"322": width, "TileHeight": height, "259": 1})
save("tiff/tiles/many-blocks", "noisy 1x900x1000 uint8", block_size=(64, 64), compression="lzw")
save("tiff/tiles/many-blocks-zstd", "smooth 4x600x500 float32", block_size=(64, 64), compression="zstd")
save("tiff/cog/rgb", "smooth 3x700x900 uint8", cog=True)
save("tiff/cog/small", "noisy 1x90x70 uint16", cog=True)
save("tiff/cog/nodata", "noisy 1x300x280 int16", overviews=[2, 4], block_size=64, nodata=5)
for method in ("nearest", "average", "bilinear", "cubic", "gauss", "mode", "rms"):
    save(f"tiff/cog/{method}", "smooth 2x150x170 float32", overviews=[2, 8], resampling=method, block_size=64)
    save(f"tiff/cog/{method}-bytes", "grainy 1x150x170 uint8", overviews=[2], resampling=method, block_size=64, compression="none")
for word in ("lzma", "lerc", "webp"):
    for kind in ("uint8", "uint16", "float32") if word != "webp" else ("uint8",):
        save(f"tiff/{word}/grainy-{kind}", f"grainy 3x200x210 {kind}", compression=word)
    image(f"tiff/strips/{word}", "smooth 3x101x75 uint8", {"RowsPerStrip": 13, "Compression": word})
for further in (1, 2):
    image(f"tiff/lerc/further-{further}", "smooth 2x101x75 int16", {"Compression": "LERC", "LercParameters": [4, further]})
image("tiff/lerc/error", "smooth 1x101x75 float32", {"Compression": "LERC", "MaxZError": 0.01})
save("tiff/statistics/float32", "smooth 2x101x75 float32", statistics=True)
