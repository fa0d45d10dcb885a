"""Metadata as a dict."""

from __future__ import annotations

from typing import Any

from ._io import _tiff_tag


class Entries(dict[str, Any]):
    """A dict of metadata in which the name of a TIFF tag finds the entry of its number, as in `MetadataProvider`.

    `[]`, `get` and `in` take such names, unless the dict has an entry under the name itself. Keys are those of the file.
    """

    def __missing__(self, name: str) -> Any:
        key = _number(name)
        if key is None or not super().__contains__(key):
            raise KeyError(name)
        return super().__getitem__(key)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or super().__contains__(_number(name))

    def get(self, name: str, default: Any = None) -> Any:
        """The entry under `name`, or `default`."""
        return self[name] if name in self else default


def _number(name: object) -> str | None:
    """The number of the TIFF tag of this name as text; None for any other object."""
    try:
        return str(_tiff_tag(name)[0]) if isinstance(name, str) else None
    except KeyError:
        return None
