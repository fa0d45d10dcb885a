"""Requests for JPEG 2000 and HTJ2K, lossless: the bytes of a rate depend on the rounding of floats."""

from golden.catalogue import image, save

for name in ("jp2", "jph"):
    for bands in (1, 3, 4):
        for kind in ("uint8", "uint16", "int16"):
            save(f"{name}/smooth/{bands}-{kind}", f"smooth {bands}x61x83 {kind}")
    for pattern in ("noisy", "constant", "thematic", "grainy"):
        save(f"{name}/{pattern}", f"{pattern} 3x150x170 uint8", block_size=(64, 80))
    for rows, columns in ((1, 1), (1, 300), (300, 1), (257, 255)):
        save(f"{name}/size/{rows}x{columns}", f"noisy 1x{rows}x{columns} uint16")
    for order in ("LRCP", "RLCP", "RPCL", "PCRL", "CPRL"):
        hints = {"J2K_PROGRESSION": order, "J2K_PRECINCTS": "64 64", "J2K_TILE_SIZE": "100 90", "J2K_CODE_BLOCK": "32 16"}
        image(f"{name}/order/{order}", "grainy 3x150x170 uint8", hints)
    for profile in ("NPJE", "EPJE"):
        image(f"{name}/profile/{profile}", "grainy 1x300x310 uint16", {"J2K_PROFILE": profile, "J2K_TILE_SIZE": "128 128"})
for style in ("bypass", "reset terminate", "causal", "predictable terminate", "segmentation"):
    image(f"jp2/style/{style}", "noisy 1x61x83 uint16", {"J2K_CODE_BLOCK_STYLE": style})
for code in ("C8", "M8", "CD", "MD"):
    image(f"nitf/codestream/{code}", "grainy 3x150x170 uint8", {"IC": code, "IMODE": "B", "NPPBH": 64, "NPPBV": 96})
