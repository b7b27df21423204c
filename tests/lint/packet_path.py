# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""The packet path: what its objects take from libraries is on a short list, so that nothing allocates, logs, locks,
sleeps or makes a system call there without being named here."""
import re

# What runs for packets: whole folders, and files.
PATH = (
    "pipeline/base/", "pipeline/tables/", "pipeline/send/", "pipeline/firewall/", "pipeline/overlay/", "pipeline/multicast/",
    "pipeline/stages/", "vhost/rings/", "vhost/memory/dirty_log.c", "vhost/queues.c", "dataplane/core/",
    "dataplane/shaping/", "dataplane/devices/eth_burst.c", "dataplane/engine/adopt.c", "dataplane/engine/chores.c",
    "dataplane/engine/loop.c", "dataplane/engine/move.c", "dataplane/engine/outbox.c", "dataplane/engine/read.c",
    "dataplane/engine/token.c",
)
# Files in those folders that workers never run, and why they are there.
NOT_PATH = {
    "vhost/rings/call.c": "interrupts guests, and has the watchdog that ends a write that blocks; see LEAVES",
    "dataplane/shaping/settings.c": "the control thread's side of shaping: sets the rates of buckets and reads counters",
}

# Neither of them waits, allocates or enters the kernel. What DPDK inlines for mbufs and rings comes to these.
ALLOWED = {
    "memcpy", "memmove", "memset", "memcmp", "__udivti3", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_", "__tls_get_addr",
    "__rte_panic", "per_lcore__lcore_id", "rte_mempool_ops_table", "rte_pktmbuf_free_bulk", "rte_pktmbuf_copy",
    "rte_rand", "rte_rand_max", "rte_get_tsc_hz",
}
LOG_FILE = "pipeline/base/log.c"
TAKES = {"rte_zmalloc", "rte_free"}
TAKES_AND_SAYS = TAKES | {"__errno_location"}
# Files that need more, and why.
EXCEPTIONS = {
    LOG_FILE: ({"vsnprintf", "clock_gettime", "rte_log", "rte_log_register_type_and_pick_level", "__errno_location"},
               "the log, with its lock; nothing on the packet path calls it, see LOG below"),
    "pipeline/base/mactab.c": (TAKES, "takes its memory when it is made"),
    "pipeline/base/wheel.c": (TAKES, "takes its memory when it is made"),
    "pipeline/tables/fdb.c": (TAKES_AND_SAYS, "takes its memory when it is made"),
    "pipeline/tables/frags.c": (TAKES, "takes its memory when it is made"),
    "pipeline/tables/groups.c": (TAKES_AND_SAYS, "takes its memory when it is made"),
    "pipeline/tables/sessions.c": (TAKES_AND_SAYS, "takes its memory when it is made"),
    "pipeline/send/explain.c": ({"vsnprintf"}, "runs for dry runs only, which no packet waits for"),
    "vhost/memory/dirty_log.c": ({"__errno_location"}, "maps the log, when a migration begins; workers only mark pages in it"),
    "vhost/queues.c": ({"rte_net_make_rarp_packet"}, "takes one packet buffer from the pool, once after a guest has moved here"),
    "dataplane/devices/eth_burst.c": ({"rte_eth_fp_ops", "rte_eth_call_rx_callbacks", "rte_eth_call_tx_callbacks",
                                       "__rte_pktmbuf_linearize"},
                                      "the device's driver: those of NICs do not enter the kernel, those of kernel interfaces do; "
                                      "a chained packet is copied for a device that takes none"),
    "dataplane/engine/loop.c": ({"nanosleep", "rte_rcu_qsbr_thread_unregister"}, "sleeps when no packet has come for a while"),
}
# Weft's own functions that log or wait.
LOG = {"weft_log"}
# What the path uses of weft's files that are not on it: the symbol and why. Otherwise a call could leave the path unseen.
LEAVES = {
    "weft_window_map": "the dirty log is mapped when a migration begins, by the front ends' thread",
    "weft_call": "the guest's interrupt, which nothing else can give: a write that a watchdog ends after 2 ms",
    "vhost_guarded": "a variable: whose memory this thread touches, for the handler of SIGBUS and SIGSEGV",
    "vhost_guard_stop": "stops a port whose ring, or memory, made a burst fail: once, and then its rings are off",
}
# What DPDK inlines leaves no symbol: these words must not stand in the sources.
INLINE = re.compile(r"\b(rte_(?:spin|rw|seq|ticket|mcs_|pflock)\w*lock\w*|rte_delay_\w+|eventfd_write|syscall)\s*\(")


def check_text(path, text, problem):
    """Locks and waits that the compiler puts in place."""
    if not path.startswith(PATH) or path.endswith(".h") or path == LOG_FILE or path in NOT_PATH:
        return
    more, _ = EXCEPTIONS.get(path, (set(), ""))
    for i, line in enumerate(text.split("\n"), 1):
        found = INLINE.search(line)
        if found and found[1] not in more:
            problem(f"{path}:{i}", f"calls {found[1]}() on the packet path")


def check(objects, problem):
    """Each object of the path, and each name in the lists above."""
    on_path = [s for s in objects.needs if s.startswith(PATH) and s not in NOT_PATH]
    seen = set()
    for source in sorted(on_path):
        more, _ = EXCEPTIONS.get(source, (set(), ""))
        foreign = objects.foreign(source)
        seen |= {(source, s) for s in foreign & more}
        for symbol in sorted(foreign - ALLOWED - more):
            problem(source, f"calls {symbol}() on the packet path; if it neither allocates, logs, locks, sleeps nor enters the "
                            "kernel, name it in tests/lint/packet_path.py with the reason")
        if source != LOG_FILE:
            for symbol in sorted(objects.needs[source] & LOG):
                problem(source, f"calls {symbol}() on the packet path")
    left = set()
    for (source, used), symbols in sorted(objects.arrows().items()):
        if source in on_path and used not in on_path:
            left |= symbols
            for symbol in sorted(symbols - set(LEAVES)):
                problem(source, f"uses {symbol} of {used}, which is not on the packet path; add that file to the path, or the symbol "
                                "to LEAVES in tests/lint/packet_path.py with the reason")
    here = "tests/lint/packet_path.py"
    for symbol in sorted(set(LEAVES) - left):
        problem(here, f"lets the path use {symbol}, which it does not")
    for place in PATH:
        if not any(s.startswith(place) for s in on_path):
            problem(here, f"names {place}, and no such source is built")
    for source in NOT_PATH:
        if source not in objects.needs:
            problem(here, f"names {source}, and no such source is built")
    for source, (more, _) in EXCEPTIONS.items():
        for symbol in sorted(more):
            if (source, symbol) not in seen:
                problem(here, f"lets {source} use {symbol}, which it does not")
    used = set().union(*(objects.needs[s] for s in on_path))
    for symbol in sorted(ALLOWED - used):
        problem(here, f"allows {symbol}, which nothing on the packet path uses")
    for symbol in sorted(LOG):
        if ("weftd", symbol) not in objects.definer:
            problem(here, f"names {symbol}, and nothing defines it")
