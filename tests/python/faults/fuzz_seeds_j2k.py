"""Small JPEG 2000 files and codestreams by GDAL, imagecodecs, OpenJPH and us, for truncation and mutation."""
import itertools
import struct
import warnings

import imagecodecs
import numpy as np
import rasterio
from testkit.codestreams import with_packed_headers, with_region_of_interest, with_segment

BANDS = {"grey": 1, "rgb": 3, "rgba": 4}
OPTIONS = {
    "lengths": {"TLM": "YES", "PLT": "YES"},
    "parts": {"TILEPARTS": "RESOLUTIONS", "PROGRESSION": "RPCL", "TLM": "YES", "PLT": "YES"},
    "layers": {"QUALITY": "20,50,100", "TILEPARTS": "LAYERS"},
    "precincts": {"PRECINCTS": "{8,8},{4,4}", "PROGRESSION": "PCRL", "SOP": "YES", "EPH": "YES"},
    "styles": {"CODEBLOCK_STYLE": "63", "PROGRESSION": "CPRL", "CODEC": "J2K"},
    "lossy": {"REVERSIBLE": "NO", "QUALITY": "30", "CODEC": "J2K", "PROGRESSION": "RLCP"},
}


def j2k_seeds(folder, picture, ours):
    """Names and contents; `picture` makes the pixels for a number of bands, `ours` writes a file with the package."""
    for number, (name, options) in enumerate(OPTIONS.items()):
        for kind, bands in list(BANDS.items())[number % 2 :: 2]:
            yield f"{name}-{kind}", by_gdal(folder, picture(bands), options)
    yield "deep", by_gdal(folder, picture(2, "uint16"), OPTIONS["lengths"])
    grey, rgb = picture(1)[0], np.ascontiguousarray(picture(3).transpose(1, 2, 0))
    yield "tiles-grey", ours(picture(1), "j2k", block_size=(8, 8))
    yield "tiles-rgb", ours(picture(3), "jp2", block_size=(16, 8))
    yield "ht-grey", imagecodecs.htj2k_encode(grey, reversible=True)
    yield "ht-rgb", imagecodecs.htj2k_encode(rgb, reversible=True)
    yield "palette", with_palette(imagecodecs.jpeg2k_encode(grey, level=0, codecformat="jp2", reversible=True))
    plain = imagecodecs.jpeg2k_encode(grey, level=0, codecformat="j2k", reversible=True)
    yield "order", with_poc(plain)
    yield "region", with_region_of_interest(plain)
    packets = by_gdal(folder, picture(3), {"RESOLUTIONS": "3", "SOP": "YES", "EPH": "YES", "CODEC": "J2K"})
    yield "packed-parts", with_packed_headers(packets)
    yield "packed-main", with_packed_headers(packets, in_main_header=True)
    yield "ht-rate", ours(picture(3), "jph", quality=2)
    yield "layers-tiles", ours(picture(3), "j2k", block_size=(16, 8), metadata={"J2K_QUALITY_LAYERS": 4, "J2K_PROGRESSION": "RLCP"})
    yield "resolutions", ours(picture(3), "jp2", block_size=(16, 16), metadata={"J2K_PROFILE": "EPJE", "J2K_DECOMPOSITION_LEVELS": 3})
    yield "bits-36", ours(picture(1, "uint64"), "j2k", metadata={"J2K_BITS": 36})
    yield "segment", ours(picture(2), "nitf", compression="C8", block_size=(16, 16))


def by_gdal(folder, pixels, options):
    path = folder / "seed.tmp.jp2"
    bands, rows, columns = pixels.shape
    profile = {"driver": "JP2OpenJPEG", "count": bands, "height": rows, "width": columns, "dtype": pixels.dtype, "REVERSIBLE": "YES", "QUALITY": "100"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path, "w", **{**profile, **options}, crs="EPSG:32618", transform=rasterio.transform.from_origin(3e5, 4e6, 2, 2)) as file:
            file.write(pixels)
    data = path.read_bytes()
    path.unlink()
    return data


def with_palette(file):
    """The file with a palette of 256 colours."""
    colors = bytes(itertools.chain(*((n, 255 - n, n // 2) for n in range(256))))
    boxes = box(b"pclr", struct.pack(">HB3B", 256, 3, 7, 7, 7) + colors)
    boxes += box(b"cmap", b"".join(struct.pack(">HBB", 0, 1, column) for column in range(3)))
    at = file.index(b"jp2h") - 4
    (length,) = struct.unpack_from(">I", file, at)
    return file[:at] + struct.pack(">I", length + len(boxes)) + file[at + 4 : at + length] + boxes + file[at + length :]


def with_poc(codestream):
    """The codestream with a progression order change that keeps the order."""
    return with_segment(codestream, 0xFF5F, struct.pack(">BBHBBB", 0, 0, 1, 33, 1, 0))


def box(kind, content):
    return struct.pack(">I4s", len(content) + 8, kind) + content
