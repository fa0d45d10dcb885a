"""The document in the tag GDAL_METADATA (42112) of a TIFF: items of the image and of its bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree
from xml.sax.saxutils import escape, unescape

# An item has a name, and `sample` if it is one of a band; `role` marks facts that GDAL has functions for. GDAL escapes the text of an
# item before it becomes a text of the document, which is escaped again.
_QUOTE = {'"': "&quot;"}
_ROOT, _ITEM = "GDALMetadata", "Item"


class GdalMetadata:
    """A document, which can be changed. Items that are not asked for stay as they are."""

    def __init__(self, root: ElementTree.Element) -> None:
        """A document with this root."""
        self._root = root

    @staticmethod
    def read(text: object) -> GdalMetadata:
        """The document in a text; an empty one for any other value, and for text that is not such a document."""
        # A document of GDAL's has no declarations, which could define entities.
        if isinstance(text, str) and "<!" not in text:
            try:
                root = ElementTree.fromstring(text.strip().strip("\0"))
            except ElementTree.ParseError:
                root = ElementTree.Element(_ROOT)
            if root.tag == _ROOT:
                return GdalMetadata(root)
        return GdalMetadata(ElementTree.Element(_ROOT))

    def by_role(self, role: str) -> dict[int, str]:
        """The texts of the items with this role, by the number of the band."""
        items = [item for item in self._root if item.get("role") == role]
        return {int(item.get("sample", "")): _text(item) for item in items if item.get("sample", "").isdigit()}

    def tags(self) -> dict[str, str]:
        """The texts of the items of the image as a whole, outside of GDAL's domains."""
        items = [item for item in self._root if _is_tag(item)]
        return {item.get("name", ""): _text(item) for item in items}

    def tags_of_band(self, band: int) -> dict[str, str]:
        """The texts of the items of a band without a role, outside of GDAL's domains."""
        return {item.get("name", ""): _text(item) for item in self._root if _is_tag(item, band)}

    def set_role(self, role: str, texts: Sequence[str | None]) -> None:
        """Replaces the items of a role by those of the bands; None for a band without one."""
        self._remove([item for item in self._root if item.get("role") == role])
        for sample, text in enumerate(texts):
            if text is not None:
                self._add(text, name=role.upper(), sample=str(sample), role=role)

    def set_tags(self, tags: Mapping[str, str], band: int | None = None) -> None:
        """Sets items of the image as a whole, or of a band."""
        self._remove([item for item in self._root if _is_tag(item, band) and item.get("name") in tags])
        of_band = {} if band is None else {"sample": str(band)}
        for name, text in tags.items():
            self._add(text, name=name, **of_band)

    def text(self) -> str:
        """The document as text."""
        for item in self._root:
            item.tail = "\n  "
        self._root.text = "\n  " if len(self._root) else "\n"
        if len(self._root):
            self._root[-1].tail = "\n"
        return ElementTree.tostring(self._root, encoding="unicode") + "\n"

    def _add(self, text: str, **attributes: str) -> None:
        ElementTree.SubElement(self._root, _ITEM, attributes).text = escape(text, _QUOTE)

    def _remove(self, items: Sequence[ElementTree.Element]) -> None:
        for item in items:
            self._root.remove(item)


def _text(item: ElementTree.Element) -> str:
    return unescape(item.text or "", {code: character for character, code in _QUOTE.items()})


def _is_tag(item: ElementTree.Element, band: int | None = None) -> bool:
    is_of_band = item.get("sample", "") == ("" if band is None else str(band))
    return item.tag == _ITEM and is_of_band and not any(item.get(name) for name in ("role", "domain"))
