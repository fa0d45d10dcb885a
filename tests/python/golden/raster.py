"""Requests for PNG and JPEG."""

from golden.catalogue import image, pixels, request, save
from testkit.nitf_ours import provider, sparse, write

for bands in (1, 2, 3, 4):
    for kind in ("uint8", "uint16"):
        for pattern in ("smooth", "noisy"):
            save(f"png/{pattern}/{bands}-{kind}", f"{pattern} {bands}x61x83 {kind}")
        save(f"png/small/{bands}-{kind}", f"smooth {bands}x61x83 {kind}", metadata={"PNG_COMPRESSION": "small"})
for pattern in ("constant", "thematic", "gaps"):
    for word in ("fast", "small"):
        save(f"png/{word}/{pattern}", f"{pattern} 1x180x190 uint8", metadata={"PNG_COMPRESSION": word})
for rows, columns in ((1, 1), (1, 300), (300, 1), (8, 8), (257, 255)):
    save(f"png/size/{rows}x{columns}", f"noisy 3x{rows}x{columns} uint8")
for word in ("fast", "small"):
    image(f"png/{word}/several-bands-of-rows", "smooth 3x900x700 uint8", {"PNG_COMPRESSION": word})
    image(f"png/grainy/several-bands-of-rows-{word}", "grainy 3x700x600 uint8", {"PNG_COMPRESSION": word})
    for bands in (1, 2, 3, 4):
        for kind in ("uint8", "uint16"):
            image(f"png/grainy/{bands}-{kind}-{word}", f"grainy {bands}x61x83 {kind}", {"PNG_COMPRESSION": word})
save("jpeg/grainy", "grainy 3x300x310 uint8", quality=95)
save("png/fast/several-bands-of-rows-16", "smooth 1x1100x900 uint16")
save("png/bool", "thematic 1x30x40 bool 1")

PROFILE = (150_000).to_bytes(4, "big") + bytes(12) + b"RGB " + bytes(16) + b"acsp" + bytes(n * 7 % 251 for n in range(149_960))
COLOURS = [[n, 255 - n, n * 7 % 256] for n in range(7)]
image("png/palette/short", "thematic 1x40x60 uint8", {"PNG_PALETTE": COLOURS})
image("png/palette/full", "noisy 1x40x60 uint8", {"PNG_PALETTE": [[n, 255 - n, n * 7 % 256] for n in range(256)]})
image("png/palette/transparency", "thematic 1x40x60 uint8", {"PNG_PALETTE": COLOURS, "PNG_TRANSPARENCY": [0, 128, 255], "PNG_BACKGROUND": 3})
image("png/palette/small", "thematic 1x40x60 uint8", {"PNG_PALETTE": COLOURS, "PNG_COMPRESSION": "small"})
image("png/transparency/grey", "smooth 1x40x60 uint8", {"PNG_TRANSPARENCY": [7], "PNG_BACKGROUND": [3]})
image("png/transparency/rgb", "smooth 3x40x60 uint16", {"PNG_TRANSPARENCY": [7, 8, 9], "PNG_BACKGROUND": [3, 2, 1]})
image(
    "png/chunks/texts",
    "smooth 1x40x60 uint8",
    {
        "PNG_TEXT_Title": "a title",
        "PNG_TEXT_Comment": "long " * 500,
        "PNG_TEXT_Author": "Jemand Ü",
        "PNG_TEXT_Source": "日本",
        "PNG_TEXT_Warning": {"text": "Achtung", "language": "de", "translated_keyword": "Warnung"},
    },
)
image(
    "png/chunks/colours",
    "smooth 3x40x60 uint8",
    {"PNG_GAMMA": 0.45455, "PNG_CHROMATICITIES": [0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06], "PNG_SIGNIFICANT_BITS": [5, 6, 5]},
)
image("png/chunks/srgb", "smooth 3x40x60 uint8", {"PNG_SRGB": 1, "PNG_PHYS": [11811, 5906, 1], "PNG_TIME": "2024-02-29T12:30:00Z"})
image("png/chunks/exif", "smooth 3x40x60 uint8", {"PNG_EXIF": b"MM\0*\0\0\0\x08\0\0\0\0\0\0"})
image("png/chunks/profile", "smooth 3x40x60 uint8", {"PNG_ICC_PROFILE": PROFILE[:40] + PROFILE[-3000:], "PNG_ICC_PROFILE_NAME": "a name"})
image("png/chunks/unknown", "smooth 1x40x60 uint8", {"PNG_CHUNK_oFFs": bytes(9), "PNG_CHUNK_teSt": b"any"})
image("png/chunks/facts-and-others", "smooth 1x40x60 uint8", {"PNG_BIT_DEPTH": 8, "PNG_INTERLACE": 1, "259": "lzw", "IID2": "a title"})
image("png/title", "smooth 1x40x60 uint8", title="a title", description="a description")

for quality in (1, 10, 50, 75, 90, 100):
    save(f"jpeg/quality/{quality}", "smooth 3x61x83 uint8", quality=quality)
    save(f"jpeg/quality/{quality}-grey", "smooth 1x61x83 uint8", quality=quality)
for pattern in ("noisy", "constant", "thematic"):
    save(f"jpeg/pattern/{pattern}", f"{pattern} 3x61x83 uint8")
for word in ("4:4:4", "4:2:2", "4:4:0", "4:2:0"):
    for rows, columns in ((1, 1), (61, 83), (64, 64)):
        image(f"jpeg/subsampling/{word}-{rows}x{columns}", f"noisy 3x{rows}x{columns} uint8", {"JPEG_SUBSAMPLING": word, "JPEG_QUALITY": 92})
for rows, columns in ((1, 1), (1, 300), (300, 1), (8, 8), (257, 255)):
    save(f"jpeg/size/{rows}x{columns}", f"smooth 1x{rows}x{columns} uint8")
save("jpeg/several-bands-of-rows", "smooth 3x900x700 uint8")
save("jpeg/several-bands-of-rows-grey", "noisy 1x1100x900 uint8", quality=40)
image("jpeg/several-bands-of-rows-4:4:4", "smooth 3x500x900 uint8", {"JPEG_SUBSAMPLING": "4:4:4"})
image("jpeg/segments/density", "smooth 3x40x60 uint8", {"JPEG_DENSITY": [300, 150, 1]})
image("jpeg/segments/exif", "smooth 3x40x60 uint8", {"JPEG_EXIF": b"MM\0*\0\0\0\x08\0\0\0\0\0\0"})
image("jpeg/segments/profile", "smooth 3x40x60 uint8", {"JPEG_ICC_PROFILE": PROFILE})
image("jpeg/segments/applications", "smooth 1x40x60 uint8", {"JPEG_APP3": b"three", "JPEG_APP15": b"one"})
image("jpeg/comments/one", "smooth 1x40x60 uint8", {"JPEG_COMMENT": "é Ω"})
image("jpeg/comments/bytes", "smooth 1x40x60 uint8", {"JPEG_COMMENT": b"\xff\xfe"})
image("jpeg/comments/description", "smooth 1x40x60 uint8", title="a title", description="a description")
image("jpeg/facts-and-others", "smooth 1x40x60 uint8", {"JPEG_PROCESS": "progressive", "TileWidth": 32, "IC": "NC"})


@request("jpeg/comments/several")
def comments(path):
    from aws.osml.io import BufferedMetadataProvider

    metadata = BufferedMetadataProvider([("JPEG_COMMENT", "first"), ("JPEG_COMMENT", "second"), ("JPEG_APP4", b"a"), ("JPEG_APP4", b"b")])
    write(path, provider(pixels("smooth 1x40x60 uint8"), metadata), format="jpeg")


@request("png/sparse", "png")
@request("jpeg/sparse", "jpeg")
def scattered(path, kind):
    write(path, sparse(pixels("noisy 1x150x170 uint8"), {(0, 0), (1, 2), (2, 1)}, (64, 64)), format=kind)
