/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The chain: the disk and its layers, from QEMU, an image or a document.
 */
#pragma once

#include "chain/location.h"
#include "graph/device.h"
#include "graph/layer-file.h"
#include "graph/snapshot.h"
#include "source/source.h"

#include <qblk/chain.h>

/** The pointers from filters, files, layers and mirrors to their chain are set by
 * qblk_chain_number(). */
struct QblkFilter {
    QblkChain *chain;
    char *node_name;
    char *driver;
    GPtrArray *others; /* of QblkFilterChild, owned: what it uses beside the node that it filters */
};

/** A node that a filter uses beside the one that it filters: the target of copy-before-write. */
typedef struct {
    char *edge; /* "target", "log" */
    char *node_name;
} QblkFilterChild;

struct QblkOpenFile {
    QblkChain *chain;
    char *filename;      /* as QEMU reports it */
    QblkLayerFile *file; /* the file that QEMU has open, or NULL */
};

/** Another file of an image: an external data file, an extent of VMDK.  It owns its members. */
typedef QblkOpenFile QblkFurtherFile;

struct QblkLayer {
    QblkChain *chain;
    char *spec; /* as users name it; set by qblk_chain_number() */
    guint position;
    gint64 index;           /* of "vda[N]", or QBLK_UNKNOWN */
    char *node_name;        /* format node, or NULL */
    char *storage;          /* protocol node, or NULL */
    char *format;           /* QEMU's name: "qcow2" */
    char *xml_format;       /* libvirt's name, or NULL */
    char *filename;         /* as QEMU reports it, without secrets */
    QblkLocation *location; /* owned, what the source is decoded from; NULL in a document */
    QblkSource *source;     /* owned, read from a document, or NULL: see qblk_layer_decode_source */
    char *problem;          /* why the document has no source, or NULL */
    QblkLayerFile *file; /* owned, the file that QEMU has open; NULL: not asked for, or no file */
    QblkOpenFile open_file;        /* @filename and @file, borrowed */
    char *encryption;              /* "luks", "qcow"; NULL: its data are not encrypted */
    GPtrArray *internal_snapshots; /* of QblkInternalSnapshot, a reference; NULL: it has none */
    GPtrArray *bitmaps;            /* of QblkBitmap, a reference; NULL: it has none */
    GPtrArray *users;        /* of QblkLayerUser, owned; NULL: only the chain and its disk use it */
    gboolean has_more_users; /* @users does not have all */
    GPtrArray *further_files; /* of QblkFurtherFile, owned; NULL: it has no other files */
    gboolean is_qcow2_v2;     /* the old qcow2, which cannot store bitmaps */
    gboolean read_only;
    gboolean is_inactive;       /* another QEMU may use its image, as in QblkNode */
    gboolean had_secrets;       /* the file name is incomplete: secrets were removed */
    gint64 virtual_size;        /* bytes, or QBLK_UNKNOWN */
    gboolean is_device;         /* its file is a block device */
    gint64 actual_size;         /* bytes, or QBLK_UNKNOWN: of a block device, for example */
    gint64 written_end;         /* of QblkNode, of a block device; else QBLK_UNKNOWN */
    gint64 write_threshold;     /* bytes of the file or device, as in QblkNode */
    char *backing_name;         /* backing string of the header, or NULL */
    char *backing_format;       /* backing format of the header, or NULL */
    GPtrArray *filters;         /* of QblkFilter, owned: above the format node, topmost first */
    GPtrArray *storage_filters; /* of QblkFilter, owned: between format and protocol node */
};

/** The target of a running copy or active commit. */
struct QblkMirror {
    QblkChain *chain;
    gboolean is_commit; /* active commit into a layer of the chain, else a copy */
    gboolean ready;
    gboolean is_complete; /* the target is known to have no backing file; FALSE in a document */
    char *job;            /* id */
    QblkLayer *layer;     /* owned */
};

struct QblkChain {
    gatomicrefcount references;
    char *target;
    QblkNameSource name_source;
    const char *bus; /* libvirt's name, or NULL */
    QblkDeviceKind kind;
    char *alias;   /* qdev id, or NULL */
    char *qdev;    /* as QEMU reports it, or NULL */
    char *backend; /* BlockBackend name, or NULL */
    char *root;    /* node-name of the topmost node, not counting filters of jobs, or NULL */
    char *serial;  /* or NULL */
    gboolean removable;
    gboolean tray_open;
    gboolean read_only;
    char *io_status;      /* as in QblkDevice, or NULL; QEMU keeps it when the guest is resumed */
    gboolean is_stopped;  /* the guest is stopped because of it */
    gboolean is_complete; /* the last layer is known to have no backing file */
    char *unknown_files;  /* why the files of the layers are not known, or NULL */
    gboolean has_libvirt_indexes;
    gboolean has_own_indexes;   /* the document specifies them */
    gboolean has_passing_nodes; /* of a private daemon: they are not in the fingerprint */
    GPtrArray *layers;  /* of QblkLayer, owned, active layer first; empty for an empty drive */
    QblkMirror *mirror; /* owned, or NULL */
    char fingerprint[17];
    gpointer document; /* owned: a copy of the element that it was read from, or NULL */
    GDestroyNotify free_document;
};

QblkChain *qblk_chain_new(const char *target);

/** Make the chain from any @node downwards; its target is the name of the node. */
QblkChain *qblk_snapshot_chain_of_node(const QblkSnapshot *snapshot, const QblkNode *node,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Set QBLK_GRAPH_ERROR_NO_DISK for the disk @name, which @chains (of QblkChain) do not have. */
void qblk_chain_set_unknown(const GPtrArray *chains, const char *name, GError **error);

QblkLayer *qblk_chain_layer_new(void);
void qblk_chain_layer_free(QblkLayer *layer);

/** Add a QblkFurtherFile to @layer; both values are copied. */
void qblk_chain_further_file_add(QblkLayer *layer, const char *filename, const QblkLayerFile *file);

/**
 * Compare the files that QEMU has open for @a and @b, of which the images may be parts.
 *
 * Returns: FALSE if one of the files is not known
 */
gboolean qblk_layer_has_same_file(const QblkLayer *a, const QblkLayer *b,
                                  gboolean *is_same) G_GNUC_WARN_UNUSED_RESULT;

GPtrArray *qblk_chain_filters_new(void); /* of QblkFilter, owned */

/** Add a QblkFilter to @filters. */
void qblk_chain_filter_add(GPtrArray *filters, const char *node_name, const char *driver);

/** Add a QblkFilterChild to the last of @filters. */
void qblk_chain_filter_add_other(GPtrArray *filters, const char *edge, const char *node_name);
