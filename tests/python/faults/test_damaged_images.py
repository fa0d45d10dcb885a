"""Damaged TIFF, PNG and JPEG files: whole pixels are read, missing ones are an error, or with `partial=True` the fill value."""
import io
import pickle
import struct
import warnings
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from aws.osml.io import Error, FileWarning, FormatError, IO, LimitError, UnsupportedError, imread, imsave

RNG = np.random.default_rng(5)
GREY = np.cumsum(RNG.integers(-3, 4, (96, 80)), 1).astype(np.uint8)
COLOR = np.stack([GREY, GREY.T[:80, :80].repeat(2, 0)[:96], 255 - GREY])


def rescued(source, **options):
    """The pixels that are there, and the text of the only warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = imread(source, partial=True, **options)
    caught = [one.message for one in caught if isinstance(one.message, FileWarning) and "pixels" in str(one.message)]
    assert len(caught) == 1, caught
    return found, caught[0]


def tiff(array=GREY, rows=16, **options):
    out = io.BytesIO()
    options = {"photometric": "minisblack", "rowsperstrip": rows, **options}
    tifffile.imwrite(out, array, **options)
    return bytearray(out.getvalue())


def entry(content, tag):
    """Offset of the entry of a tag in the first directory of a little-endian file."""
    (first,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, first)
    places = [first + 2 + 12 * n for n in range(count)]
    return next(place for place in places if struct.unpack_from("<H", content, place)[0] == tag)


def values(content, tag):
    """Offsets of the values of a tag."""
    place = entry(content, tag)
    kind, count, value = struct.unpack_from("<HII", content, place + 2)
    size = {3: 2, 4: 4}[kind]
    start = place + 8 if size * count <= 4 else value
    return [start + size * n for n in range(count)], "<" + {3: "H", 4: "I"}[kind]


def jpeg(array=GREY, **options):
    out = io.BytesIO()
    Image.fromarray(array if array.ndim == 2 else np.moveaxis(array, 0, 2)).save(out, "JPEG", quality=90, **options)
    return out.getvalue()


def png(array=GREY, rows_per_chunk=None, adler=None, iend=True, cut=None):
    """A PNG with its image data in one chunk, whose stream may lack its end or have another checksum."""
    raw = b"".join(b"\0" + row.tobytes() for row in array)
    stream = zlib.compress(raw)
    stream = stream[:-4] + (stream[-4:] if adler is None else adler)
    stream = stream if cut is None else stream[:cut]

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", stream) + (chunk(b"IEND", b"") if iend else b"")


# Whole pixels are read whatever else is wrong.


@pytest.mark.parametrize("link", [0xFFFFFFFF, 10**6, 8, None])
def test_a_tiff_is_read_whatever_follows_its_first_directory(link):
    content = tiff()
    (first,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, first)
    if link is None:
        # A second directory that is cut.
        link = len(content) + len(content) % 2
        content += bytes(link - len(content)) + b"\x09\0" + bytes(20)
    struct.pack_into("<I", content, first + 2 + 12 * count, link)
    with pytest.warns(FileWarning, match="directory"):
        found = imread(io.BytesIO(content))
    assert (found[0] == GREY).all()
    with pytest.raises(FormatError):
        IO.open(io.BytesIO(content), strict=True)


def test_a_jpeg_without_an_end_marker_is_whole(tmp_path):
    content = jpeg()
    assert content.endswith(b"\xff\xd9")
    whole = imread(io.BytesIO(content))
    for short in (content[:-1], content[:-2]):
        assert (imread(io.BytesIO(short)) == whole).all()
    for name in ("progressive", "restarts"):
        content = jpeg(**({"progressive": True} if name == "progressive" else {"restart_marker_rows": 1}))
        assert (imread(io.BytesIO(content[:-2])) == imread(io.BytesIO(content))).all(), name


def test_a_png_without_its_last_chunk_is_whole():
    with pytest.warns(FileWarning, match="IEND"):
        assert (imread(io.BytesIO(png(iend=False)))[0] == GREY).all()


def test_a_jpeg_strip_without_an_end_marker_is_whole(tmp_path):
    imsave(tmp_path / "a.tif", GREY[None], compression="jpeg")
    content = bytearray((tmp_path / "a.tif").read_bytes())
    whole = imread(io.BytesIO(content))
    places, form = values(content, 325 if b"\x45\x01" in content and has(content, 325) else 279)
    for place in places:
        (length,) = struct.unpack_from(form, content, place)
        struct.pack_into(form, content, place, length - 2)
    assert (imread(io.BytesIO(content)) == whole).all()


def has(content, tag):
    try:
        return entry(content, tag) > 0
    except StopIteration:
        return False


# Missing pixels are an error, or read in part.


@pytest.mark.parametrize("compression", [None, "deflate", "lzw", "zstd", "packbits"])
@pytest.mark.parametrize("predictor", [False, True])
def test_a_cut_tiff_gives_the_rows_that_are_there(tmp_path, compression, predictor):
    if predictor and compression in (None, "packbits"):
        pytest.skip("without a predictor")
    content = tiff(compression=compression, predictor=predictor, metadata=None)
    (first,) = struct.unpack_from("<I", content, 4)
    places, form = values(content, 273)
    starts = [struct.unpack_from(form, content, place)[0] for place in places]
    counts, count_form = values(content, 279)
    # The last strip lies outside of the file but for its first half.
    end = starts[5] + struct.unpack_from(count_form, content, counts[5])[0]
    size = end - starts[5]
    content += content[starts[5]:starts[5] + size // 2]
    struct.pack_into(form, content, places[5], len(content) - size // 2)
    path = tmp_path / "cut.tif"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"got \d+, expected \d+"):
        imread(path)
    assert (imread(path, window=(0, 0, 80, 80))[0] == GREY[:80]).all()
    found, warning = rescued(path, fill_value=7)
    missing = int(str(warning).split("rows ")[1].split(" ")[0])
    # A block of Zstandard has all of its bytes or none.
    assert 80 <= missing < 96 and (missing > 80 or compression == "zstd")
    assert f"rows {missing} to 95 are missing" in str(warning)
    assert (found[0, :missing] == GREY[:missing]).all() and (found[0, missing:] == 7).all()
    with IO.open(path) as reader:
        image = reader.get_asset("image:0")
        with pytest.raises(FormatError):
            image.read()
        with pytest.warns(FileWarning, match=f"rows {missing} to 95"):
            assert (image.read(partial=True, fill_value=7) == found).all()
    with IO.open(path, partial=True) as reader, pytest.warns(FileWarning):
        assert (reader["image:0"].read()[0, missing:] == 0).all()


def test_missing_pixels_have_the_nodata_value(tmp_path):
    path = tmp_path / "a.tif"
    imsave(path, GREY[None], compression="none", block_size=(80, 16), nodata=9)
    content = bytearray(path.read_bytes())
    places, form = values(content, 324)
    struct.pack_into(form, content, places[3], 10**6)
    path.write_bytes(content)
    with IO.open(path, partial=True) as reader:
        with pytest.warns(FileWarning, match="rows 48 to 63 are missing"):
            found = reader["image:0"].read()
        assert (found[0, 48:64] == 9).all() and (np.delete(found[0], slice(48, 64), 0) == np.delete(GREY, slice(48, 64), 0)).all()
        with pytest.warns(FileWarning), IO.open(tmp_path / "copy.tif", "w") as writer:
            writer.add_asset("image:0", reader["image:0"])
    copied = imread(tmp_path / "copy.tif")
    assert (copied == found).all()


@pytest.mark.parametrize("tags", [(273, 279), (279,), (273,)])
def test_fewer_strips_than_rows_give_the_rows_there_are(tags):
    content = tiff(compression="deflate" if tags == (273, 279) else None)
    for tag in tags:
        struct.pack_into("<I", content, entry(content, tag) + 4, 4)
    if tags == (279,):
        assert (imread(io.BytesIO(content))[0] == GREY).all()
        return
    with pytest.raises(FormatError, match="got 4, expected 6"):
        imread(io.BytesIO(content))
    found, warning = rescued(io.BytesIO(content))
    assert (found[0, :64] == GREY[:64]).all() and (found[0, 64:] == 0).all() and "rows 64 to 95" in str(warning)


@pytest.mark.parametrize("compression", [None, "deflate", "lzw", "jpeg"])
def test_a_strip_with_an_offset_and_a_length_of_zero_is_found(compression):
    content = tiff(compression=compression)
    whole = imread(io.BytesIO(content))
    places, form = values(content, 279)
    for place in places[1:4]:
        struct.pack_into(form, content, place, 0)
    assert (imread(io.BytesIO(content)) == whole).all()


def test_a_bad_strip_in_one_band_leaves_the_others():
    content = tiff(COLOR, planarconfig="separate", photometric="rgb", compression="deflate")
    places, form = values(content, 273)
    struct.pack_into(form, content, places[6 + 2], 10**7)
    found, warning = rescued(io.BytesIO(content), fill_value=1)
    assert "rows 32 to 47 of bands 1 are missing" in str(warning)
    expected = COLOR.copy()
    expected[1, 32:48] = 1
    assert (found == expected).all()


def test_a_missing_part_of_a_palette_image_has_the_fill_value_of_its_colours(tmp_path):
    content = tiff(GREY, photometric="palette", colormap=np.arange(768, dtype=np.uint16).reshape(3, 256) * 80)
    places, form = values(content, 273)
    struct.pack_into(form, content, places[2], 10**7)
    found, warning = rescued(io.BytesIO(content), expand=True, fill_value=3)
    assert found.shape[0] == 3 and (found[:, 32:48] == 3).all() and not (found[:, :32] == 3).all()
    assert "rows 32 to 47 are missing" in str(warning)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"color": True},
                                     {"color": True, "progressive": True}])
def test_half_a_jpeg_scan_before_an_end_marker_is_noticed(options):
    array = COLOR if options.pop("color", False) else GREY
    content = jpeg(array, **options)
    whole = imread(io.BytesIO(content))
    start = content.index(b"\xff\xda") + 14
    for cut in range(start, len(content) - 2, 97):
        for end in (b"", b"\xff\xd9"):
            with pytest.raises(FormatError):
                imread(io.BytesIO(content[:cut] + end))
    found, warning = rescued(io.BytesIO(content[:(2 * start + len(content)) // 3] + b"\xff\xd9"), fill_value=1)
    if "progressive" in options:
        return
    missing = int(str(warning).split("rows ")[1].split(" ")[0])
    assert 0 < missing < 96
    # Chrominance is interpolated between rows, so the last ones may differ.
    assert (found[:, :missing - 2] == whole[:, :missing - 2]).all() and (found[:, missing:] == 1).all()


def test_a_progressive_jpeg_without_its_last_scans_is_coarse():
    content = jpeg(progressive=True)
    whole = imread(io.BytesIO(content)).astype(int)
    last = content.rindex(b"\xff\xda")
    found, warning = rescued(io.BytesIO(content[:last + 40] + b"\xff\xd9"))
    assert 0 < abs(found - whole).mean() < 10 and "no pixel is missing" in str(warning)


def test_a_jpeg_frame_that_is_too_high_is_noticed():
    content = bytearray(jpeg())
    frame = content.index(b"\xff\xc0")
    whole = imread(io.BytesIO(content))
    struct.pack_into(">H", content, frame + 5, 4000)
    with pytest.raises(FormatError):
        imread(io.BytesIO(content))
    found, warning = rescued(io.BytesIO(content))
    assert found.shape == (1, 4000, 80) and (found[:, :96] == whole).all() and (found[:, 96:] == 0).all()
    assert "rows 96 to 3999 are missing" in str(warning)


def test_half_a_jpeg_strip_is_noticed(tmp_path):
    imsave(tmp_path / "a.tif", GREY[None], compression="jpeg", block_size=(80, 48))
    content = bytearray((tmp_path / "a.tif").read_bytes())
    whole = imread(io.BytesIO(content))
    offsets, form = values(content, 273 if has(content, 273) else 324)
    counts, count_form = values(content, 279 if has(content, 279) else 325)
    (start,), (size,) = struct.unpack_from(form, content, offsets[1]), struct.unpack_from(count_form, content, counts[1])
    struct.pack_into(count_form, content, counts[1], size * 2 // 3)
    content[start + size * 2 // 3 - 2:start + size * 2 // 3] = b"\xff\xd9"
    with pytest.raises(FormatError):
        imread(io.BytesIO(content))
    found, warning = rescued(io.BytesIO(content), fill_value=1)
    missing = int(str(warning).split("rows ")[1].split(" ")[0])
    assert 48 < missing < 96 and (found[:, :missing] == whole[:, :missing]).all() and (found[:, missing:] == 1).all()


@pytest.mark.parametrize("adler", [b"\0\0\0\0", b""])
def test_a_png_whose_checksum_is_wrong_or_missing_is_noticed(adler):
    content = png(adler=adler)
    with pytest.raises(FormatError):
        imread(io.BytesIO(content))
    found, warning = rescued(io.BytesIO(content))
    assert (found[0] == GREY).all() and "no pixel is missing" in str(warning)


def test_a_cut_png_gives_the_rows_that_are_there():
    for content in (png()[:1500], png(cut=1400)):
        with pytest.raises(FormatError):
            imread(io.BytesIO(content))
        found, warning = rescued(io.BytesIO(content), fill_value=1)
        missing = int(str(warning).split("rows ")[1].split(" ")[0])
        assert 5 < missing < 96
        assert (found[0, :missing] == GREY[:missing]).all() and (found[0, missing:] == 1).all()


def test_a_cut_interlaced_png_gives_the_pixels_that_are_there(tmp_path):
    # Adam7: the first pass has every eighth pixel.
    raw = b"".join(b"\0" + GREY[::8, ::8][y].tobytes() for y in range(12))
    header = struct.pack(">IIBBBBB", 80, 96, 8, 0, 0, 0, 1)

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    with pytest.raises(FormatError):
        imread(io.BytesIO(content))
    found, _ = rescued(io.BytesIO(content), fill_value=1)
    assert (found[0, ::8, ::8] == GREY[::8, ::8]).mean() > 0.9


# Motion JPEG.


def test_a_jpeg_without_huffman_tables_has_the_standard_ones():
    content = jpeg(COLOR)
    out, at = content[:2], 2
    while content[at:at + 2] != b"\xff\xda":
        end = at + 2 + struct.unpack_from(">H", content, at + 2)[0]
        if content[at + 1] != 0xC4:
            out += content[at:end]
        at = end
    out += content[at:]
    assert len(out) < len(content)
    assert (imread(io.BytesIO(out)) == imread(io.BytesIO(content))).all()


# Large honest files, and bombs.


def test_large_constant_and_sparse_images_are_read(tmp_path):
    path = tmp_path / "zeros.tif"
    imsave(path, np.broadcast_to(np.uint8(0), (1, 20_000, 20_000)), compression="zstd")
    assert path.stat().st_size * 2048 < 20_000**2
    found = imread(path)
    assert found.shape == (1, 20_000, 20_000) and not found.any()
    content = tiff(np.zeros((16, 16), np.uint8), rows=16)
    for tag, value in ((256, 30_000), (257, 30_000), (273, 0), (278, 30_000), (279, 0)):
        place = entry(content, tag)
        struct.pack_into("<HII", content, place + 2, 4, 1, value)
    assert not imread(io.BytesIO(content)).any()


def test_a_limit_names_the_argument_that_raises_it(tmp_path):
    content = tiff(np.zeros((16, 16), np.uint8), rows=16)
    for tag, value in ((256, 2_000_000), (257, 2_000_000), (273, 0), (278, 2_000_000), (279, 0)):
        struct.pack_into("<HII", content, entry(content, tag) + 2, 4, 1, value)
    path = tmp_path / "bomb.tif"
    path.write_bytes(content)
    with pytest.raises(LimitError, match="max_bytes") as caught:
        imread(path)
    assert caught.value.filename == str(path)
    text = png()
    huge = text[:33] + struct.pack(">I", 2**30) + b"tEXt" + b"a\0" + bytes(100)
    with pytest.raises(Error) as caught:
        imread(io.BytesIO(huge))
    assert "max_bytes" not in str(caught.value)


def test_an_array_of_the_caller_needs_no_limit():
    out = np.ones((1, 96, 80), np.uint8)
    with IO.open(io.BytesIO(tiff()), max_bytes=100_000) as reader:
        assert reader["image:0"].read(out=out) is out
    with IO.open(io.BytesIO(tiff(rows=4)), max_bytes=1000) as reader:
        assert (reader["image:0"].read(out=out)[0] == GREY).all()


# Messages name the file.


def test_errors_and_warnings_name_the_file(tmp_path):
    paths = {name: tmp_path / f"{name}.tif" for name in ("short", "strip", "codec", "link")}
    paths["short"].write_bytes(bytes(tiff())[:6])
    content = tiff()
    places, form = values(content, 273)
    struct.pack_into(form, content, places[0], 10**6)
    paths["strip"].write_bytes(content)
    content = tiff()
    struct.pack_into("<H", content, entry(content, 259) + 8, 50_001)
    paths["codec"].write_bytes(content)
    for name, kind in (("short", FormatError), ("strip", FormatError), ("codec", UnsupportedError)):
        with pytest.raises(kind) as caught:
            imread(paths[name])
        error = pickle.loads(pickle.dumps(caught.value))
        assert error.filename == str(paths[name]) and str(error).startswith(str(paths[name])), name
        with pytest.raises(kind) as caught:
            imread(io.BytesIO(paths[name].read_bytes()), format="tiff")
        assert caught.value.filename is None
    content = tiff()
    (first,) = struct.unpack_from("<I", content, 4)
    struct.pack_into("<I", content, first + 2 + 12 * struct.unpack_from("<H", content, first)[0], 0xFFFFFFFF)
    paths["link"].write_bytes(content)
    with pytest.warns(FileWarning) as caught:
        imread(paths["link"])
    assert caught[0].message.filename == str(paths["link"]) and str(paths["link"]) in str(caught[0].message)
    _, warning = rescued(paths["strip"])
    assert warning.filename == str(paths["strip"]) and str(paths["strip"]) in str(warning)


def test_a_damaged_source_of_a_copy_is_named(tmp_path):
    content = tiff()
    places, form = values(content, 273)
    struct.pack_into(form, content, places[0], 10**6)
    path = tmp_path / "damaged.tif"
    path.write_bytes(content)
    with IO.open(path) as reader, pytest.raises(FormatError) as caught:
        with IO.open(tmp_path / "copy.png", "w") as writer:
            writer.add_asset("image:0", reader["image:0"])
    assert caught.value.filename == str(path)
    assert not (tmp_path / "copy.png").exists()


def test_a_reader_that_reads_in_part_can_be_pickled(tmp_path):
    path = tmp_path / "cut.tif"
    content = tiff()
    places, form = values(content, 273)
    struct.pack_into(form, content, places[0], 10**6)
    path.write_bytes(content)
    with IO.open(path, partial=True) as reader:
        image = pickle.loads(pickle.dumps(reader["image:0"]))
    with pytest.warns(FileWarning):
        assert (image.read()[0, 16:] == GREY[16:]).all()
