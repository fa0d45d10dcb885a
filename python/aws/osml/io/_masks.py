"""Which pixels of an image are valid, and masks as alpha."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from ._bands import band_facts, channels
from ._errors import OptionError
from ._io import ImageAssetProvider, _absent_parts

# The formats that store a mask as alpha, and nothing else.
_ALPHA_FORMATS = ("png", "jp2", "jph")
# Formats in which the number of bands leaves room for alpha.
_OPAQUE_BANDS = (1, 3)


def masked_array(
    image: ImageAssetProvider,
    pixels: npt.NDArray[Any],
    indices: npt.NDArray[Any],
    window: tuple[int, int, int, int] | None,
    bands: int | Sequence[int] | None,
    level: int,
    fill_value: float,
    threads: int | None,
) -> np.ma.MaskedArray[Any, Any]:
    """The pixels with a mask, which is True for those that are not valid.

    As in GDAL, the mask of the file counts, or else its nodata value, or else its alpha band; and pixels of absent blocks are
    not valid in any case.

    Args:
        image: The image.
        pixels: The pixels that were read of it, (bands, rows, columns).
        indices: The stored samples of these pixels; others than `pixels` if a palette was expanded.
        window: The window that was read, inside of the image; None for all of it.
        bands: The bands that were read; None for all of them. Alpha does not count for the alpha band itself.
        level: The resolution level of the window.
        fill_value: The `fill_value` of the result, if the image has no nodata value.
        threads: The number of threads.
    """
    invalid = np.zeros(pixels.shape, bool)
    mask = image._mask()
    alpha = _alpha_band(image)
    if mask is not None:
        invalid |= _mask_pixels(mask, image, window, level, threads) == 0
    elif image.nodata is not None:
        invalid |= np.isnan(indices) if image.nodata != image.nodata else indices == image.nodata
    elif alpha is not None:
        read = [bands] if isinstance(bands, SupportsIndex) else range(len(pixels)) if bands is None else bands
        colors = [place for place, band in enumerate(read) if int(band) != alpha or pixels is not indices]
        invalid[colors] |= image.read(window, alpha, level, None, threads) == 0
    left, top = (0, 0) if window is None else window[:2]
    for x, y, width, height in _absent_parts(image, window, level):
        invalid[:, y - top : y - top + height, x - left : x - left + width] = True
    own = image.nodata is not None and pixels is indices
    return np.ma.MaskedArray(pixels, mask=invalid, fill_value=image.nodata if own else fill_value)


def without_mask(data: Any, mask: Any, nodata: float | None) -> tuple[Any, Any]:
    """A masked array as plain data, and the mask to write; other data and their mask as they are.

    Masked pixels become the nodata value, or else the mask of the file.

    Raises:
        OptionError: A `ValueError`, for a mask that differs between bands, without a nodata value, and for two masks.
    """
    if not isinstance(data, np.ma.MaskedArray):
        return data, mask
    if nodata is not None:
        return data.filled(nodata), mask
    invalid = np.ma.getmaskarray(data)
    if not invalid.any():
        return data.data, mask
    planes = invalid.reshape(-1, *invalid.shape[-2:])
    if mask is not None or (planes != planes[0]).any():
        raise OptionError("masked array: got masks that differ, expected one mask for all bands; pass nodata, or array.filled(value)")
    return data.data, ~planes[0]


def with_alpha(array: npt.NDArray[Any], mask: npt.NDArray[Any], format: str) -> tuple[npt.NDArray[Any], dict[str, Any]]:
    """The array with the mask as a further band, and the metadata that state its meaning.

    Raises:
        OptionError: A `ValueError`, for a format without alpha, and for an array that has no room for it.
    """
    if format not in _ALPHA_FORMATS:
        hint = "; pass nodata, or an image with absent blocks and IC NM, M3 or M8" if format in ("nitf", "nsif") else ""
        raise OptionError(f"mask: {format} files hold neither a mask nor alpha, expected tiff, png or jp2{hint}")
    bands = array[np.newaxis] if array.ndim == 2 else array
    if bands.ndim != 3 or len(bands) not in _OPAQUE_BANDS or bands.dtype not in (np.uint8, np.uint16):
        raise OptionError(
            f"mask as alpha in {format}: got an array {bands.shape} of {bands.dtype}, expected 1 or 3 bands of uint8 or uint16"
        )
    if mask.shape != bands.shape[1:]:
        raise OptionError(f"mask: got shape {mask.shape}, expected {bands.shape[1:]} (rows, columns)")
    alpha = np.where(mask != 0, np.iinfo(bands.dtype).max, 0).astype(bands.dtype)
    further = {} if format == "png" else {"J2K_CHANNELS": channels(len(bands) + 1)}
    return np.concatenate([bands, alpha[np.newaxis]]), further


def _mask_pixels(
    mask: ImageAssetProvider,
    image: ImageAssetProvider,
    window: tuple[int, int, int, int] | None,
    level: int,
    threads: int | None,
) -> npt.NDArray[Any]:
    """The mask of a window, (1, rows, columns). A level that the mask lacks is made of every 2ⁿth pixel."""
    _, rows, columns = image.level_shape(level)
    x, y, width, height = (0, 0, columns, rows) if window is None else window
    if level < mask.num_resolution_levels and mask.level_shape(level)[1:] == (rows, columns):
        return mask.read((x, y, width, height), None, level, None, threads)
    step = 2**level
    full = (x * step, y * step, min(width * step, mask.num_columns - x * step), min(height * step, mask.num_rows - y * step))
    return mask.read(full, None, 0, None, threads)[:, ::step, ::step]


def _alpha_band(image: ImageAssetProvider) -> int | None:
    colors: Sequence[str] = band_facts(image._format, image.num_bands, image.metadata).colors
    return colors.index("alpha") if "alpha" in colors else None
