# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""weft-rest: objects, what else it does, and requests that are none."""
import concurrent.futures
import json
import os
import re
import socket

import jsonschema
import pytest
from harness.proc import REST, run, wait_for
from harness.rest import Rest

PORT = "tenants/default/ports/a"


@pytest.fixture(name="rest")
def fixture_rest(weftd):
    """A weftd with a network, and weft-rest."""
    weftd.rpc("apply", policy={"tenants": {"default": {"networks": {"lan": {}}}}})
    with Rest(weftd) as rest:
        yield rest


def test_object_is_made_read_changed_and_taken_away(rest):
    status, port, headers = rest.ask("PUT", PORT, {"network": "lan", "vm": "x"})
    assert status == 201 and port["vm"] == "x" and headers["Location"] == f"/v1/{PORT}"
    etag = headers["ETag"]
    # The same again changes nothing.
    generation = rest.ask("GET", "status")[1]["generation"]
    status, _, headers = rest.ask("PUT", PORT, {"network": "lan", "vm": "x"})
    assert status == 200 and headers["ETag"] == etag and rest.ask("GET", "status")[1]["generation"] == generation
    assert rest.ask("GET", PORT, If_None_Match=etag)[:2] == (304, None)
    status, port, headers = rest.ask("PATCH", PORT, {"vm": None, "flood": {"arp": 7}}, If_Match=etag,
                                     Content_Type="application/merge-patch+json")
    assert status == 200 and "vm" not in port and port["flood"]["arp"] == 7 and port["flood"]["broadcast"] == 1000
    # Who has read what it was before does not write over it.
    for method, body in (("PUT", {"network": "lan"}), ("PATCH", {"vm": "z"}), ("DELETE", None)):
        status, problem, _ = rest.ask(method, PORT, body, If_Match=etag)
        assert status == 412 and "has changed meanwhile" in problem["detail"]
    assert rest.ask("PUT", PORT, {"network": "lan"}, If_None_Match="*")[0] == 412
    assert rest.ask("PUT", "tenants/default/ports/b", {"network": "lan"}, If_Match="*")[0] == 412
    assert rest.ask("DELETE", PORT, If_Match=headers["ETag"])[0] == 204
    assert rest.ask("DELETE", PORT)[0] == 204 and rest.ask("GET", PORT)[0] == 404
    # What a tenant has one of, and what is no tenant's.
    assert rest.ask("PUT", "tenants/default/limits", {"rate": "1G"})[0] == 201
    assert rest.ask("PUT", "hosts/h", {"tunnel": {"address": "192.0.2.1"}})[0] == 201
    assert rest.ask("GET", "tenants/default/limits")[1]["rate"] == "1G"


def test_lists_have_pages_and_filters(rest):
    for i in range(7):
        assert rest.ask("PUT", f"tenants/default/ports/p{i}", {"network": "lan", "vm": f"v{i % 2}"})[0] == 201
    status, page, _ = rest.ask("GET", "tenants/default/ports?limit=3&vm=v0")
    assert status == 200 and [o["name"] for o in page["objects"]] == ["default/p0", "default/p2", "default/p4"] and page["total"] == 4
    status, page, _ = rest.ask("GET", f"tenants/default/ports?limit=3&vm=v0&after={page['next']}")
    assert [o["name"] for o in page["objects"]] == ["default/p6"] and "next" not in page
    assert rest.ask("GET", "tenants/other/ports")[1]["objects"] == []
    assert rest.ask("GET", "tenants/default/ports?cow=7")[0] == 422


def test_policy_generations_and_state(rest):
    bundle = {"tenants": {"default": {"ports": {"a": {"network": "lan", "ips": ["10.0.0.1"]}}}}}
    status, answer, _ = rest.ask("POST", "apply?dry_run", bundle)
    assert status == 200 and answer["dry_run"] and answer["added"] == [PORT] and rest.ask("GET", PORT)[0] == 404
    status, answer, _ = rest.ask("POST", "apply?wait=true&timeout_ms=5000", bundle)
    generation = answer["generation"]
    assert status == 200 and answer["added"] == [PORT]
    assert rest.ask("GET", f"generations/{generation}")[1]["state"] == "applied"
    assert rest.ask("GET", f"generations/{generation}/changes")[0] == 200
    assert rest.ask("GET", "generations")[0] == 200
    assert rest.ask("GET", "where?what=10.0.0.1")[0] == 200 and rest.ask("GET", "where")[0] == 400
    assert rest.ask("GET", "state/ports/default/a")[1]["name"] == "default/a" and rest.ask("GET", "state/ports/default/b")[0] == 404
    assert rest.ask("POST", f"generations/{generation}/undo")[0] == 200 and rest.ask("GET", PORT)[0] == 404
    assert rest.ask("GET", "policy")[1]["tenants"]["default"]["networks"]


def test_every_path_of_the_document_is_there(rest):
    status, document, _ = rest.ask("GET", "openapi.json")
    assert status == 200 and document["openapi"] == "3.1.0"
    rest.ask("PUT", PORT, {"network": "lan"})
    names = {"tenant": "default", "port": "a", "name": "a", "generation": "1", "network": "lan", "group": "g", "pf": "eth0"}
    for path, operations in document["paths"].items():
        url = re.sub(r"{(\w+)}", lambda m: names[m[1]], path)
        assert {p["name"] for o in operations.values() for p in o["parameters"] if p["in"] == "path"} == set(re.findall(r"{(\w+)}", path))
        for method in ("GET", "PUT", "POST", "PATCH", "DELETE"):
            operation = operations.get(method.lower())
            if (method, path) == ("GET", "/v1/events"):
                assert list(operation["responses"]["200"]["content"]) == ["text/event-stream"]
                continue  # It has no end.
            status, headers, body = rest.raw(method, url, "[]" if method in ("PUT", "POST", "PATCH") else None,
                                             {"Content-Type": "application/json"})
            if operation is None:
                assert status in (404, 405), (method, url, status)
            elif operation.get("requestBody"):
                assert status == 400 and headers["Content-Type"] == "application/problem+json", (method, url, status, body)
            else:
                assert status in (200, 202, 204, 400, 404, 422), (method, url, status, body)
    schemas = set(document["components"]["schemas"])
    assert set(re.findall(r"#/components/schemas/([\w-]+)", json.dumps(document))) <= schemas


EXAMPLES = {
    "tenants/default/networks/n": {"mtu": 1400},
    "tenants/default/groups/g": {"rules": [{"name": "r", "direction": "in", "action": "allow"}]},
    "tenants/default/plans/p": {"from_vm": {"rate": "1M"}}, "tenants/default/ports/a": {"network": "lan", "vlan": {"trunk": [1, "7-9"]}},
    "tenants/default/limits": {"rate": "1G"}, "tenants/default/rules": {"rules": []}, "hosts/h": {"tunnel": {"address": "192.0.2.1"}},
    "provider-rules/x": {"rules": []}, "tenants/default/retired/x": {"network": "lan", "until": 4000000000}}


def test_answers_are_what_the_document_says(rest):
    document = rest.ask("GET", "openapi.json")[1]
    tried = set()

    def check(method, template, status, answer, headers):
        """Holds an answer against the schema that the document has for its status."""
        responses = document["paths"][f"/v1/{template}"][method.lower()]["responses"]
        said = responses.get(str(status), responses["default"])
        kind = headers["Content-Type"]
        assert kind in said.get("content", {}) or (status == 204 and kind is None), (method, template, status, kind)
        if kind:
            jsonschema.validate(answer, {**said["content"][kind]["schema"], "components": document["components"]},
                                cls=jsonschema.Draft202012Validator)
        tried.add((template, method))

    for path, example in EXAMPLES.items():
        parts = path.split("/")
        if parts[0] == "tenants":
            template = "/".join(["tenants", "{tenant}", parts[2], *(["{name}"] if len(parts) == 4 else [])])
        else:
            template = parts[0] + ("/{name}" if len(parts) == 2 else "")
        for method, body, statuses in (("PUT", example, [201]), ("GET", None, [200]), ("PUT", example, [200]), ("PUT", {"cow": 7}, [422]),
                                       ("PATCH", {}, [200]), ("PATCH", {"cow": 7}, [422])):
            status, answer, headers = rest.ask(method, path, body)
            assert status in statuses, (method, path, answer)
            check(method, template, status, answer, headers)
        if "{name}" in template:
            check("GET", template.removesuffix("/{name}"), *rest.ask("GET", path.rsplit("/", 1)[0] + "?limit=1"))
    for path in reversed(EXAMPLES):
        assert rest.ask("DELETE", path)[0] == 204
    # No kind has been left out.
    assert {t for t, m in tried if m == "PUT"} == {p.removeprefix("/v1/") for p, o in document["paths"].items() if "put" in o}


@pytest.mark.parametrize("method,path,body,headers,status,said", [
    ("PUT", PORT, b'{"network": 7}', {}, 422, '"field":"tenants.default.ports.a.network"'),
    ("PUT", PORT, b'{"cow": 7}', {}, 422, "cow"),
    ("PUT", PORT, b'{"network": "lan", "network": "lan"}', {}, 400, "duplicate"),
    ("PUT", PORT, b'{"network": ', {}, 400, "line 1"),
    ("PUT", PORT, b"[" * 100000, {}, 400, "depth"),
    ("PUT", PORT, b"7", {}, 400, "not JSON"),
    ("PUT", PORT, b"[]", {}, 400, "not a JSON object"),
    ("PUT", PORT, b"", {}, 400, "not JSON"),
    ("PUT", PORT, b'{"vm": "\xff"}', {}, 400, "not JSON"),
    ("PUT", PORT, b"{}", {"Content-Type": "text/plain"}, 415, "application/json"),
    ("PUT", PORT, b"{}" + b" " * (9 << 20), {}, 413, "longer"),
    ("PUT", "tenants/de fault/ports/a".replace(" ", "%20"), b"{}", {}, 422, "name"),
    ("PUT", "tenants/" + "x" * 500 + "/ports/a", b"{}", {}, 422, ""),
    ("GET", "tenants/%ff/ports", None, {}, 400, "UTF-8"),
    ("GET", "tenants/default/ports?vm=%ff", None, {}, 400, "UTF-8"),
    ("GET", "tenants/default/ports?limit=-7", None, {}, 200, ""),
    ("GET", "a/b/c/d/e/f/g/h/i/j/k", None, {}, 404, "openapi"),
    ("GET", "", None, {}, 404, ""),
    ("GET", "../etc/passwd", None, {}, 404, ""),
    ("POST", "status", b"{}", {}, 405, "GET"),
    ("DELETE", "tenants/default/ports", None, {}, 405, "GET"),
    ("PATCH", "tenants/default/ports/none", b"{}", {}, 404, "there is no"),
    ("GET", "generations/99999999999999999999999", None, {}, 422, ""),
], ids=map(str, range(23)))
def test_what_is_no_request_is_answered_as_such(rest, method, path, body, headers, status, said):
    if body is not None:
        headers = {"Content-Type": "application/json", **headers}
    got, kind, text = rest.raw(method, f"/v1/{path}", body, headers)
    assert got == status, text
    assert said in text.decode()
    assert kind["Content-Type"] == ("application/json" if got == 200 else "application/problem+json")
    # It goes on.
    assert rest.ask("GET", "status")[0] == 200


def test_half_a_request_holds_up_nobody(rest):
    held = []
    for text in (b"", b"GET /v1/sta", b"PUT /v1/hosts/h HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\n{", b"\0" * 100,
                 b"GET / HTTP/9.9\r\n\r\n"):
        s = socket.socket(socket.AF_UNIX)
        s.connect(rest.path)
        s.sendall(text)
        held.append(s)
    assert rest.ask("GET", "status")[0] == 200
    for s in held:
        s.close()
    assert rest.ask("GET", "status")[0] == 200


def test_many_at_once_and_writers_lose_nothing(rest):
    rest.ask("PUT", PORT, {"network": "lan"})

    def bump(field):
        for i in range(1, 11):
            assert rest.ask("PATCH", PORT, {"flood": {field: i}})[0] == 200

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(bump, field) for field in ("arp", "broadcast", "multicast", "unknown")]
        jobs += [pool.submit(lambda: [rest.ask("GET", PORT) for _ in range(50)]) for _ in range(4)]
        for job in jobs:
            job.result()
    assert rest.ask("GET", PORT)[1]["flood"] == {"arp": 10, "broadcast": 10, "multicast": 10, "unknown": 10}


def test_weftd_that_is_gone_is_said_and_found_again(rest):
    rest.ask("PUT", PORT, {"network": "lan"})
    rest.weftd.kill()
    wait_for(lambda: rest.ask("GET", PORT)[0] == 503)
    # Its socket may be gone, too.
    os.unlink(os.path.join(rest.weftd.dir, "weftd.sock"))
    wait_for(lambda: rest.ask("GET", PORT)[0] == 503)
    assert "weft-rest cannot reach weftd" in rest.ask("GET", "status")[1]["detail"]
    rest.weftd.start()
    wait_for(lambda: rest.ask("GET", PORT)[0] == 200)


def test_its_socket_is_its_owners_and_no_second_one_takes_it(rest):
    assert os.stat(rest.path).st_mode & 0o777 == 0o660
    assert "another process serves this socket" in run(REST, "--dev", rest.weftd.dir, check=False)
    assert rest.ask("GET", "status")[0] == 200


def test_metrics_are_openmetrics(rest):
    rest.ask("PUT", "tenants/default/plans/p", {"from_vm": {"rate": "10M"}})
    rest.ask("PUT", "tenants/default/limits", {"rate": "1G"})
    rest.ask("PUT", PORT, {"network": "lan", "plan": "p"})
    status, headers, text = rest.raw("GET", "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    *lines, last = text.decode().splitlines()
    assert last == "# EOF"
    kinds, values, family = {}, {}, None
    for line in lines:
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            assert family not in kinds and re.fullmatch(r"weft_[a-z_]+", family)
            kinds[family] = kind
        elif not line.startswith("# HELP "):
            name, labels, value = re.fullmatch(r'([a-z_]+)((?:\{[a-z_]+="[^"\\]*"(?:,[a-z_]+="[^"\\]*")*\})?) (\S+)', line).groups()
            # Samples stand with their family, and counters say so.
            assert name == family + {"counter": "_total", "gauge": "", "info": "_info"}[kinds[family]]
            assert (name, labels) not in values
            values[name, labels] = float(value)
    assert values["weft_plan_from_vm_bits_per_second", '{port="default/a"}'] == 10e6
    assert values["weft_tenant_share_bits_per_second", '{tenant="default"}'] == 1e9
    assert values["weft_generation", ""] == rest.ask("GET", "status")[1]["generation"] and values["weft_fenced", ""] == 0
    assert values["weft_port_rx_packets_total", '{port="default/a"}'] == 0 and ("weft_worker_busy_cycles_total", '{worker="0"}') in values
    assert rest.raw("POST", "/metrics")[0] == 404
    status, headers, text = rest.raw("HEAD", "/metrics")
    assert status == 200 and not text and headers["Content-Type"].startswith("application/openmetrics-text")


def test_texts_that_are_cut_within_a_character(rest):
    for name in ("ü" * 400, "a" + "ü" * 400):
        status, problem, _ = rest.ask("PUT", PORT, {name: 7})
        assert status == 422 and "field" in problem["detail"]
