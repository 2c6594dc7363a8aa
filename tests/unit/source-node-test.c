/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-node.h"

#include "lib/check.h"

#include <qblk/error.h>
#include <string.h>

static void
names_become_options_of_blockdev_add(void **state)
{
    static const struct {
        const char *name, *options;
    } rows[] = {
        {"nbd://h/x", "'driver':'nbd','export':'x',"
                      "'server':{'host':'h','type':'inet','port':'10809'}"},
        {"nbd://h:1", "'driver':'nbd','server':{'host':'h','port':'1','type':'inet'}"},
        {"nbd://[::1]:1/a%20b", "'driver':'nbd','export':'a b',"
                                "'server':{'host':'::1','port':'1','type':'inet'}"},
        {"nbd+unix:///x?socket=/s", "'driver':'nbd','export':'x',"
                                    "'server':{'path':'/s','type':'unix'}"},
        {"nbd:unix:/s:exportname=x:y", "'driver':'nbd','export':'x:y',"
                                       "'server':{'path':'/s','type':'unix'}"},
        {"nbd:h:1", "'driver':'nbd','server':{'host':'h','port':'1','type':'inet'}"},
        {"iscsi://h:3260/iqn.2000/2", "'driver':'iscsi','transport':'tcp','portal':'h:3260',"
                                      "'target':'iqn.2000','lun':2"},
        {"iser://me@h/t/0", "'driver':'iscsi','transport':'iser','portal':'h','target':'t',"
                            "'lun':0,'user':'me'"},
        {"rbd:p/i", "'driver':'rbd','pool':'p','image':'i'"},
        {"rbd:p/n/i:id=me:mon_host=a;b\\:1:password-secret=s",
         "'driver':'rbd','pool':'p','namespace':'n','image':'i','user':'me','key-secret':'s',"
         "'server':[{'host':'a','port':'6789'},{'host':'b','port':'1'}]"},
        {"json:{\"driver\": \"ssh\", \"server.host\": \"h\", \"server.port\": \"22\"}",
         "'driver':'ssh','server':{'host':'h','port':'22'}"},
        {"json:{'driver': 'gluster', 'server.1.host': 'b', 'server.0.host': 'a', 'x': [1]}",
         "'driver':'gluster','server':[{'host':'a'},{'host':'b'}],'x':[1]"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        g_autoptr(QblkJson) options = qblk_source_node_options(rows[i].name, &error);
        assert_no_error(error);
        g_autofree char *text = qblk_json_print(options, QBLK_JSON_COMPACT);
        g_autofree char *expected = g_strdup_printf("{%s}", rows[i].options);
        g_strdelimit(text, "\"", '\'');
        assert_string_equal(text, expected);
    }
}

static void
names_that_cannot_be_written_are_refused(void **state)
{
    static const struct {
        const char *name;
        int code;
        const char *part;
    } rows[] = {
        {"nbds://h/x", QBLK_GRAPH_ERROR_UNSUPPORTED, "option 'tls-creds'"},
        {"nbd://me@h/x", QBLK_GRAPH_ERROR_UNSUPPORTED, "option 'url-user'"},
        {"rbd:p/i@s", QBLK_GRAPH_ERROR_UNSUPPORTED, "option 'snapshot'"},
        {"rbd:p/i:rbd_cache=true", QBLK_GRAPH_ERROR_UNSUPPORTED, "option 'rbd_cache'"},
        {"iscsi://h/t/x", QBLK_GRAPH_ERROR_SPEC, "option 'lun' must be a whole number"},
        {"gluster://h/v/x", QBLK_GRAPH_ERROR_UNSUPPORTED, "protocol 'gluster'"},
        {"/d/x", QBLK_GRAPH_ERROR_UNSUPPORTED, "protocol 'file'"},
        {"nbd:x", QBLK_GRAPH_ERROR_SPEC, "expected nbd:HOST:PORT"},
        {"json:{", QBLK_GRAPH_ERROR_SPEC, "not JSON"},
        {"json:[]", QBLK_GRAPH_ERROR_SPEC, "not a JSON object"},
        {"json:{'file': {'driver': 'nbd'}}", QBLK_GRAPH_ERROR_SPEC, "'driver' is required"},
        {"json:{'driver': 'qcow2'}", QBLK_GRAPH_ERROR_UNSUPPORTED, "'qcow2' is no protocol"},
        {"json:{'driver': 'throttle'}", QBLK_GRAPH_ERROR_UNSUPPORTED, "is no protocol"},
        {"json:{'driver': 'file', 'filename': '/x'}", QBLK_GRAPH_ERROR_UNSUPPORTED, "its path"},
        {"json:{'driver': 'https', 'url': 'https://h/x'}", QBLK_GRAPH_ERROR_UNSUPPORTED,
         "protocol 'https' is read-only"},
        {"json:{'driver': 'nbd', 'node-name': 'x'}", QBLK_GRAPH_ERROR_SPEC, "'node-name'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        assert_null(qblk_source_node_options(rows[i].name, &error));
        assert_error(error, QBLK_GRAPH_ERROR, rows[i].code, rows[i].part);
    }
}

static void
a_secret_is_refused_and_not_repeated(void **state)
{
    static const char *const names[] = {
        "nbd://u:hunter2@h/x",
        "iscsi://u%hunter2@h/t/1",
        "iscsi://h/t/1?target_password=hunter2",
        "rbd:p/i:key=hunter2",
        "rbd:p/i:id=me:key=hunter2",
        "json:{'driver': 'iscsi', 'password': 'hunter2'}",
        "json:{'driver': 'rbd', 'server': [{'key': 'hunter2'}]}",
        "json:{'driver': 'ssh', 'filename': 'ssh://u:hunter2@h/x'}",
        "json:{'driver': 'ssh', 'password': 'hunter2'",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        GError *error = NULL;
        assert_null(qblk_source_node_options(names[i], &error));
        assert_null(strstr(error->message, "hunter2"));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "contains a secret");
    }
}

static void
ids_of_secrets_are_found_at_any_depth(void **state)
{
    GError *error = NULL;
    g_autoptr(QblkJson) options = qblk_source_node_options(
        "json:{'driver': 'rbd', 'key-secret': 'a', 'encrypt.key-secret': 'b', 'x-secret': 1}",
        &error);
    assert_no_error(error);
    g_autoptr(GPtrArray) ids = qblk_source_node_secrets(options);
    assert_int_equal(ids->len, 2);
    assert_string_equal(ids->pdata[0], "a");
    assert_string_equal(ids->pdata[1], "b");

    g_autoptr(GPtrArray) none = qblk_source_node_secrets(NULL);
    assert_int_equal(none->len, 0);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_become_options_of_blockdev_add),
        cmocka_unit_test(names_that_cannot_be_written_are_refused),
        cmocka_unit_test(a_secret_is_refused_and_not_repeated),
        cmocka_unit_test(ids_of_secrets_are_found_at_any_depth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
