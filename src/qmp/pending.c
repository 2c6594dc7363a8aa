/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/pending.h"

#include "base/limits.h"
#include "qmp/message.h"

typedef struct {
    guint64 id;
    char *name;
    char *text; /* owned: the bytes to send; NULL after they were handed out */
    gint64 submitted;
    gint64 timeout;
    gboolean owed;      /* in flight: QEMU has not replied yet */
    gboolean wanted;    /* the caller has not taken the result */
    QblkAnswer *answer; /* owned; the result is this or error */
    GError *error;      /* owned */
} Command;

struct QblkPending {
    GHashTable *commands; /* id to Command, owned */
    GQueue queue;         /* of Command, borrowed: those that were not sent, in order */
    guint in_flight, limit;
    guint64 last_id;
    gint64 last_reply; /* when QEMU last replied */
    guint64 arrived, taken;
};

static void
command_free(gpointer data)
{
    Command *command = data;
    g_free(command->name);
    g_free(command->text);
    qblk_answer_free(command->answer);
    g_clear_error(&command->error);
    g_free(command);
}

QblkPending *
qblk_pending_new(guint64 last_id)
{
    QblkPending *pending = g_new0(QblkPending, 1);
    pending->commands = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, command_free);
    g_queue_init(&pending->queue);
    pending->last_id = last_id;
    pending->limit = QBLK_LIMIT_IN_FLIGHT;
    return pending;
}

void
qblk_pending_set_limit(QblkPending *pending, guint commands)
{
    pending->limit = commands;
}

void
qblk_pending_free(QblkPending *pending)
{
    if (pending == NULL) {
        return;
    }

    g_queue_clear(&pending->queue);
    g_hash_table_unref(pending->commands);
    g_free(pending);
}

static Command *
add_command(QblkPending *pending, const char *name, const QblkJson *arguments)
{
    Command *command = g_new0(Command, 1);
    command->id = ++pending->last_id;
    command->name = g_strdup(name);
    command->text = qblk_message_command(name, arguments, command->id);
    g_hash_table_insert(pending->commands, &command->id, command);
    return command;
}

guint64
qblk_pending_add(QblkPending *pending, const char *name, const QblkJson *arguments, gint64 now,
                 gint64 timeout)
{
    Command *command = add_command(pending, name, arguments);
    command->submitted = now;
    command->timeout = timeout;
    command->wanted = TRUE;
    g_queue_push_tail(&pending->queue, command);
    return command->id;
}

guint64
qblk_pending_add_first(QblkPending *pending, const char *name)
{
    Command *command = add_command(pending, name, NULL);
    g_queue_push_head(&pending->queue, command);
    return command->id;
}

char *
qblk_pending_send_next(QblkPending *pending)
{
    if (pending->in_flight >= pending->limit || g_queue_is_empty(&pending->queue)) {
        return NULL;
    }

    Command *command = g_queue_pop_head(&pending->queue);
    command->owed = TRUE;
    pending->in_flight++;
    return g_steal_pointer(&command->text);
}

static Command *
find_command(const QblkPending *pending, guint64 id)
{
    return g_hash_table_lookup(pending->commands, &id);
}

static gboolean
has_result(const Command *command)
{
    return command->answer != NULL || command->error != NULL;
}

void
qblk_pending_unsend(QblkPending *pending, guint64 id)
{
    Command *command = find_command(pending, id);
    g_assert(command != NULL && command->owed);
    command->owed = FALSE;
    pending->in_flight--;
}

static void
remove_if_settled(QblkPending *pending, Command *command)
{
    if (!command->owed && !command->wanted) {
        g_hash_table_remove(pending->commands, &command->id);
    }
}

const char *
qblk_pending_name(const QblkPending *pending, guint64 id)
{
    const Command *command = find_command(pending, id);
    return command == NULL ? NULL : command->name;
}

const char *
qblk_pending_in_flight(const QblkPending *pending, guint64 id)
{
    const Command *command = find_command(pending, id);
    return command != NULL && command->owed ? command->name : NULL;
}

void
qblk_pending_answer(QblkPending *pending, guint64 id, QblkAnswer *answer, gint64 now)
{
    Command *command = find_command(pending, id);
    g_assert(command != NULL && command->owed);
    command->owed = FALSE;
    pending->in_flight--;
    pending->last_reply = now;
    if (command->wanted && !has_result(command)) {
        command->answer = answer;
        pending->arrived++;
    } else {
        qblk_answer_free(answer);
    }

    remove_if_settled(pending, command);
}

gboolean
qblk_pending_take(QblkPending *pending, guint64 id, QblkAnswer **answer, GError **error)
{
    Command *command = find_command(pending, id);
    if (command == NULL || !command->wanted) {
        g_set_error(
            error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
            "no command has the id %" G_GUINT64_FORMAT ", or its reply was already returned", id);
        return FALSE;
    }

    if (!has_result(command)) {
        *answer = NULL;
        return TRUE;
    }

    pending->taken++;
    command->wanted = FALSE;
    gboolean answered = command->answer != NULL;
    if (answered) {
        *answer = g_steal_pointer(&command->answer);
    } else {
        g_propagate_error(error, g_error_copy(command->error));
    }

    remove_if_settled(pending, command);
    return answered;
}

void
qblk_pending_abandon(QblkPending *pending, guint64 id)
{
    Command *command = find_command(pending, id);
    if (command == NULL || !command->wanted) {
        return;
    }

    pending->taken += has_result(command) ? 1 : 0;
    command->wanted = FALSE;
    g_queue_remove(&pending->queue, command);
    remove_if_settled(pending, command);
}

/* @error: (transfer full) */
static void
fail_command(QblkPending *pending, Command *command, GError *error)
{
    command->error = error;
    pending->arrived += command->wanted ? 1 : 0;
}

void
qblk_pending_fail_all(QblkPending *pending, const GError *error)
{
    g_queue_clear(&pending->queue);
    pending->in_flight = 0;
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, pending->commands);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Command *command = value;
        command->owed = FALSE;
        if (!has_result(command)) {
            fail_command(pending, command, g_error_copy(error));
        }

        if (!command->wanted) {
            g_hash_table_iter_remove(&iter);
        }
    }
}

/* ---- time ---- */

static gboolean
is_timed(const Command *command)
{
    return command->wanted && !has_result(command);
}

static gint64
deadline_of(const QblkPending *pending, const Command *command)
{
    return MAX(command->submitted, pending->last_reply) + command->timeout;
}

gint64
qblk_pending_deadline(const QblkPending *pending)
{
    gint64 first = -1;
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, pending->commands);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        gint64 deadline = deadline_of(pending, value);
        if (is_timed(value) && (first < 0 || deadline < first)) {
            first = deadline;
        }
    }

    return first;
}

static GError *
new_timeout_error(const Command *command)
{
    return g_error_new(QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                       command->owed ? "'%s': no reply within %" G_GINT64_FORMAT " ms"
                                     : "'%s' was not sent: QEMU did not reply for %" G_GINT64_FORMAT
                                       " ms",
                       command->name, command->timeout / 1000);
}

void
qblk_pending_expire(QblkPending *pending, gint64 now)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, pending->commands);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Command *command = value;
        if (is_timed(command) && now >= deadline_of(pending, command)) {
            fail_command(pending, command, new_timeout_error(command));
            g_queue_remove(&pending->queue, command);
        }
    }
}

guint64
qblk_pending_arrived(const QblkPending *pending)
{
    return pending->arrived;
}

guint64
qblk_pending_taken(const QblkPending *pending)
{
    return pending->taken;
}
