# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft bench rings [--turns N] [LAYOUT...] [--json FILE]: cycles per packet to read from and to write to a guest's rings.

weft's own rings and the library's take turns in the same switch under the same guest, by layout, frame size and burst. Reading
is all from polling the port to mbufs in the vector; writing all from the outbox to mbufs that are free again.
"""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench import pvp  # noqa: E402
from bench.report import finish, spread  # noqa: E402

LAYOUTS = {
    "split": "mrg_rxbuf=0",
    "split-inorder": "in_order=1,mrg_rxbuf=0",
    "split-mergeable": "mrg_rxbuf=1",
    "packed": "packed_vq=1,mrg_rxbuf=0",
    "packed-inorder": "packed_vq=1,in_order=1,mrg_rxbuf=0",
}
SIZES = (64, 1500)
BURSTS = (32, 4)
WINDOW = 0.2
WINDOWS = 10


def sums(weftd):
    """(timed packets, cycles reading, cycles writing, packets, vectors) of the worker so far."""
    w = weftd.rpc("workers")[0]
    return w["timed_packets"], w["rx_cycles_per_packet"] * w["timed_packets"], w["tx_cycles_per_packet"] * w["timed_packets"], \
        w["packets"], w["batches"]


def turn(rings, options, size, burst):
    """Windows of one switch: [(loudness, cycles in, cycles out, packets a vector)]."""
    taken = []
    with pvp.Weft(rings) as switch, pvp.guest(switch.paths, options, [f"--burst={burst}"]) as guest:
        pvp.send_round(guest, {size: 8})
        time.sleep(0.5)
        loud = pvp.loudness()
        for _ in range(WINDOWS):
            before = sums(switch.weftd)
            time.sleep(WINDOW)
            n, read, wrote, packets, vectors = (a - b for a, b in zip(sums(switch.weftd), before))
            after = pvp.loudness()
            if n > 0:
                taken.append((max(loud, after), read / n, wrote / n, packets / max(vectors, 1)))
            loud = after
        guest.command("stop", "Done")
    return taken


def case(layout, size, burst, turns):
    """Both implementations, taking turns."""
    taken = {"own": [], "library": []}
    for _ in range(turns):
        for rings, windows in taken.items():
            windows += turn(rings, LAYOUTS[layout], size, burst)
    quietest = min(w[0] for windows in taken.values() for w in windows)
    result = {"layout": layout, "bytes": size, "burst": burst, "turns": turns}
    for rings, windows in taken.items():
        quiet = [w for w in windows if w[0] <= 1.15 * quietest]
        result[rings] = {"in": spread([w[1] for w in quiet]), "out": spread([w[2] for w in quiet]),
                         "in_all": spread([w[1] for w in windows]), "out_all": spread([w[2] for w in windows]),
                         "packets_per_vector": spread([w[3] for w in windows])}
    # Only what both have in quiet windows is compared; else all windows, and it says so.
    which = "" if result["own"]["in"] and result["library"]["in"] else "_all"
    result["compared"] = "all windows" if which else "quiet windows"
    for way in ("in", "out"):
        own, library = (result[rings][way + which]["median"] for rings in ("own", "library"))
        result[f"ratio_{way}"] = library / own
        result[f"figures_{way}"] = [own, library]
    print(f"{layout:16} {size:5} bytes, bursts of {burst:2}: in {result['figures_in'][0]:4.0f} own {result['figures_in'][1]:4.0f} "
          f"library ({result['ratio_in']:.2f}), out {result['figures_out'][0]:4.0f} own {result['figures_out'][1]:4.0f} library "
          f"({result['ratio_out']:.2f}), {result['compared']}", flush=True)
    return result


def main():
    """All layouts, or those named."""
    turns = int(sys.argv[sys.argv.index("--turns") + 1]) if "--turns" in sys.argv else 3
    free = int(re.search(r"HugePages_Free:\s*(\d+)", open("/proc/meminfo", encoding="utf-8").read())[1])
    if free < 300:
        subprocess.run(["sysctl", "-q", "vm.nr_hugepages=512"], check=True)
    finish({"bench": "rings", "window_s": WINDOW, "cases": [
        case(layout, size, burst, turns) for layout in [n for n in LAYOUTS if n in sys.argv] or LAYOUTS
        for size in SIZES for burst in BURSTS]})


if __name__ == "__main__":
    main()
