/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a client of the bridge may do, and which commands the bridge decides on.
 */
#pragma once

#include <glib.h>

typedef enum {
    QBLK_ACCESS_FULL,
    QBLK_ACCESS_READ_ONLY, /* only commands that change nothing */
    QBLK_ACCESS_INTERNAL,  /* the bridge itself, which checks what it does */
    QBLK_ACCESS_DECIDER,   /* the bridge while it decides on a command, and holds others */
} QblkAccess;

/** Returns: TRUE for clients that are parts of the bridge */
gboolean qblk_access_is_internal(QblkAccess access);

typedef enum {
    QBLK_POLICY_FORWARD, /* to QEMU */
    QBLK_POLICY_DECIDE,  /* the bridge decides: a command of its own, or one that needs a look */
    QBLK_POLICY_REFUSE,
} QblkPolicyVerdict;

typedef struct QblkPolicy QblkPolicy;

/**
 * Patterns of names of commands, with `*` and `?`.
 *
 * @allow: (nullable) (array zero-terminated=1): what read-only clients may use as well
 * @deny: (nullable) (array zero-terminated=1): what no client may use, even if @allow has it
 */
QblkPolicy *qblk_policy_new(const char *const *allow, const char *const *deny);
void qblk_policy_free(QblkPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPolicy, qblk_policy_free)

/**
 * @has_layers: its arguments have strings that name layers
 * @reason: (out) (transfer full): set for QBLK_POLICY_REFUSE: a sentence for the client
 */
QblkPolicyVerdict qblk_policy_check(const QblkPolicy *policy, QblkAccess access,
                                    const char *command, gboolean has_layers, char **reason);

/** Returns: TRUE if @command, one of QEMU or of the bridge, only reads */
gboolean qblk_policy_is_read_only(const char *command);
