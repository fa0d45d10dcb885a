"""The samples of an uncompressed NITF image, extracted by hand from the bytes: IMODE, blocks, masks, bit depths,
justification."""
import numpy as np

from testkit.nitf_bytes import NOT_RECORDED, mask

AXES = {"B": (0, 1, 2), "P": (2, 0, 1), "R": (1, 0, 2)}  # (bands, rows, columns) → their axes in a stored block


def dtype_of(image):
    """The native dtype that holds the samples."""
    bits, kind = image.number("NBPP"), {"INT": "u", "SI": "i", "R": "f", "C": "c", "B": "u"}[image.text("PVTYPE")]
    return np.dtype(f"{kind}{max(1, bits // 8) if bits != 12 else 2}")


def block_size(image):
    """(width, height) of a block; 0000 stands for the whole side."""
    return image.number("NPPBH") or image.number("NCOLS"), image.number("NPPBV") or image.number("NROWS")


def block_bytes(image):
    """Bytes of one stored block (with IMODE S of one band)."""
    width, height = block_size(image)
    count, bands, bits = width * height, len(image.bands), image.number("NBPP")
    if image["IMODE"] in "BS":
        return (bands if image["IMODE"] == "B" else 1) * ((count * bits + 7) // 8)
    return (count * bands * bits + 7) // 8


def samples(content, count, image):
    """`count` samples packed in `content`."""
    bits = image.number("NBPP")
    if bits == 1:
        return np.unpackbits(np.frombuffer(content, np.uint8))[:count]
    if bits == 12:
        nibbles = np.frombuffer(content, np.uint8).repeat(2)
        nibbles = np.where(np.arange(nibbles.size) % 2 == 0, nibbles >> 4, nibbles & 15).astype(np.uint16)
        triples = nibbles[: 3 * count].reshape(count, 3)
        return triples[:, 0] << 8 | triples[:, 1] << 4 | triples[:, 2]
    native = dtype_of(image)
    return np.frombuffer(content, native.newbyteorder(">"), count).astype(native)


def block(content, image):
    """One stored block as (bands, height, width)."""
    assert len(content) == block_bytes(image), (len(content), block_bytes(image))
    width, height = block_size(image)
    count, bands = width * height, len(image.bands)
    if image["IMODE"] == "S":
        return samples(content, count, image).reshape(1, height, width)
    if image["IMODE"] == "B":
        size = len(content) // bands
        return np.stack([samples(content[b * size:(b + 1) * size], count, image) for b in range(bands)]).reshape(bands, height, width)
    shape = (bands, height, width)
    axes = AXES[image["IMODE"]]
    stored = [0, 0, 0]
    for length, place in zip(shape, axes):
        stored[place] = length
    return samples(content, count * bands, image).reshape(stored).transpose(axes)


def offsets(image):
    """The offset of every stored block in the image data; None if it is not recorded."""
    size = block_bytes(image)
    count = image.number("NBPR") * image.number("NBPC") * (len(image.bands) if image["IMODE"] == "S" else 1)
    if image["IC"] == "NC":
        assert len(image.data) == size * count, f"LI is {len(image.data)}, {count} blocks of {size} bytes are {size * count}"
        return [i * size for i in range(count)]
    table = mask(image)
    records = table.blocks or [i * size for i in range(count)]
    kept = sorted(r for r in records if r != NOT_RECORDED)
    for start, after in zip(kept, kept[1:]):
        assert after - start >= size, f"blocks overlap at {start}"
    assert not kept or table.offset + kept[-1] + size <= len(image.data), "a block passes the end of the image data"
    return [None if r == NOT_RECORDED else table.offset + r for r in records]


def stored_pixels(image, fill=0, padded=False):
    """(bands, rows, columns) as stored, ignoring PJUST; `padded` keeps the fill of edge blocks; absent blocks become `fill`."""
    assert image["IC"] in ("NC", "NM"), image["IC"]
    width, height = block_size(image)
    across, down, bands = image.number("NBPR"), image.number("NBPC"), len(image.bands)
    rows, cols = image.number("NROWS"), image.number("NCOLS")
    assert (across, down) == (-(-cols // width), -(-rows // height)), "NBPR, NBPC"
    found = np.full((bands, down * height, across * width), fill, dtype_of(image))
    separate = image["IMODE"] == "S"
    for index, offset in enumerate(offsets(image)):
        if offset is None:
            continue
        band, place = divmod(index, across * down)
        row, col = divmod(place, across)
        target = slice(band, band + 1) if separate else slice(None)
        content = image.data[offset:offset + block_bytes(image)]
        found[target, row * height:(row + 1) * height, col * width:(col + 1) * width] = block(content, image)
    return found if padded else found[:, :rows, :cols]


def pixels(image, fill=0):
    """(bands, rows, columns) as values: left-justified samples are shifted down."""
    found = stored_pixels(image, fill)
    spare = image.number("NBPP") - image.number("ABPP")
    return found >> found.dtype.type(spare) if image["PJUST"] == "L" and spare else found


def absent(image):
    """The set of blocks (row, column) none of whose bands is recorded."""
    across, down = image.number("NBPR"), image.number("NBPC")
    missing = [offset is None for offset in offsets(image)]
    planes = [missing[i:i + across * down] for i in range(0, len(missing), across * down)]
    return {divmod(i, across) for i in range(across * down) if all(plane[i] for plane in planes)}
