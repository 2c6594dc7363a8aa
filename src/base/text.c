/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"

char *
qblk_text_list(const char *const *names, guint count)
{
    return qblk_text_list_some(names, count, count);
}

char *
qblk_text_list_some(const char *const *names, guint count, guint most)
{
    GString *list = g_string_new(NULL);
    for (guint i = 0; i < MIN(count, most); i++) {
        if (i > 0) {
            g_string_append(list, i + 1 == count ? " and " : ", ");
        }
        g_string_append(list, names[i]);
    }

    if (count > most) {
        g_string_append_printf(list, " and %u more", count - most);
    }
    return g_string_free(list, FALSE);
}

/* Letters in Unicode that are not visible: with them two names look the same. */
static gboolean
is_filler(gunichar character)
{
    return character == 0x115F || character == 0x1160 || character == 0x3164 || character == 0xFFA0;
}

gboolean
qblk_text_is_printable(gunichar character)
{
    GUnicodeType type = g_unichar_type(character);
    return g_unichar_isprint(character) && !is_filler(character) &&
           type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

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
qblk_text_escape(const char *text)
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
qblk_text_to_ascii(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *at = text; *at != '\0'; at++) {
        gunichar character = g_utf8_get_char_validated(at, -1);

        if (character < 0x80) {
            g_string_append_c(out, (char)character);
        } else if (character == (gunichar)-1 || character == (gunichar)-2) {
            append_escaped(out, (guchar)*at);
        } else {
            append_escaped(out, character);
            at += g_unichar_to_utf8(character, NULL) - 1;
        }
    }
    return g_string_free(out, FALSE);
}

char *
qblk_text_size(gint64 bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 0) {
        return NULL;
    }

    guint unit = 0;
    gint64 whole = bytes, rest = 0;
    while (whole >= 1024 && unit + 1 < G_N_ELEMENTS(units)) {
        rest = whole % 1024;
        whole /= 1024;
        unit++;
    }

    /* A tenth is printed only if it is not 0, and is never rounded up to the next whole. */
    gint64 tenths = rest * 10 / 1024;
    return tenths == 0
               ? g_strdup_printf("%" G_GINT64_FORMAT " %s", whole, units[unit])
               : g_strdup_printf("%" G_GINT64_FORMAT ".%d %s", whole, (int)tenths, units[unit]);
}

int
qblk_text_percent(gint64 done, gint64 total)
{
    if (total <= 0 || done < 0) {
        return -1;
    }

    if (done >= total) {
        return 100;
    }

    /* A double rounds the last bytes of a very long job up. */
    return MIN(99, (int)((double)done * 100 / (double)total));
}

gboolean
qblk_text_is_url(const char *text)
{
    gsize scheme = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-");
    return scheme > 0 && g_ascii_isalpha(text[0]) && g_str_has_prefix(text + scheme, "://");
}
