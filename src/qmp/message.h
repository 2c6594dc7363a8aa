/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * One message of the protocol: what QEMU sends, and the commands that it receives.
 */
#pragma once

#include "base/json-view.h"
#include "qmp/query.h"

typedef enum {
    QBLK_MESSAGE_GREETING,
    QBLK_MESSAGE_RETURN,
    QBLK_MESSAGE_ERROR,
    QBLK_MESSAGE_EVENT,
} QblkMessageKind;

#define QBLK_MESSAGE_KINDS (QBLK_MESSAGE_EVENT + 1)

typedef struct {
    QblkMessageKind kind;
    gboolean has_id; /* an error has no id if QEMU could not parse the command */
    guint64 id;
    QblkJson *json; /* owned: the whole message */
    /* Borrowed from json.  Greeting: the QMP object; return: the value; error: the object with
     * `class` and `desc`, both strings; event: the whole message. */
    const QblkJson *payload;
    QblkJsonText *owner; /* a reference: of the text, or NULL */
    QblkJsonView text;   /* the value of a return that is large, which is null in json; or absent */
} QblkMessage;

/** The version of QEMU in its greeting. */
typedef struct {
    gint64 major, minor, micro;
} QblkMessageVersion;

/**
 * Parse one message.
 *
 * Returns: (transfer full): the message; NULL with QBLK_QMP_ERROR_PROTOCOL if QEMU does not send
 * such messages: it has no kind or several, a member of a wrong type, or an id that is not ours
 */
QblkMessage *qblk_message_parse(const char *text, gsize length,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Parse one message, except for the value of a return that is large: it stays text. */
QblkMessage *qblk_message_parse_bytes(GBytes *bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the answer in @message, a return or an error */
QblkAnswer *qblk_message_answer(const QblkMessage *message) G_GNUC_WARN_UNUSED_RESULT;

void qblk_message_free(QblkMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkMessage, qblk_message_free)

/** Returns: the version in a greeting; each greeting that was parsed has one */
QblkMessageVersion qblk_message_version(const QblkMessage *greeting);

/**
 * @arguments: (nullable): an object
 *
 * Returns: (transfer full): the bytes that make QEMU execute @command: compact JSON and a newline
 */
char *qblk_message_command(const char *command, const QblkJson *arguments,
                           guint64 id) G_GNUC_WARN_UNUSED_RESULT;
