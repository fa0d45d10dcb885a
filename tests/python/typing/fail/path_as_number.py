from aws.osml.io import imread

imread(5)  # error: arg-type
