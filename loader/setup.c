/* SPDX-License-Identifier: GPL-2.0-only */
/* From nothing to attached, in an order that never leaves a port without the policy: maps, words, programs, pins. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../userspace/lib/file.h"
#include "../userspace/lib/log.h"
#include "../userspace/lib/paths.h"
#include "loader.h"
#include "lock.h"
#include "permits.h"
#include "privileges.h"
#include "protect.h"
#include "zones.h"

static int take_config(struct loader *loader)
{
	const struct options *o = &loader->options;
	char *text = NULL;
	int error;

	if (o->last_valid) {
		error = config_load_or_last(o->config, o->last_valid, &loader->config, &text);
	} else {
		error = config_load(o->config, &loader->config, &text);
	}
	if (error)
		log_error("%s", text ? text : strerror(-error));
	else if (loader->config->fallback)
		log_warning("the configuration is not valid, the last valid one in %s is used:\n%s", o->last_valid,
			    loader->config->error);
	free(text);
	return error;
}

/* The copy the next start falls back to. One of another instance is never overwritten: without --last-valid a file that
 * is not the default one is kept below its own state folder. */
static void keep_config(const struct loader *loader)
{
	const struct options *o = &loader->options;
	char *own = path_join(loader->config->state, "loader/config");
	const char *folder = o->last_valid ? o->last_valid : own;
	int error = folder && !loader->config->fallback ? config_keep(o->config, folder) : 0;

	if (error)
		log_warning("%s: cannot keep the valid configuration: %s", folder, strerror(-error));
	free(own);
}

static int make_places(struct loader *loader)
{
	pid_t holder = 0;
	int error = owners_find(loader->config, &loader->owners);

	if (!error)
		error = folders_make(loader->config, &loader->owners);
	if (error)
		return error;
	loader->lock = lock_take(loader->config->run, &holder);
	if (loader->lock == -EBUSY)
		log_error("lenscap-loader with pid %d runs already for %s: stop it first", (int)holder,
			  loader->config->run);
	else if (loader->lock < 0)
		log_error("%s/" PATH_LOADER_LOCK ": %s", loader->config->run, strerror(-loader->lock));
	if (loader->lock < 0)
		return loader->lock;
	loader->bpf_dir = path_join(loader->config->run, PATH_BPF);
	loader->snapshot = path_join(loader->config->state, PATH_SNAPSHOT);
	if (!loader->bpf_dir || !loader->snapshot)
		return -ENOMEM;
	return folders_bpffs(loader->bpf_dir, &loader->owners);
}

static int find_interfaces(struct loader *loader)
{
	int error;

	loader->ifaces = ifaces_new();
	error = loader->ifaces ? netlink_open(&loader->netlink) : -ENOMEM;
	if (!error)
		error = netlink_list(loader->netlink, loader->ifaces);
	if (error)
		log_error("cannot list the network interfaces: %s", strerror(-error));
	return error;
}

static int make_maps(struct loader *loader)
{
	int error = loader_first_generation(loader);

	if (error)
		log_error("cannot make the maps: %s%s", strerror(-error),
			  error == -EPERM ? "; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are needed" : "");
	return error;
}

static int pin_maps(struct loader *loader)
{
	const struct owners *o = &loader->owners;
	int error = maps_pin(&loader->maps, loader->bpf_dir, o->group, o->policy_group);

	if (!error)
		error = maps_publish_control(&loader->maps);
	if (error)
		log_error("cannot pin in %s: %s%s", loader->bpf_dir, strerror(-error),
			  error == -EPERM ? "; this process must be in both groups" : "");
	return error;
}

static int make_port_folder(const struct loader *loader)
{
	char *path = path_join(loader->bpf_dir, LC_PIN_PORT_DIR);
	int error = path ? folders_port(path) : -ENOMEM;

	free(path);
	return error;
}

static int give_rights_up(const struct loader *loader)
{
	int error = privileges_join(&loader->owners);

	if (!error)
		error = privileges_limit();
	if (error)
		log_error("cannot give up rights: %s", strerror(-error));
	return error;
}

static int attach_all(struct loader *loader)
{
	int error = make_maps(loader);

	if (!error)
		error = make_port_folder(loader);
	if (!error)
		error = ports_init(&loader->ports, loader->bpf_dir, loader->options.tc);
	if (!error)
		error = ports_adopt(&loader->ports, &loader->maps, loader->ifaces);
	if (error)
		return error;
	error = mirror_init(&loader->mirror, loader->bpf_dir);
	if (error)
		return error;
	mirror_adopt(&loader->mirror, &loader->maps);
	offload_recall(&loader->ports, loader->config->run);
	/* Programs of an earlier run are moved to these maps before the pins say so. With none there is nothing to
	 * move, and what keeps pins from being made (a group) is better known before anything is attached. */
	if (!ports_any(&loader->ports))
		error = pin_maps(loader);
	if (error)
		return error;
	loader_bring(loader);
	return pin_maps(loader);
}

int loader_start(struct loader *loader)
{
	int error = take_config(loader);

	maps_init(&loader->maps);
	loader->started = time(NULL);
	if (!error)
		error = make_places(loader);
	if (!error)
		error = give_rights_up(loader);
	if (!error)
		error = find_interfaces(loader);
	if (!error)
		error = attach_all(loader);
	if (error)
		return error;
	keep_config(loader);
	loader_sync(loader);
	return 0;
}

static void tell_new(struct loader *loader, const struct notes *notes, struct notes *now)
{
	for (size_t i = 0; i < notes->n; i++) {
		if (!notes_has(&loader->told, notes->text[i]))
			log_warning("%s", notes->text[i]);
		notes_add(now, "%s", notes->text[i]);
	}
}

/* Each warning once, and again only after it had gone. */
static void tell(struct loader *loader)
{
	struct notes now = {0};

	tell_new(loader, &loader->warnings, &now);
	for (unsigned n = 0; n < LC_PORTS; n++)
		if (loader->ports.port[n])
			tell_new(loader, &loader->ports.port[n]->warnings, &now);
	notes_clear(&loader->told);
	loader->told = now;
}

static void sync_ports(struct loader *loader)
{
	const struct iface *iface;
	struct plan plan;
	size_t n;
	int error;

	iface = ifaces_all(loader->ifaces, &n);
	error = plan_make(loader->config, iface, n, &plan);
	notes_copy(&loader->warnings, &plan.warnings);
	if (error) {
		log_error("cannot plan: %s", strerror(-error));
	} else {
		mirror_sync(&loader->mirror, &loader->maps, loader->config, &plan, loader->ifaces, loader->options.tc,
			    &loader->warnings);
		ports_sync(&loader->ports, &loader->maps, loader->config, &plan, loader->ifaces);
	}
	plan_free(&plan);
}

/* Pinned for readers once the programs have it. What cannot be made leaves the former one in force. */
static void pin_permits(struct loader *loader)
{
	const struct owners *o = &loader->owners;
	int error = maps_pin_one(&loader->maps, MAP_PERMITS, loader->bpf_dir, o->group, o->policy_group);

	if (error)
		log_error("cannot pin in %s: %s", loader->bpf_dir, strerror(-error));
}

void loader_bring(struct loader *loader)
{
	int error, permits;

	notes_clear(&loader->warnings);
	if (loader->standing.n && maps_words_in_force(&loader->maps))
		notes_clear(&loader->standing); /* lenscapd has filled the table since */
	notes_copy(&loader->warnings, &loader->standing);
	if (loader->capacity_warning)
		notes_add(&loader->warnings, "%s", loader->capacity_warning);
	/* Protected addresses come first: an interface that has just appeared must not be stopped by its own port. */
	error = protect_sync(&loader->maps, loader->config, loader->ifaces, &loader->warnings);
	if (error)
		notes_add(&loader->warnings, "cannot write the protected addresses: %s", strerror(-error));
	permits = permits_sync(&loader->maps, loader->config);
	if (permits < 0)
		notes_add(&loader->warnings, "cannot make the map of permitted addresses (%s): the former ones stay",
			  strerror(-permits));
	sync_ports(loader);
	if (permits > 0)
		pin_permits(loader);
	offload_remember(loader);
}

void loader_sync(struct loader *loader)
{
	int error;

	loader_bring(loader);
	tell(loader);
	error = state_publish(loader);
	if (error)
		log_error("%s/" PATH_LOADER_STATE ": %s", loader->config->run, strerror(-error));
}

/* What a running loader cannot follow. */
static bool same_places(const struct config *a, const struct config *b)
{
	return !strcmp(a->run, b->run) && !strcmp(a->state, b->state) && !strcmp(a->user, b->user) &&
	       !strcmp(a->group, b->group) && !strcmp(a->policy_group, b->policy_group);
}

static char *find_overlaps(const struct loader *loader, const struct config *config)
{
	struct notes errors = {0};
	char *first = NULL;
	const struct iface *iface;
	struct plan plan;
	size_t n;

	iface = ifaces_all(loader->ifaces, &n);
	if (!plan_make(config, iface, n, &plan))
		for (size_t i = 0; i < plan.n; i++)
			zones_check(config, plan.port[i].zone, plan.port[i].n_zones, plan.port[i].iface.name, &errors);
	plan_free(&plan);
	if (errors.n)
		first = strdup(errors.text[0]);
	notes_clear(&errors);
	return first;
}

static char *load_new(const struct loader *loader, struct config **config)
{
	char *error = NULL;
	int result = config_load(loader->options.config, config, &error);

	if (result)
		return error ? error : strdup(strerror(-result));
	if (!same_places(*config, loader->config))
		error = strdup("paths, user and groups change by a restart only (systemctl restart lenscap-loader)");
	else
		error = find_overlaps(loader, *config);
	if (error) {
		config_free(*config);
		*config = NULL;
	}
	return error;
}

void loader_reload(struct loader *loader)
{
	struct config *config = NULL;
	char *error = load_new(loader, &config);

	free(loader->config_error);
	loader->config_error = error;
	if (config) {
		config_free(loader->config);
		loader->config = config;
		keep_config(loader);
		loader_check_generation(loader, true);
		log_info("configuration read again");
	} else {
		log_error("the new configuration is not valid, the one before stays in force:\n%s",
			  error ? error : "out of memory");
	}
	loader_sync(loader);
}

void loader_free(struct loader *loader)
{
	ports_free(&loader->ports);
	mirror_free(&loader->mirror);
	maps_close(&loader->maps);
	netlink_close(loader->netlink);
	ifaces_free(loader->ifaces);
	config_free(loader->config);
	free(loader->config_error);
	free(loader->bpf_dir);
	free(loader->snapshot);
	free(loader->state_json);
	free(loader->capacity_warning);
	notes_clear(&loader->warnings);
	notes_clear(&loader->standing);
	notes_clear(&loader->told);
	if (loader->lock >= 0)
		close(loader->lock);
}
