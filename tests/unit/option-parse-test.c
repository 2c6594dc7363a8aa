/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/option-parse.h"

#include "cli/exit-code.h"
#include "lib/check.h"

typedef struct {
    gboolean all, brief, with_text;
    char *name, *file, *colour;
    char **names, **files;
    int number;
    gint64 size;
    double seconds;
} Values;

static void
values_clear(Values *values)
{
    g_free(values->name);
    g_free(values->file);
    g_free(values->colour);
    g_strfreev(values->names);
    g_strfreev(values->files);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Values, values_clear)

static QblkOptionTable *
make_table(Values *values)
{
    QblkOptionTable *table = qblk_option_table_new("qblk try");
    const GOptionEntry own[] = {
        {"all", 'a', 0, G_OPTION_ARG_NONE, &values->all, "", NULL},
        {"brief", 'b', 0, G_OPTION_ARG_NONE, &values->brief, "", NULL},
        {"name", 'n', 0, G_OPTION_ARG_STRING, &values->name, "", "NAME"},
        {"names", 0, 0, G_OPTION_ARG_STRING_ARRAY, &values->names, "", "NAME"},
        {"file", 'f', 0, G_OPTION_ARG_FILENAME, &values->file, "", "FILE"},
        {"files", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &values->files, "", "FILE"},
        {"number", 'i', 0, G_OPTION_ARG_INT, &values->number, "", "N"},
        {"size", 's', 0, G_OPTION_ARG_INT64, &values->size, "", "BYTES"},
        {"colour", 'c', G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_STRING, &values->colour, "",
         "WHEN"},
        {"hidden", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &values->with_text, "", NULL},
        {NULL},
    };
    const GOptionEntry changes[] = {
        {"seconds", 't', 0, G_OPTION_ARG_DOUBLE, &values->seconds, "", "SECONDS"},
        {NULL},
    };
    const GOptionEntry replaced = {"name", 0, 0, G_OPTION_ARG_NONE, NULL, "", NULL};
    const GOptionEntry refused = {"vm", 'v', 0, G_OPTION_ARG_STRING, NULL, "", "VM"};

    qblk_option_table_add(table, own);
    qblk_option_table_add_group(table, QBLK_OPTION_GROUP_CHANGE, changes);
    qblk_option_table_add_common(table, &replaced, NULL);
    qblk_option_table_add_common(table, &refused, "it has no VM");
    return table;
}

/* Returns: the arguments, joined, or NULL with an error.  @words: separated by blanks */
static char *
parse(Values *values, gboolean is_front, const char *words, GError **error)
{
    g_autoptr(QblkOptionTable) table = make_table(values);
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();
    g_auto(GStrv) all = words[0] == '\0' ? g_new0(char *, 1) : g_strsplit(words, " ", -1);

    if (!qblk_option_parse(table, is_front, all, arguments, error)) {
        return NULL;
    }
    g_ptr_array_add(arguments, NULL);
    return g_strjoinv(" ", (char **)arguments->pdata);
}

static void
assert_arguments(Values *values, gboolean is_front, const char *words, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *arguments = parse(values, is_front, words, &error);
    assert_no_error(error);
    assert_string_equal(arguments, expected);
}

static void
an_argument_may_be_in_the_same_word_or_the_next_one(void **state)
{
    static const char *const lines[] = {
        "--name=x --size=7 --seconds=.5 -ab",
        "--name x --size 7 --seconds 0.5 --all --brief",
        "-n x -s 7 -t 5e-1 -a -b",
        "-nx -s7 -t0.5 -ba",
        "-abnx -s0x7 -t 05e-1",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_auto(Values) values = {0};
        assert_arguments(&values, FALSE, lines[i], "");
        assert_string_equal(values.name, "x");
        assert_int_equal(values.size, 7);
        assert_true(values.seconds == 0.5);
        assert_true(values.all && values.brief);
    }
}

static void
an_argument_may_look_like_an_option(void **state)
{
    g_auto(Values) values = {0};
    assert_arguments(&values, FALSE, "--name=--all -f -- -i -5 --size=-0x10 --seconds -1.5", "");
    assert_string_equal(values.name, "--all");
    assert_string_equal(values.file, "--");
    assert_int_equal(values.number, -5);
    assert_int_equal(values.size, -16);
    assert_true(values.seconds == -1.5);
    assert_false(values.all);
}

static void
an_empty_argument_is_one(void **state)
{
    g_auto(Values) values = {0};
    assert_arguments(&values, FALSE, "--name= --file= ", "");
    assert_string_equal(values.name, "");
    assert_string_equal(values.file, "");
}

static void
options_follow_arguments_until_two_dashes(void **state)
{
    g_auto(Values) values = {0};
    assert_arguments(&values, FALSE, "x -a - y -- -b -- z", "x - y -b -- z");
    assert_true(values.all && !values.brief);
}

static void
the_first_argument_ends_the_options_in_front(void **state)
{
    g_auto(Values) values = {0}, dashes = {0};
    assert_arguments(&values, TRUE, "-a -n x list -b -- --no-option", "list -b -- --no-option");
    assert_true(values.all && !values.brief);
    assert_arguments(&dashes, TRUE, "-a -- list -b", "list -b");
    assert_false(dashes.brief);
}

static void
the_last_one_counts_or_each_of_a_list(void **state)
{
    g_auto(Values) values = {0};
    assert_arguments(&values, FALSE, "--name a --names b --files c --name d --names=e --files f",
                     "");
    assert_string_equal(values.name, "d");
    g_autofree char *names = g_strjoinv(" ", values.names);
    g_autofree char *files = g_strjoinv(" ", values.files);
    assert_string_equal(names, "b e");
    assert_string_equal(files, "c f");
}

static void
an_optional_argument_is_in_the_same_word(void **state)
{
    g_auto(Values) values = {0}, with = {0}, letter = {0};
    assert_arguments(&values, FALSE, "--colour never", "never");
    assert_string_equal(values.colour, "");
    assert_arguments(&with, FALSE, "--colour=never", "");
    assert_string_equal(with.colour, "never");
    assert_arguments(&letter, FALSE, "-ac -b", "");
    assert_string_equal(letter.colour, "");
}

static void
a_file_name_may_have_any_byte(void **state)
{
    g_auto(Values) values = {0}, text = {0};
    assert_arguments(&values, FALSE, "--file=/\xff --files /\xfe", "");
    assert_string_equal(values.file, "/\xff");
    assert_string_equal(values.files[0], "/\xfe");
    g_autoptr(GError) error = NULL;
    assert_null(parse(&text, FALSE, "--name=/\xff", &error));
    assert_error(error, QBLK_CLI_ERROR, QBLK_CLI_ERROR_USAGE, "it is not UTF-8");
}

static void
what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *words, *message;
    } rows[] = {
        {"--all=no", "option --all takes no argument: use '--all', or no such option, instead of "
                     "'--all=no'"},
        {"--all=", "option --all takes no argument: use '--all', or no such option, instead of "
                   "'--all='"},
        {"--name", "option --name needs an argument: use '--name=NAME'"},
        {"-an", "option --name needs an argument: use '--name=NAME'"},
        {"--name --all", "option --name needs an argument: use '--name=NAME'"},
        {"--name -b", "option --name needs an argument: use '--name=NAME'"},
        {"-f --number=5", "option --file needs an argument: use '--file=FILE'"},
        {"-bn -a", "option --name needs an argument: use '--name=NAME'"},
        {"-a=no", "option --all takes no argument: use '--all', or no such option, instead of "
                  "'-a=no'"},
        {"-ba=", "option --all takes no argument: use '--all', or no such option, instead of "
                 "'-ba='"},
        {"--nmae=x", "unknown option --nmae: did you mean '--name'?"},
        {"--nam x", "unknown option --nam: did you mean '--name'?"},
        {"--sec 5", "unknown option --sec: did you mean '--seconds'?"},
        {"--hiden", "unknown option --hiden; see 'qblk try --help'"},
        {"--frobnicate", "unknown option --frobnicate; see 'qblk try --help'"},
        {"--=x", "unknown option --; see 'qblk try --help'"},
        {"-ax", "unknown option -x; see 'qblk try --help'"},
        {"-a\xc3\xbc", "unknown option -\xc3\xbc; see 'qblk try --help'"},
        {"-brief", "unknown option -brief: did you mean '--brief'?"},
        {"-size=5", "invalid --size 'ize=5': use a whole number"},
        {"-5", "unknown option -5; see 'qblk try --help'"},
        {"--vm a/b", "option --vm is not valid for 'qblk try': it has no VM"},
        {"-va/b", "option --vm is not valid for 'qblk try': it has no VM"},
        {"-i 1.5", "invalid --number '1.5': use a whole number"},
        {"-i=5", "invalid --number '=5': use a whole number"},
        {"--number=", "invalid --number '': use a whole number"},
        {"--number=0x", "invalid --number '0x': use a whole number"},
        {"--number=5k", "invalid --number '5k': use a whole number"},
        {"--number=2147483648", "invalid --number '2147483648': the number is too large"},
        {"--size=9223372036854775808",
         "invalid --size '9223372036854775808': the number is too large"},
        {"--seconds=5s", "invalid --seconds '5s': use a number, such as 5 or 0.5"},
        {"--seconds=nan", "invalid --seconds 'nan': use a number, such as 5 or 0.5"},
        {"--seconds=1e", "invalid --seconds '1e': use a number, such as 5 or 0.5"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Values) values = {0};
        g_autoptr(GError) error = NULL;
        assert_null(parse(&values, FALSE, rows[i].words, &error));
        assert_error(error, QBLK_CLI_ERROR, QBLK_CLI_ERROR_USAGE, rows[i].message);
    }
}

static void
an_option_without_argument_is_not_set_by_a_wrong_one(void **state)
{
    g_auto(Values) values = {0};
    g_autoptr(GError) error = NULL;
    assert_null(parse(&values, FALSE, "--brief --all=no", &error));
    assert_true(values.brief && !values.all);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_argument_may_be_in_the_same_word_or_the_next_one),
        cmocka_unit_test(an_argument_may_look_like_an_option),
        cmocka_unit_test(an_empty_argument_is_one),
        cmocka_unit_test(options_follow_arguments_until_two_dashes),
        cmocka_unit_test(the_first_argument_ends_the_options_in_front),
        cmocka_unit_test(the_last_one_counts_or_each_of_a_list),
        cmocka_unit_test(an_optional_argument_is_in_the_same_word),
        cmocka_unit_test(a_file_name_may_have_any_byte),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(an_option_without_argument_is_not_set_by_a_wrong_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
