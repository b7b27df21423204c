// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The server's certificate, and clients' (RFC 8446, RFC 5280). Files are read again when they change, a minute after
// the last time at the earliest; connections that are open go on as they are.
#pragma once

#include <time.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "control/rest/config.h"

// Reads what CONFIG names. Returns 0, or -1 after it has said why.
int tls_load(const struct config *config);
void tls_refresh(void);
void tls_free(void);

// The text of client_ca, or NULL: clients have no certificates.
const char *tls_client_ca(void);

// As gnutls_certificate_retrieve_function2.
int tls_certificate(gnutls_session_t session, const gnutls_datum_t *ca_names, int n_ca_names,
	const gnutls_pk_algorithm_t *algorithms, int n_algorithms, gnutls_pcert_st **chain, unsigned int *n_chain,
	gnutls_privkey_t *key);

// Verifies the certificate that the client has shown: 1 with its COMMON_NAME and the time at which it EXPIRES, 0: it
// has shown none, -1 with WHY.
int tls_client(gnutls_session_t session, char common_name[64], time_t *expires, char why[200]);
