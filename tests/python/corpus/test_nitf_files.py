"""Every NITF and NSIF file of the corpus: segments, header fields and TREs as other readers report them, exact pixels of lossless
images, close ones of others, damaged files detected. `test_corpus.py` describes the location of the corpus.
"""
import hashlib
import json
import re
import warnings

import numpy as np
import pytest
from aws.osml.io import Error, IO, imread, iminfo
from conftest import corpus_root
from testkit.closeness import close
from testkit.jpeg_levels import as_gdal_has_it, with_level

ALLOWED = (Error, OSError, ValueError)
JPEG = ("C3", "M3", "I1")
JPEG_2000 = ("C8", "M8", "CD", "MD")
# The streams have no table of their own, and the reference has the table of their level in the wrong order.
BY_LEVEL = {"nitf/U_1125C.NTF": 1}
EXACT = ("NC", "NM", "C1", "M1", "C4", "M4", "C5", "M5")
LISTED = ("IREPBAND", "ISUBCAT", "NLUTS")  # given per band
# Names of the reference that are not header fields.
DERIVED = ("image_segments", "graphic_segments", "text_segments", "des_segments", "file_tres", "tres")
KINDS = (("image", "NUMI"), ("graphic", "NUMS"), ("text", "NUMT"), ("data", "NUMDES"), ("reserved", "NUMRES"))


def entries():
    root = corpus_root()
    return [] if root is None else [e for e in json.loads((root / "manifest.json").read_text())["files"] if e["format"] == "nitf"]


ENTRIES = entries()
pytestmark = pytest.mark.skipif(not ENTRIES, reason="no corpus: set OSML_IO_CORPUS")


def header(entry):
    return entry["reference"].get("header")


def cases(wanted):
    return [pytest.param(entry, id=entry["path"]) for entry in ENTRIES if wanted(entry)]


def images_with(wanted):
    """(entry, index of the image) of every image for which `wanted(IC)` is true, in files that decode."""
    return [pytest.param(entry, index, id=f"{entry['path']}-{index}") for entry in ENTRIES if entry["expect"] == "decode"
            for index, segment in enumerate(header(entry)["image_segments"]) if wanted(segment["IC"].strip())]


def sound(entry):
    return entry["expect"] in ("decode", "metadata") and header(entry) is not None


def digest(pixels):
    return hashlib.sha256(np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)).tobytes()).hexdigest()


def is_variant(pixels, variant):
    return list(pixels.shape) == variant["shape"] and str(pixels.dtype) == variant["dtype"] and digest(pixels) == variant["sha256"]


def is_jpeg(image):
    return image.get("gdal_fields", {}).get("IC") in JPEG


def opened(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return IO.open(path, **options)


def keys(reader, kind):
    """The keys of one kind of segment, without pieces of larger images."""
    return [key for key in reader if key.split(":")[0] == kind and not set(reader.get_asset(key).roles) & {"segment", "overview"}]


def stripped(value):
    return "" if value is None else str(value).strip()


def number(value):
    text = stripped(value)
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else None


def location(value):
    """ILOC as two numbers, from `RRRRRCCCCC` or `(row, column)`."""
    text = stripped(value)
    found = re.fullmatch(r"\((-?\d+), (-?\d+)\)", text)
    return (int(found[1]), int(found[2])) if found else (int(text[:5]), int(text[5:]))


def differences(wanted, metadata):
    """Fields of the reference that are not the same in `metadata`."""
    wrong = []
    for name, value in wanted.items():
        if name in DERIVED:
            continue
        if name in LISTED:
            bands = metadata["BAND_INFO"][:len(value)]  # the reference lists the first sixteen
            found = [number(band[name]) if name == "NLUTS" else stripped(band[name]) for band in bands]
            value = value if name == "NLUTS" else [stripped(item) for item in value]
        elif name == "NUMLABEL":
            found = number(metadata.get("NUML", metadata.get("NUMX")))
        elif name == "NBANDS":
            found = number(metadata["NBANDS"]) or number(metadata["XBANDS"])
            value = value or wanted.get("XBANDS", value)
        elif name == "ILOC":
            found, value = location(metadata[name]), location(value)
        elif isinstance(value, int):
            found = number(metadata[name])
        else:
            found, value = stripped(metadata.get(name)), stripped(value)
        if found != value:
            wrong.append(f"{name}: {found!r}, the reference has {value!r}")
    return wrong


@pytest.mark.parametrize("entry", cases(sound))
def test_the_segments_are_counted_right(corpus, entry):
    with opened(corpus / entry["path"]) as reader:
        for kind, count in KINDS:
            found, expected = len(keys(reader, kind)), header(entry).get(count, 0)
            if kind == "graphic":  # labels of NITF 2.0 may stand among the graphics
                assert expected <= found <= expected + header(entry).get("NUMLABEL", 0), kind
            else:
                assert found == expected, kind
        for key in reader:
            asset = reader.get_asset(key)
            assert asset.key == key and asset.media_type and asset.metadata.entries()


@pytest.mark.parametrize("entry", cases(sound))
def test_the_file_header_agrees_with_other_readers(corpus, entry):
    with opened(corpus / entry["path"]) as reader:
        assert differences(header(entry), reader.metadata) == []
        assert reader.format in ("nsif" if header(entry)["FHDR"] == "NSIF" else "nitf", "nitf")


@pytest.mark.parametrize("entry", cases(lambda entry: sound(entry) and header(entry)["image_segments"]))
def test_the_image_subheaders_agree_with_other_readers(corpus, entry):
    with opened(corpus / entry["path"]) as reader:
        found = keys(reader, "image")
        for key, wanted in zip(found, header(entry)["image_segments"], strict=True):
            asset = reader.get_asset(key)
            assert differences(wanted, asset.metadata) == [], key
            shape = (asset.num_rows, asset.num_columns, asset.num_bands)
            assert shape == (wanted["NROWS"], wanted["NCOLS"], wanted["NBANDS"] or wanted["XBANDS"]), key


@pytest.mark.parametrize("entry", cases(sound))
def test_tags_and_names_of_segments_agree_with_other_readers(corpus, entry):
    wanted = header(entry)
    with opened(corpus / entry["path"]) as reader:
        assert_tags(reader.metadata, wanted.get("file_tres", []))
        for key, segment in zip(keys(reader, "image"), wanted["image_segments"], strict=True):
            assert_tags(reader.get_asset(key).metadata, segment.get("tres", []))
        for kind, listed, names in (("text", "text_segments", ("TEXTID",)), ("data", "des_segments", ("DESID", "DESTAG"))):
            expected = wanted.get(listed, [])
            found = [next(stripped(reader.get_asset(key).metadata[name]) for name in names if name in reader.get_asset(key).metadata)
                     for key in keys(reader, kind)]
            assert not expected or found == expected, kind


def assert_tags(metadata, tags):
    """Every TRE is read, as often and in the same order as in the header."""
    for tag in set(tags):
        assert len(metadata.get_all(tag)) == tags.count(tag), tag
    found = [key for key in metadata if key in tags]
    assert found == list(dict.fromkeys(tags))


def filled(entry, index):
    """The value that the reference has where blocks are absent."""
    image = entry["images"][index]
    return int(float(image["gdal"]["nodata"])) if image.get("gdal_fields", {}).get("IC") == "M4" else 0


@pytest.mark.parametrize("entry,index", images_with(lambda ic: ic in EXACT))
def test_an_image_without_loss_decodes_exactly(corpus, entry, index):
    expected, fill = entry["images"][index]["variants"], filled(entry, index)
    with opened(corpus / entry["path"]) as reader:
        asset = reader.get_asset(keys(reader, "image")[index])
        pixels = asset.read(fill_value=fill)
        assert is_variant(pixels, next(v for v in expected if "stored values" in v["labels"])), \
            f"{pixels.shape} {pixels.dtype}, expected {[(v['shape'], v['dtype'], v['labels']) for v in expected]}"
        assert str(pixels.dtype) == str(asset.dtype)
        rows, cols = asset.num_rows, asset.num_columns
        window = (cols // 3, rows // 4, max(1, cols // 2), max(1, rows // 2))
        x, y, width, height = window
        assert (asset.read(window=window, fill_value=fill) == pixels[:, y:y + height, x:x + width]).all()
        block = asset.get_block(0, 0, 0)
        assert not asset.has_block(0, 0) or (block == pixels[:, :block.shape[1], :block.shape[2]]).all()
    if index == 0:
        assert (read(corpus / entry["path"], fill_value=fill) == pixels).all()


def read(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return imread(path, **options)


def luts(entry):
    segments = header(entry)["image_segments"] if entry["expect"] == "decode" else []
    return segments and segments[0]["IC"] in ("NC", "NM") and lut_variants(entry)


def lut_variants(entry):
    return [v for v in entry["images"][0]["variants"] if any(label.startswith("LUT applied") for label in v["labels"])]


@pytest.mark.parametrize("entry", cases(luts))
def test_expand_applies_the_tables(corpus, entry):
    pixels = read(corpus / entry["path"], expand=True)
    assert any(is_variant(pixels, v) for v in lut_variants(entry)), f"{pixels.shape} {pixels.dtype}"


@pytest.mark.parametrize("entry,index", [case for case in images_with(lambda ic: ic in JPEG) if case.values[0]["path"] not in BY_LEVEL])
def test_a_jpeg_image_decodes_like_that_of_another_reader(corpus, entry, index):
    with opened(corpus / entry["path"]) as reader:
        asset = reader.get_asset(keys(reader, "image")[index])
        pixels = asset.read()
        reasons = [close(pixels, variant, pixels.shape[0] == 3) for variant in entry["images"][index]["variants"]]
        assert None in reasons, reasons
        rows, cols = asset.num_rows, asset.num_columns
        x, y, width, height = cols // 3, rows // 4, max(1, cols // 2), max(1, rows // 2)
        assert (asset.read(window=(x, y, width, height)) == pixels[:, y:y + height, x:x + width]).all()


@pytest.mark.parametrize("entry", cases(lambda entry: entry["path"] in BY_LEVEL))
def test_the_table_of_a_level(corpus, tmp_path, entry):
    """The pixels are those with the table in zigzag order; in the order of the reference they would be those of the reference."""
    level, content = BY_LEVEL[entry["path"]], (corpus / entry["path"]).read_bytes()
    start = content.index(b"\xff\xd8")
    at = content.index(f"{len(content) - start:010}".encode())
    pixels = []
    for number, change in enumerate((with_level, as_gdal_has_it)):
        stream = change(content[start:], level)
        path = tmp_path / f"{number}.ntf"
        path.write_bytes(content[:at] + f"{len(stream):010}".encode() + content[at + 10:start] + stream)
        pixels.append(read(path))
    assert (read(corpus / entry["path"]) == pixels[0]).all()
    assert close(pixels[1], entry["images"][0]["variants"][0], False) is None


def difference(pixels, expected):
    """None if the pixels are those of another reader, or close to them if they are lossy."""
    reasons = [None if is_variant(pixels, variant) else close(pixels, variant, False) if expected["lossy"] else "not equal"
               for variant in expected["variants"]]
    return None if None in reasons else reasons


@pytest.mark.parametrize("entry,index", images_with(lambda ic: ic in JPEG_2000))
def test_a_jpeg_2000_image_decodes_like_that_of_another_reader(corpus, entry, index):
    with opened(corpus / entry["path"]) as reader:
        asset = reader.get_asset(keys(reader, "image")[index])
        pixels = asset.read()
        assert difference(pixels, entry["images"][index]) is None
        rows, cols = asset.num_rows, asset.num_columns
        x, y, width, height = cols // 3, rows // 4, max(1, cols // 2), max(1, rows // 2)
        assert (asset.read(window=(x, y, width, height)) == pixels[:, y:y + height, x:x + width]).all()
        last = asset.num_resolution_levels - 1
        assert asset.read(resolution_level=last).shape == asset.level_shape(last)


@pytest.mark.parametrize("entry", cases(lambda entry: entry["expect"] == "metadata"))
def test_a_file_without_an_image_opens_and_raises_when_pixels_are_requested(corpus, entry):
    path = corpus / entry["path"]
    for call in (imread, iminfo):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(ALLOWED, match="(?i)image"):
                call(path)
    with opened(path) as reader:
        assert not keys(reader, "image") and reader.metadata.raw.read(4) in (b"NITF", b"NSIF")
        for key in reader:
            asset = reader.get_asset(key)
            assert asset.raw_asset.read() and asset.metadata.raw.read(2) in (b"SY", b"TE", b"DE", b"LA"), key


@pytest.mark.parametrize("entry", cases(lambda entry: entry["expect"] == "error"))
def test_a_broken_file_is_a_clear_error(corpus, entry):
    with pytest.raises(ALLOWED) as caught:
        read(corpus / entry["path"])
    assert len(str(caught.value)) > 10


@pytest.mark.parametrize("entry", cases(lambda entry: entry["expect"] == "error-or-decode"))
def test_a_doubtful_file_is_an_error_or_right(corpus, entry):
    """Each image has the pixels that another reader found, or raises an error; a wrong length is reported."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            reader = IO.open(corpus / entry["path"])
        except ALLOWED as error:
            assert str(error).strip()
            return
        failed = 0
        with reader:
            for index, key in enumerate(keys(reader, "image")):
                try:
                    pixels = reader.get_asset(key).read()
                except ALLOWED as error:
                    assert str(error).strip()
                    failed += 1
                    continue
                known = entry.get("images", [])[index:index + 1]  # some images have no reference: no other reader reads them
                assert not known or not known[0]["variants"] or any(is_variant(pixels, v) or is_jpeg(known[0]) and not close(pixels, v, True)
                                        for v in known[0]["variants"]), f"{key}: {pixels.shape} {pixels.dtype}"
    if "header FL says" in str(entry.get("notes")):
        assert failed or any("FL" in str(one.message) for one in caught)


DEGREES = {"G": r"(\d\d)(\d\d)(\d\d)([NS])(\d{3})(\d\d)(\d\d)([EW])", "D": r"([+-]\d\d\.\d{3})([+-]\d{3}\.\d{3})"}
STEP = {"G": 1 / 3600, "D": 0.001}  # of the fields; BLOCKA and GEOLOB, if present, agree within two of these


def centres(form, text):
    """The four corners of IGEOLO as (longitude, latitude)."""
    corners = []
    for at in range(0, 60, 15):
        found = re.fullmatch(DEGREES[form], text[at:at + 15]).groups()
        if form == "G":
            lat = (int(found[0]) + int(found[1]) / 60 + int(found[2]) / 3600) * (1 if found[3] == "N" else -1)
            lon = (int(found[4]) + int(found[5]) / 60 + int(found[6]) / 3600) * (1 if found[7] == "E" else -1)
        else:
            lat, lon = float(found[0]), float(found[1])
        corners.append((lon, lat))
    return corners


def georeferenced(entry):
    segments = header(entry)["image_segments"] if sound(entry) else []
    first = segments[0] if segments else {}
    return first.get("ICORDS") in DEGREES and first["NROWS"] > 1 and first["NCOLS"] > 1 and len(first["IGEOLO"]) == 60


@pytest.mark.parametrize("entry", cases(georeferenced))
def test_corners_are_the_edges_around_the_pixel_centres_of_igeolo(corpus, entry):
    segment = header(entry)["image_segments"][0]
    info = iminfo(corpus / entry["path"])
    points = np.array(centres(segment["ICORDS"], segment["IGEOLO"]))
    points[:, 0] = points[0, 0] + (points[:, 0] - points[0, 0] + 180) % 360 - 180  # across the date line
    rows, cols = segment["NROWS"], segment["NCOLS"]
    for found, (u, v) in zip(info.corners, [(-0.5, -0.5), (cols - 0.5, -0.5), (cols - 0.5, rows - 0.5), (-0.5, rows - 0.5)], strict=True):
        s, t = u / (cols - 1), v / (rows - 1)
        weights = [(1 - s) * (1 - t), s * (1 - t), s * t, (1 - s) * t]
        expected = np.array(weights) @ points
        away = abs((found[0] - expected[0] + 180) % 360 - 180), abs(found[1] - expected[1])
        assert max(away) <= 2 * STEP[segment["ICORDS"]], f"{found}, expected {expected}"
    assert str(info.crs).upper() == "EPSG:4326"


def test_summary(corpus, record_property, capsys):
    """Counts files that open with the right segments, exact images and close ones."""
    counts = {"files opened": [0, 0], "images without loss exact": [0, 0], "JPEG images close": [0, 0],
              "JPEG 2000 images as expected": [0, 0], "doubtful without a crash": [0, 0]}

    def count(name, good):
        counts[name][0] += bool(good)
        counts[name][1] += 1

    for entry in ENTRIES:
        if not sound(entry):
            try:
                read(corpus / entry["path"])
            except ALLOWED:
                pass
            count("doubtful without a crash", True)
            continue
        try:
            with opened(corpus / entry["path"]) as reader:
                found = keys(reader, "image")
                count("files opened", len(found) == header(entry)["NUMI"])
                for key, segment, image in zip(found, header(entry)["image_segments"], entry.get("images", [])):
                    if segment["IC"].strip() in EXACT:
                        pixels = reader.get_asset(key).read(fill_value=filled(entry, entry["images"].index(image)))
                        count("images without loss exact", is_variant(pixels, image["variants"][0]))
                        continue
                    if segment["IC"].strip() in JPEG and entry["path"] not in BY_LEVEL:
                        pixels = reader.get_asset(key).read()
                        count("JPEG images close", any(close(pixels, v, len(pixels) == 3) is None for v in image["variants"]))
                        continue
                    if entry["path"] in BY_LEVEL:
                        continue
                    count("JPEG 2000 images as expected", difference(reader.get_asset(key).read(), image) is None)
        except ALLOWED:
            count("files opened", False)
    line = ", ".join(f"{name}: {good} of {total}" for name, (good, total) in counts.items())
    record_property("corpus nitf", line)
    with capsys.disabled():
        print(f"\ncorpus, NITF: {line}")
    assert all(good == total for good, total in counts.values()), line
