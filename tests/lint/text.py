# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""What a file's text shows: licence, white space, lengths."""
import re
import statistics

MAX_FILE, MAX_FUNCTION, MAX_LINE, MEDIAN = 500, 70, 140, 150
LICENCE = re.compile(r"SPDX-License-Identifier: (BSD-3-Clause|\(BSD-3-Clause OR GPL-2\.0-only\))")


def check_text(path, text, problem):
    """Licence, white space, lengths of a file and its lines."""
    if text and not LICENCE.search("\n".join(text.split("\n")[:3])):
        problem(path, "line 1 is not 'SPDX-License-Identifier: BSD-3-Clause'")
    lines = text.split("\n")
    if len(lines) > MAX_FILE + 1:
        problem(path, f"has {len(lines)} lines, and {MAX_FILE} are the most")
    for i, line in enumerate(lines, 1):
        if line != line.rstrip():
            problem(f"{path}:{i}", "white space at the end")
        if len(line.expandtabs(8)) > MAX_LINE:
            problem(f"{path}:{i}", f"longer than {MAX_LINE} columns")


def check_functions(path, text, problem):
    """Function bodies, from a line '{' to a line '}'."""
    start = None
    for i, line in enumerate(text.split("\n"), 1):
        if line == "{":
            start = i
        elif line == "}" and start:
            if i - start > MAX_FUNCTION:
                problem(f"{path}:{start}", f"a function of {i - start} lines, and {MAX_FUNCTION} are the most")
            start = None


def check_median(lengths, problem):
    """Files stay short as a whole too."""
    median = statistics.median(lengths)
    if median > MEDIAN:
        problem("the median file", f"has {median:g} lines, and {MEDIAN} are the most")
    print(f"files: {len(lengths)}, {median:g} lines in the median, {max(lengths)} at most")
