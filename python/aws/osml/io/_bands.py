"""Facts of bands (descriptions, scales, offsets, units, colours) and tags: where each format has a place for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ._errors import OptionError
from ._gdal_metadata import GdalMetadata

# The colours of bands, with their names in GDAL.
COLORS = {
    name.lower(): name
    for name in ("Undefined", "Gray", "Palette", "Red", "Green", "Blue", "Alpha", "Hue", "Saturation", "Lightness")
    + ("Cyan", "Magenta", "Yellow", "Black", "NIR", "SWIR", "Pan", "Coastal", "RedEdge")
}

_RGB = ("red", "green", "blue")
_IREPBAND = {"M": "gray", "R": "red", "G": "green", "B": "blue", "LU": "palette", "Y": "gray"}
_SUBCATEGORY = 6

# Names and numbers of tags of TIFF.
_PHOTOMETRIC, _EXTRA_SAMPLES, _GDAL_METADATA = "262", "338", "42112"
_TEXT = "PNG_TEXT_"


@dataclass(frozen=True)
class BandFacts:
    """What a file states of its bands; each tuple has an entry for every band."""

    descriptions: tuple[str | None, ...] = ()
    scales: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()
    units: tuple[str | None, ...] = ()
    colors: tuple[str, ...] = ()
    """`gray`, `red`, `green`, `blue`, `alpha`, `palette`, `undefined` …"""
    tags: dict[str, str] = field(default_factory=dict)
    """Tags of the image as a whole."""
    band_tags: tuple[dict[str, str], ...] = ()


def band_facts(format: str, bands: int, metadata: Mapping[str, Any]) -> BandFacts:
    """The facts in the metadata of an image with this number of bands."""
    nothing: tuple[None, ...] = (None,) * bands
    plain = BandFacts(
        nothing, (1.0,) * bands, (0.0,) * bands, nothing, ("undefined",) * bands, band_tags=tuple({} for _ in range(bands))
    )
    read = _READERS.get(format)
    return plain if read is None else read(plain, metadata)


def band_entries(format: str, bands: int, given: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata entries of a format for facts of bands.

    Args:
        format: The name of the format.
        bands: The number of bands of the image.
        given: The arguments of `imsave` by name; those that are None are left out.
        metadata: The metadata of the image, whose other facts stay.

    Raises:
        OptionError: A `ValueError`, for another number of values than bands, and for a fact that the format has no place for.
    """
    facts = {name: _checked(name, value, bands) for name, value in given.items() if value is not None}
    if not facts:
        return {}
    write = _WRITERS.get(format)
    if write is None:
        raise _no_place(next(iter(facts)), format)
    return write(format, facts, metadata)


def _checked(name: str, value: Any, bands: int) -> Any:
    if name == "tags":
        return _tags(name, value)
    values = [value] * bands if isinstance(value, (str, int, float)) else list(value)
    if len(values) != bands:
        raise OptionError(f"{name}: got {len(values)} values, expected {bands}, one for each band")
    if name in ("scales", "offsets"):
        try:
            return [float(number) for number in values]
        except (TypeError, ValueError):
            raise OptionError(f"{name}: got {value!r}, expected numbers") from None
    if name == "band_tags":
        return [_tags(name, tags) for tags in values]
    if name == "colors":
        return [_color(color) for color in values]
    return [None if text is None else str(text) for text in values]


def _tags(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise OptionError(f"{name}: got {type(value).__name__}, expected a mapping of names to texts")
    return {str(key): str(text) for key, text in value.items()}


def _color(color: Any) -> str:
    """The name of a colour: of text, or of a member of an enumeration such as rasterio's `ColorInterp`."""
    name = str(getattr(color, "name", color)).lower()
    name = {"grey": "gray"}.get(name, name)
    if name not in COLORS:
        raise OptionError(f"colors: got {color!r}, expected {', '.join(COLORS)}")
    return name


def _read_tiff(plain: BandFacts, metadata: Mapping[str, Any]) -> BandFacts:
    bands = len(plain.scales)
    document = GdalMetadata.read(metadata.get(_GDAL_METADATA, ""))

    def of(role: str, default: Sequence[Any], kind: Callable[[str], Any] = str) -> tuple[Any, ...]:
        found = document.by_role(role)
        return tuple(kind(found[band]) if band in found else default[band] for band in range(bands))

    colors = of("colorinterp", _tiff_colors(bands, metadata), lambda text: text.lower())
    return BandFacts(
        of("description", plain.descriptions),
        of("scale", plain.scales, _number),
        of("offset", plain.offsets, _number),
        of("unittype", plain.units),
        colors,
        document.tags(),
        tuple(document.tags_of_band(band) for band in range(bands)),
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _tiff_colors(bands: int, metadata: Mapping[str, Any]) -> list[str]:
    photometric = _first(metadata.get(_PHOTOMETRIC))
    base = {0: ["gray"], 1: ["gray"], 2: list(_RGB), 3: ["palette"], 5: ["cyan", "magenta", "yellow", "black"], 6: list(_RGB)}
    colors = list(base.get(photometric, []))[:bands]
    extra = [] if metadata.get(_EXTRA_SAMPLES) is None else _list(metadata[_EXTRA_SAMPLES])
    kinds = {1: "alpha", 2: "alpha"}
    colors += [kinds.get(kind, "undefined") for kind in extra][: bands - len(colors)]
    return colors + ["undefined"] * (bands - len(colors))


def _write_tiff(format: str, facts: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    # Metadata of this package find the number under the name too; a plain mapping may have either.
    key = next((key for key in (_GDAL_METADATA, "GDAL_METADATA") if key in metadata), _GDAL_METADATA)
    document = GdalMetadata.read(metadata.get(key, ""))
    roles = {"descriptions": "description", "scales": "scale", "offsets": "offset", "units": "unittype"}
    for name, role in roles.items():
        if name in facts:
            texts = [repr(value) if isinstance(value, float) else value for value in facts[name]]
            document.set_role(role, texts)
    entries: dict[str, Any] = {}
    if "colors" in facts:
        colors = facts["colors"]
        document.set_role("colorinterp", [COLORS[color] for color in colors])
        base = 3 if tuple(colors[:3]) == _RGB else 1
        if base == 3 or colors[0] == "gray":
            entries[_PHOTOMETRIC] = 2 if base == 3 else 1
            if len(colors) > base:
                entries[_EXTRA_SAMPLES] = [2 if color == "alpha" else 0 for color in colors[base:]]
    if "tags" in facts:
        document.set_tags(facts["tags"])
    for band, tags in enumerate(facts.get("band_tags", [])):
        document.set_tags(tags, band)
    return {key: document.text(), **entries}


def _read_nitf(plain: BandFacts, metadata: Mapping[str, Any]) -> BandFacts:
    records = metadata.get("BAND_INFO", [])
    if len(records) != len(plain.scales):
        return plain
    names = [str(record.get("ISUBCAT", "")).strip() or None for record in records]
    colors = [_IREPBAND.get(str(record.get("IREPBAND", "")).strip(), "undefined") for record in records]
    return replace(plain, descriptions=tuple(names), colors=tuple(colors))


def _write_nitf(format: str, facts: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    for name in facts:
        if name not in ("descriptions", "colors"):
            raise _no_place(name, format)
    count = len(next(iter(facts.values())))
    old = metadata.get("BAND_INFO", [])
    records = [dict(record) for record in old] if len(old) == count else [{} for _ in range(count)]
    for record, text in zip(records, facts.get("descriptions", [])):
        if text is not None and len(text) > _SUBCATEGORY:
            raise OptionError(f"descriptions: got {text!r}, expected at most {_SUBCATEGORY} characters (ISUBCAT) in {format}")
        record["ISUBCAT"] = text or ""
    codes = {color: code for code, color in reversed(_IREPBAND.items()) if code in ("M", "R", "G", "B")}
    for record, color in zip(records, facts.get("colors", [])):
        if color not in codes and color != "undefined":
            raise OptionError(f"colors: got {color!r}, expected {', '.join(codes)} or undefined in {format}")
        record["IREPBAND"] = codes.get(color, "")
    return {"BAND_INFO": records}


def _by_count(bands: int) -> tuple[str, ...]:
    """The colours of a format in which their number determines them."""
    base = ("gray",) if bands < 3 else _RGB
    return (*base, *("alpha",) * (bands - len(base)))[:bands]


def _read_png(plain: BandFacts, metadata: Mapping[str, Any]) -> BandFacts:
    colors = ("palette",) if "PNG_PALETTE" in metadata else _by_count(len(plain.scales))
    tags = {key[len(_TEXT) :]: str(value) for key, value in metadata.items() if key.startswith(_TEXT)}
    return replace(plain, colors=colors, tags=tags)


def _write_png(format: str, facts: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    _fixed_colors(format, facts, ("tags", "colors"))
    return {_TEXT + name: text for name, text in facts.get("tags", {}).items()}


def _read_plain(plain: BandFacts, metadata: Mapping[str, Any]) -> BandFacts:
    colors = _by_count(len(plain.scales)) if len(plain.scales) in (1, 3) else plain.colors
    return replace(plain, colors=colors)


def _write_plain(format: str, facts: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    _fixed_colors(format, facts, ("colors",))
    return {}


def _read_j2k(plain: BandFacts, metadata: Mapping[str, Any]) -> BandFacts:
    colors = list(_by_count(len(plain.scales)) if len(plain.scales) < 5 else plain.colors)
    channels = metadata.get("J2K_CHANNELS")
    if channels is None and len(colors) in (2, 4):
        colors[-1] = "undefined"
    for number, kind, _ in channels or []:
        if 0 <= number < len(colors) and "opacity" in str(kind):
            colors[number] = "alpha"
    return replace(plain, colors=tuple(colors))


def _write_j2k(format: str, facts: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    colors = facts.get("colors", [])
    _fixed_colors(format, facts, ("colors",))
    return {"J2K_CHANNELS": channels(len(colors))} if colors and colors[-1] == "alpha" else {}


def channels(bands: int) -> list[list[Any]]:
    """The channels of a JPEG 2000 file whose last band is alpha."""
    colors = [[band, "color", band + 1] for band in range(bands - 1)]
    return [*colors, [bands - 1, "opacity", 0]]


def _fixed_colors(format: str, facts: Mapping[str, Any], allowed: Sequence[str]) -> None:
    """Checks facts of a format that has only the colours that follow from the number of bands."""
    for name in facts:
        if name not in allowed:
            raise _no_place(name, format)
    colors = facts.get("colors")
    if colors is not None and tuple(colors) != _by_count(len(colors)):
        raise OptionError(f"colors: got {colors}, expected {list(_by_count(len(colors)))} in {format}")


def _no_place(name: str, format: str) -> OptionError:
    return OptionError(f"{name}: {format} files do not have a place for them, expected a format such as tiff")


def _first(value: Any) -> Any:
    values = _list(value)
    return values[0] if values else None


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]


_NITF, _J2K = ("nitf", "nsif"), ("jp2", "j2k", "jph", "jhc")
_READERS = {
    "tiff": _read_tiff,
    "png": _read_png,
    "jpeg": _read_plain,
    **dict.fromkeys(_NITF, _read_nitf),
    **dict.fromkeys(_J2K, _read_j2k),
}
_WRITERS = {
    "tiff": _write_tiff,
    "png": _write_png,
    "jpeg": _write_plain,
    **dict.fromkeys(_NITF, _write_nitf),
    **dict.fromkeys(("jp2", "jph"), _write_j2k),
}
