"""JPEG 2000 files that other software writes are read here, whole, in windows and at every resolution."""
import io
import itertools
import struct
import warnings

import imagecodecs
import numpy as np
import pytest
import rasterio
from aws.osml.io import IO, FormatError, imread, iminfo
from rasterio.errors import RasterioIOError
from testkit import nitf_forge

JP2_START = b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0\0\0\x14ftypjp2 \0\0\0\0jp2 "
LOSSLESS = {"REVERSIBLE": "YES", "QUALITY": "100"}


def scene(bands, rows, columns, dtype, seed=0):
    """Smooth pixels with some noise, which use most of the range of the type."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :columns]
    limits = np.iinfo(dtype)
    waves = [np.sin(x / (9 + band)) * np.cos(y / (14 - band % 5)) + rng.normal(0, 0.05, (rows, columns)) for band in range(bands)]
    middle, half = (limits.max + limits.min) / 2, (limits.max - limits.min) / 2
    return (np.stack(waves) * half * 0.7 + middle).clip(limits.min, limits.max).astype(dtype)


def write(path, pixels, **options):
    """Writes with GDAL."""
    bands, rows, columns = pixels.shape
    profile = {"driver": "JP2OpenJPEG", "count": bands, "height": rows, "width": columns, "dtype": pixels.dtype, "tiled": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path, "w", **profile, **{**LOSSLESS, **options}) as file:
            file.write(pixels)
    return path


def gdal(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path, **options) as file:
            return file.read()


ARRANGEMENTS = [
    {"BLOCKXSIZE": 64, "BLOCKYSIZE": 64},
    {"BLOCKXSIZE": 100, "BLOCKYSIZE": 70, "PROGRESSION": "RLCP", "TLM": "YES"},
    {"BLOCKXSIZE": 128, "BLOCKYSIZE": 256, "PROGRESSION": "RPCL", "TILEPARTS": "RESOLUTIONS", "TLM": "YES"},
    {"BLOCKXSIZE": 96, "BLOCKYSIZE": 96, "PROGRESSION": "PCRL", "PRECINCTS": "{64,64},{32,32}", "PLT": "YES"},
    {"BLOCKXSIZE": 128, "BLOCKYSIZE": 128, "PROGRESSION": "CPRL", "TILEPARTS": "COMPONENTS", "SOP": "YES", "EPH": "YES"},
    {"BLOCKXSIZE": 512, "BLOCKYSIZE": 512, "PROGRESSION": "LRCP", "TILEPARTS": "LAYERS", "QUALITY": "20,50,100"},
    {"BLOCKXSIZE": 128, "BLOCKYSIZE": 128, "CODEBLOCK_STYLE": "63", "RESOLUTIONS": "3"},
    {"BLOCKXSIZE": 128, "BLOCKYSIZE": 128, "YCC": "NO", "CODEBLOCK_WIDTH": "16", "CODEBLOCK_HEIGHT": "64"},
]


@pytest.mark.parametrize("options", ARRANGEMENTS, ids=lambda options: options.get("PROGRESSION", "") + str(options["BLOCKXSIZE"]))
@pytest.mark.parametrize("bands, dtype", [(1, "uint16"), (3, "uint8"), (4, "int16")])
def test_arrangements_of_tiles_and_packets(tmp_path, options, bands, dtype):
    pixels = scene(bands, 300, 350, dtype)
    path = write(tmp_path / "file.jp2", pixels, **options)
    assert np.array_equal(imread(path), pixels)
    with IO.open(path) as file:
        image = file.get_asset("image:0")
        assert image.block_shape[1:] == (min(300, options["BLOCKYSIZE"]), min(350, options["BLOCKXSIZE"]))
        for x, y, w, h in [(0, 0, 1, 1), (90, 60, 130, 75), (349, 299, 1, 1), (200, 0, 150, 300)]:
            assert np.array_equal(image.read(window=(x, y, w, h)), pixels[:, y : y + h, x : x + w])
        last = bands - 1
        assert np.array_equal(image.read(bands=[last, 0]), pixels[[last, 0]])
        for level in range(1, image.num_resolution_levels):
            found = image.read(resolution_level=level)
            try:
                assert np.array_equal(found, gdal(path, OVERVIEW_LEVEL=level - 1))
            except RasterioIOError:  # GDAL shows no levels that are smaller than a tile
                pass
            rows, columns = found.shape[1:]
            part = (columns // 3, rows // 4, columns - columns // 3, rows - rows // 4)
            assert np.array_equal(image.read(window=part, resolution_level=level), found[:, part[1] :, part[0] :])


def test_a_large_tile_is_decoded_in_parts(tmp_path):
    pixels = scene(1, 2300, 2500, "uint16")
    path = write(tmp_path / "file.j2k", pixels, BLOCKXSIZE=4096, BLOCKYSIZE=4096, CODEC="J2K")
    with IO.open(path) as file:
        image = file.get_asset("image:0")
        assert image.block_shape == (1, 1024, 1024)
        assert np.array_equal(image.read(threads=2), pixels)
        assert np.array_equal(image.read(window=(1000, 1000, 60, 1300)), pixels[:, 1000:2300, 1000:1060])
        assert np.array_equal(image.get_block(2, 2), pixels[:, 2048:, 2048:])
        assert np.array_equal(image.read(resolution_level=2), gdal(path, OVERVIEW_LEVEL=1))


@pytest.mark.parametrize("bits, is_signed", list(itertools.product([1, 5, 8, 11, 16, 24, 31], [False, True])))
def test_bits_and_signs(tmp_path, bits, is_signed):
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if is_signed else (0, (1 << bits) - 1)
    rng = np.random.default_rng(bits)
    size = 1 if bits <= 8 else 2 if bits <= 16 else 4
    pixels = rng.integers(low, high + 1, (40, 50)).astype(f"{'i' if is_signed else 'u'}{size}")
    try:
        data = imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="j2k", reversible=True, bitspersample=bits)
    except Exception as error:  # the encoder does not take every depth
        pytest.skip(str(error))
    path = tmp_path / "file.j2k"
    path.write_bytes(data)
    found = imread(path)
    assert (found.dtype, found.shape) == (pixels.dtype, (1, 40, 50)) or found.shape == (40, 50)
    assert np.array_equal(found.reshape(40, 50), imagecodecs.jpeg2k_decode(data))


def test_high_throughput_code_blocks(tmp_path):
    pixels = scene(3, 200, 300, "uint8")
    path = tmp_path / "file.jhc"
    path.write_bytes(imagecodecs.htj2k_encode(np.ascontiguousarray(pixels.transpose(1, 2, 0)), reversible=True))
    assert np.array_equal(imread(path), pixels)
    assert iminfo(path).compression == "htj2k"


def openjph_stream(path, pixels, **options):
    """Writes pixels, bands first, with OpenJPH."""
    last = np.ascontiguousarray(pixels.transpose(1, 2, 0)) if len(pixels) > 1 else pixels[0]
    path.write_bytes(imagecodecs.htj2k_encode(last, **options))
    return path


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("tile, resolutions", [(None, None), ((64, 48), 3), ((100, 130), 0), ((1, 300), 2), ((33, 1), 7)])
def test_openjph_files_are_lossless(tmp_path, dtype, bands, tile, resolutions):
    # OpenJPH takes signed samples of one band alone.
    pixels = scene(bands, 150, 210, dtype)
    path = openjph_stream(tmp_path / "file.jhc", pixels, reversible=True, tile=tile, resolutions=resolutions)
    assert np.array_equal(imread(path), pixels)
    assert np.array_equal(imread(path, window=(70, 31, 90, 60)), pixels[:, 31:91, 70:160])


@pytest.mark.parametrize("kind", ["zero", "largest", "noise", "sparse"])
def test_extreme_openjph_files_are_lossless(tmp_path, kind):
    rng = np.random.default_rng(8)
    pixels = np.zeros((1, 140, 130), "uint16")
    if kind == "noise":
        pixels = rng.integers(0, 65536, pixels.shape, "uint16")
    elif kind == "sparse":
        pixels[rng.random(pixels.shape) < 0.01] = 40000
    elif kind == "largest":
        pixels[:] = 65535
    assert np.array_equal(imread(openjph_stream(tmp_path / "file.jhc", pixels, reversible=True)), pixels)


@pytest.mark.parametrize("dtype, bound", [("uint8", 1), ("uint16", 4)])
@pytest.mark.parametrize("bands", [1, 3])
def test_lossy_openjph_files_are_what_openjpeg_decodes(tmp_path, dtype, bound, bands):
    pixels = scene(bands, 200, 170, dtype)
    path = openjph_stream(tmp_path / "file.jhc", pixels, reversible=False, level=0.003)
    expected = imagecodecs.jpeg2k_decode(path.read_bytes()).reshape(200, 170, bands).transpose(2, 0, 1)
    whole = imread(path)
    assert np.abs(whole.astype(int) - expected).max() <= bound
    assert not np.array_equal(whole, pixels)
    for level in (0, 1, 3):
        whole = imread(path, resolution_level=level)
        height, width = (length // 2 for length in whole.shape[1:])
        part = imread(path, resolution_level=level, window=(3, 5, width, height))
        assert np.array_equal(part, whole[:, 5 : 5 + height, 3 : 3 + width])


def test_georeference(tmp_path):
    transform = rasterio.transform.from_origin(300000, 4600000, 0.5, 0.25)
    for name, options in {"uuid": {"GMLJP2": "NO"}, "gml": {"GeoJP2": "NO"}}.items():
        for code in (32618, 4326):
            path = write(tmp_path / f"{name}{code}.jp2", scene(1, 40, 50, "uint8"), crs=f"EPSG:{code}", transform=transform, **options)
            info = iminfo(path)
            assert info.crs == f"EPSG:{code}", name
            assert np.allclose(info.transform, transform.to_gdal()), name


def test_a_palette_gives_indices_and_colours(tmp_path):
    pixels = np.arange(40 * 50, dtype=np.uint8).reshape(40, 50) % 4
    boxes = bytearray(imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="jp2", reversible=True))
    colors = [(9, 8, 7), (1, 2, 3), (255, 0, 128), (4, 5, 6)]
    palette = box(b"pclr", struct.pack(">HB3B", 4, 3, 7, 7, 7) + bytes(itertools.chain(*colors)))
    mapping = box(b"cmap", b"".join(struct.pack(">HBB", 0, 1, column) for column in range(3)))
    at = boxes.index(b"jp2h") - 4
    length = int.from_bytes(boxes[at : at + 4], "big")
    boxes[at + length : at + length] = palette + mapping
    boxes[at : at + 4] = (length + len(palette + mapping)).to_bytes(4, "big")
    path = tmp_path / "file.jp2"
    path.write_bytes(boxes)
    assert np.array_equal(np.squeeze(imread(path)), pixels)
    assert np.array_equal(imread(path, expand=True), np.array(colors, np.uint8).T[:, pixels])


@pytest.fixture
def tiled(tmp_path):
    """Pixels, and a codestream of them with 12 tiles of 128 × 128."""
    pixels = scene(3, 300, 400, "uint8")
    return pixels, write(tmp_path / "plain.j2k", pixels, BLOCKXSIZE=128, BLOCKYSIZE=128, RESOLUTIONS="6", CODEC="J2K").read_bytes()


def nitf(path, data, **fields):
    sub = nitf_forge.image(300, 400, 3, **{"ic": "C8", "comrat": "N100", "block": (128, 128), **fields})
    path.write_bytes(bytes(nitf_forge.File([(sub, data)])))
    return path


@pytest.mark.parametrize("is_boxed", [False, True])
def test_a_codestream_inside_a_nitf_segment(tmp_path, tiled, is_boxed):
    pixels, data = tiled
    data = JP2_START + box(b"jp2c", data) if is_boxed else data
    with IO.open(nitf(tmp_path / "a.ntf", data)) as file:
        image = file.get_asset("image:0")
        assert (image.compression, image.num_resolution_levels, image.block_shape) == ("C8", 6, (3, 128, 128))
        assert np.array_equal(image.read(), pixels)
        assert np.array_equal(image.read(window=(100, 100, 200, 150)), pixels[:, 100:250, 100:300])
        assert image.read(resolution_level=5).shape == (3, 10, 13)


def test_the_mask_table_of_a_nitf_segment_states_which_tiles_are_absent(tmp_path, tiled):
    pixels, data = tiled
    records = [nitf_forge.EMPTY if number in (1, 11) else 0 for number in range(12)]
    table = nitf_forge.mask_table(records, pad=b"\x07")
    with IO.open(nitf(tmp_path / "a.ntf", table + data, ic="M8")) as file:
        image = file.get_asset("image:0")
        expected = pixels.copy()
        expected[:, :128, 128:256] = expected[:, 256:, 384:] = 7
        assert np.array_equal(image.read(), expected)
        assert [image.has_block(0, 0), image.has_block(0, 1), image.has_block(2, 3)] == [True, False, False]
        assert image.pad_pixel_value == 7 and (image.get_block(0, 1, 2) == 7).all()


def test_a_codestream_that_contradicts_its_nitf_segment_is_an_error(tmp_path, tiled):
    path = nitf(tmp_path / "a.ntf", tiled[1], NROWS=310)
    assert iminfo(path).shape == (3, 310, 400)
    with pytest.raises(FormatError, match="300 with 3 components, expected 400 × 310.*image:0"):
        imread(path)


class Counted(io.FileIO):
    """A file that counts the bytes read from it."""

    count = 0

    def readinto(self, buffer):
        found = super().readinto(buffer)
        self.count += found
        return found

    def read(self, size=-1):
        found = super().read(size)
        self.count += len(found)
        return found


def test_the_headers_of_a_large_file_are_read_alone(tmp_path, tiled):
    path = tmp_path / "large.jp2"
    size = 5 << 30
    with open(path, "wb") as file:
        file.write(JP2_START + struct.pack(">I4sQ", 1, b"jp2c", size - len(JP2_START) - 8) + tiled[1])
        file.truncate(size - 8)  # sparse
    with open(path, "ab") as file:
        file.write(box(b"free", b""))
    with Counted(path) as file:
        info = iminfo(file)
        assert (info.shape, info.metadata["J2K_BRAND"]) == ((3, 300, 400), "jp2")
        assert file.count < 64 << 10
        file.seek(0)
        assert np.array_equal(imread(file, window=(200, 200, 9, 9)), tiled[0][:, 200:209, 200:209])
        assert file.count < 512 << 10


def test_every_truncation_is_an_error_that_names_tile_and_offset(tmp_path):
    pixels = scene(1, 130, 130, "uint8")
    data = write(tmp_path / "file.j2k", pixels, BLOCKXSIZE=64, BLOCKYSIZE=64, CODEC="J2K").read_bytes()
    path = tmp_path / "cut.j2k"
    for end in range(0, len(data) - 2, 37):
        path.write_bytes(data[:end])
        with pytest.raises((FormatError, OSError, ValueError)) as caught:
            imread(path)
        if end > 400:
            assert "byte" in str(caught.value) and "tile" in str(caught.value)
    path.write_bytes(data[:-2])
    assert np.array_equal(np.squeeze(imread(path)), pixels[0]), "a missing end marker is accepted"


def box(kind, content):
    return struct.pack(">I4s", len(content) + 8, kind) + content
