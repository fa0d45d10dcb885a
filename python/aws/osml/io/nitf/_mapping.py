"""ICHIPB: the mapping from the pixels of a chip to the image it was cut from (STDI-0002-1 App B)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Union, overload

import numpy as np
import numpy.typing as npt

from .._errors import OptionError
from ._views import tre

Array = npt.NDArray[np.float64]
Number = Union[float, Array]
"""A number if all arguments are numbers, otherwise an array."""
Points = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""(row, column) of four points: upper left, upper right, lower left, lower right."""

# The four points of ICHIPB, as its fields number them.
CORNERS = ("11", "12", "21", "22")

# ICHIPB counts from the edge of the first pixel, this package from its centre.
_HALF = 0.5


@dataclass(frozen=True)
class ChipMapping:
    """Maps rows and columns of a chip to those of the full image and back. Both count from the centre of the first pixel.

    The mapping is bilinear and is defined by four points that are known in both images. If the chip is a rectangle of the
    full image, at full or reduced resolution, the mapping is a scale and an offset.
    """

    chip: Points
    """Four points in the chip: upper left, upper right, lower left, lower right, each (row, column)."""
    full: Points
    """The same points in the full image."""
    scale_factor: float = 1.0
    """The width of a chip pixel in pixels of the full image; 1 is full resolution."""
    full_rows: int | None = None
    """Rows of the full image; None if unknown."""
    full_columns: int | None = None

    @overload
    def to_full(self, row: float, col: float) -> tuple[float, float]: ...
    @overload
    def to_full(self, row: npt.ArrayLike, col: npt.ArrayLike) -> tuple[Array, Array]: ...
    def to_full(self, row: npt.ArrayLike, col: npt.ArrayLike) -> tuple[Number, Number]:
        """The row and column in the full image of points in the chip; numbers for numbers, else arrays."""
        rows, columns, single = _arrays(row, col)
        v, u = (rows - self.chip[0][0]) / self._size[0], (columns - self.chip[0][1]) / self._size[1]
        found = np.tensordot(self._bilinear, np.stack([np.ones_like(u), u, v, u * v]), 1)
        return _results(found[0], found[1], single)

    @overload
    def from_full(self, row: float, col: float) -> tuple[float, float]: ...
    @overload
    def from_full(self, row: npt.ArrayLike, col: npt.ArrayLike) -> tuple[Array, Array]: ...
    def from_full(self, row: npt.ArrayLike, col: npt.ArrayLike) -> tuple[Number, Number]:
        """The row and column in the chip of points in the full image: the inverse of `to_full`. Points may lie outside."""
        rows, columns, single = _arrays(row, col)
        (r0, ru, rv, ruv), (c0, cu, cv, cuv) = self._bilinear
        u, v = np.zeros_like(rows), np.zeros_like(rows)
        # One step of Newton's method is exact where the mapping is affine, which it nearly always is.
        for _ in range(1 if ruv == cuv == 0 else 30):
            down = rows - (r0 + ru * u + rv * v + ruv * u * v)
            right = columns - (c0 + cu * u + cv * v + cuv * u * v)
            a, b, c, d = ru + ruv * v, rv + ruv * u, cu + cuv * v, cv + cuv * u
            determinant = a * d - b * c
            u, v = u + (down * d - right * b) / determinant, v + (right * a - down * c) / determinant
        return _results(self.chip[0][0] + v * self._size[0], self.chip[0][1] + u * self._size[1], single)

    def scales_and_offsets(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """((scale, offset) of rows, (scale, offset) of columns): `full = scale * chip + offset`.

        Raises:
            OptionError: A `ValueError`, if the chip is turned, skewed or bent against the full image.
        """
        (r0, ru, rv, ruv), (c0, cu, cv, cuv) = self._bilinear
        # The fields of ICHIPB hold thousandths of a pixel.
        if max(abs(ru), abs(cv), abs(ruv), abs(cuv)) > 2e-3:
            raise OptionError("ICHIPB: the chip is turned or bent against the full image, expected only scales and offsets")
        down, right = float(rv / self._size[0]), float(cu / self._size[1])
        return (down, float(r0) - down * self.chip[0][0]), (right, float(c0) - right * self.chip[0][1])

    @cached_property
    def _size(self) -> tuple[float, float]:
        """Rows and columns from the first point to the last; 1 instead of 0 for a chip of one row or column."""
        down, right = self.chip[3][0] - self.chip[0][0], self.chip[3][1] - self.chip[0][1]
        return down or 1.0, right or 1.0

    @cached_property
    def _bilinear(self) -> Array:
        """Row and column of the full image, each as factors of 1, u, v and u·v, with u and v from 0 to 1 across the chip."""
        chip, full = np.array(self.chip), np.array(self.full)
        down, right = (chip[3] - chip[0]) != 0
        # In a chip of one row or column the points coincide. The scale gives the position of the next row or column.
        if not down:
            chip[2:, 0] += 1
            full[2:, 0] += self.scale_factor
        if not right:
            chip[1::2, 1] += 1
            full[1::2, 1] += self.scale_factor
        v, u = ((chip - chip[0]) / self._size).T
        try:
            found = np.linalg.solve(np.stack([np.ones(4), u, v, u * v], axis=1), full).T
        except np.linalg.LinAlgError:
            found = np.full((2, 4), np.nan)
        rank = found[0, 1] * found[1, 2] - found[0, 2] * found[1, 1]
        if not np.isfinite(rank) or rank == 0:
            points = f"{self.chip} in the chip, {self.full} in the full image"
            raise OptionError(f"ICHIPB points: got {points}, expected quadrilaterals")
        # Rounding errors of the solution would make an affine mapping a bent one.
        noise = 1e-12 * max(1.0, float(np.abs(full).max()))
        return np.where(np.abs(found) < noise, 0.0, found)


def ichipb(metadata: Mapping[str, Any]) -> ChipMapping:
    """The mapping from an image with an ICHIPB to the full image it was cut from.

    Args:
        metadata: The metadata of the image.

    Raises:
        FieldNotFoundError: A `KeyError`, if there is no ICHIPB: the image is the full image.
        OptionError: A `ValueError`, if the chip was dewarped (XFRM_FLAG 01), which four points cannot describe, if a
            coordinate is blank, or if the points are not a quadrilateral.
    """
    fields = tre(metadata, "ICHIPB")
    if fields["XFRM_FLAG"]:
        raise OptionError(f"ICHIPB XFRM_FLAG: got {fields['XFRM_FLAG']} (a dewarped chip), expected 0")

    def points(prefix: str) -> Points:
        names = [(f"{prefix}_ROW_{corner}", f"{prefix}_COL_{corner}") for corner in CORNERS]
        blank = [name for pair in names for name in pair if fields[name] is None]
        if blank:
            raise OptionError(f"ICHIPB: got blank {', '.join(blank)}, expected numbers")
        a, b, c, d = ((float(fields[row]) - _HALF, float(fields[column]) - _HALF) for row, column in names)
        return (a, b, c, d)

    mapping = ChipMapping(
        points("OP"), points("FI"), float(fields["SCALE_FACTOR"] or 1), _size(fields["FI_ROW"]), _size(fields["FI_COL"])
    )
    mapping.to_full(0, 0)
    return mapping


def _size(value: Any) -> int | None:
    """Rows or columns of the full image; 0 means unknown."""
    return int(value) if value else None


def _arrays(row: npt.ArrayLike, col: npt.ArrayLike) -> tuple[Array, Array, bool]:
    rows, columns = np.asarray(row, np.float64), np.asarray(col, np.float64)
    single = rows.ndim == columns.ndim == 0
    try:
        rows, columns = np.broadcast_arrays(rows, columns)
    except ValueError as error:
        raise OptionError(f"rows and columns do not fit together: {error}") from None
    return rows, columns, single


def _results(rows: Any, columns: Any, single: bool) -> tuple[Number, Number]:
    return (float(rows), float(columns)) if single else (rows, columns)
