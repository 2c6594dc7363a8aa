/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a descriptor that people may read can show: its width, characters and colors.
 */
#pragma once

#include <glib.h>

/** What --color asks for. */
typedef enum {
    QBLK_COLOR_AUTO, /* colors on a terminal, unless NO_COLOR is set or TERM is "dumb" */
    QBLK_COLOR_ALWAYS,
    QBLK_COLOR_NEVER,
} QblkColor;

/** What the user and the environment ask for; borrowed. */
typedef struct {
    QblkColor color;
    gboolean is_wide;       /* nothing is shortened */
    const char *columns;    /* COLUMNS, or NULL */
    const char *no_color;   /* NO_COLOR, or NULL */
    const char *term;       /* TERM, or NULL */
    const char *characters; /* the name of the encoding of the locale */
} QblkTerminalChoice;

/** All zero: a file or a pipe without UTF-8. */
typedef struct {
    gboolean is_terminal;
    guint columns; /* lines are not longer; 0: no limit */
    gboolean is_utf8;
    gboolean has_color;
    gboolean can_erase; /* a line can be written again */
    const char *wanted; /* borrowed: COLUMNS, for qblk_terminal_width(), or NULL */
} QblkTerminal;

/** What lines are drawn with. */
typedef struct {
    const char *branch, *last; /* in front of an item, and of the last one: 3 columns */
    const char *pass, *none;   /* in front of what is below of such an item: 3 columns */
    const char *ellipsis;
    const char *at_least;
} QblkTerminalLines;

typedef enum {
    QBLK_STYLE_PLAIN,
    QBLK_STYLE_STRONG,  /* heads, the active layer */
    QBLK_STYLE_DIM,     /* what most readers skip */
    QBLK_STYLE_WARNING, /* warnings, stale images */
    QBLK_STYLE_ERROR,
} QblkStyle;

/**
 * Read a value of --color.
 *
 * @text: "auto", "always" or "never"; NULL: the option has no value, which means "always"
 * @color: (out): is set on success
 */
gboolean qblk_color_parse(const char *text, QblkColor *color) G_GNUC_WARN_UNUSED_RESULT;

/** Set @choice to the defaults, with the environment of the process and its locale. */
void qblk_terminal_choice_init(QblkTerminalChoice *choice);

/** Returns: what the file behind @fd can show */
QblkTerminal qblk_terminal_of(int fd, const QblkTerminalChoice *choice);

/**
 * Returns: the width of a terminal now, which may have changed; at least 1.
 *
 * @columns: (nullable): COLUMNS, which takes precedence if it is a number
 */
guint qblk_terminal_width(int fd, const char *columns);

/** Returns: (transfer none): with characters that @terminal can show */
const QblkTerminalLines *qblk_terminal_lines(const QblkTerminal *terminal);

/** Append @text in @style, as far as @terminal has colors.  @text has no line end. */
void qblk_terminal_append(const QblkTerminal *terminal, QblkStyle style, const char *text,
                          GString *out);

/**
 * Returns: (transfer full): @text with escapes for what @terminal cannot show, and for bytes that
 * are not UTF-8
 */
char *qblk_terminal_escape(const QblkTerminal *terminal,
                           const char *text) G_GNUC_WARN_UNUSED_RESULT;
