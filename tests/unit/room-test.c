/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/room.h"

#include "lib/check.h"
#include "lib/test-directory.h"

#include <sys/stat.h>
#include <unistd.h>

static void
a_file_and_its_directory_have_the_same_room(void **state)
{
    QblkRoom file = {0}, none = {0};
    struct stat status;
    g_autofree char *path = test_directory_path("file");
    g_autofree char *missing = test_directory_path("missing");
    assert_true(g_file_set_contents(path, "0123456789", 10, NULL));

    assert_true(qblk_room_find(path, &file));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(file.device, status.st_dev);
    assert_int_equal(file.length, 10);
    assert_int_equal(file.allocated, (gint64)status.st_blocks * 512);
    assert_false(file.is_device);
    assert_true(file.available <= file.free && file.free <= file.size);

    assert_true(qblk_room_find(missing, &none));
    assert_int_equal(none.device, file.device);
    assert_int_equal(none.size, file.size);
    assert_int_equal(none.length, 0);
    assert_int_equal(none.allocated, 0);
}

/* /proc has no blocks at all, which does not mean that it is full. */
static void
what_has_no_known_room_is_refused(void **state)
{
    QblkRoom room = {.size = 7};
    assert_false(qblk_room_find("/dev/null", &room));
    assert_false(qblk_room_find(test_directory(), &room));
    assert_false(qblk_room_find("/nonexistent/directory/file", &room));
    assert_false(qblk_room_find("/proc/self/status", &room));
    assert_int_equal(room.size, 7);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_and_its_directory_have_the_same_room),
        cmocka_unit_test(what_has_no_known_room_is_refused),
    };
    return cmocka_run_group_tests(tests, test_directory_set_up, test_directory_tear_down);
}
