# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""What the built objects define and need, by nm: one program at a time, since programs share names."""
import collections
import json
import os
import subprocess

BUILD = os.environ.get("WEFT_BUILD", "build")

# A folder belongs to the first program whose folders it is below.
PROGRAMS = (("weftctl", ("control/ctl/",)), ("weft-rest", ("control/rest/",)),
            ("weftd", ("pipeline/", "vhost/", "sriov/", "dataplane/", "control/")))


def program_of(source):
    """The program that SOURCE is part of; None: it is a test."""
    for program, folders in PROGRAMS:
        if source.startswith(folders):
            return program
    return None


class Objects:
    """The objects of all programs: source -> the symbols that it defines, and those that it needs."""

    def __init__(self):
        self.defines = {}
        self.needs = {}
        with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as f:
            commands = json.load(f)
        for command in commands:
            source = os.path.relpath(os.path.join(command["directory"], command["file"]))
            if program_of(source):
                self._read(source, os.path.join(BUILD, command["output"]))
        self.definer = {}
        for source, symbols in self.defines.items():
            for symbol in symbols:
                self.definer[program_of(source), symbol] = source

    def _read(self, source, path):
        out = subprocess.run(["nm", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.defines[source], self.needs[source] = set(), set()
        for line in out.splitlines():
            kind, symbol = line.split()[-2:]
            if kind == "U":
                self.needs[source].add(symbol)
            elif kind.isupper():
                self.defines[source].add(symbol)

    def arrows(self):
        """{(user, definer): symbols}, between sources of one program."""
        found = collections.defaultdict(set)
        for source, symbols in self.needs.items():
            for symbol in symbols:
                definer = self.definer.get((program_of(source), symbol))
                if definer:
                    found[source, definer].add(symbol)
        return found

    def foreign(self, source):
        """The symbols that SOURCE takes from libraries."""
        return {s for s in self.needs[source] if (program_of(source), s) not in self.definer}


def circles(arrows):
    """The strongly connected components with more than one member (Tarjan, 1972)."""
    after = collections.defaultdict(list)
    for user, used in arrows:
        after[user].append(used)
    number, low, stack, found = {}, {}, [], []

    def visit(node):
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in after[node]:
            if other not in number:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], number[other])
        if low[node] == number[node]:
            members = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(members) > 1:
                found.append(sorted(members))

    for node in sorted(after):
        if node not in number:
            visit(node)
    return found
