/* SPDX-License-Identifier: GPL-2.0-only */
/* Journals: read as far as every check is right, appended to and made durable. */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../lib/file.h"

#define SUFFIX ".jsonl"
#define HEADER_LINE "lenscap-journal 1 %s"
#define STEP_LINE "delta %" PRId64 " %" PRId64 " %" PRId64 " %" PRIu64 " %zu %s"
#define LINE_MAX_BYTES 384
#define HEX 64

char *journal_path(const char *record)
{
	size_t size = strlen(record), stem = size;
	char *path = NULL;

	if (size > strlen(SUFFIX) && !strcmp(record + size - strlen(SUFFIX), SUFFIX))
		stem -= strlen(SUFFIX);
	return asprintf(&path, "%.*s.journal", (int)stem, record) < 0 ? NULL : path;
}

/* ---- Lines ---- */
static void check_of(const char *before, const char *line, size_t size, char out[static HEX + 1])
{
	char text[HEX + LINE_MAX_BYTES];
	int used = snprintf(text, sizeof(text), "%s%.*s", before, (int)size, line);

	sha256_hex(text, (size_t)used, out);
}

static bool is_hex(const char *text)
{
	return strlen(text) == HEX && strspn(text, "0123456789abcdef") == HEX;
}

/* The line at DATA without its check, which must be right: then END moves behind it. */
static bool take_line(const char *data, size_t size, struct journal_end *end, char line[static LINE_MAX_BYTES])
{
	const char *stop = memchr(data, '\n', size < LINE_MAX_BYTES ? size : LINE_MAX_BYTES);
	size_t length = stop ? (size_t)(stop - data) : 0;
	char check[HEX + 1];

	if (length < HEX + 2 || data[length - HEX - 1] != ' ' || memchr(data, '\0', length))
		return false;
	check_of(end->check, data, length - HEX - 1, check);
	if (memcmp(check, data + length - HEX, HEX) != 0)
		return false;
	memcpy(line, data, length - HEX - 1);
	line[length - HEX - 1] = '\0';
	memcpy(end->check, check, sizeof(check));
	end->size += length + 1;
	return true;
}

/* Its line and check, with the line's end. The number of bytes. */
static size_t make_line(const char *text, const char *before, char check[static HEX + 1], char out[static LINE_MAX_BYTES])
{
	check_of(before, text, strlen(text), check);
	return (size_t)snprintf(out, LINE_MAX_BYTES, "%s %s\n", text, check);
}

static void step_line(const struct journal_step *s, char out[static LINE_MAX_BYTES])
{
	(void)snprintf(out, LINE_MAX_BYTES, STEP_LINE, s->since, s->serial, s->at, s->weakened, s->size, s->sha256);
}

/* ---- Reading ---- */
static bool read_header(const char *data, size_t size, struct journal_end *end)
{
	char line[LINE_MAX_BYTES], again[LINE_MAX_BYTES];

	if (!take_line(data, size, end, line) || sscanf(line, "lenscap-journal 1 %64s", end->snapshot) != 1 || !is_hex(end->snapshot))
		return false;
	(void)snprintf(again, sizeof(again), HEADER_LINE, end->snapshot);
	end->there = !strcmp(line, again);
	return end->there;
}

static bool read_step(const char *data, size_t size, struct journal_end *end, struct journal_step *s)
{
	char line[LINE_MAX_BYTES], again[LINE_MAX_BYTES], sha256[HEX + 1];
	size_t left;

	if (!take_line(data + end->size, size - end->size, end, line))
		return false;
	if (sscanf(line, "delta %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNu64 " %zu %64s", &s->since, &s->serial, &s->at, &s->weakened,
		   &s->size, s->sha256) != 6)
		return false;
	step_line(s, again);
	left = size - end->size;
	if (strcmp(line, again) != 0 || s->size >= left || data[end->size + s->size] != '\n')
		return false;
	s->text = data + end->size;
	sha256_hex(s->text, s->size, sha256);
	end->size += s->size + 1;
	end->steps++;
	s->end = *end;
	return !strcmp(sha256, s->sha256);
}

static int add_step(struct journal *j, const struct journal_step *s)
{
	struct journal_step *more = reallocarray(j->step, j->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	j->step = more;
	j->step[j->n++] = *s;
	return 0;
}

static int take_data(struct journal *j, size_t size)
{
	struct journal_end end = {0};
	struct journal_step step = {0};
	int err = 0;

	if (read_header(j->data, size, &end)) {
		j->end = end;
		while (!err && end.size < size && read_step(j->data, size, &end, &step)) {
			err = add_step(j, &step);
			j->end = end;
		}
	}
	j->behind = size - j->end.size;
	if (err)
		journal_free(j);
	return err;
}

int journal_read(const char *path, struct journal *out)
{
	size_t size = 0;
	int err;

	*out = (struct journal){0};
	err = file_read(path, JOURNAL_MAX * 2, &out->data, &size);
	if (err == -EFBIG || err == -EINVAL) { /* nothing of ours */
		out->behind = 1;
		return 0;
	}
	if (err)
		return err == -ENOENT ? 0 : err;
	return take_data(out, size);
}

int journal_read_fd(int fd, struct journal *out)
{
	struct stat st;
	ssize_t got;

	*out = (struct journal){0};
	if (fstat(fd, &st))
		return -errno;
	if (st.st_size > (off_t)JOURNAL_MAX * 2)
		return -EFBIG;
	out->data = malloc((size_t)st.st_size + 1);
	if (!out->data)
		return -ENOMEM;
	got = pread(fd, out->data, (size_t)st.st_size, 0);
	if (got == (ssize_t)st.st_size)
		return take_data(out, (size_t)got);
	free(out->data);
	*out = (struct journal){0};
	return got < 0 ? -errno : -EIO;
}

void journal_free(struct journal *j)
{
	free(j->step);
	free(j->data);
	*j = (struct journal){0};
}

/* ---- Writing ---- */
static size_t begin_text(const char *snapshot, struct journal_end *end, char out[static LINE_MAX_BYTES])
{
	char line[LINE_MAX_BYTES];

	*end = (struct journal_end){.there = true};
	(void)snprintf(end->snapshot, sizeof(end->snapshot), "%.64s", snapshot);
	(void)snprintf(line, sizeof(line), HEADER_LINE, end->snapshot);
	end->size = make_line(line, "", end->check, out);
	return end->size;
}

int journal_begin(const char *path, const char *snapshot, struct journal_end *end)
{
	char text[LINE_MAX_BYTES];
	struct journal_end begun;
	size_t size = begin_text(snapshot, &begun, text);
	int err = file_write(path, text, size, 0640, (gid_t)-1, true);

	if (!err)
		*end = begun;
	return err;
}

static int write_step(int fd, const struct journal_step *step, const char *line, size_t size, off_t at)
{
	const struct iovec part[] = {{(void *)line, size}, {(void *)step->text, step->size}, {"\n", 1}};
	ssize_t whole = (ssize_t)(size + step->size + 1), done = pwritev(fd, part, 3, at);

	if (done != whole)
		return done < 0 ? -errno : -ENOSPC;
	return fdatasync(fd) ? -errno : 0;
}

static int open_at(const char *path, const struct journal_end *end, bool exactly)
{
	int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && (exactly ? st.st_size == (off_t)end->size : st.st_size >= (off_t)end->size))
		return fd;
	(void)close(fd);
	return -EBADF; /* somebody else wrote there */
}

int journal_append(const char *path, const struct journal_step *step, struct journal_end *end)
{
	char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES], check[HEX + 1];
	int fd = open_at(path, end, true), err;
	size_t size;

	if (fd < 0)
		return fd;
	step_line(step, text);
	size = make_line(text, end->check, check, line);
	err = write_step(fd, step, line, size, (off_t)end->size);
	if (err) {
		(void)!ftruncate(fd, (off_t)end->size);
		(void)fsync(fd);
	} else {
		end->size += size + step->size + 1;
		end->steps++;
		memcpy(end->check, check, sizeof(check));
	}
	(void)close(fd);
	return err;
}

int journal_cut(const char *path, const struct journal_end *end)
{
	int fd = open_at(path, end, false), err;

	if (fd < 0)
		return fd;
	err = ftruncate(fd, (off_t)end->size) || fsync(fd) ? -errno : 0;
	(void)close(fd);
	return err;
}

static int put_step(FILE *out, const struct journal_step *step, struct journal_end *end)
{
	char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES];
	size_t size;

	step_line(step, text);
	size = make_line(text, end->check, end->check, line);
	end->size += size + step->size + 1;
	end->steps++;
	return fwrite(line, 1, size, out) == size && fwrite(step->text, 1, step->size, out) == step->size && fputc('\n', out) != EOF
		       ? 0
		       : -ENOMEM;
}

int journal_drop(const char *path, int64_t serial, struct journal_end *end)
{
	char line[LINE_MAX_BYTES], *data = NULL;
	struct journal_end made;
	struct journal j;
	size_t size = 0;
	FILE *out;
	int err = journal_read(path, &j);

	if (err)
		return err;
	out = open_memstream(&data, &size);
	err = out && j.end.there ? 0 : -ENOMEM;
	if (!err && fwrite(line, 1, begin_text(j.end.snapshot, &made, line), out) != made.size)
		err = -ENOMEM;
	for (size_t i = 0; i < j.n && !err; i++)
		if (j.step[i].serial > serial)
			err = put_step(out, &j.step[i], &made);
	if (out && fclose(out) && !err)
		err = -ENOMEM;
	if (!err)
		err = file_write(path, data, size, 0640, (gid_t)-1, true);
	if (!err)
		*end = made;
	free(data);
	journal_free(&j);
	return err;
}
