"""ICHIPB: the mapping from the pixels of a chip to the image it was cut from (STDI-0002-1 App B)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Union, overload

import numpy as np
import numpy.typing as npt

from .._io import _nitf_from_full, _nitf_ichipb, _nitf_scales_and_offsets, _nitf_to_full
from ._views import tre_body

Array = npt.NDArray[np.float64]
Number = Union[float, Array]
"""A number if all arguments are numbers, otherwise an array."""
Points = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""(row, column) of four points: upper left, upper right, lower left, lower right."""


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
        return _nitf_to_full(self, row, col)

    @overload
    def from_full(self, row: float, col: float) -> tuple[float, float]: ...
    @overload
    def from_full(self, row: npt.ArrayLike, col: npt.ArrayLike) -> tuple[Array, Array]: ...
    def from_full(self, row: npt.ArrayLike, col: npt.ArrayLike) -> tuple[Number, Number]:
        """The row and column in the chip of points in the full image: the inverse of `to_full`. Points may lie outside."""
        return _nitf_from_full(self, row, col)

    def scales_and_offsets(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """((scale, offset) of rows, (scale, offset) of columns): `full = scale * chip + offset`.

        Raises:
            OptionError: A `ValueError`, if the chip is turned, skewed or bent against the full image.
        """
        return _nitf_scales_and_offsets(self)


def ichipb(metadata: Mapping[str, Any]) -> ChipMapping:
    """The mapping from an image with an ICHIPB to the full image it was cut from.

    Args:
        metadata: The metadata of the image.

    Raises:
        FieldNotFoundError: A `KeyError`, if the image has no ICHIPB: it is the full image.
        OptionError: A `ValueError`, if the chip was dewarped (XFRM_FLAG 01), which four points cannot describe, if a
            coordinate is blank, or if the points are not a quadrilateral.
    """
    return ChipMapping(*_nitf_ichipb(tre_body(metadata, "ICHIPB")))
