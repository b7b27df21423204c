// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Requests. The callback of each is called exactly once, whatever happens.
#include "etcd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/file.h"

#include "etcd_impl.h"

#define TIMEOUT_MS	   5000
#define CONNECT_TIMEOUT_MS 2000
#define MAX_REPLY	   (64u << 20)
#define MAX_PASSWORD	   4096 // bytes of its file

// Codes of gRPC that etcd's gateway passes on.
#define GRPC_OUT_OF_RANGE    11
#define GRPC_UNAVAILABLE     14
#define GRPC_UNAUTHENTICATED 16

struct etcd_request {
	struct weft_transfer transfer; // first
	struct weft_etcd *etcd;
	struct etcd_request *next;
	char path[64];
	char *body;
	char *reply;
	size_t len;
	struct curl_slist *headers;
	unsigned int endpoint;
	bool again; // it is tried again with a new token
	weft_etcd_cb cb;
	void *arg;
};

uint32_t
etcd_random(uint32_t n)
{
	uint32_t random;

	evutil_secure_rng_get_bytes(&random, sizeof(random));
	return random % n;
}

struct weft_etcd *
weft_etcd_new(
	struct event_base *base, const struct weft_etcd_config *config, const char *cluster_id, struct weft_error *err)
{
	struct weft_etcd *etcd = calloc(1, sizeof(*etcd));

	if (etcd) {
		etcd->base = base;
		etcd->config = config;
		etcd->http = weft_http_new(base);
		etcd->endpoint = etcd_random(config->n_endpoints);
		snprintf(etcd->cluster_id, sizeof(etcd->cluster_id), "%s", cluster_id);
	}
	if (etcd && etcd->http)
		return etcd;
	free(etcd);
	weft_fail(err, ENOMEM, "no memory for etcd's client");
	return NULL;
}

const char *
weft_etcd_cluster_id(const struct weft_etcd *etcd)
{
	return etcd->cluster_id;
}

static void
free_request(struct etcd_request *request)
{
	struct etcd_request **p = &request->etcd->requests;

	while (*p != request)
		p = &(*p)->next;
	*p = request->next;
	if (request->transfer.easy)
		curl_easy_cleanup(request->transfer.easy);
	curl_slist_free_all(request->headers);
	free(request->body);
	free(request->reply);
	free(request);
}

void
weft_etcd_free(struct weft_etcd *etcd)
{
	if (etcd == NULL)
		return;
	while (etcd->requests) {
		if (etcd->requests->transfer.easy)
			weft_http_remove(etcd->http, &etcd->requests->transfer);
		free_request(etcd->requests);
	}
	weft_http_free(etcd->http);
	free(etcd);
}

void
etcd_rotate(struct weft_etcd *etcd, unsigned int number)
{
	if (etcd->endpoint == number)
		etcd->endpoint = (number + 1) % etcd->config->n_endpoints;
}

bool
etcd_check_cluster(struct weft_etcd *etcd, const json_t *header)
{
	const char *id = json_string_value(json_object_get(header, "cluster_id"));

	if (id == NULL)
		return true;
	if (etcd->cluster_id[0] == 0)
		snprintf(etcd->cluster_id, sizeof(etcd->cluster_id), "%s", id);
	return strcmp(etcd->cluster_id, id) == 0;
}

CURL *
etcd_handle(struct weft_etcd *etcd, const char *path, struct curl_slist **headers)
{
	const struct weft_etcd_config *config = etcd->config;
	CURL *easy = curl_easy_init();
	char url[256], token[300];

	if (easy == NULL)
		return NULL;
	snprintf(url, sizeof(url), "%s/v3/%s", config->endpoint[etcd->endpoint], path);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	if (config->ca[0])
		curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca);
	if (config->cert[0])
		curl_easy_setopt(easy, CURLOPT_SSLCERT, config->cert);
	if (config->key[0])
		curl_easy_setopt(easy, CURLOPT_SSLKEY, config->key);
	*headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (etcd->token[0]) {
		snprintf(token, sizeof(token), "Authorization: %s", etcd->token);
		*headers = curl_slist_append(*headers, token);
	}
	return easy;
}

static size_t
take_reply(char *data, size_t size, size_t n, void *arg)
{
	struct etcd_request *request = arg;
	size_t len = size * n;
	char *more = request->len + len <= MAX_REPLY ? realloc(request->reply, request->len + len + 1) : NULL;

	if (more == NULL)
		return 0;
	request->reply = more;
	memcpy(request->reply + request->len, data, len);
	request->len += len;
	return len;
}

static void finished(struct weft_transfer *transfer, CURLcode result);

// Hands the request to curl. Returns 0 or -ENOMEM.
static int
start(struct etcd_request *request)
{
	struct weft_etcd *etcd = request->etcd;
	CURL *easy = etcd_handle(etcd, request->path, &request->headers);

	if (easy == NULL)
		return -ENOMEM;
	request->endpoint = etcd->endpoint;
	request->transfer.easy = easy;
	request->transfer.done = finished;
	request->headers = curl_slist_append(request->headers, "Expect:");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body));
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_reply);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
	return weft_http_add(etcd->http, &request->transfer) ? -ENOMEM : 0;
}

static void
stop(struct etcd_request *request)
{
	if (request->transfer.easy)
		curl_easy_cleanup(request->transfer.easy);
	curl_slist_free_all(request->headers);
	free(request->reply);
	request->transfer.easy = NULL;
	request->headers = NULL;
	request->reply = NULL;
	request->len = 0;
}

static void
fail(struct etcd_request *request, int code, const char *why)
{
	struct weft_error err;

	weft_fail(&err, -code, "etcd at %s: %s: %s", request->etcd->config->endpoint[request->endpoint], request->path,
		why);
	request->cb(request->arg, NULL, code, &err);
	free_request(request);
}

static void
on_token(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct weft_etcd *etcd = arg;
	const char *token = json_string_value(json_object_get(reply, "token"));
	struct etcd_request *next;

	(void)code;
	etcd->authenticating = false;
	snprintf(etcd->token, sizeof(etcd->token), "%s", token ? token : "");
	// The requests that waited for the token go on, or fail like it. The request for the token itself is still in
	// the list, and leaves it after this.
	for (struct etcd_request *request = etcd->requests; request; request = next) {
		next = request->next;
		if (request->transfer.easy || request->arg == etcd)
			continue;
		if (token == NULL || start(request))
			fail(request, -EACCES, err ? err->text : "no token");
	}
}

static void
authenticate(struct weft_etcd *etcd)
{
	const char *file = etcd->config->password_file, *why;
	size_t size;
	char *password;

	if (etcd->authenticating)
		return;
	password = file[0] ? weft_file_read(file, MAX_PASSWORD, &size, &why) : NULL;
	if (password)
		password[strcspn(password, "\r\n")] = 0;
	else if (file[0])
		WEFT_LOG(ERR, "event=etcd-password file=%s error=\"%s\"", file, why);
	etcd->authenticating = true;
	etcd->token[0] = 0;
	weft_etcd_call(etcd, "auth/authenticate",
		json_pack("{s:s, s:s}", "name", etcd->config->user, "password", password ? password : ""), on_token,
		etcd);
	free(password);
}

// etcd has answered with an HTTP status other than 200.
static void
take_error(struct etcd_request *request, long status)
{
	json_t *json = json_loadb(request->reply, request->len, 0, NULL);
	const char *text = json_string_value(json_object_get(json, "error"));
	json_int_t grpc = json_integer_value(json_object_get(json, "code"));
	struct weft_etcd *etcd = request->etcd;
	char why[256];

	snprintf(why, sizeof(why), "%.200s (HTTP %ld)", text ? text : "no reason given", status);
	json_decref(json);
	if ((status == 401 || grpc == GRPC_UNAUTHENTICATED) && etcd->config->user[0] && !request->again) {
		request->again = true;
		stop(request);
		authenticate(etcd);
		return;
	}
	if (status >= 500)
		etcd_rotate(etcd, request->endpoint);
	if (grpc == GRPC_OUT_OF_RANGE)
		fail(request, -ENODATA, why);
	else
		fail(request, status >= 500 || grpc == GRPC_UNAVAILABLE ? -EAGAIN : -EPROTO, why);
}

static void
finished(struct weft_transfer *transfer, CURLcode result)
{
	struct etcd_request *request = (struct etcd_request *)transfer;
	struct weft_etcd *etcd = request->etcd;
	bool sent = result != CURLE_COULDNT_CONNECT && result != CURLE_COULDNT_RESOLVE_HOST &&
		    result != CURLE_SSL_CONNECT_ERROR && result != CURLE_PEER_FAILED_VERIFICATION;
	long status = 0;
	json_t *reply;

	if (result) {
		etcd_rotate(etcd, request->endpoint);
		fail(request, sent ? -EAGAIN : -EIO,
			result == CURLE_WRITE_ERROR ? "the reply is too large" : curl_easy_strerror(result));
		return;
	}
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) {
		take_error(request, status);
		return;
	}
	reply = json_loadb(request->reply, request->len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(reply)) {
		etcd_rotate(etcd, request->endpoint);
		fail(request, -EAGAIN, "the reply is not a JSON object");
	} else if (!etcd_check_cluster(etcd, json_object_get(reply, "header"))) {
		etcd_rotate(etcd, request->endpoint);
		fail(request, -EXDEV,
			"it belongs to another cluster than the one that this host follows; if the host shall change the "
			"cluster, remove the file \"cluster\" from state_dir");
	} else {
		request->cb(request->arg, reply, 0, NULL);
		free_request(request);
	}
	json_decref(reply);
}

void
weft_etcd_call(struct weft_etcd *etcd, const char *path, json_t *body, weft_etcd_cb cb, void *arg)
{
	struct etcd_request *request = calloc(1, sizeof(*request));
	struct weft_error err;

	if (request)
		request->body = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	if (request == NULL || request->body == NULL) {
		free(request);
		weft_fail(&err, ENOMEM, "no memory for a request to etcd");
		cb(arg, NULL, -ENOMEM, &err);
		return;
	}
	request->etcd = etcd;
	request->cb = cb;
	request->arg = arg;
	snprintf(request->path, sizeof(request->path), "%s", path);
	request->next = etcd->requests;
	etcd->requests = request;
	if (etcd->config->user[0] && etcd->token[0] == 0 && strcmp(path, "auth/authenticate"))
		authenticate(etcd);
	else if (start(request))
		fail(request, -ENOMEM, "no memory");
}
