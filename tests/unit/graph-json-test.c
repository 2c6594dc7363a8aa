/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/snapshot-json.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

/* What a node has only if QEMU reports it. */
#define MORE "'active':true,'encryption':null,'internal-snapshots':[],'bitmaps':[],"

static QblkJson *
json_of(const QblkReplies *replies)
{
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    return qblk_snapshot_json_new(snapshot);
}

static void
assert_json(const QblkJson *actual, const char *expected)
{
    g_autoptr(QblkJson) json = graph_fixture_json(expected);
    g_autofree char *left = qblk_json_print(actual, QBLK_JSON_SORTED);
    g_autofree char *right = qblk_json_print(json, QBLK_JSON_SORTED);
    assert_string_equal(left, right);
}

static void
a_machine_without_disks_has_empty_lists(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine("a file /a\n", "");
    graph_fixture_set_version(replies, "11.2.33");
    g_autoptr(QblkJson) json = json_of(replies);
    assert_string_equal(qblk_json_get_string(json, "qemu"), "11.2.33");
    assert_string_equal(qblk_json_get_string(json, "name"), "vm");
    assert_json(qblk_json_get(json, "devices"), "[]");
    assert_json(qblk_json_get(json, "jobs"), "[]");
}

static void
a_node_has_its_kind_and_its_edges(void **state)
{
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine("q quorum /q children.0=c\nd new-in-12 /d\nc file /a\n"
                              "b qcow2 /a file=c backing=d\na throttle /a file=b\n",
                              "");
    g_autoptr(QblkJson) json = json_of(replies);
    assert_string_equal(qblk_json_get_string(json, "edges"), "children");
    assert_json(
        qblk_json_get(json, "nodes"),
        "[{'node':'a','driver':'throttle','kind':'filter','file':'/a','read-only':false," MORE
        "'children':[{'child':'file','node':'b'}]},"
        "{'node':'b','driver':'qcow2','kind':'format','file':'/a','read-only':false," MORE
        "'children':[{'child':'file','node':'c'},{'child':'backing','node':'d'}]},"
        "{'node':'c','driver':'file','kind':'protocol','file':'/a','read-only':false," MORE
        "'children':[]},"
        "{'node':'d','driver':'new-in-12','kind':null,'file':'/d','read-only':false," MORE
        "'children':[]},"
        "{'node':'q','driver':'quorum','kind':'multi-child','file':'/q','read-only':false," MORE
        "'children':[{'child':'children.0','node':'c'}]}]");
}

static void
a_missing_value_of_a_device_is_null(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine("a file /a\n", "- vda a\none drive1\n");
    graph_fixture_replace(replies, "query-name", NULL, "{}");
    graph_fixture_add_property(replies, "/machine/peripheral/one", "type", "'scsi-cd'");
    g_autoptr(QblkJson) json = json_of(replies);
    g_autoptr(QblkJson) null = qblk_json_new_null();
    assert_true(qblk_json_equal(qblk_json_get(json, "name"), null));
    assert_json(qblk_json_get(json, "devices"),
                "[{'target':'sda','name-source':'enumeration','bus':'scsi','device':'cdrom',"
                "'qdev':'one','backend':'drive1','node':null,'vhost-user':false},"
                "{'target':'vda','name-source':'backend','bus':null,'device':'disk',"
                "'qdev':null,'backend':'vda','node':'a','vhost-user':false}]");
}

static void
the_node_of_a_device_is_the_filter_of_its_job(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("commit-ready");
    g_autoptr(QblkJson) json = json_of(replies);
    const QblkJson *jobs = qblk_json_get(json, "jobs");
    assert_int_equal(qblk_json_length(jobs), 1);
    assert_string_equal(qblk_json_get_string(qblk_json_at(jobs, 0), "id"), "commit0");
    const QblkJson *device = qblk_json_at(qblk_json_get(json, "devices"), 0);
    assert_string_equal(qblk_json_get_string(device, "node"), "#block004");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_without_disks_has_empty_lists),
        cmocka_unit_test(a_node_has_its_kind_and_its_edges),
        cmocka_unit_test(a_missing_value_of_a_device_is_null),
        cmocka_unit_test(the_node_of_a_device_is_the_filter_of_its_job),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
