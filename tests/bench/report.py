# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""What benchmarks share: the machine's description, medians, and the output."""
import json
import os
import platform
import re
import statistics
import subprocess
import sys


def machine():
    """Where and with what the figures were taken."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        cpu = re.search(r"model name\s*: (.*)", f.read())

    def version(package):
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, check=False)
        return done.stdout or None

    return {"cpu": cpu[1] if cpu else platform.machine(), "cpus": os.cpu_count(), "kernel": platform.release(),
            "dpdk": version("libdpdk-dev"), "openvswitch": version("openvswitch-switch-dpdk"), "loadavg": os.getloadavg()}


def spread(values):
    """Median and minimum."""
    return {"median": statistics.median(values), "min": min(values), "n": len(values)} if values else None


def finish(report):
    """Writes the report where --json says, else to the terminal."""
    report["machine"] = machine()
    if "--json" in sys.argv:
        path = sys.argv[sys.argv.index("--json") + 1]
        with open(path, "w", encoding="utf-8") as f:
            json.dump(report, f, indent=1)
        print(f"written to {path}")
    else:
        print(json.dumps(report, indent=1))
