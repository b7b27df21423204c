# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""weft-rest: what happens, told to those who follow it."""
import os
import resource
import select
import socket

import pytest
from harness.proc import wait_for
from harness.rest import Events, Rest
from harness.vhost_guest import VhostGuest

LAN = {"tenants": {"default": {"networks": {"lan": {}}}}}


@pytest.fixture(name="rest")
def fixture_rest(weftd):
    """A weftd with a network, and weft-rest over TCP too."""
    weftd.rpc("apply", policy=LAN)
    with Rest(weftd, tcp=True) as rest:
        yield rest


def put(rest, name):
    """A new generation's number."""
    rest.ask("PUT", f"tenants/default/ports/{name}", {"network": "lan"})
    return str(rest.ask("GET", "status")[1]["generation"])


def test_events_are_told_and_resumed(rest):
    with Events(rest) as events:
        generation = put(rest, "a")
        data = events.until("generation")
        assert data["generation"] == generation and data["level"] == "info" and data["time"] > 1e15
        last = events.last
    # What happened while nobody looked.
    missed = [put(rest, name) for name in "bcd"]
    with Events(rest, since=last) as events:
        assert [events.until("generation")["generation"] for _ in missed] == missed
    # What is not kept is said to be lost.
    for i, since in enumerate(("77-3", "x", "77-" + "9" * 30, "-", last.split("-")[0] + "-99999")):
        with Events(rest, since=since) as events:
            if "-" in since:
                assert events.next()[0] == "lost"
            generation = put(rest, f"e{i}")
            assert events.until("generation")["generation"] == generation


def test_events_go_on_over_a_restart_of_weftd(rest):
    with Events(rest) as events:
        rest.weftd.kill()
        rest.weftd.start()
        assert events.until("lost") == {"event": "lost"}
        assert events.until("ready")["host"]
        wait_for(lambda: rest.ask("GET", "hosts")[0] == 200)
        generation = put(rest, "a")
        while events.until("generation")["generation"] != generation:
            pass


def test_tenants_hear_of_their_own_alone(rest):
    red = rest.token("red", "read", "red")
    rest.ask("POST", "apply", {"tenants": {t: {"networks": {"lan": {}}} for t in ("red", "blue")}})
    with Events(rest, token=red) as events:
        for tenant in ("blue", "red"):
            rest.ask("PUT", f"tenants/{tenant}/ports/a", {"network": "lan"})
            with VhostGuest(rest.weftd.socket(f"{tenant}/a")):
                rest.weftd.wait_link(f"{tenant}/a")
        assert events.until("link-up")["port"] == "red/a"


def test_500_clients_hear_of_everything_and_slow_ones_go_by_name(weftd):
    weftd.rpc("apply", policy=LAN)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    try:
        with Rest(weftd, event_clients=501) as rest:
            clients = [Events(rest).__enter__() for _ in range(500)]
            with pytest.raises(AssertionError):
                for _ in range(3):
                    Events(rest).__enter__()
            generation = put(rest, "a")
            assert all(c.until("generation")["generation"] == generation for c in clients)
            # One that reads nothing; the others go on.
            slow = socket.socket(socket.AF_UNIX)
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            clients.pop().connection.close()
            for c in clients[10:]:
                c.connection.close()
            wait_for(lambda: Events(rest).status == 200)
            slow.connect(rest.path)
            slow.sendall(b"GET /v1/events HTTP/1.1\r\nHost: weft\r\n\r\n")
            select.select([slow], [], [], 10)
            numbers = []
            while "event=client-dropped" not in rest.read_log():
                assert len(numbers) < 20000
                numbers.append(put(rest, "a" if len(numbers) % 2 else "b"))
                rest.ask("DELETE", f"tenants/default/ports/{'b' if len(numbers) % 2 else 'a'}")
                for c in clients[:10]:
                    c.until("generation")
            line = [x for x in rest.read_log().splitlines() if "client-dropped" in x][0]
            assert f'name="{os.environ.get("USER", "root")}"' in line and "why=slow" in line
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
