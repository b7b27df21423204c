// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors
//
// A model of the cluster's protocol (control/cluster/) for spin. Every host may drive an attempt at a generation, and may
// die and come back at any moment. The store keeps one order of events.
//
//	spin -a docs/barrier.pml && cc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan -m1000000
//
// Checked in every reachable state:
//   - a host applies a generation only if it became the one in force, by one swap of the publication;
//   - when a generation comes into force, every host that is live at that moment has prepared it;
//   - a generation that was given up is not applied anywhere, neither then nor later;
//   - a caller that is told "applied everywhere" is told the truth about all hosts that are live.
// With -DBROKEN the hosts apply what they have prepared without waiting for each other, and spin finds a violation.

#ifndef HOSTS
#define HOSTS 3
#endif
#define GENERATIONS 2 // attempts
#define NONE	    255

#define IDLE	0
#define PREPARE 1

// The publication is one key, which changes by compare-and-swap only. The number of an attempt is its id.
byte state = IDLE;
byte in_force = 0;	// id of the attempt that became the generation in force
byte attempt = 0;	// id of the attempt that is being agreed on; 0: none
byte driver = NONE;	// the host that drives it
byte next_id = 1;

bool given_up[GENERATIONS + 1];
bool was_in_force[GENERATIONS + 1];

// Keys under leases: a host that is not live has none of them.
bool live[HOSTS];
byte prepared[HOSTS];	// the attempt that it reports as prepared
bool refuses[HOSTS];	// it reports that it refuses the attempt

// What the hosts apply in fact.
byte applied[HOSTS];

// An attempt is given up: it must not be in force anywhere.
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
	// The caller that waits sees that all live hosts apply this generation or a later one.
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
	byte mine = 0;	// the attempt that this host drives; 0: none
	byte ready = 0;	// the attempt that this host has prepared; 0: none
	byte k;
	bool all, bad;

	do
	// A host claims the next attempt: it swaps an idle publication.
	:: atomic { live[me] && mine == 0 && state == IDLE && next_id <= GENERATIONS ->
		state = PREPARE; attempt = next_id; next_id++; driver = me;
		mine = attempt }

	// A host prepares the attempt or refuses it. It drops what it had prepared for an attempt that was given up.
	:: atomic { live[me] && state == PREPARE && ready != attempt && !refuses[me] ->
		if
		:: ready = attempt; prepared[me] = attempt
		:: refuses[me] = true
		fi;
#ifdef BROKEN
		if :: ready == attempt -> applied[me] = attempt :: else fi;
#endif
		skip }

	// The driver looks at all live hosts, and swaps. The swap fails if another host has swapped meanwhile, which a
	// driver that was paused does not know yet.
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

	// The deadline is over: the driver gives the attempt up.
	:: atomic { live[me] && mine != 0 && driver == me && attempt == mine && state == PREPARE ->
		give_up(mine) }

	// A driver whose attempt was taken over finds out.
	:: atomic { mine != 0 && (driver != me || attempt != mine) -> mine = 0 }

	// A host takes the attempt of a driver over that is not live, also by a swap.
	:: atomic { live[me] && state == PREPARE && mine == 0 && (driver == NONE || !live[driver]) ->
		driver = me; mine = attempt }

	// A host activates the generation in force if it has prepared it; otherwise it reads it.
	:: atomic { live[me] && applied[me] != in_force && ready == in_force ->
		applied[me] = in_force; assert(was_in_force[applied[me]]); assert(!given_up[applied[me]]) }
	:: atomic { live[me] && applied[me] != in_force && ready != in_force && (state == IDLE || ready != attempt) ->
		applied[me] = in_force; ready = 0; prepared[me] = 0 }

	// A caller waits.
	:: atomic { live[me] && in_force != 0 -> check_truth(in_force) }

	// A host loses its lease, because it dies, is paused or is cut off. What it applies and what it believes stay. When
	// it comes back, it gets in step first.
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
