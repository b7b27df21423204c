# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""weft-rest: requests made from its own OpenAPI document, right and wrong. Every answer is a proper one, and it goes on."""
import json
import os
import random
import re
import socket

import pytest
from harness.rest import Rest

SEED = int(os.environ.get("WEFT_SEED", "7"))
REQUESTS = int(os.environ.get("WEFT_REQUESTS", "5000"))

ODD = ["", "a", "..", "%00", "%2e%2e%2f", "%ff%fe", "x" * 300, "-1", "0", "18446744073709551616", "NaN", "null", "true", "'", '"',
       "<script>", "{}", "[]", "\u00fc", "default", "vm1", "lan", "10.0.0.1", "52:54:00:00:00:01", "*"]


class Maker:
    """Values that a schema allows, and values that it does not."""

    def __init__(self, rng, document):
        self.rng, self.schemas = rng, document["components"]["schemas"]

    def odd(self):
        """Anything at all."""
        rng = self.rng
        return rng.choice([None, True, -1, 0, 1 << 63, 1.5, 1e308, "", "x" * rng.choice([1, 64, 5000]), "\u0000", "\ud83d\ude00", [],
                           {}, [[[]]], {"a": {"b": {"c": 1}}}, rng.choice(ODD)])

    def value(self, schema):
        """One of SCHEMA; one in eight is odd."""
        rng = self.rng
        if "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[1]]
        if rng.random() < 0.12:
            return self.odd()
        if "anyOf" in schema:
            return self.value(rng.choice(schema["anyOf"]))
        if "enum" in schema:
            return rng.choice(schema["enum"])
        kind = schema.get("type")
        if kind == "object":
            names = [n for n in schema.get("properties", {}) if n in schema.get("required", []) or rng.random() < 0.4]
            out = {n: self.value(schema["properties"][n]) for n in names}
            if rng.random() < 0.1:
                out[rng.choice(["cow", "", "__proto__", "x" * 200])] = self.odd()
            return out
        if kind == "array":
            return [self.value(schema.get("items", {})) for _ in range(rng.choice([0, 1, 2, 40]))]
        if kind == "integer":
            low, high = schema.get("minimum", 0), schema.get("maximum", 1 << 40)
            return rng.choice([low, high, low - 1, high + 1, rng.randint(low, high)])
        if kind == "boolean":
            return rng.random() < 0.5
        return rng.choice([*ODD, "10M", "10.0.0.0/24", "fd00::1", "lan", "web"])

    def path(self, path):
        """A path of the document with its parameters filled in."""
        return re.sub(r"{(\w+)}", lambda m: self.rng.choice([*ODD, "default", "vm1"]).replace("/", "%2f").replace("\u00fc", "%c3%bc")
                      .replace('"', "%22").replace("<", "%3c").replace(" ", "%20"), path)

    def request(self, path, method, operation):
        """The bytes of a request."""
        rng = self.rng
        body = b""
        if "requestBody" in operation or rng.random() < 0.1:
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            body = json.dumps(self.value(content.get("schema", {"type": "object"}))).encode()
            if rng.random() < 0.15:
                body = body[:rng.randrange(len(body) + 1)] + bytes(rng.randrange(256) for _ in range(rng.randrange(8)))
            if rng.random() < 0.03:
                body = b'{"a":' * 3000 + b"1" + b"}" * 3000
        names = [p["name"] for p in operation["parameters"] if p["in"] == "query"]
        query = "&".join(f"{n}={rng.choice(ODD)}" for n in names if rng.random() < 0.4 and n != "wait")
        query = re.sub(r"[^\x21-\x7e]|[\"<>]", "%41", query)
        headers = [f"Content-Length: {len(body)}", "Connection: close"]
        for name, values in (("Content-Type", ["application/json", "text/html", "", "application/json; charset=x"]),
                             ("If-Match", ["*", '"x"', "", "x" * 100, '"']), ("If-None-Match", ["*", '"x"']), ("Accept", ["x" * 500]),
                             ("Authorization", ["Bearer", "Basic eDp5", "Bearer " + "x" * 4000]), ("X-Odd", ["\x7f\x80", "a" * 1000]),
                             ("Last-Event-ID", ["7-7", "x" * 80])):
            if name == "Content-Type" or rng.random() < 0.1:
                headers.append(f"{name}: {values[0] if rng.random() < 0.8 else rng.choice(values)}")
        line = f"{method.upper()} {self.path(path)}{'?' + query if query else ''} HTTP/1.1"
        return "\r\n".join([line, "Host: weft", *headers]).encode("latin-1") + b"\r\n\r\n" + body


def exchange(path, data):
    """The answer's status, headers and body; None where the connection was closed without."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(30)
        s.connect(path)
        try:
            s.sendall(data)
        except OSError:
            pass
        got = b""
        try:
            while part := s.recv(65536):
                got += part
                if got.startswith(b"HTTP/1.1 200") and b"text/event-stream" in got.partition(b"\r\n\r\n")[0]:
                    break
        except ConnectionResetError:
            pass
    head, _, body = got.partition(b"\r\n\r\n")
    return (int(head[9:12]), head.decode("latin-1"), body) if head else None


@pytest.fixture(name="rest")
def fixture_rest(weftd):
    """weft-rest without a limit of requests."""
    weftd.rpc("apply", policy={"tenants": {"default": {"networks": {"lan": {}}, "groups": {"web": {}},
                                                       "ports": {"vm1": {"network": "lan"}}}}})
    with Rest(weftd, requests_per_s=0) as rest:
        yield rest


def test_requests_from_the_document(rest):
    document = rest.ask("GET", "openapi.json")[1]
    rng = random.Random(SEED)
    maker = Maker(rng, document)
    operations = [(path, method, o) for path, methods in document["paths"].items() for method, o in methods.items()]
    statuses = {}
    for i in range(REQUESTS):
        path, method, operation = rng.choice(operations)
        data = maker.request(path, method, operation)
        answer = exchange(rest.path, data)
        where = (SEED, i, data[:300], answer)
        assert answer, where
        status, head, body = answer
        statuses[status] = statuses.get(status, 0) + 1
        assert status < 500, where
        assert "X-Content-Type-Options: nosniff" in head or status in (400, 413, 414, 431, 501), where
        if status >= 400 and "application/problem+json" in head:
            problem = json.loads(body)
            assert problem["status"] == status and problem["title"] and problem["detail"], where
            assert "/work" not in problem["detail"] and ".c:" not in problem["detail"], where
    # It has got through, and has been refused, in all ways.
    assert {200, 201, 400, 404, 415, 422} <= set(statuses), statuses
    assert rest.ask("GET", "status")[0] == 200
    assert rest.weftd.rpc("audit")["balanced"]


def test_bytes_that_are_no_requests(rest):
    rng = random.Random(SEED)
    good = b"PUT /v1/hosts/h HTTP/1.1\r\nHost: weft\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    for _ in range(REQUESTS // 5):
        data = bytearray(good)
        for _ in range(rng.choice([1, 2, 8])):
            at = rng.randrange(len(data))
            if rng.random() < 0.5:
                data[at] = rng.randrange(256)
            elif rng.random() < 0.5:
                del data[at]
            else:
                data[at:at] = bytes([rng.randrange(256)]) * rng.choice([1, 3, 20000])
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(0.2)
            s.connect(rest.path)
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                while s.recv(65536):
                    pass
            except OSError:
                pass
    for data in (b"GET / HTTP/1.1\r\nHost: weft\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
                 b"POST /v1/apply HTTP/1.1\r\nHost: weft\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
                 b"GET /v1/status HTTP/1.1\r\nHost: weft\r\n" + b"X: y\r\n" * 20000 + b"\r\n"):
        answer = exchange(rest.path, data.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        assert answer is None or 200 <= answer[0] < 502
    assert rest.ask("GET", "status")[0] == 200
