/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The commands of the bridge that read, with the JSON of `qblk --json`.
 */
#pragma once

#include "bridge/local-call.h"

typedef struct {
    char *disk; /* or NULL */
} QblkLocalDisk;

typedef struct {
    char *layer;
    char *expect; /* or NULL */
} QblkLocalLayer;

extern const QblkLocalMember *const qblk_local_members_disk[];
extern const QblkLocalMember *const qblk_local_members_layer[];

QblkJson *qblk_local_query_chains(QblkLocalCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
QblkJson *qblk_local_query_xml(QblkLocalCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
QblkJson *qblk_local_query_peer(QblkLocalCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
QblkJson *qblk_local_resolve(QblkLocalCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
QblkJson *qblk_local_check(QblkLocalCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
