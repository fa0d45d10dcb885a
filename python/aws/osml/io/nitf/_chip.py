"""Chips: parts of an image that are read when they are written, with metadata that say where they come from."""

from __future__ import annotations

import warnings
from operator import index
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from .._convenience import Window, _clipped
from .._errors import MetadataWarning, OptionError, OutOfRangeError
from .._io import BufferedMetadataProvider
from . import _chip_metadata
from ._chip_place import Part
from ._reduce import mean, nearest

# The block size where the image has none that a chip could take: one block for all of it, or blocks no NITF can hold.
_BLOCK, _LARGEST_BLOCK = 1024, 8192

# Pixels of the image read at a time where they are averaged.
_READ = 1 << 24

# Above it sums of the largest pixels would not fit into 64 bits.
_LAST_LEVEL = 14


class Chip:
    """A part of an image, made by `chip`: an image provider whose blocks are read from the image when they are asked for.

    `metadata` is a `BufferedMetadataProvider` and may be changed before the chip is written. Chips may be cut from it again.
    """

    def __init__(
        self, image: Any, metadata: BufferedMetadataProvider, window: Window, level: int, block: tuple[int, int]
    ) -> None:
        """`window` lies inside of the image, in pixels of `level`; `block` is (width, height); `metadata` are the image's."""
        x, y, self.num_columns, self.num_rows = window
        self._image, self._x, self._y = image, x, y
        # A level the image has is read as it is; another is made of full resolution.
        stored = level < image.num_resolution_levels
        self._level, self._scale = (level, 1) if stored else (0, 1 << level)
        self.key, self.title, self.description = image.key, image.title, image.description
        self.num_bands = image.num_bands
        self.num_bits_per_pixel = image.num_bits_per_pixel
        self.actual_bits_per_pixel = image.actual_bits_per_pixel
        self.pixel_value_type = image.pixel_value_type
        self.pad_pixel_value = image.pad_pixel_value
        self.num_resolution_levels = 1
        self.num_pixels_per_block_horizontal, self.num_pixels_per_block_vertical = block
        self.nodata = getattr(image, "nodata", None)
        self.crs = getattr(image, "crs", None)
        self._indexed = _chip_metadata.is_indexed(metadata)
        self._part = _part(image, window, level)
        self.transform = _transform(getattr(image, "transform", None), self._part)
        self.metadata = metadata

    def __repr__(self) -> str:
        return (
            f"Chip(key={self.key!r}, shape={self.shape}, dtype={self.dtype.name!r}, x={self._part.x}, y={self._part.y}, "
            f"scale={self._part.scale})"
        )

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of the pixels."""
        kind = self.pixel_value_type
        found: np.dtype[Any] = np.dtype(kind.to_numpy_dtype() if hasattr(kind, "to_numpy_dtype") else kind)
        return found

    @property
    def shape(self) -> tuple[int, int, int]:
        """(bands, rows, columns)."""
        return (self.num_bands, self.num_rows, self.num_columns)

    @property
    def corners(self) -> list[tuple[float, float]] | None:
        """The outer corners: upper left, upper right, lower right, lower left, each (x, y); None without a transform."""
        six = self.transform
        if six is None:
            return None
        edges = [(0, 0), (self.num_columns, 0), (self.num_columns, self.num_rows), (0, self.num_rows)]
        return [(six[0] + six[1] * x + six[2] * y, six[3] + six[4] * x + six[5] * y) for x, y in edges]

    def level_shape(self, resolution_level: SupportsIndex) -> tuple[int, int, int]:
        """(bands, rows, columns); a chip has full resolution, level 0, alone."""
        if index(resolution_level) != 0:
            raise OutOfRangeError(f"resolution level: {index(resolution_level)} (allowed: 0)")
        return self.shape

    def has_block(
        self, block_row: SupportsIndex, block_col: SupportsIndex, resolution_level: SupportsIndex = 0
    ) -> bool:
        """True where a block of the image that holds pixels reaches into the block."""
        x, y, width, height = self._block(block_row, block_col, resolution_level)
        present = getattr(self._image, "has_block", None)
        if present is None:
            return True
        scale = self._part.scale
        across, down = self._image.num_pixels_per_block_horizontal, self._image.num_pixels_per_block_vertical
        columns = _touched((self._x + x) * scale, width * scale, across, self._image.num_columns)
        rows = _touched((self._y + y) * scale, height * scale, down, self._image.num_rows)
        return any(present(row, column, self._level) for row in rows for column in columns)

    def get_block(
        self,
        block_row: SupportsIndex,
        block_col: SupportsIndex,
        resolution_level: SupportsIndex = 0,
        bands: Any = None,
    ) -> npt.NDArray[Any]:
        """The pixels of a block, (bands, rows, columns), cropped at the edges; no other pixels are read."""
        return self._read(*self._block(block_row, block_col, resolution_level), bands)

    def read(
        self, window: Window | None = None, bands: Any = None, resolution_level: SupportsIndex = 0
    ) -> npt.NDArray[Any]:
        """The pixels of a region, (bands, rows, columns); `window` is (x, y, width, height), inside of the chip."""
        _, rows, columns = self.level_shape(resolution_level)
        whole = (0, 0, columns, rows)
        wanted = whole if window is None else window
        inside = _clipped(wanted, self.shape)
        if inside != tuple(wanted):
            raise OutOfRangeError(f"window: {tuple(wanted)} (allowed: inside of {columns} × {rows})")
        return self._read(*inside, bands)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """All pixels, for `np.asarray`."""
        if copy is False:
            raise ValueError("the pixels of a chip are read: there is no array that could go without a copy")
        found = self.read()
        return found if dtype is None else found.astype(dtype, copy=False)

    def _block(
        self, block_row: SupportsIndex, block_col: SupportsIndex, resolution_level: SupportsIndex
    ) -> tuple[int, int, int, int]:
        """The window of a block in the chip."""
        self.level_shape(resolution_level)
        width, height = self.num_pixels_per_block_horizontal, self.num_pixels_per_block_vertical
        row, column = index(block_row), index(block_col)
        x, y = column * width, row * height
        if not (0 <= y < self.num_rows and 0 <= x < self.num_columns):
            grid = f"{-(-self.num_rows // height)} × {-(-self.num_columns // width)}"
            raise OutOfRangeError(f"block ({row}, {column}) of a grid of {grid} (rows × columns)")
        return (x, y, min(width, self.num_columns - x), min(height, self.num_rows - y))

    def _read(self, x: int, y: int, width: int, height: int, bands: Any) -> npt.NDArray[Any]:
        x, y, scale, image = self._x + x, self._y + y, self._scale, self._image
        if scale == 1:
            pixels: npt.NDArray[Any] = image.read((x, y, width, height), bands, self._level)
            return pixels
        # In parts, so that a block of a low resolution does not take all pixels below it into memory at once.
        across = max(1, min(width, _READ // (scale * scale * self.num_bands)))
        down = max(1, _READ // (across * scale * scale * self.num_bands))
        rows = []
        for top in range(y, y + height, down):
            parts = []
            for left in range(x, x + width, across):
                right = min(min(left + across, x + width) * scale, image.num_columns)
                bottom = min(min(top + down, y + height) * scale, image.num_rows)
                window = (left * scale, top * scale, right - left * scale, bottom - top * scale)
                pixels = image.read(window, bands, 0)
                parts.append(nearest(pixels, scale) if self._indexed else mean(pixels, scale, self.nodata))
            rows.append(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2))
        return rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)


def chip(image: Any, window: Window, *, level: int = 0, block_size: tuple[int, int] | None = None) -> Chip:
    """A part of an image as an image of its own, to be written: nothing is read before its blocks are asked for.

    The metadata are those of the image, with all TREs, those that are not known and those that repeat, and with what makes
    them true of the chip:

    - ICHIPB says where the chip lies in the full image; one that the image has is composed with it, so that a chip of a chip
      refers to the first image. Models such as RPC00B stay as they are, and hold through ICHIPB.
    - IGEOLO in the form it has, BLOCKA, GEOLOB and MAPLOB are those of the chip. What cannot be said of it is left out, with
      a `MetadataWarning`.
    - Sizes, blocks and IMAG are the chip's; IALVL and ILOC attach it to nothing.

    Args:
        image: An image of a reader, which stays open until the chip is written; or another chip, or an image in memory.
        window: (x, y, width, height) in pixels of `level`, clipped to the image.
        level: The resolution level: each is half of the one before. One the image does not have is made of averages of
            2ⁿ × 2ⁿ pixels, rounded half up, without those of no data; of images with a colour table, of single pixels.
        block_size: (width, height) of blocks, 1 to 8192; by default those of the image.

    Raises:
        OptionError: A `ValueError`, for a window outside of the image, a wrong level or block size.
    """
    level = _level(level)
    shape = (image.num_bands, -(-image.num_rows >> level), -(-image.num_columns >> level))
    if 0 < level < image.num_resolution_levels:
        shape = image.level_shape(level)
    inside = _clipped(window, shape)
    block = _block_size(block_size, image, inside)
    metadata = BufferedMetadataProvider(getattr(image, "metadata", None))
    found = Chip(image, metadata, inside, level, block)
    for note in _chip_metadata.update(metadata, image, _part(image, inside, level), block):
        warnings.warn(note, MetadataWarning, stacklevel=2)
    return found


def _level(level: Any) -> int:
    try:
        found = index(level)
    except TypeError:
        found = -1
    if not 0 <= found <= _LAST_LEVEL:
        raise OutOfRangeError(f"level: {level!r} (allowed: 0 to {_LAST_LEVEL})")
    return found


def _part(image: Any, window: Window, level: int) -> Part:
    x, y, columns, rows = window
    scale = 1 << level
    return Part(x * scale, y * scale, columns, rows, scale, image.num_columns, image.num_rows)


def _block_size(size: Any, image: Any, window: Window) -> tuple[int, int]:
    if size is None:
        sides = (image.num_pixels_per_block_horizontal, image.num_pixels_per_block_vertical)
        wholes = (image.num_columns, image.num_rows)
        # An image that is one block has no blocks of a size that was chosen.
        given = [_BLOCK if side in (0, whole) or side > _LARGEST_BLOCK else side for side, whole in zip(sides, wholes)]
    else:
        try:
            given = [index(side) for side in size]
        except TypeError:
            given = []
        if len(given) != 2 or not all(1 <= side <= _LARGEST_BLOCK for side in given):
            raise OptionError(f"block_size: {size!r} (allowed: (width, height), 1 to {_LARGEST_BLOCK})")
    return (min(given[0], window[2]), min(given[1], window[3]))


def _transform(six: Any, part: Part) -> tuple[float, ...] | None:
    """GDAL's six numbers of the part."""
    if six is None:
        return None
    g, x, y, s = six, part.x, part.y, part.scale
    return (
        g[0] + g[1] * x + g[2] * y, g[1] * s, g[2] * s, g[3] + g[4] * x + g[5] * y, g[4] * s, g[5] * s,
    )  # fmt: skip


def _touched(start: int, length: int, block: int, whole: int) -> range:
    """The blocks that a stretch of pixels reaches into."""
    block = block or whole
    return range(start // block, -(-min(start + length, whole) // block))
