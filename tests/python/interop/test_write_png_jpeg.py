"""PNG and JPEG files of ours, read by Pillow, imagecodecs and GDAL: lossless bit for bit, lossy within stated bounds."""
import io
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider, imread, imsave
from PIL import Image, PngImagePlugin
from testkit.arrays import assert_same, image, psnr, smooth
from testkit.readers import gdal_pixels, pillow_pixels

SIZES = [(1, 1), (1, 257), (257, 1), (255, 256), (256, 257), (257, 255), (8, 8), (2000, 3)]


def png_chunks(path):
    content, at, found = path.read_bytes(), 8, []
    while at < len(content):
        (length,), kind = struct.unpack_from(">I", content, at), content[at + 4:at + 8]
        body = content[at + 8:at + 8 + length]
        assert struct.unpack_from(">I", content, at + 8 + length)[0] == zlib.crc32(kind + body), kind
        found.append((kind.decode(), body))
        at += 12 + length
    return found


def copy_with_metadata(source, target, pixels=None):
    with IO.open(source) as reader:
        found = reader.get_asset("image:0")
        made = BufferedImageAssetProvider.create(
            key="copy", num_columns=found.num_columns, num_rows=found.num_rows, num_bands=found.num_bands,
            pixel_type=found.pixel_value_type, metadata=BufferedMetadataProvider(source=found.metadata))
        made.set_full_image(found.read())
    with IO.open(target, "w") as writer:
        writer.add_asset("image:0", made)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("rows,cols", SIZES)
def test_png_pixels_survive(tmp_path, dtype, bands, rows, cols):
    data = image((bands, rows, cols), dtype)
    path = tmp_path / "a.png"
    imsave(path, data)
    expected = imagecodecs.png_decode(path.read_bytes())
    assert_same(np.moveaxis(expected.reshape(rows, cols, bands), 2, 0), data, "libpng")
    assert_same(gdal_pixels(path), data, "GDAL")
    assert_same(imread(path), data, "our reader")
    if dtype == "uint8":
        assert_same(pillow_pixels(path), data, "Pillow")


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_a_png_is_one_valid_zlib_stream_whatever_the_threads(tmp_path, threads):
    data = image((3, 1500, 700), np.uint8)
    path = tmp_path / "a.png"
    imsave(path, data, threads=threads)
    chunks = png_chunks(path)
    assert [k for k, _ in chunks][0] == "IHDR" and [k for k, _ in chunks][-1] == "IEND"
    decoder = zlib.decompressobj()
    raw = decoder.decompress(b"".join(body for kind, body in chunks if kind == "IDAT"))
    assert decoder.eof and not decoder.unused_data, "the Adler-32 of the whole stream must hold"
    assert len(raw) == 1500 * (1 + 700 * 3)
    assert_same(pillow_pixels(path), data)


@pytest.mark.parametrize("dtype,bands,expected", [("uint8", 1, (8, 0)), ("uint16", 1, (16, 0)), ("uint8", 2, (8, 4)), ("uint8", 3, (8, 2)),
                                                  ("uint16", 3, (16, 2)), ("uint16", 4, (16, 6))])
def test_png_depth_and_colour_type(tmp_path, dtype, bands, expected):
    imsave(tmp_path / "a.png", image((bands, 5, 6), dtype))
    header = png_chunks(tmp_path / "a.png")[0][1]
    assert tuple(header[8:10]) == expected and tuple(header[10:]) == (0, 0, 0)


@pytest.mark.parametrize("bands", [5, 8])
def test_png_refuses_more_than_four_bands(tmp_path, bands):
    with pytest.raises(ValueError):
        imsave(tmp_path / "a.png", image((bands, 5, 6), np.uint8))


def test_a_png_is_not_larger_than_gdal_s(tmp_path):
    import rasterio

    for dtype in ("uint8", "uint16"):
        data = smooth((1 if dtype == "uint16" else 3, 512, 512), dtype) * (257 if dtype == "uint16" else 1)
        data = (data + np.random.default_rng(3).integers(0, 4, data.shape)).astype(dtype)
        imsave(tmp_path / "a.png", data)
        with rasterio.open(tmp_path / "g.png", "w", driver="PNG", width=512, height=512, count=len(data), dtype=dtype) as dst:
            dst.write(data)
        assert (tmp_path / "a.png").stat().st_size <= (tmp_path / "g.png").stat().st_size


def test_png_text_density_and_profile_survive_a_copy(tmp_path):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "somebody")
    text.add_text("Comment", "long " * 500, zip=True)
    text.add_itxt("Title", "Überschrift", lang="de", tkey="Titel")
    data = image((3, 30, 40), np.uint8)
    Image.fromarray(np.moveaxis(data, 0, 2)).save(tmp_path / "a.png", pnginfo=text, dpi=(300, 150), icc_profile=profile)
    copy_with_metadata(tmp_path / "a.png", tmp_path / "b.png")
    with Image.open(tmp_path / "a.png") as before, Image.open(tmp_path / "b.png") as after:
        before.load(), after.load()
        assert dict(after.text) == dict(before.text)
        assert after.info["dpi"] == pytest.approx(before.info["dpi"])
        assert after.info["icc_profile"] == profile
    assert_same(imread(tmp_path / "b.png"), data)


def test_png_text_can_be_read_as_metadata(tmp_path):
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "somebody")
    Image.new("L", (4, 4)).save(tmp_path / "a.png", pnginfo=text)
    with IO.open(tmp_path / "a.png") as reader:
        found = dict(reader.get_asset("image:0").metadata)
    assert any("Author" in key and "somebody" in str(value) for key, value in found.items()), found


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("rows,cols", SIZES)
def test_jpeg_pixels_are_close(tmp_path, bands, rows, cols):
    data = smooth((bands, rows, cols))
    path = tmp_path / "a.jpg"
    imsave(path, data, quality=95)
    # Quality 95 quantises low frequencies by 1 or 2; 4:2:0 blurs colours of a gentle picture by a few steps.
    for name, found in (("Pillow", pillow_pixels(path)), ("GDAL", gdal_pixels(path)), ("our reader", imread(path))):
        assert found.shape == data.shape and found.dtype == np.uint8, name
        assert psnr(found, data) > 36, name
        assert np.abs(found.astype(int) - data).max() <= 24, name


def test_our_jpeg_decoder_agrees_with_libjpeg_on_our_files(tmp_path):
    data = smooth((3, 333, 517))
    imsave(tmp_path / "a.jpg", data, quality=85)
    difference = np.abs(imread(tmp_path / "a.jpg").astype(int) - pillow_pixels(tmp_path / "a.jpg"))
    # Both are within 1 of the exact inverse transform per component; colour conversion adds at most 2; the two may interpolate chroma differently.
    assert difference.mean() < 1 and difference.max() <= 8


@pytest.mark.parametrize("threads", [2, 5])
def test_jpeg_bytes_do_not_depend_on_threads(tmp_path, threads):
    data = smooth((3, 1000, 900))
    imsave(tmp_path / "a.jpg", data, threads=1)
    imsave(tmp_path / "b.jpg", data, threads=threads)
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()


@pytest.mark.parametrize("bands", [2, 5])
def test_jpeg_refuses_band_counts_it_cannot_hold(tmp_path, bands):
    with pytest.raises(ValueError):
        imsave(tmp_path / "a.jpg", smooth((bands, 5, 6)))


def test_a_jpeg_is_baseline_and_has_restart_markers(tmp_path):
    imsave(tmp_path / "a.jpg", smooth((3, 1000, 900)))
    content = (tmp_path / "a.jpg").read_bytes()
    assert content[:2] == b"\xff\xd8" and content[-2:] == b"\xff\xd9"
    assert b"\xff\xc0" in content and b"\xff\xc2" not in content[:1000]


def test_exif_and_profile_survive_a_copy(tmp_path):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F] = "maker"
    exif[0x0112] = 6
    Image.fromarray(np.moveaxis(smooth((3, 40, 60)), 0, 2)).save(tmp_path / "a.jpg", exif=exif, icc_profile=profile)
    copy_with_metadata(tmp_path / "a.jpg", tmp_path / "b.jpg")
    with Image.open(tmp_path / "b.jpg") as after:
        assert after.getexif()[0x010F] == "maker" and after.getexif()[0x0112] == 6
        assert after.info["icc_profile"] == profile


def test_a_large_profile_is_split_and_joined(tmp_path):
    from PIL import ImageCms

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile += np.random.default_rng(0).integers(0, 256, 200_000, dtype=np.uint8).tobytes()
    profile[:4] = struct.pack(">I", len(profile))
    profile = bytes(profile)
    Image.fromarray(np.moveaxis(smooth((3, 40, 60)), 0, 2)).save(tmp_path / "a.jpg", icc_profile=profile)
    copy_with_metadata(tmp_path / "a.jpg", tmp_path / "b.jpg")
    with Image.open(tmp_path / "b.jpg") as after:
        assert after.info["icc_profile"] == profile


def test_streams_hold_the_same_bytes_as_files(tmp_path):
    data = smooth((3, 100, 120))
    for name, kind in (("a.png", "png"), ("a.jpg", "jpeg"), ("a.tif", "tiff")):
        imsave(tmp_path / name, data)
        stream = io.BytesIO()
        imsave(stream, data, format=kind)
        assert stream.getvalue() == (tmp_path / name).read_bytes(), name
