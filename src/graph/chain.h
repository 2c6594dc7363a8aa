/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The chain: what everything after the graph works on, wherever it came from.
 */
#pragma once

#include "graph/device.h"
#include "graph/location.h"
#include "source/source.h"

#include <qblk/chain.h>

/** A node that passes requests on: a throttle, a copy-on-read, a job's own. */
typedef struct {
    char *node_name;
    char *driver;
} QblkFilter;

struct QblkLayer {
    guint position;
    gint64 index;           /* of "vda[N]", QBLK_UNKNOWN where it has none */
    char *node_name;        /* format node, NULL where unknown */
    char *storage;          /* protocol node, NULL where unknown */
    char *format;           /* QEMU's name: "qcow2" */
    char *xml_format;       /* libvirt's name, NULL where it has none */
    char *filename;         /* as QEMU says it, without secrets */
    QblkLocation *location; /* owned, what the source is decoded from; NULL in a document */
    QblkSource *source;     /* owned, read from a document, or NULL: see qblk_layer_source_new */
    char *problem;          /* why the document has no source, or NULL */
    gboolean read_only;
    gboolean had_secrets;       /* in the file name: it is not known whole */
    gint64 virtual_size;        /* bytes, or QBLK_UNKNOWN */
    gint64 actual_size;         /* bytes, or QBLK_UNKNOWN */
    char *backing_name;         /* the header's backing string, or NULL */
    char *backing_format;       /* the header's backing format, or NULL */
    GPtrArray *filters;         /* of QblkFilter, owned: above the format node, topmost first */
    GPtrArray *storage_filters; /* of QblkFilter, owned: between format and protocol node */
};

/** Where a running copy or active commit writes to. */
typedef struct {
    gboolean is_commit; /* active commit into a layer of the chain, else a copy */
    gboolean ready;
    gboolean is_complete; /* the place is known to have no backing; not read from documents */
    char *job;            /* id */
    QblkLayer *layer;     /* owned */
} QblkMirror;

struct QblkChain {
    guint references;
    char *target;
    QblkNameSource name_source;
    const char *bus; /* in libvirt's words, or NULL */
    QblkDeviceKind kind;
    char *alias;   /* qdev id, or NULL */
    char *qdev;    /* as QEMU says it, or NULL */
    char *backend; /* BlockBackend name, or NULL */
    char *root;    /* node-name of the topmost node that is no job's own, or NULL */
    char *serial;  /* or NULL */
    gboolean removable;
    gboolean tray_open;
    gboolean read_only;
    gboolean is_complete; /* the last layer is known to have no backing */
    gboolean has_libvirt_indexes;
    gboolean has_own_indexes; /* the document it was read from gave them */
    GPtrArray *layers;  /* of QblkLayer, owned, active layer first; empty for an empty drive */
    QblkMirror *mirror; /* owned, or NULL */
    char fingerprint[17];
    gpointer element; /* owned: libxml2's, of the document it was read from, or NULL */
    GDestroyNotify free_element;
};

QblkChain *qblk_chain_new(const char *target);

/**
 * The chain among @chains (of QblkChain) whose target is @name, as another reference to it, which
 * qblk_chain_free takes away.  QBLK_GRAPH_ERROR_NO_DISK lists those there are.
 */
QblkChain *qblk_chain_find(const GPtrArray *chains, const char *name,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
QblkLayer *qblk_chain_layer_new(void);
void qblk_chain_layer_free(QblkLayer *layer);

/**
 * The source of @layer.  It is decoded at each call: keep the result to use it twice.
 *
 * Returns: (transfer full): the source, or NULL with QBLK_GRAPH_ERROR_UNSUPPORTED or _SPEC if the
 * source cannot be told.
 */
QblkSource *qblk_layer_source_new(const QblkLayer *layer, GError **error) G_GNUC_WARN_UNUSED_RESULT;

GPtrArray *qblk_chain_filters_new(void); /* of QblkFilter, owned */
void qblk_chain_filter_add(GPtrArray *filters, const char *node_name, const char *driver);
