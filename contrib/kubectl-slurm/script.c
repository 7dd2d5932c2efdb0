/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A batch script, read as sbatch does: #SBATCH lines count as far as the first line that is a
 * command; quotes, backslashes and comments as in Slurm's src/sbatch/opt.c (get_argument). All
 * their words together are one command line. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "contrib/kubectl-slurm/sbatch.h"

#define MAGIC "#SBATCH"
#define WORDS_MAX 4096

struct words {
	char *word[WORDS_MAX];
	unsigned line[WORDS_MAX];
	size_t n;
	unsigned hetjob; /* the index of that word and 1; 0: there is none */
};

struct reading {
	struct sbatch *s;
	struct words *words;
};

/* -- is it a script? -------------------------------------------------------------------------- */

/* The length of a UTF-8 character, 0 if it is none. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *p < 0x80		 ? 1
		   : (*p & 0xe0) == 0xc0 ? 2
		   : (*p & 0xf0) == 0xe0 ? 3
		   : (*p & 0xf8) == 0xf0 ? 4
					 : 0;
	unsigned c = n > 1 ? *p & (0xff >> (n + 1)) : *p;

	if (!n || n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

static int check(const char *file, const char *script, size_t len, struct error *err)
{
	unsigned line = 1;

	if (!len)
		return error_set(err, EINVAL, "%s: the script is empty", file);
	if (len < 3 || script[0] != '#' || script[1] != '!')
		return error_set(err, EINVAL,
				 "%s: that is no batch script: its first line has to be #! and an "
				 "interpreter, for example #!/bin/sh",
				 file);
	for (size_t i = 0; i < len;) {
		size_t n = utf8_length((const unsigned char *)script + i, len - i);

		if (!n)
			return error_set(err, EINVAL,
					 "%s: line %u is not UTF-8, which Kubernetes asks for; "
					 "convert it: iconv -f latin1 -t utf8",
					 file, line);
		if (!script[i])
			return error_set(err, EINVAL,
					 "%s: line %u has a NUL byte; Slurm takes no such "
					 "script",
					 file, line);
		if (script[i] == '\r' && i + 1 < len && script[i + 1] == '\n')
			return error_set(err, EINVAL,
					 "%s: line %u ends as on Windows; convert it: dos2unix",
					 file, line);
		line += script[i] == '\n';
		i += n;
	}
	return 0;
}

/* -- words ------------------------------------------------------------------------------------ */

struct cursor {
	const char *p, *end; /* of the line */
};

/* The next word into b. Returns 1, 0 at the end of the line, -1 with err filled. */
static int next_word(struct cursor *c, struct buffer *b, struct error *err)
{
	bool escaped = false;
	char quote = 0;

	while (c->p < c->end && isspace((unsigned char)*c->p))
		c->p++;
	if (c->p == c->end || *c->p == '#')
		return 0;
	if (*c->p == ':')
		return error_set(err, EINVAL, "there is a ':' where an option is expected");
	buffer_add(b, "", 0);
	for (; c->p < c->end && (quote || escaped || !isspace((unsigned char)*c->p)); c->p++) {
		char ch = *c->p;

		if (!escaped && ch == '\\') {
			escaped = true;
			continue;
		}
		if (!escaped && quote && ch == quote) {
			quote = 0;
			continue;
		}
		if (!escaped && !quote && (ch == '"' || ch == '\'')) {
			quote = ch;
			continue;
		}
		if (!escaped && !quote && ch == '#') {
			c->p = c->end;
			break;
		}
		escaped = false;
		buffer_add(b, &ch, 1);
	}
	if (quote)
		return error_set(err, EINVAL, "a %c is not closed", quote);
	return b->overflowed ? error_set(err, EINVAL, "a word is too long") : 1;
}

static int add_words(struct words *w, const char *line, size_t len, unsigned number,
		     struct error *err)
{
	struct cursor c = { line, line + len };

	for (;;) {
		_cleanup_buffer_ struct buffer b = BUFFER_INIT(1 << 17);
		int rc = next_word(&c, &b, err);

		if (rc <= 0)
			return rc;
		if (w->n == WORDS_MAX)
			return error_set(err, EINVAL, "there are more than %d words in %s lines",
					 WORDS_MAX, MAGIC);
		if (!w->hetjob && (!strcmp(b.data, "hetjob") || !strcmp(b.data, "packjob"))) {
			w->hetjob = (unsigned)w->n + 1;
			continue;
		}
		w->line[w->n] = number;
		w->word[w->n++] = TAKE_PTR(b.data);
	}
}

static bool is_command(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isspace((unsigned char)line[i]))
			return line[i] != '#';
	return false;
}

static int collect(struct words *w, const char *file, const char *script, size_t len,
		   struct error *err)
{
	const char *end = script + len, *next;
	unsigned number = 1;

	for (const char *line = script; line < end; line = next, number++) {
		const char *stop = memchr(line, '\n', (size_t)(end - line)) ?: end;
		size_t n = (size_t)(stop - line);

		next = stop + 1;
		if (n >= strlen(MAGIC) && !memcmp(line, MAGIC, strlen(MAGIC))) {
			if (add_words(w, line + strlen(MAGIC), n - strlen(MAGIC), number, err) < 0)
				return error_wrap(err, "%s: line %u", file, number);
		} else if (is_command(line, n)) {
			break;
		}
	}
	return 0;
}

/* -- options ---------------------------------------------------------------------------------- */

static void at_line(struct reading *r, size_t at)
{
	r->s->line = r->words->line[at];
	/* Of a heterogeneous job the fields are the first component's. */
	r->s->hetjob = r->words->hetjob && at + 1 >= r->words->hetjob;
}

static int on_option(void *ctx, const struct option *o, const char *value, size_t at,
		     struct error *err)
{
	struct reading *r = ctx;

	at_line(r, at);
	return sbatch_set(r->s, o, value, err);
}

/* Another SPANK plugin's, perhaps: sbatch knows, when the agent submits the script. */
static int on_unknown(void *ctx, const char *word, size_t at, struct error *err)
{
	return 0;
}

static int on_word(void *ctx, const char *word, size_t at, struct error *err)
{
	at_line(ctx, at);
	return error_set(err, EINVAL, "'%.60s' is no option", word);
}

int sbatch_read(struct sbatch *s, const char *script, size_t len, struct error *err)
{
	static const struct option *const tables[] = { sbatch_options, NULL };
	struct words *w = calloc(1, sizeof(*w));
	struct reading r = { s, w };
	struct parser parser = { .tables = tables,
				 .ctx = &r,
				 .option = on_option,
				 .unknown = on_unknown,
				 .word = on_word };
	int rc;

	if (!w)
		return error_set(err, ENOMEM, "not enough memory");
	rc = check(s->file, script, len, err);
	if (rc == 0)
		rc = collect(w, s->file, script, len, err);
	if (rc == 0) {
		s->line = w->n ? w->line[0] : 1;
		rc = options_parse(&parser, w->word, w->n, err);
		if (rc < 0)
			error_wrap(err, "%s: line %u", s->file, s->line);
	}
	for (size_t i = 0; i < w->n; i++)
		free(w->word[i]);
	free(w);
	s->hetjob = false;
	return rc < 0 ? -1 : 0;
}
