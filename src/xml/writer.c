/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/writer.h"

#include "base/const-cast.h"
#include "base/text.h"

#include <string.h>

void
qblk_writer_init(QblkWriter *writer)
{
    *writer = (QblkWriter){.text = g_string_new(NULL), .names = g_ptr_array_new()};
}

void
qblk_writer_clear(QblkWriter *writer)
{
    if (writer->text != NULL) {
        g_string_free(writer->text, TRUE);
    }
    g_clear_pointer(&writer->names, g_ptr_array_unref);
    writer->text = NULL;
}

char *
qblk_writer_finish(QblkWriter *writer)
{
    g_assert(writer->names->len == 0);
    char *text = g_string_free(g_steal_pointer(&writer->text), FALSE);

    qblk_writer_clear(writer);
    return text;
}

/* ---- characters ---- */

/* Returns: (nullable): the predefined entity for @character */
static const char *
find_entity(gunichar character)
{
    static const struct {
        gunichar character;
        const char *entity;
    } entities[] = {
        {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'\'', "&apos;"}, {'"', "&quot;"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(entities); i++) {
        if (entities[i].character == character) {
            return entities[i].entity;
        }
    }
    return NULL;
}

/* The bytes at the start of @text that are ASCII and written as they are: usually all. */
static gsize
plain_length(const char *text)
{
    gsize length = 0;

    while (text[length] >= ' ' && text[length] < '\x7f' && find_entity(text[length]) == NULL) {
        length++;
    }
    return length;
}

/* Append @text to @out.  Characters that a terminal would interpret or not show become character
 * references, and so does white space other than a space, which a reader would turn into a space.
 */
static void
append_escaped(GString *out, const char *text)
{
    for (;;) {
        gsize plain = plain_length(text);

        g_string_append_len(out, text, (gssize)plain);
        text += plain;
        if (*text == '\0') {
            return;
        }

        gunichar character = g_utf8_get_char(text);
        const char *entity = find_entity(character);
        if (entity != NULL) {
            g_string_append(out, entity);
        } else if (qblk_text_is_printable(character)) {
            g_string_append_unichar(out, character);
        } else {
            g_string_append_printf(out, "&#%u;", character);
        }
        text = g_utf8_find_next_char(text, NULL);
    }
}

/* TRUE if a document can contain @character, by section 2.2 of XML 1.0. */
static gboolean
is_allowed(gunichar character)
{
    return character == '\t' || character == '\n' || character == '\r' ||
           (character >= 0x20 && character <= 0xd7ff) ||
           (character >= 0xe000 && character <= 0xfffd) ||
           (character >= 0x10000 && character <= 0x10ffff);
}

static gboolean
check_characters(const char *value, GError **error)
{
    const char *end;

    if (!g_utf8_validate(value, -1, &end)) {
        g_autofree char *valid = g_utf8_make_valid(value, -1);
        g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME,
                    "the name '%s' is not valid UTF-8, which XML requires", valid);
        return FALSE;
    }

    for (const char *at = value; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        gunichar character = g_utf8_get_char(at);

        if (!is_allowed(character)) {
            g_set_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME,
                        "the name '%s' contains the character U+%04X, which XML 1.0 does not "
                        "allow",
                        value, character);
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- lines ---- */

static void
begin_line(QblkWriter *writer)
{
    if (writer->line_level > 0) {
        return;
    }

    gsize start = writer->text->len;
    gsize spaces = 2 * (gsize)MIN(writer->names->len, QBLK_WRITER_INDENTED_LEVELS);
    g_string_set_size(writer->text, start + spaces);
    memset(writer->text->str + start, ' ', spaces);
}

static void
end_line(QblkWriter *writer)
{
    if (writer->line_level == 0) {
        g_string_append_c(writer->text, '\n');
    }
}

/* End the start tag of an element that has content. */
static void
end_tag(QblkWriter *writer)
{
    if (writer->is_in_tag) {
        g_string_append_c(writer->text, '>');
        writer->is_in_tag = FALSE;
        end_line(writer);
    }
}

void
qblk_writer_keep_line(QblkWriter *writer)
{
    if (writer->line_level == 0) {
        writer->line_level = writer->names->len;
    }
}

gboolean
qblk_writer_keeps_line(const QblkWriter *writer)
{
    return writer->line_level > 0;
}

/* ---- elements ---- */

void
qblk_writer_open(QblkWriter *writer, const char *name)
{
    end_tag(writer);
    begin_line(writer);
    g_string_append_c(writer->text, '<');
    g_string_append(writer->text, name);

    g_ptr_array_add(writer->names, qblk_const_cast(name));
    writer->is_in_tag = TRUE;
}

void
qblk_writer_close(QblkWriter *writer)
{
    guint level = writer->names->len - 1;
    const char *name = g_ptr_array_steal_index(writer->names, level);

    if (writer->is_in_tag) {
        g_string_append(writer->text, "/>");
        writer->is_in_tag = FALSE;
    } else {
        begin_line(writer);
        g_string_append(writer->text, "</");
        g_string_append(writer->text, name);
        g_string_append_c(writer->text, '>');
    }

    if (writer->line_level > level) {
        writer->line_level = 0;
    }
    end_line(writer);
}

void
qblk_writer_empty(QblkWriter *writer, const char *name, const char *attribute, const char *value)
{
    qblk_writer_open(writer, name);
    if (attribute != NULL) {
        qblk_writer_constant(writer, attribute, value);
    }
    qblk_writer_close(writer);
}

void
qblk_writer_constant(QblkWriter *writer, const char *name, const char *value)
{
    g_assert(writer->is_in_tag);
    g_string_append_c(writer->text, ' ');
    g_string_append(writer->text, name);
    g_string_append(writer->text, "='");
    append_escaped(writer->text, value);
    g_string_append_c(writer->text, '\'');
}

gboolean
qblk_writer_attribute(QblkWriter *writer, const char *name, const char *value, GError **error)
{
    if (value == NULL) {
        return TRUE;
    }
    if (value[plain_length(value)] != '\0' && !check_characters(value, error)) {
        return FALSE;
    }

    qblk_writer_constant(writer, name, value);
    return TRUE;
}

void
qblk_writer_number(QblkWriter *writer, const char *name, gint64 value)
{
    g_string_append_printf(writer->text, " %s='%" G_GINT64_FORMAT "'", name, value);
}

/* ---- text ---- */

void
qblk_writer_text(QblkWriter *writer, const char *text)
{
    end_tag(writer);
    append_escaped(writer->text, text);
}

static void
append_note(GString *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        gunichar character = g_utf8_get_char(at);

        if (character == '\n' || character == '\t' || qblk_text_is_printable(character)) {
            g_string_append_unichar(out, character);
        } else {
            g_string_append_printf(out, "&#%u;", character);
        }
    }
}

void
qblk_writer_note(QblkWriter *writer, const char *name, const char *text)
{
    end_tag(writer);
    begin_line(writer);

    if (name == NULL) {
        g_string_append(writer->text, "<!--");
    } else {
        g_string_append_printf(writer->text, "<?%s%s", name, text[0] == '\0' ? "" : " ");
    }
    append_note(writer->text, text);
    g_string_append(writer->text, name == NULL ? "-->" : "?>");

    end_line(writer);
}
