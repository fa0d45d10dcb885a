from aws.osml.io import BufferedMetadataProvider

BufferedMetadataProvider()[259] = "Deflate"  # error: index
