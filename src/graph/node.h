/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A block node of QEMU, and its edges to others.
 */
#pragma once

#include "base/json.h"
#include "graph/bitmap.h"
#include "source/driver.h"

#include <qblk/snapshot.h>

typedef struct {
    char *name;           /* shared: of the edge, as QEMU names it: "file", "backing" ... */
    const QblkNode *node; /* borrowed from the snapshot */
} QblkChild;

/** All texts but the name are shared by the nodes that have them: see qblk_node_set_text(). */
struct QblkNode {
    const QblkSnapshot *snapshot; /* its root; NULL: it does not belong to one */
    char *name;                   /* node-name */
    char *driver;                 /* as QEMU reports it */
    const QblkDriver *kind;       /* its row; NULL for an unknown driver */
    char *filename;               /* as QEMU reports it, without secrets */
    gboolean had_secrets;         /* secrets were removed from the file name */
    gboolean read_only;
    gboolean is_inactive;          /* another QEMU may use the image; FALSE before QEMU 10.0 */
    char *detects_zeroes;          /* "off", "on", "unmap", or NULL if not reported */
    gboolean is_direct;            /* cache=none or directsync: the host cache is not used */
    char *encryption;              /* "luks", "qcow" (the old encryption of qcow2), or NULL */
    GPtrArray *internal_snapshots; /* of QblkInternalSnapshot, owned; NULL: it has none */
    GPtrArray *bitmaps;            /* of QblkBitmap, owned; NULL: it has none */
    gboolean has_unnamed_bitmaps;  /* of a filter or job */
    gboolean is_qcow2_v2;          /* the old qcow2, which cannot store bitmaps */
    gboolean has_data_file;        /* qcow2 with an external data file */
    gint64 virtual_size;           /* bytes, or QBLK_UNKNOWN */
    gint64 actual_size;            /* bytes, or QBLK_UNKNOWN */
    gint64 written_end;     /* bytes up to the end of the last write since the node was opened,
                                      or QBLK_UNKNOWN: not asked for, or nothing was written */
    gint64 write_threshold; /* bytes: a write beyond causes an event; 0: not set */
    char *backing_name;     /* backing string of the header, without secrets, or NULL */
    char *backing_format;   /* backing format of the header, or NULL */
    GPtrArray *children;    /* of QblkChild, owned */
    GPtrArray *parents;     /* of QblkNode, borrowed; one entry for each edge */
    GPtrArray *users;       /* of QblkUser, owned: made at the first request; atomic */
};

/** Load one entry of query-named-block-nodes; @what is its name in errors. */
QblkNode *qblk_node_load(const QblkJson *entry, const char *what,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** A node of which only the name is known. */
QblkNode *qblk_node_new(const char *name);
void qblk_node_free(QblkNode *node);

/** Replace a shared text of a node by @value (nullable). */
void qblk_node_set_text(char **text, const char *value);

/** Returns: (transfer full): a list that owns its QblkChild */
GPtrArray *qblk_node_children_new(void);

/** Add a QblkChild to @children. */
void qblk_node_children_add(GPtrArray *children, const char *edge, const QblkNode *node);

/** Add an edge between two nodes of a snapshot that is being loaded. */
void qblk_node_add_child(QblkNode *parent, const char *name, QblkNode *child);

/** Returns: (nullable): the filtered child of a filter, by the row of its driver */
const QblkNode *qblk_node_filtered(const QblkNode *node);

/** The child that leads from @node towards the data: of a filter the filtered node, else "file". */
const QblkNode *qblk_node_storage(const QblkNode *node);

/** TRUE if the driver of @node is known and of that @kind. */
gboolean qblk_node_is(const QblkNode *node, QblkDriverKind kind);
