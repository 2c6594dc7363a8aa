/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The text of one message of QEMU, in which the id is found and replaced without parsing the rest,
 * and replies of the bridge in the form that QEMU gives them.
 */
#pragma once

#include <glib.h>

typedef enum {
    QBLK_REPLY_GREETING,
    QBLK_REPLY_RETURN,
    QBLK_REPLY_ERROR,
    QBLK_REPLY_EVENT,
    QBLK_REPLY_OTHER, /* QEMU does not send it */
} QblkReplyKind;

typedef struct {
    QblkReplyKind kind;
    gboolean has_id; /* with a number that the bridge could have sent */
    guint64 id;
    gsize id_start, id_end;         /* the value of the id */
    gsize member_start, member_end; /* the id with a comma: what to remove to leave it out */
} QblkReplyText;

/** Find the parts of @text, whose brackets match; nothing else need be valid. */
QblkReplyText qblk_reply_text_read(const char *text, gsize length);

/** Replace the id of @text by @id; NULL: remove it. */
void qblk_reply_text_set_id(const QblkReplyText *reply, GString *text, const char *id);

/**
 * Add elements to the list that a reply to query-commands returns.
 *
 * @text: as it was sent, or after qblk_reply_text_set_id()
 * @is_pretty: the monitor breaks lines inside of messages
 */
void qblk_reply_text_add_commands(GString *text, const char *const *names, gboolean is_pretty);

/** Returns: TRUE if @text was written by a monitor with pretty=on */
gboolean qblk_reply_text_is_pretty(const char *text, gsize length);

/* ---- replies of the bridge; @id: (nullable): the text of the id ---- */

/** @value: (nullable): the text of what is returned; NULL: an empty object */
GString *qblk_reply_text_new_return(const char *id, const char *value,
                                    gboolean is_pretty) G_GNUC_WARN_UNUSED_RESULT;
GString *qblk_reply_text_new_error(const char *id, const char *error_class, const char *description,
                                   gboolean is_pretty) G_GNUC_WARN_UNUSED_RESULT;
