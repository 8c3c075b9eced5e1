/* SPDX-License-Identifier: GPL-2.0-only */
/* Load programs: shared maps by descriptor, a port's own data frozen before the verifier runs. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "instance.h"
#include "lenscap_copy.skel.h"
#include "lenscap_egress.skel.h"
#include "lenscap_tc.skel.h"
#include "lenscap_xdp.skel.h"
#include "lenscap_xdp_call.skel.h"

/* The programs differ in their name, their bytes, and where in their read-only data the port's is. */
static const struct kind {
	const char *name;
	const void *(*bytes)(size_t *size);
	size_t conf; /* offset */
} kinds[] = {
    {"lenscap_xdp", lenscap_xdp__elf_bytes, offsetof(struct lenscap_xdp__rodata, port_conf)},
    {"lenscap_xdp", lenscap_xdp_call__elf_bytes, offsetof(struct lenscap_xdp_call__rodata, port_conf)},
    {"lenscap_tc", lenscap_tc__elf_bytes, offsetof(struct lenscap_tc__rodata, port_conf)},
    {"lenscap_egress", lenscap_egress__elf_bytes, offsetof(struct lenscap_egress__rodata, port_conf)},
    {"lenscap_copy", lenscap_copy__elf_bytes, 0},
};
enum { KIND_XDP, KIND_XDP_CALL, KIND_TC, KIND_EGRESS, KIND_COPY };

/* A map of the object by its name, or by that of the section of data it is to the object (bpf/maps.h). */
static struct bpf_map *find_map(const struct bpf_object *object, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	char section[64];

	if (map || snprintf(section, sizeof(section), ".data.%s", name) >= (int)sizeof(section))
		return map;
	return bpf_object__find_map_by_name(object, section);
}

static int share_maps(struct bpf_object *object, const struct maps *maps)
{
	int error = 0;

	for (int id = 0; id < MAPS && !error; id++) {
		struct bpf_map *map = find_map(object, map_name((enum map_id)id));

		if (map)
			error = bpf_map__reuse_fd(map, maps->fd[id]);
	}
	return error;
}

static int set_conf(struct bpf_object *object, size_t offset, const struct lc_port_conf *conf)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	size_t size = 0;
	const void *before = map ? bpf_map__initial_value(map, &size) : NULL;
	char *data = before && offset + sizeof(*conf) <= size ? malloc(size) : NULL;
	int error;

	if (!data)
		return before ? -ENOMEM : -EINVAL;
	memcpy(data, before, size);
	memcpy(data + offset, conf, sizeof(*conf));
	error = bpf_map__set_initial_value(map, data, size);
	free(data);
	return error;
}

/* The program outlives its object. */
static int keep(const struct bpf_program *program, struct program *out)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int copy = program ? fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 0) : -1;

	if (copy < 0)
		return program ? -errno : -ENOENT;
	if (bpf_obj_get_info_by_fd(copy, &info, &size)) {
		close(copy);
		return -errno;
	}
	*out = (struct program){copy, info.id};
	return 0;
}

/* CONF: NULL for a program that is no port's. */
static int load(const struct kind *kind, const struct maps *maps, const struct lc_port_conf *conf, struct program *out)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = kind->name);
	size_t size;
	const void *bytes = kind->bytes(&size);
	struct bpf_object *object = bpf_object__open_mem(bytes, size, &opts);
	int error;

	if (!object)
		return -errno;
	error = conf ? set_conf(object, kind->conf, conf) : 0;
	if (!error)
		error = share_maps(object, maps);
	if (!error)
		error = bpf_object__load(object);
	if (!error)
		error = keep(bpf_object__find_program_by_name(object, kind->name), out);
	bpf_object__close(object);
	return error;
}

/* Whether the kernel shows programs its own context (bpf/length.h). Asked here, since libbpf looks for a function that is missing
 * in the modules too, and that takes CAP_SYS_ADMIN. */
static bool has_kernel_context(void)
{
	struct btf *types = btf__load_vmlinux_btf();
	bool has = types && btf__find_by_name_kind(types, "bpf_cast_to_kern_ctx", BTF_KIND_FUNC) > 0;

	btf__free(types);
	return has;
}

static const struct kind *xdp_kind(void)
{
	static const struct kind *chosen;

	if (!chosen)
		chosen = &kinds[has_kernel_context() ? KIND_XDP : KIND_XDP_CALL];
	return chosen;
}

int instance_load(const struct maps *maps, const struct lc_port_conf *conf, struct instance *out)
{
	struct instance fresh = INSTANCE_NONE;
	int error = load(xdp_kind(), maps, conf, &fresh.xdp);

	if (!error)
		error = load(&kinds[KIND_TC], maps, conf, &fresh.tc);
	if (!error && conf->flags & LC_PORT_BOTH)
		error = load(&kinds[KIND_EGRESS], maps, conf, &fresh.egress);
	if (error) {
		instance_close(&fresh);
		return error;
	}
	*out = fresh;
	return 0;
}

int instance_load_copy(const struct maps *maps, struct program *out)
{
	return load(&kinds[KIND_COPY], maps, NULL, out);
}

void program_close(struct program *program)
{
	if (program->fd >= 0)
		close(program->fd);
	*program = PROGRAM_NONE;
}

void instance_close(struct instance *instance)
{
	program_close(&instance->xdp);
	program_close(&instance->tc);
	program_close(&instance->egress);
}
