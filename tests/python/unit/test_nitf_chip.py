"""Chips: the pixels of a window, read on request; and chips in files."""
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider, OptionError, imread, imsave
from aws.osml.io.nitf import RPC, chip, ichipb, rpc, tre
from hypothesis import given, settings
from hypothesis import strategies as st
from testkit.chips import BLOCKA, CENTRES, DATA, Watched, image, text
from testkit.reduced import mean

SOME = settings(deadline=None, max_examples=60)


def blocks(found):
    """All blocks of a chip, assembled."""
    rows = -(-found.num_rows // found.num_pixels_per_block_vertical)
    columns = -(-found.num_columns // found.num_pixels_per_block_horizontal)
    return np.concatenate(
        [np.concatenate([found.get_block(r, c, 0) for c in range(columns)], axis=2) for r in range(rows)], axis=1)


def block_mean(array, scale):
    """Averages, rounded half up, with Python's own integers."""
    rows, columns = (-(-size // scale) for size in array.shape[1:])
    found = np.empty((array.shape[0], rows, columns), array.dtype)
    for at in np.ndindex(found.shape):
        part = array[at[0], at[1] * scale:(at[1] + 1) * scale, at[2] * scale:(at[2] + 1) * scale]
        found[at] = (2 * sum(int(value) for value in part.flat) + part.size) // (2 * part.size)
    return found


# --- pixels

@SOME
@given(st.data())
def test_the_blocks_of_a_chip_are_the_window(data):
    x, y = data.draw(st.integers(-20, 490)), data.draw(st.integers(-20, 290))
    width, height = data.draw(st.integers(25, 600)), data.draw(st.integers(25, 400))
    block = data.draw(st.none() | st.tuples(st.integers(10, 200), st.integers(10, 200)))
    found = chip(image(), (x, y, width, height), block_size=block)
    expected = DATA[:, max(y, 0):y + height, max(x, 0):x + width]
    assert found.shape == expected.shape and np.array_equal(blocks(found), expected)
    assert np.array_equal(np.asarray(found), expected) and np.array_equal(found.read(bands=[2]), expected[2:])
    size = block or (64, 64)
    assert found.num_pixels_per_block_horizontal == min(size[0], found.num_columns)
    assert found.num_pixels_per_block_vertical == min(size[1], found.num_rows)


def test_a_chip_has_what_an_image_has():
    found = chip(image(actual_bits_per_pixel=12), (10, 20, 100, 50))
    assert (found.key, found.title, found.description) == ("image:0", "a title", "a description")
    assert (found.num_rows, found.num_columns, found.num_bands) == (50, 100, 3)
    assert (found.num_bits_per_pixel, found.actual_bits_per_pixel) == (16, 12)
    assert found.pixel_value_type.name == "UInt16" and found.num_resolution_levels == 1 and found.pad_pixel_value == 0
    assert found.dtype == np.uint16 and found.get_block(0, 1, 0, bands=[1]).shape == (1, 50, 36)
    assert "shape=(3, 50, 100)" in repr(found)


def test_only_the_window_of_a_block_is_read():
    source = Watched(image())
    found = chip(source, (100, 100, 130, 130))
    assert source.windows == []
    found.get_block(1, 2, 0)
    assert source.windows == [((228, 164, 2, 64), 0)]
    source.windows.clear()
    chip(source, (50, 25, 65, 65), level=2).get_block(0, 0, 0)
    assert source.windows == [((200, 100, 256, 200), 0)]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "int32", "int64", "uint64"])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_averages_are_rounded_half_up(dtype, level):
    limits = np.iinfo(dtype)
    array = np.random.default_rng(1).integers(limits.min, limits.max, (2, 41, 30), dtype, endpoint=True)
    array[0, :8, :8], array[1, :8, :8] = limits.max, limits.min
    expected = block_mean(array, 2**level)
    source = image(array, metadata={})
    found = chip(source, (0, 0, 1000, 1000), level=level)
    assert found.dtype == dtype and np.array_equal(np.asarray(found), expected)
    part = chip(source, (1, 2, 2, 3), level=level)
    assert np.array_equal(blocks(part), expected[:, 2:5, 1:3])


def test_averages_of_real_and_complex_numbers():
    for dtype in ("float32", "complex64"):
        array = np.arange(12).reshape(1, 3, 4).astype(dtype)
        found = np.asarray(chip(image(array, metadata={}), (0, 0, 4, 3), level=1))
        assert found.dtype == dtype and found.tolist() == [[[2.5, 4.5], [8.5, 10.5]]]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128", "uint8", "int32", "uint64"])
@pytest.mark.parametrize("level", [1, 2, 4, 8])
@pytest.mark.parametrize("nodata", [None, 0])
def test_averages_are_those_of_numpy(dtype, level, nodata):
    """A slow reference, equal to the last bit. This includes real numbers, whose sums depend on their order."""
    generator = np.random.default_rng(level)
    array = np.abs(generator.standard_normal((2, 530, 600)) * 100).astype(dtype)
    array[generator.random(array.shape) < 0.3] = 0
    found = np.asarray(chip(Watched(image(array, metadata={}), nodata=nodata), (0, 0, 512, 512), level=level))
    whole = (slice(None), slice(0, 512 >> level), slice(0, 512 >> level))
    expected = mean(array, 2**level, nodata)
    if nodata is None or np.dtype(dtype).kind != "c":
        assert np.array_equal(found[whole], expected[whole])
    np.testing.assert_allclose(found, expected, rtol=2e-3 if dtype == "float16" else 1e-5, atol=1e-5)


def test_averages_are_of_what_is_data():
    def halved(array, nodata=None):
        return np.asarray(chip(Watched(image(array, metadata={}), nodata=nodata), (0, 0, 4, 2), level=1))

    array = np.array([[[0, 4, 0, 0], [6, 8, 0, 0]]], np.uint8)
    assert halved(array, 0).tolist() == [[[6, 0]]] and halved(array).tolist() == [[[5, 0]]]
    real = np.array([[[np.nan, 4, np.nan, np.nan], [6, 8, np.nan, np.nan]]], np.float32)
    np.testing.assert_array_equal(halved(real, np.nan), [[[6, np.nan]]])
    assert np.asarray(chip(Watched(image(array, metadata={}), nodata=0), (0, 0, 4, 2), level=1)).tolist() == [[[6, 0]]]


def test_a_colour_table_has_no_averages():
    array = np.tile(np.array([[0, 9], [200, 7]], np.uint8), (1, 40, 50))
    bands = [{"IREPBAND": "LU", "NLUTS": "3", "NELUT": "00256"}]
    found = np.asarray(chip(image(array, metadata={"BAND_INFO": bands}), (0, 0, 50, 40), level=1))
    assert set(found.flat) == {7}


def test_large_reductions_are_read_in_parts():
    array = np.random.default_rng(2).integers(0, 255, (1, 5000, 6000)).astype(np.uint8)
    source = Watched(image(array, metadata={}))
    found = chip(source, (0, 0, 100, 100), level=6, block_size=(100, 100)).get_block(0, 0, 0)
    assert len(source.windows) > 1 and max(w[2] * w[3] for w, _ in source.windows) <= 1 << 24
    assert np.array_equal(found, mean(array, 64))


def test_a_level_the_image_has_is_used(tmp_path):
    half = np.ascontiguousarray(DATA[:, ::2, ::2])
    with IO.open(tmp_path / "a.tif", "w") as writer:
        writer.add_asset("image:0", image(metadata={}), roles=["data"])
        writer.add_asset("image:0:overview:1", image(half, metadata={}), roles=["overview"])
    with IO.open(tmp_path / "a.tif") as reader:
        source = reader.get_asset("image:0")
        if source.num_resolution_levels == 1:
            pytest.skip("overviews are images of their own")
        found = chip(source, (10, 20, 90, 70), level=1)
        assert np.array_equal(blocks(found), half[:, 20:90, 10:100])
        assert found.has_block(0, 0) and ichipb(found.metadata).to_full(0, 0) == (40.5, 20.5)


def test_absent_blocks_stay_absent():
    source = BufferedImageAssetProvider.create("image:0", 256, 256, 1, block_width=64, block_height=64)
    source.set_block(1, 2, np.full((1, 64, 64), 7, np.uint8))
    found = chip(source, (96, 32, 128, 128), block_size=(32, 32))
    present = [(r, c) for r in range(4) for c in range(4) if found.has_block(r, c)]
    assert present == [(r, c) for r in (1, 2) for c in (1, 2)]
    assert (found.get_block(1, 1) == 7).all() and (found.get_block(0, 0) == 0).all()
    reduced = chip(source, (0, 0, 64, 64), level=2, block_size=(16, 16))
    assert [(r, c) for r in range(4) for c in range(4) if reduced.has_block(r, c)] == [(1, 2)]
    assert chip(Watched(image(), has_block=None), (0, 0, 9, 9)).has_block(0, 0)


@pytest.mark.parametrize("call, message", [
    (lambda: chip(image(), (500, 0, 10, 10)), "window out of range: got .*, expected one that overlaps"),
    (lambda: chip(image(), (0, 0, 10)), r"window: got \(0, 0, 10\), expected"),
    (lambda: chip(image(), (0, 0, 10, 10), level=-1), "level out of range: got -1"),
    (lambda: chip(image(), (0, 0, 10, 10), level=1.5), "level out of range: got 1.5"),
    (lambda: chip(image(), (260, 0, 10, 10), level=1), "window out of range: got .*, expected one that overlaps"),
    (lambda: chip(image(), (0, 0, 10, 10), block_size=(0, 5)), "block_size"),
    (lambda: chip(image(), (0, 0, 10, 10), block_size="5"), "block_size"),
    (lambda: chip(image(), (0, 0, 10, 10), block_size=(8193, 5)), "block_size"),
    (lambda: chip(image(), (0, 0, 10, 10)).get_block(0, 1), r"block index out of range: got \(0, 1\)"),
    (lambda: chip(image(), (0, 0, 10, 10)).get_block(-1, 0), r"block index out of range: got \(-1, 0\)"),
    (lambda: chip(image(), (0, 0, 10, 10)).get_block(0, 0, 1), "resolution level out of range: got 1"),
    (lambda: chip(image(), (0, 0, 10, 10)).read((0, 0, 11, 10)), "window"),
])
def test_an_illegal_argument_is_an_error(call, message):
    with pytest.raises(OptionError, match=message):
        call()


def test_a_chip_is_written_block_by_block(tmp_path):
    source = Watched(image())
    with IO.open(tmp_path / "a.tif", "w") as writer, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = chip(source, (33, 44, 200, 150))
        found.metadata.clear()
        writer.add_asset("image:0", found)
    assert np.array_equal(imread(tmp_path / "a.tif"), DATA[:, 44:194, 33:233])
    assert max(w[2] * w[3] for w, _ in source.windows) <= 64 * 64


# --- files

RPC_MODEL = RPC(
    150, 250, 49.9, 10.2, 100, 150, 250, 0.2, 0.3, 500, (0, 0.1, -1, 0.01) + (0,) * 16, (1,) + (0,) * 19,
    (0, 1, 0.1, -0.02) + (0,) * 16, (1, 0.001) + (0,) * 18)


@pytest.fixture
def ntf(tmp_path):
    metadata = BufferedMetadataProvider({
        "IC": "NC", "IMODE": "B", "NPPBH": 64, "NPPBV": 64, "ICORDS": "D", "IGEOLO": text(CENTRES, "D"), "TGTID": "TARGET",
        "BLOCKA": BLOCKA, "RPC00B": RPC_MODEL.to_tre(), "ICOM": ["first", "second"]})
    for number in range(3):
        metadata.append("ZZTEST", b"bytes %d" % number)
    with IO.open(tmp_path / "a.ntf", "w") as writer:
        writer.metadata = {"FTITLE": "a file", "OSTAID": "STATION"}
        writer.add_asset("image:0", image(metadata=metadata), roles=["data"])
    return tmp_path / "a.ntf"


def write_chip(source, target, *arguments, **options):
    with IO.open(source) as reader, IO.open(target, "w") as writer:
        writer.metadata = BufferedMetadataProvider(reader.metadata)
        writer.add_asset("image:0", chip(reader.get_asset("image:0"), *arguments, **options), roles=["data"])
    return target


def test_a_chip_in_a_file(ntf, tmp_path):
    target = write_chip(ntf, tmp_path / "b.ntf", (100, 120, 210, 130))
    assert np.array_equal(imread(target), DATA[:, 120:250, 100:310])
    with IO.open(ntf) as before, IO.open(target) as after:
        old, new = before.get_asset("image:0"), after.get_asset("image:0")
        assert after.metadata["FTITLE"] == before.metadata["FTITLE"] and after.metadata["OSTAID"].strip() == "STATION"
        assert new.metadata.get_all("ZZTEST") == old.metadata.get_all("ZZTEST") == [b"bytes 0", b"bytes 1", b"bytes 2"]
        assert new.metadata["RPC00B"] == old.metadata["RPC00B"] and new.metadata["ICOM"] == old.metadata["ICOM"]
        assert new.metadata["TGTID"] == old.metadata["TGTID"] and new.metadata["ICORDS"] == "D"
        assert (new.num_columns, new.num_rows, new.num_pixels_per_block_horizontal) == (210, 130, 64)
        assert tre(new.metadata, "BLOCKA").L_LINES == 130
        mapping = ichipb(new.metadata)
        assert mapping.to_full(0, 0) == (120.0, 100.0) and (mapping.full_rows, mapping.full_columns) == (300, 500)
        # A point on the ground is at the same pixel in both.
        lon, lat = rpc(old.metadata).locate(200, 150, 80)
        assert rpc(new.metadata).project(lon, lat, 80) == pytest.approx((200, 150), abs=1e-6)
        assert rpc(new.metadata).chipped(mapping).project(lon, lat, 80) == pytest.approx((80, 50), abs=1e-6)


def test_chips_of_chips_in_files(ntf, tmp_path):
    first = write_chip(ntf, tmp_path / "b.ntf", (100, 120, 210, 130))
    second = write_chip(first, tmp_path / "c.ntf", (10, 20, 100, 90))
    third = write_chip(second, tmp_path / "d.ntf", (5, 5, 40, 30), level=1, block_size=(16, 16))
    assert np.array_equal(imread(second), DATA[:, 140:230, 110:210])
    assert np.array_equal(imread(third), block_mean(DATA[:, 150:210, 120:200], 2))
    with IO.open(third) as reader:
        metadata = reader.get_asset("image:0").metadata
        mapping = ichipb(metadata)
        assert mapping.scale_factor == 2 and (mapping.full_rows, mapping.full_columns) == (300, 500)
        assert mapping.to_full(0, 0) == (150.5, 120.5) and mapping.to_full(29, 39) == (208.5, 198.5)
        assert metadata["IMAG"] == "/2  " and metadata["NPPBH"] == "0016"
        assert len(metadata.get_all("ICHIPB")) == 1


def test_a_masked_chip_in_a_file(tmp_path):
    source = BufferedImageAssetProvider.create("image:0", 256, 256, 1, block_width=64, block_height=64, metadata={"IC": "NM"})
    source.set_block(1, 2, np.full((1, 64, 64), 7, np.uint8))
    with IO.open(tmp_path / "a.ntf", "w") as writer:
        writer.add_asset("image:0", source, roles=["data"])
    target = write_chip(tmp_path / "a.ntf", tmp_path / "b.ntf", (64, 64, 192, 192))
    with IO.open(target) as reader:
        found = reader.get_asset("image:0")
        assert [(r, c) for r in range(3) for c in range(3) if found.has_block(r, c)] == [(0, 1)]
    assert imread(target).sum() == 7 * 64 * 64


def test_gdal_places_a_chip_where_the_image_had_it(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    place = {"crs": 32618, "transform": (300000.0, 10.0, 0.0, 4500000.0, 0.0, -10.0)}
    imsave(tmp_path / "a.ntf", DATA, compression="NC", **place)
    target = write_chip(tmp_path / "a.ntf", tmp_path / "b.ntf", (100, 50, 200, 150))
    with rasterio.open(target) as dataset:
        assert dataset.crs.to_epsg() == 32618
        assert dataset.transform.to_gdal() == pytest.approx((301000.0, 10.0, 0.0, 4499500.0, 0.0, -10.0), abs=0.02)
        assert np.array_equal(dataset.read(), DATA[:, 50:200, 100:300])


def test_gdal_reads_the_model(ntf):
    rasterio = pytest.importorskip("rasterio")
    with rasterio.open(ntf) as dataset:
        found, expected = RPC.from_gdal(dataset.rpcs), rpc({"RPC00B": RPC_MODEL.to_tre()})
    # GDAL leaves out errors that are zero.
    assert replace(found, err_bias=None, err_rand=None) == replace(expected, err_bias=None, err_rand=None)


def test_jbpy_reads_the_chip(ntf, tmp_path):
    jbpy = pytest.importorskip("jbpy")
    target = write_chip(ntf, tmp_path / "b.ntf", (100, 120, 210, 130), level=0)
    with open(target, "rb") as file:
        parsed = jbpy.Jbp()
        parsed.load(file)
    subheader = parsed["ImageSegments"][0]["subheader"]
    tres = {t["CETAG"].value: t for area in ("UDID", "IXSHD") if area in subheader for t in subheader[area]
            if "CETAG" in t}
    assert tres["ICHIPB"]["FI_COL_11"].value == 100.5 and tres["ICHIPB"]["FI_ROW"].value == 300


def test_a_chip_can_be_pickled_and_is_read_by_threads(ntf):
    with IO.open(ntf) as reader:
        found = chip(reader.get_asset("image:0"), (10, 20, 300, 200), level=1, block_size=(50, 40))
        again = pickle.loads(pickle.dumps(found))
        assert np.array_equal(np.asarray(again), np.asarray(found)) and again.metadata == found.metadata
        windows = [(x, y, 30, 20) for x in range(0, 240, 30) for y in range(0, 120, 20)]
        with ThreadPoolExecutor(4) as threads:
            parts = list(threads.map(found.read, windows))
        whole = np.asarray(found)
        assert all(np.array_equal(part, whole[:, y:y + h, x:x + w]) for part, (x, y, w, h) in zip(parts, windows))
