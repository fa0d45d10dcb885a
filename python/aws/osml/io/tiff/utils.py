"""TIFF metadata under the names of the standard instead of tag numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple

from .._errors import OptionError
from .._io import _tiff_tag


class TagNameResolver(MutableMapping[str, Any]):
    """A view of a mapping of tag numbers (`"259"`) that uses tag names (`"Compression"`) and named values.

    The case of names does not matter. The underlying mapping keeps numbers: `resolver["Compression"] = "Deflate"` stores 8
    under `"259"`, and `resolver["Compression"]` returns `"Deflate"` for 8. Values without a name stay unchanged. Tag numbers,
    and keys that are not tags, such as `GeoModelType`, are used unchanged.

    An unknown name raises a `KeyError` that suggests the nearest one.
    """

    def __init__(self, mapping: Mapping[str, Any]) -> None:
        self._mapping = mapping

    def __getitem__(self, name: str) -> Any:
        key, names, _ = _resolve(name)
        value = self._mapping[key]
        return names.get(value, value) if isinstance(value, int) else value

    def __setitem__(self, name: str, value: Any) -> None:
        key, _, numbers = _resolve(name)
        if numbers and isinstance(value, str) and not value.strip().isdigit():
            number = numbers.get(value.strip().lower())
            if number is None:
                known = ", ".join(_resolve(name).names.values())
                raise OptionError(f"tag {name}: got {value!r}, expected one of {known}")
            value = number
        self._writable()[key] = value

    def __delitem__(self, name: str) -> None:
        del self._writable()[_resolve(name).key]

    def __iter__(self) -> Iterator[str]:
        for key in self._mapping:
            yield _tiff_tag(key)[1] if _is_known(key) else key

    def __len__(self) -> int:
        return len(self._mapping)

    def __contains__(self, name: object) -> bool:
        try:
            return isinstance(name, str) and _resolve(name).key in self._mapping
        except KeyError:
            return False

    def __repr__(self) -> str:
        return f"TagNameResolver({dict(self)!r})"

    def _writable(self) -> MutableMapping[str, Any]:
        if not isinstance(self._mapping, MutableMapping):
            raise TypeError("the metadata is read-only; copy it into a dict or a BufferedMetadataProvider")
        return self._mapping


class _Tag(NamedTuple):
    key: str
    names: dict[int, str]
    numbers: dict[str, int]


def _resolve(name: str) -> _Tag:
    """The key of a tag name, and the mappings between its values and their names."""
    try:
        number, _, values = _tiff_tag(name)
    except KeyError:
        if name.isdigit() or name.startswith("Geo"):
            return _Tag(name, {}, {})
        raise
    # The first name of a value is shown; all are understood.
    return _Tag(str(number), dict(reversed(values)), {text.lower(): code for code, text in values})


def _is_known(key: str) -> bool:
    try:
        return key.isdigit() and bool(_tiff_tag(key))
    except KeyError:
        return False
