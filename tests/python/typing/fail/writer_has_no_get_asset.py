from aws.osml.io import IO

with IO.open(["a.tif"], "w") as writer:
    writer.get_asset  # error: attr-defined
