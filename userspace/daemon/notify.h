/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages to the service manager that never make lenscapd wait for it. */
#ifndef LENSCAP_DAEMON_NOTIFY_H
#define LENSCAP_DAEMON_NOTIFY_H

/* Send TEXT ("STATUS=…") as sd_notify(3) would; lost when the manager does not read: the policy must not wait. */
void notify_send(const char *text);
#endif
