/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replies with one value of the wrong type, in turn for every value of every recorded reply. */
#include "graph/batch.h"
#include "graph/snapshot.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

static const char *const values[] = {"null", "true", "-1", "1.5", "''", "'x'", "[]", "[{}]", "{}"};

/* A copy of a value with the one at @target, counted in the order of the text, replaced, or left
 * out where @other is NULL. */
typedef struct {
    gboolean is_full; /* with the counters of query-blockstats, which are not read */
    guint next, target;
    const QblkJson *other;
    QblkJson *object; /* that is being copied */
} Change;

static QblkJson *change(Change *state, const QblkJson *json);

static gboolean
change_member(const char *key, const QblkJson *value, gpointer user_data)
{
    static const char *const counters[] = {"stats", "driver-specific", NULL};
    Change *state = user_data;
    if (!state->is_full && g_strv_contains(counters, key)) {
        return TRUE;
    }
    QblkJson *object = state->object;
    QblkJson *changed = change(state, value);
    if (changed != NULL) {
        qblk_json_set(object, key, changed);
    }
    state->object = object;
    return TRUE;
}

static QblkJson *
change(Change *state, const QblkJson *json)
{
    if (state->next++ == state->target) {
        return state->other == NULL ? NULL : qblk_json_ref(state->other);
    }
    if (qblk_json_is(json, QBLK_JSON_OBJECT)) {
        QblkJson *copy = qblk_json_new_object();
        state->object = copy;
        (void)qblk_json_each(json, change_member, state);
        return copy;
    }
    if (qblk_json_is(json, QBLK_JSON_ARRAY)) {
        QblkJson *copy = qblk_json_new_array();
        for (gsize i = 0; i < qblk_json_length(json); i++) {
            QblkJson *changed = change(state, qblk_json_at(json, i));
            if (changed != NULL) {
                qblk_json_append(copy, changed);
            }
        }
        return copy;
    }
    return qblk_json_ref(json);
}

/* Whatever comes: an error with a message or a snapshot, and the same for each of its chains. */
static void
load(const QblkReplies *replies, QblkEdgeSource edges)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    options->edges = edges;
    g_autoptr(GPtrArray) queries = qblk_batch_next(replies, options);
    assert_non_null(queries);
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_load(replies, options, &error);
    assert_int_equal(snapshot == NULL, error != NULL);
    for (guint i = 0; snapshot != NULL && i < snapshot->disks; i++) {
        g_autoptr(GError) reason = NULL;
        g_autoptr(QblkChain) chain =
            qblk_snapshot_chain(snapshot, snapshot->targets->pdata[i], &reason);
        assert_int_equal(chain == NULL, reason != NULL);
    }
}

/* What loading looks at. */
static gboolean
is_read(const QblkReply *reply)
{
    static const char *const unread[] = {"query-status", "query-uuid", "query-pci", NULL};
    return reply->value != NULL && !g_strv_contains(unread, reply->command);
}

/* The number of values in @json, itself included. */
static guint
count(const QblkJson *json, gboolean is_full)
{
    Change state = {.is_full = is_full, .target = G_MAXUINT};
    g_autoptr(QblkJson) copy = change(&state, json);
    return state.next;
}

/* Every value; each by every wrong one in a full run, and else by some, in turn. */
static void
break_reply(const QblkReplies *replies, QblkReply *reply, gboolean is_full)
{
    QblkJson *kept = reply->value;
    QblkEdgeSource edges = g_str_equal(reply->command, "query-blockstats")
                               ? QBLK_EDGE_SOURCE_BLOCKSTATS
                               : QBLK_EDGE_SOURCE_BEST;
    guint total = count(kept, is_full);
    for (guint target = 0; target < total; target++) {
        for (guint i = 0; i <= G_N_ELEMENTS(values); i++) {
            if (!is_full && (target + i) % 7 > 0) {
                continue;
            }
            g_autoptr(QblkJson) other =
                i == G_N_ELEMENTS(values) ? NULL : graph_fixture_json(values[i]);
            Change state = {.is_full = is_full, .target = target, .other = other};
            reply->value = change(&state, kept);
            load(replies, edges);
            g_clear_pointer(&reply->value, qblk_json_unref);
        }
    }
    reply->value = kept;
}

static void
break_topology(const char *topology, gboolean with_children)
{
    gboolean is_full = g_strcmp0(g_getenv("QBLK_FULL"), "1") == 0;
    g_autoptr(QblkReplies) recorded = graph_fixture_load(topology);
    if (with_children) {
        graph_fixture_add_children(recorded);
    }
    g_autoptr(QblkReplies) replies = graph_fixture_copy_without(recorded, NULL);
    for (guint i = 0; i < replies->list->len; i++) {
        QblkReply *reply = replies->list->pdata[i];
        if (is_read(reply)) {
            break_reply(replies, reply, is_full);
        }
    }
}

static void
no_wrong_value_in_a_chain_with_a_commit_breaks_anything(void **state)
{
    break_topology("commit-ready", FALSE);
}

static void
no_wrong_value_in_devices_breaks_anything(void **state)
{
    break_topology("libvirt-aliases-clash", FALSE);
}

static void
no_wrong_value_in_children_breaks_anything(void **state)
{
    break_topology("copy-before-write", TRUE);
}

static void
no_wrong_value_of_a_storage_daemon_breaks_anything(void **state)
{
    break_topology("storage-daemon", FALSE);
}

static void
no_wrong_value_beside_a_concluded_stream_breaks_anything(void **state)
{
    break_topology("stream-concluded", FALSE);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_wrong_value_in_a_chain_with_a_commit_breaks_anything),
        cmocka_unit_test(no_wrong_value_in_devices_breaks_anything),
        cmocka_unit_test(no_wrong_value_in_children_breaks_anything),
        cmocka_unit_test(no_wrong_value_of_a_storage_daemon_breaks_anything),
        cmocka_unit_test(no_wrong_value_beside_a_concluded_stream_breaks_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
