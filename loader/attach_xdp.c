/* SPDX-License-Identifier: GPL-2.0-only */
/* XDP on an interface: native, else generic with the driver's reason; what others put there stays. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "attach.h"
#include "netlink.h"

int link_state(int link, struct link_state *state)
{
	struct bpf_link_info info = {0};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(link, &info, &size))
		return -errno;
	state->prog_id = info.prog_id;
	state->ifindex = info.xdp.ifindex; /* tcx links have theirs in the same place */
	return 0;
}

static int query(int ifindex, enum lc_xdp_mode *mode, uint32_t *id)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);
	int error = bpf_xdp_query(ifindex, 0, &opts);

	*mode = LC_XDP_NONE;
	*id = 0;
	if (error)
		return error;
	if (opts.drv_prog_id || opts.hw_prog_id) {
		*mode = LC_XDP_NATIVE;
		*id = opts.drv_prog_id ? opts.drv_prog_id : opts.hw_prog_id;
	} else if (opts.skb_prog_id) {
		*mode = LC_XDP_GENERIC;
		*id = opts.skb_prog_id;
	}
	return 0;
}

uint32_t xdp_present(int ifindex, enum lc_xdp_mode *mode)
{
	uint32_t id;

	(void)query(ifindex, mode, &id);
	return id;
}

bool xdp_surely_not(int ifindex, uint32_t id)
{
	char name[IF_NAMESIZE];
	enum lc_xdp_mode mode;
	uint32_t present;

	if (query(ifindex, &mode, &present) || present == id)
		return false;
	return present || if_indextoname((unsigned)ifindex, name);
}

static int attach(int ifindex, int prog, uint32_t flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int link = bpf_link_create(prog, ifindex, BPF_XDP, &opts);

	return link < 0 ? -errno : link;
}

int xdp_attach_native(int ifindex, int prog)
{
	return attach(ifindex, prog, XDP_FLAGS_DRV_MODE);
}

/* A link's refusal carries no words; the same request by netlink does. Should the driver take that one, off it goes. */
static void ask_why(int ifindex, int prog, int error, char reason[static REASON_TEXT])
{
	char words[REASON_TEXT - 40] = "";
	LIBBPF_OPTS(bpf_xdp_attach_opts, ours, .old_prog_fd = prog);
	int again = netlink_xdp(ifindex, prog, XDP_FLAGS_DRV_MODE | XDP_FLAGS_UPDATE_IF_NOEXIST, words, sizeof(words));

	if (!again)
		(void)bpf_xdp_detach(ifindex, XDP_FLAGS_DRV_MODE | XDP_FLAGS_REPLACE, &ours);
	else
		error = again;
	if (words[0])
		snprintf(reason, REASON_TEXT, "%s (%s)", words, strerror(-error));
	else
		snprintf(reason, REASON_TEXT, "%s",
			 error == -EOPNOTSUPP ? "the driver has no native XDP" : strerror(-error));
}

void xdp_attach(int ifindex, int prog, struct xdp_result *result)
{
	enum lc_xdp_mode mode;
	int link;

	*result = (struct xdp_result){.link = -1};
	link = xdp_attach_native(ifindex, prog);
	if (link >= 0) {
		result->link = link;
		result->mode = LC_XDP_NATIVE;
		return;
	}
	result->foreign_id = xdp_present(ifindex, &mode);
	if (result->foreign_id) {
		result->mode = LC_XDP_FOREIGN;
		snprintf(result->reason, REASON_TEXT, "program %u of somebody else is there", result->foreign_id);
		return;
	}
	ask_why(ifindex, prog, link, result->reason);
	result->link = attach(ifindex, prog, XDP_FLAGS_SKB_MODE);
	if (result->link >= 0)
		result->mode = LC_XDP_GENERIC;
	else
		result->link = -1;
}
