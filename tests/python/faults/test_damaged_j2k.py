"""Damaged JPEG 2000 images: whole tiles are read; with `partial=True` also the packets that are whole, and the rest is the fill value."""
import io
import struct
import warnings

import numpy as np
import pytest
import rasterio
from testkit.arrays import psnr
from testkit.codestreams import Codestream, boxes, with_packed_headers, with_region_of_interest

from aws.osml.io import IO, FileWarning, FormatError, imread, imsave

ROWS, COLUMNS, TILE, FILL = 150, 200, 64, 7
KINDS = {"j2k": "j2k", "jp2": "j2k", "nitf": "C8", "jhc": "htj2k", "jph": "htj2k", "nitf-ht": "CD"}


def scene(bands=3, rows=ROWS, columns=COLUMNS):
    rng = np.random.default_rng(bands)
    y, x = np.mgrid[:rows, :columns]
    waves = [np.sin(x / (9 + band)) * np.cos(y / 14) * 90 + 128 + rng.normal(0, 3, (rows, columns)) for band in range(bands)]
    return np.stack(waves).clip(10, 255).astype("uint8")


def stored(pixels, kind="j2k", tile=TILE, **metadata):
    out = io.BytesIO()
    imsave(out, pixels, format=kind.split("-")[0], compression=KINDS[kind], block_size=tile, metadata=metadata)
    return out.getvalue()


def rescued(data, **options):
    """The pixels that are there, and the text of the only warning about pixels."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = imread(io.BytesIO(data), partial=True, fill_value=FILL, **options)
    texts = [str(one.message) for one in caught if issubclass(one.category, FileWarning) and "pixel" in str(one.message)]
    assert len(texts) == 1, texts
    return found, texts[0]


def refused(data, *words):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(FormatError) as caught:
            imread(io.BytesIO(data))
    assert all(word in str(caught.value) for word in words), caught.value


def codestream_at(data):
    return data.index(b"\xff\x4f\xff\x51")


def tile_parts(data):
    """Start and end of each tile-part in a file, by number of the tile."""
    start = codestream_at(data)
    end = data.rindex(b"\xff\xd9") + 2
    return [(part["tile"], start + part["at"], start + part["at"] + part["size"]) for part in Codestream(data[start:end]).parts]


def by_openjpeg(data):
    """What OpenJPEG makes of a codestream of one tile that is cut."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.MemoryFile(data, ext=".j2k") as memory, memory.open(STRICT="NO") as file:
            return file.read()


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_ends_inside_of_a_tile_has_the_packets_before(kind):
    pixels = scene()
    data = stored(pixels, kind)
    parts = tile_parts(data)
    assert len(parts) == 12
    tile, start, end = parts[5]
    cut = data[:start + (end - start) * 2 // 3]
    refused(cut, "tile 5", f"at byte {start}")
    found, text = rescued(cut)
    assert "tile 5" in text and f"at byte {start}" in text
    assert "rows 64 to 127 of columns 128 to 199, rows 128 to 149 are missing and have the fill value" in text
    assert "rows 64 to 127 of columns 64 to 127 may be wrong or lack detail" in text
    whole = np.zeros((ROWS, COLUMNS), bool)
    whole[:64] = whole[64:128, :64] = True
    assert (found[:, whole] == pixels[:, whole]).all()
    part = np.s_[:, 64:128, 64:128]
    assert 30 < psnr(found[part], pixels[part]) < 60
    whole[64:128, 64:128] = True
    assert (found[:, ~whole] == FILL).all()


STREAMS = {
    "one layer": {}, "layers": {"J2K_QUALITY_LAYERS": 4}, "precincts": {"J2K_PROGRESSION": "PCRL", "J2K_PRECINCTS": "32 32"},
    "segments": {"J2K_CODE_BLOCK_STYLE": "terminate segmentation"}, "resolutions": {"J2K_PROGRESSION": "RPCL"},
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("is_gray", [False, True])
def test_more_bytes_of_a_tile_leave_less_error(name, is_gray):
    pixels = scene(1 if is_gray else 3, 256, 300)
    data = stored(pixels, tile=1024, **STREAMS[name])
    last = 0
    for share in (0.1, 0.3, 0.5, 0.8, 0.97):
        cut = data[:int(len(data) * share)]
        found, text = rescued(cut)
        assert "no pixel is missing" in text and "tile 0" in text
        expected = by_openjpeg(cut)
        if name in ("layers", "segments"):
            # OpenJPEG leaves out what it has of the block in which the bytes end.
            assert psnr(found, pixels) >= psnr(expected, pixels)
        else:
            assert (found == expected).all()
        assert psnr(found, pixels) >= last
        last = psnr(found, pixels)
    assert last > 40


@pytest.mark.parametrize("kind", ["j2k", "jhc"])
def test_every_length_of_a_tile_is_read_in_part_or_is_the_fill_value(kind):
    pixels = scene(3, 40, 50)
    data = stored(pixels, kind)
    start = data.index(b"\xff\x93") + 2
    last, counts = 0, {True: 0, False: 0}
    for end in range(start, len(data) - 3):
        found, text = rescued(data[:end])
        is_there = "no pixel is missing" in text
        counts[is_there] += 1
        assert is_there or (found == FILL).all()
        error = psnr(found, pixels) if is_there else 0
        # Three components are not complete at once, so the error may rise for some blocks.
        assert error >= last - 3, end
        last = max(error, last)
    assert counts[True] > 10 * counts[False] > 0


@pytest.mark.parametrize("kind", ["j2k", "jhc"])
def test_resolutions_before_the_damage_are_intact(kind):
    pixels = scene(3, 256, 300)
    data = stored(pixels, kind, tile=1024)
    cut = data[:-100]
    for level in (1, 2, 5):
        found, text = rescued(cut, resolution_level=level)
        assert "no pixel is missing" in text
        assert (found == imread(io.BytesIO(data), resolution_level=level)).all()


@pytest.mark.parametrize("kind", ["j2k", "jhc"])
def test_windows_of_a_damaged_tile_are_parts_of_it(kind):
    data = stored(scene(3, 256, 300), kind, tile=1024)
    cut = data[:len(data) // 2]
    whole, _ = rescued(cut)
    for x, y, width, height in [(0, 0, 1, 1), (70, 60, 130, 75), (299, 255, 1, 1), (150, 0, 150, 256)]:
        assert (rescued(cut, window=(x, y, width, height))[0] == whole[:, y:y + height, x:x + width]).all()
    assert (rescued(cut, bands=[2, 0])[0] == whole[[2, 0]]).all()


def test_a_band_without_packets_has_the_fill_value():
    pixels = scene()
    data = stored(pixels, tile=1024, J2K_PROGRESSION="CPRL", J2K_MCT=0)
    found, text = rescued(data[:len(data) // 2])
    assert "rows 0 to 149 of bands 2 are missing" in text and "tile 0" in text
    assert (found[0] == pixels[0]).all() and (found[2] == FILL).all()
    assert 15 < psnr(found[1], pixels[1]) < 60


def test_later_tile_parts_of_all_tiles_may_be_missing():
    pixels = scene()
    data = stored(pixels, J2K_PROFILE="EPJE")
    parts = tile_parts(data)
    last = [n for n, part in enumerate(parts) if part[0] == 11][-1]
    cut = data[:parts[last][1] - 200]
    refused(cut, "tile", "at byte")
    found, text = rescued(cut)
    assert "no pixel is missing" in text and 25 < psnr(found, pixels) < 60
    for level in (1, 3):
        assert (rescued(cut, resolution_level=level)[0] == imread(io.BytesIO(data), resolution_level=level)).all()


def test_a_tile_part_in_the_middle_may_be_broken():
    pixels = scene()
    data = bytearray(stored(pixels, J2K_PROFILE="EPJE"))
    parts = tile_parts(bytes(data))
    broken = [part for part in parts if part[0] == 5][3][1]
    # TLM leads to the parts after it.
    data[broken + 10] += 1
    refused(data, "tile 5", f"at byte {broken}")
    found, text = rescued(data)
    assert "tile 5" in text and f"at byte {broken}" in text
    assert "no pixel is missing, but rows 64 to 127 of columns 64 to 127 may be wrong" in text
    others = np.ones((ROWS, COLUMNS), bool)
    others[64:128, 64:128] = False
    assert (found[:, others] == pixels[:, others]).all()
    assert 20 < psnr(found[:, ~others], pixels[:, ~others]) < 60


def test_a_tile_whose_length_is_wrong_is_read_up_to_it():
    pixels = scene(1, 128, 192)
    data = stored(pixels)
    start = data.index(b"\xff\x55")
    (length,) = struct.unpack(">H", data[start + 2:start + 4])
    data = bytearray(data[:start] + data[start + 2 + length:])
    _, start, end = tile_parts(bytes(data))[-1]
    struct.pack_into(">I", data, start + 6, end - start - 300)
    refused(data, "tile 5", f"at byte {end - 300}")
    found, text = rescued(data)
    assert "no pixel is missing, but rows 64 to 127 of columns 128 to 191 may be wrong" in text and "tile 5" in text
    assert (found[:, :64] == pixels[:, :64]).all() and (found[:, :, :128] == pixels[:, :, :128]).all()
    assert 30 < psnr(found[:, 64:, 128:], pixels[:, 64:, 128:]) < 60


def test_code_blocks_that_do_not_decode_are_left_out():
    pixels = scene(1, 256, 256)
    data = bytearray(stored(pixels, tile=1024, J2K_CODE_BLOCK_STYLE="segmentation"))
    for at in range(len(data) - 1000, len(data) - 900):
        data[at] = 0x55
    refused(data, "tile 0", "segmentation symbol")
    found, text = rescued(data)
    assert "no pixel is missing" in text and "segmentation symbol" in text
    differs = (found != pixels)[0]
    # A block of the highest resolution is 64 × 64 coefficients.
    assert 0.01 < differs.mean() < 0.5 and psnr(found, pixels) > 30


@pytest.mark.parametrize("in_main_header", [False, True])
def test_packet_headers_may_be_packed(in_main_header, tmp_path):
    pixels = scene()
    path = tmp_path / "a.j2k"
    profile = {"driver": "JP2OpenJPEG", "count": 3, "height": ROWS, "width": COLUMNS, "dtype": "uint8", "REVERSIBLE": "YES", "QUALITY": "100", "tiled": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path, "w", **profile, BLOCKXSIZE=64, BLOCKYSIZE=64, RESOLUTIONS="4", SOP="YES", EPH="YES", CODEC="J2K") as file:
            file.write(pixels)
    data = with_packed_headers(path.read_bytes(), in_main_header)
    assert (imread(io.BytesIO(data)) == pixels).all()
    _, start, end = tile_parts(data)[5]
    cut = data[:end - 500]
    refused(cut, "tile 5", "at byte")
    found, text = rescued(cut)
    assert "rows 64 to 127 of columns 64 to 127 may be wrong" in text
    part = np.s_[:, 64:128, 64:128]
    assert 30 < psnr(found[part], pixels[part]) < 60
    # Without the packet headers of a tile nothing of it is there.
    found, text = rescued(data[:start + 30])
    assert (found[part] == FILL).all() and "tile 5" in text


def test_tiles_that_openjpeg_decodes_are_read_in_part_too():
    pixels = scene(1, 200, 200)
    plain = stored(pixels, tile=1024)
    data = with_region_of_interest(plain)
    assert (imread(io.BytesIO(data)) == pixels).all()
    cut = data[:len(data) * 2 // 3]
    refused(cut, "tile 0", "at byte")
    found, text = rescued(cut)
    assert "no pixel is missing" in text and (found == rescued(plain[:len(cut) - len(data) + len(plain)])[0]).all()


def test_readers_and_copies_take_what_is_there(tmp_path):
    pixels = scene()
    data = stored(pixels, "jp2")
    path = tmp_path / "cut.jp2"
    path.write_bytes(data[:len(data) // 2])
    expected, _ = rescued(path.read_bytes())
    with IO.open(path) as reader:
        image = reader.get_asset("image:0")
        assert (image.read(window=(0, 0, 200, 64)) == pixels[:, :64]).all(), "whole tiles need no option"
        with pytest.raises(FormatError):
            image.read()
        with pytest.warns(FileWarning, match="tile"):
            assert (image.read(partial=True, fill_value=FILL) == expected).all()
    with IO.open(path, partial=True) as reader, pytest.warns(FileWarning, match="tile"):
        with IO.open(tmp_path / "copy.jp2", "w") as writer:
            writer.add_asset("image:0", reader["image:0"])
    assert boxes((tmp_path / "copy.jp2").read_bytes())[-1][0] == b"jp2c"
    copied = imread(tmp_path / "copy.jp2")
    assert (copied == np.where(expected == FILL, 0, expected)).all()
