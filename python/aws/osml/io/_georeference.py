"""Converts the arguments `crs`, `transform` and `corners` to the numbers that the engine takes."""

from __future__ import annotations

import json
from typing import Any

from ._errors import OptionError
from ._io import _crs


def crs_text(crs: Any) -> str:
    """`"EPSG:n"`, or WKT 2 of a system without a code.

    `crs` is a text (`"EPSG:n"`, `"OGC:CRS84"`, WKT, PROJJSON), a number, a dict of PROJJSON, or an object with `to_epsg()`,
    `to_wkt()` or `to_json_dict()`, such as those of pyproj and rasterio.
    """
    code = _code(crs) if hasattr(crs, "to_epsg") else None
    if code is not None:
        return _crs(f"EPSG:{code}")
    if hasattr(crs, "to_wkt"):
        return _crs(crs.to_wkt())
    if hasattr(crs, "to_json_dict"):
        return _crs(json.dumps(crs.to_json_dict()))
    if isinstance(crs, dict):
        return _crs(json.dumps(crs))
    if isinstance(crs, str):
        return _crs(crs)
    try:
        return _crs(f"EPSG:{crs.__index__()}")
    except AttributeError:
        allowed = "a text, a number, or an object with to_epsg() or to_wkt()"
        raise OptionError(f"crs: got {_short(crs)}, expected {allowed}") from None


def _code(crs: Any) -> int | None:
    """The code of an object, if it is sure of it: by default, a code may be that of a similar system."""
    try:
        return crs.to_epsg(_SURE)
    except TypeError:
        return crs.to_epsg()


def epsg_code(crs: Any) -> int:
    """The code of a system of the EPSG register."""
    register, _, code = crs_text(crs).partition(":")
    if register != "EPSG":
        raise OptionError(f"crs: got {_short(crs)}, expected one with an EPSG code")
    return int(code)


def gdal_transform(transform: Any) -> tuple[float, ...]:
    """GDAL's six numbers of a sequence or an `Affine`."""
    if all(hasattr(transform, name) for name in "abcdef"):
        t = transform
        return tuple(float(number) for number in (t.c, t.a, t.b, t.f, t.d, t.e))
    try:
        numbers = tuple(float(number) for number in transform)
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != 6:
        raise OptionError(f"transform: got {_short(transform)}, expected GDAL's six numbers or an Affine")
    return numbers


def corner_pairs(corners: Any) -> list[tuple[float, float]]:
    """Four corners as pairs of numbers."""
    try:
        pairs = [(float(x), float(y)) for x, y in corners]
    except (TypeError, ValueError):
        pairs = []
    if len(pairs) != 4:
        raise OptionError(
            f"corners: got {_short(corners)}, expected four (x, y): upper left, upper right, lower right, lower left"
        )
    return pairs


def _short(value: Any) -> str:
    """The beginning of an object's `repr`, for messages: a definition of a system may fill pages."""
    first, _, rest = repr(value).partition("\n")
    return first if len(first) <= _SHOWN and not rest else f"{first[:_SHOWN]}…"


# Per cent; pyproj and rasterio take 70 otherwise, which is the same system but for the datum.
_SURE = 90
# The characters of a value in a message.
_SHOWN = 80
