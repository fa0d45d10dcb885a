"""TIFF, as a typed program does it."""
from aws.osml.io import iminfo, imsave
from aws.osml.io.nitf import RPC, rpc
from aws.osml.io.tiff import GCP, TagNameResolver, gcps, tiepoints


def points_and_models(model: RPC) -> list[float]:
    points: list[GCP] = gcps(iminfo("a.tif").metadata)
    values: list[float] = tiepoints([*points, GCP(0, 0, 1.0, 2.0)], pixel_is_point=True)
    imsave("a.tif", [[1]], statistics=True, metadata={"GeoTiepoints": values, "50844": model.to_tag()})
    found: RPC = rpc(TagNameResolver(iminfo("a.tif").metadata))
    return [*model.to_tag(), found.line_off, points[0].z]
