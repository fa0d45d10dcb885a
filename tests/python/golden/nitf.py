"""Requests for NITF and NSIF images: sample types, modes, blocks, bits, masks, tables, georeferences."""

from golden.catalogue import image, pixels, request, save
from testkit.nitf_ours import provider, sparse, write

KINDS = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "complex64"]
UTM = (300000.0, 10.0, 0.0, 4500000.0, 0.0, -10.0)
DEGREES = (10.0, 0.001, 0.0, 50.0, 0.0, -0.001)
PRESENT = {(0, 0), (1, 2), (2, 1)}
RAMP = bytes(range(256))

for kind in KINDS:
    save(f"nitf/type/{kind}", f"noisy 2x37x53 {kind}", compression="none")
    save(f"nsif/type/{kind}", f"smooth 1x37x53 {kind}", compression="none", block_size=(20, 30))
for bands in (1, 2, 3, 4, 8, 12):
    for kind in ("uint8", "uint16", "complex64"):
        image(f"nitf/bands/{bands}-{kind}", f"smooth {bands}x31x43 {kind}")
for code in ("NC", "NM"):
    for mode in "BPRS":
        for kind in ("uint8", "int16", "float64"):
            image(f"nitf/{code}/{mode}-{kind}", f"noisy 3x70x90 {kind}", {"IC": code, "IMODE": mode, "NPPBH": 32, "NPPBV": 16})
        image(f"nitf/{code}/{mode}-one-band", "noisy 1x70x90 uint16", {"IC": code, "IMODE": mode, "NPPBH": 32, "NPPBV": 16})
        image(f"nitf/{code}/{mode}-one-block", "smooth 2x20x30 uint8", {"IC": code, "IMODE": mode})
for rows, columns in ((1, 1), (1, 300), (300, 1), (257, 255), (1025, 1100)):
    save(f"nitf/size/{rows}x{columns}", f"smooth 1x{rows}x{columns} uint8", compression="NC")
for word, metadata in (
    ("0", {"NPPBH": 0, "NPPBV": 0}),
    ("width", {"NPPBH": 64}),
    ("height", {"NPPBV": 32}),
    ("larger", {"NPPBH": 512, "NPPBV": 400}),
):
    image(f"nitf/blocks/{word}", "noisy 2x150x200 uint8", metadata)
image("nitf/blocks/wide", "smooth 1x3x9000 uint8", {"NPPBH": "0000", "NPPBV": 3})
image("nitf/blocks/8192", "smooth 2x3x8200 uint8", {"NPPBH": 8192, "NPPBV": 2, "IMODE": "P"})
image("nitf/blocks/of-the-provider", "noisy 1x150x200 uint8", None, (48, 40))
save("nitf/blocks/many", "noisy 1x700x800 uint16", compression="none", block_size=(64, 64))

for bits, kind, bands in ((1, "uint8", 1), (1, "uint8", 3), (12, "uint16", 1), (12, "uint16", 2), (12, "int16", 3)):
    for mode in "BPRS":
        spec = f"noisy {bands}x45x77 {kind} {min(bits, 11)}"
        image(f"nitf/packed/{bits}-{kind}-{bands}-{mode}", spec, {"NBPP": bits, "IMODE": mode, "NPPBH": 13, "NPPBV": 21})
image("nitf/packed/1-one-block", "thematic 1x18x35 uint8 1", num_bits_per_pixel=1, actual_bits_per_pixel=1)
image("nitf/packed/12-masked", "noisy 1x45x77 uint16 12", {"NBPP": 12, "IC": "NM", "NPPBH": 16, "NPPBV": 16})
for kind, bits in (("uint8", 7), ("uint16", 11), ("uint16", 9), ("uint32", 24), ("uint64", 40)):
    for side in "RL":
        image(f"nitf/justified/{kind}-{bits}-{side}", f"noisy 2x20x30 {kind} {bits}", {"ABPP": bits, "PJUST": side, "IMODE": "P"})
image("nitf/justified/of-the-provider", "noisy 1x20x30 uint16 11", actual_bits_per_pixel=11)
image("nitf/justified/too-many-bits", "noisy 1x20x30 uint16", {"ABPP": 11})

for kind, value in (("uint8", 0), ("uint16", 500), ("int16", -2), ("int8", -1), ("uint32", 70000), ("float32", -9999.0), ("float64", -1.5)):
    save(f"nitf/pad/{kind}", f"gaps 1x160x170 {kind}", nodata=value, block_size=(64, 64))
    image(f"nitf/pad/{kind}-of-metadata", f"gaps 2x160x170 {kind}", {"TPXCD": value, "NPPBH": 64, "NPPBV": 64, "IMODE": "S"})
for mode in "BPRS":
    image(f"nitf/pad/edges-{mode}", "constant 3x40x32 uint8", {"IC": "NM", "TPXCD": 200, "IMODE": mode, "NPPBH": 16, "NPPBV": 32})
image("nitf/pad/without-mask", "constant 1x40x32 uint8", {"IC": "NC", "TPXCD": 7})


for code in ("C3", "M3"):
    for bands, modes in ((1, "B"), (2, "BS"), (3, "BPS")):
        for mode in modes:
            metadata = {"IC": code, "IMODE": mode, "NPPBH": 64, "NPPBV": 48}
            image(f"nitf/{code}/{mode}-{bands}", f"smooth {bands}x130x150 uint8", metadata)
    image(f"nitf/{code}/one-stream", "smooth 3x700x500 uint8", {"IC": code, "NPPBH": 500, "NPPBV": 700})
    image(f"nitf/{code}/quality", "noisy 1x100x90 uint8", {"IC": code, "COMRAT": "30.0"})
image("nitf/I1", "smooth 3x100x90 uint8", {"IC": "I1"})
save("nitf/M3/nodata", "gaps 1x160x170 uint8", compression="jpeg", nodata=9, quality=60, block_size=(64, 64))


def absent(path, spec, metadata, kind="nitf"):
    write(path, sparse(pixels(spec), PRESENT, (32, 16), metadata), format=kind)


for mode in "BPRS":
    for bands in (1, 3):
        request(f"nitf/absent/{mode}-{bands}", f"noisy {bands}x45x77 int16", {"IC": "NM", "IMODE": mode})(absent)
    request(f"nitf/absent/{mode}-padded", "noisy 2x45x77 uint8", {"IC": "NM", "IMODE": mode, "TPXCD": 7})(absent)
    request(f"nitf/absent/{mode}-filled", "noisy 2x45x77 uint8", {"IC": "NC", "IMODE": mode})(absent)
request("nitf/absent/other-grid", "noisy 2x45x77 uint8", {"IC": "NM", "NPPBH": 20, "NPPBV": 20})(absent)
request("nsif/absent/default", "noisy 1x45x77 float32", None, "nsif")(absent)


@request("nitf/absent/all")
def nothing(path):
    from aws.osml.io import BufferedImageAssetProvider

    write(path, BufferedImageAssetProvider.create("image:0", 100, 90, 2, block_width=32, block_height=32, metadata={"IC": "NM"}))


image(
    "nitf/tables/colours",
    "thematic 1x40x60 uint8",
    {"IREP": "RGB/LUT", "BAND_INFO": [{"IREPBAND": "LU", "LUTS": [RAMP, RAMP[::-1], bytes([7] * 256)]}]},
)
image("nitf/tables/grey", "thematic 1x40x60 uint8", {"BAND_INFO": [{"IREPBAND": "LU", "LUTS": [RAMP[::-1]]}]})
image("nitf/tables/short", "thematic 1x40x60 uint8", {"BAND_INFO": [{"LUTS": [RAMP[:8], RAMP[8:16], RAMP[16:24]]}]})
image(
    "nitf/tables/bands",
    "smooth 4x40x60 uint16",
    {
        "IREP": "MULTI",
        "ICAT": "MS",
        "BAND_INFO": [{"IREPBAND": "R", "ISUBCAT": "665"}, {"IREPBAND": "N", "ISUBCAT": 842}, {"ISUBCAT": "CLOUD"}, {"IREPBAND": ""}],
    },
)
image("nitf/tables/roles", "smooth 3x40x60 uint8", {"BAND_INFO": [{"ISUBCAT": name} for name in "abc"]})

for word, settings in {
    "utm-north": {"crs": 32618, "transform": UTM},
    "utm-south": {"crs": 32756, "transform": (300000, 10, 0, 6200000, 0, -10)},
    "degrees": {"crs": 4326, "transform": DEGREES},
    "degrees-west": {"crs": "EPSG:4326", "transform": (-77.5, 0.0035, 0, -38.25, 0, -0.0035)},
    "rotated": {"crs": 32633, "transform": (500000, 8, 6, 5000000, 6, -8)},
    "corners": {"crs": 4326, "corners": [(10, 50), (11, 50), (11, 49), (10, 49)]},
    "quadrilateral": {"crs": 4326, "corners": [(10, 50), (11, 50.5), (11.5, 49), (10, 49)]},
    "antimeridian": {"crs": 4326, "transform": (179.9, 0.005, 0, 10, 0, -0.005)},
    "coarse": {"crs": 4326, "transform": (10, 1e-4, 0, 50, 0, -1e-4)},
    "decimal": {"crs": 4326, "transform": DEGREES, "metadata": {"ICORDS": "D"}},
    "mgrs": {"crs": 32618, "transform": UTM, "metadata": {"ICORDS": "U"}},
    "geographic-asked": {"crs": 4326, "transform": DEGREES, "metadata": {"ICORDS": "G"}},
}.items():
    save(f"nitf/place/{word}", "smooth 1x50x60 uint8", compression="none", **settings)
    if "quad" not in word and "crs" in settings:
        save(f"nitf/place/{word}-precise", "smooth 1x50x60 uint8", compression="none", precise=True, **settings)
image("nitf/place/as-fields", "smooth 1x50x60 uint8", {"ICORDS": "G", "IGEOLO": "381458N0772958W381458N0771802W380902N0771802W380902N0772958W"})


@request("nitf/place/function")
def georeferenced(path):
    from aws.osml.io.nitf import georeference

    write(path, provider(pixels("smooth 1x50x60 uint8"), georeference(60, 50, crs=32618, transform=UTM, precise=True)))
