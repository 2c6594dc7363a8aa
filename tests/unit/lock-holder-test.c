/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/lock-holder.h"

#include "lib/check.h"
#include "lib/cli-check.h"
#include "lib/test-directory.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define CANNOT 77

static char *
save(const char *name)
{
    char *path = test_directory_path(name);

    assert_true(g_file_set_contents(path, "image", -1, NULL));
    return path;
}

/* As QEMU does it: a lock of an open file, not of a process, on one byte. */
static int
lock(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct flock range = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1};

    assert_int_equal(fcntl(fd, F_OFD_SETLK, &range), 0);
    return fd;
}

static char *
us(void)
{
    g_autofree char *name = NULL;

    assert_true(g_file_get_contents("/proc/self/comm", &name, NULL, NULL));
    return g_strdup_printf("process %d (%s)", getpid(), g_strchomp(name));
}

static void
processes_with_a_lock_are_named(void **state)
{
    g_autofree char *path = save("image");
    g_autofree char *none = qblk_lock_holder_all(path);

    assert_null(none);
    int fd = lock(path);
    g_autofree char *expected = us();
    g_autofree char *holder = qblk_lock_holder_all(path);
    assert_string_equal(holder, expected);
    close(fd);
    g_autofree char *after = qblk_lock_holder_all(path);
    assert_null(after);
}

static void
open_without_a_lock_is_not_held(void **state)
{
    g_autofree char *path = save("image");
    g_autofree char *other = save("other");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    int locked = lock(other);
    g_autofree char *holder = qblk_lock_holder_all(path);

    assert_null(holder);
    close(fd);
    close(locked);
}

static void
the_qemu_that_has_the_disk_is_not_another(void **state)
{
    g_autofree char *path = save("image");
    g_autofree char *own = save("own");
    int fd = lock(path);
    g_autofree char *expected = us();
    g_autofree char *others = qblk_lock_holder_others(path, own, 0);

    assert_string_equal(others, expected);
    int own_fd = lock(own);
    g_autofree char *other = qblk_lock_holder_others(path, own, 0);
    assert_null(other);
    g_autofree char *unknown = qblk_lock_holder_others(path, NULL, 0);
    assert_null(unknown);
    close(fd);
    close(own_fd);
}

/* It has no lock on an image that it has opened without locking, or that is inactive. */
static void
the_qemu_behind_the_monitor_is_not_another(void **state)
{
    g_autofree char *path = save("image");
    g_autofree char *own = save("own");
    int fd = lock(path);
    g_autofree char *expected = us();

    g_autofree char *others = qblk_lock_holder_others(path, own, getpid());
    assert_null(others);
    g_autofree char *of_relay = qblk_lock_holder_others(path, own, getppid());
    assert_string_equal(of_relay, expected);
    close(fd);
}

/* As it is with a file of btrfs, which has another device in /proc, or with a lock that was taken
 * on another machine (NFS). */
static int
tell_without_proc(gconstpointer data)
{
    if ((unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ||
        mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/proc", "tmpfs", 0, NULL) != 0) {
        return CANNOT;
    }

    g_autofree char *holder = qblk_lock_holder_all(data);
    printf("%d %s", qblk_lock_holder_is_any(data), holder == NULL ? "not locked" : holder);
    return 0;
}

static void
assert_told_without_proc(const char *path, const char *expected)
{
    g_auto(CliCheckResult) result = cli_check_fork(tell_without_proc, path);

    if (result.status == CANNOT) {
        skip();
    }

    assert_int_equal(result.status, 0);
    assert_string_equal(result.out, expected);
}

static void
a_lock_that_proc_does_not_list_is_found(void **state)
{
    g_autofree char *path = save("image");
    g_autofree char *link = test_directory_path("link");

    assert_int_equal(symlink(path, link), 0);
    assert_told_without_proc(path, "0 not locked");
    int fd = lock(path);
    assert_told_without_proc(path, "1 another process");
    assert_told_without_proc(link, "1 another process");
    close(fd);
}

/* Opening it would block, or have effects. */
static void
only_files_and_block_devices_can_be_locked(void **state)
{
    g_autofree char *fifo = test_directory_path("fifo");

    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_false(qblk_lock_holder_is_any(fifo));
    assert_false(qblk_lock_holder_is_any(test_directory()));
    assert_false(qblk_lock_holder_is_any(NULL));
}

static void
a_missing_file_is_not_locked(void **state)
{
    g_autofree char *path = test_directory_path("missing");
    g_autofree char *holder = qblk_lock_holder_all(path);

    assert_null(holder);
    g_autofree char *others = qblk_lock_holder_others(path, path, 0);
    assert_null(others);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(processes_with_a_lock_are_named, test_directory_set_up,
                                        test_directory_tear_down),
        cmocka_unit_test_setup_teardown(open_without_a_lock_is_not_held, test_directory_set_up,
                                        test_directory_tear_down),
        cmocka_unit_test_setup_teardown(the_qemu_that_has_the_disk_is_not_another,
                                        test_directory_set_up, test_directory_tear_down),
        cmocka_unit_test_setup_teardown(the_qemu_behind_the_monitor_is_not_another,
                                        test_directory_set_up, test_directory_tear_down),
        cmocka_unit_test_setup_teardown(a_lock_that_proc_does_not_list_is_found,
                                        test_directory_set_up, test_directory_tear_down),
        cmocka_unit_test_setup_teardown(only_files_and_block_devices_can_be_locked,
                                        test_directory_set_up, test_directory_tear_down),
        cmocka_unit_test_setup_teardown(a_missing_file_is_not_locked, test_directory_set_up,
                                        test_directory_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
