"""LZMA, WebP, LERC, JPEG 2000, JPEG XL and old-style JPEG in TIFF: tifffile and GDAL read ours, and we read theirs."""
import io
import struct
import warnings

import numpy as np
import pytest
import rasterio
import tifffile
from aws.osml.io import Error, FormatError, IO, OptionError, UnsupportedError, imread, imsave, iminfo
from PIL import Image
from testkit.arrays import assert_same, image
from testkit.readers import tiff_tags
from testkit.tiff_bytes import LONG, SHORT, field, file
from testkit.tiff_bytes import image as fields_of
from testkit.warned import warned

INTEGERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32"]
LERC = [*INTEGERS, "float32", "float64"]
KINDS = {"none": 0, "deflate": 1, "zstd": 2}


@pytest.fixture
def tif(tmp_path):
    return tmp_path / "a.tif"


def smooth(shape, dtype):
    """A ramp with some noise, of values that every type holds."""
    noise = np.random.default_rng(5).integers(0, 4, shape)
    return (np.add.outer(np.arange(shape[-2]), np.arange(shape[-1])) % 90 + noise).astype(dtype)


def theirs(path, data, **options):
    """Writes (bands, rows, columns) with tifffile."""
    pixels = np.moveaxis(data, 0, 2) if len(data) > 1 else data[0]
    more = {"planarconfig": "contig"} if len(data) > 1 else {}
    options.setdefault("photometric", "minisblack")
    tifffile.imwrite(path, pixels, metadata=None, **more, **options)


def gdal(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path) as src:
            return src.read()


def both_read(path, data):
    """tifffile and GDAL read the pixels of a file of ours, and so do we."""
    assert_same(imread(path), data)
    assert_same(gdal(path), data)
    page = tifffile.TiffFile(path).pages[0]
    found = page.asarray().reshape(page.shape)
    assert_same(np.moveaxis(found, -1, 0) if found.ndim == 3 and page.planarconfig == 1 else found.reshape(data.shape), data)


# --- LZMA

@pytest.mark.parametrize("dtype", [*LERC, "uint64", "complex64"])
@pytest.mark.parametrize("level", [None, 0, 9])
def test_lzma_is_written(tif, dtype, level):
    data = image((3, 50, 70), dtype)
    imsave(tif, data, compression="lzma", block_size=(32, 48), metadata={} if level is None else {"CompressionLevel": level})
    assert_same(imread(tif), data)
    assert tiff_tags(tif)[259] == 34925
    # GDAL and tifffile read the predictors as they do with Deflate.
    assert_same(gdal(tif), data)
    assert_same(np.moveaxis(tifffile.imread(tif), -1, 0), data)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("predictor", [False, True])
def test_lzma_of_others_is_read(tif, dtype, predictor):
    data = image((3, 45, 77), dtype)
    theirs(tif, data, compression="lzma", tile=(32, 48), predictor=predictor)
    assert_same(imread(tif), data)
    options = {"PREDICTOR": (3 if dtype == "float32" else 2) if predictor else 1, "compress": "LZMA", "INTERLEAVE": "PIXEL"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(tif, "w", driver="GTiff", width=77, height=45, count=3, dtype=dtype, **options) as out:
            out.write(data)
    # libtiff stores differences by a filter of the stream.
    assert_same(imread(tif), data)


# --- WebP

@pytest.mark.parametrize("bands", [3, 4])
def test_webp_is_written_without_loss(tif, bands):
    data = image((bands, 100, 130), np.uint8)
    imsave(tif, data, compression="webp", block_size=(64, 64))
    assert tiff_tags(tif)[259] == 50001
    both_read(tif, data)


@pytest.mark.parametrize("bands", [3, 4])
@pytest.mark.parametrize("lossless", [True, False])
def test_webp_of_others_is_read(tif, bands, lossless):
    data = np.stack([smooth((70, 90), np.uint8) + 30 * band for band in range(bands)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        profile = {"compress": "WEBP", "WEBP_LOSSLESS": lossless, "WEBP_LEVEL": 60, "INTERLEAVE": "PIXEL"}
        with rasterio.open(tif, "w", driver="GTiff", width=90, height=70, count=bands, dtype="uint8", **profile) as out:
            out.write(data)
    found, expected = imread(tif), gdal(tif)
    assert_same(found, data if lossless else expected)
    assert lossless == bool((expected == data).all())


@pytest.mark.parametrize("bands", [3, 4])
def test_webp_with_a_quality_is_lossy_as_others_write_it(tif, bands, tmp_path):
    data = np.stack([smooth((200, 260), np.uint8) // 2 + 30 * band for band in range(bands)])
    sizes, errors = [], []
    for quality in (20, 90):
        imsave(tif, data, compression="webp", quality=quality, block_size=(64, 64))
        assert tiff_tags(tif)[259] == 50001
        found = imread(tif)
        assert_same(found, gdal(tif))
        error = (found.astype(float) - data) ** 2
        sizes.append(tif.stat().st_size)
        errors.append(error.mean())
        if bands == 4:
            assert error[3].max() == 0, "alpha is lossless"
    assert sizes[0] < sizes[1] and errors[0] > errors[1] > 0
    theirs = tmp_path / "theirs.tif"
    profile = {"compress": "WEBP", "WEBP_LEVEL": 90, "tiled": True, "blockxsize": 64, "blockysize": 64, "INTERLEAVE": "PIXEL"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(theirs, "w", driver="GTiff", width=260, height=200, count=bands, dtype="uint8", **profile) as out:
            out.write(data)
    assert errors[1] <= 1.1 * ((gdal(theirs).astype(float) - data) ** 2).mean()
    assert sizes[1] <= 1.1 * theirs.stat().st_size


def test_a_cog_of_lossy_webp_has_lossy_overviews(tif):
    data = np.stack([smooth((600, 700), np.uint8) // 2 + 30 * band for band in range(3)])
    sizes = {}
    for quality in (20, 90):
        imsave(tif, data, compression="webp", quality=quality, cog=True, overviews=[2], block_size=(128, 128))
        with IO.open(tif) as reader:
            overview = reader.get_asset("image:0:overview:1")
            assert overview.compression == "webp"
            sizes[quality] = sum(size for _, size in overview.tile_byte_ranges())
    assert sizes[20] < sizes[90]


def test_webp_takes_only_colours_of_bytes(tif):
    for data in (np.zeros((1, 40, 40), np.uint8), np.zeros((3, 40, 40), np.uint16)):
        with pytest.raises(OptionError, match="WebP.*expected 3 or 4 bands of uint8"):
            imsave(tif, data, compression="webp")
    with pytest.raises(OptionError, match="WebP"):
        imsave(tif, np.zeros((3, 40, 40), np.uint8), compression="webp", metadata={"PlanarConfiguration": "Separate"})
    assert not tif.exists()


# --- LERC

@pytest.mark.parametrize("dtype", LERC)
@pytest.mark.parametrize("further", KINDS)
@pytest.mark.parametrize("bands", [1, 3])
def test_lerc_is_written_without_loss(tif, dtype, further, bands):
    data = smooth((bands, 50, 70), dtype)
    imsave(tif, data, compression="lerc", block_size=(32, 48), metadata={"LercParameters": [4, KINDS[further]]})
    tags = tiff_tags(tif)
    assert (tags[259], tags[50674]) == (34887, (4, KINDS[further]))
    both_read(tif, data)


def test_lerc_planes_are_written_and_read(tif):
    data = image((4, 60, 40), np.float32)
    imsave(tif, data, compression="lerc", metadata={"PlanarConfiguration": "Separate"})
    assert_same(imread(tif), data)
    assert_same(gdal(tif), data)


def test_lerc_keeps_the_largest_error(tif):
    data = (100 * np.sin(np.arange(128 * 128) / 50)).reshape(1, 128, 128).astype(np.float32)
    imsave(tif, data, compression="lerc")
    exact = tif.stat().st_size
    imsave(tif, data, compression="lerc", metadata={"MaxZError": 0.5})
    error = np.abs(imread(tif) - data).max()
    assert 0 < error <= 0.5 and tif.stat().st_size < exact / 2
    assert_same(gdal(tif), imread(tif))
    with pytest.raises(OptionError, match="MaxZError"):
        imsave(tif, data, compression="lerc", metadata={"MaxZError": -1})
    (text,) = warned(lambda: imsave(tif, data, metadata={"MaxZError": 0.5}))
    assert "MaxZError" in text and "not LERC" in text


def test_lerc_has_nan(tif):
    data = image((1, 40, 50), np.float32)
    data[0, 3:9, 4:20] = np.nan
    imsave(tif, data, compression="lerc")
    assert_same(imread(tif), data)
    assert_same(gdal(tif), data)
    both = np.stack([data[0], image((1, 40, 50), np.float32)[0] * 0 + 1])
    with pytest.raises(UnsupportedError, match="NaN in some bands"):
        imsave(tif, both, compression="lerc")
    imsave(tif, both, compression="lerc", metadata={"PlanarConfiguration": "Separate"})
    assert_same(imread(tif), both)


@pytest.mark.parametrize("dtype", LERC)
@pytest.mark.parametrize("further", KINDS)
def test_lerc_of_tifffile_is_read(tif, dtype, further):
    for bands in (1, 3):
        data = smooth((bands, 45, 77), dtype)
        args = {} if further == "none" else {"compressionargs": {"compression": further}}
        theirs(tif, data, compression="lerc", tile=(32, 48), **args)
        assert_same(imread(tif), data)
        assert_same(imread(tif, window=(40, 30, 20, 10)), data[:, 30:40, 40:60])


@pytest.mark.parametrize("compress", ["LERC", "LERC_DEFLATE", "LERC_ZSTD"])
@pytest.mark.parametrize("error", [0, 0.25])
def test_lerc_of_gdal_is_read(tif, compress, error):
    data = smooth((2, 90, 70), np.float32)
    data[:, 4:7, 5] = np.nan
    profile = {"compress": compress, "MAX_Z_ERROR": error, "INTERLEAVE": "PIXEL"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(tif, "w", driver="GTiff", width=70, height=90, count=2, dtype="float32", **profile) as out:
            out.write(data)
    assert_same(imread(tif), gdal(tif))


def test_the_alpha_channel_in_a_mask_of_lerc_is_read(tif):
    data = smooth((4, 64, 64), np.uint8)
    data[3] = 255
    data[3, 10:20, 30:40] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        profile = {"compress": "LERC", "INTERLEAVE": "PIXEL", "PHOTOMETRIC": "RGB", "ALPHA": "YES"}
        with rasterio.open(tif, "w", driver="GTiff", width=64, height=64, count=4, dtype="uint8", **profile) as out:
            out.write(data)
    assert_same(imread(tif), gdal(tif))


def test_lerc_refuses_what_it_does_not_have(tif):
    for dtype in ("uint64", "float16", "complex64"):
        with pytest.raises(OptionError, match="LERC.*expected integers of 8, 16 and 32 bits"):
            imsave(tif, image((1, 20, 20), dtype), compression="lerc")
    with pytest.raises(OptionError, match="LercParameters"):
        imsave(tif, image((1, 20, 20), "uint8"), compression="lerc", metadata={"LercParameters": [4, 9]})


@pytest.mark.parametrize("word", ["lerc", "lzma", "webp"])
def test_copies_are_undecoded_and_cogs_are_valid(tmp_path, word):
    data = smooth((3, 600, 700), np.uint8)
    imsave(tmp_path / "a.tif", data, compression=word, cog=True, block_size=(256, 256))
    assert_same(imread(tmp_path / "a.tif"), data)
    assert imread(tmp_path / "a.tif", resolution_level=1).shape == (3, 300, 350)
    with IO.open(tmp_path / "a.tif") as reader, IO.open(tmp_path / "b.tif", "w") as writer:
        writer.add_asset("image:0", reader["image:0"])
    assert_same(imread(tmp_path / "b.tif"), data)
    assert iminfo(tmp_path / "b.tif").compression == word
    if word == "lerc":
        assert tiff_tags(tmp_path / "b.tif")[50674] == (4, 0)


# --- JPEG 2000 and JPEG XL, on reading

@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("codec", ["j2k", "jp2"])
def test_jpeg_2000_is_read(tif, dtype, bands, codec):
    data = smooth((bands, 90, 150), dtype)
    theirs(tif, data, compression="jpeg2000", tile=(64, 64), compressionargs={"level": 0, "codecformat": codec})
    assert_same(imread(tif), data)
    assert_same(imread(tif, window=(60, 50, 20, 30)), data[:, 50:80, 60:80])
    assert (tiff_tags(tif)[259], iminfo(tif).compression) == (34712, "j2k")


def recoded(path, code):
    """The file with another code of compression."""
    content = bytearray(path.read_bytes())
    place = content.index(struct.pack("<HHI", 259, 3, 1))
    content[place + 8 : place + 10] = struct.pack("<H", code)
    path.write_bytes(content)


def test_jpeg_2000_of_aperio_is_read(tif):
    data = smooth((3, 64, 96), np.uint8)
    data[1:] += 60
    theirs(tif, data, compression="jpeg2000", tile=(64, 96), compressionargs={"level": 0, "mct": False}, photometric="rgb")
    recoded(tif, 33005)
    assert_same(imread(tif), data)
    recoded(tif, 33003)
    y, cb, cr = (band.astype(float) for band in data)
    rgb = [y + 1.402 * (cr - 128), y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128), y + 1.772 * (cb - 128)]
    expected = np.clip(np.round(rgb), 0, 255)
    assert np.abs(imread(tif) - expected).max() <= 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("bands", [1, 3])
def test_jpeg_xl_is_read_without_loss(tif, dtype, bands):
    data = smooth((bands, 90, 150), dtype)
    if dtype == "float32":
        data = (data / 100).astype(np.float32)
    options = {"photometric": "rgb"} if bands == 3 else {}
    theirs(tif, data, compression="jpegxl", tile=(64, 64), compressionargs={"lossless": True}, **options)
    assert_same(imread(tif), data)
    assert (tiff_tags(tif)[259], iminfo(tif).compression) == (50002, "jpegxl")
    recoded(tif, 52546)
    assert_same(imread(tif), data)


def test_lossy_jpeg_xl_is_close_to_that_of_others(tif):
    data = smooth((3, 128, 128), np.uint8)
    theirs(tif, data, compression="jpegxl", compressionargs={"lossless": False, "level": 90}, photometric="rgb")
    expected = np.moveaxis(tifffile.imread(tif), -1, 0).astype(int)
    assert np.abs(imread(tif) - expected).max() <= 2


@pytest.mark.parametrize("word", ["j2k", "jpegxl", "oldjpeg"])
def test_what_is_only_read_is_refused_on_writing(tif, word):
    with pytest.raises(OptionError, match="compression: got .*expected none lzw jpeg"):
        imsave(tif, np.zeros((3, 20, 20), np.uint8), compression=word)


# --- old-style JPEG

def jpeg(data, **options):
    out = io.BytesIO()
    Image.fromarray(data).save(out, "JPEG", quality=90, **options)
    return out.getvalue()


def segments(stream):
    """(marker, offset, payload) of the segments up to the scan, and the offset of its data."""
    found, at = [], 2
    while True:
        marker, (length,) = stream[at + 1], struct.unpack_from(">H", stream, at + 2)
        found.append((marker, at, stream[at + 4 : at + 2 + length]))
        at += 2 + length
        if marker == 0xDA:
            return found, at


def old_jpeg(stream, size, where, samples=3, photometric=6):
    """A file of compression 6 whose header is a stream, a stream apart from the strip, or tables."""
    found, data_at = segments(stream)
    scan = stream[data_at:-2]
    fields = [field(259, SHORT, 6), field(530, SHORT, 2, 2)] if samples == 3 else [field(259, SHORT, 6)]
    if where == "stream":
        return file(fields_of(stream, size, 8, samples, photometric, fields))
    # The strip begins at offset 8; what follows it is found by its offset.
    content, start = scan, 8
    if where == "header":
        offset = start + len(content)
        content += stream
        fields += [field(513, LONG, offset), field(514, LONG, len(stream))]
        return file(fields_of(content, size, 8, samples, photometric, fields))
    steps, codes = {}, {}
    for marker, _, payload in found:
        while marker == 0xDB and payload:
            steps[payload[0]], payload = payload[1:65], payload[65:]
        while marker == 0xC4 and payload:
            count = sum(payload[1:17])
            codes[payload[0]], payload = payload[1 : 17 + count], payload[17 + count :]
    places = {519: [], 520: [], 521: []}
    for component in range(samples):
        number = min(component, 1)
        for tag, table in ((519, steps[number]), (520, codes[number]), (521, codes[0x10 + number])):
            places[tag].append(start + len(content))
            content += table
    fields += [field(512, SHORT, 1), *(field(tag, LONG, *offsets) for tag, offsets in places.items())]
    return file(fields_of(content, size, 8, samples, photometric, fields))


@pytest.mark.parametrize("where", ["stream", "header", "tables"])
@pytest.mark.parametrize("samples", [1, 3])
def test_old_style_jpeg_is_read(tif, where, samples):
    pixels = np.stack([smooth((60, 90), np.uint8) + 40 * band for band in range(3)], axis=2)
    pixels = pixels if samples == 3 else pixels[..., 0]
    stream = jpeg(pixels, subsampling=2) if samples == 3 else jpeg(pixels)
    tif.write_bytes(old_jpeg(stream, (90, 60), where, samples, 6 if samples == 3 else 1))
    expected = np.asarray(Image.open(io.BytesIO(stream))).reshape(60, 90, samples)
    found = imread(tif)
    assert np.abs(np.moveaxis(found, 0, 2).astype(int) - expected).max() <= (4 if samples == 3 else 1)
    assert iminfo(tif).compression == "oldjpeg"
    # A copy is encoded anew.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with IO.open(tif) as reader, IO.open(tif.with_name("b.tif"), "w") as writer:
            writer.add_asset("image:0", reader["image:0"])
    assert_same(imread(tif.with_name("b.tif")), found)


def test_old_style_jpeg_without_tables_or_of_the_lossless_process_is_refused(tif):
    tif.write_bytes(file(fields_of(bytes(100), (90, 60), 8, 1, 1, [field(259, SHORT, 6)])))
    with pytest.raises(FormatError, match="no start of image"):
        imread(tif)
    tif.write_bytes(file(fields_of(bytes(100), (90, 60), 8, 1, 1, [field(259, SHORT, 6), field(512, SHORT, 14)])))
    with pytest.raises(UnsupportedError, match="JPEGProc"):
        imread(tif)


# --- damage

@pytest.mark.parametrize("word", ["lzma", "webp", "lerc", "jpeg2000", "jpegxl"])
def test_a_block_that_lies_about_its_size_is_an_error(tif, word):
    data = smooth((3, 64, 64), np.uint8)
    theirs(tif, data, compression=word, tile=(64, 64), photometric="rgb")
    content = bytearray(tif.read_bytes())
    for tag in (257, 323):
        place = content.index(struct.pack("<H", tag) + struct.pack("<HI", 3, 1)) if struct.pack("<HHI", tag, 3, 1) in content else \
            content.index(struct.pack("<HHI", tag, 4, 1))
        content[place + 8 : place + 10] = struct.pack("<H", 4096)
    tif.write_bytes(content)
    with pytest.raises(Error):
        imread(tif)
