/* SPDX-License-Identifier: GPL-2.0-only */
/* What the loader and lenscapd say of themselves in the run folder, and whether they are alive. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/file.h"
#include "../lib/paths.h"
#include "../lib/text.h"

#define STATE_MAX (64u << 20)

static const struct {
	const char *name, *path;
} programs[] = {
    [STATE_LOADER] = {"lenscap-loader", PATH_LOADER_STATE},
    [STATE_DAEMON] = {"lenscapd", PATH_DAEMON_STATE},
};

const char *state_why(int err)
{
	if (err == -EINVAL || err == -ELOOP)
		return "is damaged";
	return err == -ENOENT ? "is not there" : err == -EACCES ? "may not be read by you" : strerror(-err);
}

const char *state_program_name(enum state_program program)
{
	return programs[program].name;
}

static json_t *read_object(const char *folder, const char *name, int *err)
{
	char *path = path_join(folder, name), *data = NULL;
	json_t *object = NULL;
	size_t size = 0;

	*err = path ? file_read(path, STATE_MAX, &data, &size) : -ENOMEM;
	if (*err == 0) {
		object = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
		*err = json_is_object(object) ? 0 : -EINVAL;
	}
	if (*err != 0) {
		json_decref(object);
		object = NULL;
	}
	free(data);
	free(path);
	return object;
}

json_t *state_read(const struct config *config, enum state_program program, int *err)
{
	return read_object(config->run, programs[program].path, err);
}

json_t *state_devices(const struct config *config, int *err)
{
	return read_object(config->run, PATH_DAEMON_DEVICES, err);
}

json_t *state_get(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

const char *state_string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

int64_t state_int(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

bool state_bool(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

int64_t state_time(const json_t *object, const char *key)
{
	const char *text = state_string(object, key);
	int64_t seconds = 0;

	return text && time_parse(text, &seconds) == 0 ? seconds : 0;
}

json_t *state_find(const json_t *array, const char *key, const char *value)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		json_t *row = json_array_get(array, i);
		const char *has = state_string(row, key);

		if (has && strcmp(has, value) == 0)
			return row;
	}
	return NULL;
}

/* Name and real user of a process, as /proc/PID/status tells anyone. (Who owns /proc/PID says nothing: it is root where
 * a program gave its rights up.) */
static bool process_is(pid_t pid, const char *name, uid_t user)
{
	char path[64], line[128], comm[17] = "";
	unsigned real = UINT32_MAX;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (real == UINT32_MAX && fgets(line, sizeof(line), f))
		if (sscanf(line, "Name:\t%16s", comm) != 1)
			(void)sscanf(line, "Uid:\t%u", &real);
	(void)fclose(f);
	return real == user && strcmp(comm, name) == 0;
}

/* The user a program must run as; lenscapd's own, where that exists. */
static uid_t expected_user(const struct config *config, enum state_program program)
{
	const struct passwd *user = program == STATE_DAEMON ? getpwnam(config->user) : NULL;

	return user ? user->pw_uid : 0;
}

int state_process(const struct config *config, enum state_program program, const json_t *state)
{
	int64_t pid = state_int(state, "pid");
	int fd;

	if (pid < 1 || pid > INT32_MAX)
		return -ESRCH;
	/* Open first, look then: the number cannot change hands between the look and the signal. */
	fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (fd < 0)
		return -errno;
	if (!process_is((pid_t)pid, programs[program].name, expected_user(config, program))) {
		(void)close(fd);
		return -ESRCH;
	}
	return fd;
}

bool state_running(const struct config *config, enum state_program program, const json_t *state)
{
	int fd = state_process(config, program, state);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}
