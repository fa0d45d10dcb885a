from aws.osml.io import imread

imread("a.tif", window=(0, 0, 10))  # error: arg-type
