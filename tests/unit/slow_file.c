// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "slow_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/lone_port.h"

#define MOST 64 // sockets that linger

static int peers[MOST];
static unsigned int n_peers;
static int helper = -1; // the socket to the process with FUSE
static pid_t helper_pid;

// What that process has.
static int device;
static char mounted[] = "/tmp/weft-fuse-XXXXXX";

// A TCP socket with unread data on its way to a peer, which is kept. -1: there is no loopback.
static int
lingering_socket(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct linger linger = { .l_onoff = 1, .l_linger = 600 };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(addr);
	char bytes[4096] = { 0 };

	if (n_peers == MOST || bind(listener, (struct sockaddr *)&addr, len) || listen(listener, 1) ||
		getsockname(listener, (struct sockaddr *)&addr, &len) || connect(fd, (struct sockaddr *)&addr, len)) {
		close(listener);
		close(fd);
		return -1;
	}
	peers[n_peers++] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return fd;
}

// A Unix socket in whose queue FD lies, which is closed here.
static int
nest(int fd)
{
	int pair[2];

	if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	send_with_fds(pair[0], "", 1, &fd, 1);
	close(fd);
	close(pair[0]);
	return pair[1];
}

static void
reply(const struct fuse_in_header *in, const void *data, size_t size)
{
	struct {
		struct fuse_out_header header;
		uint8_t data[256];
	} out = { .header = { .len = (uint32_t)(sizeof(out.header) + size), .unique = in->unique } };

	memcpy(out.data, data, size);
	if (write(device, &out, out.header.len) < 0)
		_exit(1);
}

// The file system: one file, its root.
static void *
serve(void *arg)
{
	static union {
		struct fuse_in_header header;
		uint8_t bytes[1 << 17];
	} in;
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096 };
	struct fuse_attr_out attr = { .attr = { .ino = 1, .mode = S_IFREG | 0600, .nlink = 1, .size = 1 << 20 } };
	struct fuse_open_out open_out = { .fh = 1 };

	for (;;) {
		if (read(device, &in, sizeof(in)) < 0) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			return arg;
		}
		if (in.header.opcode == FUSE_INIT)
			reply(&in.header, &init, sizeof(init));
		else if (in.header.opcode == FUSE_GETATTR)
			reply(&in.header, &attr, sizeof(attr));
		else if (in.header.opcode == FUSE_OPEN)
			reply(&in.header, &open_out, sizeof(open_out));
		// Only the thread below is told that the file is closed.
		else if (in.header.opcode == FUSE_FLUSH && in.header.pid == (uint32_t)getpid())
			reply(&in.header, &open_out, 0);
	}
}

static void
write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(1);
	close(fd);
}

// Mounts it over an empty file, where no other process sees it.
static bool
mount_file(void)
{
	char options[80], map[40];
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (unshare(CLONE_NEWNS)) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
			return false;
		write_text("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1", uid);
		write_text("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "0 %u 1", gid);
		write_text("/proc/self/gid_map", map);
	}
	device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=100600,user_id=0,group_id=0", device);
	return device >= 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("weft-test", mounted, "fuse", MS_NOSUID | MS_NODEV, options) == 0;
}

// Takes a socket and what to send over it, and does that with a file, until the other process ends it.
static void
help(int sock)
{
	pthread_t thread;
	char ok = mount_file();

	if (!ok || pthread_create(&thread, NULL, serve, NULL))
		_exit(1);
	if (send(sock, &ok, 1, 0) != 1)
		_exit(1);
	for (;;) {
		union {
			struct cmsghdr header;
			char space[CMSG_SPACE(sizeof(int))];
		} control;
		char bytes[64];
		struct iovec iov = { bytes, sizeof(bytes) };
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
		};
		ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
		int to, fd;

		if (n <= 0 || CMSG_FIRSTHDR(&msg) == NULL)
			_exit(0);
		memcpy(&to, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(to));
		fd = open(mounted, O_RDWR | O_CLOEXEC);
		ok = fd >= 0 && send_with_fds(to, bytes, (size_t)n, &fd, 1) == n;
		close(fd);
		close(to);
		if (send(sock, &ok, 1, 0) != 1)
			_exit(1);
	}
}

void
slow_file_init(void)
{
	int pair[2], fd = mkstemp(mounted);
	char ok;

	if (fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return;
	close(fd);
	helper_pid = fork();
	if (helper_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		help(pair[1]);
	}
	close(pair[1]);
	helper = pair[0];
	if (recv(helper, &ok, 1, 0) != 1)
		slow_file_end(SLOW_FUSE);
}

static bool
send_fuse(int sock, const void *bytes, size_t size)
{
	char ok = 0;

	return helper_pid > 0 && send_with_fds(helper, bytes, size, &sock, 1) == (ssize_t)size &&
	       recv(helper, &ok, 1, 0) == 1 && ok;
}

bool
slow_file_send(enum slow_file kind, int sock, const void *bytes, size_t size)
{
	bool sent;
	int fd;

	if (kind == SLOW_FUSE)
		return send_fuse(sock, bytes, size);
	fd = kind == SLOW_LINGER ? lingering_socket() : nest(lingering_socket());
	sent = fd >= 0 && send_with_fds(sock, bytes, size, &fd, 1) == (ssize_t)size;
	if (fd >= 0)
		close(fd);
	return sent;
}

void
slow_file_end(enum slow_file kind)
{
	while (kind != SLOW_FUSE && n_peers)
		close(peers[--n_peers]);
	if (kind != SLOW_FUSE || helper_pid <= 0)
		return;
	// All of the file system's calls end with its process.
	kill(helper_pid, SIGKILL);
	waitpid(helper_pid, NULL, 0);
	helper_pid = 0;
	unlink(mounted);
}
