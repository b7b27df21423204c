# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Documents: the files and folders that they name are there, and no page is longer than a reader bears."""
import os
import re

MAX_PAGE = 250
# `pipeline/stages/vlan.c`, `vlan.c`, `control/host/`; what has a placeholder in it names no file.
NAMED = re.compile(r"`([\w.-]+(?:/[\w.-]+)*\.(?:c|h|py|md|build|js|pml|scd|sh|in|yml|rules|bash|example))`|`((?:[\w.-]+/)+)`")
# Folders that come into being when weft is built, installed or tried.
MADE = ("build", "/", "tmp/", "etc/", "var/", "run/", "DIR")


def check(path, text, tracked, problem):
    """Each file and folder that the document at PATH names."""
    names = {os.path.basename(f) for f in tracked}
    for i, line in enumerate(text.split("\n"), 1):
        for file, folder in NAMED.findall(line):
            name = file or folder.rstrip("/")
            if name.startswith(MADE) or "NAME" in name:
                continue
            if "/" in name or folder:
                there = any(f == name or f.startswith(name + "/") or f.endswith("/" + name) or f"/{name}/" in f for f in tracked)
            else:
                there = name in names
            if not there:
                problem(f"{path}:{i}", f"names {file or folder}, which is not there")
    if path.startswith("docs/architecture/") and text.count("\n") > MAX_PAGE:
        problem(path, f"has {text.count(chr(10))} lines, and {MAX_PAGE} are the most")
