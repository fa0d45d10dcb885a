"""TIFF metadata under the names of the standard instead of tag numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Union

from .._errors import OptionError
from .._io import _tiff_tag, _tiff_tags


class TagNameResolver(MutableMapping[str, Any]):
    """A view of a mapping of tag numbers (`"259"`) that uses tag names (`"Compression"`) and named values.

    The case of names does not matter. The underlying mapping keeps numbers: `resolver["Compression"] = "Deflate"` stores 8
    under `"259"`, and `resolver["Compression"]` returns `"Deflate"` for 8. Values without a name stay unchanged. Tag numbers,
    and keys that are not tags, such as `GeoModelType` and `ICHIPB`, are used unchanged.

    A name that the mapping lacks raises a `KeyError`, which suggests the nearest name of a tag. Setting a value under a
    misspelt name of a tag raises it too.
    """

    DEFAULT_MAPPING: ClassVar[Mapping[str, str]] = MappingProxyType({name: str(number) for number, name, _ in _tiff_tags()})
    """The keys of tags by their names: `DEFAULT_MAPPING["Compression"]` is `"259"`. Read-only."""
    VALUE_MAPPING: ClassVar[Mapping[str, Mapping[str, int]]] = MappingProxyType(
        {name: MappingProxyType({text: code for code, text in values}) for _, name, values in _tiff_tags() if values}
    )
    """The numbers of named values by the names of tags: `VALUE_MAPPING["Compression"]["Deflate"]` is 8. Read-only."""

    def __init__(
        self, mapping: Mapping[str, Any], custom_mapping: Mapping[Any, Any] | None = None
    ) -> None:
        """A view of `mapping`.

        Args:
            mapping: Metadata: values by the numbers of tags as text. It may be read-only; setting values then is a `TypeError`.
            custom_mapping: Further tags: numbers by names, or names by numbers. They replace those of the package.

        Raises:
            OptionError: A `ValueError`, for an entry of `custom_mapping` that does not have a name and a number.
        """
        self._mapping = mapping
        self._custom = dict(_named_number(entry) for entry in (custom_mapping or {}).items())

    def __getitem__(self, name: str) -> Any:
        key, names, _ = self._resolve(name)
        value = self._mapping[key]
        return names.get(value, value) if isinstance(value, int) else value

    def __setitem__(self, name: str, value: Any) -> None:
        key, _, numbers = self._resolve(name)
        if numbers and isinstance(value, str) and not value.strip().isdigit():
            number = numbers.get(value.strip().lower())
            if number is None:
                known = ", ".join(self._resolve(name).names.values())
                raise OptionError(f"tag {name}: got {value!r}, expected one of {known}")
            value = number
        self._writable()[key] = value

    def __delitem__(self, name: str) -> None:
        del self._writable()[self._resolve(name).key]

    def __iter__(self) -> Iterator[str]:
        custom = {key: name for name, key in self._custom.items()}
        for key in self._mapping:
            yield custom.get(key) or (_tiff_tag(key)[1] if _is_known(key) else key)

    def __len__(self) -> int:
        return len(self._mapping)

    def __contains__(self, name: object) -> bool:
        try:
            return isinstance(name, str) and self._resolve(name).key in self._mapping
        except KeyError:
            return False

    def __repr__(self) -> str:
        return f"TagNameResolver({dict(self)!r})"

    def by_number(self, number: int) -> Any:
        """The value of the tag with this number: the same as under its name.

        Raises:
            KeyError: If the mapping lacks the tag.
        """
        return self[str(int(number))]

    def set(self, name: str, value: Any) -> None:
        """Sets the value of a tag, as `resolver[name] = value` does."""
        self[name] = value

    def _writable(self) -> MutableMapping[str, Any]:
        if not isinstance(self._mapping, MutableMapping):
            raise TypeError("the metadata is read-only; copy it into a dict or a BufferedMetadataProvider")
        return self._mapping

    def _resolve(self, name: str) -> _Tag:
        """The key of a tag name, and the mappings between its values and their names."""
        for custom, key in self._custom.items():
            if custom.lower() == name.lower():
                return _Tag(key, {}, {})
        try:
            number, _, values = _tiff_tag(name)
        except KeyError as error:
            is_key = name.isdigit() or name.startswith("Geo") or name in self._mapping
            if is_key or "did you mean" not in str(error):
                return _Tag(name, {}, {})
            raise
        # The first name of a value is shown; all are understood.
        return _Tag(str(number), dict(reversed(values)), {text.lower(): code for code, text in values})


class _Tag(NamedTuple):
    key: str
    names: dict[int, str]
    numbers: dict[str, int]


def _named_number(entry: tuple[Any, Any]) -> tuple[str, str]:
    """The name and the number of an entry of a mapping between them, in either order."""
    name, number = (entry[1], entry[0]) if _is_number(entry[0]) else entry
    if not isinstance(name, str) or _is_number(name) or not _is_number(number):
        raise OptionError(f"custom_mapping: got {entry[0]!r}: {entry[1]!r}, expected the name and the number of a tag")
    return name, str(int(number))


def _is_number(value: Union[str, int]) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.isdigit())


def _is_known(key: str) -> bool:
    try:
        return key.isdigit() and bool(_tiff_tag(key))
    except KeyError:
        return False
