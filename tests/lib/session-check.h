/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Helpers for tests of the session: messages from QEMU, messages from the session, and the results
 * of its commands.
 */
#pragma once

#include "lib/check.h"
#include "qmp/session.h"

#define SESSION_GREETING                                                                           \
    "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 1, \"minor\": 2, \"major\": 7}, "              \
    "\"package\": \"\"}, \"capabilities\": []}}\r\n"
#define SESSION_SECOND G_GINT64_CONSTANT(1000000)

/** A session that started at time 0 and has 5 seconds for its handshake. */
QblkSession *session_check_new(void);

void session_check_receive(QblkSession *session, const char *text, gint64 now);

/** The bytes that the session wants to send; they count as sent. */
char *session_check_drain(QblkSession *session);

void session_check_sends(QblkSession *session, const char *expected);

/** A session after its handshake at @now; its qmp_capabilities had id 1. */
QblkSession *session_check_new_ready(gint64 now);

guint64 session_check_submit(QblkSession *session, const char *command, gint64 now, gint64 timeout);

void session_check_reply(QblkSession *session, guint64 id, gint64 value, gint64 now);

void session_check_pending(QblkSession *session, guint64 id);

void session_check_answered(QblkSession *session, guint64 id, gint64 value);

void session_check_failed(QblkSession *session, guint64 id, int code, const char *part);

void session_check_session_failed(QblkSession *session, int code, const char *part);

void session_check_event(QblkSession *session, const char *name);
