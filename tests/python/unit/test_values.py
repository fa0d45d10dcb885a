"""Conversion of metadata values for a writer, and metadata as Python objects."""

import copy
import gc
import io
import pickle
import weakref
from collections import OrderedDict
from collections.abc import Mapping, MutableMapping
from datetime import datetime, timedelta
from types import MappingProxyType

import numpy as np
import pytest
from aws.osml.io import IO, BufferedImageAssetProvider, BufferedMetadataProvider, MetadataProvider, OptionError


def through_the_engine(value):
    """A value after a round trip through the metadata of a file."""
    return MetadataProvider._restore([("key", value)])["key"]


@pytest.mark.parametrize(
    "value, expected",
    [
        (None, None),
        (True, True),
        (2**63, 2**63),
        (-(2**100), -(2**100)),
        (0.1, 0.1),
        ("ünï", "ünï"),
        (b"\0\xff", b"\0\xff"),
        (bytearray(b"a"), b"a"),
        (memoryview(b"abcd")[::2], b"ac"),
        ((1, 2.5, "x"), [1, 2.5, "x"]),
        ({"A": {"B": [1]}}, {"A": {"B": [1]}}),
        (np.float32(0.5), 0.5),
        (np.int64(-7), -7),
        (np.bool_(True), True),
        (np.str_("text"), "text"),
        (np.arange(3, dtype=np.uint8), [0, 1, 2]),
        (np.array(5), 5),
        (BufferedMetadataProvider({"C": 1}), {"C": 1}),
    ],
    ids=repr,
)
def test_values_of_python_and_numpy_reach_the_engine(value, expected):
    found = through_the_engine(value)
    assert found == expected and type(found) is type(expected)


def cyclic():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    [timedelta(1), object(), 1j, {1, 2}, 2**200, "\ud800", np.longdouble(1), np.timedelta64(1, "D"), cyclic()],
    ids=lambda value: type(value).__name__,
)
def test_other_values_are_refused_by_the_name_of_their_key(value):
    with pytest.raises(OptionError, match="key"):
        through_the_engine(value)


class Moment:
    """A date of another library, which can change."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text

    def isoformat(self):
        return self.text


WAYS_IN = {
    "constructor": lambda metadata, value: BufferedMetadataProvider({"key": value}),
    "setitem": lambda metadata, value: metadata.__setitem__("key", value),
    "append": lambda metadata, value: metadata.append("key", value),
    "set_all": lambda metadata, value: metadata.set_all("key", [1, value]),
    "setdefault": lambda metadata, value: metadata.setdefault("key", value),
    "update, mapping": lambda metadata, value: metadata.update({"other": 1, "key": value}),
    "update, keyword": lambda metadata, value: metadata.update(key=value),
    "metadata=": lambda metadata, value: created({"key": value}),
}


def created(metadata):
    return BufferedImageAssetProvider.create("image:0", 8, 8, metadata=metadata).metadata


@pytest.mark.parametrize("set_value", WAYS_IN.values(), ids=WAYS_IN)
@pytest.mark.parametrize("nested", [lambda value: value, lambda value: [{"A": (value,)}]], ids=["alone", "nested"])
@pytest.mark.parametrize("value", [timedelta(1), None, {1, 2}, object(), 1j, range(3)], ids=lambda value: type(value).__name__)
def test_a_value_that_no_format_can_hold_is_refused_when_it_is_set(set_value, nested, value):
    metadata = BufferedMetadataProvider({"before": 1})
    with pytest.raises(OptionError, match=rf"key.*got {type(value).__name__}, expected bool, int"):
        set_value(metadata, nested(value))
    assert metadata == {"before": 1}, "a refused value changes nothing"


def test_the_default_of_setdefault_is_not_a_value():
    metadata = BufferedMetadataProvider({"key": 1})
    assert metadata.setdefault("key") == 1
    with pytest.raises(OptionError, match="other: got NoneType"):
        metadata.setdefault("other")


@pytest.mark.parametrize("set_value", WAYS_IN.values(), ids=WAYS_IN)
def test_a_field_of_a_mapping_may_be_blank(set_value):
    metadata = BufferedMetadataProvider()
    made = set_value(metadata, {"A": None, "B": [{"C": None}]})
    kept = (made if isinstance(made, MetadataProvider) else metadata).get_all("key")[-1]
    assert kept == {"A": None, "B": [{"C": None}]}


@pytest.mark.parametrize("set_value", WAYS_IN.values(), ids=WAYS_IN)
@pytest.mark.parametrize(
    "make, change",
    [
        (lambda: [1, [2]], lambda value: value[1].append(3)),
        (lambda: {"A": {"B": 1}}, lambda value: value["A"].update(B=2)),
        (lambda: ({"A": 1}, 2), lambda value: value[0].clear()),
        (lambda: bytearray(b"ab"), lambda value: value.extend(b"c")),
        (lambda: np.arange(3), lambda value: value.fill(7)),
        (lambda: np.array(5), lambda value: value.fill(7)),
        (lambda: Moment("2024"), lambda value: setattr(value, "text", "2025")),
    ],
    ids=["list", "dict", "tuple", "bytearray", "array", "array of one number", "date of another library"],
)
def test_a_value_is_copied_whichever_way_it_comes_in(set_value, make, change):
    value = make()
    metadata = BufferedMetadataProvider()
    made = set_value(metadata, value)
    kept = (made if isinstance(made, MetadataProvider) else metadata).get_all("key")[-1]
    change(value)
    assert type(kept) is type(value) and repr(kept) == repr(make()) != repr(value)


def test_copies_of_metadata_share_nothing():
    source = BufferedMetadataProvider({"T": {"X": ["1"]}})
    copies = [BufferedMetadataProvider(source), BufferedMetadataProvider(), created(source), copy.copy(source)]
    copies[1].update(source)
    writer = IO.open(io.BytesIO(), "w", "png")
    writer.metadata = source
    copies.append(writer.metadata)
    for made in copies:
        made["T"]["X"].append("2")
        assert made["T"] == {"X": ["1", "2"]}, "a value is the metadata's own"
        assert source["T"] == {"X": ["1"]}
    assert source.setdefault("new", {}) is source["new"]


NESTED = {"list": [1, [2]], "T": {"X": ["1"], "Y": {"Z": [{"A": 1}]}}, "tuple": ({"A": [1]},), "bytes": bytearray(b"ab"),
          "array": np.arange(3)}


def change_all(value):
    """Changes a value and everything in it."""
    if isinstance(value, dict):
        for inner in value.values():
            change_all(inner)
        value["changed"] = 1
    elif isinstance(value, (list, tuple)):
        for inner in value:
            change_all(inner)
        if isinstance(value, list):
            value.append("changed")
    elif isinstance(value, bytearray):
        value.extend(b"changed")
    elif isinstance(value, np.ndarray):
        value.fill(7)


@pytest.mark.parametrize("take", [
    lambda source: BufferedMetadataProvider(source=source).items(),
    lambda source: BufferedMetadataProvider(source.entries()).items(),
    lambda source: source.entries().items(),
    lambda source: source.entries("T").items(),
    lambda source: copy.copy(source).items(),
    lambda source: copy.deepcopy(source).items(),
    lambda source: pickle.loads(pickle.dumps(source)).items(),
    lambda source: created(source).items(),
    lambda source: created(source).entries().items(),
], ids=["copy", "copy of entries", "entries", "entries with a prefix", "copy.copy", "copy.deepcopy", "pickle", "image", "entries of an image"])
def test_a_nested_value_of_a_copy_does_not_change_the_source(take):
    source = BufferedMetadataProvider(copy.deepcopy(NESTED))
    before = repr([*source.items()])
    for _, value in take(source):
        change_all(value)
    assert repr([*source.items()]) == before


def test_entries_of_a_repeated_key_are_copies_of_the_first():
    metadata = BufferedMetadataProvider([("T", {"A": 1}), ("T", {"A": 2})])
    found = metadata.entries()
    assert found == {"T": {"A": 1}} and found["T"] is not metadata["T"]


@pytest.mark.parametrize("value", ["text", b"bytes", 10**20, 1.5, (1, "x"), datetime(2024, 1, 1), np.float32(2)], ids=repr)
def test_buffered_metadata_keep_the_very_objects_that_cannot_change(value):
    metadata = BufferedMetadataProvider({"key": value})
    assert metadata["key"] is value
    assert BufferedMetadataProvider(metadata)["key"] is value


@pytest.mark.parametrize(
    "value, kept",
    [
        (MappingProxyType({"A": [1]}), {"A": [1]}),
        (BufferedMetadataProvider([("A", 1), ("A", 2)]), {"A": 1}),
        (memoryview(b"abcd")[::2], b"ac"),
        (OrderedDict(A=1), {"A": 1}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_containers_are_kept_as_those_of_the_language(value, kept):
    found = BufferedMetadataProvider({"key": value})["key"]
    assert found == kept and type(found) is type(kept)


def test_metadata_of_files_give_a_new_object_each_time():
    metadata = MetadataProvider._restore([("list", [1, 2])])
    metadata["list"].append(3)
    assert metadata["list"] == [1, 2]


def test_repeated_keys_survive_copy_update_and_pickle_in_their_order():
    metadata = BufferedMetadataProvider([("T", 1), ("a", 2)])
    metadata.append("T", 3)
    for other in (BufferedMetadataProvider(metadata), copy.copy(metadata), pickle.loads(pickle.dumps(metadata))):
        assert other == metadata and other.get_all("T") == [1, 3] and list(other) == ["T", "a"]
    target = BufferedMetadataProvider({"T": 9, "b": 0})
    target.update(metadata)
    assert target.get_all("T") == [1, 3] and list(target) == ["T", "b", "a"]


def test_set_all_replaces_at_the_place_of_the_first():
    metadata = BufferedMetadataProvider([("a", 0), ("T", 1), ("b", 2)])
    metadata.set_all("T", (7, 8))
    assert [*metadata.items()] == [("a", 0), ("T", 7), ("b", 2)] and metadata.get_all("T") == [7, 8]
    metadata.set_all("T", [])
    assert list(metadata) == ["a", "b"]


def test_the_rest_of_a_mutable_mapping():
    metadata = BufferedMetadataProvider({"a": 1})
    assert metadata.setdefault("a", 5) == 1 and metadata.setdefault("b", 5) == 5
    assert metadata.pop("b") == 5 and metadata.pop("b", None) is None
    with pytest.raises(KeyError):
        metadata.pop("b")
    with pytest.raises(TypeError):
        metadata.pop("b", 1, 2)
    assert isinstance(metadata, MutableMapping) and isinstance(metadata, MetadataProvider)
    assert issubclass(MetadataProvider, Mapping) and not issubclass(MetadataProvider, MutableMapping)
    assert metadata == {"a": 1} and metadata != {"a": 2} and metadata != 1
    with pytest.raises(TypeError):
        hash(metadata)


@pytest.mark.parametrize("source", [5, "text", [1, 2], [("a",)], {1: 2}], ids=repr)
def test_a_source_that_is_not_a_mapping_is_a_type_error(source):
    with pytest.raises((TypeError, ValueError)):
        BufferedMetadataProvider(source)


def test_a_cycle_through_metadata_is_collected():
    class Holder:
        pass

    holder = Holder()
    holder.metadata = BufferedMetadataProvider({"list": []})
    holder.metadata["list"].append(holder)
    reference = weakref.ref(holder)
    del holder
    gc.collect()
    assert reference() is None


def test_an_item_whose_end_changes_the_metadata_does_no_harm():
    metadata = BufferedMetadataProvider()

    class Rude(str):
        def __del__(self):
            metadata["again"] = 1

    metadata["a"] = Rude()
    metadata["a"] = 0
    metadata["b"] = Rude()
    metadata.clear()
    assert metadata == {"again": 1}
