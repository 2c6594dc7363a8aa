/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/listener.h"

#include "lib/check.h"
#include "lib/test-directory.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <qblk/error.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static const QblkListenerAccess private = {.mode = 0600, .group = (gid_t)-1};

/* What the owner of the directory does right after the next bind(); or NULL */
static void (*after_bind)(void);

int
bind(int fd, const struct sockaddr *address, socklen_t length)
{
    int result = (int)syscall(SYS_bind, fd, address, length);
    if (after_bind != NULL) {
        after_bind();
    }
    return result;
}

static void
set_address(struct sockaddr_un *address, const char *path)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    assert_true(g_strlcpy(address->sun_path, path, sizeof(address->sun_path)) <
                sizeof(address->sun_path));
}

/* Returns: TRUE if a client can connect */
static gboolean
can_connect(const char *path)
{
    struct sockaddr_un address;
    set_address(&address, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    gboolean done = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return done;
}

/* Returns: a socket that is bound at @path, as of another program */
static int
bind_other(const char *path, int type)
{
    struct sockaddr_un address;
    set_address(&address, path);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static mode_t
mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 07777;
}

static gid_t
group_of(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return info.st_gid;
}

/* Returns: a group that a file may have which is not that of new files, if there is one */
static gid_t
another_group(void)
{
    gid_t groups[64];
    int count = getgroups(G_N_ELEMENTS(groups), groups);
    for (int i = 0; i < count; i++) {
        if (groups[i] != getegid()) {
            return groups[i];
        }
    }
    return geteuid() == 0 ? getegid() + 1 : getegid();
}

static void
a_socket_has_its_mode_and_group_whatever_the_umask_is(void **state)
{
    g_autofree char *path = test_directory_path("socket");
    const mode_t masks[] = {0, 022, 0777};
    const QblkListenerAccess shared = {.mode = 0660, .group = another_group()};

    for (gsize i = 0; i < G_N_ELEMENTS(masks); i++) {
        g_autoptr(GError) error = NULL;
        mode_t before = umask(masks[i]);
        g_autoptr(QblkListener) listener = qblk_listener_new(path, &shared, &error);
        umask(before);
        assert_no_error(error);
        assert_int_equal(mode_of(path), 0660);
        assert_int_equal(group_of(path), shared.group);
        assert_true(can_connect(path));
    }
}

static void
a_socket_is_removed_with_its_listener(void **state)
{
    g_autofree char *path = test_directory_path("socket");
    g_autoptr(GError) error = NULL;

    QblkListener *listener = qblk_listener_new(path, &private, &error);
    assert_no_error(error);
    assert_string_equal(qblk_listener_get_path(listener), path);
    qblk_listener_free(listener);
    assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void
a_socket_that_replaced_it_stays(void **state)
{
    g_autofree char *path = test_directory_path("socket");
    g_autoptr(GError) error = NULL;

    QblkListener *listener = qblk_listener_new(path, &private, &error);
    assert_no_error(error);
    assert_int_equal(unlink(path), 0);
    int other = bind_other(path, SOCK_STREAM);
    qblk_listener_free(listener);
    assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    close(other);
}

static void
a_stale_socket_is_replaced(void **state)
{
    g_autofree char *path = test_directory_path("socket");
    g_autoptr(GError) error = NULL;

    close(bind_other(path, SOCK_STREAM));
    g_autoptr(QblkListener) listener = qblk_listener_new(path, &private, &error);
    assert_no_error(error);
    assert_true(can_connect(path));
}

static void
a_socket_in_use_is_not_replaced(void **state)
{
    const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    g_autofree char *path = test_directory_path("socket");

    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(GError) error = NULL;
        int other = bind_other(path, types[i]); /* it may be about to listen */
        assert_null(qblk_listener_new(path, &private, &error));
        assert_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_IN_USE, path);
        assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
        close(other);
        assert_int_equal(unlink(path), 0);
    }
}

static void
a_listener_in_use_does_not_notice(void **state)
{
    g_autofree char *path = test_directory_path("socket");
    g_autoptr(GError) error = NULL;
    int other = bind_other(path, SOCK_STREAM | SOCK_NONBLOCK);

    assert_int_equal(listen(other, 1), 0);
    assert_null(qblk_listener_new(path, &private, &error));
    assert_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_IN_USE, path);
    assert_int_equal(accept(other, NULL, NULL), -1);
    close(other);
}

static void
a_file_that_is_no_socket_is_not_replaced(void **state)
{
    g_autofree char *path = test_directory_path("file");
    g_autoptr(GError) error = NULL;

    assert_true(g_file_set_contents(path, "data", -1, NULL));
    assert_null(qblk_listener_new(path, &private, &error));
    assert_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_IN_USE, path);
    assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
}

static void
a_directory_that_does_not_exist_is_an_error(void **state)
{
    g_autofree char *path = test_directory_path("missing/socket");
    g_autoptr(GError) error = NULL;

    assert_null(qblk_listener_new(path, &private, &error));
    assert_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_SOCKET, path);
    g_clear_error(&error);
    assert_null(qblk_listener_new("", &private, &error));
    assert_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_SOCKET, "''");
}

static void
a_path_may_be_longer_than_an_address(void **state)
{
    g_autofree char *name = g_strnfill(100, 'd');
    g_autofree char *directory = test_directory_path(name);
    g_autofree char *path = g_build_filename(directory, "socket", NULL);
    g_autoptr(GError) error = NULL;

    assert_int_equal(g_mkdir(directory, 0700), 0);
    g_autoptr(QblkListener) listener = qblk_listener_new(path, &private, &error);
    assert_no_error(error);
    assert_int_equal(mode_of(path), 0600);
}

static void
only_a_listening_socket_is_taken_over(void **state)
{
    g_autofree char *path = test_directory_path("socket");
    g_autoptr(GError) error = NULL;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_null(qblk_listener_new_fd(pair[0], &error));
    assert_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_SOCKET, "descriptor");
    close(pair[0]);
    close(pair[1]);
    assert_null(qblk_listener_new_fd(-1, &error));
    assert_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_SOCKET, "descriptor -1");

    int fd = bind_other(path, SOCK_STREAM);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(fcntl(fd, F_SETFD, 0), 0);
    QblkListener *listener = qblk_listener_new_fd(fd, &error);
    assert_no_error(error);
    assert_string_equal(qblk_listener_get_path(listener), path);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    qblk_listener_free(listener);
    assert_true(g_file_test(path, G_FILE_TEST_EXISTS)); /* it belongs to the other program */
}

static void
a_group_is_found_by_its_name_and_number(void **state)
{
    g_autoptr(GError) error = NULL;
    gid_t group = 1;

    assert_true(qblk_listener_find_group("root", &group, &error));
    assert_int_equal(group, 0);
    assert_true(qblk_listener_find_group("1234", &group, &error));
    assert_int_equal(group, 1234);
    assert_false(qblk_listener_find_group("no such group", &group, &error));
    assert_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_ARGUMENT, "'no such group'");
    assert_false(qblk_listener_find_group("4294967295", &group, &error)); /* (gid_t)-1 */
    assert_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_ARGUMENT, "'4294967295'");
    assert_int_equal(group, 1234);
}

static void
replace_by_file(void)
{
    g_autofree char *file = test_directory_path("file");
    g_autofree char *path = test_directory_path("socket");
    assert_int_equal(g_rename(file, path), 0);
}

static void
a_file_that_takes_the_place_of_a_socket_is_not_changed(void **state)
{
    const QblkListenerAccess access = {.mode = 0666, .group = (gid_t)-1};
    g_autofree char *file = test_directory_path("file");
    g_autofree char *path = test_directory_path("socket");
    g_autoptr(GError) error = NULL;
    assert_true(g_file_set_contents(file, "secret", -1, NULL));
    assert_int_equal(g_chmod(file, 0400), 0);
    after_bind = replace_by_file;
    QblkListener *listener = qblk_listener_new(path, &access, &error);
    after_bind = NULL;
    assert_null(listener);
    assert_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_SOCKET, "another file");
    assert_int_equal(mode_of(path), 0400);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, test_directory_set_up, test_directory_tear_down)

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_socket_has_its_mode_and_group_whatever_the_umask_is),
        TEST(a_socket_is_removed_with_its_listener),
        TEST(a_socket_that_replaced_it_stays),
        TEST(a_stale_socket_is_replaced),
        TEST(a_socket_in_use_is_not_replaced),
        TEST(a_listener_in_use_does_not_notice),
        TEST(a_file_that_is_no_socket_is_not_replaced),
        TEST(a_file_that_takes_the_place_of_a_socket_is_not_changed),
        TEST(a_directory_that_does_not_exist_is_an_error),
        TEST(a_path_may_be_longer_than_an_address),
        TEST(only_a_listening_socket_is_taken_over),
        cmocka_unit_test(a_group_is_found_by_its_name_and_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
