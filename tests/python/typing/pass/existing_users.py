"""Names for existing users, masks, profiles and arrays that are sliced."""
import aws.osml.io
import numpy as np
from aws.osml.io import (
    IO,
    AssetProvider,
    AssetType,
    BufferedImageAssetProvider,
    BufferedMetadataProvider,
    StructureDefinition,
    StructureRegistry,
    iminfo,
    imread,
    imsave,
)
from aws.osml.io.jbp.utils import DateTimeAdapter, IGEOLOAdapter, NitfDateTime, SecurityClassification, SecurityClassificationAdapter
from aws.osml.io.tiff.utils import TagNameResolver


class Memory:
    def open(self, path: str, mode: str) -> object:
        raise FileNotFoundError(path)


class Sliced:
    shape = (4, 5)
    dtype = np.dtype("uint8")

    def __getitem__(self, key: tuple[slice, slice]) -> object:
        return key


def existing() -> None:
    with aws.osml.io.open("a.ntf", filesystem=Memory()) as reader:
        copy = BufferedImageAssetProvider.from_provider(reader.get_asset("image:0"), block_width=64)
        place: list[tuple[int, int] | None] = copy.tile_byte_ranges()
        name: str = copy.irep
    with IO.open(["a.ntf", "b.ntf"], "w", roles=[["data"], ["overview:1"]], provider_threads=4) as writer:
        writer.strict_encoding = True
        writer.add_asset("image:0", Sliced(), chunks=(2, 2), provider_threads=2)
        writer.add_asset("text:0", AssetProvider.from_bytes("text:0", b"x", AssetType.Text))
    made: StructureDefinition = StructureRegistry.get("ICHIPB")
    fields = made.decode(made.encode({}, strict=True))
    date: NitfDateTime = DateTimeAdapter.parse("20240101")
    security: SecurityClassification = SecurityClassificationAdapter.extract(BufferedMetadataProvider.from_provider({}), "IS")
    TagNameResolver(fields, {"Mine": 65000}).set("Mine", IGEOLOAdapter.format([(0, 0)] * 4, "G"))
    print(place, name, date, security)


def facts() -> None:
    masked = imread("a.tif", masked=True)
    info = iminfo("a.tif")
    imsave("b.tif", masked, scales=2, units="m", descriptions=[None, "x"], tags={"a": 1}, compress="lzw", tiled=True, blockxsize=64)
    imsave("b.tif", masked, **info.profile)
    scale: float = info.scales[0]
    print(scale)
