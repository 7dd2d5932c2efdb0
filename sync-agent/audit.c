/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/audit.h"

/* Where in the code a line was written is nothing for an audit. */
#define SD_JOURNAL_SUPPRESS_LOCATION 1
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include "common/buffer.h"
#include "sync-agent/log.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define PAIRS_MAX 16
#define VALUE_MAX_BYTES 1024

struct pair {
	const char *name; /* in capitals in the journal */
	char text[VALUE_MAX_BYTES];
};

struct pairs {
	size_t n;
	struct pair list[PAIRS_MAX];
};

static void add(struct pairs *p, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add(struct pairs *p, const char *name, const char *format, ...)
{
	struct pair *pair = &p->list[p->n];
	va_list ap;

	va_start(ap, format);
	vsnprintf(pair->text, sizeof(pair->text), format, ap);
	va_end(ap);
	pair->name = name;
	p->n += pair->text[0] != '\0';
}

static void fill(struct pairs *p, const struct audit *line)
{
	add(p, "ACTION", "%s", line->action);
	add(p, "FIELD", "%s", line->field ? line->field : "");
	add(p, "VALUE", "%s", line->value ? line->value : "");
	add(p, "OBJECT", "%s/%s", line->namespace, line->name);
	add(p, "JOB", "%" PRIu32, line->job_id);
	add(p, "UID", "%" PRIu32, line->uid);
	add(p, "AS", "%s", line->as_operator ? "operator" : "owner");
	add(p, "MANAGER", "%s", line->manager ? line->manager : "");
	add(p, "ASKED", "%s", line->asked ? line->asked : "");
	add(p, "RESULT", "%s", line->refused ? "refused" : "done");
	add(p, "REASON", "%s", line->refused ? line->refused : "");
}

static void to_journal(const struct pairs *p, const char *message)
{
	struct iovec iov[PAIRS_MAX + 3];
	char texts[PAIRS_MAX][VALUE_MAX_BYTES + 32], text[VALUE_MAX_BYTES];
	char priority[] = "PRIORITY=5", identifier[] = "SYSLOG_IDENTIFIER=slurm-kube-agent";
	int n = 0;

	snprintf(text, sizeof(text), "MESSAGE=%s", message);
	iov[n++] = (struct iovec){ text, strlen(text) };
	iov[n++] = (struct iovec){ priority, strlen(priority) };
	iov[n++] = (struct iovec){ identifier, strlen(identifier) };
	for (size_t i = 0; i < p->n; i++) {
		snprintf(texts[i], sizeof(texts[i]), "SLURM_KUBE_%s=%s", p->list[i].name,
			 p->list[i].text);
		iov[n++] = (struct iovec){ texts[i], strlen(texts[i]) };
	}
	sd_journal_sendv(iov, n);
}

/* "action=edit field=timeLimit value=10 ...": in quotes where a value isn't one plain word. */
static void to_standard_error(const struct pairs *p)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(8192);

	for (size_t i = 0; i < p->n; i++) {
		const char *text = p->list[i].text;
		bool quotes = strpbrk(text, " \t\"=") != NULL;

		buffer_add(&b, " ", i ? 1 : 0);
		for (const char *c = p->list[i].name; *c; c++)
			buffer_printf(&b, "%c", *c - 'A' + 'a');
		buffer_printf(&b, "=%s", quotes ? "\"" : "");
		for (const char *c = text; *c; c++)
			buffer_printf(&b, "%s%c", *c == '"' || *c == '\\' ? "\\" : "",
				      (unsigned char)*c < ' ' ? '?' : *c);
		buffer_printf(&b, "%s", quotes ? "\"" : "");
	}
	log_info("audit: %s", b.data ? b.data : "");
}

void audit_log(const struct audit *line)
{
	struct pairs pairs = { 0 };
	char message[VALUE_MAX_BYTES - 16];

	fill(&pairs, line);
	if (access(JOURNAL_SOCKET, F_OK) < 0) {
		to_standard_error(&pairs);
		return;
	}
	snprintf(message, sizeof(message), "job %" PRIu32 " (%s/%s): %s%s%s%s%.200s for uid %" PRIu32 ": %s%.400s",
		 line->job_id, line->namespace, line->name, line->action, line->field ? " " : "",
		 line->field ? line->field : "", line->value ? "=" : "",
		 line->value ? line->value : "", line->uid, line->refused ? "refused: " : "done",
		 line->refused ? line->refused : "");
	to_journal(&pairs, message);
}
