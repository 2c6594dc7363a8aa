/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is at each node of a graph: its layer, and the jobs and exports that are drawn there.
 */
#pragma once

#include "cli/print/graph-selection.h"

typedef struct QblkGraphPlaces QblkGraphPlaces;

/**
 * @selection: (nullable): only its disks, jobs and exports count
 *
 * Returns: (transfer full): borrows the objects of @snapshot
 */
QblkGraphPlaces *qblk_graph_places_new(const QblkSnapshot *snapshot,
                                       const QblkGraphSelection *selection);
void qblk_graph_places_free(QblkGraphPlaces *places);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkGraphPlaces, qblk_graph_places_free)

/** Returns: (nullable): the child of @node that is below it in a chain: the backing file, or what a
 * filter filters */
const QblkNode *qblk_graph_places_next(const QblkNode *node);

/** Returns: (nullable): the first disk whose chain has @node, also as a filter */
const QblkDevice *qblk_graph_places_get_disk(const QblkGraphPlaces *places, const QblkNode *node);

/** Returns: (nullable): the layer that @node is, such as "vda[2]"; NULL for other nodes */
const char *qblk_graph_places_get_layer(const QblkGraphPlaces *places, const QblkNode *node);

/** Returns: (nullable): the first layer of @disk that belongs to the chain of an earlier disk */
const char *qblk_graph_places_get_shared_layer(const QblkGraphPlaces *places,
                                               const QblkDevice *disk);

/** Returns: (nullable) (element-type QblkJob): the jobs that are drawn at @node: at the filter of a
 * job, if it has one */
const GPtrArray *qblk_graph_places_get_jobs(const QblkGraphPlaces *places, const QblkNode *node);

/** Returns: (nullable): the node that @job writes to */
const QblkNode *qblk_graph_places_find_destination(const QblkJob *job);

/** Returns: (transfer none): the target of @disk, or else another name */
const char *qblk_graph_places_name(const QblkDevice *disk);

/**
 * Find what uses @node, of the chain of a disk, and is not of the same chain: a node such as a
 * snapshot that is exported, the chain of another disk, or other nodes of the same image.
 *
 * Returns: (transfer full) (element-type char): a text for each of them, not escaped
 */
GPtrArray *qblk_graph_places_find_users(const QblkGraphPlaces *places,
                                        const QblkNode *node) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (nullable) (element-type QblkExport): the exports of @node */
const GPtrArray *qblk_graph_places_get_exports(const QblkGraphPlaces *places, const QblkNode *node);
