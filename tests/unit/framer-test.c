/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/framer.h"

#include "base/limits.h"
#include "lib/check.h"

#include <qblk/error.h>

static const char sample[] =
    "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n"
    "{\"return\": {}, \"id\": 1}\r\n"
    "{\r\n    \"event\": \"A\",\r\n    \"data\": {\r\n        \"x\": [ 1, 2 ]\r\n    }\r\n}\r\n"
    "{\"a\":\"}{][\\\"}\",\"b\":\"\\\\\"}{\"c\":\"\\\\\\\"{\"}";

static const char *const sample_messages[] = {
    "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}",
    "{\"return\": {}, \"id\": 1}",
    "{\r\n    \"event\": \"A\",\r\n    \"data\": {\r\n        \"x\": [ 1, 2 ]\r\n    }\r\n}",
    "{\"a\":\"}{][\\\"}\",\"b\":\"\\\\\"}",
    "{\"c\":\"\\\\\\\"{\"}",
};

static void
free_message(gpointer message)
{
    g_string_free(message, TRUE);
}

/* Feed @length bytes and append the messages that end in them to @messages. */
static void
feed(QblkFramer *framer, const char *bytes, gsize length, GPtrArray *messages)
{
    while (length > 0) {
        g_autoptr(GError) error = NULL;
        GString *message = NULL;
        gsize used = 0;
        assert_true(qblk_framer_feed(framer, bytes, length, &used, &message, &error));
        assert_true(used > 0 && used <= length);
        assert_true(message != NULL || used == length);
        if (message != NULL) {
            g_ptr_array_add(messages, message);
        }
        bytes += used;
        length -= used;
    }
}

static void
assert_sample(const GPtrArray *messages)
{
    assert_int_equal(messages->len, G_N_ELEMENTS(sample_messages));
    for (guint i = 0; i < messages->len; i++) {
        const GString *message = g_ptr_array_index(messages, i);
        assert_string_equal(message->str, sample_messages[i]);
        assert_int_equal(message->len, strlen(sample_messages[i]));
    }
}

static void
messages_come_out_whole_wherever_the_stream_is_split(void **state)
{
    gsize length = strlen(sample);
    for (gsize first = 0; first <= length; first++) {
        for (gsize second = first; second <= length; second++) {
            g_autoptr(QblkFramer) framer = qblk_framer_new(0);
            g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(free_message);
            feed(framer, sample, first, messages);
            feed(framer, sample + first, second - first, messages);
            feed(framer, sample + second, length - second, messages);
            assert_sample(messages);
            assert_false(qblk_framer_is_inside(framer));
        }
    }
}

static void
messages_come_out_whole_from_single_bytes(void **state)
{
    g_autoptr(QblkFramer) framer = qblk_framer_new(0);
    g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(free_message);
    for (gsize i = 0; i < strlen(sample); i++) {
        feed(framer, sample + i, 1, messages);
    }
    assert_sample(messages);
}

static void
only_a_complete_message_is_returned(void **state)
{
    g_autoptr(QblkFramer) framer = qblk_framer_new(0);
    g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(free_message);
    static const char half[] = "{\"return\": {\"a\": \"}}\\\"}";
    feed(framer, half, strlen(half), messages);
    assert_int_equal(messages->len, 0);
    assert_true(qblk_framer_is_inside(framer));
    feed(framer, "\"}}", 3, messages);
    assert_int_equal(messages->len, 1);
    assert_false(qblk_framer_is_inside(framer));
}

/* Looking again at what has come already would take minutes here. */
static void
a_long_message_in_small_pieces_is_looked_at_once(void **state)
{
    g_autoptr(QblkFramer) framer = qblk_framer_new(0);
    g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(free_message);
    feed(framer, "{\"a\":[", 6, messages);
    for (guint i = 0; i < 256 * 1024; i++) {
        feed(framer, "{\"b\":1}", 8, messages);
    }
    assert_int_equal(messages->len, 0);
    feed(framer, "]}", 2, messages);
    assert_int_equal(messages->len, 1);
}

static void
white_space_is_not_a_message(void **state)
{
    g_autoptr(QblkFramer) framer = qblk_framer_new(4);
    g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(free_message);
    for (guint i = 0; i < 100; i++) {
        feed(framer, " \t\r\n", 4, messages);
    }
    assert_int_equal(messages->len, 0);
    assert_false(qblk_framer_is_inside(framer));
}

static void
refuse(gsize limit, const char *bytes, gsize length, int code, const char *part)
{
    g_autoptr(QblkFramer) framer = qblk_framer_new(limit);
    g_autoptr(GError) error = NULL;
    GString *message = NULL;
    gsize used = 0;
    assert_false(qblk_framer_feed(framer, bytes, length, &used, &message, &error));
    assert_error(error, QBLK_QMP_ERROR, code, part);
}

static void
refuse_after_message(const char *bytes, gsize length, const char *part)
{
    g_autoptr(QblkFramer) framer = qblk_framer_new(0);
    g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(free_message);
    g_autoptr(GError) error = NULL;
    GString *message = NULL;
    gsize used = 0;

    feed(framer, "{}", 2, messages);
    assert_false(qblk_framer_feed(framer, bytes, length, &used, &message, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, part);
}

static void
anything_else_between_messages_is_refused(void **state)
{
    refuse_after_message("HTTP/1.1", 8, "starts with 'H'");
    refuse_after_message(" \r\n[1]", 6, "starts with '['");
    refuse_after_message("}", 1, "starts with '}'");
    refuse_after_message("\xff", 1, "starts with byte 0xff");
    refuse_after_message("\0{}", 3, "starts with byte 0x00");
}

static const struct {
    const char *text, *name;
} foreign[] = {
    {"QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) ",
     "not a QMP monitor, but a monitor for people (HMP): start"},
    {"RFB 003.008\n", "not a QMP monitor, but a VNC server: use the socket of QEMU's option -qmp"},
    {"NBDMAGICIHAVEOPT", "not a QMP monitor, but an NBD server: use"},
    {"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "not a QMP monitor, but an SSH server: use"},
    {"HTTP/1.1 400 Bad Request\r\n", "not a QMP monitor, but an HTTP server: use"},
    {"\r\n\r\nDebian GNU/Linux 12 web1 ttyS0\r\n",
     "not a QMP monitor: it sends 'Debian GNU/Linux 12 web1 ttyS0': use"},
    {"[1]\r\n", "not a QMP monitor: it sends '[1]': use"},
    {"}\r\n", "not a QMP monitor: it sends '}': use"},
    {"\xff\xfe", "not a QMP monitor: it sends the byte 0xff: use"},
    {"QEMU without a line end, and so long that it tells nothing else at all",
     "not a QMP monitor: it sends 'QEMU without"},
};

static void
another_protocol_is_named_wherever_its_start_is_split(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(foreign); i++) {
        gsize length = strlen(foreign[i].text);
        for (gsize first = 0; first <= length; first++) {
            g_autoptr(QblkFramer) framer = qblk_framer_new(0);
            g_autoptr(GError) error = NULL;
            GString *message = NULL;
            gsize used = 0;
            gboolean good =
                qblk_framer_feed(framer, foreign[i].text, first, &used, &message, &error);
            assert_true(!good || (message == NULL && used == first));
            assert_true(!good || !qblk_framer_feed(framer, foreign[i].text + first, length - first,
                                                   &used, &message, &error));
            assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, foreign[i].name);
        }
    }
}

static void
a_start_that_tells_nothing_is_quoted_at_the_end(void **state)
{
    g_autoptr(QblkFramer) framer = qblk_framer_new(0);
    GError *error = g_error_new_literal(QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY, "no greeting");
    GString *message = NULL;
    gsize used = 0;

    qblk_framer_explain_foreign(framer, "./a", &error);
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY, "no greeting");
    assert_true(qblk_framer_feed(framer, "login: ", 7, &used, &message, &error));
    qblk_framer_explain_foreign(framer, "./a", &error);
    assert_string_equal(error->message,
                        "./a: not a QMP monitor: it sends 'login: ': use the socket "
                        "of QEMU's option -qmp");
    g_error_free(error);
}

static void
a_message_as_long_as_the_limit_passes_and_a_longer_one_names_it(void **state)
{
    g_autoptr(QblkFramer) framer = qblk_framer_new(10);
    g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(free_message);
    feed(framer, "{\"a\":1234}{\"b\":5678}", 20, messages);
    assert_int_equal(messages->len, 2);
    refuse(10, "{\"a\":12345}", 11, QBLK_QMP_ERROR_LIMIT, "10 bytes");
    refuse(10, "{\"aaaaaaaaaa", 12, QBLK_QMP_ERROR_LIMIT, "QBLK_LIMIT_REPLY_BYTES");
}

static void
the_limit_can_be_changed_while_a_message_arrives(void **state)
{
    g_autoptr(QblkFramer) framer = qblk_framer_new(4);
    g_autoptr(GError) error = NULL;
    GString *message = NULL;
    gsize used = 0;
    assert_true(qblk_framer_feed(framer, "{\"a\"", 4, &used, &message, &error));
    qblk_framer_set_limit(framer, 7);
    assert_true(qblk_framer_feed(framer, ":1}", 3, &used, &message, &error));
    assert_string_equal(message->str, "{\"a\":1}");
    g_string_free(message, TRUE);
    assert_true(qblk_framer_feed(framer, "{\"a\"", 4, &used, &message, &error));
    qblk_framer_set_limit(framer, 3);
    assert_false(qblk_framer_feed(framer, ":", 1, &used, &message, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_LIMIT, "3 bytes");
}

static void
the_limit_of_64_mib_holds_without_an_end_in_sight(void **state)
{
    g_autoptr(QblkFramer) framer = qblk_framer_new(0);
    g_autoptr(GError) error = NULL;
    g_autofree char *chunk = g_strnfill(1024 * 1024, 'x');
    GString *message = NULL;
    gsize used = 0;
    gsize total = 2;
    assert_true(qblk_framer_feed(framer, "{\"", 2, &used, &message, &error));
    while (qblk_framer_feed(framer, chunk, 1024 * 1024, &used, &message, &error)) {
        assert_null(message);
        total += used;
    }
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_LIMIT, "67108864 bytes");
    assert_true(total <= QBLK_LIMIT_REPLY_BYTES);
    assert_true(total + 1024 * 1024 > QBLK_LIMIT_REPLY_BYTES);
}

static void
nesting_as_deep_as_the_limit_passes_and_deeper_names_it(void **state)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < QBLK_LIMIT_JSON_DEPTH; i++) {
        g_string_append_c(text, i % 2 == 0 ? '{' : '[');
    }
    g_autoptr(QblkFramer) framer = qblk_framer_new(0);
    g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(free_message);
    feed(framer, text->str, text->len, messages);
    g_string_append_c(text, '{');
    refuse(0, text->str, text->len, QBLK_QMP_ERROR_LIMIT, "QBLK_LIMIT_JSON_DEPTH");
    g_string_free(text, TRUE);
}

static void
brackets_in_a_string_are_not_nesting(void **state)
{
    g_autoptr(QblkFramer) framer = qblk_framer_new(0);
    g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(free_message);
    g_autofree char *braces = g_strnfill(QBLK_LIMIT_JSON_DEPTH * 2, '{');
    feed(framer, "{\"", 2, messages);
    feed(framer, braces, strlen(braces), messages);
    feed(framer, "\":1}", 4, messages);
    assert_int_equal(messages->len, 1);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_out_whole_wherever_the_stream_is_split),
        cmocka_unit_test(messages_come_out_whole_from_single_bytes),
        cmocka_unit_test(only_a_complete_message_is_returned),
        cmocka_unit_test(a_long_message_in_small_pieces_is_looked_at_once),
        cmocka_unit_test(white_space_is_not_a_message),
        cmocka_unit_test(anything_else_between_messages_is_refused),
        cmocka_unit_test(another_protocol_is_named_wherever_its_start_is_split),
        cmocka_unit_test(a_start_that_tells_nothing_is_quoted_at_the_end),
        cmocka_unit_test(a_message_as_long_as_the_limit_passes_and_a_longer_one_names_it),
        cmocka_unit_test(the_limit_can_be_changed_while_a_message_arrives),
        cmocka_unit_test(the_limit_of_64_mib_holds_without_an_end_in_sight),
        cmocka_unit_test(nesting_as_deep_as_the_limit_passes_and_deeper_names_it),
        cmocka_unit_test(brackets_in_a_string_are_not_nesting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
