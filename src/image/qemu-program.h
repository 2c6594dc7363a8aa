/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Programs of QEMU, by their command line.
 */
#pragma once

#include <glib.h>

typedef enum {
    QBLK_QEMU_PROGRAM_NONE,
    QBLK_QEMU_PROGRAM_SYSTEM,
    QBLK_QEMU_PROGRAM_STORAGE_DAEMON,
} QblkQemuProgram;

/**
 * Find out which program of QEMU was started by a command line: by its name, also after a dynamic
 * loader and its options.
 *
 * @arguments: (array zero-terminated=1): the command line
 * @program: (out) (transfer none): the name of the program as it was given
 * @options: (out): the index of the first argument after it
 *
 * Returns: QBLK_QEMU_PROGRAM_NONE, and sets nothing, if it is neither a system emulator nor the
 * storage daemon
 */
QblkQemuProgram qblk_qemu_program_find(char *const *arguments, const char **program,
                                       guint *options);

/** Returns: the index of the program in @arguments (array zero-terminated=1), which may be after a
 * dynamic loader and its options */
guint qblk_qemu_program_skip_loader(char *const *arguments);

/** Returns: TRUE if the process @pid runs a program of QEMU; FALSE also if its arguments cannot be
 * read */
gboolean qblk_qemu_program_runs(gint64 pid);
