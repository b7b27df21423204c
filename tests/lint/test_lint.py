# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""lint finds what it is there to find: each test breaks a small house in one place."""
import json
import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import documents  # pylint: disable=wrong-import-position
import objects  # pylint: disable=wrong-import-position
import packet_path  # pylint: disable=wrong-import-position
import rooms  # pylint: disable=wrong-import-position

BUILD_FILE = """rooms = {
  'base': [
    'log.c',
  ],
  'stages': [
    'vlan.c', 'guard.c',
  ],
}
"""
SOUND = {
    "pipeline/base/log.c": "void weft_table(void);\nvoid weft_table(void) {}\n",
    "pipeline/stages/vlan.c": "void weft_table(void);\nvoid vlan(void);\nvoid vlan(void) { weft_table(); }\n",
    "pipeline/stages/guard.c": "void vlan(void);\nvoid guard(void);\nvoid guard(void) { vlan(); }\n",
}


@pytest.fixture(name="house")
def fixture_house(tmp_path, monkeypatch):
    """Builds SOUND with the given files in place of its own, and returns what lint says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(objects, "BUILD", "build")
    monkeypatch.setattr(rooms, "PARTS", ("pipeline",))
    monkeypatch.setattr(rooms, "MAIN", "pipeline/base/log.c")
    monkeypatch.setattr(packet_path, "PATH", ("pipeline/base/", "pipeline/stages/"))
    monkeypatch.setattr(packet_path, "ALLOWED", set())
    monkeypatch.setattr(packet_path, "EXCEPTIONS", {})
    monkeypatch.setattr(packet_path, "NOT_PATH", {})
    monkeypatch.setattr(packet_path, "LOG", set())
    monkeypatch.setattr(packet_path, "LEAVES", {})
    monkeypatch.setattr(rooms, "APART", {})

    def check(**broken):
        files = SOUND | {path.replace("__", "/") + ".c": text for path, text in broken.items()}
        commands, said = [], []
        for path, text in files.items():
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.makedirs("build", exist_ok=True)
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
            out = path.replace("/", "_") + ".o"
            subprocess.run(["cc", "-O1", "-c", path, "-o", os.path.join("build", out)], check=True)
            commands.append({"directory": os.path.join(str(tmp_path), "build"), "file": "../" + path, "output": out})
        with open("build/compile_commands.json", "w", encoding="ascii") as f:
            json.dump(commands, f)
        with open("pipeline/meson.build", "w", encoding="ascii") as f:
            f.write(BUILD_FILE)

        def problem(where, what):
            said.append(f"{where}: {what}")

        built, checked = objects.Objects(), rooms.House(problem)
        for path, text in files.items():
            checked.check_includes(path, text)
            packet_path.check_text(path, text, problem)
        checked.check_objects(built)
        packet_path.check(built, problem)
        return said

    return check


def test_a_sound_house_has_no_problem(house):
    assert house() == []


def test_a_room_that_uses_a_higher_one_is_named(house):
    said = house(pipeline__base__log="void weft_vlan(void);\nvoid weft_table(void);\nvoid weft_table(void) { weft_vlan(); }\n",
                 pipeline__stages__vlan="void weft_vlan(void);\nvoid vlan(void);\nvoid weft_vlan(void) {}\nvoid vlan(void) {}\n")
    assert said == ["pipeline/base/log.c: weft_vlan is in pipeline/stages, a room above pipeline/base"]


def test_an_include_of_a_higher_room_is_named(house):
    os.makedirs("pipeline/stages")
    with open("pipeline/stages/vlan.h", "w", encoding="ascii") as f:
        f.write("void vlan(void);\n")
    said = house(pipeline__base__log='#if 0\n#include "pipeline/stages/vlan.h"\n#endif\nvoid weft_table(void);\nvoid weft_table(void) {}\n')
    assert said == ['pipeline/base/log.c: "pipeline/stages/vlan.h" is in pipeline/stages, a room above pipeline/base']


def test_a_circle_of_objects_is_named_with_what_closes_it(house):
    said = house(pipeline__stages__vlan="void guard(void);\nvoid vlan(void);\nvoid vlan(void) { guard(); }\n")
    assert len(said) == 1 and "2 objects use each other in a circle" in said[0]
    assert "pipeline/stages/guard.c -> pipeline/stages/vlan.c (vlan)" in said[0]
    assert "pipeline/stages/vlan.c -> pipeline/stages/guard.c (guard)" in said[0]


def test_a_name_without_prefix_that_another_room_uses_is_named(house):
    said = house(pipeline__base__log="void table(void);\nvoid weft_table(void);\nvoid table(void) {}\nvoid weft_table(void) {}\n",
                 pipeline__stages__vlan="void table(void);\nvoid vlan(void);\nvoid vlan(void) { table(); }\n")
    assert said == ["pipeline/base/log.c: table is used by other rooms, and is not called weft_*"]


@pytest.mark.parametrize("call,name", [("p = malloc(8)", "malloc"), ('printf("x")', "putchar"), ("usleep(1)", "usleep")])
def test_a_stage_that_allocates_logs_or_sleeps_is_named(house, call, name):
    said = house(pipeline__stages__vlan="#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\nextern void *p;\nvoid *p;\n"
                 f"void vlan(void);\nvoid vlan(void) {{ {call}; }}\n")
    assert len(said) == 1 and said[0].startswith(f"pipeline/stages/vlan.c: calls {name}() on the packet path")


def test_a_lock_that_leaves_no_symbol_is_named(house):
    said = house(pipeline__stages__vlan="static inline void rte_spinlock_lock(int *l) { *l = 1; }\nvoid vlan(void);\n"
                 "void vlan(void) { int l; rte_spinlock_lock(&l); }\n")
    assert any("rte_spinlock_lock() on the packet path" in s for s in said)


def test_a_name_in_the_lists_that_does_not_exist_is_named(house, monkeypatch):
    monkeypatch.setattr(packet_path, "PATH", ("pipeline/stages/", "vhost/ring.c"))
    monkeypatch.setattr(packet_path, "EXCEPTIONS", {"pipeline/stages/vlan.c": ({"malloc"}, "why not")})
    said = house()
    assert "tests/lint/packet_path.py: names vhost/ring.c, and no such source is built" in said
    assert "tests/lint/packet_path.py: lets pipeline/stages/vlan.c use malloc, which it does not" in said


def test_a_document_that_names_what_is_not_there_is_named():
    said = []
    documents.check("docs/x.md", "see `pipeline/stages/vlan.c`, `vlan.c`,\n`pipeline/gone.c` and `control/gone/`",
                    ["pipeline/stages/vlan.c"], lambda where, what: said.append(f"{where}: {what}"))
    assert said == ["docs/x.md:2: names pipeline/gone.c, which is not there", "docs/x.md:2: names control/gone/, which is not there"]


def test_a_source_in_no_room_is_named(house):
    os.makedirs("pipeline/deep")
    said = house(pipeline__deep__x="void x(void);\nvoid x(void) {}\n")
    assert "pipeline/deep/x.c: is in no room that a meson.build names" in said


def test_a_call_that_leaves_the_packet_path_is_named(house, monkeypatch):
    monkeypatch.setattr(packet_path, "PATH", ("pipeline/stages/",))
    assert any("vlan.c: uses weft_table of pipeline/base/log.c, which is not on the packet path" in s for s in house())


def test_a_part_in_the_lists_that_does_not_exist_is_named(house, monkeypatch):
    monkeypatch.setattr(rooms, "APART", {"vhostx": "x"})
    assert house() == ["tests/lint/rooms.py: keeps vhostx apart, which is no part"]
