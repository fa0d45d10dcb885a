from aws.osml.io import IO

with IO.open(["a.tif"], "r") as reader:
    reader.add_asset  # error: attr-defined
