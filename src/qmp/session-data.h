/* SPDX-License-Identifier: LGPL-2.1-or-later */
/** The session from inside. */
#pragma once

#include "qmp/event-queue.h"
#include "qmp/framer.h"
#include "qmp/outbox.h"
#include "qmp/pending.h"
#include "qmp/session.h"

struct QblkSession {
    char *peer;
    QblkSessionState state;
    GError *error; /* owned; why it failed */
    QblkFramer *framer;

    gint64 handshake_start, handshake_timeout;
    QblkJson *greeting; /* owned */
    QblkMessageVersion version;
    guint64 handshake_id; /* of the command of the handshake that was sent last */
    gboolean is_proxy;    /* see proxy.h */

    QblkPending *commands;
    QblkEventQueue *events;
    QblkOutbox output;
    QblkSessionLogger logger;
    gpointer logger_data;
};

/** Give the logger @length bytes of @text. */
void qblk_session_log(QblkSession *session, gboolean sent, const char *text, gsize length);

/** Move commands from the queue to the output, up to the number that the peer accepts. */
void qblk_session_fill_output(QblkSession *session);

/** @error: (transfer full): why the session has failed */
void qblk_session_fail(QblkSession *session, GError *error);
