"""Specification, the NITF sentences of 'Metadata Controls Encoding', 'Basic Write Workflow' and 'Format-Specific Encoding
Options', line by line."""
import numpy as np
import pytest
from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider, OptionError, PixelType, UnsupportedError, imread
from testkit.arrays import PIXEL_TYPES, assert_same, image, psnr, smooth
from testkit.codestreams import Codestream
from testkit.nitf_bytes import parse
from testkit.nitf_judges import jbpy_check
from testkit.nitf_ours import quiet
from testkit.nitf_pixels import absent, pixels


def write(provider, path="output.ntf", **more):
    with IO.open([path], "w", "nitf") as writer:
        if more:
            writer.metadata = more
        writer.add_asset("image_0", provider, title="Title", description="Description", roles=["data"])
    return parse(path)


def a_provider(metadata, bands=3, pixel_type=PixelType.UInt8):
    data = image((bands, 512, 512), pixel_type.to_numpy_dtype())
    provider = BufferedImageAssetProvider.create(key="output_image", num_columns=512, num_rows=512, num_bands=bands, block_width=256,
                                                 block_height=256, pixel_type=pixel_type, metadata=metadata)
    provider.set_full_image(data)
    return provider, data


def test_metadata_from_scratch(in_tmp):
    metadata = BufferedMetadataProvider()
    metadata["IMODE"] = "B"
    metadata["IC"] = "NC"
    provider, data = a_provider(metadata)
    found = write(provider).images[0]
    assert (found["IMODE"], found["IC"]) == ("B", "NC")
    assert_same(pixels(found), data)


def test_queries(in_tmp):
    metadata = BufferedMetadataProvider()
    metadata["IC"], metadata["NPPBH"], metadata["NPPBV"] = "NC", "256", "256"
    copied = BufferedMetadataProvider(source=metadata)
    copied["IMODE"] = "B"
    value = copied.get("IMODE")          # "B" or None
    filtered = copied.entries("NPP")     # {"NPPBH": "256", "NPPBV": "256"}
    assert (value, metadata.get("IMODE"), filtered) == ("B", None, {"NPPBH": "256", "NPPBV": "256"})
    provider, _ = a_provider(copied)
    write(provider)
    with IO.open(["output.ntf"], "r") as reader:
        read = reader.get_asset("image:0").metadata
        assert read.entries("NPP") == {"NPPBH": "0256", "NPPBV": "0256"}, "as padded in the file"


def test_the_field_names_are_those_seen_when_reading(in_tmp):
    """No translation layer: values read from one file can be set for another, and are stored unchanged."""
    provider, data = a_provider({"IC": "NC", "IMODE": "P", "NPPBH": "128", "NPPBV": "64", "IID2": "x", "ISORCE": "y", "ICAT": "OP"})
    first = write(provider)
    with IO.open(["output.ntf"], "r") as reader:
        plain = dict(reader.get_asset("image:0").metadata.entries())
    assert set(first.images[0].fields) - {"UDIDL", "IXSHDL"} <= set(plain)
    provider, _ = a_provider(BufferedMetadataProvider(source=plain))
    again = write(provider, "again.ntf")
    assert {k: v for k, v in again.images[0].fields.items()} == first.images[0].fields


def test_file_metadata_populates_the_file_header(in_tmp):
    provider, _ = a_provider(None)
    found = write(provider, FSCLAS="U", OSTAID="STATION", ONAME="originator", FTITLE="title").header
    assert (found.text("OSTAID"), found.text("ONAME"), found.text("FTITLE"), found["FSCLAS"]) == ("STATION", "originator", "title", "U")


@pytest.mark.parametrize("code", ["NC", "NM"])
@pytest.mark.parametrize("mode", ["B", "P", "R", "S"])
@pytest.mark.parametrize("kind", PIXEL_TYPES)
def test_values_of_the_uncompressed_fields(in_tmp, code, mode, kind):
    if kind == "Complex128":
        pytest.skip("NBPP has two digits")
    provider, data = a_provider({"IC": code, "IMODE": mode, "NPPBH": "200", "NPPBV": "100"}, 2, getattr(PixelType, kind))
    with quiet():
        found = write(provider).images[0]
    assert (found["IC"], found["IMODE"], found["NPPBH"], found["NPPBV"]) == (code, mode, "0200", "0100")
    assert_same(pixels(found), data)
    assert_same(imread("output.ntf"), data)


@pytest.mark.parametrize("name", ["NPPBH", "NPPBV"])
@pytest.mark.parametrize("value,fine", [("1", True), ("512", True), ("8192", True), ("8193", False), ("-1", False), ("1.5", False)])
def test_the_range_of_block_sizes(in_tmp, name, value, fine):
    rows, cols = (2, 9000) if name == "NPPBH" else (9000, 2)
    data = image((1, rows, cols), "uint8")
    provider = BufferedImageAssetProvider.create(key="x", num_columns=cols, num_rows=rows, num_bands=1, metadata={name: value})
    provider.set_full_image(data)
    if fine:
        found = write(provider).images[0]
        assert found[name] == f"{int(value):04}"
        assert_same(pixels(found), data)
    else:
        with pytest.raises(OptionError, match=name):
            write(provider)


def test_the_example_of_the_uncompressed_fields(in_tmp):
    metadata = BufferedMetadataProvider()
    metadata["IC"] = "NC"
    metadata["IMODE"] = "B"
    metadata["NPPBH"] = "256"
    metadata["NPPBV"] = "256"
    provider, data = a_provider(metadata)
    found = write(provider).images[0]
    assert (found["NBPR"], found["NBPC"], found["NPPBH"], found["NPPBV"]) == ("0002", "0002", "0256", "0256")
    assert len(found.data) == 3 * 512 * 512
    jbpy_check("output.ntf")


def test_the_sparse_example(in_tmp):
    block_data = image((3, 256, 256), "uint8")
    metadata = BufferedMetadataProvider()
    metadata["IC"] = "NM"

    provider = BufferedImageAssetProvider.create(
        key="sparse",
        num_columns=1024, num_rows=1024, num_bands=3,
        block_width=256, block_height=256,
        pixel_type=PixelType.UInt8,
        metadata=metadata,
    )

    # Only populate blocks that have data
    provider.set_block(0, 0, block_data)
    provider.set_block(1, 2, block_data)

    found = write(provider).images[0]
    everything = {(row, col) for row in range(4) for col in range(4)}
    assert found["IC"] == "NM" and absent(found) == everything - {(0, 0), (1, 2)}
    assert len(found.data) < 3 * len(block_data.tobytes()), "masked blocks take no room"
    expected = np.zeros((3, 1024, 1024), np.uint8)
    expected[:, :256, :256] = expected[:, 256:512, 512:768] = block_data
    assert_same(pixels(found), expected)
    assert_same(imread("output.ntf"), expected)
    with IO.open(["output.ntf"], "r") as reader:
        asset = reader.get_asset("image:0")
        assert {place for place in everything if asset.has_block(*place, resolution_level=0)} == {(0, 0), (1, 2)}
    jbpy_check("output.ntf")


def jpeg_2000(code, comrat, **hints):
    """The metadata of the examples of the section on JPEG 2000."""
    metadata = BufferedMetadataProvider()
    metadata["IC"] = code
    metadata["IMODE"] = "B"
    metadata["COMRAT"] = comrat
    metadata["J2K_DECOMPOSITION_LEVELS"] = "5"
    metadata["NPPBH"] = "1024"
    metadata["NPPBV"] = "1024"
    for key, value in hints.items():
        metadata[key] = value
    return metadata


@pytest.mark.parametrize("code", ["C8", "M8"])
def test_lossless_jpeg_2000(in_tmp, code):
    provider, data = a_provider(jpeg_2000(code, "N001.0"))
    with quiet():
        found = write(provider).images[0]
    assert (found["IC"], found["IMODE"], found["NBPP"], found["ABPP"], found["NPPBH"]) == (code, "B", "08", "08", "1024")
    assert found["COMRAT"][0] == "N" and found["COMRAT"][1:].isdigit()
    assert_same(imread("output.ntf"), data)
    jbpy_check("output.ntf")


def test_lossy_jpeg_2000(in_tmp):
    provider, data = a_provider(jpeg_2000("C8", "01.0", J2K_QUALITY_LAYERS="1"))
    with quiet():
        found = write(provider).images[0]
    assert found["COMRAT"] == "0100"
    assert 8 * len(found.data) / data.size == pytest.approx(1.0, rel=0.05)
    cod = Codestream(found.data).cod
    assert (cod["levels"], cod["layers"]) == (5, 1)


def test_htj2k(in_tmp):
    """The example of HTJ2K."""
    metadata = BufferedMetadataProvider()
    for key, value in {"IC": "CD", "IMODE": "B", "COMRAT": "01.0", "NPPBH": "1024", "NPPBV": "1024"}.items():
        metadata[key] = value
    provider, data = a_provider(metadata)
    with quiet():
        found = write(provider).images[0]
    assert (found["IC"], found["COMRAT"]) == ("CD", "0100")
    assert 8 * len(found.data) / data.size == pytest.approx(1.0, rel=0.05)
    assert Codestream(found.data).cod["block_style"] == 0x40
    jbpy_check("output.ntf")


@pytest.mark.parametrize("code", ["C3", "M3", "I1"])
def test_jpeg(in_tmp, code):
    """The example of the section on JPEG, and its other codes."""
    metadata = BufferedMetadataProvider()
    metadata["IC"] = code
    metadata["IMODE"] = "B"
    metadata["COMRAT"] = "85.0"
    if code != "I1":
        metadata["NPPBH"] = "256"
        metadata["NPPBV"] = "256"
    data = np.concatenate([np.roll(smooth((1, 512, 512)), 5 * band, axis=1) for band in range(3)])
    provider = BufferedImageAssetProvider.create("image:0", 512, 512, 3, 512, 512, pixel_type=PixelType.UInt8, metadata=metadata)
    provider.set_full_image(data)
    found = write(provider).images[0]
    assert (found["IC"], found["IMODE"], found["COMRAT"]) == (code, "B", "00.0")
    assert found["NPPBH"] == found["NPPBV"] == ("0512" if code == "I1" else "0256")
    assert psnr(imread("output.ntf"), data) > 40
    jbpy_check("output.ntf")


def test_hints_for_jpeg_2000_are_not_written_and_not_read(in_tmp):
    provider, _ = a_provider({"IC": "C8", "J2K_DECOMPOSITION_LEVELS": "5", "J2K_QUALITY_LAYERS": "1"})
    with quiet():
        found = write(provider)
    assert b"J2K" not in found.content
    with IO.open(["output.ntf"], "r") as reader:
        assert reader.get_asset("image:0").metadata.entries("J2K") == {}


def test_the_keys_and_roles_when_reading(in_tmp):
    provider, _ = a_provider(None)
    write(provider)
    with IO.open(["output.ntf"], "r") as reader:
        assert reader.get_asset_keys() == ["image:0"]
        asset = reader.get_asset("image:0")
        assert asset.roles == ["data"] and (asset.num_columns, asset.num_rows) == (512, 512)
        assert (asset.title, asset.description) == ("Title", "Description")
