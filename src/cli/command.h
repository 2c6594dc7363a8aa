/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The commands of qblk: one row and one file each.
 */
#pragma once

#include "cli/invocation.h"

struct QblkCommand {
    const char *name;
    const char *alias;     /* virsh's name for it, or NULL */
    const char *arguments; /* for the usage line */
    guint least, most;     /* number of arguments */
    gboolean changes;      /* it changes the chain of a disk of a running VM */
    gboolean one_disk;     /* --expect has a chain to look at when a disk is named */
    gboolean own_format;   /* its --format is that of something else than image:PATH */
    const char *summary;
    /* adds options of its own, or NULL */
    void (*options)(QblkInvocation *invocation, GOptionContext *context);
    gboolean (*run)(QblkInvocation *invocation, GError **error);
};

/** All commands in the order of the help; ends with a NULL name. */
const QblkCommand *qblk_command_all(void);

/** The command called @name, by its own name or virsh's; NULL where there is none. */
const QblkCommand *qblk_command_find(const char *name);
