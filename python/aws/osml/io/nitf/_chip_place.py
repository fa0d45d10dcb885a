"""Where a chip lies: IGEOLO, BLOCKA, GEOLOB and MAPLOB of an image, for a part of it.

IGEOLO (2500C Table A-3) and BLOCKA (STDI-0002-1 App E) have the centres of the four corner pixels; GEOLOB and MAPLOB (App P) the
outer corner of the first pixel and the density of pixels.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from .._errors import Error, OptionError
from .._io import BufferedMetadataProvider
from ._place import georeference
from ._views import all_values, tre

Point = tuple[float, float]
"""(x, y), of a geographic place (longitude, latitude)."""

_GEOGRAPHIC = "EPSG:4326"
# The forms of a corner: ICORDS G; ICORDS D and BLOCKA; the other form of BLOCKA.
_DMS = re.compile(r"(\d\d)(\d\d)(\d\d)([NS])(\d{3})(\d\d)(\d\d)([EW])")
_DECIMAL = re.compile(r"([+-]\d\d\.\d{3}(?:\d{3})?)([+-]\d{3}\.\d{3}(?:\d{3})?)")
_SIDE_DMS = re.compile(r"([NS])(\d\d)(\d\d)(\d\d\.\d\d)([EW])(\d{3})(\d\d)(\d\d\.\d\d)")


class Part(NamedTuple):
    """A part of an image, in the image's pixels, at a resolution reduced by `scale`; a column ends where the next begins."""

    x: float
    y: float
    columns: int
    """Columns of the part, of `scale` pixels each."""
    rows: int
    scale: int
    full_columns: int
    full_rows: int

    def centres(self) -> list[Point]:
        """The centres of the corner pixels, as (column, row) counted from the outer corner of the image's first pixel."""
        half = self.scale / 2
        left, top = self.x + half, self.y + half
        right, bottom = left + (self.columns - 1) * self.scale, top + (self.rows - 1) * self.scale
        return [(left, top), (right, top), (right, bottom), (left, bottom)]


def update_igeolo(metadata: BufferedMetadataProvider, image: Any, part: Part) -> list[str]:
    """Puts the corners of the part in the place of those of the image; returns what a caller should be warned of."""
    corners = _igeolo_corners(metadata)
    crs, transform = getattr(image, "crs", None), getattr(image, "transform", None)
    affine = None if crs is None or transform is None else _affine(transform)
    try:
        if corners is not None:
            place = _between(corners.points, part)
            # The transform may come from something more precise. It is not used where it has the corners elsewhere: the image
            # is no parallelogram on the ground then, or the metadata were changed.
            if affine is not None and crs == corners.crs:
                whole = Part(0, 0, part.full_columns, part.full_rows, 1, part.full_columns, part.full_rows)
                if all(corners.has(number, affine(point)) for number, point in enumerate(whole.centres())):
                    place = affine
            metadata["IGEOLO"] = "".join(corners.text(place(point)) for point in part.centres())
            if metadata["ICORDS"] == "C":
                # NITF 2.0 has two names for what is one form since.
                metadata["ICORDS"] = "G"
        elif affine is not None:
            x0, y0 = affine((part.x, part.y))
            x1, y1 = affine((part.x + part.scale, part.y))
            x2, y2 = affine((part.x, part.y + part.scale))
            six = (x0, x1 - x0, x2 - x0, y0, y1 - y0, y2 - y0)
            found = georeference(part.columns, part.rows, transform=six, crs=crs)
            metadata.update({name: found[name] for name in ("ICORDS", "IGEOLO")})
        elif "IGEOLO" in metadata:
            raise OptionError("the corners of the image cannot be read")
    except OptionError as error:
        metadata["ICORDS"] = " "
        metadata.pop("IGEOLO", None)
        return [f"IGEOLO: left out of the chip: {error}"]
    return []


def update_tres(metadata: BufferedMetadataProvider, part: Part) -> list[str]:
    """Puts BLOCKA, GEOLOB and MAPLOB of the part in the place of those of the image; returns what could not be kept."""
    notes = []
    for tag, update in (("BLOCKA", _blocka), ("GEOLOB", _geolob), ("MAPLOB", _maplob)):
        values = all_values(metadata, tag)
        if not values:
            continue
        try:
            if len(values) > 1:
                raise OptionError(f"{len(values)} of them, each for other lines of the image")
            metadata[tag] = update(metadata, part)
        # What a damaged TRE may raise: the chip is without it, and has all else.
        except (Error, ValueError, TypeError, KeyError, ArithmeticError) as error:
            notes.append(f"{tag}: left out of the chip: {error}")
            del metadata[tag]
    return notes


class _Corners(NamedTuple):
    points: list[Point]
    """The centres of the corner pixels: first row and column, last column, last row and column, first column."""
    text: Callable[[Point], str]
    """The text of a point, in the form they have."""
    crs: str
    unit: float
    """What the last digit of the text stands for."""

    def has(self, number: int, point: Point) -> bool:
        """True where this may be the point of that number before it was rounded."""
        x, y = point[0] - self.points[number][0], point[1] - self.points[number][1]
        if self.crs == _GEOGRAPHIC:
            x = (x + 180) % 360 - 180
        return max(abs(x), abs(y)) <= self.unit


def _igeolo_corners(metadata: BufferedMetadataProvider) -> _Corners | None:
    """The corners of the image's own IGEOLO; None where there are none, and in MGRS."""
    form, text = str(metadata.get("ICORDS", "")).strip(), metadata.get("IGEOLO")
    if not isinstance(text, str) or len(text) != 60:
        return None
    texts = [text[start : start + 15] for start in range(0, 60, 15)]
    zone = text[:2]
    if form in ("G", "C"):
        found = [_DMS.fullmatch(corner) for corner in texts]
        points = [(_degrees(*m.groups()[4:]), _degrees(*m.groups()[:4])) for m in found if m]
        corners = _Corners(_unwrapped(points), _dms_text, _GEOGRAPHIC, 1 / 3600)
    elif form == "D":
        found = [_DECIMAL.fullmatch(corner) for corner in texts]
        points = [(float(m[2]), float(m[1])) for m in found if m]
        corners = _Corners(_unwrapped(points), _decimal_text(3), _GEOGRAPHIC, 1e-3)
    elif form in ("N", "S"):
        found = [re.fullmatch(rf"{re.escape(zone)}(\d{{6}})(\d{{7}})", corner) for corner in texts]
        points = [(float(m[1]), float(m[2])) for m in found if m]
        corners = _Corners(points, _utm_text(zone), f"EPSG:32{'6' if form == 'N' else '7'}{zone}", 1.0)
    else:
        return None
    return corners if all(found) else None


def _affine(six: Any) -> Callable[[Point], Point]:
    def place(point: Point) -> Point:
        column, row = point
        return six[0] + six[1] * column + six[2] * row, six[3] + six[4] * column + six[5] * row

    return place


def _between(corners: list[Point], part: Part) -> Callable[[Point], Point]:
    """Places between the centres of the image's corner pixels, and a little beyond."""

    def place(point: Point) -> Point:
        u = (point[0] - 0.5) / max(part.full_columns - 1, 1)
        v = (point[1] - 0.5) / max(part.full_rows - 1, 1)
        weights = ((1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v)
        x, y = (sum(weight * corner[axis] for weight, corner in zip(weights, corners)) for axis in (0, 1))
        return x, y

    return place


def _blocka(metadata: BufferedMetadataProvider, part: Part) -> dict[str, Any]:
    fields = _fields(metadata, "BLOCKA")
    fields["L_LINES"] = f"{part.rows:05d}"
    # In the order of the corners: first row and column, last column, last row and column, first column.
    names = ("FRFC_LOC", "FRLC_LOC", "LRLC_LOC", "LRFC_LOC")
    texts = [str(fields[name]) for name in names]
    if not "".join(texts).strip():
        return fields
    decimal, sides = [_DECIMAL.fullmatch(text) for text in texts], [_SIDE_DMS.fullmatch(text) for text in texts]
    if all(decimal):
        points, text = [(float(m[2]), float(m[1])) for m in decimal if m], _decimal_text(6)
    elif all(sides):
        points = [(_degrees(m[6], m[7], m[8], m[5]), _degrees(m[2], m[3], m[4], m[1])) for m in sides if m]
        text = _side_dms_text
    else:
        raise OptionError(f"corners that are no coordinates: {texts}")
    place = _between(_unwrapped(points), part)
    fields.update({name: text(place(point)) for name, point in zip(names, part.centres())})
    return fields


def _geolob(metadata: BufferedMetadataProvider, part: Part) -> dict[str, Any]:
    fields = _fields(metadata, "GEOLOB")
    # Pixels in 360 degrees, east and north.
    across, down = float(fields["ARV"]), float(fields["BRV"])
    west = float(fields["LSO"]) + part.x * 360 / across
    fields["ARV"], fields["BRV"] = (f"{round(value / part.scale):09d}" for value in (across, down))
    fields["LSO"] = _fifteen(west - 360 if west > 180 else west)
    fields["PSO"] = _fifteen(float(fields["PSO"]) - part.y * 360 / down)
    return fields


def _maplob(metadata: BufferedMetadataProvider, part: Part) -> dict[str, Any]:
    fields = _fields(metadata, "MAPLOB")
    # Units of UNILOA from one pixel to the next, east and north.
    across, down = int(fields["LOD"]), int(fields["LAD"])
    if max(across, down) * part.scale > 99999:
        raise OptionError(f"pixels of {max(across, down) * part.scale} units (allowed: up to 99999)")
    fields["LOD"], fields["LAD"] = f"{across * part.scale:05d}", f"{down * part.scale:05d}"
    fields["LSO"] = _fifteen(float(fields["LSO"]) + part.x * across)
    fields["PSO"] = _fifteen(float(fields["PSO"]) - part.y * down)
    return fields


def _fields(metadata: BufferedMetadataProvider, tag: str) -> dict[str, Any]:
    """The fields of a TRE as they stand in the file; where it is given as bytes, with their types and without blanks."""
    value = metadata[tag]
    if isinstance(value, dict):
        return dict(value)
    return {name: field for name, field in tre(metadata, tag).items() if field is not None}


def _degrees(degrees: str, minutes: str, seconds: str, side: str) -> float:
    value = int(degrees) + int(minutes) / 60 + float(seconds) / 3600
    return -value if side in "SW" else value


def _unwrapped(points: list[Point]) -> list[Point]:
    """Longitudes without a jump at the antimeridian: within half a turn of the first one."""
    return [(x - 360 * round((x - points[0][0]) / 360), y) for x, y in points]


def _inside(point: Point) -> Point:
    x = (point[0] + 180) % 360 - 180 if abs(point[0]) > 180 else point[0]
    if abs(point[1]) > 90:
        raise OptionError(f"latitude of {point[1]:g} degrees")
    return x, point[1]


def _dms_text(point: Point) -> str:
    def angle(value: float, width: int, sides: str) -> str:
        # Rounded as whole seconds, so that sixty of them carry.
        seconds = round(abs(value) * 3600)
        return f"{seconds // 3600:0{width}d}{seconds // 60 % 60:02d}{seconds % 60:02d}{sides[value < 0]}"

    x, y = _inside(point)
    return angle(y, 2, "NS") + angle(x, 3, "EW")


def _side_dms_text(point: Point) -> str:
    def angle(value: float, width: int, sides: str) -> str:
        hundredths = round(abs(value) * 360000)
        minutes = hundredths // 6000
        return f"{sides[value < 0]}{minutes // 60:0{width}d}{minutes % 60:02d}{hundredths % 6000 / 100:05.2f}"

    x, y = _inside(point)
    return angle(y, 2, "NS") + angle(x, 3, "EW")


def _decimal_text(decimals: int) -> Callable[[Point], str]:
    def text(point: Point) -> str:
        x, y = _inside(point)
        return f"{y:+0{4 + decimals}.{decimals}f}{x:+0{5 + decimals}.{decimals}f}"

    return text


def _utm_text(zone: str) -> Callable[[Point], str]:
    def text(point: Point) -> str:
        found = f"{zone}{point[0]:06.0f}{point[1]:07.0f}"
        if len(found) != 15 or "-" in found:
            raise OptionError(f"easting {point[0]:.0f}, northing {point[1]:.0f}")
        return found

    return text


def _fifteen(value: float) -> str:
    """A number with its sign and as many decimals as fifteen characters hold."""
    for decimals in range(11, -1, -1):
        text = f"{value:+015.{decimals}f}"
        if len(text) == 15:
            return text
    raise OptionError(f"number of {value:g} (allowed: fifteen characters)")
