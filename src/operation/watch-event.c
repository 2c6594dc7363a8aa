/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/watch-event.h"

#include "base/const-cast.h"
#include "base/redact.h"
#include "graph/snapshot-jobs.h"

#include <string.h>

struct QblkWatchEvent {
    gatomicrefcount references;
    char *name, *text, *json; /* owned */
    char *target;             /* owned, or NULL */
    gint64 time;
    gboolean is_change;
};

/* ---- what events mean ---- */

typedef struct {
    const char *name;
    gboolean is_change; /* chains, jobs or the run state may be others */
    const char *member; /* of the data, for which the row is; NULL: any */
    const char *value;  /* of that member; NULL: any value */
    const char *text;   /* {member} is replaced by the member of the data */
} Meaning;

/* The first row that fits. */
static const Meaning meanings[] = {
    {"JOB_STATUS_CHANGE", TRUE, "status", "null", "job '{id}' is gone"},
    {"JOB_STATUS_CHANGE", TRUE, NULL, NULL, "job '{id}' is {status}"},
    {"BLOCK_JOB_COMPLETED", TRUE, "error", NULL, "job '{device}' has failed: {error}"},
    {"BLOCK_JOB_COMPLETED", TRUE, NULL, NULL, "job '{device}' has completed"},
    {"BLOCK_JOB_CANCELLED", TRUE, NULL, NULL, "job '{device}' was cancelled"},
    {"BLOCK_JOB_READY", TRUE, NULL, NULL, "job '{device}' is in sync and can be completed"},
    {"BLOCK_JOB_PENDING", TRUE, NULL, NULL, "job '{id}' waits to be finalized"},
    {"BLOCK_JOB_ERROR", TRUE, NULL, NULL,
     "job '{device}': an I/O error ({operation}); action: {action}"},
    {"BLOCK_IO_ERROR", FALSE, NULL, NULL,
     "I/O error of the guest ({operation}): {reason}; action: {action}"},
    {"BLOCK_IMAGE_CORRUPTED", FALSE, NULL, NULL, "the image is corrupt: {msg}"},
    {"BLOCK_WRITE_THRESHOLD", FALSE, NULL, NULL,
     "node '{node-name}' was written beyond its threshold of {write-threshold} bytes"},
    {"BLOCK_EXPORT_DELETED", TRUE, NULL, NULL, "export '{id}' has ended"},
    {"DEVICE_DELETED", TRUE, "device", NULL, "device '{device}' was removed"},
    {"DEVICE_DELETED", TRUE, NULL, NULL, "device '{path}' was removed"},
    {"DEVICE_UNPLUG_GUEST_ERROR", FALSE, NULL, NULL,
     "the guest refuses to release device '{path}'"},
    {"DEVICE_TRAY_MOVED", TRUE, "tray-open", "true", "the tray of '{id}' was opened"},
    {"DEVICE_TRAY_MOVED", TRUE, NULL, NULL, "the tray of '{id}' was closed"},
    {"QUORUM_FAILURE", FALSE, NULL, NULL, "quorum '{reference}' has failed"},
    {"QUORUM_REPORT_BAD", FALSE, NULL, NULL, "a child of a quorum is bad: node '{node-name}'"},
    {"PR_MANAGER_STATUS_CHANGED", FALSE, "connected", "true",
     "the helper for persistent reservations '{id}' is connected"},
    {"PR_MANAGER_STATUS_CHANGED", FALSE, NULL, NULL,
     "the helper for persistent reservations '{id}' is disconnected"},
    {"STOP", TRUE, NULL, NULL, "the guest is stopped"},
    {"RESUME", TRUE, NULL, NULL, "the guest runs"},
    {"SUSPEND", TRUE, NULL, NULL, "the guest is suspended"},
    {"SUSPEND_DISK", TRUE, NULL, NULL, "the guest is suspended to disk"},
    {"WAKEUP", TRUE, NULL, NULL, "the guest wakes up"},
    {"RESET", TRUE, "reason", NULL, "the guest is reset: {reason}"},
    {"RESET", TRUE, NULL, NULL, "the guest is reset"},
    {"POWERDOWN", FALSE, NULL, NULL, "the guest is asked to power down"},
    {"SHUTDOWN", FALSE, "reason", NULL, "the guest is shut down: {reason}"},
    {"SHUTDOWN", FALSE, NULL, NULL, "the guest is shut down"},
    {"GUEST_PANICKED", TRUE, NULL, NULL, "the guest has crashed; action: {action}"},
    {"WATCHDOG", TRUE, NULL, NULL, "the watchdog of the guest has expired; action: {action}"},
    {"MIGRATION", TRUE, NULL, NULL, "migration: {status}"},
    {"DUMP_COMPLETED", FALSE, NULL, NULL, "the dump of the guest's memory is {result.status}"},
    {"QBLK_CHAIN_CHANGED", TRUE, NULL, NULL, "the chain of '{disk}' has changed"},
};

/* Returns: (transfer full) (nullable): the member @path ("a" or "a.b") of @data as text */
static char *
member_text(const QblkJson *data, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, ".", -1);
    const QblkJson *value = data;
    for (guint i = 0; parts[i] != NULL; i++) {
        value = qblk_json_get(value, parts[i]);
    }
    if (value == NULL) {
        return NULL;
    }

    const char *string = qblk_json_string(value);
    return string == NULL ? qblk_json_print(value, QBLK_JSON_COMPACT) : g_strdup(string);
}

static gboolean
fits(const Meaning *meaning, const char *name, const QblkJson *data)
{
    if (!g_str_equal(meaning->name, name)) {
        return FALSE;
    }
    if (meaning->member == NULL) {
        return TRUE;
    }

    g_autofree char *value = member_text(data, meaning->member);
    return value != NULL && (meaning->value == NULL || g_str_equal(meaning->value, value));
}

static const Meaning *
find_meaning(const char *name, const QblkJson *data)
{
    for (gsize i = 0; i < G_N_ELEMENTS(meanings); i++) {
        if (fits(&meanings[i], name, data)) {
            return &meanings[i];
        }
    }
    return NULL;
}

/* Returns: @text with the members of @data in their places */
static char *
fill_in(const char *text, const QblkJson *data)
{
    GString *result = g_string_new(NULL);
    for (const char *at = text; *at != '\0';) {
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        if (end == NULL) {
            g_string_append_c(result, *at++);
            continue;
        }

        g_autofree char *path = g_strndup(at + 1, (gsize)(end - at - 1));
        g_autofree char *value = member_text(data, path);
        g_string_append(result, value == NULL ? "?" : value);
        at = end + 1;
    }
    return g_string_free(result, FALSE);
}

/* ---- the disk ---- */

static void
add_name(GHashTable *names, const char *name, const char *target)
{
    if (name != NULL && name[0] != '\0' && target != NULL && !g_hash_table_contains(names, name)) {
        g_hash_table_insert(names, g_strdup(name), g_strdup(target));
    }
}

static void
add_jobs(GHashTable *names, const QblkSnapshot *snapshot)
{
    for (guint i = 0; i < qblk_snapshot_get_n_jobs(snapshot); i++) {
        const QblkJob *job = qblk_snapshot_get_job(snapshot, i);
        add_name(names, qblk_job_get_id(job), qblk_job_get_target(job));
    }
}

static void
add_nodes(GHashTable *names, const QblkSnapshot *snapshot)
{
    g_autoptr(GHashTable) owners = qblk_snapshot_jobs_owners(snapshot);
    GHashTableIter at;
    gpointer name, position;

    g_hash_table_iter_init(&at, owners);
    while (g_hash_table_iter_next(&at, &name, &position)) {
        const QblkDevice *device = snapshot->devices->pdata[GPOINTER_TO_UINT(position) - 1];
        add_name(names, name, device->target);
    }
}

GHashTable *
qblk_watch_event_names(const QblkSnapshot *snapshot, const QblkSnapshot *before)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < snapshot->devices->len; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        const char *const of_device[] = {device->qdev, device->path, device->id, device->backend};
        for (gsize j = 0; j < G_N_ELEMENTS(of_device); j++) {
            add_name(names, of_device[j], device->target);
        }
    }

    add_nodes(names, snapshot);
    add_jobs(names, snapshot);
    if (before != NULL) {
        add_jobs(names, before);
    }
    return names;
}

/* The member that names a device, a node or a job. */
static const char *
find_target(const QblkJson *data, GHashTable *names)
{
    static const char *const members[] = {"qom-path", "node-name", "device", "id", "path"};
    for (gsize i = 0; names != NULL && i < G_N_ELEMENTS(members); i++) {
        const char *name = qblk_json_get_string(data, members[i]);
        const char *target = name == NULL ? NULL : g_hash_table_lookup(names, name);
        if (target != NULL) {
            return target;
        }
    }
    return qblk_json_get_string(data, "disk"); /* of a bridge */
}

/* ---- the event ---- */

static gint64
read_time(const QblkJson *json, gint64 now)
{
    const QblkJson *timestamp = qblk_json_get(json, "timestamp");
    gint64 seconds = -1, microseconds = -1;
    (void)qblk_json_integer(qblk_json_get(timestamp, "seconds"), &seconds);
    (void)qblk_json_integer(qblk_json_get(timestamp, "microseconds"), &microseconds);

    /* QEMU sends -1 if it could not read the clock. */
    gboolean is_valid = seconds > 0 && seconds < G_MAXINT64 / G_USEC_PER_SEC - 1 &&
                        microseconds >= 0 && microseconds < G_USEC_PER_SEC;
    return is_valid ? seconds * G_USEC_PER_SEC + microseconds : now;
}

QblkWatchEvent *
qblk_watch_event_new(const QblkJson *json, GHashTable *names, gint64 now)
{
    g_autoptr(QblkJson) redacted = qblk_redact_json(json);
    const char *name = qblk_json_get_string(redacted, "event");
    const QblkJson *data = qblk_json_get(redacted, "data");
    const Meaning *meaning = name == NULL ? NULL : find_meaning(name, data);

    QblkWatchEvent *event = g_new0(QblkWatchEvent, 1);
    g_atomic_ref_count_init(&event->references);
    event->name = g_strdup(name == NULL ? "" : name);
    event->json = qblk_json_print(redacted, QBLK_JSON_COMPACT);
    event->target = g_strdup(find_target(data, names));
    event->time = read_time(redacted, now);
    event->is_change = meaning != NULL && meaning->is_change;
    if (meaning == NULL) {
        event->text = g_strdup_printf("event %s", event->name);
    } else {
        g_autofree char *text = fill_in(meaning->text, data);
        event->text = qblk_redact_text(text);
    }
    return event;
}

QblkWatchEvent *
qblk_watch_event_ref(const QblkWatchEvent *event)
{
    QblkWatchEvent *mine = qblk_const_cast(event);
    g_atomic_ref_count_inc(&mine->references);
    return mine;
}

void
qblk_watch_event_unref(QblkWatchEvent *event)
{
    if (event == NULL || !g_atomic_ref_count_dec(&event->references)) {
        return;
    }

    g_free(event->name);
    g_free(event->text);
    g_free(event->json);
    g_free(event->target);
    g_free(event);
}

gboolean
qblk_watch_event_is_change(const QblkWatchEvent *event)
{
    return event->is_change;
}

gboolean
qblk_watch_event_is_end(const QblkWatchEvent *event)
{
    return g_str_equal(event->name, "SHUTDOWN");
}

const char *
qblk_watch_event_get_name(const QblkWatchEvent *event)
{
    return event->name;
}

gint64
qblk_watch_event_get_time(const QblkWatchEvent *event)
{
    return event->time;
}

const char *
qblk_watch_event_get_target(const QblkWatchEvent *event)
{
    return event->target;
}

const char *
qblk_watch_event_get_text(const QblkWatchEvent *event)
{
    return event->text;
}

const char *
qblk_watch_event_get_json(const QblkWatchEvent *event)
{
    return event->json;
}

char *
qblk_watch_event_to_json(const QblkWatchEvent *event)
{
    g_autoptr(QblkJson) object = qblk_json_new_object();
    qblk_json_set_string(object, "name", event->name);
    qblk_json_set_integer(object, "time", event->time);
    qblk_json_set_string(object, "target", event->target);
    qblk_json_set_string(object, "text", event->text);
    qblk_json_set(object, "qemu", qblk_json_parse_printed(event->json));
    return qblk_json_print(object, QBLK_JSON_COMPACT);
}
