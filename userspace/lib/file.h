/* SPDX-License-Identifier: GPL-2.0-only */
/* Files: bounded reads of regular files only, atomic writes. */
#ifndef LENSCAP_LIB_FILE_H
#define LENSCAP_LIB_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Open a regular file to read, as file_read() does; *st says who owns it. The descriptor, or a negative errno. */
int file_open(const char *path, struct stat *st);

/* Read a regular file of at most MAX bytes whole; *data is newly allocated and zero-terminated behind *size.
 * Follows no symlink in the last component, never blocks on a FIFO or device. -EFBIG over MAX, -EINVAL not regular. */
int file_read(const char *path, size_t max, char **data, size_t *size);
int file_read_stat(const char *path, size_t max, char **data, size_t *size, struct stat *st);

/* 0 when nobody but root and the owner of its folder may write or replace the file PATH, whose state is ST; -EPERM when
 * another may, another negative errno when the folder cannot be asked. For what a program believes because it wrote it. */
int file_private(const char *path, const struct stat *st);

/* Write aside in the same folder, fsync, rename over PATH, fsync the folder. On failure PATH is as it was and nothing
 * is left behind. DURABLE false leaves out both fsyncs (run folder: memory). gid -1: leave the group. */
int file_write(const char *path, const void *data, size_t size, mode_t mode, gid_t gid, bool durable);

/* fsync the folder that PATH is in. */
int file_sync_parent(const char *path);

/* mkdir -p with a mode for the last component. 0 also when it exists. */
int file_make_dir(const char *path, mode_t mode);

/* SHA-256 of bytes as 64 hex digits (libsodium). */
void sha256_hex(const void *data, size_t size, char out[static 65]);
#endif
