// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Users' names, for people. On every thread except a worker.
#pragma once

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#define WEFT_USER_SIZE 41

// Writes the name of the user UID to NAME, or "uid N" if /etc/passwd does not have it. Returns whether it does. It asks
// for no user whom this machine knows over a network: that may take long.
static inline bool
weft_user_name(uid_t uid, char name[WEFT_USER_SIZE])
{
	FILE *f = fopen("/etc/passwd", "re");
	const struct passwd *user = NULL;

	while (f && (user = fgetpwent(f)) && user->pw_uid != uid)
		;
	if (user)
		snprintf(name, WEFT_USER_SIZE, "%s", user->pw_name);
	else
		snprintf(name, WEFT_USER_SIZE, "uid %u", uid);
	if (f)
		fclose(f);
	return user != NULL;
}
