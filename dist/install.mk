# SPDX-License-Identifier: GPL-2.0-only
# make install DESTDIR=: programs, manual pages, vendor lists, units and defaults.
