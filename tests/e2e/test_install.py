# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""What 'meson install' puts where, systemd's units, manual pages, completion; and that weft runs as nobody special."""
import os
import pwd
import re
import shutil
import socket
import subprocess

import pytest
from harness.proc import BUILD, REST, WEFTCTL, WEFTD, run, spawn, stop, wait_for
from harness.rest import UnixConnection
from harness.weftd import Weftd

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")


@pytest.fixture(name="root", scope="module")
def fixture_root(tmp_path_factory):
    """A tree in which weft is installed, below /usr/local."""
    root = tmp_path_factory.mktemp("root")
    done = subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    yield os.path.join(root, "usr/local")


def test_everything_is_installed(root):
    for path in ("sbin/weftd", "sbin/weft-rest", "bin/weftctl", "share/man/man8/weftd.8", "share/man/man8/weft-rest.8",
                 "share/man/man1/weftctl.1",
                 "share/bash-completion/completions/weftctl", "lib/systemd/system/weftd.service", "lib/systemd/system/weft-rest.service",
                 "lib/sysusers.d/weft.conf", "lib/udev/rules.d/60-weft.rules", "share/weft/weft.json", "share/weft/weft.rules.yml"):
        assert os.path.exists(os.path.join(root, path)), path
    for program in ("sbin/weftd", "sbin/weft-rest", "bin/weftctl"):
        assert re.search(r"\d+\.\d+\.\d+", run(os.path.join(root, program), "--version"))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("unit,most", [("weftd", 4.0), ("weft-rest", 1.6)])
def test_units_are_well_formed_and_hardened(root, tmp_path, unit, most):
    with open(os.path.join(root, f"lib/systemd/system/{unit}.service"), encoding="utf-8") as f:
        text = f.read()
    assert f"ExecStart=/usr/local/sbin/{unit}\n" in text and "Type=notify" in text and "WatchdogSec=" in text
    path = tmp_path / f"{unit}.service"
    path.write_text(text.replace("/usr/local/sbin", os.path.join(root, "sbin")))
    said = run("systemd-analyze", "verify", "--man=no", str(path), check=False)
    assert [line for line in said.splitlines() if f"{unit}.service" in line and "weftd.service: not found" not in line] == []
    said = run("systemd-analyze", "security", "--offline=true", "--no-pager", str(path), check=False)
    exposure = float(re.search(r"Overall exposure level for .*?: ([\d.]+)", said)[1])
    assert exposure <= most, said


def notified(path):
    """A socket in systemd's place."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    s.settimeout(20)
    return s


def test_systemd_is_told_that_they_serve_and_live(weftd):
    path = os.path.join(weftd.dir, "notify")
    with notified(path) as s, Weftd(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "300000"}):
        assert s.recv(100) == b"READY=1"
        assert [s.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    path = os.path.join(weftd.dir, "notify2")
    with notified(path) as s:
        process = spawn([REST, "--dev", weftd.dir], os.path.join(weftd.dir, "rest.log"),
                        env={**os.environ, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "300000"})
        assert [s.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        stop(process)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_they_run_as_nobody_without_capabilities():
    nobody = pwd.getpwnam("nobody")
    with Weftd() as other:
        # A folder of nobody's, with programs that it may read.
        folder = f"{other.dir}-nobody"
        os.mkdir(folder, 0o755)
        started = []
        try:
            shutil.copy(os.path.join(other.dir, "weftd.json"), folder)
            for program in (WEFTD, REST, WEFTCTL):
                shutil.copy(program, folder)
            for path in (folder, *(os.path.join(folder, name) for name in os.listdir(folder))):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            drop = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups",
                    "--bounding-set=-all", "--no-new-privs"]
            weftd = spawn([*drop, f"{folder}/weftd", "--dev", folder], f"{folder}/log")
            rest = spawn([*drop, f"{folder}/weft-rest", "--dev", folder], f"{folder}/rest.log")
            started += [weftd, rest]

            def answers():
                """weft-rest to say what weftd is"""
                connection = UnixConnection(f"{folder}/rest.sock")
                try:
                    connection.request("GET", "/v1/status")
                    return connection.getresponse().status == 200
                except OSError:
                    return False

            wait_for(answers)
            run(*drop, f"{folder}/weftctl", "--dev", folder, "network", "add", "lan")
            run(*drop, f"{folder}/weftctl", "--dev", folder, "port", "add", "a", "--network", "lan")
            assert "default/a" in run(*drop, f"{folder}/weftctl", "--dev", folder, "port", "list")
            for process in (rest, weftd):
                stop(process)
                assert process.returncode == 0
        finally:
            # Another user's: they do not end with the tests by themselves.
            for process in started:
                stop(process)
            shutil.rmtree(folder)


def commands():
    """All commands that weftctl has."""
    return re.findall(r"^  ([a-z-]+) ", run(WEFTCTL, "--help"), re.M)


def test_manual_and_completion_know_every_command(root):
    with open(os.path.join(ROOT, "docs/man/weftctl.1.scd"), encoding="utf-8") as f:
        manual = f.read()
    for command in commands():
        assert re.search(rf"^\*{command}[ *]", manual, re.M), command
    for command, below in re.findall(r"^  ([a-z-]+) ([a-z|]+) ", run(WEFTCTL, "--help"), re.M):
        described = re.search(rf"^\*{command}\* (.*)", manual, re.M)[1]
        assert set(below.split("|")) <= set(re.findall(r"[a-z]+", described)), command
        assert complete(root, command, "") == below.split("|")
    assert set(complete(root, "", "")) >= set(commands())
    for page in ("man8/weftd.8", "man8/weft-rest.8", "man1/weftctl.1"):
        with open(os.path.join(root, "share/man", page), encoding="utf-8") as f:
            assert ".SH SYNOPSIS" in f.read()


def complete(root, words, current, folder=None):
    """What bash offers after 'weftctl WORDS'."""
    line = ["weftctl", *(["--dev", folder] if folder else []), *words.split(), current]
    script = f"""PATH={root}/bin:$PATH; source {root}/share/bash-completion/completions/weftctl
        COMP_WORDS=({' '.join(f'"{w}"' for w in line)}); COMP_CWORD={len(line) - 1}; _weftctl; printf '%s\\n' "${{COMPREPLY[@]}}" """
    return run("bash", "-c", script).split()


def test_completion_offers_what_there_is(root, weftd):
    weftd.apply({"default": {"networks": {"lan": {}}, "groups": {"web": {}}, "plans": {"gold": {"from_vm": {"rate": "1G"}}},
                             "ports": {"vm1": {"network": "lan"}, "vm2": {"network": "lan"}}}})
    assert complete(root, "port", "s", weftd.dir) == ["show"]
    assert complete(root, "port show", "", weftd.dir) == ["default/vm1", "default/vm2"]
    assert complete(root, "network check", "", weftd.dir) == ["default/lan"]
    assert complete(root, "port add x --network", "", weftd.dir) == ["default/lan"]
    assert complete(root, "rule add", "", weftd.dir) == ["default/web"]
    assert complete(root, "plan show", "g", weftd.dir) == ["gold"]
    assert complete(root, "port add x", "--max", weftd.dir) == ["--max-macs"]
    assert complete(root, "rule add web in", "", weftd.dir) == ["allow", "deny", "reject"]
    assert complete(root, "apply", "--", weftd.dir) == ["--dry-run", "--wait", "--prune"]
    assert set(complete(root, "get", "", weftd.dir)) == set(weftd.rpc("schema"))
    assert "--trunk" in complete(root, "port add x", "--t")
    assert complete(root, "get", "prov") == ["provider-rules"]
    # Where weftd is not there nothing is offered, and nothing is said.
    assert complete(root, "port show", "") == []
