/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A GSource for an object that is driven in turns, by a descriptor and a time: an operation or a
 * watch.
 */
#pragma once

#include <glib.h>

typedef struct {
    const char *name;
    int (*get_fd)(gpointer object);      /* -1: none; may differ after each turn */
    int (*get_events)(gpointer object);  /* of poll() */
    int (*get_timeout)(gpointer object); /* milliseconds; -1: no limit */
    gboolean (*is_over)(gpointer object);
    gboolean (*process)(gpointer object, int revents); /* FALSE at the end */
    void (*unref)(gpointer object);
    /* Calls @function, the callback of the source, after the last turn; NULL: it is not called */
    void (*conclude)(gpointer object, GSourceFunc function, gpointer user_data);
} QblkTurnSourceType;

/**
 * Create the source.
 *
 * @type: constant
 * @object: (transfer full): dropped with the source
 *
 * Returns: (transfer full): the source, which is removed after the last turn
 */
GSource *qblk_turn_source_new(const QblkTurnSourceType *type, gpointer object);

/** Attach a new source to the default context of this thread.  @destroy: of @user_data.
 * Returns: its id */
guint qblk_turn_source_attach(const QblkTurnSourceType *type, gpointer object, GSourceFunc function,
                              gpointer user_data, GDestroyNotify destroy);
