// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The server's certificate, and clients' (RFC 8446, RFC 5280).
#pragma once

#include <time.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

// PEM files. The texts must live until weft_tls_free().
struct tls_files {
	const char *certificate; // the chain
	const char *key;
	const char *client_ca; // who issues clients' certificates; "": clients have none
};

// Reads FILES. Returns 0, or -1 after it has printed the reason.
int weft_tls_load(const struct tls_files *files);
// Reads them again where they have changed, at most once a minute. Where the new files are wrong it logs that and keeps
// the old ones. Open connections keep what they began with. To be called about once a second.
void weft_tls_refresh(void);
void weft_tls_free(void);

// The text of client_ca. NULL: clients have no certificates.
const char *weft_tls_client_ca(void);

// The server's certificate, as a gnutls_certificate_retrieve_function2.
int weft_tls_certificate(gnutls_session_t session, const gnutls_datum_t *ca_names, int n_ca_names,
	const gnutls_pk_algorithm_t *algorithms, int n_algorithms, gnutls_pcert_st **chain, unsigned int *n_chain,
	gnutls_privkey_t *key);

// Verifies the client's certificate. Returns 1 with its COMMON_NAME and the time at which it EXPIRES; 0: the client sent
// none; -1 with WHY it is refused.
int weft_tls_client(gnutls_session_t session, char common_name[64], time_t *expires, char why[200]);
