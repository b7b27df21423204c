# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""weft-rest's metrics, its alerts and its dashboard, in front of a real Prometheus."""
import json
import os
import re
import shutil
import urllib.parse
import urllib.request

import pytest
from harness.proc import run, spawn, stop, wait_for
from harness.rest import Rest, free_port

pytestmark = pytest.mark.skipif(not shutil.which("promtool"), reason="prometheus is not installed")

DOCS = os.path.join(os.path.dirname(__file__), "..", "..", "docs")
RULES = os.path.join(DOCS, "prometheus", "weft.rules.yml")
POLICY = {"tenants": {"default": {"networks": {"lan": {}}, "plans": {"p": {"from_vm": {"rate": "10M"}}}, "limits": {"rate": "1G"},
                                  "ports": {f"p{i}": {"network": "lan", "plan": "p"} for i in range(600)}}}}


def test_alerts_are_well_formed_and_fire():
    assert "SUCCESS" in run("promtool", "check", "rules", RULES)
    assert "SUCCESS" in run("promtool", "test", "rules", RULES.replace(".rules.", ".rules.test."))


def expressions():
    """All expressions of the dashboard and of the alerts, as Prometheus gets them."""
    with open(os.path.join(DOCS, "grafana", "weft.json"), encoding="utf-8") as f:
        dashboard = json.load(f)
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    found = [e.replace("$__rate_interval", "1m").replace('"$host"', '".*"').replace('"$port"', '".*"') for e in found]
    with open(RULES, encoding="utf-8") as f:
        text = re.sub(r"expr: >-\n\s+(.*)\n\s+(.*)\n", r"expr: \1 \2\n", f.read())
    return found + re.findall(r"expr: (.*)", text)


def test_prometheus_understands_all_of_it(weftd):
    weftd.rpc("apply", policy=POLICY)
    with Rest(weftd, tcp=True) as rest:
        token = rest.token("prometheus", "read")
        port = free_port()
        config = os.path.join(weftd.dir, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as f:
            json.dump({"global": {"scrape_interval": "1s"}, "rule_files": [os.path.abspath(RULES)], "scrape_configs": [
                {"job_name": "weft", "authorization": {"credentials": token},
                 "static_configs": [{"targets": [f"127.0.0.1:{rest.port}"]}]}]}, f)
        process = spawn(["prometheus", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}",
                         f"--storage.tsdb.path={weftd.dir}/tsdb"], os.path.join(weftd.dir, "prometheus.log"))

        def query(expression):
            url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]["result"]

        def scraped():
            """Prometheus to have what weft-rest says"""
            try:
                return any(row["value"][1] == "1" for row in query('up{job="weft"}')) and query("rate(weft_worker_idle_cycles_total[1m])")
            except OSError:
                return False

        try:
            wait_for(scraped, 60, step=0.2)
            assert len(query("weft_port_rx_packets_total")) == 600 and len(query("weft_plan_from_vm_bits_per_second == 10e6")) == 600
            assert query("weft_tenant_bits_per_second")[0]["value"][1] == "1000000000"
            # Types and help have come along, and no name of the dashboard's or the alerts' is made up.
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/metadata", timeout=10) as answer:
                metadata = json.load(answer)["data"]
            assert metadata["weft_port_rx_packets"][0]["type"] == "counter" and metadata["weft_sessions"][0]["type"] == "gauge"
            known = {name + end for name in metadata for end in ("", "_total")} | {"weft_cluster_generation"}
            for expression in expressions():
                query(expression)
                assert set(re.findall(r"\bweft_\w+", expression)) <= known, expression
        finally:
            stop(process)
