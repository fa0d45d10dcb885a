"""Blocks that conversion copies from format to format: other software reads the same pixels from both files."""
import warnings

import numpy as np
import pytest
from aws.osml.io import IO, convert, iminfo, imread, imsave
from testkit.arrays import assert_same, image
from testkit.nitf_judges import gdal_open, jbpy_check

rasterio = pytest.importorskip("rasterio")
Image = pytest.importorskip("PIL.Image")

DATA = image((3, 300, 420), "uint8")
SMOOTH = np.stack([np.add.outer(np.arange(300), np.arange(420)) // 3 + 5 * band for band in range(3)]).astype(np.uint8)
PLACE = {"crs": "EPSG:32618", "transform": (300000, 10, 0, 4500000, 0, -10)}


def gdal_pixels(path):
    with gdal_open(path) as file:
        return file.read()


def gdal_write(path, data, driver, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path, "w", driver=driver, width=data.shape[2], height=data.shape[1], count=data.shape[0], dtype=data.dtype,
                           crs=PLACE["crs"], transform=rasterio.Affine.from_gdal(*PLACE["transform"]), **options) as file:
            file.write(data)


def copied(source, target, **arguments):
    report = convert(source, target, **arguments)
    assert report.blocks == report.copied_blocks > 0
    return report


@pytest.mark.parametrize("options", [
    {"REVERSIBLE": "YES", "QUALITY": "100", "BLOCKXSIZE": "128", "BLOCKYSIZE": "64"}, {"REVERSIBLE": "YES", "QUALITY": "100"},
    {"REVERSIBLE": "NO", "QUALITY": "20", "BLOCKXSIZE": "256", "BLOCKYSIZE": "256"},
], ids=["lossless tiles", "one tile", "lossy"])
@pytest.mark.parametrize("bands", [1, 3])
def test_a_jp2_of_openjpeg_becomes_a_nitf(tmp_path, options, bands):
    source, target = tmp_path / "a.jp2", tmp_path / "b.ntf"
    gdal_write(source, DATA[:bands], "JP2OpenJPEG", **options)
    copied(source, target)
    jbpy_check(target)
    assert_same(gdal_pixels(target), gdal_pixels(source))
    assert_same(imread(target), imread(source))
    found = iminfo(target)
    assert found.metadata["IC"] == "C8" and np.allclose(found.transform, PLACE["transform"])
    with IO.open(target) as reader:
        rate = 8 * len(reader["image:0"].raw_asset.getvalue()) / DATA[:bands].size
    comrat = found.metadata["COMRAT"]
    if options["REVERSIBLE"] == "YES":
        assert comrat.startswith("N") and float(comrat[1:]) / 10 == pytest.approx(rate, abs=0.051)
    else:
        assert float(comrat) / 100 == pytest.approx(rate, abs=0.0051)


@pytest.mark.parametrize("word,ic", [("j2k", "C8"), ("htj2k", "CD")])
def test_codestreams_go_both_ways(tmp_path, word, ic):
    paths = [tmp_path / name for name in ("a.jp2", "b.ntf", "c.j2k", "d.nsf", "e.jp2")]
    imsave(paths[0], DATA.astype(np.uint16) * 200, compression=word, block_size=128)
    for source, target in zip(paths, paths[1:]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            copied(source, target)
        assert_same(imread(target), DATA.astype(np.uint16) * 200)
    assert iminfo(paths[1]).metadata["IC"] == ic
    assert iminfo(paths[1]).block_size == iminfo(paths[4]).block_size == (128, 128)


@pytest.mark.parametrize("change", [{"quality": 2.0}, {"compression": "NC"}, {"block_size": 64}, {"compression": "htj2k"}], ids=str)
def test_a_choice_of_the_coding_is_kept(tmp_path, change):
    source, target = tmp_path / "a.jp2", tmp_path / "b.ntf"
    imsave(source, DATA, block_size=128)
    report = convert(source, target, **({"compression": "j2k"} | change))
    assert report.copied_blocks == 0
    if "quality" not in change:
        assert_same(imread(target), DATA)


def test_a_codestream_that_a_nitf_cannot_hold_is_coded_again_without_loss(tmp_path):
    source, target = tmp_path / "a.jp2", tmp_path / "b.ntf"
    gdal_write(source, DATA[:1] // 16, "JP2OpenJPEG", REVERSIBLE="YES", QUALITY="100", NBITS="4")
    convert(source, target)
    assert_same(imread(target), DATA[:1] // 16)
    jbpy_check(target)


@pytest.mark.parametrize("bands", [1, 3])
def test_jpeg_tiles_of_gdal_become_blocks_of_a_nitf_and_tiles_again(tmp_path, bands):
    source, nitf, back = (tmp_path / name for name in ("a.tif", "b.ntf", "c.tif"))
    colour = {"photometric": "YCBCR"} if bands == 3 else {}
    gdal_write(source, SMOOTH[:bands], "GTiff", compress="JPEG", tiled=True, blockxsize=128, blockysize=128, **colour)
    copied(source, nitf)
    jbpy_check(nitf)
    found = iminfo(nitf)
    assert (found.metadata["IC"], found.metadata["COMRAT"], found.block_size) == ("C3", "00.0", (128, 128))
    assert np.allclose(found.transform, PLACE["transform"])
    assert_same(imread(nitf), imread(source))
    assert np.abs(gdal_pixels(nitf).astype(int) - gdal_pixels(source)).max() <= 1
    copied(nitf, back)
    assert_same(imread(back), imread(source))
    assert_same(gdal_pixels(back), gdal_pixels(source))


def test_jpeg_blocks_of_gdals_nitf_become_tiles(tmp_path):
    source, target = tmp_path / "a.ntf", tmp_path / "b.tif"
    gdal_write(tmp_path / "raw.tif", SMOOTH[:1], "GTiff")
    from rasterio.shutil import copy

    copy(tmp_path / "raw.tif", source, driver="NITF", IC="C3", BLOCKXSIZE=128, BLOCKYSIZE=128, QUALITY=80)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        copied(source, target)
    assert iminfo(target).compression == "jpeg"
    assert np.abs(gdal_pixels(target).astype(int) - gdal_pixels(source)).max() <= 1


def test_jpeg_is_not_coded_twice_unasked(tmp_path):
    """Tiles that the other format cannot take become lossless."""
    source = tmp_path / "a.tif"
    gdal_write(source, SMOOTH, "GTiff", compress="JPEG", photometric="RGB", tiled=True, blockxsize=128, blockysize=128)
    convert(source, tmp_path / "b.ntf")
    assert_same(imread(tmp_path / "b.ntf"), imread(source))
    gdal_write(source, SMOOTH[:1], "GTiff", compress="JPEG", blockysize=16)
    convert(source, tmp_path / "c.ntf")
    assert_same(imread(tmp_path / "c.ntf"), imread(source))
    gdal_write(source, SMOOTH[:1], "GTiff", compress="JPEG", tiled=True, blockxsize=128, blockysize=128, nodata=0)
    convert(source, tmp_path / "d.ntf")
    assert iminfo(tmp_path / "d.ntf").metadata["IC"] == "NM" and iminfo(tmp_path / "d.ntf").nodata == 0


def test_a_tiff_with_overviews_becomes_a_cog_tile_by_tile(tmp_path):
    from testkit.cog_rules import cog_errors

    source, target = tmp_path / "a.tif", tmp_path / "b.tif"
    gdal_write(source, DATA, "GTiff", compress="DEFLATE", tiled=True, blockxsize=128, blockysize=128)
    with rasterio.open(source, "r+") as file:
        file.build_overviews([2, 4], rasterio.enums.Resampling.average)
    copied(source, target, cog=True)
    assert cog_errors(target) == []
    with rasterio.open(source) as first, rasterio.open(target) as second:
        assert first.overviews(1) == second.overviews(1) == [2, 4]
        assert_same(second.read(), first.read())
        for level in (0, 1):
            with rasterio.open(source, overview_level=level) as one, rasterio.open(target, overview_level=level) as two:
                assert_same(two.read(), one.read())


def pillow_save(path, data, **options):
    Image.fromarray(np.moveaxis(data, 0, -1).squeeze()).save(path, quality=85, **options)


@pytest.mark.parametrize("bands,options", [(1, {}), (3, {"subsampling": "4:2:0"}), (3, {"subsampling": "4:4:4", "comment": b"a scene"})], ids=str)
def test_a_jpeg_file_becomes_a_nitf_and_a_file_again(tmp_path, bands, options):
    source, nitf, back = (tmp_path / name for name in ("a.jpg", "b.ntf", "c.jpg"))
    pillow_save(source, SMOOTH[:bands], **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        copied(source, nitf)
    jbpy_check(nitf)
    found = iminfo(nitf)
    assert (found.metadata["IC"], found.metadata["COMRAT"], found.block_size) == ("C3", "00.0", (420, 300))
    assert_same(imread(nitf), imread(source))
    assert_same(gdal_pixels(nitf), gdal_pixels(source))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        copied(nitf, back)
    assert_same(np.asarray(Image.open(back)), np.asarray(Image.open(source)))
    scan = source.read_bytes().split(b"\xff\xda", 1)[1]
    assert scan in nitf.read_bytes() and back.read_bytes().endswith(scan)


def test_a_block_of_gdals_nitf_becomes_a_jpeg_file(tmp_path):
    gdal_write(tmp_path / "raw.tif", SMOOTH, "GTiff")
    from rasterio.shutil import copy

    copy(tmp_path / "raw.tif", tmp_path / "a.ntf", driver="NITF", IC="C3", BLOCKXSIZE=420, BLOCKYSIZE=300, QUALITY=80)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        copied(tmp_path / "a.ntf", tmp_path / "b.jpg")
    assert_same(np.moveaxis(np.asarray(Image.open(tmp_path / "b.jpg")), -1, 0), gdal_pixels(tmp_path / "a.ntf"))


@pytest.mark.parametrize("options", [{"progressive": True}, {"mode": "CMYK"}, {"trailer": b"more"}], ids=str)
def test_a_jpeg_file_that_a_nitf_cannot_hold_is_coded_without_loss(tmp_path, options):
    source, target = tmp_path / "a.jpg", tmp_path / "b.ntf"
    picture = Image.fromarray(np.moveaxis(SMOOTH, 0, -1)).convert(options.get("mode", "RGB"))
    picture.save(source, progressive=options.get("progressive", False))
    source.write_bytes(source.read_bytes() + options.get("trailer", b""))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = convert(source, target)
    assert report.copied_blocks == 0 and iminfo(target).metadata["IC"] == "C8"
    assert_same(imread(target), imread(source))


@pytest.mark.parametrize("choice", [{"quality": 40}, {"block_size": 128, "compression": "jpeg"}], ids=str)
def test_a_choice_of_the_jpeg_coding_is_kept(tmp_path, choice):
    pillow_save(tmp_path / "a.jpg", SMOOTH)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert convert(tmp_path / "a.jpg", tmp_path / "b.ntf", **({"compression": "jpeg"} | choice)).copied_blocks == 0
        convert(tmp_path / "a.jpg", tmp_path / "c.ntf")
        assert convert(tmp_path / "c.ntf", tmp_path / "d.jpg", quality=40).copied_blocks == 0


def lost(source, target, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return convert(source, target, **arguments).lost


def test_comments_that_a_copied_codestream_keeps_are_not_named_as_lost(tmp_path):
    imsave(tmp_path / "a.jp2", DATA, metadata={"J2K_COMMENT": "of mine"})
    assert lost(tmp_path / "a.jp2", tmp_path / "b.ntf") == []
    assert b"of mine" in (tmp_path / "b.ntf").read_bytes()
    assert lost(tmp_path / "a.jp2", tmp_path / "c.ntf", compression="NC") == ["J2K_COMMENT"]
    assert lost(tmp_path / "a.jp2", tmp_path / "d.tif") == ["J2K_COMMENT"]


def test_what_a_writer_adds_by_default_is_not_named_as_lost(tmp_path):
    gdal_write(tmp_path / "a.jp2", DATA, "JP2OpenJPEG", GMLJP2="NO")
    assert "J2K_COMMENT" in iminfo(tmp_path / "a.jp2").metadata and lost(tmp_path / "a.jp2", tmp_path / "a.tif") == []
    imsave(tmp_path / "b.ntf", DATA)
    assert lost(tmp_path / "b.ntf", tmp_path / "b.tif") == []
    with IO.open(tmp_path / "c.ntf", "w") as writer, IO.open(tmp_path / "b.ntf") as reader:
        writer.metadata = {"OSTAID": "STATION"}
        writer.add_asset("image:0", reader["image:0"])
    assert lost(tmp_path / "c.ntf", tmp_path / "c.tif") == ["OSTAID"]
