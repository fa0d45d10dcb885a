"""TREs and DES user-defined subheaders as typed fields, and layouts that a program adds to those of the package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from .._errors import Error, OptionError, OutOfRangeError
from .._io import _nitf_register, _nitf_typed


class FieldNotFoundError(Error, KeyError):
    """A TRE, a DES or a field is missing; the message suggests the nearest names."""

    # KeyError quotes its argument, which makes a sentence hard to read.
    __str__ = Exception.__str__


class Fields(Mapping[str, Any]):
    """The fields of a TRE, of a DES user-defined subheader, or of one record of a group, by name and in order; read-only.

    `fields.LINE_OFF` and `fields["LINE_OFF"]` are the same. Values are `int` for whole numbers, `float` for real numbers, `str`
    without padding for text, `bytes` for binary data, `None` for a blank number, and a list of `Fields` for a group, one for
    each record. A group of one field with the group's own name, such as LINE_NUM_COEFF, is a plain list of its values. A number
    for which the standard allows words too, such as `N/A`, is `str` if it is one of these. If a field has the name of a method (`keys`, `get` …), use `[]`.
    """

    __slots__ = ("_name", "_values")

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        """`name` is the TRE, DES or group of the fields; dicts in lists among the `values` become `Fields` as well."""
        self._name = name
        self._values = {key: _wrapped(key, value) for key, value in values.items()}

    def __getitem__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise FieldNotFoundError(self._missing(name)) from None

    def __getattr__(self, name: str) -> Any:
        # Protocols of the interpreter, such as unpickling, look up private names before `_values` exists.
        if name.startswith("_") or name not in self._values:
            raise AttributeError(self._missing(name) if not name.startswith("_") else name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *(name for name in self._values if name.isidentifier())]

    def __repr__(self) -> str:
        return f"{self._name}({', '.join(f'{name}={_short(value)}' for name, value in self._values.items())})"

    def _missing(self, name: str) -> str:
        return f"{self._name} has no field {name!r}{near_names(name, self._values)}"


def register_tre(layout: str) -> list[str]:
    """Adds layouts of TREs to those of the package, for all files opened and written afterwards.

    A layout is a table with a row for each field: name, bytes, characters (`A` text, `N` numbers, `N+` digits …), kind (`int`,
    `real`), and checks. It may have repeated and conditional groups of fields:

        structure MYTREA  Its content
        source    The document that defines it
        field COUNT  2 N+ int
        repeat COUNT as POINT
          field NAME  8 A
          field VALUE 10 A real nullable
        end

    Args:
        layout: One or more structures. The name of each is the tag. It replaces an existing layout of that tag.

    Returns:
        The tags.

    Raises:
        OptionError: A `ValueError` that names the wrong line.
    """
    return _nitf_register(layout, "tre")


def register_des(layout: str) -> list[str]:
    """Adds layouts of DES user-defined subheaders (DESSHF). A structure's name is the DESID. Otherwise as `register_tre`."""
    return _nitf_register(layout, "des")


def tre(metadata: Mapping[str, Any], tag: str, index: int = 0) -> Fields:
    """The fields of a TRE with their types.

    Args:
        metadata: The metadata of a file or an asset, or any mapping with TREs under their tags.
        tag: The tag, e.g. `"RPC00B"`.
        index: The position among the TREs with this tag, from 0.

    Raises:
        FieldNotFoundError: A `KeyError`, if the metadata lacks the TRE.
        OutOfRangeError: An `IndexError`, if `index` is not less than the number of these TREs.
        Error: If the tag has no layout, or the TRE does not follow it.
    """
    return Fields(tag, _nitf_typed("tre", tag, tre_body(metadata, tag, index)))


def des(metadata: Mapping[str, Any]) -> Fields:
    """The fields of a DES user-defined subheader (DESSHF) with their types.

    Args:
        metadata: The metadata of a data asset, with its DESID and DESSHF.

    Raises:
        FieldNotFoundError: A `KeyError`, if the metadata lacks DESID or DESSHF.
        Error: If the DESID has no layout, or the subheader does not follow it.
    """
    for name in ("DESID", "DESSHF"):
        if name not in metadata:
            raise FieldNotFoundError(f"no {name} in the metadata{near_names(name, metadata)}")
    identifier = str(metadata["DESID"]).strip()
    return Fields(identifier, _nitf_typed("des", identifier, _body(metadata["DESSHF"], identifier)))


def all_values(metadata: Mapping[str, Any], key: str) -> list[Any]:
    """Every value under a key. Keys may repeat in metadata of this package, but not in other mappings."""
    if hasattr(metadata, "get_all"):
        return list(metadata.get_all(key))
    return [metadata[key]] if key in metadata else []


def tre_body(metadata: Mapping[str, Any], tag: str, index: int = 0) -> dict[str, Any] | bytes:
    """The body of a TRE as the metadata hold it: fields or bytes. Raises as `tre`."""
    values = all_values(metadata, tag)
    if not values:
        raise FieldNotFoundError(f"no TRE {tag!r} in the metadata{near_names(tag, metadata)}")
    if not 0 <= index < len(values):
        raise OutOfRangeError(f"index of TRE {tag}: got {index}, expected 0 to {len(values) - 1}")
    return _body(values[index], tag)


def near_names(name: str, names: Iterable[str]) -> str:
    """A hint with the names most similar to a missing one; empty if there are none."""
    by_upper = {known.upper(): known for known in names if isinstance(known, str)}
    near = [by_upper[match] for match in get_close_matches(str(name).upper(), by_upper, 3, 0.6)]
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _body(value: Any, name: str) -> dict[str, Any] | bytes:
    """The body of a TRE as fields or as bytes."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str):
        try:
            return value.encode("latin-1")
        except UnicodeEncodeError:
            pass
    raise OptionError(f"{name}: got {_short(value)}, expected a mapping of fields, bytes, or text of one byte per character")


def _wrapped(name: str, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [Fields(name, item) if isinstance(item, Mapping) else item for item in value]
    return value


def _short(value: Any) -> str:
    if isinstance(value, list):
        return f"[{len(value)} records]"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
