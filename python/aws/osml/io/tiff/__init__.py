"""TIFF: Cloud Optimized GeoTIFFs, ground control points, and helpers for metadata.

Sensor models of TIFF and NITF have the same class: see `rpc` and `RPC` in `aws.osml.io.nitf`.
"""

from ._cog import write_cog
from ._gcps import GCP, gcps, tiepoints
from .utils import TagNameResolver

__all__ = ["GCP", "TagNameResolver", "gcps", "tiepoints", "write_cog"]
