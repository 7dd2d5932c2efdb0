/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "sync-agent/audit.h"

static const struct audit refused = {
	.action = "edit", .field = "timeLimit", .value = "1-0 \"x\"\n", .namespace = "slurm-alice",
	.name = "tux-7", .job_id = 7, .uid = 1001, .manager = "kubectl-edit",
	.asked = "2026-01-01T00:00:00Z", .refused = "Access/permission denied",
};

/* A line of its own, which nothing in a value can end or make look like another pair. */
static void test_standard_error(void **state)
{
	char text[1024] = "";
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);

	if (access("/run/systemd/journal/socket", F_OK) == 0)
		skip();
	dup2(fileno(file), STDERR_FILENO);
	audit_log(&refused);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_non_null(strstr(text, "audit: action=edit field=timeLimit value=\"1-0 \\\"x\\\"?\" "
				     "object=slurm-alice/tux-7 job=7 uid=1001 as=owner "
				     "manager=kubectl-edit asked=2026-01-01T00:00:00Z "
				     "result=refused reason=\"Access/permission denied\"\n"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

/* A journal of our own, in a mount namespace of our own. */
static int fake_journal(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX,
				       .sun_path = "/run/systemd/journal/socket" };
	int fd;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/run", "tmpfs", 0, NULL) < 0)
		return -1;
	mkdir("/run/systemd", 0755);
	mkdir("/run/systemd/journal", 0755);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return fd;
}

static void test_journal(void **state)
{
	static const char *const fields[] = {
		"SLURM_KUBE_ACTION=edit\n", "SLURM_KUBE_FIELD=timeLimit\n",
		"SLURM_KUBE_OBJECT=slurm-alice/tux-7\n", "SLURM_KUBE_JOB=7\n",
		"SLURM_KUBE_UID=1001\n", "SLURM_KUBE_AS=owner\n", "SLURM_KUBE_MANAGER=kubectl-edit\n",
		"SLURM_KUBE_ASKED=2026-01-01T00:00:00Z\n", "SLURM_KUBE_RESULT=refused\n",
		"SLURM_KUBE_REASON=Access/permission denied\n", "SYSLOG_IDENTIFIER=slurm-kube-agent\n",
		"PRIORITY=5\n",
	};
	char text[8192] = "";
	int fd = fake_journal();
	ssize_t n;

	if (fd < 0)
		skip();
	audit_log(&refused);
	n = recv(fd, text, sizeof(text), MSG_DONTWAIT);
	assert_true(n > 0);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		/* A value with a newline has bytes of its length before it, some of them 0. */
		bool there = memmem(text, (size_t)n, fields[i], strlen(fields[i]));

		if (!there)
			row("not there: %s", fields[i]);
		assert_true(there);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standard_error),
		cmocka_unit_test(test_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
