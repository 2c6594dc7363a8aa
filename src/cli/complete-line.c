/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/complete-line.h"

#include <string.h>

/* What a shell reads as more than itself, outside of quotes.  A tilde is left to the shell. */
#define SPECIAL " \t\\'\"`$&|;<>(){}*?!#"

/* The same for what names of layers have: it is only special if a file has such a name. */
#define BRACKETS "[]"

typedef struct {
    QblkCompleteLine *line;
    const char *breaks;
    GString *word;    /* owned */
    gboolean has_one; /* a word has begun */
} Reader;

static void
end_word(Reader *reader)
{
    if (reader->has_one) {
        g_ptr_array_add(reader->line->words, g_string_free(reader->word, FALSE));
        reader->word = g_string_new(NULL);
        reader->has_one = FALSE;
    }
    reader->line->kept = 0;
}

/* Returns: what is behind the character at @at, which is in no quotes */
static const char *
read_plain(Reader *reader, const char *at)
{
    QblkCompleteLine *line = reader->line;

    if (*at == ' ' || *at == '\t' || *at == '\n') {
        end_word(reader);
        return at + 1;
    }

    reader->has_one = TRUE;
    if (*at == '\'' || *at == '"') {
        line->quote = *at;
        line->kept = reader->word->len;
        return at + 1;
    }
    if (*at == '\\') {
        if (at[1] != '\0') {
            g_string_append_c(reader->word, at[1]);
        }
        return at + (at[1] == '\0' ? 1 : 2);
    }
    g_string_append_c(reader->word, *at);
    if (strchr(reader->breaks, *at) != NULL) {
        line->kept = reader->word->len;
    }
    return at + 1;
}

static const char *
read_quoted(Reader *reader, const char *at)
{
    gboolean is_escape = reader->line->quote == '"' && *at == '\\' && at[1] != '\0' &&
                         strchr("\"\\$`", at[1]) != NULL;

    if (*at == reader->line->quote) {
        reader->line->quote = 0;
        reader->line->kept = 0;
        return at + 1;
    }
    g_string_append_c(reader->word, is_escape ? at[1] : *at);
    return at + (is_escape ? 2 : 1);
}

QblkCompleteLine *
qblk_complete_line_new(const char *text, const char *breaks)
{
    QblkCompleteLine *line = g_new0(QblkCompleteLine, 1);
    Reader reader = {.line = line, .breaks = breaks, .word = g_string_new(NULL)};

    line->words = g_ptr_array_new_with_free_func(g_free);
    for (const char *at = text; *at != '\0';) {
        at = line->quote == 0 ? read_plain(&reader, at) : read_quoted(&reader, at);
    }
    g_ptr_array_add(line->words, g_string_free(reader.word, FALSE));
    return line;
}

void
qblk_complete_line_free(QblkCompleteLine *line)
{
    g_ptr_array_unref(line->words);
    g_free(line);
}

char *
qblk_complete_line_quote(const QblkCompleteLine *line, const char *candidate, gboolean is_only)
{
    const char *rest = candidate + MIN(line->kept, strlen(candidate));
    const char *special = is_only ? SPECIAL BRACKETS : SPECIAL;
    GString *text = g_string_new(NULL);

    for (const char *at = rest; *at != '\0'; at++) {
        gboolean is_special = line->quote == 0 && strchr(special, *at) != NULL;
        gboolean is_escaped = line->quote == '"' && strchr("\"\\$`", *at) != NULL;
        if (line->quote == '\'' && *at == '\'') {
            g_string_append(text, "'\\''");
            continue;
        }
        if (is_special || is_escaped) {
            g_string_append_c(text, '\\');
        }
        g_string_append_c(text, *at);
    }
    return g_string_free(text, FALSE);
}
