# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft test howto: the examples of docs/howto, all applied to a copy of the checkout, build and pass the unit tests."""
import glob
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def patch_of(path):
    """The one patch of a page."""
    with open(path, encoding="utf-8") as f:
        (patch,) = re.findall(r"^```diff\n(.*?)^```$", f.read(), re.M | re.S)
    return patch


def main():
    """Applies, builds, tests; prints the files that each example touches."""
    with tempfile.TemporaryDirectory() as copy:
        files = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["cpio", "-0pdm", "--quiet", copy], input=files, cwd=TOP, check=True)
        for page in sorted(glob.glob(os.path.join(TOP, "docs", "howto", "*.md"))):
            if os.path.basename(page) == "README.md":
                continue
            patch = patch_of(page)
            subprocess.run(["git", "apply", "-"], input=patch, cwd=copy, text=True, check=True)
            touched = re.findall(r"^diff --git a/(\S+)", patch, re.M)
            print(f"{os.path.basename(page):22} {len(touched)} files: {' '.join(touched)}")
        build = os.path.join(copy, "build")
        subprocess.run(["meson", "setup", build, copy], stdout=subprocess.DEVNULL, check=True)
        subprocess.run(["ninja", "-C", build], stdout=subprocess.DEVNULL, check=True)
        sys.exit(subprocess.run(["meson", "test", "-C", build, "--suite", "unit", "--print-errorlogs"], check=False).returncode)


main()
