"""An array that is read by slicing, such as those of dask, zarr, h5py and xarray, as an image provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from ._enums import PixelType
from ._errors import OptionError

# Chunks of fewer rows or columns are joined to blocks of at least this side.
_LEAST_SIDE = 256
# The bytes of a block of an array without chunks.
_BLOCK_BYTES = 8 << 20


def is_array_like(data: Any) -> bool:
    """True for an array that is sliced block by block: not for one of NumPy, which is in memory or mapped."""
    has_parts = all(hasattr(data, name) for name in ("shape", "dtype", "__getitem__"))
    return has_parts and not isinstance(data, (np.ndarray, np.generic)) and _is_dtype(data.dtype)


class ArrayImage:
    """An array of (rows, columns) or (bands, rows, columns) as an image provider. Each block is sliced when it is requested."""

    key = "image:0"
    title = description = ""
    num_resolution_levels = 1
    pad_pixel_value = 0

    def __init__(self, array: Any, chunks: int | Sequence[int] | None = None, metadata: Any = None) -> None:
        """An image of `array`.

        Args:
            array: An object with `shape`, `dtype` and slicing.
            chunks: (rows, columns) of a block, one number, or (bands, rows, columns), whose bands do not matter. By default those of
                the array, joined if they are small; for an array without chunks, whole rows.
            metadata: The metadata of the image.

        Raises:
            OptionError: A `ValueError`, for another number of axes, an empty axis, and chunks of another form.
        """
        shape = tuple(int(length) for length in getattr(array, "shape", ()))
        if len(shape) not in (2, 3) or 0 in shape:
            raise OptionError(f"array shape: got {shape}, expected (rows, columns) or (bands, rows, columns), not empty")
        self._array, self._is_flat = array, len(shape) == 2
        self.num_bands, self.num_rows, self.num_columns = (1, *shape) if len(shape) == 2 else shape
        dtype = np.dtype(array.dtype)
        self.pixel_value_type = PixelType.UInt8 if dtype == bool else PixelType.from_numpy_dtype(dtype)
        itemsize = self.pixel_value_type.bytes_per_pixel()
        self.num_bits_per_pixel = self.actual_bits_per_pixel = 8 * itemsize
        rows, columns = _block(self, chunks, getattr(array, "chunks", None), itemsize)
        self.num_pixels_per_block_vertical, self.num_pixels_per_block_horizontal = rows, columns
        self.metadata = {} if metadata is None else metadata

    @property
    def shape(self) -> tuple[int, int, int]:
        """(bands, rows, columns)."""
        return (self.num_bands, self.num_rows, self.num_columns)

    def get_block(
        self, block_row: int, block_col: int, resolution_level: int = 0, bands: Sequence[int] | None = None
    ) -> npt.NDArray[Any]:
        """The pixels of a block, (bands, rows, columns), cropped at the edges."""
        top, left = block_row * self.num_pixels_per_block_vertical, block_col * self.num_pixels_per_block_horizontal
        rows = slice(top, min(top + self.num_pixels_per_block_vertical, self.num_rows))
        columns = slice(left, min(left + self.num_pixels_per_block_horizontal, self.num_columns))
        part = self._array[rows, columns] if self._is_flat else self._array[:, rows, columns]
        block = np.asarray(part)
        block = block[np.newaxis] if self._is_flat else block
        return block if bands is None else block[list(bands)]


def _block(image: ArrayImage, given: Any, own: Any, itemsize: int) -> tuple[int, int]:
    """Rows and columns of a block."""
    size = (image.num_rows, image.num_columns)
    if given is not None:
        sides = [given, given] if isinstance(given, SupportsIndex) else list(given)
        if len(sides) not in (2, 3) or not all(isinstance(side, SupportsIndex) and int(side) > 0 for side in sides):
            raise OptionError(f"chunks: got {given!r}, expected (rows, columns), one number, or (bands, rows, columns)")
        rows, columns = (min(int(side), length) for side, length in zip(sides[-2:], size))
        return rows, columns
    sides = [side[0] if isinstance(side, Sequence) else side for side in own or ()]
    if len(sides) in (2, 3) and all(isinstance(side, SupportsIndex) and int(side) > 0 for side in sides):
        joined = [-(-_LEAST_SIDE // int(side)) * int(side) if int(side) < _LEAST_SIDE else int(side) for side in sides[-2:]]
        rows, columns = (min(side, length) for side, length in zip(joined, size))
        return rows, columns
    fitting = _BLOCK_BYTES // (image.num_columns * image.num_bands * itemsize)
    whole = max(fitting - fitting % _LEAST_SIDE, min(fitting, _LEAST_SIDE), 1)
    return min(whole, image.num_rows), image.num_columns


def _is_dtype(dtype: Any) -> bool:
    try:
        np.dtype(dtype)
    except TypeError:
        return False
    return True
