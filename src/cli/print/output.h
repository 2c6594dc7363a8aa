/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Output of the command.  The result is kept in memory and written to standard output only if the
 * command succeeds; warnings and errors go to standard error at once.
 */
#pragma once

#include "base/json.h"
#include "cli/print/terminal.h"

typedef struct {
    const char *command;         /* its name, for JSON; NULL: not known */
    const char *vm;              /* borrowed: one of several, as it was given, or NULL */
    gboolean json;               /* print JSON instead of text, also to standard error */
    gboolean is_data;            /* the text is for programs: XML, JSON, a name */
    QblkTerminal terminal;       /* standard output */
    QblkTerminal error_terminal; /* standard error */
    GString *text;               /* the result so far, owned */
    GPtrArray *hints;            /* of char, owned: what the user can do if the command fails */
} QblkOutput;

/** Start an empty output.  Keeps all but its texts. */
void qblk_output_init(QblkOutput *output);
void qblk_output_clear(QblkOutput *output);

/** Set what standard output and standard error can show. */
void qblk_output_set_terminals(QblkOutput *output, const QblkTerminalChoice *choice);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkOutput, qblk_output_clear)

#define QBLK_OUTPUT_ERROR (qblk_output_error_quark())
GQuark qblk_output_error_quark(void);

typedef enum {
    QBLK_OUTPUT_ERROR_WRITE,   /* standard output or a file cannot be written */
    QBLK_OUTPUT_ERROR_REFUSED, /* the file exists, and may be a disk image */
} QblkOutputError;

/**
 * Make text from QEMU or from an image safe to show on a terminal.
 *
 * Returns: @text with control and invisible characters, and bytes that are not UTF-8, escaped as
 * \n, \x1b, \xff, \u202e or \U000e0001.
 */
char *qblk_output_escape(const char *text) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Quote @text as one word for a shell, if it needs quotes.
 *
 * Returns: the word; it has to be escaped as well before it is shown.
 */
char *qblk_output_shell_word(const char *text) G_GNUC_WARN_UNUSED_RESULT;

/** Append formatted text, which is already escaped, to the result. */
void qblk_output_print(QblkOutput *output, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Append @text, which is already escaped and has no line end, in @style. */
void qblk_output_print_styled(QblkOutput *output, QblkStyle style, const char *text);

/**
 * Append a JSON object to the result, with the members "schema", "command" and, for one of several
 * VMs, "vm" in front of its own.
 * Characters that are not safe on a terminal are written as JSON escapes.
 *
 * @object: (transfer full)
 */
void qblk_output_json(QblkOutput *output, QblkJson *object);

/** Append @text, which is already JSON, with unsafe characters written as JSON escapes. */
void qblk_output_json_text(QblkOutput *output, const char *text);

/**
 * Print one line of JSON to standard error: an object with "schema", "command" and, for one of
 * several VMs, "vm", and with @member, which is @value.  Characters that are not safe on a terminal
 * are written as JSON escapes.
 *
 * @value: (transfer full)
 */
void qblk_output_json_line(const QblkOutput *output, const char *member, QblkJson *value);

/** Returns: an object with the member "message", which is @message without secrets */
QblkJson *qblk_output_json_message(const char *message) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Print "qblk: warning: " and @message to standard error, with the VM if it is one of several,
 * escaped and without secrets; or a line of JSON with "warning".
 */
void qblk_output_warn(const QblkOutput *output, const char *message);

/** Print as qblk_output_warn() what is neither a warning nor an error: "qblk: ", or "notice". */
void qblk_output_notice(const QblkOutput *output, const char *message);

/**
 * Print a QMP message without secrets to standard error, or a line of JSON with "log".
 *
 * @sent: it was sent to QEMU
 */
void qblk_output_log(const QblkOutput *output, gboolean sent, const char *message);

/**
 * Print the message of @error, and the hints, to standard error as text: each in one line after
 * "qblk: ", with the VM if it is one of several, escaped and without secrets.
 */
void qblk_output_error(const QblkOutput *output, const GError *error);

/** Add a line that is printed after the error, as printf(). */
void qblk_output_add_hint(QblkOutput *output, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Write the result to standard output and empty it.  Fails with QBLK_OUTPUT_ERROR_WRITE. */
gboolean qblk_output_flush(QblkOutput *output, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The same for a command that prints until a signal ends it: the signal also ends the wait for a
 * reader of a pipe that is full, and the rest is dropped.
 *
 * @stop_fd: readable after a signal
 * @is_stopped: (out): set to TRUE if the output is not complete
 */
gboolean qblk_output_flush_until(QblkOutput *output, int stop_fd, gboolean *is_stopped,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
