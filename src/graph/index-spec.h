/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * "vda[2]": a disk and, in brackets, the index of one of its layers.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

typedef struct {
    char *target;
    gint64 index; /* 0: the active layer, also where there are no brackets */
} QblkIndexSpec;

/**
 * Take @text apart.  The index is decimal digits only: no sign, no space, no leading zero (virsh
 * takes those and means the same number; here they are refused, because nobody means them).
 * QBLK_GRAPH_ERROR_SPEC where @text has another form.
 */
QblkIndexSpec *qblk_index_spec_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_index_spec_free(QblkIndexSpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkIndexSpec, qblk_index_spec_free)

/** Whether @text can only be meant as one: it has no '/' and ends in brackets. */
gboolean qblk_index_spec_has_brackets(const char *text);
