"""All requests: importing this module fills the catalogue."""
import golden.raster  # noqa: F401
import golden.tiff  # noqa: F401
import golden.nitf  # noqa: F401
