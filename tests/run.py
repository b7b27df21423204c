# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Runs all tests and counts them: unit tests, fuzz corpora, end to end."""
import glob
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("WEFT_BUILD", "build"))


def run_unit(path):
    """One cmocka executable: (passed, failed, skipped)."""
    done = subprocess.run([path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=300, check=False)
    passed, failed = done.stdout.count("[       OK ]"), len(re.findall(r"^\[  FAILED  \] \w+$", done.stdout, re.M))
    skipped = len(set(re.findall(r"^\[  SKIPPED \] (\w+)$", done.stdout, re.M)))
    if done.returncode and not failed:
        failed = 1
    name = os.path.basename(path)
    print(f"{name:28} {passed} passed" + (f", {failed} failed" if failed else "") + (f", {skipped} skipped" if skipped else ""))
    # A skipped test says before what is missing.
    if failed or skipped:
        print(done.stdout[-4000:])
    return passed, failed, skipped


def not_built():
    """Unit tests without a program: the build does not name them."""
    names = [os.path.basename(path)[:-2] for path in glob.glob(os.path.join(HERE, "unit", "test_*.c"))]
    return sorted(name for name in names if not os.access(os.path.join(BUILD, "tests", "unit", name), os.X_OK))


def run_fuzz(path):
    """Replays a corpus: a file is a test."""
    name = os.path.basename(path)
    corpus = sorted(glob.glob(os.path.join(HERE, "fuzz", "corpus", name.removeprefix("fuzz_"), "*")))
    done = subprocess.run([path, *corpus], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=300, check=False)
    ok = done.returncode == 0 and corpus
    print(f"{name:28} {len(corpus)} inputs " + ("passed" if ok else f"FAILED: {done.stdout[-2000:]}"))
    return (len(corpus), 0) if ok else (0, 1)


def run_random(folder, name, *args):
    """A short form of a test that has a longer one of its own."""
    done = subprocess.run([os.path.join(BUILD, "tests", folder, name), *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=300, check=False)
    print(f"{name:28} " + done.stdout[-2000:].strip())
    return (1, 0) if done.returncode == 0 else (0, 1)


def run_e2e(args):
    """pytest: (passed, failed, skipped)."""
    # Without a path among them pytest would look through the whole checkout, build folders and all.
    if not any(os.path.exists(arg.split("::")[0]) for arg in args):
        args = [*args, os.path.join(HERE, "lint"), os.path.join(HERE, "e2e")]
        # A minute long, with a name of its own: ./weft test guests.
        args.append("--ignore=" + os.path.join(HERE, "e2e", "test_qemu_life.py"))
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.xml")
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-rs", "--no-header", "-p", "no:cacheprovider",
                               f"--junitxml={report}", *args], check=False)
        if not os.path.exists(report):
            return 0, 1, 0
        suite = ElementTree.parse(report).getroot().find("testsuite")
        total, skipped = int(suite.get("tests")), int(suite.get("skipped"))
        failed = int(suite.get("failures")) + int(suite.get("errors"))
        if done.returncode and not failed:
            failed = 1
        return max(total - failed - skipped, 0), failed, skipped


def main():
    """Runs what there is, or with arguments what pytest makes of them."""
    passed = failed = skipped = 0
    if len(sys.argv) == 1:
        for path in sorted(glob.glob(os.path.join(BUILD, "tests", "unit", "test_*"))):
            if os.access(path, os.X_OK) and os.path.isfile(path):
                p, f, s = run_unit(path)
                passed, failed, skipped = passed + p, failed + f, skipped + s
        for name in not_built():
            print(f"{name:28} FAILED: tests/unit/meson.build does not name it")
            failed += 1
        for path in sorted(glob.glob(os.path.join(BUILD, "tests", "fuzz", "fuzz_*"))):
            if os.access(path, os.X_OK) and os.path.isfile(path):
                p, f = run_fuzz(path)
                passed, failed = passed + p, failed + f
        for test in (("firewall", "compare_firewall", "300000", "7"), ("rings", "compare_rings", "200", "7"),
                     ("rings", "hostile_rings", "20000", "7")):
            p, f = run_random(*test)
            passed, failed = passed + p, failed + f
    p, f, s = run_e2e(sys.argv[1:])
    passed, failed, skipped = passed + p, failed + f, skipped + s
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed != 0)


main()
