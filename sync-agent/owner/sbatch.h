/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call of sbatch, by a process that is the job's owner already. */
#ifndef AGENT_OWNER_SBATCH_H
#define AGENT_OWNER_SBATCH_H

#include <json-c/json.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

#define SBATCH_WORDS_MAX 1000 /* bytes of its words that are passed on */

struct sbatch_result {
	uint32_t job_id; /* 0: it failed, for which words has the reason */
	bool lost;       /* it was cut off: nobody knows */
	char words[SBATCH_WORDS_MAX];
};

/* Submit. request: submit_options() of sync-agent/submit/options.h, with "uid" and "generation" of the
 * object. Blocks until sbatch has ended; it dies with the caller. */
void sbatch_run(struct json_object *request, const struct passwd *owner,
		struct sbatch_result *ret);

#endif
