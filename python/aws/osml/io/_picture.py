"""A picture of an image: reduced to a few pixels, and stretched to 8 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ._io import ImageAssetProvider, _clipped, _expanded
from ._typing import WindowLike

STRIP = 1 << 25
"""Samples that are read at a time, at most: images without overviews are reduced strip by strip."""

Pixels = npt.NDArray[Any]


def picture(
    image: ImageAssetProvider,
    size: int,
    stretch: str,
    percentiles: tuple[float, float],
    *,
    window: WindowLike | None = None,
    bands: Any = None,
    resolution_level: int = 0,
) -> npt.NDArray[np.uint8]:
    """The image, or a window of it, in (bands, rows, columns) with at most `size` columns and rows.

    Three bands make a colour picture and one a grey one; by default the first three if there are three or more, and the colours
    of a palette. Pixels without a value (nodata, NaN) are black and do not count for the stretch. Complex samples are shown by
    their magnitude.
    """
    colors = _expanded(image)
    nodata = None if colors is not None else image.nodata
    shown = image if colors is None else colors
    if bands is None:
        bands = [0, 1, 2] if shown.num_bands >= 3 else [0]
    _, rows, columns = image.level_shape(resolution_level)
    x, y, width, height = (0, 0, columns, rows) if window is None else _clipped(window, (1, rows, columns))
    level = resolution_level
    while (
        colors is None
        and max(width, height) >= 4 * size
        and level + 1 < image.num_resolution_levels
        and image.level_shape(level + 1)[1:] == ((rows + 1) // 2, (columns + 1) // 2)
    ):
        level, rows, columns = level + 1, (rows + 1) // 2, (columns + 1) // 2
        x, y = x // 2, y // 2
        width, height = min((width + 1) // 2, columns - x), min((height + 1) // 2, rows - y)
    pixels, valid = _reduced(shown, (x, y, width, height), bands, level, size, nodata, is_indexed=colors is not None)
    if colors is not None and pixels.dtype == np.uint8:
        return pixels
    return _stretched(pixels, valid, stretch, percentiles)


def _reduced(
    image: ImageAssetProvider,
    window: tuple[int, int, int, int],
    bands: Any,
    level: int,
    size: int,
    nodata: float | None,
    *,
    is_indexed: bool,
) -> tuple[Pixels, Pixels]:
    """A window reduced to at most `size` pixels a side, and which pixels have a value: means of squares, or single pixels."""
    x, y, width, height = window
    factor = -(-max(width, height) // size)
    count = len(bands) if hasattr(bands, "__len__") else 1
    step = factor * max(1, STRIP // (width * count * factor))
    parts, masks = [], []
    for top in range(0, height, step):
        rows = min(step, height - top)
        strip = image.read((x, y + top, width, rows), bands, level, fill_value=0 if nodata is None else nodata)
        if np.iscomplexobj(strip):
            strip = np.abs(strip)
        if is_indexed or factor == 1:
            part = strip[:, ::factor, ::factor]
            parts.append(part)
            masks.append(_has_value(part, nodata))
        else:
            part, mask = _means(strip, _has_value(strip, nodata), factor)
            parts.append(part)
            masks.append(mask)
    return np.concatenate(parts, axis=1), np.concatenate(masks, axis=0)


def _has_value(pixels: Pixels, nodata: float | None) -> Pixels:
    """(rows, columns): True if a band has a value there."""
    has: Pixels = np.isfinite(pixels) if pixels.dtype.kind == "f" else np.ones(pixels.shape, bool)
    if nodata is not None and nodata == nodata:
        has &= pixels != nodata
    return np.asarray(has.any(axis=0))


def _means(pixels: Pixels, valid: Pixels, factor: int) -> tuple[Pixels, Pixels]:
    """Means of squares of `factor` pixels, of those with a value; the squares at the edges are smaller."""
    starts = [np.arange(0, length, factor) for length in valid.shape]

    def sums(values: Pixels) -> Pixels:
        return np.add.reduceat(np.add.reduceat(values, starts[0], axis=-2), starts[1], axis=-1)

    counts = sums(valid.astype(np.int32))
    total = sums(np.where(valid, np.nan_to_num(pixels, posinf=0, neginf=0), 0).astype(np.float64))
    return total / np.maximum(counts, 1), counts > 0


def _stretched(pixels: Pixels, valid: Pixels, stretch: str, percentiles: tuple[float, float]) -> npt.NDArray[np.uint8]:
    """Values from 0 to 255, each band by its own range; `none` only cuts off what is outside of 0 to 255."""
    out = np.zeros(pixels.shape, np.uint8)
    for band, values in enumerate(pixels):
        known = values[valid].astype(np.float64)
        known = known[np.isfinite(known)]
        if not known.size:
            continue
        low, high = (
            (0.0, 255.0)
            if stretch == "none"
            else (known.min(), known.max())
            if stretch == "minmax"
            else np.percentile(known, percentiles)
        )
        scaled = (np.nan_to_num(values.astype(np.float64)) - low) * (255.0 / ((high - low) or 1.0))
        out[band] = np.where(valid, np.clip(np.rint(scaled), 0, 255), 0)
    return out
