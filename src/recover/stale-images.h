/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The stale images of chains, for programs.
 */
#pragma once

#include "base/json.h"
#include "blockjob/merged-mark-plan.h"

#include <qblk/stale-images.h>

struct QblkStaleImage {
    QblkStaleImages *images;   /* it belongs to */
    const QblkStaleFile *file; /* borrowed from the list */
};

struct QblkStaleImages {
    gatomicrefcount references;
    GPtrArray *files;       /* of QblkStaleFile, owned */
    QblkStaleImage *images; /* one for each of them, owned */
};

/** Returns: (transfer full): the list `stale` of `qblk check --json` */
QblkJson *qblk_stale_images_json_new(const QblkStaleImages *images) G_GNUC_WARN_UNUSED_RESULT;
