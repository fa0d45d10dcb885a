"""Image providers: in memory, and in plain Python as a user would write them, with only the 14 attributes of the specification."""
import numpy as np
from aws.osml.io import BufferedImageAssetProvider, PixelType


def buffered(data, metadata=None):
    """An image in memory that refers to `data`."""
    made = BufferedImageAssetProvider.create(
        key="x", num_columns=data.shape[2], num_rows=data.shape[1], num_bands=data.shape[0],
        pixel_type=PixelType.from_numpy_dtype(data.dtype), metadata=metadata)
    made.set_full_image(data)
    return made


class GridProvider:
    """Serves `array` in blocks of `block` = (width, height), cropped at the edges, and counts the requests."""

    def __init__(self, array, block=(64, 64), metadata=None, padded=False):
        bands, rows, cols = array.shape
        self.key, self.title, self.description = "grid", "grid", "blocks of an array"
        self.num_rows, self.num_columns, self.num_bands = rows, cols, bands
        self.num_bits_per_pixel = self.actual_bits_per_pixel = array.dtype.itemsize * 8
        self.pixel_value_type = _pixel_type(array.dtype)
        self.num_pixels_per_block_horizontal, self.num_pixels_per_block_vertical = block
        self.num_resolution_levels = 1
        self.pad_pixel_value = 0
        self.asked = []
        self._array, self._padded = array, padded
        if metadata is not None:
            self.metadata = metadata

    def get_block(self, block_row, block_col, resolution_level, bands=None):
        self.asked.append((block_row, block_col))
        width, height = self.num_pixels_per_block_horizontal, self.num_pixels_per_block_vertical
        block = self._array[:, block_row * height:(block_row + 1) * height, block_col * width:(block_col + 1) * width]
        if self._padded and block.shape[1:] != (height, width):
            full = np.zeros((block.shape[0], height, width), block.dtype)
            full[:, : block.shape[1], : block.shape[2]] = block
            block = full
        return block if bands is None else block[list(bands)]


class LazyProvider(GridProvider):
    """An image of any size that serves the same block for every request."""

    def __init__(self, rows, cols, bands=1, dtype="uint8", block=(512, 512)):
        width, height = block
        tile = np.arange(bands * height * width, dtype=np.uint32).reshape(bands, height, width).astype(dtype)
        super().__init__(tile, block)
        self.num_rows, self.num_columns = rows, cols

    def get_block(self, block_row, block_col, resolution_level, bands=None):
        height = min(self.num_pixels_per_block_vertical, self.num_rows - block_row * self.num_pixels_per_block_vertical)
        width = min(self.num_pixels_per_block_horizontal, self.num_columns - block_col * self.num_pixels_per_block_horizontal)
        return self._array[:, :height, :width]


class FailsAt(GridProvider):
    """Returns or raises the result of `fail`, which gets the block, instead of block number k."""

    def __init__(self, array, k, fail):
        super().__init__(array, (64, 64))
        self.k, self.fail = k, fail

    def get_block(self, block_row, block_col, resolution_level, bands=None):
        block = super().get_block(block_row, block_col, resolution_level, bands)
        return self.fail(block) if len(self.asked) == self.k + 1 else block


def raises(error):
    """A function that raises `error` for any block."""
    def fail(block):
        raise error

    return fail


def _pixel_type(dtype):
    names = {"u1": "UInt8", "i1": "Int8", "u2": "UInt16", "i2": "Int16", "u4": "UInt32", "i4": "Int32", "u8": "UInt64",
             "i8": "Int64", "f4": "Float32", "f8": "Float64", "c8": "Complex64", "c16": "Complex128"}
    name = names.get(np.dtype(dtype).str[1:])
    return getattr(PixelType, name) if name else np.dtype(dtype).name
