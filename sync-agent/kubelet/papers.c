/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/papers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buffer.h"

#define PAPER_MAX (1 << 20)
#define YEARS_S (10 * 365 * 86400LL)
#define BEFORE_S 3600 /* clocks of others may be behind */

/* -- made here -------------------------------------------------------------------------------- */

static char *text_of(const gnutls_datum_t *d)
{
	return strndup((const char *)d->data, d->size);
}

static int name_it(gnutls_x509_crt_t crt, const char *host)
{
	unsigned char address[16];
	int rc = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, host,
					       strlen(host));

	if (rc < 0)
		return rc;
	if (inet_pton(AF_INET, host, address) == 1)
		return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address, 4,
							    0);
	if (inet_pton(AF_INET6, host, address) == 1)
		return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address, 16,
							    0);
	return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, host, strlen(host), 0);
}

static int fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *host)
{
	unsigned char serial[16];
	time_t now = time(NULL);
	int rc;

	if ((rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial))) < 0)
		return rc;
	serial[0] &= 0x7f;
	if ((rc = gnutls_x509_crt_set_version(crt, 3)) < 0 ||
	    (rc = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial))) < 0 ||
	    (rc = gnutls_x509_crt_set_activation_time(crt, now - BEFORE_S)) < 0 ||
	    (rc = gnutls_x509_crt_set_expiration_time(crt, now + YEARS_S)) < 0 ||
	    (rc = name_it(crt, host)) < 0 ||
	    (rc = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0)) < 0 ||
	    (rc = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE)) < 0 ||
	    (rc = gnutls_x509_crt_set_key(crt, key)) < 0)
		return rc;
	return gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
}

int papers_make(const char *host, char **certificate, char **key, struct error *err)
{
	gnutls_datum_t crt_text = { 0 }, key_text = { 0 };
	gnutls_x509_privkey_t privkey = NULL;
	gnutls_x509_crt_t crt = NULL;
	int rc;

	if ((rc = gnutls_x509_privkey_init(&privkey)) >= 0 &&
	    (rc = gnutls_x509_privkey_generate(privkey, GNUTLS_PK_ECDSA,
					       GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
					       0)) >= 0 &&
	    (rc = gnutls_x509_crt_init(&crt)) >= 0 && (rc = fill(crt, privkey, host)) >= 0 &&
	    (rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &crt_text)) >= 0)
		rc = gnutls_x509_privkey_export2(privkey, GNUTLS_X509_FMT_PEM, &key_text);
	if (rc >= 0) {
		*certificate = text_of(&crt_text);
		*key = text_of(&key_text);
	}
	gnutls_free(crt_text.data);
	gnutls_free(key_text.data);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	if (privkey)
		gnutls_x509_privkey_deinit(privkey);
	return rc >= 0 ? 0 : error_set(err, EIO, "making a certificate: %s", gnutls_strerror(rc));
}

/* -- files ------------------------------------------------------------------------------------ */

static bool is_news(struct papers *p, size_t i, const char *path)
{
	struct stat st;

	if (!path || stat(path, &st) < 0)
		return path && !p->seen[i].inode;
	return st.st_ino != p->seen[i].inode || st.st_mtim.tv_sec != p->seen[i].time.tv_sec ||
	       st.st_mtim.tv_nsec != p->seen[i].time.tv_nsec;
}

static void note_seen(struct papers *p, size_t i, const char *path)
{
	struct stat st;

	if (!path || stat(path, &st) < 0)
		return;
	p->seen[i].inode = st.st_ino;
	p->seen[i].time = st.st_mtim;
}

/* Do the two belong together? Files may be read while they are being renewed. */
static int check_pair(const char *certificate, const char *key, const char *path, struct error *err)
{
	gnutls_datum_t crt_text = { (unsigned char *)certificate, (unsigned)strlen(certificate) };
	gnutls_datum_t key_text = { (unsigned char *)key, (unsigned)strlen(key) };
	gnutls_certificate_credentials_t credentials;
	int rc = gnutls_certificate_allocate_credentials(&credentials);

	if (rc < 0)
		return error_set(err, ENOMEM, "out of memory");
	rc = gnutls_certificate_set_x509_key_mem2(credentials, &crt_text, &key_text,
						  GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_certificate_free_credentials(credentials);
	return rc >= 0 ? 0
		       : error_set(err, EINVAL, "%s with its key: %s", path, gnutls_strerror(rc));
}

static void host_of(const char *listen, char *host, size_t size)
{
	const char *colon = strrchr(listen, ':');
	bool bracketed = listen[0] == '[';
	int n = (int)(colon - listen) - 2 * bracketed;

	snprintf(host, size, "%.*s", n, listen + bracketed);
	/* All addresses are nobody's name. */
	if (!strcmp(host, "0.0.0.0") || !strcmp(host, "::"))
		gethostname(host, size);
	host[size - 1] = '\0';
}

static int read_all(struct papers *new, const struct config *c, struct error *err)
{
	char host[HOST_NAME_MAX + 1];

	if (c->kubelet_client_ca &&
	    buffer_read_file(c->kubelet_client_ca, PAPER_MAX, &new->client_ca, NULL, err) < 0)
		return error_wrap(err, "kubelet.clientCA");
	if (!c->kubelet_certificate) {
		host_of(c->kubelet_listen, host, sizeof(host));
		return papers_make(host, &new->certificate, &new->key, err);
	}
	if (buffer_read_file(c->kubelet_certificate, PAPER_MAX, &new->certificate, NULL, err) < 0)
		return error_wrap(err, "kubelet.certificate");
	if (buffer_read_file(c->kubelet_key, PAPER_MAX, &new->key, NULL, err) < 0)
		return error_wrap(err, "kubelet.key");
	return check_pair(new->certificate, new->key, c->kubelet_certificate, err);
}

int papers_refresh(struct papers *p, const struct config *c, struct error *err)
{
	const char *const paths[PAPERS] = { c->kubelet_certificate, c->kubelet_key,
					    c->kubelet_client_ca };
	struct papers new = { 0 };
	bool news = !p->certificate;

	for (size_t i = 0; i < PAPERS; i++)
		news |= is_news(p, i, paths[i]);
	if (!news)
		return 0;
	for (size_t i = 0; i < PAPERS; i++)
		note_seen(&new, i, paths[i]);
	if (read_all(&new, c, err) < 0) {
		papers_free(&new);
		return -1;
	}
	papers_free(p);
	*p = new;
	return 1;
}

void papers_free(struct papers *p)
{
	free(p->certificate);
	free(p->key);
	free(p->client_ca);
	*p = (struct papers){ 0 };
}
