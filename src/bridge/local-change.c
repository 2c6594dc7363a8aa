/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/local-change.h"

#include <qblk/chain.h>
#include <string.h>

/* QEMU's bounds (blockdev_mirror_common()). */
#define MIN_GRANULARITY 512
#define MAX_GRANULARITY (64 * 1024 * 1024)

/* ---- members ---- */

#define MEMBER(name, type, field)                                                                  \
    {                                                                                              \
        name, QBLK_LOCAL_##type, FALSE, G_STRUCT_OFFSET(QblkLocalChange, field), NULL              \
    }

static const char *const operations[] = {"commit", "pull", "copy", "snapshot", NULL};
static const char *const bitmap_modes[] = {"merge", "drop", NULL};

static const QblkLocalMember plan_members[] = {
    {"operation", QBLK_LOCAL_STRING, TRUE, G_STRUCT_OFFSET(QblkLocalChange, operation), operations},
    {NULL},
};
static const QblkLocalMember common_members[] = {
    MEMBER("expect", STRING, expect),
    {"bitmaps", QBLK_LOCAL_STRING, FALSE, G_STRUCT_OFFSET(QblkLocalChange, bitmaps), bitmap_modes},
    MEMBER("secret", STRINGS, secrets),
    MEMBER("allow-plaintext", BOOLEAN, allow_plaintext),
    MEMBER("force-managed", BOOLEAN, force_managed),
    MEMBER("recover", BOOLEAN, recover),
    MEMBER("timeout", INTEGER, timeout),
    {NULL},
};
static const QblkLocalMember job_members[] = {
    MEMBER("bandwidth", INTEGER, bandwidth),
    MEMBER("detach", BOOLEAN, detach),
    {NULL},
};
static const QblkLocalMember merge_members[] = {
    MEMBER("disk", STRING, disk),
    MEMBER("all-disks", BOOLEAN, all_disks),
    MEMBER("base", STRING, base),
    MEMBER("keep-relative", BOOLEAN, keep_relative),
    {NULL},
};
static const QblkLocalMember commit_members[] = {
    MEMBER("top", STRING, top),
    MEMBER("shallow", BOOLEAN, shallow),
    MEMBER("keep", INTEGER, keep),
    MEMBER("active", BOOLEAN, active),
    MEMBER("pivot", BOOLEAN, pivot),
    MEMBER("keep-overlay", BOOLEAN, keep_overlay),
    MEMBER("delete", BOOLEAN, removes),
    MEMBER("delete-internal-snapshots", BOOLEAN, delete_internal_snapshots),
    MEMBER("ignore-user", STRINGS, ignored_users),
    {NULL},
};
static const QblkLocalMember copy_members[] = {
    {"disk", QBLK_LOCAL_STRING, TRUE, G_STRUCT_OFFSET(QblkLocalChange, disk), NULL},
    {"destination", QBLK_LOCAL_STRING, TRUE, G_STRUCT_OFFSET(QblkLocalChange, destination), NULL},
    MEMBER("format", STRING, format),
    MEMBER("encrypt", STRING, encrypt),
    MEMBER("shallow", BOOLEAN, shallow),
    MEMBER("reuse-external", BOOLEAN, reuse_external),
    MEMBER("blockdev", BOOLEAN, blockdev),
    MEMBER("pivot", BOOLEAN, pivot),
    MEMBER("finish", BOOLEAN, finish),
    MEMBER("synchronous-writes", BOOLEAN, synchronous_writes),
    MEMBER("granularity", INTEGER, granularity),
    MEMBER("buf-size", INTEGER, buffer_size),
    {NULL},
};
static const QblkLocalMember snapshot_members[] = {
    MEMBER("disks", STRINGS, disks),
    MEMBER("all-disks", BOOLEAN, all_disks),
    MEMBER("file", STRINGS, files),
    MEMBER("suffix", STRING, suffix),
    MEMBER("reuse-external", BOOLEAN, reuse_external),
    MEMBER("format", STRING, format),
    MEMBER("cluster-size", INTEGER, cluster_size),
    MEMBER("encrypt", STRING, encrypt),
    MEMBER("relative", BOOLEAN, relative),
    {NULL},
};

const QblkLocalMember *const qblk_local_members_commit[] = {merge_members, commit_members,
                                                            job_members, common_members, NULL};
const QblkLocalMember *const qblk_local_members_pull[] = {merge_members, job_members,
                                                          common_members, NULL};
const QblkLocalMember *const qblk_local_members_copy[] = {copy_members, job_members, common_members,
                                                          NULL};
const QblkLocalMember *const qblk_local_members_snapshot[] = {snapshot_members, common_members,
                                                              NULL};

/* The names mean the same in all commands. */
static const QblkLocalRule rules[] = {
    {"disk", "all-disks", FALSE},
    {"disks", "all-disks", FALSE},
    {"base", "all-disks", FALSE},
    {"top", "all-disks", FALSE},
    {"expect", "all-disks", FALSE},
    {"pivot", "keep-overlay", FALSE},
    {"pivot", "active", FALSE},
    {"active", "keep-overlay", FALSE},
    {"pivot", "finish", FALSE},
    {"delete", "active", FALSE},
    {"delete", "keep-overlay", FALSE},
    {"delete-internal-snapshots", "delete", TRUE},
    {"keep", "base", FALSE},
    {"keep", "top", FALSE},
    {"keep", "shallow", FALSE},
    {"keep", "active", FALSE},
    {"keep", "keep-overlay", FALSE},
    {"detach", "pivot", FALSE},
    {"detach", "finish", FALSE},
    {"detach", "keep-overlay", FALSE},
    {"detach", "delete", FALSE},
    {"detach", "timeout", FALSE},
    {NULL},
};

/* ---- reading ---- */

/* Clients do not know the directory of the bridge. */
static gboolean
check_absolute(const char *member, const char *path, GError **error)
{
    return g_path_is_absolute(path) ||
           qblk_local_refuse(error,
                             "parameter '%s' has the relative path '%s': use an absolute one",
                             member, path);
}

/* @texts: (nullable): NAME=PATH each */
static gboolean
check_assignments(const char *member, char **texts, GError **error)
{
    for (guint i = 0; texts != NULL && texts[i] != NULL; i++) {
        const char *sign = strchr(texts[i], '=');
        if (sign == NULL || sign == texts[i]) {
            return qblk_local_refuse(error, "parameter '%s' needs NAME=PATH, not '%s'", member,
                                     texts[i]);
        }
        if (!check_absolute(member, sign + 1, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
check_keep(const QblkLocalChange *change, GError **error)
{
    if (change->keep == QBLK_LOCAL_NO_KEEP) {
        return TRUE;
    }
    if (change->keep < 0 || change->keep > G_MAXINT) {
        return qblk_local_refuse(error, "parameter 'keep' needs the number of overlays that "
                                        "remain, 0 or more");
    }
    if ((change->keep == 0) != change->pivot) {
        return qblk_local_refuse(error, "parameter 'keep' with 0 needs 'pivot', which merges the "
                                        "active layer, and with more it excludes it");
    }
    return TRUE;
}

static gboolean
check_numbers(const QblkLocalChange *change, GError **error)
{
    const struct {
        const char *member;
        gint64 value;
    } numbers[] = {
        {"bandwidth", change->bandwidth},
        {"timeout", change->timeout},
        {"buf-size", change->buffer_size},
        {"cluster-size", change->cluster_size},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (numbers[i].value < 0) {
            return qblk_local_refuse(error, "parameter '%s' must not be negative",
                                     numbers[i].member);
        }
    }

    gint64 granularity = change->granularity;
    gboolean is_valid = (granularity & (granularity - 1)) == 0 && granularity >= MIN_GRANULARITY &&
                        granularity <= MAX_GRANULARITY;
    if (granularity != 0 && !is_valid) {
        return qblk_local_refuse(error, "parameter 'granularity' needs a power of 2 from %d to %d",
                                 MIN_GRANULARITY, MAX_GRANULARITY);
    }
    return change->timeout <= G_MAXINT ||
           qblk_local_refuse(error, "parameter 'timeout' needs at most %d seconds", G_MAXINT);
}

static gboolean
check_disk(const QblkLocalChange *change, GError **error)
{
    gboolean names_some =
        change->disk != NULL || (change->disks != NULL && change->disks[0] != NULL);
    gboolean names_several = change->disks != NULL && g_strv_length(change->disks) > 1;
    if (change->expect != NULL && names_several) {
        return qblk_local_refuse(error, "parameter 'expect' is for one disk");
    }
    return names_some || change->all_disks ||
           qblk_local_refuse(error, "a disk, or 'all-disks', is missing");
}

/* A name of QEMU, such as nbd://HOST, has a colon. */
static gboolean
check_destination(const QblkLocalChange *change, GError **error)
{
    const char *path = change->destination;
    return path == NULL || strchr(path, ':') != NULL || check_absolute("destination", path, error);
}

gboolean
qblk_local_change_check(QblkLocalChange *change, const QblkJson *arguments, GError **error)
{
    if (qblk_json_get(arguments, "keep") == NULL) {
        change->keep = QBLK_LOCAL_NO_KEEP;
    }
    return qblk_local_arguments_check(arguments, rules, error) && check_disk(change, error) &&
           check_keep(change, error) && check_numbers(change, error) &&
           check_destination(change, error) &&
           check_assignments("secret", change->secrets, error) &&
           check_assignments("file", change->files, error);
}

void
qblk_local_change_clear(QblkLocalChange *change)
{
    static const QblkLocalMember *const all[] = {
        plan_members,   common_members, job_members,      merge_members,
        commit_members, copy_members,   snapshot_members, NULL};
    qblk_local_arguments_clear(all, change);
}

/* ---- planning ---- */

static QblkPlanOptions *
make_options(const QblkLocalPlanner *planner, const QblkLocalChange *change, GError **error)
{
    g_autoptr(QblkPlanOptions) options = qblk_plan_options_new();
    qblk_plan_options_set_speed(options, change->bandwidth);
    qblk_plan_options_set_dry_run(options, planner->dry_run);
    qblk_plan_options_set_force_managed(options, change->force_managed);
    qblk_plan_options_set_allow_plaintext(options, change->allow_plaintext);
    qblk_plan_options_set_drop_bitmaps(options, g_strcmp0(change->bitmaps, "drop") == 0);
    qblk_plan_options_set_delete_internal_snapshots(options, change->delete_internal_snapshots);
    qblk_plan_options_set_state_directory(options, planner->state_directory);

    for (char **at = change->ignored_users; at != NULL && *at != NULL; at++) {
        qblk_plan_options_add_ignored_user(options, *at);
    }
    for (char **at = change->secrets; at != NULL && *at != NULL; at++) {
        if (!qblk_plan_options_add_secret(options, *at, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&options);
}

static QblkCommitEnd
end_of_commit(const QblkLocalChange *change)
{
    if (change->pivot) {
        return QBLK_COMMIT_PIVOT;
    }
    if (change->keep_overlay) {
        return QBLK_COMMIT_KEEP_OVERLAY;
    }
    return change->active ? QBLK_COMMIT_ACTIVE : QBLK_COMMIT_INNER;
}

static QblkPlans *
plan_commit(const QblkLocalPlanner *planner, const QblkLocalChange *change,
            const QblkPlanOptions *options, GError **error)
{
    g_autoptr(QblkCommitOptions) commit = qblk_commit_options_new();
    qblk_commit_options_set_top(commit, change->top);
    qblk_commit_options_set_base(commit, change->base);
    qblk_commit_options_set_shallow(commit, change->shallow);
    qblk_commit_options_set_keep(commit,
                                 change->keep == QBLK_LOCAL_NO_KEEP ? -1 : (int)change->keep);
    qblk_commit_options_set_end(commit, end_of_commit(change));
    qblk_commit_options_set_keep_relative(commit, change->keep_relative);
    qblk_commit_options_set_delete_removed(commit, change->removes);
    if (change->all_disks) {
        return qblk_plans_new_commit_all(planner->client, planner->snapshot, commit, options,
                                         error);
    }
    return qblk_plans_new_one(
        qblk_plan_commit(planner->client, planner->snapshot, change->disk, commit, options, error));
}

static QblkPlans *
plan_pull(const QblkLocalPlanner *planner, const QblkLocalChange *change,
          const QblkPlanOptions *options, GError **error)
{
    g_autoptr(QblkPullOptions) pull = qblk_pull_options_new();
    qblk_pull_options_set_base(pull, change->base);
    qblk_pull_options_set_keep_relative(pull, change->keep_relative);
    if (change->all_disks) {
        return qblk_plans_new_pull_all(planner->client, planner->snapshot, pull, options, error);
    }
    return qblk_plans_new_one(
        qblk_plan_pull(planner->client, planner->snapshot, change->disk, pull, options, error));
}

static QblkCopyEnd
end_of_copy(const QblkLocalChange *change)
{
    if (change->pivot) {
        return QBLK_COPY_PIVOT;
    }
    return change->finish ? QBLK_COPY_FINISH : QBLK_COPY_STAY;
}

static QblkPlans *
plan_copy(const QblkLocalPlanner *planner, const QblkLocalChange *change,
          const QblkPlanOptions *options, GError **error)
{
    g_autoptr(QblkCopyOptions) copy = qblk_copy_options_new();
    if (!qblk_copy_options_set_destination(copy, change->destination, error)) {
        return NULL;
    }

    qblk_copy_options_set_format(copy, change->format);
    qblk_copy_options_set_encryption(copy, change->encrypt);
    qblk_copy_options_set_block_device(copy, change->blockdev);
    qblk_copy_options_set_reuse(copy, change->reuse_external);
    qblk_copy_options_set_shallow(copy, change->shallow);
    qblk_copy_options_set_end(copy, end_of_copy(change));
    qblk_copy_options_set_synchronous_writes(copy, change->synchronous_writes);
    qblk_copy_options_set_granularity(copy, change->granularity);
    qblk_copy_options_set_buffer_size(copy, change->buffer_size);
    return qblk_plans_new_one(
        qblk_plan_copy(planner->client, planner->snapshot, change->disk, copy, options, error));
}

static QblkPlans *
plan_snapshot(const QblkLocalPlanner *planner, const QblkLocalChange *change,
              const QblkPlanOptions *options, GError **error)
{
    g_autoptr(QblkOverlayOptions) overlay = qblk_overlay_options_new();
    if (!qblk_overlay_options_set_suffix(overlay, change->suffix, error)) {
        return NULL;
    }
    for (char **at = change->files; at != NULL && *at != NULL; at++) {
        const char *sign = strchr(*at, '=');
        g_autofree char *disk = g_strndup(*at, (gsize)(sign - *at));
        if (!qblk_overlay_options_set_file(overlay, disk, sign + 1, error)) {
            return NULL;
        }
    }

    qblk_overlay_options_set_cluster_size(overlay, change->cluster_size);
    qblk_overlay_options_set_reuse(overlay, change->reuse_external);
    qblk_overlay_options_set_format(overlay, change->format);
    qblk_overlay_options_set_relative(overlay, change->relative);
    qblk_overlay_options_set_encryption(overlay, change->encrypt);
    const char *const *disks = (const char *const *)change->disks;
    return qblk_plans_new_overlay(planner->client, planner->snapshot,
                                  change->all_disks ? NULL : disks, overlay, options, error);
}

const QblkLocalKind qblk_local_kinds[] = {
    {"commit", qblk_local_members_commit, plan_commit},
    {"pull", qblk_local_members_pull, plan_pull},
    {"copy", qblk_local_members_copy, plan_copy},
    {"snapshot", qblk_local_members_snapshot, plan_snapshot},
    {NULL},
};

const QblkLocalKind *
qblk_local_kind_find(const char *name)
{
    for (const QblkLocalKind *kind = qblk_local_kinds; kind->name != NULL; kind++) {
        if (g_str_equal(kind->name, name)) {
            return kind;
        }
    }
    return NULL;
}

const QblkLocalKind *
qblk_local_change_read_plan(const QblkJson *arguments, QblkLocalChange *change, GError **error)
{
    const QblkLocalMember *tables[8] = {plan_members};
    const QblkJson *operation = qblk_json_get(arguments, "operation");
    const char *name = qblk_json_string(operation);
    const QblkLocalKind *kind = name == NULL ? NULL : qblk_local_kind_find(name);

    for (gsize i = 0; kind != NULL && kind->members[i] != NULL; i++) {
        tables[i + 1] = kind->members[i];
    }
    if (!qblk_local_arguments_read(arguments, tables, change, error) ||
        !qblk_local_change_check(change, arguments, error)) {
        return NULL;
    }
    return kind;
}

static gboolean
check_expected(const QblkLocalPlanner *planner, const QblkLocalChange *change, GError **error)
{
    const char *disk = change->disks != NULL ? change->disks[0] : change->disk;
    if (change->expect == NULL) {
        return TRUE;
    }

    g_autoptr(QblkChain) chain = qblk_snapshot_chain(planner->snapshot, disk, error);
    return chain != NULL && qblk_chain_expect(chain, change->expect, error);
}

QblkPlans *
qblk_local_change_plan(const QblkLocalKind *kind, const QblkLocalPlanner *planner,
                       const QblkLocalChange *change, GError **error)
{
    g_autoptr(QblkPlanOptions) options = make_options(planner, change, error);
    if (options == NULL || !check_expected(planner, change, error)) {
        return NULL;
    }
    return kind->plan(planner, change, options, error);
}
