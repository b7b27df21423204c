// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What a front end gave and weft is done with. To close a descriptor may take for ever: a file of FUSE that never answers, a
// socket that lingers, messages that lie unread in a socket with such descriptors. And to unmap and free a large guest's
// memory takes seconds. So threads that nobody waits for do both. A port waits before it gets more to throw away, so a front
// end holds up one such thread at most, and itself.
#pragma once

#include <stdbool.h>

struct vhost_memory;
struct vhost_window;
struct vhost_trash;

// Opens an empty bag; NULL without memory. With NULL the other functions do at once what they should put off. Front ends'
// thread and control.
struct vhost_trash *vhost_trash_new(void);

// Puts a descriptor, a memory, or a window that is mapped into TRASH, which owns it then.
void vhost_trash_fd(struct vhost_trash *trash, int fd);
void vhost_trash_memory(struct vhost_trash *trash, struct vhost_memory *memory);
void vhost_trash_window(struct vhost_trash *trash, struct vhost_window *window);

// Has TRASH thrown away, and adds it to the port's *LIST.
void vhost_trash_out(struct vhost_trash *trash, struct vhost_trash **list);

// Whether a port with *LIST has to wait: descriptors that may block are still open, or too much is still to be done. Takes out
// what is done.
bool vhost_trash_waits(struct vhost_trash **list);

// The port goes, and what is in *LIST goes on by itself.
void vhost_trash_forget(struct vhost_trash **list);
