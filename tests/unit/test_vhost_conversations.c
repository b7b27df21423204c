// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What real front ends said, played again (tests/harness/conversation.py says how a line reads): weft answers as it did then,
// refuses nothing, and as many pairs run.

#include "liar.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_FILES 32
#define MAX_LINE  1024

static const char folder[] = CONVERSATIONS;

struct player {
	struct liar l;
	int files[MAX_FILES]; // of memory, by their numbers; 0: not yet made
	unsigned int messages, answers, marks;
};

// A message of the file.
struct line {
	uint32_t request, flags, size;
	union vhost_payload payload;
	char *words; // that say what its descriptors are
};

static void
read_line(char *text, struct line *line)
{
	char hex[2 * sizeof(line->payload) + 1];
	int end = 0;

	memset(line, 0, sizeof(*line));
	assert_int_equal(sscanf(text, "%u %x %528s%n", &line->request, &line->flags, hex, &end), 3);
	line->words = text + end;
	if (hex[0] == '-')
		return;
	line->size = (uint32_t)strlen(hex) / 2;
	for (uint32_t i = 0; i < line->size; i++)
		assert_int_equal(sscanf(hex + 2 * i, "%2hhx", (uint8_t *)&line->payload + i), 1);
}

// A descriptor like the one that was recorded. The caller owns it.
static int
make(struct player *p, const char *word)
{
	unsigned int number;
	long size;
	int fd;

	if (strcmp(word, "e") == 0)
		return eventfd(0, EFD_CLOEXEC);
	assert_int_equal(sscanf(word, "m%u:%ld", &number, &size), 2);
	assert_true(number < MAX_FILES);
	if (p->files[number] == 0)
		p->files[number] = memfd_create("guest", MFD_CLOEXEC);
	assert_int_equal(ftruncate(p->files[number], size), 0);
	fd = dup(p->files[number]);
	assert_true(fd >= 0);
	return fd;
}

static void
say(struct player *p, struct line *line)
{
	int fds[VHOST_MAX_FDS];
	unsigned int n = 0;

	for (char *word = strtok(line->words, " \n"); word; word = strtok(NULL, " \n"))
		fds[n++] = make(p, word);
	liar_send(&p->l, line->request, line->flags, &line->payload, line->size, fds, n);
	while (n)
		close(fds[--n]);
	assert_int_equal(liar_run(&p->l), 0);
	p->messages++;
}

static void
hear(struct player *p, struct line *line)
{
	union vhost_payload now;
	bool has_file = strtok(line->words, " \n") != NULL;
	uint32_t size;
	int fd;

	assert_int_equal(line->flags, VHOST_VERSION | VHOST_REPLY);
	size = liar_answer(&p->l, line->request, &now, &fd);
	assert_int_equal(fd >= 0, has_file);
	if (fd >= 0)
		close(fd);
	assert_int_equal(size, line->size);
	// What a ring's place is depends on its contents. More may be offered than was.
	if (line->request == VHOST_GET_VRING_BASE)
		assert_int_equal(now.state.index, line->payload.state.index);
	else if (line->request == VHOST_GET_FEATURES || line->request == VHOST_GET_PROTOCOL_FEATURES)
		assert_int_equal(line->payload.u64 & ~now.u64, 0);
	else
		assert_memory_equal(&now, &line->payload, size);
	p->answers++;
}

static void
check_pairs(struct player *p, const char *text)
{
	uint32_t pairs = atomic_load(&p->l.port->to_guest) & atomic_load(&p->l.port->from_guest);

	assert_int_equal(__builtin_popcount(pairs), atoi(text));
	assert_int_equal(atomic_load(&p->l.io.link), atoi(text) != 0);
	assert_string_equal(p->l.port->error, "");
	p->marks++;
}

static void
play(const char *name)
{
	struct player p = { 0 };
	struct line line;
	char path[512], text[MAX_LINE];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	assert_non_null(f);
	liar_open(&p.l);
	while (fgets(text, sizeof(text), f)) {
		assert_true(strchr(text, '\n'));
		if (text[0] == '=') {
			check_pairs(&p, text + 1);
		} else if (text[0] != '#') {
			read_line(text + 1, &line);
			(text[0] == '>' ? say : hear)(&p, &line);
		}
		// No answer is left over when it speaks again.
		assert_true(text[0] != '<' || !liar_has_answer(&p.l));
	}
	for (unsigned int i = 0; i < MAX_FILES; i++) {
		if (p.files[i])
			close(p.files[i]);
	}
	liar_close(&p.l);
	fclose(f);
	assert_true(p.messages > 10 && p.answers > 3 && p.marks > 0);
	print_message("%s: %u messages, %u answers\n", name, p.messages, p.answers);
}

static void
conversations_go_as_they_went(void **state)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned int n = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		play(entry->d_name);
		n++;
	}
	closedir(dir);
	assert_true(n >= 8);
}

// QEMU before 8 adds each region once for each queue pair, and takes it out as often.
static void
a_region_comes_again(void **state)
{
	struct liar l;
	int other = memfd_create("other", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(ftruncate(other, LIAR_SIZE), 0);
	liar_open(&l);
	liar_start(&l, 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(
			liar_set_region(&l, VHOST_ADD_MEM_REG, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, l.memory_fd), 0);
		assert_int_equal(l.port->memory->table.n, 1);
		assert_true(atomic_load(&l.io.link));
	}
	for (unsigned int i = 3; i < GUEST_MAX_AGAIN; i++)
		assert_int_equal(
			liar_set_region(&l, VHOST_ADD_MEM_REG, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, l.memory_fd), 0);
	// No port has more pairs than that. Another file, or another part of the same, is another region.
	assert_int_equal(liar_set_region(&l, VHOST_ADD_MEM_REG, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, l.memory_fd), 1);
	assert_int_equal(liar_set_region(&l, VHOST_REM_MEM_REG, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, -1), 0);
	assert_int_equal(liar_set_region(&l, VHOST_ADD_MEM_REG, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, other), 1);
	assert_int_equal(liar_set_region(&l, VHOST_ADD_MEM_REG, LIAR_GPA, LIAR_SIZE / 2, LIAR_USER, 0, l.memory_fd), 1);
	for (unsigned int i = 0; i < GUEST_MAX_AGAIN; i++) {
		assert_int_equal(l.port->memory->table.n, 1);
		assert_true(atomic_load(&l.io.link));
		assert_int_equal(liar_set_region(&l, VHOST_REM_MEM_REG, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, -1), 0);
	}
	assert_int_equal(l.port->memory->table.n, 0);
	assert_false(atomic_load(&l.io.link));
	assert_int_equal(liar_set_region(&l, VHOST_REM_MEM_REG, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, -1), 1);
	liar_close(&l);
	close(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conversations_go_as_they_went),
		cmocka_unit_test(a_region_comes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
