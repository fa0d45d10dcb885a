"""Chips: parts of an image that are read when they are written, with metadata that say where they come from."""

from __future__ import annotations

import warnings
from operator import index
from typing import Any

from .._convenience import Window, _clipped
from .._errors import MetadataWarning, OptionError, OutOfRangeError
from .._io import BufferedMetadataProvider, Chip, _nitf_make_chip

# The block size for an image that has none that a chip could take: one block for all of it, or blocks no NITF can hold.
_BLOCK, _LARGEST_BLOCK = 1024, 8192

_LAST_LEVEL = 14


def chip(image: Any, window: Window, *, level: int = 0, block_size: tuple[int, int] | None = None) -> Chip:
    """A part of an image as an image of its own, to be written: nothing is read before its blocks are asked for.

    The metadata are those of the image, with all TREs, those that are not known and those that repeat, and with what makes
    them true of the chip:

    - ICHIPB says where the chip lies in the full image; one that the image has is composed with it, so that a chip of a chip
      refers to the first image. Models such as RPC00B stay as they are, and hold through ICHIPB.
    - IGEOLO in the form it has, BLOCKA, GEOLOB and MAPLOB are those of the chip. What cannot be given for it is left out, with
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
    metadata = BufferedMetadataProvider(getattr(image, "metadata", None))
    found = Chip(image, metadata, inside, level, _block_size(block_size, image, inside))
    for note in _nitf_make_chip(found):
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
