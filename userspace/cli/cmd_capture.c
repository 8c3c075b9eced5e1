/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap capture: frames of flagged devices as pcapng, or a line each. Root opens everything, an ordinary user reads on. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../feed/entry.h"
#include "../lib/capture.h"
#include "../lib/mac.h"
#include "../lib/paths.h"
#include "capture_sink.h"

enum { MAC, PORT, ACTION, COUNT, FOR, SNAPLEN, WRITE };
const struct cli_option capture_options[] = {
    {'m', "mac", "MAC", "only this device"},
    {'p', "port", "IF", "only on this port"},
    {'a', "action", "ACTION", "only this final action: drop, divert, contain, mirror, monitor or allow"},
    {'c', "count", "N", "end after N frames"},
    {0, "for", "DURATION", "end after this time"},
    {0, "snaplen", "BYTES", "so much of each frame, 64 to 16384 (default 16384)"},
    {'w', "write", "FILE", "as pcapng; - for standard output (default: a line for each frame)"},
    {0, NULL, NULL, NULL},
};

#define POLL_MS 200
#define FINISH_SECONDS 2 /* for the reader to take the end */
#define LONGEST 604800 /* seven days */
#define SNAPLEN_LEAST 64u

struct session {
	struct cli *cli;
	struct lc_capture wanted;
	int64_t seconds; /* 0 = no end */
	int lock, file;	 /* -1 = none */
	struct counters *counters;
	struct capture *capture;
	struct sink sink;
};

static volatile sig_atomic_t ending, given_up;

/* First the end, then, when the reader does not take what is left of it in time, or at a second signal, no more. */
static void on_signal(int number)
{
	(void)number;
	given_up = ending;
	ending = 1;
	(void)alarm(FINISH_SECONDS);
}

/* Without SA_RESTART: a write that waits for its reader must end. */
static void take_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGALRM};
	const struct sigaction action = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)sigaction(numbers[i], &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that went is the end, not a fault */
}

/* ---- What is wanted ---- */
static bool read_mac(struct session *s)
{
	const char *text = s->cli->option[MAC], *reason = NULL;
	uint64_t mac48;

	if (!text)
		return true;
	if (mac_parse(text, &mac48, &reason) != 0) {
		(void)cli_say(s->cli, CLI_USAGE, "--mac %.64s: %s", text, reason);
		return false;
	}
	s->wanted.mac48 = mac48;
	if (mac48)
		return true;
	(void)cli_say(s->cli, CLI_USAGE, "--mac %.64s: no device has this address; leave --mac out for all", text);
	return false;
}

static bool read_action(struct session *s)
{
	const char *text = s->cli->option[ACTION];
	enum lc_action action = text ? action_parse(text) : LC_ABSENT;

	s->wanted.action = (uint8_t)action;
	if (!text || action >= LC_DROP)
		return true;
	(void)cli_say(s->cli, CLI_USAGE,
		      "--action %.64s: not a final action; use drop, divert, contain, mirror, monitor or allow", text);
	return false;
}

static bool read_numbers(struct session *s)
{
	uint64_t snaplen = LC_CAPTURE_MOST;

	if (!cli_uint(s->cli, COUNT, INT64_MAX, &s->sink.most) || !cli_uint(s->cli, SNAPLEN, LC_CAPTURE_MOST, &snaplen) ||
	    !cli_duration(s->cli, FOR, LONGEST, &s->seconds))
		return false;
	s->wanted.snaplen = (uint32_t)snaplen;
	s->sink.snaplen = (uint32_t)snaplen;
	if (snaplen < SNAPLEN_LEAST)
		(void)cli_say(s->cli, CLI_USAGE, "--snaplen %.64s: less than %u tells nothing of a frame", s->cli->option[SNAPLEN],
			      SNAPLEN_LEAST);
	if (s->cli->option[COUNT] && s->sink.most == 0)
		(void)cli_say(s->cli, CLI_USAGE, "--count %.64s: give how many frames, or leave it out", s->cli->option[COUNT]);
	return snaplen >= SNAPLEN_LEAST && (!s->cli->option[COUNT] || s->sink.most);
}

/* The number of the port; told when there is none of that name. */
static bool find_port(struct session *s)
{
	const char *name = s->cli->option[PORT];
	struct lc_port *ports = name ? calloc(LC_PORTS, sizeof(*ports)) : NULL;

	s->wanted.port = LC_CAPTURE_ANY_PORT;
	for (unsigned i = 0; ports && counters_ports(s->counters, ports) == 0 && i < LC_PORTS; i++)
		if (strcmp(ports[i].name, name) == 0 && *name)
			s->wanted.port = (uint16_t)i;
	free(ports);
	if (!name || s->wanted.port != LC_CAPTURE_ANY_PORT)
		return true;
	(void)cli_say(s->cli, CLI_FAILED, "--port %.64s: no such port; see: lenscap status", name);
	return false;
}

/* ---- Where it goes ---- */
/* A new file, or one of our own that is overwritten: never through a link, never into what somebody else can read. */
static int open_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat st;
	int err = fd < 0 ? -errno : 0;

	if (!err && fstat(fd, &st))
		err = -errno;
	if (!err && (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1))
		err = -EEXIST;
	if (!err && (fchmod(fd, 0600) || ftruncate(fd, 0)))
		err = -errno;
	if (!err)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return err;
}

static const char *why_no_file(int err)
{
	if (err == -ELOOP)
		return "is a symbolic link; name the file itself";
	return err == -EEXIST || err == -ENXIO ? "is there already and no file of your own; name another" : strerror(-err);
}

static bool read_write(struct session *s)
{
	const char *path = s->cli->option[WRITE], *wrong = NULL;

	if (!path || strcmp(path, "-") != 0)
		return true;
	if (out_is_json(s->cli->out))
		wrong = "standard output cannot be pcapng and JSON; leave out one of the two";
	else if (isatty(STDOUT_FILENO))
		wrong = "standard output is a terminal; pipe it: lenscap capture -w - | tshark -r -";
	if (wrong)
		(void)cli_say(s->cli, CLI_USAGE, "-w -: %s", wrong);
	else
		s->file = STDOUT_FILENO;
	return !wrong;
}

static bool open_output(struct session *s)
{
	const char *path = s->cli->option[WRITE];

	if (!path || s->file == STDOUT_FILENO)
		return true;
	s->file = open_file(path);
	if (s->file < 0)
		(void)cli_say(s->cli, CLI_FAILED, "%s: %s", path, why_no_file(s->file));
	return s->file >= 0;
}

static bool take_lock(struct session *s)
{
	char *path = path_join(s->cli->config->run, PATH_CAPTURE_LOCK);
	int err;

	s->lock = path ? open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600) : -1;
	err = s->lock < 0 || flock(s->lock, LOCK_EX | LOCK_NB) ? errno : 0;
	if (err == EWOULDBLOCK)
		(void)cli_say(s->cli, CLI_FAILED, "somebody captures already; one at a time");
	else if (err)
		(void)cli_say(s->cli, CLI_FAILED, "%s: %s", path ? path : "?", strerror(err));
	free(path);
	return err == 0;
}

/* ---- The life of it ---- */
static bool say_pins(const struct session *s, int err)
{
	(void)cli_say(s->cli, CLI_FAILED, "%s/bpf: %s; is lenscap-loader running, and are you root?", s->cli->config->run,
		      strerror(-err));
	return false;
}

static bool open_maps(struct session *s)
{
	char *dir = path_join(s->cli->config->run, PATH_BPF);
	int err = dir ? counters_open(dir, &s->counters) : -ENOMEM;

	s->sink.counters = s->counters;
	free(dir);
	return err ? say_pins(s, err) : true;
}

/* The kernel's copies begin with the last step: what is told of them must be known before. */
static bool start(struct session *s)
{
	char *dir = path_join(s->cli->config->run, PATH_BPF);
	int err = dir ? sink_open(&s->sink, s->file, s->wanted.port) : -ENOMEM;

	if (!err)
		err = capture_open(dir, &s->wanted, sink_frame, &s->sink, &s->capture);
	free(dir);
	if (err)
		return say_pins(s, err);
	if (!cli_drop_root(s->cli))
		return false;
	s->sink.labels = labels_new(s->cli);
	return s->sink.labels != NULL;
}

/* Nobody reads standard output any more. */
static bool reader_went(const struct session *s)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return (s->file < 0 || s->file == STDOUT_FILENO) && poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLHUP);
}

static int run(struct session *s)
{
	struct sink *sink = &s->sink;
	int err = 0;

	(void)alarm((unsigned)s->seconds);
	sink_flush(sink); /* who reads a pipe sees that it has begun */
	while (!err && !sink->done && !ending && !reader_went(s)) {
		err = capture_poll(s->capture, &sink->done, POLL_MS);
		sink_flush(sink);
	}
	ending = 1;
	(void)alarm(FINISH_SECONDS);
	capture_stop(s->capture);
	if (!err && !sink->done)
		err = capture_poll(s->capture, &sink->done, 0);
	sink_finish(sink);
	(void)alarm(0);
	if (err)
		return cli_say(s->cli, CLI_FAILED, "the kernel's buffer: %s", strerror(-err));
	if (sink->err == -EINTR)
		return cli_say(s->cli, CLI_FAILED, "standard output: nobody read on, so that its end is cut off");
	if (sink->err && sink->err != -EPIPE)
		return cli_say(s->cli, CLI_FAILED, "%s: %s", s->cli->option[WRITE] ? s->cli->option[WRITE] : "standard output",
			       strerror(-sink->err));
	return CLI_DONE;
}

static void show_end(const struct session *s)
{
	struct out *o = s->cli->out;
	bool lines = s->file < 0;

	if (s->file == STDOUT_FILENO || lines)
		(void)cli_say(s->cli, CLI_DONE, "%llu frames, %llu lost", (unsigned long long)s->sink.frames,
			      (unsigned long long)s->sink.lost);
	if (s->file == STDOUT_FILENO || s->sink.err)
		return;
	out_uint(o, "frames", lines ? NULL : "frames", s->sink.frames);
	out_uint(o, "lost", lines ? NULL : "lost", s->sink.lost);
}

static void end(struct session *s)
{
	capture_close(s->capture);
	sink_close(&s->sink);
	labels_free(s->sink.labels);
	counters_close(s->counters);
	if (s->file > STDOUT_FILENO)
		(void)close(s->file);
	if (s->lock >= 0)
		(void)close(s->lock);
}

int cmd_capture(struct cli *cli)
{
	struct session s = {.cli = cli, .lock = -1, .file = -1, .sink = {.cli = cli, .given_up = &given_up}};
	int code = CLI_FAILED;

	if (!read_mac(&s) || !read_action(&s) || !read_numbers(&s) || !read_write(&s))
		return CLI_USAGE;
	if (!cli_config(cli))
		return CLI_FAILED;
	take_signals();
	if (open_maps(&s) && find_port(&s) && take_lock(&s) && open_output(&s) && start(&s)) {
		code = run(&s);
		show_end(&s);
	}
	end(&s);
	return code;
}
