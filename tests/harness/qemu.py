# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Real guests: Debian's kernel and busybox in QEMU, each with a shell on its serial line."""
import contextlib
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

from . import packages
from .proc import BUILD, run, spawn, stop, wait_for

GUEST = os.path.abspath(os.path.join(BUILD, "guest"))
NET = ["virtio_net", "virtio_pci"]
HERE = ("qemu-system-x86_64",)
# Without KVM, Linux counts the timer's ticks while QEMU's main thread, which makes them, may wait for a processor: on a loud host
# it finds no timer, panics, and QEMU ends with status 0. With KVM Linux does not count.
TIMER = "no_timer_check"

INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /bin /proc /sys /dev /tmp
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for m in $(cat /modules/order); do insmod /modules/$m; done
ip link set lo up
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
stty -echo -icanon -F /dev/ttyS0 2>/dev/null
echo weft-guest:ready
exec sh -i </dev/ttyS0 >/dev/ttyS0 2>&1
"""


def missing():
    """What a real guest lacks here, or an empty string."""
    for program in ("qemu-system-x86_64", "cpio", "busybox", "depmod"):
        if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
            return program
    version = re.search(r"version (\d+)", run("qemu-system-x86_64", "--version"))
    return "" if version and int(version[1]) >= 10 else "QEMU 10 (Debian 12: from backports)"


def debian12():
    """How to run Debian 12's QEMU, 7.2. Raises packages.Unavailable.

    Without KVM it ends when the guest masks an MSI-X interrupt of a vhost-user device: it takes back an irqfd that only KVM gives.
    QemuGuest gives its devices none.
    """
    root = packages.unpacked("bookworm", "qemu-system-x86")
    return ("env", f"QEMU_MODULE_DIR={root}/usr/lib/x86_64-linux-gnu/qemu", *packages.command(root, "usr/bin/qemu-system-x86_64"),
            "-L", f"{root}/usr/share/qemu", "-L", f"{root}/usr/share/seabios")


def kernel():
    """Debian's kernel, unpacked once into the build folder: (vmlinuz, modules folder)."""
    found = glob.glob(os.path.join(GUEST, "boot", "vmlinuz-*"))
    if not found:
        os.makedirs(GUEST, exist_ok=True)
        depends = run("apt-cache", "depends", "linux-image-amd64")
        name = re.search(r"Depends: (linux-image-\S+)", depends)[1]
        subprocess.run(["apt-get", "-qq", "download", name], cwd=GUEST, check=True, stderr=subprocess.DEVNULL)
        for package in glob.glob(os.path.join(GUEST, "*.deb")):
            run("dpkg-deb", "-x", package, GUEST)
            os.unlink(package)
        found = glob.glob(os.path.join(GUEST, "boot", "vmlinuz-*"))
        version = os.path.basename(found[0]).removeprefix("vmlinuz-")
        base = GUEST if os.path.isdir(os.path.join(GUEST, "lib")) else os.path.join(GUEST, "usr")
        run("depmod", "-b", base, version)
    version = os.path.basename(found[0]).removeprefix("vmlinuz-")
    modules = [p for p in (os.path.join(GUEST, "lib/modules", version), os.path.join(GUEST, "usr/lib/modules", version))
               if os.path.isdir(p)]
    return found[0], modules[0]


def with_dependencies(modules, names):
    """Paths of the modules and of what they need, in the order to load them."""
    table = {}
    with open(os.path.join(modules, "modules.dep"), encoding="utf-8") as f:
        for line in f:
            path, needs = line.strip().split(":", 1)
            table[os.path.basename(path).split(".")[0].replace("-", "_")] = (path, needs.split())
    order = []
    for name in names:
        path, needs = table[name]
        for p in reversed(needs):
            if p not in order:
                order.append(p)
        if path not in order:
            order.append(path)
    return order


def copy_program(root, program):
    """Puts a program and the libraries that it needs into ROOT, where they are here."""
    path = shutil.which(program, path="/usr/bin:/bin:/usr/sbin:/sbin")
    for file in [path, *re.findall(r"(/\S+) \(0x", run("ldd", path))]:
        target = root + os.path.realpath(os.path.dirname(file)) + "/" + os.path.basename(file)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(file, target)
    # The loader is asked for by its usual name.
    for link in ("lib64", "lib"):
        if not os.path.exists(os.path.join(root, link)):
            os.symlink(f"usr/{link}", os.path.join(root, link))


def initramfs(names, programs=()):
    """An initramfs with busybox, the modules, and programs of this machine; made once for each set of them."""
    vmlinuz, modules = kernel()
    path = os.path.join(GUEST, f"initrd-{'-'.join(sorted([*names, *programs]))}")
    if not os.path.exists(path):
        root = tempfile.mkdtemp(dir=GUEST)
        os.makedirs(os.path.join(root, "modules"))
        os.makedirs(os.path.join(root, "bin"))
        shutil.copy(shutil.which("busybox"), os.path.join(root, "bin"))
        order = []
        for module in with_dependencies(modules, NET + names):
            target = os.path.join(root, "modules", os.path.basename(module))
            shutil.copy(os.path.join(modules, module), target)
            if target.endswith(".xz"):
                run("xz", "-d", target)
                target = target[:-3]
            order.append(os.path.basename(target))
        with open(os.path.join(root, "modules", "order"), "w", encoding="utf-8") as f:
            f.write("\n".join(order) + "\n")
        for program in programs:
            copy_program(root, program)
        with open(os.path.join(root, "init"), "w", encoding="utf-8") as f:
            f.write(INIT)
        os.chmod(os.path.join(root, "init"), 0o755)
        subprocess.run(f"cd {root} && find . | cpio -o -H newc --quiet >{path}.new && mv {path}.new {path}", shell=True, check=True)
        shutil.rmtree(root)
    return vmlinuz, path


def accelerator():
    """kvm where a short probe boots a kernel under it, else tcg. The answer is kept in the build folder."""
    answer = os.path.join(GUEST, "accelerator")
    os.makedirs(GUEST, exist_ok=True)
    if os.path.exists(answer):
        with open(answer, encoding="utf-8") as f:
            return f.read()
    result = "tcg"
    if os.access("/dev/kvm", os.R_OK | os.W_OK):
        vmlinuz, initrd = initramfs([])
        try:
            out = subprocess.run(["qemu-system-x86_64", "-accel", "kvm", "-M", "q35", "-nodefaults", "-m", "256", "-display", "none",
                                  "-serial", "stdio", "-no-reboot", "-kernel", vmlinuz, "-initrd", initrd,
                                  "-append", "console=ttyS0 panic=-1"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, timeout=6, check=False).stdout
        except subprocess.TimeoutExpired as late:
            out = late.stdout or b""
        if b"weft-guest:ready" in out:
            result = "kvm"
    with open(answer, "w", encoding="utf-8") as f:
        f.write(result)
    return result


class Machine:
    """A virtual machine with a shell on its serial line. sh() runs a command in it."""

    def __init__(self, folder, image, memory, *args, cpu="qemu64", options="", program=HERE):
        """IMAGE: kernel and initramfs. ARGS: QEMU's, beside those of the CPU, the MEMORY (MiB) and the serial line. OPTIONS: of the
        kernel's. PROGRAM: how to run QEMU."""
        self.dir = folder
        accel = accelerator()
        self.process = spawn([
            *program, "-accel", accel, "-cpu", "host" if accel == "kvm" else cpu, "-nodefaults", "-m", str(memory), *args,
            "-qmp", f"unix:{self.dir}/qmp,server=on,wait=off", "-serial", "chardev:serial",
            "-chardev", f"socket,id=serial,path={self.dir}/serial,server=on,wait=off,logfile={self.dir}/said",
            "-display", "none", "-no-reboot", "-kernel", image[0], "-initrd", image[1],
            "-append", f"console=ttyS0 quiet loglevel=1 panic=-1 {TIMER} {options}"], os.path.join(self.dir, "log"))
        self.serial = None
        self.output = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def check(self):
        """Raises with QEMU's and the guest's last words when QEMU has ended."""
        status = self.process.poll()
        if status is None:
            return
        words = {}
        for name in ("log", "said"):
            with contextlib.suppress(OSError), open(os.path.join(self.dir, name), encoding="utf-8", errors="replace") as f:
                words[name] = f.read()[-3000:].strip()
        raise RuntimeError(f"QEMU ended with {status}: {words.get('log')}\nThe guest's last words: {words.get('said')}")

    def _read(self):
        try:
            self.output += self.serial.recv(65536)
        except (BlockingIOError, TimeoutError, ConnectionResetError):
            pass
        return self.output

    def wait_boot(self, seconds=180):
        """Waits for the guest's shell."""

        def connected():
            """QEMU's serial line"""
            self.check()
            try:
                self.serial = socket.socket(socket.AF_UNIX)
                self.serial.connect(f"{self.dir}/serial")
                return True
            except OSError:  # it is not there, or QEMU does not listen yet
                self.serial.close()
                return False

        wait_for(connected)
        self.serial.setblocking(False)
        end = time.monotonic() + seconds
        self.output = b""
        # What it printed before we connected is lost: ask. The first questions may arrive in part: no quote may stay open.
        while b"weft-guest:alive" not in self._read():
            self.check()
            if time.monotonic() > end:
                raise TimeoutError("the guest did not boot")
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # QEMU has ended
                self.serial.sendall(b"echo weft-guest:al\\ive\n")
            time.sleep(0.3)
        return self

    def qmp(self, command, **arguments):
        """Asks QEMU itself; returns its answer."""
        wait_for(lambda: os.path.exists(f"{self.dir}/qmp"))
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(f"{self.dir}/qmp")
            lines = sock.makefile("rw")
            answer = None
            for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                lines.write(json.dumps(request) + "\n")
                lines.flush()
                answer = next(a for a in map(json.loads, lines) if "return" in a or "error" in a)
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
            return answer["return"]

    def start(self, command):
        """Types a command whose end finish() waits for."""
        self.mark = f"weft-guest:{time.monotonic_ns()}:"
        self._read()
        self.output = b""
        half = len(self.mark) // 2
        self.serial.sendall(f"{command}; echo {self.mark[:half]}''{self.mark[half:]}$?\n".encode())

    def finish(self, seconds=120):
        """Waits for the command and returns (exit code, output)."""
        pattern = re.compile(re.escape(self.mark.encode()) + rb"(\d+)")

        def done():
            """the guest's command to end"""
            found = pattern.search(self._read())
            if not found:
                self.check()
            return found

        found = wait_for(done, seconds, step=0.01)
        return int(found[1]), self.output[:found.start()].decode(errors="replace")

    def sh(self, command, seconds=120):
        """Runs a command in the guest: (exit code, output)."""
        self.start(command)
        return self.finish(seconds)

    def set_up(self, i):
        """Waits for the machine to boot, and gives its first NIC the address 10.0.0.I."""
        self.wait_boot()
        self.sh(f"ip addr add 10.0.0.{i}/24 dev eth0; ip link set eth0 up")

    def interface(self):
        """The name of its NIC."""
        return self.sh("ls /sys/class/net | grep -v lo | head -1")[1].split("\n")[-2].strip().split()[-1]

    def kill(self):
        """SIGKILL, as a host's crash would."""
        self.process.kill()
        self.process.wait()

    def close(self):
        """Ends the machine."""
        if self.serial:
            self.serial.close()
        stop(self.process, seconds=2)
        shutil.rmtree(self.dir, ignore_errors=True)


class QemuGuest(Machine):
    """A virtual machine with one virtio NIC on a vhost-user SOCKET."""

    def __init__(self, socket_path, mac, modules=(), client=False, queues=1, mtu=None, programs=(), options="", more=(),
                 memory=None, extra=(), program=HERE, machine="q35"):
        """OPTIONS: more of its device. MORE: further NICs, (socket, MAC, options). MEMORY: a file that its memory lies in."""
        self.mac = mac
        folder = tempfile.mkdtemp(prefix="weft-qemu-")
        first = (f",host_mtu={mtu}" if mtu else "") + (f",mq=on,vectors={2 * queues + 2}" if queues > 1 else "")
        nics = []
        again = "reconnect-ms=50" if program == HERE else "reconnect=1"
        for i, (path, address, device) in enumerate([(socket_path, mac, options + first), *more]):
            if program != HERE and "vectors=3" not in device:
                device += ",vectors=0"
            nics += ["-chardev", f"socket,id=c{i},path={path}," + (again if client else "server=on,wait=off"),
                     "-netdev", f"vhost-user,id=n{i},chardev=c{i},queues={1 if i else queues}",
                     "-device", f"virtio-net-pci,netdev=n{i},mac={address},romfile={device}"]
        backend = f"memory-backend-file,mem-path={memory}" if memory else "memory-backend-memfd"
        super().__init__(folder, initramfs(list(modules), list(programs)), 192, "-M", machine, "-object",
                         f"{backend},id=m0,size=192M,share=on", "-numa", "node,memdev=m0", *nics, *extra, program=program)


@contextlib.contextmanager
def iperf_pair(weftd, mac):
    """Two machines at the ports vm1 and vm2 of WEFTD, as {1: guest, 2: guest}, up; iperf3 serves on the second. MAC: of port I."""
    guests = {i: QemuGuest(weftd.socket(f"vm{i}"), mac(i), programs=["iperf3"]) for i in (1, 2)}
    try:
        for i, guest in guests.items():
            guest.set_up(i)
            weftd.wait_link(f"vm{i}")
        guests[2].sh("iperf3 -s -D")
        yield guests
    finally:
        for guest in guests.values():
            guest.close()
