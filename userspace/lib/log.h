/* SPDX-License-Identifier: GPL-2.0-only */
/* Log lines to standard error: with sd-daemon(3) priority prefixes under systemd, with the program's name else. */
#ifndef LENSCAP_LIB_LOG_H
#define LENSCAP_LIB_LOG_H

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

void log_init(const char *program, enum log_level most);
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Send libbpf's messages here (its own to debug, warnings kept). Declared here, defined in log_bpf.c. */
void log_take_libbpf(void);
#endif
