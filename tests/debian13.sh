#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
#
# Builds with gcc and clang, runs the unit tests and fuzz corpora, and compares own rings with the library's, in a Debian 13
# chroot, with its DPDK 24.11.
# The chroot stays in build-debian13/ for the next time.
set -eu
cd "$(dirname "$0")/.."
root=build-debian13/root
packages="gcc clang libc6-dev meson ninja-build pkg-config libdpdk-dev libjansson-dev libevent-dev libmicrohttpd-dev \
	libgnutls28-dev nettle-dev uthash-dev libsystemd-dev libcurl4-gnutls-dev libmnl-dev libjs-dygraphs python3-minimal scdoc \
	libbpf-dev bpftool libcmocka-dev"

[ "$(id -u)" = 0 ] || { echo "debian13: run as root" >&2; exit 1; }
command -v debootstrap >/dev/null || apt-get -qq install -y --no-install-recommends debootstrap
if [ "$(cat build-debian13/ready 2>/dev/null)" != "$packages" ]; then
	mkdir -p build-debian13
	site=$(apt-get indextargets --format '$(SITE)|$(RELEASE)' 'Created-By: Packages' |
		awk -F'|' '$2 == "bookworm" || $2 == "trixie" { print $1; exit }')
	[ -d "$root/usr" ] || debootstrap --variant=minbase trixie "$root" "$site" >build-debian13/log
	chroot "$root" sh -c "apt-get -qq update && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
		apt-get -qq install -y --no-install-recommends $packages" >>build-debian13/log 2>&1
	echo "$packages" >build-debian13/ready
fi
rm -rf "$root/weft/control" "$root/weft/tests"
mkdir -p "$root/weft"
git ls-files -co --exclude-standard | tar -cf - -T - | tar -xf - -C "$root/weft"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --make-rslave "$root/sys"
trap 'umount -R "$root/proc" "$root/sys"' EXIT
for cc in gcc clang; do
	chroot "$root" sh -c "cd /weft && { [ -f build-$cc/build.ninja ] || CC=$cc meson setup build-$cc >/dev/null; } &&
		ninja -C build-$cc --quiet && meson test -C build-$cc --print-errorlogs && build-$cc/tests/rings/compare_rings"
done
