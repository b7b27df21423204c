# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft test rings [--long] [--rings N] [--sequences N] [--kills N] [--seed S]: weft's own rings against all judges.

Random guests on weft's rings and on the library's must read, write and end alike; guests that lie in every field, under ASan
and UBSan; weftd is killed at random moments under traffic, and every descriptor must come back once.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("WEFT_BUILD", "build"))
ASAN = os.path.abspath("build-asan")
LONG = "--long" in sys.argv


def option(name, usual, long):
    """An integer from the command line."""
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else long if LONG else usual


def run(*command, **env):
    """Runs a command; ends the test with what it printed if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                          env={**os.environ, **env})
    if done.returncode:
        print(done.stdout[-4000:])
        print(f"rings: FAILED: {' '.join(command)}")
        sys.exit(1)
    return done.stdout


def main():
    """All judges, and their sums."""
    rings, sequences = option("--rings", 2000, 20000), option("--sequences", 100000, 1000000)
    kills, seed = option("--kills", 40, 400), option("--seed", 1, 1)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        compared = pool.submit(run, os.path.join(BUILD, "tests", "rings", "compare_rings"), str(rings // 2), str(seed))
        hostile = pool.submit(run, os.path.join(ASAN, "tests", "rings", "hostile_rings"), str(sequences), str(seed),
                              UBSAN_OPTIONS="halt_on_error=1", ASAN_OPTIONS="detect_leaks=0")
        print("compared: " + compared.result().strip(), flush=True)
        print("hostile:  " + hostile.result().strip(), flush=True)
    said = run(sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider",
               os.path.join(HERE, "..", "e2e", "test_ring_kills.py"), WEFT_KILLS=str(max(kills // 4, 1)))
    layouts = int(re.search(r"(\d+) passed", said)[1])
    print(f"killed:   {layouts * max(kills // 4, 1)} times under TCP segments in {layouts} layouts: 0 descriptors lost or repeated")
    n = int(re.search(r"(\d+) rings", compared.result())[1])
    told = int(re.search(r"(\d+) hostile", hostile.result())[1])
    print(f"rings: {n} rings compared, {told} hostile sequences, {layouts * max(kills // 4, 1)} kills: 0 differences")


main()
