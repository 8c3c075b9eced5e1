/* SPDX-License-Identifier: GPL-2.0-only */
/* HTTPS only, certificates always verified, everything bounded: time, bytes before and after unpacking, redirects. */
#include "fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/file.h"
#include "../lib/text.h"

#define CONNECT_SECONDS 15
#define SLOW_BYTES 100 /* a second, for SLOW_SECONDS: given up */
#define SLOW_SECONDS 30
#define REDIRECTS 5
#define TOKEN_MAX 4096
#define SIGNATURE_MAX (16u << 10)
#define HEADER_LINES 256

struct download {
	int fd;
	uint64_t size, max;
	unsigned headers;
	bool too_big;
	int write_error;
	struct fetched *out;
	char why[CURL_ERROR_SIZE];
};

int fetch_prepare(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) ? -EIO : 0;
}

static size_t on_body(char *data, size_t one, size_t size, void *arg)
{
	struct download *d = arg;

	(void)one;
	d->size += size;
	d->too_big = d->size > d->max;
	if (d->too_big)
		return 0;
	for (size_t done = 0; done < size;) {
		ssize_t n = write(d->fd, data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			d->write_error = -errno;
			return 0;
		}
		done += (size_t)n;
	}
	return size;
}

/* The value of a header line, without spaces around it. It must fit and be plain ASCII, or it is as if it were not there. */
static void keep_value(const char *line, size_t size, const char *name, char *out, size_t room)
{
	size_t length = strlen(name);

	if (size <= length || strncasecmp(line, name, length) != 0)
		return;
	line += length;
	size -= length;
	while (size && (*line == ' ' || *line == '\t')) {
		line++;
		size--;
	}
	while (size && strchr("\r\n \t", line[size - 1]))
		size--;
	out[0] = '\0';
	if (size >= room)
		return;
	for (size_t i = 0; i < size; i++)
		if (line[i] < 0x20 || line[i] > 0x7e)
			return;
	memcpy(out, line, size);
	out[size] = '\0';
}

static size_t on_header(char *line, size_t one, size_t size, void *arg)
{
	struct download *d = arg;
	struct fetched *out = d->out;

	(void)one;
	if (++d->headers > HEADER_LINES)
		return 0;
	if (size > 5 && !strncasecmp(line, "HTTP/", 5)) /* the next answer: what another said does not count */
		out->etag[0] = out->modified[0] = '\0';
	keep_value(line, size, "etag:", out->etag, sizeof(out->etag));
	keep_value(line, size, "last-modified:", out->modified, sizeof(out->modified));
	return size;
}

/* ---- Options ---- */
static CURLcode set_limits(CURL *curl, const struct job_fetch *job, struct download *d)
{
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{CURLOPT_CONNECTTIMEOUT, job->timeout < CONNECT_SECONDS ? (long)job->timeout : CONNECT_SECONDS},
		{CURLOPT_TIMEOUT, (long)job->timeout},
		{CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES},
		{CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS},
		{CURLOPT_FOLLOWLOCATION, 1},
		{CURLOPT_MAXREDIRS, REDIRECTS},
		{CURLOPT_UNRESTRICTED_AUTH, 0},
		{CURLOPT_SSL_VERIFYPEER, 1},
		{CURLOPT_SSL_VERIFYHOST, 2},
		{CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
		{CURLOPT_FAILONERROR, 1},
		{CURLOPT_NOSIGNAL, 1},
		{CURLOPT_NETRC, CURL_NETRC_IGNORED},
	};
	CURLcode code = curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)d->max);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && !code; i++)
		code = curl_easy_setopt(curl, numbers[i].option, numbers[i].value);
	return code;
}

static CURLcode set_texts(CURL *curl, const struct job_fetch *job)
{
	const struct {
		CURLoption option;
		const char *value;
	} texts[] = {
		{CURLOPT_PROTOCOLS_STR, "https"},
		{CURLOPT_REDIR_PROTOCOLS_STR, "https"},
		{CURLOPT_USERAGENT, "lenscapd/" LENSCAP_VERSION},
		{CURLOPT_ACCEPT_ENCODING, "gzip"},
		{CURLOPT_PROXY, job->proxy}, /* empty: none, whatever the environment says */
		{CURLOPT_NOPROXY, ""},
		{CURLOPT_CAINFO, job->ca_file[0] ? job->ca_file : NULL},
		{CURLOPT_CAPATH, NULL},
		{CURLOPT_SSLCERT, job->client_cert[0] ? job->client_cert : NULL},
		{CURLOPT_SSLKEY, job->client_key[0] ? job->client_key : NULL},
	};
	CURLcode code = CURLE_OK;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !code; i++)
		if (texts[i].value || (texts[i].option == CURLOPT_CAPATH && job->ca_file[0])) /* a CA file is the only CA */
			code = curl_easy_setopt(curl, texts[i].option, texts[i].value);
	return code;
}

static CURLcode set_calls(CURL *curl, struct download *d)
{
	CURLcode code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);

	if (!code)
		code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, d);
	if (!code)
		code = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	if (!code)
		code = curl_easy_setopt(curl, CURLOPT_HEADERDATA, d);
	if (!code)
		code = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, d->why);
	return code;
}

static int add_line(struct curl_slist **list, const char *name, const char *value)
{
	char line[sizeof("If-Modified-Since: ") + JOB_TAG];
	struct curl_slist *longer;

	if (!value[0])
		return 0;
	(void)snprintf(line, sizeof(line), "%s: %s", name, value);
	longer = curl_slist_append(*list, line);
	if (!longer)
		return -ENOMEM;
	*list = longer;
	return 0;
}

/* The token goes to the URL's own host: libcurl leaves it out behind a redirect to another. */
static int set_token(CURL *curl, const struct job_fetch *job, struct fetched *out)
{
	char *token = NULL;
	size_t size = 0, used;
	int err;

	if (!job->token_file[0])
		return 0;
	err = file_read(job->token_file, TOKEN_MAX, &token, &size);
	if (err) {
		(void)snprintf(out->error, sizeof(out->error), "token-file %s: cannot be read: %s; let the user of lenscapd read it",
			       job->token_file, strerror(-err));
		return err;
	}
	used = strcspn(token, " \t\r\n");
	if (!used || strspn(token + used, " \t\r\n") != size - used) {
		(void)snprintf(out->error, sizeof(out->error), "token-file %s: not one word; put the token there and nothing else",
			       job->token_file);
		err = -EINVAL;
	}
	token[used] = '\0';
	if (!err && (curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER) ||
		     curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, token)))
		err = -ENOMEM;
	explicit_bzero(token, size);
	free(token);
	return err;
}

/* ---- What went wrong, in words that are the same each time ---- */
static const struct {
	CURLcode code;
	const char *text;
} reasons[] = {
	{CURLE_OPERATION_TIMEDOUT, "too slow: it did not come within its time; look at the server and the way there, or raise timeout"},
	{CURLE_PARTIAL_FILE, "the answer ended before its announced length; look at the server, it is tried again"},
	{CURLE_TOO_MANY_REDIRECTS, "redirected too often; correct the URL"},
	{CURLE_UNSUPPORTED_PROTOCOL, "redirected to something other than https; correct the URL or the server"},
	{CURLE_GOT_NOTHING, "the server closed without an answer; look at the server, it is tried again"},
	{CURLE_BAD_CONTENT_ENCODING, "the compression is damaged or unknown; serve it plain or as gzip"},
	{CURLE_COULDNT_RESOLVE_HOST, "its host name cannot be resolved; look at DNS and the URL"},
	{CURLE_COULDNT_RESOLVE_PROXY, "the proxy's name cannot be resolved; look at DNS and proxy"},
	{CURLE_COULDNT_CONNECT, "cannot connect; look at the server, the way there and the firewalls between"},
	{CURLE_SSL_CERTPROBLEM, "client-cert or client-key cannot be used; look at the files and their rights"},
	{CURLE_SSL_CACERT_BADFILE, "ca-file cannot be used; it must hold certificates as PEM and be readable for lenscapd"},
	{CURLE_OUT_OF_MEMORY, "out of memory"},
	{CURLE_RECV_ERROR, "the connection broke while reading; look at the server, it is tried again"},
	{CURLE_SEND_ERROR, "the connection broke while asking; look at the server, it is tried again"},
};

static const char *words_for(CURLcode code)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].code == code)
			return reasons[i].text;
	return NULL;
}

static void explain(const struct download *d, CURLcode code, long proxy, struct fetched *out)
{
	const char *words = words_for(code);
	char why[TEXT_MAX + 1];

	(void)text_clean(d->why[0] ? d->why : curl_easy_strerror(code), strlen(d->why[0] ? d->why : curl_easy_strerror(code)), why);
	if (d->too_big || code == CURLE_FILESIZE_EXCEEDED)
		(void)snprintf(out->error, sizeof(out->error), "over %llu bytes; shorten the list or raise max-bytes",
			       (unsigned long long)d->max);
	else if (d->write_error)
		(void)snprintf(out->error, sizeof(out->error), "no memory to hold it: %s", strerror(-d->write_error));
	else if (proxy >= 300)
		(void)snprintf(out->error, sizeof(out->error), "the proxy answered %ld; look at proxy and at what it lets through", proxy);
	else if (code == CURLE_HTTP_RETURNED_ERROR)
		(void)snprintf(out->error, sizeof(out->error), "the server answered %ld; look at the URL and the server's log", out->status);
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		(void)snprintf(out->error, sizeof(out->error), "the server's certificate is not accepted: %s; correct it, or give its CA as ca-file", why);
	else
		(void)snprintf(out->error, sizeof(out->error), "%s", words ? words : why);
	out->err = d->too_big || code == CURLE_FILESIZE_EXCEEDED ? -EFBIG : -EAGAIN;
}

static void judge(CURL *curl, const struct download *d, CURLcode code, bool conditional, struct fetched *out)
{
	curl_off_t after = 0;
	long proxy = 0;

	out->err = 0;
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
	(void)curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &after);
	(void)curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &proxy);
	out->retry_after = (int64_t)after;
	if (code) {
		explain(d, code, proxy, out);
	} else if (out->status != 200 && !(conditional && out->status == 304)) {
		(void)snprintf(out->error, sizeof(out->error), "the server answered %ld, not 200; look at the URL and the server",
			       out->status);
		out->err = -EAGAIN;
	}
}

static int prepare(CURL *curl, const struct job_fetch *job, struct curl_slist **lines, struct download *d)
{
	struct fetched *out = d->out;
	CURLcode code = set_limits(curl, job, d);
	int err = set_token(curl, job, out);

	if (!err)
		err = add_line(lines, "If-None-Match", job->etag);
	if (!err)
		err = add_line(lines, "If-Modified-Since", job->modified);
	if (!code)
		code = set_texts(curl, job);
	if (!code)
		code = set_calls(curl, d);
	if (!code)
		code = curl_easy_setopt(curl, CURLOPT_URL, job->url);
	if (!code)
		code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *lines);
	if (code && !err)
		explain(d, code, 0, out);
	return err ? err : code ? -EAGAIN : 0;
}

static void download(const struct job_fetch *job, int fd, struct fetched *out)
{
	struct download d = {.fd = fd, .max = job->max_bytes, .out = out};
	CURL *curl = curl_easy_init();
	struct curl_slist *lines = NULL;

	out->err = curl ? prepare(curl, job, &lines, &d) : -ENOMEM;
	if (!out->err)
		judge(curl, &d, curl_easy_perform(curl), job->etag[0] || job->modified[0], out);
	curl_slist_free_all(lines);
	curl_easy_cleanup(curl);
}

/* The signature second: a feed replaced between the two does not fit and is fetched again. */
void fetch_run(const struct job_fetch *job, int bytes, int signature, struct fetched *out)
{
	struct job_fetch second = *job;
	struct fetched answer = {0};
	char why[FEED_ERROR];

	download(job, bytes, out);
	if (out->err || out->status == 304 || !job->signature_url[0])
		return;
	memcpy(second.url, job->signature_url, sizeof(second.url));
	second.etag[0] = second.modified[0] = '\0';
	second.max_bytes = SIGNATURE_MAX;
	download(&second, signature, &answer);
	if (!answer.err)
		return;
	memcpy(why, answer.error, sizeof(why));
	out->err = answer.err;
	out->status = answer.status;
	out->retry_after = answer.retry_after;
	(void)snprintf(out->error, sizeof(out->error), "its signature (.minisig): %.480s", why);
}
