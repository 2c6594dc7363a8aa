/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/source-rows.h"

#include "lib/check.h"

static void
row_free(gpointer data)
{
    SourceRow *row = data;
    g_free(row->name);
    g_free(row->xml);
    g_free(row->format);
    g_free(row->error);
    g_free(row->refusal);
    g_free(row);
}

/* g_strcompress supports octal escapes only. */
static char *
unescape(const char *text)
{
    GString *plain = g_string_new(NULL);
    for (; *text != '\0'; text++) {
        if (g_str_has_prefix(text, "\\x")) {
            g_string_append_c(
                plain, (char)(g_ascii_xdigit_value(text[2]) * 16 + g_ascii_xdigit_value(text[3])));
            text += 3;
        } else if (*text == '\\') {
            text++;
            g_string_append_c(plain, *text == 'n'   ? '\n'
                                     : *text == 't' ? '\t'
                                     : *text == 'r' ? '\r'
                                                    : *text);
        } else {
            g_string_append_c(plain, *text);
        }
    }
    return g_string_free(plain, FALSE);
}

static gboolean
take_field(const char *line, const char *key, char **value)
{
    gsize length = strlen(key);
    if (!g_str_has_prefix(line, key) || line[length] != ':') {
        return FALSE;
    }
    *value = g_strdup(line[length + 1] == ' ' ? line + length + 2 : line + length + 1);
    return TRUE;
}

static SourceRow *
read_row(const char *block)
{
    g_auto(GStrv) lines = g_strsplit(block, "\n", -1);
    g_autoptr(GString) xml = g_string_new(NULL);
    SourceRow *row = g_new0(SourceRow, 1);
    for (guint i = 0; lines[i] != NULL; i++) {
        g_autofree char *escaped = NULL, *ignored = NULL;
        if (take_field(lines[i], "escaped", &escaped)) {
            row->name = unescape(escaped);
        } else if (lines[i][0] == '<' || lines[i][0] == ' ') {
            g_string_append_printf(xml, "%s\n", lines[i]);
        } else if (!take_field(lines[i], "name", &row->name) &&
                   !take_field(lines[i], "format", &row->format) &&
                   !take_field(lines[i], "error", &row->error) &&
                   !take_field(lines[i], "unsupported", &row->refusal) &&
                   !take_field(lines[i], "dropped", &ignored)) {
            (void)take_field(lines[i], "schema", &ignored);
        }
    }
    row->xml = xml->len > 0 ? g_strdup(xml->str) : NULL;
    return row;
}

static void
load_table(const char *path, GPtrArray *rows)
{
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) blocks = g_strsplit(text, "\n\n", -1);
    for (guint i = 0; blocks[i] != NULL; i++) {
        SourceRow *row = read_row(blocks[i]);
        if (row->name != NULL) {
            g_ptr_array_add(rows, row);
        } else {
            row_free(row); /* the text before the first row */
        }
    }
}

GPtrArray *
source_rows_load(void)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func(row_free);
    g_autofree char *directory =
        g_build_filename(g_getenv("QBLK_SOURCE_ROOT"), "tests", "golden-sources", NULL);
    g_autoptr(GDir) entries = g_dir_open(directory, 0, NULL);
    assert_non_null(entries);
    for (const char *name; (name = g_dir_read_name(entries)) != NULL;) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        if (g_str_has_suffix(name, ".txt")) {
            load_table(path, rows);
        }
    }
    assert_true(rows->len > 150);
    return rows;
}
