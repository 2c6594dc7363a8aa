/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * One run of the command: the parsed command line, and the output.
 */
#pragma once

#include "cli/print/output.h"

#include <qblk/address.h>
#include <qblk/domain.h>
#include <qblk/snapshot.h>
#include <qblk/vms.h>

typedef struct QblkCommand QblkCommand;

typedef struct {
    const QblkCommand *command;
    gpointer options;       /* owned: the command's own struct, or NULL */
    char **arguments;       /* owned, NULL-terminated: after the command's name and its options */
    guint count;            /* of them */
    QblkAddress *address;   /* owned: the VM argument, or NULL */
    char *given_vm;         /* owned: as it was given, or NULL */
    QblkVms *vms;           /* owned: those of this machine if they were looked for, or NULL */
    const char *default_vm; /* borrowed: of the environment, or NULL */

    /* If several VMs are given, or can be. */
    GPtrArray *vm_names;  /* owned, of char: as they were given; NULL: one VM, the first argument */
    gboolean has_vm_list; /* of --vms or --all */
    GPtrArray *each;      /* owned, of QblkInvocation: the command for each of them */

    /* If the VM is one of several. */
    gboolean is_early;     /* it is not its turn: warnings are kept */
    char *early_warning;   /* owned, or NULL */
    QblkSnapshot *fetched; /* owned: its graph, until it is used */
    GError *failure;       /* owned: why it cannot be used */

    /* Global options. */
    gboolean verbose;                      /* log QMP messages */
    int timeout_ms;                        /* for the connection and each reply */
    gsize reply_limit;                     /* bytes; 0: the default of the library */
    char *expect;                          /* owned: a fingerprint, or NULL */
    char *image_format;                    /* owned: of image:PATH, or NULL */
    char **secrets;                        /* owned: of encrypted images, ID=FILE each, or NULL */
    char **backing_formats;                /* owned: of image:PATH, [LAYER=]FORMAT, or NULL */
    char **image_backings;                 /* borrowed: --backing of image:PATH, or NULL */
    QblkSnapshotOptions *snapshot_options; /* owned */
    QblkDomain *domain;                    /* owned: of --domain, or NULL */
    char *naming; /* owned: --target and --domain as given, quoted for a shell; "" if not given */

    QblkOutput output;
    gboolean has_warned; /* that reading the graph keeps QEMU busy */
    int exit_code;       /* if the command succeeds */
} QblkInvocation;
