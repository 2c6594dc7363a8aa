/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/terminal.h"

#include "base/text.h"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80
#define MAX_COLUMNS     10000

/* ---- what the user asks for ---- */

gboolean
qblk_color_parse(const char *text, QblkColor *color)
{
    static const struct {
        const char *name;
        QblkColor color;
    } names[] = {
        {"auto", QBLK_COLOR_AUTO},
        {"always", QBLK_COLOR_ALWAYS},
        {"never", QBLK_COLOR_NEVER},
    };

    if (text == NULL) {
        *color = QBLK_COLOR_ALWAYS;
        return TRUE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(names[i].name, text)) {
            *color = names[i].color;
            return TRUE;
        }
    }
    return FALSE;
}

void
qblk_terminal_choice_init(QblkTerminalChoice *choice)
{
    *choice = (QblkTerminalChoice){
        .color = QBLK_COLOR_AUTO,
        .columns = g_getenv("COLUMNS"),
        .no_color = g_getenv("NO_COLOR"),
        .term = g_getenv("TERM"),
        .characters = nl_langinfo(CODESET),
    };
}

/* ---- what it can do ---- */

guint
qblk_terminal_width(int fd, const char *columns)
{
    guint64 wanted = 0;
    if (columns != NULL && g_ascii_string_to_unsigned(columns, 10, 1, MAX_COLUMNS, &wanted, NULL)) {
        return (guint)wanted;
    }

    struct winsize size;
    gboolean is_known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return is_known ? size.ws_col : DEFAULT_COLUMNS;
}

/* See https://no-color.org. */
static gboolean
wants_color(const QblkTerminalChoice *choice, gboolean is_terminal)
{
    gboolean is_refused = choice->no_color != NULL && choice->no_color[0] != '\0';
    gboolean is_capable = choice->term != NULL && !g_str_equal(choice->term, "dumb");

    if (choice->color != QBLK_COLOR_AUTO) {
        return choice->color == QBLK_COLOR_ALWAYS;
    }
    return is_terminal && is_capable && !is_refused;
}

QblkTerminal
qblk_terminal_of(int fd, const QblkTerminalChoice *choice)
{
    gboolean is_terminal = isatty(fd) != 0;
    gboolean has_limit = is_terminal && !choice->is_wide;

    return (QblkTerminal){
        .is_terminal = is_terminal,
        .columns = has_limit ? qblk_terminal_width(fd, choice->columns) : 0,
        .is_utf8 = g_ascii_strcasecmp(choice->characters, "UTF-8") == 0,
        .has_color = wants_color(choice, is_terminal),
        .can_erase = is_terminal && g_strcmp0(choice->term, "dumb") != 0,
        .wanted = choice->columns,
    };
}

/* ---- text ---- */

const QblkTerminalLines *
qblk_terminal_lines(const QblkTerminal *terminal)
{
    static const QblkTerminalLines unicode = {"├─ ", "└─ ", "│  ", "   ", "…", "≥ "};
    static const QblkTerminalLines ascii = {"|- ", "`- ", "|  ", "   ", "...", ">= "};

    return terminal->is_utf8 ? &unicode : &ascii;
}

/* Only attributes and the basic colors: the colors of the user are readable on the background of
 * the user. */
static const char *
begin_of(QblkStyle style)
{
    static const char *const begins[] = {
        [QBLK_STYLE_STRONG] = "\033[1m",
        [QBLK_STYLE_DIM] = "\033[2m",
        [QBLK_STYLE_WARNING] = "\033[33m",
        [QBLK_STYLE_ERROR] = "\033[31m",
    };

    return begins[style];
}

void
qblk_terminal_append(const QblkTerminal *terminal, QblkStyle style, const char *text, GString *out)
{
    if (!terminal->has_color || style == QBLK_STYLE_PLAIN || text[0] == '\0') {
        g_string_append(out, text);
        return;
    }
    g_string_append_printf(out, "%s%s\033[0m", begin_of(style), text);
}

char *
qblk_terminal_escape(const QblkTerminal *terminal, const char *text)
{
    g_autofree char *safe = qblk_text_escape(text);
    return terminal->is_utf8 ? g_steal_pointer(&safe) : qblk_text_to_ascii(safe);
}
