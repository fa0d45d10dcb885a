"""NITF 2.0 files (MIL-STD-2500A), which this package reads and writes again as 2.1."""

import re

from testkit.nitf_make import tre

_SECURITY = "CLAS1 CODE40 CTLH40 REL40 CAUT20 CTLN20 DWNG6"
_FILE = f"FHDR4 FVER5 CLEVEL2 STYPE4 OSTAID10 FDT14 FTITLE80 {_SECURITY} FSCOP5 FSCPYS5 ENCRYP1 ONAME27 OPHONE18 FL12 HL6"
_IMAGE = (
    f"IM2 IID10 IDATIM14 TGTID17 ITITLE80 {_SECURITY} ENCRYP1 ISORCE42 NROWS8 NCOLS8 PVTYPE3 IREP8 ICAT8 ABPP2 PJUST1 ICORDS1 IGEOLO60 NICOM1 "
    "ICOM80 IC2 NBANDS1 IREPBAND2 ISUBCAT6 IFC1 IMFLT3 NLUTS1 ISYNC1 IMODE1 NBPR4 NBPC4 NPPBH4 NPPBV4 NBPP2 IDLVL3 IALVL3 ILOC10 IMAG4"
)
_SYMBOL = f"SY2 SID10 SNAME20 {_SECURITY} ENCRYP1 STYPE1 NLIPS4 NPIXPL4 NWDTH4 NBPP1 SDLVL3 SALVL3 SLOC10 SLOC210 SCOLOR1 SNUM6 SROT3 NELUT3 SXSHDL5"
_LABEL = f"LA2 LID10 {_SECURITY} ENCRYP1 LFS1 LCW2 LCH2 LDLVL3 LALVL3 LLOC10 LTC3 LBC3 LXSHDL5"
_TEXT = f"TE2 TEXTID10 TXTDT14 TXTITL80 {_SECURITY} ENCRYP1 TXTFMT3 TXSHDL5"
_DATA = f"DE2 DESTAG25 DESVER2 {_SECURITY} DESSHL4"
_SIZES = ((6, 10), (4, 6), (4, 3), (4, 5), (4, 9), (4, 7))
_CORNERS = "381458N0772958W381458N0771802W380902N0771802W380902N0772958W"
_DATE = "29123456ZFEB96"


def nitf20(array, version="02.00", downgrade="999999"):
    """A file with one image of one band in one block, a symbol, a label, a text and a data extension."""
    security = {"CLAS": "U", "DWNG": downgrade, "CTLH": "handling", "CAUT": "authority"}
    (rows, columns), bits = array.shape[1:], array.dtype.itemsize * 8
    image = _fixed(
        _IMAGE,
        IM="IM",
        IID="PICTURE",
        IDATIM=_DATE,
        TGTID="TARGET",
        ITITLE="a title",
        ISORCE="a source",
        NROWS=rows,
        NCOLS=columns,
        PVTYPE="INT",
        IREP="MONO",
        ICAT="VIS",
        ABPP=bits,
        PJUST="R",
        ICORDS="G",
        IGEOLO=_CORNERS,
        NICOM=1,
        ICOM="a comment",
        IC="NC",
        NBANDS=1,
        IREPBAND="M",
        IFC="N",
        NLUTS=0,
        ISYNC=0,
        IMODE="B",
        NBPR=1,
        NBPC=1,
        NPPBH=columns,
        NPPBV=rows,
        NBPP=bits,
        IDLVL=1,
        IALVL=0,
        ILOC=0,
        IMAG="1.0",
        **security,
    )
    extension = tre("FIRST", b"1")
    image += b"00000" + f"{len(extension) + 3:05}000".encode() + extension
    symbol = _fixed(
        _SYMBOL,
        SY="SY",
        SID="SYMBOL",
        SNAME="an arrow",
        STYPE="C",
        SDLVL=2,
        SALVL=1,
        SLOC="0000300004",
        SLOC2="0000000000",
        SCOLOR="C",
        SXSHDL=0,
        **security,
    )
    label = _fixed(_LABEL, LA="LA", LID="LABEL", LDLVL=3, LALVL=0, LLOC="0000500006", LTC="\1\2\3", LBC="\4\5\6", LXSHDL=0, **security)
    text = _fixed(_TEXT, TE="TE", TEXTID="TEXT", TXTDT=_DATE, TXTITL="a text", TXTFMT="STA", TXSHDL=0, **security)
    data = _fixed(_DATA, DE="DE", DESTAG="MY_DATA", DESVER=1, DESSHL=4, **security) + b"user"
    pixels = array.astype(array.dtype.newbyteorder(">")).tobytes()
    segments = [[(image, pixels)], [(symbol, b"\0\x20\0\x40")], [(label, b"a label")], [(text, b"two\r\nlines")], [(data, b"content")], []]
    lengths = b"".join(_lengths(pairs, *sizes) for pairs, sizes in zip(segments, _SIZES)) + b"0000000000"
    body = b"".join(part for pairs in segments for pair in pairs for part in pair)
    values = {
        "FHDR": "NITF",
        "FVER": version,
        "CLEVEL": 1,
        "OSTAID": "STATION",
        "FDT": _DATE,
        "FTITLE": "a file",
        "FSCOP": 1,
        "FSCPYS": 2,
        "ENCRYP": 0,
        "ONAME": "somebody",
        "OPHONE": "1234",
        **security,
    }
    length = len(_fixed(_FILE, **values)) + len(lengths)
    return _fixed(_FILE, FL=length + len(body), HL=length, **values) + lengths + body


def _lengths(pairs, subheader, data):
    return f"{len(pairs):03}".encode() + b"".join(f"{len(head):0{subheader}}{len(content):0{data}}".encode() for head, content in pairs)


def _fixed(layout, **values):
    """The fields of `layout`, each its name and its size; numbers with leading zeros, and behind `DWNG` of 999998 the event."""
    parts = []
    for word in layout.split():
        name, size = (word[:-2], 10) if word == "SLOC210" else re.fullmatch(r"(\D+)(\d+)", word).groups()
        value = values.get(name, "0" if name == "ENCRYP" else "")
        parts.append(f"{value:0{size}}" if isinstance(value, int) else f"{value:{size}}")
        if name == "DWNG" and value == "999998":
            parts.append(f"{'an event':40}")
    return "".join(parts).encode("latin-1")
