from aws.osml.io import imsave

imsave("a.tif", [[1]], "lzw")  # error: misc
