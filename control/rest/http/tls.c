// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "tls.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <gnutls/x509.h>

#include "weft/clock.h"
#include "weft/file.h"

#define CHAIN_MOST 8
#define AGAIN_S	   60
#define MAX_FILE   (1u << 20) // bytes

struct credentials {
	gnutls_pcert_st chain[CHAIN_MOST];
	unsigned int n_chain;
	gnutls_privkey_t key;
	gnutls_datum_t ca_text;
	gnutls_x509_trust_list_t ca; // NULL: clients have no certificates
};

static struct {
	struct tls_files files;
	struct credentials *now;
	struct credentials *before; // handshakes that began earlier may still use it
	struct timespec seen[3];    // when each file changed last
	time_t loaded;
} tls;

static void
free_credentials(struct credentials *c)
{
	if (c == NULL)
		return;
	for (unsigned int i = 0; i < c->n_chain; i++)
		gnutls_pcert_deinit(&c->chain[i]);
	if (c->key)
		gnutls_privkey_deinit(c->key);
	if (c->ca)
		gnutls_x509_trust_list_deinit(c->ca, 1);
	gnutls_free(c->ca_text.data);
	free(c);
}

static int
fail(const char *file, int code)
{
	fprintf(stderr, "event=certificate-refused file=%s error=\"%s\"\n", file, gnutls_strerror(code));
	return -1;
}

// Reads FILE into TEXT, which gnutls_free() frees. Returns 0 or gnutls' error.
static int
load_file(const char *file, gnutls_datum_t *text)
{
	const char *why;
	size_t size = 0;

	text->data = (unsigned char *)weft_file_read(file, MAX_FILE, &size, &why);
	text->size = (unsigned int)size;
	return text->data ? 0 : GNUTLS_E_FILE_ERROR;
}

static int
load_chain(struct credentials *c, const char *file)
{
	gnutls_datum_t text = { 0 };
	int ret = load_file(file, &text);
	unsigned int n = CHAIN_MOST;

	if (ret == 0)
		ret = gnutls_pcert_list_import_x509_raw(
			c->chain, &n, &text, GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
	gnutls_free(text.data);
	if (ret)
		return fail(file, ret);
	c->n_chain = n;
	return 0;
}

static int
load_key(struct credentials *c, const char *file)
{
	gnutls_datum_t text = { 0 };
	int ret = load_file(file, &text);

	if (ret == 0)
		ret = gnutls_privkey_init(&c->key);
	if (ret == 0)
		ret = gnutls_privkey_import_x509_raw(c->key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (text.data)
		gnutls_memset(text.data, 0, text.size);
	gnutls_free(text.data);
	return ret ? fail(file, ret) : 0;
}

// A key that does not belong to the certificate would fail every handshake.
static int
check_pair(const struct credentials *c, const char *file)
{
	unsigned char a[64], b[64];
	size_t a_len = sizeof(a), b_len = sizeof(b);
	gnutls_pubkey_t of_key;
	int ret = gnutls_pubkey_init(&of_key);

	if (ret)
		return fail(file, ret);
	ret = gnutls_pubkey_import_privkey(of_key, c->key, 0, 0);
	if (ret == 0)
		ret = gnutls_pubkey_get_key_id(of_key, GNUTLS_KEYID_USE_SHA256, a, &a_len);
	if (ret == 0)
		ret = gnutls_pubkey_get_key_id(c->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, b, &b_len);
	gnutls_pubkey_deinit(of_key);
	if (ret == 0 && (a_len != b_len || memcmp(a, b, a_len)))
		ret = GNUTLS_E_CERTIFICATE_KEY_MISMATCH;
	return ret ? fail(file, ret) : 0;
}

static int
load_ca(struct credentials *c, const char *file)
{
	int ret = load_file(file, &c->ca_text);

	if (ret == 0)
		ret = gnutls_x509_trust_list_init(&c->ca, 0);
	if (ret == 0)
		ret = gnutls_x509_trust_list_add_trust_mem(c->ca, &c->ca_text, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	if (ret > 0)
		return 0;
	return fail(file, ret ? ret : GNUTLS_E_NO_CERTIFICATE_FOUND);
}

static struct credentials *
load(const struct tls_files *files)
{
	struct credentials *c = calloc(1, sizeof(*c));

	if (c && (load_chain(c, files->certificate) || load_key(c, files->key) || check_pair(c, files->key) ||
			 (files->client_ca[0] && load_ca(c, files->client_ca)))) {
		free_credentials(c);
		return NULL;
	}
	return c;
}

// Whether a file has changed since the last call.
static bool
has_changed(void)
{
	const char *files[] = { tls.files.certificate, tls.files.key, tls.files.client_ca };
	bool changed = false;
	struct stat now;

	for (unsigned int i = 0; i < 3; i++) {
		if (files[i][0] == 0 || stat(files[i], &now) ||
			memcmp(&now.st_mtim, &tls.seen[i], sizeof(now.st_mtim)) == 0)
			continue;
		tls.seen[i] = now.st_mtim;
		changed = true;
	}
	return changed;
}

int
weft_tls_load(const struct tls_files *files)
{
	tls.files = *files;
	has_changed();
	tls.now = load(files);
	return tls.now ? 0 : -1;
}

void
weft_tls_refresh(void)
{
	struct credentials *c;

	if (tls.now == NULL || weft_clock_wall_s() < tls.loaded + AGAIN_S || !has_changed())
		return;
	c = load(&tls.files);
	if (c == NULL)
		return;
	free_credentials(tls.before);
	tls.before = tls.now;
	tls.now = c;
	tls.loaded = weft_clock_wall_s();
	fprintf(stderr, "event=certificate-read file=%s\n", tls.files.certificate);
}

void
weft_tls_free(void)
{
	free_credentials(tls.before);
	free_credentials(tls.now);
	tls.before = tls.now = NULL;
}

const char *
weft_tls_client_ca(void)
{
	return tls.now ? (const char *)tls.now->ca_text.data : NULL;
}

int
weft_tls_certificate(gnutls_session_t session, const gnutls_datum_t *ca_names, int n_ca_names,
	const gnutls_pk_algorithm_t *algorithms, int n_algorithms, gnutls_pcert_st **chain, unsigned int *n_chain,
	gnutls_privkey_t *key)
{
	(void)session, (void)ca_names, (void)n_ca_names, (void)algorithms, (void)n_algorithms;
	*chain = tls.now->chain;
	*n_chain = tls.now->n_chain;
	*key = tls.now->key;
	return 0;
}

// Parses the chain, which is in DER. Returns the number of certificates; 0: the first one is wrong.
static unsigned int
import(const gnutls_datum_t *der, unsigned int n, gnutls_x509_crt_t crt[CHAIN_MOST])
{
	unsigned int i = 0;

	for (; i < n && i < CHAIN_MOST; i++) {
		if (gnutls_x509_crt_init(&crt[i]))
			break;
		if (gnutls_x509_crt_import(crt[i], &der[i], GNUTLS_X509_FMT_DER)) {
			gnutls_x509_crt_deinit(crt[i]);
			break;
		}
	}
	return i;
}

static const char *
reason(unsigned int status)
{
	if (status & GNUTLS_CERT_EXPIRED)
		return "has expired";
	if (status & GNUTLS_CERT_NOT_ACTIVATED)
		return "is not valid yet";
	if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
		return "is not for clients, by its extended key usage";
	if (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA))
		return "comes from no authority that weft-rest trusts";
	return "is not valid";
}

int
weft_tls_client(gnutls_session_t session, char common_name[64], time_t *expires, char why[200])
{
	gnutls_typed_vdata_st use = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT };
	unsigned int n = 0, status = 0, chain;
	gnutls_x509_crt_t crt[CHAIN_MOST];
	size_t size = 64;
	const gnutls_datum_t *der = tls.now->ca ? gnutls_certificate_get_peers(session, &n) : NULL;
	int ret = -1;

	if (der == NULL || n == 0)
		return 0;
	snprintf(why, 200, "cannot be read");
	chain = import(der, n, crt);
	if (chain && gnutls_x509_trust_list_verify_crt2(tls.now->ca, crt, chain, &use, 1, 0, &status, NULL) == 0) {
		if (status)
			snprintf(why, 200, "%s", reason(status));
		else if (gnutls_x509_crt_get_dn_by_oid(crt[0], GNUTLS_OID_X520_COMMON_NAME, 0, 0, common_name, &size))
			snprintf(why, 200, "has no common name of less than 64 bytes");
		else
			ret = 1;
	}
	if (chain)
		*expires = gnutls_x509_crt_get_expiration_time(crt[0]);
	while (chain)
		gnutls_x509_crt_deinit(crt[--chain]);
	return ret;
}
