"""Enumerations: sample types and asset types."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@enum.unique
class PixelType(enum.Enum):
    """The type of one sample. The value is its NumPy name."""

    UInt8 = "uint8"
    Int8 = "int8"
    UInt16 = "uint16"
    Int16 = "int16"
    UInt32 = "uint32"
    Int32 = "int32"
    UInt64 = "uint64"
    Int64 = "int64"
    Float16 = "float16"
    Float32 = "float32"
    Float64 = "float64"
    Complex64 = "complex64"
    Complex128 = "complex128"

    def to_numpy_dtype(self) -> np.dtype[Any]:
        """The NumPy dtype, in native byte order."""
        import numpy as np

        return np.dtype(self.value)

    def bytes_per_pixel(self) -> int:
        """Bytes of one sample of one band."""
        return self.to_numpy_dtype().itemsize

    @classmethod
    def from_numpy_dtype(cls, dtype: Any) -> PixelType:
        """The pixel type of a dtype, or of anything that `numpy.dtype` accepts, in any byte order.

        Raises `OptionError` (a `ValueError`) for a dtype that is not a pixel type.
        """
        import numpy as np

        name = np.dtype(dtype).name
        try:
            return cls(name)
        except ValueError:
            from ._errors import OptionError

            known = ", ".join(member.value for member in cls)
            raise OptionError(f"dtype: got {name}, expected one of {known}") from None


@enum.unique
class AssetType(enum.Enum):
    """The type of an asset."""

    Image = "image"
    Text = "text"
    Graphics = "graphics"
    Data = "data"


PixelType.__module__ = AssetType.__module__ = "aws.osml.io"
