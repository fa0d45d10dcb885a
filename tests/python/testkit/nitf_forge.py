"""Writes NITF files by hand, field by field, with any field falsified: damaged files, sparse files and unusual structures.

It follows the tables of MIL-STD-2500C and shares nothing with the package under test. A `Part` is a header or subheader whose fields
can be replaced by name; a `File` computes lengths and counts, and `lies` replaces them afterwards.
"""
import numpy as np

EMPTY = 2**32 - 1  # the record of a block that is not stored
SECURITY = [("CLAS", 1), ("CLSY", 2), ("CODE", 11), ("CTLH", 2), ("REL", 20), ("DCTP", 2), ("DCDT", 8), ("DCXM", 4), ("DG", 1), ("DGDT", 8),
            ("CLTX", 43), ("CATP", 1), ("CAUT", 40), ("CRSN", 1), ("SRDT", 8), ("CTLN", 15)]
SECURITY_20 = [("CLAS", 1), ("CODE", 40), ("CTLH", 40), ("REL", 40), ("CAUT", 20), ("CTLN", 20), ("DWNG", 6)]


class Part:
    """Fields in order: name and bytes."""

    def __init__(self):
        self.fields = []

    def add(self, name, value, size=None):
        """Adds text padded on the right, a number padded on the left, or bytes as they are."""
        if isinstance(value, int):
            value = f"{value:0{size}d}"
        if isinstance(value, str):
            value = value.encode("latin-1").ljust(size or 0)
        assert size is None or len(value) == size, f"{name}: {value!r} is not {size} bytes"
        self.fields.append([name, bytes(value)])
        return self

    def set(self, **values):
        """Replaces fields: text is padded with blanks on the right; bytes may have any length and move the following fields."""
        for name, value in values.items():
            at = [known for known, _ in self.fields].index(name)
            size = len(self.fields[at][1])
            if isinstance(value, int):
                value = f"{value:0{size}d}"
            if isinstance(value, str):
                value = value.encode("latin-1").ljust(size)
                assert len(value) == size, f"{name}: {value!r} is not {size} bytes"
            self.fields[at][1] = bytes(value)
        return self

    def offset(self, name):
        total = 0
        for known, value in self.fields:
            if known == name:
                return total
            total += len(value)
        raise KeyError(name)

    def __bytes__(self):
        return b"".join(value for _, value in self.fields)

    def __len__(self):
        return sum(len(value) for _, value in self.fields)


def security(part, prefix, old=False):
    for name, size in SECURITY_20 if old else SECURITY:
        part.add(prefix + name, "U" if name == "CLAS" else "999999" if name == "DWNG" else "", size)


def tre(tag, body, cel=None):
    """A TRE; `cel` replaces its length."""
    body = body.encode("latin-1") if isinstance(body, str) else body
    return f"{tag:6}{len(body) if cel is None else cel:05}".encode("latin-1") + body


def area(part, names, tres, overflow=0):
    """An area of TREs: its length, the overflow index, the TREs."""
    length, index, body = names
    part.add(length, len(tres) + 3 if tres or overflow else 0, 5)
    if tres or overflow:
        part.add(index, overflow, 3)
        part.add(body, tres)


def image(rows, cols, bands=1, *, nbpp=8, abpp=None, pvtype="INT", irep=None, imode="B", ic="NC", comrat=None, block=None, icords=" ", igeolo="",
          comments=(), luts=None, idlvl=1, ialvl=0, iloc=(0, 0), imag="1.0", udid=b"", ixshd=b"", overflow=0, name="", old=False, **fields):
    """An image subheader; `block` = (width, height); `old`: of NITF 2.0. Further fields replace the computed ones."""
    width, height = block or (cols, rows)
    grid = (-(-cols // width), -(-rows // height))
    irep = irep or ("MONO" if bands == 1 else "RGB" if bands == 3 and nbpp <= 16 and pvtype == "INT" else "MULTI")
    part = Part().add("IM", "IM", 2).add("IID1", name or "Image", 10).add("IDATIM", "01120000ZJAN20" if old else "20200101120000", 14)
    part.add("TGTID", "", 17).add("IID2", "", 80)
    security(part, "IS", old)
    part.add("ENCRYP", "0", 1).add("ISORCE", "", 42).add("NROWS", rows, 8).add("NCOLS", cols, 8).add("PVTYPE", pvtype, 3)
    part.add("IREP", irep, 8).add("ICAT", "VIS", 8).add("ABPP", abpp or nbpp, 2).add("PJUST", "R", 1)
    none = "N" if old else " "
    icords = none if icords == " " else icords
    part.add("ICORDS", icords, 1)
    if icords != none:
        part.add("IGEOLO", igeolo, 60)
    part.add("NICOM", len(comments), 1)
    for number, comment in enumerate(comments, 1):
        part.add(f"ICOM{number}", comment, 80)
    part.add("IC", ic, 2)
    if ic not in ("NC", "NM"):
        part.add("COMRAT", comrat or "00.0", 4)
    part.add("NBANDS", bands if bands < 10 else 0, 1)
    if bands > 9:
        part.add("XBANDS", bands, 5)
    names = ["R", "G", "B"] if irep == "RGB" else ["LU" if luts is not None else "M"] + [""] * (bands - 1)
    for number, irepband in enumerate(names, 1):
        part.add(f"IREPBAND{number}", irepband, 2).add(f"ISUBCAT{number}", "", 6).add(f"IFC{number}", "N", 1).add(f"IMFLT{number}", "", 3)
        tables = luts if luts is not None and number == 1 else []
        part.add(f"NLUTS{number}", len(tables), 1)
        if len(tables):
            part.add(f"NELUT{number}", len(tables[0]), 5)
            for index, table in enumerate(tables, 1):
                part.add(f"LUTD{number}{index}", bytes(table))
    part.add("ISYNC", 0, 1).add("IMODE", imode, 1).add("NBPR", grid[0], 4).add("NBPC", grid[1], 4)
    part.add("NPPBH", 0 if width > 8192 else width, 4).add("NPPBV", 0 if height > 8192 else height, 4).add("NBPP", nbpp, 2)
    part.add("IDLVL", idlvl, 3).add("IALVL", ialvl, 3).add("ILOC", "%05d%05d" % iloc, 10).add("IMAG", imag, 4)
    area(part, ("UDIDL", "UDOFL", "UDID"), udid)
    area(part, ("IXSHDL", "IXSOFL", "IXSHD"), ixshd, overflow)
    return part.set(**fields)


def graphic(ixshd=b"", **fields):
    part = Part().add("SY", "SY", 2).add("SID", "graphic", 10).add("SNAME", "A graphic", 20)
    security(part, "SS")
    part.add("ENCRYP", "0", 1).add("SFMT", "C", 1).add("SSTRUCT", 0, 13).add("SDLVL", 500, 3).add("SALVL", 0, 3).add("SLOC", 0, 10)
    part.add("SBND1", 0, 10).add("SCOLOR", "C", 1).add("SBND2", 0, 10).add("SRES2", 0, 2)
    area(part, ("SXSHDL", "SXSOFL", "SXSHD"), ixshd)
    return part.set(**fields)


def text(form="STA", txshd=b"", **fields):
    part = Part().add("TE", "TE", 2).add("TEXTID", "text", 7).add("TXTALVL", 0, 3).add("TXTDT", "20200101120000", 14).add("TXTITL", "A text", 80)
    security(part, "TS")
    part.add("ENCRYP", "0", 1).add("TXTFMT", form, 3)
    area(part, ("TXSHDL", "TXSOFL", "TXSHD"), txshd)
    return part.set(**fields)


def des(desid="OWN_DES", header=b"", overflows=None, **fields):
    """A DES subheader; `overflows` = (DESOFLW, DESITEM) of a TRE_OVERFLOW."""
    part = Part().add("DE", "DE", 2).add("DESID", "TRE_OVERFLOW" if overflows else desid, 25).add("DESVER", 1, 2)
    security(part, "DES")
    if overflows:
        part.add("DESOFLW", overflows[0], 6).add("DESITEM", overflows[1], 3)
    part.add("DESSHL", len(header), 4).add("DESSHF", header)
    return part.set(**fields)


def res(**fields):
    part = Part().add("RE", "RE", 2).add("RESID", "OWN_RES", 25).add("RESVER", 1, 2)
    security(part, "RES")
    return part.add("RESSHL", 0, 4).set(**fields)


KINDS = (("images", "NUMI", "LISH", 6, "LI", 10), ("graphics", "NUMS", "LSSH", 4, "LS", 6), (None, "NUMX", "", 0, "", 0),
         ("texts", "NUMT", "LTSH", 4, "LT", 5), ("des", "NUMDES", "LDSH", 4, "LD", 9), ("res", "NUMRES", "LRESH", 4, "LRE", 7))


class File:
    """Segments as lists of (subheader, data); `bytes(file)` is the file, `offset` returns the positions of segments."""

    def __init__(self, images=(), graphics=(), texts=(), des=(), res=(), *, magic="NITF02.10", level=3, title="", udhd=b"", xhd=b"", overflow=0,
                 lies=None, tail=b""):
        self.segments = {"images": list(images), "graphics": list(graphics), "texts": list(texts), "des": list(des), "res": list(res)}
        self.magic, self.level, self.title, self.udhd, self.xhd, self.overflow = magic, level, title, udhd, xhd, overflow
        self.lies, self.tail = dict(lies or {}), tail

    def header(self, sizes=None):
        """The file header; `sizes` = name of a list → lengths of its data, if they differ from those in memory."""
        old = self.magic.endswith("02.00")
        part = Part().add("FHDR", self.magic[:4], 4).add("FVER", self.magic[4:], 5).add("CLEVEL", self.level, 2).add("STYPE", "BF01", 4)
        part.add("OSTAID", "BY-HAND", 10).add("FDT", "01120000ZJAN20" if old else "20200101120000", 14).add("FTITLE", self.title, 80)
        security(part, "FS", old)
        part.add("FSCOP", 0, 5).add("FSCPYS", 0, 5).add("ENCRYP", "0", 1)
        if not old:
            part.add("FBKGC", b"\x10\x20\x30", 3)
        part.add("ONAME", "", 27 if old else 24).add("OPHONE", "", 18).add("FL", 0, 12).add("HL", 0, 6)
        total = 0
        for kind, count, head, head_size, body, body_size in KINDS:
            segments = self.segments.get(kind, [])
            part.add(count, len(segments), 3)
            for number, (sub, data) in enumerate(segments, 1):
                length = (sizes or {}).get(kind, {}).get(number - 1, len(data))
                part.add(f"{head}{number:03}", len(sub), head_size).add(f"{body}{number:03}", length, body_size)
                total += len(sub) + length
        area(part, ("UDHDL", "UDHOFL", "UDHD"), self.udhd)
        area(part, ("XHDL", "XHDLOFL", "XHD"), self.xhd, self.overflow)
        return part.set(FL=total + len(part) + len(self.tail), HL=len(part)).set(**self.lies)

    def __bytes__(self):
        parts = [bytes(self.header())]
        for kind in ("images", "graphics", "texts", "des", "res"):
            for sub, data in self.segments[kind]:
                parts += [bytes(sub), bytes(data)]
        return b"".join(parts) + self.tail

    def offset(self, kind, number=0):
        """The offsets of a segment's subheader and of its data."""
        at = len(self.header())
        for name in ("images", "graphics", "texts", "des", "res"):
            for index, (sub, data) in enumerate(self.segments[name]):
                if (name, index) == (kind, number):
                    return at, at + len(sub)
                at += len(sub) + len(data)
        raise KeyError(kind)


def blocks(array, imode="B", block=None, fill=0):
    """The blocks of (bands, rows, cols) in the order of the file, each as bytes; edge blocks are filled up."""
    array = np.asarray(array)
    width, height = block or array.shape[:0:-1]
    bands, rows, cols = array.shape
    down, across = -(-rows // height), -(-cols // width)
    full = np.full((bands, down * height, across * width), fill, array.dtype)
    full[:, :rows, :cols] = array
    full = full.astype(array.dtype.newbyteorder(">"))
    parts = [full[:, r * height:(r + 1) * height, c * width:(c + 1) * width] for r in range(down) for c in range(across)]
    if imode == "S":
        return [part[band].tobytes() for band in range(bands) for part in parts]
    order = {"B": (0, 1, 2), "P": (1, 2, 0), "R": (1, 0, 2)}[imode]
    return [part.transpose(order).tobytes() for part in parts]


def stored(array, imode="B", block=None):
    return b"".join(blocks(array, imode, block))


def packed(array, bits):
    """Samples of 1 or 12 bits: most significant bit first, rows without padding, each band padded to a byte."""
    def pack(band):
        spread = (band.reshape(-1, 1).astype(np.uint32) >> np.arange(bits - 1, -1, -1)) & 1
        return np.packbits(spread.astype(np.uint8).reshape(-1)).tobytes()

    return b"".join(pack(band) for band in np.asarray(array))


def mask_table(offsets=None, padded=None, pad=None, bits=8, **lies):
    """The table before the blocks of IC NM: the records of blocks, of blocks with pad pixels, and the pad pixel (bytes).
    `IMDATOFF`, `BMRLNTH`, `TMRLNTH`, `TPXCDLNTH` replace the derived values."""
    records = [np.array(part, ">u4").tobytes() for part in (offsets, padded) if part is not None]
    pad = b"" if pad is None else pad
    part = Part()
    part.add("IMDATOFF", (10 + len(pad) + sum(map(len, records))).to_bytes(4, "big")).add("BMRLNTH", _u2(4 if offsets is not None else 0))
    part.add("TMRLNTH", _u2(4 if padded is not None else 0)).add("TPXCDLNTH", _u2(bits if pad else 0)).add("TPXCD", pad)
    for name, value in lies.items():
        part.set(**{name: value.to_bytes(4 if name == "IMDATOFF" else 2, "big")})
    return bytes(part) + b"".join(records)


def masked(array, imode="B", block=None, absent=(), pad=None, bits=None):
    """The data of IC NM without the blocks numbered in `absent` (bands counted last under S)."""
    parts, records, at = blocks(array, imode, block), [], 0
    for number, part in enumerate(parts):
        records.append(EMPTY if number in absent else at)
        at += 0 if number in absent else len(part)
    kept = [part for number, part in enumerate(parts) if number not in absent]
    return mask_table(records, None, pad, bits or 8 * np.asarray(array).itemsize) + b"".join(kept)


def _u2(value):
    return value.to_bytes(2, "big")
