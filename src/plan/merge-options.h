/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The options of a commit and of a pull, as the planners read them.
 */
#pragma once

#include <qblk/merge-options.h>

/** Texts are owned by options that were made with qblk_commit_options_new(). */
struct QblkCommitOptions {
    gatomicrefcount references;
    const char *top;  /* a layer as a user names it; NULL: the active one */
    const char *base; /* NULL: the bottom, or with shallow the one directly below the top */
    gboolean shallow;
    gboolean has_keep;
    guint keep; /* overlays that stay, if has_keep */
    QblkCommitEnd end;
    gboolean keep_relative;
    gboolean delete_removed;
};

/** As QblkCommitOptions. */
struct QblkPullOptions {
    gatomicrefcount references;
    const char *base; /* a layer as a user names it, which stays; NULL: no layer stays */
    gboolean keep_relative;
};
