/* SPDX-License-Identifier: GPL-2.0-only */
/* What the loader and lenscapd say of themselves in the run folder, and whether they are alive. */
#ifndef LENSCAP_CLI_STATE_H
#define LENSCAP_CLI_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "../lib/config.h"

enum state_program { STATE_LOADER, STATE_DAEMON };

/* The state file of a program: a JSON object to json_decref(), or NULL with *err a negative errno (-ENOENT: it never
 * ran here; -EINVAL: damaged). */
json_t *state_read(const struct config *config, enum state_program program, int *err);
/* The same of lenscapd's device memory. */
json_t *state_devices(const struct config *config, int *err);

/* A descriptor (pidfd) of the running program the state speaks of, or a negative errno. The state file is no proof: the
 * process must bear the program's name and run as the user it must run as (root; config.user). */
int state_process(const struct config *config, enum state_program program, const json_t *state);
bool state_running(const struct config *config, enum state_program program, const json_t *state);
/* Why a state file cannot be read, in words. */
const char *state_why(int err);
const char *state_program_name(enum state_program program);

/* Members that are not there, or of another type, read as NULL, -1, false. Any object may be NULL. */
const char *state_string(const json_t *object, const char *key);
int64_t state_int(const json_t *object, const char *key);
bool state_bool(const json_t *object, const char *key);
int64_t state_time(const json_t *object, const char *key); /* seconds since 1970, 0 = none */
json_t *state_get(const json_t *object, const char *key);
json_t *state_find(const json_t *array, const char *key, const char *value);
#endif
