"""The page `docs/formats/conversion.md`: what crosses from format to format. Every pair is converted and judged by GDAL and jbpy.

`python -m testkit.conversion_table` in `tests/python` writes the page again.
"""
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import rasterio
from aws.osml.io import IO, BufferedImageAssetProvider, convert, imsave
from rasterio.rpc import RPC

from testkit.nitf_judges import gdal_open as opened
from testkit.nitf_judges import jbpy_load

PAGE = Path(__file__).resolve().parents[3] / "docs" / "formats" / "conversion.md"
FORMATS = {"NITF": "ntf", "TIFF": "tif", "JP2": "jp2", "J2K": "j2k", "PNG": "png", "JPEG": "jpg"}
LOSSY = 12
"""The most by which a sample of a smooth image changes in a JPEG of the default quality."""

ROWS, COLUMNS = 96, 128
SMOOTH = np.stack([np.add.outer(np.arange(ROWS), np.arange(COLUMNS)) // 2 + 10 * band for band in range(3)]).astype(np.uint8)
MASK = np.indices((ROWS, COLUMNS)).sum(0) > 60
PLACE = {"crs": "EPSG:32618", "transform": (300000, 10, 0, 4500000, 0, -10)}
ONES = {name: np.eye(20)[index].tolist() for name, index in (
    ("line_num_coeff", 2), ("line_den_coeff", 0), ("samp_num_coeff", 1), ("samp_den_coeff", 0))}
MODEL = RPC(height_off=100, height_scale=500, lat_off=40.5, lat_scale=0.25, line_off=48, line_scale=48, long_off=-75.5,
            long_scale=0.25, samp_off=64, samp_scale=64, err_bias=1, err_rand=0.5, **ONES)
RPC00B = {"SUCCESS": "1", "ERR_BIAS": 1, "ERR_RAND": 0.5, "LINE_OFF": 48, "SAMP_OFF": 64, "LAT_OFF": 40.5, "LONG_OFF": -75.5,
          "HEIGHT_OFF": 100, "LINE_SCALE": 48, "SAMP_SCALE": 64, "LAT_SCALE": 0.25, "LONG_SCALE": 0.25, "HEIGHT_SCALE": 500,
          **{key.upper(): [{key.upper(): value} for value in values] for key, values in ONES.items()}}


def with_rasterio(path, **profile):
    return rasterio.open(path, "w", driver="GTiff", width=COLUMNS, height=ROWS, count=3, dtype="uint8", **profile)


class Pixels:
    """Every format holds them."""

    title, name = "Pixels", None
    sources = tuple(FORMATS)

    @staticmethod
    def write(path):
        imsave(path, SMOOTH)

    @staticmethod
    def is_carried(path):
        with opened(path) as file:
            difference = np.abs(file.read().astype(int) - SMOOTH).max()
        return difference == 0 or ("lossy" if difference <= LOSSY else False)


class ReferenceSystem:
    """IGEOLO and ICORDS, GeoKeys, GeoJP2."""

    title, name = "Coordinate reference system", "georeference"
    sources = ("NITF", "TIFF", "JP2")

    @staticmethod
    def write(path):
        imsave(path, SMOOTH, **PLACE)

    @staticmethod
    def is_carried(path):
        with opened(path) as file:
            return file.crs is not None and file.crs.to_epsg() == 32618


class Place(ReferenceSystem):
    """IGEOLO with BLOCKA, tie points or matrices, GeoJP2."""

    title = "Transform"

    @staticmethod
    def is_carried(path):
        with opened(path) as file:
            return np.allclose(file.transform.to_gdal(), PLACE["transform"], rtol=0, atol=1e-6)


class Nodata:
    """The pad pixel code of a mask table, GDAL's tag."""

    title, name = "Nodata value", "nodata value"
    sources = ("NITF", "TIFF")

    @staticmethod
    def write(path):
        imsave(path, SMOOTH, nodata=7)

    @staticmethod
    def is_carried(path):
        with opened(path) as file:
            return file.nodata == 7


class Mask:
    """An image with the role `mask`."""

    title, name = "Mask", "image:0:mask"
    sources = ("TIFF",)

    @staticmethod
    def write(path):
        imsave(path, SMOOTH, mask=MASK)

    @staticmethod
    def is_carried(path):
        with opened(path) as file:
            return ((file.dataset_mask() > 0) == MASK).all()


class SensorModel:
    """RPC00B and RPCCoefficient."""

    title, name = "Sensor model (RPC)", "RPC"
    sources = ("NITF", "TIFF")

    @staticmethod
    def write(path):
        if path.suffix == ".ntf":
            imsave(path, SMOOTH, metadata={"RPC00B": RPC00B})
            return
        with with_rasterio(path, rpcs=MODEL) as file:
            file.write(SMOOTH)

    @staticmethod
    def is_carried(path):
        with opened(path) as file:
            return file.rpcs is not None and all(
                np.allclose(getattr(file.rpcs, key), getattr(MODEL, key))
                for key in ("line_off", "samp_scale", "lat_off", "line_num_coeff", "samp_den_coeff"))


class Descriptions:
    """ISUBCAT of at most six characters, the description of a band in a TIFF."""

    title, name = "Descriptions of bands", "band descriptions"
    sources = ("NITF", "TIFF")

    @staticmethod
    def write(path):
        imsave(path, SMOOTH, descriptions=["red", "green", "blue"])

    @staticmethod
    def is_carried(path):
        if path.suffix == ".ntf":
            [segment] = jbpy_load(path)["ImageSegments"]
            return [segment["subheader"][f"ISUBCAT{band:05}"].value for band in (1, 2, 3)] == ["red", "green", "blue"]
        with opened(path) as file:
            return file.descriptions == ("red", "green", "blue")


class Scales:
    """The scale and offset of a band in a TIFF. Other formats have no field for them."""

    title, name = "Scales and offsets of bands", "scale"
    sources = ("TIFF",)
    facts = {"scales": (0.5,) * 3, "offsets": (2.0,) * 3}

    @classmethod
    def write(cls, path):
        with with_rasterio(path) as file:
            file.write(SMOOTH)
            for fact, values in cls.facts.items():
                setattr(file, fact, values)

    @classmethod
    def is_carried(cls, path):
        with opened(path) as file:
            return all(getattr(file, fact) == values for fact, values in cls.facts.items())


class Units(Scales):
    """The unit of a band in a TIFF. Other formats have no field for it."""

    title, name = "Units of bands", "units"
    facts = {"units": ("m",) * 3}


class Tags:
    """Items of GDAL_METADATA, text chunks of a PNG."""

    title, name = "Tags", ("SENSOR", "PNG_TEXT_SENSOR")
    sources = ("TIFF", "PNG")

    @staticmethod
    def write(path):
        imsave(path, SMOOTH, tags={"SENSOR": "MSI"})

    @staticmethod
    def is_carried(path):
        with opened(path) as file:
            return file.tags().get("SENSOR") == "MSI"


class Tres:
    """Tagged record extensions, also unknown ones."""

    title, name = "Tagged record extensions", "ZZTEST"
    sources = ("NITF",)

    @staticmethod
    def write(path):
        imsave(path, SMOOTH, metadata={"ZZTEST": b"0123456789"})

    @staticmethod
    def is_carried(path):
        if path.suffix != ".ntf":
            return False
        [segment] = jbpy_load(path)["ImageSegments"]
        return [tre["TREDATA"].value for tre in segment["subheader"]["IXSHD"] if tre.name == "ZZTEST"] == [b"0123456789"]


class FurtherImages:
    """All images but the default one."""

    title, name = "Further images", "image:1"
    sources = ("NITF", "TIFF")

    @staticmethod
    def write(path):
        with IO.open(path, "w") as writer:
            for number in range(2):
                made = BufferedImageAssetProvider.create(f"image:{number}", COLUMNS, ROWS, 3)
                made.set_full_image(SMOOTH)
                writer.add_asset(f"image:{number}", made)

    @staticmethod
    def is_carried(path):
        with IO.open(path) as reader:
            return "image:1" in reader and (reader["image:1"].read() == SMOOTH).all()


FACTS = (Pixels, ReferenceSystem, Place, Nodata, Mask, SensorModel, Descriptions, Scales, Units, Tags, Tres, FurtherImages)
INTRODUCTION = """# What conversion carries

`convert` and `osml-io convert` keep everything between files of one format. This page lists what they carry to another format:
every pair is converted, and GDAL and jbpy judge the result.

- **yes**: the target has it.
- **lossy**: the target has it within the loss of JPEG of the default quality.
- **named**: the format of the target has no place for it. `ConversionReport.lost` and one `MetadataWarning` name it.

A source that is not listed has no place for it either. The [guide](../guide/convert.md) has examples.
"""


def cell(fact, source, target, folder):
    """The state of a fact after the conversion: yes, lossy or named."""
    path = folder / f"{fact.__name__}.{FORMATS[source]}"
    result = folder / f"{fact.__name__}-{source}.{FORMATS[target]}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not path.exists():
            fact.write(path)
        # A source in which the fact is lossy or missing would prove nothing.
        assert fact.is_carried(path) and (fact.is_carried(path) != "lossy" or fact is Pixels), f"{fact.title}: the {source} does not have it"
        report = convert(path, result)
        carried = fact.is_carried(result)
    if carried:
        return "lossy" if carried == "lossy" else "yes"
    names = (fact.name,) if isinstance(fact.name, str) else fact.name
    assert any(name in report.lost for name in names), f"{fact.title}, {source} to {target}: neither carried nor among {report.lost}"
    assert len(report.warnings) == 1 or any(name in text for name in names for text in report.warnings)
    return "named"


def page():
    """The text of the page."""
    parts = [INTRODUCTION]
    with tempfile.TemporaryDirectory() as folder:
        for fact in FACTS:
            parts.append(f"## {fact.title}\n\n{fact.__doc__}\n")
            rows = ["| from | " + " | ".join(f"to {name}" for name in FORMATS) + " |", "|---|" + "---|" * len(FORMATS)]
            for source in fact.sources:
                cells = [cell(fact, source, target, Path(folder)) for target in FORMATS]
                rows.append(f"| {source} | " + " | ".join(cells) + " |")
            parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
