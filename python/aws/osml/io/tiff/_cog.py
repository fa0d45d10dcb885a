"""Cloud Optimized GeoTIFFs."""

from __future__ import annotations

from typing import Any, Union

import numpy.typing as npt

from .._convenience import imsave
from .._io import DatasetReader, ImageAssetProvider
from .._opened import Opened, image_of
from .._typing import ImageProvider, Overviews, PathOrStream


def write_cog(
    path: PathOrStream,
    provider: Union[npt.ArrayLike, ImageProvider, Opened],
    *,
    overviews: Overviews = "auto",
    resampling: str | None = None,
    mask: npt.ArrayLike | ImageAssetProvider | None = None,
    **settings: Any,
) -> None:
    """Writes a Cloud Optimized GeoTIFF with overviews, which are made in the pass that writes the image.

    Memory is bounded by a few rows of blocks, whatever the size of the image. Encoded tiles wait in a temporary file beside the
    target, because the smallest overview comes first.

    Args:
        path: A path, or a binary stream.
        provider: An array, an image of this package, an object with the attributes of one, which makes its blocks when they are
            requested, or a file: a path, a stream or a reader. Tiles of a file that are stored alike are copied undecoded.
        overviews: `"auto"` for halves down to one block, or powers of two such as `[2, 4, 8]`.
        resampling: `nearest`, `average`, `bilinear`, `cubic`, `gauss`, `mode` or `rms`; by default `average`, and `nearest` for
            indices of a palette and classes.
        mask: (rows, columns) of `bool` or `uint8`, zero for invalid pixels; by default that of an image of a file.
        settings: Other arguments of `imsave`, such as `compression`, `nodata`, `crs` and `threads`. By default the compression and
            the tiles are those of a file, otherwise `deflate` and 512 × 512.

    Raises:
        OptionError: A `ValueError`, for factors, a method or a mask that do not suit the image.
        ProviderError: A `RuntimeError`, if the provider raises; the target then stays as it was.
    """

    def save(image: Any) -> None:
        imsave(
            path, image, format="tiff", cog=True, overviews=overviews, resampling=resampling, mask=mask, **settings
        )

    is_file = isinstance(provider, (str, bytes, DatasetReader)) or any(
        hasattr(provider, name) for name in ("__fspath__", "readinto")
    )
    if not is_file:
        save(provider)
        return
    source: Any = provider
    closing, image = image_of(source, None, format=None, max_bytes=None, threads=settings.get("threads"))
    with closing:
        save(image)
