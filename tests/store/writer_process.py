"""A separate process that writes to a store: until it is killed, or once for each line it is told.

`forever URL` prints "size hash" after each acknowledged append. `race URL NAME` reads a size from each
line of its input, appends one batch of its own there and prints "won" or "lost".
"""

from __future__ import annotations

import sys

from store_harness import append, claim, leaf_hash, open_recorder, records, request

from ledger.store.errors import HeadMoved
from ledger.store.location import StoreLocation
from ledger.store.port import Head


def forever(url: str) -> None:
    """Append batches of 8 and acknowledge each on stdout."""
    recorder = open_recorder(StoreLocation.parse(url), create=False)
    number = recorder.head().size
    while True:
        new = records(8, prefix=f"batch-{number}")
        facts = {"claim": [claim(number, leaf_index=number)]}
        append(recorder, new, requests=[request(number, number)], facts=facts)
        number += len(new)
        print(number, leaf_hash(new[-1].data).hex(), flush=True)


def race(url: str, name: str) -> None:
    """Append at the head that each line names, and say who won."""
    recorder = open_recorder(StoreLocation.parse(url), create=False)
    print("ready", flush=True)
    for line in sys.stdin:
        size, _, last = line.strip().partition(" ")
        try:
            append(recorder, records(1, prefix=f"{name}-{size}"), head=Head(int(size), bytes.fromhex(last)))
        except HeadMoved:
            print("lost", flush=True)
        else:
            print("won", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "forever":
        forever(sys.argv[2])
    else:
        race(sys.argv[2], sys.argv[3])
