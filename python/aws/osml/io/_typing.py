"""Types of arguments, and the protocol of a caller's image provider."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, Protocol, Union

import numpy as np
import numpy.typing as npt

PathOrStream = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]", BinaryIO]
"""A path, or a binary stream."""


class FileSystem(Protocol):
    """A file system that opens its files as binary streams, such as one of fsspec."""

    def open(self, path: str, mode: str, /) -> Any:
        """The file at a path, for reading (`rb`) or writing (`wb`)."""


class ArrayLike(Protocol):
    """An array that is sliced like one of NumPy, such as those of dask, zarr, h5py and xarray."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, columns) or (bands, rows, columns)."""

    @property
    def dtype(self) -> Any:
        """The dtype of NumPy."""

    def __getitem__(self, key: Any, /) -> Any:
        """A part, which `np.asarray` takes."""


class PixelWindow(Protocol):
    """A window as an object, such as `rasterio.windows.Window`; its numbers are whole."""

    @property
    def col_off(self) -> Any:
        """The first column."""

    @property
    def row_off(self) -> Any:
        """The first row."""

    @property
    def width(self) -> Any:
        """The number of columns."""

    @property
    def height(self) -> Any:
        """The number of rows."""


WindowLike = Union[tuple[int, int, int, int], tuple[slice, slice], PixelWindow]
"""(x, y, width, height), a pair of slices (rows, columns), or an object with those numbers."""

Progress = Callable[[int, int], object]
"""Called with the number of blocks done and the total; returning False cancels."""

Overviews = Union[str, Sequence[int]]
"""`"auto"`, or the powers of two by which the image is divided."""

Corners = Sequence[Sequence[float]]
"""Upper left, upper right, lower right, lower left, each (x, y): the outer corners of the corner pixels."""


class ImageProvider(Protocol):
    """The attributes that `DatasetWriter.add_asset` requires of an image provider.

    `has_block(block_row, block_col, resolution_level)` and `metadata` are optional: without the first every block is
    present, without the second the writer chooses the encoding.
    """

    @property
    def key(self) -> str:
        """The name of the image in its source."""

    @property
    def title(self) -> str:
        """A short title."""

    @property
    def description(self) -> str:
        """A description."""

    @property
    def num_rows(self) -> int:
        """Number of rows."""

    @property
    def num_columns(self) -> int:
        """Number of columns."""

    @property
    def num_bands(self) -> int:
        """Number of bands."""

    @property
    def num_bits_per_pixel(self) -> int:
        """Bits of a sample of one band."""

    @property
    def actual_bits_per_pixel(self) -> int:
        """Bits of a sample that carry information."""

    @property
    def pixel_value_type(self) -> Any:
        """A `PixelType`, a dtype, or the name of one."""

    @property
    def num_pixels_per_block_horizontal(self) -> int:
        """Columns of a block; 0 means the whole image."""

    @property
    def num_pixels_per_block_vertical(self) -> int:
        """Rows of a block; 0 means the whole image."""

    @property
    def num_resolution_levels(self) -> int:
        """Resolution levels, full resolution included; the writer requests only full resolution."""

    @property
    def pad_pixel_value(self) -> Any:
        """The value of pixels in absent blocks."""

    def get_block(self, block_row: int, block_col: int, resolution_level: int, /) -> npt.NDArray[Any]:
        """The pixels of a block, (bands, rows, columns), cropped or padded at the edges."""


MetadataLike = Mapping[str, Any]
"""Any mapping of names to values."""

Array = npt.NDArray[Any]
DType = np.dtype[Any]
