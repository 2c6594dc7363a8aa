/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/limits.h"
#include "lib/check.h"
#include "lib/mux-case.h"

#include <string.h>

/* A multiplexer without an owner, and a client that may send commands out of band. */
typedef struct {
    QblkPolicy *policy;
    QblkMux *mux;
    QblkMuxClient *client;
} Fixture;

static void
reply(Fixture *fixture, guint number)
{
    g_autofree char *text = g_strdup_printf("{\"return\": {}, \"id\": %u}\r\n", number);
    g_autoptr(GError) error = NULL;
    assert_true(qblk_mux_receive(fixture->mux, text, strlen(text), &error));
}

/* Returns: the number of bytes that QEMU gets */
static gsize
send_to_qemu(Fixture *fixture, guint *commands)
{
    gsize sum = 0;
    gsize length;
    int fd;
    *commands = 0;
    while (qblk_mux_output(fixture->mux, &length, &fd), length > 0) {
        sum += length;
        *commands += 1;
        qblk_mux_sent(fixture->mux, length);
    }
    return sum;
}

static void
read_all(QblkMuxClient *client)
{
    gsize length;
    while (qblk_mux_client_output(client, &length), length > 0) {
        qblk_mux_client_sent(client, length);
    }
}

static void
receive(Fixture *fixture, const char *text)
{
    qblk_mux_client_receive(fixture->client, text, strlen(text), NULL, 0);
}

static void
fixture_init(Fixture *fixture)
{
    static const QblkMuxHooks hooks = {0};
    static const char greeting[] = MUX_CASE_GREETING "\r\n";
    g_autoptr(GError) error = NULL;
    guint commands;

    fixture->policy = qblk_policy_new(NULL, NULL);
    fixture->mux = qblk_mux_new(fixture->policy, NULL, &hooks, NULL);
    fixture->mux->last_number = 0;
    assert_true(qblk_mux_receive(fixture->mux, greeting, strlen(greeting), &error));
    (void)send_to_qemu(fixture, &commands);
    reply(fixture, 1);
    fixture->client = qblk_mux_add_client(fixture->mux, QBLK_ACCESS_FULL);
    receive(fixture, "{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}");
    read_all(fixture->client);
}

static void
fixture_clear(Fixture *fixture)
{
    qblk_mux_remove_client(fixture->client);
    qblk_mux_free(fixture->mux);
    qblk_policy_free(fixture->policy);
}

static void
few_commands_out_of_band_wait_for_qemu(void **state)
{
    Fixture fixture = {0};
    guint commands;
    fixture_init(&fixture);

    for (guint i = 0; i < 2 * QBLK_LIMIT_CLIENT_COMMANDS; i++) {
        receive(&fixture, "{'exec-oob': 'migrate-pause'}");
    }
    assert_false(qblk_mux_client_wants_bytes(fixture.client));
    (void)send_to_qemu(&fixture, &commands);
    assert_int_equal(commands, QBLK_LIMIT_CLIENT_COMMANDS);

    reply(&fixture, 2);
    (void)send_to_qemu(&fixture, &commands);
    assert_int_equal(commands, 1);
    for (guint i = 0; i < 2 * QBLK_LIMIT_CLIENT_COMMANDS; i++) {
        reply(&fixture, 3 + i);
        (void)send_to_qemu(&fixture, &commands);
    }
    assert_true(qblk_mux_client_wants_bytes(fixture.client));
    fixture_clear(&fixture);
}

static void
few_bytes_of_commands_wait_for_qemu(void **state)
{
    Fixture fixture = {0};
    guint commands;
    fixture_init(&fixture);

    g_autofree char *filler = g_strnfill(QBLK_LIMIT_CLIENT_COMMAND_BYTES, 'x');
    g_autofree char *text = g_strdup_printf("{'execute': 'a', 'arguments': {'b': '%s'}}", filler);
    for (guint i = 0; i < 3; i++) {
        receive(&fixture, text);
    }
    assert_false(qblk_mux_client_wants_bytes(fixture.client));
    (void)send_to_qemu(&fixture, &commands);
    assert_int_equal(commands, 1);

    reply(&fixture, 2);
    (void)send_to_qemu(&fixture, &commands);
    assert_int_equal(commands, 1);
    reply(&fixture, 3);
    (void)send_to_qemu(&fixture, &commands);
    assert_int_equal(commands, 1);
    reply(&fixture, 4);
    assert_true(qblk_mux_client_wants_bytes(fixture.client));
    fixture_clear(&fixture);
}

/* A command of the bridge is sent although the owner holds those of others. */
static void
a_change_counts_when_it_is_sent_and_when_it_is_answered(void **state)
{
    Fixture fixture = {0};
    guint commands;
    fixture_init(&fixture);
    qblk_mux_remove_client(fixture.client);
    fixture.client = qblk_mux_add_client(fixture.mux, QBLK_ACCESS_INTERNAL);
    receive(&fixture, "{'execute': 'qmp_capabilities'}{'execute': 'query-a'}");
    qblk_mux_hold(fixture.mux);

    guint64 changes = qblk_mux_changes(fixture.mux);
    (void)send_to_qemu(&fixture, &commands);
    assert_int_equal(commands, 1);
    assert_int_equal(qblk_mux_changes(fixture.mux), changes);

    receive(&fixture, "{'execute': 'b'}");
    (void)send_to_qemu(&fixture, &commands);
    assert_int_equal(commands, 1);
    assert_int_equal(qblk_mux_changes(fixture.mux), changes + 1);
    reply(&fixture, 2);
    reply(&fixture, 3);
    assert_int_equal(qblk_mux_changes(fixture.mux), changes + 2);
    fixture_clear(&fixture);
}

/* It neither changes the block graph nor is it held. */
static void
a_command_out_of_band_changes_nothing(void **state)
{
    Fixture fixture = {0};
    guint commands;
    fixture_init(&fixture);

    guint64 changes = qblk_mux_changes(fixture.mux);
    qblk_mux_hold(fixture.mux);
    receive(&fixture, "{'exec-oob': 'migrate-pause'}");
    (void)send_to_qemu(&fixture, &commands);
    assert_int_equal(commands, 1);
    reply(&fixture, 2);
    assert_int_equal(qblk_mux_changes(fixture.mux), changes);
    qblk_mux_release(fixture.mux);
    fixture_clear(&fixture);
}

static void
note_quiet(gpointer user_data)
{
    guint *count = user_data;
    *count += 1;
}

/* One hold after another must not keep a command waiting. */
static void
a_command_that_was_held_passes_the_next_hold(void **state)
{
    Fixture fixture = {0};
    guint commands;
    guint quiet = 0;
    fixture_init(&fixture);
    fixture.mux->hooks.quiet = note_quiet;
    fixture.mux->user_data = &quiet;

    qblk_mux_hold(fixture.mux);
    assert_int_equal(quiet, 1);
    receive(&fixture, "{'execute': 'stop'}{'execute': 'cont'}");
    (void)send_to_qemu(&fixture, &commands);
    assert_int_equal(commands, 0);

    qblk_mux_release(fixture.mux);
    qblk_mux_hold(fixture.mux);
    assert_int_equal(quiet, 1);
    (void)send_to_qemu(&fixture, &commands);
    assert_int_equal(commands, 1);
    reply(&fixture, 2);
    assert_int_equal(quiet, 2);
    (void)send_to_qemu(&fixture, &commands);
    assert_int_equal(commands, 0);

    qblk_mux_release(fixture.mux);
    qblk_mux_hold(fixture.mux);
    (void)send_to_qemu(&fixture, &commands);
    assert_int_equal(commands, 1);
    fixture_clear(&fixture);
}

static void
forward(QblkMuxRequest *request, gpointer user_data)
{
    qblk_mux_request_forward(request, NULL);
}

static void
what_the_owner_forwards_is_sent_before_others(void **state)
{
    Fixture fixture = {0};
    gsize length = 0;
    int fd;
    fixture_init(&fixture);
    fixture.mux->hooks.decide = forward;

    QblkMuxClient *first = fixture.client;
    QblkMuxClient *second = qblk_mux_add_client(fixture.mux, QBLK_ACCESS_FULL);
    fixture.client = second;
    receive(&fixture, "{'execute': 'qmp_capabilities'}");
    fixture.client = first;
    receive(&fixture, "{'execute': 'query-named-block-nodes'}");
    fixture.client = second;
    receive(&fixture, "{'execute': 'block-stream'}");

    const char *bytes = qblk_mux_output(fixture.mux, &length, &fd);
    assert_non_null(g_strstr_len(bytes, (gssize)length, "query-named-block-nodes"));
    qblk_mux_sent(fixture.mux, length);
    bytes = qblk_mux_output(fixture.mux, &length, &fd);
    assert_non_null(g_strstr_len(bytes, (gssize)length, "block-stream"));

    qblk_mux_remove_client(first);
    fixture_clear(&fixture);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_commands_out_of_band_wait_for_qemu),
        cmocka_unit_test(a_command_out_of_band_changes_nothing),
        cmocka_unit_test(a_command_that_was_held_passes_the_next_hold),
        cmocka_unit_test(what_the_owner_forwards_is_sent_before_others),
        cmocka_unit_test(few_bytes_of_commands_wait_for_qemu),
        cmocka_unit_test(a_change_counts_when_it_is_sent_and_when_it_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
