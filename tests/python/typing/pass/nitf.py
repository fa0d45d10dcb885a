"""NITF, as a typed program does it."""
from typing import Any

import numpy as np
import numpy.typing as npt
from aws.osml.io import IO, BufferedMetadataProvider, ImageAssetProvider, MetadataProvider
from aws.osml.io.nitf import (
    RPC,
    Chip,
    ChipMapping,
    ChippedRPC,
    ConvergenceError,
    Fields,
    chip,
    des,
    georeference,
    ichipb,
    register_des,
    register_tre,
    rpc,
    tre,
)


def views(metadata: MetadataProvider) -> list[str]:
    view: Fields = tre(metadata, "ICHIPB", 0)
    value: float = view.SCALE_FACTOR
    names: list[str] = [*view, *des({"DESID": "X", "DESSHF": b""})]
    print(value, view["FI_ROW"], names)
    return register_tre("structure XXXXXX") + register_des("structure XXXXXX")


def models(metadata: dict[str, Any]) -> dict[str, str]:
    model: RPC = rpc(metadata)
    row, col = model.project(1.0, 2, 3.0)
    number: float = row + col
    try:
        lons, lats = model.locate(np.arange(3), [1, 2, 3], 0)
    except ConvergenceError as error:
        print(error.indices.tolist())
        raise
    array: npt.NDArray[np.float64] = lons + lats
    mapping: ChipMapping = ichipb(metadata)
    part: ChippedRPC = model.chipped(mapping)
    alone: RPC = part.to_rpc()
    print(number, array, mapping.to_full(0, 0)[0] + 1, part.project(1, 2, 3), alone.to_tre()["LINE_OFF"])
    fields: dict[str, Any] = model.to_dict()
    return RPC.from_gdal(RPC.from_gdal(fields).to_gdal()).to_gdal()


def chips(image: ImageAssetProvider) -> None:
    metadata = BufferedMetadataProvider(georeference(10, 20, crs="EPSG:4326", transform=(1, 2, 3, 4, 5, 6), precise=True))
    with IO.open("a.ntf", "w") as writer:
        part: Chip = chip(image, (0, 0, 10, 10), level=1, block_size=(16, 16))
        part.metadata.update(metadata)
        writer.add_asset("image:0", part, roles=["data"])
        writer.add_asset("image:1", chip(part, (1, 2, 3, 4)))
        writer.add_asset("image:2", chip(image, (slice(0, 5), slice(0, 5)), block_size=16))
