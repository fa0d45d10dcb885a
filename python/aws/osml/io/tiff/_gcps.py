"""Ground control points: the tie points of an image without a transform (OGC 19-008r4 section 7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .._errors import OptionError

# Numbers of a tie point: column, row, 0, x, y, z.
_POINT = 6

# The keys of the tag, the name of the type of raster, and its values for pixels that are points.
_KEYS = ("GeoTiepoints", "33922", "ModelTiepoint")
_RASTER_TYPE = "GeoRasterType"
_POINTS = ("PixelIsPoint", "2", 2)


class GCP(NamedTuple):
    """A ground control point.

    Rows and columns count from the outer corner of the first pixel, as in GDAL and `rasterio.control.GroundControlPoint`.
    """

    row: float
    col: float
    x: float
    y: float
    z: float = 0.0


def gcps(metadata: Mapping[str, Any]) -> list[GCP]:
    """The ground control points of an image: its tie points, if there are several. One tie point belongs to a transform.

    Args:
        metadata: The metadata of an image of a TIFF.

    Returns:
        The points in the order of the file; empty if there are none.

    Raises:
        OptionError: A `ValueError`, if the tag does not hold six numbers for each point.
    """
    values: Any = next((metadata[key] for key in _KEYS if key in metadata), [])
    numbers = [float(value) for value in values]
    if len(numbers) % _POINT:
        raise OptionError(f"ModelTiepoint (33922): got {len(numbers)} numbers, expected {_POINT} for each point")
    if len(numbers) == _POINT:
        return []
    inward = _shift(metadata.get(_RASTER_TYPE) in _POINTS)
    points = (numbers[start : start + _POINT] for start in range(0, len(numbers), _POINT))
    return [GCP(row + inward, col + inward, x, y, z) for col, row, _, x, y, z in points]


def tiepoints(points: Iterable[Any], *, pixel_is_point: bool = False) -> list[float]:
    """Ground control points as the value of `GeoTiepoints`.

    `metadata["GeoTiepoints"] = tiepoints(points)`, with the reference system under `GeoProjectedCRS` or `GeoGeographicCRS`.

    Args:
        points: Two or more `GCP`, or other objects with `row`, `col`, `x`, `y` and `z`, such as those of rasterio.
        pixel_is_point: True if the metadata have `GeoRasterType` `PixelIsPoint`.

    Raises:
        OptionError: A `ValueError`, for fewer than two points: one tie point needs a scale.
    """
    found = list(points)
    if len(found) < 2:
        raise OptionError(f"ground control points: got {len(found)}, expected two or more")
    inward = _shift(pixel_is_point)
    rows = ((p.col - inward, p.row - inward, 0, p.x, p.y, p.z or 0) for p in found)
    return [float(value) for row in rows for value in row]


def _shift(pixel_is_point: bool) -> float:
    """From the tag to the outer corner: with pixels that are points, the tag counts from their centres."""
    return 0.5 if pixel_is_point else 0.0
