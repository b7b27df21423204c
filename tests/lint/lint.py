# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft lint: format, licences, spelling, lengths, the rooms and their order, and what the packet path must not do."""
import subprocess
import sys

import documents
import packet_path
from objects import Objects
from rooms import House
from text import check_functions, check_median, check_text

problems = []


def problem(where, what):
    """Notes what is wrong."""
    problems.append(f"{where}: {what}")


def files(*patterns):
    """Tracked and new files that are there."""
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], stdout=subprocess.PIPE, text=True, check=True).stdout
    return sorted(f for f in set(out.split("\n")) if f and not f.startswith("tests/fuzz/corpus/") and read(f))


def read(path):
    """The text of a file; an empty one where it was deleted."""
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def run(name, *command):
    """A tool that says what is wrong by itself."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        problem(name, done.stdout[:3000])


def main():
    """Runs all checks."""
    code = files("*.c", "*.h")
    ours = [path for path in code if not path.startswith("tests/")]
    run("clang-format", "clang-format", "--dry-run", "-Werror", *code)
    run("codespell", "codespell", "-q", "3", "-L", "fo,inflight,inout,nd,te,ths", *files("*.c", "*.h", "*.py", "*.md", "weft", "*.build"))
    house = House(problem)
    for path in code:
        text = read(path)
        check_text(path, text, problem)
        check_functions(path, text, problem)
        if path in ours:
            house.check_includes(path, text)
            packet_path.check_text(path, text, problem)
    for path in files("*.py", "*.build", "*.js", "*.css", "*.html", "weft", "*.sh", ".ci/run"):
        check_text(path, read(path), problem)
    tracked = files("*")
    for path in files("*.md", "*.scd"):
        documents.check(path, read(path), tracked, problem)
    check_median([read(path).count("\n") for path in ours], problem)
    objects = Objects()
    packet_path.check(objects, problem)
    n_circles = house.check_objects(objects)
    house.show(house.check_sizes(ours), n_circles)
    for line in problems:
        print(line)
    print(f"lint: {len(problems)} problem(s) in {len(code)} C files")
    sys.exit(len(problems) != 0)


main()
