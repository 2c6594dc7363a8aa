/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The forms of a layer specification: "vda", "vda[2]", "node:NAME", a path.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

#define QBLK_NODE_PREFIX "node:"

/** A disk and the index of one of its layers. */
typedef struct {
    char *target;
    gint64 index; /* 0 is the active layer, also if the text has no brackets */
} QblkIndexSpec;

/**
 * Parse "vda" or "vda[2]".  The index is decimal digits only: virsh also accepts a sign, a space
 * and leading zeros, which are refused here.
 *
 * Returns: the disk and the index, or NULL with QBLK_GRAPH_ERROR_SPEC if @text has another form.
 */
QblkIndexSpec *qblk_index_spec_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_index_spec_free(QblkIndexSpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkIndexSpec, qblk_index_spec_free)

/** TRUE if @text can only be a disk and an index: it has no '/' and ends in brackets. */
gboolean qblk_index_spec_has_brackets(const char *text);

/** TRUE if @text can only be the name of a node or a path: no disk has such a name. */
gboolean qblk_index_spec_is_node_or_path(const char *text);

/**
 * TRUE if @text is a disk, with an index or without, and not a path or a node-name.  A word that is
 * neither the name of a disk nor looks like one may be the file name of an image.
 *
 * @is_disk: a disk has the name @text
 */
gboolean qblk_index_spec_names_disk(const char *text, gboolean is_disk);
