/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-file.h"

#include "lib/check.h"
#include "lib/test-directory.h"

#include <errno.h>
#include <fcntl.h>
#include <qblk/error.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
save(const char *name, const char *bytes, gssize length)
{
    char *path = test_directory_path(name);

    assert_true(g_file_set_contents(path, bytes, length, NULL));
    return path;
}

static void
assert_refused(const char *path, const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkImageFile) file = qblk_image_file_read(path, &error);

    assert_null(file);
    assert_true(g_error_matches(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE));
    assert_non_null(strstr(error->message, reason));
}

static void
a_short_file_is_read_whole(void **state)
{
    g_autofree char *path = save("short", "abc", 3);
    g_autoptr(QblkImageFile) file = qblk_image_file_read(path, NULL);

    assert_non_null(file);
    assert_string_equal(file->path, path);
    assert_int_equal(file->length, 3);
    assert_memory_equal(file->bytes, "abc", 3);
    assert_false(file->is_block);
    assert_false(file->ends_as_vpc);
}

static void
one_file_by_two_names_is_the_same(void **state)
{
    g_autofree char *path = save("one", "x", 1);
    g_autofree char *other = save("other", "x", 1);
    g_autofree char *link = test_directory_path("link");

    assert_int_equal(symlink("one", link), 0);
    g_autoptr(QblkImageFile) a = qblk_image_file_read(path, NULL);
    g_autoptr(QblkImageFile) b = qblk_image_file_read(link, NULL);
    g_autoptr(QblkImageFile) c = qblk_image_file_read(other, NULL);
    assert_true(a->device == b->device && a->inode == b->inode);
    assert_false(a->device == c->device && a->inode == c->inode);
}

static void
the_footer_of_a_fixed_vhd_is_seen_at_the_end_only(void **state)
{
    char bytes[2048] = {0};

    memcpy(bytes + sizeof bytes - 512, "conectix", 8);
    g_autofree char *fixed = save("fixed", bytes, sizeof bytes);
    g_autofree char *cut = save("cut", bytes, sizeof bytes - 1);
    g_autoptr(QblkImageFile) whole = qblk_image_file_read(fixed, NULL);
    g_autoptr(QblkImageFile) shorter = qblk_image_file_read(cut, NULL);
    assert_true(whole->ends_as_vpc);
    assert_false(shorter->ends_as_vpc);
}

/* Opening a pipe without a writer would block. */
static void
what_is_not_an_image_is_refused_at_once(void **state)
{
    g_autofree char *pipe = test_directory_path("pipe");
    g_autofree char *gone = test_directory_path("gone");

    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_refused(pipe, "neither a file nor a block device");
    assert_refused("/dev/zero", "neither a file nor a block device");
    assert_refused(test_directory(), "it is a directory");
    assert_refused(gone, g_strerror(ENOENT));
    assert_refused("/tmp/\xff", "not valid UTF-8");
}

/* Opening a pipe wakes the process at its other end, even if it is closed at once. */
static void
what_is_not_an_image_is_not_even_opened(void **state)
{
    g_autofree char *pipe = test_directory_path("silent");
    struct epoll_event event = {.events = EPOLLOUT | EPOLLET};

    assert_int_equal(mkfifo(pipe, 0600), 0);
    int both = open(pipe, O_RDWR | O_CLOEXEC); /* writing fails without a reader */
    int writer = open(pipe, O_WRONLY | O_CLOEXEC);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    assert_true(both >= 0 && writer >= 0 && epoll >= 0);
    close(both);
    assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, writer, &event), 0);
    assert_int_equal(epoll_wait(epoll, &event, 1, 0), 1);
    assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
    assert_refused(pipe, "neither a file nor a block device");
    assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
    close(open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    assert_int_equal(epoll_wait(epoll, &event, 1, 0), 1);
    close(epoll);
    close(writer);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_file_is_read_whole),
        cmocka_unit_test(one_file_by_two_names_is_the_same),
        cmocka_unit_test(the_footer_of_a_fixed_vhd_is_seen_at_the_end_only),
        cmocka_unit_test(what_is_not_an_image_is_refused_at_once),
        cmocka_unit_test(what_is_not_an_image_is_not_even_opened),
    };
    return cmocka_run_group_tests(tests, test_directory_set_up, test_directory_tear_down);
}
