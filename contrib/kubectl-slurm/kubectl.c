/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "contrib/kubectl-slurm/kubectl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "common/buffer.h"
#include "common/json.h"

#define WORDS_MAX 64

volatile sig_atomic_t kubectl_signal;

static void on_signal(int number)
{
	kubectl_signal = number;
}

void kubectl_catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
}

int kubectl_flag(struct kubectl *k, const char *name, const char *value, struct error *err)
{
	size_t n = 0;

	while (k->flags[n])
		n++;
	if (n == KUBECTL_FLAGS_MAX)
		return error_set(err, E2BIG, "--%s: there are too many options for kubectl", name);
	if (asprintf(&k->flags[n], "--%s=%s", name, value) < 0) {
		k->flags[n] = NULL;
		return error_set(err, ENOMEM, "not enough memory");
	}
	return 0;
}

static void __attribute__((noreturn))
become_kubectl(const struct kubectl *k, const char *const *words, const int fds[3], pid_t parent)
{
	const char *argv[WORDS_MAX + KUBECTL_FLAGS_MAX + 2] = { k->program };
	size_t n = 1;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(126);
	for (size_t i = 0; k->flags[i]; i++)
		argv[n++] = k->flags[i];
	for (size_t i = 0; words[i] && i < WORDS_MAX; i++)
		argv[n++] = words[i];
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0 && dup2(fds[i], i) < 0)
			_exit(126);
	execvp(k->program, (char *const *)argv);
	dprintf(2, "%s: %s; put kubectl into PATH, or its path into KUBECTL\n", k->program,
		strerror(errno));
	_exit(127);
}

pid_t kubectl_start(const struct kubectl *k, const char *const *words, const int fds[3],
		    struct error *err)
{
	pid_t parent = getpid(), pid;
	size_t n = 0;

	while (words[n])
		n++;
	if (n > WORDS_MAX)
		return error_set(err, E2BIG, "there are more than %d arguments for kubectl",
				 WORDS_MAX);
	pid = fork();
	if (pid == 0)
		become_kubectl(k, words, fds, parent);
	return pid < 0 ? error_errno(err, "can't start %s", k->program) : pid;
}

int kubectl_end(pid_t pid)
{
	sig_atomic_t told = 0;
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		/* Who types ^C tells kubectl, too; who uses kill(1) may not. */
		if (kubectl_signal && kubectl_signal != told)
			kill(pid, told = kubectl_signal);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int kubectl_run(const struct kubectl *k, const char *const *words, struct error *err)
{
	pid_t pid = kubectl_start(k, words, (int[]){ -1, -1, -1 }, err);

	return pid < 0 ? -1 : kubectl_end(pid);
}

int kubectl_memory_file(const char *text, struct error *err)
{
	_cleanup_close_ int fd = memfd_create("kubectl", MFD_CLOEXEC);
	size_t n = text ? strlen(text) : 0;

	if (fd < 0)
		return error_errno(err, "can't make a file in memory");
	for (size_t done = 0; done < n;) {
		ssize_t some = write(fd, text + done, n - done);

		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return error_errno(err, "can't write a file in memory");
		done += (size_t)some;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_errno(err, "can't rewind a file in memory");
	return TAKE_FD(fd);
}

/* kubectl's own words, without its "error:" and line ends. */
int kubectl_tell_failure(int errors, int code, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	char *words;
	size_t n;

	lseek(errors, 0, SEEK_SET);
	if (buffer_read_fd(errors, "kubectl", 1 << 20, &text, NULL, err) < 0)
		return -1;
	words = !strncmp(text, "error: ", 7) ? text + 7 : text;
	for (n = strlen(words); n && words[n - 1] == '\n'; n--)
		;
	if (!n)
		return error_set(err, EIO, "kubectl ended with exit code %d and said nothing",
				 code);
	return error_set(err, EIO, "%.*s", (int)n, words);
}

int kubectl_text(const struct kubectl *k, const char *const *words, const char *input, char **ret,
		 struct error *err)
{
	_cleanup_close_ int in = kubectl_memory_file(input, err),
			    errors = kubectl_memory_file(NULL, err);
	_cleanup_close_ int from = -1, to = -1;
	_cleanup_free_ char *text = NULL;
	int rc, code, ends[2];
	pid_t pid;

	if (in < 0 || errors < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "can't make a pipe");
	from = ends[0];
	to = ends[1];
	pid = kubectl_start(k, words, (int[]){ in, to, errors }, err);
	if (pid < 0)
		return -1;
	closep(&to);
	to = -1;
	rc = buffer_read_fd(from, "kubectl's answer", ANSWER_MAX, &text, NULL, err);
	closep(&from);
	from = -1;
	code = kubectl_end(pid);
	if (rc < 0)
		return -1;
	if (code)
		return kubectl_tell_failure(errors, code, err);
	*ret = TAKE_PTR(text);
	return 0;
}

int kubectl_json(const struct kubectl *k, const char *const *words, struct json_object **ret,
		 struct error *err)
{
	_cleanup_free_ char *text = NULL;

	if (kubectl_text(k, words, NULL, &text, err) < 0)
		return -1;
	if (!text[strspn(text, " \n")]) {
		*ret = NULL;
		return 0;
	}
	*ret = json_parse(text, strlen(text), err);
	return *ret ? 0 : error_wrap(err, "kubectl's answer");
}
