from aws.osml.io import convert

convert("a.tif", "b.ntf").images = 2  # error: misc
