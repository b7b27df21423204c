# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""weft-rest: who may do what, over TCP with and without TLS."""
import json
import os
import shutil
import socket
import ssl
import time

import pytest
from harness.proc import REST, run, wait_for
from harness.rest import Authority, Rest

POLICY = {"tenants": {t: {"networks": {"lan": {}}, "groups": {"g": {}}, "ports": {"a": {"network": "lan", "ips": [f"10.0.0.{i}"]}}}
                      for i, t in enumerate(("red", "blue"), 1)}}


@pytest.fixture(name="rest")
def fixture_rest(weftd):
    """Two tenants, and weft-rest over TCP on the loopback interface."""
    weftd.rpc("apply", policy=POLICY)
    with Rest(weftd, tcp=True) as rest:
        yield rest


def test_without_a_token_nothing_is_seen_and_who_fails_waits(rest):
    status, problem, headers = rest.tcp(None, "GET", "status")
    assert status == 401 and "weft-rest token add" in problem["detail"] and headers["WWW-Authenticate"].startswith("Bearer")
    waits = []
    for _ in range(4):
        start = time.monotonic()
        status, problem, _ = rest.tcp("weft_wrong", "GET", "status")
        waits.append(time.monotonic() - start)
        assert status == 401 and "not known" in problem["detail"] and "wrong" not in problem["detail"]
    assert waits[3] > 0.79 and waits[0] < waits[3]
    assert rest.read_log().count("event=login-failed from=127.0.0.1") == 4 and "weft_wrong" not in rest.read_log()
    # Who knows a token does not wait for those who do not, and metrics need one too.
    token = rest.token("me", "read")
    start = time.monotonic()
    assert rest.tcp(token, "GET", "status")[0] == 200 and time.monotonic() - start < 0.79
    assert rest.tcp(None, "GET", "../metrics")[0] in (401, 404)


def test_bodies_are_kept_of_those_only_who_are_known(rest):
    token = rest.token("me", "admin")
    big = {"x": "y" * (1 << 20)}
    assert rest.tcp("weft_wrong", "PUT", "hosts/h", big)[0] == 401
    assert rest.tcp(token, "PUT", "hosts/h", big)[0] == 422
    # All together they are not more than fits.
    lines = []
    for _ in range(12):
        s = socket.create_connection(("127.0.0.1", rest.port))
        s.sendall(f"PUT /v1/hosts/h HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
                  f"Content-Length: {8 << 20}\r\n\r\n".encode() + b" " * ((8 << 20) - 1))
        lines.append(s)
    wait_for(lambda: rest.tcp(token, "PUT", "hosts/h", big)[0] == 503)
    for s in lines:
        s.sendall(b" ")
    statuses = sorted(s.recv(12)[9:] for s in lines)
    assert statuses == [b"400"] * 7 + [b"503"] * 5 or statuses == [b"400"] * 8 + [b"503"] * 4, statuses
    assert rest.tcp(token, "PUT", "hosts/h", big)[0] == 422


def test_only_hashes_of_tokens_are_kept_and_they_end(rest):
    token = rest.token("me", "admin", days=3)
    with open(os.path.join(rest.weftd.dir, "access.json"), encoding="utf-8") as f:
        text = f.read()
    assert token not in text and token.removeprefix("weft_") not in text and os.stat(f.name).st_mode & 0o777 == 0o640
    assert rest.tcp(token, "GET", "self")[1] == {"name": "me", "role": "admin"}
    entry = json.loads(text)["tokens"]["me"]
    assert 2.9 * 86400 < entry["expires"] - time.time() < 3.1 * 86400
    assert "there is a token of this name" in run(REST, "--dev", rest.weftd.dir, "token", "add", "me", "--role", "read", check=False)
    assert "me" in run(REST, "--dev", rest.weftd.dir, "token", "list")
    # An expired one.
    text = text.replace(str(entry["expires"]), "1000")
    with open(f.name, "w", encoding="utf-8") as f:
        f.write(text)
    wait_for(lambda: rest.tcp(token, "GET", "self")[0] == 401)
    assert "expired" in rest.tcp(token, "GET", "self")[1]["detail"]
    run(REST, "--dev", rest.weftd.dir, "token", "del", "me")
    wait_for(lambda: "not known" in rest.tcp(token, "GET", "self")[1]["detail"])


def test_a_bad_access_file_is_said_and_what_held_goes_on(rest):
    token = rest.token("me", "read")
    path = os.path.join(rest.weftd.dir, "access.json")
    for text in ("{", '{"tokens": {"x": {"role": "king", "sha256": "' + "0" * 64 + '"}}}',
                 '{"tokens": {"x": {"role": "read", "sha256": "7"}}}',
                 '{"cow": 7}', '{"tokens": 7}'):
        said = rest.read_log().count("event=access-refused")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        wait_for(lambda n=said: rest.read_log().count("event=access-refused") > n)
        assert rest.tcp(token, "GET", "status")[0] == 200


def test_roles(rest):
    read, operate, admin = (rest.token(role, role) for role in ("read", "operate", "admin"))
    port = "tenants/red/ports/b"
    status, problem, _ = rest.tcp(read, "PUT", port, {"network": "lan"})
    assert status == 403 and problem["detail"] == "the role read may not change anything"
    assert rest.tcp(read, "POST", "explain", {"port": "red/a", "to": "10.0.0.9"})[0] == 200
    assert rest.tcp(operate, "PUT", port, {"network": "lan"})[0] == 201
    # Who has done it stands in the books.
    assert rest.ask("GET", "generations")[1][0]["who"].startswith("operate by ")
    assert rest.tcp(operate, "PATCH", port, {"vm": "x"})[0] == 200
    # What concerns the host or the wire is not for it.
    for method, path, body, field in (("PATCH", port, {"max_macs": 7}, "max_macs"), ("PATCH", port, {"flood": {"arp": 0}}, "flood.arp"),
                                      ("PUT", "tenants/red/networks/n", {"encap": "vlan", "vlan": 7}, "encap"),
                                      ("PATCH", "tenants/red/networks/lan", {"firewall": False}, "firewall"),
                                      ("PUT", "tenants/red/limits", {"rate": "1G"}, "limits"), ("PUT", "hosts/h", {}, "hosts/h")):
        status, problem, _ = rest.tcp(operate, method, path, body)
        assert status == 403 and field in problem["detail"] and "admin" in problem["detail"], problem
        status, problem, _ = rest.tcp(admin, method, path, body)
        assert status in (200, 201), problem
    # Nor to take away what an admin has given it; but to change the rest.
    assert rest.tcp(operate, "DELETE", port)[0] == 403
    now = rest.tcp(operate, "GET", port)[1]
    assert rest.tcp(operate, "PUT", port, {**now, "vm": "y"})[0] == 200
    assert rest.tcp(operate, "POST", "state/workers/rebalance")[0] == 403 and rest.tcp(admin, "POST", "state/workers/rebalance")[0] == 200
    assert rest.tcp(read, "DELETE", "state/sessions?all")[0] == 403 and rest.tcp(operate, "DELETE", "state/sessions?all")[0] == 200
    assert rest.tcp(operate, "POST", "tenants/red/ports/a/retire?bar_s=60")[0] == 200
    assert rest.ask("GET", "tenants/red/ports/a")[1]["state"] == "quarantined"


def test_tenants_see_and_change_their_own_alone(rest):
    red = rest.token("red", "operate", "red")
    red_admin = rest.token("red-admin", "admin", "red")
    assert rest.tcp(red, "GET", "self")[1] == {"name": "red", "role": "operate", "tenants": ["red"]}
    # All that is there to be read: nothing that it sees names the other one.
    document = rest.ask("GET", "openapi.json")[1]
    names = {"tenant": "red", "port": "a", "name": "a", "network": "lan", "group": "g", "generation": "1", "pf": "eth0"}
    for path, operations in document["paths"].items():
        if "get" not in operations or path == "/v1/events":
            continue
        if any(p["name"] == "what" for p in operations["get"]["parameters"]):
            path += "?what=10.0.0.2"
        if path == "/metrics":
            assert rest.tcp(red, "GET", "../metrics")[0] in (403, 404)
            continue
        status, answer, _ = rest.tcp(red, "GET", path.removeprefix("/v1/").format(**names))
        assert status in (200, 403, 404, 422), (path, status, answer)
        assert path == "/v1/openapi.json" or "blue" not in json.dumps(answer), (path, answer)
        if "{tenant}" in path:
            other = rest.tcp(red, "GET", path.removeprefix("/v1/").format(**{**names, "tenant": "blue"}))
            assert other[0] == 403 and "not one of your tenants" in other[1]["detail"], path
    assert [p["name"] for p in rest.tcp(red, "GET", "state/ports")[1]["ports"]] == ["red/a"]
    assert list(rest.tcp(red, "GET", "policy")[1]["tenants"]) == ["red"]
    # Nor who has changed what is not its.
    other = rest.token("stranger", "operate", "blue")
    assert rest.tcp(other, "PUT", "tenants/blue/ports/b", {"network": "lan"})[0] == 201
    rows = rest.tcp(red, "GET", "generations")[1]
    assert rows and "stranger" not in json.dumps(rows) and all(r["added"] or r["changed"] or r["removed"] for r in rows)
    # What it would change.
    before = rest.ask("GET", "policy")[1]
    for token in (red, red_admin):
        for method, path, body in (("PUT", "tenants/blue/ports/b", {"network": "lan"}), ("PATCH", "tenants/blue/ports/a", {"vm": "x"}),
                                   ("DELETE", "tenants/blue/ports/a", None),
                                   ("POST", "apply", {"tenants": {"blue": {"networks": {"n": {}}}}}),
                                   ("POST", "apply?dry_run&diff&prune", {"tenants": {"red": {}, "blue": {}}}),
                                   ("POST", "generations/1/undo", None), ("PUT", "hosts/h", {}),
                                   ("POST", "tenants/blue/ports/a/retire", None),
                                   ("DELETE", "state/sessions?port=blue/a", None), ("DELETE", "state/sessions?all", None),
                                   ("POST", "explain", {"port": "blue/a", "to": "10.0.0.1"}), ("POST", "state/workers/rebalance", None)):
            status, problem, _ = rest.tcp(token, method, path, body)
            assert status == 403 and "10.0.0.2" not in json.dumps(problem), (method, path, status, problem)
    assert rest.ask("GET", "policy")[1] == before
    # What is left out of its own policy is its own.
    assert rest.tcp(red, "POST", "apply?dry_run&diff&prune", {"tenants": {"red": {}}})[1]["removed"]
    assert rest.tcp(red, "POST", "apply?wait", {"tenants": {"red": {"ports": {"c": {"network": "lan"}}}}})[0] == 200
    assert rest.tcp(red, "DELETE", "state/sessions?port=red/a")[0] == 200
    assert rest.tcp(red, "PUT", "tenants/red/limits", {"rate": "1G"})[0] == 403
    assert rest.tcp(red_admin, "PUT", "tenants/red/limits", {"rate": "1G"})[0] == 201


def test_other_sites_pages_get_nowhere(rest):
    token = rest.token("me", "admin")
    here = f"http://127.0.0.1:{rest.port}"
    assert rest.tcp(token, "GET", "status", Origin=here)[0] == 200
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        assert rest.tcp(token, "POST", "generations/1/undo", Origin=origin)[0] == 403
    # At the UNIX socket, which needs no token, not even by a name of theirs that leads here.
    assert rest.ask("GET", "status", Host="evil.example")[0] == 421
    assert rest.ask("GET", "status", Host="localhost:8080")[0] == 200 and rest.ask("GET", "status", Host="[::1]:8080")[0] == 200
    headers = rest.ask("GET", "status")[2]
    assert "default-src 'none'" in headers["Content-Security-Policy"] and headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store" and headers["Referrer-Policy"] == "no-referrer"


def test_tls_and_a_certificate_that_changes(weftd):
    ca, other = Authority(weftd.dir), Authority(weftd.dir, "other")
    certificate, key = ca.issue("weft", file="server")
    with Rest(weftd, tcp=True, certificate=certificate, key=key) as rest:
        token = rest.token("me", "read")
        status, _, headers = rest.tls("GET", "status", ca.ca, Authorization=f"Bearer {token}")
        assert status == 200 and headers["Strict-Transport-Security"]
        # Nothing goes without, and old versions do not.
        with pytest.raises(Exception):
            rest.tcp(token, "GET", "status")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("DEFAULT@SECLEVEL=0")
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(ssl.SSLError), socket.create_connection(("127.0.0.1", rest.port)) as s:
            old.wrap_socket(s)
        # A key that is not the certificate's is not taken; a pair that is, is, with no connection lost.
        open_one = socket.create_connection(("127.0.0.1", rest.port))
        with pytest.raises(ssl.SSLCertVerificationError):
            rest.tls("GET", "status", other.ca)
        _, wrong = other.issue("weft", file="wrong")
        shutil.copy(wrong, key + ".new")
        os.replace(key + ".new", key)
        wait_for(lambda: "event=certificate-refused" in rest.read_log())
        assert rest.tls("GET", "status", ca.ca, Authorization=f"Bearer {token}")[0] == 200
        other.issue("weft", file="server")
        wait_for(lambda: "event=certificate-read" in rest.read_log())
        assert rest.tls("GET", "status", other.ca, Authorization=f"Bearer {token}")[0] == 200
        open_one.close()


def test_clients_certificates(weftd):
    ca, other = Authority(weftd.dir), Authority(weftd.dir, "other")
    certificate, key = ca.issue("weft", file="server")
    with open(os.path.join(weftd.dir, "access.json"), "w", encoding="utf-8") as f:
        json.dump({"certificates": {"alice": {"role": "admin"}, "bob": {"role": "read", "tenants": ["red"]}}}, f)
    with Rest(weftd, tcp=True, certificate=certificate, key=key, client_ca=ca.ca) as rest:
        assert rest.tls("GET", "self", ca.ca, ca.issue("alice", use="clientAuth"))[1] == {"name": "alice", "role": "admin"}
        assert rest.tls("GET", "self", ca.ca, ca.issue("bob", use="clientAuth"))[1]["tenants"] == ["red"]
        for name, chain, why in (("expired", ca.issue("alice", days=-3, use="clientAuth", file="expired"), "expired"),
                                 ("of another CA", other.issue("alice", use="clientAuth"), "no authority"),
                                 ("a server's", ca.issue("alice", file="server2"), "not for clients"),
                                 ("nobody's", ca.issue("mallory", use="clientAuth"), "not known")):
            status, problem, _ = rest.tls("GET", "self", ca.ca, chain)
            assert status == 401 and why in problem["detail"], (name, problem)
        assert rest.tls("GET", "self", ca.ca)[0] == 401
        # A token will do as well.
        token = rest.token("me", "read")
        assert rest.tls("GET", "self", ca.ca, Authorization=f"Bearer {token}")[0] == 200


def test_other_hosts_need_tls(weftd):
    with open(os.path.join(weftd.dir, "rest.json"), "w", encoding="utf-8") as f:
        json.dump({"listen": "0.0.0.0:8443"}, f)
    assert "there is no TLS" in run(REST, "--dev", weftd.dir, check=False)
    for config, said in (({"listen": "cow"}, "ADDRESS:PORT"), ({"cow": 7}, "cow"),
                         ({"certificate": "x"}, "set both certificate and key, or neither"),
                         ({"socket": "", "listen": ""}, "nothing to serve"), ({"certificate": "/nothing", "key": "/nothing"}, "/nothing"),
                         ({"connections": 0}, "positive")):
        with open(os.path.join(weftd.dir, "rest.json"), "w", encoding="utf-8") as f:
            json.dump(config, f)
        assert said in run(REST, "--dev", weftd.dir, check=False)


def test_rates_and_slow_requests(weftd):
    with Rest(weftd, tcp=True, requests_per_s=20, request_s=2, connections_per_address=8) as rest:
        token = rest.token("me", "read")
        answers = [rest.tcp(token, "GET", "self") for _ in range(40)]
        assert answers[0][0] == 200 and answers[-1][0] == 429 and answers[-1][2]["Retry-After"] == "1"
        # Who sends a byte now and then is not waited for.
        slow = socket.create_connection(("127.0.0.1", rest.port))
        start = time.monotonic()
        with pytest.raises(OSError):
            for byte in b"GET /v1/status HTTP/1.1\r\nX: " + b"x" * 1000:
                slow.sendall(bytes([byte]))
                time.sleep(0.2)
        assert 1.5 < time.monotonic() - start < 20
        # Nor has one address all connections.
        held = [socket.create_connection(("127.0.0.1", rest.port)) for _ in range(12)]
        wait_for(lambda: sum(map(_closed, held)) >= 4)
        for s in held:
            s.close()

        def answers():
            """weft-rest to have noticed that they are closed"""
            try:
                return rest.tcp(token, "GET", "self")[0] == 200
            except ConnectionError:
                return False

        wait_for(answers)


def _closed(s):
    """Whether the other end has closed it."""
    try:
        return s.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
