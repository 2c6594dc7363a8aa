/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/node-user.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

/* A chain of two layers with a throttle filter above and copy-before-write above that.  The target
 * of that filter is an overlay of the active layer, for its readers; 'other' has the data of 'base'
 * as well. */
static const char nodes[] = "sa snapshot-access x file=cbw\n"
                            "cbw copy-before-write x file=thr target=tmp\n"
                            "thr throttle x file=top\n"
                            "tmp qcow2 /tmp.qcow2 backing=top\n"
                            "top qcow2 /top.qcow2 file=top-file backing=base\n"
                            "top-file file /top.qcow2\n"
                            "other qcow2 /other.qcow2 backing=base data-file=data\n"
                            "base qcow2 /base.qcow2\n"
                            "data file /data\n"
                            "q quorum x children.0=data children.1=data\n"
                            "free file /free\n";

static const char blocks[] = "vda - cbw\n"
                             "- drive free\n";

static const char exports[] =
    "[{'id':'frozen','type':'nbd','node-name':'base','shutting-down':false},"
    "{'id':'fuse','type':'fuse','node-name':'base','shutting-down':true},"
    "{'id':'new','type':'nbd','node-name':'unlisted','shutting-down':false}]";

static QblkSnapshot *
load(const char *all_exports)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, blocks);
    graph_fixture_replace(replies, "query-block-exports", NULL, all_exports);
    return graph_fixture_snapshot(replies);
}

#define LIMIT 8

/* "KIND NAME (TYPE[, EDGE])", separated by "; ". */
static char *
describe(const QblkSnapshot *snapshot, const char *name)
{
    g_autoptr(GPtrArray) users =
        qblk_node_users(snapshot->users, qblk_snapshot_find_node(snapshot, name), LIMIT);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < users->len; i++) {
        const QblkNodeUser *user = users->pdata[i];
        gboolean is_node = user->kind == QBLK_USER_KIND_FILTER || user->kind == QBLK_USER_KIND_NODE;
        assert_int_equal(user->node != NULL, is_node);
        g_string_append_printf(text, "%s%s %s (%s%s%s)", i == 0 ? "" : "; ",
                               qblk_user_kind_name(user->kind), user->name, user->type,
                               user->edge == NULL ? "" : ", ",
                               user->edge == NULL ? "" : user->edge);
    }
    return g_strdup(text->str);
}

static void
each_kind_of_user_is_listed(void **state)
{
    static const struct {
        const char *node, *users;
    } cases[] = {
        {"sa", ""},
        {"cbw", "filter sa (snapshot-access, file); device vda (disk)"},
        {"thr", "filter cbw (copy-before-write, file)"},
        {"tmp", "filter cbw (copy-before-write, target)"},
        {"top", "filter thr (throttle, file); node tmp (qcow2, backing)"},
        {"top-file", "node top (qcow2, file)"},
        {"base", "export frozen (nbd); export fuse (fuse); node top (qcow2, backing); "
                 "node other (qcow2, backing)"},
        {"data", "node other (qcow2, data-file); node q (quorum, children.0); "
                 "node q (quorum, children.1)"},
        {"free", "device drive (disk)"},
    };
    g_autoptr(QblkSnapshot) snapshot = load(exports);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *users = describe(snapshot, cases[i].node);
        assert_string_equal(users, cases[i].users);
    }
}

static void
an_export_of_an_unlisted_node_uses_no_node(void **state)
{
    g_autoptr(QblkSnapshot) snapshot =
        load("[{'id':'new','type':'nbd','node-name':'unlisted','shutting-down':false}]");
    g_autofree char *users = describe(snapshot, "sa");
    assert_string_equal(users, "");
}

static void
a_job_is_a_user_of_each_of_its_nodes(void **state)
{
    static const struct {
        const char *topology, *node, *users;
    } cases[] = {
        {"mirror-ready", "copy", "job mirror0 (mirror, target)"},
        {"commit-ready", "disk-base", "node disk-1 (qcow2, backing); job commit0 (commit, target)"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_load(cases[i].topology);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        g_autofree char *users = describe(snapshot, cases[i].node);
        assert_string_equal(users, cases[i].users);
    }
}

/* A storage daemon has no devices: its disks are nodes that nothing has to use. */
static void
a_disk_of_a_storage_daemon_is_not_a_user(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("storage-daemon");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_true(snapshot->disks > 0);
    const QblkDevice *disk = snapshot->devices->pdata[0];
    g_autofree char *users = describe(snapshot, disk->node_name);
    assert_string_equal(users, "");
}

/* Exports first, because a job that changes the node harms their clients. */
static void
no_more_users_than_the_limit_are_listed(void **state)
{
    g_autoptr(QblkSnapshot) snapshot = load(exports);
    const QblkNode *base = qblk_snapshot_find_node(snapshot, "base");
    for (guint limit = 0; limit <= 5; limit++) {
        g_autoptr(GPtrArray) users = qblk_node_users(snapshot->users, base, limit);
        assert_int_equal(users->len, MIN(limit, 4));
        for (guint i = 0; i < users->len; i++) {
            const QblkNodeUser *user = users->pdata[i];
            assert_int_equal(user->kind, i < 2 ? QBLK_USER_KIND_EXPORT : QBLK_USER_KIND_NODE);
        }
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_user_is_listed),
        cmocka_unit_test(an_export_of_an_unlisted_node_uses_no_node),
        cmocka_unit_test(a_job_is_a_user_of_each_of_its_nodes),
        cmocka_unit_test(no_more_users_than_the_limit_are_listed),
        cmocka_unit_test(a_disk_of_a_storage_daemon_is_not_a_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
