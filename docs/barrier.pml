// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors
//
// The model of the cluster's protocol (control/cluster/) for spin: hosts, of which any may bring a generation about, die
// and come back at any moment, over a store that keeps one order of events.
//
//	spin -a docs/barrier.pml && cc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan -m1000000
//
// Checked in every reachable state:
//   - a host applies a generation only if it became the one in force, by one swap of the publication;
//   - when a generation comes into force, every host that is live then has prepared it;
//   - a generation that was given up is applied nowhere, then or later;
//   - who was told "applied everywhere" was told the truth of all hosts that are live.
// With -DBROKEN hosts apply what they have prepared without waiting, and spin finds a violation.

#ifndef HOSTS
#define HOSTS 3
#endif
#define GENERATIONS 2 // attempts
#define NONE	    255

#define IDLE	0
#define PREPARE 1

// The publication, one key: changed by compare-and-swap only. An attempt's number is its id.
byte state = IDLE;
byte in_force = 0;	// id of the attempt that became the generation in force
byte attempt = 0;	// id of the one that is being agreed on
byte driver = NONE;	// who brings it about
byte next_id = 1;

bool given_up[GENERATIONS + 1];
bool was_in_force[GENERATIONS + 1];

// Keys under leases: a host that is not live has none.
bool live[HOSTS];
byte prepared[HOSTS];	// what it says
bool refuses[HOSTS];	// it says so, of the attempt

// What the hosts really apply.
byte applied[HOSTS];

// An attempt is given up: it must be in force nowhere.
inline give_up(id)
{
	k = 0;
	do
	:: k < HOSTS -> assert(applied[k] != id); refuses[k] = false; k++
	:: else -> break
	od;
	given_up[id] = true; state = IDLE; driver = NONE; mine = 0; attempt = 0
}

inline check_truth(id)
{
	// The one who waits sees all live hosts at this generation or a later one.
	all = true;
	k = 0;
	do
	:: k < HOSTS -> if :: live[k] && applied[k] != in_force -> all = false :: else fi; k++
	:: else -> break
	od;
	if
	:: all && state == IDLE && in_force == id ->
		k = 0;
		do
		:: k < HOSTS -> assert(!live[k] || applied[k] == id); k++
		:: else -> break
		od
	:: else
	fi
}

proctype host(byte me)
{
	byte mine = 0;	// attempt that I drive
	byte ready = 0;	// what I have prepared
	byte k;
	bool all, bad;

	do
	// Claim: a swap of an idle publication.
	:: atomic { live[me] && mine == 0 && state == IDLE && next_id <= GENERATIONS ->
		state = PREPARE; attempt = next_id; next_id++; driver = me;
		mine = attempt }

	// Prepare, or refuse. What was prepared before and given up is dropped.
	:: atomic { live[me] && state == PREPARE && ready != attempt && !refuses[me] ->
		if
		:: ready = attempt; prepared[me] = attempt
		:: refuses[me] = true
		fi;
#ifdef BROKEN
		if :: ready == attempt -> applied[me] = attempt :: else fi;
#endif
		skip }

	// The driver looks at all live hosts, and swaps: that fails where another host has swapped in between, which a
	// paused driver does not know yet.
	:: atomic { live[me] && mine != 0 && driver == me && attempt == mine && state == PREPARE ->
		all = true; bad = false; k = 0;
		do
		:: k < HOSTS ->
			if
			:: live[k] && refuses[k] -> bad = true
			:: live[k] && !refuses[k] && prepared[k] != mine -> all = false
			:: else
			fi;
			k++
		:: else -> break
		od;
		if
		:: bad -> give_up(mine)
		:: !bad && all ->
			k = 0;
			do :: k < HOSTS -> assert(!live[k] || prepared[k] == mine); k++ :: else -> break od;
			assert(!given_up[mine]);
			in_force = mine; was_in_force[mine] = true; state = IDLE; driver = NONE; mine = 0; attempt = 0
		:: else -> skip
		fi }

	// The deadline: the driver gives it up.
	:: atomic { live[me] && mine != 0 && driver == me && attempt == mine && state == PREPARE ->
		give_up(mine) }

	// A driver that was taken over from finds out.
	:: atomic { mine != 0 && (driver != me || attempt != mine) -> mine = 0 }

	// Take over from a driver that is not live: by a swap, too.
	:: atomic { live[me] && state == PREPARE && mine == 0 && (driver == NONE || !live[driver]) ->
		driver = me; mine = attempt }

	// Activate what is in force and was prepared; a host that was not there reads it.
	:: atomic { live[me] && applied[me] != in_force && ready == in_force ->
		applied[me] = in_force; assert(was_in_force[applied[me]]); assert(!given_up[applied[me]]) }
	:: atomic { live[me] && applied[me] != in_force && ready != in_force && (state == IDLE || ready != attempt) ->
		applied[me] = in_force; ready = 0; prepared[me] = 0 }

	// Somebody waits.
	:: atomic { live[me] && in_force != 0 -> check_truth(in_force) }

	// The lease is lost: by death, a pause or a pulled cable. What it applies stays, and
	// what it believes. And it is back: in step first.
	:: atomic { live[me] -> live[me] = false; prepared[me] = 0; refuses[me] = false }
	:: atomic { !live[me] -> applied[me] = in_force; ready = 0; live[me] = true }

	:: atomic { next_id > GENERATIONS && state == IDLE && (!live[me] || applied[me] == in_force) -> break }
	od
}

init
{
	byte i = 0;

	atomic {
		do
		:: i < HOSTS -> live[i] = true; run host(i); i++
		:: else -> break
		od
	}
}
