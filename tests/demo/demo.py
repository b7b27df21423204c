# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft demo: two virtual machines talk through weftd and its firewall, one lies, weftd is killed and comes back."""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from harness import qemu  # noqa: E402
from harness.proc import WEFTCTL  # noqa: E402
from harness.weftd import Weftd  # noqa: E402

VMS = {1: ("52:54:00:00:00:01", "10.0.0.1"), 2: ("52:54:00:00:00:02", "10.0.0.2")}


def say(text):
    """A step, for people."""
    print(f"\n== {text}", flush=True)


def show(weftd, *args):
    """Runs weftctl as a person would."""
    print(f"$ weftctl {' '.join(args)}", flush=True)
    done = subprocess.run([WEFTCTL, "--dev", weftd.dir, *args], check=False)
    return done.returncode


def check(ok, what):
    """Ends the demo where it does not show what it says."""
    if not ok:
        raise SystemExit(f"demo: failed: {what}")


def received(output):
    """How many pings were answered."""
    found = re.search(r"(\d+) packets received", output)
    return int(found[1]) if found else 0


def boot(weftd):
    """The two guests, up, with their addresses."""
    guests = {i: qemu.QemuGuest(weftd.socket(f"vm{i}"), mac) for i, (mac, _) in VMS.items()}
    for i, guest in guests.items():
        guest.wait_boot()
        nic = guest.interface()
        guest.sh(f"ip addr add {VMS[i][1]}/24 dev {nic}; ip link set {nic} up")
    weftd.wait_link("vm1", "vm2")
    return guests


def talk(weftd, guests):
    """Pings in both directions."""
    say("they ping each other")
    for a, b in ((1, 2), (2, 1)):
        code, out = guests[a].sh(f"ping -c 5 -i 0.2 {VMS[b][1]}")
        print(out.strip().split("\n")[-2].strip())
        check(code == 0 and received(out) == 5, f"vm{a} does not reach vm{b}")
    show(weftd, "port", "list")


def firewall(weftd, guests):
    """A connection that no rule allows, the rule for it, and what is seen of it."""
    say("vm1 wants vm2's port 80, and no rule lets it in")
    guests[2].sh("(while true; do echo hello from vm2 | nc -l -p 80; done) >/dev/null 2>&1 & true")
    ask = "nc -w 2 10.0.0.2 80 </dev/null"
    _, out = guests[1].sh(ask)
    check("hello" not in out, "it got in")
    show(weftd, "drops", "vm1")
    show(weftd, "rule", "add", "vms", "in", "allow", "--protocol", "tcp", "--ports", "80", "--name", "http")
    _, out = guests[1].sh(ask)
    check("hello" in out, "the rule does not let it in")
    print(next(line for line in out.split("\n") if line.startswith("hello")).strip())
    show(weftd, "session", "list")
    show(weftd, "rule", "hits", "vms")


def lie(weftd, guests):
    """A frame with another's address, and its name among the drops."""
    say("vm1 sends as 10.0.0.99, which is not its address")
    nic = guests[1].interface()
    guests[1].sh(f"ip addr add 10.0.0.99/24 dev {nic}; ping -c 2 -W 1 -I 10.0.0.99 10.0.0.2; ip addr del 10.0.0.99/24 dev {nic}")
    show(weftd, "drops")
    drops = weftd.drops("vm1")
    check(drops.get("guard_ipv4", 0) + drops.get("guard_arp", 0) > 0, f"the lie has no name among {drops}")
    show(weftd, "explain", "vm1", "to", "10.0.0.2")


def crash(weftd, guests):
    """weftd is killed while vm1 pings, and comes back."""
    say("weftd is killed while vm1 pings vm2, and started again")
    guests[1].start("ping -c 40 -i 0.1 10.0.0.2")
    time.sleep(1)
    weftd.kill()
    start = time.monotonic()
    weftd.start()
    weftd.wait_link("vm1", "vm2")
    print(f"both guests are connected {time.monotonic() - start:.2f} s after the start; their policy was in force before")
    code, out = guests[1].finish()
    print(out.strip().split("\n")[-2].strip())
    check(code == 0 and received(out) >= 20, "the ping did not go on")


def main():
    """The story, from start to end."""
    keep = sys.argv[1:] == ["--keep"]
    check(sys.argv[1:] in ([], ["--keep"]), "usage: ./weft demo [--keep]")
    lacking = qemu.missing()
    check(not lacking, f"{lacking} is missing")
    say("weftd starts")
    with Weftd() as weftd:
        weftd.apply({"default": {
            "networks": {"blue": {"firewall": True}},
            "groups": {"vms": {"rules": [{"name": "ping", "direction": "in", "action": "allow", "protocol": "icmp"}]}},
            "ports": {f"vm{i}": {"network": "blue", "mac": mac, "ips": [ip], "groups": ["vms"]} for i, (mac, ip) in VMS.items()}}})
        show(weftd, "status")
        show(weftd, "port", "show", "vm1")
        say(f"two virtual machines boot (QEMU, {qemu.accelerator()}), each on a vhost-user socket")
        guests = boot(weftd)
        try:
            talk(weftd, guests)
            firewall(weftd, guests)
            lie(weftd, guests)
            crash(weftd, guests)
            say("what weft counted")
            show(weftd, "top", "--once")
            check(show(weftd, "audit") == 0, "the books do not balance")
            if keep:
                say("it goes on; look around with")
                print(f"  {WEFTCTL} --dev {weftd.dir} status | port list | top | drops | workers | explain vm1 to 10.0.0.2\n"
                      f"  socat -,raw,echo=0 {guests[1].dir}/serial    a shell in vm1\n"
                      "Press Enter to end it.", flush=True)
                for guest in guests.values():
                    guest.serial.close()
                sys.stdin.readline()
        finally:
            for guest in guests.values():
                guest.close()
    print("\ndemo: passed")


main()
