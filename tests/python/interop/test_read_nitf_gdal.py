"""NITF files made by GDAL, read by us as GDAL reads them."""
import numpy as np
import pytest
import rasterio.shutil
from aws.osml.io import IO, AssetType, iminfo, imread
from testkit.arrays import assert_same, image, psnr, smooth
from testkit.nitf_bytes import parse
from testkit.nitf_judges import gdal_open, gdal_tags, gdal_write
from testkit.nitf_pixels import pixels

DTYPES = ["uint8", "uint16", "int16", "uint32", "int32", "float32", "float64", "complex64"]


@pytest.fixture
def ntf(tmp_path):
    return tmp_path / "a.ntf"


def check(path, data):
    """We, GDAL and the hand parser agree."""
    assert_same(imread(path), data, "our reader")
    with gdal_open(path) as src:
        assert_same(src.read(), data, "GDAL")
    assert_same(pixels(parse(path).images[0]), data, "hand parser")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bands", [1, 2, 3, 4, 10, 12])
@pytest.mark.parametrize("block", [None, (64, 32), (16, 45), (128, 128)])
def test_every_dtype_bands_and_blocks(ntf, dtype, bands, block):
    data = image((bands, 45, 77), dtype)
    options = {} if block is None else {"blockxsize": block[0], "blockysize": block[1]}
    gdal_write(ntf, data, IC="NC", **options)
    check(ntf, data)
    info = iminfo(ntf)
    assert (info.width, info.height, info.bands, info.dtype) == (77, 45, bands, dtype)
    found = parse(ntf).images[0]
    assert info.block_size == (found.number("NPPBH") or 77, found.number("NPPBV") or 45)
    assert info.compression.upper() in ("NC", "NONE")


def test_a_wide_image_in_one_block(ntf):
    data = image((1, 3, 9000), "uint8")
    gdal_write(ntf, data, blockxsize=9000, blockysize=3)
    check(ntf, data)
    assert iminfo(ntf).block_size[0] in (9000, 256, 8192)


@pytest.mark.parametrize("window", [(0, 0, 10, 10), (60, 40, 30, 20), (31, 15, 2, 2), (5, 0, 1, 45)])
@pytest.mark.parametrize("bands", [None, [1], [2, 0]])
def test_windows_and_bands(ntf, window, bands):
    data = image((3, 45, 77), "uint16")
    gdal_write(ntf, data, blockxsize=32, blockysize=16)
    x, y, width, height = window
    expected = data[:, y:y + height, x:x + width]
    assert_same(imread(ntf, window=window, bands=bands), expected if bands is None else expected[bands])


def test_blocks_are_those_of_the_file_cropped_at_the_edges(ntf):
    data = image((2, 45, 77), "int16")
    gdal_write(ntf, data, blockxsize=32, blockysize=16)
    with IO.open([ntf]) as reader:
        asset = reader.get_asset("image:0")
        assert asset.block_grid_size == (3, 3) and asset.num_resolution_levels == 1
        for row in range(3):
            for col in range(3):
                assert asset.has_block(row, col)
                assert_same(asset.get_block(row, col), data[:, row * 16:(row + 1) * 16, col * 32:(col + 1) * 32])
        with pytest.raises((ValueError, IndexError)):
            asset.get_block(3, 0)


@pytest.mark.parametrize("bits,dtype", [(1, "uint8"), (3, "uint8"), (7, "uint8"), (9, "uint16"), (11, "uint16"), (15, "uint16"), (12, "uint16")])
def test_nbits(ntf, bits, dtype):
    data = np.random.default_rng(bits).integers(0, 1 << bits, (1, 40, 64)).astype(dtype)
    gdal_write(ntf, data, NBITS=bits)
    with gdal_open(ntf) as src:
        expected = src.read()
    found = parse(ntf).images[0]
    assert_same(pixels(found), expected)
    assert_same(imread(ntf), expected)
    with IO.open([ntf]) as reader:
        asset = reader.get_asset("image:0")
        assert asset.actual_bits_per_pixel == found.number("ABPP")
        assert asset.num_bits_per_pixel == found.number("NBPP")


def test_a_colour_map(ntf):
    data = image((1, 45, 77), "uint8")
    colours = {i: (i, 255 - i, i // 2, 255) for i in range(256)}
    with gdal_open(ntf, "w", driver="NITF", width=77, height=45, count=1, dtype="uint8", IREP="RGB/LUT", LUT_SIZE=256) as dst:
        dst.write(data)
        dst.write_colormap(1, colours)
    assert_same(imread(ntf), data, "index values")
    expected = np.stack([np.array([colours[i][c] for i in range(256)], np.uint8)[data[0]] for c in range(3)])
    assert_same(imread(ntf, expand=True), expected)
    with IO.open([ntf]) as reader:
        (band,) = reader.get_asset("image:0").metadata["BAND_INFO"]
        assert band["IREPBAND"] == "LU" and int(band["NLUTS"]) == 3 and int(band["NELUT"]) == 256
        assert [bytes(lut) for lut in band["LUTS"]] == [bytes(colours[i][c] for i in range(256)) for c in range(3)]


FIELDS = {"FTITLE": "a title", "OSTAID": "STATION", "ONAME": "who", "IID2": "second", "TGTID": "TARGET", "ISORCE": "sensor", "ICAT": "EO", "FSCLAS": "R", "ISCLAS": "R",
          "FDT": "20240131120000", "IDATIM": "20230101000000"}


def test_fields_are_read_as_the_padded_text_of_the_file(ntf):
    gdal_write(ntf, image((3, 20, 30), "uint8"), **FIELDS)
    found = parse(ntf)
    with IO.open([ntf]) as reader:
        for name in ("FTITLE", "OSTAID", "ONAME", "FSCLAS", "FDT", "CLEVEL", "FL", "HL"):
            assert reader.metadata[name] == found.header[name], name
        metadata = reader.get_asset("image:0").metadata
        for name, text in found.images[0].fields.items():
            if name != "UDIDL" and name != "IXSHDL":
                assert metadata[name] == text, name
        assert [band["IREPBAND"] for band in metadata["BAND_INFO"]] == [band["IREPBAND"] for band in found.images[0].bands]
        assert metadata["IID2"] == "second".ljust(80)
        assert reader.get_asset("image:0").description or reader.get_asset("image:0").title


def test_tres_are_read_as_gdal_reads_them(ntf):
    corner = "+38.249000-077.499000"
    gdal_write(ntf, image((1, 20, 30), "uint8"), TRE="BLOCKA=010000000020000359" + " " * 16 + corner * 4 + "010.0", FILE_TRE="ABCDEF=hello")
    with IO.open([ntf]) as reader:
        blocka = reader.get_asset("image:0").metadata["BLOCKA"]
        assert blocka["FRFC_LOC"] == corner and blocka["SHADOW_ANGLE"] == "359"
        assert bytes(reader.metadata["ABCDEF"]) == b"hello"
    assert "BLOCKA" in gdal_tags(ntf, "TRE")


def test_des_texts_and_graphics_of_gdal(tmp_path, ntf):
    with gdal_open(tmp_path / "a.tif", "w", driver="GTiff", width=30, height=20, count=1, dtype="uint8") as dst:
        dst.write(image((1, 20, 30), "uint8"))
        dst.update_tags(ns="TEXT", DATA_0="hello world")
        dst.update_tags(ns="CGM", SEGMENT_COUNT="1", SEGMENT_0_SLOC_ROW="3", SEGMENT_0_SLOC_COL="4", SEGMENT_0_SDLVL="2", SEGMENT_0_SALVL="1",
                        SEGMENT_0_DATA="CGM bytes")
    rasterio.shutil.copy(tmp_path / "a.tif", ntf, driver="NITF")
    found = parse(ntf)
    with IO.open([ntf]) as reader:
        assert list(reader) == ["image:0", "graphic:0", "text:0"]
        assert reader.get_asset("text:0").text_content == "hello world"
        assert reader.get_asset("graphic:0").raw_asset.read() == found.graphics[0].data == b"CGM bytes"
        assert reader.get_asset("graphic:0").metadata["SLOC"] == found.graphics[0]["SLOC"]
        assert reader.get_asset("text:0").asset_type == AssetType.Text


def test_several_images_of_gdal(ntf):
    gdal_write(ntf, image((1, 20, 30), "uint8"), NUMI=2, WRITE_ALL_IMAGES="YES")
    with IO.open([ntf]) as reader:
        assert reader.get_asset_keys(asset_type="image") == [f"image:{i}" for i in range(len(parse(ntf).images))]


@pytest.mark.parametrize("bands,options", [(1, {}), (3, {}), (1, {"BLOCKSIZE": 64}), (3, {"BLOCKSIZE": 64}), (1, {"QUALITY": 30}),
                                           (3, {"BLOCKXSIZE": 64, "BLOCKYSIZE": 32, "QUALITY": 95})])
def test_jpeg_of_gdal(tmp_path, ntf, bands, options):
    data = np.concatenate([np.roll(smooth((1, 150, 200)), 7 * band, axis=2) for band in range(bands)])
    with gdal_open(tmp_path / "a.tif", "w", driver="GTiff", width=200, height=150, count=bands, dtype="uint8",
                   photometric="RGB" if bands == 3 else "MINISBLACK") as dst:
        dst.write(data)
    rasterio.shutil.copy(tmp_path / "a.tif", ntf, driver="NITF", IC="C3", **options)
    with gdal_open(ntf) as dataset:
        expected = dataset.read()
    found = imread(ntf)
    assert found.shape == expected.shape == data.shape
    assert psnr(found, expected) > (55 if bands == 1 else 38) and psnr(found, data) > 25
    window = imread(ntf, window=(50, 40, 70, 60))
    assert (window == found[:, 40:100, 50:120]).all()


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("quality", [100, 20])
def test_jpeg_2000(tmp_path, ntf, bands, quality):
    data = smooth((bands, 150, 170))
    with gdal_open(tmp_path / "a.tif", "w", driver="GTiff", width=170, height=150, count=bands, dtype="uint8") as dst:
        dst.write(data)
    rasterio.shutil.copy(tmp_path / "a.tif", ntf, driver="NITF", IC="C8", QUALITY=quality, BLOCKXSIZE=64, BLOCKYSIZE=64)
    with gdal_open(ntf) as dataset:
        expected = dataset.read()
    info = iminfo(ntf)
    assert (info.width, info.height, info.metadata["IC"]) == (170, 150, "C8")
    assert info.metadata["COMRAT"] == parse(ntf).images[0]["COMRAT"]
    found = imread(ntf)
    assert psnr(found, data) > 30
    assert_same(found, expected, "GDAL")
    assert_same(imread(ntf, window=(50, 40, 70, 60)), found[:, 40:100, 50:120], "a window")


def test_nsif_by_gdal(ntf):
    data = image((2, 20, 30), "uint8")
    gdal_write(ntf, data, FHDR="NSIF01.00")
    check(ntf, data)
    assert iminfo(ntf).format.lower() in ("nsif", "nsif10", "nsif1.0", "nitf")
