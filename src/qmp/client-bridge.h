/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a client knows of a bridge between its socket and QEMU.
 */
#pragma once

#include "qmp/session.h"

/** Of one connection, which starts with zeros. */
typedef struct {
    guint64 query;         /* the command in flight that asks for it; 0: none */
    gboolean is_known;     /* the question was answered, or is not needed */
    gboolean is_there;     /* the socket is that of a bridge */
    gboolean is_read_only; /* it executes no commands that change something */
    char *full;            /* owned: the address of its socket for all commands, or NULL */
    gint64 pid;            /* of QEMU; 0: not known */
} QblkClientBridge;

/** Forget @bridge, of @session: the next connection may lead to another process. */
void qblk_client_bridge_clear(QblkClientBridge *bridge, QblkSession *session);
