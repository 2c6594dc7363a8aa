/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/message.h"

#include "lib/check.h"

static QblkMessage *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    QblkMessage *message = qblk_message_parse(text, strlen(text), &error);
    assert_no_error(error);
    return message;
}

static void
a_greeting_carries_the_version(void **state)
{
    g_autoptr(QblkMessage) message =
        parse("{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, "
              "\"package\": \"Debian\"}, \"capabilities\": [\"oob\"]}}");
    assert_int_equal(message->kind, QBLK_MESSAGE_GREETING);
    QblkMessageVersion version = qblk_message_version(message);
    assert_int_equal(version.major, 7);
    assert_int_equal(version.minor, 2);
    assert_int_equal(version.micro, 22);
    assert_non_null(qblk_json_get(message->payload, "capabilities"));
}

static void
a_return_carries_any_value_and_its_id(void **state)
{
    g_autoptr(QblkMessage) message = parse("{\"return\": [1, 2], \"id\": 18}");
    assert_int_equal(message->kind, QBLK_MESSAGE_RETURN);
    assert_true(message->has_id);
    assert_int_equal(message->id, 18);
    assert_int_equal(qblk_json_length(message->payload), 2);
    g_autoptr(QblkMessage) null = parse("{\"return\": null, \"id\": 0}");
    assert_non_null(null->payload);
}

static void
an_error_may_have_no_id(void **state)
{
    g_autoptr(QblkMessage) message =
        parse("{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}");
    assert_int_equal(message->kind, QBLK_MESSAGE_ERROR);
    assert_false(message->has_id);
    assert_string_equal(qblk_json_get_string(message->payload, "desc"), "JSON parse error");
}

static void
an_event_is_its_whole_message(void **state)
{
    g_autoptr(QblkMessage) message = parse("{\"timestamp\": {}, \"event\": \"STOP\"}");
    assert_int_equal(message->kind, QBLK_MESSAGE_EVENT);
    assert_string_equal(qblk_json_get_string(message->payload, "event"), "STOP");
    assert_non_null(qblk_json_get(message->payload, "timestamp"));
}

static void
a_message_that_qemu_never_sends_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"{}", "a message has none of 'QMP', 'return', 'error', 'event'"},
        {"{\"id\": 1}", "a message has none of"},
        {"{\"return\": 1, \"event\": \"A\"}", "a message has several of"},
        {"{\"return\": 1", "not JSON"},
        {"{\"return\": 1, \"return\": 2}", "not JSON"},
        {"[]", "a message is not an object"},
        {"{\"event\": {}}", "'event' is not a string"},
        {"{\"error\": \"bad\"}", "'error' is not an object"},
        {"{\"error\": {\"class\": \"GenericError\"}, \"id\": 1}", "'desc' is missing"},
        {"{\"error\": {\"class\": 1, \"desc\": \"\"}, \"id\": 1}", "'class' is not a string"},
        {"{\"QMP\": []}", "'QMP' is not an object"},
        {"{\"QMP\": {}}", "the version in the greeting is not an object"},
        {"{\"QMP\": {\"version\": {\"qemu\": {\"major\": \"7\"}}}}", "'major' is not an integer"},
        {"{\"return\": {}, \"id\": \"libvirt-7\"}", "has the invalid id '\"libvirt-7\"'"},
        {"{\"return\": {}, \"id\": -1}", "has the invalid id '-1'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(qblk_message_parse(cases[i].text, strlen(cases[i].text), &error));
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, cases[i].part);
    }
}

/* ---- large returns ---- */

/* The format has a place for a string of 5000 bytes. */
static QblkMessage *
parse_large(const char *format, GError **error)
{
    g_autofree char *filler = g_strnfill(5000, 'x');
    g_auto(GStrv) parts = g_strsplit(format, "%s", 2);
    char *text = g_strjoinv(filler, parts);
    g_autoptr(GBytes) bytes = g_bytes_new_take(text, strlen(text));
    return qblk_message_parse_bytes(bytes, error);
}

static void
a_large_return_stays_text(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkMessage) message =
        parse_large("{\"return\": [{\"file\": \"%s\"}, 2], \"id\": 18}", &error);
    assert_no_error(error);
    assert_int_equal(message->kind, QBLK_MESSAGE_RETURN);
    assert_int_equal(message->id, 18);
    assert_true(qblk_json_is_null(message->payload));

    g_autoptr(QblkAnswer) answer = qblk_message_answer(message);
    assert_null(answer->value);
    assert_true(qblk_answer_check(answer, "query-block", &error));
    assert_int_equal(qblk_json_view_length(answer->text), 2);
    const QblkJson *value = qblk_answer_value(answer);
    assert_ptr_equal(qblk_answer_value(answer), value);
    assert_int_equal(qblk_json_length(value), 2);
    assert_int_equal(strlen(qblk_json_get_string(qblk_json_at(value, 0), "file")), 5000);
}

static void
other_large_messages_are_parsed(void **state)
{
    static const struct {
        const char *text;
        QblkMessageKind kind;
    } cases[] = {
        {"{\"event\": \"STOP\", \"data\": {\"a\": \"%s\"}}", QBLK_MESSAGE_EVENT},
        {"{\"error\": {\"class\": \"A\", \"desc\": \"%s\"}, \"id\": 1}", QBLK_MESSAGE_ERROR},
        {"{\"return\": [1e1, \"%s\"], \"id\": 1}", QBLK_MESSAGE_RETURN},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkMessage) message = parse_large(cases[i].text, &error);
        assert_no_error(error);
        assert_int_equal(message->kind, cases[i].kind);
        assert_null(message->owner);
        assert_false(qblk_json_is_null(message->payload));
    }
}

static void
a_large_message_that_is_not_valid_is_refused_with_the_same_reason(void **state)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"{\"return\": [\"%s\",], \"id\": 1}", "not QMP: not JSON: unexpected token at byte"},
        {"{\"return\": [\"%s\"], \"id\": 1} {}", "not QMP: not JSON: end of file expected"},
        {"{\"return\": [{\"a\": \"%s\", \"a\": 1}], \"id\": 1}", "duplicate object key"},
        {"{\"return\": [\"%s\"], \"id\": \"x\"}", "a message has the invalid id"},
        {"{\"return\": [\"%s\"], \"event\": \"x\"}", "a message has several of"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(parse_large(cases[i].text, &error));
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, cases[i].part);
    }
}

/* ---- commands ---- */

static void
a_command_is_one_line_with_its_id(void **state)
{
    g_autofree char *bare = qblk_message_command("query-block", NULL, 3);
    assert_string_equal(bare, "{\"execute\":\"query-block\",\"id\":3}\n");
    g_autoptr(QblkJson) arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "id", "a\n\"b");
    g_autofree char *full = qblk_message_command("job-dismiss", arguments, 4);
    assert_string_equal(
        full, "{\"execute\":\"job-dismiss\",\"arguments\":{\"id\":\"a\\n\\\"b\"},\"id\":4}\n");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_greeting_carries_the_version),
        cmocka_unit_test(a_return_carries_any_value_and_its_id),
        cmocka_unit_test(an_error_may_have_no_id),
        cmocka_unit_test(an_event_is_its_whole_message),
        cmocka_unit_test(a_message_that_qemu_never_sends_is_refused_with_the_reason),
        cmocka_unit_test(a_large_return_stays_text),
        cmocka_unit_test(other_large_messages_are_parsed),
        cmocka_unit_test(a_large_message_that_is_not_valid_is_refused_with_the_same_reason),
        cmocka_unit_test(a_command_is_one_line_with_its_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
