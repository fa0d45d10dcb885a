"""A parser of JPEG 2000 codestreams and of the boxes around them, apart from the code under test."""
import struct

SOT, SOD, EOC = 0xFF90, 0xFF93, 0xFFD9


class Codestream:
    """The segments of the main header and the tile-parts of a codestream; asserts that they fit together."""

    def __init__(self, data):
        assert data[:4] == b"\xff\x4f\xff\x51" and data[-2:] == b"\xff\xd9"
        self.data, self.segments, self.parts = data, {}, []
        at = 2
        while (marker := struct.unpack(">H", data[at:at + 2])[0]) != SOT:
            length = struct.unpack(">H", data[at + 2:at + 4])[0]
            self.segments.setdefault(marker, []).append(data[at + 4:at + 2 + length])
            at += 2 + length
        self.first = at
        while at < len(data) - 2:
            _, length, tile, size, part, parts = struct.unpack(">HHHIBB", data[at:at + 12])
            assert length == 10 and size >= 14
            markers, inner = [], at + 12
            while (marker := struct.unpack(">H", data[inner:inner + 2])[0]) != SOD:
                markers.append((marker, data[inner + 4:inner + 2 + struct.unpack(">H", data[inner + 2:inner + 4])[0]]))
                inner += 2 + struct.unpack(">H", data[inner + 2:inner + 4])[0]
            self.parts.append({"tile": tile, "part": part, "parts": parts, "at": at, "size": size, "markers": markers, "data": inner + 2})
            at += size
        assert at == len(data) - 2, "tile-parts fill the stream up to EOC"

    @property
    def siz(self):
        fields = struct.unpack(">H8IH", self.segments[0xFF51][0][:36])
        names = ("capabilities", "x1", "y1", "x0", "y0", "tile_x", "tile_y", "tile_x0", "tile_y0", "components")
        out = dict(zip(names, fields))
        out["depths"] = [self.segments[0xFF51][0][36 + 3 * n] for n in range(out["components"])]
        return out

    @property
    def cod(self):
        fields = struct.unpack(">BBHBBBBBB", self.segments[0xFF52][0][:10])
        names = ("style", "progression", "layers", "mct", "levels", "block_x", "block_y", "block_style", "wavelet")
        return dict(zip(names, fields)) | {"precincts": list(self.segments[0xFF52][0][10:])}

    @property
    def tlm(self):
        """Tile and length of each tile-part, as TLM has them."""
        out = []
        for number, segment in enumerate(self.segments.get(0xFF55, [])):
            assert segment[0] == number and segment[1] == 0x60
            out += [struct.unpack(">HI", segment[at:at + 6]) for at in range(2, len(segment), 6)]
        return out

    @property
    def comments(self):
        return [segment[2:] for segment in self.segments.get(0xFF64, [])]


def boxes(data):
    """(type, content) of the boxes in bytes."""
    out, at = [], 0
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        length = length or len(data) - at
        assert length >= 8 and at + length <= len(data)
        out.append((kind, data[at + 8:at + length]))
        at += length
    return out


def codestream_of(path):
    """The codestream of a file with or without boxes."""
    data = path.read_bytes()
    if data[:4] == b"\xff\x4f\xff\x51":
        return Codestream(data)
    return Codestream(dict(boxes(data))[b"jp2c"])


def with_segment(data, marker, content):
    """The codestream with another segment at the end of its main header."""
    at = data.index(b"\xff\x90")
    return data[:at] + struct.pack(">HH", marker, len(content) + 2) + content + data[at:]


def with_region_of_interest(data, shift=4):
    """The codestream with RGN: every coefficient is in the region, so the samples stay the same."""
    return with_segment(data, 0xFF5E, bytes([0, 0, shift]))


def with_packed_headers(data, in_main_header=False):
    """The codestream, whose packets have SOP and EPH, with its packet headers in PPT, or in PPM."""
    stream = Codestream(data)
    out, packed = data[:stream.first], b""
    for part in stream.parts:
        start, end = part["data"], part["at"] + part["size"]
        # Packets contain none of the bytes FF 90 to FF FF but the markers: SOP with four more bytes, and EPH after the header.
        packets = [packet[4:].split(b"\xff\x92") for packet in data[start:end].split(b"\xff\x91")[1:]]
        headers, bodies = (b"".join(packet) for packet in zip(*((header + b"\xff\x92", body) for header, body in packets)))
        packed += struct.pack(">I", len(headers)) + headers
        ppt = b"" if in_main_header else struct.pack(">HHB", 0xFF61, len(headers) + 3, 0) + headers
        head = data[part["at"]:start - 2] + ppt + b"\xff\x93"
        out += head[:6] + struct.pack(">I", len(head) + len(bodies)) + head[10:] + bodies
    out += data[-2:]
    return with_segment(out, 0xFF60, b"\0" + packed) if in_main_header else out
