# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft lint: format, licences, spelling, who may include whom, lengths, and what the packet path must not do."""
import re
import subprocess
import sys

MAX_FILE, MAX_FUNCTION, MAX_LINE = 500, 70, 130
LICENCE = re.compile(r"SPDX-License-Identifier: (BSD-3-Clause|\(BSD-3-Clause OR GPL-2\.0-only\))")

# Which headers of weft's own a folder may use, besides its own folder's.
MAY_USE = {
    "include/weft": r"weft/",
    "pipeline": r"weft/",
    "vhost": r"weft/",
    "sriov": r"weft/",
    "dataplane": r"weft/|uplink\.skel\.h",
    "control": r"weft/|cluster/cluster\.h",
    "control/ctl": r"$^",
    "control/rest": r"$^",
    "control/cluster": r"weft/|(bundle|control|field|history|local|map|model|store)\.h",
}
# main() wires the rooms.
WIRES = {"dataplane/main.c": r"weft/|control\.h|eal\.h"}
PACKET_PATH = ("pipeline/", "dataplane/loop.c", "dataplane/outbox.c", "dataplane/handoff.c", "vhost/ring.c")
FORBIDDEN = re.compile(r"\b(malloc|calloc|realloc|strdup|rte_malloc|rte_zmalloc|printf|WEFT_LOG|rte_log|pthread_mutex_lock|usleep)\s*\(")
LOG = "pipeline/log.c"
# Memory is taken in these, on control operations.
TAKES_MEMORY = ("pipeline/fdb.c", "pipeline/wheel.c", "pipeline/groups.c", "pipeline/frags.c", "pipeline/sessions.c", "pipeline/mactab.c",
                "dataplane/handoff.c")

problems = []


def problem(where, what):
    """Notes what is wrong."""
    problems.append(f"{where}: {what}")


def files(*patterns):
    """Tracked and new files."""
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [f for f in out.split("\n") if f and not f.startswith("tests/fuzz/corpus/")]


def read(path):
    """The text of a file; an empty one where it was deleted."""
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def run(name, *command):
    """A tool that says what is wrong by itself."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        problem(name, done.stdout[:3000])


def check_text(path, text):
    """Licence, white space, lengths."""
    if not LICENCE.search("\n".join(text.split("\n")[:3])) and text:
        problem(path, "line 1 is not 'SPDX-License-Identifier: BSD-3-Clause'")
    lines = text.split("\n")
    if len(lines) > MAX_FILE + 1:
        problem(path, f"{len(lines)} lines, and {MAX_FILE} are the most")
    for i, line in enumerate(lines, 1):
        if line != line.rstrip():
            problem(f"{path}:{i}", "white space at the end")
        if len(line.expandtabs(8)) > MAX_LINE + 10:
            problem(f"{path}:{i}", f"longer than {MAX_LINE}")


def check_includes(path, text):
    """The folders' independence."""
    folder = path.rsplit("/", 1)[0]
    if folder not in MAY_USE:
        return
    own = {f.rsplit("/", 1)[1] for f in files(f"{folder}/*.h")}
    allowed = re.compile(WIRES.get(path, MAY_USE[folder]))
    for header in re.findall(r'#include "([^"]+)"', text):
        if header not in own and not allowed.match(header):
            problem(path, f'includes "{header}", which is not its folder\'s to use')


def check_functions(path, text):
    """Function bodies, from a line '{' to a line '}'."""
    start = None
    for i, line in enumerate(text.split("\n"), 1):
        if line == "{":
            start = i
        elif line == "}" and start:
            if i - start > MAX_FUNCTION:
                problem(f"{path}:{start}", f"a function of {i - start} lines, and {MAX_FUNCTION} are the most")
            start = None


def check_packet_path(path, text):
    """Nothing that allocates, logs or waits."""
    if not path.startswith(PACKET_PATH) or path in TAKES_MEMORY or path == LOG or not path.endswith(".c"):
        return
    for i, line in enumerate(text.split("\n"), 1):
        found = FORBIDDEN.search(line)
        if found:
            problem(f"{path}:{i}", f"{found[1]}() on the packet path")


def main():
    """Runs all checks."""
    code = files("*.c", "*.h")
    run("clang-format", "clang-format", "--dry-run", "-Werror", *code)
    run("codespell", "codespell", "-q", "3", "-L", "fo,inflight,inout,nd,te,ths", *files("*.c", "*.h", "*.py", "*.md", "weft", "*.build"))
    for path in code:
        text = read(path)
        check_text(path, text)
        check_includes(path, text)
        check_functions(path, text)
        check_packet_path(path, text)
    for path in files("*.py", "*.build", "*.js", "*.css", "*.html", "weft", "*.sh", ".ci/run", "meson_options.txt"):
        text = read(path)
        if path != "meson_options.txt":
            check_text(path, text)
    for line in problems:
        print(line)
    print(f"lint: {len(problems)} problem(s) in {len(code)} C files")
    sys.exit(len(problems) != 0)


main()
