/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The file that QEMU has open for a layer, and what the name of the layer means now.
 *
 * QEMU opens an image again by its name when a job has to write to it, and the headers of other
 * images name it.  If the name has come to mean another file since, the job would write to that
 * file with the tables of the old one in memory.
 */
#pragma once

#include "graph/node.h"
#include "graph/replies.h"
#include "image/opened-files.h"

#include <qblk/graph-kinds.h>

/** Texts are owned. */
typedef struct {
    QblkFileState state;
    QblkFileIdentity open;  /* the file that QEMU has open; zero if that is not known */
    QblkFileIdentity named; /* the file that the name means now; zero if it means no file */
    gboolean named_is_open; /* QEMU has @named open, for this layer or another one */
    gint64 offset;          /* of the image in the file, in bytes */
    char *path;             /* leads to @open now, absolute, as QEMU sees it; NULL: not known */
    char *here;             /* the same for this process; NULL: not known */
    gboolean is_deleted;    /* @open has no name any longer */
    const char *reason;     /* constant: why only this file is not known, or NULL */
} QblkLayerFile;

void qblk_layer_file_free(QblkLayerFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkLayerFile, qblk_layer_file_free)

/** Returns: (transfer full) (nullable): a copy of @file (nullable) */
QblkLayerFile *qblk_layer_file_copy(const QblkLayerFile *file) G_GNUC_WARN_UNUSED_RESULT;

/** TRUE if @file (nullable) is not the one that its name leads to, or if that is not known. */
gboolean qblk_layer_file_differs(const QblkLayerFile *file);

/** TRUE if the file that QEMU has open is known. */
gboolean qblk_layer_file_is_known(const QblkLayerFile *file);

/** TRUE if QEMU has a file open that is known, and @file has a path that leads to it. */
gboolean qblk_layer_file_has_path(const QblkLayerFile *file);

/** Returns: why @file is not known; @unknown (nullable) is why no file is known. */
const char *qblk_layer_file_reason(const QblkLayerFile *file, const char *unknown);

/**
 * Returns: (transfer full): the state of @file, of a layer with the name @name, in a sentence that
 * names both files.  @unknown: (nullable): why no file is known.
 */
char *qblk_layer_file_describe(const QblkLayerFile *file, const char *name,
                               const char *unknown) G_GNUC_WARN_UNUSED_RESULT;

/** TRUE if @node opens a file or device of the machine of QEMU by its name. */
gboolean qblk_layer_file_applies(const QblkNode *node);

/** Look up what the names of @nodes (of QblkNode) mean to the process of @opened. */
void qblk_layer_files_look_up(QblkOpenedFiles *opened, const GPtrArray *nodes);

/**
 * Find the file that QEMU has open for each node.  A pure function of its arguments, unless two
 * nodes have one name: then the headers of the open files are read.
 *
 * The kernel lists what a process has open, but not which node has opened it.  A node has the file
 * that its name leads to if the process has it open as often as nodes have that name.  Otherwise
 * it has the deleted file that had its name, or the one that the header above leads to, or the only
 * one of its size; if that is not unique the file is not known.
 *
 * @nodes: of QblkNode, with their edges
 * @fdsets: (nullable): the reply to query-fdsets
 * @unknown: (out) (transfer full) (nullable): why nothing is known
 *
 * Returns: (transfer full): node-name of a protocol node, borrowed from it -> QblkLayerFile, owned
 */
GHashTable *qblk_layer_files_load(const GPtrArray *nodes, QblkOpenedFiles *opened,
                                  const QblkJson *fdsets, char **unknown) G_GNUC_WARN_UNUSED_RESULT;
