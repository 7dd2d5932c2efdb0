/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forms of what the --container-* options take. */
#include "unit.h"

#include "common/container_check.h"
#include "common/container_name.h"
#include "spank/client/alias.h"
#include "spank/client/decide.h"
#include "spank/client/pin.h"

#define DIGEST "@sha256:" SIXTY_FOUR
#define SIXTY_FOUR "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_name(void **state)
{
	static const struct {
		const char *text, *name, *inherited;
		enum container_name_mode mode;
		bool global;
	} rows[] = {
		{"a", "a", "a", CONTAINER_NAME_AUTO, false},
		{"My.env_1-2", "My.env_1-2", "My.env_1-2", CONTAINER_NAME_AUTO, false},
		{SIXTY_FOUR ":global", SIXTY_FOUR, SIXTY_FOUR ":global", CONTAINER_NAME_AUTO, true},
		{"a:auto", "a", "a", CONTAINER_NAME_AUTO, false},
		{"a:create", "a", "a", CONTAINER_NAME_CREATE, false},
		{"a:global:exec", "a", "a:global", CONTAINER_NAME_EXEC, true},
		{"a:no_exec:global", "a", "a:global", CONTAINER_NAME_NO_EXEC, true},
		{"a:exec:exec", "a", "a", CONTAINER_NAME_EXEC, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char inherited[CONTAINER_NAME_TEXT_MAX];
		struct container_name name;
		struct error err;

		row("%s", rows[i].text);
		assert_int_equal(container_name_parse(rows[i].text, &name, &err), 0);
		assert_string_equal(name.name, rows[i].name);
		assert_int_equal(name.mode, rows[i].mode);
		assert_int_equal(name.global, rows[i].global);
		container_name_format_inherited(&name, inherited);
		assert_string_equal(inherited, rows[i].inherited);
	}
}

static void test_bad_name(void **state)
{
	static const struct {
		const char *text, *problem;
	} rows[] = {
		{"", "'' is no name"},
		{":exec", "'' is no name"},
		{".", "'.' is no name"},
		{"..", "'..' is no name"},
		{"-a", "'-a' is no name"},
		{"a/b", "'a/b' is no name"},
		{"a b", "'a b' is no name"},
		{"a\n", "is no name"},
		{SIXTY_FOUR "x", "is no name"},
		{"a:", "'' is no flag"},
		{"a:Exec", "'Exec' is no flag"},
		{"a:exe", "'exe' is no flag"},
		{"a:exec:create", "'create' contradicts"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct container_name name;
		struct error err = {0};

		row("%s", rows[i].text);
		assert_int_equal(container_name_parse(rows[i].text, &name, &err), -1);
		assert_non_null(strstr(err.text, rows[i].problem));
	}
}

static void test_env(void **state)
{
	const char *rest = ",A,B=x\\,y\\\\z,,_c1=,";
	struct container_env item;
	struct error err;

	assert_int_equal(container_env_next(&rest, &item, &err), 1);
	assert_string_equal(item.name, "A");
	assert_false(item.has_value);
	assert_int_equal(container_env_next(&rest, &item, &err), 1);
	assert_string_equal(item.name, "B");
	assert_true(item.has_value);
	assert_string_equal(item.value, "x,y\\z");
	assert_int_equal(container_env_next(&rest, &item, &err), 1);
	assert_string_equal(item.name, "_c1");
	assert_string_equal(item.value, "");
	assert_int_equal(container_env_next(&rest, &item, &err), 0);
}

static void test_check(void **state)
{
	static const struct {
		enum container_option option;
		const char *value, *problem; /* NULL if there is none */
	} rows[] = {
		{CONTAINER_MOUNTS, "/a:/b:ro,tmpfs:/c,~/d", NULL},
		{CONTAINER_MOUNTS, "/a:b", "no absolute path as its target"},
		{CONTAINER_MOUNTS, "", "it is empty"},
		{CONTAINER_WORKDIR, "/w", NULL},
		{CONTAINER_WORKDIR, "w", "not an absolute path"},
		{CONTAINER_ENV, "A,B=1,C=x y", NULL},
		{CONTAINER_ENV, "A,1B", "'1B' is no name of a variable"},
		{CONTAINER_ENV, "A B=1", "'A B' is no name"},
		{CONTAINER_ENV, "=1", "'' is no name"},
		{CONTAINER_WRITABLE, "yes", NULL},
		{CONTAINER_WRITABLE, "maybe", "is not one of"},
		{CONTAINER_NAME, "n:global", NULL},
		{CONTAINER_NAME, "n:x", "is no flag"},
		{CONTAINER_SAVE, "out.sqsh", NULL},
		{CONTAINER_SAVE, "/w/out:1", NULL},
		{CONTAINER_SAVE, "oci:/w/out:tag", NULL},
		{CONTAINER_SAVE, "docker://r/x", "is no file to save to"},
		{CONTAINER_SAVE, "http://x", "no such kind of image"},
		{CONTAINER_DEVICE, "nvidia.com/gpu=all,a.b/c_d-e=0:1.2", NULL},
		{CONTAINER_DEVICE, "nvidia.com/gpu", "'nvidia.com/gpu' is no CDI device"},
		{CONTAINER_DEVICE, "gpu=0", "is no CDI device"},
		{CONTAINER_DEVICE, "a/b/c=0", "is no CDI device"},
		{CONTAINER_DEVICE, "a/b=", "is no CDI device"},
		{CONTAINER_DEVICE, "-a/b=0", "is no CDI device"},
		{CONTAINER_SCOPE, "steps", NULL},
		{CONTAINER_SCOPE, "batch", "is not one of"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};
		int rc = container_option_check(rows[i].option, rows[i].value, &err);

		row("%s: %s", rows[i].value, err.text);
		assert_int_equal(rc, rows[i].problem ? -1 : 0);
		if (rows[i].problem)
			assert_non_null(strstr(err.text, rows[i].problem));
	}
}

static void test_alias(void **state)
{
	static const struct {
		const char *text, *image;
	} rows[] = {
		{"ubuntu", "docker://ubuntu"},
		{"ubuntu:22.04", "docker://ubuntu:22.04"},
		{"nvcr.io#nvidia/pytorch:24.01-py3", "docker://nvcr.io/nvidia/pytorch:24.01-py3"},
		{"docker://nvcr.io#nvidia/x", "docker://nvcr.io/nvidia/x"},
		{"docker://nvcr.io/nvidia/x:1", "docker://nvcr.io/nvidia/x:1"},
		{"$oauthtoken@nvcr.io#nvidia/x", "docker://nvcr.io/nvidia/x"},
		{"me@ubuntu:1", "docker://ubuntu:1"},
		{"ubuntu" DIGEST, "docker://ubuntu" DIGEST},
		{"localhost:5000#box:1", "docker://localhost:5000/box:1"},
		{"localhost:5000/box:1", "docker://localhost:5000/box:1"},
		{"./x.sqsh", "./x.sqsh"},
		{"/a#b", "/a#b"},
		{"oci:x:tag", "oci:x:tag"},
		{"dockerd://x", "dockerd://x"},
		{"", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *image = alias_image(rows[i].text);

		row("%s", rows[i].text);
		assert_string_equal(image, rows[i].image);
	}
}

/* The input variables of a row: "IMAGE" or the options' text. */
static const char *variables_image;
static struct container_options variables;

static const char *variable(const char *name)
{
	if (!strcmp(name, CLIENT_IMAGE_VARIABLE))
		return variables_image;
	for (int i = 0; i < CONTAINER_OPTION_COUNT; i++)
		if (!strcmp(name, container_option_rows[i].variable))
			return variables.value[i];
	return NULL;
}

struct decide_row {
	enum client_tool tool;
	const char *container, *alias, *asked; /* --container, --container-image, the others */
	const char *job_image, *job_options;
	const char *job_input, *job_input_image;
	const char *variables, *variables_image;
	bool by_variable;
	const char *image, *options; /* what comes out; or */
	const char *problem;	     /* the error */
};

static void check_decision(const struct decide_row *r)
{
	_cleanup_wish_ struct client_wish asked = {0};
	_cleanup_decision_ struct client_decision d = {0};
	_cleanup_free_ char *text = NULL;
	struct error err = {0};
	struct client_inputs in = {
		.tool = r->tool,
		.asked = &asked,
		.container = r->container,
		.container_by_variable = r->by_variable,
		.job_image = r->job_image,
		.job_options = r->job_options,
		.job_input = r->job_input,
		.job_input_image = r->job_input_image,
		.variable = variable,
	};
	int rc;

	asked.image = r->alias ? strdup(r->alias) : NULL;
	assert_int_equal(container_options_parse(r->asked, &asked.options, NULL), 0);
	assert_int_equal(container_options_parse(r->variables, &variables, NULL), 0);
	variables_image = r->variables_image;
	rc = client_decide(&in, &d, &err);
	row("%s, %s", err.text, d.wish.image ? d.wish.image : "none");
	assert_int_equal(rc, r->problem ? -1 : 0);
	if (r->problem)
		assert_non_null(strstr(err.text, r->problem));
	else if (r->image)
		assert_string_equal(d.wish.image, r->image);
	else
		assert_null(d.wish.image);
	text = container_options_format(&d.wish.options);
	assert_string_equal(text, r->options ? r->options : "");
	container_options_free(&variables);
}

/* A new job, or a step that starts from nothing. */
static void test_decide_new(void **state)
{
	static const struct decide_row rows[] = {
		{.tool = CLIENT_SBATCH},
		{.container = "/a", .image = "/a"},
		{.alias = "/a", .image = "/a"},
		{.container = "/a", .alias = "/a", .image = "/a"},
		{.container = "/a", .alias = "/b", .problem = "are two images"},
		{.container = "/a", .by_variable = true, .alias = "/b", .image = "/b"},
		{.container = "", .problem = "the name is empty"},
		{.alias = "", .problem = "the name is empty"},
		{.container = "http://x", .problem = "container http://x: there is no such kind"},
		{.variables_image = "/v", .image = "/v"},
		{.variables_image = ""},
		{.container = "/a", .variables_image = "/v", .image = "/a"},
		{.asked = "mounts=/m", .problem = "--container-mounts is there but no container"},
		{.asked = "scope=steps", .problem = "--container-scope is there but no container"},
		{.asked = "name=n", .options = "name=n"},
		{.variables = "mounts=/m"},
		{.variables = "name=n", .options = "name=n"},
		{.variables = "mounts=/m:x"},
		{.container = "/a",
		 .variables = "mounts=/m:x",
		 .problem = "the variable SLURM_KUBE_CONTAINER_MOUNTS: '/m:x' has no"},
		{.container = "/a",
		 .variables = "mounts=/v&workdir=/v&writable=no",
		 .asked = "mounts=/m&workdir=/w",
		 .image = "/a",
		 .options = "mounts=/v,/m&workdir=/w&writable=no"},
		/* What an enclosing job has is nothing to sbatch and salloc, or with another image.
		 */
		{.tool = CLIENT_SBATCH, .job_image = "/j", .job_options = "mounts=/j"},
		{.tool = CLIENT_SALLOC,
		 .alias = "/j",
		 .job_image = "/j",
		 .job_options = "mounts=/j",
		 .image = "/j"},
		{.container = "/b",
		 .job_image = "/j",
		 .job_options = "mounts=/j&name=n",
		 .job_input = "mounts=/v",
		 .variables = "mounts=/v",
		 .image = "/b",
		 .options = "mounts=/v"},
		{.container = "docker://a:2",
		 .job_image = "docker://a" DIGEST,
		 .image = "docker://a:2"},
		{.tool = CLIENT_SBATCH,
		 .container = "/a",
		 .asked = "save=x",
		 .image = "/a",
		 .options = "save=x"},
		{.tool = CLIENT_SALLOC,
		 .container = "/a",
		 .asked = "save=x",
		 .problem = "is for sbatch and srun"},
		{.tool = CLIENT_SBATCH,
		 .container = "/a",
		 .asked = "save=x&scope=steps",
		 .problem = "--container-save with --container-scope=steps"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_decision(&rows[i]);
}

/* A step in its job's container. */
static void test_decide_inherited(void **state)
{
	static const struct decide_row rows[] = {
		{.job_image = "/j", .image = "/j"},
		{.job_image = "", .problem = "the name is empty"},
		{.job_image = "/j", .container = "/j", .image = "/j"},
		{.job_image = "docker://a" DIGEST,
		 .container = "docker://a",
		 .job_options = "workdir=/w",
		 .image = "docker://a" DIGEST,
		 .options = "workdir=/w"},
		{.job_image = "/j",
		 .job_options = "mounts=/j&workdir=/j&save=x&scope=steps",
		 .asked = "mounts=/m&workdir=/w",
		 .image = "/j",
		 .options = "mounts=/j,/m&workdir=/w&scope=steps"},
		{.job_image = "/j",
		 .job_options = "save=x",
		 .asked = "save=y",
		 .image = "/j",
		 .options = "save=y"},
		{.job_image = "/j",
		 .job_options = "name=n:create:global",
		 .image = "/j",
		 .options = "name=n:global"},
		{.job_options = "name=n:exec&mounts=/j", .options = "mounts=/j&name=n"},
		{.job_image = "/j",
		 .job_options = "name=n",
		 .asked = "name=m:create",
		 .image = "/j",
		 .options = "name=m:create"},
		/* Out of the job's container: SLURM_CONTAINER was taken away. */
		{.job_options = "mounts=/j"},
		/* Variables that were there when the job was submitted are in its options. */
		{.job_image = "/j",
		 .job_options = "mounts=/v&workdir=/w",
		 .job_input = "mounts=/v&workdir=/v",
		 .job_input_image = "/v",
		 .variables = "mounts=/v&workdir=/v",
		 .variables_image = "/v",
		 .image = "/j",
		 .options = "mounts=/v&workdir=/w"},
		{.job_image = "/j",
		 .job_options = "mounts=/v&workdir=/w",
		 .job_input = "mounts=/v&workdir=/v",
		 .variables = "mounts=/v2&workdir=/v2",
		 .image = "/j",
		 .options = "mounts=/v,/v2&workdir=/v2"},
		{.job_image = "/j",
		 .job_input_image = "/v",
		 .variables_image = "/v2",
		 .image = "/v2"},
		{.job_image = "/j",
		 .job_options = "what=1",
		 .problem = "there is no option 'what'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_decision(&rows[i]);
}

/* What skopeo says, as it says it. */
static void test_refusal(void **state)
{
	static const struct {
		const char *words;
		bool refusal;
	} rows[] = {
		{"reading manifest x in r/box: manifest unknown: manifest unknown", true},
		{"reading manifest latest in docker.io/library/x: requested access to the resource "
		 "is denied",
		 true},
		{"unable to retrieve auth token: invalid username/password: unauthorized: x", true},
		{"no descriptor found for reference \"x\"", true},
		{"more than one image in oci, choose an image", true},
		{"pinging container registry r: Get \"https://r/v2/\": dial tcp 1.2.3.4:443: "
		 "connect: "
		 "connection refused",
		 false},
		{"pinging container registry r: Get \"https://r/v2/\": dial tcp: lookup r: no such "
		 "host",
		 false},
		{"no answer within 10 s", false},
		{"toomanyrequests: You have reached your pull rate limit", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		row("%s", rows[i].words);
		assert_int_equal(pin_is_refusal(rows[i].words), rows[i].refusal);
	}
}

static void say(const char *text)
{
	print_message("  %s\n", text);
	function_called();
}

/* What can't be pinned is left alone, and nobody is asked. */
static void test_pin_nothing(void **state)
{
	static const struct {
		const char *image;
		bool enabled;
	} rows[] = {
		{"/a", true},
		{"docker://a" DIGEST, true},
		{"docker://127.0.0.1:1/a", false},
		{"oci:a:tag", true},
		{"oci:/nonexistent:tag", true},
		{"http://a", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *image = strdup(rows[i].image);
		struct pin pin = {.enabled = rows[i].enabled, .warn = say};

		assert_int_equal(pin_image(&image, &pin, NULL), 0);
		assert_string_equal(image, rows[i].image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_env),	    cmocka_unit_test(test_check),
		cmocka_unit_test(test_decide_new),  cmocka_unit_test(test_decide_inherited),
		cmocka_unit_test(test_alias),	    cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_pin_nothing), cmocka_unit_test(test_name),
		cmocka_unit_test(test_bad_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
