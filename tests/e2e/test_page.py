# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""weft's page, in the system's Chromium."""
import json
import os
import threading
import time

import pytest
from harness.proc import wait_for
from harness.rest import Rest
from harness.vhost_guest import VhostGuest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

pytest.importorskip("selenium", reason="python3-selenium is not installed; './weft test page' installs it")
if not os.path.exists("/usr/bin/chromedriver"):
    pytest.skip("chromium-driver is not installed; './weft test page' installs it", allow_module_level=True)

from harness.browser import Browser, Keys  # noqa: E402

PICTURES = os.environ.get("WEFT_PICTURES")
POLICY = {"tenants": {"default": {
    "networks": {"lan": {}},
    "groups": {"web": {"rules": [{"name": "http", "direction": "in", "action": "allow", "protocol": "tcp", "ports": [80]},
                                 {"name": "all", "direction": "in", "action": "allow", "protocol": "udp"}]}},
    "plans": {"slow": {"from_vm": {"rate": "20M"}, "to_vm": {"rate": "50M"}}},
    "ports": {"vm1": {"network": "lan", "vm": "alice", "mac": "52:54:00:00:00:01", "ips": ["10.0.0.1"], "groups": ["web"], "plan": "slow"},
              "vm2": {"network": "lan", "vm": "bob", "mac": "52:54:00:00:00:02", "ips": ["10.0.0.2"], "groups": ["web"]}}}}}


@pytest.fixture(name="rest", scope="module")
def fixture_rest():
    """A weftd with two ports, and weft-rest over TCP."""
    from harness.weftd import Weftd
    with Weftd() as weftd:
        weftd.rpc("apply", policy=POLICY)
        with Rest(weftd, tcp=True) as rest:
            rest.admin = rest.token("admin", "admin")
            rest.reader = rest.token("reader", "read", "default")
            yield rest


def frame(source, length):
    """UDP from SOURCE, in words of scapy."""
    return bytes(Ether(src=source, dst="52:54:00:00:00:02") / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=7, dport=7) / bytes(length))


def picture(browser, name):
    """For people to look at, where WEFT_PICTURES says."""
    if PICTURES:
        browser.driver.save_screenshot(os.path.join(PICTURES, f"{name}.png"))


@pytest.fixture(name="page")
def fixture_page(rest):
    """A browser in which an admin is logged in; it has nothing to complain about when the test is over."""
    with Browser(rest) as browser:
        browser.open()
        browser.login(rest.admin)
        yield browser
        assert browser.complaints() == []


def test_overview_shows_the_cluster(page, rest):
    page.says("Overview")
    page.says("live")
    page.says(rest.ask("GET", "status")[1]["host"])
    page.says("root", "#view")
    assert "Generation\n1" in page.text()
    picture(page, "overview")


def test_a_wrong_token_is_asked_for_again(rest):
    with Browser(rest) as browser:
        browser.open()
        wait_for(lambda: browser.find("#login").get_attribute("open"))
        browser.find("#token").send_keys("weft_wrong", Keys.ENTER)
        browser.says("not known", "#login")
        browser.find("#token").send_keys(rest.reader, Keys.ENTER)
        browser.says("reader (read of default)", "header")
        # The page says what the user may not see.
        browser.says("You have no access to this")


def test_found_by_name_mac_and_address(page):
    for what, port in (("vm2", "default/vm2"), ("52:54:00:00:00:01", "default/vm1"), ("10.0.0.2", "default/vm2"), ("alice", "default/vm1")):
        page.open()
        page.says("Overview")
        # By keyboard: a slash, what is looked for, and Enter.
        page.press("/")
        assert "Find a port" in page.focused()
        page.press(what, Keys.ENTER)
        page.says(port, "h1")
        page.find("#what").clear()
    page.open("find/10.9.9.9")
    page.says("no port has the name", "#trouble")
    assert len(page.complaints()) == 1  # the browser's of the 404


def line_above_ground(page):
    """How many points of the line 'from the VM' (#0b5c8a) the chart has in the upper four fifths of its canvas."""
    return page.driver.execute_script("""
        const c = document.querySelector('.chart canvas'), copy = document.createElement('canvas');
        [copy.width, copy.height] = [c.width, c.height];
        const context = copy.getContext('2d', { willReadFrequently: true });
        context.drawImage(c, 0, 0);
        const d = context.getImageData(0, 0, c.width, c.height * 0.8).data;
        let n = 0;
        for (let i = 0; i < d.length; i += 4)
          n += d[i + 3] > 200 && Math.abs(d[i] - 11) + Math.abs(d[i + 1] - 92) + Math.abs(d[i + 2] - 138) < 40;
        return n""")


def test_a_ports_chart_moves_while_traffic_flows(page, rest):
    data = frame("52:54:00:00:00:01", 1000)
    ports = {name: VhostGuest(rest.weftd.socket(name)) for name in ("vm1", "vm2")}
    stop = threading.Event()

    def talk():
        while not stop.is_set():
            ports["vm1"].send(data)
            ports["vm2"].poll()
            ports["vm2"].received.clear()

    for guest in ports.values():
        guest.start()
    rest.weftd.wait_link("vm1", "vm2")
    talker = threading.Thread(target=talk)
    page.open("port/default/vm1")
    page.says("Now 0 bit/s from the VM")
    wait_for(lambda: int(page.find(".chart").get_attribute("data-samples") or 0) > 2)
    assert line_above_ground(page) == 0
    talker.start()
    try:
        page.says("Mbit/s from the VM")
        assert "Plan default/slow: 20.0 Mbit/s from the VM, 50.0 Mbit/s to it" in page.text()
        page.says("10.0.0.2")
        wait_for(lambda: int(page.find(".chart").get_attribute("data-samples")) > 8)
        # The line of what it sends has left the ground.
        assert line_above_ground(page) > 50
        picture(page, "port")
        # Frames of another's address are dropped, by name.
        ports["vm1"].send(frame("52:54:00:00:00:09", 100))
        page.says("guard_mac")
    finally:
        stop.set()
        talker.join()
        for guest in ports.values():
            guest.close()
    page.says("down")


def test_rules_with_their_hits(page):
    page.open("rules")
    page.says("default/web")
    page.open("rules/default/web")
    page.says("http")
    page.says("default_in")
    page.says("vm1")
    picture(page, "rules")


def test_apply_shows_first_what_it_changes(page, rest):
    page.open("apply")
    page.says("Objects, in the form")
    text = json.dumps({"tenants": {"default": {"ports": {"vm3": {"network": "lan"}}, "plans": {"slow": {"from_vm": {"rate": "30M"}}}}}})
    go = page.find("button.main")
    assert go.get_attribute("disabled")
    page.find("#bundle").clear()
    page.find("#bundle").send_keys("{ cow")
    page.find(".row button").click()
    page.says("line 1", "#apply-said")
    assert len(page.complaints()) == 1  # the browser's of the 400
    assert go.get_attribute("disabled")
    page.find("#bundle").clear()
    page.find("#bundle").send_keys(text)
    page.find(".row button").click()
    page.says("1 added, 1 changed, 0 removed")
    assert "30M" in page.text("ins") or any("30M" in e.text for e in page.driver.find_elements("css selector", "ins"))
    assert rest.ask("GET", "tenants/default/ports/vm3")[0] == 404
    picture(page, "apply")
    go.click()
    page.says("is in force on every host")
    assert rest.ask("GET", "tenants/default/ports/vm3")[0] == 200
    # It is told of what it has done.
    page.open("events")
    page.says("generation")
    picture(page, "events")
    rest.ask("DELETE", "tenants/default/ports/vm3")


def test_all_of_it_by_keyboard(page):
    page.open()
    page.says("Overview")
    page.driver.execute_script("document.activeElement.blur()")
    page.press(Keys.TAB)
    assert page.focused() == "Skip to the content"
    names = []
    for _ in range(8):
        page.press(Keys.TAB)
        names.append(page.focused())
    assert names[:6] == ["weft", "Overview", "Ports", "Rules", "Apply", "Events"]
    assert "Find a port" in names[6] and "Light or dark" in names[7]
    for _ in range(5):
        page.press(Keys.SHIFT, Keys.TAB)
    page.find("nav a[data-page=ports]").send_keys(Keys.ENTER)
    page.says("default/vm1")
    # The view has the focus: the next one is the list, then its first port.
    page.press(Keys.TAB, Keys.TAB)
    wait_for(lambda: page.focused() == "default/vm1")
    page.press(Keys.ENTER)
    page.says("default/vm1", "h1")


def test_phone_and_dark(rest):
    with Browser(rest, size=(390, 844), dark=True) as browser:
        browser.open()
        browser.login(rest.admin)
        for view in ("", "ports", "port/default/vm1", "rules/default/web", "apply", "events"):
            browser.open(view)
            time.sleep(1.2)
            # Nothing but tables is wider than the screen, and those move by themselves.
            assert browser.driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth"), view
            picture(browser, f"phone-{view.split('/')[0] or 'overview'}")
        ground = browser.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        browser.find("#theme").click()
        assert browser.driver.execute_script("return getComputedStyle(document.body).backgroundColor") != ground
        assert browser.complaints() == []
