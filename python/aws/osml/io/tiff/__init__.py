"""TIFF: helpers for its metadata."""

from .utils import TagNameResolver

__all__ = ["TagNameResolver"]
