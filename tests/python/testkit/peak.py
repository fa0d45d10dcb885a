"""The most memory that this process has used."""
import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_kilobytes():
    """Peak resident memory in KiB. `ru_maxrss` alone is not it on Linux: a child begins with the peak of the process that it was forked from."""
    if STATUS.is_file():
        return int(next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")).split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> 10 if sys.platform == "darwin" else peak
