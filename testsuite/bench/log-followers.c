/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Followers of logs over HTTPS, all in one process, and the writer of what they follow: how long a
 * line takes from the write to the client, or how many bytes a second one follower gets.
 *
 *   log-followers CA CERTIFICATE KEY lines LINES PAUSE_MS < "URL FILE" lines
 *   log-followers CA CERTIFICATE KEY bytes MEGABYTES      < one "URL FILE" line */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOLLOWERS_MAX 4096
#define PATIENCE_S 120

struct follower {
	char url[512], file[512];
	CURL *easy;
	char line[64]; /* what has come of one */
	size_t used;
};

static struct follower followers[FOLLOWERS_MAX];
static size_t n_followers, wanted, pause_ms, n_times;
static double *times;
static atomic_size_t bytes, begun;
static _Atomic(bool) written;

static void die(const char *what)
{
	fprintf(stderr, "log-followers: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* -- the reader ------------------------------------------------------------------------------- */

/* "start", or the time at which it was written. */
static void take_line(const char *line)
{
	double when;

	if (!strcmp(line, "start"))
		begun++;
	else if (sscanf(line, "at %lf", &when) == 1 && n_times < wanted)
		times[n_times++] = now() - when;
}

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
	struct follower *f = arg;

	bytes += n;
	for (size_t i = 0; i < n; i++) {
		if (data[i] != '\n') {
			if (f->used < sizeof(f->line) - 1)
				f->line[f->used++] = data[i];
			continue;
		}
		f->line[f->used] = '\0';
		take_line(f->line);
		f->used = 0;
	}
	return n;
}

static void start(CURLM *multi, struct follower *f, char *const *files)
{
	f->easy = curl_easy_init();
	if (!f->easy)
		die("curl");
	curl_easy_setopt(f->easy, CURLOPT_URL, f->url);
	curl_easy_setopt(f->easy, CURLOPT_CAINFO, files[0]);
	curl_easy_setopt(f->easy, CURLOPT_SSLCERT, files[1]);
	curl_easy_setopt(f->easy, CURLOPT_SSLKEY, files[2]);
	curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(f->easy, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(f->easy, CURLOPT_BUFFERSIZE, 262144L);
	curl_easy_setopt(f->easy, CURLOPT_FAILONERROR, 1L);
	curl_multi_add_handle(multi, f->easy);
}

/* One that has ended has failed. */
static void check(CURLM *multi)
{
	struct CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(multi, &left))) {
		long status = 0;

		curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
		fprintf(stderr, "log-followers: a follower ended: %s, %ld\n",
			curl_easy_strerror(m->data.result), status);
		exit(1);
	}
}

/* -- the writer ------------------------------------------------------------------------------- */

static int open_log(const struct follower *f)
{
	int fd = open(f->file, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		die(f->file);
	return fd;
}

static void put(int fd, const char *text, size_t n)
{
	if (write(fd, text, n) != (ssize_t)n)
		die("write");
}

static void *write_lines(void *unused)
{
	char text[64];

	while (begun < n_followers)
		usleep(10000);
	for (size_t i = 0; i < wanted; i++) {
		int fd = open_log(&followers[i * 7919 % n_followers]);
		int n = snprintf(text, sizeof(text), "at %.9f\n", now());

		put(fd, text, (size_t)n);
		close(fd);
		usleep((useconds_t)pause_ms * 1000);
	}
	written = true;
	return NULL;
}

static void *write_bytes(void *unused)
{
	static char block[1 << 20];
	int fd = open_log(&followers[0]);

	memset(block, 'x', sizeof(block));
	for (size_t i = 79; i < sizeof(block); i += 80)
		block[i] = '\n';
	while (begun < 1)
		usleep(10000);
	for (size_t i = 0; i < wanted; i++)
		put(fd, block, sizeof(block));
	close(fd);
	written = true;
	return NULL;
}

/* -- figures ---------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double at(double p)
{
	size_t i = (size_t)(p * (double)n_times);

	return times[i < n_times ? i : n_times - 1] * 1000;
}

int main(int argc, char **argv)
{
	bool lines = argc == 7 && !strcmp(argv[4], "lines");
	double began = 0, until;
	pthread_t writer;
	CURLM *multi;
	int running;

	if (!lines && (argc != 6 || strcmp(argv[4], "bytes"))) {
		fprintf(stderr, "Usage: log-followers CA CERTIFICATE KEY lines LINES PAUSE_MS | "
				"bytes MEGABYTES\n");
		return 2;
	}
	wanted = strtoul(argv[5], NULL, 10);
	pause_ms = lines ? strtoul(argv[6], NULL, 10) : 0;
	times = calloc(wanted + 1, sizeof(*times));
	curl_global_init(CURL_GLOBAL_ALL);
	multi = curl_multi_init();
	if (!times || !multi)
		die("memory");
	while (n_followers < FOLLOWERS_MAX &&
	       scanf("%511s %511s", followers[n_followers].url, followers[n_followers].file) == 2)
		start(multi, &followers[n_followers++], argv + 1);
	if (!n_followers || pthread_create(&writer, NULL, lines ? write_lines : write_bytes, NULL))
		die("nothing to follow");
	until = now() + PATIENCE_S;
	while (lines ? n_times < wanted : bytes < wanted << 20) {
		curl_multi_perform(multi, &running);
		check(multi);
		curl_multi_poll(multi, NULL, 0, 1000, NULL);
		if (!began && begun == n_followers) {
			began = now();
			until = began + PATIENCE_S + (double)(wanted * pause_ms) / 1000;
			fprintf(stderr, "begun\n");
		}
		if (now() > until) {
			fprintf(stderr,
				"log-followers: %zu of %zu followers begun, %zu lines, %zu bytes: "
				"no more comes\n",
				begun, n_followers, n_times, bytes);
			return 1;
		}
	}
	if (!lines) {
		printf("%.0f\n", (double)bytes / (now() - began) / 1e6);
		return 0;
	}
	qsort(times, n_times, sizeof(*times), by_value);
	printf("%zu %.2f %.2f %.2f %.2f\n", n_times, at(0.5), at(0.9), at(0.99), at(1));
	return 0;
}
