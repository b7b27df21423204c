// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weft-rest's own settings, from a file of JSON.
#pragma once

#define PATH_SIZE 512

struct config {
	char weftd[PATH_SIZE];	     // weftd's socket
	char socket[PATH_SIZE];	     // UNIX; empty: none
	char listen[128];	     // TCP, ADDRESS:PORT; empty: none
	char certificate[PATH_SIZE]; // PEM: the chain, and
	char key[PATH_SIZE];	     // its key; empty: no TLS, which is for this host alone
	char client_ca[PATH_SIZE];   // PEM: who issues clients' certificates; empty: they have none
	char access[PATH_SIZE];	     // who may do what: see access.h; empty: nobody but at the UNIX socket
	unsigned int requests_per_s; // of one address; 0: no limit
	unsigned int connections;    // over TCP, and as many at the UNIX socket
	unsigned int connections_per_address;
	unsigned int event_clients;
	unsigned int request_s; // a request that takes longer to arrive is given up
};

// The defaults; below DIR, where that is not NULL.
void config_defaults(struct config *config, const char *dir);

// Takes what FILE says; MUST exist, or need not. Returns 0, or -1 after it has said why.
int config_load(struct config *config, const char *file, int must);
