// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What the cluster's files share: member.c is the host, load.c reads, driver.c brings a generation about, acks.c
// watches who is where, relevance.c says who is concerned by what, claims.c and allotter.c share out tenants' rates.
#pragma once

#include "cluster.h"
#include "control/cluster/etcd/etcd.h"

#define ID_SIZE	    33
#define KEY_MAX	    (64 + WEFT_KEY_SIZE + 32)
#define INLINE_MAX  (256u << 10) // bytes of changes that stand in the publication and its copies, all together
#define RECORD_PART (512u << 10) // bytes of a record in one key
#define TXN_OPS	    60		 // in a transaction; etcd takes 128
#define MAX_HOSTS   60		 // that a publication names; more are all
#define TXN_BYTES   (512u << 10) // of what a transaction writes down; etcd takes 1.5 MiB

enum pub_state { PUB_IDLE, PUB_WRITE, PUB_PREPARE, PUB_ACTIVE };

// The key "publish" as last heard of.
struct publication {
	int64_t revision; // of its last change, 0: is not there
	uint64_t generation;
	enum pub_state state;
	char id[ID_SIZE];   // of the attempt at this generation
	char driver[128];   // who brings it about: host and incarnation
	unsigned int parts; // of its record
	json_t *json;
};

struct driver;
struct acks;
struct claims;

// What is waited for until all workers know of it.
enum settling { SETTLED, SETTLING_PREPARED, SETTLING_ACTIVE };

struct weft_cluster {
	struct event_base *base;
	const struct weft_etcd_config *config;
	struct weft_etcd *etcd;
	const struct weft_cluster_ops *ops;
	void *host;
	char name[WEFT_NAME_SIZE];
	char me[128];		 // name and incarnation
	bool broken_barrier;	 // see weft_cluster_break_barrier()
	struct publication pub;	 // as this host heard of it: every one that concerns it, in order
	struct publication last; // the latest that is known, from wherever

	// member.c
	struct weft_watch *watch; // of publish
	int64_t lease;
	uint64_t lease_until; // ms, monotonic
	struct event *tick;
	struct event *settle; // while workers still use what was before
	uint64_t keepalive_at, retry_at, lazy_at;
	uint32_t retry_ms;
	bool keeping;	 // a keepalive, or the asking for a lease, is under way
	bool granting;	 // it is the latter
	bool synced;	 // in step with PUB, since the last gap
	bool telling;	 // the state is being put,
	bool tell_again; // and is another one by now
	bool busy;	 // reading, before the next step
	bool missed;	 // a generation has come and gone meanwhile
	bool stuck;	 // cannot apply the generation in force; out of the barrier until another one mends that
	bool fenced;
	enum settling settling;
	uint64_t generation; // in force
	uint64_t prepared;   // generation, with its id; 0: none
	char prepared_id[ID_SIZE];
	uint64_t refused; // likewise, with the reason
	char refused_id[ID_SIZE];
	struct weft_error reason;
	struct weft_error trouble; // the last, for status

	// load.c: the whole policy
	struct weft_model *view;
	uint64_t view_generation;
	json_t *view_next; // changes of the generation that is being agreed on
	uint64_t view_next_generation;
	char view_next_id[ID_SIZE];
	struct view_waiter *view_waiters;
	bool view_loading;

	struct driver *driver;
	struct acks *acks;
	struct claims *claims; // NULL: the host has no rates to share
};

#define CLUSTER_FIRST_RETRY_MS 50

// cluster.c
int cluster_unavailable(const struct weft_cluster *c, struct weft_error *err); // says why; -EHOSTUNREACH
void cluster_unfence(struct weft_cluster *c);				       // if it has a lease and is in step
uint32_t cluster_random(uint32_t n);					       // below N
void cluster_make_id(char id[ID_SIZE]);
void cluster_key(const struct weft_cluster *c, char key[KEY_MAX], const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void cluster_after(struct event *event, uint32_t ms);

// Takes a kv of publish, or NULL where there is none.
void publication_take(struct publication *pub, const json_t *kv);

// Takes VALUE, which was written at REVISION.
void publication_set(struct publication *pub, const json_t *value, int64_t revision);

// The generation in force.
uint64_t publication_in_force(const struct publication *pub);

// A publication was seen: if it is newer than LAST, it becomes that.
void cluster_seen(struct weft_cluster *c, const json_t *kv);

// member.c: a new state of PUB is acted on.
void member_evaluate(struct weft_cluster *c);
void member_publication(struct weft_cluster *c, const json_t *kv); // heard of
void member_refresh(struct weft_cluster *c);			   // reads the publication
void member_put_state(struct weft_cluster *c);
void member_on_settle(evutil_socket_t fd, short what, void *arg); // timer
void member_sync(struct weft_cluster *c);			  // reads all, and gets in step with it

// load.c: reads the policy at one moment: of all tenants, or of those that have ports of this host and those named as
// keys of TENANTS (may be NULL). OBJECTS are changes against nothing, new; NULL: failed. PUB is a kv of publish, or
// NULL.
typedef void (*load_cb)(struct weft_cluster *c, void *arg, json_t *objects, const json_t *pub, int64_t revision);
void load_policy(struct weft_cluster *c, bool all, const json_t *tenants, load_cb cb, void *arg);

// Reads the record of GENERATION, in PARTS; RECORD is new, NULL: failed.
typedef void (*record_cb)(struct weft_cluster *c, void *arg, json_t *record);
void load_record(struct weft_cluster *c, uint64_t generation, record_cb cb, void *arg);

// Keeps the view in step with LAST, where it knows the changes.
void view_follow(struct weft_cluster *c);

// relevance.c: what of CHANGES (against MODEL, the host's objects) host NAME must know, as changes of its own. LOAD: it
// cannot be told from them alone, the whole is to be read. And what of OBJECTS, the whole, it must know.
json_t *relevant_changes(const struct weft_model *model, const char *name, const json_t *changes, bool *load);
json_t *relevant_objects(const json_t *objects, const char *name);

// The hosts that SET, which is part of MODEL, concerns: an array of names, or "*".
json_t *concerned_hosts(const struct weft_model *model, const struct weft_changeset *set);

// Changes that make MODEL what OBJECTS are.
json_t *difference(const struct weft_model *model, const json_t *objects);

// claims.c: tenants' rates.
struct claims *claims_new(struct weft_cluster *c);
void claims_free(struct claims *claims);
void claims_session(struct weft_cluster *c); // the lease may be another one, or gone
void claims_status(const struct claims *claims, json_t *status);

// driver.c
struct driver *driver_new(struct weft_cluster *c);
void driver_free(struct driver *d);
void driver_submit(struct driver *d, struct weft_write *write);
void driver_kick(struct driver *d);					  // something has changed
void driver_ack(struct driver *d, const char *name, const json_t *state); // of a host; NULL: it has lost its lease

// acks.c: the hosts' states, while somebody looks.
struct acks *acks_new(struct weft_cluster *c);
void acks_free(struct acks *acks);
void acks_look(struct acks *acks);		    // from now on, for a while
const json_t *acks_states(const struct acks *acks); // {host: state}; NULL: not known yet
bool acks_concerned(const json_t *hosts, const char *name);
void
acks_wait(struct acks *acks, uint64_t generation, uint32_t timeout_ms, const json_t *hosts, weft_json_cb cb, void *arg);
