/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The text of one command of a client: its parts, and the text for QEMU, which is the same but for
 * the id.
 */
#pragma once

#include <glib.h>

/** A part of a text; no part has the length 0. */
typedef struct {
    gsize start;
    gsize length;
} QblkTextSpan;

typedef struct {
    char *name;             /* owned; NULL with error */
    char *error;            /* owned: why it is no command, in the words of QEMU; or NULL */
    gboolean has_oob;       /* it has the member `exec-oob` */
    QblkTextSpan id;        /* the value; empty without one */
    QblkTextSpan arguments; /* the value; empty without one */
    gsize end;              /* of the last member */
} QblkCommandText;

/** Read @text, which qblk_command_check() has accepted. */
void qblk_command_text_init(QblkCommandText *command, const char *text, gsize length);
void qblk_command_text_clear(QblkCommandText *command);

/**
 * Make @text the bytes for QEMU, with the number @id.
 *
 * @arguments: (nullable): what replaces the arguments
 */
void qblk_command_text_build(const QblkCommandText *command, GString *text, guint64 id,
                             const GString *arguments);

/**
 * Returns: (transfer full): @text, a valid value, as JSON on one line: strings are in double
 * quotes, and other bytes are as they were
 */
char *qblk_command_text_value(const char *text, gsize length) G_GNUC_WARN_UNUSED_RESULT;
