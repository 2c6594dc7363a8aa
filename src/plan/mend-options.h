/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The options of a mend, as the planner reads them.
 */
#pragma once

#include <qblk/mend-options.h>

/** A backing file that the user knows.  Texts are owned. */
typedef struct {
    char *layer; /* whose header is to name it, as a user names a layer; NULL: the only wrong one */
    char *path;  /* absolute */
} QblkMendBacking;

struct QblkMendOptions {
    gatomicrefcount references;
    GPtrArray *backings;        /* of QblkMendBacking, owned */
    gboolean removes_leftovers; /* nodes and jobs that operations may have left */
    gboolean allows_unused; /* they are those of a plan, not of a user: some may not be needed */
};
