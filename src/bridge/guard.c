/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/guard.h"

#include "bridge/guard-row.h"
#include "bridge/hmp.h"

/* Its argument is a command for people. */
#define HUMAN "human-monitor-command"

struct QblkGuard {
    QblkJobTable *table; /* owned */
    QblkJson *version;   /* owned: as of query-version; NULL: not known */
    QblkQemuVersion number;
    gboolean is_sending; /* its own command that completes a job is not answered */
};

QblkGuard *
qblk_guard_new(void)
{
    QblkGuard *guard = g_new0(QblkGuard, 1);
    guard->table = qblk_job_table_new();
    return guard;
}

void
qblk_guard_free(QblkGuard *guard)
{
    if (guard == NULL) {
        return;
    }
    qblk_job_table_free(guard->table);
    g_clear_pointer(&guard->version, qblk_json_unref);
    g_free(guard);
}

void
qblk_guard_begin(QblkGuard *guard, const QblkJson *greeting)
{
    const QblkJson *version = qblk_json_get(qblk_json_get(greeting, "QMP"), "version");
    qblk_job_table_free(guard->table);
    guard->table = qblk_job_table_new();
    guard->is_sending = FALSE;
    g_clear_pointer(&guard->version, qblk_json_unref);
    guard->version = version == NULL ? NULL : qblk_json_ref(version);

    g_autoptr(QblkReplies) replies = qblk_replies_new();
    qblk_replies_add(replies, "query-version", NULL,
                     version == NULL ? qblk_json_new_null() : qblk_json_ref(version), NULL);
    if (!qblk_replies_version(replies, &guard->number)) {
        guard->number = (QblkQemuVersion){0};
    }
}

/* A command, or what a command for people does. */
typedef struct {
    const char *command;
    const QblkJson *arguments; /* borrowed, or that of @owned */
    QblkJson *owned;           /* or NULL */
} Meaning;

static Meaning
read_meaning(const QblkGuarded *guarded)
{
    Meaning meaning = {guarded->command, guarded->arguments, NULL};
    const char *line = qblk_json_get_string(guarded->arguments, "command-line");
    if (!g_str_equal(guarded->command, HUMAN) || line == NULL) {
        return meaning;
    }
    const char *command = qblk_hmp_translate(line, &meaning.owned);
    if (command != NULL) {
        meaning.command = command;
        meaning.arguments = meaning.owned;
    }
    return meaning;
}

static void
clear_meaning(Meaning *meaning)
{
    g_clear_pointer(&meaning->owned, qblk_json_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Meaning, clear_meaning)

gboolean
qblk_guard_knows(const char *command)
{
    return qblk_guard_row_find(command) != NULL || g_str_equal(command, HUMAN);
}

static gboolean
is_wanted(const QblkGuard *guard, const QblkGuardRow *row)
{
    return row != NULL && (guard->version == NULL || row->needs(&guard->number));
}

gboolean
qblk_guard_wants(const QblkGuard *guard, const QblkGuarded *guarded)
{
    g_auto(Meaning) meaning = read_meaning(guarded);
    return is_wanted(guard, qblk_guard_row_find(meaning.command));
}

gboolean
qblk_guard_check(QblkGuard *guard, QblkClient *client, const QblkGuarded *guarded, GError **error)
{
    g_auto(Meaning) meaning = read_meaning(guarded);
    const QblkGuardRow *row = qblk_guard_row_find(meaning.command);
    if (!is_wanted(guard, row)) {
        return TRUE;
    }

    const char *member = row->subject;
    const QblkGuardLook look = {
        .table = guard->table,
        .version = guard->version,
        .number = guard->number,
        .client = client,
        .command = meaning.command,
        .arguments = meaning.arguments,
        .subject = member == NULL ? NULL : qblk_json_get_string(meaning.arguments, member),
    };
    return row->check(&look, error);
}

/* ---- what clients have told QEMU ---- */

static gboolean
completes(const char *command)
{
    return g_str_equal(command, "job-complete") || g_str_equal(command, "block-job-complete");
}

void
qblk_guard_event(QblkGuard *guard, const QblkJson *event)
{
    qblk_job_table_event(guard->table, event);
}

guint64
qblk_guard_events(const QblkGuard *guard)
{
    return qblk_job_table_events(guard->table);
}

void
qblk_guard_changed(QblkGuard *guard, const char *command)
{
    if (g_str_has_suffix(command, "-mirror")) {
        qblk_job_table_end_starts(guard->table);
    }
    if (completes(command) && !guard->is_sending) {
        qblk_job_table_complete_any(guard->table); /* by an operation of the bridge */
    }
    guard->is_sending = guard->is_sending && !completes(command);
}

void
qblk_guard_note(QblkGuard *guard, const QblkGuarded *guarded)
{
    g_auto(Meaning) meaning = read_meaning(guarded);
    const char *id = qblk_json_get_string(meaning.arguments, "job-id");
    const char *device = qblk_json_get_string(meaning.arguments, "device");
    const char *job = id == NULL ? device : id;
    if (g_str_has_suffix(meaning.command, "-mirror") && job != NULL) {
        qblk_job_table_start(guard->table, job,
                             qblk_json_get(meaning.arguments, "replaces") != NULL);
    }

    const QblkGuardRow *row = qblk_guard_row_find(meaning.command);
    const char *subject =
        completes(meaning.command) ? qblk_json_get_string(meaning.arguments, row->subject) : NULL;
    if (subject != NULL) {
        qblk_job_table_complete(guard->table, subject, FALSE);
    }
}

gboolean
qblk_guard_follows(const QblkGuard *guard, const QblkGuarded *guarded)
{
    g_auto(Meaning) meaning = read_meaning(guarded);
    return completes(meaning.command) && qblk_guard_wants(guard, guarded);
}

/* A command for people returns what it prints, which is an error here. */
static gboolean
is_refused(const QblkGuarded *guarded, QblkAnswer *answer)
{
    const char *printed = qblk_json_string(qblk_answer_value(answer));
    gboolean is_human = g_str_equal(guarded->command, HUMAN);
    return answer->refusal != NULL || (is_human && printed != NULL && *printed != '\0');
}

/* QEMU has refused a command that would have completed a job. */
static void
note_refusal(QblkGuard *guard, const QblkGuarded *guarded)
{
    g_auto(Meaning) meaning = read_meaning(guarded);
    const char *member = qblk_guard_row_find(meaning.command)->subject;
    const char *job = qblk_json_get_string(meaning.arguments, member);
    if (job != NULL) {
        qblk_job_table_complete(guard->table, job, TRUE);
    }
}

void
qblk_guard_send(QblkGuard *guard, QblkClient *client, QblkMuxRequest *request,
                const QblkGuarded *guarded)
{
    g_autoptr(GError) error = NULL;
    guard->is_sending = completes(guarded->command);
    guint64 id = qblk_client_submit_json(client, guarded->command, guarded->arguments, 0);
    g_autoptr(QblkAnswer) answer = qblk_client_wait_answer(client, id, &error);
    guard->is_sending = FALSE;

    if (answer != NULL && is_refused(guarded, answer)) {
        note_refusal(guard, guarded);
    }
    if (answer == NULL) {
        qblk_mux_request_refuse(request, "GenericError", error->message);
    } else if (answer->refusal != NULL) {
        qblk_mux_request_refuse(request, qblk_json_get_string(answer->refusal, "class"),
                                qblk_json_get_string(answer->refusal, "desc"));
    } else {
        qblk_mux_request_return(request, qblk_json_ref(qblk_answer_value(answer)));
    }
}
