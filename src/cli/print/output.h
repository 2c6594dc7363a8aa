/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is printed: spooled until all went well, with nothing in it that a terminal would obey.
 */
#pragma once

#include "base/json.h"
#include "cli/invocation.h"

/**
 * @text for people: what a terminal would not simply show, and bytes that are not UTF-8, as \n,
 * \x1b, \xff, \u202e, \U000e0001.  Whatever QEMU or an image says goes through here before it is
 * shown.
 */
char *qblk_output_escape(const char *text) G_GNUC_WARN_UNUSED_RESULT;

/** @text as one word for a shell, quoted where it would see more in it; to be shown it is escaped
 * besides. */
char *qblk_output_shell_word(const char *text) G_GNUC_WARN_UNUSED_RESULT;

/** Append formatted text that is safe already. */
void qblk_output_print(QblkInvocation *invocation, const char *format, ...) G_GNUC_PRINTF(2, 3);

/**
 * Append @object as the JSON result, with "schema" and "command" in front of what is in it; takes
 * the reference.  What a terminal would not simply show is escaped as JSON does it.
 */
void qblk_output_json(QblkInvocation *invocation, QblkJson *object);

/** Append @text, which is JSON already, with what a terminal would not simply show escaped. */
void qblk_output_json_text(QblkInvocation *invocation, const char *text);

/** Print a warning on stderr, escaped and without secrets, as "qblk: warning: ...". */
void qblk_output_warn(const char *message);

/** Print why the command failed on stderr, escaped and without secrets, as "qblk: ...". */
void qblk_output_fail(const GError *error);

/** Write what was spooled to stdout. */
gboolean qblk_output_flush(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
