# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft test firewall [--long] [--packets N] [--seed S]: random packets through the firewall and through a slow reference.

Rules, groups and memberships change meanwhile; every verdict must be the same. Two runs at a time, a million packets each: two
million in all, or with --long twenty.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

BUILD = os.path.abspath(os.environ.get("WEFT_BUILD", "build"))
PIECE = 1000000


def option(name, default):
    """An integer from the command line."""
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def run(seed):
    """One run: (packets, passed, changes, differences, what it printed)."""
    done = subprocess.run([os.path.join(BUILD, "tests", "firewall", "compare_firewall"), str(PIECE), str(seed)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    found = re.search(r"compared (\d+) packets \((\d+) passed\) over (\d+) changes of the policy: (\d+) differences", done.stdout)
    if not found or (done.returncode and found[4] == "0"):
        return 0, 0, 0, 1, done.stdout
    return *map(int, found.groups()), done.stdout


def main():
    """All runs, and their sum."""
    packets = option("--packets", 20 * PIECE if "--long" in sys.argv else 2 * PIECE)
    first, n = option("--seed", 1), -(-packets // PIECE)
    total = [0, 0, 0, 0]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for seed, result in enumerate(pool.map(run, range(first, first + n)), first):
            total = [a + b for a, b in zip(total, result)]
            if result[3]:
                print(f"seed {seed}:\n{result[4]}")
    print(f"firewall: {total[0]} packets compared with the oracle, {total[1]} of them passed, over {total[2]} changes of the policy: "
          f"{total[3]} differences")
    sys.exit(total[3] != 0)


main()
