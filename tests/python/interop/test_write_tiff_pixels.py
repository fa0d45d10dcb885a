"""tifffile and GDAL read every TIFF that we write bit for bit: dtype × bands × compression × interleaving × tiles or strips."""
import itertools

import numpy as np
import pytest
import rasterio
from aws.osml.io import imread, imsave
from testkit.arrays import COMPLEX, DTYPES, FLOATS, assert_same, image
from testkit.readers import gdal_pixels, pillow_pixels, tiff_tags, tifffile_pixels

CODES = {"none": 1, "lzw": 5, "deflate": 8, "packbits": 32773, "zstd": 50000, "lzma": 34925}
BANDS = (1, 2, 3, 4, 5, 8)
LAYOUTS = {"tiles": {"322": 64, "323": 32}, "strips": {"278": 7}}
SIZES = [(1, 1), (1, 257), (257, 1), (255, 256), (256, 257), (257, 255), (16, 16), (64, 32)]
PREDICTORS = {"deflate", "lzw", "zstd", "lzma"}


def predictors(dtype, compression):
    if compression not in PREDICTORS or dtype in COMPLEX:
        return (1,)
    return (1, 3) if dtype in FLOATS else (1, 2)


def check(path, data):
    """tifffile, GDAL and we ourselves see exactly `data`."""
    assert_same(tifffile_pixels(path), data, "tifffile")
    expected = data.astype(np.float32) if data.dtype == np.float16 else data  # GDAL has no 16-bit float type
    assert_same(gdal_pixels(path), expected, "GDAL")
    assert_same(imread(path), data, "our reader")


MATRIX = [pytest.param(dtype, bands, compression, planar, layout, id=f"{dtype}-{bands}-{compression}-{'sep' if planar == 2 else 'pix'}-{layout}")
          for dtype, bands, compression, planar, layout in itertools.product(DTYPES, BANDS, CODES, (1, 2), LAYOUTS)
          # one interleaving is enough for one band; the byte-wise codecs need not see every type in every layout
          if not (bands == 1 and planar == 2) and not (compression in ("none", "packbits") and bands in (2, 5))]


@pytest.mark.parametrize("dtype,bands,compression,planar,layout", MATRIX)
def test_pixels_survive(tmp_path, dtype, bands, compression, planar, layout):
    data = image((bands, 45, 77), dtype)
    path = tmp_path / "a.tif"
    for predictor in predictors(dtype, compression):
        imsave(path, data, compression=compression, metadata={"284": planar, "317": predictor, **LAYOUTS[layout]})
        check(path, data)
        tags = tiff_tags(path)
        assert tags[259] == CODES[compression]
        assert tags.get(317, 1) == predictor
        assert tags.get(284, 1) == planar
        assert (322 in tags) == (layout == "tiles")


@pytest.mark.parametrize("rows,cols", SIZES)
@pytest.mark.parametrize("compression", CODES)
@pytest.mark.parametrize("dtype,bands", [("uint8", 3), ("uint16", 1), ("float32", 2), ("int64", 1)])
def test_odd_sizes_survive(tmp_path, rows, cols, compression, dtype, bands):
    data = image((bands, rows, cols), dtype)
    for metadata in ({}, {"278": 5}, {"284": 2, "322": 16, "323": 16}):
        imsave(tmp_path / "a.tif", data, compression=compression, metadata=metadata)
        check(tmp_path / "a.tif", data)


@pytest.mark.parametrize("kind", ["constant", "random", "runs", "zeros", "ramp"])
@pytest.mark.parametrize("compression", CODES)
def test_hard_and_easy_content_survives(tmp_path, kind, compression):
    rng = np.random.default_rng(5)
    shape = (1, 300, 400)
    data = {"constant": lambda: np.full(shape, 200), "zeros": lambda: np.zeros(shape), "random": lambda: rng.integers(0, 256, shape),
            "runs": lambda: np.repeat(rng.integers(0, 4, (1, 300, 20)), 20, axis=2),
            "ramp": lambda: np.arange(120000).reshape(shape)}[kind]().astype(np.uint8)
    for predictor in predictors("uint8", compression):
        imsave(tmp_path / "a.tif", data, compression=compression, metadata={"317": predictor})
        check(tmp_path / "a.tif", data)


@pytest.mark.parametrize("dtype", FLOATS)
def test_special_floats_survive_to_the_bit(tmp_path, dtype):
    data = image((1, 32, 32), dtype)
    data[0, 1, :6] = [np.nan, np.inf, -np.inf, -0.0, np.finfo(dtype).smallest_subnormal, -np.nan]
    for predictor in (1, 3):
        imsave(tmp_path / "a.tif", data, metadata={"317": predictor})
        assert_same(tifffile_pixels(tmp_path / "a.tif"), data)
        assert_same(imread(tmp_path / "a.tif"), data)


@pytest.mark.parametrize("dtype,bands", [("uint8", 1), ("uint8", 3), ("uint8", 4), ("uint16", 1), ("int32", 1), ("float32", 1)])
@pytest.mark.parametrize("compression", ["none", "lzw", "deflate", "packbits"])
def test_pillow_reads_what_it_can(tmp_path, dtype, bands, compression):
    data = image((bands, 45, 77), dtype)
    imsave(tmp_path / "a.tif", data, compression=compression)
    assert_same(pillow_pixels(tmp_path / "a.tif"), data)


@pytest.mark.parametrize("compression,codec", [("deflate", "zlib"), ("lzw", "lzw"), ("zstd", "zstd"), ("packbits", "packbits")])
def test_each_tile_is_a_complete_stream_of_its_codec(tmp_path, compression, codec):
    import imagecodecs

    data = image((1, 100, 130), np.uint8)
    path = tmp_path / "a.tif"
    imsave(path, data, compression=compression, block_size=(64, 64), metadata={"317": 1})
    tags, content = tiff_tags(path), path.read_bytes()
    decode = getattr(imagecodecs, f"{codec}_decode")
    assert len(tags[324]) == 6
    for index, (offset, count) in enumerate(zip(tags[324], tags[325])):
        tile = np.frombuffer(decode(content[offset:offset + count]), np.uint8)
        assert tile.size == 64 * 64, "edge tiles are stored full size"
        row, col = divmod(index, 3)
        expected = data[0, row * 64:(row + 1) * 64, col * 64:(col + 1) * 64]
        assert (tile.reshape(64, 64)[: expected.shape[0], : expected.shape[1]] == expected).all()


def test_lzw_streams_start_with_clear_and_end_with_eoi(tmp_path):
    path = tmp_path / "a.tif"
    imsave(path, np.array([[7, 7, 7, 8, 8, 7, 7, 6, 6]], np.uint8), compression="lzw", metadata={"317": 1, "278": 1})
    tags = tiff_tags(path)
    stream = path.read_bytes()[tags[273][0]:][: tags[279][0]]
    assert stream == bytes.fromhex("8001E040804408 0C068080"), "the worked example of TIFF 6.0, section 13"


def test_the_last_strip_is_short(tmp_path):
    path = tmp_path / "a.tif"
    imsave(path, np.zeros((1, 10, 20), np.uint8), compression="none", metadata={"278": 4})
    assert tiff_tags(path)[279] == (80, 80, 40)


def test_gdal_sees_the_blocks_interleaving_and_compression(tmp_path, rgb):
    for planar, name in ((1, "pixel"), (2, "band")):
        imsave(tmp_path / "a.tif", rgb, compression="lzw", block_size=(64, 128), metadata={"284": planar})
        with rasterio.open(tmp_path / "a.tif") as src:
            assert src.block_shapes == [(128, 64)] * 3
            assert src.interleaving.value.lower() == name
            assert src.compression.value.lower() == "lzw"
            assert src.tags(ns="IMAGE_STRUCTURE").get("PREDICTOR") == "2"


def test_files_of_one_ifd_have_ascending_tags_on_even_offsets(tmp_path, rgb):
    import struct

    path = tmp_path / "a.tif"
    imsave(path, rgb, transform=(1.0, 2.0, 0.0, 3.0, 0.0, -2.0), crs=32618, nodata=5, metadata={"305": "odd", "65000": [1, 2, 3]})
    content = path.read_bytes()
    assert content[:4] == b"II*\0"
    (offset,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, offset)
    entries = [struct.unpack_from("<HHII", content, offset + 2 + 12 * i) for i in range(count)]
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
    assert offset % 2 == 0
    assert [e[0] for e in entries] == sorted({e[0] for e in entries})
    for tag, kind, length, value in entries:
        if sizes[kind] * length > 4:
            assert value % 2 == 0, f"value of tag {tag}"
            assert value + sizes[kind] * length <= len(content)
    assert struct.unpack_from("<I", content, offset + 2 + 12 * count) == (0,)
