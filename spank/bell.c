/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/bell.h"

#include <stdbool.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/seal.h"

static void ring_sealed(const struct spank_config *config, int fd, const void *data, size_t len)
{
	_cleanup_free_ char *credential = NULL;

	if (!config->has_agent_uid ||
	    seal_make(config->munge_socket[0] ? config->munge_socket : NULL, config->agent_uid,
		      data, len, &credential, NULL) < 0)
		return;
	if (strlen(credential) <= DOORBELL_MAX)
		doorbell_ring(fd, &config->doorbell, credential, strlen(credential));
}

void bell_ring(const struct spank_config *config, const struct doorbell *bell)
{
	bool sealed = config->doorbell.address.ss_family != AF_UNIX;
	_cleanup_close_ int fd = doorbell_socket(&config->doorbell);
	char object[DOORBELL_MAX];
	int len;

	if (fd < 0)
		return;
	len = doorbell_format(bell, object, sealed ? DOORBELL_MAX_SEALED : sizeof(object));
	if (len < 0)
		return;
	if (sealed)
		ring_sealed(config, fd, object, len);
	else
		doorbell_ring(fd, &config->doorbell, object, len);
}

void bell_name_first_node(const char *nodelist, char *name, size_t size)
{
	size_t n = 0;

	for (const char *p = nodelist ? nodelist : ""; *p && *p != ',' && n < size; p++) {
		if (*p != '[') {
			name[n++] = *p;
			continue;
		}
		for (p++; *p && !strchr(",-]", *p) && n < size; p++)
			name[n++] = *p;
		p += strcspn(p, "]");
		if (!*p)
			break;
	}
	name[n < size ? n : 0] = '\0';
}
