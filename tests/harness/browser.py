# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""The system's Chromium, without a screen."""
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from .proc import wait_for


class Browser:
    """One window with weft's page, of a weft-rest that serves TCP; use as a context manager."""

    def __init__(self, rest, size=(1280, 900), dark=False):
        self.rest = rest
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
                         f"--window-size={size[0]},{size[1]}", *(["--blink-settings=preferredColorScheme=0"] if dark else [])):
            options.add_argument(argument)
        if size[0] < 500:
            options.add_experimental_option("mobileEmulation", {"deviceMetrics": {"width": size[0], "height": size[1], "pixelRatio": 2.0}})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def open(self, address=""):
        """Shows a view of the page."""
        self.driver.get(f"http://127.0.0.1:{self.rest.port}/#/{address}")

    def login(self, token):
        """Says who looks at it."""
        wait_for(lambda: self.find("#login").get_attribute("open"))
        self.find("#token").send_keys(token, Keys.ENTER)
        wait_for(lambda: self.find("#who").text)

    def find(self, selector):
        """The first element."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector="#view"):
        """What an element says; nothing while it is being made anew."""
        return self.driver.execute_script("return document.querySelector(arguments[0])?.innerText || ''", selector)

    def says(self, text, selector="#view"):
        """Waits until an element says TEXT."""
        try:
            wait_for(lambda: text in self.text(selector))
        except TimeoutError:
            raise AssertionError(f"the page does not say {text!r}, but {self.text('body')!r}; {self.complaints()}") from None

    def complaints(self):
        """What the browser has to complain about; that somebody is asked for a token is none."""
        return [entry["message"] for entry in self.driver.get_log("browser") if "401" not in entry["message"]]

    def press(self, *keys):
        """Keys, to whatever has the focus."""
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self):
        """The text, or the name, of what has the focus."""
        return self.driver.execute_script(
            "const e = document.activeElement; return e.getAttribute('aria-label') || e.innerText || e.id || e.tagName")
