/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The options of new overlays, and an overlay that is being planned.
 */
#pragma once

#include "image/destination.h"
#include "plan/new-image.h"
#include "plan/plan-files.h"

#include <qblk/overlay-options.h>

struct QblkOverlayOptions {
    gatomicrefcount references;
    GHashTable *files;      /* disk -> path, both owned */
    const char *suffix;     /* owned; NULL: the time */
    const char *format;     /* owned; NULL: qcow2 */
    const char *encryption; /* owned: id of the secret object with the key; NULL: none */
    gint64 cluster_size;    /* bytes; 0: QEMU's choice */
    gboolean reuse;         /* the files are images, which are used as they are */
    gboolean relative;      /* the backing strings have to be relative */
};

/** An overlay that is being planned.  Borrowed, unless noted. */
typedef struct {
    const QblkPlanContext *context;
    const QblkOverlayOptions *options;
    const char *path;             /* absolute */
    const QblkDestination *place; /* what is there; NULL: not known, it is on another machine */
    const QblkChain *found; /* chain of the image that exists there; NULL: no image, or not known */

    /* Set by the planner. */
    const QblkChain *chain;
    const QblkLayer *top;
    const char *format;
    char *backing_name; /* owned: for its header; NULL: it has a header */
    QblkNewImage image;
    QblkFileUses uses;
} QblkOverlayRequest;

/** Returns: (transfer full): a copy that can be changed */
QblkOverlayOptions *qblk_overlay_options_copy(const QblkOverlayOptions *options)
    G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): options with which the same overlay is planned as by @plan, which is
 * consistent */
QblkOverlayOptions *qblk_overlay_options_of_plan(const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer none): the format of the overlays */
const char *qblk_overlay_options_get_format(const QblkOverlayOptions *options);
