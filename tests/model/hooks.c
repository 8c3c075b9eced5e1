/* SPDX-License-Identifier: GPL-2.0-only */
/* The race detector's interface (gcc -fsanitize=thread, without its library): each access of instrumented code. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

struct maps maps;
enum mode mode;

size_t cell_of(const volatile void *address)
{
	uintptr_t at = (uintptr_t)address - (uintptr_t)&maps;

	return at < sizeof(maps) ? at / sizeof(uint64_t) : NO_CELL;
}

/* Programs read nothing of the head behind stash_used. */
static bool policy_cell(size_t cell)
{
	return cell != NO_CELL && (cell < CELL_EPOCH + 2 || cell >= sizeof(maps.head) / sizeof(uint64_t));
}

static void written(const volatile void *address)
{
	if (mode != MODE_WRITE || !policy_cell(cell_of(address)))
		return;
	printf("# a store that is not atomic, into cell %zu\n", cell_of(address));
	exit(1);
}

static void read_plainly(const volatile void *address)
{
	if (mode != MODE_READ || !policy_cell(cell_of(address)))
		return;
	printf("# a frame's load that the compiler may repeat, of cell %zu\n", cell_of(address));
	exit(1);
}

/* The declarations are the compiler's own business. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"

void __tsan_atomic64_store(volatile uint64_t *to, uint64_t value, int order)
{
	size_t cell = cell_of(to);

	if (mode != MODE_WRITE || cell == NO_CELL) {
		*to = value;
		return;
	}
	if (order != __ATOMIC_RELEASE && order != __ATOMIC_SEQ_CST) {
		printf("# a store into cell %zu that others may see before what was stored earlier\n", cell);
		exit(1);
	}
	trace_store(cell, value);
}

uint64_t __tsan_atomic64_load(const volatile uint64_t *from, int order)
{
	(void)order;
	return *from;
}

void __tsan_volatile_read8(void *address)
{
	if (mode == MODE_READ && cell_of(address) != NO_CELL)
		explore_load(cell_of(address));
}

void __tsan_init(void) {}
void __tsan_func_entry(void *caller) { (void)caller; }
void __tsan_func_exit(void) {}
void __tsan_read1(void *address) { read_plainly(address); }
void __tsan_read2(void *address) { read_plainly(address); }
void __tsan_read4(void *address) { read_plainly(address); }
void __tsan_read8(void *address) { read_plainly(address); }
void __tsan_read16(void *address) { read_plainly(address); }
void __tsan_write1(void *address) { written(address); }
void __tsan_write2(void *address) { written(address); }
void __tsan_write4(void *address) { written(address); }
void __tsan_write8(void *address) { written(address); }
void __tsan_write16(void *address) { written(address); }
void __tsan_read_range(void *address, unsigned long size) { (void)size; read_plainly(address); }
void __tsan_write_range(void *address, unsigned long size) { (void)size; written(address); }
void __tsan_unaligned_read2(void *address) { read_plainly(address); }
void __tsan_unaligned_read4(void *address) { read_plainly(address); }
void __tsan_unaligned_read8(void *address) { read_plainly(address); }
void __tsan_unaligned_read16(void *address) { read_plainly(address); }
void __tsan_unaligned_write2(void *address) { written(address); }
void __tsan_unaligned_write4(void *address) { written(address); }
void __tsan_unaligned_write8(void *address) { written(address); }
void __tsan_unaligned_write16(void *address) { written(address); }
