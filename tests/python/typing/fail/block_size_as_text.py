from aws.osml.io import imsave

imsave("a.tif", [[1]], block_size="256")  # error: arg-type
