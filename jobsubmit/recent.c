/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jobsubmit/recent.h"

#include <pthread.h>
#include <time.h>

#include "common/hash.h"

/* Sets of a few slots each, of fixed size: nothing is allocated under slurmctld's locks. A set that is
 * full forgets its oldest; at 100 submissions a second that is far from happening. */
#define SETS 4096
#define SLOTS 8

struct slot {
	uint64_t hash;
	time_t until; /* monotonic seconds, 0: empty */
};

static struct slot table[SETS][SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool add(uint64_t hash, time_t now)
{
	struct slot *set = table[(hash ^ hash >> 32) % SETS], *oldest = &set[0];

	for (int i = 0; i < SLOTS; i++) {
		if (set[i].hash == hash && set[i].until > now)
			return false;
		if (set[i].until < oldest->until)
			oldest = &set[i];
	}
	*oldest = (struct slot){ hash, now + RECENT_SECONDS };
	return true;
}

bool recent_add(uint32_t user, const char *uid, const char *generation)
{
	uint64_t hash = hash_number(HASH_SEED, user);
	struct timespec now;
	bool added;

	hash = hash_text(hash_text(hash, uid), generation);
	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&lock);
	added = add(hash, now.tv_sec + 1);
	pthread_mutex_unlock(&lock);
	return added;
}
