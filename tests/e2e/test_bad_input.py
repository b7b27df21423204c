# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""What is wrong is refused with a reason, and changes nothing."""
import json
import os
import re
import socket
import struct
import subprocess

import pytest
from conftest import Lan, mac
from harness.proc import WEFTCTL, WEFTD
from harness.vhost_guest import VhostGuest
from harness.weftd import Rejected, Weftd


@pytest.mark.parametrize("bundle,says", [
    ('{"tenants": ', "line 1"),
    ('{"tenants": {}, "tenants": {}}', "duplicate"),
    ('{"tenants": {"t": {"ports": {"a": {}, "a": {}}}}}', "duplicate"),
    ('{"tenants": {"t": {"ports": {"a": {"network": "n"}}}}}', 'has no network "n"'),
    ('{"tenants": {"t": {"networks": {"n": {"mtu": 1}}}}}', "tenants.t.networks.n.mtu: expected a number from 576"),
    ('{"tenants": {"t": {"networks": {"n": {"color": 1}}}}}', "tenants.t.networks.n.color: there is no such field"),
    ('{"tenants": {"default": {"ports": {"x": {"network": "lan", "mac": "52:54:00:00:00:01"}}}}}', "already used by default/g1"),
    ('{"tenants": {"default": {"ports": {"x": {"network": "lan", "mac": "ff:54:00:00:00:01"}}}}}', "unicast MAC"),
    ('{"tenants": {"default": {"ports": {"x": {"network": "lan", "vlan": {"access": 4095}}}}}}', "1 to 4094"),
    ('{"tenants": {"default": {"ports": {"x": {"attach": {"type": "eth", "device": "net_tpa0"}}, "y": {"network": "lan"}}}}}',
     "device 'net_tpa0'"),
    ('{"tenants": {"default": {"ports": {"x": {"attach": {"type": "eth", "device": "fffe:00:00.0"}}}}}}', "no PCI device fffe:00:00.0"),
    ('{"tenants": {"default": {"ports": {"x": {"network": "lan", "attach": {"path": "/nonexistent/x.sock"}}}}}}',
     "folder of /nonexistent/x.sock"),
    ('{"tenants": {"default": {"ports": {"g1": {"network": "lan", "attach": {"mode": "server"}}}}}}',
     "weftctl port del default/g1"),
    ('{"tenants": {"default": {"ports": {"x": {"network": "lan", "worker": 7}}}}}', "there is no worker 7"),
    ('{"tenants": {"default": {"networks": {"lan": null}}}}', "network default/lan: port default/g1 uses it"),
])
def test_bundle_is_refused_as_a_whole(weftd, bundle, says):
    with Lan(weftd, 1, extra={1: {"mac": mac(1)}}):
        before = weftd.ctl("get"), weftd.ctl("status")["generation"], weftd.rpc("state_hash")
        with pytest.raises(Rejected) as refused:
            weftd.ctl("apply", "-f", "-", stdin=bundle)
        assert refused.value.code == 2
        assert says in refused.value.text
        assert before == (weftd.ctl("get"), weftd.ctl("status")["generation"], weftd.rpc("state_hash"))
        assert os.path.exists(weftd.socket("g1"))


def test_half_of_a_bundle_is_undone(weftd):
    """The first port's device opens, the second's does not: the first is closed again."""
    bundle = {"default": {"networks": {"lan": {}}, "ports": {
        "a": {"network": "lan", "attach": {"type": "eth", "device": "net_null0"}},
        "b": {"network": "lan", "attach": {"type": "eth", "device": "net_nothing0"}}}}}
    for _ in range(3):
        with pytest.raises(Rejected):
            weftd.apply(bundle)
    del bundle["default"]["ports"]["b"]
    weftd.apply(bundle)
    weftd.ctl("port", "del", "a")


def test_dry_run_says_what_would_be(weftd):
    bundle = json.dumps({"tenants": {"t": {"networks": {"n": {}}, "ports": {"a": {"network": "n"}}}}})
    told = weftd.ctl("apply", "-f", "-", "--dry-run", stdin=bundle)
    assert sorted(told["added"]) == ["tenants/t/networks/n", "tenants/t/ports/a"]
    assert weftd.ctl("status")["ports"] == 0


def test_socket_path_that_is_taken(weftd):
    path = os.path.join(weftd.dir, "taken.sock")
    weftd.ctl("network", "add", "lan")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    with pytest.raises(Rejected) as refused:
        weftd.ctl("port", "add", "a", "--network", "lan", "--server", "--path", path)
    assert "another process listens on" in refused.value.text
    listener.close()
    weftd.ctl("port", "add", "a", "--network", "lan", "--server", "--path", path)
    plain = os.path.join(weftd.dir, "plain")
    with open(plain, "w", encoding="utf-8"):
        pass
    with pytest.raises(Rejected) as refused:
        weftd.ctl("port", "add", "b", "--network", "lan", "--server", "--path", plain)
    assert "is not a socket" in refused.value.text and os.path.exists(plain)


def test_socket_path_that_is_too_long(weftd):
    tenant = "t" * 63
    weftd.ctl("network", "add", f"{tenant}/lan")
    with pytest.raises(Rejected) as refused:
        weftd.ctl("port", "add", f"{tenant}/{'a' * 63}", "--network", "lan")
    assert "at most 107; set a shorter attach.path" in refused.value.text


def test_second_weftd_in_the_same_folder(weftd):
    second = subprocess.run([WEFTD, "--dev", weftd.dir], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=60, check=False)
    assert second.returncode == 2
    assert "another weftd serves" in second.stdout
    weftd.ctl("status")


@pytest.mark.parametrize("config,says", [
    ({"workers": []}, "workers: expected a list of 1 to 64 CPU numbers"),
    ({"workers": [1000]}, "weftd may not run on CPU 1000"),
    ({"hugepages": True, "memory_mb": 900000}, "run 'sysctl vm.nr_hugepages="),
    ({"mbufs": 10000000}, 'raise "memory_mb" or lower "mbufs"'),
    ({"wrokers": [1]}, "wrokers: there is no such field"),
    ({"idle": "lazy"}, '"adaptive" or "busy"'),
    ({"policy": "/nonexistent.json"}, "cannot read /nonexistent.json"),
])
def test_configuration_that_is_wrong(config, says):
    weftd = Weftd(**config)
    try:
        done = subprocess.run([WEFTD, "--dev", weftd.dir], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=60, check=False)
        assert done.returncode == 2 and says in done.stdout
    finally:
        subprocess.run(["rm", "-r", weftd.dir], check=True)


def test_damaged_store_is_named_and_kept(weftd):
    for i in range(3):
        weftd.ctl("network", "add", f"lan{i}")
    weftd.stop()
    path = os.path.join(weftd.dir, "state", "journal")
    with open(path, "rb") as f:
        image = bytearray(f.read())
    # Both copies of the first record lose a byte of their payload; the other records are sound.
    first = image.index(b"WFTJ", 1)
    for at in (40, first + 40):
        image[at] ^= 0xff
    with open(path, "wb") as f:
        f.write(image)
    done = subprocess.run([WEFTD, "--dev", weftd.dir], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60, check=False)
    assert done.returncode == 2 and "journal is damaged at byte 0" in done.stdout
    with open(path, "rb") as f:
        assert f.read() == bytes(image)
    # One damaged copy costs nothing.
    image[40] ^= 0xff
    with open(path, "wb") as f:
        f.write(image)
    weftd.start()
    assert set(weftd.ctl("get")["tenants"]["default"]["networks"]) == {"lan0", "lan1", "lan2"}
    weftd.stop()
    with open(path, "rb") as f:
        assert f.read() != bytes(image)  # made good
    weftd.start()


def crc32c(data):
    """CRC32C as the journal has it: without the usual inversions."""
    total = 0
    for byte in data:
        total ^= byte
        for _ in range(8):
            total = total >> 1 ^ (0x82f63b78 if total & 1 else 0)
    return total


def journal_record(record):
    """A record of the journal, in both copies."""
    text = json.dumps(record).encode()
    heads = [b"WFTJ" + struct.pack("<III", copy, len(text), crc32c(text)) for copy in (0, 1)]
    return b"".join(head + struct.pack("<I", crc32c(head)) + text for head in heads)


def test_rings_of_older_releases(weftd):
    """An older weftd stored whose ring code a port uses. Its journal still holds; nobody can ask for DPDK's any more."""
    weftd.stop()
    objects = {"tenants/default/networks/lan": {}}
    for i, rings in ((1, "own"), (2, "library")):
        objects[f"tenants/default/ports/g{i}"] = {"network": "lan", "mac": mac(i), "attach": {"type": "vhost-user", "rings": rings}}
    with open(os.path.join(weftd.dir, "state", "journal"), "wb") as f:
        f.write(journal_record({"generation": 7, "objects": objects}))
    weftd.start()
    ports = weftd.ctl("get")["tenants"]["default"]["ports"]
    assert set(ports) == {"g1", "g2"} and not any("rings" in p["attach"] for p in ports.values())
    retired = re.findall(r"event=retired-field object=(\S+)", weftd.read_log())
    assert set(retired) == {"tenants/default/ports/g2"}
    with VhostGuest(weftd.socket("g1")), VhostGuest(weftd.socket("g2")):
        weftd.wait_link("g1", "g2")
    old = {"network": "lan", "mac": mac(2), "attach": {"rings": "own"}}
    weftd.apply({"default": {"ports": {"g2": old}}})
    old["attach"]["rings"] = "library"
    for options in ([], ["--dry-run"]):
        with pytest.raises(Rejected) as refused:
            weftd.ctl("apply", *options, "-f", "-", stdin=json.dumps({"tenants": {"default": {"ports": {"g2": old}}}}))
        assert refused.value.code == 2 and "attach.rings: DPDK's ring code (library) is gone" in refused.value.text
    assert set(weftd.ctl("get")["tenants"]["default"]["ports"]) == {"g1", "g2"}
    weftd.stop()
    weftd.start()
    assert set(weftd.ctl("get")["tenants"]["default"]["ports"]) == {"g1", "g2"}


def test_exit_codes(weftd):
    def code(*args):
        return subprocess.run([WEFTCTL, *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode

    assert code("--dev", weftd.dir, "status") == 0
    assert code("--dev", weftd.dir, "no-such-command") == 1
    assert code("--dev", weftd.dir, "port", "add") == 1
    assert code("--dev", weftd.dir, "port", "show", "nobody") == 2
    assert code("--socket", "/nonexistent", "status") == 4


def test_who_may_change_things(weftd):
    os.chmod(weftd.dir, 0o755)
    os.chmod(os.path.join(weftd.dir, "weftd.sock"), 0o666)

    def as_nobody(*args):
        return subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", WEFTCTL, "--dev", weftd.dir, *args],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)

    if not os.access(WEFTCTL, os.X_OK) or as_nobody("--version").returncode:
        pytest.skip("user 65534 cannot run programs of the build folder here: its path is closed to others")
    assert as_nobody("status").returncode == 0
    refused = as_nobody("network", "add", "lan")
    assert refused.returncode == 2 and "may change things" in refused.stderr


@pytest.mark.parametrize("line", [b"\n", b"{}\n", b"[]\n", b"nonsense\n", b'{"method": 5}\n',
                                  b'{"method": "status", "params": 7, "id": 1}\n',
                                  b'{"method": "apply"}\n', b'{"method": "explain", "params": {"port": 5}}\n', b"\x00\xff\n",
                                  b'{"method":"apply","params":{"policy":' + b"[" * 3000 + b"]" * 3000 + b"}}\n"])
def test_nonsense_on_the_socket_gets_an_answer(weftd, line):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(os.path.join(weftd.dir, "weftd.sock"))
        s.sendall(line)
        answer = s.makefile("rb").readline()
    assert json.loads(answer)["jsonrpc"] == "2.0"
    weftd.ctl("status")
