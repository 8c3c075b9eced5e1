/* SPDX-License-Identifier: GPL-2.0-only */
/* What the pieces of the configuration reader share: files as read, complaints, the walk over YAML by tables. */
#ifndef LENSCAP_LIB_CONFIG_INTERNAL_H
#define LENSCAP_LIB_CONFIG_INTERNAL_H

#include <stdio.h>
#include <sys/types.h>

#include "config.h"

#define CONFIG_FILE_MAX (1u << 20)
#define CONFIG_DROP_INS 64
#define CONFIG_DROP_IN_DIR "lenscap.d"
#define CONFIG_MAIN_NAME "lenscap.yaml"
#define CONFIG_DEPTH 16	    /* nested lists and mappings */
#define CONFIG_KEYS 40	    /* keys a table may have */
#define CONFIG_COMPLAINTS 50

/* ---- Everything that is wrong, one line each ---- */
struct complaints {
	FILE *out;
	char *text;
	size_t size;
	unsigned n;
};
int complaints_open(struct complaints *c);
/* "FILE:LINE:COLUMN: ", or "FILE: " where the place has no line. */
void complain(struct complaints *c, const struct config_place *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Hand the text over (NULL when nothing was wrong) and close. */
char *complaints_close(struct complaints *c);

/* ---- Files ---- */
struct config_source {
	char *path;
	char *name; /* as the digest has it: "lenscap.yaml" for the main file, "lenscap.d/x.yaml" */
	char *data;
	size_t size;
	mode_t mode;
	gid_t gid;
};
struct config_sources {
	struct config_source source[1 + CONFIG_DROP_INS];
	size_t n;
};
/* Read the main file and its drop-ins in order. 0 or a negative errno with complaints. Free in both cases. */
int config_sources_read(const char *file, struct config_sources *out, struct complaints *c);
void config_sources_free(struct config_sources *sources);
void config_sources_digest(const struct config_sources *sources, char sha256[static 65]);

/* ---- The walk ---- */
struct reader {
	struct config *config;
	struct complaints complaints;
	const char *file;
	const struct field *seen[64]; /* scalars outside lists, and where they were given: twice is an error */
	struct config_place seen_at[64];
	size_t n_seen;
	bool out_of_memory;
};

struct value {
	const char *text; /* not empty, no control characters */
	struct config_place at;
};

enum field_kind { FIELD_SCALAR, FIELD_LIST, FIELD_MAPPING, FIELD_LATER };

struct word { /* a value out of few */
	const char *text;
	int value;
	const char *refusal; /* known, but not to be had: why and what else */
};

struct field {
	const char *key;
	enum field_kind kind;
	bool required;	/* and a list must not be empty */
	bool or_one;	/* a list whose only item may stand alone, without [] */
	bool not_empty; /* a list that may be absent, but says nothing when it is empty */
	/* A scalar, or one item of a list. Complains itself. */
	void (*set)(struct reader *r, const struct field *f, const struct value *v, void *object);
	size_t offset; /* of the member that set() writes */
	union {
		const struct word *words; /* ends with a NULL text */
		struct {
			uint32_t min, max;
		} range;
	} of;
	/* A mapping, or the mappings of a list: their keys, and for a list what makes one. */
	const struct field *fields; /* ends with a NULL key */
	void *(*add)(struct reader *r, const struct config_place *at, void *object);
	const char *noun; /* what people call the value: "zone" */
};

/* Parse one file and walk it by FIELDS into OBJECT. Everything wrong is in the reader's complaints. */
void yaml_walk(struct reader *r, const char *data, size_t size, const struct field *fields, void *object);

/* ---- Values (config_value.c) ---- */
typedef void set_fn(struct reader *r, const struct field *f, const struct value *v, void *object);
set_fn set_number;	/* uint32_t or unsigned, range */
set_fn set_enum;	/* enum (int), words */
set_fn set_bool;	/* bool, words */
set_fn set_path;	/* char *, absolute */
set_fn set_account;	/* char *, user or group */
set_fn set_name;	/* char *, [A-Za-z0-9._-]{1,64} */
set_fn set_percent;	/* double, fraction */
set_fn set_duration;	/* unsigned, seconds */
set_fn add_vlan;	/* struct config_vlans */
set_fn add_interface;	/* appends to char **, size_t behind it */
set_fn add_exclude;
set_fn add_protect;	/* struct config */
set_fn add_permit;	/* struct config_zone: config_prefix.c */
set_fn add_gateway;
set_fn set_mirror_interface; /* struct config: config_mirror.c */
set_fn set_sample;	/* uint32_t N of "1/N" */
bool name_is_valid(const char *text);
bool path_is_valid(const char *text);
/* True, with a complaint, when the value is no URL of this scheme. */
bool complain_url(struct reader *r, const struct value *v, const char *scheme);
int word_value(struct reader *r, const struct field *f, const struct value *v, int *value);
void replace_text(struct reader *r, char **place, const char *text);
bool is_glob(const char *interface);
/* What is wrong with the name or glob of an interface, NULL when nothing is. */
const char *refuse_name(const char *text);

/* The whole file: config_schema.c. */
extern const struct field config_fields[];

/* What only shows when everything is read, and the defaults that depend on it: config_check.c. */
void config_check(struct reader *r);
/* Mirror port, permit and gateway against what zones do: config_mirror.c. */
void config_check_actions(struct reader *r);
/* One feed's way here, and the limits that follow from others: config_feed.c. */
void config_check_transport(struct reader *r, struct config_feed *feed);
#endif
