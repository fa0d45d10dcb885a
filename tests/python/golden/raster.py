"""Requests for PNG and JPEG."""
from golden.catalogue import save

for bands in (1, 2, 3, 4):
    for kind in ("uint8", "uint16"):
        for pattern in ("smooth", "noisy"):
            save(f"png/{pattern}/{bands}-{kind}", f"{pattern} {bands}x61x83 {kind}")
        save(f"png/small/{bands}-{kind}", f"smooth {bands}x61x83 {kind}", metadata={"PNG_COMPRESSION": "small"})
for quality in (1, 10, 50, 75, 90, 100):
    save(f"jpeg/quality/{quality}", "smooth 3x61x83 uint8", quality=quality)
    save(f"jpeg/quality/{quality}-grey", "smooth 1x61x83 uint8", quality=quality)
