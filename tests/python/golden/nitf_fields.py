"""Requests for NITF: fields of headers, TREs, texts, graphics, data extensions and files of several segments."""

import datetime

import numpy as np

from golden.catalogue import add, image, pixels, request
from testkit.nitf_ours import provider, write

SMALL = "smooth 1x20x30 uint8"
CGM = bytes.fromhex("0020") + bytes(range(98)) + bytes.fromhex("0040")
CORNER = "+38.249000-077.499000"
BLOCK = {"N_GRAY": "00000", "L_LINES": "00020", "SHADOW_ANGLE": "359", **dict.fromkeys(("FRLC_LOC", "LRLC_LOC", "LRFC_LOC", "FRFC_LOC"), CORNER)}
MOMENT = datetime.datetime(2024, 2, 29, 1, 2, 3)
EAST = datetime.timezone(datetime.timedelta(hours=2))
POINTS = """
structure GOLDNB  Points of interest
source    our own
field COUNT 2 N+ int
repeat COUNT as POINT
  field NAME  8 A
  field VALUE 8 A real
end
"""

for word, metadata in {
    "IDATIM": {"IDATIM": "20240517103000"},
    "IDATIM-moment": {"IDATIM": MOMENT},
    "IDATIM-zone": {"IDATIM": MOMENT.replace(tzinfo=EAST)},
    "IDATIM-unknown": {"IDATIM": "202402--------"},
    "ISSRDT": {"ISSRDT": datetime.date(2024, 2, 29)},
    "texts": {"TGTID": "TARGET", "IID1": "abc_1", "IID2": "a title", "ISORCE": "a sensor é", "ICAT": "EO"},
    "numbers": {"IDLVL": 12, "IMAG": 2.5, "ILOC": (5, 10)},
    "padded": {"IDLVL": "012", "IMAG": "/2  ", "ILOC": "0000000005"},
    "comments": {"ICOM": ["first", "x" * 80]},
    "comment": {"ICOM": "only one"},
    "numbered": {"ICOM3": "third", "ICOM1": "first"},
    "security": {"ISCLAS": "S", "ISCLSY": "US", "ISCODE": "XX", "ISDCTP": "X", "ISCLTX": "a text"},
    "unclassified": {"ISCLAS": "U"},
    "odd-category": {"ICAT": "WIND"},
    "odd-representation": {"IREP": "RGB"},
    "no-field": {"Compression": "x", "GeoModelType": "x", "FTITLE": "x"},
    "facts": {"NROWS": 20, "IM": "IM", "NICOM": 0, "NBPR": 1},
    "hints-of-others": {"J2K_DECOMPOSITION_LEVELS": 5, "259": "lzw", "PNG_PHYS": [1, 1, 1]},
}.items():
    image(f"nitf/fields/{word}", SMALL, metadata)
for word, header in {
    "FDT": {"FDT": MOMENT},
    "texts": {"FTITLE": "a title", "OSTAID": "HERE", "ONAME": "Ünd", "OPHONE": "+49 1"},
    "copies": {"FSCOP": 3, "FSCPYS": "00009"},
    "background": {"FBKGC": b"\x01\x80\xff"},
    "security": {"FSCLAS": "R", "FSCLSY": "US", "FSREL": "US CA"},
    "level": {"CLEVEL": "07"},
    "tres": {"XQZW01": b"one", "ABCDEF": "two"},
    "facts": {"FHDR": "NITF", "NUMI": 1, "XHDL": 0},
    "no-field": {"IID2": "x", "259": 1},
}.items():
    image(f"nitf/header/{word}", SMALL, None, header=header)
image("nsif/header/01.01", SMALL, None, header={"FVER": "01.01", "FTITLE": "a title"})
for word, names in {
    "short": ("t", "from the air"),
    "long": ("a title of many letters", "from the air"),
    "comments": ("a title of many letters", "abc " * 100),
    "description": ("", "from the air"),
}.items():
    image(f"nitf/names/{word}", SMALL, None, title=names[0], description=names[1])
image("nitf/names/against-fields", SMALL, {"IID1": "mine", "IID2": "mine too", "ICOM": ["c"]}, title="t", description="from the air")

CORNERS = {f"{kind}_{axis}_{n}": 0.5 for kind in ("OP", "FI") for axis in ("ROW", "COL") for n in (11, 12, 21, 22)}
for word, metadata in {
    "STDIDC": {"STDIDC": {"ACQUISITION_DATE": "20240517103000", "MISSION": "EXAMPLE", "PASS": "01"}},
    "BLOCKA": {"BLOCKA": BLOCK},
    "ICHIPB": {"ICHIPB": {"FI_ROW": 1000, "FI_COL": 2000, **CORNERS, "FI_COL_11": 100.5, "SCALE_FACTOR": 1.0, "XFRM_FLAG": 0}},
    "defaults": {"ICHIPB": {"XFRM_FLAG": 1}},
    "bytes": {"BLOCKA": b"010000000020000359" + b" " * 16 + CORNER.encode() * 4 + b"010.0"},
    "odd-bytes": {"ICHIPB": b"short"},
    "unknown": {"ABCDEF": b"\0\1\xff", "X": b"one", "MY_TRE": b"a b", "QWERTY": "text é", "ABC123": "0123", "lower": b"x"},
    "groups": {
        "ENGRDA": {
            "RESRC": "SENSOR",
            "RECORDS": [
                {"ENGLBL": "LABEL", "ENGMTXC": 1, "ENGMTXR": 3, "ENGTYP": "A", "ENGDATA": "xyz"},
                {"ENGTYP": "I", "ENGDTS": 4, "ENGDATA": b"\0\1\2\xff"},
            ],
        }
    },
    "list": {"GOLDNA": [b"one", b"two", b"three"]},
    "several": {"GOLDNA": b"any", "BLOCKA": BLOCK, "STDIDC": {"MISSION": "X"}, "GOLDNC": b"00", "ICOM": ["c"]},
}.items():
    image(f"nitf/tres/{word}", SMALL, metadata)


@request("nitf/tres/repeated")
def repeated(path):
    from aws.osml.io import BufferedMetadataProvider

    metadata = BufferedMetadataProvider({"IID2": "a title"})
    for body in (b"first", b"second", b"third"):
        metadata.append("GOLDNA", body)
        metadata.append("BLOCKA", {**BLOCK, "L_LINES": len(body)})
    write(path, provider(pixels(SMALL), metadata))


@request("nitf/tres/registered")
def registered(path):
    from aws.osml.io.nitf import register_tre

    register_tre(POINTS)
    points = [{"NAME": "first", "VALUE": "0001.250"}, {"NAME": "second", "VALUE": "0002.500"}]
    write(path, provider(pixels(SMALL), {"GOLDNB": {"COUNT": "02", "POINT": points}}))


@request("nitf/tres/model")
def model(path):
    from aws.osml.io.nitf import RPC

    zeros = (0.0,) * 16
    found = RPC(
        line_off=300,
        samp_off=400,
        lat_off=40.0,
        long_off=-75.0,
        height_off=100,
        line_scale=300,
        samp_scale=400,
        lat_scale=0.03125,
        long_scale=0.0625,
        height_scale=500,
        line_num_coeff=(0, 0.125, -1, 0.25, *zeros),
        line_den_coeff=(1, 0, 0, 0, *zeros),
        samp_num_coeff=(0, 1, 0.125, -0.0625, *zeros),
        samp_den_coeff=(1, 0, 0, 0, *zeros),
    )
    write(path, provider(pixels(SMALL), {"RPC00B": found.to_tre()}))


def many(sizes):
    """Bodies of these sizes under one tag."""
    from aws.osml.io import BufferedMetadataProvider

    return BufferedMetadataProvider([("BIGTRE", bytes([n % 251]) * size) for n, size in enumerate(sizes)])


@request("nitf/overflow/none", [99_985])
@request("nitf/overflow/few", [40_000] * 8)
@request("nitf/overflow/mixed", [60_000, 100, 60_000, 100, 60_000])
@request("nitf/overflow/small", [1000] * 300)
def overflowing(path, sizes):
    write(path, provider(pixels(SMALL), many(sizes)))


@request("nitf/overflow/header")
def overflowing_header(path):
    write(path, provider(pixels(SMALL), {"ISCLAS": "S", "ISCLSY": "US"}), metadata=many([50_000] * 6))


@request("nitf/overflow/segments")
def overflowing_segments(path):
    write(
        path,
        data(b"mine", metadata={"DESID": "MINE"}),
        provider(pixels(SMALL), many([99_985] * 3), key="image:0"),
        provider(pixels(SMALL), key="image:1"),
        text("hello", metadata=many([9_724])),
        graphic(metadata=many([9_740])),
        metadata=many([99_985] * 3),
    )


def text(content, key="text:0", **more):
    from aws.osml.io import BufferedTextAssetProvider

    return BufferedTextAssetProvider.create(key, content, **more)


def graphic(content=CGM, key="graphic:0", **more):
    from aws.osml.io import BufferedGraphicAssetProvider

    return BufferedGraphicAssetProvider.create(key, content, **more)


def data(content=b"abc", key="data:0", **more):
    from aws.osml.io import BufferedDataAssetProvider

    return BufferedDataAssetProvider.create(key, content, **more)


def alone(path, make, content, title="", description="", **more):
    """A file of one asset that is not an image."""
    write(path, (make(content, **more), title, description))


for word, content, more in [
    ("plain", "two\nlines\n", {"title": "A title"}),
    ("line-ends", "a\r\nb\n\nc", {}),
    ("latin", "é ÿ", {"metadata": {"TXTFMT": "UT1"}}),
    ("latin-asked", "é ÿ", {"encoding": "ISO-8859-1"}),
    ("utf-8", "é ÿ", {"metadata": {"TXTFMT": "U8S"}}),
    ("beyond", "é Ω 日本", {}),
    ("message", "MSGID/TEST//", {"metadata": {"TXTFMT": "MTF"}}),
    ("long", "x" * 99_998, {}),
    ("letter", "a", {}),
    ("fields", "x", {"metadata": {"TEXTID": "ABC", "TXTDT": MOMENT, "TXTITL": "a name", "TXTALVL": 0, "GOLDNA": b"one"}}),
    ("long-title", "x", {"title": "A title of very many letters, more than seven", "description": "d"}),
]:
    add(f"nitf/text/{word}", alone, text, content, **more)
for word, content, more in [
    ("plain", CGM, {}),
    ("title", CGM, {"title": "North arrow", "description": "short"}),
    (
        "fields",
        CGM,
        {"metadata": {"SLOC": (3, -4), "SBND1": "0000100002", "SBND2": (50, 60), "SDLVL": 12, "SCOLOR": "M", "SNAME": "arrow", "GOLDNA": b"x"}},
    ),
]:
    add(f"nitf/graphic/{word}", alone, graphic, content, **more)
XML = b'<?xml version="1.0"?><a>\xc3\xa9</a>'
for word, content, more in [
    ("plain", bytes(range(256)) * 300, {}),
    ("title", b"abc", {"title": "MY_DES"}),
    ("long-title", b"abc", {"title": "a title much too long for an identifier"}),
    ("fields", b"abc", {"metadata": {"DESID": "MY_DATA", "DESVER": 3, "DESSHF": b"user \xff", "DESCLAS": "U"}}),
    ("xml", XML, {"mime_type": "application/xml"}),
    ("xml-text", XML, {"mime_type": "text/xml"}),
    ("reserved", b"abc", {"metadata": {"RESID": "MY_RES", "RESVER": 2}}),
    ("byte", b"a", {}),
    (
        "user-header",
        XML,
        {
            "mime_type": "application/xml",
            "metadata": {
                "DESID": "XML_DATA_CONTENT",
                "DESSHF": {"DESCRC": 99999, "DESSHFT": "XML", "DESSHDT": "2024-01-31T00:00:00Z", "DESSHTN": "urn:example"},
            },
        },
    ),
]:
    add(f"nitf/data/{word}", alone, data, content, **more)


def everything(path, kind, first):
    """All kinds of segments; `first`: whether the small ones come before the images."""
    images = [
        provider(
            pixels(f"noisy {n + 1}x{20 + n}x{31 - n} {kind}"),
            {"IMODE": mode, "NPPBH": 8, "NPPBV": 8, "ICOM": [f"comment {n}"], "GOLDND": b"%d" % n},
            key=f"image:{n}",
        )
        for n, (kind, mode) in enumerate(zip(("uint8", "uint16", "float32"), "BPS"))
    ]
    others = [
        text("first\nsecond"),
        graphic(title="arrow"),
        data(XML, mime_type="application/xml"),
        text("é", key="text:1"),
        data(b"x", key="data:1", metadata={"RESID": "R"}),
        graphic(key="graphic:1", metadata={"SALVL": 1, "SLOC": (2, 3)}),
    ]
    write(path, *(others + images if first else images + others), metadata={"FTITLE": "everything", "XQZW01": b"file"}, format=kind)


for kind in ("nitf", "nsif"):
    add(f"{kind}/segments/after-images", everything, kind, False)
    add(f"{kind}/segments/before-images", everything, kind, True)


@request("nitf/segments/levels", [{}, {}, {"IDLVL": 7, "IALVL": 1, "ILOC": (5, -10)}, {}])
@request("nitf/segments/attached", [{"IDLVL": 3}, {"IALVL": 3, "ILOC": (10, 20)}, {"IALVL": 3}])
@request("nitf/segments/classes", [{"ISCLAS": "C", "ISCLSY": "US"}, {"ISCLAS": "S", "ISCLSY": "US"}, {}])
@request("nitf/segments/many", [{}] * 25)
def images(path, fields):
    write(path, *(provider(pixels(SMALL), metadata, key=f"image:{n}") for n, metadata in enumerate(fields)))


@request("nitf/fields/arrays")
def arrays(path):
    write(path, provider(pixels(SMALL), {"IDLVL": np.uint16(4), "IMAG": np.float32(0.5), "ILOC": np.array([1, 2])}))
