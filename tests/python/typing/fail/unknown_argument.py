from aws.osml.io import imsave

imsave("a.tif", [[1]], compress="lzw")  # error: call-arg
