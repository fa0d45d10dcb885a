"""JPEG images in NITF (IC C3, M3, I1): the streams follow MIL-STD-188-198A, a parser of markers and Pillow decode them, and GDAL reads
the images that it can."""
import io
import struct

import numpy as np
import pytest
from PIL import Image
from aws.osml.io import BufferedMetadataProvider, FormatError, IO, MetadataWarning, OptionError, PaddingWarning, UnsupportedError, iminfo, imread, imsave
from testkit.arrays import assert_same, psnr, smooth
from testkit.jpeg_streams import streams, without_segments
from testkit.nitf_bytes import parse
from testkit.nitf_judges import gdal_open, jbpy_check
from testkit.nitf_ours import copy as copy_file, heard, provider, quiet, sparse, warned, write

NOT_RECORDED = 0xFFFFFFFF
BLOCKS = {"blocks": (64, 48), "single": (150, 110), "padded": (160, 112), "one row": (40, 110)}


@pytest.fixture
def ntf(tmp_path):
    return tmp_path / "a.ntf"


def picture(bands=1, rows=110, columns=150):
    return np.concatenate([np.roll(smooth((1, rows, columns)), 9 * band, axis=2) for band in range(bands)])


def table(image):
    """IMDATOFF, BMR, TMR and the pad code of a mask table."""
    offset, bmr, tmr, bits = struct.unpack(">IHHH", image.data[:10])
    at = 10 + -(-bits // 8)
    count = image.number("NBPR") * image.number("NBPC") * (len(image.bands) if image["IMODE"] == "S" else 1)
    lists = []
    for length in (bmr, tmr):
        lists.append(list(struct.unpack(f">{count}I", image.data[at:at + 4 * count])) if length else None)
        at += 4 * count if length else 0
    assert at == offset, "the table is as long as IMDATOFF states"
    return offset, *lists, image.data[10:10 + -(-bits // 8)]


def streams_of(image):
    return streams(image.data[table(image)[0]:] if image["IC"] == "M3" else image.data)


def decoded(image):
    """The pixels by Pillow, block by block as the standard orders them."""
    bands, mode = len(image.bands), image["IMODE"]
    rows, columns = image.number("NROWS"), image.number("NCOLS")
    height, width = image.number("NPPBV"), image.number("NPPBH")
    across, down = image.number("NBPR"), image.number("NBPC")
    out = np.zeros((bands, down * height, across * width), np.uint8)
    found = iter(streams_of(image))
    blocks = [(row, column) for row in range(down) for column in range(across)]
    order = {
        "P": [(block, slice(None)) for block in blocks],
        "B": [(block, slice(band, band + 1)) for block in blocks for band in range(bands)],
        "S": [(block, slice(band, band + 1)) for band in range(bands) for block in blocks],
    }[mode]
    for (row, column), band in order:
        stream = next(found)
        assert stream.size == (height, width)
        out[band, row * height:(row + 1) * height, column * width:(column + 1) * width] = stream.pixels("RGB" if mode == "P" else None)
    assert next(found, None) is None
    return out, out[:, :rows, :columns]


def check_streams(image):
    """Every stream has its tables and a restart interval, only the first has APP6, none has JFIF."""
    found = streams_of(image)
    for number, stream in enumerate(found):
        assert len(stream.payloads(0xE6)) == (number == 0) and not stream.payloads(0xE0) and not stream.payloads(0xEE)
        mcu = 16 if image["IMODE"] == "P" else 8
        assert 0 < stream.restart_interval <= -(-image.number("NPPBH") // mcu)
    app6 = found[0].payloads(0xE6)[0]
    color = image["IMODE"] == "P"
    assert app6 == b"NITF\0\2\0" + image["IMODE"].encode() + struct.pack(
        ">HHBBBBBBBBBH", image.number("NBPR"), image.number("NBPC"), color, 8, 0, 1, 0, 2 * color, 8, 1, 1, 0)
    assert image["COMRAT"] == "00.0"
    return found


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("bands,mode", [(1, "B"), (2, "B"), (3, "B"), (3, "P"), (3, "S"), (5, "S")])
@pytest.mark.parametrize("code", ["C3", "M3"])
def test_streams_and_pixels(ntf, code, bands, mode, name):
    data, (width, height) = picture(bands), BLOCKS[name]
    with heard():
        write(ntf, provider(data, {"IC": code, "IMODE": mode, "NPPBH": width, "NPPBV": height}))
    found = parse(ntf).images[0]
    several = found.number("NBPR") * found.number("NBPC") > 1
    assert (found["IC"], found["IMODE"]) == (code, mode if mode != "S" or several else "B")
    check_streams(found)
    padded, pixels = decoded(found)
    ours = imread(ntf)
    assert psnr(pixels, data) > 38
    assert np.abs(ours.astype(int) - pixels).max() <= (2 if mode != "P" else 12), "two decoders differ by rounding and interpolation"
    # Edges repeat the last column and row.
    assert np.abs(padded[:, :, 150:].astype(int) - padded[:, :, 149:150]).max(initial=0) <= 24
    assert np.abs(padded[:, 110:].astype(int) - padded[:, 109:110]).max(initial=0) <= 24
    if bands == 1 or found["IMODE"] == "P":
        with gdal_open(ntf) as dataset:
            assert psnr(dataset.read(), ours) > 40
    jbpy_check(ntf)


def test_color_is_stored_as_luminance_and_chrominance(ntf):
    data = picture(3)
    with quiet():
        imsave(ntf, data, compression="jpeg")
    found = parse(ntf).images[0]
    assert (found["IC"], found["IMODE"], found.text("IREP")) == ("C3", "P", "YCbCr601")
    assert [band["IREPBAND"].strip() for band in found.bands] == ["Y", "Cb", "Cr"]
    assert psnr(imread(ntf), data) > 35
    # The decoder makes red, green and blue, so a copy without JPEG has these.
    with IO.open(ntf) as reader, quiet():
        metadata = BufferedMetadataProvider(source=reader.get_asset("image:0").metadata)
        assert metadata["IREP"] == "YCbCr601"
        metadata["IC"] = "NC"
        imsave(ntf.with_name("copy.ntf"), reader.get_asset("image:0"), metadata=metadata)
    copy = parse(ntf.with_name("copy.ntf")).images[0]
    assert copy.text("IREP") == "RGB" and [band["IREPBAND"].strip() for band in copy.bands] == ["R", "G", "B"]
    assert_same(imread(ntf.with_name("copy.ntf")), imread(ntf))


def test_a_chosen_representation(ntf):
    data = picture(3)
    with warned(MetadataWarning, "IREP", "YCbCr601"):
        write(ntf, provider(data, {"IC": "C3", "IREP": "RGB"}))
    assert parse(ntf).images[0].text("IREP") == "YCbCr601"
    with quiet():
        write(ntf, provider(data, {"IC": "C3", "IREP": "MULTI", "NPPBH": 64, "NPPBV": 64}))
    found = parse(ntf).images[0]
    assert (found["IMODE"], found.text("IREP")) == ("S", "MULTI")
    assert len(check_streams(found)) == 3 * 6


@pytest.mark.parametrize("mode,bands", [("B", 1), ("B", 2), ("S", 3), ("P", 3)])
def test_blocks_that_are_absent(ntf, mode, bands):
    data, present = picture(bands, 128, 192), {(0, 0), (1, 2)}
    made = sparse(data, present, (64, 64), {"IC": "M3", "IMODE": mode})
    with quiet():
        write(ntf, made)
    found = parse(ntf).images[0]
    offset, blocks, pads, code = table(found)
    bands_apart = bands if mode == "S" else 1
    expected = [number in (0, 5) for number in range(6)] * bands_apart
    assert [record != NOT_RECORDED for record in blocks] == expected and pads is None and code == b""
    starts = [stream.start for stream in streams_of(found)]
    step = bands if mode == "B" else 1
    assert [record for record in blocks if record != NOT_RECORDED] == starts[::step]
    assert len(starts) == 2 * (1 if mode == "P" else bands)
    ours = imread(ntf)
    assert not ours[:, :64, 64:].any() and not ours[:, 64:, :128].any()
    assert psnr(ours[:, :64, :64], data[:, :64, :64]) > 38 and psnr(ours[:, 64:, 128:], data[:, 64:, 128:]) > 38
    with IO.open(ntf) as reader:
        asset = reader.get_asset("image:0")
        assert {(row, column) for row in range(2) for column in range(3) if asset.has_block(row, column)} == present
    if bands == 1 or mode == "P":
        with gdal_open(ntf) as dataset:
            assert psnr(dataset.read()[:, :64, :64], data[:, :64, :64]) > 38


def test_blocks_that_are_absent_without_a_table_are_filled(ntf):
    made = sparse(picture(1, 128, 192), {(0, 0)}, (64, 64), {"IC": "C3"})
    with warned(PaddingWarning, "C3", "M3"):
        write(ntf, made)
    assert len(streams_of(parse(ntf).images[0])) == 6
    assert np.abs(imread(ntf)[:, 64:].astype(int)).max() <= 1


def test_a_pad_pixel_code(ntf):
    data = picture(1, 64, 128) // 2 + 60
    data[:, :, 70:] = 7
    with quiet():
        imsave(ntf, data, compression="jpeg", nodata=7, block_size=(64, 64))
    found = parse(ntf).images[0]
    offset, blocks, pads, code = table(found)
    assert (found["IC"], code) == ("M3", b"\7")
    assert pads == [NOT_RECORDED, blocks[1]] and blocks[0] == 0
    assert iminfo(ntf).nodata == 7


@pytest.mark.parametrize("hint,quality", [("85.0", 85), (85, 85), ("05.4", 5), (99.9, 100), ("00.0", 75), (None, 75)])
def test_the_quality(ntf, hint, quality):
    data = picture()
    metadata = {"IC": "C3", **({} if hint is None else {"COMRAT": hint})}
    with quiet():
        write(ntf, provider(data, metadata))
    luminance = streams_of(parse(ntf).images[0])[0].luminance
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    assert luminance[0] == min(max((16 * scale + 50) // 100, 1), 255), "the first step of Annex K, scaled"


@pytest.mark.parametrize("quality", [1, 40, 90, 100])
def test_the_quality_of_a_one_liner(ntf, quality):
    with quiet():
        imsave(ntf, picture(), compression="jpeg", quality=quality)
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    assert streams_of(parse(ntf).images[0])[0].luminance[0] == min(max((16 * scale + 50) // 100, 1), 255)


@pytest.mark.parametrize("data,metadata,words", [
    (picture(3), {"IMODE": "R"}, ("IMODE", "R", "B, P, S")),
    (picture(2), {"IMODE": "P"}, ("IMODE P", "2", "3")),
    (picture(3), {"IMODE": "P", "IREP": "MULTI"}, ("IREP", "MULTI", "YCbCr601")),
    (picture(1).astype("uint16"), {}, ("C3", "uint16", "uint8")),
    (picture(1).astype("float32"), {}, ("C3", "float32", "uint8")),
    (picture(1).astype("int8"), {}, ("C3", "int8", "uint8")),
    (picture(1), {"NBPP": 1}, ("C3", "NBPP", "8")),
    (picture(1), {"NBPP": 12}, ("NBPP",)),
    (picture(1), {"COMRAT": "100.0"}, ("COMRAT", "100.0", "99.9")),
    (picture(1), {"COMRAT": "N001"}, ("COMRAT", "N001", "99.9")),
    (picture(1), {"COMRAT": -1}, ("COMRAT", "-1", "99.9")),
    (picture(1), {"IC": "I1", "NPPBH": 64}, ("NPPBH", "64", "I1")),
    (np.zeros((1, 8, 2049), np.uint8), {"IC": "I1"}, ("I1", "2049", "2048", "C3")),
])
def test_what_jpeg_cannot_hold_is_refused_by_name(ntf, data, metadata, words):
    with pytest.raises(OptionError) as caught, quiet():
        write(ntf, provider(data, {"IC": "C3", **metadata}))
    assert all(word in str(caught.value) for word in words), caught.value
    assert not ntf.exists()


@pytest.mark.parametrize("nodata", [0, 7])
def test_nodata_needs_a_mask_table(ntf, nodata):
    with pytest.raises(OptionError, match="C3.*M3"):
        imsave(ntf, picture(), compression="C3", nodata=nodata)


def test_quality_of_an_image_without_jpeg_is_refused(ntf):
    with pytest.raises(OptionError, match="(?i)quality.*jpeg"):
        imsave(ntf, picture(), compression="none", quality=80)


@pytest.mark.parametrize("bands", [1, 3])
def test_a_reduced_image_is_one_stream(ntf, bands):
    data = picture(bands)
    with quiet():
        imsave(ntf, data, compression="I1")
    found = parse(ntf).images[0]
    (stream,) = check_streams(found)
    assert (found["IC"], found["NBPR"], found["NBPC"], stream.size) == ("I1", "0001", "0001", (110, 150))
    assert psnr(stream.pixels("RGB" if bands == 3 else None), data) > 35 and psnr(imread(ntf), data) > 35


@pytest.mark.parametrize("code,mode,size", [("C3", "B", (64, 48)), ("M3", "S", (64, 48)), ("C3", "P", (900, 700)), ("I1", "P", (900, 700))])
def test_the_file_is_the_same_for_any_number_of_threads(tmp_path, code, mode, size):
    data, files = picture(3, 700, 900), []
    for threads in (1, 2, 5):
        path = tmp_path / f"{threads}.ntf"
        metadata = {"IC": code, "IMODE": mode, "IDATIM": "20260101000000"}
        with quiet(), IO.open(path, "w", threads=threads) as writer:
            writer.metadata["FDT"] = "20260101000000"
            writer.add_asset("image:0", provider(data, metadata, size))
        files.append(path.read_bytes())
    assert files[0] == files[1] == files[2]


def test_windows_of_one_large_stream_are_those_of_the_whole(ntf):
    data = picture(3, 1500, 700)
    with quiet():
        imsave(ntf, data, compression="jpeg", block_size=(700, 1500))
    assert len(streams_of(parse(ntf).images[0])) == 1
    whole = imread(ntf)
    assert psnr(whole, data) > 35
    for x, y, width, height in ((0, 0, 700, 10), (13, 700, 50, 90), (600, 1490, 100, 10)):
        assert_same(imread(ntf, window=(x, y, width, height)), whole[:, y:y + height, x:x + width])
    assert iminfo(ntf).block_size == (700, 1500)


@pytest.mark.parametrize("mode", ["B", "S"])
def test_a_copy_keeps_the_streams(ntf, tmp_path, mode):
    with quiet():
        write(ntf, provider(picture(3), {"IC": "C3", "IMODE": mode, "NPPBH": 64, "NPPBV": 48, "COMRAT": "30.0"}))
        copy_file(ntf, tmp_path / "copy.ntf")
    assert parse(tmp_path / "copy.ntf").images[0].data == parse(ntf).images[0].data


def test_a_copied_rate_is_not_a_quality(ntf, tmp_path):
    with quiet():
        imsave(ntf, picture(), compression="jpeg", quality=20)
        with IO.open(ntf) as reader:
            metadata = BufferedMetadataProvider(source=reader.get_asset("image:0").metadata)
            metadata["NPPBH"] = 64
    with IO.open(ntf) as reader:
        with warned(MetadataWarning, "loses more"):
            imsave(tmp_path / "b.ntf", reader.get_asset("image:0"), metadata=metadata)
    assert streams_of(parse(tmp_path / "b.ntf").images[0])[0].luminance[0] == 8, "quality 75"


@pytest.mark.parametrize("mode", ["B", "P", "S"])
def test_the_first_stored_stream_has_app6_even_if_the_first_block_is_absent(ntf, mode):
    with quiet():
        write(ntf, sparse(picture(3, 128, 192), {(0, 2), (1, 1)}, (64, 64), {"IC": "M3", "IMODE": mode}))
    found = parse(ntf).images[0]
    check_streams(found)
    _, blocks, _, _ = table(found)
    starts = [stream.start for stream in streams_of(found)]
    assert {record for record in blocks if record != NOT_RECORDED} <= set(starts) and blocks[2] == 0


@pytest.mark.parametrize("code", ["M3", "NM"])
def test_the_pad_pixel_fills_absent_parts_of_a_block(ntf, code):
    made = sparse(np.full((1, 64, 64), 90, np.uint8), {(0, 1), (1, 0), (1, 1)}, (32, 32), {"IC": code, "TPXCD": 7, "NPPBH": 64, "NPPBV": 64})
    with quiet():
        write(ntf, made)
    found = parse(ntf).images[0]
    assert found["IC"] == code and table(found)[2] == [0]
    ours = imread(ntf).astype(int)
    assert np.abs(ours[:, :32, :32] - 7).max() <= 6 and np.abs(ours[:, 32:] - 90).max() <= 6


def test_a_plain_mapping_of_a_jpeg_image_becomes_red_green_and_blue_without_jpeg(ntf, tmp_path):
    with heard():
        imsave(ntf, picture(3), compression="jpeg")
        for number, metadata in enumerate((iminfo(ntf).metadata, {**dict(iminfo(ntf).metadata), "IC": "NC"})):
            path = tmp_path / f"{number}.ntf"
            imsave(path, imread(ntf), compression="NC", metadata=metadata)
            copy = parse(path).images[0]
            assert copy.text("IREP") == "RGB" and [band["IREPBAND"].strip() for band in copy.bands] == ["R", "G", "B"]


def test_luminance_and_chrominance_of_an_uncompressed_image_are_stored_as_they_are(ntf, tmp_path):
    data = picture(3)
    with quiet():
        imsave(ntf, data, compression="NC", metadata={"IREP": "YCbCr601", "IMODE": "P"})
        with IO.open(ntf) as reader:
            metadata = BufferedMetadataProvider(source=reader.get_asset("image:0").metadata)
            metadata["IC"] = "C3"
            imsave(tmp_path / "b.ntf", reader.get_asset("image:0"), metadata=metadata)
    found = parse(tmp_path / "b.ntf").images[0]
    assert (found["IMODE"], found.text("IREP")) == ("P", "YCbCr601")
    stream = Image.open(io.BytesIO(streams_of(found)[0].content))
    stream.draft("YCbCr", stream.size)
    assert stream.mode == "YCbCr" and psnr(np.moveaxis(np.asarray(stream), 2, 0), data) > 38


def test_bands_in_another_order_are_not_taken_for_red_green_and_blue(ntf):
    metadata = {"IC": "C3", "BAND_INFO": [{"IREPBAND": role} for role in "BGR"]}
    with quiet():
        imsave(ntf, picture(3), metadata={**metadata, "IREP": "RGB", "NPPBH": 64, "NPPBV": 64})
    found = parse(ntf).images[0]
    assert found["IMODE"] == "S" and [band["IREPBAND"].strip() for band in found.bands] == ["B", "G", "R"]
    assert psnr(imread(ntf), picture(3)) > 38
    with pytest.raises(OptionError, match="IREPBAND.*B G R.*R G B"), quiet():
        imsave(ntf, picture(3), metadata={**metadata, "IMODE": "P"})


def test_bits_are_not_shifted_to_the_left(ntf):
    data = picture(1) // 2
    with warned(MetadataWarning, "PJUST"):
        write(ntf, provider(data, {"IC": "C3", "ABPP": 7, "PJUST": "L"}))
    found = parse(ntf).images[0]
    assert (found["ABPP"], found["PJUST"]) == ("07", "R") and psnr(streams_of(found)[0].pixels(), data) > 38


def stream_of(pixels, **options):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=90, **options)
    return out.getvalue()


def replaced(path, data):
    """The file with other image data, of any length."""
    content, image = path.read_bytes(), parse(path).images[0]
    at = content.index(f"{len(image.data):010}".encode())
    content = content[:at] + f"{len(data):010}".encode() + content[at + 10:]
    content = content[:image.data_offset] + data
    return content[:342] + f"{len(content):012}".encode() + content[354:]


def test_a_stream_without_its_last_restart_intervals_is_an_error(ntf):
    with quiet():
        imsave(ntf, picture(1, 128, 64), compression="jpeg", block_size=(64, 128))
    (stream,) = streams_of(parse(ntf).images[0])
    cut = stream.content[:stream.content.index(b"\xff\xd3")] + b"\xff\xd9"
    ntf.write_bytes(replaced(ntf, cut))
    with pytest.raises(FormatError, match="restart marker"), quiet():
        imread(ntf)


@pytest.mark.parametrize("bands", [1, 3])
def test_one_stream_without_huffman_tables_has_those_of_the_standard(ntf, bands):
    data = picture(bands, 1500, 700)
    with quiet():
        imsave(ntf, data, compression="jpeg", block_size=(700, 1500))
        whole = imread(ntf)
    (stream,) = streams_of(parse(ntf).images[0])
    ntf.write_bytes(replaced(ntf, without_segments(stream.content, {0xC4})))
    with quiet():
        assert_same(imread(ntf), whole)
        assert_same(imread(ntf, window=(13, 700, 50, 90)), whole[:, 700:790, 13:63])


def test_one_stream_without_quantisation_tables_is_not_supported(ntf):
    with quiet():
        imsave(ntf, picture(1, 1500, 700), compression="jpeg", block_size=(700, 1500))
    (stream,) = streams_of(parse(ntf).images[0])
    ntf.write_bytes(replaced(ntf, without_segments(stream.content, {0xDB})))
    with pytest.raises(UnsupportedError, match="COMRAT"), quiet():
        imread(ntf)


def test_what_is_left_of_a_cut_image_is_copied(ntf, tmp_path):
    with quiet():
        imsave(ntf, picture(1, 128, 128), compression="jpeg", block_size=(64, 64))
    image = parse(ntf).images[0]
    left = image.data[:streams_of(image)[3].start + 40]
    ntf.write_bytes(ntf.read_bytes()[:image.data_offset + len(left)])
    with heard():
        copy_file(ntf, tmp_path / "copy.ntf")
    assert parse(tmp_path / "copy.ntf").images[0].data == left


@pytest.mark.parametrize("tables_later", [True, False])
def test_fill_before_streams_and_tables_of_the_first_stream(ntf, tables_later):
    data = picture(1, 64, 128)
    with quiet():
        imsave(ntf, data, compression="jpeg", block_size=(64, 64))
    first, second = (stream_of(data[0][:, at:at + 64]) for at in (0, 64))
    if not tables_later:
        second = without_segments(second, {0xDB, 0xC4})
    ntf.write_bytes(replaced(ntf, b"\xff\xff\xff" + first + b"\xff\xff" + second))
    with quiet():
        assert psnr(imread(ntf), data) > 35
