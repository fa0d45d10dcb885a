"""HTJ2K that is written (Part 15, T.814): OpenJPH and OpenJPEG, which are apart from the code under test, decode it alike."""
import imagecodecs
import numpy as np
import pytest
from aws.osml.io import IO, MetadataWarning, OptionError, iminfo, imread, imsave
from interop.test_write_j2k import picture, reference
from testkit.arrays import assert_same, psnr
from testkit.codestreams import Codestream, boxes, codestream_of
from testkit.nitf_bytes import parse
from testkit.nitf_judges import jbpy_check
from testkit.nitf_ours import provider, quiet, warned, write

SHAPES = [(1, 1, 1), (1, 1, 70), (2, 65, 1), (3, 64, 64), (1, 200, 130), (4, 33, 47), (16, 20, 20)]


def openjph(data, bands):
    """The pixels by OpenJPH, bands first."""
    found = imagecodecs.htj2k_decode(data)
    if found.ndim == 2:
        return found[None]
    return found if found.shape[0] == bands else np.moveaxis(found, -1, 0)


def stream(path):
    return codestream_of(path).data


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_type_and_shape_is_lossless(tmp_path, shape, dtype):
    path, image = tmp_path / "a.jph", picture(shape, dtype)
    with quiet():
        imsave(path, image)
    assert iminfo(path).compression == "htj2k"
    assert_same(imread(path), image)
    assert_same(reference(path.read_bytes()).astype(dtype), image)
    assert_same(openjph(stream(path), shape[0]).astype(dtype), image)


@pytest.mark.parametrize("bits", [1, 4, 9, 12, 17, 24, 26])
def test_every_number_of_bits_is_lossless(tmp_path, bits):
    path, image = tmp_path / "a.jhc", picture((1, 90, 75), "uint32", bits)
    with IO.open(path, "w") as writer:
        writer.add_asset("image:0", provider(image, actual_bits_per_pixel=bits))
    assert_same(imread(path).astype("uint32"), image)
    assert_same(openjph(path.read_bytes(), 1).astype("uint32"), image)


@pytest.mark.parametrize("levels", [1, 2, 5, 6])
@pytest.mark.parametrize("block", ["64 64", "32 32", "4 4", "128 32", "16 256", "1024 4"])
@pytest.mark.parametrize("order", ["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"])
def test_levels_code_blocks_and_orders(tmp_path, levels, block, order):
    path, image = tmp_path / "a.jhc", picture((3, 150, 190))
    hints = {"J2K_DECOMPOSITION_LEVELS": levels, "J2K_CODE_BLOCK": block, "J2K_PROGRESSION": order, "J2K_PRECINCTS": "128 128"}
    imsave(path, image, block_size=(100, 77), metadata=hints)
    assert_same(imread(path), image)
    assert_same(openjph(path.read_bytes(), 3), image)


@pytest.mark.parametrize("value", ["zero", "largest", "middle", "impulse", "noise"])
def test_extreme_pixels_are_lossless(tmp_path, value):
    path, image = tmp_path / "a.jhc", np.zeros((3, 130, 140), "uint16")
    if value == "noise":
        image = np.random.default_rng(5).integers(0, 65536, image.shape, "uint16")
    elif value == "impulse":
        image[:, 64, 65] = 65535
    else:
        image[:] = {"zero": 0, "largest": 65535, "middle": 32768}[value]
    imsave(path, image)
    assert_same(imread(path), image)
    assert_same(openjph(path.read_bytes(), 3), image)


def test_the_header_says_what_the_stream_has(tmp_path):
    """Rsiz and CAP; a COD with the bit of Part 15; the brand of the boxes."""
    path = tmp_path / "a.jp2"
    imsave(path, picture((3, 64, 64)), compression="htj2k")
    data = stream(path)
    assert data[6:8] == b"\x40\x00"
    at = data.index(b"\xff\x50")
    assert data[at + 2:at + 8] == b"\x00\x08\x00\x02\x00\x00"
    assert codestream_of(path).cod["block_style"] == 0x40
    found = dict(boxes(path.read_bytes()))
    assert found[b"ftyp"] == b"jph \0\0\0\0jph "
    imsave(path, picture((3, 64, 64)))
    assert dict(boxes(path.read_bytes()))[b"ftyp"] == b"jp2 \0\0\0\0jp2 "


@pytest.mark.parametrize("rate", [0.5, 1, 2, 4])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("bands", [1, 3])
def test_rates_are_met(tmp_path, bands, dtype, rate):
    path, other, image = tmp_path / "a.jhc", tmp_path / "a.j2k", picture((bands, 500, 400), dtype)
    # imagecodecs does not clip what OpenJPH decodes.
    image = (image // 8 * 6 + np.iinfo(dtype).max // 8).astype(dtype)
    imsave(path, image, quality=rate, block_size=256)
    imsave(other, image, quality=rate, block_size=256)
    assert 8 * path.stat().st_size / image.size == pytest.approx(rate, rel=0.05)
    found = imread(path)
    # The rounding of the wavelet differs between decoders.
    assert np.abs(found.astype(int) - openjph(path.read_bytes(), bands)).max() <= (1 if dtype == "uint8" else 4)
    assert psnr(found, image) > psnr(imread(other), image) - 2.5


@pytest.mark.parametrize("code", ["CD", "MD"])
def test_nitf_holds_high_throughput_streams(tmp_path, code):
    path, image = tmp_path / "a.ntf", picture((3, 150, 190), "uint16")
    with quiet():
        write(path, provider(image, {"IC": code, "IMODE": "B", "COMRAT": "N001.0", "NPPBH": "100", "NPPBV": "90"}))
    found = parse(path).images[0]
    assert (found["IC"], found["COMRAT"][0], found["PVTYPE"], found["NBPP"]) == (code, "N", "INT", "16")
    assert_same(imread(path), image)
    assert_same(openjph(found.data[found.data.index(b"\xff\x4f\xff\x51"):], 3), image)
    jbpy_check(path)
    copy = tmp_path / "b.ntf"
    with IO.open(path) as reader, IO.open(copy, "w") as writer, quiet():
        writer.add_asset("image:0", reader.get_asset("image:0"))
    assert parse(copy).images[0].data == found.data


def test_imsave_knows_the_words(tmp_path):
    path, image = tmp_path / "a.ntf", picture((1, 64, 64))
    for word in ("CD", "htj2k", "HTJ2K"):
        imsave(path, image, compression=word)
        assert iminfo(path).compression == "CD"
    with pytest.raises(OptionError, match="integer"):
        imsave(path, image.astype("float32"), compression="CD")


def test_readers_take_one_layer(tmp_path):
    path, image = tmp_path / "a.jph", picture((1, 64, 64))
    with warned(MetadataWarning, "J2K_QUALITY_LAYERS", "one layer, not 3"):
        imsave(path, image, metadata={"J2K_QUALITY_LAYERS": 3})
    assert codestream_of(path).cod["layers"] == 1
    assert_same(imread(path), image)
    with pytest.raises(OptionError, match="causal"):
        imsave(path, image, metadata={"J2K_CODE_BLOCK_STYLE": "bypass"})


@pytest.mark.parametrize("rate", [1, 3])
def test_a_causal_style_costs_little(tmp_path, rate):
    """Propagation passes without the stripe below: decoders that read the style from COD decode them alike."""
    path, image = tmp_path / "a.jhc", picture((1, 200, 170))
    imsave(path, image, quality=rate)
    plain = psnr(imread(path), image)
    imsave(path, image, quality=rate, metadata={"J2K_CODE_BLOCK_STYLE": "causal"})
    assert codestream_of(path).cod["block_style"] == 0x48
    assert psnr(imread(path), image) > plain - 0.3
    assert psnr(reference(path.read_bytes()).reshape(image.shape), image) > plain - 0.3


def test_bytes_do_not_depend_on_threads(tmp_path):
    image = picture((3, 300, 260))
    for quality in (None, 1.5):
        files = []
        for threads in (1, 2, 5):
            imsave(tmp_path / "a.jph", image, quality=quality, threads=threads, block_size=128)
            files.append((tmp_path / "a.jph").read_bytes())
        assert files[0] == files[1] == files[2]


def test_a_file_can_say_which_blocks_it_has(tmp_path):
    image = picture((1, 64, 64))
    imsave(tmp_path / "a.jph", image, metadata={"J2K_HIGH_THROUGHPUT": 0})
    assert iminfo(tmp_path / "a.jph").compression == "j2k"
    imsave(tmp_path / "a.j2k", image, metadata={"J2K_HIGH_THROUGHPUT": 1})
    assert Codestream((tmp_path / "a.j2k").read_bytes()).cod["block_style"] == 0x40


@pytest.mark.parametrize("reversible", [True, False])
def test_windows_are_parts_of_the_whole(tmp_path, reversible):
    path, image = tmp_path / "a.jph", picture((3, 200, 170))
    imsave(path, image, block_size=(100, 128), quality=None if reversible else 2)
    for level in (0, 1, 2):
        whole = imread(path, resolution_level=level)
        for x, y, width, height in ((0, 0, 1, 1), (5, 7, 30, 20), (20, 10, 20, 40)):
            part = whole[:, y:y + height, x:x + width]
            assert_same(imread(path, window=(x, y, width, height), resolution_level=level), part)
            assert_same(imread(path, window=(x, y, width, height), resolution_level=level, bands=[2]), part[2:])
