"""Values that contradict each other or the pixels, and values that are replaced: an error or a warning that names them, never
silence."""
import numpy as np
import pytest
import rasterio
from aws.osml.io import IO, BufferedMetadataProvider, MetadataWarning, OptionError, imread, imsave
from testkit.arrays import assert_same, image
from testkit.nitf_bytes import mask, parse
from testkit.nitf_ours import heard, provider, quiet, warned, write
from testkit.readers import gdal_pixels, listing

DATA = image((3, 60, 70), np.uint8)
CORNERS = {"ICORDS": "D", "IGEOLO": "+39.000-077.000" "+39.000-076.500" "+38.500-076.500" "+38.500-077.000"}


@pytest.mark.parametrize("key, value", [("256", "5"), ("ImageWidth", 5), ("258", "16"), ("277", 1), ("339", "3"), ("FillOrder", 2)])
def test_a_chosen_tag_that_contradicts_the_pixels_is_refused(in_tmp, key, value):
    with pytest.raises(OptionError, match=key):
        imsave("a.tif", DATA, metadata={key: value})
    assert listing(in_tmp) == []
    with quiet():
        imsave("a.tif", DATA, metadata={"256": 70, "258": [8, 8, 8], "339": "UInt", "FillOrder": 1})


def test_offsets_of_a_caller_are_left_out_with_a_warning(in_tmp):
    with warned(MetadataWarning, "324"):
        imsave("a.tif", DATA, metadata={"324": [8]})


@pytest.mark.parametrize("options, metadata, words", [
    ({"compression": "NC"}, {"IC": "C8"}, "compression.*IC.*C8"),
    ({"compression": "j2k"}, {"IC": "M8"}, "compression.*IC.*M8"),
    ({"quality": 2}, {"COMRAT": "01.0"}, "quality.*COMRAT.*01.0"),
    ({"quality": 2, "compression": "lossless"}, {}, "quality.*lossless"),
])
def test_settings_that_contradict_fields_are_refused(in_tmp, options, metadata, words):
    with pytest.raises(OptionError, match=words):
        imsave("a.ntf", DATA, metadata=metadata, **options)
    assert listing(in_tmp) == []


def test_settings_replace_copied_fields(in_tmp):
    imsave("a.ntf", DATA, quality=1)
    with IO.open("a.ntf") as reader:
        metadata = reader.get_asset("image:0").metadata
        copies = [metadata, dict(metadata)]
    for copied in copies:
        imsave("b.ntf", DATA, compression="none", metadata=copied)
        assert parse("b.ntf").images[0]["IC"] == "NC"
        imsave("b.ntf", DATA, quality=4, metadata=copied)
        assert parse("b.ntf").images[0]["COMRAT"] == "0400"


@pytest.mark.parametrize("text, number", [("1", 1), ("2", 2), ("10", 10), ("0.5", 0.5), ("2.0", 2.0), ("0200", 2), ("V2", "V2.0"), ("V020", "V002.0")])
def test_a_rate_means_the_same_as_text_and_as_number(in_tmp, text, number):
    for hint in (text, number):
        imsave("a.ntf", DATA, metadata={"IC": "C8", "COMRAT": hint})
        found = parse("a.ntf").images[0]["COMRAT"]
        assert hint == text or found == expected
        expected = found


@pytest.mark.parametrize("name", ["a.jp2", "a.j2k", "a.ntf"])
def test_the_limit_of_a_rate_is_the_same_in_every_container(in_tmp, name):
    imsave(name, DATA, quality=99.9)
    with pytest.raises(OptionError, match="quality.*99.9"):
        imsave(name, DATA, quality=100)


def test_a_copied_irep_that_does_not_suit_the_bands_is_replaced_with_a_warning(in_tmp):
    with rasterio.open("a.ntf", "w", driver="NITF", width=70, height=60, count=3, dtype="uint8") as sink:
        sink.write(DATA)
    assert parse("a.ntf").images[0]["IREP"].strip() == "MONO"
    with IO.open("a.ntf") as reader:
        metadata = BufferedMetadataProvider(source=reader.get_asset("image:0").metadata)
    with warned(MetadataWarning, "IREP", "MONO", "RGB"):
        write("b.ntf", provider(DATA, metadata))
    with heard() as caught:
        write("b.ntf", provider(DATA[:1], metadata))
    assert not [text for _, text in caught if text.startswith("IREP")], "one band of three is another image"


@pytest.mark.parametrize("tres", [{}, {"ICHIPB": {"XFRM_FLAG": "01"}}])
def test_corners_of_an_image_of_another_size_give_a_warning(in_tmp, tres):
    write("a.ntf", provider(DATA, CORNERS))
    with IO.open("a.ntf") as reader:
        metadata = BufferedMetadataProvider(source=reader.get_asset("image:0").metadata)
    metadata.update(tres)
    with warned(MetadataWarning, "IGEOLO", "60 rows and 70 columns"):
        write("b.ntf", provider(DATA[:, :30, :40], metadata))
    with warned(MetadataWarning, "IGEOLO", "60 rows and 70 columns"):
        imsave("c.ntf", DATA[:, :30, :40], compression="none", metadata=metadata)


@pytest.mark.parametrize("name", ["a.jp2", "a.j2k", "a.jpg", "a.png", "a.tif"])
def test_a_title_and_a_description_are_kept_or_named(in_tmp, name):
    with heard() as caught, IO.open(name, "w") as writer:
        writer.add_asset("image:0", provider(DATA), "A title", "A description")
    with IO.open(name) as reader:
        found = reader.get_asset("image:0")
    for word, kept in [("title", found.title), ("description", found.description)]:
        assert (kept == f"A {word}") != any(f"the {word} is left out" in text for _, text in caught)


def test_texts_of_the_call_replace_copied_ones(in_tmp):
    write("a.ntf", (provider(DATA, {"IC": "NC"}), "Old title", "Old description", None))
    with IO.open("a.ntf") as reader:
        metadata = BufferedMetadataProvider(source=reader.get_asset("image:0").metadata)
    with quiet():
        write("b.ntf", (provider(DATA, metadata), "New title", "New description", None), provider(DATA, metadata, key="same"))
    new, same = parse("b.ntf").images
    assert (new["IID1"].strip(), new["IID2"].strip()) == ("New title", "New description")
    assert (same["IID1"].strip(), same["IID2"].strip()) == ("Old title", "Old description")
    with IO.open("b.ntf") as reader:
        found = reader.get_asset("image:0")
        assert (found.title, found.description) == ("New title", "New description")


def test_a_chosen_identifier_wins_over_the_title_with_a_warning(in_tmp):
    with warned(MetadataWarning, "title"):
        write("a.ntf", (provider(DATA, {"IC": "NC", "IID1": "CHOSEN"}), "A title", "A description", None))
    assert parse("a.ntf").images[0]["IID1"].strip() == "CHOSEN"
    with quiet():
        write("a.ntf", (provider(DATA, {"IC": "NC", "IID1": "CHOSEN"}), "CHOSEN", "A description", None))


@pytest.mark.parametrize("name", ["a.png", "a.jp2", "a.jpg", "a.tif"])
def test_a_header_of_a_nitf_gives_one_warning_in_another_format(in_tmp, name):
    write("a.ntf", provider(DATA, {"IC": "NC"}), metadata={"OSTAID": "STATION", "FTITLE": "A title"})
    with IO.open("a.ntf") as reader, heard() as caught, IO.open(name, "w") as writer:
        writer.metadata = reader.metadata
        writer.add_asset("image:0", provider(DATA))
    assert len(caught) == 1 and "OSTAID, FTITLE" in caught[0][1] and "NUMI" not in caught[0][1]


@pytest.mark.parametrize("missing", ["FI_COL_22", "OP_ROW_11", "FI_ROW"])
def test_a_chip_without_a_corner_is_refused(in_tmp, missing):
    corners = {f"{kind}_{axis}_{n}": "00000000.500" for kind in ("OP", "FI") for axis in ("ROW", "COL") for n in (11, 12, 21, 22)}
    fields = {"XFRM_FLAG": "00", **corners, "FI_ROW": "00000100", "FI_COL": "00000100"}
    with quiet():
        write("a.ntf", provider(DATA, {"IC": "NC", "ICHIPB": fields}))
    del fields[missing]
    with pytest.raises(OptionError, match=missing):
        write("b.ntf", provider(DATA, {"IC": "NC", "ICHIPB": fields}))
    with quiet():
        write("b.ntf", provider(DATA, {"IC": "NC", "ICHIPB": {"XFRM_FLAG": "01"}}))


@pytest.mark.parametrize("mode", ["B", "P", "R", "S"])
@pytest.mark.parametrize("present", [[(0, 0)], [(1, 1), (0, 1)], [(1, 1), (1, 0), (0, 1), (0, 0)]])
def test_blocks_left_out_of_a_masked_image_take_no_bytes(in_tmp, mode, present):
    metadata = {"IC": "NM", "IMODE": mode}
    with quiet(), IO.open("a.ntf", "w") as writer:
        with writer.begin_image("image:0", like=provider(DATA, metadata, block=(40, 32))) as begun:
            for row, column in present:
                x, y, width, height = begun.block_window(row, column)
                begun.append(begun.encoder.encode(row, column, DATA[:, y : y + height, x : x + width]))
    found = parse("a.ntf").images[0]
    table = mask(found)
    assert len(found.data) == table.offset + len(present) * 3 * 40 * 32
    expected = np.zeros_like(DATA)
    for row, column in present:
        rows, columns = slice(32 * row, 32 * row + 32), slice(40 * column, 40 * column + 40)
        expected[:, rows, columns] = DATA[:, rows, columns]
    assert_same(imread("a.ntf"), expected)
    if mode == "P":
        assert_same(gdal_pixels("a.ntf"), expected)
    if len(present) == 4:
        write("b.ntf", provider(DATA, metadata, block=(40, 32)))
        assert found.data == parse("b.ntf").images[0].data


def test_a_nitf_without_segments_is_written_and_a_tiff_is_not(in_tmp):
    with quiet(), IO.open(["a.ntf"], "w", "nitf") as writer:
        writer.metadata = {"FTITLE": "nothing"}
    with IO.open("a.ntf") as reader:
        assert len(reader) == 0 and reader.metadata["FTITLE"].strip() == "nothing"
    assert parse("a.ntf").images == []
    with pytest.raises(OptionError, match="images of a TIFF"), IO.open(["a.tif"], "w"):
        pass


@pytest.mark.parametrize("levels", [2, 2.5, "all"])
def test_overviews_that_are_not_a_list_are_refused(in_tmp, levels):
    with pytest.raises(OptionError, match="overviews.*auto"):
        imsave("a.tif", DATA, cog=True, overviews=levels)


def test_the_default_of_get_has_a_name():
    assert BufferedMetadataProvider().get("X", default=5) == 5
