"""Cloud Optimized GeoTIFFs."""

from __future__ import annotations

from typing import Any, Union

import numpy.typing as npt

from .._convenience import imsave
from .._io import DatasetReader, ImageAssetProvider
from .._opened import Opened, image_of
from .._typing import Corners, ImageProvider, MetadataLike, Overviews, PathOrStream


def write_cog(
    path: PathOrStream,
    provider: Union[npt.ArrayLike, ImageProvider, Opened],
    *,
    overviews: Overviews = "auto",
    resampling: str | None = None,
    mask: npt.ArrayLike | ImageAssetProvider | None = None,
    compression: str | None = None,
    block_size: int | tuple[int, int] | None = None,
    corners: Corners | None = None,
    crs: Any = None,
    transform: Any = None,
    nodata: float | None = None,
    quality: float | None = None,
    metadata: MetadataLike | None = None,
    threads: int | None = None,
    strict: bool = False,
    durable: bool = True,
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
        compression: As in `imsave`, like the arguments after it; by default `deflate`, or the compression of a file.
        block_size: (width, height) of the tiles, or one number; by default 512, or the tiles of a file.
        corners: Upper left, upper right, lower right, lower left as (x, y) in `crs`: pixel edges.
        crs: `"EPSG:n"`, a number, or an object with `to_epsg()`.
        transform: GDAL's six numbers or an `Affine`, instead of `corners`.
        nodata: The nodata value; pixels of this value do not count in overviews.
        quality: Quality of JPEG, 1 to 100.
        metadata: Further metadata of the image.
        threads: Number of threads.
        strict: Departures from the standard are errors, not warnings.
        durable: Wait until the file is on the medium.

    Raises:
        OptionError: A `ValueError`, for factors, a method or a mask that do not suit the image.
        ProviderError: A `RuntimeError`, if the provider raises; the target then stays as it was.
    """

    def save(image: Any) -> None:
        imsave(
            path,
            image,
            compression=compression,
            block_size=block_size,
            corners=corners,
            crs=crs,
            transform=transform,
            nodata=nodata,
            quality=quality,
            metadata=metadata,
            format="tiff",
            threads=threads,
            strict=strict,
            durable=durable,
            cog=True,
            overviews=overviews,
            resampling=resampling,
            mask=mask,
        )

    is_file = isinstance(provider, (str, bytes, DatasetReader)) or any(
        hasattr(provider, name) for name in ("__fspath__", "readinto")
    )
    if not is_file:
        save(provider)
        return
    source: Any = provider
    closing, image = image_of(source, None, format=None, max_bytes=None, threads=threads)
    with closing:
        save(image)
