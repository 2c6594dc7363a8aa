/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-parser.h"

#include "lib/check.h"
#include "lib/source-check.h"

typedef gboolean (*Read)(const QblkSourceParser *parser, const char *key, char **member,
                         GError **error);

/* The member that @read sets from the option "file.key" with @value; both may be NULL. */
static char *
read_value(Read read, const char *value, GError **error)
{
    static const char *const none[] = {"key=another", NULL};
    g_autoptr(QblkSourceOptions) options = source_check_options(none);

    qblk_source_options_set(options, "file.key", value);
    QblkSourceParser parser = {"https", NULL, "file.", options, NULL};
    char *member = NULL;
    gboolean good = read(&parser, "key", &member, error);
    assert_int_equal(good, *error == NULL);
    assert_true(good || member == NULL);
    return member;
}

typedef struct {
    const char *text, *value;
} Case;

static void
check_values(Read read, const Case *cases, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *value = read_value(read, cases[i].text, &error);
        assert_no_error(error);
        assert_int_equal(g_strcmp0(value, cases[i].value), 0);
    }
}

static void
check_refused(Read read, const char *const *texts, gsize count, const char *message)
{
    for (gsize i = 0; i < count; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *value = read_value(read, texts[i], &error);
        assert_null(value);
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, message);
    }
}

static void
sizes_have_suffixes(void **state)
{
    static const Case sizes[] = {
        {NULL, NULL},
        {"0", "0"},
        {"512", "512"},
        {"512b", "512"},
        {"4k", "4096"},
        {"4K", "4096"},
        {"1M", "1048576"},
        {"3E", "3458764513820540928"},
        {"15E", "17293822569102704640"},
        {"4294967296", "4294967296"},
        {"4294967296k", "4398046511104"},
        {"18446744073709551615", "18446744073709551615"},
    };
    static const char *const refused[] = {
        "16E", "20E", "4x", "k", "", "-1", "1 k", "1kk", " 1", "+1", "18446744073709551616"};

    check_values(qblk_source_parser_read_size, sizes, G_N_ELEMENTS(sizes));
    check_refused(qblk_source_parser_read_size, refused, G_N_ELEMENTS(refused),
                  "driver 'https': option 'key' must be a number of bytes");
}

static void
switches_are_all_of_those_of_qemu(void **state)
{
    static const Case switches[] = {
        {NULL, NULL},  {"on", "yes"}, {"yes", "yes"},  {"true", "yes"}, {"y", "yes"},
        {"off", "no"}, {"no", "no"},  {"false", "no"}, {"n", "no"},
    };
    static const char *const refused[] = {"", "ON", "1", "o", "on "};

    check_values(qblk_source_parser_read_switch, switches, G_N_ELEMENTS(switches));
    check_refused(qblk_source_parser_read_switch, refused, G_N_ELEMENTS(refused),
                  "driver 'https': option 'key' must be 'on' or 'off'");
}

static void
numbers_have_a_limit(void **state)
{
    static const struct {
        const char *text;
        guint64 most;
        gboolean good;

    } cases[] = {
        {NULL, 0, TRUE},         {"0", 0, TRUE},
        {"1", 0, FALSE},         {"65535", 65535, TRUE},
        {"65536", 65535, FALSE}, {"", 9, FALSE},
        {"-0", 9, FALSE},        {"+1", 9, FALSE},
        {"0x1", 9, FALSE},       {" 1", 9, FALSE},
        {"1 ", 9, FALSE},        {"18446744073709551615", G_MAXUINT64, TRUE},
    };
    const QblkSourceParser parser = {.driver = "nbd", .prefix = ""};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        gboolean good =
            qblk_source_parser_check_number(&parser, "port", cases[i].text, cases[i].most, &error);
        assert_int_equal(good, cases[i].good);
        if (!good) {
            assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                         "driver 'nbd': option 'port' must be a number from 0 to ");
        }

        assert_null(error);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_have_suffixes),
        cmocka_unit_test(switches_are_all_of_those_of_qemu),
        cmocka_unit_test(numbers_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
