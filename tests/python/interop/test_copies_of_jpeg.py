"""A copy of a JPEG carries comments, application segments, density and profile as they were read. Segments are put into streams of
Pillow byte by byte; a parser of the tests judges the copies."""
import io
import struct

import numpy as np
import pytest
from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider, MetadataWarning, OptionError
from PIL import Image
from testkit.jpeg_streams import streams
from testkit.warned import warned

APP0, APP1, APP2, APP14, COM = 0xE0, 0xE1, 0xE2, 0xEE, 0xFE


def profile(space):
    return b"ICC_PROFILE\0\1\1" + bytes(16) + space + bytes(100)


# Each case: segments, all of which are carried byte for byte.
CARRIED = {
    "comments": [(COM, b"one"), (COM, b""), (COM, b"one")],
    "comments that are not UTF-8": [(COM, b"caf\xe9\0")],
    "the longest comment": [(COM, b"x" * 65533)],
    "two Exif segments": [(APP1, b"Exif\0\0a"), (APP1, b"Exif\0\0b")],
    "the longest Exif segment": [(APP1, b"Exif\0\0" + b"x" * 65527)],
    "XMP": [(APP1, b"http://ns.adobe.com/xap/1.0/\0<x/>")],
    "thumbnail": [(APP0, b"JFXX\0\x13\1\1\0\0\0")],
    "every application": [(APP0 + number, b"of the tests \0\xff") for number in range(16)],
    "empty applications": [(APP0 + number, b"") for number in range(1, 16)],
    "Adobe's segment, cut": [(APP14, b"Adobe")],
    "profile of grey": [(APP2, profile(b"GRAY"))],
    "profile of RGB": [(APP2, profile(b"RGB "))],
    "profile of Lab": [(APP2, profile(b"Lab "))],
    "profile that is cut": [(APP2, b"ICC_PROFILE\0\1\1x")],
    "profile that is empty": [(APP2, b"ICC_PROFILE\0\1\1")],
}
DENSITIES = {"no density": (0, 0, 0), "an unknown unit": (1, 1, 9), "one of two": (1, 0, 1)}


def stream(mode, segments, density=(72, 72, 1)):
    shape = (6, 8, 3) if mode == "RGB" else (6, 8)
    out = io.BytesIO()
    Image.fromarray(np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)).save(out, "JPEG")
    x, y, unit = density
    parts = [(APP0, b"JFIF\0\1\1" + struct.pack(">BHH", unit, x, y) + b"\0\0"), *segments]
    content = out.getvalue()
    rest = content[4 + struct.unpack(">H", content[4:6])[0] :]
    return content[:2] + b"".join(bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data for marker, data in parts) + rest


def segments_of(path):
    found = streams(path.read_bytes())[0].segments
    return [(marker, payload) for marker, payload in found if marker >= APP0 and not payload.startswith(b"JFIF\0")]


def plain(source, target):
    with IO.open(source) as reader, IO.open(target, "w") as writer:
        asset = reader.get_asset("image:0")
        writer.add_asset("image:0", asset, asset.title, asset.description)


def modified(source, target):
    save(source, target, lambda found: BufferedMetadataProvider(source=found.metadata))


def as_dict(source, target):
    # A mapping holds each key once.
    save(source, target, lambda found: {key: value for key, value in found.metadata.items()})


def save(source, target, metadata_of):
    with IO.open(source) as reader, IO.open(target, "w") as writer:
        found = reader.get_asset("image:0")
        metadata = metadata_of(found)
        metadata["JPEG_QUALITY"] = 50
        bands, rows, columns = found.shape
        array = BufferedImageAssetProvider.create("image:0", columns, rows, bands, metadata=metadata)
        array.set_full_image(found.read())
        writer.add_asset("image:0", array)


def unexpected(copy, source, target):
    """The warnings of a copy. Of a mapping, a quality that was chosen is not told from one that was read."""
    found = warned(copy, source, target)
    return [message for message in found if copy is not as_dict or "loses more" not in message]


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("copy", [plain, modified, as_dict])
@pytest.mark.parametrize("case", CARRIED.values(), ids=CARRIED)
def test_segments_that_were_read_are_carried_as_they_are(tmp_path, case, copy, mode):
    source, target = tmp_path / "source.jpg", tmp_path / "target.jpg"
    source.write_bytes(stream(mode, case))
    assert unexpected(copy, source, target) == []
    after, repeats = segments_of(target), len({marker for marker, _ in case}) < len(case)
    assert set(after) <= set(case) if copy is as_dict and repeats else sorted(after) == sorted(case)


@pytest.mark.parametrize("copy", [plain, modified, as_dict])
@pytest.mark.parametrize("density", DENSITIES.values(), ids=DENSITIES)
def test_a_density_that_the_standard_does_not_allow_is_carried(tmp_path, density, copy):
    source, target = tmp_path / "source.jpg", tmp_path / "target.jpg"
    source.write_bytes(stream("L", [], density))
    assert unexpected(copy, source, target) == []
    x, y, unit = density
    assert target.read_bytes()[13:18] == struct.pack(">BHH", unit, x, y)


def test_only_a_chosen_density_is_validated(tmp_path):
    source, target = tmp_path / "source.jpg", tmp_path / "target.jpg"
    source.write_bytes(stream("L", []))
    with IO.open(source) as reader:
        metadata = BufferedMetadataProvider(source=reader.get_asset("image:0").metadata)
    metadata["JPEG_DENSITY"] = [0, 0, 0]
    with pytest.raises(OptionError, match="JPEG_DENSITY"):
        save(source, target, lambda _: metadata)


def test_a_profile_of_another_space_is_left_out_of_an_image_with_other_bands(tmp_path):
    source, target = tmp_path / "source.jpg", tmp_path / "target.jpg"
    source.write_bytes(stream("RGB", CARRIED["profile of RGB"]))
    with IO.open(source) as reader, IO.open(target, "w") as writer:
        found = reader.get_asset("image:0")
        grey = BufferedImageAssetProvider.create("image:0", 8, 6, 1, metadata=found.metadata)
        grey.set_full_image(found.read()[:1])
        with pytest.warns(MetadataWarning, match="JPEG_ICC_PROFILE"):
            writer.add_asset("image:0", grey)
    assert segments_of(target) == []
