/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "lib/xml-check.h"
#include "xml/writer.h"

#include <string.h>

/* The characters that XML 1.0 allows: its section 2.2. */
static gboolean
xml_can_carry(gunichar character)
{
    return character == 0x9 || character == 0xa || character == 0xd ||
           (character >= 0x20 && character <= 0xd7ff) ||
           (character >= 0xe000 && character <= 0xfffd) ||
           (character >= 0x10000 && character <= 0x10ffff);
}

static char *
print_with_value(const char *value, GError **error)
{
    g_auto(QblkWriter) writer;

    qblk_writer_init(&writer);
    qblk_writer_open(&writer, "e");
    if (!qblk_writer_attribute(&writer, "a", value, error)) {
        return NULL;
    }
    qblk_writer_close(&writer);
    return qblk_writer_finish(&writer);
}

static void
assert_comes_back(const char *value)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = print_with_value(value, &error);

    assert_no_error(error);
    g_autofree char *again = xml_check_root_attribute(text, "a");
    assert_string_equal(again, value);
}

static void
an_empty_element_is_closed_at_once(void **state)
{
    g_auto(QblkWriter) writer;

    qblk_writer_init(&writer);
    qblk_writer_empty(&writer, "e", NULL, NULL);
    g_autofree char *text = qblk_writer_finish(&writer);
    assert_string_equal(text, "<e/>\n");
}

static void
levels_are_indented_by_two_spaces(void **state)
{
    g_auto(QblkWriter) writer;

    qblk_writer_init(&writer);
    qblk_writer_open(&writer, "a");
    qblk_writer_open(&writer, "b");
    qblk_writer_number(&writer, "x", 1);
    qblk_writer_constant(&writer, "y", "");
    qblk_writer_close(&writer);
    qblk_writer_open(&writer, "c");
    qblk_writer_empty(&writer, "d", "z", "2");
    qblk_writer_close(&writer);
    qblk_writer_empty(&writer, "e", NULL, NULL);
    qblk_writer_close(&writer);

    g_autofree char *text = qblk_writer_finish(&writer);
    assert_string_equal(text, "<a>\n"
                              "  <b x='1' y=''/>\n"
                              "  <c>\n"
                              "    <d z='2'/>\n"
                              "  </c>\n"
                              "  <e/>\n"
                              "</a>\n");
}

/* Otherwise the text of a chain would be quadratic in its layers. */
static void
indentation_ends_at_a_level(void **state)
{
    enum { LEVELS = 50000 };
    g_auto(QblkWriter) writer;
    g_autoptr(GString) expected = g_string_new(NULL);

    qblk_writer_init(&writer);
    for (guint i = 0; i < LEVELS; i++) {
        qblk_writer_open(&writer, "a");
        g_string_append_printf(expected, "%*s<a%s>\n", (int)MIN(2 * i, 128), "",
                               i == LEVELS - 1 ? "/" : "");
    }
    for (guint i = LEVELS; i-- > 0;) {
        qblk_writer_close(&writer);
        if (i < LEVELS - 1) {
            g_string_append_printf(expected, "%*s</a>\n", (int)MIN(2 * i, 128), "");
        }
    }

    g_autofree char *text = qblk_writer_finish(&writer);
    assert_string_equal(text, expected->str);
}

static void
markup_quotes_and_white_space_are_escaped(void **state)
{
    g_autofree char *text = print_with_value("&<>\"'\n\t\r &amp;", NULL);
    assert_string_equal(text, "<e a='&amp;&lt;&gt;&quot;&apos;&#10;&#9;&#13; &amp;amp;'/>\n");
}

static void
what_a_terminal_would_interpret_is_written_as_a_number(void **state)
{
    g_autofree char *text = print_with_value("\x7f\xc2\x85\xc2\x9b\u202e\u2028\u200b\ufeff", NULL);
    assert_string_equal(text, "<e a='&#127;&#133;&#155;&#8238;&#8232;&#8203;&#65279;'/>\n");
}

static void
letters_of_any_script_are_written_as_they_are(void **state)
{
    g_autofree char *text = print_with_value("größe-日本語-💾", NULL);
    assert_string_equal(text, "<e a='größe-日本語-💾'/>\n");
}

static void
every_character_is_carried_exactly_or_refused_by_name(void **state)
{
    g_autoptr(GString) carried = g_string_new(NULL);

    for (gunichar character = 1; character <= 0x10ffff; character++) {
        char value[8] = {'a'};
        if (character >= 0xd800 && character <= 0xdfff) {
            continue; /* not UTF-8 */
        }

        g_unichar_to_utf8(character, value + 1);
        if (xml_can_carry(character)) {
            g_string_append(carried, value);
            continue;
        }

        g_autoptr(GError) error = NULL;
        g_autofree char *name = g_strdup_printf("U+%04X, which XML 1.0 does not allow", character);
        assert_null(print_with_value(value, &error));
        assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME, name);
    }

    assert_comes_back(carried->str);
}

static void
a_name_that_is_not_utf8_is_refused(void **state)
{
    static const char *const names[] = {"gr\xf6\xdf"
                                        "e",
                                        "\xc0\x80",         /* NUL, too long */
                                        "\xed\xa0\x80",     /* a surrogate */
                                        "\xf4\x90\x80\x80", /* beyond Unicode */
                                        "cut\xe2\x82"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(print_with_value(names[i], &error));
        assert_true(g_utf8_validate(error->message, -1, NULL));
        assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_NAME, "is not valid UTF-8");
    }
}

static void
a_refused_or_missing_value_adds_no_attribute(void **state)
{
    g_autoptr(GError) error = NULL;
    g_auto(QblkWriter) writer;

    qblk_writer_init(&writer);
    qblk_writer_open(&writer, "e");
    assert_true(qblk_writer_attribute(&writer, "a", NULL, &error));
    assert_false(qblk_writer_attribute(&writer, "a", "\x01", &error));
    qblk_writer_close(&writer);
    g_autofree char *text = qblk_writer_finish(&writer);
    assert_string_equal(text, "<e/>\n");
}

/* Mostly special characters: random ones of all Unicode would hardly ever hit one. */
static char *
random_name(GRand *random)
{
    static const gunichar odd[] = {'&',  '<', '>', '"',   '\'',   '\n',   '\t',   '\r',  ' ',
                                   ';',  '#', '%', '\\',  0x7f,   0x85,   0xa0,   0x9b,  0xe4,
                                   0xdf, 'a', ']', 0x301, 0x2028, 0x202e, 0xfffd, 0x65e, 0x1f4be,
                                   '-',  '!', '[', '0',   0xd7ff, 0xe000};
    GString *name = g_string_new(NULL);

    for (gint32 i = g_rand_int_range(random, 0, 40); i > 0; i--) {
        gunichar character = odd[g_rand_int_range(random, 0, G_N_ELEMENTS(odd))];
        if (g_rand_int_range(random, 0, 4) == 0) {
            character = (gunichar)g_rand_int_range(random, 0x20, 0x110000);
        }

        g_string_append_unichar(name, xml_can_carry(character) ? character : '&');
    }

    return g_string_free(name, FALSE);
}

static void
any_name_that_is_printed_is_read_back_exactly(void **state)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(20);

    for (guint i = 0; i < 2000; i++) {
        g_autofree char *name = random_name(random);
        assert_comes_back(name);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_element_is_closed_at_once),
        cmocka_unit_test(levels_are_indented_by_two_spaces),
        cmocka_unit_test(indentation_ends_at_a_level),
        cmocka_unit_test(markup_quotes_and_white_space_are_escaped),
        cmocka_unit_test(what_a_terminal_would_interpret_is_written_as_a_number),
        cmocka_unit_test(letters_of_any_script_are_written_as_they_are),
        cmocka_unit_test(every_character_is_carried_exactly_or_refused_by_name),
        cmocka_unit_test(a_name_that_is_not_utf8_is_refused),
        cmocka_unit_test(a_refused_or_missing_value_adds_no_attribute),
        cmocka_unit_test(any_name_that_is_printed_is_read_back_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
