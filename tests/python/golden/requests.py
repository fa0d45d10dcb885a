"""All requests: importing the modules fills the catalogue."""

import golden.copies
import golden.foreign_copies
import golden.inputs
import golden.j2k
import golden.nitf
import golden.nitf_fields
import golden.raster
import golden.tiff
import golden.tiff_metadata
from golden.catalogue import REQUESTS

__all__ = ["REQUESTS"]
