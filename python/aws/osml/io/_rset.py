"""R-sets in one call."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Union

import numpy.typing as npt

from ._io import IO, DatasetReader, ImageAssetProvider, _rset_paths
from ._opened import image_of
from ._to_save import as_image, axes_hint, save_settings
from ._typing import Corners, ImageProvider, MetadataLike, Progress

AnyPath = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
"""A path."""


def write_rset(
    base: AnyPath | Sequence[AnyPath],
    provider: npt.ArrayLike | ImageProvider | ImageAssetProvider | DatasetReader | AnyPath,
    levels: int | None = None,
    *,
    resampling: str | None = None,
    compression: str | None = None,
    block_size: int | tuple[int, int] | None = None,
    corners: Corners | None = None,
    crs: Any = None,
    transform: Any = None,
    nodata: float | None = None,
    quality: float | None = None,
    metadata: MetadataLike | None = None,
    format: str | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    precise: bool = False,
    strict: bool = False,
    durable: bool = True,
) -> list[Path]:
    """Writes an image and its reduced resolution levels to the files of an R-set, in one pass over the pixels.

    Level *n* has half the columns and rows of the level before, rounded up, and is reduced from it. All files appear together
    when they are complete, and replace those of a former set, also levels that the new set lacks. The memory that this takes
    is bounded by a few rows of blocks.

    Args:
        base: The path of the base. The levels are beside it: those of `scene.ntf` are `scene.ntf.r1`, `scene.ntf.r2` … Or the
            paths of all files, the base first.
        provider: The image: an array of (rows, columns) or (bands, rows, columns), an object with the attributes of an image
            provider, an image of this package, or a reader or a path, whose default image is written. An image of a file
            keeps its metadata and masks.
        levels: The number of levels beside the base; by default as many as it takes until no side exceeds 256 pixels.
        resampling: `nearest`, `average`, `bilinear`, `cubic`, `gauss`, `mode` or `rms`. By default `average`, and `nearest` for
            indices of a palette and classes. Pixels of the nodata value do not count.
        progress: Called with the number of blocks done and the total; returning False cancels.
        compression, block_size, corners, crs, transform, nodata, quality, metadata, format, threads, precise, strict, durable:
            As in `imsave`, for all files. The georeference is that of the base; that of each level follows from it.

    Returns:
        The paths of the files, the base first.

    Raises:
        OptionError: A `ValueError`, for paths that are not those of a set (it names the path), for more levels than the image
            has, and for a value that the format cannot hold.
    """
    settings = save_settings(
        compression=compression,
        block_size=block_size,
        corners=corners,
        crs=crs,
        transform=transform,
        nodata=nodata,
        quality=quality,
        precise=precise,
    )
    with _image_of(provider, metadata, threads) as (image, further, shape):
        paths = _rset_paths(base, levels, image)
        with (
            IO.open(
                paths,
                "w",
                format,
                threads=threads,
                progress=progress,
                strict=strict,
                durable=durable,
                rset=True,
            ) as writer,
            axes_hint(shape),
        ):
            writer._save_rset("image:0", image, settings, resampling, further)
    return paths


@contextmanager
def _image_of(
    provider: Any, metadata: MetadataLike | None, threads: int | None
) -> Iterator[tuple[Any, MetadataLike | None, tuple[int, int, int] | None]]:
    """As `as_image`, also of a reader or a file, which is closed if it was opened here."""
    if isinstance(provider, (str, bytes, os.PathLike, DatasetReader)):
        closing, image = image_of(provider, None, format=None, max_bytes=None, threads=threads)
        with closing:
            yield as_image(image, metadata)
    else:
        yield as_image(provider, metadata)
