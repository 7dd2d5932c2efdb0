/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/image_reference.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

#define DOCKER "docker://"
#define LAYOUT "oci:"

bool image_digest_is_valid(const char *text)
{
	if (strncmp(text, "sha256:", 7))
		return false;
	return strspn(text + 7, "0123456789abcdef") == 64 && text[7 + 64] == '\0';
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* "docker-archive:", "http://" and such: a word and ':' before the first '/'. */
static bool has_transport(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-");

	return n > 1 && text[n] == ':';
}

/* A tag as the registries have it. */
static bool tag_is_valid(const char *tag)
{
	size_t n = strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

	return n > 0 && n <= 128 && !tag[n] && tag[0] != '.' && tag[0] != '-';
}

/* Cut "@sha256:..." off the end of text. */
static int cut_digest(char *text, struct image_reference *r, struct error *err)
{
	char *at = strrchr(text, '@');

	if (!at || (r->kind != IMAGE_DOCKER && strncmp(at, "@sha256:", 8)))
		return 0;
	if (!image_digest_is_valid(at + 1))
		return error_set(err, EINVAL,
				 "'%.80s' is no digest: it takes sha256: and 64 hexadecimal digits",
				 at + 1);
	strcpy(r->digest, at + 1);
	*at = '\0';
	return 0;
}

/* Cut ":TAG" off: what follows the last ':' unless that is part of a path. */
static int cut_tag(char *text, struct image_reference *r, struct error *err)
{
	char *colon = strrchr(text, ':');

	if (!colon || strchr(colon, '/'))
		return 0;
	if (!tag_is_valid(colon + 1))
		return error_set(err, EINVAL, "'%.80s' is no tag", colon + 1);
	strcpy(r->tag, colon + 1);
	*colon = '\0';
	return 0;
}

/* REGISTRY/NAME: the parts of the name are lower case; the registry may have upper case and a port.
 */
static bool docker_name_is_valid(const char *name)
{
	const char *slash = strchr(name, '/');
	size_t first = slash ? (size_t)(slash - name) : 0;
	bool registry = slash && (memchr(name, '.', first) || memchr(name, ':', first) ||
				  (first == 9 && !memcmp(name, "localhost", 9)));
	const char *path = registry ? slash + 1 : name;

	if (registry &&
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]") <
		    first)
		return false;
	if (!*path || strlen(name) > 255 + 256)
		return false;
	for (const char *p = path; *p; p++) {
		bool edge = p == path || p[-1] == '/' || !p[1] || p[1] == '/';

		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) &&
		    (edge || !strchr("/._-", *p)))
			return false;
	}
	return true;
}

static int take_apart(char *text, struct image_reference *r, struct error *err)
{
	if (r->kind == IMAGE_PATH) {
		strcpy(r->name, text);
		return 0;
	}
	if (cut_digest(text, r, err) < 0 || cut_tag(text, r, err) < 0)
		return -1;
	strcpy(r->name, text);
	if (r->kind == IMAGE_DOCKER && !docker_name_is_valid(text))
		return error_set(err, EINVAL,
				 "'%.200s' is no image name: it takes "
				 "docker://[REGISTRY/]NAME[:TAG|@DIGEST], "
				 "the name in lower case",
				 text);
	if (!text[0])
		return error_set(err, EINVAL, "it names no path");
	return 0;
}

int image_reference_parse(const char *text, struct image_reference *ret, struct error *err)
{
	struct image_reference r = {.kind = IMAGE_PATH};
	char rest[sizeof(r.name)];

	if (!text[0])
		return error_set(err, EINVAL, "the name is empty");
	if (strnlen(text, sizeof(rest)) >= sizeof(rest))
		return error_set(err, ENAMETOOLONG, "the name is longer than %zu bytes",
				 sizeof(rest) - 1);
	if (has_control(text))
		return error_set(err, EINVAL, "there is a control character in the name");
	if (!strncmp(text, DOCKER, strlen(DOCKER)))
		r.kind = IMAGE_DOCKER;
	else if (!strncmp(text, LAYOUT, strlen(LAYOUT)))
		r.kind = IMAGE_OCI_LAYOUT;
	else if (has_transport(text))
		return error_set(
			err, ENOTSUP,
			"there is no such kind of image; there are docker://NAME, oci:PATH[:TAG] "
			"and paths (write ./ before a path with a ':')");
	strcpy(rest, text + (r.kind == IMAGE_DOCKER	  ? strlen(DOCKER)
			     : r.kind == IMAGE_OCI_LAYOUT ? strlen(LAYOUT)
							  : 0));
	if (take_apart(rest, &r, err) < 0)
		return -1;
	*ret = r;
	return 0;
}

int image_reference_format(const struct image_reference *r, char *dest, size_t size)
{
	static const char *const prefix[] = {
		[IMAGE_PATH] = "", [IMAGE_OCI_LAYOUT] = LAYOUT, [IMAGE_DOCKER] = DOCKER};
	int n = snprintf(dest, size, "%s%s%s%s%s%s", prefix[r->kind], r->name, r->tag[0] ? ":" : "",
			 r->tag, r->digest[0] ? "@" : "", r->digest);

	return n < 0 || (size_t)n >= size ? -1 : 0;
}

bool image_reference_is_pinned_form(const char *pinned, const char *wanted)
{
	size_t n = wanted ? strlen(wanted) : 0;

	return n && pinned && !strncmp(pinned, wanted, n) && pinned[n] == '@' &&
	       image_digest_is_valid(pinned + n + 1);
}
