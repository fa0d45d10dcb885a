"""Where an image lies: the fields of NITF that say it, from corners or a transform."""

from __future__ import annotations

from math import hypot, isfinite
from operator import index
from typing import Any

from .._errors import OptionError
from .._georeference import corner_pairs, epsg_code, gdal_transform
from .._io import _nitf_georeference
from .._typing import Corners

Transform = tuple[float, float, float, float, float, float]

# How far corners may be from a parallelogram, as a part of its size; as in `Transform::from_corners`.
_PARALLEL = 1e-6


def georeference(
    columns: int,
    rows: int,
    *,
    corners: Corners | None = None,
    transform: Any = None,
    crs: Any,
    precise: bool = False,
) -> dict[str, Any]:
    """The metadata that say where an image lies, to be put into those of an image: `metadata.update(georeference(…))`.

    Args:
        columns: Columns of the image.
        rows: Rows of the image.
        corners: Upper left, upper right, lower right, lower left as (x, y) in `crs`: pixel edges, a parallelogram.
        transform: GDAL's six numbers or an `Affine`, instead of `corners`.
        crs: `"EPSG:n"`, a number, or an object with `to_epsg()`: WGS 84 (4326), or one of its UTM zones (326nn, 327nn).
        precise: Adds BLOCKA, GEOPSB and GEOLOB, which are more precise than IGEOLO: that holds whole seconds, 31 m, or whole
            metres.

    Returns:
        ICORDS and IGEOLO (2500C Table A-3), which refer to the centres of the corner pixels; with `precise` also the TREs.

    Raises:
        OptionError: A `ValueError`, for corners and transform at once or neither, for corners that are no parallelogram, and
            for a `crs` that NITF cannot express.
    """
    try:
        columns, rows = index(columns), index(rows)
    except TypeError:
        raise OptionError(f"image of {columns!r} columns, {rows!r} rows (allowed: whole numbers)") from None
    if min(columns, rows) < 1:
        raise OptionError(f"image of {columns} columns, {rows} rows (allowed: 1 or more)")
    if (corners is None) == (transform is None):
        raise OptionError("corners and transform: one of them says where the image lies, not both or neither")
    code = epsg_code(crs)
    if corners is None:
        six = gdal_transform(transform)
    else:
        six = transform_of_corners(corner_pairs(corners), columns, rows)
    return _nitf_georeference(columns, rows, six, code, precise)


def transform_of_corners(corners: list[tuple[float, float]], columns: int, rows: int) -> Transform:
    """GDAL's six numbers for outer corners: upper left, upper right, lower right, lower left.

    Raises:
        OptionError: Where they are no parallelogram, have no area, or are not finite.
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    if not all(isfinite(number) for corner in corners for number in corner):
        raise OptionError(f"corners are not finite: {corners}")
    size = max(hypot(x2 - x0, y2 - y0), hypot(x3 - x1, y3 - y1))
    if hypot(x0 + x2 - x1 - x3, y0 + y2 - y1 - y3) > size * _PARALLEL:
        raise OptionError(
            f"corners are no parallelogram: {corners} (allowed: upper left, upper right, lower right, lower left, opposite "
            "sides parallel)"
        )
    six = (x0, (x1 - x0) / columns, (x3 - x0) / rows, y0, (y1 - y0) / columns, (y3 - y0) / rows)
    if six[1] * six[5] - six[2] * six[4] == 0:
        raise OptionError(f"corners enclose no area: {corners}")
    return six
