"""Requests that read handmade files like those of other writers, and write them again."""

from golden import foreign
from golden.catalogue import add, pixels
from golden.copies import first, whole
from golden.foreign_nitf import nitf20
from testkit import nitf_make

SMALL = "smooth 1x20x30 uint8"


def divided():
    """A NITF whose image stands in three segments."""
    parts = [pixels("smooth 1x20x9 uint8"), pixels("noisy 1x20x9 uint8"), pixels("smooth 1x7x9 uint8")]
    return nitf_make.file(
        [
            nitf_make.image(
                part,
                block=(9, min(part.shape[1], 10)),
                IID1=f"SICD{number + 1:03}",
                IDLVL=number + 1,
                IALVL=number,
                ILOC=f"{20 if number else 0:05}00000",
            )
            for number, part in enumerate(parts)
        ]
    )


def forged(**options):
    """A function that makes a NITF of one image by hand."""
    values = dict(options)
    spec, more = values.pop("spec", "noisy 2x40x50 uint8"), values.pop("file", {})
    return lambda: nitf_make.file([nitf_make.image(pixels(spec), **values)], **more)


FORGED = {
    "divided": divided,
    "undecodable": forged(spec=SMALL, PVTYPE="R", ic="C8", comrat="N100"),
    "outside": forged(spec=SMALL, block=(30, 20), NBPR="0002"),
    "streamed": forged(file={"streamed": True, "texts": [nitf_make.text(b"a\r\nb")]}),
    "pad-code": forged(spec=SMALL, ic="NM", block=(16, 16), absent={(0, 0)}, code=b"\1\xff", code_bits=16),
    "areas": forged(
        udid=nitf_make.tre("FIRST", b"1"),
        ixshd=nitf_make.tre("SECOND", b"22"),
        file={"udhd": nitf_make.tre("THIRD", b"3"), "xhd": nitf_make.tre("FOURTH", b"4")},
    ),
    "broken-area": forged(ixshd=nitf_make.tre("FIRST", b"1") + b"ABCDEF00099"),
    "odd-fields": forged(IDATIM="19990000000000", IREP="ODD", IMAG="x", IID1=""),
    "texts": lambda: nitf_make.file(
        texts=[nitf_make.text(b"\xe9\xff", TXTFMT="UT1"), nitf_make.text("Ω".encode(), TXTFMT="U8S"), nitf_make.text(b"M//", TXTFMT="MTF")]
    ),
    "extensions": lambda: nitf_make.file(
        graphics=[nitf_make.graphic(sxshd=nitf_make.tre("FIRST", b"1"))], des=[nitf_make.des(b"own", b"user")], res=[nitf_make.res(b"r", b"u")]
    ),
    "overflow": forged(
        spec=SMALL,
        ixshd=nitf_make.tre("FIRST", b"1"),
        ixsofl=1,
        file={"des": [nitf_make.overflow_des("IXSHD", 1, nitf_make.tre("SECOND", b"2" * 500))]},
    ),
    "stray-overflow": forged(spec=SMALL, file={"des": [nitf_make.overflow_des("IXSHD", 1, nitf_make.tre("SECOND", b"2"))]}),
    "zero-block": forged(zero_block=True),
    "mode-R": forged(imode="R", block=(16, 16)),
    "twelve-bits": forged(spec="noisy 2x40x50 uint16 12", nbpp=12, block=(16, 16), imode="P"),
    "comments": forged(comments=["first", "second é"]),
}
for version in ("02.00", "01.10"):
    for downgrade in ("", "960229", "999998", "999999"):
        FORGED[f"{version}-{downgrade or 'none'}"] = lambda version=version, downgrade=downgrade: nitf20(
            pixels("noisy 1x40x50 uint16"), version, downgrade
        )
for word, make in FORGED.items():
    add(f"nitf/foreign/{word}", whole, make)
for word in ("mode-R", "twelve-bits", "pad-code", "divided", "02.00-none"):
    add(f"tiff/foreign/nitf-{word}", first, FORGED[word])

TAGS = [
    (270, "s", b"a text\0"),
    (33550, "d", [2.0, 2.0, 0.0]),
    (33922, "d", [0.0, 0.0, 0.0, 5.0, 6.0, 0.0]),
    (34735, "H", [1, 1, 0, 1, 3072, 0, 1, 32618]),
    (65000, "H", [1, 2, 3, 4, 5]),
    (65001, "B", b"\1\2"),
    (65002, "d", [0.5]),
]
for order, big in (("<", False), (">", False), ("<", True), (">", True)):
    for spec in ("noisy 1x50x40 uint16", "smooth 3x50x40 uint8", "noisy 2x50x40 float64", "noisy 1x50x40 complex64"):
        word = f"{'little' if order == '<' else 'big'}-endian{'-64' if big else ''}-{spec.split()[2]}"
        add(f"tiff/foreign/{word}", whole, lambda spec=spec, order=order, big=big: foreign.tiff(pixels(spec), order, big, tags=TAGS))
for bits in (1, 2, 4, 12):
    spec = f"noisy 1x50x41 uint16 {bits}"
    add(f"tiff/foreign/bits-{bits}", whole, lambda spec=spec, bits=bits: foreign.tiff(pixels(spec), bits=bits))
add("nitf/foreign/tiff-big-endian", first, lambda: foreign.tiff(pixels("noisy 1x50x40 uint16"), ">", tags=TAGS))
add("png/foreign/tiff-64", first, lambda: foreign.tiff(pixels("smooth 3x50x40 uint8"), "<", True))
