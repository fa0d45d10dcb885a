"""The peak memory of this process."""
import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_kilobytes():
    """Peak resident memory in KiB. `ru_maxrss` alone is wrong on Linux: a child starts with the peak of its parent process."""
    if STATUS.is_file():
        return int(next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")).split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> 10 if sys.platform == "darwin" else peak
