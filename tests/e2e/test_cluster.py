# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Several weftd on one etcd: generations, refusals, hosts that are away, and an etcd that is not what it should be."""
import base64
import concurrent.futures
import glob
import http.server
import json
import os
import signal
import subprocess
import threading
import time

import pytest

from cluster.checker import Check, check
from harness.etcd import Etcd, available, free_port
from harness.proc import WEFTCTL, wait_for
from harness.weftd import Rejected, Weftd

FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")

pytestmark = pytest.mark.skipif(not available(), reason="etcd is not installed")


def host(i, endpoints, **etcd):
    """A weftd that is part of the cluster."""
    return Weftd(host=f"h{i}", memory_mb=128, mbufs=2048, fdb_size=1024,
                 etcd={"endpoints": endpoints, "lease_s": 2, "prepare_s": 3, **etcd})


def synced(*hosts):
    """Waits until they are in step."""
    wait_for(lambda: all(h.rpc("status").get("cluster_synced") and not h.rpc("status")["fenced"] for h in hosts), 30, step=0.02)


def ports(*names, **more):
    """Ports PORT@HOST in network n of tenant t."""
    return {"tenants": {"t": {"networks": {"n": {}}, "ports": {
        name.split("@")[0]: {"network": "n", "host": name.split("@")[1], **more} for name in names}}}}


@pytest.fixture(name="pair")
def fixture_pair():
    """Two hosts and an etcd."""
    with Etcd() as etcd, host(1, etcd.endpoints) as a, host(2, etcd.endpoints) as b:
        synced(a, b)
        yield a, b, etcd


def test_change_is_applied_on_every_host_that_it_concerns(pair):
    a, b, _ = pair
    answer = a.rpc("apply", policy=ports("x@h1", "y@h2"), wait=True)
    assert answer["state"] == "applied" and {h["host"]: h["applied"] for h in answer["hosts"]} == {"h1": 1, "h2": 1}
    assert [p["name"] for p in a.ctl("port", "list")] == ["t/x"] and [p["name"] for p in b.ctl("port", "list")] == ["t/y"]
    # A host knows the ports of its networks, wherever they are, and not those of others.
    answer = b.rpc("apply", policy={"tenants": {"u": {"networks": {"m": {}}, "ports": {"z": {"network": "m", "host": "h2"}}}}}, wait=True)
    assert [h["host"] for h in answer["hosts"] if h["concerned"]] == ["h2"]
    assert a.ctl("get") == b.ctl("get")
    assert a.ctl("where", "z")[0]["host"] == "h2"
    # A port moves to the other host, and back, together with its name.
    a.rpc("apply", policy=ports("x@h2"), wait=True)
    assert a.ctl("port", "list") == [] and {p["name"] for p in b.ctl("port", "list")} == {"t/x", "t/y", "u/z"}
    a.ctl("undo")
    wait_for(lambda: [p["name"] for p in a.ctl("port", "list")] == ["t/x"], step=0.02)


def test_refusal_of_one_host_leaves_all_on_the_old_generation(pair):
    a, b, _ = pair
    a.rpc("apply", policy=ports("x@h1", "y@h2"), wait=True)
    with pytest.raises(Rejected) as refused:
        a.rpc("apply", policy=ports("x@h1", "y@h2", worker=5), wait=True)
    assert "host h" in refused.value.text and "there is no worker 5" in refused.value.text
    assert "generation 1 stays in force everywhere" in refused.value.text
    assert "worker" not in a.ctl("get", "port", "t/x") and "worker" not in b.ctl("get", "port", "t/y")
    assert a.rpc("apply", policy=ports("x@h1", vm="v"), wait=True)["generation"] == 2


@pytest.mark.skipif(not FAKETIME, reason="libfaketime is not installed")
def test_clock_that_jumps_fences_nobody_and_loses_nothing():
    with Etcd() as etcd:
        clock = os.path.join(etcd.dir, "clock")
        with open(clock, "w", encoding="utf-8") as f:
            f.write("+0\n")
        a = host(1, etcd.endpoints)
        a.env = {**os.environ, "LD_PRELOAD": FAKETIME[0], "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1",
                 "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        with a:
            synced(a)
            for i, jump in enumerate(("+400d", "-400d", "+0")):
                with open(clock, "w", encoding="utf-8") as f:
                    f.write(jump + "\n")
                end = time.monotonic() + 2.5  # longer than the lease
                while time.monotonic() < end:
                    assert not a.rpc("status")["fenced"]
                    time.sleep(0.05)
                assert a.rpc("apply", policy=ports("x@h1", vm=f"v{i}"), wait=True)["generation"] == i + 1
            # The process did see the clock jump.
            years = [time.gmtime(g["time"] / 1e6).tm_year for g in a.rpc("generations")]
            assert len(set(years)) > 1


def test_two_writers_on_one_object_are_put_in_order(pair):
    a, b, _ = pair
    a.rpc("apply", policy=ports("x@h1", "y@h2"), wait=True)

    def write(weftd, who):
        """Twenty writes."""
        for i in range(20):
            weftd.rpc("apply", policy=ports("x@h1", vm=f"{who}{i}"))

    with concurrent.futures.ThreadPoolExecutor() as pool:
        for writer in [pool.submit(write, *args) for args in ((a, "a"), (b, "b"))]:
            writer.result()
    assert a.ctl("get", "port", "t/x")["vm"] in ("a19", "b19")
    log = a.ctl("generations")
    assert [g["generation"] for g in log] == list(range(len(log), 0, -1))


def test_large_bundle_goes_in_parts_and_as_a_whole(pair):
    a, b, _ = pair
    policy = {"tenants": {"t": {"networks": {f"n{i}": {} for i in range(20)}, "ports": {
        f"p{i}": {"network": f"n{i % 20}", "host": f"h{1 + i % 2}", "vm": "x" * 60} for i in range(3000)}}}}
    answer = a.rpc("apply", policy=policy, wait=True, timeout_ms=60000)
    assert answer["state"] == "applied" and len(answer["added"]) == 3020
    assert a.ctl("status")["ports"] == b.ctl("status")["ports"] == 1500
    b.rpc("apply", policy={"tenants": {"t": {"ports": {f"p{i}": None for i in range(3000)}}}}, wait=True, timeout_ms=60000)
    assert a.ctl("status")["ports"] == b.ctl("status")["ports"] == 0
    # Few objects, but large ones: more than one of etcd's transactions holds.
    rules = [{"direction": "in", "action": "allow", "protocol": "tcp", "ports": [i], "name": f"rule-{i}"} for i in range(3000)]
    b.rpc("apply", policy={"tenants": {"t": {"groups": {f"g{i}": {"rules": rules} for i in range(4)}}}}, wait=True, timeout_ms=60000)
    assert len(a.ctl("get", "group", "t/g3")["rules"]) == 3000


def test_host_starts_and_forwards_with_etcd_away(pair):
    a, b, etcd = pair
    a.rpc("apply", policy=ports("x@h1", "y@h1", "z@h2"), wait=True)
    etcd.members[0].stop()
    a.kill()
    a.start()
    assert {p["name"] for p in a.ctl("port", "list")} == {"t/x", "t/y"}
    assert a.ctl("explain", "t/x", "to", "ff:ff:ff:ff:ff:ff")["verdict"] == "delivered"
    done = subprocess.run([WEFTCTL, "--dev", a.dir, "set", "port", "t/x", "vm=v"], text=True, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2 and "store cannot be reached" in done.stderr
    wait_for(lambda: a.ctl("status")["fenced"], step=0.05)
    etcd.members[0].start(etcd.cluster)
    synced(a, b)
    assert b.rpc("apply", policy=ports("x@h1", vm="v"), wait=True)["state"] == "applied"


def test_isolated_host_does_what_its_tenants_say(pair):
    a, b, etcd = pair
    policy = {"tenants": {name: {"networks": {"n": {}}, "ports": {"x": {"network": "n", "host": "h1"}, "y": {"network": "n", "host": "h1"}},
                                 "limits": {"on_isolation": mode}} for name, mode in (("open", "keep"), ("shut", "deny-all"))}}
    b.rpc("apply", policy=policy, wait=True)

    def verdicts():
        """What happens to a broadcast from each tenant's port."""
        return [a.ctl("explain", f"{t}/x", "to", "ff:ff:ff:ff:ff:ff").get("drop", "delivered") for t in ("open", "shut")]

    assert verdicts() == ["delivered", "delivered"]
    etcd.members[0].send(signal.SIGSTOP)
    wait_for(lambda: a.ctl("status")["fenced"], step=0.02)
    assert verdicts() == ["delivered", "port_fenced"]
    assert a.port("shut/x")["state"] == "fenced"
    etcd.members[0].send(signal.SIGCONT)
    synced(a, b)
    assert verdicts() == ["delivered", "delivered"]


def test_dead_host_is_named_and_does_not_hold_up_the_others(pair):
    a, b, _ = pair
    a.rpc("apply", policy=ports("x@h1", "y@h2"), wait=True)
    b.process.send_signal(signal.SIGSTOP)
    answer = a.rpc("apply", policy=ports("x@h1", "y@h2", vm="v"), wait=True, timeout_ms=20000)
    assert answer["fenced"] == ["h2"]
    done = subprocess.run([WEFTCTL, "--dev", a.dir, "hosts"], text=True, stdout=subprocess.PIPE, check=True)
    assert "has lost the cluster" in done.stdout
    b.process.send_signal(signal.SIGCONT)
    wait_for(lambda: b.rpc("status")["generation"] == 2, step=0.05)
    synced(b)

    def knows():
        """b to be in step: it may be out of it for a moment more, when it notices that its lease has ended"""
        try:
            return b.ctl("get", "port", "t/y")["vm"] == "v"
        except Rejected:
            return False

    wait_for(knows, step=0.05)
    assert a.rpc("wait", generation=2)["state"] == "applied"


def test_host_that_was_on_its_own_takes_the_clusters_policy():
    with Etcd() as etcd, host(2, etcd.endpoints) as b:
        synced(b)
        b.rpc("apply", policy=ports("x@h1", "y@h2"), wait=True)
        with Weftd(host="h1") as a:
            for i in range(3):
                a.rpc("apply", policy={"tenants": {"own": {"networks": {"n": {}}, "ports": {f"p{i}": {"network": "n"}}}}})
            a.stop()
            with open(os.path.join(a.dir, "weftd.json"), encoding="utf-8") as f:
                config = json.load(f)
            with open(os.path.join(a.dir, "weftd.json"), "w", encoding="utf-8") as f:
                json.dump({**config, "etcd": {"endpoints": etcd.endpoints, "lease_s": 2}}, f)
            a.start()
            synced(a)
            wait_for(lambda: [p["name"] for p in a.ctl("port", "list")] == ["t/x"], step=0.02)
            assert a.rpc("apply", policy=ports("x@h1", vm="v"), wait=True)["generation"] == 2
            a.kill()
            a.start()
            assert a.port("t/x")["name"] == "t/x" and a.ctl("status")["generation"] == 2


def test_another_cluster_is_not_followed(pair):
    a, _, etcd = pair
    a.rpc("apply", policy=ports("x@h1"), wait=True)
    etcd.members[0].stop()
    subprocess.run(["rm", "-r", etcd.members[0].folder], check=True)
    # The same address, and an empty cluster with an id of its own.
    etcd.members[0].args += ["--initial-cluster-token", "other"]
    etcd.members[0].start(etcd.cluster)
    wait_for(lambda: "another cluster" in a.ctl("status").get("cluster_trouble", ""), 30, step=0.1)
    assert [p["name"] for p in a.ctl("port", "list")] == ["t/x"]


def test_compaction_while_a_host_is_away_costs_nothing(pair):
    a, b, etcd = pair
    a.rpc("apply", policy=ports("x@h1", "y@h2"), wait=True)
    b.process.send_signal(signal.SIGSTOP)
    for i in range(3):
        a.rpc("apply", policy=ports("x@h1", "y@h2", vm=f"v{i}"), wait=True, timeout_ms=20000)
    etcd.call("kv/compaction", {"revision": etcd.call("kv/range", {"key": "YQ=="})["header"]["revision"]})
    b.process.send_signal(signal.SIGCONT)
    wait_for(lambda: b.rpc("status")["generation"] == 4, 30, step=0.05)
    synced(b)
    assert b.ctl("get", "port", "t/y")["vm"] == "v2"


def test_password_is_used_and_renewed():
    with Etcd(args=("--auth-token", "simple")) as etcd:
        def b64(s):
            return base64.b64encode(s.encode()).decode()

        etcd.call("auth/role/add", {"name": "weft"})
        etcd.call("auth/role/grant", {"name": "weft", "perm": {"permType": "READWRITE", "key": b64("/weft/"), "range_end": b64("/weft0")}})
        for user, role in (("root", "root"), ("weft", "weft")):
            etcd.call("auth/user/add", {"name": user, "password": f"{user}-secret"})
            if role == "root":
                etcd.call("auth/role/add", {"name": "root"})
            etcd.call("auth/user/grant", {"user": user, "role": role})
        etcd.call("auth/enable", {})
        secret = os.path.join(etcd.dir, "secret")
        with open(secret, "w", encoding="utf-8") as f:
            f.write("weft-secret\n")
        with host(1, etcd.endpoints, user="weft", password_file=secret) as a:
            synced(a)
            assert a.rpc("apply", policy=ports("x@h1"), wait=True)["state"] == "applied"
            # Simple tokens die with the member that gave them.
            etcd.members[0].stop()
            etcd.members[0].start(etcd.cluster)
            wait_for(lambda: _applied(a), 40, step=0.2)
        with host(2, etcd.endpoints) as b:
            wait_for(lambda: "cluster_trouble" in b.ctl("status"), step=0.1)
            assert not b.ctl("status")["cluster_synced"]


def _applied(weftd):
    """Whether a write goes through."""
    try:
        return weftd.rpc("apply", policy=ports("x@h1", vm=str(time.monotonic())), wait=True, timeout_ms=2000)["state"] == "applied"
    except Rejected:
        return False


def test_tls_with_certificates_of_both_sides(tmp_path):
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=ca")
    for name in ("etcd", "weft"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (tmp_path / "ext").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-out", f"{name}.pem", "-extfile", "ext")
    args = ("--cert-file", str(tmp_path / "etcd.pem"), "--key-file", str(tmp_path / "etcd.key"),
            "--trusted-ca-file", str(tmp_path / "ca.pem"), "--client-cert-auth")
    etcd = Etcd(args=args)
    etcd.members[0].client = etcd.members[0].client.replace("http:", "https:")
    etcd.members[0].start(etcd.cluster)
    try:
        files = {"ca": str(tmp_path / "ca.pem"), "cert": str(tmp_path / "weft.pem"), "key": str(tmp_path / "weft.key")}
        with host(1, etcd.endpoints, **files) as a:
            synced(a)
            assert a.rpc("apply", policy=ports("x@h1"), wait=True)["state"] == "applied"
        with host(2, etcd.endpoints, ca=files["ca"]) as b:
            wait_for(lambda: "cluster_trouble" in b.ctl("status"), step=0.1)
            assert not b.ctl("status")["cluster_synced"]
    finally:
        etcd.__exit__()


class Liar(http.server.BaseHTTPRequestHandler):
    """An etcd that answers whatever it likes."""

    answer = (200, b"{}")
    delay = 0

    def do_POST(self):  # pylint: disable=invalid-name
        """Answers."""
        time.sleep(self.delay)
        code, body = self.answer
        try:
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass

    def log_message(self, *_):
        """Says nothing."""


@pytest.mark.parametrize("answer,delay", [
    ((200, b"{}"), 0), ((200, b"nonsense"), 0), ((200, b"[]"), 0), ((500, b"{}"), 0),
    ((200, b'{"header": 5, "kvs": 7, "ID": "1", "TTL": "9"}'), 0),
    ((200, b'{"ID":"7","TTL":"60","responses":[{"response_range":{"kvs":[{"key":"!!","value":"eyJ9"}]}}],'
           b'"result":{"TTL":"9","ID":"7"}}'), 0),
    ((400, b'{"error":"no","code":11}'), 0), ((200, b'{"responses":[' + b"[" * 5000), 0), ((200, b"{}"), 8)])
def test_etcd_that_lies_stops_nothing(answer, delay):
    handler = type("Handler", (Liar,), {"answer": answer, "delay": delay})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with host(1, [f"http://127.0.0.1:{server.server_address[1]}"]) as a:
            time.sleep(1.5)
            start = time.monotonic()
            assert a.ctl("status")["generation"] == 0
            assert time.monotonic() - start < 5
            with pytest.raises(Rejected) as refused:
                a.rpc("apply", policy=ports("x@h1"), timeout_ms=1000)
            assert "nothing was changed" in refused.value.text
    finally:
        server.shutdown()


@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
def test_no_history_shows_a_mixture_and_a_broken_barrier_is_found():
    """The short form of ./weft test cluster."""
    done, violations, probes, _ = check(3, 3, seed=11)
    assert done == 3 and violations == [] and probes > 100
    Check.known = {}
    _, violations, _, _ = check(6, 3, seed=12, broken=True, until_found=True)
    assert violations


def test_json_is_what_the_gateway_sends(pair):
    """What stands in the store is readable for other tools: one key for each object."""
    a, _, etcd = pair
    a.rpc("apply", policy=ports("x@h1"), wait=True)
    key = base64.b64encode(b"/weft/v1/objects/tenants/t/ports/x").decode()
    kvs = etcd.call("kv/range", {"key": key})["kvs"]
    assert json.loads(base64.b64decode(kvs[0]["value"]))["host"] == "h1"


def test_no_patch_is_lost_to_another_hosts(pair):
    """Two hosts set different fields of one object at the same time, over and over."""
    a, b, _ = pair
    a.rpc("apply", policy=ports("x@h1"), wait=True)

    def patch(host, field):
        for i in range(1, 9):
            host.rpc("set", kind="port", name="t/x", patch={"flood": {field: i}})

    with concurrent.futures.ThreadPoolExecutor() as pool:
        for done in [pool.submit(patch, a, "broadcast"), pool.submit(patch, b, "multicast"), pool.submit(patch, b, "unknown")]:
            done.result()
    flood = a.rpc("get", kind="port", name="t/x")["flood"]
    assert (flood["broadcast"], flood["multicast"], flood["unknown"]) == (8, 8, 8)
