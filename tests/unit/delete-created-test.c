/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/delete-created.h"

#include "lib/check.h"
#include "lib/qcow2-image.h"
#include "lib/test-directory.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define SIZE    65536
#define OF_L1   2048
#define BACKING "base.qcow2"
#define OVERLAY "overlay.qcow2"
#define CHANGED "it is not the image that was created"
#define WRITTEN "a guest may have written to it"

static char *
overlay_path(void)
{
    return test_directory_path(OVERLAY);
}

static QblkPlan *
new_plan(const char *format)
{
    g_autofree char *path = overlay_path();
    QblkPlan *plan = qblk_plan_new_empty();
    qblk_plan_add_created(plan, path, format, SIZE, BACKING);
    return plan;
}

/* An image as QEMU creates it. */
static Qcow2Image
new_image(void)
{
    Qcow2Image image = qcow2_image(3);
    qcow2_image_put(&image, 24, 8, SIZE);
    qcow2_image_put(&image, 36, 4, 1);
    qcow2_image_put(&image, 40, 8, OF_L1);
    qcow2_image_put_backing(&image, BACKING);
    return image;
}

static void
save(const void *bytes, gsize length)
{
    g_autofree char *path = overlay_path();
    assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
}

/* @why: NULL if it is deleted */
static void
check_delete(const QblkPlan *plan, const char *why)
{
    g_autofree char *path = overlay_path();
    gboolean has_no_data = qblk_delete_created_have_no_data(plan);
    g_autofree char *kept = qblk_delete_created_delete(plan, 0, TRUE);
    assert_int_equal(has_no_data, why == NULL);
    if (why == NULL) {
        assert_null(kept);
        assert_int_not_equal(access(path, F_OK), 0);
        return;
    }

    g_autofree char *expected = g_strdup_printf("'%s' was not deleted: %s", path, why);
    assert_string_equal(kept, expected);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(g_unlink(path), 0);
}

static void
what_does_not_exist_is_gone(void **state)
{
    g_autoptr(QblkPlan) plan = new_plan("qcow2");
    g_autoptr(QblkPlan) other = qblk_plan_new_empty();
    assert_null(qblk_delete_created_delete(plan, 0, TRUE));
    assert_null(qblk_delete_created_delete(other, 0, TRUE));
    assert_false(qblk_delete_created_have_no_data(plan)); /* it may have been moved */
    assert_false(qblk_delete_created_have_no_data(other));
}

static void
an_empty_file_is_deleted(void **state)
{
    g_autoptr(QblkPlan) plan = new_plan("qed");
    save("", 0);
    check_delete(plan, NULL);
    save("x", 1);
    check_delete(plan, "it is not empty");
}

static void
only_the_image_that_was_created_is_deleted_and_only_without_data(void **state)
{
    static const struct {
        gsize offset, size;
        guint64 value; /* that the image has there instead */
        const char *why;
    } rows[] = {
        {4, 4, 3, NULL},  /* nothing differs */
        {32, 4, 2, NULL}, /* it is encrypted */
        {72, 8, 1, NULL}, /* QEMU was killed while it had it open */
        {24, 8, 0, NULL}, /* or before it had set the size */
        {8, 8, 0, NULL},  /* or the backing string */
        {24, 8, 2 * SIZE, WRITTEN},
        {OF_L1, 8, 65536, WRITTEN}, /* it has a table of clusters */
        {60, 4, 1, WRITTEN},        /* an internal snapshot */
        {72, 8, 4, WRITTEN},        /* its data are in another file */
        {72, 8, 32, WRITTEN},       /* a feature that is not known */
        {40, 8, 1 << 20, WRITTEN},  /* the table is not in the file */
        {36, 4, 0xffffffff, WRITTEN},
        {512, 1, 'B', CHANGED}, /* another backing string */
        {0, 4, 0, CHANGED},     /* another format */
    };
    g_autoptr(QblkPlan) plan = new_plan("qcow2");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        Qcow2Image image = new_image();
        qcow2_image_put(&image, rows[i].offset, rows[i].size, rows[i].value);
        save(image.bytes, sizeof(image.bytes));
        check_delete(plan, rows[i].why);
    }
}

static void
what_is_no_file_stays(void **state)
{
    g_autofree char *path = overlay_path();
    g_autoptr(QblkPlan) plan = new_plan("qcow2");
    assert_int_equal(symlink("/dev/null", path), 0);
    g_autofree char *kept = qblk_delete_created_delete(plan, 0, TRUE);
    assert_non_null(strstr(kept, "it is not a regular file"));
    assert_false(qblk_delete_created_have_no_data(plan));
    assert_int_equal(g_unlink(path), 0);
}

/* The file of a node that could not be deleted. */
static void
a_file_that_qemu_has_open_stays(void **state)
{
    g_autofree char *path = overlay_path();
    g_autoptr(QblkPlan) plan = new_plan("qcow2");
    save("", 0);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    g_autofree char *kept = qblk_delete_created_delete(plan, getpid(), TRUE);
    close(fd);
    assert_non_null(strstr(kept, "QEMU still has it open"));
    assert_int_equal(g_unlink(path), 0);
}

static void
a_file_of_another_machine_is_not_touched(void **state)
{
    g_autofree char *path = overlay_path();
    g_autoptr(QblkPlan) plan = new_plan("qcow2");
    save("", 0);
    g_autofree char *kept = qblk_delete_created_delete(plan, 0, FALSE);
    assert_non_null(strstr(kept, "it may be a file of another machine"));
    assert_int_equal(g_unlink(path), 0);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_exist_is_gone),
        cmocka_unit_test(an_empty_file_is_deleted),
        cmocka_unit_test(only_the_image_that_was_created_is_deleted_and_only_without_data),
        cmocka_unit_test(what_is_no_file_stays),
        cmocka_unit_test(a_file_that_qemu_has_open_stays),
        cmocka_unit_test(a_file_of_another_machine_is_not_touched),
    };
    return cmocka_run_group_tests(tests, test_directory_set_up, test_directory_tear_down);
}
