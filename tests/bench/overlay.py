# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft bench overlay [--json FILE]: cycles per packet that tunnels add to the chain, in one process, by stage."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench.report import finish  # noqa: E402
from harness.proc import BUILD  # noqa: E402

RUNS = 9


def main():
    """Runs the program several times, in which the cases take turns, and keeps the quietest run."""
    runs = []
    for _ in range(RUNS):
        out = subprocess.run([os.path.join(BUILD, "tests", "bench", "bench_overlay")], stdout=subprocess.PIPE, check=True).stdout
        runs.append(json.loads(out))
    report = min(runs, key=lambda run: sum(case["weft"]["median"] for case in run["cases"]))
    local = report["cases"][0]["weft"]["median"]
    report["runs"] = RUNS
    for case in report["cases"]:
        case["added"] = case["weft"]["median"] - local
        print(f"{case['name']:13} {case['weft']['median']:6.1f} cycles per packet, {case['added']:+6.1f} to a local port; by stage: "
              + ", ".join(f"{n} {s['median']:.1f}" for n, s in case["stages"].items()))
    for kind in ("vxlan", "geneve"):
        report[f"{kind}_both_ways"] = sum(case["added"] for case in report["cases"] if case["name"].startswith(kind))
        print(f"{kind}: into the tunnel and out of it adds {report[f'{kind}_both_ways']:.1f} cycles per packet")
    finish(report)


main()
