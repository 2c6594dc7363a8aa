/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * One message of the protocol: what QEMU sends, and the commands it is sent.
 */
#pragma once

#include "base/json.h"

typedef enum {
    QBLK_MESSAGE_GREETING,
    QBLK_MESSAGE_RETURN,
    QBLK_MESSAGE_ERROR,
    QBLK_MESSAGE_EVENT,
} QblkMessageKind;

#define QBLK_MESSAGE_KINDS (QBLK_MESSAGE_EVENT + 1)

typedef struct {
    QblkMessageKind kind;
    gboolean has_id; /* QEMU answers what it cannot parse with an error without one */
    guint64 id;
    QblkJson *json; /* the whole message, owned */
    /* Borrowed from json.  Greeting: the QMP object; return: the value; error: the object with
     * `class` and `desc`, both strings; event: the whole message. */
    const QblkJson *payload;
} QblkMessage;

/** QEMU's version, as its greeting has it. */
typedef struct {
    gint64 major, minor, micro;
} QblkMessageVersion;

/**
 * Read one message.  Anything QEMU does not send (no kind or several, a member of a wrong type, an
 * id that is not one of ours) fails with QBLK_QMP_ERROR_PROTOCOL.
 */
QblkMessage *qblk_message_parse(const char *text, gsize length,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_message_free(QblkMessage *message);

/** The version in a greeting; every message of that kind has one. */
QblkMessageVersion qblk_message_version(const QblkMessage *greeting);

/**
 * The bytes that ask QEMU to execute @command: compact JSON and a newline.  @arguments is an
 * object, or NULL for none.
 */
char *qblk_message_command(const char *command, const QblkJson *arguments,
                           guint64 id) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkMessage, qblk_message_free)
