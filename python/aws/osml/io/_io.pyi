"""Types of the compiled module. The classes have the full documentation: `help(aws.osml.io.IO.open)`."""

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, MutableMapping, Sequence, ValuesView
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, SupportsIndex, TypeVar, final, overload

import numpy as np
import numpy.typing as npt
from typing_extensions import Self, disjoint_base

from ._enums import AssetType, PixelType
from ._typing import ArrayLike, FileSystem, ImageProvider, PathOrStream, Progress, WindowLike

_T = TypeVar("_T")
_Bands = SupportsIndex | Iterable[SupportsIndex]
_Index = SupportsIndex | slice
_Point = tuple[float, float]
_Points = tuple[_Point, _Point, _Point, _Point]
_Transform = tuple[float, float, float, float, float, float]

__all__ = [
    "IO",
    "AssetProvider",
    "BlockEncoder",
    "BufferedDataAssetProvider",
    "BufferedGraphicAssetProvider",
    "BufferedImageAssetProvider",
    "BufferedMetadataProvider",
    "BufferedTextAssetProvider",
    "Chip",
    "DataAssetProvider",
    "DatasetReader",
    "DatasetWriter",
    "EncodedBlock",
    "GraphicsAssetProvider",
    "ImageAssetProvider",
    "ImageWriter",
    "MetadataProvider",
    "TextAssetProvider",
    "__version__",
    "_absent_parts",
    "_clipped",
    "_convert",
    "_crs",
    "_crs_projjson",
    "_crs_wkt",
    "_encoded_block",
    "_expanded",
    "_extension",
    "_nitf_chip",
    "_nitf_from_full",
    "_nitf_from_mgrs",
    "_nitf_georeference",
    "_nitf_ichipb",
    "_nitf_register",
    "_nitf_rpc",
    "_nitf_rpc_fields",
    "_nitf_scales_and_offsets",
    "_nitf_to_full",
    "_nitf_to_mgrs",
    "_nitf_typed",
    "_open_encoder",
    "_open_image",
    "_open_reader",
    "_rset_paths",
    "_structure_decode",
    "_structure_encode",
    "_structure_facts",
    "_structure_ids",
    "_tiff_tag",
    "_tiff_tags",
    "_tile_sizes",
    "_tile_starts",
]

__version__: str

@disjoint_base
class MetadataProvider(Mapping[str, Any]):
    """Read-only metadata: an ordered mapping in which a key may repeat."""

    def __getitem__(self, key: str, /) -> Any: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    @overload
    def get(self, key: str) -> Any | None: ...
    @overload
    def get(self, key: str, default: _T) -> Any | _T: ...
    def get_all(self, key: str) -> list[Any]:
        """Every value under `key`, in order."""
    def keys(self) -> KeysView[str]: ...
    def values(self) -> ValuesView[Any]: ...
    def items(self) -> ItemsView[str, Any]: ...
    def entries(self, prefix: str | None = None) -> dict[str, Any]:
        """A new dict of the keys that begin with `prefix` and deep copies of their first values."""
    @property
    def raw(self) -> BytesIO:
        """The header bytes the entries were read from."""

class BufferedMetadataProvider(MetadataProvider, MutableMapping[str, Any]):
    """Mutable metadata."""

    def __new__(cls, source: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> Self: ...
    @staticmethod
    def from_provider(source: Any) -> BufferedMetadataProvider:
        """A copy of the metadata of an asset, or of any mapping."""
    def __setitem__(self, key: str, value: Any, /) -> None: ...
    def __delitem__(self, key: str, /) -> None: ...
    def append(self, key: str, value: Any) -> None:
        """Adds a value under `key` after the existing ones."""
    def set_all(self, key: str, values: Iterable[Any]) -> None:
        """Replaces all values under `key` with `values`."""
    def update(self, other: Any = None, /, **kwargs: Any) -> None: ...
    def pop(self, key: str, *default: Any) -> Any: ...
    def setdefault(self, key: str, default: Any = None) -> Any: ...
    def clear(self) -> None: ...

@disjoint_base
class AssetProvider:
    """An asset of a dataset: an image, a text, graphics or other data."""

    @staticmethod
    def from_bytes(
        key: str,
        data: bytes | bytearray | memoryview,
        asset_type: AssetType | str,
        title: str | None = None,
        description: str | None = None,
        roles: Sequence[str] | None = None,
        media_type: str | None = None,
    ) -> AssetProvider:
        """Bytes as an asset of any type; the type determines the class of the result."""
    @property
    def key(self) -> str:
        """The name of the asset in its dataset, e.g. `image:0`."""
    @property
    def title(self) -> str:
        """A short title."""
    @property
    def description(self) -> str:
        """A description."""
    @property
    def roles(self) -> list[str]:
        """The purposes of the asset: `data`, `overview`, `mask` …"""
    @property
    def media_type(self) -> str:
        """The media type of the stored bytes."""
    @property
    def asset_type(self) -> AssetType:
        """The kind of asset."""
    @property
    def metadata(self) -> MetadataProvider:
        """The metadata."""
    @property
    def raw_asset(self) -> BytesIO:
        """The stored bytes."""

@disjoint_base
class ImageAssetProvider(AssetProvider):
    """An image: pixels of shape (bands, rows, columns) in blocks."""

    @property
    def num_rows(self) -> int:
        """Number of rows."""
    @property
    def num_columns(self) -> int:
        """Number of columns."""
    @property
    def num_bands(self) -> int:
        """Number of bands."""
    @property
    def num_bits_per_pixel(self) -> int:
        """Bits of a stored sample of one band."""
    @property
    def actual_bits_per_pixel(self) -> int:
        """Bits of a stored sample that carry information."""
    @property
    def pixel_value_type(self) -> PixelType:
        """The type of a sample."""
    @property
    def num_pixels_per_block_horizontal(self) -> int:
        """Columns of a block."""
    @property
    def num_pixels_per_block_vertical(self) -> int:
        """Rows of a block."""
    @property
    def num_resolution_levels(self) -> int:
        """Resolution levels, full resolution included."""
    @property
    def pad_pixel_value(self) -> float:
        """The value of pixels in absent blocks."""
    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(bands, rows, columns)."""
    @property
    def block_shape(self) -> tuple[int, int, int]:
        """(bands, rows, columns) of a block."""
    @property
    def block_grid_size(self) -> tuple[int, int]:
        """(rows, columns) of the grid of blocks."""
    @property
    def shape(self) -> tuple[int, int, int]:
        """(bands, rows, columns)."""
    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of the pixels."""
    @property
    def ndim(self) -> int:
        """3."""
    @property
    def size(self) -> int:
        """The number of samples."""
    @property
    def nbytes(self) -> int:
        """The number of bytes of the samples as an array."""
    @property
    def chunks(self) -> tuple[int, int, int]:
        """The shape in which pixels are best read."""
    @property
    def crs(self) -> str | None:
        """The coordinate reference system, e.g. `EPSG:32618`."""
    @property
    def transform(self) -> _Transform | None:
        """GDAL's six numbers, from pixel edges to coordinates."""
    @property
    def corners(self) -> list[tuple[float, float]] | None:
        """The outer corners: upper left, upper right, lower right, lower left, each (x, y)."""
    @property
    def nodata(self) -> float | None:
        """The nodata value."""
    @property
    def compression(self) -> str:
        """The name of the compression."""
    @property
    def descriptions(self) -> tuple[str | None, ...]:
        """The descriptions of the bands."""
    @property
    def scales(self) -> tuple[float, ...]:
        """The factors of the bands: a value is sample × scale + offset."""
    @property
    def offsets(self) -> tuple[float, ...]:
        """The offsets of the bands."""
    @property
    def units(self) -> tuple[str | None, ...]:
        """The units of the values of the bands."""
    @property
    def colors(self) -> tuple[str, ...]:
        """The colours of the bands."""
    @property
    def tags(self) -> dict[str, str]:
        """Tags of the image as a whole."""
    @property
    def band_tags(self) -> tuple[dict[str, str], ...]:
        """The tags of each band."""
    @property
    def profile(self) -> dict[str, Any]:
        """The profile of the image in the words of rasterio."""
    def _mask(self) -> ImageAssetProvider | None: ...
    @property
    def _format(self) -> str: ...
    def level_shape(self, resolution_level: SupportsIndex) -> tuple[int, int, int]:
        """(bands, rows, columns) of the image at a resolution level."""
    def has_block(
        self, block_row: SupportsIndex, block_col: SupportsIndex, resolution_level: SupportsIndex = 0
    ) -> bool:
        """True if the block holds pixels."""
    def get_block(
        self,
        block_row: SupportsIndex,
        block_col: SupportsIndex,
        resolution_level: SupportsIndex = 0,
        bands: _Bands | None = None,
    ) -> npt.NDArray[Any]:
        """The pixels of a block, (bands, rows, columns), cropped at the edges."""
    def read(
        self,
        window: Sequence[SupportsIndex] | WindowLike | None = None,
        bands: _Bands | None = None,
        resolution_level: SupportsIndex = 0,
        out: npt.NDArray[Any] | None = None,
        threads: int | None = None,
        *,
        fill_value: complex | None = None,
        partial: bool | None = None,
    ) -> npt.NDArray[Any]:
        """The pixels of a region, (bands, rows, columns); `window` is (x, y, width, height) or a pair of slices."""
    def tile_byte_ranges(self) -> list[tuple[int, int] | None]:
        """(offset, length) of each stored block in the file, row by row and plane by plane; None for an absent one."""
    def codec_configuration(self) -> dict[str, Any]:
        """The form of the stored blocks and what decodes them."""
    def astype(self, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """All pixels as a new array of this dtype."""
    def __getitem__(self, key: Any, /) -> Any: ...
    def __len__(self) -> int: ...
    def _repr_html_(self) -> str: ...
    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]: ...

@final
class BufferedImageAssetProvider(ImageAssetProvider):
    """An image in memory, ready to be written."""

    @staticmethod
    def create(
        key: str,
        num_columns: SupportsIndex = 512,
        num_rows: SupportsIndex = 512,
        num_bands: SupportsIndex = 1,
        block_width: SupportsIndex = 256,
        block_height: SupportsIndex = 256,
        pixel_type: PixelType | npt.DTypeLike = ...,
        num_bits_per_pixel: SupportsIndex | None = None,
        actual_bits_per_pixel: SupportsIndex | None = None,
        metadata: Mapping[str, Any] | None = None,
        title: str | None = None,
        description: str | None = None,
    ) -> BufferedImageAssetProvider:
        """An image without pixels; the default `pixel_type` is `PixelType.UInt8`."""
    @staticmethod
    def from_provider(
        provider: ImageProvider | AssetProvider,
        key: str | None = None,
        block_width: SupportsIndex | None = None,
        block_height: SupportsIndex | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> BufferedImageAssetProvider:
        """A copy of any image in memory, in other blocks."""
    @property
    def irep(self) -> str:
        """The meaning of the bands in NITF (IREP)."""
    @irep.setter
    def irep(self, representation: str) -> None: ...
    def set_full_image(self, array: npt.ArrayLike) -> None:
        """Takes an array as the whole image, without copying it."""
    def set_block(self, block_row: SupportsIndex, block_col: SupportsIndex, array: npt.ArrayLike) -> None:
        """Takes an array as one block, cropped or padded at the edges, without copying it."""

@final
class Chip(ImageAssetProvider):
    """Part of an image, made by `aws.osml.io.nitf.chip`; a block is read from the image when it is requested."""

    def __new__(
        cls,
        image: Any,
        metadata: BufferedMetadataProvider,
        window: tuple[int, int, int, int],
        level: int,
        block: tuple[int, int],
        nearest: bool | None = None,
        /,
    ) -> Self: ...
    @property
    def metadata(self) -> BufferedMetadataProvider:
        """The metadata, which may be changed before the chip is written."""
    @property
    def raw_asset(self) -> BytesIO:
        """The pixels as bytes of (bands, rows, columns) in native byte order."""

class TextAssetProvider(AssetProvider):
    """A text of a file or in memory."""

    @property
    def text_content(self) -> str:
        """The text, with `\\n` at the ends of lines."""
    @property
    def text(self) -> str:
        """The text: another name of `text_content`."""
    @property
    def encoding(self) -> str:
        """The encoding of the stored bytes."""
    @property
    def format(self) -> str:
        """The format of the text in NITF: STA, MTF, UT1 or U8S."""

class DataAssetProvider(AssetProvider):
    """Data of any kind, of a file or in memory."""

    @property
    def mime_type(self) -> str:
        """The media type of the data."""
    @property
    def data(self) -> bytes:
        """The data."""

class GraphicsAssetProvider(AssetProvider):
    """Graphics of a file or in memory."""

    @property
    def data(self) -> bytes:
        """The data."""

@final
class BufferedTextAssetProvider(TextAssetProvider):
    """A text in memory, ready to be written."""

    @staticmethod
    def create(
        key: str,
        text_content: str,
        encoding: str = "UTF-8",
        title: str | None = None,
        description: str | None = None,
        roles: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> BufferedTextAssetProvider:
        """A text."""

@final
class BufferedDataAssetProvider(DataAssetProvider):
    """Data of any kind in memory, ready to be written."""

    @staticmethod
    def create(
        key: str,
        data: bytes | bytearray | memoryview,
        mime_type: str = "application/octet-stream",
        title: str | None = None,
        description: str | None = None,
        roles: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> BufferedDataAssetProvider:
        """Data."""

@final
class BufferedGraphicAssetProvider(GraphicsAssetProvider):
    """Graphics in memory, ready to be written."""

    @staticmethod
    def create(
        key: str,
        data: bytes | bytearray | memoryview,
        title: str | None = None,
        description: str | None = None,
        roles: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> BufferedGraphicAssetProvider:
        """Graphics."""

@final
class DatasetReader:
    """A file opened for reading."""

    @property
    def metadata(self) -> MetadataProvider:
        """Metadata of the file as a whole."""
    @property
    def format(self) -> str:
        """The name of the format."""
    def get_asset_keys(
        self, asset_type: AssetType | str | None = None, roles: Sequence[str] | None = None
    ) -> list[str]:
        """The keys of the assets in file order; the segments of a divided image only for the role `segment`."""
    def has_asset(self, key: str) -> bool:
        """True if an asset has this key."""
    def _image(self, key: str | SupportsIndex | None = None, /) -> ImageAssetProvider: ...
    def get_asset(self, key: str) -> Any:
        """The asset with this key, an `ImageAssetProvider` if it is an image."""
    def close(self) -> None:
        """Releases the file."""
    def __enter__(self) -> Self: ...
    def __exit__(self, *_exception: object) -> None: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __getitem__(self, key: str, /) -> Any: ...

@final
class DatasetWriter:
    """A file being written."""

    @property
    def metadata(self) -> BufferedMetadataProvider:
        """Metadata of the file as a whole; can be set to any mapping."""
    @metadata.setter
    def metadata(self, metadata: Mapping[str, Any]) -> None: ...
    @property
    def format(self) -> str:
        """The name of the format."""
    @property
    def strict_encoding(self) -> bool:
        """True if departures from the format's standard are errors; can be set."""
    @strict_encoding.setter
    def strict_encoding(self, strict: bool) -> None: ...
    def add_asset(
        self,
        key: str,
        provider: ImageProvider | AssetProvider | ArrayLike,
        title: str = "",
        description: str = "",
        roles: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        chunks: int | Sequence[int] | None = None,
        provider_threads: SupportsIndex | None = None,
    ) -> None:
        """Writes an asset; `metadata` replaces the provider's own."""
    def begin_image(
        self,
        key: str,
        like: ImageProvider | AssetProvider,
        title: str = "",
        description: str = "",
        roles: Sequence[str] | None = None,
    ) -> ImageWriter:
        """Begins an image whose blocks the caller encodes, in any process, and appends."""
    def _save_image(
        self,
        key: str,
        provider: ImageProvider | AssetProvider,
        settings: dict[str, Any],
        metadata: Mapping[str, Any] | None = None,
        /,
    ) -> None: ...
    def _save_rset(
        self,
        key: str,
        provider: ImageProvider | AssetProvider,
        settings: dict[str, Any],
        resampling: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        /,
    ) -> None: ...
    def close(self) -> None:
        """Completes the file, or the files of an R-set, and makes them visible at their targets."""
    def abort(self) -> None:
        """Discards everything; the target stays as it was."""
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None: ...

@final
class ImageWriter:
    """An image of a file being written; the caller encodes and appends its blocks."""

    @property
    def grid_shape(self) -> tuple[int, int]:
        """(rows, columns) of the grid of blocks in the file."""
    def block_window(self, row: SupportsIndex, col: SupportsIndex) -> tuple[int, int, int, int]:
        """The image's pixels in a block of the file: (x, y, width, height)."""
    @property
    def encoder(self) -> BlockEncoder:
        """The encoder of the blocks; pickle it to encode in other processes."""
    def append(self, block: EncodedBlock) -> None:
        """Appends an encoded block; blocks may come in any order."""
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None: ...

@final
class BlockEncoder:
    """Encodes blocks of an image; can be pickled."""

    def encode(self, row: SupportsIndex, col: SupportsIndex, array: npt.ArrayLike) -> EncodedBlock:
        """Encodes a block from an array of (bands, rows, columns)."""

@final
class EncodedBlock:
    """A block as the file stores it; can be pickled."""

    @property
    def row(self) -> int:
        """Row of the block in the grid of the file."""
    @property
    def col(self) -> int:
        """Column of the block in the grid of the file."""
    @property
    def nbytes(self) -> int:
        """Number of stored bytes."""

@final
class IO:
    """Opens files."""

    @overload
    @staticmethod
    def open(
        paths: PathOrStream | Sequence[PathOrStream],
        mode: Literal["r"] = "r",
        format: str | None = None,
        *,
        threads: int | None = None,
        progress: Progress | None = None,
        max_bytes: int | None = None,
        cache_bytes: int | None = None,
        strict: bool = False,
        durable: bool = True,
        partial: bool = False,
        rset: bool = False,
        roles: Sequence[Sequence[str]] | None = None,
        filesystem: FileSystem | None = None,
        provider_threads: SupportsIndex | None = None,
    ) -> DatasetReader: ...
    @overload
    @staticmethod
    def open(
        paths: PathOrStream | Sequence[PathOrStream],
        mode: Literal["w"],
        format: str | None = None,
        *,
        threads: int | None = None,
        progress: Progress | None = None,
        max_bytes: int | None = None,
        cache_bytes: int | None = None,
        strict: bool = False,
        durable: bool = True,
        partial: bool = False,
        rset: bool = False,
        roles: Sequence[Sequence[str]] | None = None,
        filesystem: FileSystem | None = None,
        provider_threads: SupportsIndex | None = None,
    ) -> DatasetWriter: ...

def _encoded_block(bytes: bytes, /) -> EncodedBlock: ...
def _open_encoder(
    how: tuple[str, bool],
    file: MetadataProvider,
    texts: tuple[str, str, str, list[str]],
    metadata: MetadataProvider,
    template: tuple[tuple[int, int, int, int, int], str, tuple[int, int], str, bool],
    /,
) -> BlockEncoder: ...
def _open_image(arguments: tuple[list[str], str | None, int | None, int | None, int | None, bool], key: str, /) -> AssetProvider: ...
def _open_reader(
    paths: list[str], format: str | None, threads: int | None, max_bytes: int | None, cache_bytes: int | None, partial: bool, /
) -> DatasetReader: ...
def _rset_paths(
    paths: PathOrStream | Sequence[PathOrStream], levels: SupportsIndex | None, image: ImageProvider | AssetProvider, /
) -> list[Path]: ...
def _structure_decode(id: str, data: bytes, /) -> dict[str, Any]: ...
def _structure_encode(id: str, fields: dict[str, Any], strict: bool, /) -> bytes: ...
def _structure_facts(id: str, /) -> tuple[str, str, list[str], str]: ...
def _structure_ids() -> list[str]: ...
def _tiff_tags() -> list[tuple[int, str, list[tuple[int, str]]]]: ...
def _tiff_tag(name: str, /) -> tuple[int, str, list[tuple[int, str]]]: ...
def _nitf_register(text: str, kind: Literal["tre", "des"], /) -> list[str]: ...
def _nitf_typed(kind: Literal["tre", "des"], name: str, fields: dict[str, Any] | bytes, /) -> dict[str, Any]: ...
def _nitf_georeference(
    columns: int,
    rows: int,
    corners: Sequence[tuple[float, float]] | None,
    transform: tuple[float, ...] | None,
    epsg: int,
    precise: bool,
    /,
) -> dict[str, Any]: ...
def _nitf_chip(
    image: Any,
    window: WindowLike,
    level: int,
    block_size: int | tuple[int, int] | None,
    /,
) -> tuple[Chip, list[str]]: ...
def _nitf_to_full(mapping: Any, row: npt.ArrayLike, col: npt.ArrayLike, /) -> tuple[Any, Any]: ...
def _nitf_from_full(mapping: Any, row: npt.ArrayLike, col: npt.ArrayLike, /) -> tuple[Any, Any]: ...
def _nitf_from_mgrs(text: str, /) -> tuple[int, bool, float, float]: ...
def _nitf_to_mgrs(zone: int, south: bool, easting: float, northing: float, /) -> str: ...
def _nitf_ichipb(
    body: dict[str, Any] | bytes, /
) -> tuple[_Points, _Points, float, int | None, int | None]: ...
def _nitf_rpc(tag: str, fields: Any, /) -> tuple[list[float | None], list[float], list[float], list[list[float]]]: ...
def _nitf_rpc_fields(
    errors: Sequence[float | None],
    offsets: Sequence[float],
    scales: Sequence[float],
    polynomials: Sequence[Sequence[float]],
    /,
) -> dict[str, Any]: ...
def _nitf_scales_and_offsets(mapping: Any, /) -> tuple[tuple[float, float], tuple[float, float]]: ...
def _crs(text: str, /) -> str: ...
def _crs_projjson(text: str, /) -> str | None: ...
def _crs_wkt(text: str, /) -> str | None: ...
def _convert(
    reader: DatasetReader, target: Any, settings: dict[str, Any], progress: Progress | None = None, /
) -> dict[str, Any]: ...
def _extension(format: str, /) -> str: ...
def _clipped(
    window: WindowLike, shape: tuple[int, int, int], /
) -> tuple[int, int, int, int]: ...
def _tile_sizes(
    tile_size: int | tuple[int, int], overlap: int | tuple[int, int], /
) -> tuple[tuple[int, int], tuple[int, int]]: ...
def _tile_starts(length: int, size: int, overlap: int, /) -> list[int]: ...
def _expanded(image: ImageAssetProvider, /) -> ImageAssetProvider | None: ...
def _absent_parts(
    image: ImageAssetProvider, window: WindowLike | None, resolution_level: int, /
) -> list[tuple[int, int, int, int]]: ...
