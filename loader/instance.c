/* SPDX-License-Identifier: GPL-2.0-only */
/* Load the programs of one port: shared maps by descriptor, the port's own data frozen before the verifier runs. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "instance.h"
#include "lenscap_tc.skel.h"
#include "lenscap_xdp.skel.h"

static int share_maps(struct bpf_object *object, const struct maps *maps)
{
	int error = 0;

	for (int id = 0; id < MAPS && !error; id++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, map_name((enum map_id)id));

		if (map)
			error = bpf_map__reuse_fd(map, maps->fd[id]);
	}
	return error;
}

/* The program outlives its skeleton. */
static int keep(const struct bpf_program *program, int *fd, uint32_t *id)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int copy = fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(copy, &info, &size)) {
		close(copy);
		return -errno;
	}
	*fd = copy;
	*id = info.id;
	return 0;
}

static int load_xdp(const struct maps *maps, const struct lc_port_conf *conf, struct instance *out)
{
	struct lenscap_xdp *skel = lenscap_xdp__open();
	int error;

	if (!skel)
		return -errno;
	skel->rodata->port_conf = *conf;
	error = share_maps(skel->obj, maps);
	if (!error)
		error = lenscap_xdp__load(skel);
	if (!error)
		error = keep(skel->progs.lenscap_xdp, &out->xdp, &out->xdp_id);
	lenscap_xdp__destroy(skel);
	return error;
}

static int load_tc(const struct maps *maps, const struct lc_port_conf *conf, struct instance *out)
{
	struct lenscap_tc *skel = lenscap_tc__open();
	int error;

	if (!skel)
		return -errno;
	skel->rodata->port_conf = *conf;
	error = share_maps(skel->obj, maps);
	if (!error)
		error = lenscap_tc__load(skel);
	if (!error)
		error = keep(skel->progs.lenscap_tc, &out->tc, &out->tc_id);
	lenscap_tc__destroy(skel);
	return error;
}

int instance_load(const struct maps *maps, const struct lc_port_conf *conf, struct instance *out)
{
	struct instance fresh = INSTANCE_NONE;
	int error = load_xdp(maps, conf, &fresh);

	if (!error)
		error = load_tc(maps, conf, &fresh);
	if (error) {
		instance_close(&fresh);
		return error;
	}
	*out = fresh;
	return 0;
}

void instance_close(struct instance *instance)
{
	if (instance->xdp >= 0)
		close(instance->xdp);
	if (instance->tc >= 0)
		close(instance->tc);
	*instance = INSTANCE_NONE;
}
