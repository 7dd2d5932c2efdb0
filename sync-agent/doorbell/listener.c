/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/doorbell/listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/seal.h"

#define OLD_US (300LL * 1000000) /* an older doorbell tells nothing that a poll hasn't */
#define RECEIVE_BUFFER (1 << 20)
#define DROPS_AT_ONCE 256 /* whoever rings without end must not keep the loop */

static int make_folder(const char *path, struct error *err)
{
	_cleanup_free_ char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (!slash || slash == folder)
		return 0;
	*slash = '\0';
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return error_errno(err, "doorbell: folder %s", folder);
	return 0;
}

/* A socket of an agent that is gone; whatever else is there stays. */
static int remove_socket(const char *path, struct error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : error_errno(err, "doorbell: %s", path);
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, EEXIST, "doorbell: %s is there, and is no socket", path);
	if (unlink(path) < 0)
		return error_errno(err, "doorbell: removing %s", path);
	return 0;
}

static int open_unix(struct listener *l, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	struct doorbell_target target;
	_cleanup_close_ int fd = -1;
	struct stat st;
	int on = 1;

	if (asprintf(&text, "unix:%s", l->config.unix_path) < 0)
		return error_set(err, ENOMEM, "out of memory");
	if (doorbell_target_parse(text, &target, err) < 0 || make_folder(l->config.unix_path, err) < 0)
		return -1;
	fd = doorbell_socket(&target);
	if (fd < 0)
		return error_errno(err, "doorbell");
	setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	if (remove_socket(l->config.unix_path, err) < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&target.address, target.length) < 0)
		return error_errno(err, "doorbell: %s", l->config.unix_path);
	/* Anybody may write: the kernel tells who did. slurmctld is not root on most sites. */
	if (chmod(l->config.unix_path, 0666) < 0)
		return error_errno(err, "doorbell: %s", l->config.unix_path);
	if (lstat(l->config.unix_path, &st) == 0)
		l->inode = st.st_ino;
	l->unix_fd = TAKE_FD(fd);
	return 0;
}

static int open_udp(struct listener *l, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	struct doorbell_target target;
	_cleanup_close_ int fd = -1;
	int size = RECEIVE_BUFFER;

	if (!l->config.udp)
		return 0;
	if (asprintf(&text, "udp:%s", l->config.udp) < 0)
		return error_set(err, ENOMEM, "out of memory");
	if (doorbell_target_parse(text, &target, err) < 0)
		return -1;
	fd = doorbell_socket(&target);
	if (fd < 0 || bind(fd, (struct sockaddr *)&target.address, target.length) < 0)
		return error_errno(err, "doorbell: %s", text);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	l->udp_fd = TAKE_FD(fd);
	return 0;
}

int listener_open(struct listener *l, const struct listener_config *config, struct error *err)
{
	*l = (struct listener){ .config = *config, .unix_fd = -1, .udp_fd = -1 };
	if (open_unix(l, err) < 0 || open_udp(l, err) < 0) {
		listener_close(l);
		return -1;
	}
	return 0;
}

static bool may_ring(const struct listener *l, uid_t uid)
{
	return uid == 0 || uid == l->config.slurm_user;
}

/* The sender of a Unix datagram, as the kernel tells; (uid_t)-1 if it doesn't. */
static uid_t sender(struct msghdr *msg)
{
	struct ucred cred;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&cred, CMSG_DATA(c), sizeof(cred));
			return cred.uid;
		}
	}
	return (uid_t)-1;
}

/* Check what an allowed sender sent. Returns true if it is to be taken. */
static bool accept_bell(struct listener *l, const char *text, size_t len, struct doorbell *ret)
{
	struct doorbell now = doorbell_new(DOORBELL_LOOK);

	if (doorbell_parse(text, len, ret, NULL) < 0) {
		l->count.malformed++;
		return false;
	}
	if (ret->cluster[0] && strcmp(ret->cluster, l->config.cluster)) {
		l->count.other_cluster++;
		return false;
	}
	if (ret->time_us && llabs(now.time_us - ret->time_us) > OLD_US) {
		l->count.old++;
		return false;
	}
	l->count.taken++;
	return true;
}

static bool accept_unix(struct listener *l, struct msghdr *msg, const char *text, size_t len,
			struct doorbell *ret)
{
	if (!may_ring(l, sender(msg))) {
		l->count.not_allowed++;
		return false;
	}
	return accept_bell(l, text, len, ret);
}

static bool accept_udp(struct listener *l, const char *text, size_t len, struct doorbell *ret)
{
	_cleanup_free_ void *data = NULL;
	struct seal_opened opened;

	if (len && text[0] == '{') {
		l->count.bare++;
		*ret = doorbell_new(DOORBELL_LOOK);
		return true;
	}
	if (strncmp(text, "MUNGE:", 6)) { /* not worth a call to munged */
		l->count.not_opened++;
		return false;
	}
	/* munge itself refuses what is replayed, expired or sealed for another user. */
	if (seal_open(l->config.munge_socket, text, &opened, NULL) < 0) {
		l->count.not_opened++;
		return false;
	}
	data = opened.data;
	if (!may_ring(l, opened.uid)) {
		l->count.not_allowed++;
		return false;
	}
	return accept_bell(l, data, opened.len, ret);
}

int listener_take(struct listener *l, int fd, struct doorbell *ret)
{
	for (int i = 0; i < DROPS_AT_ONCE; i++) {
		char text[DOORBELL_MAX + 2];
		_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred))];
		struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) - 1 };
		struct msghdr msg = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (n < 0)
			return 0;
		text[n] = '\0';
		if (n > DOORBELL_MAX) {
			l->count.malformed++;
			continue;
		}
		if (fd == l->unix_fd ? accept_unix(l, &msg, text, n, ret) :
				       accept_udp(l, text, n, ret))
			return 1;
	}
	return 0;
}

void listener_close(struct listener *l)
{
	struct stat st;

	if (l->unix_fd >= 0) {
		if (lstat(l->config.unix_path, &st) == 0 && st.st_ino == l->inode)
			unlink(l->config.unix_path);
		close(l->unix_fd);
	}
	if (l->udp_fd >= 0)
		close(l->udp_fd);
	l->unix_fd = l->udp_fd = -1;
}
