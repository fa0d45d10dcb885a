"""TIFF: Cloud Optimized GeoTIFFs, and helpers for metadata."""

from ._cog import write_cog
from .utils import TagNameResolver

__all__ = ["TagNameResolver", "write_cog"]
