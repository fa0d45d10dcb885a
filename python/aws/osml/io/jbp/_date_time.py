"""Dates and times of NITF, which may be known in part (2500C Table A-1: FDT, IDATIM, TXTDT)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Union

from .._errors import OptionError

# The parts after the year, and their ranges.
_RANGES = {"month": (1, 12), "day": (1, 31), "hour": (0, 23), "minute": (0, 59), "second": (0, 59)}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

# Years of two digits from this one on are of the 20th century, as in POSIX; NITF 2.0 is of 1994.
_FIRST_OF_1900 = 69

_FORMS = "CCYYMMDDhhmmss or CCYYMMDD with hyphens or blanks for unknown pairs, or DDHHMMSSZMONYY"


@dataclass(frozen=True)
class NitfDateTime:
    """A date and time in UTC; parts that the field does not state are None."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    century: int | None = None
    """The first two digits of the year, if the field states only these."""

    def __post_init__(self) -> None:
        ranges = {"year": (0, 9999), "century": (0, 99), **_RANGES}
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise OptionError(f"{name} of a date: got {value}, expected {low} to {high}")

    @property
    def is_complete(self) -> bool:
        """True if every part from the year to the second is known."""
        return self.year is not None and all(getattr(self, name) is not None for name in _RANGES)

    def to_datetime(self) -> datetime | None:
        """The time in UTC; None if a part is unknown.

        Raises:
            OptionError: A `ValueError`, for a day that the month does not have.
        """
        if not self.is_complete:
            return None
        month, day, hour, minute, second = (getattr(self, name) for name in _RANGES)
        try:
            return datetime(self.year or 0, month, day, hour, minute, second, tzinfo=timezone.utc)
        except ValueError as error:
            raise OptionError(f"date: got {DateTimeAdapter.format(self)}, expected a day of the calendar") from error


class DateTimeAdapter:
    """A date field and its value."""

    @staticmethod
    def parse(text: str) -> NitfDateTime:
        """The value of a field: `CCYYMMDDhhmmss`, `CCYYMMDD`, or `DDHHMMSSZMONYY` of NITF 2.0.

        Hyphens and blanks in place of a pair of digits, and an empty field, are unknown parts.

        Raises:
            OptionError: A `ValueError`, for text of any other form and for parts out of range.
        """
        stated = text.strip()
        if len(stated) == 14 and stated[8].upper() == "Z":
            return _of_version_20(stated.upper())
        field = text.rstrip().ljust(8 if len(text.rstrip()) <= 8 else 14)
        if len(field) > 14:
            raise _wrong(text)
        century, rest, *parts = [_pair(field[start : start + 2], text) for start in range(0, len(field), 2)]
        year = None if century is None or rest is None else 100 * century + rest
        if century is None and rest is not None:
            raise _wrong(text)
        month, day, hour, minute, second = [*parts, None, None, None][:5]
        return NitfDateTime(year, month, day, hour, minute, second, century if year is None else None)

    @staticmethod
    def format(value: Union[NitfDateTime, date, None], length: int = 14) -> str:
        """The text of a field of 14 (`CCYYMMDDhhmmss`) or 8 (`CCYYMMDD`) characters, with hyphens for unknown parts.

        `value` may be a `datetime` or a `date` as well. A `datetime` with a time zone is converted to UTC, one without is UTC.

        Raises:
            OptionError: A `ValueError`, for any other length.
        """
        if length not in (8, 14):
            raise OptionError(f"length of a date field: got {length}, expected 8 or 14")
        if not isinstance(value, NitfDateTime):
            value = _of_calendar(value)
        century = "--" if value.century is None else f"{value.century:02d}"
        year = f"{century}--" if value.year is None else f"{value.year:04d}"
        parts = (getattr(value, name) for name in _RANGES)
        return (year + "".join("--" if part is None else f"{part:02d}" for part in parts))[:length]


def _of_calendar(value: date | None) -> NitfDateTime:
    if value is None:
        return NitfDateTime()
    if not isinstance(value, datetime):
        return NitfDateTime(value.year, value.month, value.day)
    utc = value.astimezone(timezone.utc) if value.tzinfo else value
    return NitfDateTime(utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second)


def _of_version_20(text: str) -> NitfDateTime:
    """DDHHMMSSZMONYY (2500A)."""
    day, hour, minute, second = (_pair(text[start : start + 2], text) for start in range(0, 8, 2))
    year, month = _pair(text[12:], text), text[9:12]
    if month.strip("- ") and month not in _MONTHS:
        raise _wrong(text)
    if year is not None:
        year += 1900 if year >= _FIRST_OF_1900 else 2000
    return NitfDateTime(year, _MONTHS.index(month) + 1 if month in _MONTHS else None, day, hour, minute, second)


def _pair(pair: str, text: str) -> int | None:
    """Two digits; None for hyphens and blanks."""
    if pair in ("--", "  "):
        return None
    if len(pair) != 2 or not (pair.isascii() and pair.isdigit()):
        raise _wrong(text)
    return int(pair)


def _wrong(text: str) -> OptionError:
    return OptionError(f"date field: got {text!r}, expected {_FORMS}")
