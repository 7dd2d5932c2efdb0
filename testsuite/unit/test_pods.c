/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pods as SlurmJobs: each field mapped, left out or refused by name. */
#include "unit.h"

#include "common/json.h"
#include "common/pod_path.h"
#include "sync-agent/pods/tolerations.h"
#include "sync-agent/pods/translate.h"

static char *prefixes[] = { "/data", "/scratch" }, *classes[] = { "high=urgent", "plain=" };
static const struct words host_paths = { prefixes, 2 }, priority_classes = { classes, 2 };
static const struct pod_policy policy = { .runner = "/libexec/slurm-kube-pod",
					  .cluster = "tux",
					  .host_paths = &host_paths,
					  .priority_classes = &priority_classes };

static struct json_object *parse(const char *text)
{
	struct json_object *o = json_parse(text, strlen(text), NULL);

	if (!o)
		row("%s", text);
	assert_non_null(o);
	return o;
}

/* -- translation ---------------------------------------------------------------------------- */

static struct json_object *pod_of(const char *annotations, const char *spec, const char *container)
{
	_cleanup_free_ char *text = NULL;

	assert_true(
		asprintf(&text,
			 "{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":"
			 "\"0123abcd-89\",\"labels\":{\"app.x/y\":\"l\"},\"annotations\":{%s}},"
			 "\"spec\":{%s%s\"containers\":[{\"name\":\"main\",\"image\":\"busybox\","
			 "\"command\":[\"true\"]%s%s}]}}",
			 annotations, spec, spec[0] ? "," : "", container[0] ? "," : "",
			 container) > 0);
	return parse(text);
}

static struct json_object *plan_of(struct json_object *job)
{
	struct json_object *v = json_object_array_get_idx(json_get(job, "spec.environment"), 0);

	assert_string_equal(json_get_string(v, "name"), POD_PLAN_VARIABLE);
	return parse(json_get_string(v, "value"));
}

static const char *plain(struct json_object *o)
{
	return json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							 JSON_C_TO_STRING_NOSLASHESCAPE);
}

static void test_least(void **state)
{
	_cleanup_json_ struct json_object *pod = pod_of("", "", ""), *job = NULL, *plan = NULL;
	struct error err = { 0 };

	job = pod_translate(pod, &policy, &err);
	assert_string_equal(err.text, "");
	assert_string_equal(json_get_string(job, "metadata.name"), "p-p0123abcd");
	assert_string_equal(json_get_string(json_object_array_get_idx(
						    json_get(job, "metadata.ownerReferences"), 0),
					    "uid"),
			    "0123abcd-89");
	assert_string_equal(json_get_string(job, "spec.script"),
			    "#!/bin/sh\n#SBATCH --no-requeue\nexec /libexec/slurm-kube-pod\n");
	assert_int_equal(json_get_int(job, "spec.cpusPerTask", 0), 1);
	assert_null(json_get(job, "spec.memoryPerNode"));
	assert_null(json_get(job, "spec.partition"));
	plan = plan_of(job);
	assert_string_equal(json_get_string(plan, "restartPolicy"), "Always");
	assert_int_equal(json_length(json_get(plan, "containers")), 1);
}

/* What a pod has becomes a field of the SlurmJob's spec. */
static void test_spec(void **state)
{
	static const struct {
		const char *annotations, *spec, *container, *field, *value;
	} rows[] = {
		{ "", "",
		  "\"resources\":{\"requests\":{\"cpu\":\"1500m\"},\"limits\":{\"cpu\":\"9\"}}",
		  "cpusPerTask", "2" },
		{ "", "", "\"resources\":{\"limits\":{\"cpu\":\"3\"}}", "cpusPerTask", "3" },
		{ "", "",
		  "\"resources\":{\"requests\":{\"memory\":\"1Gi\"},\"limits\":{\"memory\":"
		  "\"1500000k\"}}",
		  "memoryPerNode", "1431M" },
		{ "", "", "\"resources\":{\"limits\":{\"nvidia.com/gpu\":\"2\"}}", "tresPerNode",
		  "gres:gpu:2" },
		{ "",
		  "\"initContainers\":[{\"name\":\"i\",\"image\":\"b\",\"command\":[\"a\"],"
		  "\"resources\":"
		  "{\"requests\":{\"cpu\":4}}}]",
		  "\"resources\":{\"requests\":{\"cpu\":1}}", "cpusPerTask", "4" },
		{ "\"slurm-kube.io/tasks-per-node\":\"2\"", "",
		  "\"resources\":{\"requests\":{\"cpu\":3}}", "cpusPerTask", "2" },
		{ "\"slurm-kube.io/nodes\":\"3\"", "", "", "nodes", "3" },
		{ "\"slurm-kube.io/account\":\"a\"", "", "", "account", "a" },
		{ "\"slurm-kube.io/licenses\":\"x:2\",\"other/thing\":\"y\"", "", "", "licenses",
		  "x:2" },
		{ "\"slurm-kube.io/hold\":\"true\"", "", "", "hold", "true" },
		{ "", "\"activeDeadlineSeconds\":61", "", "timeLimit", "2" },
		{ "", "\"activeDeadlineSeconds\":60,\"terminationGracePeriodSeconds\":0", "",
		  "timeLimit", "1" },
		{ "\"slurm-kube.io/time-limit\":\"1:00:00\"", "\"activeDeadlineSeconds\":61", "",
		  "timeLimit", "1:00:00" },
		{ "", "\"priorityClassName\":\"high\"", "", "qos", "urgent" },
		{ "",
		  "\"nodeSelector\":{\"slurm-kube.io/partition\":\"long\",\"kubernetes.io/"
		  "os\":\"linux\"}",
		  "", "partition", "long" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *pod =
			pod_of(rows[i].annotations, rows[i].spec, rows[i].container);
		struct error err = { 0 };
		_cleanup_json_ struct json_object *job = pod_translate(pod, &policy, &err);

		row("%s %s", plain(pod), err.text);
		assert_non_null(job);
		assert_string_equal(
			json_object_get_string(json_get(json_get(job, "spec"), rows[i].field)),
			rows[i].value);
	}
}

/* ... or a part of the plan: what it has to hold. */
static void test_plan(void **state)
{
	static const struct {
		const char *spec, *container, *holds;
	} rows[] = {
		{ "\"activeDeadlineSeconds\":61", "", "\"deadline\":61" },
		{ "\"terminationGracePeriodSeconds\":5", "", "\"grace\":5" },
		{ "\"restartPolicy\":\"OnFailure\"", "", "\"restartPolicy\":\"OnFailure\"" },
		{ "", "\"args\":[\"a\",\"b c\"],\"workingDir\":\"/w\"",
		  "\"args\":[\"a\",\"b c\"],\"workingDir\":\"/w\"" },
		{ "", "\"env\":[{\"name\":\"A\",\"value\":\"$(B)\"}]",
		  "\"env\":[{\"name\":\"A\",\"value\":\"$(B)\"}]" },
		{ "",
		  "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata."
		  "labels['app.x/y']\"}}}]",
		  "\"name\":\"A\",\"value\":\"l\"" },
		{ "",
		  "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"spec."
		  "nodeName\"}}}]",
		  "\"name\":\"A\",\"field\":\"node\"" },
		{ "",
		  "\"resources\":{\"limits\":{\"memory\":\"1Gi\"}},\"env\":[{\"name\":\"A\","
		  "\"valueFrom\":{"
		  "\"resourceFieldRef\":{\"resource\":\"limits.memory\",\"divisor\":\"1Mi\"}}}]",
		  "\"name\":\"A\",\"value\":\"1024\"" },
		{ "",
		  "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\","
		  "\"key\":\"a.b\"}}}]",
		  "\"name\":\"A\",\"from\":\"KUBE_POD_FROM_A0\",\"key\":\"a.b\"" },
		{ "",
		  "\"envFrom\":[{\"prefix\":\"P_\",\"configMapRef\":{\"name\":\"c\",\"optional\":"
		  "true}}]",
		  "\"prefix\":\"P_\",\"from\":\"KUBE_POD_FROM_A0\",\"optional\":true" },
		{ "", "\"securityContext\":{\"readOnlyRootFilesystem\":true,\"runAsUser\":1000}",
		  "\"readOnly\":true,\"runAsUser\":1000" },
		{ "", "\"terminationMessagePolicy\":\"FallbackToLogsOnError\"",
		  "\"messageFromLog\":true" },
		{ "\"volumes\":[{\"name\":\"v\",\"emptyDir\":{\"medium\":\"Memory\",\"sizeLimit\":"
		  "\"1Gi\"}}]",
		  "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/m/"
		  "\",\"readOnly\":true,\"subPath\":\"a/b\"}]",
		  "\"volumes\":[{\"name\":\"v\",\"type\":\"emptyDir\",\"medium\":\"Memory\"}]" },
		{ "\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]",
		  "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/m/\"}]",
		  "\"mounts\":[{\"volume\":\"v\",\"target\":\"/m\"}]" },
		{ "\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"/data/"
		  "x\",\"type\":\"Directory\"}}]",
		  "", "\"type\":\"hostPath\",\"path\":\"/data/x\",\"check\":\"Directory\"" },
		{ "\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"s\",\"defaultMode\":"
		  "256,\"items\":[{\"key\":\"k\","
		  "\"path\":\"d/f\",\"mode\":384}]}}]",
		  "",
		  "\"items\":[{\"key\":\"k\",\"path\":\"d/"
		  "f\",\"mode\":384}],\"mode\":256,\"from\":\"KUBE_POD_FROM_A0\"" },
		{ "\"volumes\":[{\"name\":\"v\",\"downwardAPI\":{\"items\":[{\"path\":\"l\","
		  "\"fieldRef\":{\"fieldPath\":"
		  "\"metadata.labels\"}}]}}]",
		  "", "\"path\":\"l\",\"value\":\"app.x/y=\\\"l\\\"\\n\"" },
		/* The token that Kubernetes adds by itself. */
		{ "\"volumes\":[{\"name\":\"kube-api-access-x\",\"projected\":{\"sources\":[{"
		  "\"serviceAccountToken\":{}}]}}]",
		  "\"volumeMounts\":[{\"name\":\"kube-api-access-x\",\"mountPath\":\"/var/run/"
		  "secrets/kubernetes.io/serviceaccount\"}]",
		  "\"volumes\":[]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *pod =
			pod_of("", rows[i].spec, rows[i].container);
		struct error err = { 0 };
		_cleanup_json_ struct json_object *job = pod_translate(pod, &policy, &err),
						  *plan = NULL;

		row("%s %s", plain(pod), err.text);
		assert_non_null(job);
		plan = plan_of(job);
		row("%s", plain(plan));
		assert_non_null(strstr(plain(plan), rows[i].holds));
	}
}

/* What is asked of Secrets and ConfigMaps: only the keys that are used, and whether they have to be
 * there. */
static void test_references(void **state)
{
	_cleanup_json_ struct json_object *pod =
		pod_of("", "\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"c\"}}]",
		       "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\","
		       "\"key\":\"a\"}}},"
		       "{\"name\":\"B\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":"
		       "\"b\",\"optional\":true}}}]");
	struct error err = { 0 };
	_cleanup_json_ struct json_object *job = pod_translate(pod, &policy, &err);

	assert_string_equal(err.text, "");
	json_object_array_del_idx(json_get(job, "spec.environment"), 0, 1);
	assert_string_equal(
		plain(json_get(job, "spec.environment")),
		"[{\"name\":\"KUBE_POD_FROM_A0\",\"valueFrom\":{\"configMapRef\":{\"name\":\"c\","
		"\"optional\":false}}},"
		"{\"name\":\"KUBE_POD_FROM_B0\",\"valueFrom\":{\"secretRef\":{\"name\":\"s\","
		"\"optional\":false,\"keys\":["
		"{\"key\":\"a\",\"optional\":false},{\"key\":\"b\",\"optional\":true}]}}}]");
}

static void test_refusals(void **state)
{
	static const struct {
		const char *annotations, *spec, *container, *begins;
	} rows[] = {
		{ "", "", "\"livenessProbe\":{\"exec\":{}}", "spec.containers[0].livenessProbe: " },
		{ "", "", "\"lifecycle\":{\"preStop\":{}}", "spec.containers[0].lifecycle: " },
		{ "", "", "\"inventedYesterday\":1", "spec.containers[0].inventedYesterday: " },
		{ "", "\"inventedYesterday\":1", "", "spec.inventedYesterday: " },
		{ "", "", "\"securityContext\":{\"privileged\":true}",
		  "spec.containers[0].securityContext.privileged: " },
		{ "", "", "\"securityContext\":{\"runAsUser\":0}",
		  "spec.containers[0].securityContext.runAsUser: " },
		{ "", "", "\"securityContext\":{\"capabilities\":{\"add\":[\"NET_ADMIN\"]}}",
		  "spec.containers[0].securityContext.capabilities.add: " },
		{ "", "\"securityContext\":{\"fsGroup\":5}", "", "spec.securityContext.fsGroup: " },
		{ "", "", "\"tty\":true", "spec.containers[0].tty: " },
		{ "", "", "\"ports\":[{\"containerPort\":80,\"hostPort\":81}]",
		  "spec.containers[0].ports[0]: " },
		{ "", "", "\"resources\":{\"limits\":{\"hugepages-2Mi\":\"4Mi\"}}",
		  "spec.containers[0].resources.limits[hugepages-2Mi]: " },
		{ "", "", "\"env\":[{\"name\":\"SLURM_JOB_ID\",\"value\":\"1\"}]",
		  "spec.containers[0].env[0].name: " },
		{ "", "",
		  "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"spec."
		  "magic\"}}}]",
		  "spec.containers[0].env[0].valueFrom.fieldRef: " },
		{ "", "", "\"volumeMounts\":[{\"name\":\"none\",\"mountPath\":\"/x\"}]",
		  "spec.containers[0].volumeMounts[0]: " },
		{ "", "\"volumes\":[{\"name\":\"v\",\"nfs\":{\"server\":\"x\"}}]", "",
		  "spec.volumes[0].nfs: " },
		{ "",
		  "\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"x\"}}]",
		  "", "spec.volumes[0].persistentVolumeClaim: " },
		{ "", "\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"/etc\"}}]", "",
		  "spec.volumes[0].hostPath.path: " },
		{ "", "\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"/data/../etc\"}}]", "",
		  "spec.volumes[0].hostPath.path: " },
		{ "", "\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"/database\"}}]", "",
		  "spec.volumes[0].hostPath.path: " },
		{ "",
		  "\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"c\",\"items\":[{\"key\":"
		  "\"k\",\"path\":\"../x\"}]}}]",
		  "", "spec.volumes[0].configMap.items[0].path: " },
		{ "",
		  "\"volumes\":[{\"name\":\"v\",\"projected\":{\"sources\":[{"
		  "\"serviceAccountToken\":{\"path\":\"t\"}}]}}]",
		  "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/t\"}]",
		  "spec.volumes[0].projected.sources[0].serviceAccountToken: " },
		{ "", "\"automountServiceAccountToken\":true", "",
		  "spec.automountServiceAccountToken: " },
		{ "", "\"hostAliases\":[{\"ip\":\"1.2.3.4\"}]", "", "spec.hostAliases: " },
		{ "", "\"affinity\":{\"nodeAffinity\":{}}", "", "spec.affinity: " },
		{ "", "\"nodeSelector\":{\"disk\":\"ssd\"}", "", "spec.nodeSelector[disk]: " },
		{ "", "\"priorityClassName\":\"unheard-of\"", "", "spec.priorityClassName: " },
		{ "", "\"dnsPolicy\":\"None\"", "", "spec.dnsPolicy: " },
		{ "", "\"activeDeadlineSeconds\":0", "", "spec.activeDeadlineSeconds: " },
		{ "\"slurm-kube.io/node\":\"2\"", "", "",
		  "metadata.annotations[slurm-kube.io/node]: " },
		{ "\"slurm-kube.io/nodes\":\"2x\"", "", "",
		  "metadata.annotations[slurm-kube.io/nodes]: " },
		{ "", "\"initContainers\":[{\"name\":\"main\",\"image\":\"x\",\"args\":[\"a\"]}]",
		  "", "spec.containers: two are called" },
		{ "", "\"initContainers\":[{\"name\":\"i\"}]", "",
		  "spec.initContainers[0]: it has no name, or no image" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *pod =
			pod_of(rows[i].annotations, rows[i].spec, rows[i].container);
		struct error err = { 0 };
		_cleanup_json_ struct json_object *job = pod_translate(pod, &policy, &err);

		row("%s: %s", rows[i].begins, err.text);
		assert_null(job);
		assert_true(!strncmp(err.text, rows[i].begins, strlen(rows[i].begins)));
	}
}

/* A plan of any size comes whole. */
static void test_pieces(void **state)
{
	_cleanup_free_ char *long_text = malloc(110001), *container = NULL;
	_cleanup_json_ struct json_object *pod = NULL, *job = NULL, *whole = NULL;
	struct error err = { 0 };
	char *joined;

	for (size_t i = 0; i + 2 <= 110000; i += 2)
		memcpy(long_text + i, "\xc3\xa4", 2);
	long_text[110000] = '\0';
	assert_true(asprintf(&container, "\"args\":[\"%s\",\"x%s\"]", long_text, long_text) > 0);
	pod = pod_of("", "", container);
	job = pod_translate(pod, &policy, &err);
	assert_string_equal(err.text, "");
	joined = calloc(1, 400000);
	for (size_t i = 0; i < json_length(json_get(job, "spec.environment")); i++) {
		struct json_object *v =
			json_object_array_get_idx(json_get(job, "spec.environment"), i);
		char name[32] = POD_PLAN_VARIABLE;

		if (i)
			snprintf(name, sizeof(name), POD_PLAN_VARIABLE "_%zu", i + 1);
		assert_string_equal(json_get_string(v, "name"), name);
		strcat(joined, json_get_string(v, "value"));
	}
	whole = parse(joined);
	assert_int_equal(
		json_length(json_get(json_object_array_get_idx(json_get(whole, "containers"), 0),
				     "args")),
		2);
	free(joined);
}

static void test_paths(void **state)
{
	char path[200];

	assert_int_equal(pod_output_path("/home/a", "u-1", "main", false, path, sizeof(path)), 0);
	assert_string_equal(path, "/home/a/.slurm-kube/pods/u-1/main.log");
	assert_int_equal(pod_output_path("/home/a", "u-1", "main", true, path, sizeof(path)), 0);
	assert_string_equal(path, "/home/a/.slurm-kube/pods/u-1/main.previous.log");
	assert_int_equal(pod_output_path("/home/a", "../x", "main", true, path, sizeof(path)), -1);
	assert_int_equal(pod_output_path("/home/a", "u", "a/b", true, path, sizeof(path)), -1);
	assert_int_equal(pod_output_path("home", "u", "a", true, path, sizeof(path)), -1);
	assert_int_equal(pod_output_path("/home/a", "u", "a", true, path, 20), -1);
}

/* -- tolerations ------------------------------------------------------------------------------ */

#define NOT_READY "{\"key\":\"node.kubernetes.io/not-ready\",\"operator\":\"Exists\",\"effect\":\"NoExecute\"}"
#define UNREACHABLE "{\"key\":\"node.kubernetes.io/unreachable\",\"operator\":\"Exists\",\"effect\":\"NoExecute\"}"
#define OTHER "{\"key\":\"x\",\"operator\":\"Exists\",\"tolerationSeconds\":5}"

static void test_tolerations(void **state)
{
	static const struct {
		const char *is, *wanted; /* NULL: as it is */
	} rows[] = {
		{ "[]", "[" NOT_READY "," UNREACHABLE "]" },
		{ "[" NOT_READY "," UNREACHABLE "]", NULL },
		/* As admission leaves it. */
		{ "[{\"key\":\"node.kubernetes.io/not-ready\",\"operator\":\"Exists\",\"effect\":\"NoExecute\",\"tolerationSeconds\":300},"
		  "{\"key\":\"node.kubernetes.io/unreachable\",\"operator\":\"Exists\",\"effect\":\"NoExecute\",\"tolerationSeconds\":300}]",
		  "[" NOT_READY "," UNREACHABLE "]" },
		/* Others keep theirs. */
		{ "[" OTHER "," NOT_READY "]", "[" OTHER "," NOT_READY "," UNREACHABLE "]" },
		{ "[{\"operator\":\"Exists\"}]", NULL },
		{ "[{\"operator\":\"Exists\",\"effect\":\"NoExecute\",\"tolerationSeconds\":0}]",
		  "[{\"operator\":\"Exists\",\"effect\":\"NoExecute\"}]" },
		/* Not these taints'. */
		{ "[{\"operator\":\"Exists\",\"effect\":\"NoSchedule\"}]",
		  "[{\"operator\":\"Exists\",\"effect\":\"NoSchedule\"}," NOT_READY "," UNREACHABLE "]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = NULL;
		_cleanup_json_ struct json_object *pod = NULL, *needed = NULL;

		assert_true(asprintf(&text, "{\"spec\":{\"tolerations\":%s}}", rows[i].is) > 0);
		pod = parse(text);
		needed = tolerations_needed(pod);
		row("%s", rows[i].is);
		if (rows[i].wanted)
			assert_string_equal(needed ? plain(needed) : "", rows[i].wanted);
		else
			assert_null(needed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_least),	 cmocka_unit_test(test_spec),
		cmocka_unit_test(test_plan),	 cmocka_unit_test(test_references),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_paths),	 cmocka_unit_test(test_tolerations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
