"""Reading, as a typed program does it."""
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from aws.osml.io import IO, AssetType, DatasetReader, ImageAssetProvider, ImageInfo, Tile, imread, iminfo, tiles


def read(path: str | os.PathLike[str], stream: BytesIO) -> npt.NDArray[Any]:
    array = imread(path, window=(0, 0, 10, 10), bands=[0], resolution_level=0, fill_value=0, format=None, threads=2)
    imread(stream, asset="image:0")
    imread(b"a.tif", asset=0, window=(slice(0, 5), slice(None)))
    info: ImageInfo = iminfo(Path("a.tif"), asset=None)
    width: int = info.width
    dtype: str = info.dtype
    metadata: dict[str, Any] = info.metadata
    size: tuple[int, int] = info.block_size
    print(width, dtype, metadata, size)
    for tile in tiles(path, (256, 256), overlap=(8, 8)):
        data: Tile = tile
        x: int = data.x
        print(x, data.data.shape, data.tile_col + data.tile_row)
    return array


def open_it(path: Path) -> int:
    with IO.open([path], "r") as reader:
        typed: DatasetReader = reader
        keys: list[str] = typed.get_asset_keys(asset_type=AssetType.Image, roles=["data"])
        image = typed.get_asset(keys[0])
        assert isinstance(image, ImageAssetProvider)
        block = image.get_block(0, 0, resolution_level=0, bands=[0])
        out = np.zeros(image.shape, np.uint8)
        image.read(window=(0, 0, 5, 5), out=out)
        rows: int = image.num_rows
        print(block.shape, np.asarray(image), image[0, 1:2, 3:4], image[[2, 1, 0]])
        size: int = image.size + image.nbytes
        print(size, image.astype("float32"), image.read((slice(0, 5), slice(0, 5))))
        print(imread(image), imread(typed, asset="image:0"), iminfo(image), list(tiles(image, 256, overlap=8)))
        return rows
