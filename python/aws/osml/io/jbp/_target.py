"""TGTID: the primary target of an image (2500C Table A-3)."""

from __future__ import annotations

from dataclasses import dataclass

from .._errors import OptionError

# The widths of the parts of the field.
_WIDTHS = {"be_number": 10, "osuffix": 5, "country_code": 2}
_WIDTH = sum(_WIDTHS.values())


@dataclass(frozen=True)
class TGTID:
    """A target; parts that the field leaves blank are empty."""

    be_number: str = ""
    """The number of the target in the Basic Encyclopedia."""
    osuffix: str = ""
    """The O-suffix, which distinguishes parts of a target."""
    country_code: str = ""
    """The code of the country, two letters."""


class TGTIDAdapter:
    """The field TGTID and its value."""

    @staticmethod
    def parse(text: str) -> TGTID:
        """The parts of the 17 characters of TGTID, without padding. Shorter text is padded with blanks.

        Raises:
            OptionError: A `ValueError`, for longer text.
        """
        if len(text.rstrip()) > _WIDTH:
            raise OptionError(f"TGTID: got {len(text)} characters, expected {_WIDTH}")
        parts, start = [], 0
        for width in _WIDTHS.values():
            parts.append(text[start : start + width].strip())
            start += width
        return TGTID(*parts)

    @staticmethod
    def format(value: TGTID) -> str:
        """The 17 characters of TGTID.

        Raises:
            OptionError: A `ValueError`, for a part that is too long or has characters outside of BCS-A.
        """
        text = ""
        for name, width in _WIDTHS.items():
            part = getattr(value, name)
            if len(part) > width or not all(" " <= character <= "~" for character in part):
                raise OptionError(f"{name} of TGTID: got {part!r}, expected at most {width} characters of BCS-A")
            text += part.ljust(width)
        return text
