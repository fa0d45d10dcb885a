"""Imagery I/O: reads and writes NITF, GeoTIFF, PNG and JPEG block by block, from arrays, lazy providers and other files.

One-liners: `imsave`, `imread`, `iminfo`, `tiles`, `write_rset`. Full control: `IO.open`, which returns a `DatasetWriter` or a
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

from ._convenience import ImageInfo, Tile, iminfo, imread, imsave, tiles
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
from ._rset import write_rset
from ._structures import StructureDefinition, StructureRegistry
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
    "iminfo",
    "imread",
    "imsave",
    "tiles",
    "write_rset",
]
