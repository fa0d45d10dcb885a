"""Conversion of files between formats."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._io import IO, DatasetReader, _convert
from ._progress import bar

if TYPE_CHECKING:
    from ._typing import MetadataLike, PathOrStream, Progress, WindowLike


@dataclass(frozen=True)
class ConversionReport:
    """What a conversion did."""

    source_format: str
    """The name of the format of the source."""
    format: str
    """The name of the format of the target."""
    images: int
    """The number of images written, without masks and overviews."""
    blocks: int
    """The number of blocks written, masks and overviews that were copied included."""
    copied_blocks: int
    """How many of them were copied undecoded."""
    bytes_in: int
    """Bytes of the source."""
    bytes_out: int
    """Bytes of the target."""
    seconds: float
    """Seconds that the conversion took."""
    lost: list[str]
    """The names of what the source has and the target does not: assets, metadata, `georeference`, `nodata value`, `RPC`."""
    warnings: list[str]
    """The texts of the warnings; one of them names what is lost, with the reasons."""


def convert(
    src: PathOrStream | Sequence[PathOrStream] | DatasetReader,
    dst: PathOrStream,
    *,
    format: str | None = None,
    compression: str | None = None,
    block_size: int | tuple[int, int] | None = None,
    window: WindowLike | None = None,
    bands: int | Sequence[int] | None = None,
    resolution_level: int = 0,
    quality: float | None = None,
    metadata: MetadataLike | None = None,
    cog: bool = False,
    progress: Progress | bool | None = None,
    threads: int | None = None,
    asset: str | None = None,
    durable: bool = True,
) -> ConversionReport:
    """Converts a file to a file of any format that can be written.

    Between files of one format everything is kept: all images, masks, overviews, metadata, texts, graphics and other data. To
    another format go the pixels, title, description, georeference, sensor model, nodata value and descriptions of bands of each
    image. What the target cannot hold is named in `lost` and in one `MetadataWarning`. Stored blocks are copied undecoded if the target can have their
    coding and their size. Memory is bounded by the blocks in flight. The file appears when it is complete; if the conversion fails,
    an existing file stays as it was.

    Args:
        src: A path, a binary stream, a list of those of an R-set, or an open reader.
        dst: A path, or a binary stream, which needs `format`.
        format: The name of the format of `dst`; by default, the extension determines it.
        compression, block_size, quality: As in `imsave`. By default those of the source if the formats are the same or the blocks
            can be copied, else the lossless defaults of the format.
        window: (x, y, width, height) in pixels of `resolution_level`, clipped to the image; or a pair of slices
            (rows, columns); or a `Window` of rasterio. The georeference is that of the part.
        bands: One band or several, counted from 0, in the order wanted.
        resolution_level: 0 is full resolution; each further level halves it. A level that the file lacks is made from averages, or
            from single pixels for indices of a palette.
        metadata: Further metadata of the images, in place of their own entries under the same keys.
        cog: Write a Cloud Optimized GeoTIFF. Overviews of the source are kept if compression and blocks stay, else made.
        progress: Called with the number of blocks done and the total; returning False cancels. True shows a bar on standard
            error if it is a terminal.
        threads: Number of threads; by default `OSML_IO_THREADS`, else the number of cores.
        asset: The key of the only image to write. By default all images are written if the format holds several; with `window`,
            `bands`, `resolution_level` or `cog` the default image.
        durable: Wait until the file is on the medium (`fsync`).

    Raises:
        FormatError: An `OSError`, for a damaged source.
        OptionError: A `ValueError`, for an unknown format, a window outside of the image, a wrong band or level, and for a value
            that the format cannot hold.
        UnsupportedError: For an image that the format cannot hold.
        CancelledError: If `progress` returned False.
    """
    settings = {
        "format": format,
        "compression": compression,
        "block_size": block_size,
        "window": window,
        "bands": bands,
        "resolution_level": resolution_level,
        "quality": quality,
        "metadata": metadata,
        "cog": cog,
        "threads": threads,
        "asset": asset,
        "durable": durable,
    }
    with _opened(src, threads, window is not None) as reader, bar(progress) as report:
        return ConversionReport(**_convert(reader, dst, settings, report))


def _opened(src: Any, threads: int | None, keeps_blocks: bool) -> AbstractContextManager[DatasetReader]:
    """A reader, closed at the end if this function opened it. Only windows share blocks that are worth keeping."""
    if isinstance(src, DatasetReader):
        return nullcontext(src)
    return IO.open(src, "r", threads=threads, cache_bytes=None if keeps_blocks else 0)
