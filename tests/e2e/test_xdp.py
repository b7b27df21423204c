# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""An uplink that the kernel keeps: tunnels go to weft's workers, and all else on through the same interface."""
import contextlib
import re
import socket
import uuid

import pytest
from conftest import mac
from harness.overlay import HERE, HERE6, HOSTS, HOSTS6, THERE, policy
from harness.proc import WEFTCTL, run, wait_for
from harness.vhost_guest import VhostGuest
from harness.weftd import Rejected, Weftd
from harness.wires import measure
from scapy.all import ICMP, IP, Ether, Raw, raw
from test_devices import netns, ping_through  # noqa: F401
from test_overlay_peers import add_address, kernels_end  # noqa: F401

AF_XDP = 44
UPLINK = "net_af_xdp0,iface=nic0"


@pytest.fixture(name="wire")
def fixture_wire(netns):  # noqa: F811
    """The host's namespace with its one interface, nic0, and another host's, in which nic1 is its other end."""
    try:
        socket.socket(AF_XDP, socket.SOCK_RAW).close()
    except OSError:
        pytest.skip("this kernel has no AF_XDP sockets")
    there = f"weft-{uuid.uuid4().hex[:8]}"
    run("ip", "netns", "add", there)
    run("ip", "-n", netns, "link", "add", "nic0", "type", "veth", "peer", "name", "nic1", "netns", there)
    for ns, dev in ((netns, "nic0"), (there, "nic1")):
        run("ip", "netns", "exec", ns, "ethtool", "-K", dev, "tx", "off")
        run("ip", "netns", "exec", ns, "ethtool", "-K", dev, "rxvlan", "off", "txvlan", "off", check=False)
        run("ip", "-n", ns, "link", "set", dev, "up")
    yield netns, there
    run("ip", "netns", "del", there)


def shared(encap, version=4, **host):
    """The policy of host a, whose uplink is shared; EXTRA is more of the host's object."""
    hosts = HOSTS if version == 4 else HOSTS6
    tenants = policy(encap, "a", UPLINK, learning=True, firewall=False)
    tenants["default"]["ports"]["up"]["attach"]["share"] = True
    return {"tenants": tenants, "hosts": {**hosts, "a": {**hosts["a"], **host}}}


def counts(weftd):
    """{what: packets} of the shared uplink."""
    return {name: c["packets"] for name, c in weftd.rpc("uplinks")[0]["counts"].items()}


def tcp(here, there, address):
    """Bits per second of a TCP connection from there to the host itself."""
    return measure(here, there, address, "-t", "1")["sum_received"]["bits_per_second"]


def reaches(ns, address):
    """Whether the kernel there is answered."""
    return run("ip", "netns", "exec", ns, "ping", "-c1", "-W1", address, check=False).find("1 received") > 0


@pytest.mark.parametrize("version", [4, 6])
def test_tunnels_go_to_weft_and_all_else_to_the_kernel(wire, version):
    here, there = wire
    address, length = ((HERE, 24), (HERE6, 64))[version == 6]
    add_address(here, "nic0", f"{address}/{length}")
    with Weftd(netns=here, host="a") as weftd:
        weftd.rpc("apply", policy=shared("vxlan", version))
        kernels_end(there, "nic1", "vxlan", version)
        with VhostGuest(weftd.socket("g1")) as guest:
            weftd.wait_link("g1")
            wait_for(lambda: reaches(there, address), 10)
            assert ping_through(there, guest, "10.0.0.1")
            before = counts(weftd)
            assert before["tunnel"] > 0 and before["to_kernel"] > 0 and before["denied"] == 0
            # What somebody does on the host goes on meanwhile, and is no business of weft's.
            rx = weftd.port("up")["counters"]["rx_packets"]
            assert tcp(here, there, address) > 1e6
            assert weftd.port("up")["counters"]["rx_packets"] - rx < 50
            assert counts(weftd)["to_kernel"] > before["to_kernel"] + 50
            text = run(WEFTCTL, "--dev", weftd.dir, "uplink", "show")
            assert re.search(r"default/up +net_af_xdp0,iface=nic0 +yes +yes +[1-9]", text)


@contextlib.contextmanager
def in_between(wire):
    """weftd on the host's interface, through which the other host reaches it."""
    here, there = wire
    add_address(here, "nic0", f"{HERE}/24")
    add_address(there, "nic1", f"{THERE}/24")
    with Weftd(netns=here, host="a") as weftd:
        weftd.rpc("apply", policy=shared("vxlan"))
        wait_for(lambda: reaches(there, HERE), 10)
        yield weftd


def test_who_is_denied_gets_nowhere(wire):
    _, there = wire
    with in_between(wire) as weftd:
        for deny in (["192.0.2.2/32"], ["198.51.100.0/24", "192.0.2.0/25"]):
            weftd.rpc("apply", policy=shared("vxlan", deny=deny))
            assert not reaches(there, HERE) and counts(weftd)["denied"] > 0
        weftd.rpc("apply", policy=shared("vxlan", deny=["198.51.100.0/24"]))
        assert reaches(there, HERE)
        with pytest.raises(Rejected, match="deny.0: expected a prefix"):
            weftd.ctl("set", "host", "a", 'deny=["cow"]')


def test_what_a_killed_weftd_has_left_is_taken_over(wire):
    here, there = wire
    with in_between(wire) as weftd:
        # Another one does not take it away.
        with Weftd(netns=here, host="b") as other:
            tenants = shared("vxlan")
            tenants["tenants"]["default"]["ports"]["up"]["host"] = "b"
            with pytest.raises(Exception, match="the weftd with process ID"):
                other.rpc("apply", policy=tenants)
        assert "weft_uplink" in run("ip", "-n", here, "-d", "link", "show", "nic0")
        weftd.kill()
        # The host is still there.
        assert "weft_uplink" in run("ip", "-n", here, "-d", "link", "show", "nic0") and reaches(there, HERE)
        weftd.start()
        assert "event=xdp-taken-over interface=nic0" in weftd.read_log()
        assert counts(weftd)["tunnel"] == 0 and reaches(there, HERE)
    # In order, it leaves nothing behind.
    assert "weft_uplink" not in run("ip", "-n", here, "-d", "link", "show", "nic0")


def test_what_does_not_fit_is_said(wire):
    here, _ = wire
    with Weftd(netns=here, host="a") as weftd:
        for device, said in (("net_af_xdp0,iface=nic7", "there is no interface nic7"), ("net_tap0,iface=x", "must be an AF_XDP one")):
            wrong = shared("vxlan")
            wrong["tenants"]["default"]["ports"]["up"]["attach"]["device"] = device
            with pytest.raises(Exception, match=said):
                weftd.rpc("apply", policy=wrong)
        wrong = shared("vxlan")
        wrong["tenants"]["default"]["networks"]["lan"]["mtu"] = 1500
        with pytest.raises(Exception, match="ip link set nic0 mtu 1574"):
            weftd.rpc("apply", policy=wrong)
        # Its MTU is the kernel's.
        run("ip", "-n", here, "link", "set", "nic0", "mtu", "1600")
        weftd.rpc("apply", policy=wrong)
        assert "mtu 1600" in run("ip", "-n", here, "link", "show", "nic0")


def test_vlans_of_networks_and_fragments(wire):
    here, there = wire
    add_address(here, "nic0", f"{HERE}/24")
    bundle = shared("vxlan")
    bundle["tenants"]["default"]["networks"]["tagged"] = {"encap": "vlan", "vlan": 7, "firewall": False}
    bundle["tenants"]["default"]["ports"]["g3"] = {"host": "a", "network": "tagged", "mac": mac(3)}
    with Weftd(netns=here, host="a") as weftd:
        weftd.rpc("apply", policy=bundle)
        with VhostGuest(weftd.socket("g3")) as guest:
            weftd.wait_link("g3")
            frame = raw(Ether(dst=mac(3), src=mac(9)) / IP(src="10.0.0.9", dst="10.0.0.3") / ICMP() / Raw(b"x" * 40))
            tag = bytes.fromhex("81000007")
            send = ("import socket,sys; s=socket.socket(17,3,0x300); s.bind(('nic1',0)); "
                    "[s.send(bytes.fromhex(x)) for x in sys.argv[1:]]")
            other = frame[:12] + bytes.fromhex("81000008") + frame[12:]
            fragment = raw(Ether(dst="ff:ff:ff:ff:ff:ff", src=mac(9)) / IP(src=THERE, dst=HERE, proto=17, frag=100) / Raw(b"x" * 64))
            wait_for(lambda: weftd.port("up")["link"] == "up")
            run("ip", "netns", "exec", there, "/usr/bin/python3", "-c", send, (frame[:12] + tag + frame[12:]).hex(), other.hex(),
                fragment.hex())
            wait_for(lambda: counts(weftd)["vlan"] == 1)
            assert guest.expect() == [frame], weftd.drops()
            wait_for(lambda: counts(weftd)["fragments"] == 1)
            assert counts(weftd)["vlan"] == 1
