"""Imagery I/O: reads and writes NITF, GeoTIFF, PNG and JPEG block by block, from arrays, lazy providers and other files.

One-liners: `imsave`, `imread`, `iminfo`, `tiles`, `convert`, `write_rset`. Full control: `IO.open`, which returns a `DatasetWriter` or a
`DatasetReader`, and providers of images and metadata. Arrays are (bands, rows, columns).
"""

# First, because its error in a sub-interpreter is clear. NumPy, which does not work there either, fails with an obscure one.
from ._io import (
    IO,
    AssetProvider,
    BlockEncoder,
    BufferedDataAssetProvider,
    BufferedGraphicAssetProvider,
    BufferedImageAssetProvider,
    BufferedMetadataProvider,
    BufferedTextAssetProvider,
    DataAssetProvider,
    DatasetReader,
    DatasetWriter,
    EncodedBlock,
    GraphicsAssetProvider,
    ImageAssetProvider,
    ImageWriter,
    MetadataProvider,
    TextAssetProvider,
    __version__,
)

from typing import TYPE_CHECKING

from ._enums import AssetType, PixelType
from ._errors import (
    AssetNotFoundError,
    CancelledError,
    ConformanceWarning,
    Error,
    FallbackWarning,
    FileWarning,
    FormatError,
    LimitError,
    MetadataWarning,
    OptionError,
    OsmlWarning,
    OutOfRangeError,
    PaddingWarning,
    PrecisionWarning,
    ProviderError,
    ShapeWarning,
    UnsupportedError,
)
from ._structures import StructureDefinition, StructureRegistry

if TYPE_CHECKING:
    from ._convenience import ImageInfo, Tile, iminfo, imread, imsave, tiles
    from ._convert import ConversionReport, convert
    from ._rset import write_rset
    from ._typing import ImageProvider

# Not in `__all__`: `from aws.osml.io import *` hides no builtin.
open = IO.open

__all__ = [
    "IO",
    "AssetNotFoundError",
    "AssetProvider",
    "AssetType",
    "BlockEncoder",
    "BufferedDataAssetProvider",
    "BufferedGraphicAssetProvider",
    "BufferedImageAssetProvider",
    "BufferedMetadataProvider",
    "BufferedTextAssetProvider",
    "CancelledError",
    "ConversionReport",
    "ConformanceWarning",
    "DataAssetProvider",
    "DatasetReader",
    "DatasetWriter",
    "EncodedBlock",
    "Error",
    "FallbackWarning",
    "FileWarning",
    "FormatError",
    "GraphicsAssetProvider",
    "ImageAssetProvider",
    "ImageInfo",
    "ImageProvider",
    "ImageWriter",
    "LimitError",
    "MetadataProvider",
    "MetadataWarning",
    "OptionError",
    "OsmlWarning",
    "OutOfRangeError",
    "PaddingWarning",
    "PixelType",
    "PrecisionWarning",
    "ProviderError",
    "ShapeWarning",
    "StructureDefinition",
    "StructureRegistry",
    "TextAssetProvider",
    "Tile",
    "UnsupportedError",
    "__version__",
    "convert",
    "iminfo",
    "imread",
    "imsave",
    "tiles",
    "write_rset",
]

_LATE = {
    **dict.fromkeys(("ImageInfo", "Tile", "iminfo", "imread", "imsave", "tiles"), "_convenience"),
    **dict.fromkeys(("ConversionReport", "convert"), "_convert"),
    "write_rset": "_rset",
    "ImageProvider": "_typing",
}
"""Names of modules that import NumPy, which takes longer than the rest of the package. They are imported when a name is used."""


if not TYPE_CHECKING:  # a type checker must report unknown names

    def __getattr__(name: str) -> object:
        if name not in _LATE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f".{_LATE[name]}", __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_LATE})
