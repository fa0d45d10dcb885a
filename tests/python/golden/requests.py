"""All requests: importing this module fills the catalogue."""
import golden.copies  # noqa: F401
import golden.inputs  # noqa: F401
import golden.nitf  # noqa: F401
import golden.nitf_fields  # noqa: F401
import golden.raster  # noqa: F401
import golden.tiff  # noqa: F401
import golden.tiff_metadata  # noqa: F401
