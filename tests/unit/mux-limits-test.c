/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits, descriptors and ends of connections. */
#include "base/limits.h"
#include "bridge/mux-data.h"
#include "lib/check.h"
#include "lib/mux-case.h"

#include <fcntl.h>
#include <unistd.h>

static QblkMux *
new_mux(const QblkPolicy *policy)
{
    const QblkMuxHooks hooks = {NULL};
    QblkMux *mux = qblk_mux_new(policy, NULL, &hooks, NULL);
    mux->last_number = 0;
    return mux;
}

static void
receive(QblkMux *mux, const char *text)
{
    g_autoptr(GError) error = NULL;
    assert_true(qblk_mux_receive(mux, text, strlen(text), &error));
    assert_no_error(error);
}

static void
send_text(QblkMuxClient *client, const char *text)
{
    qblk_mux_client_receive(client, text, strlen(text), NULL, 0);
}

/* Take all that QEMU gets.  Returns: (transfer full): the bytes; @fd: of the last command with
 * one */
static char *
take_sent(QblkMux *mux, int *fd)
{
    GString *sent = g_string_new(NULL);
    gsize length;
    int next;
    const char *bytes;
    while ((bytes = qblk_mux_output(mux, &length, &next), length > 0)) {
        g_string_append_len(sent, bytes, (gssize)length);
        if (next >= 0) {
            *fd = dup(next);
        }
        qblk_mux_sent(mux, length);
    }
    return g_string_free(sent, FALSE);
}

static void
assert_sent(QblkMux *mux, const char *expected)
{
    int fd = -1;
    g_autofree char *sent = take_sent(mux, &fd);
    assert_string_equal(sent, expected);
    assert_int_equal(fd, -1);
}

/* Returns: (transfer full): what @client gets */
static char *
take_got(QblkMuxClient *client)
{
    GString *got = g_string_new(NULL);
    gsize length;
    const char *bytes;
    while ((bytes = qblk_mux_client_output(client, &length), length > 0)) {
        g_string_append_len(got, bytes, (gssize)length);
        qblk_mux_client_sent(client, length);
    }
    return g_string_free(got, FALSE);
}

static void
assert_got(QblkMuxClient *client, const char *expected)
{
    g_autofree char *got = take_got(client);
    assert_string_equal(got, expected);
}

static QblkMux *
new_ready_mux(const QblkPolicy *policy)
{
    QblkMux *mux = new_mux(policy);
    int fd = -1;
    receive(mux, MUX_CASE_GREETING "\r\n");
    g_autofree char *sent = take_sent(mux, &fd);
    assert_false(qblk_mux_is_ready(mux));
    receive(mux, "{\"return\": {}, \"id\": 1}\r\n");
    assert_true(qblk_mux_is_ready(mux));
    return mux;
}

static QblkMuxClient *
add_client(QblkMux *mux)
{
    QblkMuxClient *client = qblk_mux_add_client(mux, QBLK_ACCESS_FULL);
    send_text(client, "{'execute':'qmp_capabilities'}");
    assert_got(client, MUX_CASE_GREETING "\r\n{\"return\": {}}\r\n");
    return client;
}

/* ---- clients ---- */

static void
a_client_that_sends_too_much_at_once_waits(void **state)
{
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    g_autoptr(QblkMux) mux = new_ready_mux(policy);
    QblkMuxClient *client = add_client(mux);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < 100000; i++) {
        g_string_append(text, "{}");
    }
    send_text(client, text->str);
    assert_false(qblk_mux_client_wants_bytes(client));
    gsize unread = client->output.bytes;
    assert_true(unread > QBLK_LIMIT_UNREAD_PAUSE_BYTES);
    assert_true(unread < 2 * QBLK_LIMIT_UNREAD_PAUSE_BYTES);
    assert_true(client->queue.length <= QBLK_LIMIT_CLIENT_COMMANDS);

    static const char reply[] = "{\"error\": {\"class\": \"GenericError\", \"desc\": \"QMP input "
                                "lacks member 'execute'\"}}\r\n";
    g_autofree char *got = take_got(client);
    assert_int_equal(strlen(got), 100000 * strlen(reply));
    assert_true(g_str_has_prefix(got, reply) && g_str_has_suffix(got, reply));
    assert_true(qblk_mux_client_wants_bytes(client));
    assert_null(client->input);
    g_string_free(text, TRUE);
}

static void
a_client_has_a_number_of_commands_that_wait(void **state)
{
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    g_autoptr(QblkMux) mux = new_ready_mux(policy);
    QblkMuxClient *client = add_client(mux);
    for (guint i = 0; i < QBLK_LIMIT_CLIENT_COMMANDS; i++) {
        assert_true(qblk_mux_client_wants_bytes(client));
        send_text(client, "{'execute':'query-x'}");
    }
    assert_false(qblk_mux_client_wants_bytes(client));
    assert_sent(mux, "{'execute':'query-x', \"id\": 2}\n{'execute':'query-x', \"id\": 3}\n");
    assert_true(qblk_mux_client_wants_bytes(client));
}

static void
a_command_that_is_too_long_ends_the_connection(void **state)
{
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    g_autoptr(QblkMux) mux = new_ready_mux(policy);
    QblkMuxClient *client = add_client(mux);
    g_autofree char *part = g_strnfill(QBLK_LIMIT_COMMAND_BYTES / 4, 'a');
    send_text(client, "{'execute':'");
    for (guint i = 0; i < 4; i++) {
        assert_null(qblk_mux_client_fault(client));
        send_text(client, part);
    }
    assert_non_null(strstr(qblk_mux_client_fault(client), "QBLK_LIMIT_COMMAND_BYTES"));
    assert_false(qblk_mux_client_wants_bytes(client));
    send_text(client, "'}");
    assert_sent(mux, "");

    QblkMuxClient *other = add_client(mux);
    GString *text = g_string_new("{'execute':'query-x','arguments':{'a':'");
    g_string_append(text, part);
    g_string_append(text, part);
    g_string_append(text, "'},'id':1}");
    send_text(other, text->str);
    int fd = -1;
    g_autofree char *sent = take_sent(mux, &fd);
    text->str[text->len - 2] = '2';
    g_string_append_c(text, '\n');
    assert_string_equal(sent, text->str);
    g_string_free(text, TRUE);
}

/* A reply of @bytes. */
static void
reply_long(QblkMux *mux, guint id, gsize bytes)
{
    g_autofree char *value = g_strnfill(bytes, 'a');
    g_autofree char *text = g_strdup_printf("{\"return\": \"%s\", \"id\": %u}\r\n", value, id);
    for (gsize at = 0, length = strlen(text); at < length; at += 65536) {
        g_autoptr(GError) error = NULL;
        assert_true(qblk_mux_receive(mux, text + at, MIN(65536, length - at), &error));
    }
}

static void
a_client_that_does_not_read_is_closed_at_a_limit(void **state)
{
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    g_autoptr(QblkMux) mux = new_ready_mux(policy);
    QblkMuxClient *silent = add_client(mux), *other = add_client(mux);
    send_text(silent, "{'execute':'query-x'}{'execute':'query-x'}{'execute':'query-x'}");
    assert_sent(mux, "{'execute':'query-x', \"id\": 2}\n{'execute':'query-x', \"id\": 3}\n");

    /* One message of any size is accepted, but no other command is executed. */
    reply_long(mux, 2, QBLK_LIMIT_UNREAD_BYTES + 1000);
    assert_null(qblk_mux_client_fault(silent));
    assert_sent(mux, "");
    receive(mux, "{\"event\": \"X\"}\r\n");
    assert_null(qblk_mux_client_fault(silent));
    assert_got(other, "{\"event\": \"X\"}\r\n");
    reply_long(mux, 3, QBLK_LIMIT_UNREAD_BYTES + 1000);
    assert_non_null(strstr(qblk_mux_client_fault(silent), "QBLK_LIMIT_UNREAD_BYTES"));
    assert_int_equal(silent->output.bytes, 0);

    send_text(other, "{'execute':'query-y'}");
    assert_sent(mux, "{'execute':'query-y', \"id\": 4}\n");
    receive(mux, "{\"return\": {}, \"id\": 4}\r\n");
    assert_got(other, "{\"return\": {}}\r\n");
}

static void
a_long_reply_is_not_copied_to_the_client(void **state)
{
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    g_autoptr(QblkMux) mux = new_ready_mux(policy);
    QblkMuxClient *client = add_client(mux);
    send_text(client, "{'execute':'query-x','id':'abcdef'}");
    assert_sent(mux, "{'execute':'query-x','id':2}\n");
    reply_long(mux, 2, 1000000);
    gsize length;
    const char *bytes = qblk_mux_client_output(client, &length);
    assert_true(g_str_has_prefix(bytes, "{\"return\": \"aaa"));
    assert_string_equal(bytes + length - 25, "aaaaa\", \"id\": \"abcdef\"}\r\n");
    qblk_mux_client_sent(client, 1000);
    assert_ptr_equal(qblk_mux_client_output(client, &length), bytes + 1000);
}

static void
an_idle_client_keeps_no_buffers(void **state)
{
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    g_autoptr(QblkMux) mux = new_ready_mux(policy);
    QblkMuxClient *client = add_client(mux);
    send_text(client, "{'execute':'query-x'}\n");
    assert_sent(mux, "{'execute':'query-x', \"id\": 2}\n");
    receive(mux, "{\"return\": {}, \"id\": 2}\r\n");
    assert_got(client, "{\"return\": {}}\r\n");
    send_text(client, "\r\n  ");
    assert_null(client->input);
    assert_null(client->descriptors.items);
    assert_int_equal(client->queue.length + client->output.pieces.length, 0);
    assert_int_equal(g_hash_table_size(mux->sent) + mux->turns.length, 0);
    assert_true(sizeof(QblkMuxClient) < 400);
}

static void
answer_at_once(QblkMuxRequest *request, gpointer user_data)
{
    qblk_mux_request_return(request, qblk_json_new_object());
}

static void
all_commands_that_are_answered_at_once_are_decided_in_one_call(void **state)
{
    const QblkMuxHooks hooks = {.decide = answer_at_once};
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    g_autoptr(QblkMux) mux = new_ready_mux(policy);
    mux->hooks = hooks;
    QblkMuxClient *client = add_client(mux);
    for (guint i = 0; i < 3; i++) {
        send_text(client, "{'execute':'qblk-a'}{'execute':'qblk-b'}");
    }
    assert_sent(mux, "");
    g_autofree char *got = take_got(client);
    assert_int_equal(strlen(got), 6 * strlen("{\"return\": {}}\r\n"));
}

/* ---- descriptors ---- */

/* A descriptor whose identity can be told. */
static int
new_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static gboolean
is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static guint
count_open(void)
{
    guint count = 0;
    for (int fd = 0; fd < 256; fd++) {
        count += is_open(fd) ? 1 : 0;
    }
    return count;
}

/* Send @text with a descriptor.  Returns: its number, which the mux owns */
static int
send_with_descriptor(QblkMuxClient *client, const char *text)
{
    const int fds[] = {new_descriptor(), new_descriptor()};
    qblk_mux_client_receive(client, text, strlen(text), fds, 2);
    assert_false(is_open(fds[1])); /* QEMU takes one */
    return fds[0];
}

/* Returns: the bytes for QEMU; @fd: that is sent with the first of them */
static char *
take_one(QblkMux *mux, int *fd)
{
    gsize length;
    const char *bytes = qblk_mux_output(mux, &length, fd);
    char *sent = g_strndup(bytes, length);
    qblk_mux_sent(mux, length);
    return sent;
}

static void
a_descriptor_goes_with_its_command(void **state)
{
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    g_autoptr(QblkMux) mux = new_ready_mux(policy);
    QblkMuxClient *first = add_client(mux), *second = add_client(mux);
    int a = send_with_descriptor(first, " "); /* with a blank, as tests of QEMU do */
    send_text(first, "{'execute':'query-x'}{'execute':'getfd','id':1}");
    int b = send_with_descriptor(second, "{'execute':'add-fd','id':1}");

    int fd;
    g_autofree char *query = take_one(mux, &fd);
    assert_string_equal(query, "{'execute':'query-x', \"id\": 2}\n");
    assert_int_equal(fd, -1);
    gsize length;
    (void)qblk_mux_output(mux, &length, &fd);
    assert_true(fd == a || fd == b);
    int later = fd == a ? b : a;
    g_autofree char *sent = take_one(mux, &fd);
    assert_false(is_open(fd)); /* it was sent */
    assert_sent(mux, "");      /* one at a time */
    assert_true(is_open(later));

    receive(mux, "{\"return\": {}, \"id\": 3}\r\n");
    g_autofree char *other = take_one(mux, &fd);
    assert_int_equal(fd, later);
    assert_false(is_open(later));
}

static void
a_descriptor_that_no_command_takes_is_closed(void **state)
{
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    g_autoptr(QblkMux) mux = new_ready_mux(policy);
    QblkMuxClient *client = add_client(mux);
    int old = send_with_descriptor(client, "{'execute':'query-x'}");
    int new = send_with_descriptor(client, "{'execute':'query-x'}");
    send_text(client, "{'execute':'getfd'}");
    assert_false(is_open(old));
    assert_true(is_open(new));
    qblk_mux_remove_client(client);
    assert_false(is_open(new));

    guint before = count_open();
    client = add_client(mux);
    for (guint i = 0; i < 20; i++) {
        (void)send_with_descriptor(client, i == 0 ? "{'execute':" : " ");
    }
    assert_int_equal(count_open(), before + QBLK_LIMIT_CLIENT_COMMANDS);
    qblk_mux_end(mux);
    assert_int_equal(count_open(), before);
}

static void
a_descriptor_that_qemu_kept_is_not_given_to_another_client(void **state)
{
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    g_autoptr(QblkMux) mux = new_ready_mux(policy);
    QblkMuxClient *first = add_client(mux), *second = add_client(mux);
    int fd;
    (void)send_with_descriptor(first, "{'execute':'getfd'}"); /* without the name of it */
    g_autofree char *sent = take_one(mux, &fd);
    send_text(second, "{'execute':'getfd','arguments':{'fdname':'x'},'id':1}");
    assert_sent(mux, "");
    receive(mux, "{\"id\": 2, \"error\": {\"class\": \"GenericError\", \"desc\": \"Parameter "
                 "'fdname' is missing\"}}\r\n");
    assert_sent(mux, "");
    assert_got(second, "{\"id\": 1, \"error\": {\"class\": \"GenericError\", \"desc\": \"No file "
                       "descriptor supplied via SCM_RIGHTS\"}}\r\n");
    (void)send_with_descriptor(second, "{'execute':'getfd'}");
    g_autofree char *next = take_one(mux, &fd);
    assert_string_equal(next, "{'execute':'getfd', \"id\": 3}\n");
    assert_true(fd >= 0);
    receive(mux, "{\"return\": {}, \"id\": 3}");
    send_text(first, "{'execute':'getfd'}"); /* QEMU reads more before it executes it */
    assert_sent(mux, "{'execute':'getfd', \"id\": 4}\n");
    (void)send_with_descriptor(second, "{'execute':'getfd'}");
    assert_sent(mux, "");
}

/* ---- ends ---- */

static void
commands_of_a_client_that_goes_are_not_sent(void **state)
{
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    g_autoptr(QblkMux) mux = new_ready_mux(policy);
    QblkMuxClient *client = add_client(mux), *other = add_client(mux);
    send_text(client, "{'execute':'query-a'}{'execute':'query-b'}{'execute':'query-c'}");
    gsize length;
    int fd;
    (void)qblk_mux_output(mux, &length, &fd);
    qblk_mux_sent(mux, 5); /* QEMU needs the rest */
    qblk_mux_remove_client(client);
    send_text(other, "{'execute':'query-d'}");
    assert_sent(mux, "cute':'query-a', \"id\": 2}\n{'execute':'query-d', \"id\": 4}\n");
    receive(mux, "{\"return\": 1, \"id\": 2}{\"return\": 2, \"id\": 4}");
    assert_got(other, "{\"return\": 2}\r\n");
}

static void
after_the_end_of_qemu_a_new_one_may_follow(void **state)
{
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    g_autoptr(QblkMux) mux = new_ready_mux(policy);
    QblkMuxClient *old = add_client(mux);
    send_text(old, "{'execute':'query-a'}{'execute':'query-b'}{'execute':'query-c'}{'exec");
    assert_sent(mux, "{'execute':'query-a', \"id\": 2}\n{'execute':'query-b', \"id\": 3}\n");
    receive(mux, "{\"return\": 1, \"id\": 2}\r\n{\"return");
    qblk_mux_end(mux);
    assert_false(qblk_mux_is_ready(mux));
    assert_null(qblk_mux_greeting(mux));
    assert_false(qblk_mux_client_wants_bytes(old));
    QblkMuxClient *next = qblk_mux_add_client(mux, QBLK_ACCESS_FULL);
    assert_sent(mux, "");

    receive(mux, "{\"QMP\": {}}\r\n");
    assert_sent(mux, "{\"execute\": \"qmp_capabilities\", \"id\": 4}\n");
    receive(mux, "{\"return\": 3, \"id\": 3}\r\n{\"return\": {}, \"id\": 4}\r\n");
    send_text(next, "{'execute':'qmp_capabilities'}{'execute':'query-d'}");
    assert_sent(mux, "{'execute':'query-d', \"id\": 5}\n");
    receive(mux, "{\"event\": \"X\"}\r\n");
    assert_got(old, "{\"return\": 1}\r\n");
    assert_got(next, "{\"QMP\": {}}\r\n{\"return\": {}}\r\n{\"event\": \"X\"}\r\n");
}

static void
a_qemu_that_does_not_speak_qmp_is_an_error(void **state)
{
    static const char *const rows[][2] = {
        {"{\"QMP\": {}}{\"QMP\": {}}", "second greeting"},
        {"{\"QMP\": 01}", "invalid greeting"},
        {"{}", "no greeting, reply or event"},
        {"{\"id\": 1}", "no greeting, reply or event"},
        {"hello\n", "not a QMP monitor: it sends 'hello'"},
        {"{\"QMP\": {}}{\"id\": 1, \"error\": {}}", "refused 'qmp_capabilities'"},
    };
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkMux) mux = new_mux(policy);
        g_autoptr(GError) error = NULL;
        assert_false(qblk_mux_receive(mux, rows[i][0], strlen(rows[i][0]), &error));
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, rows[i][1]);
        qblk_mux_end(mux);
        receive(mux, "{\"QMP\": {}}");
    }
}

static void
ids_begin_at_a_random_number(void **state)
{
    const QblkMuxHooks hooks = {NULL};
    g_autoptr(QblkMux) first = qblk_mux_new(NULL, NULL, &hooks, NULL);
    g_autoptr(QblkMux) second = qblk_mux_new(NULL, NULL, &hooks, NULL);
    assert_true(first->last_number != second->last_number);
    assert_true(first->last_number < G_GUINT64_CONSTANT(1) << 48);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_sends_too_much_at_once_waits),
        cmocka_unit_test(a_client_has_a_number_of_commands_that_wait),
        cmocka_unit_test(a_command_that_is_too_long_ends_the_connection),
        cmocka_unit_test(a_client_that_does_not_read_is_closed_at_a_limit),
        cmocka_unit_test(a_long_reply_is_not_copied_to_the_client),
        cmocka_unit_test(an_idle_client_keeps_no_buffers),
        cmocka_unit_test(all_commands_that_are_answered_at_once_are_decided_in_one_call),
        cmocka_unit_test(a_descriptor_goes_with_its_command),
        cmocka_unit_test(a_descriptor_that_no_command_takes_is_closed),
        cmocka_unit_test(a_descriptor_that_qemu_kept_is_not_given_to_another_client),
        cmocka_unit_test(commands_of_a_client_that_goes_are_not_sent),
        cmocka_unit_test(after_the_end_of_qemu_a_new_one_may_follow),
        cmocka_unit_test(a_qemu_that_does_not_speak_qmp_is_an_error),
        cmocka_unit_test(ids_begin_at_a_random_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
