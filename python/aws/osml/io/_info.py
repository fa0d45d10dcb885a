"""The description of an image in the headers of its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._bands import BandFacts, band_facts
from ._entries import Entries
from ._facts import image_facts, table
from ._opened import Opened, image_of
from ._profile import profile_of
from ._typing import FileSystem


@dataclass(frozen=True)
class ImageInfo:
    """The description of an image in the headers of its file."""

    width: int
    height: int
    bands: int
    dtype: str
    block_size: tuple[int, int]
    """(width, height) of a block."""
    num_resolution_levels: int
    """Resolution levels, full resolution included."""
    asset_key: str
    metadata: dict[str, Any]
    """The metadata of the image; in a TIFF, `[]`, `get` and `in` also take the names of tags."""
    format: str
    crs: str | None
    """The coordinate reference system, e.g. `EPSG:32618`."""
    transform: tuple[float, float, float, float, float, float] | None
    """GDAL's six numbers, from pixel edges to coordinates."""
    corners: list[tuple[float, float]] | None
    """The outer corners: upper left, upper right, lower right, lower left, each (x, y)."""
    nodata: float | None
    compression: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """(bands, rows, columns)."""
        return (self.bands, self.height, self.width)

    @property
    def descriptions(self) -> tuple[str | None, ...]:
        """The descriptions of the bands; None for a band without one."""
        return self._bands().descriptions

    @property
    def scales(self) -> tuple[float, ...]:
        """The factors of the bands: a value is sample × scale + offset. By default 1."""
        return self._bands().scales

    @property
    def offsets(self) -> tuple[float, ...]:
        """The offsets of the bands; by default 0."""
        return self._bands().offsets

    @property
    def units(self) -> tuple[str | None, ...]:
        """The units of the values of the bands; None for a band without one."""
        return self._bands().units

    @property
    def colors(self) -> tuple[str, ...]:
        """The colours of the bands: `gray`, `red`, `green`, `blue`, `alpha`, `palette`, `undefined` …"""
        return self._bands().colors

    @property
    def tags(self) -> dict[str, str]:
        """Tags of the image as a whole."""
        return self._bands().tags

    @property
    def band_tags(self) -> tuple[dict[str, str], ...]:
        """The tags of each band."""
        return self._bands().band_tags

    @property
    def profile(self) -> dict[str, Any]:
        """The profile of the image in the words of rasterio: `imsave(path, array, **profile)` writes alike."""
        return profile_of(self)

    def _bands(self) -> BandFacts:
        return band_facts(self.format, self.bands, self.metadata)

    def _repr_html_(self) -> str:
        return table(self.asset_key, {**image_facts(self), "format": self.format})


def iminfo(
    path: Opened,
    *,
    asset: str | int | None = None,
    format: str | None = None,
    max_bytes: int | None = None,
    rset: bool = False,
    filesystem: FileSystem | None = None,
) -> ImageInfo:
    """The description of an image in the headers of its file; no pixel is decoded.

    Args:
        path: A path, a binary stream, a reader, or an image.
        asset: The key of the image, or its number N for `image:N`; by default the first with role `data`, else the first.
        format: The name of the format; by default, the first bytes and then the extension determine it.
        max_bytes: The memory that reading may allocate.
        rset: Also open the levels of an R-set that exist beside the path.
        filesystem: The file system of `path`: an object with `open(path, mode)`, such as one of fsspec.
    """
    closing, image = image_of(path, asset, format=format, max_bytes=max_bytes, rset=rset, filesystem=filesystem)
    with closing:
        return ImageInfo(
            width=image.num_columns,
            height=image.num_rows,
            bands=image.num_bands,
            dtype=image.dtype.name,
            block_size=(image.num_pixels_per_block_horizontal, image.num_pixels_per_block_vertical),
            num_resolution_levels=image.num_resolution_levels,
            asset_key=image.key,
            metadata=Entries(image.metadata.entries()),
            format=image._format,
            crs=image.crs,
            transform=image.transform,
            corners=image.corners,
            nodata=image.nodata,
            compression=image.compression,
        )
