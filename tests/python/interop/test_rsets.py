"""Files of R-sets as independent software reads them, and the levels that `write_rset` makes."""
import numpy as np
import pytest
import rasterio
from aws.osml.io import IO, BufferedImageAssetProvider, FileWarning, MetadataWarning, imread, imsave, iminfo, write_rset
from aws.osml.io import nitf
from testkit.arrays import assert_same, image, smooth
from testkit.nitf_judges import gdal_open, gdal_tres, jbpy_check
from testkit.providers import GridProvider
from testkit.readers import gdal_pixels, listing, pillow_pixels, tiff_tags, tifffile_pixels
from testkit.reduced import mean

KINDS = ["tif", "ntf", "nsf", "png", "jpg"]
READERS = {"tif": [tifffile_pixels, gdal_pixels], "ntf": [gdal_pixels], "nsf": [gdal_pixels], "png": [pillow_pixels, gdal_pixels],
           "jpg": [pillow_pixels, gdal_pixels]}
PLACE = {"crs": 32618, "transform": (300000, 10, 0, 4500000, 0, -10)}


@pytest.fixture(autouse=True)
def quiet(recwarn):
    """rasterio warns of images without a georeference."""


def options_of(kind):
    return {"compression": "none"} if kind in ("ntf", "nsf") else {}


def pyramid(pixels, count, nodata=None):
    """The image, and each level reduced from the one before."""
    found = [pixels]
    for _ in range(count):
        found.append(mean(found[-1], 2, nodata))
    return found


def close(found, expected, kind):
    if kind == "jpg":
        assert found.shape == expected.shape and np.abs(found.astype(int) - expected).mean() < 3
    else:
        assert_same(found, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1, 700, 530), (3, 600, 1001)])
def test_every_file_is_an_ordinary_image_for_other_readers(tmp_path, kind, shape):
    pixels = smooth(shape) if kind == "jpg" else image(shape, np.uint8)
    paths = write_rset(tmp_path / f"a.{kind}", pixels, 3, **options_of(kind))
    assert [path.name for path in paths] == [f"a.{kind}", *(f"a.{kind}.r{n}" for n in (1, 2, 3))] == listing(tmp_path)
    for path, expected in zip(paths, pyramid(pixels, 3), strict=True):
        close(imread(path), expected, kind)
        for reader in READERS[kind]:
            close(reader(path), expected, kind)
        if kind in ("ntf", "nsf"):
            jbpy_check(path)


def test_gdal_finds_the_levels_of_a_nitf_by_their_names(tmp_path):
    pixels = image((1, 1024, 1500), np.uint16)
    write_rset(tmp_path / "a.ntf", pixels, 3, compression="none")
    with gdal_open(tmp_path / "a.ntf") as src:
        assert src.overviews(1) == [2, 4, 8]
    for level, expected in enumerate(pyramid(pixels, 3)[1:]):
        with gdal_open(tmp_path / "a.ntf", overview_level=level) as src:
            assert_same(src.read(), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_levels_are_resolution_levels_of_the_base(tmp_path, kind):
    pixels = smooth((3, 333, 517)) if kind == "jpg" else image((3, 333, 517), np.uint8)
    base = tmp_path / f"a.{kind}"
    paths = write_rset(base, pixels, levels=2, **options_of(kind))
    expected = pyramid(pixels, 2)
    assert iminfo(base).num_resolution_levels == 1 and iminfo(base, rset=True).num_resolution_levels == 3
    assert iminfo(paths).num_resolution_levels == 3
    for level in range(3):
        close(imread(base, resolution_level=level, rset=True), expected[level], kind)
    with IO.open(base, rset=True) as reader:
        full = reader.get_asset("image:0")
        block = full.get_block(0, 0, 1)
        close(block, expected[1][:, : block.shape[1], : block.shape[2]], kind)
        assert reader.get_asset_keys() == ["image:0", "image:0:overview:1", "image:0:overview:2"]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
@pytest.mark.parametrize("kind", ["tif", "ntf"])
def test_levels_are_averages_for_every_type_of_sample(tmp_path, kind, dtype):
    pixels = image((2, 301, 299), dtype)
    if np.dtype(dtype).kind == "f":
        pixels = np.clip(pixels, -1000, 1000)  # averages of the extremes overflow
    paths = write_rset(tmp_path / f"a.{kind}", pixels, 2, **options_of(kind))
    for path, expected in zip(paths, pyramid(pixels, 2), strict=True):
        assert_same(imread(path), expected)


def test_averages_leave_out_the_nodata_value(tmp_path):
    pixels = image((1, 200, 300), np.int16)
    pixels[:, 50:120, 33:99] = -7
    paths = write_rset(tmp_path / "a.tif", pixels, 2, nodata=-7)
    for path, expected in zip(paths, pyramid(pixels, 2, -7), strict=True):
        assert_same(imread(path), expected)
        assert iminfo(path).nodata == -7


def test_indices_of_a_palette_are_not_averaged(tmp_path):
    indices = image((1, 300, 300), np.uint8) % 5
    palette = [[10 * n, 0, 0] for n in range(5)]
    paths = write_rset(tmp_path / "a.png", indices, 1, metadata={"PNG_PALETTE": palette})
    assert_same(imread(paths[1]), indices[:, 1::2, 1::2])
    paths = write_rset(tmp_path / "b.tif", indices, 1, resampling="nearest")
    assert_same(imread(paths[1]), indices[:, 1::2, 1::2])
    with pytest.raises(ValueError, match="resampling.*nearest"):
        write_rset(tmp_path / "c.tif", indices, 1, resampling="sharp")


def test_levels_lie_where_the_image_lies(tmp_path):
    pixels = image((1, 401, 300), np.uint8)
    for kind in ("tif", "ntf"):
        paths = write_rset(tmp_path / f"a.{kind}", pixels, 2, **PLACE, **options_of(kind))
        for level, path in enumerate(paths):
            side = 10 << level
            with gdal_open(path) as src:
                assert src.crs.to_epsg() == 32618
                assert kind == "tif" or not {"BLOCKA", "GEOPSB", "GEOLOB"} & {tag for tag, _ in gdal_tres(path)}
                assert np.allclose(src.transform.to_gdal(), (300000, side, 0, 4500000, 0, -side), atol=0.51 if kind == "ntf" else 1e-9), path
        with IO.open(paths) as reader:
            for key, side in (("image:0", 10), ("image:0:overview:1", 20), ("image:0:overview:2", 40)):
                assert reader.get_asset(key).transform[1] == pytest.approx(side, abs=0.01)


def test_a_georeference_in_metadata_is_that_of_each_level(tmp_path):
    metadata = {"GeoModelType": "Projected", "GeoRasterType": "PixelIsArea", "GeoProjectedCRS": "32618",
                "GeoPixelScale": "[0.5, 0.5, 0.0]", "GeoTiepoints": "[0, 0, 0, 300000.0, 4500000.0, 0.0]"}
    provider = GridProvider(image((1, 300, 300), np.uint8), metadata=metadata)
    for level, path in enumerate(write_rset(tmp_path / "a.tif", provider, 2)):
        with gdal_open(path) as src:
            assert src.transform.to_gdal() == (300000, 0.5 * 2**level, 0, 4500000, 0, -0.5 * 2**level)
            assert src.crs.to_epsg() == 32618


def test_levels_of_a_file_without_a_place_lie_where_the_base_lies(tmp_path):
    pixels = image((1, 64, 64), np.uint8)
    imsave(tmp_path / "a.tif", pixels, **PLACE)
    imsave(tmp_path / "a.tif.r1", mean(pixels, 2))
    with IO.open(tmp_path / "a.tif", rset=True) as reader:
        level = reader.get_asset("image:0:overview:1")
        assert level.transform == (300000, 20, 0, 4500000, 0, -20) and level.crs == "EPSG:32618"


def test_a_nitf_level_states_its_scale(tmp_path):
    pixels = image((1, 300, 257), np.uint8)
    paths = write_rset(tmp_path / "a.ntf", pixels, 2, compression="none", metadata={"IID1": "SCENE", "NPPBH": 64, "NPPBV": 64})
    for level, path in enumerate(paths):
        with IO.open(path) as reader:
            metadata = reader.get_asset("image:0").metadata
            assert metadata["IID1"].strip() == "SCENE" and metadata["NPPBH"] == "0064"
            assert metadata["IMAG"].strip() == ("1.0", "/2", "/4")[level]
            if level:
                assert nitf.ichipb(metadata).to_full(0, 0) == ((2**level - 1) / 2, (2**level - 1) / 2)
                assert nitf.tre(metadata, "ICHIPB")["SCALE_FACTOR"] == 2**level
                fields = dict(gdal_tres(path))["ICHIPB"]
                assert (int(fields["FI_ROW"]), int(fields["FI_COL"])) == (300, 257)
            else:
                assert "ICHIPB" not in metadata


@pytest.mark.parametrize("kind", ["tif", "ntf", "png"])
def test_a_lazy_provider_is_asked_once_for_each_block(tmp_path, kind):
    pixels = image((3, 500, 700), np.uint8)
    provider = GridProvider(pixels, block=(130, 90))
    paths = write_rset(tmp_path / f"a.{kind}", provider, 3, **options_of(kind))
    assert sorted(provider.asked) == [(row, col) for row in range(6) for col in range(6)]
    for path, expected in zip(paths, pyramid(pixels, 3), strict=True):
        assert_same(imread(path), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_the_bytes_do_not_depend_on_the_threads_or_the_source(tmp_path, kind):
    pixels = smooth((3, 700, 900))
    lazy = GridProvider(pixels)
    lazy.title = lazy.description = ""

    def bytes_of(name, data, threads):
        paths = write_rset(tmp_path / name / f"a.{kind}", data, 2, threads=threads, **options_of(kind))
        return [without_dates(path.read_bytes(), kind) for path in paths]

    for name in ("one", "four", "lazy"):
        (tmp_path / name).mkdir()
    one = bytes_of("one", pixels, 1)
    assert bytes_of("four", pixels, 4) == one and bytes_of("lazy", lazy, 3) == one


def without_dates(data, kind):
    """The bytes without the date of a NITF header (FDT)."""
    return data[:25] + data[39:] if kind in ("ntf", "nsf") else data


def test_an_image_of_a_file_keeps_its_blocks_metadata_and_masks(tmp_path):
    pixels = image((3, 300, 400), np.uint8)
    source = tmp_path / "source.tif"
    with IO.open(source, "w") as writer:
        metadata = {"Artist": "nobody", "Compression": "LZW"}
        provider = BufferedImageAssetProvider.create("image:0", 400, 300, 3, metadata=metadata)
        provider.set_full_image(pixels)
        writer.add_asset("image:0", provider)
        mask = BufferedImageAssetProvider.create("mask", 400, 300, 1)
        mask.set_full_image((pixels[:1] > 50).astype(np.uint8))
        writer.add_asset("image:0:mask", mask, roles=["mask"])
        half = BufferedImageAssetProvider.create("half", 200, 150, 3)
        half.set_full_image(np.zeros((3, 150, 200), np.uint8))
        writer.add_asset("image:0:overview:1", half, roles=["overview"])
    paths = write_rset(tmp_path / "a.tif", source, 1)
    with IO.open(source) as before, IO.open(paths[0]) as after:
        assert after.get_asset_keys() == ["image:0", "image:0:mask"]
        for key in after:
            assert before.get_asset(key).raw_asset.read() == after.get_asset(key).raw_asset.read()
    for path, expected in zip(paths, pyramid(pixels, 1), strict=True):
        assert_same(imread(path), expected)
        assert tiff_tags(path)[315] == "nobody" and tiff_tags(path)[259] == 5 and tiff_tags(path).get(254, 0) == 0


def test_the_source_may_be_the_target(tmp_path):
    pixels = image((1, 300, 300), np.uint8)
    imsave(tmp_path / "a.tif", pixels)
    before = (tmp_path / "a.tif").read_bytes()
    paths = write_rset(tmp_path / "a.tif", tmp_path / "a.tif", 1)
    assert_same(imread(paths[0]), pixels)
    assert_same(imread(paths[1]), mean(pixels, 2))
    assert len(paths[0].read_bytes()) == len(before)


@pytest.mark.parametrize("kind,options", [("tif", {}), ("ntf", {"compression": "NM"}), ("png", {}), ("ntf", {"compression": "none"})])
def test_absent_blocks_stay_absent_if_the_format_can(tmp_path, kind, options):
    provider = BufferedImageAssetProvider.create("image:0", 400, 300, 1, block_width=100, block_height=60)
    expected = np.zeros((1, 300, 400), np.uint8)
    for row, column in ((0, 0), (2, 3), (4, 1)):
        block = image((1, 60, 100), np.uint8, row)
        provider.set_block(row, column, block)
        expected[:, row * 60 : row * 60 + 60, column * 100 : column * 100 + 100] = block
    metadata = {"322": 64, "323": 64} if kind == "tif" else {"NPPBH": 64, "NPPBV": 64} if kind == "ntf" else None
    paths = write_rset(tmp_path / f"a.{kind}", provider, 2, metadata=metadata, **options)
    for path, pixels in zip(paths, pyramid(expected, 2), strict=True):
        assert_same(imread(path), pixels)
    with IO.open(paths[1]) as reader:
        level = reader.get_asset("image:0")
        present = [level.has_block(row, col) for row in range(level.block_grid_size[0]) for col in range(level.block_grid_size[1])]
        assert all(present) == (kind == "png" or options == {"compression": "none"})


def test_the_number_of_levels_follows_from_the_size(tmp_path):
    for shape, count in (((256, 256), 0), ((257, 100), 1), ((1000, 2049), 4)):
        paths = write_rset(tmp_path / "a.tif", np.zeros(shape, np.uint8))
        assert len(paths) == count + 1 and listing(tmp_path) == sorted(path.name for path in paths)
    with pytest.raises(ValueError, match="levels.*at most 2"):
        write_rset(tmp_path / "b.tif", np.zeros((4, 3), np.uint8), 3)
    assert len(write_rset(tmp_path / "b.tif", np.zeros((4, 3), np.uint8), 2)) == 3
    assert imread(tmp_path / "b.tif.r2").shape == (1, 1, 1)


def test_paths_may_be_given_for_every_file(tmp_path):
    names = [tmp_path / "a.tif", tmp_path / "a.tif.r1"]
    assert write_rset(names, np.zeros((64, 64), np.uint8)) == names
    with pytest.raises(ValueError, match="levels: got 2, expected 1"):
        write_rset(names, np.zeros((64, 64), np.uint8), 2)
    with pytest.raises(ValueError, match="a.tif.r1"):
        write_rset(tmp_path / "a.tif.r1", np.zeros((64, 64), np.uint8), 2)


def test_a_level_of_another_size_is_an_asset_with_a_warning(tmp_path):
    imsave(tmp_path / "a.tif", np.zeros((65, 65), np.uint8))
    imsave(tmp_path / "a.tif.r1", np.zeros((33, 33), np.uint8))
    imsave(tmp_path / "a.tif.r2", np.zeros((16, 16), np.uint8))
    with pytest.warns(FileWarning, match=r"overview:2: not a resolution level.*16 × 16.*17 × 17.*a\.tif\.r2"):
        reader = IO.open(tmp_path / "a.tif", rset=True)
    assert reader.get_asset("image:0").num_resolution_levels == 2
    assert reader.get_asset("image:0:overview:2").shape == (1, 16, 16)


def test_a_gap_beside_the_base_is_a_value_error(tmp_path):
    for name in ("a.tif", "a.tif.r1", "a.tif.r3"):
        imsave(tmp_path / name, np.zeros((64, 64), np.uint8), format="tiff")
    with pytest.raises(ValueError, match=r"a\.tif\.r3.*a\.tif\.r2"):
        IO.open(tmp_path / "a.tif", rset=True)
    with pytest.raises(ValueError, match="rset"):
        IO.open([tmp_path / "a.tif", tmp_path / "a.tif.r1"], rset=True)
    assert imread(tmp_path / "a.tif").shape == (1, 64, 64)


def test_a_copy_of_a_set_is_a_set(tmp_path):
    pixels = image((1, 300, 300), np.uint8)
    write_rset(tmp_path / "a.tif", pixels, 2)
    for kind in ("tif", "ntf"):
        targets = [tmp_path / f"b.{kind}{suffix}" for suffix in ("", ".r1", ".r2")]
        with IO.open(tmp_path / "a.tif", rset=True) as reader, IO.open(targets, "w") as writer:
            writer.add_asset("image:0", reader.get_asset("image:0"), metadata=None if kind == "tif" else {"IC": "NC"})
        for path, expected in zip(targets, pyramid(pixels, 2), strict=True):
            assert_same(imread(path), expected)
    with IO.open(tmp_path / "a.tif", rset=True) as reader, IO.open(targets[:2], "w", "tiff") as writer:
        with pytest.warns(MetadataWarning, match="left out: image:0:overview:2"):
            writer.add_asset("image:0", reader.get_asset("image:0"))
            writer.close()


def test_blocks_that_the_caller_encodes_go_to_the_file_of_their_level(tmp_path):
    pixels = image((1, 128, 128), np.uint8)
    expected = pyramid(pixels, 1)
    with IO.open([tmp_path / "a.tif", tmp_path / "a.tif.r1"], "w") as writer:
        for key, data in (("image:0:overview:1", expected[1]), ("image:0", pixels)):
            with writer.begin_image(key, GridProvider(data), roles=["overview" if "over" in key else "data"]) as begun:
                x, y, width, height = begun.block_window(0, 0)
                begun.append(begun.encoder.encode(0, 0, data[:, y : y + height, x : x + width]))
    for path, data in zip((tmp_path / "a.tif", tmp_path / "a.tif.r1"), expected, strict=True):
        assert_same(gdal_pixels(path), data)


def test_rasterio_reads_the_levels_of_a_set_of_tiffs(tmp_path):
    pixels = image((2, 500, 400), np.uint16)
    for path, expected in zip(write_rset(tmp_path / "a.tif", pixels, 2, **PLACE), pyramid(pixels, 2), strict=True):
        with rasterio.open(path) as src:
            assert src.driver == "GTiff" and src.count == 2 and src.overviews(1) == []
            assert_same(src.read(), expected)
