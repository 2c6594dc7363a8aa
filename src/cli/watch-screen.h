/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The terminal, by ncurses, which is opened when the screen is needed: linked, it would take longer
 * to load than most commands need for all they do.
 */
#pragma once

#include "cli/watch-layout.h"

typedef struct QblkWatchScreen QblkWatchScreen;

/** Returns: TRUE if ncurses can be loaded and knows this type of terminal */
gboolean qblk_watch_screen_is_possible(void);

/**
 * Take over the terminal of standard input and output.
 *
 * Returns: (transfer full): the screen; NULL with QBLK_CLI_ERROR_USAGE
 */
QblkWatchScreen *qblk_watch_screen_new(gboolean has_color,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Restore the terminal. */
void qblk_watch_screen_free(QblkWatchScreen *screen);

/** Get the size that the terminal has now. */
void qblk_watch_screen_size(const QblkWatchScreen *screen, guint *width, guint *height);

/** Draw @rows (of QblkWatchRow). @anew: also what seems to be on the screen already */
void qblk_watch_screen_draw(QblkWatchScreen *screen, const GPtrArray *rows, gboolean anew);

/** Returns: the next key that was pressed; QBLK_WATCH_KEY_NONE: no more. Never waits. */
QblkWatchKey qblk_watch_screen_read_key(QblkWatchScreen *screen);

/** Give the terminal back; the next drawing takes it over again. */
void qblk_watch_screen_suspend(QblkWatchScreen *screen);
