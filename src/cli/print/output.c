/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/output.h"

#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <qblk/redact.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

G_DEFINE_QUARK(qblk_output_error, qblk_output_error)

void
qblk_output_init(QblkOutput *output)
{
    output->text = g_string_new(NULL);
    output->hints = g_ptr_array_new_with_free_func(g_free);
}

void
qblk_output_clear(QblkOutput *output)
{
    if (output->text != NULL) {
        g_string_free(output->text, TRUE);
        output->text = NULL;
    }
    g_clear_pointer(&output->hints, g_ptr_array_unref);
}

void
qblk_output_set_terminals(QblkOutput *output, const QblkTerminalChoice *choice)
{
    output->terminal = qblk_terminal_of(STDOUT_FILENO, choice);
    output->error_terminal = qblk_terminal_of(STDERR_FILENO, choice);
}

char *
qblk_output_escape(const char *text)
{
    return qblk_text_escape(text);
}

char *
qblk_output_shell_word(const char *text)
{
    gsize plain = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "-._/:@%+=,");
    gboolean is_plain = text[0] != '\0' && text[plain] == '\0';

    return is_plain ? g_strdup(text) : g_shell_quote(text);
}

void
qblk_output_print(QblkOutput *output, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(output->text, format, arguments);
    va_end(arguments);
}

void
qblk_output_print_styled(QblkOutput *output, QblkStyle style, const char *text)
{
    qblk_terminal_append(&output->terminal, style, text, output->text);
}

/* Printed JSON has a line end only outside of strings, and other special characters only inside
 * them, where an escape means the same. */
static void
append_json(GString *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        gunichar character = g_utf8_get_char(at);

        if (character == '\n' || qblk_text_is_printable(character)) {
            g_string_append_unichar(out, character);
        } else if (character < 0x10000) {
            g_string_append_printf(out, "\\u%04X", character);
        } else {
            g_string_append_printf(out, "\\u%04X\\u%04X", 0xd7c0 + (character >> 10),
                                   0xdc00 + (character & 0x3ff));
        }
    }
}

static gboolean
copy_member(const char *key, const QblkJson *value, gpointer object)
{
    qblk_json_set(object, key, qblk_json_ref(value));
    return TRUE;
}

/* The members that are in each object. */
static QblkJson *
new_object(const QblkOutput *output)
{
    QblkJson *object = qblk_json_new_object();

    qblk_json_set_string(object, "schema", "qblk/1");
    qblk_json_set_string(object, "command", output->command);
    if (output->vm != NULL) {
        qblk_json_set_string(object, "vm", output->vm);
    }
    return object;
}

void
qblk_output_json(QblkOutput *output, QblkJson *object)
{
    g_autoptr(QblkJson) content = object;
    g_autoptr(QblkJson) result = new_object(output);

    (void)qblk_json_each(content, copy_member, result);

    g_autofree char *text = qblk_json_print(result, QBLK_JSON_INDENT);
    output->is_data = TRUE;
    append_json(output->text, text);
    g_string_append_c(output->text, '\n');
}

void
qblk_output_json_text(QblkOutput *output, const char *text)
{
    output->is_data = TRUE;
    append_json(output->text, text);
}

void
qblk_output_json_line(const QblkOutput *output, const char *member, QblkJson *value)
{
    g_autoptr(QblkJson) line = new_object(output);
    qblk_json_set(line, member, value);

    g_autofree char *text = qblk_json_print(line, QBLK_JSON_COMPACT);
    g_autoptr(GString) safe = g_string_new(NULL);
    append_json(safe, text);
    g_string_append_c(safe, '\n');

    /* One call, so that lines of several processes do not mix. */
    (void)!fwrite(safe->str, 1, safe->len, stderr);
}

/* A message may quote an argument of the user, which may have a secret in it. */
static void
print_text(const QblkOutput *output, QblkStyle style, const char *head, const char *message)
{
    g_autofree char *of_vm =
        output->vm == NULL ? NULL : g_strconcat(output->vm, ": ", message, NULL);
    g_autofree char *clean = qblk_redact_text(of_vm == NULL ? message : of_vm);
    g_autofree char *safe = qblk_terminal_escape(&output->error_terminal, clean);
    g_autofree char *begin = g_strconcat("qblk:", head, NULL);
    g_autoptr(GString) line = g_string_new(NULL);

    qblk_terminal_append(&output->error_terminal, style, begin, line);
    fprintf(stderr, "%s %s\n", line->str, safe);
}

QblkJson *
qblk_output_json_message(const char *message)
{
    g_autofree char *clean = qblk_redact_text(message);
    QblkJson *object = qblk_json_new_object();

    qblk_json_set_string(object, "message", clean);
    return object;
}

/* @head: what is in front of the text; @member: the member of the JSON object */
static void
print_message(const QblkOutput *output, QblkStyle style, const char *head, const char *member,
              const char *message)
{
    if (output->json) {
        qblk_output_json_line(output, member, qblk_output_json_message(message));
    } else {
        print_text(output, style, head, message);
    }
}

void
qblk_output_warn(const QblkOutput *output, const char *message)
{
    print_message(output, QBLK_STYLE_WARNING, " warning:", "warning", message);
}

void
qblk_output_notice(const QblkOutput *output, const char *message)
{
    print_message(output, QBLK_STYLE_PLAIN, "", "notice", message);
}

void
qblk_output_log(const QblkOutput *output, gboolean sent, const char *message)
{
    if (output->json) {
        QblkJson *object = qblk_json_new_object();
        qblk_json_set_boolean(object, "sent", sent);
        qblk_json_set_string(object, "text", message);
        qblk_output_json_line(output, "log", object);
        return;
    }

    g_autofree char *vm =
        output->vm == NULL ? NULL : qblk_terminal_escape(&output->error_terminal, output->vm);
    g_autofree char *safe = qblk_terminal_escape(&output->error_terminal, message);
    fprintf(stderr, "qblk: %s%s%s %s\n", vm == NULL ? "" : vm, vm == NULL ? "" : ": ",
            sent ? "->" : "<-", safe);
}

void
qblk_output_add_hint(QblkOutput *output, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(output->hints, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void
qblk_output_error(const QblkOutput *output, const GError *error)
{
    print_text(output, QBLK_STYLE_ERROR, "", error->message);
    for (guint i = 0; i < output->hints->len; i++) {
        print_text(output, QBLK_STYLE_PLAIN, "", output->hints->pdata[i]);
    }
}

/* Text for people has only characters that the terminal can show. */
static void
limit_characters(QblkOutput *output)
{
    if (!output->is_data && !output->terminal.is_utf8) {
        g_autofree char *ascii = qblk_text_to_ascii(output->text->str);
        g_string_assign(output->text, ascii);
    }
}

/* Always FALSE, with the reason in @cause, an errno. */
static gboolean
fail_to_write(int cause, GError **error)
{
    g_set_error(error, QBLK_OUTPUT_ERROR, QBLK_OUTPUT_ERROR_WRITE,
                "cannot write to standard output: %s", g_strerror(cause));
    return FALSE;
}

gboolean
qblk_output_flush(QblkOutput *output, GError **error)
{
    GString *text = output->text;
    limit_characters(output);
    gboolean is_written =
        fwrite(text->str, 1, text->len, stdout) == text->len && fflush(stdout) == 0;

    if (!is_written) {
        return fail_to_write(errno, error);
    }

    g_string_truncate(text, 0);
    return TRUE;
}

/* Returns: FALSE if standard output cannot be written, and @stop_fd is readable */
static gboolean
wait_for_reader(int stop_fd)
{
    struct pollfd items[] = {{STDOUT_FILENO, POLLOUT, 0}, {stop_fd, POLLIN, 0}};
    int count;

    do {
        count = poll(items, G_N_ELEMENTS(items), -1);
    } while (count < 0 && errno == EINTR);
    return count < 0 || items[0].revents != 0;
}

gboolean
qblk_output_flush_until(QblkOutput *output, int stop_fd, gboolean *is_stopped, GError **error)
{
    GString *text = output->text;
    limit_characters(output);

    /* A pipe that is writable takes so much at once. */
    for (gsize done = 0; done < text->len && !*is_stopped;) {
        *is_stopped = !wait_for_reader(stop_fd);
        gssize count = *is_stopped ? 0
                                   : write(STDOUT_FILENO, text->str + done,
                                           MIN(text->len - done, (gsize)PIPE_BUF));
        if (count < 0 && errno != EINTR && errno != EAGAIN) {
            return fail_to_write(errno, error);
        }
        done += (gsize)MAX(count, 0);
    }

    g_string_truncate(text, 0);
    return TRUE;
}
