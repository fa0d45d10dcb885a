"""Invariant: for any bytes, `iminfo`, `imread` (whole and in part) and every asset return descriptions and arrays, or raise an allowed exception.

Run as `fuzz_driver.py FOLDER KIND MODE FIRST LAST`: FOLDER holds seed files named KIND-*; MODE is `truncate` or `mutate`; cases are
numbered and depend only on their number, so `fuzz_driver.py FOLDER KIND MODE N N+1 --save FILE` writes case N to FILE.
Prints the number of each case before it runs (the parent process sees which case hung or crashed), and one line of JSON at the end.
"""
import json
import os
import random
import struct
import sys
import time
import warnings
import zlib
from io import BytesIO
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))  # makes `testkit` importable when this file is run

from testkit.peak import peak_kilobytes  # noqa: E402

MAX_RSS_MB = 512
LARGEST = 128 << 20
"""Bytes of an image that is read in part as a whole: its pixels are in memory even if the file has none."""
INTERESTING = [0, 1, 2, 3, 7, 8, 15, 16, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1]


def load(folder, kind):
    return [path.read_bytes() for path in sorted(Path(folder).glob(f"{kind}-*"))]


def count_truncations(seeds):
    return sum(map(len, seeds))


def case_bytes(seeds, kind, mode, number):
    return truncated(seeds, number) if mode == "truncate" else mutated(seeds, kind, number)


def truncated(seeds, number):
    """Case n: the n-th truncation point, counted through all seeds; every length from 0 to one byte less than all."""
    for seed in seeds:
        if number < len(seed):
            return seed[:number]
        number -= len(seed)
    raise IndexError(number)


def mutated(seeds, kind, number):
    rng = random.Random(f"{kind} {number}")
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        if kind == "nitf" and rng.random() < 0.5:
            mutate_number(rng, data)
        else:
            mutate(rng, data, seeds)
    if kind == "png" and rng.random() < 0.8:
        mend_png(data)
    return bytes(data)


def mutate(rng, data, seeds):
    """One change in place, mostly in the structures (the first and last 300 bytes)."""
    if not data:
        data.extend(b"\0")
    zone = rng.random()
    low, high = (0, min(300, len(data))) if zone < 0.5 else (max(0, len(data) - 300), len(data)) if zone < 0.7 else (0, len(data))
    at = rng.randrange(low, high)
    what = rng.randrange(8)
    if what == 0:
        data[at] ^= 1 << rng.randrange(8)
    elif what == 1:
        data[at] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
    elif what == 2:
        value, form = rng.choice(INTERESTING), rng.choice(["<H", ">H", "<I", ">I"])
        patch = struct.pack(form, value & (0xFFFF if form[1] == "H" else 0xFFFFFFFF))
        data[at:at + len(patch)] = patch
    elif what == 3:
        del data[at:at + rng.choice([1, 2, 4, 12, 50])]
    elif what == 4:
        data[at:at] = bytes(rng.randrange(256) for _ in range(rng.choice([1, 2, 4, 12])))
    elif what == 5:
        size, to = rng.choice([2, 4, 8, 12, 64]), rng.randrange(len(data))
        data[to:to + size] = data[at:at + size]
    elif what == 6:
        other = rng.choice(seeds)
        start, size = rng.randrange(len(other)), rng.choice([4, 12, 40])
        data[at:at + size] = other[start:start + size]
    else:
        del data[at:]


def mutate_number(rng, data):
    """Replaces digits of a header with another number or with other characters."""
    starts = [at for at in range(min(len(data), 1500)) if data[at:at + 1].isdigit()]
    if not starts:
        return
    at = rng.choice(starts)
    size = rng.choice([1, 2, 3, 4, 5, 6, 8, 10])
    while size > 1 and not bytes(data[at:at + size]).isdigit():
        size -= 1
    value = rng.choice([b"0" * size, b"9" * size, b" " * size, b"1".rjust(size), b"-1".rjust(size, b"0")[-size:], b"+" + b"1" * (size - 1),
                        b"%0*d" % (size, rng.randrange(10**size)), b"A" * size, b"\xb2" * size, b"1".rjust(size, b"0")])
    data[at:at + size] = value


def mend_png(data):
    """Corrects the CRC of every chunk still in place, so that the damage passes the check."""
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            return
        struct.pack_into(">I", data, end, zlib.crc32(bytes(data[at + 4:end])))
        at = end + 4


def explore(source):
    """Opens the dataset and touches every asset: metadata, stored bytes, a block and a window of every level."""
    from aws.osml.io import IO

    with IO.open(source) as reader:
        for key in list(reader)[:8]:
            asset = reader.get_asset(key)
            len(asset.metadata.entries()), asset.roles, asset.media_type
            asset.raw_asset.read(100)
            if not hasattr(asset, "num_resolution_levels"):
                continue
            for level in range(min(asset.num_resolution_levels, 4)):
                _, rows, columns = asset.level_shape(level)
                asset.read(window=(columns // 4, rows // 4, columns - columns // 4, rows - rows // 4), resolution_level=level)
                found = asset.get_block(0, 0, level)
                if found.ndim != 3:
                    return found
    return None


def read_in_part(source):
    """What is there of a damaged image; of one that states to be large, the first and last pixels."""
    from aws.osml.io import IO

    with IO.open(source, partial=True) as reader:
        image = reader.get_asset("image:0")
        if image.nbytes <= LARGEST:
            return image.read()
        rows, columns = image.num_rows, image.num_columns
        image.read(window=(0, 0, min(columns, 300), min(rows, 300)))
        return image.read(window=(max(columns - 300, 0), max(rows - 300, 0), min(columns, 300), min(rows, 300)))


def run_case(data, scratch, number, allowed):
    """Reads one case through a stream (even numbers) or a file (odd); returns (outcomes, complaint or None)."""
    from aws.osml.io import iminfo, imread

    outcomes = []
    if number % 2:
        scratch.write_bytes(data)
    for call in (iminfo, imread, explore, read_in_part):
        try:
            found = call(scratch if number % 2 else BytesIO(data))
            outcomes.append("image")
            if call in (imread, read_in_part) and (found.ndim != 3 or not found.size) or call is explore and found is not None:
                return outcomes, f"{call.__name__} gave shape {found.shape}"
        except allowed as error:
            outcomes.append("error")
            if not str(error).strip():
                return outcomes, f"{call.__name__}: {type(error).__name__} without a message"
        except BaseException as error:  # PanicException is not an Exception
            return outcomes, f"{call.__name__}: {type(error).__module__}.{type(error).__name__}: {error}"
    return outcomes, None


def main():
    folder, kind, mode, first, last = *sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5])
    seeds = load(folder, kind)
    if "--save" in sys.argv:
        Path(sys.argv[sys.argv.index("--save") + 1]).write_bytes(case_bytes(seeds, kind, mode, first))
        return
    import aws.osml.io as osml

    warnings.simplefilter("ignore")
    allowed = (osml.Error, OSError, ValueError, Warning)
    scratch = Path(folder) / f"scratch-{os.getpid()}"
    report = {"cases": 0, "images": 0, "errors": 0, "complaints": [], "slowest": [0.0, -1], "peak_mb": 0}
    for number in range(first, last):
        os.write(1, b"%d\n" % number)
        began = time.monotonic()
        outcomes, complaint = run_case(case_bytes(seeds, kind, mode, number), scratch, number, allowed)
        seconds = time.monotonic() - began
        report["cases"] += 1
        report["images"] += outcomes[1:2] == ["image"]
        report["errors"] += "error" in outcomes
        report["slowest"] = max(report["slowest"], [round(seconds, 3), number])
        peak = peak_kilobytes() >> 10
        if peak > MAX_RSS_MB and report["peak_mb"] <= MAX_RSS_MB:
            complaint = complaint or f"memory rose to {peak} MB"
        report["peak_mb"] = peak
        if complaint and len(report["complaints"]) < 20:
            report["complaints"].append([number, complaint])
    scratch.unlink(missing_ok=True)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
