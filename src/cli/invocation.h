/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * One run of the command: what was asked for, and what will be printed.
 */
#pragma once

#include "cli/print/output.h"

#include <qblk/snapshot.h>

typedef struct QblkCommand QblkCommand;

/** A number that was not given. */
#define QBLK_INVOCATION_UNSET G_MININT64

/** Options of the commands that run block jobs; texts are owned. */
typedef struct {
    char *base, *top;
    gboolean shallow, active, pivot, keep_overlay, keep_relative, delete_removed;
    char *format; /* of a copy */
    gboolean reuse_external, finish, synchronous_writes, blockdev;
    gint64 granularity, buffer_size; /* bytes, 0: QEMU's choice */
    gboolean info, abort, pause, resume, wait, watch;
    gboolean all_disks;
    gboolean dry_run, detach;
    gint64 bandwidth; /* MiB a second, or bytes; QBLK_INVOCATION_UNSET */
    gboolean in_bytes;
    double time_limit; /* seconds, 0: none */
    gboolean verbose;  /* show how far it is */
    gboolean force_managed;
} QblkJobOptions;

typedef struct {
    const QblkCommand *command;
    char **arguments; /* after the command's name and options, owned, NULL-terminated */
    guint count;      /* of them */

    gboolean verbose;   /* show what is said to QEMU and back */
    gboolean warned;    /* that QEMU is kept busy */
    int timeout_ms;     /* for the connection and each reply; 0: the default */
    gsize reply_limit;  /* bytes, 0: the default */
    char *state_dir;    /* directory of journals, or NULL */
    char *expect;       /* fingerprint, or NULL */
    char *image_format; /* of image:PATH as the user says it, or NULL */
    char *graph_format; /* of `graph`, or NULL */
    gboolean closes;    /* of `open-monitor` */
    QblkJobOptions job;
    QblkSnapshotOptions *snapshot_options;

    GPtrArray *domain; /* of QblkChain, owned: the disks of --domain; NULL where it is not given */

    QblkOutput output;
    int exit_code; /* if the command succeeds */
} QblkInvocation;

/**
 * Read the command line.  FALSE with QBLK_INVOCATION_ERROR_USAGE where it is wrong.  Prints help
 * and ends the process where help or the version was asked for.
 */
gboolean qblk_invocation_parse(QblkInvocation *invocation, int argc, char **argv,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_invocation_clear(QblkInvocation *invocation);

/** A command line that makes no sense. */
#define QBLK_INVOCATION_ERROR (qblk_invocation_error_quark())
GQuark qblk_invocation_error_quark(void);

typedef enum {
    QBLK_INVOCATION_ERROR_USAGE,
} QblkInvocationError;

/** FALSE, with QBLK_INVOCATION_ERROR_USAGE and a message as of printf(). */
#define qblk_invocation_usage(error, ...)                                                          \
    (g_set_error(error, QBLK_INVOCATION_ERROR, QBLK_INVOCATION_ERROR_USAGE, __VA_ARGS__), FALSE)
