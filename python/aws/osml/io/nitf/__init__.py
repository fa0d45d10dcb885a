"""NITF: typed views of TREs and DES, sensor models, georeferences, and chips that keep all metadata.

Rows and columns count from 0, with pixel centres at whole numbers, as in RPC00B. `transform` and `corners` refer to pixel
edges, as in the rest of this package. Angles are degrees on WGS 84, in the order longitude, latitude; heights are metres
above the ellipsoid.
"""

from .._io import Chip
from ._chip import chip
from ._georeference import georeference
from ._mapping import ChipMapping, ichipb
from ._rpc import RPC, ChippedRPC, ConvergenceError, rpc
from ._views import Fields, FieldNotFoundError, des, register_des, register_tre, tre

__all__ = [
    "RPC",
    "Chip",
    "ChipMapping",
    "ChippedRPC",
    "ConvergenceError",
    "FieldNotFoundError",
    "Fields",
    "chip",
    "des",
    "georeference",
    "ichipb",
    "register_des",
    "register_tre",
    "rpc",
    "tre",
]
