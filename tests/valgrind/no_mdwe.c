/* SPDX-License-Identifier: GPL-2.0-only */
/* Loaded before lenscapd under valgrind, which writes code and then runs it: without this it could not, since lenscapd
 * forbids that to its whole process (PR_SET_MDWE). Everything else goes on to the kernel. */
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PR_SET_MDWE 65

int prctl(int option, ...);

int prctl(int option, ...)
{
	unsigned long argument[4];
	va_list list;

	va_start(list, option);
	for (int i = 0; i < 4; i++)
		argument[i] = va_arg(list, unsigned long);
	va_end(list);
	if (option == PR_SET_MDWE)
		return 0;
	return (int)syscall(SYS_prctl, option, argument[0], argument[1], argument[2], argument[3]);
}
