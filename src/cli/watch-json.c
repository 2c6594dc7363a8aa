/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/watch-json.h"

#include "cli/exit-code.h"
#include "cli/print/jobs-table.h"
#include "cli/print/report.h"
#include "cli/watch-guest.h"

/* @value: (transfer full) */
static void
print_line(QblkOutput *output, const char *vm, gint64 time, const char *kind, QblkJson *value)
{
    g_autoptr(QblkJson) line = qblk_json_new_object();
    qblk_json_set_string(line, "schema", "qblk/1");
    qblk_json_set_string(line, "command", output->command);
    qblk_json_set_string(line, "vm", vm);
    qblk_json_set_integer(line, "time", time);
    qblk_json_set(line, kind, value);

    g_autofree char *text = qblk_json_print(line, QBLK_JSON_COMPACT);
    qblk_output_json_text(output, text);
    qblk_output_json_text(output, "\n");
}

void
qblk_watch_json_state(QblkOutput *output, const char *vm, gint64 time, const QblkWatch *watch)
{
    QblkJson *object = qblk_json_new_object();
    const GError *problem = qblk_watch_get_problem(watch);
    guint pause = qblk_watch_get_pause(watch);

    qblk_json_set_string(object, "name", qblk_watch_state_name(qblk_watch_get_state(watch)));
    if (problem != NULL) {
        qblk_json_set(object, "error", qblk_report_error_json(problem));
    }
    if (pause > 0) {
        qblk_json_set_integer(object, "retry-seconds", pause);
    }
    print_line(output, vm, time, "state", object);
}

/* Returns: (transfer full): a job with its speed */
static QblkJson *
report_progress(const QblkWatch *watch, const QblkJob *job)
{
    const char *id = qblk_job_get_id(job);
    gint64 rate = qblk_watch_get_job_rate(watch, id);
    gint64 left = qblk_watch_get_job_seconds_left(watch, id);
    QblkJson *object = qblk_json_new_object();

    qblk_json_set(object, "job", qblk_report_job(job));
    qblk_json_set(object, "rate", rate < 0 ? qblk_json_new_null() : qblk_json_new_integer(rate));
    qblk_json_set(object, "seconds-left",
                  left < 0 ? qblk_json_new_null() : qblk_json_new_integer(left));
    return object;
}

static QblkJson *
report_version(const QblkSnapshot *snapshot)
{
    int major, minor, micro;
    if (!qblk_snapshot_get_qemu_version(snapshot, &major, &minor, &micro)) {
        return qblk_json_new_null();
    }

    g_autofree char *text = g_strdup_printf("%d.%d.%d", major, minor, micro);
    return qblk_json_new_string(text);
}

static QblkJson *
report_disk(const QblkSnapshot *snapshot, const char *target)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, target, &error);
    if (chain != NULL) {
        return qblk_report_chain(chain);
    }

    QblkJson *object = qblk_json_new_object();
    qblk_json_set_string(object, "target", target);
    qblk_json_set_string(object, "problem", error->message);
    return object;
}

void
qblk_watch_json_snapshot(QblkOutput *output, const char *vm, gint64 time, const QblkWatch *watch,
                         const char *const *disks)
{
    const QblkSnapshot *snapshot = qblk_watch_get_snapshot(watch);
    const char *const *targets = qblk_snapshot_get_targets(snapshot);
    QblkJson *object = qblk_json_new_object();
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; targets[i] != NULL; i++) {
        if (qblk_watch_guest_shows(disks, snapshot, targets[i])) {
            qblk_json_append(list, report_disk(snapshot, targets[i]));
        }
    }

    qblk_json_set(object, "qemu-version", report_version(snapshot));
    qblk_json_set_string(object, "run-state", qblk_snapshot_get_run_state(snapshot));
    qblk_json_set(object, "disks", list);
    qblk_json_set(object, "jobs", qblk_jobs_table_json(snapshot));
    print_line(output, vm, time, "snapshot", object);
}

void
qblk_watch_json_jobs(QblkOutput *output, const char *vm, gint64 time, const QblkWatch *watch,
                     const char *const *disks)
{
    const QblkSnapshot *jobs = qblk_watch_get_jobs(watch);
    for (guint i = 0; i < qblk_snapshot_get_n_jobs(jobs); i++) {
        const QblkJob *job = qblk_snapshot_get_job(jobs, i);
        if (qblk_watch_guest_shows(disks, qblk_watch_get_snapshot(watch),
                                   qblk_job_get_target(job))) {
            print_line(output, vm, time, "progress", report_progress(watch, job));
        }
    }
}

void
qblk_watch_json_event(QblkOutput *output, const char *vm, const QblkWatchEvent *event)
{
    g_autofree char *text = qblk_watch_event_to_json(event);
    print_line(output, vm, qblk_watch_event_get_time(event), "event",
               qblk_json_parse_printed(text));
}
