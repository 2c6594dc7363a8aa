/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/output.h"

#include "base/redact.h"
#include "base/text.h"
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void
append_escaped(GString *out, gunichar character)
{
    if (character == '\n') {
        g_string_append(out, "\\n");
    } else if (character == '\t') {
        g_string_append(out, "\\t");
    } else if (character < 0x100) {
        g_string_append_printf(out, "\\x%02x", character);
    } else if (character < 0x10000) {
        g_string_append_printf(out, "\\u%04x", character);
    } else {
        g_string_append_printf(out, "\\U%08x", character);
    }
}

char *
qblk_output_escape(const char *text)
{
    GString *out = g_string_new(NULL);
    while (*text != '\0') {
        gunichar character = g_utf8_get_char_validated(text, -1);
        if (character == (gunichar)-1 || character == (gunichar)-2) {
            append_escaped(out, (guchar)*text);
            text++;
            continue;
        }
        const char *next = text + g_unichar_to_utf8(character, NULL);
        if (!qblk_text_is_printable(character)) {
            append_escaped(out, character);
        } else {
            g_string_append_len(out, text, next - text);
        }
        text = next;
    }
    return g_string_free(out, FALSE);
}

char *
qblk_output_shell_word(const char *text)
{
    gsize plain = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "-._/:@%+=,");
    return text[0] != '\0' && text[plain] == '\0' ? g_strdup(text) : g_shell_quote(text);
}

void
qblk_output_print(QblkInvocation *invocation, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(invocation->output, format, arguments);
    va_end(arguments);
}

/* In JSON's own way: outside of strings it has nothing but ASCII and ends of lines, and inside no
 * such ends. */
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

void
qblk_output_json(QblkInvocation *invocation, QblkJson *object)
{
    g_autoptr(QblkJson) content = object;
    g_autoptr(QblkJson) result = qblk_json_new_object();
    qblk_json_set_string(result, "schema", "qblk/1");
    qblk_json_set_string(result, "command", invocation->command->name);
    (void)qblk_json_each(content, copy_member, result);
    g_autofree char *text = qblk_json_print(result, QBLK_JSON_INDENT);
    append_json(invocation->output, text);
    g_string_append_c(invocation->output, '\n');
}

void
qblk_output_json_text(QblkInvocation *invocation, const char *text)
{
    append_json(invocation->output, text);
}

/* The user's own words are in it as well, and they may have a secret. */
static void
say(const char *head, const char *message)
{
    g_autofree char *clean = qblk_redact_text(message);
    g_autofree char *safe = qblk_output_escape(clean);
    fprintf(stderr, "qblk: %s%s\n", head, safe);
}

void
qblk_output_warn(const char *message)
{
    say("warning: ", message);
}

void
qblk_output_fail(const GError *error)
{
    say("", error->message);
}

gboolean
qblk_output_flush(QblkInvocation *invocation, GError **error)
{
    const GString *text = invocation->output;
    if (fwrite(text->str, 1, text->len, stdout) == text->len && fflush(stdout) == 0) {
        return TRUE;
    }
    g_set_error(error, QBLK_INVOCATION_ERROR, QBLK_INVOCATION_ERROR_OUTPUT,
                "cannot write to standard output: %s", g_strerror(errno));
    return FALSE;
}
