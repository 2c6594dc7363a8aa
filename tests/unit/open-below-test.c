/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/open-below.h"

#include "lib/check.h"
#include "lib/cli-check.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A root with the file "inside", links to it, and one to a file that is only outside. */
typedef struct {
    char *top, *root;
} Tree;

static void
write_file(const char *directory, const char *name, const char *content)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    assert_true(g_file_set_contents(path, content, -1, NULL));
}

static void
make_link(const Tree *tree, const char *target, const char *name)
{
    g_autofree char *path = g_build_filename(tree->root, name, NULL);
    assert_int_equal(symlink(target, path), 0);
}

static int
setup(void **state)
{
    Tree *tree = g_new0(Tree, 1);
    tree->top = cli_check_directory();
    tree->root = g_build_filename(tree->top, "root", NULL);
    g_autofree char *directory = g_build_filename(tree->root, "a", "b", NULL);
    assert_int_equal(g_mkdir_with_parents(directory, 0700), 0);
    write_file(directory, "file", "inside");
    write_file(tree->top, "secret", "outside");
    make_link(tree, "/a/b/file", "absolute");
    make_link(tree, "../secret", "up");
    make_link(tree, "a", "directory");
    *state = tree;
    return 0;
}

static int
teardown(void **state)
{
    static const char *const names[] = {"a/b/file", "a/b", "a", "absolute", "up", "directory", ""};
    Tree *tree = *state;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(tree->root, names[i], NULL);
        assert_int_equal(g_remove(path), 0);
    }
    cli_check_remove(tree->top);
    g_free(tree->root);
    g_free(tree);
    return 0;
}

/* Returns: TRUE if @path leads to "inside"; errno is set otherwise */
static gboolean
leads(const Tree *tree, const char *path)
{
    char content[16] = "";
    errno = 0;
    int fd = qblk_open_below(tree->root, path, O_RDONLY);
    if (fd < 0) {
        return FALSE;
    }
    gboolean done = read(fd, content, sizeof(content) - 1) > 0;
    close(fd);
    return done && g_str_equal(content, "inside");
}

static void
links_stay_below_the_root(void **state)
{
    const Tree *tree = *state;
    static const char *const good[] = {"/a/b/file", "a//b/file", "/absolute", "/directory/b/file",
                                       "/../a/b/file"};
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        assert_true(leads(tree, good[i]));
    }
    static const char *const bad[] = {"/up", "/../secret", "/a/../../secret", "/nothing"};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        assert_false(leads(tree, bad[i]));
        assert_int_equal(errno, ENOENT);
    }
    assert_int_equal(qblk_open_below("/does/not/exist", "a", O_PATH), -1);
    assert_int_equal(errno, ENOENT);
}

/* As systemd does for RestrictSUIDSGID=. */
static gboolean
forbid_openat2(void)
{
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {G_N_ELEMENTS(instructions), instructions};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

typedef struct {
    const char *path;
    int cause; /* of errno; 0: it leads to the file */
} Row;

/* In the child.  Returns: the number of the first row that is wrong, from 1; 0 if all are right */
static int
check_without_openat2(const Tree *tree)
{
    static const Row rows[] = {
        {"/a/b/file", 0},
        {"a//b/file", 0},
        {"/a/b/nothing", ENOENT},
        {"/absolute", ELOOP},
        {"/up", ELOOP},
        {"/directory/b/file", ENOTDIR},
        {"/../a/b/file", ELOOP},
        {"/a/../../secret", ELOOP},
        {"/a/b/file/more", ENOTDIR},
    };
    if (!forbid_openat2() || syscall(SYS_openat2, -1, "", NULL, 0) == 0 || errno != EPERM) {
        return G_MAXINT8;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gboolean is_there = leads(tree, rows[i].path);
        if (is_there != (rows[i].cause == 0) || (!is_there && errno != rows[i].cause)) {
            return (int)i + 1;
        }
    }

    /* With O_PATH a link would be opened itself. */
    return qblk_open_below(tree->root, "up", O_PATH) == -1 && errno == ELOOP ? 0 : G_MAXINT8;
}

static void
without_openat2_links_are_refused(void **state)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(check_without_openat2(*state));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(links_stay_below_the_root, setup, teardown),
        cmocka_unit_test_setup_teardown(without_openat2_links_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
