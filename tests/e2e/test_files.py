# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""What lies in the place of a file that weftd or weft-rest reads may be anything. They name it, and do not go on without it."""
import json
import os
import shutil
import socket
import subprocess

import pytest
from harness.proc import REST, WEFTD, wait_for
from harness.rest import Rest
from harness.weftd import Weftd
from test_bad_input import journal_record

NO_FILES = {"fifo": "it is a FIFO, not a file", "zero": "it is a device, not a file"}


def put(path, what):
    """Puts one of NO_FILES in the place PATH. test_journal has more of them."""
    if what == "fifo":
        os.mkfifo(path)
    else:
        os.symlink("/dev/zero", path)


def refused(weftd):
    """Starts weftd, which must not start, and returns what it says."""
    done = subprocess.run([WEFTD, "--dev", weftd.dir], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30,
                          check=False)
    assert done.returncode == 2, done.stdout
    return done.stdout


@pytest.fixture
def stopped():
    """A weftd that is not started; the state folder has the journal of one network and one port."""
    weftd = Weftd()
    os.mkdir(os.path.join(weftd.dir, "state"))
    with open(os.path.join(weftd.dir, "state", "journal"), "wb") as f:
        for generation, changes in ((1, {"tenants/default/networks/lan": {}}), (2, {"tenants/default/ports/g1": {"network": "lan"}})):
            f.write(journal_record({"generation": generation, "time": 1, "who": "a", "note": "", "changes": changes}))
    yield weftd
    if weftd.process:
        weftd.stop()
    shutil.rmtree(weftd.dir)


def test_journals_that_are_none(stopped):
    """Each is refused, named, and kept as it was; with the good one weftd starts again."""
    path = os.path.join(stopped.dir, "state", "journal")
    with open(path, "rb") as f:
        good = f.read()
    for image, says in (
            (b"", f"type 'rm {path}' to begin with nothing"),
            (b"\x5a\xa5random" * 500, "at byte 0"),
            (good + b"garbage behind the last record", f"truncate -s {len(good)} "),
            (good + journal_record([]), f"the record at byte {len(good)}: generation: expected a number"),
            (journal_record({"generation": 2 ** 60, "objects": {}}), "generation: expected a number from 0"),
            (journal_record({"generation": 1, "changes": "x"}), "expected an object"),
            (journal_record({"generation": 1, "objects": {"nonsense": 1}}), "cannot be brought into force"),
    ):
        with open(path, "wb") as f:
            f.write(image)
        said = refused(stopped)
        assert path in said and says in said, said
        with open(path, "rb") as f:
            assert f.read() == image
    with open(path, "wb") as f:
        f.write(good)
    stopped.start()
    assert [p["name"] for p in stopped.ctl("port", "list")] == ["default/g1"]


@pytest.mark.parametrize("what", NO_FILES)
def test_no_journal_but_something_else(stopped, what):
    path = os.path.join(stopped.dir, "state", "journal")
    os.rename(path, path + ".good")
    put(path, what)
    said = refused(stopped)
    assert f"cannot read {path}: {NO_FILES[what]}" in said and "move it away to begin with nothing" in said
    os.unlink(path)
    os.rename(path + ".good", path)


def test_kill_while_the_first_records_are_written(weftd):
    """A crash at any time leaves a journal that weftd starts with."""
    for i in range(2):
        client = socket.socket(socket.AF_UNIX)
        client.connect(os.path.join(weftd.dir, "weftd.sock"))
        port = {"tenants": {"default": {"networks": {f"n{i}": {"mtu": 1400 + i}}}}}
        client.sendall(json.dumps({"method": "apply", "params": {"policy": port}, "id": 1}).encode() + b"\n")
        weftd.kill()
        client.close()
        weftd.start()
    weftd.ctl("network", "add", "last")
    assert "last" in weftd.ctl("get")["tenants"]["default"]["networks"]


@pytest.mark.parametrize("what", NO_FILES)
def test_other_files_of_weftd(stopped, what):
    """The configuration, the policy file, and the list of VFs that are weft's."""
    config = os.path.join(stopped.dir, "weftd.json")
    vfs = os.path.join(stopped.dir, "state", "vfs.json")
    put(vfs, what)
    said = refused(stopped)
    assert f"cannot read {vfs}: {NO_FILES[what]}" in said and "takes no VF for its own" in said
    os.unlink(vfs)
    put(os.path.join(stopped.dir, "policy"), what)
    with open(config, encoding="utf-8") as f:
        settings = json.load(f)
    with open(config, "w", encoding="utf-8") as f:
        json.dump({**settings, "policy": os.path.join(stopped.dir, "policy")}, f)
    assert f"cannot read {stopped.dir}/policy: {NO_FILES[what]}" in refused(stopped)
    os.unlink(os.path.join(stopped.dir, "policy"))
    os.unlink(config)
    put(config, what)
    assert f"cannot read {config}: {NO_FILES[what]}" in refused(stopped)


@pytest.mark.parametrize("text", ["nonsense", '{"0000:01:00.0": -1}'])
def test_list_of_vfs_that_is_wrong(stopped, text):
    path = os.path.join(stopped.dir, "state", "vfs.json")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    said = refused(stopped)
    assert path in said and "takes no VF for its own" in said


@pytest.mark.parametrize("what", NO_FILES)
def test_files_of_weft_rest(weftd, what):
    """weft-rest does not start with them; while it runs it says so, and what held goes on."""
    config, access = (os.path.join(weftd.dir, name) for name in ("rest.json", "access.json"))

    def says(text):
        done = subprocess.run([REST, "--dev", weftd.dir], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30,
                              check=False)
        assert done.returncode and text in done.stdout

    put(config, what)
    says(f"{config}: {NO_FILES[what]}")
    os.unlink(config)
    put(access, what)
    says(f"event=access-refused file={access} entry=\"\" error=\"{NO_FILES[what]}\"")
    os.unlink(access)
    put(os.path.join(weftd.dir, "tls"), what)
    with open(config, "w", encoding="utf-8") as f:
        json.dump({"certificate": os.path.join(weftd.dir, "tls"), "key": os.path.join(weftd.dir, "tls")}, f)
    says("event=certificate-refused")
    with Rest(weftd) as rest:
        assert rest.ask("GET", "status")[0] == 200
        put(access, what)
        wait_for(lambda: f"error=\"{NO_FILES[what]}\"" in rest.read_log(), step=0.05)
        assert rest.ask("GET", "status")[0] == 200
