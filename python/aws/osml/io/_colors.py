"""Tables of colours and grey values that files have for the indices of an image."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import FormatError, OptionError, OutOfRangeError
from ._io import ImageAssetProvider

# TIFF 6.0: PhotometricInterpretation 3 is a palette, whose ColorMap has all red, then all green, then all blue values.
_TIFF_PHOTOMETRIC, _TIFF_COLOR_MAP, _TIFF_PALETTE = "262", "320", 3


def color_table(image: ImageAssetProvider) -> npt.NDArray[Any] | None:
    """The values of (bands, entries) that the indices of an image of one band stand for, or None."""
    metadata = image.metadata
    if image.num_bands != 1:
        return None
    bands = metadata.get("BAND_INFO")
    if isinstance(bands, list) and bands and bands[0].get("LUTS"):
        return _nitf_table(bands[0]["LUTS"], len(bands[0]["LUTS"]), str(metadata.get("IREP", "")).strip())
    if metadata.get(_TIFF_PHOTOMETRIC) == _TIFF_PALETTE and _TIFF_COLOR_MAP in metadata:
        values = np.asarray(metadata[_TIFF_COLOR_MAP], np.uint16).reshape(3, -1)
        # Values of 16 bits; those made from 8 are multiples of 257, or of 256 where a writer was careless.
        return np.asarray(values >> 8, np.uint8)
    if "PNG_PALETTE" in metadata:
        return np.asarray(metadata["PNG_PALETTE"], np.uint8).reshape(-1, 3).T
    return None


def expanded(
    indices: npt.NDArray[Any], table: npt.NDArray[Any], bands: int | Iterable[Any] | None
) -> npt.NDArray[Any]:
    """The values of a table, (bands, rows, columns), for indices of (rows, columns).

    Raises `OutOfRangeError` for a band the table does not have, `FormatError` for an index beyond its end.
    """
    if bands is not None:
        wanted = [index(band) for band in bands] if isinstance(bands, Iterable) else [index(bands)]
        if not wanted:
            raise OptionError("bands: none")
        outside = [band for band in wanted if not 0 <= band < len(table)]
        if outside:
            raise OutOfRangeError(f"band out of range: {outside[0]} (allowed: 0 to {len(table) - 1})")
        table = table[wanted]
    largest = int(indices.max(initial=0))
    if largest >= table.shape[1]:
        raise FormatError(f"index beyond the end of its table: {largest} (allowed: 0 to {table.shape[1] - 1})")
    return np.ascontiguousarray(table[:, indices])


def _nitf_table(luts: list[bytes], count: int, representation: str) -> npt.NDArray[Any]:
    tables = [np.frombuffer(lut, np.uint8) for lut in luts]
    if representation == "MONO" and count == 2:
        # 2500C Table A-3: the first has the high byte of sixteen bits, the second the low one.
        return ((tables[0].astype(np.uint16) << 8) | tables[1])[None]
    return np.stack(tables)
