# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Programs of another Debian release, unpacked into the build folder: nothing of this machine changes."""
import functools
import glob
import os
import shutil
import subprocess

from .proc import BUILD, run

# Programs and data that come with what is wanted, and that nobody runs here.
UNWANTED = ("adduser", "base-", "bash", "binutils", "coreutils", "cpp", "dash", "debconf", "debianutils", "dpkg_", "g++", "gcc-1", "gcc_",
            "init-", "linux-libc", "media-types", "passwd", "perl", "python3", "sed_", "tar_", "tzdata", "util-linux")


class Unavailable(Exception):
    """A package is not to be had here, and why."""


def site():
    """Where this machine's apt takes Debian from."""
    lines = run("apt-get", "indextargets", "--format", "$(SITE)|$(RELEASE)", "Created-By: Packages", check=False).split()
    sites = [line.split("|")[0] for line in lines if line.endswith(("|bookworm", "|trixie"))]
    if not sites:
        raise Unavailable("apt knows no site of Debian")
    return sites[0]


def download(folder, suite, packages):
    """Has apt fetch PACKAGES and what they need into FOLDER, with lists and a status of its own. Returns the packages' files."""
    for name in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    files = {"status": "", "sources": f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {site()} {suite} main\n"}
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    options = {"Dir::Etc::sourcelist": f"{folder}/sources", "Dir::Etc::sourceparts": "/dev/null", "Dir::State::lists": f"{folder}/lists",
               "Dir::State::status": f"{folder}/status", "Dir::Cache": f"{folder}/cache", "Debug::NoLocking": "1",
               "APT::Sandbox::User": "root"}
    apt = ["apt-get", "-qq", *[f"-o{key}={value}" for key, value in options.items()]]
    for command in (["update"], ["install", "-y", "--no-install-recommends", "--download-only", *packages]):
        done = subprocess.run([*apt, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False)
        if done.returncode:
            raise Unavailable(f"no {packages[0]} of {suite}: {(done.stdout.strip() or 'apt failed').splitlines()[-1]}")
    return glob.glob(os.path.join(folder, "cache/archives/*.deb"))


@functools.cache
def unpacked(suite, *packages):
    """The folder in which PACKAGES of SUITE and the libraries that they need lie. Raises Unavailable."""
    root = os.path.abspath(os.path.join(BUILD, "packages", f"{suite}-{packages[0]}"))
    if os.path.isdir(root):
        return root
    work = root + ".new"
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(os.path.join(work, "root"))
    for file in download(work, suite, packages):
        name = os.path.basename(file)
        if not name.startswith(UNWANTED) and "-dev_" not in name.replace("dpdk-dev_", ""):
            run("dpkg-deb", "-x", file, os.path.join(work, "root"))
    os.rename(os.path.join(work, "root"), root)
    shutil.rmtree(work)
    return root


def command(root, program, preload=()):
    """How to run PROGRAM of an unpacked ROOT with the libraries that lie there; those of PRELOAD are loaded first."""
    libraries = [os.path.join(root, folder, "x86_64-linux-gnu") for folder in ("lib", "usr/lib")]
    loader = next(path for path in glob.glob(os.path.join(root, "**/ld-linux-x86-64.so.2"), recursive=True) if os.path.exists(path))
    return [loader, "--library-path", ":".join(libraries), *(["--preload", ":".join(preload)] if preload else []),
            os.path.join(root, program)]
