// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The vhost room alone, without the rest of weftd.
#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_malloc.h>

#include "switch.h"
#include "tests/harness/eal.h"

struct rte_mempool *
switch_start(void)
{
	struct rte_mempool *pool;

	if (EAL_START("--no-huge", "-m256", "--lcores=0", "--log-level=*:critical") < 0)
		errx(1, "EAL does not start");
	pool = rte_pktmbuf_pool_create("rings", 8191, 64, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL)
		errx(1, "no memory for mbufs");
	return pool;
}

// The worker is between two calls of its port whenever it talks to a front end.
static void
quiesce(void)
{
}

void
switch_open(struct weft_portio *io, struct rte_mempool *pool, const char *path)
{
	struct weft_attach attach = { .type = WEFT_ATTACH_VHOST_USER, .server = true, .queues = 1, .name = path };
	struct weft_error error = { 0 };

	snprintf(attach.path, sizeof(attach.path), "%s", path);
	io->ops = &weft_vhost_ops;
	io->pool = pool;
	io->quiesce = quiesce;
	if (io->ops->open(io, &attach, &error))
		errx(1, "%s", error.text);
}

bool
switch_wait(struct weft_portio *io, bool link)
{
	for (unsigned int i = 0; i < 2000; i++) {
		if (atomic_load(&io->link) == link)
			return true;
		usleep(5000);
	}
	return false;
}
