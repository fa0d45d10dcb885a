"""The one-line functions under the name that existing programs use; `aws.osml.io` has them as well."""

from ._convenience import ImageInfo, Tile, iminfo, imread, imsave, tiles

__all__ = ["ImageInfo", "Tile", "iminfo", "imread", "imsave", "tiles"]
