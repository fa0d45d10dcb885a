"""Coordinate reference systems in the forms of other software.

The `crs` of images and of `iminfo` is `"EPSG:n"`, `"EPSG:n+m"` (a horizontal and a vertical system), WKT 2 (ISO 19162:2019) of a
system without a code, or the citation of a file whose keys do not define one. pyproj and rasterio take all but the last.
"""

from __future__ import annotations

import json
from typing import Any

from ._errors import UnsupportedError
from ._georeference import crs_text
from ._io import _crs_projjson, _crs_wkt

__all__ = ["normalize", "to_json_dict", "to_wkt"]


def normalize(crs: Any) -> str:
    """The system as images state it: `"EPSG:n"`, `"EPSG:n+m"` or WKT 2.

    Args:
        crs: `"EPSG:n"`, `"OGC:CRS84"`, a URN, WKT 1 or 2, PROJJSON (text or dict), a number, or an object with `to_epsg()`,
            `to_wkt()` or `to_json_dict()`, such as those of pyproj and rasterio.

    Raises:
        OptionError: A `ValueError`, for any other value, a damaged definition, and a projection that GeoTIFF 1.1 does not list.
    """
    return crs_text(crs)


def to_wkt(crs: Any) -> str:
    """WKT 2 (ISO 19162:2019) of a system that is defined by its parameters, or of a geographic one of the EPSG register.

    Args:
        crs: As in `normalize`.

    Raises:
        OptionError: As `normalize`.
        UnsupportedError: For other codes: their definitions are in the register alone. `pyproj.CRS(crs)` finds them.
    """
    return _found(_crs_wkt(crs_text(crs)), crs)


def to_json_dict(crs: Any) -> dict[str, Any]:
    """PROJJSON of the system, as a dict. Arguments and errors are those of `to_wkt`."""
    found: dict[str, Any] = json.loads(_found(_crs_projjson(crs_text(crs)), crs))
    return found


def _found(text: str | None, crs: Any) -> str:
    if text is None:
        raise UnsupportedError(f"definition of {crs}: expected a geographic system, or one with parameters; pyproj.CRS finds others")
    return text
