/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What the command line of a QEMU, and the files of its -readconfig, tell of its guest.
 */
#pragma once

#include "image/qemu-program.h"
#include "vms/qemu-chardev.h"

typedef struct {
    char *chardev;        /* owned: the id of its character device, or NULL: @own */
    QblkQemuChardev *own; /* owned, or NULL */
    gboolean is_qmp;      /* the other kind is for people: HMP */
} QblkQemuMonitor;

typedef struct {
    QblkQemuProgram kind;
    char *program;        /* owned */
    char *name;           /* owned, or NULL */
    char *uuid;           /* owned, or NULL */
    char *id;             /* owned: of -id, an option of Proxmox VE, or NULL */
    GPtrArray *configs;   /* of char, owned: files of -readconfig */
    GPtrArray *monitors;  /* of QblkQemuMonitor, owned */
    GHashTable *chardevs; /* of QblkQemuChardev by id, owned */
    guint n_disks;
} QblkQemuLine;

/**
 * Read a command line.
 *
 * @arguments: (array zero-terminated=1): the command line
 *
 * Returns: (transfer full) (nullable): what it tells; NULL if it is not that of a QEMU
 */
QblkQemuLine *qblk_qemu_line_new(char *const *arguments) G_GNUC_WARN_UNUSED_RESULT;
void qblk_qemu_line_free(QblkQemuLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkQemuLine, qblk_qemu_line_free)

/** Add what one group of a file of -readconfig tells. */
void qblk_qemu_line_add_group(QblkQemuLine *line, const char *name, GHashTable *keyval);

/** Returns: (transfer none) (nullable): the character device of @monitor, if it is known */
const QblkQemuChardev *qblk_qemu_line_find_chardev(const QblkQemuLine *line,
                                                   const QblkQemuMonitor *monitor);
