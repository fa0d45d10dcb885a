"""The rules by which GDAL's validation script judges a Cloud Optimized GeoTIFF, on the bytes of a file as tifffile reads them."""
import struct
from pathlib import Path

import tifffile

SIGNATURE = b"GDAL_STRUCTURAL_METADATA_SIZE="
REDUCED, MASK = 1, 4


def cog_errors(path):
    """What is wrong with a file; an empty list for a COG."""
    data = Path(path).read_bytes()
    with tifffile.TiffFile(path) as tif:
        pages = [_Page(page) for page in tif.pages]
        header = 16 if tif.is_bigtiff else 8
    return [*_ghost_errors(data, header, pages), *_directory_errors(pages), *_order_errors(pages),
            *(error for page in pages for error in _tile_errors(data, page))]


def ghost(path):
    """The lines of the area behind the header, as a dict."""
    data = Path(path).read_bytes()
    start = data.index(SIGNATURE)
    size = int(data[start + len(SIGNATURE):][:6])
    text = data[start + 43:][:size].decode("ascii")
    return dict(line.strip().split("=") for line in text.splitlines() if line.strip())


class _Page:
    def __init__(self, page):
        tags = {tag.code: tag.value for tag in page.tags.values()}
        self.offset, self.is_tiled = page.offset, page.is_tiled
        self.subfile = int(tags.get(254, 0))
        self.size = page.imagelength, page.imagewidth
        self.tiles = list(zip(page.dataoffsets, page.databytecounts))
        self.geo = {33550, 33922, 34264, 34735, 34736, 34737} & set(tags)

    @property
    def first(self):
        return next((offset for offset, count in self.tiles if count), None)


def _ghost_errors(data, header, pages):
    if not data[header:].startswith(SIGNATURE):
        return ["no structural metadata behind the header"]
    size = int(data[header + len(SIGNATURE):][:6])
    end = header + 43 + size
    expected = end + end % 2
    found = [] if pages[0].offset == expected else [f"first IFD at {pages[0].offset}, expected {expected}"]
    text = data[header + 43:end]
    wanted = (b"LAYOUT=IFDS_BEFORE_DATA", b"BLOCK_ORDER=ROW_MAJOR", b"BLOCK_LEADER=SIZE_AS_UINT4",
              b"BLOCK_TRAILER=LAST_4_BYTES_REPEATED", b"KNOWN_INCOMPATIBLE_EDITION=NO\n ")
    found += [f"no line {line!r}" for line in wanted if line not in text]
    if b"MASK_INTERLEAVED_WITH_IMAGERY=YES" in text:
        for image in (page for page in pages if not page.subfile & MASK):
            mask = next((page for page in pages if page.subfile & MASK and page.size == image.size), None)
            found += _interleave_errors(image, mask) if mask else []
    return found


def _interleave_errors(image, mask):
    if len(image.tiles) != len(mask.tiles):
        return [f"mask of IFD {image.offset}: {len(mask.tiles)} tiles for {len(image.tiles)}"]
    pairs = zip(image.tiles, mask.tiles)
    return [f"mask tile {number} of IFD {image.offset} does not follow its tile"
            for number, ((offset, count), (at, length)) in enumerate(pairs) if count and length and at != offset + count + 8]


def _directory_errors(pages):
    errors = [f"IFD {page.offset} is not tiled" for page in pages if not page.is_tiled]
    errors += [f"IFD {page.offset} states a georeference" for page in pages if page.subfile and page.geo]
    offsets = [page.offset for page in pages]
    if offsets != sorted(offsets):
        errors.append(f"IFDs do not ascend: {offsets}")
    for kind in (REDUCED, REDUCED | MASK):
        full = next((page for page in pages if page.subfile == kind & MASK), None)
        sizes = [page.size for page in [full, *(page for page in pages if page.subfile == kind)] if page]
        for larger, smaller in zip(sizes, sizes[1:]):
            if not (smaller[0] <= larger[0] and smaller[1] <= larger[1] and smaller != larger):
                errors.append(f"overview of {smaller} after {larger}")
    return errors


def _order_errors(pages):
    """The smallest overview first, the full image last, all after the last IFD."""
    images = [page for page in pages if not page.subfile & MASK and page.first]
    firsts = [page.first for page in reversed(images)]
    errors = [] if firsts == sorted(firsts) else [f"tiles do not go from the smallest level to the full image: {firsts}"]
    if firsts and min(firsts) < max(page.offset for page in pages):
        errors.append("tiles begin before the last IFD")
    return errors


def _tile_errors(data, page):
    last = 0
    for number, (offset, count) in enumerate(page.tiles):
        if not count:
            continue
        name = f"tile {number} of IFD {page.offset}"
        if offset < last:
            yield f"{name} lies before the tile before it"
        last = offset
        if struct.unpack("<I", data[offset - 4:offset])[0] != count:
            yield f"{name}: its leader is not its length"
        payload = data[offset:offset + count]
        if data[offset + count:offset + count + 4] != payload[-4:].ljust(4, b"\0"):
            yield f"{name}: its trailer is not its last 4 bytes"
