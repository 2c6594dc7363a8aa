/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/local-query.h"

#include "base/const-cast.h"

#include <qblk/check.h>
#include <qblk/disk.h>

static const QblkLocalMember disk_members[] = {
    {"disk", QBLK_LOCAL_STRING, FALSE, G_STRUCT_OFFSET(QblkLocalDisk, disk), NULL},
    {NULL},
};
const QblkLocalMember *const qblk_local_members_disk[] = {disk_members, NULL};

static const QblkLocalMember layer_members[] = {
    {"layer", QBLK_LOCAL_STRING, TRUE, G_STRUCT_OFFSET(QblkLocalLayer, layer), NULL},
    {"expect", QBLK_LOCAL_STRING, FALSE, G_STRUCT_OFFSET(QblkLocalLayer, expect), NULL},
    {NULL},
};
const QblkLocalMember *const qblk_local_members_layer[] = {layer_members, NULL};

/* @text: (transfer full): that the library has printed */
static QblkJson *
take_json(char *text)
{
    g_autofree char *owned = text;
    return qblk_json_parse_printed(owned);
}

/* Returns: (transfer full): @disk (nullable), or all disks of @snapshot; NULL with an error if
 * @disk does not exist, or nodes cannot be read now */
static char **
choose_targets(const QblkSnapshot *snapshot, const char *disk, GError **error)
{
    const char *reason = qblk_snapshot_get_no_nodes_reason(snapshot);
    if (reason != NULL) {
        g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE, reason);
        return NULL;
    }
    if (disk == NULL) {
        return g_strdupv(qblk_const_cast(qblk_snapshot_get_targets(snapshot)));
    }

    const QblkDevice *device = qblk_snapshot_find_device(snapshot, disk, error);
    const char *const names[] = {device == NULL ? NULL : qblk_device_get_target(device), NULL};
    return device == NULL ? NULL : g_strdupv(qblk_const_cast(names));
}

/* ---- qblk-query-chains ---- */

static QblkJson *
describe_device(const QblkDevice *device, const GError *problem)
{
    QblkJson *object = take_json(qblk_device_to_json(device));
    qblk_json_set_string(object, "problem", problem->message);
    return object;
}

static QblkJson *
describe_disk(const QblkSnapshot *snapshot, const char *target)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, target, &problem);
    QblkJson *disk =
        chain != NULL ? take_json(qblk_chain_to_json(chain))
                      : describe_device(qblk_snapshot_find_device(snapshot, target, NULL), problem);

    const QblkJob *job = qblk_snapshot_find_job_of(snapshot, target);
    qblk_json_set(disk, "job",
                  job == NULL ? qblk_json_new_null() : take_json(qblk_job_to_json(job)));
    return disk;
}

QblkJson *
qblk_local_query_chains(QblkLocalCall *call, GError **error)
{
    const QblkLocalDisk *arguments = call->arguments;
    g_autoptr(QblkSnapshot) snapshot = qblk_local_call_fetch(call, error);
    g_auto(GStrv) targets =
        snapshot == NULL ? NULL : choose_targets(snapshot, arguments->disk, error);
    if (targets == NULL) {
        return NULL;
    }

    QblkJson *disks = qblk_json_new_array();
    for (guint i = 0; targets[i] != NULL; i++) {
        qblk_json_append(disks, describe_disk(snapshot, targets[i]));
    }

    QblkJson *result = qblk_json_new_object();
    qblk_json_set_string(result, "run-state", qblk_snapshot_get_run_state(snapshot));
    qblk_json_set(result, "disks", disks);
    qblk_json_set_string(result, "manager", qblk_snapshot_get_manager(snapshot));
    return result;
}

/* ---- qblk-query-xml ---- */

/* Disks of vhost-user have no node, and are left out if all are meant. */
static GPtrArray *
find_chains(const QblkSnapshot *snapshot, char **targets, gboolean is_all, GError **error)
{
    g_autoptr(GPtrArray) chains = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_unref);
    for (guint i = 0; targets[i] != NULL; i++) {
        g_autoptr(GError) cause = NULL;
        QblkChain *chain = qblk_snapshot_chain(snapshot, targets[i], &cause);
        if (is_all && g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_NODE)) {
            continue;
        }
        if (chain == NULL) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return NULL;
        }
        g_ptr_array_add(chains, chain);
    }
    return g_steal_pointer(&chains);
}

QblkJson *
qblk_local_query_xml(QblkLocalCall *call, GError **error)
{
    const QblkLocalDisk *arguments = call->arguments;
    gboolean is_all = arguments->disk == NULL;
    g_autoptr(QblkSnapshot) snapshot = qblk_local_call_fetch(call, error);
    g_auto(GStrv) targets =
        snapshot == NULL ? NULL : choose_targets(snapshot, arguments->disk, error);
    g_autoptr(GPtrArray) chains =
        targets == NULL ? NULL : find_chains(snapshot, targets, is_all, error);
    if (chains == NULL) {
        return NULL;
    }

    const QblkChain *const *list = (const QblkChain *const *)chains->pdata;
    g_autofree char *xml =
        is_all ? qblk_disk_all_to_xml(list, chains->len, error) : qblk_disk_to_xml(list[0], error);
    if (xml == NULL) {
        return NULL;
    }

    QblkJson *result = qblk_json_new_object();
    qblk_json_set_string(result, "xml", xml);
    return result;
}

/* ---- the others ---- */

QblkJson *
qblk_local_resolve(QblkLocalCall *call, GError **error)
{
    const QblkLocalLayer *arguments = call->arguments;
    g_autoptr(QblkSnapshot) snapshot = qblk_local_call_fetch(call, error);
    g_autoptr(QblkLayer) layer =
        snapshot == NULL
            ? NULL
            : qblk_snapshot_resolve(snapshot, arguments->layer, arguments->expect, error);
    if (layer == NULL) {
        return NULL;
    }

    const QblkChain *chain = qblk_layer_get_chain(layer);
    QblkJson *result = qblk_json_new_object();
    qblk_json_set_string(result, "target", qblk_chain_get_target(chain));
    qblk_json_set_string(result, "fingerprint", qblk_chain_get_fingerprint(chain));
    qblk_json_set(result, "layer", take_json(qblk_layer_to_json(layer)));
    return result;
}

QblkJson *
qblk_local_check(QblkLocalCall *call, GError **error)
{
    const QblkLocalDisk *arguments = call->arguments;
    g_autoptr(QblkSnapshot) snapshot = qblk_local_call_fetch(call, error);
    if (snapshot == NULL) {
        return NULL;
    }

    const char *const disks[] = {arguments->disk, NULL};
    g_autoptr(QblkCheckOptions) options = qblk_check_options_new();
    qblk_check_options_set_address(options, qblk_address_get_text(call->local->address));
    qblk_check_options_set_state_directory(options, call->local->state_directory);
    g_autoptr(QblkCheck) check =
        qblk_check_snapshot(snapshot, arguments->disk == NULL ? NULL : disks, options, error);
    return check == NULL ? NULL : take_json(qblk_check_to_json(check));
}

QblkJson *
qblk_local_query_peer(QblkLocalCall *call, GError **error)
{
    const QblkLocal *local = call->local;
    QblkJson *result = qblk_json_new_object();
    qblk_json_set_integer(result, "pid", local->pid);
    qblk_json_set_integer(result, "start", local->start);
    qblk_json_set_string(result, "address", qblk_address_get_text(local->address));
    qblk_json_set_boolean(result, "read-only",
                          qblk_mux_request_access(call->request) == QBLK_ACCESS_READ_ONLY);
    qblk_json_set_string(result, "full", local->full);
    return result;
}
