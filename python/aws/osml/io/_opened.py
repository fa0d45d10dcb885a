"""The argument `path` of the functions that read an image: a file, or a reader or an image that is open."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Union

from ._errors import OptionError
from ._io import IO, DatasetReader, ImageAssetProvider
from ._typing import FileSystem, PathOrStream

Opened = Union[PathOrStream, Sequence[PathOrStream], DatasetReader, ImageAssetProvider]
"""A path, a binary stream, a list of those of an R-set, a reader, or an image of this package."""


def image_of(
    source: Opened,
    asset: str | int | None,
    *,
    format: str | None,
    max_bytes: int | None,
    threads: int | None = None,
    cache_bytes: int | None = None,
    rset: bool = False,
    filesystem: FileSystem | None = None,
) -> tuple[AbstractContextManager[Any], ImageAssetProvider]:
    """An image, and a context that closes the file if this function opened it.

    Raises:
        OptionError: A `ValueError`, for an argument that only opening a file uses, with a reader or an image.
    """
    if not isinstance(source, (DatasetReader, ImageAssetProvider)):
        reader = IO.open(
            source,
            "r",
            format,
            threads=threads,
            max_bytes=max_bytes,
            cache_bytes=cache_bytes,
            rset=rset,
            filesystem=filesystem,
        )
        return reader, reader._image(asset)
    for name, value in (("format", format), ("max_bytes", max_bytes), ("rset", rset or None), ("filesystem", filesystem)):
        if value is not None:
            raise OptionError(f"{name}: got {value!r} with an open {type(source).__name__}, expected a path or a stream")
    if isinstance(source, DatasetReader):
        return nullcontext(), source._image(asset)
    if asset is not None:
        raise OptionError(f"asset: got {asset!r} with an image, expected a path, a stream or a reader")
    return nullcontext(), source
