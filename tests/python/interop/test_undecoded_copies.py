"""An image of a file is copied undecoded into a file of its format, unless the metadata ask for another storage of its pixels. A
lossy image that is encoded again as it was gives a warning. GDAL and Pillow are the judges."""
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from aws.osml.io import IO, BufferedMetadataProvider, MetadataWarning, imread, imsave
from PIL import Image
from testkit.arrays import assert_same, smooth
from testkit.codestreams import boxes
from testkit.nitf_bytes import parse
from testkit.nitf_ours import heard, warned
from testkit.providers import buffered
from testkit.readers import gdal_pixels, tiff_tags

DATA = smooth((3, 300, 260))
AGAIN = "loses more"


def copy(source, target, changes=(), window=None):
    """Copies the image, or a part of it, with these entries of its metadata changed."""
    with IO.open(source) as reader, IO.open(target, "w") as writer:
        image = reader.get_asset("image:0")
        metadata = BufferedMetadataProvider(source=image.metadata)
        metadata.update(dict(changes))
        if window is not None:
            image = buffered(imread(source, window=window), metadata)
        writer.add_asset("image:0", image, metadata=metadata)


def codestream_of(name):
    content = Path(name).read_bytes()
    return dict(boxes(content))[b"jp2c"] if name.endswith("jp2") else content


def jpeg_tiff(path, **options):
    with rasterio.open(path, "w", driver="GTiff", width=260, height=300, count=3, dtype="uint8", compress="jpeg", **options) as sink:
        sink.write(DATA)


@pytest.fixture
def silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error", MetadataWarning)
        yield


@pytest.mark.parametrize("layout", [{"tiled": True, "blockxsize": 128, "blockysize": 128}, {"blockysize": 16}], ids=["tiles", "strips"])
@pytest.mark.parametrize("photometric", ["ycbcr", "rgb"])
def test_jpeg_blocks_of_a_tiff_keep_their_colour_and_tables(in_tmp, silent, photometric, layout):
    jpeg_tiff("a.tif", photometric=photometric, **layout)
    copy("a.tif", "b.tif", {"ImageDescription": "changed"})
    old, new = tiff_tags("a.tif"), tiff_tags("b.tif")
    assert new[270] == "changed"
    for tag in (259, 262, 347, 530, 532):
        assert np.array_equal(old.get(tag), new.get(tag)), tag
    assert_same(gdal_pixels("b.tif"), gdal_pixels("a.tif"))
    assert_same(imread("b.tif"), imread("a.tif"))


@pytest.mark.parametrize("bands", [1, 4])
def test_jpeg_blocks_of_other_bands_are_copied(in_tmp, silent, bands):
    data = smooth((bands, 90, 110))
    imsave("a.tif", data, compression="jpeg", quality=20, block_size=(64, 64))
    copy("a.tif", "b.tif")
    assert_same(gdal_pixels("b.tif"), gdal_pixels("a.tif"))


def test_a_quality_is_asked_for_and_encodes_again(in_tmp, silent):
    imsave("a.tif", DATA, compression="jpeg", quality=90)
    copy("a.tif", "b.tif", {"Quality": 10})
    assert (in_tmp / "b.tif").stat().st_size < 0.6 * (in_tmp / "a.tif").stat().st_size


def test_blocks_without_loss_are_copied_unless_an_effort_is_asked_for(in_tmp, silent):
    with rasterio.open("a.tif", "w", driver="GTiff", width=260, height=300, count=3, dtype="uint8", tiled=True, compress="deflate", zlevel=1) as sink:
        sink.write(DATA)
    copy("a.tif", "same.tif")
    copy("a.tif", "better.tif", {"CompressionLevel": 12})
    first = {name: stored_blocks(name) for name in ("a.tif", "same.tif", "better.tif")}
    assert first["a.tif"] == first["same.tif"] != first["better.tif"]
    assert_same(gdal_pixels("better.tif"), DATA)


def stored_blocks(path):
    tags, content = tiff_tags(path), open(path, "rb").read()
    return [content[at : at + count] for at, count in zip(tags[324], tags[325])]


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_file_is_copied_whole(in_tmp, silent, mode, options):
    shown = {"RGB": np.moveaxis(DATA, 0, 2), "L": DATA[0], "CMYK": np.moveaxis(smooth((4, 300, 260)), 0, 2)}[mode]
    Image.fromarray(shown, mode).save("a.jpg", quality=60, comment=b"old", icc_profile=b"x" * 200, dpi=(72, 72), **options)
    copy("a.jpg", "b.jpg", {"JPEG_COMMENT": "new"})
    with Image.open("a.jpg") as old, Image.open("b.jpg") as new:
        assert np.array_equal(np.asarray(old), np.asarray(new))
        assert (new.info["comment"], new.info["icc_profile"], new.info["dpi"]) == (b"new", b"x" * 200, (72, 72))


def test_an_rgb_jpeg_without_a_jfif_segment_stays_rgb(in_tmp, silent):
    Image.fromarray(np.moveaxis(DATA, 0, 2)).save("a.jpg", quality=60, keep_rgb=True)
    copy("a.jpg", "b.jpg")
    assert_same(gdal_pixels("b.jpg"), gdal_pixels("a.jpg"))
    assert b"JFIF" not in (in_tmp / "b.jpg").read_bytes()


@pytest.mark.parametrize("name", ["a.jp2", "a.j2k"])
@pytest.mark.parametrize("quality", [1, None])
def test_a_codestream_is_copied_byte_for_byte(in_tmp, silent, name, quality):
    imsave(name, DATA, quality=quality, block_size=(128, 100), metadata={"J2K_QUALITY_LAYERS": 3})
    copy(name, "b" + name)
    assert codestream_of("b" + name) == codestream_of(name)
    assert_same(gdal_pixels("b" + name), gdal_pixels(name))


def test_comments_and_boxes_change_without_another_encoding(in_tmp, silent):
    imsave("a.jp2", DATA, quality=1, metadata={"J2K_COMMENT": "old"}, crs=32618, transform=(300000, 2, 0, 4500000, 0, -2))
    copy("a.jp2", "b.jp2", {"J2K_COMMENT": "a longer comment", "J2K_XML": "<new/>"})
    old, new = codestream_of("a.jp2"), codestream_of("b.jp2")
    tiles = old[old.index(b"\xff\x90") :]
    assert new.endswith(tiles) and b"a longer comment" in new and b"old" not in new
    assert b"<new/>" in (in_tmp / "b.jp2").read_bytes()
    with rasterio.open("b.jp2") as source:
        assert source.transform.a == 2
    assert_same(gdal_pixels("b.jp2"), gdal_pixels("a.jp2"))


def test_a_codestream_moves_between_the_formats_of_files(in_tmp, silent):
    imsave("a.jp2", DATA, quality=1)
    copy("a.jp2", "b.j2k", {})
    assert codestream_of("b.j2k") == codestream_of("a.jp2")


@pytest.mark.parametrize("changes", [{"J2K_TILE_SIZE": [64, 64]}, {"J2K_QUALITY_LAYERS": 4}, {"J2K_RATE": 0.5}])
def test_another_storage_encodes_again(in_tmp, changes):
    imsave("a.jp2", DATA, quality=1)
    copy("a.jp2", "b.jp2", changes)
    assert codestream_of("b.jp2") != codestream_of("a.jp2")


@pytest.mark.parametrize("name, changes", [("a.tif", {"TileWidth": 128}), ("a.jpg", {"JPEG_SUBSAMPLING": "4:4:4"}), ("a.ntf", {"NPPBH": 128})])
def test_what_is_lossy_and_is_encoded_again_as_it_was_gives_a_warning(in_tmp, name, changes):
    imsave(name, DATA, compression="jpeg")
    with warned(MetadataWarning, AGAIN):
        copy(name, "b" + name, changes)
    assert not np.array_equal(gdal_pixels("b" + name), gdal_pixels(name))
    with warned(MetadataWarning, AGAIN):
        copy(name, "c" + name, window=(0, 0, 100, 90))
    quality = {"a.tif": {"Quality": 90}, "a.jpg": {"JPEG_QUALITY": 91}, "a.ntf": {"COMRAT": "90.0"}}[name]
    with heard() as caught:
        copy(name, "d" + name, {**changes, **quality})
    assert not [text for _, text in caught if AGAIN in text]


@pytest.mark.parametrize("hint, on_disk", [("01.0", "0100"), ("V010", "V010")])
def test_a_copied_rate_is_the_rate_of_what_is_encoded_again(in_tmp, hint, on_disk):
    imsave("a.ntf", DATA, metadata={"IC": "C8", "COMRAT": hint})
    with warned(MetadataWarning, "COMRAT", AGAIN):
        copy("a.ntf", "b.ntf", {"NPPBH": "128", "NPPBV": "128"})
    with heard() as caught:
        copy("a.ntf", "c.ntf", {"NPPBH": "128", "NPPBV": "128", "COMRAT": "N"})
    assert not caught
    old, same, lossless = (parse(name).images[0] for name in ("a.ntf", "b.ntf", "c.ntf"))
    assert old["COMRAT"] == same["COMRAT"] == on_disk and lossless["COMRAT"][0] == "N"
    assert len(same.data) < 1.2 * len(old.data) < len(lossless.data)
    assert_same(imread("c.ntf"), imread("a.ntf"))
