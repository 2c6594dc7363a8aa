/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The VM argument, parsed once: a monitor, or what takes the place of one.
 */
#pragma once

#include <qblk/address.h>

struct QblkAddress {
    gatomicrefcount references;
    QblkAddressKind kind;
    char *text; /* owned: the argument as it was given */
    char *path; /* owned: of the socket, the image or the file ("-" is standard input), else NULL */
    char *user; /* owned: ssh, or NULL */
    char *host; /* owned: tcp and ssh, without the brackets of an IPv6 address */
    char *port; /* owned: tcp, and ssh or NULL, a number from 1 to 65535 */
    int fd;     /* borrowed: fd, else -1 */
};

/** Returns: (transfer full): the address of the connected socket @fd, which stays the caller's. */
QblkAddress *qblk_address_new_fd(int fd) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer none): the name of the peer in messages */
const char *qblk_address_peer_name(const QblkAddress *address);
