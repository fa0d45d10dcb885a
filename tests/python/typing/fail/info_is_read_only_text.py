from aws.osml.io import iminfo

number: int = iminfo("a.tif").dtype  # error: assignment
