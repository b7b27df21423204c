# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Prints the page of drop reasons from the one list in include/weft/drop.h."""
import os
import re

HEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "include", "weft", "drop.h")


def page():
    """The page's text."""
    with open(HEADER, encoding="utf-8") as f:
        reasons = re.findall(r'X\((\w+),\s*"([^"]+)"\)', re.sub(r"\s*\\\n\s*", " ", f.read()))
    rows = "\n".join(f"| `{name.lower()}` | {text} |" for name, text in reasons)
    return ("# Drop reasons\n\n"
            "Every packet that weft does not deliver is counted under exactly one of these, by the port that it came from.\n"
            "`weftctl drops [PORT]` shows the counts, `weftctl explain` what would happen to a frame, and `weftctl audit`\n"
            "checks that nothing else was lost. The prefix names the stage, or the place where the packet is dropped.\n\n"
            f"| reason | meaning |\n|---|---|\n{rows}\n")


if __name__ == "__main__":
    print(page(), end="")
