"""Metadata values on their way to a writer, and metadata as Python objects."""

import copy
import gc
import pickle
import weakref
from collections.abc import Mapping, MutableMapping
from datetime import datetime, timedelta

import numpy as np
import pytest
from aws.osml.io import BufferedMetadataProvider, MetadataProvider, OptionError


def through_the_engine(value):
    """What a value becomes as the metadata of a file."""
    return MetadataProvider._restore([("key", value)], b"")["key"]


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


def test_buffered_metadata_keep_the_very_objects():
    value = datetime(2024, 1, 1)
    metadata = BufferedMetadataProvider({"when": value})
    assert metadata["when"] is value
    assert BufferedMetadataProvider(metadata)["when"] is value


def test_metadata_of_files_give_a_new_object_each_time():
    metadata = MetadataProvider._restore([("list", [1, 2])], b"")
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
def test_what_is_no_mapping_is_a_type_error(source):
    with pytest.raises((TypeError, ValueError)):
        BufferedMetadataProvider(source)


def test_a_cycle_through_metadata_is_collected():
    class Holder:
        pass

    holder = Holder()
    holder.metadata = BufferedMetadataProvider({"holder": holder})
    reference = weakref.ref(holder)
    del holder
    gc.collect()
    assert reference() is None


def test_an_item_whose_end_changes_the_metadata_does_no_harm():
    metadata = BufferedMetadataProvider()

    class Rude:
        def __del__(self):
            metadata["again"] = 1

    metadata["a"] = Rude()
    metadata["a"] = 0
    metadata["b"] = Rude()
    metadata.clear()
    assert metadata == {"again": 1}
