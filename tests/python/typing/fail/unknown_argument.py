from aws.osml.io import imsave

imsave("a.tif", [[1]], compresion="lzw")  # error: call-arg
