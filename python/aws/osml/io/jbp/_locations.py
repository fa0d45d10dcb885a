"""Places in NITF fields: the corners in IGEOLO, and rows and columns such as ILOC (2500C Table A-3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Union

from .._errors import OptionError
from .._io import _nitf_from_mgrs, _nitf_to_mgrs

# The characters of one corner, and of a row or a column.
_CORNER, _NUMBER = 15, 5

_FORMS = "G, D, N, S or U"


class GeographicCoordinate(NamedTuple):
    """A point in degrees on WGS 84, in the order of the field."""

    latitude: float
    longitude: float


class UTMCoordinate(NamedTuple):
    """A point in a zone of UTM on WGS 84, in metres."""

    zone: int
    """1 to 60."""
    hemisphere: str
    """N or S."""
    easting: float
    northing: float


Coordinate = Union[GeographicCoordinate, UTMCoordinate]


class IGEOLOAdapter:
    """The field IGEOLO and its four corners: upper left, upper right, lower right, lower left, each the centre of a pixel."""

    @staticmethod
    def parse(text: str, icords: str) -> list[Coordinate]:
        """The corners.

        Args:
            text: The 60 characters of IGEOLO.
            icords: ICORDS: `G` (degrees, minutes, seconds) and `D` (decimal degrees) are `GeographicCoordinate`; `N`, `S` (UTM)
                and `U` (MGRS, the south-west corner of the square metre) are `UTMCoordinate`.

        Raises:
            OptionError: A `ValueError`, for text that does not have this form.
        """
        form = _form(icords)
        if len(text) != 4 * _CORNER:
            raise OptionError(f"IGEOLO: got {len(text)} characters, expected {4 * _CORNER}")
        parts = (text[start : start + _CORNER] for start in range(0, 4 * _CORNER, _CORNER))
        return [_corner(part, form) for part in parts]

    @staticmethod
    def format(corners: Sequence[Any], icords: str) -> str:
        """The 60 characters of IGEOLO for four corners in the form that ICORDS names, as `parse` returns them.

        Raises:
            OptionError: A `ValueError`, for another number of corners, for coordinates out of range, and for coordinates of
                another system.
        """
        form = _form(icords)
        if len(corners) != 4:
            raise OptionError(f"corners: got {len(corners)}, expected 4")
        return "".join(_text(corner, form) for corner in corners)


class LocationAdapter:
    """A field of a row and a column, such as ILOC, SLOC and SBND1, and its value."""

    @staticmethod
    def parse(text: str) -> tuple[int, int]:
        """(row, column) of the 10 characters `rrrrrccccc`; each number may be negative.

        Raises:
            OptionError: A `ValueError`, for text of another form.
        """
        if len(text) != 2 * _NUMBER:
            raise OptionError(f"location: got {text!r}, expected {2 * _NUMBER} characters rrrrrccccc")
        return _whole(text[:_NUMBER], text), _whole(text[_NUMBER:], text)

    @staticmethod
    def format(row: Union[int, tuple[int, int]], column: int | None = None) -> str:
        """The 10 characters for a row and a column, or for a pair of them.

        Raises:
            OptionError: A `ValueError`, for numbers outside of -9999 to 99999.
        """
        pair = row if isinstance(row, tuple) else (row, column)
        numbers = [number for number in pair if number is not None and -9999 <= number <= 99999]
        if len(numbers) != 2:
            raise OptionError(f"location: got {pair}, expected a row and a column from -9999 to 99999")
        return "".join(f"{number:0{_NUMBER}d}" for number in numbers)


def _form(icords: str) -> str:
    form = icords.strip().upper()
    if form not in ("G", "D", "N", "S", "U"):
        raise OptionError(f"ICORDS: got {icords!r}, expected {_FORMS}")
    return form


def _corner(part: str, form: str) -> Coordinate:
    if form == "G":
        return GeographicCoordinate(_sexagesimal(part[:7], "NS", part), _sexagesimal(part[7:], "EW", part))
    if form == "D":
        latitude, longitude = _decimal(part[:7], 90, part), _decimal(part[7:], 180, part)
        return GeographicCoordinate(latitude, longitude)
    if form == "U":
        zone, is_south, easting, northing = _nitf_from_mgrs(part)
        return UTMCoordinate(zone, "S" if is_south else "N", easting, northing)
    zone = _whole(part[:2], part)
    if not 1 <= zone <= 60:
        raise _wrong(part)
    return UTMCoordinate(zone, form, float(_whole(part[2:8], part)), float(_whole(part[8:], part)))


def _text(corner: Any, form: str) -> str:
    if form in "GD":
        if isinstance(corner, UTMCoordinate) or len(corner) != 2:
            raise _other_system(corner, form)
        latitude, longitude = (float(value) for value in corner)
        if not (abs(latitude) <= 90 and abs(longitude) <= 180):
            raise OptionError(f"corner: got {tuple(corner)}, expected a latitude of -90 to 90 and a longitude of -180 to 180")
        if form == "D":
            return f"{latitude:+07.3f}{longitude:+08.3f}"
        return _dms(latitude, "NS", 2) + _dms(longitude, "EW", 3)
    if not isinstance(corner, UTMCoordinate) or (form != "U" and corner.hemisphere != form):
        raise _other_system(corner, form)
    if form == "U":
        return _nitf_to_mgrs(corner.zone, corner.hemisphere == "S", corner.easting, corner.northing)
    text = f"{corner.zone:02d}{round(corner.easting):06d}{round(corner.northing):07d}"
    if len(text) != _CORNER or not text.isdigit():
        raise OptionError(f"corner: got {corner}, expected an easting of 0 to 999999 and a northing of 0 to 9999999")
    return text


def _sexagesimal(text: str, signs: str, part: str) -> float:
    """Degrees of `ddmmssX` or `dddmmssY`."""
    degrees, minutes, seconds = (_whole(piece, part) for piece in (text[:-5], text[-5:-3], text[-3:-1]))
    value = degrees + minutes / 60 + seconds / 3600
    sign = signs.find(text[-1].upper())
    if sign < 0 or minutes > 59 or seconds > 59 or value > (90 if len(text) == 7 else 180):
        raise _wrong(part)
    return -value if sign else value


def _dms(value: float, signs: str, digits: int) -> str:
    seconds = round(abs(value) * 3600)
    degrees, rest = divmod(seconds, 3600)
    return f"{degrees:0{digits}d}{rest // 60:02d}{rest % 60:02d}{signs[value < 0]}"


def _decimal(text: str, most: int, part: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _wrong(part) from None
    if text[0] not in "+-" or not abs(value) <= most:
        raise _wrong(part)
    return value


def _whole(text: str, part: str) -> int:
    """A whole number; digits with a sign before them."""
    digits = text[1:] if text[:1] in "+-" else text
    if not (digits.isascii() and digits.isdigit()):
        raise _wrong(part)
    return int(text)


def _wrong(part: str) -> OptionError:
    return OptionError(f"coordinate: got {part!r}, expected the form that the standard gives for the field")


def _other_system(corner: Any, form: str) -> OptionError:
    expected = "(latitude, longitude)" if form in "GD" else "a UTMCoordinate" + ("" if form == "U" else f" of hemisphere {form}")
    return OptionError(f"corner for ICORDS {form}: got {corner!r}, expected {expected}")
