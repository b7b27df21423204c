# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""The documents say what the code does."""
import glob
import os
import re
import subprocess

from harness.proc import BUILD, WEFTCTL

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def read(*path):
    """A file of the checkout."""
    with open(os.path.join(TOP, *path), encoding="utf-8") as f:
        return f.read()


def pages():
    """All documents, from the top of the checkout."""
    found = glob.glob(os.path.join(TOP, "docs", "**", "*.md"), recursive=True)
    return ["README.md", "CONTRIBUTING.md", *(os.path.relpath(f, TOP) for f in sorted(found))]


def test_page_of_drop_reasons_has_each_with_its_meaning():
    page = read(os.path.abspath(BUILD), "docs", "drop-reasons.md")
    reasons = re.findall(r'X\((\w+), "([^"]+)"\)', read("include", "weft", "drop.h"))
    assert len(reasons) == read("include", "weft", "drop.h").count("\tX(") > 50
    for name, meaning in reasons:
        assert f"| `{name.lower()}` | {meaning} |" in page


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


def test_the_examples_of_the_howtos_fit_the_code():
    """Each patch applies, and touches as many files as its page and the list of pages say."""
    rows = dict((page, int(n)) for n, page in re.findall(r"\| (\d+) \| \[[^\]]+\]\((\S+)\) \|", read("docs", "howto", "README.md")))
    for path in glob.glob(os.path.join(TOP, "docs", "howto", "*.md")):
        name = os.path.basename(path)
        if name == "README.md":
            continue
        text = read(path)
        (patch,) = re.findall(r"^```diff\n(.*?)^```$", text, re.M | re.S)
        done = subprocess.run(["git", "apply", "--check", "-"], input=patch, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        assert done.returncode == 0, f"the patch of docs/howto/{name} does not apply: {done.stdout}"
        files = len(re.findall(r"^diff --git", patch, re.M))
        assert f": {files} file" in text and rows.get(name) == files, f"docs/howto/{name}: the patch touches {files} files"


def test_the_table_of_stages_is_the_chains():
    chain = re.findall(r"^\tSTAGE\((\w+), (?:ONCE|AGAIN),", read("include", "weft", "stage.h"), re.M)
    assert chain == re.findall(r"^\| `(\w+)` \|", read("docs", "architecture", "packet-path.md"), re.M)
