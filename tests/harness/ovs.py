# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""OVS-DPDK without a service manager: the peer that users would pick."""
import os
import re
import shutil
import subprocess
import tempfile

from .proc import spawn, stop, wait_for

VSWITCHD = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
PLAIN = "/usr/lib/openvswitch-switch/ovs-vswitchd"


def available():
    """Whether OVS-DPDK is installed."""
    return os.path.exists(VSWITCHD)


class Ovs:
    """ovsdb-server and ovs-vswitchd in a folder of their own: with DPDK and the PMD on CPU 1, or in NETNS and, unless DPDK is
    said, without it."""

    def __init__(self, memory=512, netns=None, dpdk=None):
        self.dir = tempfile.mkdtemp(prefix="weft-ovs-")
        self.env = {**os.environ, "OVS_RUNDIR": self.dir, "OVS_LOGDIR": self.dir, "OVS_DBDIR": self.dir, "OVS_SYSCONFDIR": self.dir}
        self.memory, self.netns = memory, netns
        self.dpdk = netns is None if dpdk is None else dpdk
        self.processes = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def call(self, *args, check=True):
        """Runs one of OVS's tools."""
        done = subprocess.run(args, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{args}: {done.stdout}")
        return done.stdout

    def vsctl(self, *args, wait=True):
        """ovs-vsctl on our database."""
        return self.call("ovs-vsctl", f"--db=unix:{self.dir}/db.sock", *([] if wait else ["--no-wait"]), *args)

    def appctl(self, *args):
        """ovs-appctl on our ovs-vswitchd."""
        return self.call("ovs-appctl", "-t", os.path.join(self.dir, "vswitchd.ctl"), *args)

    def _spawn(self, *args):
        self.processes.append(spawn(list(args), os.path.join(self.dir, "log"), env=self.env, netns=self.netns))

    def start(self):
        """Both daemons, DPDK initialised where it is used."""
        self.call("ovsdb-tool", "create", f"{self.dir}/conf.db", "/usr/share/openvswitch/vswitch.ovsschema")
        self._spawn("ovsdb-server", f"{self.dir}/conf.db", f"--remote=punix:{self.dir}/db.sock", "--unixctl", f"{self.dir}/db.ctl")
        wait_for(lambda: os.path.exists(f"{self.dir}/db.sock"))
        self.vsctl("init", wait=False)
        if self.dpdk:
            self.vsctl("set", "Open_vSwitch", ".", "other_config:dpdk-init=true",
                       f"other_config:dpdk-socket-mem={self.memory}",
                       "other_config:pmd-cpu-mask=0x2", "other_config:dpdk-lcore-mask=0x1",
                       f"other_config:dpdk-extra=--no-pci --in-memory --file-prefix={os.path.basename(self.dir)}", wait=False)
        self.start_switch()

    def spawn_switch(self):
        """Starts ovs-vswitchd, and does not wait."""
        program = VSWITCHD if self.dpdk else PLAIN
        self._spawn(program, f"unix:{self.dir}/db.sock", "--unixctl", f"{self.dir}/vswitchd.ctl", "--log-file=/dev/null")

    def wait_switch(self):
        """Waits until ovs-vswitchd answers."""
        wait_for(lambda: os.path.exists(f"{self.dir}/vswitchd.ctl"), 60)

    def start_switch(self):
        """ovs-vswitchd alone."""
        self.spawn_switch()
        self.wait_switch()

    def kill_switch(self):
        """SIGKILL to ovs-vswitchd."""
        process = self.processes.pop()
        process.kill()
        process.wait()
        if os.path.exists(f"{self.dir}/vswitchd.ctl"):
            os.unlink(f"{self.dir}/vswitchd.ctl")

    def add_bridge(self, name="br0", *options):
        """A bridge of the user-space data path."""
        self.vsctl("add-br", name, "--", "set", "bridge", name, "datapath_type=netdev", *options)

    def bridge(self, ports, forward=True, client=False):
        """A bridge with vhost-user ports on sockets in our folder; FORWARD: the first two are wired to each other."""
        self.add_bridge("br0", "fail-mode=secure")
        for port in ports:
            kind = ["type=dpdkvhostuserclient", f"options:vhost-server-path={self.dir}/{port}"] if client else ["type=dpdkvhostuser"]
            self.vsctl("add-port", "br0", port, "--", "set", "interface", port, *kind)
        mgmt = os.path.join(self.dir, "br0.mgmt")
        if forward:
            self.call("ovs-ofctl", "add-flow", mgmt, "in_port=1,actions=output:2")
            self.call("ovs-ofctl", "add-flow", mgmt, "in_port=2,actions=output:1")

    def cycles(self):
        """(cycles per packet, packets) since the last clear."""
        text = self.appctl("dpif-netdev/pmd-stats-show")
        text = text[text.index("core_id 1"):]
        cycles = re.search(r"avg processing cycles per packet: ([\d.]+)", text)
        packets = re.search(r"packets received: (\d+)", text)
        return (float(cycles[1]) if cycles else 0.0), int(packets[1])

    def batch(self):
        """Packets of an output batch since the last clear."""
        text = self.appctl("dpif-netdev/pmd-stats-show")
        found = re.search(r"avg\. packets per output batch: ([\d.]+)", text[text.index("core_id 1"):])
        return float(found[1]) if found else 0.0

    def stop(self):
        """Ends both."""
        for process in reversed(self.processes):
            stop(process, seconds=10)
        shutil.rmtree(self.dir, ignore_errors=True)
