/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A block node of QEMU, and its edges to others.
 */
#pragma once

#include "base/json.h"
#include "source/driver.h"

#include <qblk/chain.h>

typedef struct QblkNode QblkNode;

typedef struct {
    char *name;           /* of the edge, as QEMU names it: "file", "backing", "data-file" ... */
    const QblkNode *node; /* borrowed from the snapshot */
} QblkChild;

struct QblkNode {
    char *name;             /* node-name */
    char *driver;           /* as QEMU says it */
    const QblkDriver *kind; /* its row; NULL for a driver that is not known */
    char *filename;         /* as QEMU reports it, without secrets */
    gboolean had_secrets;   /* something was taken out of the file name */
    gboolean read_only;
    char *detects_zeroes;   /* "off", "on", "unmap", or NULL where not said */
    gboolean is_direct;     /* cache=none, directsync: the host's cache is not used */
    char *encryption;       /* "luks", "qcow" (the old one of qcow2), or NULL */
    gboolean has_data_file; /* qcow2 with an external data file */
    gint64 virtual_size;    /* bytes, QBLK_UNKNOWN where not said */
    gint64 actual_size;     /* bytes, QBLK_UNKNOWN where not said */
    char *backing_name;     /* the header's backing string, without secrets, or NULL */
    char *backing_format;   /* the header's backing format, or NULL */
    GPtrArray *children;    /* of QblkChild, owned */
    GPtrArray *parents;     /* of QblkNode, borrowed; one entry for each edge */
};

/** Read one entry of query-named-block-nodes; @what names it in errors. */
QblkNode *qblk_node_load(const QblkJson *entry, const char *what,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** A node of which nothing but the name is known. */
QblkNode *qblk_node_new(const char *name);
void qblk_node_free(QblkNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkNode, qblk_node_free)

/** A list of QblkChild, and one more in it. */
GPtrArray *qblk_node_children_new(void);
void qblk_node_children_add(GPtrArray *children, const char *edge, const QblkNode *node);

/** Add an edge; both nodes belong to one snapshot that is being loaded. */
void qblk_node_add_child(QblkNode *parent, const char *name, QblkNode *child);

/** The child at the end of the edge @name, NULL where there is none. */
const QblkNode *qblk_node_child(const QblkNode *node, const char *name);

/** The filtered child of a filter, found by the driver's row; NULL for other nodes. */
const QblkNode *qblk_node_filtered(const QblkNode *node);

/** The child that leads from @node towards the data: of a filter the filtered node, else "file". */
const QblkNode *qblk_node_storage(const QblkNode *node);

gboolean qblk_node_is(const QblkNode *node, QblkDriverKind kind);
