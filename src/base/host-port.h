/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * "HOST:PORT" as monitors, URLs and QEMU's file names have it.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *host; /* owned, without brackets */
    char *port; /* owned, a number from 0 to 65535, or NULL */
} QblkHostPort;

/**
 * Split @text into host and optional port: "HOST", "HOST:PORT", "[IPV6]" or "[IPV6]:PORT".
 * An IPv6 address is accepted without brackets, too, because QEMU reports its servers so: if one
 * ends at the last colon, the rest is the port.
 *
 * @parts: set on success; clear it with qblk_host_port_clear()
 * @reason: set on failure to a message of static storage, which does not contain @text
 *
 * Returns: FALSE if @text is not a host with an optional port
 */
gboolean qblk_host_port_parse(const char *text, QblkHostPort *parts,
                              const char **reason) G_GNUC_WARN_UNUSED_RESULT;

/** Free the members of @parts, which may be all zero. */
void qblk_host_port_clear(QblkHostPort *parts);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkHostPort, qblk_host_port_clear)

/** Returns: TRUE if @text is a decimal number from @lowest to 65535, without a sign. */
gboolean qblk_host_port_is_port(const char *text, guint lowest);

/** The reason to give if qblk_host_port_is_port() is FALSE with a @lowest of 0. */
#define QBLK_HOST_PORT_BAD_PORT "the port is not a number up to 65535"
