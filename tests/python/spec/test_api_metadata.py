"""Metadata providers: an ordered mapping whose keys may repeat."""
import copy
import pickle
from collections.abc import Mapping

import numpy as np
import pytest
from aws.osml.io import IO, BufferedMetadataProvider, iminfo, imsave
from testkit.readers import tiff_tag_types, tiff_tags


@pytest.fixture
def metadata():
    made = BufferedMetadataProvider()
    made.update({"b": "1", "a": 2, "c": [1.5, "x"]})
    return made


def test_it_is_an_ordered_mapping(metadata):
    assert isinstance(metadata, Mapping)
    assert list(metadata) == list(metadata.keys()) == ["b", "a", "c"]
    assert list(metadata.values()) == ["1", 2, [1.5, "x"]]
    assert list(metadata.items()) == [("b", "1"), ("a", 2), ("c", [1.5, "x"])]
    assert len(metadata) == 3 and "a" in metadata and "z" not in metadata
    assert dict(metadata) == {"b": "1", "a": 2, "c": [1.5, "x"]}
    assert metadata.get("z", 9) == 9


def test_a_missing_key_is_a_key_error(metadata):
    for call in (lambda: metadata["z"], lambda: metadata.pop("z"), lambda: metadata.__delitem__("z")):
        with pytest.raises(KeyError):
            call()


def test_it_can_be_changed(metadata):
    metadata["a"] = 3
    assert list(metadata) == ["b", "a", "c"], "replacing keeps the place"
    del metadata["b"]
    assert metadata.pop("a") == 3 and metadata.pop("a", None) is None
    metadata.update(d=1)
    assert dict(metadata) == {"c": [1.5, "x"], "d": 1}
    metadata.clear()
    assert len(metadata) == 0 and not metadata


@pytest.mark.parametrize("value", ["text", "", 1, -1, 2**63, 1.5, True, b"\0\xff", [1, 2], (1, 2), {"F": "1", "G": [{"H": "2"}]},
                                   [{"a": 1}], "ünïcødé"], ids=repr)
def test_values_are_returned_as_they_were_set(value):
    made = BufferedMetadataProvider()
    made["k"] = value
    assert made["k"] == value and type(made["k"]) is type(value)


def test_keys_are_text(metadata):
    with pytest.raises(TypeError):
        metadata[259] = 1


def test_entries_filters_by_prefix(metadata):
    metadata["ab"] = 0
    assert metadata.entries() == dict(metadata)
    assert metadata.entries(prefix="a") == {"a": 2, "ab": 0}
    assert metadata.entries("nothing") == {}


def test_changing_what_entries_gave_does_not_change_the_metadata(metadata):
    metadata.entries()["new"] = 1
    metadata.entries()["c"].append(1)
    assert "new" not in metadata and metadata["c"] == [1.5, "x"]


def test_a_key_may_repeat():
    made = BufferedMetadataProvider()
    made.append("TRE", "one")
    made.append("other", 0)
    made.append("TRE", "two")
    assert made["TRE"] == "one"
    assert made.get_all("TRE") == ["one", "two"] and made.get_all("nothing") == []
    made.set_all("TRE", ["x", "y", "z"])
    assert made.get_all("TRE") == ["x", "y", "z"]
    made["TRE"] = "alone"
    assert made.get_all("TRE") == ["alone"]


def test_copying_keeps_repeated_keys_and_order():
    made = BufferedMetadataProvider()
    for key, value in (("T", 1), ("a", 2), ("T", 3)):
        made.append(key, value)
    copy = BufferedMetadataProvider(source=made)
    assert copy.get_all("T") == [1, 3] and list(copy) == list(made)
    copy.append("T", 5)
    assert made.get_all("T") == [1, 3]


def test_a_source_may_be_any_mapping():
    assert BufferedMetadataProvider(source={"x": 1}).entries() == {"x": 1}


def test_it_pickles(metadata):
    metadata.append("a", "again")
    copy = pickle.loads(pickle.dumps(metadata))
    assert dict(copy) == dict(metadata) and copy.get_all("a") == [2, "again"]


@pytest.mark.parametrize("send", [lambda metadata: metadata, lambda metadata: pickle.loads(pickle.dumps(metadata))],
                         ids=["here", "pickled"])
@pytest.mark.parametrize("copy", [lambda metadata: metadata, BufferedMetadataProvider], ids=["of a file", "copied"])
def test_a_copy_of_a_header_counts_as_one_wherever_it_was_sent(tmp_path, copy, send):
    """Fields that follow from the pixels are an error if they are chosen, and are replaced if they were copied."""
    imsave(tmp_path / "a.ntf", np.zeros((1, 16, 32), np.uint8), compression="none",
           metadata={"IID1": "name", "ICAT": "MS", "ISORCE": "here"})
    with IO.open(tmp_path / "a.ntf") as reader:
        metadata = send(copy(reader.get_asset("image:0").metadata))
    assert metadata.raw.read().startswith(b"IM")
    imsave(tmp_path / "b.ntf", np.zeros((1, 8, 8), np.uint8), metadata=metadata)
    with IO.open(tmp_path / "b.ntf") as reader:
        found = reader.get_asset("image:0").metadata
    assert (found["NROWS"], found["NCOLS"], found["ISORCE"].strip()) == ("00000008", "00000008", "here")
    changed = BufferedMetadataProvider(metadata)
    changed["NROWS"] = "00000017"
    with pytest.raises(ValueError, match="NROWS"):
        imsave(tmp_path / "b.ntf", np.zeros((1, 8, 8), np.uint8), metadata=changed)


def test_a_copy_of_tags_counts_as_one_after_it_was_pickled(tmp_path):
    imsave(tmp_path / "a.tif", np.zeros((3, 16, 16), np.uint8), compression="jpeg", metadata={"65000": 7})
    with IO.open(tmp_path / "a.tif") as reader:
        metadata = BufferedMetadataProvider(reader.get_asset("image:0").metadata)
    changed = pickle.loads(pickle.dumps(metadata))
    assert changed == metadata and changed.raw.read() == metadata.raw.read() != b""
    with pytest.warns(UserWarning, match="259"):
        imsave(tmp_path / "b.tif", np.zeros((3, 16, 16), np.uint16), metadata=changed)
    changed["Compression"] = "JPEG"
    del changed["259"]
    with pytest.raises(ValueError, match="JPEG"):
        imsave(tmp_path / "b.tif", np.zeros((3, 16, 16), np.uint16), metadata=changed)


def test_a_value_set_in_a_copy_does_not_reach_the_original(tmp_path):
    metadata = BufferedMetadataProvider({"ICHIPB": {"XFRM_FLAG": "00"}})
    copy = BufferedMetadataProvider(source=metadata)
    copy["ICHIPB"]["XFRM_FLAG"] = "01"
    assert copy["ICHIPB"] == {"XFRM_FLAG": "01"} and metadata["ICHIPB"] == {"XFRM_FLAG": "00"}


def test_a_value_that_no_format_can_hold_is_refused_when_it_is_set():
    metadata = BufferedMetadataProvider()
    with pytest.raises(ValueError, match="STDIDC.*set.*dict"):
        metadata["STDIDC"] = {"MISSION": {1, 2}}
    with pytest.raises(ValueError, match="TGTID.*NoneType.*str"):
        metadata["TGTID"] = None
    assert len(metadata) == 0


def test_metadata_of_a_file_is_read_only_and_pickles(tmp_path):
    imsave(tmp_path / "a.tif", np.zeros((1, 16, 16), np.uint8))
    with IO.open(tmp_path / "a.tif") as reader:
        found = reader.get_asset("image:0").metadata
        assert isinstance(found, Mapping)
        with pytest.raises((TypeError, AttributeError)):
            found["270"] = "x"
        assert dict(pickle.loads(pickle.dumps(found))) == dict(found)
        assert isinstance(found.raw.read(), bytes)


def test_tiff_tags_read_back_under_their_numbers_with_their_types(tmp_path):
    import tifffile

    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 8), np.uint8), description="ä description".encode(), software="maker",
                     resolution=(72.5, 300), metadata=None,
                     extratags=[(65000, 3, 1, 7, True), (65001, 12, 3, (1.5, 2.5, -3.5), True), (65002, 7, 4, b"\0\x01\xfe\xff", True),
                                (65003, 2, 0, "text", True), (65004, 9, 2, (-5, 6), True), (65005, 11, 1, 0.25, True),
                                (65006, 1, 3, b"\x01\x02\x03", True), (65007, 4, 1, 2**32 - 1, True)])
    with IO.open(tmp_path / "a.tif") as reader:
        found = reader.get_asset("image:0").metadata
    assert all(isinstance(key, str) for key in found)
    assert (found["256"], found["257"], found["258"], found["277"]) == (8, 8, 8, 1)
    assert found["65000"] == 7 and isinstance(found["65000"], int)
    assert found["65001"] == [1.5, 2.5, -3.5]
    assert found["65002"] == b"\0\x01\xfe\xff"
    assert found["65003"] == "text" and found["305"] == "maker"
    assert found["65004"] == [-5, 6]
    assert found["65005"] == 0.25 and isinstance(found["65005"], float)
    assert list(found["65006"]) == [1, 2, 3]
    assert found["65007"] == 2**32 - 1
    assert found["282"] == 72.5 and found["283"] == 300


EXTRA = [(65000, 3, 1, 7, True), (65001, 12, 3, (1.5, 2.5, -3.5), True), (65002, 7, 4, b"\0\x01\xfe\xff", True),
         (65003, 2, 0, "text", True), (65004, 9, 2, (-5, 6), True), (65005, 11, 1, 0.25, True), (65007, 4, 1, 2**32 - 1, True),
         (65008, 8, 3, (-1, 0, 1), True), (65009, 5, 1, (1, 3), True), (65011, 4, 2, (5, 6), True)]


@pytest.fixture
def copied(tmp_path):
    """A file with a private tag of every type, and its copy through a buffered metadata provider."""
    import tifffile

    data = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    tifffile.imwrite(tmp_path / "a.tif", data[0], metadata=None, software="maker", extratags=EXTRA)
    with IO.open(tmp_path / "a.tif") as reader:
        metadata = BufferedMetadataProvider(source=reader.get_asset("image:0").metadata)
    imsave(tmp_path / "b.tif", data, metadata=metadata)
    return tmp_path / "a.tif", tmp_path / "b.tif"


@pytest.mark.parametrize("tag", [extra[0] for extra in EXTRA if extra[0] != 65009] + [305])
def test_tags_survive_a_copy(copied, tag):
    before, after = map(tiff_tags, copied)
    assert after[tag] == before[tag]


@pytest.mark.parametrize("tag", [extra[0] for extra in EXTRA] + [305])
def test_the_types_of_tags_survive_a_copy(copied, tag):
    before, after = map(tiff_tag_types, copied)
    assert after[tag] == before[tag]


@pytest.mark.parametrize("value,expected", [(7, 7), (1.5, 1.5), ("text", "text"), (b"\0\1", b"\0\1"), ([1, 2, 3], (1, 2, 3)),
                                            ([0.5, 1e300], (0.5, 1e300)), (-3, -3), ([-1, 70000], (-1, 70000))], ids=repr)
def test_a_private_tag_is_written_from_any_typed_value(tmp_path, value, expected):
    imsave(tmp_path / "a.tif", np.zeros((1, 8, 8), np.uint8), metadata={"65010": value})
    assert tiff_tags(tmp_path / "a.tif")[65010] == expected


@pytest.mark.parametrize("key", ["Compresion", "notatag", "70000", "-1", "", "3.5"])
def test_metadata_a_tiff_cannot_store_is_an_error_or_a_warning_naming_it(tmp_path, key):
    import warnings

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            imsave(tmp_path / "a.tif", np.zeros((1, 8, 8), np.uint8), metadata={key: "1"})
        except ValueError as error:
            assert key in str(error)
        else:
            assert any(key in str(w.message) for w in seen), "dropped silently"


@pytest.fixture
def tags(tmp_path):
    imsave(tmp_path / "a.tif", np.zeros((4, 5), np.uint8), compression="lzw", metadata={"ImageDescription": "x"})
    with IO.open(tmp_path / "a.tif") as reader:
        yield reader.get_asset("image:0").metadata


def test_names_of_tags_find_the_entries_of_their_numbers(tags):
    for metadata in (tags, BufferedMetadataProvider(tags), pickle.loads(pickle.dumps(tags))):
        assert metadata["Compression"] == metadata["259"] == metadata["compression"] == 5
        assert metadata.get("ImageDescription") == "x" and metadata.get_all("ImageDescription") == ["x"]
        assert "Compression" in metadata and "Artist" not in metadata and metadata.get("Artist", 7) == 7
        with pytest.raises(KeyError, match="Artist"):
            metadata["Artist"]


def test_iteration_and_entries_have_the_keys_as_they_are(tags):
    assert "259" in list(tags) and "Compression" not in list(tags)
    assert "Compression" not in tags.entries() and "Compression" not in dict(tags)


def test_the_metadata_of_an_info_take_names_of_tags_too(tmp_path):
    imsave(tmp_path / "a.tif", np.zeros((4, 5), np.uint8), compression="lzw")
    metadata = iminfo(tmp_path / "a.tif").metadata
    assert isinstance(metadata, dict) and "259" in metadata and "Compression" not in list(metadata)
    for found in (metadata, pickle.loads(pickle.dumps(metadata)), copy.deepcopy(metadata)):
        assert found["Compression"] == found["compression"] == found["259"] == found.get("Compression") == 5
        assert "Compression" in found and "Artist" not in found and 259 not in found and found.get("Artist", 7) == 7
        with pytest.raises(KeyError, match="Artist"):
            found["Artist"]
        with pytest.raises(KeyError, match="nonsense"):
            found["nonsense"]


def test_an_entry_under_the_name_itself_comes_first(tags):
    metadata = BufferedMetadataProvider(tags)
    metadata["Compression"] = "Deflate"
    assert (metadata["Compression"], metadata["259"]) == ("Deflate", 5)
    del metadata["Compression"]
    assert metadata["Compression"] == 5


def test_entries_are_removed_under_the_name_of_their_tag(tags):
    metadata = BufferedMetadataProvider(tags)
    assert metadata.pop("ImageDescription") == "x" and "270" not in metadata
    assert metadata.setdefault("Compression", 1) == 5
    del metadata["Compression"]
    assert "259" not in metadata
    with pytest.raises(KeyError):
        del metadata["Compression"]


def test_names_of_tags_mean_nothing_to_other_formats(tmp_path):
    imsave(tmp_path / "a.png", np.zeros((4, 5), np.uint8))
    with IO.open(tmp_path / "a.png") as reader:
        assert "Compression" not in reader.get_asset("image:0").metadata
