/* SPDX-License-Identifier: GPL-2.0-only */
/* The loop: changes of interfaces, signals, and a look at everything every few seconds. */
#include <bpf/bpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "../userspace/lib/log.h"
#include "../userspace/lib/switches.h"
#include "loader.h"

#define EXPIRED_NS 1000000000ull /* the programs go by a coarse clock */
#define LOOK_EVERY_US 5000000ull /* frozen maps, pins, foreign programs */

enum { ON_NETLINK, ON_SIGNAL, ON_TIMER, SOURCES };

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_timer(void)
{
	uint64_t watchdog = 0, every = LOOK_EVERY_US;
	struct itimerspec spec;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (sd_watchdog_enabled(0, &watchdog) > 0 && watchdog / 2 < every)
		every = watchdog / 2;
	spec.it_interval = (struct timespec){(time_t)(every / 1000000), (long)(every % 1000000) * 1000};
	spec.it_value = spec.it_interval;
	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL))
		return -errno;
	return fd;
}

static void notify_ready(const struct loader *loader)
{
	unsigned ports = 0, enforced = 0;

	for (unsigned n = 0; n < LC_PORTS; n++) {
		const struct port *port = loader->ports.port[n];

		if (!port || !port->present)
			continue;
		ports++;
		enforced += port->pub.tc != LC_TC_NONE;
	}
	(void)sd_notifyf(0, "READY=1\nSTATUS=%u of %u ports attached, generation %u, %zu warnings", enforced, ports,
			 loader->maps.control.generation, loader->told.n);
}

static void reload(struct loader *loader)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
			 (unsigned long long)now.tv_sec * 1000000ull + (unsigned long long)now.tv_nsec / 1000);
	loader_reload(loader);
	notify_ready(loader);
}

/* True: end. */
static bool on_signal(struct loader *loader, int fd)
{
	struct signalfd_siginfo info;
	bool end = false;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(loader);
		else
			end = true;
	}
	return end;
}

static void on_netlink(struct loader *loader)
{
	int changed = netlink_read(loader->netlink, loader->ifaces);

	if (changed < 0)
		log_error("netlink: %s; the list of interfaces is read again", strerror(-changed));
	if (changed < 0)
		(void)netlink_list(loader->netlink, loader->ifaces);
	if (changed)
		loader_sync(loader);
}

static void restore_pins(struct loader *loader)
{
	const struct owners *o = &loader->owners;
	unsigned again;
	int error = maps_pin_missing(&loader->maps, loader->bpf_dir, o->group, o->policy_group, &again);

	if (again)
		log_warning("%u pins of maps were gone from %s and are there again", again, loader->bpf_dir);
	if (error)
		log_error("cannot pin in %s: %s", loader->bpf_dir, strerror(-error));
}

/* What has ended by itself is written out, so that nobody has to compare clocks to see it. What `lenscap` sets anew at this very
 * moment stays. */
static void clear_expired(const struct loader *loader)
{
	static const enum lc_switch switches[] = {LC_SWITCH_BYPASS_UNTIL, LC_SWITCH_CAPTURE_UNTIL};
	int fd = loader->maps.fd[MAP_SWITCHES];
	uint64_t until, ns;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (!switch_get(fd, switches[i], &until) && until && until + EXPIRED_NS < ns)
			(void)switch_clear(fd, switches[i], until);
}

static void on_timer(struct loader *loader, int fd)
{
	uint64_t times;

	if (read(fd, &times, sizeof(times)) != sizeof(times))
		return;
	restore_pins(loader);
	loader_check_generation(loader, false);
	clear_expired(loader);
	loader_sync(loader);
	if (sd_watchdog_enabled(0, NULL) > 0) /* nobody may be reading: sending would wait for him */
		(void)sd_notify(0, "WATCHDOG=1");
}

static int loop(struct loader *loader, struct pollfd *fds)
{
	for (;;) {
		if (poll(fds, SOURCES, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[ON_SIGNAL].revents && on_signal(loader, fds[ON_SIGNAL].fd))
			return 0;
		if (fds[ON_NETLINK].revents)
			on_netlink(loader);
		if (fds[ON_TIMER].revents)
			on_timer(loader, fds[ON_TIMER].fd);
	}
}

int loader_watch(struct loader *loader)
{
	struct pollfd fds[SOURCES] = {
	    [ON_NETLINK] = {.fd = netlink_fd(loader->netlink), .events = POLLIN},
	    [ON_SIGNAL] = {.fd = open_signals(), .events = POLLIN},
	    [ON_TIMER] = {.fd = open_timer(), .events = POLLIN},
	};
	int error = fds[ON_SIGNAL].fd < 0 ? fds[ON_SIGNAL].fd : fds[ON_TIMER].fd < 0 ? fds[ON_TIMER].fd : 0;

	notify_ready(loader);
	if (!error)
		error = loop(loader, fds);
	(void)sd_notify(0, "STOPPING=1\nSTATUS=ended; everything attached stays in force");
	for (int i = ON_SIGNAL; i < SOURCES; i++)
		if (fds[i].fd >= 0)
			close(fds[i].fd);
	return error;
}
