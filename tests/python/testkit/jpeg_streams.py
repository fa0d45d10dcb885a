"""Splits bytes into JPEG streams by their markers, from ITU-T T.81 alone, and decodes them with Pillow."""
import io
import struct

import numpy as np
from PIL import Image

SOI, EOI, SOS, DRI, DQT, SOF0 = 0xD8, 0xD9, 0xDA, 0xDD, 0xDB, 0xC0
ALONE = {SOI, EOI, *range(0xD0, 0xD8)}


class Stream:
    """One stream: its place, its bytes and its segments as (marker, payload)."""

    def __init__(self, start, content, segments):
        self.start, self.content, self.segments = start, content, segments

    def payloads(self, marker):
        return [payload for found, payload in self.segments if found == marker]

    @property
    def size(self):
        _, rows, columns = struct.unpack(">BHH", self.payloads(SOF0)[0][:5])
        return rows, columns

    @property
    def restart_interval(self):
        return struct.unpack(">H", self.payloads(DRI)[0])[0]

    @property
    def luminance(self):
        """The quantisation table 0, in the order of the file."""
        return next(list(table[1:65]) for table in self.payloads(DQT) if table[0] == 0)

    def pixels(self, mode=None):
        """(bands, rows, columns)."""
        found = Image.open(io.BytesIO(self.content))
        pixels = np.asarray(found.convert(mode) if mode else found)
        return pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)


def streams(content):
    """The streams of `content`, which follow one another with nothing between."""
    found, at = [], 0
    while at < len(content):
        assert content[at:at + 2] == bytes((0xFF, SOI)), f"no start of image at byte {at}: {content[at:at + 4].hex()}"
        start, segments, at = at, [], at + 2
        while True:
            assert content[at] == 0xFF, f"no marker at byte {at}"
            marker = content[at + 1]
            if marker == EOI:
                at += 2
                break
            length = struct.unpack(">H", content[at + 2:at + 4])[0]
            segments.append((marker, content[at + 4:at + 2 + length]))
            at += 2 + length
            if marker == SOS:
                # Entropy-coded data: only stuffed bytes and restart markers.
                while content[at] != 0xFF or content[at + 1] == 0 or 0xD0 <= content[at + 1] <= 0xD7:
                    at += 2 if content[at] == 0xFF else 1
        found.append(Stream(start, content[start:at], segments))
    return found


def without_segments(content, left_out):
    """A stream without the segments of some markers."""
    (stream,) = streams(content)
    kept = [(marker, payload) for marker, payload in stream.segments if marker not in left_out]
    head = b"".join(bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload for marker, payload in kept)
    scan = content.index(b"\xff\xda") + 2
    return b"\xff\xd8" + head + content[scan + int.from_bytes(content[scan:scan + 2], "big"):]
