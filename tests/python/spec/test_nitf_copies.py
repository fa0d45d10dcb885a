"""Specification, 'Copy-and-Modify Workflow' and 'Custom Python Image Providers', with NITF files, verbatim."""
import numpy as np
import pytest
from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider, imread
from testkit import nitf_make
from testkit.arrays import assert_same, image
from testkit.codestreams import Codestream
from testkit.nitf_bytes import parse
from testkit.nitf_judges import gdal_agrees, jbpy_check
from testkit.nitf_pixels import pixels
from testkit.readers import listing

DATA = image((3, 200, 300), "uint8")


def write_input(pixels=DATA, /, *args, **more):
    content = nitf_make.file([nitf_make.image(pixels, *args, **{"IID2": "source", "ixshd": nitf_make.tre("UNKNWN", b"\0\1"), **more})], FTITLE="the title",
                             OSTAID="STATION", xhd=nitf_make.tre("FILTRE", b"1"))
    with open("input.ntf", "wb") as stream:
        stream.write(content)


class InvertProvider:
    """Wraps a source image and inverts pixel values on the fly."""

    def __init__(self, source, metadata):
        self.key = source.key
        self.title = source.title
        self.description = source.description
        self.num_rows = source.num_rows
        self.num_columns = source.num_columns
        self.num_bands = source.num_bands
        self.num_bits_per_pixel = source.num_bits_per_pixel
        self.actual_bits_per_pixel = source.actual_bits_per_pixel
        self.pixel_value_type = source.pixel_value_type
        self.num_pixels_per_block_horizontal = source.num_pixels_per_block_horizontal
        self.num_pixels_per_block_vertical = source.num_pixels_per_block_vertical
        self.num_resolution_levels = source.num_resolution_levels
        self.pad_pixel_value = source.pad_pixel_value
        self._source = source
        self._metadata = metadata

    def get_block(self, block_row, block_col, resolution_level, bands=None):
        block = self._source.get_block(block_row, block_col, resolution_level)
        return np.iinfo(block.dtype).max - block  # invert

    @property
    def metadata(self):
        return self._metadata


def run_inversion():
    with IO.open(["input.ntf"], "r") as reader:
        source = reader.get_asset("image:0")

        # Copy source metadata and set encoding hints
        metadata = BufferedMetadataProvider(source=source.metadata)
        metadata["IC"] = "NC"

        provider = InvertProvider(source, metadata)

        with IO.open(["inverted.ntf"], "w", "nitf") as writer:
            writer.add_asset("image:0", provider,
                             "Inverted", "Lazy inversion", ["data"])


@pytest.mark.parametrize("mode,block", [("B", (128, 64)), ("P", (300, 200)), ("R", (77, 33)), ("S", (100, 50))])
def test_the_inverting_example(in_tmp, mode, block):
    write_input(DATA, mode, block)
    run_inversion()
    found = parse("inverted.ntf").images[0]
    assert_same(pixels(found), 255 - DATA)
    assert_same(imread("inverted.ntf"), 255 - DATA)
    gdal_agrees("inverted.ntf", 255 - DATA)
    assert found["IC"] == "NC"
    assert found.tre("UNKNWN") == b"\0\1", "the metadata came along"
    jbpy_check("inverted.ntf")


def test_inverting_a_masked_image(in_tmp):
    """The provider has no `has_block`: all its blocks are present."""
    write_input(DATA, "P", (100, 50), ic="NM", absent={(1, 1)})
    run_inversion()
    source = DATA.copy()
    source[:, 50:100, 100:200] = 0
    assert_same(pixels(parse("inverted.ntf").images[0]), 255 - source)


def run_copy_and_modify():
    with IO.open(["input.ntf"], "r") as reader:
        image = reader.get_asset("image:0")
        block = image.get_block(0, 0, resolution_level=0)

        # Copy file-level metadata from the original dataset
        file_metadata = BufferedMetadataProvider(source=reader.metadata)

        # Copy image-level metadata and override encoding hints
        image_metadata = BufferedMetadataProvider(source=image.metadata)
        image_metadata["IC"] = "C8"
        image_metadata["COMRAT"] = "00.5"
        image_metadata["J2K_DECOMPOSITION_LEVELS"] = "5"
        image_metadata["NPPBH"] = "1024"
        image_metadata["NPPBV"] = "1024"

        provider = BufferedImageAssetProvider.create(
            key="compressed",
            num_columns=image.num_columns,
            num_rows=image.num_rows,
            num_bands=image.num_bands,
            pixel_type=image.pixel_value_type,
            metadata=image_metadata,
        )
        provider.set_full_image(block)

    with IO.open(["compressed.ntf"], "w", "nitf") as writer:
        writer.metadata = file_metadata
        writer.add_asset("image_0", provider,
                         title="Re-compressed image",
                         description="JPEG 2000 compressed copy",
                         roles=["data"])


def test_copy_and_modify_compresses_with_jpeg_2000(in_tmp):
    write_input()
    run_copy_and_modify()
    found = parse("compressed.ntf").images[0]
    assert (found["IC"], found["COMRAT"], found["NPPBH"], found["NPPBV"]) == ("C8", "0050", "1024", "1024")
    assert 8 * len(found.data) / imread("input.ntf").size == pytest.approx(0.5, rel=0.05)
    assert Codestream(found.data).cod["levels"] == 5
    jbpy_check("compressed.ntf")


def test_copy_and_modify_without_compression(in_tmp):
    """The same steps with IC overridden to NC."""
    write_input(DATA, "P")
    with IO.open(["input.ntf"], "r") as reader:
        image = reader.get_asset("image:0")
        block = image.get_block(0, 0, resolution_level=0)
        file_metadata = BufferedMetadataProvider(source=reader.metadata)
        image_metadata = BufferedMetadataProvider(source=image.metadata)
        image_metadata["IC"] = "NC"
        image_metadata["IMODE"] = "B"
        image_metadata["NPPBH"] = "128"
        image_metadata["NPPBV"] = "64"
        provider = BufferedImageAssetProvider.create(key="copied", num_columns=image.num_columns, num_rows=image.num_rows, num_bands=image.num_bands,
                                                     pixel_type=image.pixel_value_type, metadata=image_metadata)
        provider.set_full_image(block)
    with IO.open(["copied.ntf"], "w", "nitf") as writer:
        writer.metadata = file_metadata
        writer.add_asset("image_0", provider, title="Copied image", description="Uncompressed copy", roles=["data"])
    found = parse("copied.ntf")
    assert_same(pixels(found.images[0]), DATA)
    assert (found.images[0]["IC"], found.images[0]["IMODE"], found.images[0]["NPPBH"], found.images[0]["NPPBV"]) == ("NC", "B", "0128", "0064")
    assert (found.header["FTITLE"].rstrip(), found.header["OSTAID"].rstrip()) == ("the title", "STATION")
    assert found.header.tre("FILTRE") == b"1" and found.images[0].tre("UNKNWN") == b"\0\1"
    assert found.images[0].text("IID2") == "Copied image", "title and description of the call win over copied metadata"
    jbpy_check("copied.ntf")


def test_copied_metadata_of_a_compressed_image_gives_an_uncompressed_one(in_tmp):
    """The copied metadata contains COMRAT of the source; without compression it is dropped without a warning."""
    write_input(DATA, ic="C8", comrat="N087", data=b"\xff\x4f\xff\x51")
    with IO.open(["input.ntf"], "r") as reader:
        metadata = BufferedMetadataProvider(source=reader.get_asset("image:0").metadata)
    metadata["IC"] = "NC"
    made = BufferedImageAssetProvider.create(key="x", num_columns=300, num_rows=200, num_bands=3, metadata=metadata)
    made.set_full_image(DATA)
    with IO.open(["copied.ntf"], "w", "nitf") as writer:
        writer.add_asset("image_0", made)
    found = parse("copied.ntf").images[0]
    assert "COMRAT" not in found.fields
    assert_same(pixels(found), DATA)


def test_a_chip_with_copied_metadata_of_a_larger_image(in_tmp):
    """NROWS, NCOLS and the numbers that follow from them are those of the new pixels."""
    write_input()
    with IO.open(["input.ntf"], "r") as reader:
        metadata = BufferedMetadataProvider(source=reader.get_asset("image:0").metadata)
    chip = np.ascontiguousarray(DATA[:2, 10:60, 20:90].astype(np.int16))
    made = BufferedImageAssetProvider.create(key="x", num_columns=70, num_rows=50, num_bands=2, pixel_type=chip.dtype, metadata=metadata)
    made.set_full_image(chip)
    with IO.open(["chip.ntf"], "w", "nitf") as writer:
        writer.add_asset("image_0", made)
    found = parse("chip.ntf").images[0]
    assert_same(pixels(found), chip)
    assert (found["NROWS"], found["NCOLS"], found["NBANDS"], found["PVTYPE"], found["NBPP"]) == ("00000050", "00000070", "2", "SI ", "16")
