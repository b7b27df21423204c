# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft bench rings [--turns N] [--against BUILD] [LAYOUT...] [--json FILE]: cycles per packet to read from and to write to a
guest's rings.

By layout, frame size and burst. With --against the weftd of another build takes turns under the same guest. Reading is all from
polling the port to mbufs in the vector; writing all from the outbox to mbufs that are free again.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench import pvp  # noqa: E402
from bench.report import finish, spread  # noqa: E402
from harness.proc import WEFTD  # noqa: E402

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


def turn(daemon, options, size, burst):
    """Windows of one weftd: [(loudness, cycles in, cycles out, packets a vector)]."""
    taken = []
    with pvp.Weft(daemon) as switch, pvp.guest(switch.paths, options, [f"--burst={burst}"]) as guest:
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
    """This build, and the other one if there is one, taking turns."""
    daemons = {"weft": WEFTD, **({"old": pvp.against()} if pvp.against() else {})}
    taken = {name: [] for name in daemons}
    for _ in range(turns):
        for name, daemon in daemons.items():
            taken[name] += turn(daemon, LAYOUTS[layout], size, burst)
    quietest = min(w[0] for windows in taken.values() for w in windows)
    result = {"layout": layout, "bytes": size, "burst": burst, "turns": turns}
    for name, windows in taken.items():
        quiet = [w for w in windows if w[0] <= 1.15 * quietest]
        result[name] = {"in": spread([w[1] for w in quiet]), "out": spread([w[2] for w in quiet]),
                        "in_all": spread([w[1] for w in windows]), "out_all": spread([w[2] for w in windows]),
                        "packets_per_vector": spread([w[3] for w in windows])}
    # Only what all have in quiet windows is compared; else all windows, and it says so.
    which = "" if all(result[name]["in"] for name in daemons) else "_all"
    result["compared"] = "all windows" if which else "quiet windows"
    for way in ("in", "out"):
        result[f"figures_{way}"] = figures = [result[name][way + which]["median"] for name in daemons]
        if len(figures) > 1:
            result[f"ratio_{way}"] = figures[1] / figures[0]
    print(f"{layout:16} {size:5} bytes, bursts of {burst:2}: " + ", ".join(
        f"{way} " + " old ".join(f"{f:4.0f}" for f in result[f"figures_{way}"])
        + (f" ({result[f'ratio_{way}']:.3f})" if f"ratio_{way}" in result else "") for way in ("in", "out"))
        + f", {result['compared']}", flush=True)
    return result


def main():
    """All layouts, or those named."""
    turns = int(sys.argv[sys.argv.index("--turns") + 1]) if "--turns" in sys.argv else 3
    pvp.reserve()
    finish({"bench": "rings", "window_s": WINDOW, "cases": [
        case(layout, size, burst, turns) for layout in [n for n in LAYOUTS if n in sys.argv] or LAYOUTS
        for size in SIZES for burst in BURSTS]})


if __name__ == "__main__":
    main()
