"""Images to cut chips from, with the metadata of a NITF."""
import numpy as np
from aws.osml.io import BufferedImageAssetProvider

DATA = np.random.default_rng(5).integers(0, 4000, (3, 300, 500)).astype(np.uint16)


def text(points, form="G"):
    """IGEOLO of four (longitude, latitude)."""
    def angle(value, width, sides):
        seconds = round(abs(value) * 3600)
        return f"{seconds // 3600:0{width}d}{seconds // 60 % 60:02d}{seconds % 60:02d}{sides[value < 0]}"

    if form == "D":
        return "".join(f"{y:+07.3f}{x:+08.3f}" for x, y in points)
    return "".join(angle(y, 2, "NS") + angle(x, 3, "EW") for x, y in points)


def values(igeolo, form="G"):
    """The four points of IGEOLO."""
    def angle(part, width):
        value = int(part[:width]) + int(part[width:width + 2]) / 60 + int(part[width + 2:width + 4]) / 3600
        return -value if part[-1] in "SW" else value

    parts = [igeolo[start:start + 15] for start in range(0, 60, 15)]
    if form == "D":
        return [(float(part[7:]), float(part[:7])) for part in parts]
    return [(angle(part[7:], 3), angle(part[:7], 2)) for part in parts]


CENTRES = [(10.0, 50.0), (10.4, 50.05), (10.45, 49.8), (10.02, 49.75)]
HEADER = {
    "NROWS": "00000300", "NCOLS": "00000500", "NBPR": "0008", "NBPC": "0005", "NPPBH": "0064", "NPPBV": "0064", "IC": "NC",
    "IMODE": "B", "ICORDS": "G", "IGEOLO": text(CENTRES), "IMAG": "1.0 ", "IALVL": "003", "ILOC": "0010000200", "TGTID": "T",
}


def image(array=DATA, block=(64, 64), metadata=HEADER, **arguments):
    found = BufferedImageAssetProvider.create(
        "image:0", array.shape[2], array.shape[1], array.shape[0], block_width=block[0], block_height=block[1],
        pixel_type=array.dtype, metadata=metadata, title="a title", description="a description", **arguments)
    found.set_full_image(array)
    return found


class Watched:
    """An image that records the reads of it."""

    def __init__(self, source, **attributes):
        self._source, self.windows = source, []
        self.__dict__.update(attributes)

    def __getattr__(self, name):
        return getattr(self._source, name)

    def read(self, window=None, bands=None, resolution_level=0):
        self.windows.append((window, resolution_level))
        return self._source.read(window, bands, resolution_level)

BLOCKA = {
    "BLOCK_INSTANCE": "01", "N_GRAY": "00012", "L_LINES": "00300", "LAYOVER_ANGLE": "123", "SHADOW_ANGLE": "   ",
    "FRLC_LOC": "+50.000000+010.499000", "LRLC_LOC": "+49.701000+010.499000", "LRFC_LOC": "+49.701000+010.000000",
    "FRFC_LOC": "+50.000000+010.000000",
}
