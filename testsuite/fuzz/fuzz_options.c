/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What users write behind --container-* options, the text in which options travel, and kube.conf.
 * The first byte says which. */
#include "common/cleanup.h"
#include "common/container_check.h"
#include "common/container_mount.h"
#include "common/container_name.h"
#include "common/kube_conf.h"
#include "common/path_text.h"
#include "fuzz.h"
#include "spank/client/alias.h"
#include "spank/client/inherit.h"

static void try_text(const char *text)
{
	_cleanup_container_options_ struct container_options o = {0}, back = {0};
	_cleanup_free_ char *written = NULL, *again = NULL;

	if (container_options_parse(text, &o, NULL) < 0)
		return;
	container_options_check(&o, NULL);
	written = container_options_format(&o);
	if (!written)
		return; /* longer than the longest text */
	must(container_options_parse(written, &back, NULL) == 0);
	again = container_options_format(&back);
	must(again && !strcmp(written, again));
}

/* Each item moves on, or there would be no end. */
static void try_lists(const char *text)
{
	struct container_device device;
	struct container_mount mount;
	struct container_env env;
	const char *rest, *before;

	for (rest = before = text; container_mount_next(&rest, &mount, NULL) > 0; before = rest) {
		must(rest > before);
		must(mount.target[0] && (mount.tmpfs || mount.source[0]));
	}
	for (rest = before = text; container_env_next(&rest, &env, NULL) > 0; before = rest)
		must(rest > before && env.name[0]);
	for (rest = before = text; container_device_next(&rest, &device, NULL) > 0; before = rest)
		must(rest > before && device.kind[0] && device.name[0]);
}

static void try_name(const char *text)
{
	char inherited[CONTAINER_NAME_TEXT_MAX];
	struct container_name name, back;

	if (container_name_parse(text, &name, NULL) < 0)
		return;
	must(name.name[0] && !strchr(name.name, '/') && name.name[0] != '.');
	container_name_format_inherited(&name, inherited);
	must(container_name_parse(inherited, &back, NULL) == 0);
	must(!strcmp(name.name, back.name) && name.global == back.global);
}

static void try_paths(const char *text)
{
	_cleanup_free_ char *image = alias_image(text);
	char path[256], again[256];

	must(image);
	if (path_text_join("/w/x", text, path, sizeof(path)) < 0)
		return;
	must(path[0] == '/' && !path_text_has_parent(path));
	must(path_text_join(NULL, path, again, sizeof(again)) == 0 && !strcmp(path, again));
	must(path_text_is_in(path, path) && path_text_is_in(path, "/"));
}

static void ignore(const char *text)
{
}

/* What is before the first NUL or line "--" is kube.conf, what is behind it an image. */
static void try_policy(const char *text)
{
	const char *image = strstr(text, "\n--\n");
	struct kube_conf conf = kube_conf_parse("kube.conf", text, ignore);
	struct container_options o = {0};

	image = image ? image + 4 : "docker://x";
	container_policy_check(&conf.policy, image, &o, "/w", NULL);
	container_policy_check_source(&conf.policy, "/root/x", NULL);
	container_policy_default_image(&conf.policy, "debug");
	/* Broken, it allows nothing; else what it forces can be applied. */
	if (conf.policy.broken.code)
		must(container_policy_check(&conf.policy, image, &o, "/w", NULL) < 0);
	else
		must(container_policy_apply(&conf.policy, &o, NULL) == 0);
	container_options_free(&o);
	kube_conf_free(&conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL;

	if (size == 0)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	switch (data[0]) {
	case 't':
		try_text(text);
		break;
	case 'l':
		try_lists(text);
		break;
	case 'n':
		try_name(text);
		break;
	case 'p':
		try_paths(text);
		break;
	case 'c':
		try_policy(text);
		break;
	case 'i':
		inherit_other_container(text, size - 1, "x");
		break;
	}
	return 0;
}
