/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/terminal.h"

#include "lib/check.h"

#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

/* Returns: what a terminal of 100 columns can show. */
static QblkTerminal
look(QblkTerminalChoice choice)
{
    struct winsize size = {.ws_row = 24, .ws_col = 100};
    int master, slave;

    assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
    choice.characters = choice.characters == NULL ? "UTF-8" : choice.characters;
    QblkTerminal terminal = qblk_terminal_of(slave, &choice);
    close(master);
    close(slave);
    return terminal;
}

static QblkTerminal
look_at_file(QblkTerminalChoice choice)
{
    int fd = open("/dev/null", O_WRONLY);
    choice.characters = "UTF-8";
    QblkTerminal terminal = qblk_terminal_of(fd, &choice);
    close(fd);
    return terminal;
}

static void
only_a_terminal_has_a_width(void **state)
{
    assert_int_equal(look((QblkTerminalChoice){0}).columns, 100);
    assert_int_equal(look((QblkTerminalChoice){.is_wide = TRUE}).columns, 0);
    assert_int_equal(look_at_file((QblkTerminalChoice){0}).columns, 0);
    assert_int_equal(look_at_file((QblkTerminalChoice){.columns = "30"}).columns, 0);
}

static void
the_environment_can_set_the_width(void **state)
{
    assert_int_equal(look((QblkTerminalChoice){.columns = "30"}).columns, 30);
    static const char *const invalid[] = {"", "0", "-3", "x", "99999999999999999999", "30x"};
    for (gsize i = 0; i < G_N_ELEMENTS(invalid); i++) {
        assert_int_equal(look((QblkTerminalChoice){.columns = invalid[i]}).columns, 100);
    }
}

static void
a_terminal_without_a_size_has_80_columns(void **state)
{
    int master, slave;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    assert_int_equal(qblk_terminal_width(slave, NULL), 80);
    close(master);
    close(slave);
}

static void
colors_are_for_terminals(void **state)
{
    assert_true(look((QblkTerminalChoice){.term = "xterm"}).has_color);
    assert_false(look((QblkTerminalChoice){.term = "dumb"}).has_color);
    assert_false(look((QblkTerminalChoice){0}).has_color);
    assert_false(look_at_file((QblkTerminalChoice){.term = "xterm"}).has_color);
}

static void
no_color_counts_if_it_is_not_empty(void **state)
{
    assert_false(look((QblkTerminalChoice){.term = "xterm", .no_color = "1"}).has_color);
    assert_true(look((QblkTerminalChoice){.term = "xterm", .no_color = ""}).has_color);
}

static void
the_option_overrides_the_environment(void **state)
{
    QblkTerminalChoice always = {.color = QBLK_COLOR_ALWAYS, .no_color = "1"};
    assert_true(look_at_file(always).has_color);
    QblkTerminalChoice never = {.color = QBLK_COLOR_NEVER, .term = "xterm"};
    assert_false(look(never).has_color);
}

static void
a_color_is_read_by_its_name(void **state)
{
    QblkColor color = QBLK_COLOR_AUTO;
    assert_true(qblk_color_parse("never", &color));
    assert_int_equal(color, QBLK_COLOR_NEVER);
    assert_true(qblk_color_parse(NULL, &color));
    assert_int_equal(color, QBLK_COLOR_ALWAYS);
    assert_true(qblk_color_parse("auto", &color));
    assert_int_equal(color, QBLK_COLOR_AUTO);
    assert_false(qblk_color_parse("yes", &color));
    assert_false(qblk_color_parse("", &color));
}

static void
lines_are_ascii_outside_utf_8(void **state)
{
    QblkTerminal utf8 = look((QblkTerminalChoice){.characters = "utf-8"});
    QblkTerminal ascii = look((QblkTerminalChoice){.characters = "ANSI_X3.4-1968"});
    assert_string_equal(qblk_terminal_lines(&utf8)->branch, "├─ ");
    assert_string_equal(qblk_terminal_lines(&ascii)->last, "`- ");

    g_autofree char *text = qblk_terminal_escape(&utf8, "größe\n");
    assert_string_equal(text, "größe\\n");
    g_autofree char *escaped = qblk_terminal_escape(&ascii, "gr\xc3\xb6\xc3\x9f"
                                                            "e \xff 語\n💾");
    assert_string_equal(escaped, "gr\\xf6\\xdfe \\xff \\u8a9e\\n\\U0001f4be");
}

static void
a_style_ends_with_its_text(void **state)
{
    const QblkTerminal colored = {.has_color = TRUE}, plain = {0};
    g_autoptr(GString) out = g_string_new(NULL);

    qblk_terminal_append(&colored, QBLK_STYLE_STRONG, "a", out);
    qblk_terminal_append(&colored, QBLK_STYLE_PLAIN, "b", out);
    qblk_terminal_append(&colored, QBLK_STYLE_ERROR, "", out);
    qblk_terminal_append(&plain, QBLK_STYLE_ERROR, "c", out);
    assert_string_equal(out->str, "\033[1ma\033[0mbc");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_terminal_has_a_width),
        cmocka_unit_test(the_environment_can_set_the_width),
        cmocka_unit_test(a_terminal_without_a_size_has_80_columns),
        cmocka_unit_test(colors_are_for_terminals),
        cmocka_unit_test(no_color_counts_if_it_is_not_empty),
        cmocka_unit_test(the_option_overrides_the_environment),
        cmocka_unit_test(a_color_is_read_by_its_name),
        cmocka_unit_test(lines_are_ascii_outside_utf_8),
        cmocka_unit_test(a_style_ends_with_its_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
