/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/command-text.h"

#include "bridge/json-tokens.h"

#include <string.h>

/* A member of a command. */
typedef struct {
    const char *text; /* of the whole command */
    QblkJsonToken key;
    QblkJsonToken value; /* its first token */
    QblkTextSpan span;   /* of the value */
} Member;

typedef void (*TakeMember)(QblkCommandText *command, const Member *member, const char *key);

/* The first error is kept, but for that of a name.  QEMU reads the members in the order of a hash
 * table, with the name before the arguments, so a command with two errors may have the other one
 * there. */
static void
set_error(QblkCommandText *command, char *error)
{
    if (command->error == NULL) {
        command->error = error;
    } else {
        g_free(error);
    }
}

static void
take_name(QblkCommandText *command, const Member *member, const char *key)
{
    command->has_oob = command->has_oob || strcmp(key, "exec-oob") == 0;
    if (member->value.type != QBLK_JSON_TOKEN_STRING) {
        g_clear_pointer(&command->error, g_free);
        set_error(command, g_strdup_printf("QMP input member '%s' must be a string", key));
    } else if (command->name != NULL) {
        set_error(command, g_strdup("QMP input member 'execute' clashes with 'exec-oob'"));
    } else {
        command->name = qblk_json_token_value(member->value);
    }
}

static void
take_arguments(QblkCommandText *command, const Member *member, const char *key)
{
    command->arguments = member->span;
    if (member->value.type != '{') {
        set_error(command, g_strdup_printf("QMP input member '%s' must be an object", key));
    }
}

static void
take_id(QblkCommandText *command, const Member *member, const char *key)
{
    command->id = member->span;
}

static void
take_member(QblkCommandText *command, const Member *member)
{
    static const struct {
        const char *key;
        TakeMember take;
    } members[] = {
        {"execute", take_name},
        {"exec-oob", take_name},
        {"arguments", take_arguments},
        {"id", take_id},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        if (qblk_json_token_is(member->key, members[i].key)) {
            members[i].take(command, member, members[i].key);
            return;
        }
    }

    g_autofree char *key = qblk_json_token_value(member->key);
    set_error(command, g_strdup_printf("QMP input member '%s' is unexpected", key));
}

static void
take_members(QblkCommandText *command, const char *text, QblkJsonTokens *tokens)
{
    for (QblkJsonToken key = qblk_json_tokens_next(tokens); key.type == QBLK_JSON_TOKEN_STRING;
         key = qblk_json_tokens_next(tokens)) {
        (void)qblk_json_tokens_next(tokens); /* the colon */
        Member member = {.text = text, .key = key, .value = qblk_json_tokens_next(tokens)};
        const char *end = qblk_json_tokens_skip(tokens, member.value);
        member.span.start = (gsize)(member.value.start - text);
        member.span.length = (gsize)(end - member.value.start);
        take_member(command, &member);

        command->end = (gsize)(end - text);
        (void)qblk_json_tokens_next(tokens); /* the comma or brace */
    }
}

void
qblk_command_text_init(QblkCommandText *command, const char *text, gsize length)
{
    *command = (QblkCommandText){0};
    QblkJsonTokens tokens = {text, text + length};
    if (qblk_json_tokens_next(&tokens).type != '{') {
        command->error = g_strdup("QMP input must be a JSON object");
        return;
    }

    take_members(command, text, &tokens);
    if (command->name == NULL && command->error == NULL) {
        command->error = g_strdup("QMP input lacks member 'execute'");
    }
    if (command->error != NULL) {
        g_clear_pointer(&command->name, g_free);
    }
}

void
qblk_command_text_clear(QblkCommandText *command)
{
    g_free(command->name);
    g_free(command->error);
    *command = (QblkCommandText){0};
}

static void
replace(GString *text, QblkTextSpan span, const char *by, gsize length)
{
    /* The common part is written over, so that a long text is moved once. */
    gsize common = MIN(span.length, length);
    memcpy(text->str + span.start, by, common);
    if (span.length > common) {
        g_string_erase(text, (gssize)(span.start + common), (gssize)(span.length - common));
    } else if (length > common) {
        g_string_insert_len(text, (gssize)(span.start + common), by + common,
                            (gssize)(length - common));
    }
}

void
qblk_command_text_build(const QblkCommandText *command, GString *text, guint64 id,
                        const GString *arguments)
{
    char number[32];
    gboolean has_id = command->id.length > 0;
    int length = g_snprintf(number, sizeof(number),
                            has_id ? "%" G_GUINT64_FORMAT : ", \"id\": %" G_GUINT64_FORMAT, id);
    const QblkTextSpan place = has_id ? command->id : (QblkTextSpan){.start = command->end};

    /* From the end to the start, so that the places stay right. */
    gboolean is_id_first = place.start < command->arguments.start;
    if (!is_id_first) {
        replace(text, place, number, (gsize)length);
    }
    if (arguments != NULL) {
        replace(text, command->arguments, arguments->str, arguments->len);
    }
    if (is_id_first) {
        replace(text, place, number, (gsize)length);
    }
    g_string_append_c(text, '\n');
}

/* ---- values ---- */

/* Append the string @token in double quotes. */
static void
append_string(GString *out, QblkJsonToken token)
{
    g_string_append_c(out, '"');
    for (const char *at = token.start + 1; at < token.end - 1; at++) {
        if (*at == '\\' && at[1] == '\'') {
            continue; /* an escape of QEMU only */
        }
        if (*at == '\\') {
            g_string_append_c(out, *at++);
        } else if (*at == '"') {
            g_string_append_c(out, '\\');
        }

        if ((guchar)*at == 0xc0) { /* U+0000, as QEMU accepts it */
            g_string_append(out, "\\u0000");
            at++;
        } else {
            g_string_append_c(out, *at);
        }
    }
    g_string_append_c(out, '"');
}

char *
qblk_command_text_value(const char *text, gsize length)
{
    GString *out = g_string_sized_new(length + 1);
    QblkJsonTokens tokens = {text, text + length};
    const char *last = text;
    for (QblkJsonToken token = qblk_json_tokens_next(&tokens); token.type != QBLK_JSON_TOKEN_END;
         token = qblk_json_tokens_next(&tokens)) {
        for (; last < token.start; last++) {
            if (*last == ' ') { /* no line may end inside of a reply */
                g_string_append_c(out, ' ');
            }
        }

        if (token.type == QBLK_JSON_TOKEN_STRING) {
            append_string(out, token);
        } else {
            g_string_append_len(out, token.start, token.end - token.start);
        }
        last = token.end;
    }
    return g_string_free(out, FALSE);
}
