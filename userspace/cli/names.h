/* SPDX-License-Identifier: GPL-2.0-only */
/* Words for the numbers of bpf/abi.h. */
#ifndef LENSCAP_CLI_NAMES_H
#define LENSCAP_CLI_NAMES_H

#include <stdint.h>

#include "../../bpf/abi.h"

const char *reason_name(unsigned reason); /* "stopped in XDP"; "unknown" */
const char *reason_key(unsigned reason);  /* "stopped_xdp"; NULL = no such reason */
const char *xdp_mode_name(unsigned mode);
const char *tc_mode_name(unsigned mode);
/* "untagged", "odd", "200". */
#define VLAN_TEXT 12
void vlan_format(unsigned vlan, char out[static VLAN_TEXT]);
/* An entry as a word: "44:19:b6/24"; and its verdict, "quarantine" or "quarantine (dry-run)". */
#define ENTRY_TEXT 24
void entry_format(uint64_t word, char out[static ENTRY_TEXT]);
const char *verdict_name(unsigned nibble);
#endif
