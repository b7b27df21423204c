// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weft-rest's settings, from a JSON file.
#pragma once

#define PATH_SIZE 512

struct config {
	char weftd[PATH_SIZE];	     // weftd's socket
	char socket[PATH_SIZE];	     // the UNIX socket to serve; empty: none
	char listen[128];	     // ADDRESS:PORT to serve over TCP; empty: none
	char certificate[PATH_SIZE]; // PEM file of the chain; empty: no TLS, so only loopback addresses
	char key[PATH_SIZE];	     // PEM file of its key
	char client_ca[PATH_SIZE];   // PEM file of the authorities for clients' certificates; empty: clients have none
	char access[PATH_SIZE];	     // the access file, see access.h; empty: only the UNIX socket gives access
	unsigned int requests_per_s; // from one address; 0: no limit
	unsigned int connections;    // over TCP, and as many again at the UNIX socket
	unsigned int connections_per_address;
	unsigned int event_clients;
	unsigned int request_s; // seconds in which a request must arrive
};

// Sets the defaults; with DIR, which may be NULL, all files are below DIR.
void config_defaults(struct config *config, const char *dir);

// Replaces the defaults by what FILE says. MUST: the file must exist. Returns 0, or -1 after it has printed the reason.
int config_load(struct config *config, const char *file, int must);
