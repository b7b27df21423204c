# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""The documents say what the code does."""
import glob
import os
import re
import subprocess

from harness.proc import WEFTCTL

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def read(*path):
    """A file of the checkout."""
    with open(os.path.join(TOP, *path), encoding="utf-8") as f:
        return f.read()


def pages():
    """All documents, from the top of the checkout."""
    found = glob.glob(os.path.join(TOP, "docs", "**", "*.md"), recursive=True)
    return ["README.md", "CONTRIBUTING.md", *(os.path.relpath(f, TOP) for f in sorted(found))]


def test_drop_reasons_page_is_up_to_date():
    page = subprocess.run(["python3", os.path.join(TOP, "tests", "gen_drop_docs.py")], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert page == read("docs", "drop-reasons.md")


def test_commands_in_the_documents_exist():
    usage = subprocess.run([WEFTCTL, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    known = set(re.findall(r"^  (\w+)", usage, re.M))
    for page in pages():
        for command in re.findall(r"^\s*(?:sudo )?weftctl (?:--\w+ )?(\w+)", read(page), re.M):
            assert command in known, f"{page} names weftctl {command}"


def test_links_in_the_documents_lead_somewhere():
    for page in pages():
        for link in re.findall(r"\]\(([^)#:]+)\)", read(page)):
            assert os.path.exists(os.path.join(TOP, os.path.dirname(page), link)), f"{page} links to {link}"
