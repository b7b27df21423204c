# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""What end-to-end tests, the demo and the benchmarks start: weftd, guests, peers."""
