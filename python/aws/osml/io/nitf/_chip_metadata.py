"""The metadata of an image, made those of a chip of it."""

from __future__ import annotations

from typing import Any

from .._errors import Error
from .._io import BufferedMetadataProvider
from ._chip_place import Part, update_igeolo, update_tres
from ._mapping import ChipMapping, Points, ichipb, ichipb_fields
from ._views import all_values, tre


def update(metadata: BufferedMetadataProvider, image: Any, part: Part, block: tuple[int, int]) -> list[str]:
    """Changes what is not true of the part, of blocks of (width, height); returns what a caller should be warned of."""
    for key in [key for key in metadata if _is_of_another_format(key)]:
        del metadata[key]
    _sizes(metadata, part, block)
    if part.scale > 1:
        metadata["IMAG"] = magnification(metadata.get("IMAG", "1.0"), part.scale)
    return [*_ichipb(metadata, part), *update_igeolo(metadata, image, part), *update_tres(metadata, part)]


def is_indexed(metadata: BufferedMetadataProvider) -> bool:
    """True where the pixels stand for the entries of a table, so that no average of them means anything."""
    bands = metadata.get("BAND_INFO")
    records = [band for band in bands if isinstance(band, dict)] if isinstance(bands, list) else []
    # Of NITF, and of TIFF, whose PhotometricInterpretation is 3 then.
    tables = any(str(band.get("NLUTS", "0")).strip() not in ("0", "") for band in records)
    return tables or str(metadata.get("262", "")) == "3"


def magnification(text: Any, scale: int) -> str:
    """IMAG (2500C Table A-3) of an image reduced by `scale`, where it is `text` for the image: `1.0 `, `/2  ` for a half."""
    value = str(text).strip()
    try:
        factor = (1 / float(value[1:]) if value.startswith("/") else float(value)) / scale
    except (ValueError, ZeroDivisionError):
        factor = 1 / scale
    over = round(1 / factor) if factor > 0 else 0
    if 1 < over <= 999 and abs(over * factor - 1) < 1e-9:
        return f"/{over}".ljust(4)
    return f"{max(factor, 0.001):.3f}"[1:] if factor < 0.9995 else f"{factor:.3f}"[:4].rstrip("0").ljust(3, "0").ljust(4)


def _is_of_another_format(key: str) -> bool:
    """True for tags of TIFF, and facts of PNG and JPEG: of an image of another format that a NITF is made of."""
    return key.isdigit() or key.startswith(("Geo", "PNG_", "JPEG_"))


def _sizes(metadata: BufferedMetadataProvider, part: Part, block: tuple[int, int]) -> None:
    grid = (-(-part.columns // block[0]), -(-part.rows // block[1]))
    texts = {
        "NROWS": f"{part.rows:08d}",
        "NCOLS": f"{part.columns:08d}",
        "NBPR": f"{grid[0]:04d}",
        "NBPC": f"{grid[1]:04d}",
        "NPPBH": f"{block[0]:04d}",
        "NPPBV": f"{block[1]:04d}",
        "IALVL": "000",
        "ILOC": "0000000000",
    }
    # What the image does not say either, the writer knows.
    metadata.update({name: text for name, text in texts.items() if name in metadata})


def _ichipb(metadata: BufferedMetadataProvider, part: Part) -> list[str]:
    top, left = 0.0, 0.0
    bottom, right = float(part.rows - 1), float(part.columns - 1)
    chip: Points = ((top, left), (top, right), (bottom, left), (bottom, right))
    # The centre of a pixel of the chip, in the image it is cut from.
    half = (part.scale - 1) / 2
    points = [(part.y + row * part.scale + half, part.x + column * part.scale + half) for row, column in chip]
    scale, rows, columns = float(part.scale), part.full_rows, part.full_columns
    others: dict[str, str] = {}
    if all_values(metadata, "ICHIPB"):
        try:
            fields = tre(metadata, "ICHIPB")
            others = {name: f"{int(fields[name] or 0):02d}" for name in ("ANAMRPH_CORR", "SCANBLK_NUM")}
            parent = ichipb(metadata)
            points = [parent.to_full(*point) for point in points]
        except (Error, TypeError) as error:
            return [f"ICHIPB: left as it is, which is that of the image and not of the chip: {error}"]
        scale *= parent.scale_factor
        rows, columns = parent.full_rows or rows, parent.full_columns or columns
    a, b, c, d = points
    metadata["ICHIPB"] = ichipb_fields(ChipMapping(chip, (a, b, c, d), scale, rows, columns), others)
    return []
