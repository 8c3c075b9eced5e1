# SPDX-License-Identifier: GPL-2.0-only
# make install DESTDIR=: programs, manual pages, vendor lists, units and defaults. uninstall leaves what people wrote.

CONFDIR ?= /etc/lenscap
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
LOGROTATEDIR ?= /etc/logrotate.d
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
INSTALL ?= install

LISTS := $(wildcard data/*.jsonl)
LIST_SOURCES := $(wildcard data/lists/*.yaml)
COMPLETION := $(wildcard dist/lenscap.bash-completion)
man_page = $(MANDIR)/man$(patsubst .%,%,$(suffix $(1)))/$(notdir $(1))

# Everything that is installed and may be removed again; the configuration is neither overwritten nor removed.
INSTALLED := $(SBINDIR)/lenscapd $(SBINDIR)/lenscap-loader $(BINDIR)/lenscap \
	$(addprefix $(UNITDIR)/,lenscapd.service lenscapd-fetch.service lenscapd-fetch.socket lenscap-loader.service run-lenscap-bpf.mount) \
	$(SYSUSERSDIR)/lenscap.conf $(TMPFILESDIR)/lenscap.conf $(LOGROTATEDIR)/lenscap \
	$(addprefix $(DATADIR)/,$(notdir $(LISTS)) names.yaml $(addprefix lists/,$(notdir $(LIST_SOURCES)))) \
	$(foreach page,$(MAN),$(call man_page,$(page))) $(if $(COMPLETION),$(COMPLETIONDIR)/lenscap)

FILL := sed -e 's|@SBINDIR@|$(SBINDIR)|g' -e 's|@DATADIR@|$(DATADIR)|g'
put = $(INSTALL) -D -m $(1) $(2) $(DESTDIR)$(3)

.PHONY: install uninstall
install: all
	$(Q)$(call put,0755,$(O)/lenscap,$(BINDIR)/lenscap)
	$(Q)$(call put,0755,$(O)/lenscapd,$(SBINDIR)/lenscapd)
	$(Q)$(call put,0755,$(O)/lenscap-loader,$(SBINDIR)/lenscap-loader)
	$(Q)mkdir -p $(O)/dist && for unit in lenscapd lenscapd-fetch lenscap-loader; do \
		$(FILL) dist/$$unit.service.in > $(O)/dist/$$unit.service && \
		$(call put,0644,$(O)/dist/$$unit.service,$(UNITDIR)/$$unit.service) || exit; done
	$(Q)$(call put,0644,dist/run-lenscap-bpf.mount,$(UNITDIR)/run-lenscap-bpf.mount)
	$(Q)$(call put,0644,dist/lenscapd-fetch.socket,$(UNITDIR)/lenscapd-fetch.socket)
	$(Q)$(call put,0644,dist/lenscap.sysusers,$(SYSUSERSDIR)/lenscap.conf)
	$(Q)$(call put,0644,dist/lenscap.tmpfiles,$(TMPFILESDIR)/lenscap.conf)
	$(Q)$(call put,0644,dist/lenscap.logrotate,$(LOGROTATEDIR)/lenscap)
	$(Q)for file in $(notdir $(LISTS)) names.yaml $(addprefix lists/,$(notdir $(LIST_SOURCES))); do \
		$(call put,0644,data/$$file,$(DATADIR)/$$file) || exit; done
	$(Q)$(foreach page,$(MAN),$(call put,0644,$(page),$(call man_page,$(page))) &&) true
	$(Q)$(if $(COMPLETION),$(call put,0644,$(COMPLETION),$(COMPLETIONDIR)/lenscap))
	$(Q)$(FILL) dist/lenscap.yaml > $(O)/dist/lenscap.yaml
	$(Q)[ -e $(DESTDIR)$(CONFDIR)/lenscap.yaml ] || $(call put,0644,$(O)/dist/lenscap.yaml,$(CONFDIR)/lenscap.yaml)
	$(call say,INSTALL,"in $(DESTDIR)/: systemd-sysusers; systemd-tmpfiles --create; systemctl daemon-reload")

uninstall:
	$(Q)rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	$(Q)rmdir --ignore-fail-on-non-empty $(DESTDIR)$(DATADIR)/lists $(DESTDIR)$(DATADIR) 2>/dev/null || true
	$(call say,REMOVED,"$(CONFDIR) stays; enforcement goes on until the bpffs is unmounted or the machine restarts")
