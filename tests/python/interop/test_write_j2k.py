"""JPEG 2000 files and NITF C8 that are written: another build of OpenJPEG (imagecodecs), GDAL and jbpy read them, and a parser of
markers and boxes apart from the code under test finds what the standard wants."""
import io
import struct

import imagecodecs
import numpy as np
import pytest
import rasterio
from aws.osml.io import BufferedMetadataProvider, IO, MetadataWarning, OptionError, UnsupportedError, iminfo, imread, imsave
from testkit.arrays import assert_same, psnr, smooth
from testkit.codestreams import Codestream, boxes, codestream_of
from testkit.nitf_bytes import parse
from testkit.nitf_judges import gdal_open, jbpy_check
from testkit.nitf_ours import heard, provider, quiet, sparse, warned, write

TYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32"]
SHAPES = [(1, 1, 1), (1, 1, 70), (2, 65, 1), (3, 64, 64), (1, 200, 130), (4, 33, 47), (16, 20, 20)]


def picture(shape, dtype="uint8", bits=None):
    """Waves and noise over the whole range of `bits`."""
    bits = bits or min(np.dtype(dtype).itemsize * 8, 28)
    rng = np.random.default_rng(sum(shape))
    bands, rows, columns = shape
    y, x = np.mgrid[0:rows, 0:columns]
    waves = np.stack([np.sin(x / 11 + band) + np.cos(y / 7 - band) for band in range(bands)])
    level = (waves + 2) / 4 * 0.9 + rng.random(shape) * 0.1
    low = -(1 << (bits - 1)) if dtype.startswith("i") else 0
    return (low + np.floor(level * ((1 << bits) - 1))).astype(dtype)


def reference(data):
    """The pixels by imagecodecs, bands first."""
    found = imagecodecs.jpeg2k_decode(data)
    return np.moveaxis(found, -1, 0) if found.ndim == 3 else found[None]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("suffix", ["jp2", "j2k"])
def test_every_type_and_shape_is_lossless(tmp_path, suffix, shape, dtype):
    path, image = tmp_path / f"a.{suffix}", picture(shape, dtype)
    bits = 28 if dtype.endswith("32") else None
    with quiet():
        if bits:
            # OpenJPEG decodes at most 31 bits.
            with IO.open(path, "w", suffix) as writer:
                writer.add_asset("image:0", provider(image, actual_bits_per_pixel=bits))
        else:
            imsave(path, image)
    assert_same(imread(path), image)
    assert_same(reference(path.read_bytes()).astype(dtype), image)
    siz = codestream_of(path).siz
    assert (siz["x1"], siz["y1"], siz["components"]) == (shape[2], shape[1], shape[0])
    assert set(siz["depths"]) == {(bits or image.itemsize * 8) - 1 | (0x80 if dtype.startswith("i") else 0)}


@pytest.mark.parametrize("compression", ["j2k", "htj2k"])
def test_images_of_one_bit_leave_room_for_rounding(compression):
    """In some of these images, rounding makes the lowest band twice as large as the gains of the wavelet do."""
    rng = np.random.default_rng(3)
    for _ in range(800):
        image = (rng.random((1, 33, 70)) < rng.choice([0.5, 0.3, 0.8, 0.9, 0.1])).astype("uint8")
        out = io.BytesIO()
        imsave(out, image, format="j2k", compression=compression, block_size=(47, 33), metadata={"J2K_BITS": 1})
        assert_same(reference(out.getvalue()), image)


@pytest.mark.parametrize("levels", [1, 2, 5, 6])
@pytest.mark.parametrize("layers", [1, 3, 20])
@pytest.mark.parametrize("tile", [(64, 64), (77, 50), (300, 40), (1024, 1024)], ids=str)
def test_levels_layers_and_tiles(tmp_path, levels, layers, tile):
    path, image = tmp_path / "a.jp2", picture((3, 150, 190))
    hints = {"J2K_DECOMPOSITION_LEVELS": levels, "J2K_QUALITY_LAYERS": layers}
    carried = int(np.log2(min(tile[0], 190, tile[1], 150)))
    with quiet() if levels <= carried else warned(MetadataWarning, "J2K_DECOMPOSITION_LEVELS", f"is {carried}, not {levels}"):
        imsave(path, image, block_size=tile, metadata=hints)
    assert_same(imread(path), image)
    assert_same(reference(path.read_bytes()), image)
    with rasterio.open(path) as file:
        assert_same(file.read(), image)
    stream = codestream_of(path)
    assert (stream.cod["layers"], stream.cod["mct"], stream.cod["wavelet"]) == (layers, 1, 1)
    assert stream.cod["levels"] == min(levels, carried)
    assert stream.tlm == [(part["tile"], part["size"]) for part in stream.parts]
    assert [part["tile"] for part in stream.parts] == list(range(len(stream.parts)))


@pytest.mark.parametrize("order", ["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"])
def test_progressions_precincts_and_code_blocks(tmp_path, order):
    path, image = tmp_path / "a.j2k", picture((2, 130, 140), "uint16")
    hints = {"J2K_PROGRESSION": order, "J2K_PRECINCTS": "64 64 32 32", "J2K_CODE_BLOCK": [32, 16], "J2K_QUALITY_LAYERS": "2"}
    imsave(path, image, block_size=(100, 90), metadata=hints)
    assert_same(reference(path.read_bytes()), image)
    assert_same(imread(path, window=(30, 40, 50, 60)), image[:, 40:100, 30:80])
    cod = codestream_of(path).cod
    assert ["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"][cod["progression"]] == order
    assert (cod["block_x"], cod["block_y"], cod["style"] & 1) == (3, 2, 1)
    assert cod["precincts"] == [0x55] * (cod["levels"]) + [0x66]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("tile", [64, 512])
@pytest.mark.parametrize("layers", [1, 5])
@pytest.mark.parametrize("rate", [0.25, 1.0, 2.5])
def test_rates_are_met(tmp_path, dtype, tile, layers, rate):
    path, image = tmp_path / "a.jp2", picture((3, 300, 310), dtype)
    imsave(path, image, quality=rate, block_size=(tile, tile), metadata={"J2K_QUALITY_LAYERS": layers})
    achieved = 8 * len(codestream_of(path).data) / image.size
    assert achieved == pytest.approx(rate, rel=0.05)
    ours, other = imread(path), reference(path.read_bytes())
    # OpenJPEG multiplies by 1.625732422 for 2 / K, which is 1.625786; one level of 16 bits is less than that difference.
    assert np.abs(ours.astype(int) - other).max() <= (1 if dtype == "uint8" else 4)
    assert codestream_of(path).cod["wavelet"] == 0


def test_the_bytes_do_not_depend_on_threads_or_the_source(tmp_path):
    image = picture((3, 300, 310))
    paths = [tmp_path / f"{n}.jp2" for n in range(4)]
    for path, threads in zip(paths, (1, 2, 5)):
        imsave(path, image, block_size=(128, 100), threads=threads)
    with IO.open(paths[3], "w") as writer:
        writer.add_asset("image:0", provider(image, {"J2K_TILE_SIZE": [128, 100]}, (50, 70)))
    assert len({path.read_bytes() for path in paths}) == 1


def test_a_single_tile_is_coded_by_every_thread_alike(tmp_path):
    image = picture((1, 700, 600), "uint16")
    for rate in (None, 1.5):
        files = []
        for threads in (1, 3):
            imsave(tmp_path / "a.j2k", image, block_size=(700, 700), threads=threads, quality=rate)
            files.append((tmp_path / "a.j2k").read_bytes())
        assert files[0] == files[1]


@pytest.mark.parametrize("bands, space, channels", [
    (1, 17, None),
    (2, 17, [(0, 0, 1), (1, 65535, 65535)]),
    (3, 16, None),
    (4, 16, [(0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 65535, 65535)]),
    (5, 17, [(0, 0, 1)] + [(n, 65535, 65535) for n in range(1, 5)]),
])
def test_boxes_describe_the_image(tmp_path, bands, space, channels):
    path = tmp_path / "a.jp2"
    imsave(path, picture((bands, 40, 50), "uint16"))
    found = boxes(path.read_bytes())
    assert [kind for kind, _ in found] == [b"jP  ", b"ftyp", b"jp2h", b"jp2c"]
    assert found[0][1] == b"\r\n\x87\n" and found[1][1] == b"jp2 \0\0\0\0jp2 "
    header = dict(boxes(found[2][1]))
    assert header[b"ihdr"] == struct.pack(">IIHBBBB", 40, 50, bands, 15, 7, 0, 0)
    assert header[b"colr"] == bytes([1, 0, 0]) + struct.pack(">I", space)
    if channels is None:
        assert b"cdef" not in header
    else:
        count = struct.unpack(">H", header[b"cdef"][:2])[0]
        assert [struct.unpack(">HHH", header[b"cdef"][2 + 6 * n:8 + 6 * n]) for n in range(count)] == channels


def test_boxes_and_comments_are_kept_by_a_copy(tmp_path):
    image = picture((4, 60, 70))
    given = {
        "J2K_CHANNELS": [[0, "color", 1], [1, "color", 2], [2, "color", 3], [3, "opacity", 0]],
        "J2K_CAPTURE_RESOLUTION": [11811.0, 5905.5], "J2K_DISPLAY_RESOLUTION": [2835.0, 2835.0],
        "J2K_XML": "<a>é</a>", "J2K_UUID_00112233445566778899AABBCCDDEEFF": b"content", "J2K_COMMENT": "a comment",
    }
    imsave(tmp_path / "a.jp2", image, metadata=given)
    with IO.open(tmp_path / "a.jp2") as reader, IO.open(tmp_path / "b.jp2", "w") as writer:
        writer.add_asset("image:0", reader.get_asset("image:0"))
    for path in (tmp_path / "a.jp2", tmp_path / "b.jp2"):
        metadata = iminfo(path).metadata
        assert {key: metadata[key] for key in given} == given
        assert_same(imread(path), image)
        assert codestream_of(path).comments == [b"a comment"]
    with rasterio.open(tmp_path / "b.jp2") as file:
        assert file.colorinterp[3].name == "alpha"


def test_a_georeference_is_written_as_geojp2(tmp_path):
    path, transform = tmp_path / "a.jp2", (300000.0, 10.0, 0.0, 4500000.0, 0.0, -10.0)
    imsave(path, picture((1, 40, 50)), crs="EPSG:32618", transform=transform)
    info = iminfo(path)
    assert (info.crs, info.transform) == ("EPSG:32618", transform)
    with rasterio.open(path) as file:
        assert file.crs.to_epsg() == 32618 and file.transform.to_gdal() == transform
    moved = tmp_path / "b.jp2"
    imsave(moved, imread(path), metadata=info.metadata, transform=(0.0, 1.0, 0.0, 100.0, 0.0, -1.0))
    assert iminfo(moved).transform == (0.0, 1.0, 0.0, 100.0, 0.0, -1.0)
    assert sum(kind == b"uuid" for kind, _ in boxes(moved.read_bytes())) == 1


def test_a_codestream_without_boxes_leaves_out_what_it_cannot_hold(tmp_path):
    with pytest.raises(OptionError, match="georeference"):
        imsave(tmp_path / "a.j2k", picture((1, 10, 10)), crs="EPSG:4326", transform=(0, 1, 0, 0, 0, -1))
    with pytest.warns(MetadataWarning, match="J2K_XML.*without boxes"):
        imsave(tmp_path / "a.j2k", picture((1, 10, 10)), metadata={"J2K_XML": "<a/>"})
    assert not (tmp_path / "b.j2k").exists()


@pytest.mark.parametrize("metadata, field", [
    ({"J2K_DECOMPOSITION_LEVELS": 33}, "1 to 32"),
    ({"J2K_DECOMPOSITION_LEVELS": 0}, "1 to 32"),
    ({"J2K_QUALITY_LAYERS": 256}, "1 to 255"),
    ({"J2K_PROGRESSION": "ABCD"}, "LRCP"),
    ({"J2K_CODE_BLOCK": "128 64"}, "4096"),
    ({"J2K_CODE_BLOCK": "60 60"}, "powers of two"),
    ({"J2K_PRECINCTS": "3"}, "pairs"),
    ({"J2K_MCT": "maybe"}, "0 or 1"),
    ({"J2K_PROFILE": "HDTV"}, "NPJE"),
    ({"J2K_LAYER_RATES": [2, 1]}, "ascending"),
    ({"J2K_RATE": -1}, "bits per pixel"),
    ({"J2K_TILE_SIZE": [0, 5]}, "columns and rows"),
])
@pytest.mark.parametrize("suffix", ["jp2", "ntf"])
def test_illegal_hints_are_refused_by_name(tmp_path, suffix, metadata, field):
    key = next(iter(metadata))
    if suffix == "ntf" and key in ("J2K_RATE", "J2K_TILE_SIZE"):
        pytest.skip("COMRAT and NPPBH state it")
    with pytest.raises(OptionError, match=f"{key}.*{field}"):
        imsave(tmp_path / f"a.{suffix}", picture((1, 64, 64)), metadata=metadata)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_types_that_jpeg_2000_does_not_hold(tmp_path, dtype):
    image = np.ones((2, 20, 30), dtype)
    for suffix in ("jp2", "j2k"):
        with pytest.raises((OptionError, UnsupportedError), match="integer type"):
            imsave(tmp_path / f"a.{suffix}", image)
    with heard() as found:
        imsave(tmp_path / "a.ntf", image)
    assert parse(tmp_path / "a.ntf").images[0]["IC"] == "NC"
    assert [category.__name__ for category, _ in found] == ["FallbackWarning"]
    assert_same(imread(tmp_path / "a.ntf"), image)


@pytest.mark.parametrize("shape", [(1, 100, 90), (3, 130, 140), (5, 60, 70)], ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_nitf_is_c8_by_default(tmp_path, shape, dtype):
    path, image = tmp_path / "a.ntf", picture(shape, dtype)
    with heard() as found:
        imsave(path, image)
    assert not found
    segment = parse(path).images[0]
    bits = f"{image.itemsize * 8:02}"
    assert (segment["IC"], segment["IMODE"], segment["NBPP"], segment["ABPP"], segment["PJUST"]) == ("C8", "B", bits, bits, "R")
    stream = Codestream(segment.data)
    rate = round(80 * len(segment.data) / image.size)
    assert segment["COMRAT"] == f"N{rate:03}"
    assert (stream.siz["tile_x"], stream.siz["tile_y"]) == (segment.number("NPPBH"), segment.number("NPPBV"))
    assert stream.cod["mct"] == (segment["IREP"].strip() == "RGB")
    jbpy_check(path)
    assert_same(imread(path), image)
    with gdal_open(path) as file:
        assert_same(file.read(), image)


@pytest.mark.parametrize("hint, on_disk, wavelet", [
    ("N001.0", "N", 1), ("N010", "N", 1), ("V020.0", "V200", 0), ("V200", "V200", 0), ("V1.5", "V015", 0),
    ("01.0", "0100", 0), ("0100", "0100", 0), ("0.5", "0050", 0), (1.25, "0125", 0),
])
def test_every_spelling_of_comrat(tmp_path, hint, on_disk, wavelet):
    path, image = tmp_path / "a.ntf", picture((1, 200, 210))
    imsave(path, image, metadata={"IC": "C8", "COMRAT": hint})
    segment = parse(path).images[0]
    assert segment["COMRAT"].startswith(on_disk) and len(segment["COMRAT"]) == 4
    assert Codestream(segment.data).cod["wavelet"] == wavelet
    if wavelet:
        assert_same(imread(path), image)
    jbpy_check(path)


@pytest.mark.parametrize("comrat", ["", "X1", "V", "----", "N1x", "200.0"])
def test_an_illegal_comrat_names_the_field(tmp_path, comrat):
    with pytest.raises(OptionError, match="COMRAT.*bits per pixel"):
        imsave(tmp_path / "a.ntf", picture((1, 20, 20)), metadata={"IC": "C8", "COMRAT": comrat})


@pytest.mark.parametrize("mode", ["P", "R", "S"])
def test_only_mode_b_holds_jpeg_2000(tmp_path, mode):
    with pytest.raises(OptionError, match=f"IMODE for IC C8: got {mode}, expected B"):
        imsave(tmp_path / "a.ntf", picture((3, 20, 20)), metadata={"IC": "C8", "IMODE": mode})


@pytest.mark.parametrize("bits", [1, 5, 11, 12])
def test_bits_of_samples_are_nbpp_and_abpp(tmp_path, bits):
    path, image = tmp_path / "a.ntf", picture((1, 50, 60), "uint16", bits)
    imsave(path, image, metadata={"IC": "C8", "NBPP": bits})
    segment = parse(path).images[0]
    assert (segment["NBPP"], segment["ABPP"], segment["PVTYPE"].strip()) == (f"{bits:02}", f"{bits:02}", "INT")
    assert Codestream(segment.data).siz["depths"] == [bits - 1]
    assert_same(imread(path).astype("uint16"), image)
    with pytest.raises(OptionError, match="sample"):
        imsave(path, image + (1 << bits), metadata={"IC": "C8", "NBPP": bits})
    with pytest.raises(OptionError, match="ABPP"):
        imsave(path, image, metadata={"IC": "C8", "NBPP": bits, "ABPP": bits + 1})


@pytest.mark.parametrize("size", [(1, 1), (8192, 8192), (77, 8192)], ids=str)
def test_blocks_of_c8_have_sides_up_to_8192(tmp_path, size):
    path, image = tmp_path / "a.ntf", picture((1, 120, 130))
    image = image[:, :3, :4] if size == (1, 1) else image
    imsave(path, image, block_size=size)
    found = iminfo(path).metadata
    assert (int(found["NPPBH"]), int(found["NPPBV"])) == size
    assert_same(imread(path), image)
    with pytest.raises(OptionError, match="8193.*8192"):
        imsave(path, image, block_size=(8193, 64))


def test_hints_do_not_reach_the_subheader(tmp_path):
    path = tmp_path / "a.ntf"
    imsave(path, picture((1, 100, 100)), metadata={"IC": "C8", "J2K_DECOMPOSITION_LEVELS": "3", "J2K_QUALITY_LAYERS": "2"})
    assert not [key for key in iminfo(path).metadata if key.startswith("J2K_")]
    cod = Codestream(parse(path).images[0].data).cod
    assert (cod["levels"], cod["layers"]) == (3, 2)
    with warned(MetadataWarning, "J2K_DECOMPOSITION_LEVELS", "is 6, not 9"):
        imsave(path, picture((1, 100, 100)), metadata={"IC": "C8", "J2K_DECOMPOSITION_LEVELS": "9"})


def test_the_profile_npje(tmp_path):
    path, image = tmp_path / "a.ntf", picture((3, 300, 310))
    imsave(path, image, block_size=(128, 128), metadata={"IC": "C8", "J2K_PROFILE": "NPJE"})
    segment = parse(path).images[0]
    stream = Codestream(segment.data)
    assert stream.siz["capabilities"] == 2
    assert {key: stream.cod[key] for key in ("progression", "layers", "mct", "levels")} == {"progression": 0, "layers": 20, "mct": 0, "levels": 5}
    for part in stream.parts:
        (marker, plt), = part["markers"]
        lengths, value = [], 0
        for byte in plt[1:]:
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                lengths.append(value)
                value = 0
        assert marker == 0xFF58 and len(lengths) == 20 * 6 * 3
        assert sum(lengths) == part["at"] + part["size"] - part["data"]
    layers = iminfo(path).metadata["J2KLRA"]
    assert (layers["ORIG"], layers["NLEVELS_O"], layers["NBANDS_O"], layers["NLAYERS_O"]) == ("0", "05", "00003", "020")
    assert [row["BITRATE"] for row in layers["LAYER"]][:3] == ["00.031250", "00.062500", "00.125000"]
    jbpy_check(path)
    assert_same(imread(path), image)


@pytest.mark.parametrize("suffix", ["ntf", "jp2", "j2k"])
def test_the_profile_epje(tmp_path, suffix):
    path, image = tmp_path / f"a.{suffix}", picture((3, 300, 310))
    metadata = {"J2K_PROFILE": "EPJE"} | ({"IC": "C8"} if suffix == "ntf" else {})
    imsave(path, image, block_size=(128, 128), metadata=metadata)
    stream = Codestream(parse(path).images[0].data) if suffix == "ntf" else codestream_of(path)
    assert (stream.cod["progression"], stream.cod["layers"], stream.cod["levels"]) == (1, 20, 5)
    # The lowest resolution of all tiles comes first.
    assert [(part["part"], part["tile"]) for part in stream.parts] == [(part, tile) for part in range(6) for tile in range(9)]
    assert {part["parts"] for part in stream.parts} == {6}
    assert [part["size"] for part in stream.parts] == [length for _, length in stream.tlm]
    if suffix == "ntf":
        layers = iminfo(path).metadata["J2KLRA"]
        assert (layers["ORIG"], layers["NLAYERS_O"]) == ("2", "020")
        jbpy_check(path)
    assert_same(imread(path), image)
    assert_same(reference(stream.data), image)
    assert imread(path, resolution_level=5).shape == (3, 10, 10)


def test_the_profile_epje_needs_its_order(tmp_path):
    with pytest.raises(OptionError, match="J2K_PROGRESSION.*LRCP.*RLCP"):
        imsave(tmp_path / "a.jp2", picture((1, 64, 64)), metadata={"J2K_PROFILE": "EPJE", "J2K_PROGRESSION": "LRCP"})


@pytest.mark.parametrize("code", ["M8", "MD"])
def test_masked_blocks_are_tiles_without_coefficients(tmp_path, code):
    path, image = tmp_path / "a.ntf", picture((2, 120, 130))
    present = {(row, column) for row in range(3) for column in range(3)} - {(0, 1), (2, 2)}
    metadata = {"IC": code, "IMODE": "B", "NPPBH": "50", "NPPBV": "40", "TPXCD": 7}
    with quiet():
        write(path, sparse(image, present, (50, 40), metadata))
    segment = parse(path).images[0]
    offset, bmr, tmr, bits = struct.unpack(">IHHH", segment.data[:10])
    at = 10 + bits // 8
    records = struct.unpack(">9I", segment.data[at:at + 36])
    assert (offset, bmr, tmr, bits, segment.data[10]) == (at + 36, 4, 0, 8, 7)
    stream = Codestream(segment.data[offset:])
    for number, record in enumerate(records):
        part = stream.parts[number]
        assert part["tile"] == number
        if number in (1, 8):
            assert record == 0xFFFFFFFF and set(stream.data[part["data"]:part["at"] + part["size"]]) == {0}
        else:
            assert record == part["at"]
    expected = image.copy()
    for row, column in ((0, 1), (2, 2)):
        expected[:, 40 * row:40 * row + 40, 50 * column:50 * column + 50] = 9
    assert_same(imread(path, fill_value=9), expected)
    assert_same(reference(stream.data)[:, :40, :50], image[:, :40, :50])


def test_a_copy_of_c8_is_byte_for_byte(tmp_path):
    imsave(tmp_path / "a.ntf", picture((3, 100, 100)), quality=1.0, compression="C8")
    with IO.open(tmp_path / "a.ntf") as reader, IO.open(tmp_path / "b.ntf", "w") as writer:
        writer.add_asset("image:0", reader.get_asset("image:0"))
    first, second = (parse(tmp_path / name).images[0] for name in ("a.ntf", "b.ntf"))
    assert first.data == second.data and second["COMRAT"] == "0100"


def test_more_bits_leave_less_error(tmp_path):
    image, found = smooth((3, 256, 256)), []
    for rate in (0.2, 0.5, 1.0, 2.0, 4.0):
        imsave(tmp_path / "a.jp2", image, quality=rate)
        found.append(psnr(imread(tmp_path / "a.jp2"), image))
    assert found == sorted(found) and found[0] > 25 and found[-1] > 45
