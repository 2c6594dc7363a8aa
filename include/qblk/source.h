/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sources: where the data of an image are, in libvirt's terms.
 *
 * A source never changes, and several threads may use it at once.  It never contains a secret.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

G_BEGIN_DECLS

/**
 * QblkSourceType:
 * @QBLK_SOURCE_FILE: a file
 * @QBLK_SOURCE_BLOCK: a block device
 * @QBLK_SOURCE_DIR: a directory that is served as a file system
 * @QBLK_SOURCE_NETWORK: an image on a server
 * @QBLK_SOURCE_NVME: an NVMe device that QEMU drives itself
 * @QBLK_SOURCE_VHOST_USER: another process, over a unix socket
 * @QBLK_SOURCE_VHOST_VDPA: a vDPA device
 *
 * The types of a source, which are those of libvirt's `<disk type=>`.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_SOURCE_FILE,
    QBLK_SOURCE_BLOCK,
    QBLK_SOURCE_DIR,
    QBLK_SOURCE_NETWORK,
    QBLK_SOURCE_NVME,
    QBLK_SOURCE_VHOST_USER,
    QBLK_SOURCE_VHOST_VDPA,
} QblkSourceType;

/**
 * qblk_source_type_name:
 * @type: a value
 *
 * Returns: "file", "block", "dir", "network", "nvme", "vhostuser" or "vhostvdpa"
 *
 * Since: 0.1.0
 */
const char *qblk_source_type_name(QblkSourceType type);

/**
 * QblkSource:
 *
 * Where the data of an image are.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkSource QblkSource;

/**
 * qblk_source_parse:
 * @name: a path, a URL, a string such as "rbd:pool/image", or `json:{...}`
 * @format: (out) (optional) (nullable) (transfer full): QEMU's name of the image format, NULL if
 *   @name does not specify it
 *
 * Parse a file name as QEMU takes it.  Secrets in @name are left out.
 *
 * Returns: (transfer full): the source; NULL with one of these errors:
 *   QBLK_GRAPH_ERROR_SPEC if @name has no valid form;
 *   QBLK_GRAPH_ERROR_UNSUPPORTED if libvirt's XML cannot express it
 *
 * Since: 0.1.0
 */
QblkSource *qblk_source_parse(const char *name, char **format,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_source_ref:
 * @source: the source
 *
 * Returns: (transfer full): a further reference to @source
 *
 * Since: 0.1.0
 */
QblkSource *qblk_source_ref(const QblkSource *source);

/**
 * qblk_source_unref:
 * @source: (nullable) (transfer full): the source
 *
 * Release a reference; the last one frees the source.
 *
 * Since: 0.1.0
 */
void qblk_source_unref(QblkSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSource, qblk_source_unref)

/**
 * qblk_source_get_source_type:
 * @source: the source
 *
 * Returns: the kind of the source
 *
 * Since: 0.1.0
 */
QblkSourceType qblk_source_get_source_type(const QblkSource *source);

/**
 * qblk_source_member_name:
 * @position: 0 for the first member
 *
 * List the members that a source can have beside its servers and its data store: "path",
 * "protocol", "name", "query" and others.  docs/json.md describes each.
 *
 * Returns: (nullable): the name of a member; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const char *qblk_source_member_name(guint position);

/**
 * qblk_source_get_member:
 * @source: the source
 * @name: a name of qblk_source_member_name()
 *
 * Returns: (nullable): the value; NULL if the member does not apply to the source, or no member has
 *   that name
 *
 * Since: 0.1.0
 */
const char *qblk_source_get_member(const QblkSource *source, const char *name);

/**
 * qblk_source_get_path:
 * @source: the source
 *
 * Returns: (nullable): the path of the file, device, directory or socket: the member "path"
 *
 * Since: 0.1.0
 */
const char *qblk_source_get_path(const QblkSource *source);

/**
 * qblk_source_get_n_hosts:
 * @source: the source
 *
 * Returns: the number of servers
 *
 * Since: 0.1.0
 */
guint qblk_source_get_n_hosts(const QblkSource *source);

/**
 * qblk_source_get_host_transport:
 * @source: the source
 * @host: 0 for the first server
 *
 * Returns: (nullable): "tcp", "unix" or "rdma" of a server; NULL is TCP
 *
 * Since: 0.1.0
 */
const char *qblk_source_get_host_transport(const QblkSource *source, guint host);

/**
 * qblk_source_get_host_name:
 * @source: the source
 * @host: 0 for the first server
 *
 * Returns: (nullable): the name of a server; NULL if it is a unix socket
 *
 * Since: 0.1.0
 */
const char *qblk_source_get_host_name(const QblkSource *source, guint host);

/**
 * qblk_source_get_host_port:
 * @source: the source
 * @host: 0 for the first server
 *
 * Returns: (nullable): the port of a server; NULL if it is not specified
 *
 * Since: 0.1.0
 */
const char *qblk_source_get_host_port(const QblkSource *source, guint host);

/**
 * qblk_source_get_host_socket:
 * @source: the source
 * @host: 0 for the first server
 *
 * Returns: (nullable): the path of a server's unix socket
 *
 * Since: 0.1.0
 */
const char *qblk_source_get_host_socket(const QblkSource *source, guint host);

/**
 * qblk_source_get_data_store:
 * @source: the source
 *
 * Returns: (transfer none) (nullable): the external data file of the image
 *
 * Since: 0.1.0
 */
const QblkSource *qblk_source_get_data_store(const QblkSource *source);

/**
 * qblk_source_get_n_dropped:
 * @source: the source
 *
 * Returns: the number of texts of qblk_source_get_dropped()
 *
 * Since: 0.1.0
 */
guint qblk_source_get_n_dropped(const QblkSource *source);

/**
 * qblk_source_get_dropped:
 * @source: the source
 * @position: 0 for the first text
 *
 * Returns: (nullable): a text for people on something that the file name specifies and that
 *   libvirt's XML cannot express, such as "the option 'cache-size'"
 *
 * Since: 0.1.0
 */
const char *qblk_source_get_dropped(const QblkSource *source, guint position);

/**
 * qblk_source_to_json:
 * @source: the source
 *
 * Returns: (transfer full): a JSON object, which docs/json.md describes
 *
 * Since: 0.1.0
 */
char *qblk_source_to_json(const QblkSource *source) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
