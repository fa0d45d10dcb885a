"""Makes NITF and NSIF files of any structure, byte by byte: unusual files, and files that no writer should make.

`image(array, …)`, `graphic(…)`, `text(…)`, `des(…)`, `res(…)` return (subheader, data) pairs, `file(…)` joins them. Any field can be
overridden by name, whatever the consequence.
"""
import struct

import numpy as np

from testkit.nitf_bytes import (COUNTS, DES, ENDS_IN_DIGIT, FILE_START, GRAPHIC, IMAGE_BLOCKS, IMAGE_START, NOT_RECORDED, RES, TEXT,
                                table)

assert ENDS_IN_DIGIT
ZEROS = {"FSCOP", "FSCPYS", "ENCRYP", "SSTRUCT", "SRES2", "SALVL", "TXTALVL", "IALVL", "ISYNC", "ILOC", "SLOC", "SBND1", "SBND2"}
DEFAULTS = {"FHDR": "NITF", "FVER": "02.10", "CLEVEL": "03", "STYPE": "BF01", "OSTAID": "TESTS", "FDT": "20240131235959", "FSCLAS": "U",
            "FBKGC": "\0\0\0", "IM": "IM", "IID1": "IMAGE", "IDATIM": "20240131120000", "ISCLAS": "U", "ICAT": "VIS", "PJUST": "R", "IMAG": "1.0",
            "SY": "SY", "SID": "GRAPHIC", "SSCLAS": "U", "SFMT": "C", "SCOLOR": "C", "SDLVL": "100", "TE": "TE", "TEXTID": "TEXT",
            "TXTDT": "20240131120000", "TSCLAS": "U", "TXTFMT": "STA", "DE": "DE", "DESID": "TEST_DES", "DESVER": "01", "DESCLAS": "U",
            "RE": "RE", "RESID": "TEST_RES", "RESVER": "01", "RESCLAS": "U"}


def tre(tag, data):
    """The bytes of one TRE."""
    return f"{tag:6}{len(data):05}".encode() + bytes(data)


def area(content=b"", overflow=0):
    """A length field with its overflow index and TREs."""
    if not content and not overflow:
        return b"00000"
    return f"{len(content) + 3:05}{overflow:03}".encode() + content


def fields(text, values):
    """The bytes of a table; fields missing in `values` are defaults, zeros or blanks."""
    parts = []
    for name, size in table(text):
        value = values.pop(name, DEFAULTS.get(name, "0" * size if name in ZEROS else ""))
        if isinstance(value, int):
            value = f"{value:0{size}}"
        parts.append(value if isinstance(value, bytes) else value.encode("latin-1").ljust(size))
        assert len(parts[-1]) == size, (name, value)
    return b"".join(parts)


def image(array, imode="B", block=None, nbpp=None, abpp=None, pjust="R", ic="NC", absent=(), padded=(), bmr=True, tmr=False, code=b"",
          code_bits=None, fill=0, bands=None, comments=(), udid=b"", ixshd=b"", udofl=0, ixsofl=0, zero_block=False, data=None, comrat=None,
          **values):
    """An image segment. `absent` and `padded`: blocks (row, column); `bands`: BAND_INFO tuples (IREPBAND, ISUBCAT, LUTs)."""
    array = np.asarray(array)
    count, rows, cols = array.shape
    width, height = block or (cols, rows)
    nbpp = nbpp or array.dtype.itemsize * 8
    kind = "B" if nbpp == 1 else {"u": "INT", "i": "SI", "f": "R", "c": "C"}[array.dtype.kind]
    across, down = -(-cols // width), -(-rows // height)
    values.setdefault("IREP", "MONO" if count == 1 else "RGB" if count == 3 else "MULTI")
    values = {"NROWS": rows, "NCOLS": cols, "PVTYPE": kind, "ABPP": abpp or nbpp, "PJUST": pjust, "IMODE": imode, "NBPR": across, "NBPC": down,
              "NPPBH": 0 if zero_block else width, "NPPBV": 0 if zero_block else height, "NBPP": nbpp, "IDLVL": 1, **values}
    head = fields(IMAGE_START, values)
    if values.get("ICORDS", head[371:372].decode()) != " ":
        head += values.pop("IGEOLO").encode()
    head += f"{len(comments)}".encode() + b"".join(c.encode("latin-1").ljust(80) for c in comments) + ic.encode()
    head += (comrat or "").encode()
    head += f"{count}".encode() if count < 10 else f"0{count:05}".encode()
    names = {"MONO": ["M"], "RGB": ["R", "G", "B"]}.get(values.pop("IREP", ""), ["M"])
    for b in range(count):
        name, category, luts = (bands[b] if bands else ((names + [""] * count)[b], "", ()))
        head += f"{name:2}{category:6}N   {len(luts)}".encode() + (f"{len(luts[0]):05}".encode() if luts else b"") + b"".join(luts)
    head += fields(IMAGE_BLOCKS, values) + area(udid, udofl) + area(ixshd, ixsofl)
    values.pop("ICORDS", None)
    assert not values, f"unknown fields: {values}"
    if data is None:
        data = image_data(array, imode, (width, height), nbpp, fill, ic, set(absent), set(padded), bmr, tmr, code, code_bits)
    return head, data


def image_data(array, imode, size, nbpp, fill, ic, absent, padded, bmr, tmr, code, code_bits):
    """Mask table and blocks."""
    (width, height), (count, rows, cols) = size, array.shape
    across, down = -(-cols // width), -(-rows // height)
    whole = np.full((count, down * height, across * width), fill, array.dtype)
    whole[:, :rows, :cols] = array
    blocks, pads, at, parts = [], [], 0, []
    for band in range(count) if imode == "S" else [slice(None)]:
        for row in range(down):
            for col in range(across):
                place = (band, row, col) if imode == "S" and (band, row, col) in absent | padded else (row, col)
                part = whole[:, row * height:(row + 1) * height, col * width:(col + 1) * width][band]
                content = b"" if place in absent else packed(part if part.ndim == 3 else part[None], imode, nbpp)
                blocks.append(NOT_RECORDED if place in absent else at)
                pads.append(at if place in padded else NOT_RECORDED)
                at += len(content)
                parts.append(content)
    if ic == "NC":
        return b"".join(parts)
    records = (blocks if bmr else []) + (pads if tmr else [])
    bits = len(code) * 8 if code_bits is None else code_bits
    start = 10 + len(code) + 4 * len(records)
    return struct.pack(">IHHH", start, 4 * bool(bmr), 4 * bool(tmr), bits) + code + struct.pack(f">{len(records)}I", *records) + b"".join(parts)


def packed(part, imode, nbpp):
    """The bytes of one block (bands, height, width)."""
    if imode == "B":
        return b"".join(bits(band, nbpp) for band in part)
    return bits(part.transpose({"P": (1, 2, 0), "R": (1, 0, 2), "S": (0, 1, 2)}[imode]), nbpp)


def bits(values, nbpp):
    """Samples packed in `nbpp` bits each, big-endian; the last byte is filled with zeros."""
    values = np.ascontiguousarray(values).reshape(-1)
    if nbpp == 1:
        return np.packbits(values.astype(np.uint8)).tobytes()
    if nbpp == 12:
        return np.packbits((values[:, None] >> np.arange(11, -1, -1)) & 1).tobytes()
    assert nbpp == values.dtype.itemsize * 8, (nbpp, values.dtype)
    return values.astype(values.dtype.newbyteorder(">")).tobytes()


def graphic(data=b"\0\x20\x00\x40", sxshd=b"", sxsofl=0, **values):
    return closed(fields(GRAPHIC, values) + area(sxshd, sxsofl), values), data


def text(data=b"a text", txshd=b"", txsofl=0, **values):
    return closed(fields(TEXT, values) + area(txshd, txsofl), values), data


def des(data=b"data", user=b"", **values):
    overflow = f"{values.pop('DESOFLW'):6}{values.pop('DESITEM'):03}".encode() if "DESOFLW" in values else b""
    return closed(fields(DES, values) + overflow + f"{len(user):04}".encode() + user, values), data


def overflow_des(area_name, item, content):
    """A TRE_OVERFLOW DES for `item`, the 1-based segment or 0 for the file header."""
    return des(content, DESID="TRE_OVERFLOW", DESOFLW=area_name, DESITEM=item)


def res(data=b"reserved", user=b"", **values):
    return closed(fields(RES.replace(" RESSHL4", ""), values) + f"{len(user):04}".encode() + user, values), data


def closed(content, values):
    assert not values, f"unknown fields: {values}"
    return content


def file(images=(), graphics=(), texts=(), des=(), res=(), udhd=b"", xhd=b"", udhofl=0, xhdlofl=0, streamed=False, **values):
    """A whole file. `streamed`: all lengths are nines, and a STREAMING_FILE_HEADER DES at the end has the true header."""
    segments = {"NUMI": list(images), "NUMS": list(graphics), "NUMX": [], "NUMT": list(texts), "NUMDES": list(des), "NUMRES": list(res)}
    if not streamed:
        return header(segments, udhd, xhd, udhofl, xhdlofl, False, values) + body(segments)
    assert not res, "the replacement header is the last DES"
    length = len(header({**segments, "NUMDES": [*des, (b"", b"")]}, udhd, xhd, udhofl, xhdlofl, False, dict(values)))
    last = globals()["des"](b"\0" * (length + 22), DESID="STREAMING_FILE_HEADER")
    segments["NUMDES"].append(last)
    true = header(segments, udhd, xhd, udhofl, xhdlofl, False, dict(values))
    size = f"{length:07}".encode()
    segments["NUMDES"][-1] = (last[0], size + bytes.fromhex("0A6E1D97") + true + bytes.fromhex("0ECA14BF") + size)
    return header(segments, udhd, xhd, udhofl, xhdlofl, True, values) + body(segments)


def header(segments, udhd, xhd, udhofl, xhdlofl, unknown, values):
    lengths = b""
    for count, sub, sub_size, _, data_size in COUNTS:
        lengths += f"{len(segments[count]):03}".encode()
        for subheader, data in segments[count]:
            sizes = (b"9" * sub_size, b"9" * data_size) if unknown else (f"{len(subheader):0{sub_size}}".encode(), f"{len(data):0{data_size}}".encode())
            lengths += b"".join(sizes)
    lengths += area(udhd, udhofl) + area(xhd, xhdlofl)
    length = 360 + len(lengths)
    total = length + len(body(segments))
    given = {"HL": length, "FL": "9" * 12 if unknown else total, **values}
    return closed(fields(FILE_START, given), given) + lengths


def body(segments):
    return b"".join(part for pairs in segments.values() for pair in pairs for part in pair)
