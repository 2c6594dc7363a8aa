/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/opened-files.h"

#include "lib/check.h"
#include "lib/qcow2-image.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_PROCESS G_MAXINT32 /* it exceeds the kernel's limit */

typedef struct {
    char *directory;
} Test;

static int
set_up(void **state)
{
    Test *test = g_new0(Test, 1);
    test->directory = g_dir_make_tmp("opened-XXXXXX", NULL);
    *state = test;
    return test->directory == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
    Test *test = *state;
    g_autoptr(GDir) dir = g_dir_open(test->directory, 0, NULL);
    const char *name = NULL;
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(test->directory, name, NULL);
        (void)g_remove(path);
    }
    int result = rmdir(test->directory);
    g_free(test->directory);
    g_free(test);
    return result;
}

/* ---- files ---- */

static char *
in(void **state, const char *name)
{
    const Test *test = *state;
    return g_build_filename(test->directory, name, NULL);
}

static int
open_file(void **state, const char *name, int flags)
{
    g_autofree char *path = in(state, name);
    int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

static void
move(void **state, const char *from, const char *to)
{
    g_autofree char *old = in(state, from), *new = in(state, to);
    assert_int_equal(g_rename(old, new), 0);
}

static void delete (void **state, const char *name)
{
    g_autofree char *path = in(state, name);
    assert_int_equal(g_remove(path), 0);
}

static QblkFileIdentity
identity_of(int fd)
{
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    return qblk_file_identity(&status);
}

static QblkOpenedFile *
find(const QblkOpenedFiles *opened, int fd)
{
    const QblkFileIdentity file = identity_of(fd);
    return qblk_opened_files_find(opened, &file);
}

static void
assert_path(void **state, const QblkOpenedFile *file, const char *name)
{
    g_autofree char *path = in(state, name);
    assert_non_null(file);
    assert_string_equal(file->path, path);
}

static void
assert_leads_to(QblkOpenedFiles *opened, const char *name, const QblkFileIdentity *file)
{
    const QblkFileIdentity found = qblk_opened_files_look_up(opened, name);
    assert_true(qblk_file_identity_is_same(&found, file));
}

static void
a_file_is_known_by_its_descriptors_and_their_mode(void **state)
{
    int first = open_file(state, "a", O_RDWR), second = open_file(state, "a", O_RDONLY);
    assert_int_equal(ftruncate(first, 1000), 0);
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(getpid());
    const QblkOpenedFile *file = find(opened, first);

    assert_null(opened->unknown);
    assert_true(opened->is_same_root);
    assert_path(state, file, "a");
    assert_int_equal(file->descriptors, 2);
    assert_int_equal(file->writable, 1);
    assert_int_equal(file->length, 1000);
    assert_false(file->is_unlinked || file->is_deleted);
    assert_ptr_equal(qblk_opened_files_find_number(opened, second), file);
    assert_null(qblk_opened_files_find_number(opened, 99999));
    close(first);
    close(second);
}

static void
logs_sockets_and_memory_are_left_out(void **state)
{
    int log = open_file(state, "log", O_WRONLY);
    int memory = memfd_create("guest", MFD_CLOEXEC);
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(getpid());

    assert_null(find(opened, log));
    assert_null(find(opened, memory));
    close(log);
    close(memory);
}

/* To open a character device, or to read from it, may change its state. */
static void
a_character_device_is_known_and_not_opened(void **state)
{
    int device = open("/dev/full", O_RDWR | O_CLOEXEC);
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    char event[256];
    assert_true(device >= 0 && inotify_add_watch(watch, "/dev/full", IN_OPEN | IN_ACCESS) >= 0);
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(getpid());
    qblk_opened_files_read_headers(opened);
    const QblkOpenedFile *file = find(opened, device);

    assert_non_null(file);
    assert_string_equal(file->path, "/dev/full");
    assert_leads_to(opened, "/dev/full", &file->file);
    assert_int_equal(read(watch, event, sizeof(event)), -1);
    assert_int_equal(errno, EAGAIN);
    close(device);
    close(watch);
}

static void
a_renamed_file_has_its_new_path(void **state)
{
    int kept = open_file(state, "a", O_RDONLY);
    move(state, "a", "b");
    int replaced = open_file(state, "a", O_RDONLY);
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(getpid());
    g_autofree char *a = in(state, "a");
    const QblkFileIdentity other = identity_of(replaced);

    assert_path(state, find(opened, kept), "b");
    assert_path(state, find(opened, replaced), "a");
    assert_leads_to(opened, a, &other);
    close(kept);
    close(replaced);
}

static void
a_deleted_file_has_the_name_that_it_had(void **state)
{
    int deleted = open_file(state, "a", O_RDONLY);
    delete (state, "a");
    int odd = open_file(state, "b (deleted)", O_RDONLY);
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(getpid());
    const QblkOpenedFile *file = find(opened, deleted);

    assert_path(state, file, "a");
    assert_true(file->is_unlinked && file->is_deleted);
    assert_path(state, find(opened, odd), "b (deleted)");
    assert_false(find(opened, odd)->is_unlinked);
    close(deleted);
    close(odd);
}

static void
a_file_without_a_name_is_known_while_a_descriptor_is_open(void **state)
{
    const Test *test = *state;
    int kept = open(test->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    assert_true(kept >= 0);
    const QblkFileIdentity file = identity_of(kept);
    int other = dup(kept);
    close(kept);

    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(getpid());
    assert_non_null(qblk_opened_files_find(opened, &file));
    close(other);
    g_autoptr(QblkOpenedFiles) closed = qblk_opened_files_new(getpid());
    assert_null(qblk_opened_files_find(closed, &file));
}

static void
a_file_with_another_hard_link_is_not_deleted(void **state)
{
    int fd = open_file(state, "a", O_RDONLY);
    g_autofree char *a = in(state, "a"), *link_path = in(state, "b");
    assert_int_equal(link(a, link_path), 0);
    delete (state, "a");
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(getpid());
    const QblkOpenedFile *file = find(opened, fd);

    assert_path(state, file, "a");
    assert_true(file->is_unlinked);
    assert_false(file->is_deleted);
    close(fd);
}

static void
a_process_that_cannot_be_inspected_has_a_reason(void **state)
{
    g_autoptr(QblkOpenedFiles) gone = qblk_opened_files_new(NO_PROCESS);
    assert_non_null(strstr(gone->unknown, "cannot list the open files of process 2147483647: No "
                                          "such file"));
    g_autoptr(QblkOpenedFiles) remote = qblk_opened_files_new(0);
    assert_non_null(strstr(remote->unknown, "is not known; on its machine, use its unix socket"));
    assert_int_equal(gone->files->len + remote->files->len, 0);
}

static void
what_a_name_means_is_remembered(void **state)
{
    int fd = open_file(state, "a", O_RDONLY);
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(getpid());
    g_autofree char *a = in(state, "a");
    const QblkFileIdentity file = identity_of(fd), none = {0};

    assert_leads_to(opened, a, &file);
    delete (state, "a");
    assert_leads_to(opened, a, &file);
    g_autofree char *missing = in(state, "missing");
    assert_leads_to(opened, missing, &none);
    close(fd);
}

static void
a_backing_string_is_relative_to_the_directory_of_its_image(void **state)
{
    static const char *const rows[][3] = {
        {"/d/sub/a", "b", "/d/sub/b"},
        {"/d/sub/a", "../b", "/d/sub/../b"},
        {"/d/sub/a", "/e/b", "/e/b"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = qblk_opened_files_below(rows[i][0], rows[i][1]);
        assert_string_equal(path, rows[i][2]);
    }
}

/* ---- headers ---- */

static int
make_image(void **state, const char *name, const char *backing)
{
    int fd = open_file(state, name, O_RDWR);
    Qcow2Image image = qcow2_image(3);
    if (backing != NULL) {
        qcow2_image_put_backing(&image, backing);
    }
    assert_int_equal(write(fd, image.bytes, sizeof(image.bytes)), sizeof(image.bytes));
    return fd;
}

static void
headers_lead_to_the_files_that_have_those_names_now(void **state)
{
    int top = make_image(state, "top", "base"), base = make_image(state, "base", NULL);
    int broken = make_image(state, "broken", "missing"), raw = open_file(state, "raw", O_RDWR);
    move(state, "base", "old");
    int other = make_image(state, "base", NULL);
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(getpid());
    qblk_opened_files_read_headers(opened);
    const QblkOpenedFile *file = find(opened, top);
    const QblkFileIdentity below = identity_of(other);

    assert_string_equal(file->format, "qcow2");
    assert_string_equal(file->backing_name, "base");
    assert_true(qblk_file_identity_is_same(&file->below, &below));
    assert_null(find(opened, base)->backing_name);
    assert_non_null(find(opened, broken)->backing_name);
    assert_false(qblk_file_identity_is_known(&find(opened, broken)->below));
    assert_null(find(opened, raw)->format);

    const int all[] = {top, base, broken, raw, other};
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        close(all[i]);
    }
}

/* ---- another process ---- */

/* A user who is not root has these rights in a user namespace. */
static gboolean
unshare_mounts(void)
{
    int flags = CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
    return unshare(flags) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* In the working directory: the file 'a', and a link to it by an absolute path. */
static gboolean
make_files_in(const char *directory)
{
    g_autofree char *a = g_build_filename(directory, "a", NULL);
    return chdir(directory) == 0 && open("a", O_RDWR | O_CREAT | O_CLOEXEC, 0600) >= 0 &&
           symlink(a, "link") == 0;
}

static gboolean
use_other_mounts(const char *directory)
{
    return unshare_mounts() && mount("tmpfs", directory, "tmpfs", 0, NULL) == 0 &&
           make_files_in(directory);
}

static gboolean
use_other_root(const char *directory)
{
    return unshare_mounts() && chroot(directory) == 0 && make_files_in("/");
}

/* Returns: the pid of a process that has called @prepare, and waits to be killed. */
static pid_t
start(gboolean (*prepare)(const char *), const char *directory)
{
    int ends[2];
    char byte = 0;
    assert_int_equal(pipe(ends), 0);

    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        byte = prepare(directory) ? 'y' : 'n';
        (void)!write(ends[1], &byte, 1);
        for (;;) {
            pause();
        }
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    assert_int_equal(byte, 'y');
    return pid;
}

static void
stop(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static const QblkOpenedFile *
find_name(const QblkOpenedFiles *opened, const char *name)
{
    for (guint i = 0; i < opened->files->len; i++) {
        const QblkOpenedFile *file = opened->files->pdata[i];
        g_autofree char *own = g_path_get_basename(file->path);
        if (g_str_equal(own, name)) {
            return file;
        }
    }
    fail_msg("'%s' is not open", name);
    return NULL;
}

static void
a_relative_name_is_relative_to_the_directory_of_the_process(void **state)
{
    const Test *test = *state;
    pid_t pid = start(make_files_in, test->directory);
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(pid);
    const QblkOpenedFile *file = find_name(opened, "a");
    g_autofree char *absolute = qblk_opened_files_absolute(opened, "a");
    g_autofree char *here = qblk_opened_files_here(opened, absolute, &file->file);

    assert_true(opened->is_same_root);
    assert_path(state, file, "a");
    assert_leads_to(opened, "a", &file->file);
    assert_leads_to(opened, "./link", &file->file);
    assert_string_equal(here, file->path);
    g_autofree char *link_path = in(state, "link");
    const QblkFileIdentity other = {.device = 1, .inode = 1};
    assert_null(qblk_opened_files_here(opened, link_path, &other));
    stop(pid);
}

/* In a chroot and in most containers no process can have mounts of its own. */
static gboolean
can_have_mounts(void)
{
    pid_t pid = fork();
    int status = 0;
    if (pid == 0) {
        _exit(!unshare_mounts() && (errno == EPERM || errno == EINVAL));
    }
    return waitpid(pid, &status, 0) == pid && status == 0;
}

/* The valgrind of Debian 12 has no openat2(2), with which such names are followed. */
static void
skip_without_namespaces(void)
{
    gboolean is_ci = g_strcmp0(g_getenv("CI"), "true") == 0;
    if (g_getenv("QBLK_NO_NAMESPACES") != NULL || (!is_ci && !can_have_mounts()) ||
        (g_getenv("QBLK_VALGRIND") != NULL && syscall(SYS_openat2, -1, "", NULL, 0) < 0 &&
         errno == ENOSYS)) {
        skip();
    }
}

static void
names_are_those_of_the_mounts_of_the_process(void **state)
{
    skip_without_namespaces();
    const Test *test = *state;
    pid_t pid = start(use_other_mounts, test->directory);
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(pid);
    const QblkOpenedFile *file = find_name(opened, "a");
    g_autofree char *link_path = in(state, "link");
    g_autofree char *here = qblk_opened_files_here(opened, file->path, &file->file);
    g_autofree char *expected = g_strdup_printf("/proc/%d/root%s", pid, file->path);

    assert_false(opened->is_same_root);
    assert_path(state, file, "a");
    assert_false(g_file_test(file->path, G_FILE_TEST_EXISTS));
    assert_leads_to(opened, file->path, &file->file);
    assert_leads_to(opened, "a", &file->file);
    assert_leads_to(opened, link_path, &file->file); /* the link has an absolute path */
    assert_string_equal(here, expected);
    stop(pid);
}

static void
names_are_those_of_the_root_of_the_process(void **state)
{
    skip_without_namespaces();
    const Test *test = *state;
    pid_t pid = start(use_other_root, test->directory);
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(pid);
    const QblkOpenedFile *file = find_name(opened, "a");
    g_autofree char *here = qblk_opened_files_here(opened, "/a", &file->file);
    g_autofree char *expected = g_strdup_printf("/proc/%d/root/a", pid);

    assert_false(opened->is_same_root);
    assert_leads_to(opened, "/a", &file->file);
    assert_leads_to(opened, "/link", &file->file);
    assert_leads_to(opened, "a", &file->file);
    assert_string_equal(here, expected);
    stop(pid);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_known_by_its_descriptors_and_their_mode),
        TEST(logs_sockets_and_memory_are_left_out),
        TEST(a_character_device_is_known_and_not_opened),
        TEST(a_renamed_file_has_its_new_path),
        TEST(a_deleted_file_has_the_name_that_it_had),
        TEST(a_file_without_a_name_is_known_while_a_descriptor_is_open),
        TEST(a_file_with_another_hard_link_is_not_deleted),
        TEST(a_process_that_cannot_be_inspected_has_a_reason),
        TEST(what_a_name_means_is_remembered),
        TEST(a_backing_string_is_relative_to_the_directory_of_its_image),
        TEST(headers_lead_to_the_files_that_have_those_names_now),
        TEST(a_relative_name_is_relative_to_the_directory_of_the_process),
        TEST(names_are_those_of_the_mounts_of_the_process),
        TEST(names_are_those_of_the_root_of_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
