/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The screen of `qblk watch`: a pure function of what it shows and its size.
 */
#pragma once

#include "cli/watch-view.h"

/** A part of a line. */
typedef struct {
    QblkStyle style;
    char *text; /* owned, escaped */
} QblkWatchSpan;

/** A line, which is not wider than the screen. */
typedef struct {
    GPtrArray *spans; /* of QblkWatchSpan, owned */
    guint columns;    /* that the spans take */
    gboolean is_bar;  /* the whole line is in reverse */
} QblkWatchRow;

/**
 * Lay out @view on a screen of @width columns and @height lines.
 *
 * @terminal: its characters
 * @page: (out): what keys need to know
 *
 * Returns: (transfer full): of QblkWatchRow, owned: @height lines; the view is scrolled to where
 * something can be shown
 */
GPtrArray *qblk_watch_layout(QblkWatchView *view, const QblkTerminal *terminal, guint width,
                             guint height, QblkWatchPage *page) G_GNUC_WARN_UNUSED_RESULT;
