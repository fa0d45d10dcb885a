"""A copy of a TIFF carries what was read as it is, however odd, or drops it with a warning that names it. Files are made byte by
byte; a parser of the tests, tifffile and rasterio judge the copies."""
import pickle
import struct

import numpy as np
import pytest
import rasterio
import tifffile
from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider, OptionError, imread, imsave
from testkit.tiff_bytes import (
    ASCII, BYTE, DOUBLE, FLOAT, IFD, LONG, RATIONAL, SBYTE, SHORT, SLONG, SRATIONAL, SSHORT, UNDEFINED, Field, directories, field, file, image, text,
)
from testkit.warned import warned

GREY = bytes(range(12))
NAN, INF = float("nan"), float("inf")
SCALE, TIES = field(33550, DOUBLE, 10.0, 10.0, 0.0), field(33922, DOUBLE, 0.0, 0.0, 0.0, 5e5, 4e6, 0.0)
UTM = field(34735, SHORT, 1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32618)


def keys(*entries, version=(1, 1, 0)):
    return field(34735, SHORT, *version, len(entries), *[number for entry in entries for number in entry])


def place(*fields):
    return {"fields": list({row.tag: row for row in (SCALE, TIES, UTM, *fields)}.values())}


# Each case: the fields of an image; all of them are carried, byte for byte.
CARRIED = {
    **{f"nodata {word.decode() or 'empty'}": {"fields": [text(42113, word)]} for word in (b"-9999", b"nan", b"256", b"1.5", b"", b"none", b" 7 ", b"1e3")},
    "nodata as a number": {"fields": [field(42113, DOUBLE, -9999.0)]},
    "nodata in Latin-1": {"fields": [text(42113, b"\xe9")]},
    "resolution without a value": {"fields": [field(282, RATIONAL, (72, 0)), field(283, RATIONAL, (0, 0))]},
    "resolution not in lowest terms": {"fields": [field(282, RATIONAL, (720000, 10000)), field(283, RATIONAL, (0, 5))]},
    "white point without a value": {"fields": [field(318, RATIONAL, (0, 0), (1, 3))]},
    "fractions with signs": {"fields": [field(65000, SRATIONAL, (-72, 0), (0, 0), (-6, 4))]},
    "raster type 0": place(keys((1024, 0, 1, 1), (1025, 0, 1, 0), (3072, 0, 1, 32618))),
    "raster type 32767": place(keys((1024, 0, 1, 1), (1025, 0, 1, 32767), (3072, 0, 1, 32618))),
    "scale of two values": place(field(33550, DOUBLE, 10.0, 10.0)),
    "scale without rows": place(field(33550, DOUBLE, 10.0, 0.0, 0.0)),
    "scale as fractions": place(field(33550, RATIONAL, (10, 1), (10, 1), (0, 1))),
    "tie point that is not a number": place(field(33922, DOUBLE, 0.0, 0.0, 0.0, NAN, 4e6, 0.0)),
    "tie points cut": place(field(33922, DOUBLE, 0.0, 0.0, 0.0, 5e5)),
    "matrix of zeros": {"fields": [UTM, field(34264, DOUBLE, *[0.0] * 16)]},
    "matrix cut": {"fields": [UTM, field(34264, DOUBLE, *[1.0] * 7)]},
    "infinite scale": place(field(33550, DOUBLE, INF, 10.0, 0.0)),
    "projected model without a system": place(keys((1024, 0, 1, 1))),
    "geographic model with a projected system": place(keys((1024, 0, 1, 2), (3072, 0, 1, 32618))),
    "code of another kind": place(keys((1024, 0, 1, 1), (3072, 0, 1, 4326))),
    "model of 9": place(keys((1024, 0, 1, 9))),
    "keys that point outside": place(keys((1024, 0, 1, 1), (1026, 34737, 90, 5), (3072, 0, 1, 32618))),
    "key directory cut": place(field(34735, SHORT, 1, 1)),
    "citation in Latin-1": place(keys((1024, 0, 1, 1), (1026, 34737, 7, 0), (3072, 0, 1, 32618), (3073, 34737, 3, 7)), text(34737, b"Qu\xe9bec|ab|")),
    "citation in UTF-8": place(keys((1024, 0, 1, 1), (1026, 34737, 8, 0), (3072, 0, 1, 32618)), text(34737, "Québec|".encode())),
    "RPC cut": {"fields": [field(50844, DOUBLE, *[0.0] * 91)]},
    "text in Latin-1": {"fields": [text(270, b"caf\xe9"), text(315, b"\xff\xfe")]},
    "text in UTF-8": {"fields": [text(270, "café\n\t".encode())]},
    "text with NULs": {"fields": [text(270, b"one\0two"), text(305, b"padded\0\0\0")]},
    "text of an unknown tag": {"fields": [text(65000, b"\xe9\0x")]},
    "old subfile type": {"fields": [field(255, SHORT, 1)]},
    "page by the old subfile type": {"fields": [field(255, SHORT, 3)]},
    "types that the standard does not name": {"fields": [field(270, BYTE, 65, 66), field(282, FLOAT, 72.5), field(274, LONG, 1), field(33432, UNDEFINED, b"me")]},
    "orientation beyond 8": {"fields": [field(274, SHORT, 99), field(296, SHORT, 7)]},
    "every type": {
        "fields": [
            field(65001, BYTE, 1, 255), text(65002, b"t"), field(65003, SHORT, 1, 65535), field(65004, LONG, 2**32 - 1), field(65005, RATIONAL, (6, 4)),
            field(65006, SBYTE, -1), field(65007, UNDEFINED, b"\0\1"), field(65008, SSHORT, -1), field(65009, SLONG, -(2**31)), field(65010, SRATIONAL, (1, -3)),
            field(65011, FLOAT, 0.1, NAN, INF), field(65012, DOUBLE, 0.1, NAN, -INF),
        ]
    },
    "an unknown tag of many values": {"fields": [field(65000, SHORT, *range(3000))]},
    "data of an undefined kind": {"fields": [field(339, SHORT, 4)]},
    "RGB with four samples, not said what": {"samples": 4, "photometric": 2},
    "RGB with five samples, not said what": {"samples": 5, "photometric": 2},
    "extra samples of a private kind": {"samples": 4, "photometric": 2, "fields": [field(338, SHORT, 999)]},
    "extra samples for some": {"samples": 4, "photometric": 1, "fields": [field(338, SHORT, 0)]},
    "an unknown interpretation": {"photometric": 51177},
    "RGB of one sample": {"photometric": 2},
    "a palette that is cut": {"photometric": 3, "fields": [field(320, SHORT, *range(30))]},
    "a palette of another interpretation": {"fields": [field(320, SHORT, *range(768))]},
    "black and white of RGB": {"samples": 3, "photometric": 2, "fields": [field(532, RATIONAL, *[(0, 1), (255, 1)] * 3)]},
}

# Each case: an image, and the tags that its copy lacks, each with a warning that names it.
DROPPED = {
    "predictor without meaning": ({"fields": [field(317, SHORT, 7)]}, [317]),
    "predictor of a float": ({"fields": [field(317, SHORT, 3)]}, [317]),
    "empty fields": ({"fields": [Field(65000, SHORT, b""), Field(282, RATIONAL, b"")]}, [65000, 282]),
    "offsets into the file": ({"fields": [field(65000, IFD, 8), field(34665, LONG, 8)]}, [65000, 34665]),
    "tables of JPEG without JPEG": ({"fields": [field(347, UNDEFINED, b"\xff\xd8\xff\xd9"), field(292, LONG, 1)]}, [347, 292]),
    "subsampling without YCbCr": ({"fields": [field(530, SHORT, 4, 4)]}, [530]),
    "a reduced image that claims to be a full one": ({"fields": [field(254, LONG, 0), field(255, SHORT, 2)]}, [255]),
}

STORAGE = {254, 256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 338, 339}


def written(tmp_path, case):
    options = dict(case)
    content = GREY * options.get("samples", 1)
    path = tmp_path / "source.tif"
    path.write_bytes(file(image(content, **options)))
    return path


def plain(source, target):
    with IO.open(source) as reader, IO.open(target, "w") as writer:
        for key in reader:
            asset = reader.get_asset(key)
            writer.add_asset(key, asset, asset.title, asset.description, asset.roles)


def modified(source, target, through=lambda metadata: metadata):
    """The pixels as an array, with the metadata of which one field is changed."""
    with IO.open(source) as reader:
        found = reader.get_asset("image:0")
        metadata = through(BufferedMetadataProvider(source=found.metadata))
        metadata["HostComputer"] = "another"
        save(found, metadata, target)


def changed_geo(source, target):
    with IO.open(source) as reader:
        found = reader.get_asset("image:0")
        metadata = BufferedMetadataProvider(source=found.metadata)
        metadata["GeoVerticalCitation"] = "of the tests"
        save(found, metadata, target)


def save(found, metadata, target):
    bands, rows, columns = found.shape
    array = BufferedImageAssetProvider.create("image:0", columns, rows, bands, metadata=metadata)
    array.set_full_image(found.read())
    with IO.open(target, "w") as writer:
        writer.add_asset("image:0", array, roles=["data"])


def pickled(source, target):
    modified(source, target, lambda metadata: pickle.loads(pickle.dumps(metadata)))


def as_dict(source, target):
    with IO.open(source) as reader:
        found = reader.get_asset("image:0")
        imsave(target, found.read(), metadata=dict(found.metadata))


def names(message, tag):
    return str(tag) in message


@pytest.mark.parametrize("copy", [plain, modified, pickled, as_dict])
@pytest.mark.parametrize("case", CARRIED.values(), ids=CARRIED)
def test_what_was_read_is_carried_as_it_is(tmp_path, case, copy):
    source, target = written(tmp_path, case), tmp_path / "target.tif"
    messages = warned(copy, source, target)
    before, after = directories(source.read_bytes())[0], directories(target.read_bytes())[0]
    given = [row.tag for row in case.get("fields", [])]
    if copy is not as_dict:
        # A mapping lacks the bytes of the file, so fractions and texts may take another form.
        assert {tag: after.get(tag) for tag in given} == {tag: before[tag] for tag in given}
        assert messages == []
    lost = [tag for tag in given if tag not in after and not any(names(message, tag) for message in messages)]
    assert lost == [], messages
    assert after[262] == before[262] and (copy is as_dict or after.get(338) == before.get(338))
    assert (imread(target) == imread(source)).all()


@pytest.mark.parametrize("case", [word for word in CARRIED if any(row.tag in (33550, 34264, 34735) for row in CARRIED[word].get("fields", []))])
def test_a_change_of_one_geo_key_leaves_the_rest_of_a_broken_georeference(tmp_path, case):
    source, target = written(tmp_path, CARRIED[case]), tmp_path / "target.tif"
    warned(changed_geo, source, target)
    before, after = directories(source.read_bytes())[0], directories(target.read_bytes())[0]
    for tag in (33550, 33922, 34264):
        assert after.get(tag) == before.get(tag)
    with tifffile.TiffFile(target) as tif:
        assert b"of the tests" in after[34737].content and 34735 in tif.pages[0].tags


@pytest.mark.parametrize("copy", [plain, modified, as_dict])
@pytest.mark.parametrize("case", DROPPED.values(), ids=DROPPED)
def test_what_a_copy_leaves_out_is_named(tmp_path, case, copy):
    options, tags = case
    source, target = written(tmp_path, options), tmp_path / "target.tif"
    messages = warned(copy, source, target)
    after = directories(target.read_bytes())[0]
    if copy is as_dict:
        # A mapping does not state the type of a private tag, so the offset is a number like any other.
        tags = [tag for tag in tags if tag != 65000 or case is not DROPPED["offsets into the file"]]
    for tag in tags:
        assert tag not in after or tag == 317
        assert sum(names(message, tag) for message in messages) == 1, messages
    assert len(messages) == len(tags)
    assert (imread(target) == imread(source)).all()


def test_a_tag_of_an_unknown_type_is_named(tmp_path):
    path = tmp_path / "source.tif"
    path.write_bytes(file(image(GREY, fields=[Field(65000, 99, b"\1\2\3\4"), Field(274, 40, b"\1\0\0\0")])))
    messages = warned(imread, path)
    assert len(messages) == 2 and "65000" in messages[0 if "65000" in messages[0] else 1] and all("type" in message for message in messages)


def test_of_a_repeated_tag_the_first_is_carried_and_the_others_are_named(tmp_path):
    path, target = tmp_path / "source.tif", tmp_path / "target.tif"
    path.write_bytes(file(image(GREY, fields=[text(305, b"first"), text(305, b"second")])))
    messages = warned(plain, path, target)
    found = directories(target.read_bytes())[0][305].content
    assert len(messages) == 1 and "305" in messages[0] and found in (b"first\0", b"second\0")


@pytest.mark.parametrize("tag, several", [(317, [2, 2, 2]), (284, [1, 1, 1]), (259, [1, 1, 1]), (254, [0, 0])])
def test_of_several_numbers_of_a_setting_the_first_counts(tmp_path, tag, several):
    case = {"samples": 3, "photometric": 2, "fields": [field(tag, LONG if tag == 254 else SHORT, *several)]}
    source, target = written(tmp_path, case), tmp_path / "target.tif"
    warned(plain, source, target)
    assert (imread(target) == imread(source)).all()


def test_tiles_of_a_size_that_is_not_a_multiple_of_16_are_replaced(tmp_path):
    path, target = tmp_path / "source.tif", tmp_path / "target.tif"
    fields, content = image(bytes(range(20)) * 20, (20, 20), fields=[field(322, SHORT, 20), field(323, SHORT, 20), field(324, LONG, 8), field(325, LONG, 400)], without=[278])
    path.write_bytes(file((fields, content)))
    messages = warned(plain, path, target)
    assert len(messages) == 2 and "322" in messages[0] and "323" in messages[1]
    assert (imread(target) == imread(path)).all()


def test_only_what_is_chosen_is_validated(tmp_path):
    source, target = written(tmp_path, CARRIED["nodata -9999"]), tmp_path / "target.tif"
    with IO.open(source) as reader:
        found = reader.get_asset("image:0")
        for key, value in {"NoData": 256, "XResolution": INF, "317": 7, "GeoRasterType": 0, "GeoPixelScale": [10, 0, 0], "SubfileType": 2, "262": 51177}.items():
            metadata = BufferedMetadataProvider(source=found.metadata)
            metadata[key] = value
            with pytest.raises(OptionError):
                save(found, metadata, target)
    assert not target.exists()


def test_a_chosen_tag_wins_over_the_names_that_were_read_with_the_old_one(tmp_path):
    source, target = written(tmp_path, place()), tmp_path / "target.tif"
    with IO.open(source) as reader:
        found = reader.get_asset("image:0")
        metadata = BufferedMetadataProvider(source=found.metadata)
        metadata["33550"] = [20.0, 20.0, 0.0]
        save(found, metadata, target)
    with rasterio.open(target) as src:
        assert (src.transform.a, src.crs.to_epsg()) == (20.0, 32618)


def test_other_software_reads_the_copies_as_it_reads_the_files(tmp_path):
    cases = ["citation in Latin-1", "text in Latin-1", "resolution without a value", "RGB with four samples, not said what", "scale without rows"]
    for word in cases:
        source, target = written(tmp_path, CARRIED[word]), tmp_path / "target.tif"
        plain(source, target)
        with tifffile.TiffFile(source) as one, tifffile.TiffFile(target) as two:
            before, after = ({tag.code: tag.value for tag in tif.pages[0].tags.values() if tag.code not in STORAGE} for tif in (one, two))
        assert repr(after) == repr(before)
        with rasterio.open(source) as one, rasterio.open(target) as two:
            assert (two.crs, two.transform, two.nodata, two.colorinterp) == (one.crs, one.transform, one.nodata, one.colorinterp)
            assert (two.read() == one.read()).all()


MASK = np.array([[1, 0, 1, 1, 0, 0, 1, 0, 1], [0, 1, 1, 0, 1, 0, 0, 1, 1]], np.uint8)


def with_mask(path):
    """An image of 9 × 2 with a mask of one bit, as GDAL writes it."""
    bits = np.packbits(MASK, axis=1).tobytes()
    mask = image(bits, (9, 2), bits=1, photometric=4, fields=[field(254, LONG, 4)])
    path.write_bytes(file(image(bytes(range(18)), (9, 2)), mask))
    return path


def masks_of(path):
    """Bits of a sample and stored bytes of the mask, and the mask as GDAL sees it."""
    content = path.read_bytes()
    mask = next(rows for rows in directories(content) if rows[254].content[0] & 4)
    with rasterio.open(path) as src:
        return struct.unpack("<H", mask[258].content)[0], src.dataset_mask()


@pytest.mark.parametrize("compression", [None, "None", "Deflate", "LZW", "ZSTD", "PackBits"])
def test_a_mask_of_one_bit_stays_so(tmp_path, compression):
    source, target = with_mask(tmp_path / "source.tif"), tmp_path / "target.tif"
    with IO.open(source) as reader, IO.open(target, "w") as writer:
        for key in reader:
            asset = reader.get_asset(key)
            provider = asset
            if compression:
                metadata = BufferedMetadataProvider(source=asset.metadata)
                metadata["Compression"] = compression
                provider = BufferedImageAssetProvider.create(key, 9, 2, metadata=metadata)
                provider.set_full_image(asset.read())
            writer.add_asset(key, provider, roles=asset.roles)
    bits, seen = masks_of(target)
    assert bits == 1 and (seen == MASK * 255).all()
    assert (imread(target, asset="image:0:mask") == MASK).all()


@pytest.mark.parametrize("block", [16, 256])
def test_a_large_mask_is_packed_row_by_row_in_tiles(tmp_path, block):
    whole = np.random.default_rng(1).integers(0, 2, (1, 300, 517), np.uint8)
    one = image(np.packbits(whole[0], axis=1).tobytes(), (517, 300), bits=1, photometric=4, fields=[field(254, LONG, 4)])
    source, target = tmp_path / "source.tif", tmp_path / "target.tif"
    source.write_bytes(file(image(bytes(517 * 300), (517, 300)), one))
    with IO.open(source) as reader, IO.open(target, "w") as writer:
        for key in reader:
            asset = reader.get_asset(key)
            metadata = BufferedMetadataProvider(source=asset.metadata)
            del metadata["278"]
            metadata.update({"TileWidth": block, "TileLength": block})
            array = BufferedImageAssetProvider.create(key, 517, 300, 1, 64, 64, metadata=metadata)
            array.set_full_image(asset.read())
            writer.add_asset(key, array, roles=asset.roles)
    bits, seen = masks_of(target)
    assert bits == 1 and (seen == whole[0] * 255).all()


def test_an_array_of_one_bit_with_the_role_of_a_mask_is_stored_so(tmp_path):
    target = tmp_path / "target.tif"
    with IO.open(target, "w") as writer:
        data = BufferedImageAssetProvider.create("image:0", 9, 2)
        data.set_full_image(np.zeros((1, 2, 9), np.uint8))
        writer.add_asset("image:0", data)
        mask = BufferedImageAssetProvider.create("mask", 9, 2, num_bits_per_pixel=1)
        mask.set_full_image(MASK[None])
        writer.add_asset("mask", mask, roles=["mask"])
    bits, seen = masks_of(target)
    assert bits == 1 and (seen == MASK * 255).all()


def test_a_mask_of_eight_bits_stays_so(tmp_path):
    target = tmp_path / "target.tif"
    with IO.open(target, "w") as writer:
        for key, roles, array in (("image:0", ["data"], MASK), ("mask", ["mask"], MASK * 255)):
            provider = BufferedImageAssetProvider.create(key, 9, 2)
            provider.set_full_image(array[None])
            writer.add_asset(key, provider, roles=roles)
    assert masks_of(target)[0] == 8
