/* SPDX-License-Identifier: GPL-2.0-only */
/* The shared maps: one table says what each is; make, adopt, pin. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "maps.h"
#include "pins.h"

enum owner { OF_ROOT, OF_POLICY, OF_RING, OF_ROOT_ALONE };

static const struct map_spec {
	const char *name;
	enum bpf_map_type type;
	uint32_t key_size, value_size;
	uint32_t flags;
	uint32_t entries; /* 0 = depends on lc_control, see entries_of() */
	enum owner owner;
} specs[MAPS] = {
    [MAP_CONTROL] = {LC_PIN_CONTROL, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_control), 0, 1, OF_ROOT},
    [MAP_SWITCHES] = {LC_PIN_SWITCHES, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_switches), BPF_F_MMAPABLE, 1, OF_ROOT},
    [MAP_PROTECT] = {LC_PIN_PROTECT, BPF_MAP_TYPE_HASH, 8, 1, 0, LC_PROTECT_MAX, OF_ROOT},
    [MAP_PROTECT_FILTER] = {LC_PIN_PROTECT_FILTER, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_protect_filter), 0, 1,
			    OF_ROOT},
    [MAP_PORTS] = {LC_PIN_PORTS, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_port), 0, LC_PORTS, OF_ROOT},
    [MAP_SLOTS] = {LC_PIN_SLOTS, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_slot), BPF_F_MMAPABLE, 0, OF_ROOT},
    [MAP_TOTALS] = {LC_PIN_TOTALS, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_totals), BPF_F_MMAPABLE, 0, OF_ROOT},
    [MAP_HEAD] = {LC_PIN_POLICY_HEAD, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_policy_head), BPF_F_MMAPABLE, 1,
		  OF_POLICY},
    [MAP_FILTER] = {LC_PIN_POLICY_FILTER, BPF_MAP_TYPE_ARRAY, 4, 8, BPF_F_MMAPABLE, LC_FILTER_WORDS, OF_POLICY},
    [MAP_TABLE] = {LC_PIN_POLICY_TABLE, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_bucket), BPF_F_MMAPABLE, 0, OF_POLICY},
    [MAP_GRACE] = {LC_PIN_POLICY_GRACE, BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 0, 1, OF_POLICY},
    [MAP_EVENTS] = {LC_PIN_EVENTS, BPF_MAP_TYPE_RINGBUF, 0, 0, 0, LC_EVENT_RING_BYTES, OF_RING},
    [MAP_PERMITS] = {LC_PIN_PERMITS, BPF_MAP_TYPE_LPM_TRIE, sizeof(struct lc_permit_key), 1, BPF_F_NO_PREALLOC,
		     LC_PERMITS, OF_ROOT},
    [MAP_MIRROR] = {LC_PIN_MIRROR, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_mirror), 0, 1, OF_ROOT},
    [MAP_MIRROR_DEVICE] = {LC_PIN_MIRROR_DEVICE, BPF_MAP_TYPE_DEVMAP, 4, 4, 0, 1, OF_ROOT_ALONE},
    [MAP_CAPTURE] = {LC_PIN_CAPTURE, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_capture), 0, 1, OF_ROOT},
    [MAP_CAPTURE_RING] = {LC_PIN_CAPTURE_RING, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0, 0, OF_ROOT_ALONE},
};

static const mode_t modes[] = {[OF_ROOT] = 0640, [OF_POLICY] = 0664, [OF_RING] = 0660, [OF_ROOT_ALONE] = 0600};

void maps_init(struct maps *maps)
{
	*maps = (struct maps){0};
	for (int id = 0; id < MAPS; id++)
		maps->fd[id] = -1;
}

void maps_close(struct maps *maps)
{
	for (int id = 0; id < MAPS; id++)
		if (maps->fd[id] >= 0)
			close(maps->fd[id]);
	maps_init(maps);
}

const char *map_name(enum map_id id)
{
	return specs[id].name;
}

bool map_is_policy(enum map_id id)
{
	return specs[id].owner == OF_POLICY;
}

static uint32_t power_of_two(uint32_t at_least)
{
	uint32_t n = 1;

	while (n < at_least)
		n *= 2;
	return n;
}

void maps_control(uint32_t capacity, uint32_t devices, int cpus, struct lc_control *control)
{
	const uint32_t per_bucket = LC_BUCKET_WORDS / 2; /* never more than half full */

	*control = (struct lc_control){
	    .abi = LC_ABI,
	    .buckets = power_of_two((capacity + per_bucket - 1) / per_bucket),
	    .slots = power_of_two(devices),
	    .cpus = (uint32_t)cpus,
	    .capacity = capacity,
	};
}

static uint32_t entries_of(enum map_id id, const struct lc_control *control)
{
	switch (id) {
	case MAP_SLOTS:
		return control->cpus * control->slots;
	case MAP_TOTALS:
		return control->cpus * LC_PORTS;
	case MAP_TABLE:
		return control->buckets + 1; /* the stash */
	case MAP_CAPTURE_RING:
		return control->cpus;
	default:
		return specs[id].entries;
	}
}

int maps_another(const struct maps *maps, enum map_id id)
{
	const struct map_spec *spec = &specs[id];
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = spec->flags);
	char name[BPF_OBJ_NAME_LEN];

	if (spec->type == BPF_MAP_TYPE_ARRAY_OF_MAPS)
		opts.inner_map_fd = (uint32_t)maps->fd[MAP_HEAD]; /* what lenscapd puts into it: it can make no map */
	snprintf(name, sizeof(name), "%.15s", spec->name);
	return bpf_map_create(spec->type, name, spec->key_size, spec->value_size, entries_of(id, &maps->control),
			      &opts);
}

static int put_first(int fd, const void *value)
{
	const uint32_t zero = 0;

	return bpf_map_update_elem(fd, &zero, value, BPF_ANY);
}

static int make(struct maps *maps, enum map_id id)
{
	int fd = maps_another(maps, id);

	if (fd < 0)
		return fd;
	maps->fd[id] = fd;
	return id == MAP_SWITCHES ? put_first(fd, &maps->switches) : 0;
}

static int make_head(const struct maps *maps)
{
	const struct lc_policy_head head = {.abi = LC_ABI, .generation = maps->control.generation, .epoch = maps->epoch};

	return put_first(maps->fd[MAP_HEAD], &head);
}

static bool draw_seed_and_epoch(struct maps *maps)
{
	uint32_t epoch;

	if (getrandom(maps->control.seed, sizeof(maps->control.seed), 0) != sizeof(maps->control.seed) ||
	    getrandom(&epoch, sizeof(epoch), 0) != sizeof(epoch))
		return false;
	if (!maps->epoch)
		maps->epoch = epoch;
	return true;
}

int maps_create(struct maps *maps)
{
	bool new_head = maps->fd[MAP_HEAD] < 0;
	int error = 0;

	if (new_head && !draw_seed_and_epoch(maps))
		return -EIO;
	for (int id = 0; id < MAPS && !error; id++) /* the head comes before what is shaped like it */
		if (maps->fd[id] < 0)
			error = make(maps, (enum map_id)id);
	if (!error && new_head)
		error = make_head(maps);
	return error;
}

int maps_publish_control(const struct maps *maps)
{
	return put_first(maps->fd[MAP_CONTROL], &maps->control);
}

static bool shape_fits(int fd, enum map_id id, const struct lc_control *control)
{
	const struct map_spec *spec = &specs[id];
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &size) && info.type == spec->type &&
	       info.key_size == spec->key_size && info.value_size == spec->value_size &&
	       (info.map_flags & ~BPF_F_RDONLY_PROG) == spec->flags && /* the kernel adds that to a DEVMAP */
	       info.max_entries == entries_of(id, control);
}

static int adopt_control(struct maps *maps, const char *dir)
{
	const uint32_t zero = 0;
	int fd = pin_open(dir, LC_PIN_CONTROL);

	if (fd < 0)
		return fd;
	if (!shape_fits(fd, MAP_CONTROL, &maps->control) || bpf_map_lookup_elem(fd, &zero, &maps->control) ||
	    maps->control.abi < LC_ABI_WORDS || maps->control.abi > LC_ABI) {
		close(fd);
		maps->control = (struct lc_control){0};
		return -EPROTO;
	}
	maps->fd[MAP_CONTROL] = fd;
	return 0;
}

/* An older ABI's, where each was an element: a bypass or an unconfirmed reload goes on. */
static void remember_switches(struct maps *maps, int fd)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) || info.type != BPF_MAP_TYPE_ARRAY ||
	    info.value_size != sizeof(maps->switches.ns[0]))
		return;
	for (uint32_t i = 0; i < info.max_entries && i < LC_SWITCHES; i++)
		(void)bpf_map_lookup_elem(fd, &i, &maps->switches.ns[i]);
}

int maps_adopt(struct maps *maps, const char *dir)
{
	int error = adopt_control(maps, dir);
	bool any = error != -ENOENT;

	for (int id = 0; id < MAPS; id++) {
		int fd = id == MAP_CONTROL ? -ENOENT : pin_open(dir, specs[id].name);

		if (fd < 0)
			continue;
		any = true;
		if (shape_fits(fd, (enum map_id)id, &maps->control))
			maps->fd[id] = fd;
		if (maps->fd[id] < 0 && id == MAP_SWITCHES)
			remember_switches(maps, fd);
		if (maps->fd[id] < 0)
			close(fd);
	}
	return any ? 0 : -ENOENT;
}

bool maps_head(const struct maps *maps, struct lc_policy_head *head)
{
	const uint32_t zero = 0;

	return !bpf_map_lookup_elem(maps->fd[MAP_HEAD], &zero, head) && head->abi == maps->control.abi &&
	       head->generation == maps->control.generation;
}

/* So far behind the old policy's epoch that this one comes nowhere near while the new one is made and the ports are brought to it. */
#define EPOCHS_APART (1u << 20)

/* Behind every epoch that a device's slot may remember an entry of, 0 = not known. (Slots lie by the policy's seed, too, which is
 * drawn anew: what they remember under another one is hardly ever found.) */
static uint64_t next_epoch(const struct maps *old)
{
	struct lc_policy_head head;

	return maps_head(old, &head) ? head.epoch + EPOCHS_APART : 0;
}

/* Other ABIs' device slots have fields of another meaning. */
static bool can_share(const struct maps *old, enum map_id id, const struct lc_control *control)
{
	return !map_is_policy(id) && shape_fits(old->fd[id], id, control) && (id != MAP_SLOTS || old->control.abi == LC_ABI);
}

int maps_share(const struct maps *old, struct maps *fresh)
{
	fresh->epoch = next_epoch(old);
	fresh->permits = old->permits;
	fresh->switches = old->switches;
	for (int id = 0; id < MAPS; id++) {
		if (old->fd[id] < 0 || !can_share(old, (enum map_id)id, &fresh->control))
			continue;
		fresh->fd[id] = fcntl(old->fd[id], F_DUPFD_CLOEXEC, 0);
		if (fresh->fd[id] < 0) {
			int error = -errno;

			maps_close(fresh);
			return error;
		}
	}
	return 0;
}

static gid_t group_of(enum map_id id, gid_t group, gid_t policy_group)
{
	const gid_t groups[] = {
	    [OF_ROOT] = group, [OF_POLICY] = policy_group, [OF_RING] = policy_group, [OF_ROOT_ALONE] = (gid_t)-1};

	return groups[specs[id].owner];
}

int maps_pin_one(const struct maps *maps, enum map_id id, const char *dir, gid_t group, gid_t policy_group)
{
	return pin_place(dir, specs[id].name, maps->fd[id], modes[specs[id].owner], group_of(id, group, policy_group));
}

int maps_pin(const struct maps *maps, const char *dir, gid_t group, gid_t policy_group)
{
	int error = 0;

	for (int id = 0; id < MAPS && !error; id++)
		error = maps_pin_one(maps, (enum map_id)id, dir, group, policy_group);
	return error;
}

int maps_pin_missing(const struct maps *maps, const char *dir, gid_t group, gid_t policy_group, unsigned *again)
{
	int error = 0;

	*again = 0;
	for (int id = 0; id < MAPS && !error; id++) {
		if (pin_exists(dir, specs[id].name))
			continue;
		error = maps_pin_one(maps, (enum map_id)id, dir, group, policy_group);
		*again += !error;
	}
	return error;
}
