/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/known-commands.h"

#include <string.h>

/* Development versions have the micro version 50 or more. */
static const QblkQemuVersion oldest = {5, 2, 0}, after_newest = {11, 1, 50};

/* Compared with the schemas that were recorded from these QEMUs by tests/unit/known-commands-test.
 * Secrets, encryption, network protocols and bitmaps are left out. */
/* clang-format off */
static const QblkKnownCommand table[] = {
    {"block-commit", {5, 2, 0}, NULL,
     {"job-id", "device", "top-node", "base-node", "backing-file", "speed", "auto-finalize",
      "auto-dismiss"}},
    {"block-commit", {9, 0, 0}, NULL, {"backing-mask-protocol"}},
    {"block-stream", {5, 2, 0}, NULL,
     {"job-id", "device", "base-node", "backing-file", "speed", "auto-finalize", "auto-dismiss"}},
    {"block-stream", {9, 0, 0}, NULL, {"backing-mask-protocol"}},
    {"blockdev-mirror", {5, 2, 0}, NULL,
     {"job-id", "device", "target", "sync=full|top", "replaces", "copy-mode=write-blocking",
      "granularity", "buf-size", "speed", "auto-finalize", "auto-dismiss"}},

    {"blockdev-create", {5, 2, 0}, "options.driver=file",
     {"job-id", "options.driver=file", "options.filename", "options.size"}},
    {"blockdev-create", {5, 2, 0}, "options.driver=qcow2",
     {"job-id", "options.driver=qcow2", "options.file=@", "options.size", "options.cluster-size",
      "options.backing-file", "options.backing-fmt=qcow2|raw"}},
    {"blockdev-add", {5, 2, 0}, "driver=file",
     {"node-name", "driver=file", "filename", "discard=unmap", "cache.direct"}},
    {"blockdev-add", {5, 2, 0}, "driver=host_device",
     {"node-name", "driver=host_device", "filename", "discard=unmap", "cache.direct"}},
    {"blockdev-add", {5, 2, 0}, "driver=raw",
     {"node-name", "driver=raw", "file=@", "offset", "size", "discard=unmap",
      "detect-zeroes=on|unmap", "cache.direct"}},
    {"blockdev-add", {5, 2, 0}, "driver=qcow2",
     {"node-name", "driver=qcow2", "file=@", "backing=@|null", "discard=unmap",
      "detect-zeroes=on|unmap", "cache.direct"}},
    {"blockdev-del", {5, 2, 0}, NULL, {"node-name"}},
    {"transaction", {5, 2, 0}, "actions[].type=blockdev-snapshot",
     {"actions[].type=blockdev-snapshot", "actions[].data.node", "actions[].data.overlay"}},
    {"change-backing-file", {5, 2, 0}, NULL, {"device", "image-node-name", "backing-file"}},
    {"human-monitor-command", {5, 2, 0}, NULL, {"command-line"}},

    {"job-cancel", {5, 2, 0}, NULL, {"id"}},
    {"job-complete", {5, 2, 0}, NULL, {"id"}},
    {"job-dismiss", {5, 2, 0}, NULL, {"id"}},
    {"job-finalize", {5, 2, 0}, NULL, {"id"}},
    {"job-pause", {5, 2, 0}, NULL, {"id"}},
    {"job-resume", {5, 2, 0}, NULL, {"id"}},
    {"block-job-cancel", {5, 2, 0}, NULL, {"device", "force"}},
    {"block-job-set-speed", {5, 2, 0}, NULL, {"device", "speed"}},
};
/* clang-format on */

const QblkKnownCommand *
qblk_known_commands_get_row(guint index)
{
    return index < G_N_ELEMENTS(table) ? &table[index] : NULL;
}

gboolean
qblk_known_commands_cover(const QblkQemuVersion *version)
{
    return qblk_qemu_version_compare(version, &oldest) >= 0 &&
           qblk_qemu_version_compare(version, &after_newest) < 0;
}

/* ---- arguments ---- */

/* The position of a check. */
typedef struct {
    const QblkQemuVersion *version;
    const QblkKnownCommand *row; /* its command and its tag */
    const char *path;            /* of the value; "" for the arguments themselves */
    gboolean *has_tag;
} Check;

static gboolean check_value(const Check *check, const QblkJson *value);

/* TRUE if @value is one of @values, "VALUE|VALUE". */
static gboolean
is_one_of(const QblkJson *value, const char *values)
{
    const char *text = qblk_json_string(value);
    g_auto(GStrv) list = g_strsplit(values, "|", -1);
    if (qblk_json_is_null(value)) {
        return g_strv_contains((const char *const *)list, "null");
    }
    return text != NULL && (g_strv_contains((const char *const *)list, "@") ||
                            g_strv_contains((const char *const *)list, text));
}

/* TRUE if @value at the path of @check is what @argument allows. */
static gboolean
is_allowed(const Check *check, const QblkJson *value, const char *argument)
{
    gsize length = strcspn(argument, "=");
    if (strlen(check->path) != length || strncmp(argument, check->path, length) != 0) {
        return FALSE;
    }
    return argument[length] == '=' ? is_one_of(value, argument + length + 1)
                                   : !qblk_json_is_null(value);
}

static gboolean
check_scalar(const Check *check, const QblkJson *value)
{
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        const QblkKnownCommand *row = &table[i];
        if (!g_str_equal(row->command, check->row->command) ||
            g_strcmp0(row->tag, check->row->tag) != 0 ||
            qblk_qemu_version_compare(check->version, &row->since) < 0) {
            continue;
        }
        for (guint j = 0; row->arguments[j] != NULL; j++) {
            if (is_allowed(check, value, row->arguments[j])) {
                *check->has_tag |= g_strcmp0(row->arguments[j], row->tag) == 0;
                return TRUE;
            }
        }
    }
    return FALSE;
}

static gboolean
check_member(const char *name, const QblkJson *value, gpointer user_data)
{
    Check inner = *(const Check *)user_data;
    g_autofree char *path =
        inner.path[0] == '\0' ? g_strdup(name) : g_strdup_printf("%s.%s", inner.path, name);
    inner.path = path;
    return check_value(&inner, value);
}

/* A list of one item is enough, and an empty object has no member whose path is known. */
static gboolean
check_value(const Check *check, const QblkJson *value)
{
    if (qblk_json_is(value, QBLK_JSON_ARRAY)) {
        g_autofree char *path = g_strconcat(check->path, "[]", NULL);
        Check inner = *check;
        inner.path = path;
        return qblk_json_length(value) == 1 && check_value(&inner, qblk_json_at(value, 0));
    }
    if (qblk_json_is(value, QBLK_JSON_OBJECT)) {
        Check inner = *check;
        return qblk_json_length(value) > 0 && qblk_json_each(value, check_member, &inner);
    }
    return check_scalar(check, value);
}

gboolean
qblk_known_commands_has(const QblkQemuVersion *version, const char *command,
                        const QblkJson *arguments)
{
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        gboolean has_tag = table[i].tag == NULL;
        const Check check = {.version = version, .row = &table[i], .path = "", .has_tag = &has_tag};
        if (!g_str_equal(table[i].command, command)) {
            continue;
        }
        if (arguments == NULL || (check_value(&check, arguments) && has_tag)) {
            return TRUE;
        }
    }
    return FALSE;
}
