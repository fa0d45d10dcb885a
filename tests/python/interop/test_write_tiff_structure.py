"""Photometric, ExtraSamples, palettes, nodata, sparse tiles, BigTIFF and GDAL's own tags, as tifffile and GDAL report them."""
import numpy as np
import pytest
import rasterio
from aws.osml.io import IO, BufferedMetadataProvider, iminfo, imread, imsave
from testkit.arrays import COMPLEX, DTYPES, FLOATS, assert_same, image, psnr, smooth
from testkit.providers import GridProvider, LazyProvider
from testkit.readers import gdal_pixels, is_bigtiff, tiff_tags, tifffile_pixels

COLOURS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3}


@pytest.fixture
def tif(tmp_path):
    return tmp_path / "a.tif"


@pytest.mark.parametrize("bands", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "complex64"])
def test_extra_samples_are_those_beyond_the_colours(tif, bands, dtype):
    imsave(tif, image((bands, 20, 30), dtype))
    tags = tiff_tags(tif)
    extra = tags.get(338, ())
    extra = extra if isinstance(extra, tuple) else (extra,)
    assert tags[277] == bands
    assert len(extra) == bands - COLOURS[tags[262]]
    assert set(extra) <= {0, 1, 2}


@pytest.mark.parametrize("bands,photometric", [(1, 1), (3, 2), (8, 1)])
def test_photometric_of_8_bit_images(tif, bands, photometric):
    imsave(tif, image((bands, 20, 30), np.uint8))
    tags = tiff_tags(tif)
    assert tags[262] == photometric
    if bands == 8:
        assert tags[338] == (0,) * 7, "plain bands are unspecified, none of them alpha"


@pytest.mark.parametrize("dtype", DTYPES)
def test_sample_format_and_bits(tif, dtype):
    imsave(tif, image((1, 20, 30), dtype))
    tags = tiff_tags(tif)
    kind = 6 if dtype in COMPLEX else 3 if dtype in FLOATS else 2 if dtype.startswith("int") else 1
    assert tags.get(339, 1) == kind
    assert tags[258] == np.dtype(dtype).itemsize * 8


@pytest.mark.parametrize("value", [0, 1, 2])
def test_alpha_is_written_when_given(tif, value):
    imsave(tif, image((4, 20, 30), np.uint8), metadata={"262": 2, "338": value})
    assert tiff_tags(tif)[338] in (value, (value,))
    with rasterio.open(tif) as src:
        assert (src.colorinterp[3].name == "alpha") == (value in (1, 2))


def test_a_palette_is_written_when_given(tif):
    palette = np.random.default_rng(1).integers(0, 65536, 768).tolist()
    data = image((1, 20, 30), np.uint8)
    imsave(tif, data, metadata={"262": 3, "320": palette})
    assert tiff_tags(tif)[320] == tuple(palette)
    assert_same(gdal_pixels(tif), data)
    with rasterio.open(tif) as src:
        assert src.colormap(1)[7][:3] == pytest.approx([palette[7 + 256 * c] >> 8 for c in range(3)], abs=1)


@pytest.mark.parametrize("palette", [[0] * 10, [70000] * 768, None])
def test_a_palette_image_needs_a_full_palette(tif, palette):
    metadata = {"262": 3} if palette is None else {"262": 3, "320": palette}
    with pytest.raises((ValueError, TypeError)):
        imsave(tif, image((1, 20, 30), np.uint8), metadata=metadata)
    assert not tif.exists()


@pytest.mark.parametrize("metadata", [{"262": 2}, {"277": 5}, {"256": 17}, {"258": 16}, {"339": 3}], ids=str)
def test_tags_that_contradict_the_image_never_reach_the_file(tif, metadata):
    """Copied metadata may describe another image: properties of the pixels take precedence, or the call is refused."""
    data = image((1, 20, 30), np.uint8)
    try:
        imsave(tif, data, metadata=metadata)
    except ValueError:
        assert not tif.exists()
    else:
        assert_same(tifffile_pixels(tif), data)
        assert_same(gdal_pixels(tif), data)


@pytest.mark.parametrize("dtype,nodata", [("uint8", 0), ("uint16", 65535), ("int16", -32768), ("uint32", 2**32 - 1), ("int64", -(2**63)),
                                          ("uint64", 2**53), ("float32", -3.4028234663852886e38), ("float32", 0.1), ("float64", 1 / 3),
                                          ("float32", float("inf")), ("float64", float("nan"))])
def test_gdal_reads_the_nodata_value_exactly(tif, dtype, nodata):
    imsave(tif, image((1, 20, 30), dtype), nodata=nodata)
    with rasterio.open(tif) as src:
        found = src.nodata
    expected = np.dtype(dtype).type(nodata)
    assert np.dtype(dtype).type(found) == expected or (np.isnan(found) and np.isnan(expected))
    with IO.open(tif) as reader:
        assert "42113" in reader.get_asset("image:0").metadata


@pytest.mark.parametrize("dtype,nodata", [("uint64", 2**64 - 1), ("uint64", 2**63 + 1), ("int64", -(2**63) + 1), ("int64", 2**62 + 1)])
def test_large_whole_nodata_values_are_not_rounded(tif, dtype, nodata):
    imsave(tif, image((1, 20, 30), dtype), nodata=nodata)
    assert tiff_tags(tif)[42113].strip("\0 ") == str(nodata)
    assert iminfo(tif).nodata == nodata


def test_gdal_metadata_passes_through(tif):
    xml = ('<GDALMetadata>\n  <Item name="SENSOR">WV-3, &#177;1</Item>\n  <Item name="DESCRIPTION" sample="0" role="description">near infrared</Item>\n'
           '  <Item name="OFFSET" sample="1" role="offset">1.5</Item>\n  <Item name="SCALE" sample="1" role="scale">0.01</Item>\n</GDALMetadata>')
    imsave(tif, image((2, 20, 30), np.uint16), metadata={"42112": xml})
    with rasterio.open(tif) as src:
        assert src.tags()["SENSOR"] == "WV-3, ±1"
        assert src.descriptions[0] == "near infrared"
        assert src.scales[1] == 0.01 and src.offsets[1] == 1.5


def test_descriptions_and_rpc_pass_through(tif):
    rpc = [float(i) + 0.25 for i in range(92)]
    imsave(tif, image((1, 20, 30), np.uint8), metadata={"270": "a description", "305": "the software", "306": "2024:02:29 12:30:00",
                                                        "315": "somebody", "50844": rpc})
    tags = tiff_tags(tif)
    assert (tags[270], tags[305], tags[306], tags[315]) == ("a description", "the software", "2024:02:29 12:30:00", "somebody")
    assert tags[50844] == tuple(rpc)
    with rasterio.open(tif) as src:
        assert src.rpcs.line_off == rpc[2] and src.rpcs.line_num_coeff == rpc[12:32]


def test_absent_blocks_are_sparse_tiles(tif):
    class Checkered(GridProvider):
        def has_block(self, block_row, block_col, resolution_level=0):
            return (block_row + block_col) % 2 == 0

    data = image((1, 128, 192), np.uint8)
    with IO.open(tif, "w") as writer:
        writer.add_asset("image:0", Checkered(data, (64, 64), metadata={"322": 64, "323": 64}))
    tags = tiff_tags(tif)
    assert [bool(o) for o in tags[324]] == [bool(c) for c in tags[325]] == [True, False, True, False, True, False]
    expected = data.copy()
    for row, col in ((0, 1), (1, 0), (1, 2)):
        expected[:, row * 64:(row + 1) * 64, col * 64:(col + 1) * 64] = 0
    assert_same(gdal_pixels(tif), expected)
    assert_same(tifffile_pixels(tif), expected)
    with IO.open(tif) as reader:
        found = reader.get_asset("image:0")
        assert [found.has_block(r, c) for r in range(2) for c in range(3)] == [True, False, True, False, True, False]
        assert_same(found.get_block(0, 1, 0), np.full((1, 64, 64), found.pad_pixel_value, np.uint8))


def test_absent_tiles_with_nodata_read_as_nodata_in_gdal(tif):
    class OnlyFirst(GridProvider):
        def has_block(self, block_row, block_col, resolution_level=0):
            return block_row == block_col == 0

    data = image((1, 128, 128), np.int16)
    with IO.open(tif, "w") as writer:
        writer.add_asset("image:0", OnlyFirst(data, (64, 64), metadata={"322": 64, "323": 64, "42113": "-99"}))
    found = gdal_pixels(tif)
    assert_same(found[:, :64, :64], data[:, :64, :64])
    assert (found[:, 64:] == -99).all() and (found[:, :, 64:] == -99).all()


def test_absence_survives_a_copy_through_our_reader(tif, tmp_path):
    class OnlyFirst(GridProvider):
        def has_block(self, block_row, block_col, resolution_level=0):
            return block_row == block_col == 0

    with IO.open(tif, "w") as writer:
        writer.add_asset("image:0", OnlyFirst(image((1, 128, 128), np.uint8), (64, 64), metadata={"322": 64, "323": 64}))
    with IO.open(tif) as reader, IO.open(tmp_path / "b.tif", "w") as writer:
        writer.add_asset("image:0", reader.get_asset("image:0"))
    assert [bool(o) for o in tiff_tags(tmp_path / "b.tif")[324]] == [True, False, False, False]


def test_a_small_file_is_classic_tiff(tif, rgb):
    for compression in ("none", "deflate"):
        imsave(tif, rgb, compression=compression)
        assert not is_bigtiff(tif)


def test_a_large_image_that_compresses_well_is_not_needlessly_big(tif):
    with IO.open(tif, "w") as writer:
        writer.add_asset("image:0", ConstantProvider(30000, 40000))
    assert not is_bigtiff(tif)
    assert tif.stat().st_size < 40_000_000


@pytest.mark.slow
def test_a_file_beyond_4_gib_is_bigtiff(tif):
    with IO.open(tif, "w") as writer:
        writer.add_asset("image:0", Uncompressed(66000, 66000))
    assert is_bigtiff(tif)
    with rasterio.open(tif) as src:
        found = src.read(window=((65990, 66000), (65990, 66000)))
    assert_same(imread(tif, window=(65990, 65990, 10, 10)), found)


@pytest.mark.parametrize("bands", [1, 3, 4])
@pytest.mark.parametrize("layout", [{}, {"284": 2}, {"278": 16}], ids=["tiles", "bands apart", "strips"])
def test_jpeg_compression_is_close_and_read_alike_by_all(tif, bands, layout):
    data = smooth((bands, 200, 230))
    imsave(tif, data, compression="jpeg", quality=90, metadata=layout)
    assert tiff_tags(tif)[259] == 7
    found = imread(tif)
    assert psnr(found, data) > 38
    # decoders differ by the rounding of the transform and of the colour conversion, and in how they interpolate chroma
    for name, other in (("GDAL", gdal_pixels(tif)), ("tifffile", tifffile_pixels(tif) if "284" not in layout else found)):
        difference = np.abs(other.astype(int) - found)
        assert difference.max() <= 12 and difference.mean() < 1, name


def test_jpeg_compression_of_16_bit_samples_is_refused(tif):
    with pytest.raises(ValueError, match="(?i)jpeg|uint8"):
        imsave(tif, image((1, 20, 30), np.uint16), compression="jpeg")
    assert not tif.exists()


class ConstantProvider(LazyProvider):
    def __init__(self, rows, cols):
        super().__init__(rows, cols)
        self._array = np.full_like(self._array, 7)


class Uncompressed(LazyProvider):
    def __init__(self, rows, cols):
        super().__init__(rows, cols)
        self.metadata = BufferedMetadataProvider({"259": 1})
