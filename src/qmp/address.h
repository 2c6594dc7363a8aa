/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The VM argument, parsed once: a monitor, or what takes the place of one.
 */
#pragma once

#include <glib.h>

typedef enum {
    QBLK_ADDRESS_UNIX,    /* PATH with a '/', or unix:PATH */
    QBLK_ADDRESS_TCP,     /* tcp:HOST:PORT */
    QBLK_ADDRESS_FD,      /* fd:N, or qblk_address_new_fd() */
    QBLK_ADDRESS_IMAGE,   /* image:PATH */
    QBLK_ADDRESS_CAPTURE, /* capture:FILE */
    QBLK_ADDRESS_DOMAIN,  /* domain:FILE */
} QblkAddressKind;

typedef struct {
    QblkAddressKind kind;
    char *text; /* owned: the argument as it was given */
    char *path; /* owned: of the socket, the image or the file ("-" is standard input), else NULL */
    char *host; /* owned: tcp, without the brackets of an IPv6 address */
    char *port; /* owned: tcp, a number from 1 to 65535 */
    int fd;     /* borrowed: fd, else -1 */
} QblkAddress;

/**
 * Parse a VM argument.  Only the text is examined: nothing is opened.
 *
 * An IPv6 host must be in brackets: `tcp:[::1]:4444`.  A PATH without `unix:` must contain a '/',
 * and no ':' before it: otherwise it is taken for an unknown form.
 *
 * Returns: (transfer full): the address, or NULL with QBLK_QMP_ERROR_ARGUMENT
 */
QblkAddress *qblk_address_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the address of the connected socket @fd, which stays the caller's. */
QblkAddress *qblk_address_new_fd(int fd) G_GNUC_WARN_UNUSED_RESULT;

void qblk_address_free(QblkAddress *address);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkAddress, qblk_address_free)

/** Returns: TRUE if a QMP monitor answers at @address: it is a socket. */
gboolean qblk_address_has_monitor(const QblkAddress *address);

/**
 * Returns: TRUE if a second connection to @address can be made, so that one that was lost can be
 * replaced
 */
gboolean qblk_address_can_reconnect(const QblkAddress *address);

/**
 * Returns: TRUE if the files that the VM names are files of this machine: it is neither recorded
 * nor reached over the network
 */
gboolean qblk_address_is_local(const QblkAddress *address);

/**
 * Returns: (transfer full): the text of @address if it means the same from every working
 * directory: for a socket its absolute path, else the argument as it was given
 */
char *qblk_address_to_absolute(const QblkAddress *address) G_GNUC_WARN_UNUSED_RESULT;
