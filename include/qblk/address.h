/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The address of a VM: a monitor, or what takes the place of one.
 *
 * An address never changes, and several threads may use it at once.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

G_BEGIN_DECLS

/**
 * QblkAddress:
 *
 * The address of a VM.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkAddress QblkAddress;

/**
 * QblkAddressKind:
 * @QBLK_ADDRESS_KIND_UNIX: PATH with a '/', or unix:PATH: a QMP socket
 * @QBLK_ADDRESS_KIND_TCP: tcp:HOST:PORT
 * @QBLK_ADDRESS_KIND_FD: fd:N: an inherited, connected socket
 * @QBLK_ADDRESS_KIND_IMAGE: image:PATH: an image that no QEMU has open
 * @QBLK_ADDRESS_KIND_CAPTURE: capture:FILE: recorded replies
 * @QBLK_ADDRESS_KIND_DOMAIN: domain:FILE: libvirt domain XML
 * @QBLK_ADDRESS_KIND_SSH: ssh://[USER@]HOST[:PORT]/PATH: the QMP socket PATH of another machine,
 *   which ssh forwards
 *
 * The form of an address.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_ADDRESS_KIND_UNIX,
    QBLK_ADDRESS_KIND_TCP,
    QBLK_ADDRESS_KIND_FD,
    QBLK_ADDRESS_KIND_IMAGE,
    QBLK_ADDRESS_KIND_CAPTURE,
    QBLK_ADDRESS_KIND_DOMAIN,
    QBLK_ADDRESS_KIND_SSH,
} QblkAddressKind;

/**
 * qblk_address_kind_name:
 * @kind: a value
 *
 * Returns: "unix", "tcp", "fd", "image", "capture", "domain" or "ssh"
 *
 * Since: 0.1.0
 */
const char *qblk_address_kind_name(QblkAddressKind kind);

/**
 * qblk_address_parse:
 * @text: the address
 *
 * Parse an address.  Only the text is examined: nothing is opened.
 *
 * An IPv6 host must be in brackets: `tcp:[::1]:4444`.  A PATH without `unix:` must contain a '/',
 * and no ':' before it: otherwise it is taken for an unknown form.
 *
 * In `ssh://[USER@]HOST[:PORT]/PATH` the octets `%XX` of USER and PATH are decoded.  PATH is
 * absolute and goes to the end of the text.  HOST may be a name of the configuration of ssh.
 * A USER or HOST that begins with '-', or contains a character that is special to a shell, is
 * refused, because ssh hands both to commands of its configuration; so is a password.
 *
 * Returns: (transfer full): the address; NULL with QBLK_QMP_ERROR_ARGUMENT
 *
 * Since: 0.1.0
 */
QblkAddress *qblk_address_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_address_has_form:
 * @text: an argument of a command
 *
 * Returns: TRUE if @text is written as an address: it contains a '/' or begins with the prefix of
 *   one; other texts may be the names of VMs: see qblk_vms_resolve()
 *
 * Since: 0.1.0
 */
gboolean qblk_address_has_form(const char *text);

/**
 * qblk_address_ref:
 * @address: the address
 *
 * Returns: (transfer full): a further reference to @address
 *
 * Since: 0.1.0
 */
QblkAddress *qblk_address_ref(const QblkAddress *address);

/**
 * qblk_address_unref:
 * @address: (nullable) (transfer full): the address
 *
 * Release a reference; the last one frees the address.
 *
 * Since: 0.1.0
 */
void qblk_address_unref(QblkAddress *address);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkAddress, qblk_address_unref)

/**
 * qblk_address_get_kind:
 * @address: the address
 *
 * Returns: its form
 *
 * Since: 0.1.0
 */
QblkAddressKind qblk_address_get_kind(const QblkAddress *address);

/**
 * qblk_address_get_text:
 * @address: the address
 *
 * Returns: its text as it was given
 *
 * Since: 0.1.0
 */
const char *qblk_address_get_text(const QblkAddress *address);

/**
 * qblk_address_get_path:
 * @address: the address
 *
 * Returns: (nullable): the path of the socket, the image or the file, which is "-" for standard
 *   input; NULL for TCP and a descriptor
 *
 * Since: 0.1.0
 */
const char *qblk_address_get_path(const QblkAddress *address);

/**
 * qblk_address_get_user:
 * @address: the address
 *
 * Returns: (nullable): the user of ssh; NULL if ssh chooses it, and for all other kinds
 *
 * Since: 0.1.0
 */
const char *qblk_address_get_user(const QblkAddress *address);

/**
 * qblk_address_get_host:
 * @address: the address
 *
 * Returns: (nullable): the host of TCP or ssh, without brackets; NULL for all other kinds
 *
 * Since: 0.1.0
 */
const char *qblk_address_get_host(const QblkAddress *address);

/**
 * qblk_address_get_port:
 * @address: the address
 *
 * Returns: (nullable): the port of TCP or ssh, a decimal number; NULL if ssh chooses it, and for
 *   all other kinds
 *
 * Since: 0.1.0
 */
const char *qblk_address_get_port(const QblkAddress *address);

/**
 * qblk_address_has_monitor:
 * @address: the address
 *
 * Returns: TRUE if a QMP monitor answers there: it is a socket
 *
 * Since: 0.1.0
 */
gboolean qblk_address_has_monitor(const QblkAddress *address);

/**
 * qblk_address_can_reconnect:
 * @address: the address
 *
 * Returns: TRUE if a second connection can be made, so that one that was lost can be replaced
 *
 * Since: 0.1.0
 */
gboolean qblk_address_can_reconnect(const QblkAddress *address);

/**
 * qblk_address_is_local:
 * @address: the address
 *
 * Returns: TRUE if the files that the VM names are files of this machine: it is neither recorded
 *   nor reached over the network
 *
 * Since: 0.1.0
 */
gboolean qblk_address_is_local(const QblkAddress *address);

/**
 * qblk_address_to_absolute:
 * @address: the address
 *
 * Returns: (transfer full): the text of @address if it means the same from every working directory:
 *   for a socket its absolute path, else the text as it was given
 *
 * Since: 0.1.0
 */
char *qblk_address_to_absolute(const QblkAddress *address) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
