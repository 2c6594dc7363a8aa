/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Where a monitor is: `PATH` with a '/', `unix:PATH`, `tcp:HOST:PORT` or `fd:N`.
 */
#pragma once

#include <glib.h>

typedef enum {
    QBLK_ADDRESS_UNIX,
    QBLK_ADDRESS_TCP,
    QBLK_ADDRESS_FD,
} QblkAddressKind;

typedef struct {
    QblkAddressKind kind;
    char *text; /* as it was given, owned */
    char *path; /* unix, owned */
    char *host; /* tcp, owned, without the brackets of an IPv6 address */
    char *port; /* tcp, owned: a number from 1 to 65535 */
    int fd;     /* fd, borrowed */
} QblkAddress;

/**
 * Read an address; looks at nothing but the text.  Fails with QBLK_QMP_ERROR_ARGUMENT.
 * An IPv6 host stands in brackets: `tcp:[::1]:4444`.
 */
QblkAddress *qblk_address_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_address_free(QblkAddress *address);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkAddress, qblk_address_free)
