from aws.osml.io import PixelType

PixelType.UInt9  # error: attr-defined
