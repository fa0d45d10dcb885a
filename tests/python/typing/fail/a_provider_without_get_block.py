from aws.osml.io import IO


class Nothing:
    key = "k"


with IO.open(["a.tif"], "w") as writer:
    writer.add_asset("image:0", Nothing())  # error: arg-type
