"""One-line reading and writing, built on the public classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy.typing as npt

from ._info import ImageInfo, iminfo
from ._io import IO, ImageAssetProvider, _absent_parts, _clipped, _expanded, _tile_sizes, _tile_starts
from ._masks import masked_array, without_mask
from ._opened import Opened, image_of
from ._profile import Profile, settings_of
from ._to_save import as_image, axes_hint, beside, is_identity, overview_settings, save_settings, to_write
from ._typing import Corners, FileSystem, ImageProvider, MetadataLike, Overviews, PathOrStream, WindowLike

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["ImageInfo", "Tile", "iminfo", "imread", "imsave", "tiles"]


class Tile(NamedTuple):
    """A tile of an image."""

    data: npt.NDArray[Any]
    """(bands, rows, columns), cropped at the image's right and bottom edges."""
    x: int
    """The image column of the tile's first column."""
    y: int
    """The image row of the tile's first row."""
    tile_col: int
    tile_row: int


def imsave(
    path: PathOrStream,
    data: npt.ArrayLike | ImageProvider,
    *,
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
    precise: bool = False,
    strict: bool = False,
    durable: bool = True,
    cog: bool = False,
    overviews: Overviews | None = None,
    resampling: str | None = None,
    mask: npt.ArrayLike | ImageAssetProvider | None = None,
    statistics: bool = False,
    filesystem: FileSystem | None = None,
    descriptions: Sequence[str | None] | None = None,
    scales: float | Sequence[float] | None = None,
    offsets: float | Sequence[float] | None = None,
    units: str | Sequence[str | None] | None = None,
    colors: Sequence[Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    band_tags: Sequence[Mapping[str, Any]] | None = None,
    **profile: Unpack[Profile],
) -> None:
    """Writes an array of (rows, columns) or (bands, rows, columns) to a file.

    `format`, or else the extension, determines the format. The format chooses lossless defaults for arguments that are not
    given. The file appears when it is complete. If writing fails, an existing file stays as it was.

    Args:
        path: A path, or a binary stream, which needs `format`.
        data: Anything that `np.asarray` takes; `bool` is stored as `uint8`. Masked pixels of a `numpy.ma` array become the nodata
            value, or else the mask. An array that is sliced (dask, zarr, h5py, xarray) is read block by block. An image of this package, or another object with
            the attributes of one, is written as `DatasetWriter.add_asset` writes it: with its metadata, CRS, transform, nodata
            value, masks and overviews.
        compression: The name of a compression of the format, such as `deflate`, `lzw`, `none`.
        block_size: (width, height) of the blocks in the file; one number for squares.
        corners: Upper left, upper right, lower right, lower left as (x, y) in `crs`: pixel edges.
        crs: `"EPSG:n"`, a number, `"OGC:CRS84"`, WKT, PROJJSON (text or dict), or an object of pyproj or rasterio. GeoTIFF and
            JPEG 2000 store a system without a code by its parameters.
        transform: GDAL's six numbers or an `Affine`, instead of `corners`. The six numbers of an `Affine` have another order;
            its `to_gdal()` converts them.
        nodata: The nodata value; must fit the dtype.
        quality: Quality of lossy compression, for JPEG 1 to 100.
        metadata: Further metadata of the image; the arguments above take precedence.
        format: The name of the format; by default, the extension determines it.
        threads: Number of threads; by default `OSML_IO_THREADS`, else the number of cores.
        precise: Store the georeference in the most precise form of the format, if another one is not exact (NITF: BLOCKA,
            GEOPSB, GEOLOB).
        strict: Departures from the format's standard are errors, not warnings.
        durable: Wait until the file is on the medium (`fsync`), so that it survives a crash of the system. With False, writing
            a small file is several times as fast; the file still appears as a whole or not at all.
        cog: Write a Cloud Optimized GeoTIFF: tiles of 512 × 512 by default, and overviews.
        overviews: Overviews of a TIFF to make while the image is written: `"auto"` (down to one block; the default with `cog`)
            or powers of two such as `[2, 4, 8]`. They replace those of an image of a file.
        resampling: How overviews are made: `nearest`, `average`, `bilinear`, `cubic`, `gauss`, `mode` or `rms`. By default
            `average`, and `nearest` for indices of a palette and classes. Nodata and masked pixels do not count.
        mask: A mask: (rows, columns) of `bool` or `uint8`, zero for invalid pixels; by default that of an image of a file. A TIFF
            stores it beside the image, with overviews of its own; PNG and JPEG 2000 files store it as alpha.
        statistics: Store the minimum, maximum, mean and standard deviation of each band of a TIFF, as GDAL does. Nodata and NaN
            do not count; a mask has no effect on them.
        filesystem: The file system of `path`: an object with `open(path, mode)`, such as one of fsspec. It gets the complete file.
        descriptions: A text for each band; None for a band without one (TIFF; NITF, up to six characters).
        scales: The factor of each band, or one for all: a value is sample × scale + offset (TIFF).
        offsets: The offset of each band, or one for all (TIFF).
        units: The unit of the values of each band, or one for all (TIFF).
        colors: The colour of each band: `gray`, `red`, `green`, `blue`, `alpha` … or members of rasterio's `ColorInterp`.
        tags: Names and texts of the image as a whole (TIFF, PNG).
        band_tags: Names and texts of each band (TIFF).
        profile: Words of a profile of rasterio: `driver`, `dtype`, `count`, `width`, `height`, `blockxsize`, `blockysize`, `tiled`,
            `compress`, `interleave`, `predictor`, `photometric`, `alpha`, `zlevel`, `zstd_level`, `jpeg_quality`, `num_threads`, `BIGTIFF`.

    Raises:
        OptionError: A `ValueError`, for an unknown format and for a value that the format cannot hold.
        TypeError: For a keyword that is neither an argument nor such a word.
    """
    arguments: dict[str, Any] = {"compression": compression, "block_size": block_size, "quality": quality}
    arguments |= {"format": format, "threads": threads, "cog": cog}
    if profile:
        found = settings_of(profile, arguments, data)
        metadata = beside(metadata, found.pop("metadata"))
        transform = None if crs is None and is_identity(transform) else transform
        arguments |= found
    data, mask = without_mask(data, mask, nodata)
    format, threads, cog = (arguments.pop(name) for name in ("format", "threads", "cog"))
    settings = save_settings(
        corners=corners,
        crs=crs,
        transform=transform,
        nodata=nodata,
        precise=precise,
        cog=cog,
        statistics=statistics,
        **arguments,
        **overview_settings(cog, overviews, resampling, mask),
    )
    facts: dict[str, Any] = {"descriptions": descriptions, "scales": scales, "offsets": offsets, "units": units, "colors": colors}
    facts |= {"tags": tags, "band_tags": band_tags}
    image, further, shape = as_image(data, metadata)
    with (
        IO.open(
            path, "w", format, threads=threads, strict=strict, durable=durable, filesystem=filesystem
        ) as writer,
        axes_hint(shape),
    ):
        image, further = to_write(writer.format, image, further, settings, facts)
        writer._save_image("image:0", image, settings, further)


def imread(
    path: Opened,
    *,
    window: WindowLike | None = None,
    asset: str | int | None = None,
    bands: int | Sequence[int] | None = None,
    resolution_level: int = 0,
    fill_value: float = 0,
    format: str | None = None,
    threads: int | None = None,
    max_bytes: int | None = None,
    expand: bool = False,
    partial: bool = False,
    rset: bool = False,
    filesystem: FileSystem | None = None,
    masked: bool = False,
) -> npt.NDArray[Any]:
    """Reads an image, or a part of it, as an array of (bands, rows, columns) in native byte order.

    Args:
        path: A path, a binary stream, a list of the paths of an R-set, a reader, or an image of a reader (or any other image of
            this package).
        window: (x, y, width, height) in pixels of `resolution_level`, clipped to the image; or a pair of slices
            (rows, columns); or a `Window` of rasterio.
        asset: The key of the image, or its number N for `image:N`; by default the first with role `data`, else the first.
        bands: One band or several, in the order wanted.
        resolution_level: 0 is full resolution; each further level halves it.
        fill_value: The value for pixels of absent (masked, sparse) blocks, and of pixels that a damaged file lacks.
        format: The name of the format; by default, the first bytes and then the extension determine it.
        threads: Number of threads; by default `OSML_IO_THREADS`, else the number of cores.
        max_bytes: The memory that the read may allocate; replaces the limits on images that are large for their file.
        expand: Replace palette indices with the colours (or grey values) of the file's table; `bands` then selects among the
            bands of the table. Without a table this has no effect.
        partial: Read the pixels that a damaged file still has. A `FileWarning` names those that are missing; without `partial`
            they are a `FormatError`.
        rset: Also open the levels of an R-set that exist beside the path.
        filesystem: The file system of `path`: an object with `open(path, mode)`, such as one of fsspec.
        masked: Return a `numpy.ma.MaskedArray`. Its mask is True for pixels that the mask of the file, or else its nodata value, or
            else its alpha band marks as not valid, and for those of absent blocks.

    Raises:
        FormatError: An `OSError`, for a damaged file; its `filename` is the path.
        OptionError: A `ValueError`, for a window outside of the image and for a wrong band or level.
    """
    closing, image = image_of(
        path,
        asset,
        format=format,
        threads=threads,
        max_bytes=max_bytes,
        cache_bytes=0,
        rset=rset,
        filesystem=filesystem,
    )
    with closing:
        if window is not None:
            window = _clipped(window, image.level_shape(resolution_level))
        colors = _expanded(image) if expand else None
        if colors is not None:
            # A `fill_value` that does not fit the colours is an error only if there may be pixels to fill.
            fill_value = fill_value if partial or _absent_parts(colors, window, resolution_level) else 0
        pixels = (colors or image).read(
            window, bands, resolution_level, None, threads, fill_value=fill_value, partial=True if partial else None
        )
        if not masked:
            return pixels
        indices = pixels if colors is None else image.read(window, None, resolution_level, None, threads)
        return masked_array(image, pixels, indices, window, bands, resolution_level, fill_value, threads)


def tiles(
    path: Opened,
    tile_size: int | tuple[int, int],
    *,
    overlap: int | tuple[int, int] = (0, 0),
    asset: str | int | None = None,
    bands: int | Sequence[int] | None = None,
    resolution_level: int = 0,
    fill_value: float = 0,
    format: str | None = None,
    threads: int | None = None,
    max_bytes: int | None = None,
    partial: bool = False,
    rset: bool = False,
    filesystem: FileSystem | None = None,
) -> Iterator[Tile]:
    """Iterates over an image in tiles, row by row. Tiles at the right and bottom edges are cropped.

    Each row of tiles is read once, while the caller uses the row before. At most two rows are in memory.

    Args:
        path: As in `imread`.
        tile_size: (width, height) in pixels; one number for squares.
        overlap: The columns and rows that neighbours share; one number for both.
        asset, bands, resolution_level, fill_value, format, threads, max_bytes, partial, rset, filesystem: As in `imread`.

    Raises:
        FormatError: An `OSError`, for a damaged file.
        OptionError: A `ValueError`, for a size below 1, an overlap that is not smaller than the tile, and a wrong band or level.
    """
    (width, height), (across, down) = _tile_sizes(tile_size, overlap)
    closing, image = image_of(
        path, asset, format=format, threads=threads, max_bytes=max_bytes, rset=rset, filesystem=filesystem
    )
    _, rows, columns = image.level_shape(resolution_level)
    xs = _tile_starts(columns, width, across)
    ys = _tile_starts(rows, height, down)

    def strip(y: int) -> npt.NDArray[Any]:
        window = (0, y, columns, min(height, rows - y))
        return image.read(
            window, bands, resolution_level, None, threads, fill_value=fill_value, partial=True if partial else None
        )

    return _tiles(closing, strip, xs, ys, width)


def _tiles(closing: AbstractContextManager[Any], strip: Any, xs: list[int], ys: list[int], width: int) -> Iterator[Tile]:
    # One separate thread reads all strips, so that only one thread at a time uses a caller's stream.
    with closing, ThreadPoolExecutor(1, thread_name_prefix="osml-io-tiles") as ahead:
        following = ahead.submit(strip, ys[0])
        for tile_row, y in enumerate(ys):
            current = following.result()
            if tile_row + 1 < len(ys):
                following = ahead.submit(strip, ys[tile_row + 1])
            for tile_col, x in enumerate(xs):
                # A copy, so that a tile that the caller keeps does not keep its whole row alive.
                data = current if len(xs) == 1 else current[:, :, x : x + width].copy()
                yield Tile(data, x, y, tile_col, tile_row)
