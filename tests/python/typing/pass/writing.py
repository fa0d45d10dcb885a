"""Writing, as a typed program does it: arrays, buffered providers and a provider of its own."""
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from aws.osml.io import (IO, BufferedImageAssetProvider, BufferedMetadataProvider, DatasetWriter, Error, OptionError, PixelType,
                         ProviderError, imsave, write_rset)
from aws.osml.io.tiff.utils import TagNameResolver


class Provider:
    def __init__(self) -> None:
        self.key = "k"
        self.title = "t"
        self.description = "d"
        self.num_rows = self.num_columns = 64
        self.num_bands = 1
        self.num_bits_per_pixel = self.actual_bits_per_pixel = 8
        self.pixel_value_type = PixelType.UInt8
        self.num_pixels_per_block_horizontal = self.num_pixels_per_block_vertical = 64
        self.num_resolution_levels = 1
        self.pad_pixel_value = 0

    def get_block(self, block_row: int, block_col: int, resolution_level: int, bands: list[int] | None = None) -> npt.NDArray[Any]:
        return np.zeros((1, 64, 64), np.uint8)


def write(path: Path) -> None:
    data = np.zeros((3, 10, 10), np.uint8)
    imsave(path, data, compression="lzw", block_size=(256, 256), corners=[(0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0)], crs="EPSG:4326")
    imsave(str(path), [[1, 2], [3, 4]], crs=32618, transform=(0.0, 1.0, 0.0, 0.0, 0.0, -1.0), nodata=5, metadata={"305": "x"}, threads=1)
    imsave(BytesIO(), data, format="png")
    imsave(b"a.tif", data, block_size=256, durable=False)
    metadata = BufferedMetadataProvider()
    metadata["259"] = "Deflate"
    entries: dict[str, Any] = metadata.entries("2")
    TagNameResolver(entries)["Compression"] = "LZW"
    provider = BufferedImageAssetProvider.create(key="k", num_columns=10, num_rows=10, num_bands=3, block_width=16, block_height=16,
                                                 pixel_type=PixelType.UInt8, metadata=metadata)
    provider.set_full_image(data)
    provider.set_block(0, 0, data)
    with IO.open([path], "w", "geotiff", threads=2, durable=False, progress=lambda done, total: done < total) as writer:
        typed: DatasetWriter = writer
        typed.metadata = {"a": 1}
        typed.add_asset("image_0", provider, title="t", description="d", roles=["data"])
        typed.add_asset("image_1", Provider(), "t", "d", ["data"])


def write_sets(path: Path) -> list[Path]:
    data = np.zeros((3, 10, 10), np.uint8)
    with IO.open([path, Path("a.tif.r1")], "w", rset=True) as writer:
        writer.add_asset("image:0", Provider())
    write_rset(b"a.ntf", Provider(), levels=2, resampling="nearest", compression="none", progress=lambda done, total: None)
    write_rset([path, "a.tif.r1"], path, nodata=5, threads=1)
    with IO.open(path, rset=True) as reader:
        write_rset("b.tif", reader)
    return write_rset(path, data, 3)


def errors() -> str:
    try:
        write(Path("a.tif"))
    except OptionError as error:
        base: Error = error
        value: ValueError = error
        return str(base) + str(value)
    except ProviderError as error:
        runtime: RuntimeError = error
        return str(runtime)
    return PixelType.UInt8.name + str(PixelType.from_numpy_dtype(np.dtype("uint8")).bytes_per_pixel())
