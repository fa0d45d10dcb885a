"""A copy of a PNG carries the chunks that were read as they are, however odd, or drops them with a warning that names them. Files
are made and taken apart byte by byte; Pillow judges the pixels."""
import pickle
import struct
import zlib

import pytest
from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider, OptionError, imread, imsave
from testkit.png_bytes import GREY, PALETTE, RGB, chunks, file
from testkit.readers import pillow_pixels
from testkit.warned import warned

COLOURS = (b"PLTE", bytes(range(9)))

# Each case: the colour type, and the chunks, all of which are carried byte for byte.
CARRIED = {
    "NUL in a text": (GREY, [(b"tEXt", b"Title\0a \0 nul")]),
    "NUL in a translated text": (GREY, [(b"iTXt", b"Title\0\0\0de\0Titel\0a \0 nul")]),
    "keyword with spaces": (GREY, [(b"tEXt", b" two  spaces \0text")]),
    "keyword with a control character": (GREY, [(b"tEXt", b"a\7b\0text")]),
    "keyword of 100 bytes": (GREY, [(b"tEXt", b"k" * 100 + b"\0text")]),
    "language that is not one": (GREY, [(b"iTXt", b"Title\0\0\0e_\xe9\0T\0text")]),
    "two texts with one keyword": (GREY, [(b"tEXt", b"Title\0one"), (b"tEXt", b"Title\0t\0o")]),
    "Latin-1": (GREY, [(b"tEXt", b"Author\0Andr\xe9")]),
    "pHYs unit 7": (GREY, [(b"pHYs", struct.pack(">IIB", 1, 2, 7))]),
    "pHYs beyond 31 bits": (GREY, [(b"pHYs", struct.pack(">IIB", 2**32 - 1, 0, 1))]),
    "tIME of zeros": (GREY, [(b"tIME", bytes(7))]),
    "tIME of 255": (GREY, [(b"tIME", b"\xff" * 7)]),
    "gAMA 0": (GREY, [(b"gAMA", bytes(4))]),
    "cHRM beyond 31 bits": (RGB, [(b"cHRM", b"\xff" * 32)]),
    "bKGD beyond the depth": (GREY, [(b"bKGD", b"\1\1")]),
    "tRNS beyond the depth": (RGB, [(b"tRNS", b"\1\1\0\0\xff\xff")]),
    "sBIT 0": (GREY, [(b"sBIT", b"\0")]),
    "sBIT beyond the depth": (RGB, [(b"sBIT", b"\x09\xff\1")]),
    "sBIT of another number of channels": (RGB, [(b"sBIT", b"\1\2\3\4\5")]),
    "tRNS longer than the palette": (PALETTE, [COLOURS, (b"tRNS", bytes(4))]),
    "bKGD outside of the palette": (PALETTE, [COLOURS, (b"bKGD", b"\x09")]),
    "profile with an odd name": (GREY, [(b"iCCP", b" a  b\0\0" + zlib.compress(b"profile"))]),
    "a type with a reserved letter": (GREY, [(b"abcd", b"\1\2")]),
    "a private chunk": (GREY, [(b"prVt", b"\1\2")]),
}


def written(tmp_path, case, **options):
    path = tmp_path / "source.png"
    path.write_bytes(file(*case, **options))
    return path


def plain(source, target):
    with IO.open(source) as reader, IO.open(target, "w") as writer:
        asset = reader.get_asset("image:0")
        writer.add_asset("image:0", asset, asset.title, asset.description)


def of_file(source, target):
    """The metadata is that of the file, the pixels are an array."""
    with IO.open(source) as reader, IO.open(target, "w") as writer:
        writer.metadata = reader.metadata
        writer.add_asset("image:0", array(reader.get_asset("image:0"), None))


def modified(source, target, through=lambda metadata: metadata):
    with IO.open(source) as reader, IO.open(target, "w") as writer:
        found = reader.get_asset("image:0")
        metadata = through(BufferedMetadataProvider(source=found.metadata))
        metadata["PNG_TEXT_Software"] = "another"
        writer.add_asset("image:0", array(found, metadata))


def pickled(source, target):
    modified(source, target, lambda metadata: pickle.loads(pickle.dumps(metadata)))


def array(found, metadata):
    bands, rows, columns = found.shape
    made = BufferedImageAssetProvider.create("image:0", columns, rows, bands, metadata=metadata)
    made.set_full_image(found.read())
    return made


def opened(kind, data):
    """The content of a chunk apart from its compression."""
    if kind == b"iCCP":
        name, _, rest = data.partition(b"\0")
        return kind, name, zlib.decompress(rest[1:])
    return kind, data


@pytest.mark.parametrize("copy", [plain, of_file, modified, pickled])
@pytest.mark.parametrize("case", CARRIED.values(), ids=CARRIED)
def test_what_was_read_is_carried_as_it_is(tmp_path, case, copy):
    source, target = written(tmp_path, case), tmp_path / "target.png"
    assert warned(copy, source, target) == []
    after = [opened(*found) for found in chunks(target.read_bytes()) if b"Software" not in found[1]]
    assert sorted(after) == sorted(opened(*found) for found in case[1])
    assert (pillow_pixels(target) == pillow_pixels(source)).all() and (imread(target) == imread(source)).all()


@pytest.mark.parametrize("case", CARRIED.values(), ids=CARRIED)
def test_a_plain_mapping_is_written_or_named(tmp_path, case):
    source, target = written(tmp_path, case), tmp_path / "target.png"
    with IO.open(source) as reader:
        metadata = dict(reader.get_asset("image:0").metadata)
    messages = warned(lambda: imsave(target, imread(source), metadata=metadata))
    kinds = [kind for kind, _ in chunks(target.read_bytes())]
    assert len(kinds) + len(messages) >= len({found[1].split(b"\0")[0] if found[0] == b"tEXt" else found for found in case[1]})


def test_chunks_after_the_image_data_are_carried(tmp_path):
    source, target = written(tmp_path, (GREY,), after=[(b"tEXt", b"Title\0a \0 nul"), (b"tIME", bytes(7))]), tmp_path / "target.png"
    assert warned(plain, source, target) == []
    assert sorted(chunks(target.read_bytes())) == [(b"tEXt", b"Title\0a \0 nul"), (b"tIME", bytes(7))]


def test_indices_without_a_colour_are_carried(tmp_path):
    source, target = written(tmp_path, (PALETTE, [COLOURS]), rows=[bytes([0, 1, 2, 9])] * 3), tmp_path / "target.png"
    assert warned(plain, source, target) == []
    assert (imread(target)[0] == [0, 1, 2, 9]).all() and chunks(target.read_bytes()) == [COLOURS]
    with IO.open(source) as reader:
        found = reader.get_asset("image:0")
        with pytest.raises(OptionError, match="PNG_PALETTE"), IO.open(target, "w") as writer:
            writer.add_asset("image:0", array(found, found.metadata))


def test_a_grey_image_with_a_palette_stays_grey(tmp_path):
    source, target = written(tmp_path, (GREY, [COLOURS])), tmp_path / "target.png"
    with pytest.warns(UserWarning, match="PLTE"):
        plain(source, target)
    assert target.read_bytes()[25] == GREY


def test_text_that_is_neither_utf8_nor_lost(tmp_path):
    source, target = written(tmp_path, (GREY, [(b"iTXt", b"Author\0\0\0\0\0Andr\xe9")])), tmp_path / "target.png"
    assert warned(plain, source, target) == []
    assert chunks(target.read_bytes()) == [(b"tEXt", b"Author\0Andr\xe9")]


@pytest.mark.parametrize("key, value", [("PNG_TEXT_Title", "a \0"), ("PNG_PHYS", [1, 1, 7]), ("PNG_TIME", "0000-00-00T00:00:00Z"), ("PNG_BACKGROUND", 256)])
def test_only_what_is_chosen_is_validated(tmp_path, key, value):
    source, target = written(tmp_path, CARRIED["pHYs unit 7"]), tmp_path / "target.png"
    with IO.open(source) as reader, pytest.raises(OptionError, match=key), IO.open(target, "w") as writer:
        found = reader.get_asset("image:0")
        metadata = BufferedMetadataProvider(source=found.metadata)
        metadata[key] = value
        if key == "PNG_PHYS":
            metadata[key] = [1, 1, 8]
        writer.add_asset("image:0", array(found, metadata))
    assert not target.exists()
