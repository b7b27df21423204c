# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Hostile front ends at a real weftd, in short; ./weft test frontend is the longer form."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "frontend"))

import frontend  # noqa: E402

# One case of the matrix in so many is played.
STEP = 97


@pytest.mark.parametrize("name", frontend.cases())
def test_seen(name):
    assert frontend.seen(name) == ""


def test_matrix_and_random_messages():
    sums = frontend.everything(7, 15000, STEP, servers=150, clients=8)
    assert sums["random"] >= 15000 and sums["sent"] > 10000
    assert sums["longest_ms_on_cpu"] < frontend.ROUND_MS
