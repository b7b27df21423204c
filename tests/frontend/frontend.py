# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft test frontend [--long] [--seed S] [--messages N] [--against BUILD]: hostile front ends at a real weftd.

First each thing that front ends have been seen to do, at a weftd of its own; then every message in every state, and N random
messages. Two honest front ends exchange counted frames meanwhile. --against: the weftd of another build.
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from harness.proc import BUILD, run, stop  # noqa: E402
from harness.weftd import Weftd  # noqa: E402

PROGRAM = os.path.abspath(os.path.join(BUILD, "tests", "frontend", "frontends"))
SERVERS, CLIENTS = 600, 40
# The longest round of a worker in its own processor time, in ms, that is no fault of weft's.
ROUND_MS = 100
SETTLE_S = 30
# So many times as long may the mean round take beside chains that cost much.
SLOWER = 8


class Failure(Exception):
    """What weft must not do."""


def mac(i):
    """A MAC for the port I."""
    return f"52:54:00:00:{i >> 8:02x}:{i & 255:02x}"


def policy(folder, servers, clients):
    """Honest ports i0 to i2 in a network of theirs, hostile ones in another."""
    names = [f"i{i}" for i in range(3)] + [f"s{i}" for i in range(servers)] + [f"c{i}" for i in range(clients)]
    ports = {name: {"network": "lan" if name[0] == "i" else "bad", "mac": mac(k + 1),
                    "attach": {"mode": "client" if name[0] == "c" else "server", "path": f"{folder}/{name}"}}
             for k, name in enumerate(names)}
    return {"default": {"networks": {"lan": {}, "bad": {}}, "ports": ports}}


class Watcher:
    """Looks at weftd from outside: its descriptors, its mappings, and its worker."""

    def __init__(self, weftd):
        self.weftd, self.pid = weftd, weftd.process.pid
        self.task = next(task for task in glob.glob(f"/proc/{self.pid}/task/*") if self._runs_worker(task))
        self.longest_ns = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def _runs_worker(self, task):
        with open(f"{task}/comm", encoding="utf-8") as f:
            return "worker" in f.read()

    def alive(self):
        """Raises when weftd has ended."""
        if self.weftd.process.poll() is not None:
            raise Failure(f"weftd ended with {self.weftd.process.returncode}")

    def descriptors(self):
        """How many it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def mappings(self):
        """How many mappings of files it has, and of addresses that guard guests' memory: those of at least 4 GiB."""
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as f:
            rows = [line.split() for line in f]
        sizes = [int(end, 16) - int(start, 16) for start, end in (row[0].split("-") for row in rows)]
        return sum(row[1][3] == "s" or (row[1] == "---p" and size >= 1 << 32) for row, size in zip(rows, sizes))

    def all_mappings(self):
        """How many mappings it has at all."""
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as f:
            return sum(1 for _ in f)

    def times(self):
        """The worker's nanoseconds on a processor, and those in which it waited for one."""
        with open(f"{self.task}/schedstat", encoding="utf-8") as f:
            return [int(x) for x in f.read().split()[:2]]

    def worker(self):
        """weftd's own report of it."""
        return self.weftd.rpc("workers")[0]

    def _sample(self):
        last = on = None
        while not self._over.wait(0.02):
            try:
                loops, now = self.worker()["loops"], self.times()[0]
            except (OSError, ValueError):
                return
            if loops == last:
                self.longest_ns = max(self.longest_ns, now - on)
            else:
                last, on = loops, now

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(5)


def longest_round_us(before, after):
    """The longest round in between, by the worker's clock; other processes' time counts in it."""
    old = {us: n for us, n in before["rounds"]}
    return max((us for us, n in after["rounds"] if n > old.get(us, 0)), default=0)


class Play:
    """The program beside one weftd, step by step."""

    def __init__(self, weftd, *args):
        self.weftd, self.errors = weftd, open(os.path.join(weftd.dir, "front"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([PROGRAM, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Nobody can close a file of this file system, not even a process that ends, until it is gone.
        run("umount", "-f", "-l", os.path.join(self.weftd.dir, "fuse"), check=False)
        stop(self.process)
        self.errors.close()

    def read(self, seconds):
        """The next line that it says."""
        line = []
        reader = threading.Thread(target=lambda: line.append(self.process.stdout.readline().strip()), daemon=True)
        reader.start()
        end = time.monotonic() + seconds
        while reader.is_alive() and time.monotonic() < end:
            reader.join(0.1)
            if self.weftd.process.poll() is not None:
                raise Failure(f"weftd ended with {self.weftd.process.returncode}")
        if not line or not line[0]:
            self.errors.seek(0)
            raise Failure(f"the front ends ended: {self.errors.read()[-500:]}" if line else "the front ends do not go on")
        return line[0]

    def expect(self, what, seconds=120):
        """Waits until it says WHAT."""
        said = self.read(seconds)
        if said == "stopped":
            raise Failure("innocents stop")
        if said != what:
            raise Failure(f"the front ends said {said!r} instead of {what!r}")

    def go_on(self):
        """Lets it go on."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()


def steady(count):
    """The least of a few looks: this driver's own questions to weftd count meanwhile."""
    looks = []
    for _ in range(10):
        looks.append(count())
        time.sleep(0.02)
    return min(looks)


def settle(count, before):
    """How much more there is than BEFORE, when it has had time to go. Client ports that wait for their next try have no socket yet."""
    end = time.monotonic() + SETTLE_S
    while count() != before and time.monotonic() < end:
        time.sleep(0.05)
    return count() - before


def judge(sums):
    """Raises when the honest front ends had to pay."""
    for name, text in (("changed", "foreign bytes changed: {}"), ("lost", "innocents' frames lost: {}"),
                       ("repeated", "innocents' frames repeated: {}"), ("wrong", "innocents' frames changed: {}")):
        if sums[name]:
            raise Failure(text.format(sums[name]))
    if not sums["flows"] or not sums["sent"]:
        raise Failure("innocents stop")


def play(weftd, watcher, args, seconds):
    """Runs the program beside WEFTD. Returns its sums, with what weftd has left."""
    with Play(weftd, *args) as front:
        front.expect("ready")
        quiet = watcher.worker()
        time.sleep(0.2)
        fds, maps, everything = (steady(f) for f in (watcher.descriptors, watcher.mappings, watcher.all_mappings))
        before = watcher.worker()
        times = watcher.times()
        front.go_on()
        front.expect("attacked", seconds)
        watcher.alive()
        during = watcher.worker()
        more = watcher.all_mappings() - everything
        front.go_on()
        front.expect("closed")
        left = settle(watcher.descriptors, fds), settle(watcher.mappings, maps)
        front.go_on()
        sums = json.loads(front.read(60))
        after = watcher.times()
    watcher.alive()
    sums.update(descriptors=left[0], mappings=left[1], mappings_during=more, round_us=longest_round_us(before, during),
                on_ms=(after[0] - times[0]) / 1e6, waited_ms=(after[1] - times[1]) / 1e6,
                slower=mean_round_us(before, during) / max(mean_round_us(quiet, before), 1))
    return sums


def mean_round_us(before, after):
    """The mean time of a round that moved packets."""
    rounds = after["batches"] - before["batches"]
    return (after["busy_cycles"] - before["busy_cycles"]) / rounds / (after["tsc_hz"] / 1e6) if rounds else 0


def check_left(sums):
    """Raises when weftd kept something."""
    for name in ("descriptors", "mappings"):
        if sums[name] > 0:
            raise Failure(f"{name} left: {sums[name]}")


def seen(name, daemon=None):
    """One case of what has been seen, at a weftd of its own. Returns what went wrong, or an empty text."""
    weftd = Weftd(**({"daemon": daemon} if daemon else {}))
    weftd.start()
    try:
        weftd.apply(policy(weftd.dir, 8, 0))
        watcher = Watcher(weftd)
        sums = play(weftd, watcher, ["seen", weftd.dir, name], 90)
        check_left(sums)
        judge(sums)
        if sums["failure"]:
            raise Failure(sums["failure"])
        if name == "memory-full-of-holes" and "the guest punched holes" not in weftd.read_log():
            raise Failure("weft does not say that holes were punched")
        if name == "empty-chains" and sums["slower"] > SLOWER:
            raise Failure(f"the worker's rounds take {sums['slower']:.0f} times as long")
        if sums["mappings_during"] > 100:
            raise Failure(f"{sums['mappings_during']} mappings more")
        if os.environ.get("WEFT_VERBOSE"):
            print(sums)
        return ""
    except (Failure, OSError, TimeoutError) as error:
        return str(error)
    finally:
        if weftd.process.poll() is None:
            weftd.process.kill()
        weftd.process.wait()
        shutil.rmtree(weftd.dir, ignore_errors=True)


def cases():
    """The names of all that has been seen."""
    return subprocess.run([PROGRAM, "cases"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()


def everything(seed, messages, step=1, servers=SERVERS, clients=CLIENTS, daemon=None):
    """Every STEPth case, and so many random MESSAGES. Returns the sums; raises Failure."""
    with Weftd(**({"daemon": daemon} if daemon else {})) as weftd:
        pid = weftd.process.pid
        weftd.apply(policy(weftd.dir, servers, clients))
        with Watcher(weftd) as watcher:
            sums = play(weftd, watcher, ["play", weftd.dir, *(str(x) for x in (seed, messages, step, servers, clients))], 4 * 3600)
        sums["longest_ms_on_cpu"] = watcher.longest_ns / 1e6
        judge(sums)
        check_left(sums)
        for name in ("cases", "connections", "answers", "watched"):
            if not sums[name]:
                raise Failure(f"nothing was tried: {name} is 0")
        if sums["random"] < int(messages):
            raise Failure(f"weft took {sums['random']} of {messages} random messages")
        if weftd.process.pid != pid or weftd.port("i0")["link"] != "down":
            raise Failure("weftd does not answer")
        weftd.audit()
    return sums


def option(name, usual):
    """An argument from the command line."""
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else usual


def main():
    """All of it, and the sums."""
    if "-h" in sys.argv or "--help" in sys.argv:
        print(__doc__)
        return
    against = option("--against", None)
    daemon = next((os.path.join(folder, "weftd") for folder, _, files in os.walk(against) if "weftd" in files), None) if against else None
    messages = option("--messages", "10000000" if "--long" in sys.argv else "60000")
    failed = 0
    for name in cases():
        wrong = seen(name, daemon)
        failed += wrong != ""
        print(f"{name:30} {'FAILED: ' + wrong if wrong else 'passed'}", flush=True)
    if against:
        sys.exit(failed != 0)
    start = time.monotonic()
    sums = everything(option("--seed", "1"), messages, 1 if "--long" in sys.argv else 4)
    print(f"frontend: {sums['messages']} messages, {sums['random']} of them random, {sums['cases']} cases, "
          f"{sums['connections']} connections in "
          f"{time.monotonic() - start:.0f} s, {sums['answers']} answers, {sums['ended']} ended by weft")
    print(f"foreign bytes changed: {sums['changed']} (of {sums['watched']})\ninnocents' frames lost: {sums['lost']} of {sums['sent']}; "
          f"the longest time without one {sums['longest_ms']} ms\n"
          f"descriptors left: {sums['descriptors']}\nmappings left: {sums['mappings']}\nends of weftd: 0; its books balance")
    print(f"the worker's longest round: {sums['round_us'] / 1000:.2f} ms by the clock; it ran for {sums['on_ms'] / 1000:.1f} s and "
          f"waited {sums['waited_ms'] / 1000:.1f} s for a processor; it ran for at most {sums['longest_ms_on_cpu']:.2f} ms between two "
          "looks without the end of a round")
    failed += sums["longest_ms_on_cpu"] > ROUND_MS
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
