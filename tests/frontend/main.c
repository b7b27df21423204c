// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// frontends play FOLDER SEED MESSAGES STEP SERVERS CLIENTS: hostile front ends at the ports FOLDER/s0... and c0..., beside two
// honest ones at i0 and i1: every STEPth case of the matrix, then so many random MESSAGES.
// frontends seen FOLDER CASE: one case of what has been seen; frontends cases: their names.
//
// It says "ready", "attacked" (connections are still open) or "stopped" (innocents get no more frames), and "closed". Each time it
// waits for a line, in which the caller looks at weftd. Then it prints its sums as JSON.
#include <err.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "innocent.h"
#include "matrix.h"
#include "seen.h"

#include "tests/harness/random.h"

#define PLAYERS 3

static _Atomic uint64_t next_case, n_random;
static uint64_t step, n_messages, seed;
static const struct seen *const seen_parts[] = { seen_memory, seen_worker, seen_others };

static void
say(const char *what)
{
	char line[16];

	printf("%s\n", what);
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		_exit(1);
}

static void *
play(void *arg)
{
	uint64_t random = RANDOM_SEED + seed * 7919 + (uintptr_t)arg * 104729, i;
	struct faker f;

	faker_init(&f);
	while ((i = atomic_fetch_add(&next_case, 1) * step) < matrix_cases())
		matrix_play(&f, i);
	while (atomic_load(&n_random) < n_messages)
		atomic_fetch_add(&n_random, random_play(&f, &random));
	faker_free(&f);
	return NULL;
}

// Every state is what its name says, or all that is played in it says nothing.
static void
check_states(struct faker *f)
{
	for (unsigned int i = 0; i < STATES; i++) {
		struct door *door = doors_take();

		if (!faker_reach(f, door, i) || !wire_probe(&f->w))
			errx(1, "an honest front end does not come to the state \"%s\"", state_name(i));
		wire_close(&f->w);
		doors_give(door, false);
	}
}

static void
play_all(void)
{
	pthread_t threads[PLAYERS];
	struct faker f;

	faker_init(&f);
	faker_learn(&f, doors_take());
	check_states(&f);
	crowd_come(40);
	for (unsigned int i = 0; i < PLAYERS; i++)
		if (pthread_create(&threads[i], NULL, play, (void *)(uintptr_t)i))
			errx(1, "a thread");
	for (unsigned int i = 0; i < PLAYERS; i++)
		pthread_join(threads[i], NULL);
	matrix_play_fuse(&f);
	say("attacked");
	crowd_leave();
	faker_free(&f);
}

static const struct seen *
find(const char *name)
{
	for (unsigned int i = 0; i < sizeof(seen_parts) / sizeof(seen_parts[0]); i++)
		for (const struct seen *s = seen_parts[i]; s->name; s++)
			if (strcmp(s->name, name) == 0)
				return s;
	errx(1, "there is no case \"%s\"", name);
}

static const char *
play_seen(const struct seen *s)
{
	struct faker f[SEEN_FAKERS];
	const char *wrong;

	for (unsigned int i = 0; i < SEEN_FAKERS; i++)
		faker_init(&f[i]);
	faker_learn(&f[0], doors_take());
	wrong = s->attack(f);
	say(innocent_flows(100) ? "attacked" : "stopped");
	for (unsigned int i = 0; i < SEEN_FAKERS; i++)
		faker_free(&f[i]);
	return wrong;
}

static void
print_sums(const char *wrong, uint64_t cases)
{
	struct innocent_sums sums = { 0 };
	bool flows = innocent_flows(1000);

	// A worker that stands still would not let them end.
	if (flows)
		innocent_stop(&sums);
	else
		sums.changed = innocent_changed();
	printf("{\"failure\": \"%s\", \"flows\": %s, \"sent\": %lu, \"received\": %lu, \"lost\": %lu, \"repeated\": %lu, "
	       "\"wrong\": %lu, \"changed\": %lu, \"watched\": %lu, \"longest_ms\": %.1f, ",
		wrong ? wrong : sums.error, flows ? "true" : "false", sums.sent, sums.received, sums.lost,
		sums.repeated, sums.wrong, sums.changed, sums.watched, (double)sums.longest_us / 1000);
	printf("\"random\": %lu, \"messages\": %lu, \"connections\": %lu, \"answers\": %lu, \"ended\": %lu, "
	       "\"silent\": %lu, \"cases\": %lu, "
	       "\"lost_doors\": %u}\n",
		atomic_load(&n_random), atomic_load(&wire_sums.messages), atomic_load(&wire_sums.connections),
		atomic_load(&wire_sums.answers), atomic_load(&wire_sums.ended), atomic_load(&wire_sums.silent), cases,
		doors_lost());
	fflush(stdout);
	_exit(0);
}

int
main(int argc, char **argv)
{
	static char path[3][120];
	const char *const innocents[2] = { path[0], path[1] }, *wrong = NULL;
	bool seen = argc == 4 && strcmp(argv[1], "seen") == 0;
	const struct seen *which = seen ? find(argv[3]) : NULL;
	uint64_t cases = 1;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && strcmp(argv[1], "cases") == 0) {
		for (unsigned int i = 0; i < sizeof(seen_parts) / sizeof(seen_parts[0]); i++)
			for (const struct seen *s = seen_parts[i]; s->name; s++)
				printf("%s\n", s->name);
		return 0;
	}
	if (!seen && (argc != 8 || strcmp(argv[1], "play")))
		errx(1, "usage: frontends play FOLDER SEED MESSAGES STEP SERVERS CLIENTS | seen FOLDER CASE | cases");
	for (unsigned int i = 0; i < 3; i++)
		snprintf(path[i], sizeof(path[i]), "%s/i%u", argv[2], i);
	seen_path = path[2];
	files_open(argv[2]);
	doors_make(argv[2], seen ? 8 : (unsigned int)atoi(argv[6]), seen ? 0 : (unsigned int)atoi(argv[7]));
	innocent_start(innocents);
	innocent_flows(1000);
	say("ready");
	if (seen) {
		wire_patience_ms = 3000;
		wrong = play_seen(which);
	} else {
		seed = strtoull(argv[3], NULL, 10);
		n_messages = strtoull(argv[4], NULL, 10);
		step = strtoull(argv[5], NULL, 10);
		play_all();
		cases = (matrix_cases() + step - 1) / step;
	}
	files_close();
	say("closed");
	print_sums(wrong, cases);
}
