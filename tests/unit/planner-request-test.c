/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/planner-request.h"

#include "lib/check.h"
#include "lib/fake-qmp.h"
#include "lib/graph-fixture.h"

#include <netinet/in.h>
#include <qblk/planner.h>
#include <sys/socket.h>
#include <unistd.h>

static void
all_options_are_those_of_the_plan(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("throttle-blockdev");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkPlanOptions) options = qblk_plan_options_new();
    g_auto(QblkPlannerRequest) plain = {0}, request = {0};
    const QblkPlanContext *context = &plain.context;
    GError *error = NULL;

    assert_true(qblk_planner_request_init(&plain, NULL, snapshot, "vda", NULL, &error));
    assert_false(context->allow_plaintext || context->delete_internal_snapshots ||
                 context->drops_bitmaps || context->force_managed);
    assert_true(context->is_dry_run); /* there is no client */
    assert_null(context->ignored_users[0]);
    assert_int_equal(context->speed, 0);

    qblk_plan_options_set_speed(options, 5);
    qblk_plan_options_set_allow_plaintext(options, TRUE);
    qblk_plan_options_set_delete_internal_snapshots(options, TRUE);
    qblk_plan_options_set_drop_bitmaps(options, TRUE);
    qblk_plan_options_set_force_managed(options, TRUE);
    qblk_plan_options_add_ignored_user(options, "backup");
    context = &request.context;
    assert_true(qblk_planner_request_init(&request, NULL, snapshot, "vda", options, &error));
    assert_true(context->allow_plaintext && context->delete_internal_snapshots &&
                context->drops_bitmaps && context->force_managed);
    assert_string_equal(context->ignored_users[0], "backup");
    assert_string_equal(context->target, "vda");
    assert_int_equal(context->speed, 5);
}

/* ---- a QEMU on another machine ---- */

/* A client over TCP that has no greeting, but knows what this QEMU supports. */
typedef struct {
    int server;
    QblkClient *client;
    QblkReplies *replies;
    QblkSnapshot *snapshot;
} Remote;

static Remote
remote_new(void)
{
    g_autofree char *text = fake_qmp_read_file("tests/qemu-fixtures/7.2/query-qmp-schema.json");
    g_autoptr(QblkJson) schema = qblk_json_parse(text, strlen(text), NULL);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(name);
    Remote remote = {.server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    GError *error = NULL;

    assert_int_equal(bind(remote.server, (const struct sockaddr *)&name, length), 0);
    assert_int_equal(listen(remote.server, 1), 0);
    assert_int_equal(getsockname(remote.server, (struct sockaddr *)&name, &length), 0);
    g_autofree char *address = g_strdup_printf("tcp:127.0.0.1:%d", ntohs(name.sin_port));
    remote.client = qblk_client_start(address, 0, &error);
    assert_no_error(error);
    qblk_client_keep_schema(remote.client, qblk_schema_new(schema, &error));
    assert_no_error(error);
    remote.replies = graph_fixture_load("throttle-blockdev");
    remote.snapshot = graph_fixture_snapshot(remote.replies);
    return remote;
}

static void
remote_clear(Remote *remote)
{
    qblk_client_unref(remote->client);
    close(remote->server);
    qblk_snapshot_unref(remote->snapshot);
    qblk_replies_free(remote->replies);
}

static void
a_copy_overwrites_no_file_of_another_machine(void **state)
{
    Remote remote = remote_new();
    g_autoptr(QblkCopyOptions) options = qblk_copy_options_new();
    GError *error = NULL;

    assert_true(qblk_copy_options_set_destination(options, "/d/copy", NULL));
    assert_null(qblk_plan_copy(remote.client, remote.snapshot, "vda", options, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "over the network");

    error = NULL;
    qblk_copy_options_set_reuse(options, TRUE);
    g_autoptr(QblkPlan) plan =
        qblk_plan_copy(remote.client, remote.snapshot, "vda", options, NULL, &error);
    assert_no_error(error);
    assert_false(plan->is_local);
    remote_clear(&remote);
}

static void
a_secret_of_another_machine_has_an_absolute_path(void **state)
{
    Remote remote = remote_new();
    g_autoptr(QblkPlanOptions) options = qblk_plan_options_new();
    g_auto(QblkPlannerRequest) relative = {0}, absolute = {0};
    GError *error = NULL;

    assert_true(qblk_plan_options_add_secret(options, "k=/d/../key", NULL));
    assert_true(qblk_planner_request_init(&absolute, remote.client, remote.snapshot, "vda", options,
                                          &error));
    assert_string_equal(qblk_secret_file_find(absolute.context.secrets, "k")->path, "/key");

    assert_true(qblk_plan_options_add_secret(options, "other=key", NULL));
    assert_false(qblk_planner_request_init(&relative, remote.client, remote.snapshot, "vda",
                                           options, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "invalid path 'key' of secret 'other'");
    remote_clear(&remote);
}

static void
no_file_of_another_machine_is_deleted(void **state)
{
    Remote remote = remote_new();
    g_autoptr(QblkCommitOptions) options = qblk_commit_options_new();
    GError *error = NULL;

    qblk_commit_options_set_top(options, "vda[1]");
    qblk_commit_options_set_delete_removed(options, TRUE);
    assert_null(qblk_plan_commit(remote.client, remote.snapshot, "vda", options, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "its files are not on this machine");
    remote_clear(&remote);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_options_are_those_of_the_plan),
        cmocka_unit_test(a_copy_overwrites_no_file_of_another_machine),
        cmocka_unit_test(a_secret_of_another_machine_has_an_absolute_path),
        cmocka_unit_test(no_file_of_another_machine_is_deleted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
