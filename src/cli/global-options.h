/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Options that all commands have, before or after the command's name.
 */
#pragma once

#include "cli/invocation.h"
#include "cli/vm-list.h"

/** The options as the command line has them; texts are owned. */
typedef struct {
    gboolean help, version, json, verbose, wide;
    double timeout;   /* seconds, -G_MAXDOUBLE if not given */
    gint64 max_reply; /* MiB, G_MININT64 if not given */
    char **targets;   /* NULL-terminated, or NULL */
    char **secrets;
    char **backing_formats; /* of image:PATH */
    char *domain;
    char *expect;
    char *edges;
    char *color;
    char *format; /* of image:PATH */
    QblkVmListOptions vms;
} QblkGlobalOptions;

/** Set all options to "not given". */
void qblk_global_options_init(QblkGlobalOptions *options);
void qblk_global_options_clear(QblkGlobalOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkGlobalOptions, qblk_global_options_clear)

/**
 * Add the options before the command's name to those after it, which take precedence.
 *
 * @front: is left empty
 */
void qblk_global_options_merge(QblkGlobalOptions *options, QblkGlobalOptions *front);

/**
 * Check the options and store copies of their values in @invocation, whose command and arguments
 * are set.  Without a VM, because there are several, what depends on it is not checked.
 *
 * Returns: FALSE with an error of qblk_command_line_parse()
 */
gboolean qblk_global_options_apply(const QblkGlobalOptions *options, QblkInvocation *invocation,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
