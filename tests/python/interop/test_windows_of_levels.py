"""Windows of every resolution level, in many threads that share one small cache; GDAL is the judge."""
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import rasterio
from aws.osml.io import IO
from rasterio.enums import Resampling
from rasterio.windows import Window
from testkit.arrays import image

SIDE = 700


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("levels") / "a.tif"
    profile = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": 3, "dtype": "uint8", "compress": "DEFLATE"}
    with rasterio.open(path, "w", tiled=True, blockxsize=128, blockysize=128, interleave="pixel", **profile) as file:
        file.write(image((3, SIDE, SIDE), np.uint8))
    with rasterio.open(path, "r+") as file:
        file.build_overviews([2, 4], Resampling.average)
    return path


@pytest.mark.parametrize("bound", [30_000, 400_000, None])
def test_windows_of_levels_are_those_of_gdal(path, bound):
    levels = []
    for options in ({}, {"overview_level": 0}, {"overview_level": 1}):
        with rasterio.open(path, **options) as file:
            levels.append(file.read())

    def check(seed):
        random = np.random.default_rng(seed)
        for _ in range(60):
            level = int(random.integers(3))
            _, rows, columns = levels[level].shape
            width, height = (int(n) for n in random.integers(1, 170, 2))
            x, y = int(random.integers(0, columns - width)), int(random.integers(0, rows - height))
            bands = [[0, 1, 2], [2], [1, 0]][int(random.integers(3))]
            found = provider.read(window=(x, y, width, height), bands=bands, resolution_level=level)
            assert np.array_equal(found, levels[level][bands, y : y + height, x : x + width]), (level, x, y, width, height)

    with IO.open(path, threads=2, cache_bytes=bound) as reader, ThreadPoolExecutor(4) as pool:
        provider = reader.get_asset("image:0")
        assert provider.num_resolution_levels == 3
        for done in [pool.submit(check, seed) for seed in range(4)]:
            done.result()


def test_a_later_window_sees_what_gdal_sees(path):
    with rasterio.open(path) as file, IO.open(path) as reader:
        for x, y in ((0, 0), (100, 100), (90, 100), (500, 400), (100, 100)):
            found = reader["image:0"].read(window=(x, y, 200, 150))
            assert np.array_equal(found, file.read(window=Window(x, y, 200, 150)))
