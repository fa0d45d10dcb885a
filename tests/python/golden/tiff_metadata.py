"""Requests for TIFF: georeferences, colours, nodata, tags of any kind, absent blocks, several directories."""

import numpy as np

from golden.catalogue import image, pixels, request, save
from testkit.nitf_ours import provider, sparse, write

NORTH_UP = (300000.0, 10.0, 0.0, 4500000.0, 0.0, -10.0)
UTM = {"GeoModelType": "Projected", "GeoRasterType": "PixelIsArea", "GeoProjectedCRS": "32618"}
GEO = {**UTM, "GeoPixelScale": "[0.5, 0.5, 0.0]", "GeoTiepoints": "[0, 0, 0, 300000.0, 4500000.0, 0.0]"}
XML = '<GDALMetadata>\n  <Item name="SENSOR">WV-3, &#177;1</Item>\n  <Item name="OFFSET" sample="1" role="offset">1.5</Item>\n</GDALMetadata>'
SMALL = "smooth 1x40x60 uint8"
TRANSFORMS = {
    "north-up": NORTH_UP,
    "south-up": (10.0, 2.0, 0.0, 20.0, 0.0, 3.0),
    "mirrored": (10.0, -2.0, 0.0, 20.0, 0.0, -3.0),
    "rotated": (10.0, 1.0, 0.5, 20.0, 0.5, -1.0),
    "sheared": (10.0, 1.0, 0.25, 20.0, 0.0, -1.0),
    "oblong": (0.125, 0.375, 0.0, -0.125, 0.0, -0.625),
    "turned": (10.0, 0.0, 2.0, 20.0, 2.0, 0.0),
}
CORNERS = [(10.0, 50.0), (11.5, 50.0), (11.5, 49.0), (10.0, 49.0)]

for word, transform in TRANSFORMS.items():
    save(f"tiff/transform/{word}", SMALL, transform=transform, crs=32618)
    # Only the first three keep to the latitudes of a geographic system.
    crs = "EPSG:4326" if word in ("rotated", "sheared", "oblong") else "EPSG:32618"
    save(f"tiff/transform/{word}-point", SMALL, transform=transform, crs=crs, metadata={"GeoRasterType": "PixelIsPoint"})
save("tiff/transform/without-crs", SMALL, transform=NORTH_UP)
save("tiff/crs/without-transform", SMALL, crs=3857)
save("tiff/corners/geographic", SMALL, corners=CORNERS, crs=4326)
save("tiff/corners/parallelogram", SMALL, corners=[(10, 50), (11, 51), (12, 50), (11, 49)], crs=4326)
for code in (4269, 3857, 2154, 27700, 3031, 32760, 25832, 4978):
    save(f"tiff/crs/{code}", SMALL, corners=CORNERS, crs=code)
image("tiff/geo/names", SMALL, GEO)
image("tiff/geo/lists", SMALL, {**UTM, "GeoPixelScale": [0.5, 0.25, 0.0], "GeoTiepoints": [1, 2, 0, 300000.0, 4500000.0, 5.0]})
image("tiff/geo/transform", SMALL, {**UTM, "GeoTransform": list(TRANSFORMS["sheared"])})
image("tiff/geo/point", SMALL, {**GEO, "GeoRasterType": "PixelIsPoint"})
image("tiff/geo/geographic", SMALL, {"GeoGeographicCRS": 4326, "GeoCitation": "WGS 84", "GeoSemiMajorAxis": 6378137.0})
image("tiff/geo/vertical", SMALL, {**GEO, "GeoVerticalCRS": 5703, "GeoProjLinearUnits": 9001})
image("tiff/geo/raw-tags", SMALL, {"33550": [1.0, 1.0, 0.0], "33922": [0.0] * 6, "34735": [1, 1, 0, 1, 1024, 0, 1, 1]})

for kind, value in (
    ("uint8", 0),
    ("uint16", 65535),
    ("int16", -32768),
    ("uint64", 2**64 - 1),
    ("int64", -(2**63)),
    ("float32", 0.1),
    ("float64", 1 / 3),
    ("float32", float("nan")),
    ("float64", float("inf")),
):
    save(f"tiff/nodata/{kind}-{value}", f"gaps 1x160x170 {kind}", nodata=value)
image("tiff/nodata/as-tag", "gaps 1x160x170 int16", {"GDAL_NODATA": "-99"})
image("tiff/gdal-metadata", "smooth 2x40x60 uint16", {"GDAL_METADATA": XML})

PALETTE = [n * 257 for n in range(256)] + [65535 - n * 257 for n in range(256)] + [(n * 7 % 256) * 257 for n in range(256)]
image("tiff/palette/8-bits", "thematic 1x40x60 uint8", {"PhotometricInterpretation": "Palette", "ColorMap": PALETTE})
image("tiff/palette/16-bits", "thematic 1x40x60 uint16", {"262": 3, "320": [n % 65536 for n in range(3 * 65536)]})
image("tiff/photometric/white-is-zero", SMALL, {"262": 0})
image("tiff/photometric/black-is-zero-3", "smooth 3x40x60 uint8", {"PhotometricInterpretation": 1})
image("tiff/photometric/rgb-5", "smooth 5x40x60 uint16", {"262": 2})
image("tiff/photometric/inks", "smooth 4x40x60 uint8", {"262": 5})
image("tiff/photometric/lab", "smooth 3x40x60 uint8", {"262": 8})
for value in (0, 1, 2):
    image(f"tiff/extra-samples/{value}", "smooth 4x40x60 uint8", {"262": 2, "338": value})
image("tiff/extra-samples/list", "smooth 5x40x60 uint8", {"262": 2, "ExtraSamples": [2, 0]})

image("tiff/tags/texts", SMALL, {"270": "a description", "305": "a software", "306": "2024:02:29 12:30:00", "315": "somebody", "33432": "nobody"})
image("tiff/tags/names", SMALL, {"imagedescription": "a description", "ARTIST": "somebody", "Orientation": 3, "ResolutionUnit": 3})
image("tiff/tags/unknown", SMALL, {"65000": 7, "65001": "text", "65002": b"bytes", "65003": [1, 2, 70000], "65004": 1.5, "65005": -3, "65006": 2**40})
image("tiff/tags/rpc", SMALL, {"50844": [n + 0.25 for n in range(92)]})
image("tiff/tags/arrays", SMALL, {"65001": np.arange(300, dtype=np.uint16), "65002": np.float64(2.5)})
image("tiff/tags/of-other-formats", SMALL, {"IID2": "a title", "PNG_PHYS": [1, 1, 1], "JPEG_QUALITY": 3, "259": "lzw"})
image("tiff/title", SMALL, title="a title", description="a description")
image("tiff/title-and-tags", SMALL, {"ImageDescription": "wins"}, title="a title", description="a description")

for word in ("none", "deflate"):
    image(f"tiff/sparse/complete-{word}", "noisy 1x150x150 uint8", {"259": word, "322": 64, "323": 64}, (64, 64))


@request("tiff/sparse/grid", "noisy 1x150x170 uint8", {"322": 64, "323": 64})
@request("tiff/sparse/nodata", "noisy 1x150x170 int16", {"322": 64, "323": 64, "42113": "-99"})
@request("tiff/sparse/other-grid", "noisy 3x150x170 uint8", {"322": 48, "323": 32})
@request("tiff/sparse/separate", "noisy 3x150x170 uint8", {"322": 32, "323": 32, "284": 2, "259": 1})
@request("tiff/sparse/strips", "noisy 1x150x170 uint8", {"278": 32})
def scattered(path, spec, metadata):
    write(path, sparse(pixels(spec), {(0, 0), (1, 2), (2, 1)}, (64, 64), metadata), format="tiff")


@request("tiff/sparse/large")
def one_block_of_many(path):
    from aws.osml.io import BufferedImageAssetProvider

    made = BufferedImageAssetProvider.create("image:0", 40000, 30000, 1, block_width=512, block_height=512, metadata={"322": 512, "323": 512})
    made.set_block(7, 9, pixels("noisy 1x512x512 uint8"))
    write(path, made, format="tiff")


@request("tiff/pages/two", ["data"], ["data"])
@request("tiff/pages/overview", ["data"], ["overview"])
@request("tiff/pages/mask", ["data"], ["mask"])
@request("tiff/pages/overview-of-key", [], [], "image:0:overview:1")
@request("tiff/pages/key-against-role", ["data"], ["data"], "image:0:overview:1")
@request("tiff/pages/other-role", ["data"], ["thumbnail"])
def two_directories(path, first, second, key="image:1"):
    assets = [
        (provider(pixels("smooth 3x64x80 uint8"), GEO), "first", "", first),
        (provider(pixels("thematic 1x32x40 uint8"), GEO, key=key), "second", "", second),
    ]
    write(path, *assets, format="tiff")


@request("tiff/pages/pyramid")
def pyramid(path):
    levels = [
        (
            provider(pixels(f"smooth 3x{256 >> n}x{320 >> n} uint8"), GEO, key=f"image:0:overview:{n}" if n else "image:0"),
            "",
            "",
            ["overview" if n else "data"],
        )
        for n in range(4)
    ]
    write(path, *levels, format="tiff")


@request("tiff/pages/varied")
def varied(path):
    kinds = ["uint8", "int16", "float32", "complex64", "uint64"]
    assets = [
        provider(pixels(f"noisy {n + 1}x{20 + n}x{30 - n} {kind}"), {"259": word, "270": f"page {n}"}, key=f"image:{n}")
        for n, (kind, word) in enumerate(zip(kinds, ["none", "lzw", "deflate", "zstd", "none"]))
    ]
    write(path, *assets, format="tiff")
