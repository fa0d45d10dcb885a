from aws.osml.io import IO, BufferedImageAssetProvider

with IO.open(["a.tif"], "w") as writer:
    writer.add_asset("image:0", BufferedImageAssetProvider.create("k"), roles=3)  # error: arg-type
