/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The options that all kinds of plans have, as the planners read them.
 */
#pragma once

#include <qblk/plan-options.h>

struct QblkPlanOptions {
    gatomicrefcount references;
    gint64 speed; /* bytes per second, 0: no limit */
    gboolean allow_plaintext;
    gboolean delete_internal_snapshots;
    gboolean drop_bitmaps;
    GPtrArray *secrets;       /* of QblkSecretFile, owned */
    GPtrArray *ignored_users; /* of char, owned, ends with NULL */
    gboolean force_managed;
    gboolean dry_run;
    char *state_directory; /* owned, or NULL */
    int timeout_ms;
};

/** Replace the owned text at @field by a copy of @text (nullable). */
void qblk_plan_options_replace_text(const char **field, const char *text);
