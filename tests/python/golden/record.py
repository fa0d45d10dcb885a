"""Records the outcomes of requests in `hashes.json`.

Without arguments it adds the outcomes of new requests and keeps the others; `--change NAME …` changes the outcomes of the named
requests and adds none. Both report the requests whose files differ from the record.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from golden.catalogue import HASHES, outcome, recorded
from golden.requests import REQUESTS


def main():
    """Exits with 1 when a request differs from its record and is not to be changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--change", nargs="+", metavar="NAME", default=[], help="requests whose record is to be changed")
    chosen = parser.parse_args().change
    record = recorded()
    if unknown := [name for name in chosen if name not in record or name not in REQUESTS]:
        parser.error(f"cannot change {', '.join(unknown)}: expected requests that are on record")
    changed, added, differing = [], [], []
    for name in chosen or sorted(REQUESTS):
        found = outcome(name, 2)
        if name not in record:
            added.append(name)
        elif record[name] == found:
            continue
        elif not chosen:
            differing.append(name)
            continue
        else:
            changed.append(name)
        record[name] = found
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(record[name])}" for name in sorted(record))
    HASHES.write_text(f"{{\n{lines}\n}}\n", encoding="ascii")
    for word, names in (("added", added), ("changed", changed), ("differs", differing)):
        for name in names:
            print(f"{word} {name}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
