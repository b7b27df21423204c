# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""A tenant's rate over the hosts of a cluster: shared out by need, and never exceeded, whoever is cut off or dies."""
import signal

import pytest

from harness.etcd import available
from harness.proc import wait_for
from harness.shares import LITTLE, Hosts

pytestmark = pytest.mark.skipif(not available(), reason="etcd is not installed")

RATE = 20e6
# What may pass on top of the rate: bursts of 20 ms, and what a look takes. Less passes where the machine is busy: how much of it is used
# is the benchmark's matter.
SLACK = 0.05


@pytest.fixture(name="four")
def fixture_four():
    """Four hosts, whose ports send next to nothing."""
    with Hosts(4, RATE) as hosts:
        yield hosts


def shares(hosts, *which):
    """The hosts' parts, one looked at after the other: while they change, their sum means nothing."""
    return [hosts.here(i) / RATE for i in which or range(1, hosts.n + 1)]


def kept(hosts, i):
    """What host I would keep without the store."""
    return hosts.row(i)["isolated"] / RATE


def allotter(hosts, *but):
    """The number of the host that allots."""
    for i, host in enumerate(hosts.hosts, 1):
        name = host.rpc("status").get("cluster_allots") if i not in but else None
        if name and int(name[1:]) not in but:
            return int(name[1:])
    return 0


def test_rate_is_shared_out_by_need(four):
    # Nobody wants anything: it is there for all.
    wait_for(lambda: min(shares(four)) > 0.2)
    # One wants all of it.
    four.want({1: None})
    wait_for(lambda: four.here(1) > 0.9 * RATE)
    assert 0.75 < four.used(2) < 1 + SLACK
    # All do.
    four.want({2: None, 3: None, 4: None})
    wait_for(lambda: max(shares(four)) < 0.26 and min(shares(four)) > 0.24)
    assert 0.75 < four.used(2) < 1 + SLACK
    # Two want less than an equal part: the others get what they leave.
    four.want({1: 0.1 * RATE, 2: 0.1 * RATE})
    wait_for(lambda: min(shares(four, 3, 4)) > 0.37)
    assert 0.75 < four.used(2) < 1 + SLACK
    assert 0.05 < four.used(1, [1]) < 0.11
    # A new rate is in force with its generation.
    four.apply({"limits": {"rate": int(RATE / 4)}})
    wait_for(lambda: sum(shares(four)) < 0.2501)
    assert four.used(1) < 0.25 * (1 + SLACK) + 0.01


def test_another_host_allots_when_that_one_dies(four):
    wait_for(lambda: min(shares(four)) > 0.2)
    four.want({i: None for i in (1, 2, 3, 4)})
    wait_for(lambda: max(shares(four)) < 0.26 and min(shares(four)) > 0.24)
    dead = allotter(four)
    others = [i for i in (1, 2, 3, 4) if i != dead]
    four.hosts[dead - 1].kill()
    wait_for(lambda: allotter(four, dead), 20)
    # What the dead host may have kept is not the others', until its port is not its any more.
    four.want({others[0]: LITTLE}, by=others[0] - 1)
    wait_for(lambda: min(shares(four, *others[1:])) > 0.3, 20)
    wait_for(lambda: sum(shares(four, *others)) < 0.7501)
    four.apply({"ports": {f"p{dead}": None}}, by=others[0] - 1)
    wait_for(lambda: min(shares(four, *others[1:])) > 0.45, 20)
    assert four.used(1, others) < 1 + SLACK


def test_hosts_without_the_store_keep_an_equal_part_at_most(four):
    wait_for(lambda: min(shares(four)) > 0.2)
    four.want({1: None, 2: 0.1 * RATE, 3: LITTLE, 4: LITTLE})
    wait_for(lambda: four.here(1) > 0.8 * RATE and four.here(3) < 0.05 * RATE)
    wait_for(lambda: 0.249 < kept(four, 1) < 0.2501 and 0.1 < kept(four, 2) < 0.15 and kept(four, 3) < 0.05)
    four.etcd.members[0].send(signal.SIGSTOP)
    try:
        wait_for(lambda: all(h.rpc("status")["fenced"] for h in four.hosts), 20)
        assert 0.15 < four.used(2, [1]) < 0.25 * (1 + SLACK) + 0.01
        # One that runs again knows what it kept.
        four.hosts[0].kill()
        four.hosts[0].start()
        row = four.row(1)
        assert row["here"] == row["isolated"] and 0.249 * RATE < row["here"] < 0.2501 * RATE
        assert four.used(2, [1]) < 0.25 * (1 + SLACK) + 0.01
    finally:
        four.etcd.members[0].send(signal.SIGCONT)
    wait_for(lambda: four.here(1) > 0.8 * RATE, 30)
    assert four.used(2) < 1 + SLACK


def test_host_on_its_own_has_the_whole():
    with Hosts(1, RATE) as one:
        one.want({1: None})
        wait_for(lambda: one.here(1) == RATE)
        assert 0.75 < one.used(2) < 1 + SLACK
