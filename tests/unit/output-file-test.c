/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/output-file.h"

#include "cli/print/output.h"
#include "lib/check.h"
#include "lib/cli-check.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    char *directory; /* owned */
    char *path;      /* owned: "file" in it */
    char *temporary; /* owned */
} Place;

static int
set_up(void **state)
{
    Place *place = g_new0(Place, 1);
    place->directory = cli_check_directory();
    place->path = g_build_filename(place->directory, "file", NULL);
    place->temporary = g_build_filename(place->directory, ".file.qblk-new", NULL);
    *state = place;
    return 0;
}

static int
tear_down(void **state)
{
    Place *place = *state;
    cli_check_remove(place->directory);
    g_free(place->path);
    g_free(place->temporary);
    g_free(place);
    return 0;
}

static gboolean
replace(const char *path, const char *text, GError **error)
{
    GString *content = g_string_new(text);
    gboolean done = qblk_output_file_replace(path, content, error);
    g_string_free(content, TRUE);
    return done;
}

static void
write_file(const char *path, const char *text)
{
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* The file has this content, and no temporary one is beside it. */
static void
assert_content(const Place *place, const char *expected)
{
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(place->path, &text, NULL, NULL));
    assert_string_equal(text, expected);
    assert_int_equal(access(place->temporary, F_OK), -1);
}

static void
a_file_is_created_and_replaced(void **state)
{
    const Place *place = *state;
    g_autoptr(GError) error = NULL;
    mode_t mask = umask(022);
    assert_true(replace(place->path, "one and more", &error));
    (void)umask(mask);
    assert_content(place, "one and more");
    struct stat info;
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);

    int old = open(place->path, O_RDONLY | O_CLOEXEC);
    assert_true(replace(place->path, "two", &error));
    assert_content(place, "two");
    char buffer[32];
    assert_int_equal(read(old, buffer, sizeof(buffer)), strlen("one and more"));
    close(old);
}

static void
a_temporary_file_of_a_killed_process_is_replaced(void **state)
{
    const Place *place = *state;
    g_autoptr(GError) error = NULL;
    write_file(place->temporary, "a long text that was not complete");
    assert_true(replace(place->path, "new", &error));
    assert_content(place, "new");
}

/* A process that writes the same file holds a lock until it has renamed its own. */
static int
replace_in_child(gconstpointer data)
{
    return replace(data, "of the child", NULL) ? 0 : 1;
}

static void
a_process_waits_for_another_one(void **state)
{
    const Place *place = *state;
    int fd = open(place->temporary, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(write(fd, "parent", 6), 6);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fd);
        _exit(replace_in_child(place->path));
    }

    /* The child waits for the lock, or has not opened the file yet: the result is the same. */
    assert_int_equal(g_rename(place->temporary, place->path), 0);
    close(fd);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_content(place, "of the child");
}

static void
a_link_stays(void **state)
{
    const Place *place = *state;
    g_autoptr(GError) error = NULL;
    g_autofree char *name = g_build_filename(place->directory, "link", NULL);
    write_file(place->path, "old");
    assert_int_equal(symlink("file", name), 0);
    assert_true(replace(name, "new", &error));
    assert_content(place, "new");
    assert_true(g_file_test(name, G_FILE_TEST_IS_SYMLINK));
}

static void
assert_refused(const char *path, const char *part)
{
    g_autoptr(GError) error = NULL;
    assert_false(replace(path, "new", &error));
    assert_error(error, QBLK_OUTPUT_ERROR, QBLK_OUTPUT_ERROR_WRITE, part);
}

static void
what_cannot_be_replaced_is_refused(void **state)
{
    const Place *place = *state;
    g_autofree char *missing = g_build_filename(place->directory, "no", "file", NULL);
    g_autofree char *below = g_build_filename(place->path, "file", NULL);
    g_autofree char *link = g_build_filename(place->directory, "other", NULL);
    write_file(place->path, "old");
    assert_refused(missing, "No such file or directory");
    assert_refused(below, "Not a directory");
    assert_refused("/dev/full", "'/dev/full': it is not a regular file");
    assert_refused(place->directory, "it is not a regular file");
    assert_int_equal(symlink("no/file", link), 0);
    assert_refused(link, "cannot write");
    assert_content(place, "old");
}

/* One wrong word on a command line is no reason to lose the disk of a guest. */
static void
a_file_that_may_be_an_image_is_kept(void **state)
{
    static const struct {
        const char *bytes;
        gsize length;
    } images[] = {
        {"QFI\xfb\0\0\0\3", 8},
        {"\0", 1},
        {"a raw image whose guest wrote text\n\0", 36},
        {"# Disk DescriptorFile\nversion=1\n", 33},
    };
    const Place *place = *state;

    for (gsize i = 0; i < G_N_ELEMENTS(images); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *content = NULL;
        gsize length;
        assert_true(
            g_file_set_contents(place->path, images[i].bytes, (gssize)images[i].length, NULL));
        assert_false(replace(place->path, "new", &error));
        assert_error(error, QBLK_OUTPUT_ERROR, QBLK_OUTPUT_ERROR_REFUSED, "is not a text");
        assert_true(g_file_get_contents(place->path, &content, &length, NULL));
        assert_int_equal(length, images[i].length);
        assert_memory_equal(content, images[i].bytes, length);
    }
}

static void
an_own_picture_is_replaced(void **state)
{
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const Place *place = *state;
    g_autoptr(GError) error = NULL;

    assert_true(g_file_set_contents(place->path, png, sizeof(png), NULL));
    assert_true(replace(place->path, "new", &error));
    assert_content(place, "new");
    write_file(place->path, "");
    assert_true(replace(place->path, "newer", &error));
    assert_content(place, "newer");
}

/* A process of root could write it: chmod a-w says that it is to stay. */
static void
a_file_that_is_only_read_is_kept(void **state)
{
    const Place *place = *state;

    write_file(place->path, "old");
    assert_int_equal(g_chmod(place->path, 0444), 0);
    g_autoptr(GError) error = NULL;
    assert_false(replace(place->path, "new", &error));
    assert_error(error, QBLK_OUTPUT_ERROR, QBLK_OUTPUT_ERROR_REFUSED, "it is read-only");
    assert_content(place, "old");
}

static void
the_mode_stays(void **state)
{
    const Place *place = *state;
    g_autoptr(GError) error = NULL;
    struct stat info;

    write_file(place->path, "old");
    assert_int_equal(g_chmod(place->path, 0600), 0);
    assert_true(replace(place->path, "new", &error));
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

/* Another user could have made it, and read or write what is in it later. */
static void
a_temporary_file_that_is_not_one_is_not_used(void **state)
{
    const Place *place = *state;
    g_autofree char *other = g_build_filename(place->directory, "other", NULL);
    write_file(place->path, "old");
    write_file(other, "other");
    assert_int_equal(symlink("other", place->temporary), 0);
    assert_refused(place->path, place->temporary);
    assert_int_equal(unlink(place->temporary), 0);
    assert_int_equal(link(other, place->temporary), 0);
    assert_refused(place->path, "File exists");
    assert_int_equal(unlink(place->temporary), 0);
    assert_int_equal(mkfifo(place->temporary, 0600), 0);
    assert_refused(place->path, "File exists");
    assert_int_equal(unlink(place->temporary), 0);

    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(other, &text, NULL, NULL));
    assert_string_equal(text, "other");
    assert_content(place, "old");
}

/* As on a full disk. */
static int
replace_with_a_limit(gconstpointer data)
{
    const struct rlimit limit = {4, 4};
    g_autoptr(GError) error = NULL;
    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) < 0 || replace(data, "new and long", &error)) {
        return 1;
    }
    return strstr(error->message, "File too large") == NULL ? 2 : 0;
}

static void
a_write_that_fails_leaves_the_old_file(void **state)
{
    const Place *place = *state;
    write_file(place->path, "old");
    g_auto(CliCheckResult) result = cli_check_fork(replace_with_a_limit, place->path);
    assert_int_equal(result.status, 0);
    assert_content(place, "old");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_created_and_replaced),
        TEST(a_temporary_file_of_a_killed_process_is_replaced),
        TEST(a_process_waits_for_another_one),
        TEST(a_link_stays),
        TEST(what_cannot_be_replaced_is_refused),
        TEST(a_file_that_may_be_an_image_is_kept),
        TEST(an_own_picture_is_replaced),
        TEST(a_file_that_is_only_read_is_kept),
        TEST(the_mode_stays),
        TEST(a_temporary_file_that_is_not_one_is_not_used),
        TEST(a_write_that_fails_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
