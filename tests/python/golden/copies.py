"""Requests that read a file and write it again: unchanged, in another format, changed, or in part."""

import warnings

import numpy as np

from golden.catalogue import REQUESTS, add, pixels, request
from testkit.nitf_ours import provider

SUFFIXES = {"tiff": "tif", "png": "png", "jpeg": "jpg", "nitf": "ntf", "nsif": "nsf"}


def source(path, name):
    """The file of another request or, where `name` is a function, the bytes that it makes, beside `path`."""
    if callable(name):
        made = path.with_name("source")
        made.write_bytes(name())
        return made
    made = path.with_name(f"source.{SUFFIXES[name.split('/')[0]]}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        REQUESTS[name](made)
    return made


def whole(path, name):
    """All assets as they were read; the metadata of the file where both have some."""
    from aws.osml.io import IO

    with IO.open(source(path, name)) as reader, IO.open(path, "w") as writer:
        if reader.format in ("nitf", "nsif") and writer.format in ("nitf", "nsif"):
            writer.metadata = reader.metadata
        for key in reader:
            asset = reader.get_asset(key)
            writer.add_asset(key, asset, asset.title, asset.description, asset.roles)


def first(path, name):
    """The first image alone, without a word on its title or role."""
    from aws.osml.io import IO

    with IO.open(source(path, name)) as reader, IO.open(path, "w") as writer:
        writer.add_asset("image:0", reader.get_asset("image:0"))


def changed(path, name, changes, **fields):
    """The pixels with copied metadata, of which some are changed or, where None, left out."""
    from aws.osml.io import IO, BufferedMetadataProvider

    with IO.open(source(path, name)) as reader:
        image = reader.get_asset("image:0")
        metadata = BufferedMetadataProvider(source=image.metadata)
        for key, value in changes.items():
            if value is None:
                del metadata[key]
            else:
                metadata[key] = value
        made = provider(image.read(), metadata, image.block_shape[:0:-1], **fields)
        with IO.open(path, "w") as writer:
            writer.add_asset("image:0", made)


def other_pixels(path, name, spec):
    """Copied metadata, as a plain dict, with other pixels."""
    from aws.osml.io import iminfo, imsave

    imsave(path, pixels(spec), metadata=iminfo(source(path, name)).metadata)


def piece(path, name, *arguments, again=(), **options):
    """A chip of the first image and, for each of `again`, a chip of that."""
    from aws.osml.io import IO
    from aws.osml.io.nitf import chip

    with IO.open(source(path, name)) as reader, IO.open(path, "w") as writer:
        made = chip(reader.get_asset("image:0"), *arguments, **options)
        for window, level in again:
            made = chip(made, window, level=level)
        if reader.format == writer.format == "nitf":
            writer.metadata = reader.metadata
        writer.add_asset("image:0", made, roles=["data"])


TIFFS = [
    "type/int16-blocks",
    "type/float64",
    "type/complex64",
    "bands/4-uint8",
    "bands/3-separate",
    "strips/7",
    "jpeg/rgb",
    "lzw/thematic",
    "zstd/smooth",
    "transform/rotated",
    "transform/north-up-point",
    "geo/vertical",
    "geo/names",
    "nodata/float32-nan",
    "gdal-metadata",
    "palette/8-bits",
    "photometric/white-is-zero",
    "photometric/inks",
    "extra-samples/1",
    "tags/unknown",
    "tags/rpc",
    "title",
    "sparse/grid",
    "sparse/strips",
    "pages/pyramid",
    "pages/varied",
    "pages/mask",
    "predictor/LZW-FloatingPoint-float32",
]
for name in TIFFS:
    add(f"tiff/copy/{name}", whole, f"tiff/{name}")
for name in (
    "palette/transparency",
    "chunks/texts",
    "chunks/colours",
    "chunks/srgb",
    "chunks/profile",
    "chunks/unknown",
    "noisy/4-uint16",
    "smooth/2-uint8",
):
    add(f"png/copy/{name}", whole, f"png/{name}")
for name in (
    "segments/exif",
    "segments/profile",
    "segments/applications",
    "comments/several",
    "quality/75",
    "subsampling/4:2:2-61x83",
    "several-bands-of-rows",
):
    add(f"jpeg/copy/{name}", whole, f"jpeg/{name}")
NITFS = [
    "type/int16",
    "type/complex64",
    "NC/P-uint8",
    "NM/S-int16",
    "packed/12-uint16-2-R",
    "packed/1-one-block",
    "justified/uint16-11-L",
    "pad/uint16",
    "absent/P-padded",
    "absent/S-3",
    "absent/other-grid",
    "tables/colours",
    "tables/bands",
    "place/utm-north-precise",
    "place/degrees-precise",
    "fields/texts",
    "fields/comments",
    "fields/security",
    "header/tres",
    "names/comments",
    "tres/repeated",
    "tres/unknown",
    "tres/model",
    "tres/odd-bytes",
    "overflow/few",
    "overflow/segments",
    "overflow/header",
    "segments/after-images",
    "segments/levels",
    "segments/attached",
    "data/user-header",
    "text/latin",
    "blocks/wide",
    "bands/12-uint16",
]
for name in NITFS:
    add(f"nitf/copy/{name}", whole, f"nitf/{name}")
    if name.split("/")[0] in ("absent", "overflow", "place", "header"):
        add(f"nsif/copy/{name}", whole, f"nitf/{name}")
add("nitf/copy/of-nsif", whole, "nsif/segments/before-images")

# What JPEG cannot hold, and a comment that is not ECS-A.
REFUSED = {
    "jpeg": ("nitf/absent/P-padded", "nitf/justified/uint16-11-R", "nitf/pad/uint16", "png/noisy/4-uint16", "tiff/nodata/uint16-65535"),
    "nitf": ("jpeg/comments/one",),
}
for name in (
    "tiff/bands/3-uint8",
    "tiff/nodata/uint16-65535",
    "tiff/palette/8-bits",
    "tiff/transform/north-up",
    "tiff/corners/geographic",
    "tiff/transform/rotated",
    "tiff/tags/texts",
    "tiff/sparse/grid",
    "png/palette/short",
    "png/chunks/texts",
    "png/noisy/4-uint16",
    "jpeg/quality/90",
    "jpeg/comments/one",
    "nitf/place/utm-north",
    "nitf/place/decimal",
    "nitf/pad/uint16",
    "nitf/tables/colours",
    "nitf/absent/P-padded",
    "nitf/justified/uint16-11-R",
    "nitf/NC/S-uint8",
    "nitf/packed/1-one-block",
    "nitf/fields/texts",
):
    kind, word = name.split("/", 1)
    for target in ("tiff", "png", "jpeg", "nitf"):
        if target != kind and name not in REFUSED.get(target, ()):
            add(f"{target}/from-{kind}/{word}", first, name)

for word, name, changes in [
    ("compression", "tiff/geo/vertical", {"Compression": "LZW"}),
    ("no-compression", "tiff/zstd/smooth", {"259": 1}),
    ("strips", "tiff/bands/3-uint8", {"RowsPerStrip": 8}),
    ("system", "tiff/geo/vertical", {"GeoProjectedCRS": "32633"}),
    ("scale", "tiff/geo/names", {"GeoPixelScale": [2.0, 2.0, 0.0]}),
    ("transform", "tiff/transform/rotated", {"GeoTransform": [1.0, 2.0, 0.0, 3.0, 0.0, -2.0]}),
    ("planar", "tiff/bands/3-separate", {"284": 1}),
    ("tags", "tiff/tags/texts", {"315": None, "65000": 7, "ImageDescription": "another"}),
    ("nodata", "tiff/nodata/float32-nan", {"42113": "-1"}),
    ("predictor", "tiff/predictor/LZW-FloatingPoint-float32", {"Compression": "PackBits"}),
    ("palette", "tiff/palette/8-bits", {"262": 1, "320": None}),
]:
    add(f"tiff/change/{word}", changed, name, changes)
for word, name, changes in [
    ("mode", "nitf/NC/P-uint8", {"IMODE": "R"}),
    ("mask", "nitf/NC/P-uint8", {"IC": "NM"}),
    ("blocks", "nitf/NM/S-int16", {"NPPBH": 128, "NPPBV": 128}),
    ("fields", "nitf/fields/texts", {"IID2": "another", "TGTID": None}),
    ("pad", "nitf/absent/P-padded", {"TPXCD": 9}),
    ("tre", "nitf/tres/repeated", {"GOLDNA": b"one"}),
    ("tres", "nitf/tres/model", {"RPC00B": None, "ABCDEF": b"new"}),
    ("overflow", "nitf/overflow/few", {"BIGTRE": b"small"}),
    ("bits", "nitf/packed/12-uint16-2-R", {"NBPP": 16}),
    ("justified", "nitf/justified/uint16-11-L", {"PJUST": "R"}),
    ("place", "nitf/place/utm-north", {"ICORDS": " ", "IGEOLO": None}),
    ("tables", "nitf/tables/colours", {"IID2": "x"}),
    ("comments", "nitf/fields/comments", {"ICOM": ["other"]}),
]:
    add(f"nitf/change/{word}", changed, name, changes)
add("png/change/compression", changed, "png/chunks/texts", {"PNG_COMPRESSION": "small", "PNG_TEXT_Title": "another"})
add("jpeg/change/quality", changed, "jpeg/segments/exif", {"JPEG_QUALITY": 30})
add("jpeg/change/subsampling", changed, "jpeg/quality/90", {"JPEG_SUBSAMPLING": "4:4:4"})
add("tiff/other-pixels/type", other_pixels, "tiff/geo/vertical", "noisy 1x40x60 float32")
add("tiff/other-pixels/bands", other_pixels, "tiff/bands/3-uint8", "noisy 1x33x44 uint8")
add("nitf/other-pixels/size", other_pixels, "nitf/NC/P-uint8", "noisy 3x30x20 uint8")
add("nitf/other-pixels/type", other_pixels, "nitf/tres/several", "noisy 2x20x30 int32")
add("nitf/other-pixels/placed", other_pixels, "nitf/place/utm-north", "noisy 1x10x20 uint8")

for word, name, arguments, options in [
    ("window", "nitf/blocks/many", (100, 120, 210, 130), {}),
    ("placed", "nitf/place/degrees-precise", (10, 20, 30, 25), {}),
    ("utm", "nitf/place/utm-north-precise", (10, 20, 30, 25), {}),
    ("decimal", "nitf/place/decimal", (10, 20, 30, 25), {}),
    ("model", "nitf/tres/model", (3, 4, 20, 10), {}),
    ("level", "nitf/blocks/many", (50, 60, 100, 90), {"level": 1}),
    ("level-3", "nitf/NC/B-float64", (0, 0, 11, 8), {"level": 3}),
    ("blocks", "nitf/blocks/many", (0, 0, 300, 300), {"block_size": (50, 40)}),
    ("masked", "nitf/absent/P-padded", (16, 8, 60, 37), {}),
    ("clipped", "nitf/fields/texts", (-5, -5, 20, 20), {}),
    ("of-tiff", "tiff/transform/north-up", (5, 6, 30, 20), {}),
    ("chips", "nitf/blocks/many", (100, 120, 400, 300), {"again": [((10, 20, 200, 90), 0), ((5, 5, 40, 30), 1)]}),
]:
    add(f"nitf/chip/{word}", piece, name, arguments, **options)
add("tiff/chip/of-tiff", piece, "tiff/size/600x700", (100, 90, 300, 200))
add("png/chip/of-nitf", piece, "nitf/NC/P-uint8", (10, 9, 30, 20))


@request("tiff/copy-of-its-own-file")
def onto_itself(path):
    from aws.osml.io import IO, imsave

    imsave(path, pixels("smooth 1x90x80 uint16"))
    with IO.open(path) as reader, IO.open(path, "w") as writer:
        writer.add_asset("image:0", reader.get_asset("image:0"))


@request("tiff/from-two-files")
def of_two_files(path):
    from aws.osml.io import IO

    (path.parent / "one").mkdir()
    (path.parent / "two").mkdir()
    one, two = source(path.parent / "one" / "x", "tiff/geo/names"), source(path.parent / "two" / "x", "png/noisy/4-uint16")
    with IO.open(one) as left, IO.open(two) as right, IO.open(path, "w") as writer:
        writer.add_asset("image:0", left.get_asset("image:0"), roles=["data"])
        writer.add_asset("image:1", right.get_asset("image:0"), roles=["data"])


@request("tiff/of-read-pixels", "nitf/NC/R-int16")
def read_and_saved(path, name):
    from aws.osml.io import imread, imsave

    imsave(path, np.ascontiguousarray(imread(source(path, name), window=(5, 6, 40, 30), bands=[2, 0])))
