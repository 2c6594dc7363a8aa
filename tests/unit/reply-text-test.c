/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/reply-text.h"

#include "lib/check.h"

static void
assert_kind(const char *text, QblkReplyKind kind, gint64 id)
{
    const QblkReplyText reply = qblk_reply_text_read(text, strlen(text));
    assert_int_equal(reply.kind, kind);
    assert_int_equal(reply.has_id, id >= 0);
    if (id >= 0) {
        assert_int_equal(reply.id, id);
    }
}

static void
messages_of_all_kinds_are_told_apart(void **state)
{
    assert_kind("{\"QMP\": {\"version\": {}, \"return\": 1}}", QBLK_REPLY_GREETING, -1);
    assert_kind("{\"return\": {\"error\": 1}, \"id\": 7}", QBLK_REPLY_RETURN, 7);
    assert_kind("{\"id\": 7, \"return\": {\"id\": 8}}", QBLK_REPLY_RETURN, 7);
    assert_kind("{\"id\": 7, \"error\": {\"id\": 8}}", QBLK_REPLY_ERROR, 7);
    assert_kind("{\"error\": {\"class\": \"x\"}}", QBLK_REPLY_ERROR, -1);
    assert_kind("{\"timestamp\": {}, \"event\": \"X\", \"data\": {\"id\": 1}}", QBLK_REPLY_EVENT,
                -1);
    assert_kind("{\"id\": 7}", QBLK_REPLY_OTHER, 7);
    assert_kind("{}", QBLK_REPLY_OTHER, -1);
}

static void
only_a_member_of_the_message_is_its_id(void **state)
{
    assert_kind("{\"return\": {\"id\": 5}}", QBLK_REPLY_RETURN, -1);
    assert_kind("{\"return\": \"x,\\\"id\\\": 5\"}", QBLK_REPLY_RETURN, -1);
    assert_kind("{\"return\": {}, \"a\\\"id\": 5}", QBLK_REPLY_RETURN, -1);
    assert_kind("{\"return\": {}, \"id\": \"5\"}", QBLK_REPLY_RETURN, -1);
    assert_kind("{\"return\": {}, \"id\": -5}", QBLK_REPLY_RETURN, -1);
    assert_kind("{\"return\": {}, \"id\": 1234567890123456789}", QBLK_REPLY_RETURN, -1);
    assert_kind("{\"return\": {}, \"id\": {\"id\": 5}}", QBLK_REPLY_RETURN, -1);
    assert_kind("{\"return\": {}, \"id\": 5, \"id\": 6}", QBLK_REPLY_RETURN, 6);
    assert_kind("{\"return\": {}, \"id\": 5, \"x\": 6}", QBLK_REPLY_RETURN, 5);
}

static void
what_is_not_json_has_no_id(void **state)
{
    static const char *const texts[] = {
        "{\"return\"}",  "{\"return\":}",     "{\"return\" 5}", "{\"return: 5}",
        "{\"return\":5", "{\"return\": {}]}", "{:5}",           "{\"return\"\"id\":}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        const QblkReplyText reply = qblk_reply_text_read(texts[i], strlen(texts[i]));
        assert_false(reply.has_id);
    }
}

static void
assert_id_set(const char *text, const char *id, const char *expected)
{
    const QblkReplyText reply = qblk_reply_text_read(text, strlen(text));
    GString *out = g_string_new(text);
    qblk_reply_text_set_id(&reply, out, id);
    assert_string_equal(out->str, expected);
    g_string_free(out, TRUE);
}

static void
the_id_is_replaced_or_removed(void **state)
{
    assert_id_set("{\"return\": {}, \"id\": 7}", "[1, 2]", "{\"return\": {}, \"id\": [1, 2]}");
    assert_id_set("{\"return\": {}, \"id\": 7}", NULL, "{\"return\": {}}");
    assert_id_set("{\"id\": 7, \"error\": {}}", "null", "{\"id\": null, \"error\": {}}");
    assert_id_set("{\"id\": 7, \"error\": {}}", NULL, "{\"error\": {}}");
    assert_id_set("{\r\n    \"return\": {\r\n    },\r\n    \"id\": 1\r\n}", NULL,
                  "{\r\n    \"return\": {\r\n    }\r\n}");
    assert_id_set("{\r\n    \"id\": 1,\r\n    \"error\": {\r\n    }\r\n}", NULL,
                  "{\r\n    \"error\": {\r\n    }\r\n}");
    assert_id_set("{\"error\": {}}", "5", "{\"error\": {}}");
}

static void
commands_are_added_to_a_list(void **state)
{
    static const char *const names[] = {"a", "b", NULL};
    static const struct {
        const char *text;
        gboolean is_pretty;
        const char *expected;
    } rows[] = {
        {"{\"return\": [{\"name\": \"x\"}], \"id\": 1}", FALSE,
         "{\"return\": [{\"name\": \"x\"}, {\"name\": \"a\"}, {\"name\": \"b\"}], \"id\": 1}"},
        {"{\"return\": []}", FALSE, "{\"return\": [{\"name\": \"a\"}, {\"name\": \"b\"}]}"},
        {"{\"return\": {}}", FALSE, "{\"return\": {}}"},
        {"{\r\n    \"return\": [\r\n        {\r\n            \"name\": \"x\"\r\n        }\r\n    "
         "]\r\n}",
         TRUE,
         "{\r\n    \"return\": [\r\n        {\r\n            \"name\": \"x\"\r\n        },\r\n     "
         "   {\r\n            \"name\": \"a\"\r\n        },\r\n        {\r\n            \"name\": "
         "\"b\"\r\n        }\r\n    ]\r\n}"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GString *text = g_string_new(rows[i].text);
        qblk_reply_text_add_commands(text, names, rows[i].is_pretty);
        assert_string_equal(text->str, rows[i].expected);
        g_string_free(text, TRUE);
    }
}

static void
assert_text(GString *text, const char *expected)
{
    assert_string_equal(text->str, expected);
    g_string_free(text, TRUE);
}

static void
own_replies_look_like_those_of_qemu(void **state)
{
    assert_text(qblk_reply_text_new_return(NULL, NULL, FALSE), "{\"return\": {}}");
    assert_text(qblk_reply_text_new_return("1", NULL, FALSE), "{\"return\": {}, \"id\": 1}");
    assert_text(qblk_reply_text_new_return("1", NULL, TRUE),
                "{\r\n    \"return\": {\r\n    },\r\n    \"id\": 1\r\n}");
    assert_text(
        qblk_reply_text_new_error("\"x\"", "C", "d", TRUE),
        "{\r\n    \"id\": \"x\",\r\n    \"error\": {\r\n        \"class\": \"C\",\r\n        "
        "\"desc\": \"d\"\r\n    }\r\n}");
    /* As QEMU answers these bytes. */
    assert_text(qblk_reply_text_new_error(
                    NULL, "C", "\x7f \xff \"abc\n \\u12 \b \xc3\xa9\xf0\x9f\x98\x80", FALSE),
                "{\"error\": {\"class\": \"C\", \"desc\": \"\\u007F \\uFFFD \\\"abc\\n \\\\u12 \\b "
                "\\u00E9\\uD83D\\uDE00\"}}");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_all_kinds_are_told_apart),
        cmocka_unit_test(only_a_member_of_the_message_is_its_id),
        cmocka_unit_test(what_is_not_json_has_no_id),
        cmocka_unit_test(the_id_is_replaced_or_removed),
        cmocka_unit_test(commands_are_added_to_a_list),
        cmocka_unit_test(own_replies_look_like_those_of_qemu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
