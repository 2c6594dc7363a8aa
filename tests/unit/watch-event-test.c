/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/watch-event.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

#define NOW INT64_C(1700000000123456)

static QblkWatchEvent *
parse(GHashTable *names, const char *text)
{
    g_autoptr(QblkJson) json = graph_fixture_json(text);
    return qblk_watch_event_new(json, names, NOW);
}

static void
events_are_sentences(void **state)
{
    static const struct {
        const char *event, *text;
    } cases[] = {
        {"'event':'JOB_STATUS_CHANGE','data':{'id':'j','status':'running'}", "job 'j' is running"},
        {"'event':'JOB_STATUS_CHANGE','data':{'id':'j','status':'null'}", "job 'j' is gone"},
        {"'event':'BLOCK_JOB_COMPLETED','data':{'device':'j','len':1}", "job 'j' has completed"},
        {"'event':'BLOCK_JOB_COMPLETED','data':{'device':'j','error':'No space'}",
         "job 'j' has failed: No space"},
        {"'event':'BLOCK_IO_ERROR','data':{'device':'','node-name':'n','operation':'write',"
         "'action':'stop','reason':'No space left on device'}",
         "I/O error of the guest (write): No space left on device; action: stop"},
        {"'event':'BLOCK_WRITE_THRESHOLD','data':{'node-name':'n','write-threshold':4096}",
         "node 'n' was written beyond its threshold of 4096 bytes"},
        {"'event':'DEVICE_TRAY_MOVED','data':{'device':'','id':'cd','tray-open':true}",
         "the tray of 'cd' was opened"},
        {"'event':'DEVICE_TRAY_MOVED','data':{'device':'','id':'cd','tray-open':false}",
         "the tray of 'cd' was closed"},
        {"'event':'STOP'", "the guest is stopped"},
        {"'event':'SHUTDOWN','data':{'guest':true,'reason':'guest-shutdown'}",
         "the guest is shut down: guest-shutdown"},
        {"'event':'DUMP_COMPLETED','data':{'result':{'status':'completed'}}",
         "the dump of the guest's memory is completed"},
        {"'event':'JOB_STATUS_CHANGE'", "job '?' is ?"},
        {"'event':'SPICE_INITIALIZED','data':{}", "event SPICE_INITIALIZED"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("{%s}", cases[i].event);
        g_autoptr(QblkWatchEvent) event = parse(NULL, text);
        assert_string_equal(qblk_watch_event_get_text(event), cases[i].text);
        assert_null(qblk_watch_event_get_target(event));
    }
}

static void
the_time_is_that_of_qemu_if_it_is_one(void **state)
{
    static const struct {
        const char *timestamp;
        gint64 time;
    } cases[] = {
        {"{'seconds':1600000000,'microseconds':5}", INT64_C(1600000000000005)},
        {"{'seconds':-1,'microseconds':-1}", NOW},
        {"{'seconds':9223372036854775807,'microseconds':1}", NOW},
        {"{'seconds':5,'microseconds':1000000}", NOW},
        {"'yesterday'", NOW},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strdup_printf("{'event':'STOP','timestamp':%s}", cases[i].timestamp);
        g_autoptr(QblkWatchEvent) event = parse(NULL, text);
        assert_int_equal(qblk_watch_event_get_time(event), cases[i].time);
    }
}

static void
names_lead_to_the_disk(void **state)
{
    static const struct {
        const char *data, *target;
    } cases[] = {
        {"{'id':'commit0','status':'running'}", "vda"},
        {"{'device':'commit0'}", "vda"},
        {"{'device':'','node-name':'disk-2'}", "vda"},
        {"{'node-name':'disk-base-file'}", "vda"},
        {"{'device':'','path':'/machine/peripheral/vda/virtio-backend'}", "vda"},
        {"{'device':'other'}", NULL},
        {"[]", NULL},
    };
    g_autoptr(QblkReplies) replies = graph_fixture_load("commit-ready");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(GHashTable) names = qblk_watch_event_names(snapshot, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("{'event':'E','data':%s}", cases[i].data);
        g_autoptr(QblkWatchEvent) event = parse(names, text);
        const char *target = qblk_watch_event_get_target(event);
        if (g_strcmp0(target, cases[i].target) != 0) {
            fail_msg("%s: %s", text, target);
        }
    }
}

static void
a_job_that_is_gone_is_known_from_the_snapshot_before(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("commit-ready");
    g_autoptr(QblkReplies) others = graph_fixture_load("virtio-5-deep");
    g_autoptr(QblkSnapshot) before = graph_fixture_snapshot(replies);
    g_autoptr(QblkSnapshot) after = graph_fixture_snapshot(others);
    g_autoptr(GHashTable) names = qblk_watch_event_names(after, before);
    const char *id = qblk_job_get_id(qblk_snapshot_get_job(before, 0));
    assert_string_equal(g_hash_table_lookup(names, id), "vda");
}

static void
secrets_are_removed(void **state)
{
    g_autoptr(QblkWatchEvent) event =
        parse(NULL, "{'event':'BLOCK_JOB_COMPLETED','data':{'device':'j',"
                    "'error':'cannot open http://me:hunter2@host/a'}}");
    assert_null(strstr(qblk_watch_event_get_text(event), "hunter2"));
    assert_null(strstr(qblk_watch_event_get_json(event), "hunter2"));
    assert_non_null(strstr(qblk_watch_event_get_text(event), "host/a"));
}

static void
an_event_is_one_json_object(void **state)
{
    g_autoptr(QblkWatchEvent) event =
        parse(NULL, "{'event':'STOP','timestamp':{'seconds':1,'microseconds':2}}");
    g_autofree char *text = qblk_watch_event_to_json(event);
    assert_string_equal(text, "{\"name\":\"STOP\",\"time\":1000002,\"target\":null,"
                              "\"text\":\"the guest is stopped\",\"qemu\":{\"event\":\"STOP\","
                              "\"timestamp\":{\"seconds\":1,\"microseconds\":2}}}");
}

static void
changes_and_the_end_are_known(void **state)
{
    g_autoptr(QblkWatchEvent) stop = parse(NULL, "{'event':'STOP'}");
    g_autoptr(QblkWatchEvent) end = parse(NULL, "{'event':'SHUTDOWN'}");
    g_autoptr(QblkWatchEvent) other = parse(NULL, "{'event':'RTC_CHANGE'}");
    g_autoptr(QblkWatchEvent) broken = parse(NULL, "[]");
    assert_true(qblk_watch_event_is_change(stop));
    assert_false(qblk_watch_event_is_end(stop));
    assert_true(qblk_watch_event_is_end(end));
    assert_false(qblk_watch_event_is_change(other));
    assert_string_equal(qblk_watch_event_get_name(broken), "");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_sentences),
        cmocka_unit_test(the_time_is_that_of_qemu_if_it_is_one),
        cmocka_unit_test(names_lead_to_the_disk),
        cmocka_unit_test(a_job_that_is_gone_is_known_from_the_snapshot_before),
        cmocka_unit_test(secrets_are_removed),
        cmocka_unit_test(an_event_is_one_json_object),
        cmocka_unit_test(changes_and_the_end_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
