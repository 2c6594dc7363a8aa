/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A function with a stack of its own, which can be left in the middle and continued later.
 *
 * The runner of block jobs is straight-line code: it sends a command, waits, looks at what has
 * become of the job, and cleans up on each way out.  The tests that kill QEMU and qblk at each
 * message prove that code as it is.  A program with a main loop cannot call it, because it waits,
 * and rewritten as callbacks it would have to be proved again, with every local variable in a
 * structure.  As a coroutine it stays as it is: all its waits are one function, which yields to the
 * main loop and is resumed when the wait is over.  QEMU runs its block layer in this way.  A thread
 * would do, too, but would bring locks for everything that both sides use, signals that arrive in
 * the wrong thread, and a fork() that loses it.
 *
 * A coroutine has no thread-local state and may be resumed by another thread than before, by one at
 * a time.  It runs only within qblk_coroutine_resume().
 */
#pragma once

#include <glib.h>

/** The size of a stack; below it is a page that cannot be accessed.  Memory is used only for what
 * was touched of it.  The deepest recursion is the JSON parser, with QBLK_LIMIT_JSON_DEPTH calls.
 */
#define QBLK_COROUTINE_STACK_BYTES (1024 * 1024)

typedef struct QblkCoroutine QblkCoroutine;

typedef void (*QblkCoroutineFunc)(QblkCoroutine *coroutine, gpointer user_data);

/**
 * Make a coroutine that runs @func with @user_data when it is resumed.
 *
 * Returns: (transfer full) (nullable): the coroutine; NULL with errno if there is no memory for its
 * stack
 */
QblkCoroutine *qblk_coroutine_new(QblkCoroutineFunc func,
                                  gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;

/** @coroutine (nullable) must not be in the middle of its function: what that holds would be lost.
 */
void qblk_coroutine_free(QblkCoroutine *coroutine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkCoroutine, qblk_coroutine_free)

/**
 * Run @coroutine until it yields or its function returns.  Signals are blocked as in the caller.
 *
 * Returns: TRUE if it has yielded; FALSE if the function has returned
 */
gboolean qblk_coroutine_resume(QblkCoroutine *coroutine);

/** Within @coroutine: return from qblk_coroutine_resume().  Returns when it is resumed again. */
void qblk_coroutine_yield(QblkCoroutine *coroutine);

/** Returns: TRUE if the function of @coroutine has returned. */
gboolean qblk_coroutine_is_done(const QblkCoroutine *coroutine);
