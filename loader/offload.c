/* SPDX-License-Identifier: GPL-2.0-only */
/* Receive VLAN offload by the ethtool request; any socket carries it, so a local one does. */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "offload.h"

#define FEATURES 2
#define FEATURES_MAX 1024 /* of a device; the kernel has about 60 */

static const char *const wanted[FEATURES] = {"rx-vlan-hw-parse", "rx-vlan-stag-hw-parse"};

const char *offload_text(enum offload_state state)
{
	static const char *const text[] = {
	    [OFFLOAD_NOT_THERE] = "not there",
	    [OFFLOAD_OFF] = "off",
	    [OFFLOAD_ON] = "on",
	    [OFFLOAD_TURNED_OFF] = "turned off",
	};

	return text[state];
}

static int request(const char *name, void *data)
{
	struct ifreq ifr = {.ifr_data = data};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	error = ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
	close(fd);
	return error;
}

static int count_features(const char *name, uint32_t *count)
{
	struct ethtool_sset_info *ask = calloc(1, sizeof(*ask) + sizeof(ask->data[0]));
	int error;

	if (!ask)
		return -ENOMEM;
	ask->cmd = ETHTOOL_GSSET_INFO;
	ask->sset_mask = 1ull << ETH_SS_FEATURES;
	error = request(name, ask);
	*count = ask->data[0];
	if (!error && (!ask->sset_mask || !*count || *count > FEATURES_MAX))
		error = -EOPNOTSUPP;
	free(ask);
	return error;
}

/* Where the features are among the device's; -1 = it has no such. */
static int find_features(const char *name, uint32_t count, int place[FEATURES])
{
	struct ethtool_gstrings *strings = calloc(1, sizeof(*strings) + (size_t)count * ETH_GSTRING_LEN);
	int error;

	if (!strings)
		return -ENOMEM;
	*strings = (struct ethtool_gstrings){.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = count};
	error = request(name, strings);
	for (int f = 0; f < FEATURES; f++) {
		place[f] = -1;
		for (uint32_t i = 0; !error && i < count; i++)
			if (!strncmp((char *)strings->data + (size_t)i * ETH_GSTRING_LEN, wanted[f], ETH_GSTRING_LEN))
				place[f] = (int)i;
	}
	free(strings);
	return error;
}

static int locate(const char *name, uint32_t *blocks, int place[FEATURES])
{
	uint32_t count;
	int error = count_features(name, &count);

	if (error)
		return error;
	*blocks = (count + 31) / 32;
	return find_features(name, count, place);
}

static void decode(const struct ethtool_get_features_block *block, const int place[FEATURES], struct offload *out)
{
	*out = (struct offload){0};
	for (int f = 0; f < FEATURES; f++) {
		const struct ethtool_get_features_block *b = place[f] < 0 ? NULL : &block[place[f] / 32];
		uint32_t bit = place[f] < 0 ? 0 : 1u << place[f] % 32;

		if (!b || !((b->active | b->available) & bit))
			continue;
		out->there |= (uint8_t)(1 << f);
		if (b->active & bit)
			out->on |= (uint8_t)(1 << f);
		if (b->available & bit && !(b->never_changed & bit))
			out->changeable |= (uint8_t)(1 << f);
	}
}

int offload_read(const char *name, struct offload *offload)
{
	struct ethtool_gfeatures *get;
	int place[FEATURES];
	uint32_t blocks;
	int error = locate(name, &blocks, place);

	if (error)
		return error;
	get = calloc(1, sizeof(*get) + blocks * sizeof(get->features[0]));
	if (!get)
		return -ENOMEM;
	get->cmd = ETHTOOL_GFEATURES;
	get->size = blocks;
	error = request(name, get);
	if (!error)
		decode(get->features, place, offload);
	free(get);
	return error;
}

int offload_set(const char *name, uint8_t which, int on)
{
	struct ethtool_sfeatures *set;
	int place[FEATURES];
	uint32_t blocks;
	int error = locate(name, &blocks, place);

	if (error)
		return error;
	set = calloc(1, sizeof(*set) + blocks * sizeof(set->features[0]));
	if (!set)
		return -ENOMEM;
	set->cmd = ETHTOOL_SFEATURES;
	set->size = blocks;
	for (int f = 0; f < FEATURES; f++) {
		if (place[f] < 0 || !(which & 1 << f))
			continue;
		set->features[place[f] / 32].valid |= 1u << place[f] % 32;
		set->features[place[f] / 32].requested |= on ? 1u << place[f] % 32 : 0;
	}
	error = request(name, set);
	free(set);
	return error;
}
