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
            raise OptionError(f"crs: got {_short(crs)}, expected one with an EPSG code")
    elif isinstance(crs, str):
        register, _, digits = crs.strip().rpartition(":")
        if register.upper() not in ("", "EPSG") or not (digits.isascii() and digits.isdigit()):
            raise _wrong_crs(crs)
        code = digits
    else:
        code = crs
    try:
        code = int(code) if isinstance(code, str) else code.__index__()
    except AttributeError:
        raise _wrong_crs(crs) from None
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


def _wrong_crs(crs: Any) -> OptionError:
    hint = "; pyproj.CRS(text).to_epsg() finds the code of a WKT or PROJ text" if _is_definition(crs) else ""
    return OptionError(f'crs: got {_short(crs)}, expected "EPSG:n", a number, or an object with to_epsg(){hint}')


def _is_definition(crs: Any) -> bool:
    """True for the definition of a system as text: WKT or a PROJ string."""
    return isinstance(crs, str) and ("[" in crs or "+proj" in crs)


def _short(value: Any) -> str:
    """The beginning of an object's `repr`, for messages: a definition of a system may fill pages."""
    first, _, rest = repr(value).partition("\n")
    return first if len(first) <= _SHOWN and not rest else f"{first[:_SHOWN]}…"


# The characters of a value in a message.
_SHOWN = 80
