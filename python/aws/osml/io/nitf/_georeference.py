"""The georeference fields of a NITF image, from corners or a transform."""

from __future__ import annotations

from typing import Any

from .._errors import OptionError
from .._georeference import corner_pairs, epsg_code, gdal_transform
from .._io import _nitf_georeference
from .._typing import Corners


def georeference(
    columns: int,
    rows: int,
    *,
    corners: Corners | None = None,
    transform: Any = None,
    crs: Any,
    precise: bool = False,
) -> dict[str, Any]:
    """The georeference fields for the metadata of an image: `metadata.update(georeference(…))`.

    Args:
        columns: Columns of the image.
        rows: Rows of the image.
        corners: Upper left, upper right, lower right, lower left as (x, y) in `crs`: pixel edges, a parallelogram.
        transform: GDAL's six numbers or an `Affine`, instead of `corners`.
        crs: `"EPSG:n"`, a number, or an object with `to_epsg()`: WGS 84 (4326), or one of its UTM zones (326nn, 327nn).
        precise: Adds BLOCKA, GEOPSB and GEOLOB if IGEOLO is not exact. They are more precise than IGEOLO, which holds whole
            seconds (31 m) or whole metres.

    Returns:
        ICORDS and IGEOLO (2500C Table A-3), which refer to the centres of the corner pixels; with `precise` also the TREs.

    Raises:
        OptionError: A `ValueError`, for both or neither of corners and transform, for corners that are not a parallelogram, and
            for a `crs` that NITF cannot express.
    """
    if (corners is None) == (transform is None):
        found = "neither corners nor transform" if corners is None else "corners and transform"
        raise OptionError(f"georeference: got {found}, expected one of them")
    code = epsg_code(crs)
    pairs = None if corners is None else corner_pairs(corners)
    six = None if transform is None else gdal_transform(transform)
    return _nitf_georeference(columns, rows, pairs, six, code, precise)
