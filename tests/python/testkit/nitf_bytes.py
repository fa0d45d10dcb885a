"""Parses NITF 2.1 and NSIF 1.0 byte by byte, from the tables of MIL-STD-2500C alone.

`parse(content)` walks the whole file and fails if a length, a count or a marker is wrong; `pixels(image)` extracts the samples.
Fields are kept as the padded text of the file under their standard names.
"""
import struct
from dataclasses import dataclass, field
from pathlib import Path

SECURITY = "CLAS1 CLSY2 CODE11 CTLH2 REL20 DCTP2 DCDT8 DCXM4 DG1 DGDT8 CLTX43 CATP1 CAUT40 CRSN1 SRDT8 CTLN15"
FILE_START = "FHDR4 FVER5 CLEVEL2 STYPE4 OSTAID10 FDT14 FTITLE80 @FS FSCOP5 FSCPYS5 ENCRYP1 FBKGC3 ONAME24 OPHONE18 FL12 HL6"
COUNTS = (("NUMI", "LISH", 6, "LI", 10), ("NUMS", "LSSH", 4, "LS", 6), ("NUMX", "", 0, "", 0), ("NUMT", "LTSH", 4, "LT", 5),
          ("NUMDES", "LDSH", 4, "LD", 9), ("NUMRES", "LRESH", 4, "LRE", 7))
IMAGE_START = ("IM2 IID110 IDATIM14 TGTID17 IID280 @IS ENCRYP1 ISORCE42 NROWS8 NCOLS8 PVTYPE3 IREP8 ICAT8 ABPP2 PJUST1 ICORDS1")
IMAGE_BLOCKS = "ISYNC1 IMODE1 NBPR4 NBPC4 NPPBH4 NPPBV4 NBPP2 IDLVL3 IALVL3 ILOC10 IMAG4"
GRAPHIC = ("SY2 SID10 SNAME20 @SS ENCRYP1 SFMT1 SSTRUCT13 SDLVL3 SALVL3 SLOC10 SBND110 SCOLOR1 SBND210 SRES22")
TEXT = "TE2 TEXTID7 TXTALVL3 TXTDT14 TXTITL80 @TS ENCRYP1 TXTFMT3"
DES = "DE2 DESID25 DESVER2 @DES"
RES = "RE2 RESID25 RESVER2 @RES RESSHL4"
NOT_RECORDED = 0xFFFFFFFF
ENDS_IN_DIGIT = {"IID1": 10, "IID2": 80, "SBND1": 10, "SBND2": 10, "SRES2": 2}


@dataclass
class Tre:
    """One TRE: its area (`UDHD`, `XHD`, `UDID`, …, or the overflow DES of that area) and its CEDATA."""
    area: str
    tag: str
    data: bytes
    overflow: bool = False


@dataclass
class Segment:
    """The file header or one segment."""
    kind: str
    offset: int
    fields: dict = field(default_factory=dict)
    tres: list = field(default_factory=list)
    subheader: bytes = b""
    data: bytes = b""
    data_offset: int = 0
    bands: list = field(default_factory=list)
    comments: list = field(default_factory=list)
    user: bytes = b""

    def __getitem__(self, name):
        return self.fields[name]

    def number(self, name):
        text = self.fields[name]
        assert text.isdecimal() and text.isascii(), f"{self.kind}: {name} is {text!r}, not digits"
        return int(text)

    def text(self, name):
        return self.fields[name].rstrip(" ")

    def tags(self, area=None):
        return [tre.tag for tre in self.tres if area in (None, tre.area)]

    def tre(self, tag, index=0):
        return [tre.data for tre in self.tres if tre.tag == tag][index]


@dataclass
class File:
    """A whole file. The TREs of the header and of each segment include those that overflowed into a DES."""
    content: bytes
    header: Segment
    images: list = field(default_factory=list)
    graphics: list = field(default_factory=list)
    texts: list = field(default_factory=list)
    des: list = field(default_factory=list)
    res: list = field(default_factory=list)

    def segments(self):
        return [*self.images, *self.graphics, *self.texts, *self.des, *self.res]


@dataclass
class Mask:
    """The image data mask table: one record per block, with IMODE S per band and block."""
    offset: int
    blocks: list
    pads: list
    code_bits: int
    code: bytes


class Reader:
    """Reads fields in sequence from `content`."""

    def __init__(self, content, offset, fields):
        self.content, self.at, self.fields = content, offset, fields

    def bytes(self, size):
        assert self.at + size <= len(self.content), f"{size} bytes at {self.at} pass the end at {len(self.content)}"
        self.at += size
        return self.content[self.at - size:self.at]

    def take(self, name, size):
        assert name not in self.fields, name
        self.fields[name] = self.bytes(size).decode("latin-1")
        return self.fields[name]

    def number(self, name, size):
        text = self.take(name, size)
        assert text.isdecimal() and text.isascii(), f"{name} is {text!r} at {self.at - size}, not {size} digits"
        return int(text)

    def table(self, text):
        for name, size in table(text):
            self.take(name, size)

    def area(self, segment, length, overflow, name, area, digits=5):
        """A length field and, if it is not zero, the overflow index and the TREs."""
        size = self.number(length, digits)
        if size:
            assert size >= 3, f"{length} is {size}"
            self.number(overflow, 3)
            segment.tres += tres(self.bytes(size - 3), area or name)


def table(text):
    """(name, size) for each word of a table; a word `@XX` stands for a security group with that prefix."""
    for word in text.split():
        if word.startswith("@"):
            yield from ((word[1:] + name, size) for name, size in table(SECURITY))
            continue
        name = next((known for known in ENDS_IN_DIGIT if word.startswith(known)), word.rstrip("0123456789"))
        yield name, int(word[len(name):])


def tres(content, area, overflow=False):
    """The TREs of an area; they must fill it exactly."""
    found, at = [], 0
    while at < len(content):
        head = content[at:at + 11]
        assert len(head) == 11 and head[6:].isdigit(), f"no TRE head at {at} of {area}: {head!r}"
        size = int(head[6:])
        data = content[at + 11:at + 11 + size]
        assert len(data) == size, f"{head[:6]!r} passes the end of {area}"
        found.append(Tre(area, head[:6].decode("latin-1").rstrip(" "), data, overflow))
        at += 11 + size
    return found


def parse(source, exact=True):
    """Parses `source`, a path or the bytes of a file; with `exact=False` bytes may follow the last segment."""
    content = bytes(source) if isinstance(source, (bytes, bytearray)) else Path(source).read_bytes()
    assert content[:9] in (b"NITF02.10", b"NSIF01.00", b"NSIF01.01"), content[:9]
    content_head = streamed_header(content) or content
    header = Segment("header", 0)
    lengths = file_header(Reader(content_head, 0, header.fields), header)
    found = File(content, header)
    at = header.number("HL")
    for count, sizes in lengths.items():
        for subheader, data in sizes:
            segment = Segment(count, at, subheader=content[at:at + subheader], data_offset=at + subheader)
            assert at + subheader + data <= len(content), f"{count}: {data} bytes at {segment.data_offset} pass the end"
            segment.data = content[segment.data_offset:segment.data_offset + data]
            reader = Reader(content[:at + subheader], at, segment.fields)
            PARSERS[count](reader, segment)
            assert reader.at == at + subheader, f"{count} subheader at {at}: {reader.at - at} bytes, its length field has {subheader}"
            at += subheader + data
            {"NUMI": found.images, "NUMS": found.graphics, "NUMT": found.texts, "NUMDES": found.des, "NUMRES": found.res}[count].append(segment)
    assert at == header.number("FL") and (at == len(content) or not exact), f"segments end at {at}, FL is {header['FL']}, the file has {len(content)} bytes"
    attach_overflow(found)
    return found


def streamed_header(content):
    """The replacement header of a file whose lengths are all nines, from its STREAMING_FILE_HEADER DES."""
    if content[342:354] != b"9" * 12:
        return None
    assert content[-11:-7] == bytes.fromhex("0ECA14BF"), "FL is unknown and no replacement header ends the file"
    size = int(content[-7:])
    start = len(content) - 11 - size
    assert content[start - 4:start] == bytes.fromhex("0A6E1D97") and int(content[start - 11:start - 4]) == size
    return content[start:start + size]


def file_header(reader, header):
    reader.table(FILE_START)
    lengths = {}
    for count, sub, sub_size, data, data_size in COUNTS:
        number = reader.number(count, 3)
        assert sub or number == 0, "NUMX"
        lengths[count] = [(reader.number(f"{sub}{i:03}", sub_size), reader.number(f"{data}{i:03}", data_size)) for i in range(1, number + 1)]
    reader.area(header, "UDHDL", "UDHOFL", "UDHD", "UDHD")
    reader.area(header, "XHDL", "XHDLOFL", "XHD", "XHD")
    assert reader.at == header.number("HL"), f"the header has {reader.at} bytes, HL has {header['HL']}"
    header.subheader = reader.content[:reader.at]
    return lengths


def image_subheader(reader, image):
    reader.table(IMAGE_START)
    if image["ICORDS"] != " ":
        reader.take("IGEOLO", 60)
    for _ in range(reader.number("NICOM", 1)):
        image.comments.append(reader.bytes(80).decode("latin-1"))
    if reader.take("IC", 2) not in ("NC", "NM"):
        reader.take("COMRAT", 4)
    bands = reader.number("NBANDS", 1) or reader.number("XBANDS", 5)
    for _ in range(bands):
        band = {}
        part = Reader(reader.content, reader.at, band)
        part.table("IREPBAND2 ISUBCAT6 IFC1 IMFLT3 NLUTS1")
        if band["NLUTS"] != "0":
            entries = part.number("NELUT", 5)
            band["LUTS"] = [part.bytes(entries) for _ in range(int(band["NLUTS"]))]
        reader.at = part.at
        image.bands.append(band)
    reader.table(IMAGE_BLOCKS)
    reader.area(image, "UDIDL", "UDOFL", "UDID", "UDID")
    reader.area(image, "IXSHDL", "IXSOFL", "IXSHD", "IXSHD")
    assert image["IM"] == "IM"


def graphic_subheader(reader, graphic):
    reader.table(GRAPHIC)
    reader.area(graphic, "SXSHDL", "SXSOFL", "SXSHD", "SXSHD")
    assert graphic["SY"] == "SY"


def text_subheader(reader, text):
    reader.table(TEXT)
    reader.area(text, "TXSHDL", "TXSOFL", "TXSHD", "TXSHD")
    assert text["TE"] == "TE"


def des_subheader(reader, des):
    reader.table(DES)
    if des.text("DESID") == "TRE_OVERFLOW":
        reader.table("DESOFLW6 DESITEM3")
    des.user = reader.bytes(reader.number("DESSHL", 4))
    assert des["DE"] == "DE"


def res_subheader(reader, res):
    reader.table(RES)
    res.user = reader.bytes(res.number("RESSHL"))
    assert res["RE"] == "RE"


PARSERS = {"NUMI": image_subheader, "NUMS": graphic_subheader, "NUMT": text_subheader, "NUMDES": des_subheader, "NUMRES": res_subheader}
OVERFLOW_FIELDS = {"UDHD": "UDHOFL", "XHD": "XHDLOFL", "UDID": "UDOFL", "IXSHD": "IXSOFL", "SXSHD": "SXSOFL", "TXSHD": "TXSOFL"}


def attach_overflow(found):
    """Follows the links of every area to its TRE_OVERFLOW DES and back, and adds the TREs found there."""
    linked = set()
    owners = [("", 0, found.header)] + [(kind, i, segment) for kind, segments in (("I", found.images), ("S", found.graphics), ("T", found.texts))
                                        for i, segment in enumerate(segments, 1)]
    for _, item, owner in owners:
        for area, name in OVERFLOW_FIELDS.items():
            index = int(owner.fields.get(name, "000"))
            if not index:
                continue
            assert index <= len(found.des), f"{name} is {index} of {len(found.des)} DES"
            des = found.des[index - 1]
            assert des.text("DESID") == "TRE_OVERFLOW", des.fields
            assert (des.text("DESOFLW"), des.number("DESITEM")) == (area, item), des.fields
            assert index not in linked, f"DES {index} is the overflow of two areas"
            linked.add(index)
            owner.tres += tres(des.data, area, overflow=True)
    for index, des in enumerate(found.des, 1):
        assert des.text("DESID") != "TRE_OVERFLOW" or index in linked, f"nothing links to the TRE_OVERFLOW DES {index}"


def mask(image):
    """The mask table at the start of the data of a masked image."""
    assert image["IC"] not in ("NC",) and image["IC"].startswith(("NM", "M"))
    offset, bmr, tmr, bits = struct.unpack_from(">IHHH", image.data)
    assert bmr in (0, 4) and tmr in (0, 4), (bmr, tmr)
    records = image.number("NBPR") * image.number("NBPC") * (len(image.bands) if image["IMODE"] == "S" else 1)
    code, at = image.data[10:10 + (bits + 7) // 8], 10 + (bits + 7) // 8
    lists = []
    for size in (bmr, tmr):
        lists.append(list(struct.unpack_from(f">{records}I", image.data, at)) if size else [])
        at += size and 4 * records
    assert at == offset, f"the mask table has {at} bytes, IMDATOFF is {offset}"
    return Mask(offset, *lists, bits, code)
