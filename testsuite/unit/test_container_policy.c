/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/container_policy.h"
#include "common/kube_conf.h"
#include "common/path_text.h"
#include "jobsubmit/container.h"

#define DIGEST "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void ignore(const char *text)
{
}

static struct kube_conf read_conf(const char *text)
{
	return kube_conf_parse("kube.conf", text, ignore);
}

static void test_images(void **state)
{
	static const struct {
		const char *conf, *image, *cwd;
		const char *problem; /* NULL: allowed */
	} rows[] = {
		{"", "docker://any", NULL, NULL},
		{"", "relative", NULL, NULL},
		{"ImagesAllowed=docker://r.example/*", "docker://r.example/a/b:1", NULL, NULL},
		{"ImagesAllowed=docker://r.example/*", "docker://r.example/a" DIGEST, NULL, NULL},
		{"ImagesAllowed=docker://r.example/*", "docker://r.example.evil/a", NULL,
		 "no pattern of ImagesAllowed (docker://r.example/*) matches"},
		{"ImagesAllowed=docker://r.example/*", "/sw/a", NULL, "no pattern"},
		{"ImagesAllowed=docker://docker.io/library/*", "docker://alpine", NULL, NULL},
		{"ImagesAllowed=docker://docker.io/library/*", "docker://me/alpine", NULL,
		 "no pattern"},
		{"ImagesDenied=docker://docker.io/*", "docker://alpine", NULL,
		 "ImagesDenied=docker://docker.io/*"},
		{"ImagesDenied=docker://docker.io/*", "docker://me/alpine:2", NULL,
		 "ImagesDenied="},
		{"ImagesDenied=docker://docker.io/*", "docker://index.docker.io/me/a", NULL,
		 "ImagesDenied="},
		{"ImagesDenied=docker://docker.io/library/a:*", "docker://docker.io/a", NULL,
		 "ImagesDenied="},
		{"ImagesDenied=docker://docker.io/*", "docker://r.example/docker.io/a", NULL, NULL},
		{"ImagesDenied=*:latest", "docker://r.example/a", NULL, "ImagesDenied=*:latest"},
		{"ImagesDenied=*:latest", "docker://r.example/a:1", NULL, NULL},
		{"ImagesAllowed=/sw/*", "/sw/images/a", NULL, NULL},
		{"ImagesAllowed=/sw/*", "//sw/./a", NULL, NULL},
		{"ImagesAllowed=/sw/*", "/sw/../home/a", NULL, "a path with '..'"},
		{"ImagesAllowed=/sw/*", "a", "/sw", NULL},
		{"ImagesAllowed=/sw/*", "a", "/home", "no pattern"},
		{"ImagesAllowed=/sw/*", "a", NULL, "a relative path"},
		{"ImagesAllowed=oci:/sw/*", "oci:/sw/a:tag", NULL, NULL},
		{"ImagesAllowed=/sw/*", "oci:/sw/a:tag", NULL, "no pattern"},
		{"ImagesAllowed=/sw/*, /opt/*", "/opt/a", NULL, NULL},
		{"ImagesAllowed=/sw/*, /opt/*", "/home/a", NULL, "(/sw/*, ...)"},
		{"ImagesAllowed=/sw/*\nImagesAllowed=/opt/*", "/opt/a", NULL, NULL},
		{"ImagesAllowed=/sw/*\nImagesDenied=/sw/old*", "/sw/old/a", NULL, "=/sw/old*"},
		{"Doorbell=what", "/a", NULL, NULL},
		{"ImagesAlowed=/sw/*", "/a", NULL, "the site's kube.conf, line 1: there is no"},
		{"\nImagesAllowed=", "/a", NULL, "kube.conf, line 2: ImagesAllowed: it is empty"},
		{"ImagesAllowed", "/a", NULL, "kube.conf, line 1: 'ImagesAllowed' is not"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kube_conf conf = read_conf(rows[i].conf);
		struct error err = {0};
		int rc = container_policy_check_image(&conf.policy, rows[i].image, rows[i].cwd,
						      &err);

		row("%s: %s: %s", rows[i].conf, rows[i].image, err.text);
		assert_int_equal(rc, rows[i].problem ? -1 : 0);
		if (rows[i].problem)
			assert_non_null(strstr(err.text, rows[i].problem));
		kube_conf_free(&conf);
	}
}

static void test_sources(void **state)
{
	static const struct {
		const char *conf, *path;
		const char *problem;
	} rows[] = {
		{"", "/", NULL},
		{"MountsDenied=/root,/srv/x/", "/root", "MountsDenied=/root"},
		{"MountsDenied=/root,/srv/x/", "/root/a", "MountsDenied=/root"},
		{"MountsDenied=/root,/srv/x/", "/rootless", NULL},
		{"MountsDenied=/root,/srv/x/", "/srv/x/y", "MountsDenied=/srv/x"},
		{"MountsDenied=/root,/srv/x/", "/srv", "it holds /srv/x"},
		{"MountsDenied=/root,/srv/x/", "/", "it holds /root"},
		{"MountsDenied=/root,/srv/x/", "/srv/y", NULL},
		{"MountsDenied=/", "/tmp", "MountsDenied=/"},
		{"MountsDenied=root", "/tmp", "line 1: MountsDenied: 'root' is not an absolute"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kube_conf conf = read_conf(rows[i].conf);
		struct error err = {0};
		int rc = container_policy_check_source(&conf.policy, rows[i].path, &err);

		row("%s: %s: %s", rows[i].conf, rows[i].path, err.text);
		assert_int_equal(rc, rows[i].problem ? -1 : 0);
		if (rows[i].problem)
			assert_non_null(strstr(err.text, rows[i].problem));
		kube_conf_free(&conf);
	}
}

/* What job_submit makes of a job. */
static void test_judge(void **state)
{
	static const struct {
		const char *conf, *image, *options;
		const char *problem;
	} rows[] = {
		{"", "/a", "mounts=/x", NULL},
		{"What=1", NULL, NULL, NULL},
		{"What=1", NULL, "workdir=/w", NULL},
		{"What=1", NULL, "name=n", "kube.conf, line 1"},
		{"What=1", "/a", NULL, "container /a: no container can run: the site's"},
		{"OptionsForbidden=mounts, save", "/a", "workdir=/w", NULL},
		{"OptionsForbidden=mounts, save", "/a", "save=x",
		 "container /a: --container-save: the site doesn't allow it: "
		 "OptionsForbidden=save"},
		{"OptionsForbidden=remap-root", "/a", "remap-root=no", NULL},
		{"OptionsForbidden=remap-root", "/a", "remap-root=yes", "OptionsForbidden=remap"},
		{"OptionsForced=writable=no,mounts=/sw", "/a", "writable=no&mounts=/x", NULL},
		{"OptionsForced=writable=no", "/a", "writable=yes", "OptionsForced=writable=no"},
		{"MountsDenied=/root", "/a", "mounts=/tmp,/var/../root/x:/y",
		 "--container-mounts: /var/../root/x: the site doesn't allow it"},
		{"MountsDenied=/w", "/a", "mounts=here", "MountsDenied=/w"},
		{"MountsDenied=/root", "/a", "mounts=~/x,tmpfs:/root", NULL},
		{"MountsDenied=/root", "/a", "wrong=1", "there is no option 'wrong'"},
		{"OptionsForbidden=what", "/a", NULL, "OptionsForbidden: there is no option"},
		{"OptionsForced=mounts", "/a", NULL, "'mounts' is not of the form"},
		{"OptionsForced=writable=perhaps", "/a", NULL, "'perhaps' is not one of"},
		{"MountHome=perhaps", "/a", NULL, "MountHome: 'perhaps' is not one of"},
		{"DefaultImage=a=b", "/a", NULL, "'b' is not an absolute path"},
		{"DefaultImage==/b", "/a", NULL, "not of the form PARTITION=IMAGE"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kube_conf conf = read_conf(rows[i].conf);
		struct error err = {0};
		int rc = container_judge(&conf.policy, rows[i].image, rows[i].options, "/w", &err);

		row("%s: %s", rows[i].conf, err.text);
		assert_int_equal(rc, rows[i].problem ? -1 : 0);
		if (rows[i].problem)
			assert_non_null(strstr(err.text, rows[i].problem));
		kube_conf_free(&conf);
	}
}

static void test_apply(void **state)
{
	static const struct {
		const char *conf, *options, *after;
	} rows[] = {
		{"", "workdir=/w", "workdir=/w"},
		{"MountHome=yes\nEntrypoint=on", "", "mount-home=yes&entrypoint=yes"},
		{"MountHome=yes", "mount-home=no", "mount-home=no"},
		{"OptionsForced=mount-home=no\nMountHome=yes", "", "mount-home=no"},
		{"OptionsForced=mounts=/a,mounts=/b:/c:ro", "mounts=/x", "mounts=/x,/a,/b:/c:ro"},
		{"OptionsForced=scope=steps", "", "scope=steps"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_container_options_ struct container_options o = {0};
		_cleanup_free_ char *text = NULL;
		struct kube_conf conf = read_conf(rows[i].conf);

		row("%s", rows[i].conf);
		assert_int_equal(container_options_parse(rows[i].options, &o, NULL), 0);
		assert_int_equal(container_policy_apply(&conf.policy, &o, NULL), 0);
		text = container_options_format(&o);
		assert_string_equal(text, rows[i].after);
		kube_conf_free(&conf);
	}
}

static void test_default_image(void **state)
{
	struct kube_conf conf = read_conf("DefaultImage=a=docker://x; ab = /y\nDefaultImage=c=/z");

	assert_int_not_equal(conf.policy.broken.code, 0);
	kube_conf_free(&conf);
	conf = read_conf("DefaultImage=a=docker://x; ab=/y=1\nDefaultImage=c=/z");
	assert_string_equal(container_policy_default_image(&conf.policy, "a"), "docker://x");
	assert_string_equal(container_policy_default_image(&conf.policy, "ab"), "/y=1");
	assert_string_equal(container_policy_default_image(&conf.policy, "c"), "/z");
	assert_null(container_policy_default_image(&conf.policy, "abc"));
	assert_null(container_policy_default_image(&conf.policy, ""));
	assert_null(container_policy_default_image(&conf.policy, NULL));
	kube_conf_free(&conf);
}

static void test_resolve(void **state)
{
	static const struct {
		struct container_words words;
		const char *image;
	} rows[] = {
		{{NULL, NULL, NULL}, NULL},
		{{"", "", ""}, NULL},
		{{"/a", NULL, NULL}, "/a"},
		{{"/a", "/stale", NULL}, "/a"},
		{{"docker://a", "docker://a" DIGEST, NULL}, "docker://a" DIGEST},
		{{"docker://a", "docker://b" DIGEST, "docker://a" DIGEST}, "docker://a" DIGEST},
		{{"docker://a", NULL, "docker://ab" DIGEST}, "docker://a"},
		{{NULL, "/e", "/c"}, "/e"},
		{{NULL, NULL, "/c"}, "/c"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *image = container_resolve(&rows[i].words);

		row("%zu", i);
		if (rows[i].image)
			assert_string_equal(image, rows[i].image);
		else
			assert_null(image);
	}
}

static void test_path(void **state)
{
	static const struct {
		const char *cwd, *path, *joined; /* NULL: it can't be */
	} rows[] = {
		{NULL, "/", "/"},
		{NULL, "//a//b/", "/a/b"},
		{NULL, "/a/./b/..", "/a"},
		{NULL, "/../../a", "/a"},
		{NULL, "a", NULL},
		{"a", "b", NULL},
		{"/a", "b/../c", "/a/c"},
		{"/a", "../..", "/"},
		{"/a", "", "/a"},
		{"/a", "/b..", "/b.."},
		{"/", "a", "/a"},
		{NULL, "/0123456789abcde", NULL},
		{NULL, "/0123456789abcd", "/0123456789abcd"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char path[16];
		int rc = path_text_join(rows[i].cwd, rows[i].path, path, sizeof(path));

		row("%s", rows[i].path);
		assert_int_equal(rc, rows[i].joined ? 0 : -1);
		if (rows[i].joined)
			assert_string_equal(path, rows[i].joined);
	}
	assert_true(path_text_has_parent("/a/.."));
	assert_true(path_text_has_parent(".."));
	assert_false(path_text_has_parent("/a/...b/..c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_images),	cmocka_unit_test(test_sources),
		cmocka_unit_test(test_judge),	cmocka_unit_test(test_apply),
		cmocka_unit_test(test_resolve), cmocka_unit_test(test_default_image),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
