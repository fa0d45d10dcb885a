"""Specification, 'Example: NITF Chip with TRE Preservation': the example verbatim, and its required results."""
import numpy as np
import pytest
from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider
from testkit import nitf_make
from testkit.arrays import assert_same, image
from testkit.nitf_bytes import parse
from testkit.nitf_judges import gdal_agrees, gdal_tres, jbpy_check
from testkit.nitf_pixels import pixels

BLOCKA = b"010000001000000359" + b" " * 16 + b"+38.249000-077.499000" * 4 + b"010.0"


def run_example():
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

        # Add ICHIPB TRE to record the chip's origin in the full image.
        # This is required by STDI-0002 Vol 1 App B so that mensuration and
        # geopositioning tools can map chip coordinates back to the original image.
        #
        # Grid point layout (row, col):
        #   (1,1) = top-left       (1,2) = top-right
        #   (2,1) = bottom-left    (2,2) = bottom-right
        #
        # OP_ fields are the output product (chip) corner coordinates.
        # FI_ fields are the corresponding full image coordinates.
        # The .500 offset places the coordinate at the center of the pixel (grid
        # convention per ICHIPB spec Annex A).

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


DATA = image((3, 700, 900), "uint16")


def write_input(**more):
    content = nitf_make.file([nitf_make.image(DATA, block=(256, 128), IID1="SOURCE", IID2="the source", TGTID="TARGET", IDATIM="20200102030405",
                                              ISORCE="sensor", comments=["one", "two"], udid=nitf_make.tre("UNKNWN", b"\0\1\xff"),
                                              ixshd=nitf_make.tre("BLOCKA", BLOCKA) + nitf_make.tre("UNKNWN", b"again"), **more)],
                             xhd=nitf_make.tre("FILTRE", b"of the file"), FTITLE="the title", OSTAID="STATION", ONAME="me", OPHONE="1", FBKGC=b"\1\2\3")
    with open("input.ntf", "wb") as stream:
        stream.write(content)


def test_the_pixels_of_the_chip(in_tmp):
    write_input()
    run_example()
    found = parse("chip.ntf").images[0]
    assert_same(pixels(found), DATA[:, 200:456, 100:612])
    gdal_agrees("chip.ntf", DATA[:, 200:456, 100:612])
    assert (found["IC"], found["IMODE"], found["NROWS"], found["NCOLS"]) == ("NC", "B", "00000256", "00000512")
    jbpy_check("chip.ntf")


def test_the_chip_warns_of_what_finds_no_field_and_nothing_else(in_tmp, recwarn):
    write_input()
    run_example()
    from aws.osml.io import OsmlWarning
    found = [str(w.message) for w in recwarn if issubclass(w.category, OsmlWarning)]
    assert len(found) == 1 and "the description is left out" in found[0], "the comments of the source stay"


def test_the_ichipb(in_tmp):
    write_input()
    run_example()
    content = parse("chip.ntf").images[0].tre("ICHIPB")
    assert len(content) == 224
    values = [content[16 + 12 * i:28 + 12 * i].decode() for i in range(16)]
    assert content[:16] == b"000001.000000000"
    assert values[:8] == ["00000000.500", "00000000.500", "00000000.500", "00000511.500", "00000255.500", "00000000.500", "00000255.500", "00000511.500"]
    assert values[8:] == ["00000200.500", "00000100.500", "00000200.500", "00000611.500", "00000455.500", "00000100.500", "00000455.500", "00000611.500"]
    assert content[208:] == b"0000070000000900"
    fields = dict(gdal_tres("chip.ntf"))["ICHIPB"]
    assert (fields["FI_COL_11"], fields["FI_ROW_11"]) == ("00000100.500", "00000200.500"), "the closing sentence of the section"


def test_all_other_metadata_is_carried(in_tmp):
    write_input()
    run_example()
    before, after = parse("input.ntf"), parse("chip.ntf")
    assert [(t.area, t.tag, t.data) for t in after.images[0].tres if t.tag != "ICHIPB"] == [(t.area, t.tag, t.data) for t in before.images[0].tres]
    assert [(t.tag, t.data) for t in after.header.tres] == [("FILTRE", b"of the file")]
    for name in ("FTITLE", "OSTAID", "ONAME", "OPHONE", "FBKGC", "FSCLAS", "STYPE"):
        assert after.header[name] == before.header[name], name
    assert (after.images[0].text("IID1"), after.images[0].text("IID2")) == ("Chipped im", "Chipped image")
    for name in ("TGTID", "IDATIM", "ISORCE", "ICAT", "IREP", "IMAG", "ISCLAS"):
        assert after.images[0][name] == before.images[0][name], name
    assert after.images[0].comments == before.images[0].comments


@pytest.mark.parametrize("x,y", [("0000", "0000"), ("0100", "0200")])
def test_an_ichipb_there_already_is_replaced_not_doubled(in_tmp, x, y):
    old = b"00" + b"0001.00000" + b"0000" + (b"0000" + x.encode() + b".500" + b"0000" + y.encode() + b".500").ljust(24) * 8 + b"00001000" * 2
    write_input()
    content = nitf_make.file([nitf_make.image(DATA, ixshd=nitf_make.tre("ICHIPB", old[:224].ljust(224, b"0")))])
    with open("input.ntf", "wb") as stream:
        stream.write(content)
    run_example()
    found = parse("chip.ntf").images[0]
    assert found.tags() == ["ICHIPB"] and found.tre("ICHIPB")[208:] == b"0000070000000900"


def test_an_image_in_one_block_of_size_0000(in_tmp):
    content = nitf_make.file([nitf_make.image(DATA, "P", zero_block=True)])
    with open("input.ntf", "wb") as stream:
        stream.write(content)
    run_example()
    assert_same(pixels(parse("chip.ntf").images[0]), DATA[:, 200:456, 100:612])


def test_absent_blocks_are_left_at_zero(in_tmp):
    content = nitf_make.file([nitf_make.image(DATA, "S", (256, 128), ic="NM", absent={(2, 1)})])
    with open("input.ntf", "wb") as stream:
        stream.write(content)
    run_example()
    expected = DATA.copy()
    expected[:, 256:384, 256:512] = 0
    assert_same(pixels(parse("chip.ntf").images[0]), expected[:, 200:456, 100:612])
