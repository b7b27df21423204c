# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""weft-rest in front of one host of a cluster: generations by host, what is late, and the page that shows it."""
import os
import re
import signal
import time

import pytest
from harness.etcd import Etcd, available
from harness.proc import wait_for
from harness.rest import Events, Rest
from harness.weftd import Weftd

pytestmark = pytest.mark.skipif(not available(), reason="etcd is not installed")

POLICY = {"tenants": {"t": {"networks": {"n": {}}, "ports": {"x": {"network": "n", "host": "h1"}, "y": {"network": "n", "host": "h2"}}}}}


def host(i, endpoints):
    """A weftd that is part of the cluster."""
    return Weftd(host=f"h{i}", memory_mb=128, mbufs=2048, fdb_size=1024, etcd={"endpoints": endpoints, "lease_s": 2, "prepare_s": 3})


@pytest.fixture(name="cluster")
def fixture_cluster():
    """Two hosts, and weft-rest in front of the first."""
    with Etcd() as etcd, host(1, etcd.endpoints) as a, host(2, etcd.endpoints) as b:
        wait_for(lambda: all(h.rpc("status").get("cluster_synced") and not h.rpc("status")["fenced"] for h in (a, b)), 30, step=0.02)
        with Rest(a, tcp=True) as rest:
            yield rest, b


def hosts_of(answer):
    """{host: its state}."""
    return {h["host"]: h["state"] for h in answer["hosts"]}


def metric(rest, name):
    """A metric's value."""
    return float(re.search(rf"^{re.escape(name)} (\S+)$", rest.raw("GET", "/metrics")[2].decode(), re.M)[1])


def test_generations_by_host_and_hosts_that_are_late(cluster):
    rest, other = cluster
    status, answer, _ = rest.ask("POST", "apply?wait&timeout_ms=10000", POLICY)
    assert status == 200 and answer["state"] == "applied"
    generation = answer["generation"]
    assert hosts_of(rest.ask("GET", f"generations/{generation}")[1]) == {"h1": "live", "h2": "live"}
    assert rest.ask("GET", "where?what=t/y")[1][0]["host"] == "h2"
    status, problem, _ = rest.ask("GET", "state/ports/t/y")
    assert status == 404 and "is on host h2" in problem["detail"]
    assert metric(rest, 'weft_cluster_hosts{state="live"}') == 2 and metric(rest, "weft_cluster_generation") == generation
    # A host that stands still: what is written is accepted, in time, and it is named until it is fenced.
    os.kill(other.process.pid, signal.SIGSTOP)
    try:
        status, answer, _ = rest.ask("PATCH", "tenants/t/ports/y?wait", {"vm": "late"})
        assert status in (200, 202)
        wait_for(lambda: metric(rest, 'weft_cluster_hosts{state="fenced"}') + metric(rest, 'weft_cluster_hosts{state="late"}') == 1)
        assert set(hosts_of(rest.ask("GET", "state/hosts")[1]).values()) in ({"live", "late"}, {"live", "fenced"})
    finally:
        os.kill(other.process.pid, signal.SIGCONT)
    wait_for(lambda: metric(rest, 'weft_cluster_hosts{state="live"}') == 2, 30)


def test_what_one_host_refuses_is_a_problem_with_the_reason(cluster):
    rest, _ = cluster
    rest.ask("POST", "apply?wait", POLICY)
    status, problem, _ = rest.ask("PATCH", "tenants/t/ports/y?wait", {"worker": 5})
    assert status == 422 and "there is no worker 5" in problem["detail"]
    assert "worker" not in rest.ask("GET", "tenants/t/ports/y")[1]


def test_a_host_that_loses_the_cluster_says_so(cluster):
    rest, _ = cluster
    rest.ask("POST", "apply?wait", POLICY)
    with Events(rest) as events:
        # The clock of the lease runs out while it stands still.
        os.kill(rest.weftd.process.pid, signal.SIGSTOP)
        time.sleep(4)
        os.kill(rest.weftd.process.pid, signal.SIGCONT)
        assert events.until("cluster-lost")["host"] == "h1"
        assert events.until("cluster-back")["host"] == "h1"


def test_the_page_shows_which_host_is_not_up_to_date(cluster):
    pytest.importorskip("selenium", reason="python3-selenium is not installed; './weft test page' installs it")
    from harness.browser import Browser
    rest, other = cluster
    rest.ask("POST", "apply?wait", POLICY)
    with Browser(rest) as browser:
        browser.open()
        browser.login(rest.token("admin", "admin"))
        browser.says("connected")
        os.kill(other.process.pid, signal.SIGSTOP)
        try:
            rest.ask("PATCH", "tenants/t/ports/y", {"vm": "late"})
            browser.says("Hosts, 1 not up to date")
            browser.open("port/t/y")
            browser.says("This port is on host h2; open weft-rest there")
        finally:
            os.kill(other.process.pid, signal.SIGCONT)
