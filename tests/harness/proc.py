# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Child processes that end with their parent."""
import ctypes
import os
import signal
import subprocess
import time

BUILD = os.environ.get("WEFT_BUILD", os.path.join(os.path.dirname(__file__), "..", "..", "build"))
WEFTD = os.path.abspath(os.path.join(BUILD, "control", "daemon", "weftd"))
WEFTCTL = os.path.abspath(os.path.join(BUILD, "control", "ctl", "weftctl"))
REST = os.path.join(BUILD, "control", "rest", "weft-rest")

_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL)


def spawn(args, log, stdin=subprocess.DEVNULL, netns=None, env=None):
    """Starts ARGS with its output in the file LOG."""
    if netns:
        args = ["ip", "netns", "exec", netns] + args
    with open(log, "ab") as out:
        return subprocess.Popen(args, stdin=stdin, stdout=out, stderr=subprocess.STDOUT, env=env,
                                preexec_fn=_die_with_parent)


def stop(process, how=signal.SIGTERM, seconds=20):
    """Ends a process and waits for it."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdin:
        process.stdin.close()


def wait_for(what, seconds=20.0, step=0.002):
    """Calls WHAT until it is true and returns its value; raises when it is not in time."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {getattr(what, '__doc__', None) or what}")
        time.sleep(step)


def run(*args, check=True):
    """Runs a command and returns what it printed."""
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(args)}: exit {done.returncode}: {done.stdout}")
    return done.stdout
