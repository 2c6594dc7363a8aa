/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/snapshots-fetch.h>

#include "lib/check.h"
#include "lib/fake-qmp.h"
#include "lib/graph-fixture.h"

#include <dirent.h>
#include <glib/gstdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TIMEOUT_MS 100

/* ---- the VMs, and what is delivered ---- */

typedef struct {
    GPtrArray *fakes; /* of FakeQmp, borrowed: each is finished or stopped by the test */
    QblkSnapshotsFetch *fetch;
    char *capture;
    GString *text; /* of what was delivered: "0: 2 disks, 1: ..." */
    guint stop_at; /* the function returns FALSE for this index */
} Case;

static void
set_up(Case *test)
{
    *test = (Case){
        .fakes = g_ptr_array_new(),
        .fetch = qblk_snapshots_fetch_new(),
        .capture = graph_fixture_text("7.2/virtio-5-deep", NULL),
        .text = g_string_new(NULL),
        .stop_at = G_MAXUINT,
    };
}

static void
tear_down(Case *test)
{
    for (guint i = 0; i < test->fakes->len; i++) {
        fake_qmp_finish(test->fakes->pdata[i]);
    }
    g_ptr_array_unref(test->fakes);
    qblk_snapshots_fetch_unref(test->fetch);
    g_free(test->capture);
    g_string_free(test->text, TRUE);
}

/* Returns: the address of @fake, owned */
static char *
start(Case *test, FakeQmp *fake)
{
    g_ptr_array_add(test->fakes, fake);
    return fake_qmp_start(fake);
}

static void
add_fake(Case *test, FakeQmp *fake)
{
    g_autofree char *address = start(test, fake);
    qblk_snapshots_fetch_add(test->fetch, address, NULL, TIMEOUT_MS);
}

static void
add_silent(Case *test)
{
    FakeQmp *fake = fake_qmp_new(NULL);
    fake_qmp_stay_silent(fake);
    add_fake(test, fake);
}

/* One that answers has the default time limit, which is not reached. */
static void
add_answering(Case *test)
{
    FakeQmp *fake = fake_qmp_new_capture("7.2", test->capture);
    g_autofree char *address = start(test, fake);
    qblk_snapshots_fetch_add(test->fetch, address, NULL, 0);
}

static void
add_closing(Case *test)
{
    FakeQmp *fake = fake_qmp_new(NULL);
    fake_qmp_stay_silent(fake);
    fake_qmp_close(fake);
    add_fake(test, fake);
}

static gboolean
deliver(guint index, const QblkSnapshot *snapshot, const GError *error, gpointer user_data)
{
    Case *test = user_data;
    assert_true((snapshot == NULL) == (error != NULL));
    if (snapshot != NULL) {
        const char *const *targets = qblk_snapshot_get_targets(snapshot);
        g_string_append_printf(test->text, "%u: %s\n", index, targets[0]);
    } else {
        g_string_append_printf(test->text, "%u: error %d\n", index, error->code);
    }
    return index != test->stop_at;
}

static void
check_run(Case *test, const char *expected)
{
    g_autoptr(GError) error = NULL;
    assert_true(qblk_snapshots_fetch_run(test->fetch, deliver, test, &error));
    assert_no_error(error);
    if (expected != NULL) {
        assert_string_equal(test->text->str, expected);
    }
}

/* ---- tests ---- */

static void
no_vm_is_no_error(void **state)
{
    Case test;
    set_up(&test);
    check_run(&test, "");
    tear_down(&test);
}

static void
snapshots_are_delivered_in_order_with_each_failure_in_its_place(void **state)
{
    Case test;
    set_up(&test);
    add_silent(&test);
    add_answering(&test);
    add_closing(&test);
    qblk_snapshots_fetch_add(test.fetch, "/nonexistent/qmp", NULL, TIMEOUT_MS);
    qblk_snapshots_fetch_add(test.fetch, "tcp:", NULL, TIMEOUT_MS);
    add_answering(&test);

    g_autofree char *expected = g_strdup_printf(
        "0: error %d\n1: vda\n2: error %d\n3: error %d\n4: error %d\n5: vda\n", QBLK_QMP_ERROR_BUSY,
        QBLK_QMP_ERROR_CLOSED, QBLK_QMP_ERROR_CONNECT, QBLK_QMP_ERROR_ARGUMENT);
    check_run(&test, expected);
    tear_down(&test);
}

static void
many_vms_are_asked(void **state)
{
    Case test;
    set_up(&test);
    g_autoptr(GString) expected = g_string_new(NULL);
    for (guint i = 0; i < 40; i++) {
        add_answering(&test);
        g_string_append_printf(expected, "%u: vda\n", i);
    }
    check_run(&test, expected->str);
    tear_down(&test);
}

static void
silent_vms_take_the_time_limit_once(void **state)
{
    Case test;
    set_up(&test);
    for (guint i = 0; i < 10; i++) {
        add_silent(&test);
    }

    gint64 begin = g_get_monotonic_time();
    check_run(&test, NULL);
    gint64 took_ms = (g_get_monotonic_time() - begin) / 1000;
    assert_in_range(took_ms, TIMEOUT_MS, 5 * TIMEOUT_MS);
    tear_down(&test);
}

static guint
count_descriptors(void)
{
    guint count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (readdir(directory) != NULL) {
        count++;
    }
    closedir(directory);
    return count;
}

/* Returns: a unix socket that accepts no connection, at @path */
static int
listen_at(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    g_strlcpy(name.sun_path, path, sizeof(name.sun_path));
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(fd, 16), 0);
    return fd;
}

static void
more_vms_than_descriptors_are_asked_when_others_have_ended(void **state)
{
    g_autofree char *directory = g_dir_make_tmp("qblk-many-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "s", NULL);
    g_autoptr(GString) expected = g_string_new(NULL);
    struct rlimit before;
    Case test;
    set_up(&test);
    int listener = listen_at(path);
    for (guint i = 0; i < 6; i++) {
        qblk_snapshots_fetch_add(test.fetch, path, NULL, 10);
        g_string_append_printf(expected, "%u: error %d\n", i, QBLK_QMP_ERROR_BUSY);
    }

    /* Room for the descriptor that waits and about two connections. */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit low = before;
    low.rlim_cur = count_descriptors();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    check_run(&test, expected->str);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    close(listener);
    assert_int_equal(g_unlink(path), 0);
    assert_int_equal(g_rmdir(directory), 0);
    tear_down(&test);
}

static void
a_function_that_returns_false_stops_it(void **state)
{
    Case test;
    set_up(&test);
    add_answering(&test);
    add_silent(&test);
    test.stop_at = 0;

    gint64 begin = g_get_monotonic_time();
    check_run(&test, "0: vda\n");
    assert_true(g_get_monotonic_time() - begin < TIMEOUT_MS * 1000);
    tear_down(&test); /* the connection of the silent one was closed: its server ends */
}

static void
a_descriptor_is_one_connection(void **state)
{
    Case test;
    set_up(&test);
    FakeQmp *fake = fake_qmp_new_capture("7.2", test.capture);
    g_autofree char *address = start(&test, fake);
    qblk_snapshots_fetch_add(test.fetch, address, NULL, 0);
    qblk_snapshots_fetch_add(test.fetch, address, NULL, 0);

    g_autofree char *expected = g_strdup_printf("0: vda\n1: error %d\n", QBLK_QMP_ERROR_ARGUMENT);
    check_run(&test, expected);
    g_string_truncate(test.text, 0);
    g_autofree char *again = g_strdup_printf("0: error %d\n1: error %d\n", QBLK_QMP_ERROR_ARGUMENT,
                                             QBLK_QMP_ERROR_ARGUMENT);
    check_run(&test, again);
    tear_down(&test);
}

static void
count_message(gboolean sent, const char *message, gpointer user_data)
{
    guint *count = user_data;
    *count += sent ? 1 : 0;
}

static void
each_vm_has_its_options(void **state)
{
    Case test;
    guint logged[2] = {0};
    set_up(&test);
    for (guint i = 0; i < 2; i++) {
        g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
        g_autofree char *address = start(&test, fake_qmp_new_capture("7.2", test.capture));
        qblk_snapshot_options_set_logger(options, count_message, &logged[i], NULL);
        qblk_snapshots_fetch_add(test.fetch, address, options, 0);
    }

    check_run(&test, "0: vda\n1: vda\n");
    assert_true(logged[0] >= 6);
    assert_int_equal(logged[0], logged[1]);
    tear_down(&test);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_vm_is_no_error),
        cmocka_unit_test(snapshots_are_delivered_in_order_with_each_failure_in_its_place),
        cmocka_unit_test(many_vms_are_asked),
        cmocka_unit_test(silent_vms_take_the_time_limit_once),
        cmocka_unit_test(more_vms_than_descriptors_are_asked_when_others_have_ended),
        cmocka_unit_test(a_function_that_returns_false_stops_it),
        cmocka_unit_test(a_descriptor_is_one_connection),
        cmocka_unit_test(each_vm_has_its_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
