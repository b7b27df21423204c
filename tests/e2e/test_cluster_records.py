# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Records in etcd that no host has written: hosts keep their policy, name the record, and go on as soon as it is repaired."""
import base64
import json
import time

import pytest
from harness.etcd import Etcd, available
from harness.proc import wait_for
from harness.weftd import Rejected
from test_cluster import host, ports, synced

pytestmark = pytest.mark.skipif(not available(), reason="etcd is not installed")

IDLE = {"id": "", "state": "idle", "driver": "h2/0123", "parts": 1}
PREPARE = {"id": "0123", "state": "prepare", "driver": "h2/0123", "parts": 1}
NUMBERS = [-1, "7", 10 ** 6 - 1, 2 ** 53 + 1]  # test_publication has more

# Key, value, and whether it stops writes until it is repaired: yes, no, or either.
YES, NO, MAYBE = "yes", "no", "maybe"
RECORDS = [
    *[("publish", {**IDLE, "generation": n, "hosts": "*"}, YES) for n in NUMBERS],
    ("publish", {**PREPARE, "generation": 10 ** 6, "hosts": "*", "changes": {}}, YES),
    ("publish", {**IDLE, "generation": 1, "hosts": "*"}, YES),
    *[("publish", text, YES) for text in (b"", b"\xff\x00\xfe", b"[" * 3000, b'"' + b"x" * 900000 + b'"')],
    ("publish", {**IDLE, "generation": 3, "hosts": [1]}, YES),
    *[(key, {**IDLE, "generation": n, "hosts": hosts}, NO) for key, hosts in (("all", "*"), ("want/h1", ["h1"]), ("want/h1", ["h2"]))
      for n in (-1, 10 ** 6 - 1, 50000)],
    ("want/h1", {**PREPARE, "generation": 50000, "hosts": ["h1"], "changes": {"tenants/t/ports/x": None}}, MAYBE),
    *[("want/h1", text, NO) for text in (b"", b"nonsense", b"\xff\x00", b"[" * 3000)],
    ("want/h1", {**PREPARE, "generation": 4, "hosts": [None, 7]}, NO),
    *[("state/h2", value, MAYBE) for value in (b"nonsense", [], {"host": "h2", "applied": -1}, {"host": "h2", "applied": 2 ** 60},
                                               {"host": "h1", "applied": 1})],
    ("state/ghost", {"host": "ghost", "applied": 1, "prepared": 0, "id": ""}, MAYBE),
    *[("objects/tenants/t/ports/x", value, MAYBE) for value in (b"nonsense", [], b"\xff\x00", b"")],
    ("objects/tenants/t/ports/" + "y" * 900, {}, MAYBE),
    ("objects/" + "z" * 20, {}, MAYBE),
    ("log/00000000000000000001", b"nonsense", NO),
    ("gens/00000000000000000001/000000", [], NO),
    ("allot/shares/h1", {"session": 1, "number": 2 ** 60, "tenants": {"t": "x", "u": [-1, 2 ** 62]}}, NO),
    ("allot/wants/h1", [1], NO),
    ("allot/lead", {"host": 7}, NO),
    ("at/h1/t/" + "p" * 300, b"", NO),
    ("at/h1/\x01/\x02", b"", NO),
]


class Store:
    """The cluster's records in etcd."""

    def __init__(self, etcd):
        self.etcd = etcd

    @staticmethod
    def key(key):
        """As etcd's gateway wants it."""
        return base64.b64encode(f"/weft/v1/{key}".encode()).decode()

    def get(self, key):
        """The value, or None."""
        kvs = self.etcd.call("kv/range", {"key": self.key(key)}).get("kvs")
        return base64.b64decode(kvs[0].get("value", "")) if kvs else None

    def put(self, key, value):
        """Writes bytes, or anything else as JSON."""
        value = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.etcd.call("kv/put", {"key": self.key(key), "value": base64.b64encode(value).decode()})
        return value

    def restore(self, key, bad, value):
        """Makes the value what it was before, unless somebody has replaced BAD."""
        if self.get(key) != bad:
            return
        if value is None:
            self.etcd.call("kv/deleterange", {"key": self.key(key)})
        else:
            self.put(key, value)


def in_force(weftd):
    """What must not change: generation, ports and objects of a host."""
    return weftd.rpc("status")["generation"], [p["name"] for p in weftd.ctl("port", "list")]


def write(weftd, vm, timeout_ms=400):
    """Changes a port. Returns the generation, or the refusal."""
    try:
        return weftd.rpc("apply", policy={"tenants": {"t": {"ports": {"x": {"network": "n", "host": "h1", "vm": vm}}}}},
                         timeout_ms=timeout_ms)["generation"]
    except Rejected as refused:
        return refused.text


def test_records_that_no_host_writes():
    with Etcd() as etcd, host(1, etcd.endpoints, prepare_s=1) as a, host(2, etcd.endpoints, prepare_s=1) as b:
        synced(a, b)
        store, latest = Store(etcd), 0
        for vm in "pqr":
            latest = a.rpc("apply", policy=ports("x@h1", "y@h2", vm=vm), wait=True)["generation"]
        for i, (key, value, stops) in enumerate(RECORDS):
            case = f"{key[:60]} {str(value)[:100]}"
            good = store.get(key)
            bad = store.put(key, value)
            time.sleep(0.05)
            for weftd, vm in ((a, f"a{i}"), (b, f"b{i}")):
                said = write(weftd, vm)
                if isinstance(said, int):
                    assert stops != YES and said == latest + 1, f"{case}: {said}"
                    latest = said
                else:
                    assert stops != NO, f"{case}: {said}"
                if stops == YES:
                    assert f"/weft/v1/{key} in the cluster's store is wrong" in said and "etcdctl" in said, f"{case}: {said}"
                    assert "is wrong" in weftd.rpc("status")["cluster_trouble"]
            for weftd, name in ((a, "t/x"), (b, "t/y")):
                generation, names = in_force(weftd)
                assert generation <= latest and names == [name], f"{case}: {generation} {names}"
            store.restore(key, bad, good)

            def writes():
                """writes to be taken again, without a restart"""
                return [n for n in (write(a, f"c{i}"), write(b, f"d{i}")) if isinstance(n, int)][1:]  # pylint: disable=W0640

            latest = wait_for(writes, 20, step=0.05)[0]
            assert latest < 10 * len(RECORDS), case
            wait_for(lambda: in_force(a)[0] == latest, 10, step=0.02)  # pylint: disable=W0640
        assert a.ctl("get") == b.ctl("get")


def test_a_start_with_a_damaged_store():
    """A host that starts keeps the policy of its journal, takes no writes, and goes on when what it says was typed."""
    with Etcd() as etcd, host(1, etcd.endpoints) as a:
        synced(a)
        store = Store(etcd)
        assert a.rpc("apply", policy=ports("x@h1"), wait=True)["generation"] == 1
        for key, value in (("publish", {**IDLE, "generation": 999999, "hosts": "*"}), ("objects/tenants/t/ports/x", b"{"),
                           ("objects/tenants/t/networks/n", b"")):
            a.kill()
            good, bad = store.get(key), store.put(key, value)
            a.start()
            wait_for(lambda: f"/weft/v1/{key} " in a.rpc("status").get("cluster_trouble", ""), 20, step=0.05)  # pylint: disable=W0640
            assert in_force(a) == (1, ["t/x"])
            assert "is wrong" in write(a, "v")
            if key == "publish":
                typed = a.rpc("status")["cluster_trouble"].split("etcdctl put /weft/v1/publish ")[1].strip("'")
                store.put(key, json.loads(typed))
            else:
                store.restore(key, bad, good)
            synced(a)
            assert in_force(a) == (1, ["t/x"])
        assert write(a, "w", 5000) == 2
