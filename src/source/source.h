/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Where the bytes of a layer are, in libvirt's terms: what becomes `<source>`.
 */
#pragma once

#include <qblk/error.h>

typedef enum {
    QBLK_SOURCE_FILE,
    QBLK_SOURCE_BLOCK,
    QBLK_SOURCE_DIR,
    QBLK_SOURCE_NETWORK,
    QBLK_SOURCE_NVME,
    QBLK_SOURCE_VHOST_USER,
    QBLK_SOURCE_VHOST_VDPA,
} QblkSourceType;

/** One server; a unix socket has only @transport and @socket. */
typedef struct {
    char *transport; /* NULL (TCP), "tcp", "unix" or "rdma" */
    char *name;
    char *port;
    char *socket;
} QblkSourceHost;

/**
 * A source.  Every text is owned and NULL where it does not apply, so that one table of members can
 * write and read them all.
 */
typedef struct QblkSource QblkSource;
struct QblkSource {
    QblkSourceType type;
    char *path;     /* of the file, device, directory or socket */
    char *protocol; /* libvirt's name: "nbd", "rbd" ... */
    char *name;     /* of the image at the server: export, pool/image, volume/path, path */
    char *query;    /* of a URL */
    char *tls;      /* "yes" */
    char *tls_hostname;
    GPtrArray *hosts;                     /* of QblkSourceHost, owned */
    char *snapshot;                       /* rbd */
    char *config;                         /* rbd: path of a configuration file */
    char *auth_user;                      /* user to log in as; the secret itself is never kept */
    char *secret_type;                    /* "ceph", "iscsi" */
    char *secret_usage;                   /* the id of QEMU's secret object */
    char *initiator;                      /* iscsi: name of this side */
    char *identity_user, *identity_group; /* nfs */
    char *ssl_verify;                     /* "yes", "no" */
    char *readahead;                      /* bytes */
    char *timeout;                        /* seconds */
    char *pci_domain, *pci_bus, *pci_slot, *pci_function; /* nvme */
    char *nvme_namespace;
    char *slice_offset, *slice_size; /* bytes: only this part is used */
    char *encryption;                /* "luks", "luks2", "qcow" */
    char *encryption_engine;         /* "librbd" where it is not QEMU that decrypts */
    QblkSource *data_store;          /* owned: the data of an image that has only metadata itself */
    char *data_format;
    GPtrArray *dropped; /* of char, owned: what was said and has no place here, for people */
};

QblkSource *qblk_source_new(QblkSourceType type);
void qblk_source_free(QblkSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSource, qblk_source_free)

/** Add a server; each text may be NULL and is copied. */
void qblk_source_add_host(QblkSource *source, const char *transport, const char *name,
                          const char *port, const char *socket);

/** A member that is a text, and its name in JSON. */
typedef struct {
    const char *name;
    gsize offset;
} QblkSourceMember;

/** All of them; ends with a NULL name. */
const QblkSourceMember *qblk_source_members(void);

/** A member that is a text, by its offset: for tables of them. */
char **qblk_source_text(QblkSource *source, gsize member);
const char *qblk_source_get(const QblkSource *source, gsize member);

/** Whether both say the same, but for what was dropped on the way. */
gboolean qblk_source_equal(const QblkSource *a, const QblkSource *b);

/** One line that says where a source is, for people and for comparing: a path, or like a URL. */
char *qblk_source_label(const QblkSource *source) G_GNUC_WARN_UNUSED_RESULT;

/** libvirt's `type=`: "file", "block", "dir", "network", "nvme", "vhostuser", "vhostvdpa". */
const char *qblk_source_type_name(QblkSourceType type);

/** The type of that name; FALSE for none of them. */
gboolean qblk_source_type_value(const char *name, QblkSourceType *type);
