/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Where the bytes of a layer are, in libvirt's terms: what becomes `<source>`.
 */
#pragma once

#include <qblk/source.h>

/** A server.  A unix socket has only @transport and @socket. */
typedef struct {
    char *transport; /* NULL (TCP), "tcp", "unix" or "rdma" */
    char *name;
    char *port;
    char *socket;
} QblkSourceHost;

/**
 * A source.  Each text is owned, and NULL if it does not apply.  So one table of members can write
 * and read all of them.  It changes only while it is made.
 */
struct QblkSource {
    gatomicrefcount references;
    QblkSourceType type;
    char *path;     /* of the file, device, directory or socket */
    char *protocol; /* libvirt's name: "nbd", "rbd" ... */
    char *name;     /* of the image on the server: export, pool/image, volume/path, path */
    char *query;    /* of a URL */
    char *tls;      /* "yes" */
    char *tls_hostname;
    GPtrArray *hosts;                     /* of QblkSourceHost, owned */
    char *snapshot;                       /* rbd */
    char *config;                         /* rbd: path of a configuration file */
    char *auth_user;                      /* user to log in as; the secret is never kept */
    char *secret_type;                    /* "ceph", "iscsi" */
    char *secret_usage;                   /* the id of QEMU's secret object */
    char *initiator;                      /* iscsi: name of the initiator */
    char *identity_user, *identity_group; /* nfs */
    char *ssl_verify;                     /* "yes", "no" */
    char *readahead;                      /* bytes */
    char *timeout;                        /* seconds */
    char *pci_domain, *pci_bus, *pci_slot, *pci_function; /* nvme */
    char *nvme_namespace;
    char *slice_offset, *slice_size; /* bytes: only this part of the file is used */
    char *encryption;                /* "luks", "luks2", "qcow" */
    char *encryption_engine;         /* "librbd" if that decrypts instead of QEMU */
    QblkSource *data_store;          /* owned: the external data file of an image */
    char *data_format;
    GPtrArray *dropped; /* of char, owned: what the name specifies and is not here, for people */
};

/** Returns: (transfer full): a source without members */
QblkSource *qblk_source_new(QblkSourceType type);

/** Add a server.  Each text may be NULL and is copied. */
void qblk_source_add_host(QblkSource *source, const char *transport, const char *name,
                          const char *port, const char *socket);

/** A member that is a text, and its name in JSON. */
typedef struct {
    const char *name;
    gsize offset;
} QblkSourceMember;

/** Returns: (transfer none): the members that are a text; the last row has a NULL name */
const QblkSourceMember *qblk_source_members(void);

/** Access to the member at the offset @member. */
char **qblk_source_text(QblkSource *source, gsize member);
const char *qblk_source_get(const QblkSource *source, gsize member);

/** TRUE if @name has only the characters of libvirt's `genericName`. */
gboolean qblk_source_is_generic_name(const char *name);

/** Returns: (transfer full): the location in one line, for people and for comparing */
char *qblk_source_label(const QblkSource *source) G_GNUC_WARN_UNUSED_RESULT;

/** The reverse of qblk_source_type_name(): sets @type, or returns FALSE if @name (nullable) is not
 * a type. */
gboolean qblk_source_type_value(const char *name, QblkSourceType *type);

/**
 * Set an error for a file name or for driver options: QBLK_GRAPH_ERROR_SPEC if they are not valid,
 * QBLK_GRAPH_ERROR_UNSUPPORTED if libvirt's XML cannot express them.
 *
 * @reason: must not contain the name, which may contain a secret
 *
 * Returns: FALSE, for the caller to return
 */
gboolean qblk_source_set_invalid(const char *reason, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean qblk_source_set_unsupported(const char *reason, GError **error) G_GNUC_WARN_UNUSED_RESULT;
