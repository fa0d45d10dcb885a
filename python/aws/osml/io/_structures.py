"""The tables of NITF structures (headers, TREs, DES subheaders) outside of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, List, Literal

from ._io import _nitf_register, _structure_decode, _structure_encode, _structure_facts, _structure_ids


class StructureDefinition:
    """A structure of fixed fields: a header, a TRE, or the user-defined subheader of a data extension. Made by `StructureRegistry`."""

    __slots__ = ("_description", "field_names", "id", "source", "title")

    id: str
    """The identifier in the registry."""
    title: str
    """What the structure is for; may be empty."""
    source: str
    """The document that defines it."""
    field_names: list[str]
    """The names of the fields in order, including those of groups and conditional ones."""

    def __init__(self, id: str) -> None:
        """The structure with this identifier. Raises as `StructureRegistry.get`."""
        self.id = id
        self.title, self.source, self.field_names, self._description = _structure_facts(id)

    def decode(self, data: bytes) -> dict[str, Any]:
        """The fields in bytes, as metadata have them: padded text, `bytes` for binary fields, a list of dicts for a group.

        Raises:
            FormatError: An `OSError`, if the bytes end early or are too many.
        """
        return dict(_structure_decode(self.id, bytes(data)))

    def encode(self, values: Mapping[str, Any], strict: bool | None = None) -> bytes:
        """The bytes of the structure with these fields. Fields that are not given have their defaults.

        Args:
            values: The fields by name, as `decode` returns them, or as numbers.
            strict: With True, a value for a field whose condition does not hold is an error; by default it is left out.

        Raises:
            OptionError: A `ValueError`, for an unknown name and a value that does not fit its field or breaks a rule.
        """
        return _structure_encode(self.id, dict(values), bool(strict))

    def describe(self) -> str:
        """The rows of the table as Markdown: field, bytes, characters, allowed values, default."""
        heading = f"{self.id}: {self.title}" if self.title else self.id
        return f"{heading}\n\nSource: {self.source}\n\n{self._description}"

    def __repr__(self) -> str:
        return f"<StructureDefinition {self.id!r}, {len(self.field_names)} fields>"


class StructureRegistry:
    """All structures: `HEADER`, `IMAGE`, `GRAPHIC`, `TEXT`, `DATA`, `RESERVED`; TREs under their tags (or `TAG.LENGTH`); data extensions
    under `DES:` and the DESID (or `DESID.DESVER`)."""

    @staticmethod
    def get(id: str) -> StructureDefinition:
        """The structure with this identifier.

        Raises:
            KeyError: For an unknown one; the message has the nearest.
        """
        return StructureDefinition(id)

    @staticmethod
    def list() -> List[str]:
        """The identifiers of all structures."""
        return _structure_ids()

    @staticmethod
    def register(layout: str, kind: Literal["tre", "des"] = "tre") -> StructureDefinition:
        """Adds a layout for all files opened and written afterwards; it replaces that of the same name.

        Args:
            layout: The table of one or more structures in the form of `aws.osml.io.nitf.register_tre`.
            kind: `tre`, or `des` for the user-defined subheader of a data extension.

        Returns:
            The first structure of the table.

        Raises:
            OptionError: A `ValueError` that names the wrong line.
        """
        name = _nitf_register(layout, kind)[0]
        return StructureDefinition(name if kind == "tre" else f"DES:{name}")
