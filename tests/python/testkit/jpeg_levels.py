"""The quantisation tables that COMRAT 00.1 to 00.5 stand for (MIL-STD-188-198A, appendix A), in zigzag order."""
import numpy as np

TEXT = """
8 72 72 72 72 72 72 72 72 72 78 74 76 74 78 89 81 84 84 81 89 106 93 94 99 94 93 106 129 111 108 116 116 108 111 129 135 128 136 145 136 128 135
155 160 177 177 160 155 193 213 228 213 193 255 255 255 255 255 255 255 255 255 255
8 36 36 36 36 36 36 36 36 36 39 37 38 37 39 45 41 42 42 41 45 53 47 47 50 47 47 53 65 56 54 59 59 54 56 65 68 64 69 73 69 64 68 78 81 89 89 81 78 98
108 115 108 98 130 144 144 130 178 190 178 243 243 255
8 10 10 10 10 10 10 10 10 10 11 10 11 10 11 13 11 12 12 11 13 15 13 13 14 13 13 15 18 16 15 16 16 15 16 18 19 18 19 21 19 18 19 22 23 25 25 23 22 27
30 32 30 27 36 40 40 36 50 53 50 68 68 91
8 7 7 7 7 7 7 7 7 7 8 7 8 7 8 9 8 8 8 8 9 11 9 9 10 9 9 11 13 11 11 12 12 11 11 13 14 13 14 15 14 13 14 16 16 18 18 16 16 20 22 23 22 20 26 29 29 26
36 38 36 49 49 65
4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 5 5 5 5 5 5 6 5 5 6 5 5 6 7 6 6 6 6 6 6 7 8 7 8 8 8 7 8 9 9 10 10 9 9 11 12 13 12 11 14 16 16 14 20 21 20 27 27 36
"""
LEVELS = np.array(TEXT.split(), np.uint8).reshape(5, 64)
# The row-major place of each zigzag position (ITU-T T.81 Figure A.6).
ZIGZAG = np.array(sorted(range(64), key=lambda place: (place // 8 + place % 8, place // 8 if (place // 8 + place % 8) % 2 else place % 8)))


def with_level(stream, level):
    """The stream with the table of a level."""
    return with_table(stream, LEVELS[level - 1])


def as_gdal_has_it(stream, level):
    """The stream with the table as GDAL understands it: the steps of the list from row to row."""
    return with_table(stream, LEVELS[level - 1][ZIGZAG])


def with_table(stream, steps):
    return stream[:2] + b"\xff\xdb\0\x43\0" + steps.tobytes() + stream[2:]
