"""A slow reference for reductions: averages by NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def mean(pixels: npt.NDArray[Any], scale: int, nodata: float | None = None) -> npt.NDArray[Any]:
    """The averages of `scale` × `scale` pixels, at the edges of those there are; `pixels` are (bands, rows, columns).

    Whole numbers are rounded, half up. Pixels of the value `nodata` do not count; a pixel of such pixels alone has it.
    """
    valid = None
    if nodata is not None:
        valid = ~np.isnan(pixels) if np.isnan(nodata) else pixels != nodata
        if valid.all():
            valid = None
    if valid is None:
        heights, widths = (np.add.reduceat(np.ones(size, np.int64), np.arange(0, size, scale)) for size in pixels.shape[1:])
        count = heights[:, None] * widths
    else:
        pixels = np.where(valid, pixels, pixels.dtype.type(0))
        count = _sums(valid.astype(np.int64), scale)
    found = _divided(pixels, np.maximum(count, 1), scale)
    return found if valid is None else np.where(count == 0, pixels.dtype.type(nodata or 0), found)


def _divided(pixels: npt.NDArray[Any], count: npt.NDArray[np.int64], scale: int) -> npt.NDArray[Any]:
    """The sums divided by `count`, in the type of the pixels."""
    dtype = pixels.dtype
    found: npt.NDArray[Any]
    if dtype.kind not in "iu":
        wide = np.complex128 if dtype.kind == "c" else np.float64
        found = (_sums(pixels.astype(wide), scale) / count).astype(dtype)
        return found
    if dtype.itemsize < 8:
        found = ((2 * _sums(pixels.astype(np.int64), scale) + count) // (2 * count)).astype(dtype)
        return found
    # Sums of 64-bit samples do not fit into 64 bits: upper and lower halves are summed separately.
    upper, lower = pixels >> 32, pixels & 0xFFFFFFFF
    whole, rest = np.divmod(_sums(upper.astype(np.int64), scale), count)
    low = (2 * ((rest << 32) + _sums(lower.astype(np.int64), scale)) + count) // (2 * count)
    found = (whole.astype(dtype) << dtype.type(32)) + low.astype(dtype)
    return found


def _sums(values: npt.NDArray[Any], scale: int) -> npt.NDArray[Any]:
    """The sums of `scale` × `scale` values."""
    rows = np.add.reduceat(values, np.arange(0, values.shape[1], scale), axis=1)
    return np.add.reduceat(rows, np.arange(0, values.shape[2], scale), axis=2)
