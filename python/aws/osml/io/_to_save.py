"""What `imsave` writes: its settings as the engine takes them, and its data as an image."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from ._array_image import ArrayImage, is_array_like
from ._bands import band_entries
from ._enums import PixelType
from ._errors import OptionError, ShapeWarning
from ._georeference import corner_pairs, crs_text, gdal_transform
from ._io import BufferedImageAssetProvider, BufferedMetadataProvider, ImageAssetProvider
from ._masks import with_alpha
from ._typing import Corners, MetadataLike, Overviews

# The array probably has its bands last if the last axis is 3 or 4 and the first is longer than `_MANY_BANDS`, or if the last axis
# has at most `_FEW_BANDS` and both others are longer than `_MANY_BANDS`.
_MANY_BANDS = 16
_FEW_BANDS = 8


def overview_settings(
    cog: bool,
    overviews: Overviews | None,
    resampling: str | None,
    mask: npt.ArrayLike | ImageAssetProvider | None,
) -> dict[str, Any]:
    if overviews is None:
        overviews = "auto" if cog else None if mask is None else []
    if resampling is not None and overviews is None:
        raise OptionError(f"resampling: got {resampling!r} without overviews, expected cog=True or overviews")
    if mask is not None and not isinstance(mask, ImageAssetProvider):
        array = np.asarray(mask)
        if array.dtype not in (bool, np.uint8):
            raise OptionError(f"mask: got dtype {array.dtype}, expected bool or uint8")
        mask = image_in_memory(array, None)
    return {"overviews": overviews, "resampling": resampling, "mask": mask}


def save_settings(
    *, corners: Corners | None, crs: Any, transform: Any, **others: Any
) -> dict[str, Any]:
    """The settings of a write, as the engine takes them.

    Raises:
        OptionError: A `ValueError`, for corners beside a transform and for a wrong georeference.
    """
    if corners is not None and transform is not None:
        raise OptionError("georeference: got corners and transform, expected one of them")
    return {
        "corners": None if corners is None else corner_pairs(corners),
        "transform": None if transform is None else gdal_transform(transform),
        "crs": None if crs is None else crs_text(crs),
        **others,
    }


def as_image(data: Any, metadata: MetadataLike | None) -> tuple[Any, MetadataLike | None, tuple[int, int, int] | None]:
    """An image, the metadata to write beside its own, and the shape of an array that became one.

    An image of this package, and an object with the attributes of one, stays as it is. An array that is sliced block by block
    becomes a provider, and one in memory an image that gets the metadata.
    """
    if hasattr(data, "get_block"):
        return data, metadata, None
    if is_array_like(data):
        sliced = ArrayImage(data)
        return sliced, metadata, sliced.shape
    image = image_in_memory(data, metadata)
    return image, None, image.shape


def to_write(
    format: str, image: Any, further: MetadataLike | None, settings: dict[str, Any], facts: Mapping[str, Any]
) -> tuple[Any, MetadataLike | None]:
    """The image and the metadata beside its own for a format: with its mask as alpha if the format has only that, and the facts
    of its bands.

    Raises:
        OptionError: A `ValueError`, for a mask and for facts that the format does not have a place for.
    """
    mask = settings.get("mask")
    if mask is not None and format != "tiff":
        if not isinstance(image, BufferedImageAssetProvider):
            raise OptionError(f"mask as alpha in {format}: got {type(image).__name__}, expected an array in memory")
        pixels, meaning = with_alpha(image.read(), mask.read()[0], format)
        settings.update(mask=None, overviews=settings["overviews"] or None)
        image = image_in_memory(pixels, beside(image.metadata, meaning))
    known = further if further is not None else getattr(image, "metadata", None) or {}
    entries = band_entries(format, image.num_bands, facts, known)
    return image, beside(further, entries, replace=True) if entries else further


def beside(metadata: MetadataLike | None, entries: Mapping[str, Any], replace: bool = False) -> MetadataLike | None:
    """Metadata with further entries, which replace those of the same keys only if `replace`."""
    if not entries:
        return metadata
    joined = BufferedMetadataProvider(metadata)
    joined.update({key: value for key, value in entries.items() if replace or key not in joined})
    return joined


def is_identity(transform: Any) -> bool:
    """True for the transform of an image without a place in a profile of rasterio."""
    return transform is not None and gdal_transform(transform) == (0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def image_in_memory(data: npt.ArrayLike, metadata: MetadataLike | None) -> BufferedImageAssetProvider:
    """An image that refers to the array."""
    array: Any = data if hasattr(data, "filled") else np.asarray(data)
    shape = getattr(array, "shape", ())
    bands, rows, columns = shape if len(shape) == 3 else (1, *shape) if len(shape) == 2 else (0, 0, 0)
    if not columns * rows * bands:
        raise OptionError(f"array shape: got {shape}, expected (rows, columns) or (bands, rows, columns), not empty")
    image = BufferedImageAssetProvider.create(
        "image:0",
        columns,
        rows,
        bands,
        block_width=columns,
        block_height=rows,
        pixel_type=PixelType.UInt8 if array.dtype == bool else PixelType.from_numpy_dtype(array.dtype),
        metadata=BufferedMetadataProvider(metadata),
    )
    image.set_full_image(array)
    return image


@contextmanager
def axes_hint(shape: tuple[int, int, int] | None) -> Iterator[None]:
    """A context that writes an array of this shape (None for other images). If its last axis looks like bands, an error of the
    body has a hint, and success issues a warning before the file appears: a filter may make the warning an error.
    """
    hint = None if shape is None else _axes_hint(shape)
    try:
        yield
    except OptionError as error:
        if hint:
            raise OptionError(f"{error}; {hint}") from error
        raise
    if hint:
        warnings.warn(hint, ShapeWarning, stacklevel=4)


def _axes_hint(shape: tuple[int, int, int]) -> str | None:
    """A hint for an array whose last axis looks like bands."""
    bands, rows, columns = shape
    least = min(bands, rows) if columns not in (3, 4) else bands
    if columns > _FEW_BANDS or least <= _MANY_BANDS:
        return None
    return (
        f"an array of shape {shape} is taken as {bands} bands of {rows} rows and {columns} columns; "
        "if the last axis holds the bands, pass np.moveaxis(array, -1, 0)"
    )
