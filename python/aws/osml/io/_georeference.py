"""Converts the arguments `crs`, `transform` and `corners` to the numbers that the engine takes."""

from __future__ import annotations

from typing import Any

from ._errors import OptionError
from ._io import _epsg_code


def epsg_code(crs: Any) -> int:
    """The EPSG code of `"EPSG:n"`, of a number, or of an object with `to_epsg()`."""
    if hasattr(crs, "to_epsg"):
        code = crs.to_epsg()
        if code is None:
            raise OptionError(f"crs: got {crs!r}, expected one with an EPSG code")
    elif isinstance(crs, str):
        register, _, digits = crs.strip().rpartition(":")
        if register.upper() not in ("", "EPSG") or not (digits.isascii() and digits.isdigit()):
            raise OptionError(f'crs: got {crs!r}, expected "EPSG:n", a number, or an object with to_epsg()')
        code = digits
    else:
        code = crs
    try:
        code = int(code) if isinstance(code, str) else code.__index__()
    except AttributeError:
        raise OptionError(f'crs: got {crs!r}, expected "EPSG:n", a number, or an object with to_epsg()') from None
    return _epsg_code(code)


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
        raise OptionError(f"transform: got {transform!r}, expected GDAL's six numbers or an Affine")
    return numbers


def corner_pairs(corners: Any) -> list[tuple[float, float]]:
    """Four corners as pairs of numbers."""
    try:
        pairs = [(float(x), float(y)) for x, y in corners]
    except (TypeError, ValueError):
        pairs = []
    if len(pairs) != 4:
        raise OptionError(
            f"corners: got {corners!r}, expected four (x, y): upper left, upper right, lower right, lower left"
        )
    return pairs
