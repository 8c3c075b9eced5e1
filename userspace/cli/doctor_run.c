/* SPDX-License-Identifier: GPL-2.0-only */
/* The doctor on what runs: pins, programs, lists, ports. */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "../lib/paths.h"
#include "../policy/vendor.h"
#include "doctor.h"
#include "state.h"

#define BPFFS_MAGIC 0xcafe4a11

static const struct pin {
	const char *name;
	mode_t mode; /* 0600: nobody's group matters */
	bool policy; /* of the policy group */
} pins[] = {
    {LC_PIN_CONTROL, 0640, false},	  {LC_PIN_SWITCHES, 0640, false},    {LC_PIN_PROTECT, 0640, false},
    {LC_PIN_PROTECT_FILTER, 0640, false}, {LC_PIN_PORTS, 0640, false},	     {LC_PIN_SLOTS, 0640, false},
    {LC_PIN_TOTALS, 0640, false},	  {LC_PIN_POLICY_HEAD, 0664, true},  {LC_PIN_POLICY_FILTER, 0664, true},
    {LC_PIN_POLICY_TABLE, 0664, true},	  {LC_PIN_POLICY_GRACE, 0664, true}, {LC_PIN_EVENTS, 0660, true},
    {LC_PIN_PERMITS, 0640, false},	  {LC_PIN_MIRROR, 0640, false},	     {LC_PIN_MIRROR_DEVICE, 0600, false},
    {LC_PIN_CAPTURE, 0640, false},	  {LC_PIN_CAPTURE_RING, 0600, false},
};

static gid_t group_of(const char *name)
{
	const struct group *group = getgrnam(name);

	return group ? group->gr_gid : (gid_t)-1;
}

/* False, told, when the pin is not as the loader makes it. */
static bool examine_pin(struct doctor *d, const char *folder, const struct pin *pin)
{
	const struct config *c = d->cli->config;
	gid_t group = group_of(pin->policy ? c->policy_group : c->group);
	char *path = path_join(folder, pin->name);
	struct stat st;
	bool good = path && stat(path, &st) == 0;

	if (!good)
		doctor_say(d, FINDING_PROBLEM, "pin", "systemctl restart lenscap-loader", "%s: %s",
			   path ? path : pin->name, strerror(errno));
	else if (st.st_uid != 0 || (st.st_mode & 0777) != pin->mode ||
		 (pin->mode & 0070 && st.st_gid != group)) {
		doctor_say(d, FINDING_PROBLEM, "pin", "systemctl restart lenscap-loader",
			   "%s: mode %04o of %u:%u, not %04o of root:%s", path, st.st_mode & 0777, st.st_uid, st.st_gid,
			   pin->mode, pin->policy ? c->policy_group : c->group);
		good = false;
	}
	free(path);
	return good;
}

void doctor_pins(struct doctor *d)
{
	char *folder = path_join(d->cli->config->run, PATH_BPF);
	struct statfs fs;
	size_t good = 0, n = sizeof(pins) / sizeof(pins[0]);

	if (!folder)
		return;
	if (statfs(folder, &fs) != 0) {
		doctor_say(d, FINDING_PROBLEM, "bpffs", "systemctl start run-lenscap-bpf.mount", "%s: %s", folder,
			   strerror(errno));
	} else if ((unsigned long)fs.f_type != BPFFS_MAGIC) {
		doctor_say(d, FINDING_PROBLEM, "bpffs", "systemctl start run-lenscap-bpf.mount",
			   "%s: no BPF file system is mounted there", folder);
	} else {
		doctor_say(d, FINDING_GOOD, "bpffs", NULL, "%s", folder);
		for (size_t i = 0; i < n; i++)
			good += examine_pin(d, folder, &pins[i]);
		if (good == n)
			doctor_say(d, FINDING_GOOD, "pins", NULL, "%zu maps with the right owners and modes", n);
	}
	free(folder);
}

/* The capability sets of a process that are not empty, as "CapEff CapBnd". */
static void read_capabilities(int64_t pid, char *sets, size_t size)
{
	char path[64], line[128], name[16];
	size_t used = 0;
	uint64_t bits;
	FILE *f;

	sets[0] = '\0';
	(void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%15[^:]: %" SCNx64, name, &bits) == 2 && strncmp(name, "Cap", 3) == 0 && bits &&
		    used + strlen(name) + 2 < size)
			used += (size_t)snprintf(sets + used, size - used, "%s%s", used ? " " : "", name);
	if (f)
		(void)fclose(f);
}

void doctor_programs(struct doctor *d)
{
	const struct health *h = &d->health;
	char sets[80];

	if (h->loader_running)
		doctor_say(d, FINDING_GOOD, "lenscap-loader", NULL, "runs, pid %" PRId64, state_int(h->loader, "pid"));
	if (!h->daemon_running)
		return; /* that it does not run is among the problems of `status` */
	read_capabilities(state_int(h->daemon, "pid"), sets, sizeof(sets));
	if (strstr(sets, "CapEff") || strstr(sets, "CapPrm") || strstr(sets, "CapAmb"))
		doctor_say(d, FINDING_PROBLEM, "lenscapd", "start it by its unit", "has capabilities: %s", sets);
	else
		doctor_say(d, FINDING_GOOD, "lenscapd", NULL, "runs without a capability, pid %" PRId64,
			   state_int(h->daemon, "pid"));
}

void doctor_lists(struct doctor *d)
{
	const struct config *c = d->cli->config;
	struct vendor_lists lists = {0};
	char error[FEED_ERROR] = "";

	if (c->n_lists == 0)
		return;
	if (vendor_lists(c->data, &lists, error) != 0)
		doctor_say(d, FINDING_PROBLEM, "vendor lists", "set paths.data, or install Lenscap's data", "%s",
			   error);
	for (size_t i = 0; i < lists.n; i++) {
		const struct vendor_list *l = &lists.list[i];

		if (l->error)
			doctor_say(d, FINDING_PROBLEM, "vendor list", "lenscap vendor compile", "%s", l->error);
		else if (l->edition + VENDOR_OLD_SECONDS < (int64_t)time(NULL))
			doctor_say(d, FINDING_WARNING, "vendor list", "lenscap vendor compile with a newer registry",
				   "%s: older than a year", l->name);
	}
	vendor_lists_free(&lists);
}

/* What to do about the way XDP is there, by the loader's word for it. */
static const struct {
	const char *xdp, *cure;
	enum finding finding;
} modes[] = {
    {"native", NULL, FINDING_GOOD},
    {"generic", "see the reason; it enforces, but each frame costs more", FINDING_WARNING},
    {"foreign", "tc enforces; for XDP remove the other program, Lenscap follows by itself", FINDING_WARNING},
    {"none", "tc enforces; see the reason", FINDING_WARNING},
};

/* The driver's name, asked of the interface itself: /sys may be another network namespace's. */
static void driver_of(const char *port, char driver[static 64])
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_data = (void *)&info};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", port);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request) != 0)
		(void)strcpy(info.driver, "driver unknown");
	(void)snprintf(driver, 64, "%.32s", info.driver);
	if (fd >= 0)
		(void)close(fd);
}

static void examine_port(struct doctor *d, const json_t *port)
{
	const char *name = state_string(port, "name"), *xdp = state_string(port, "xdp"), *tc = state_string(port, "tc");
	const char *why = state_string(port, "xdp_reason"), *tc_why = state_string(port, "tc_reason");
	const char *vlan = state_string(port, "vlan");
	enum finding finding = FINDING_PROBLEM;
	const char *cure = "see the reason, and the loader's log";
	char driver[64];

	for (size_t i = 0; xdp && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].xdp, xdp) == 0) {
			finding = modes[i].finding;
			cure = modes[i].cure;
		}
	}
	if (!state_bool(port, "enforcing")) {
		finding = FINDING_PROBLEM;
		cure = "nothing is enforced here: see the reason, and the loader's log";
	}
	driver_of(name ? name : "", driver);
	doctor_say(d, finding, name, cure, "%s: XDP %s%s%s%s, tc %s%s%s%s, VLAN verdicts by %s", driver,
		   xdp ? xdp : "?", why ? " (" : "", why ? why : "", why ? ")" : "", tc ? tc : "?", tc_why ? " (" : "",
		   tc_why ? tc_why : "", tc_why ? ")" : "", vlan && strcmp(vlan, "tc") == 0 ? "tc" : "XDP and tc");
}

void doctor_ports(struct doctor *d)
{
	const json_t *ports = state_get(d->health.loader, "ports");

	for (size_t i = 0; i < json_array_size(ports); i++)
		examine_port(d, json_array_get(ports, i));
}
