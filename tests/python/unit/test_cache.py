"""Decoded blocks that a reader keeps for later windows: right pixels whatever the bound, the order and the threads."""
import io
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from aws.osml.io import IO, OptionError, imsave
from aws.osml.io.nitf import chip
from testkit.arrays import image

SHAPE = (4, 400, 500)
BOUNDS = [0, 1, 40_000, 300_000, None]
GRID = {"block_size": (128, 96)}
KINDS = {f"tif {c}": ("tif", np.uint8, {"compression": c, **GRID}) for c in ("none", "deflate", "lzw")}
KINDS |= {
    "tif float": ("tif", np.float32, {"compression": "deflate", **GRID}),
    "tif strips": ("tif", np.uint16, {"compression": "deflate", "metadata": {"278": 7}}),
    "tif uncompressed strips": ("tif", np.uint16, {"compression": "none", "metadata": {"278": 90}}),
    "tif planes": ("tif", np.uint16, {"compression": "deflate", "metadata": {"284": 2}, **GRID}),
    "ntf packed": ("ntf", np.uint16, {"compression": "NC", "metadata": {"NBPP": 12, "ABPP": 12}, **GRID}),
}
KINDS |= {f"ntf {mode}": ("ntf", np.uint16, {"compression": "NC", "metadata": {"IMODE": mode}, **GRID}) for mode in "BPRS"}


def requests(count):
    """Windows of many sizes and places, whole blocks among them, each with bands."""
    random = np.random.default_rng(count)
    for number in range(count):
        if number % 5 == 0:
            x, y, width, height = 128 * random.integers(3), 96 * random.integers(3), 128, 96
        else:
            width, height = random.integers(1, 260, 2)
            x, y = random.integers(0, SHAPE[2] - width + 1), random.integers(0, SHAPE[1] - height + 1)
        bands = [None, [0], [3, 1], [2, 2, 0]][number % 4]
        yield tuple(map(int, (x, y, width, height))), bands


def check(provider, pixels, count=60):
    for (x, y, width, height), bands in requests(count):
        found = provider.read(window=(x, y, width, height), bands=bands)
        assert np.array_equal(found, pixels[bands if bands else slice(None), y : y + height, x : x + width]), (x, y, width, height, bands)


@pytest.fixture(params=KINDS.values(), ids=KINDS, scope="module")
def saved(request, tmp_path_factory):
    suffix, dtype, options = request.param
    pixels = image(SHAPE, dtype)
    if options.get("metadata", {}).get("NBPP") == 12:
        pixels = pixels >> 4
    path = tmp_path_factory.mktemp("cache") / f"a.{suffix}"
    imsave(path, pixels, **options)
    return path, pixels


@pytest.mark.parametrize("bound", BOUNDS)
def test_windows_are_right_whatever_the_bound(saved, bound):
    path, pixels = saved
    with IO.open(path, cache_bytes=bound) as reader:
        check(reader.get_asset("image:0"), pixels)
        assert np.array_equal(np.asarray(reader.get_asset("image:0")), pixels)


@pytest.mark.parametrize("bound", [40_000, None])
def test_windows_are_right_in_many_threads(saved, bound):
    path, pixels = saved
    with IO.open(path, threads=2, cache_bytes=bound) as reader, ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(check, reader.get_asset("image:0"), pixels, count) for count in range(40, 46)]:
            done.result()


def test_windows_of_streams_are_right(saved):
    path, pixels = saved
    with IO.open(io.BytesIO(path.read_bytes())) as reader:
        check(reader.get_asset("image:0"), pixels)


def test_chips_are_right(saved):
    path, pixels = saved
    with IO.open(path) as reader:
        whole = reader.get_asset("image:0")
        for x, y in ((0, 0), (37, 51), (200, 150)):
            part = chip(whole, (x, y, 250, 180))
            for _ in range(2):
                assert np.array_equal(np.asarray(part), pixels[:, y : y + 180, x : x + 250])
                assert np.array_equal(part.read(window=(3, 4, 100, 90)), pixels[:, y + 4 : y + 94, x + 3 : x + 103])


def test_images_are_usable_after_close_and_when_pickled(saved):
    path, pixels = saved
    reader = IO.open(path, cache_bytes=1 << 20)
    provider = reader.get_asset("image:0")
    check(provider, pixels, 20)
    reader.close()
    check(provider, pixels, 20)
    check(pickle.loads(pickle.dumps(provider)), pixels, 20)


@pytest.mark.parametrize("wrong", [-1, 10**30 * -1])
def test_a_negative_bound_is_an_error(tmp_path, wrong):
    imsave(tmp_path / "a.tif", np.zeros((1, 8, 8), np.uint8))
    with pytest.raises(OptionError, match="cache_bytes: got -.*expected an integer of 0 or more"):
        IO.open(tmp_path / "a.tif", cache_bytes=wrong)


def test_a_damaged_block_is_an_error_each_time(tmp_path):
    path = tmp_path / "a.tif"
    imsave(path, image((1, 256, 256), np.uint8), compression="deflate", block_size=(128, 128))
    content = bytearray(path.read_bytes())
    with IO.open(path) as reader:
        start = reader["image:0"].metadata["324"][0]
    content[start : start + 40] = b"\xff" * 40
    path.write_bytes(content)
    with IO.open(path) as reader:
        provider = reader["image:0"]
        for _ in range(3):
            with pytest.raises(OSError, match="block 0"):
                provider.read(window=(3, 3, 20, 20))
        assert np.array_equal(provider.read(window=(130, 130, 20, 20)), image((1, 256, 256), np.uint8)[:, 130:150, 130:150])
