"""Specification: the examples of NITF, verbatim where IC=NC is asked for, judged by bytes, GDAL and the fields they promise."""
import warnings

import numpy as np
import pytest
from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider, OsmlWarning, PixelType, UnsupportedError, imread
from testkit import nitf_forge as nb
from testkit.arrays import assert_same, image
from testkit.readers import gdal_pixels, listing

DATA = image((3, 300, 700), np.uint16)
UNKNOWN = nb.tre("ZYXABC", "carried along")


def another_writers(folder, block):
    """`input.ntf`, with TREs known and unknown, fields of security and origin."""
    body = "0004" + "".join(f"{7 + n:+015.9f}{3 + n:+015.9f}" for n in range(4))
    sub = nb.image(300, 700, 3, nbpp=16, imode="P", block=block, udid=nb.tre("BNDPLB", body), ixshd=UNKNOWN, TGTID="0123456789", ISORCE="a sensor",
                   ISCLSY="US", ISCODE="ABC")
    file = nb.File([(sub, nb.stored(DATA, "P", block))], title="the original", xhd=nb.tre("ZYXFIL", "of the file"),
                   lies=dict(ONAME="the maker", FSCLSY="US", FSCODE="DEF"))
    (folder / "input.ntf").write_bytes(bytes(file))
    return folder


@pytest.fixture
def source(in_tmp):
    return another_writers(in_tmp, (256, 256))


@pytest.fixture
def one_block(in_tmp):
    return another_writers(in_tmp, (700, 300))


def only_image(path):
    with IO.open([path], "r") as reader:
        return reader.get_asset("image:0").metadata, reader.metadata


def test_the_fields_of_an_uncompressed_image(in_tmp):
    metadata = BufferedMetadataProvider()
    metadata["IC"] = "NC"
    metadata["IMODE"] = "B"
    metadata["NPPBH"] = "256"
    metadata["NPPBV"] = "256"
    provider = BufferedImageAssetProvider.create(key="output_image", num_columns=700, num_rows=300, num_bands=3, pixel_type=PixelType.UInt16,
                                                 metadata=metadata)
    provider.set_full_image(DATA)
    with IO.open(["output.ntf"], "w", "nitf") as writer:
        writer.add_asset("image_0", provider, title="Synthetic", description="the same pattern applies to NITF", roles=["data"])
    found, _ = only_image("output.ntf")
    assert [found[name] for name in ("IC", "IMODE", "NPPBH", "NPPBV", "NBPR", "NBPC")] == ["NC", "B", "0256", "0256", "0003", "0002"]
    assert_same(gdal_pixels("output.ntf"), DATA)
    assert_same(imread("output.ntf"), DATA)


def test_the_sparse_example(in_tmp):
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
    block_data = image((3, 256, 256), np.uint8)
    provider.set_block(0, 0, block_data)
    provider.set_block(1, 2, block_data)

    with IO.open(["sparse.ntf"], "w", "nitf") as writer:
        writer.add_asset("image:0", provider, title="sparse", roles=["data"])
    assert (in_tmp / "sparse.ntf").stat().st_size < 3 * block_data.nbytes
    with IO.open(["sparse.ntf"], "r") as reader:
        found = reader.get_asset("image:0")
        present = [(row, col) for row in range(4) for col in range(4) if found.has_block(row, col, resolution_level=0)]
        assert present == [(0, 0), (1, 2)]
        for row, col in present:
            assert_same(found.get_block(row, col, 0), block_data)
    expected = np.full((3, 1024, 1024), 5, np.uint8)
    expected[:, :256, :256] = expected[:, 256:512, 512:768] = block_data
    assert_same(imread("sparse.ntf", fill_value=5), expected)


def recompress(ic, **fields):
    """The copy-and-modify example, with another IC."""
    with IO.open(["input.ntf"], "r") as reader:
        image = reader.get_asset("image:0")
        block = image.get_block(0, 0, resolution_level=0)

        # Copy file-level metadata from the original dataset
        file_metadata = BufferedMetadataProvider(source=reader.metadata)

        # Copy image-level metadata and override encoding hints
        image_metadata = BufferedMetadataProvider(source=image.metadata)
        image_metadata["IC"] = ic
        for name, value in fields.items():
            image_metadata[name] = value
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


def test_the_copy_and_modify_example_keeps_all_that_was_not_changed(one_block):
    with warnings.catch_warnings():
        warnings.simplefilter("error", OsmlWarning)
        recompress("NC")
    found, file = only_image("compressed.ntf")
    assert_same(imread("compressed.ntf"), DATA)
    assert_same(gdal_pixels("compressed.ntf"), DATA)
    assert (found["NPPBH"], found["NROWS"], found["IMODE"], found["ISCODE"].strip(), found["TGTID"].strip()) == \
        ("1024", "00000300", "P", "ABC", "0123456789")
    assert (found["ZYXABC"], file["ZYXFIL"]) == (b"carried along", b"of the file")
    assert (file["FTITLE"].strip(), file["ONAME"].strip(), file["FSCODE"].strip()) == ("the original", "the maker", "DEF")
    assert "J2K_DECOMPOSITION_LEVELS" not in found and b"J2K_" not in (one_block / "compressed.ntf").read_bytes()


def test_the_copy_and_modify_example_with_jpeg_2000_is_refused_for_now(one_block):
    with pytest.raises(UnsupportedError, match="C8"):
        recompress("C8", COMRAT="00.5")
    assert listing(one_block) == ["input.ntf"]


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


def test_the_inverting_example(source):
    with IO.open(["input.ntf"], "r") as reader:
        source = reader.get_asset("image:0")

        # Copy source metadata and set encoding hints
        metadata = BufferedMetadataProvider(source=source.metadata)
        metadata["IC"] = "NC"

        provider = InvertProvider(source, metadata)

        with IO.open(["inverted.ntf"], "w", "nitf") as writer:
            writer.add_asset("image:0", provider,
                             "Inverted", "Lazy inversion", ["data"])
    assert_same(imread("inverted.ntf"), 65535 - DATA)
    assert only_image("inverted.ntf")[0]["ZYXABC"] == b"carried along"


@pytest.fixture
def chipped(source):
    """The example 'NITF Chip with TRE Preservation', verbatim."""
    # Define the chip region in pixel coordinates (column/row)
    x_min, y_min = 100, 200   # top-left corner
    x_max, y_max = 612, 456   # bottom-right corner (exclusive)

    with IO.open(["input.ntf"], "r") as reader:
        image = reader.get_asset("image:0")

        # Get image and block dimensions
        img_width = image.num_columns
        img_height = image.num_rows
        block_width = image.num_pixels_per_block_horizontal
        block_height = image.num_pixels_per_block_vertical

        # Handle non-blocked images (block size 0 means single block = full image)
        if block_width == 0:
            block_width = img_width
        if block_height == 0:
            block_height = img_height

        # Clamp bounds to image dimensions
        x_min = max(0, x_min)
        y_min = max(0, y_min)
        x_max = min(img_width, x_max)
        y_max = min(img_height, y_max)

        chip_width = x_max - x_min
        chip_height = y_max - y_min

        # Determine which blocks overlap the chip region
        block_col_start = x_min // block_width
        block_col_end = (x_max - 1) // block_width + 1
        block_row_start = y_min // block_height
        block_row_end = (y_max - 1) // block_height + 1

        # Allocate the output chip array (bands, height, width)
        dtype = np.dtype(image.pixel_value_type.to_numpy_dtype())
        chip = np.zeros((image.num_bands, chip_height, chip_width), dtype=dtype)

        # Read overlapping blocks and assemble the chip
        for block_row in range(block_row_start, block_row_end):
            for block_col in range(block_col_start, block_col_end):
                if not image.has_block(block_row, block_col, resolution_level=0):
                    continue

                block = image.get_block(block_row, block_col, resolution_level=0)

                # Block's pixel coordinates in image space
                bx = block_col * block_width
                by = block_row * block_height

                # Overlap between this block and the chip region
                src_x0 = max(0, x_min - bx)
                src_y0 = max(0, y_min - by)
                src_x1 = min(block.shape[2], x_max - bx)
                src_y1 = min(block.shape[1], y_max - by)

                # Corresponding destination in the chip array
                dst_x0 = max(0, bx - x_min)
                dst_y0 = max(0, by - y_min)
                dst_x1 = dst_x0 + (src_x1 - src_x0)
                dst_y1 = dst_y0 + (src_y1 - src_y0)

                chip[:, dst_y0:dst_y1, dst_x0:dst_x1] = \
                    block[:, src_y0:src_y1, src_x0:src_x1]

        # Preserve file-level metadata (security markings, originator, etc.)
        file_metadata = BufferedMetadataProvider(source=reader.metadata)

        # Preserve image-level metadata (TREs, etc.) and set chip encoding
        image_metadata = BufferedMetadataProvider(source=image.metadata)
        image_metadata["IC"] = "NC"
        image_metadata["IMODE"] = "B"
        image_metadata["ICHIPB"] = {
            "XFRM_FLAG": "00",                                          # Non-dewarped imagery
            "SCALE_FACTOR": "0001.00000",                               # Full resolution (R0)
            "ANAMRPH_CORR": "00",                                       # No anamorphic correction
            "SCANBLK_NUM": "00",                                        # No scan blocks
            # Output product corner coordinates (chip space)
            "OP_ROW_11": "00000000.500",                                # top-left row
            "OP_COL_11": "00000000.500",                                # top-left col
            "OP_ROW_12": "00000000.500",                                # top-right row
            "OP_COL_12": f"{chip_width - 1:08d}.500",                   # top-right col
            "OP_ROW_21": f"{chip_height - 1:08d}.500",                  # bottom-left row
            "OP_COL_21": "00000000.500",                                # bottom-left col
            "OP_ROW_22": f"{chip_height - 1:08d}.500",                  # bottom-right row
            "OP_COL_22": f"{chip_width - 1:08d}.500",                   # bottom-right col
            # Full image corner coordinates (where the chip came from)
            "FI_ROW_11": f"{y_min:08d}.500",                            # top-left row
            "FI_COL_11": f"{x_min:08d}.500",                            # top-left col
            "FI_ROW_12": f"{y_min:08d}.500",                            # top-right row
            "FI_COL_12": f"{x_max - 1:08d}.500",                        # top-right col
            "FI_ROW_21": f"{y_max - 1:08d}.500",                        # bottom-left row
            "FI_COL_21": f"{x_min:08d}.500",                            # bottom-left col
            "FI_ROW_22": f"{y_max - 1:08d}.500",                        # bottom-right row
            "FI_COL_22": f"{x_max - 1:08d}.500",                        # bottom-right col
            # Full image dimensions
            "FI_ROW": f"{img_height:08d}",
            "FI_COL": f"{img_width:08d}",
        }

        provider = BufferedImageAssetProvider.create(
            key="chip",
            num_columns=chip_width,
            num_rows=chip_height,
            num_bands=image.num_bands,
            pixel_type=image.pixel_value_type,
            metadata=image_metadata,
        )
        provider.set_full_image(chip)

    with IO.open(["chip.ntf"], "w", "nitf") as writer:
        writer.metadata = file_metadata
        writer.add_asset("image_0", provider,
                         title="Chipped image",
                         description="Region chip with ICHIPB provenance",
                         roles=["data"])
    return "chip.ntf"


def test_the_chip_has_the_pixels_of_its_region(chipped):
    assert_same(imread(chipped), DATA[:, 200:300, 100:612])
    assert_same(gdal_pixels(chipped), DATA[:, 200:300, 100:612])


def test_the_chip_carries_all_tres_and_fields(chipped):
    found, file = only_image(chipped)
    assert found["ZYXABC"] == b"carried along" and found["BNDPLB"]["NUM_PTS"] == "0004" and file["ZYXFIL"] == b"of the file"
    assert (file["FTITLE"].strip(), file["ONAME"].strip(), file["FSCODE"].strip()) == ("the original", "the maker", "DEF")
    assert (found["IC"], found["IMODE"], found["ISORCE"].strip()) == ("NC", "B", "a sensor")


def test_the_chip_knows_where_it_came_from(chipped, in_tmp):
    found = only_image(chipped)[0]["ICHIPB"]
    expected = {"XFRM_FLAG": "00", "SCALE_FACTOR": "0001.00000", "ANAMRPH_CORR": "00", "SCANBLK_NUM": "00", "OP_ROW_11": "00000000.500",
                "OP_COL_12": "00000511.500", "OP_ROW_21": "00000099.500", "OP_COL_22": "00000511.500", "FI_ROW_11": "00000200.500",
                "FI_COL_11": "00000100.500", "FI_COL_12": "00000611.500", "FI_ROW_22": "00000299.500", "FI_ROW": "00000300", "FI_COL": "00000700"}
    assert {name: found[name] for name in expected} == expected
    body = (in_tmp / chipped).read_bytes().split(b"ICHIPB00224")[1][:224]
    assert body == "".join(str(value) for value in found.values()).encode("latin-1"), "224 bytes, in the order of the standard"
