/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What spec.results may say, where a claim's files are, and where files may be sent. */
#include "unit.h"

#include <errno.h>

#include "common/json.h"
#include "sync-agent/mirror/details.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/results/entries.h"
#include "sync-agent/results/note.h"
#include "sync-agent/results/options.h"
#include "sync-agent/results/url.h"
#include "sync-agent/results/volume.h"

static struct json_object *parse(const char *text)
{
	struct error err = { 0 };
	struct json_object *o = json_parse(text, strlen(text), &err);

	if (!o)
		row("%s: %s", text, err.text);
	assert_non_null(o);
	return o;
}

#define MAP "\"to\":{\"configMap\":{\"name\":\"m\"}}"
#define CLAIM(more) "\"to\":{\"persistentVolumeClaim\":{\"claimName\":\"c\"" more "}}"
#define PUT(url) "\"to\":{\"httpPut\":{\"url\":\"" url "\"}}"

static void test_check(void **state)
{
	static char *hosts[] = { "files.example.org", "127.0.0.1:8443/in/" };
	static const struct words allow = { hosts, ARRAY_SIZE(hosts) };
	static const struct {
		const char *list, *error; /* NULL: none */
	} rows[] = {
		{ "[]", NULL },
		{ "[{\"from\":\"a\"," MAP "}]", NULL },
		{ "[{\"from\":\"a\"," MAP
		  ",\"optional\":true,\"when\":\"OnSuccess\",\"name\":\"x-1\"}]",
		  NULL },
		{ "[{\"from\":\"a\"," CLAIM("") "}]", NULL },
		{ "[{\"from\":\"a\"," CLAIM(",\"path\":\"runs/12\"") "}]", NULL },
		{ "[{\"from\":\"a\"," PUT("https://files.example.org/x/") "}]", NULL },
		{ "[{\"from\":\"a\"," PUT("https://127.0.0.1:8443/in/x") "}]", NULL },
		{ "[{\"from\":\"a\"," MAP "},{\"name\":\"b\",\"from\":\"b\"," MAP "}]", NULL },
		{ "{}", "spec.results: it takes a list" },
		{ "[1]", "spec.results[0]: it takes an object" },
		{ "[{}]", "spec.results[0].from: it is missing" },
		{ "[{\"from\":\"\"," MAP "}]", "spec.results[0].from: it takes a path" },
		{ "[{\"from\":5," MAP "}]", "spec.results[0].from: it takes a text" },
		{ "[{\"from\":\"a\\u0000b\"," MAP "}]",
		  "spec.results[0].from: it holds a NUL byte" },
		{ "[{\"from\":\"a\"}]", "spec.results[0].to: it is missing" },
		{ "[{\"from\":\"a\",\"to\":{}}]", "spec.results[0].to: give exactly one" },
		{ "[{\"from\":\"a\",\"to\":{\"configMap\":{\"name\":\"m\"},\"httpPut\":{\"url\":"
		  "\"https://files.example.org/\"}}}]",
		  "spec.results[0].to: give exactly one" },
		{ "[{\"from\":\"a\",\"to\":{\"s3\":{}}}]",
		  "spec.results[0].to.s3: there is no such field" },
		{ "[{\"from\":\"a\",\"form\":\"b\"," MAP "}]",
		  "spec.results[0].form: there is no such field" },
		{ "[{\"from\":\"a\",\"to.configMap\":{}," MAP "}]",
		  "spec.results[0].to.configMap: there is no" },
		{ "[{\"from\":\"a\",\"to\":{\"configMap\":{}}}]",
		  "spec.results[0].to.configMap.name: it is missing" },
		{ "[{\"from\":\"a\",\"to\":{\"configMap\":{\"name\":\"../x\"}}}]",
		  "spec.results[0].to.configMap.name: it takes" },
		{ "[{\"from\":\"a\",\"to\":{\"configMap\":{\"name\":\"m\",\"key\":\"a/b\"}}}]",
		  "spec.results[0].to.configMap.key: a key has" },
		{ "[{\"from\":\"a\"," CLAIM(",\"path\":\"/etc\"") "}]",
		  "spec.results[0].to.persistentVolumeClaim.path: " },
		{ "[{\"from\":\"a\"," CLAIM(",\"path\":\"a/../..\"") "}]",
		  "spec.results[0].to.persistentVolumeClaim.path: " },
		{ "[{\"from\":\"a\"," CLAIM(",\"path\":\"a\\nb\"") "}]",
		  "spec.results[0].to.persistentVolumeClaim.path: " },
		{ "[{\"from\":\"a\"," MAP ",\"when\":\"Never\"}]",
		  "spec.results[0].when: it takes Always or OnSuccess" },
		{ "[{\"from\":\"a\"," MAP ",\"optional\":\"yes\"}]",
		  "spec.results[0].optional: it takes true or false" },
		{ "[{\"from\":\"a\"," MAP ",\"name\":\"A\"}]",
		  "spec.results[0].name: it takes lower case" },
		{ "[{\"from\":\"a\"," PUT("https://other.example.org/") "}]",
		  "spec.results[0].to.httpPut.url: the agent sends nothing there" },
		{ "[{\"from\":\"a\"," PUT("http://files.example.org/") "}]",
		  "spec.results[0].to.httpPut.url: it takes an address that" },
		{ "[{\"from\":\"a\",\"to\":{\"httpPut\":{\"url\":\"https://files.example.org/"
		  "\",\"secretRef\":{\"name\":\"s\"}}}}]",
		  "spec.results[0].to.httpPut.secretRef.key: it is missing" },
		{ "[{\"from\":\"a\"," MAP "},{\"from\":\"b\"," MAP "}]",
		  "spec.results[1].to: an entry before it" },
		{ "[{\"from\":\"a\"," CLAIM("") "},{\"from\":\"b\"," CLAIM("") "}]",
		  "spec.results[1].to: an entry before it" },
		{ "[{\"name\":\"x\",\"from\":\"a\"," MAP
		  "},{\"name\":\"x\",\"from\":\"b\"," CLAIM("") "}]",
		  "spec.results[1].name: another entry" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *list = parse(rows[i].list);
		struct error err = { 0 };
		int rc = results_check(list, &allow, &err);

		if (rows[i].error ? strncmp(err.text, rows[i].error, strlen(rows[i].error)) : rc)
			row("%s: '%s'", rows[i].list, err.text);
		assert_int_equal(rc, rows[i].error ? -1 : 0);
		if (rows[i].error)
			assert_memory_equal(err.text, rows[i].error, strlen(rows[i].error));
	}
}

static void test_too_many(void **state)
{
	_cleanup_json_ struct json_object *list = json_object_new_array();
	struct error err;

	for (int i = 0; i <= RESULTS_MAX; i++)
		json_object_array_add(list, json_object_new_object());
	assert_int_equal(results_check(list, NULL, &err), -1);
	assert_non_null(strstr(err.text, "more than 16"));
	assert_int_equal(results_check(NULL, NULL, &err), 0);
}

static void test_pattern(void **state)
{
	static const struct output_names job = { .job_id = 42, .job_name = "fit", .user = "alice" };
	static const struct output_names array = {
		.job_id = 42, .array_id = 42, .job_name = "fit", .user = "alice"
	};
	static const struct {
		const char *from, *of_job, *of_array;
	} rows[] = {
		{ "out", "out", "out" },
		{ "out/*.csv", "out/*.csv", "out/*.csv" },
		{ "out-%j", "out-42", "out-*" },
		{ "%x-%u-%A.txt", "fit-alice-42.txt", "fit-alice-42.txt" },
		{ "r-%A_%a", "r-42_4294967294", "r-42_*" },
		{ "r-%5a-%3A", "r-4294967294-042", "r-*-042" },
		{ "100%%a", "100%a", "100%a" },
		{ "a\\*%j", "a\\*%j", "a\\*%j" },
		{ "%", "%", "%" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *x = result_pattern(rows[i].from, &job),
				    *y = result_pattern(rows[i].from, &array);

		assert_string_equal(x, rows[i].of_job);
		assert_string_equal(y, rows[i].of_array);
	}
}

static void test_map_and_manifest(void **state)
{
	_cleanup_json_ struct json_object *list =
		parse("[{\"from\":\"a\"," MAP
		      "},{\"from\":\"a\"," CLAIM("") "},{\"name\":\"n\",\"from\":\"a\"," MAP "}]");
	char name[80];
	bool first;

	assert_string_equal(result_config_map(list, 0, &first), "m");
	assert_true(first);
	assert_null(result_config_map(list, 1, &first));
	assert_string_equal(result_config_map(list, 2, &first), "m");
	assert_false(first);
	result_manifest(json_object_array_get_idx(list, 0), name, sizeof(name));
	assert_string_equal(name, "SHA256SUMS");
	result_manifest(json_object_array_get_idx(list, 2), name, sizeof(name));
	assert_string_equal(name, "SHA256SUMS-n");
	assert_int_equal(result_target(json_object_array_get_idx(list, 0)), RESULT_CONFIG_MAP);
	assert_int_equal(result_target(json_object_array_get_idx(list, 1)), RESULT_VOLUME);
}

/* -- volumes ---------------------------------------------------------------------------------- */

#define CLAIM_OBJECT(phase)                                                                        \
	"{\"metadata\":{\"name\":\"c\",\"namespace\":\"n\",\"uid\":\"u\"},\"spec\":{"              \
	"\"volumeName\":\"v\"},"                                                                   \
	"\"status\":{\"phase\":\"" phase "\"}}"
#define VOLUME_OBJECT(uid, kind)                                                                   \
	"{\"metadata\":{\"name\":\"v\"},\"spec\":{\"capacity\":{\"storage\":\"1Gi\"},"             \
	"\"claimRef\":{"                                                                           \
	"\"namespace\":\"n\",\"name\":\"c\",\"uid\":\"" uid "\"}," kind "}}"

static void test_volumes(void **state)
{
	static char *list[] = { "hostPath:/export", "hostPath:/data=/mnt/data", "local:/srv/v",
				"nfs:files:/export=/mnt/export" };
	static const struct words volumes = { list, ARRAY_SIZE(list) };
	static const struct {
		const char *volume, *folder, *error;
	} rows[] = {
		{ VOLUME_OBJECT("u", "\"hostPath\":{\"path\":\"/export/a\"}"), "/export/a", NULL },
		{ VOLUME_OBJECT("u", "\"hostPath\":{\"path\":\"/export\"}"), "/export", NULL },
		{ VOLUME_OBJECT("u", "\"hostPath\":{\"path\":\"/export//a/./b/\"}"), "/export/a/b",
		  NULL },
		{ VOLUME_OBJECT("u", "\"hostPath\":{\"path\":\"/data/x\"}"), "/mnt/data/x", NULL },
		{ VOLUME_OBJECT("u", "\"local\":{\"path\":\"/srv/v/1\"}"), "/srv/v/1", NULL },
		{ VOLUME_OBJECT("u", "\"nfs\":{\"server\":\"files\",\"path\":\"/export/p\"}"),
		  "/mnt/export/p", NULL },
		{ VOLUME_OBJECT("u", "\"hostPath\":{\"path\":\"/exports\"}"), NULL,
		  "results.volumes" },
		{ VOLUME_OBJECT("u", "\"hostPath\":{\"path\":\"/export/../etc\"}"), NULL,
		  "no plain path" },
		{ VOLUME_OBJECT("u", "\"hostPath\":{\"path\":\"/srv/v\"}"), NULL,
		  "results.volumes" },
		{ VOLUME_OBJECT("u", "\"nfs\":{\"server\":\"other\",\"path\":\"/export/p\"}"), NULL,
		  "results.volumes" },
		{ VOLUME_OBJECT(
			  "u",
			  "\"nfs\":{\"server\":\"files\",\"path\":\"/export\",\"readOnly\":true}"),
		  NULL, "read-only" },
		{ VOLUME_OBJECT("u", "\"csi\":{\"driver\":\"x\"}"), NULL, "of the kind csi" },
		{ VOLUME_OBJECT("other", "\"hostPath\":{\"path\":\"/export\"}"), NULL,
		  "not bound to that claim" },
		{ "{\"metadata\":{\"name\":\"v\"},\"spec\":{\"hostPath\":{\"path\":\"/export\"}}}",
		  NULL, "not bound to that claim" },
	};
	_cleanup_json_ struct json_object *claim = parse(CLAIM_OBJECT("Bound"));
	struct error err;

	assert_string_equal(result_volume_of(claim, &err), "v");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *volume = parse(rows[i].volume);
		char folder[4096];
		int rc =
			result_volume_folder(claim, volume, &volumes, folder, sizeof(folder), &err);

		assert_int_equal(rc, rows[i].folder ? 0 : -1);
		if (rows[i].folder)
			assert_string_equal(folder, rows[i].folder);
		else if (!strstr(err.text, rows[i].error))
			fail_msg("%s: %s", rows[i].volume, err.text);
	}
}

static void test_claims(void **state)
{
	_cleanup_json_ struct json_object
		*pending = parse(CLAIM_OBJECT("Pending")),
		*lost = parse(CLAIM_OBJECT("Lost")),
		*block = parse("{\"metadata\":{\"name\":\"c\"},\"spec\":{\"volumeName\":\"v\","
			       "\"volumeMode\":\"Block\"},\"status\":{\"phase\":\"Bound\"}}");
	struct error err;

	assert_null(result_volume_of(pending, &err));
	assert_int_equal(err.code, EAGAIN);
	assert_null(result_volume_of(lost, &err));
	assert_int_not_equal(err.code, EAGAIN);
	assert_null(result_volume_of(block, &err));
	assert_int_not_equal(err.code, EAGAIN);
}

static void test_words(void **state)
{
	static const char *const volumes[] = { "hostPath:/a", "hostPath:/a=/b", "local:/",
					       "nfs:s:/a=/b" };
	static const char *const no_volumes[] = {
		"",	     "/a",	 "hostPath:a", "hostPath:",	 "csi:/a",
		"nfs:/a=/b", "nfs:s:/a", "nfs:s:a=/b", "nfs:s/..:/a=/b", "hostPath:/a/../b"
	};
	static const char *const hosts[] = { "a",	   "a.example:8443", "*.example.org",
					     "[::1]:8443", "a/b/",	     "127.0.0.1" };
	static const char *const no_hosts[] = { "",    "https://a", "a b",    "*",	"a:port",
						"u@a", "a?x",	    "a/../b", "*.*.org" };
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(volumes); i++)
		assert_int_equal(results_check_volume(volumes[i], &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(no_volumes); i++)
		if (results_check_volume(no_volumes[i], &err) == 0)
			fail_msg("'%s' is taken", no_volumes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		if (results_check_host(hosts[i], &err) < 0)
			fail_msg("'%s': %s", hosts[i], err.text);
	for (size_t i = 0; i < ARRAY_SIZE(no_hosts); i++)
		if (results_check_host(no_hosts[i], &err) == 0)
			fail_msg("'%s' is taken", no_hosts[i]);
}

/* -- addresses -------------------------------------------------------------------------------- */

static void test_urls(void **state)
{
	static const struct {
		const char *url, *allow;
		bool fine, allowed;
	} rows[] = {
		{ "https://a.org/x", "a.org", true, true },
		{ "https://A.org/x", "a.org", true, true },
		{ "https://a.org:443/x", "a.org", true, true },
		{ "https://a.org:8443/x", "a.org", true, false },
		{ "https://a.org:8443/x", "a.org:8443", true, true },
		{ "https://b.a.org/x", "a.org", true, false },
		{ "https://b.a.org/x", "*.a.org", true, true },
		{ "https://c.b.a.org/x", "*.a.org", true, true },
		{ "https://a.org/x", "*.a.org", true, false },
		{ "https://ba.org/x", "*.a.org", true, false },
		{ "https://a.org.evil.net/x", "a.org", true, false },
		{ "https://a.org/in/x", "a.org/in", true, true },
		{ "https://a.org/in/x", "a.org/in/", true, true },
		{ "https://a.org/inner/x", "a.org/in", true, false },
		{ "https://a.org/x", "a.org/in/", true, false },
		{ "https://[::1]:8443/x", "[::1]:8443", true, true },
		{ "https://a.org/x?y=1", "a.org", true, true },
		{ "https://a.org/in/../x", "a.org/in", false, false },
		{ "https://a.org/in/%2e%2E/x", "a.org/in", false, true },
		{ "https://a.org/in%2fx", "a.org", false, true },
		{ "https://a.org/in//x", "a.org", false, true },
		{ "https://u:p@a.org/x", "a.org", false, true },
		{ "https://a.org/x#y", "a.org", false, true },
		{ "https://a.org/?y=/", "a.org", false, true },
		{ "http://a.org/x", "a.org", false, false },
		{ "ftp://a.org/x", "a.org", false, false },
		{ "https://", "a.org", false, false },
		{ "https://a.org/x y", "a.org", false, true },
		{ "https://a.org/x\n", "a.org", false, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *list[] = { (char *)rows[i].allow };
		struct words allow = { list, 1 };
		struct error err = { 0 };
		bool fine = results_url_check(rows[i].url, &err) == 0;

		if (fine != rows[i].fine)
			fail_msg("%s: %s", rows[i].url, err.text);
		if (fine && results_url_is_allowed(rows[i].url, &allow) != rows[i].allowed)
			fail_msg("%s: %s", rows[i].url, rows[i].allow);
	}
	assert_false(results_url_is_allowed("https://a.org/", NULL));
}

static void test_below(void **state)
{
	_cleanup_free_ char *x = results_url_below("https://a.org/d/", "out/a b?.txt");

	assert_string_equal(x, "https://a.org/d/out/a%20b%3F.txt");
}

/* -- notes ------------------------------------------------------------------------------------ */

#define STATUS(hash, reason)                                                                       \
	"{\"resultsHash\":\"" hash "\",\"results\":[{\"state\":\"Collected\"}],\"conditions\":["   \
	"{\"type\":\"Complete\",\"status\":\"True\"},{\"type\":\"ResultsCollected\",\"reason\":"   \
	"\"" reason "\"}]}"

static void test_note(void **state)
{
	_cleanup_json_ struct json_object *list = parse("[{\"from\":\"a\"}]"),
					  *other = parse("[{\"from\":\"b\"}]");
	_cleanup_json_ struct json_object *over = parse(STATUS("00000000000000ff", "Failed"));
	_cleanup_json_ struct json_object *under_way =
		parse(STATUS("00000000000000ff", "Collecting"));
	struct results_note *note = NULL;
	char text[RESULTS_KEY_SIZE];
	uint64_t asked;

	results_note_take(&note, NULL);
	assert_null(note);
	results_note_take_status(NULL, over);
	results_note_take(&note, list);
	assert_non_null(note);
	asked = note->asked;
	results_note_take_status(note, over);
	assert_int_equal(note->told, 0xff);
	assert_true(note->final);
	results_note_take_status(note, under_way);
	assert_false(note->final);
	results_note_take_status(note, NULL);
	assert_int_equal(note->told, 0);
	results_note_take(&note, other);
	assert_int_not_equal(note->asked, asked);
	assert_int_not_equal(results_key(asked, 0), results_key(asked, 1));
	results_key_text(0xff, text);
	assert_string_equal(text, "00000000000000ff");
	results_note_take(&note, NULL);
	assert_null(note);
}

/* What is told of results goes along with the status that others write, and is none of its truth.
 */
static void test_details(void **state)
{
	_cleanup_json_ struct json_object *status = parse(STATUS("ff", "Collected"));
	_cleanup_json_ struct json_object *details = details_of(status);
	_cleanup_json_ struct json_object *new =
		parse("{\"conditions\":[{\"type\":\"Complete\",\"status\":\"True\"}]}");
	_cleanup_json_ struct json_object *plain =
		parse("{\"conditions\":[{\"type\":\"Complete\",\"status\":\"True\"}]}");
	_cleanup_json_ struct json_object *ours = parse("{\"steps\":[1]}");

	details_add(new, details);
	assert_true(json_object_equal(status, new));
	assert_int_equal(object_status_hash(status), object_status_hash(plain));
	details_take_results(ours, details);
	assert_int_equal(json_object_object_length(ours), 4);
	details_take_results(ours, NULL);
	assert_int_equal(json_object_object_length(ours), 1);
	details_take_results(NULL, details);
}

static void test_config(void **state)
{
	struct config c = { .results_max_bytes = 1, .results_timeout = 1, .results_parallel = 64 };
	struct error err;
	int64_t size;

	assert_int_equal(results_check_config(&c, &err), 0);
	c.results_parallel = 65;
	assert_int_equal(results_check_config(&c, &err), -1);
	assert_non_null(strstr(err.text, "results.parallel"));
	c.results_parallel = 1;
	c.results_timeout = 0;
	assert_int_equal(results_check_config(&c, &err), -1);
	assert_int_equal(results_parse_size("10G", &size), 0);
	assert_true(size == INT64_C(10) << 30);
	assert_int_equal(results_parse_size("none", &size), 0);
	assert_true(size == INT64_MAX);
	assert_int_equal(results_parse_size("-1", &size), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),	cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_pattern), cmocka_unit_test(test_map_and_manifest),
		cmocka_unit_test(test_volumes), cmocka_unit_test(test_claims),
		cmocka_unit_test(test_words),	cmocka_unit_test(test_urls),
		cmocka_unit_test(test_below),	cmocka_unit_test(test_note),
		cmocka_unit_test(test_details), cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests_name("results", tests, NULL, NULL);
}
