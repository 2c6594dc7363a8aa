/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Opening a file of a process that has another root: a container, or a service of systemd.
 */
#pragma once

#include <glib.h>

/**
 * Like open(), with the directory @root as the root: links with absolute targets stay below it.
 *
 * If openat2(2) does not exist or is forbidden, as for services with RestrictSUIDSGID= and in some
 * containers, a path with links or `..` in it is refused instead: ELOOP, or ENOTDIR if a link is
 * not the last name.
 *
 * @flags: of open(), without O_CREAT; O_CLOEXEC is added
 *
 * Returns: a descriptor, or -1 with errno
 */
int qblk_open_below(const char *root, const char *path, int flags);
