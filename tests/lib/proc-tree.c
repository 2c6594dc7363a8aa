/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/proc-tree.h"

#include "lib/check.h"
#include "lib/cli-check.h"

#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

ProcTree *
proc_tree_new(void)
{
    ProcTree *tree = g_new0(ProcTree, 1);
    tree->root = cli_check_directory();
    tree->names = g_string_new("Num       RefCount Protocol Flags    Type St Inode Path\n");
    tree->ports = g_string_new("  sl  local_address rem_address   st\n");
    return tree;
}

static void
remove_tree(const char *path)
{
    gboolean is_link = g_file_test(path, G_FILE_TEST_IS_SYMLINK);
    GDir *entries = is_link ? NULL : g_dir_open(path, 0, NULL);
    const char *name = NULL;

    while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        remove_tree(below);
    }
    g_clear_pointer(&entries, g_dir_close);
    (void)g_remove(path);
}

void
proc_tree_free(ProcTree *tree)
{
    remove_tree(tree->root);
    g_free(tree->root);
    g_string_free(tree->names, TRUE);
    g_string_free(tree->ports, TRUE);
    g_free(tree);
}

static char *
make_directory(ProcTree *tree, const char *path)
{
    char *full = g_strconcat(tree->root, path, NULL);
    assert_int_equal(g_mkdir_with_parents(full, 0700), 0);
    return full;
}

static void
write_bytes(ProcTree *tree, const char *path, const char *bytes, gsize length)
{
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *directory = make_directory(tree, parent);
    g_autofree char *full = g_strconcat(tree->root, path, NULL);
    assert_true(g_file_set_contents(full, bytes, (gssize)length, NULL));
}

void
proc_tree_write(ProcTree *tree, const char *path, const char *text)
{
    write_bytes(tree, path, text, strlen(text));
}

static void
add_link(ProcTree *tree, int pid, const char *name, const char *target)
{
    g_autofree char *path = g_strdup_printf("%s/proc/%d/%s", tree->root, pid, name);
    (void)g_unlink(path);
    assert_int_equal(symlink(target, path), 0);
}

static void
add_process(ProcTree *tree, int pid, const char *bytes, gsize length)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", pid);
    g_autofree char *net = g_strconcat(tree->root, "/net", NULL);

    write_bytes(tree, path, bytes, length);
    add_link(tree, pid, "net", net);
    proc_tree_set_stat(tree, pid, 1, pid, "qemu");
    proc_tree_set_user(tree, pid, geteuid());
}

void
proc_tree_add_bytes(ProcTree *tree, int pid, const char *bytes, gsize length)
{
    g_autofree char *files = g_strdup_printf("/proc/%d/fd", pid);
    g_autofree char *directory = make_directory(tree, files);

    add_process(tree, pid, bytes, length);
    add_link(tree, pid, "cwd", "/run");
}

/* Returns: (transfer full): the arguments, each with a NUL */
static GString *
join(const char *line)
{
    GString *bytes = g_string_new(NULL);
    g_auto(GStrv) words = NULL;

    assert_true(g_shell_parse_argv(line, NULL, &words, NULL));
    for (guint i = 0; words[i] != NULL; i++) {
        g_string_append(bytes, words[i]);
        g_string_append_c(bytes, '\0');
    }
    return bytes;
}

void
proc_tree_add(ProcTree *tree, int pid, const char *line)
{
    g_autoptr(GString) bytes = join(line);
    proc_tree_add_bytes(tree, pid, bytes->str, bytes->len);
}

void
proc_tree_add_hidden(ProcTree *tree, int pid, const char *line)
{
    g_autoptr(GString) bytes = join(line);
    add_process(tree, pid, bytes->str, bytes->len);
}

void
proc_tree_set_stat(ProcTree *tree, int pid, int parent, int start, const char *name)
{
    g_autofree char *stat_path = g_strdup_printf("/proc/%d/stat", pid);
    g_autofree char *name_path = g_strdup_printf("/proc/%d/comm", pid);
    g_autofree char *text = g_strdup_printf("%d (%s) S %d 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 %d 0\n",
                                            pid, name, parent, start);
    g_autofree char *line = g_strconcat(name, "\n", NULL);

    proc_tree_write(tree, stat_path, text);
    proc_tree_write(tree, name_path, line);
}

void
proc_tree_set_user(ProcTree *tree, int pid, uid_t user)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", pid);
    g_autofree char *text =
        g_strdup_printf("Name:\tqemu\nPid:\t%d\nUid:\t1\t%u\t1\t1\n", pid, (guint)user);

    proc_tree_write(tree, path, text);
}

void
proc_tree_set_environment(ProcTree *tree, int pid, const char *line)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/environ", pid);
    g_autoptr(GString) bytes = join(line);

    write_bytes(tree, path, bytes->str, bytes->len);
}

void
proc_tree_fd(ProcTree *tree, int pid, int fd, int inode)
{
    g_autofree char *name = g_strdup_printf("fd/%d", fd);
    g_autofree char *target = g_strdup_printf("socket:[%d]", inode);
    add_link(tree, pid, name, target);
}

static void
bind_socket(ProcTree *tree, const char *path)
{
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *directory = make_directory(tree, parent);
    g_autofree char *full = g_strconcat(tree->root, path, NULL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)g_strlcpy(address.sun_path, full, sizeof(address.sun_path));
    (void)g_unlink(full);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&address, sizeof(address)), 0);
    close(fd);
}

void
proc_tree_socket(ProcTree *tree, int pid, int inode, const char *path, const char *state)
{
    gboolean listens = g_str_equal(state, "listens");
    const char *number = listens ? "01" : g_str_equal(state, "waits") ? "02" : "03";
    g_autofree char *fd_path = g_strdup_printf("%s/proc/%d/fd", tree->root, pid);

    g_string_append_printf(tree->names, "0000000000000000: 00000002 00000000 %s 0001 %s %5d %s\n",
                           listens ? "00010000" : "00000000", number, inode, path);
    if (inode != 0 && g_file_test(fd_path, G_FILE_TEST_IS_DIR)) {
        proc_tree_fd(tree, pid, inode, inode);
    }
    if (listens && path[0] == '/') {
        bind_socket(tree, path);
    }
}

void
proc_tree_port(ProcTree *tree, int pid, int inode, guint port, const char *state)
{
    g_string_append_printf(tree->ports,
                           "   0: 0100007F:%04X 00000000:0000 %s 00000000:00000000 00:00000000 "
                           "00000000  0        0 %d 1\n",
                           port, state, inode);
    proc_tree_fd(tree, pid, inode, inode);
}

QblkVms *
proc_tree_find(ProcTree *tree)
{
    g_autoptr(QblkVmsOptions) options = qblk_vms_options_new();
    g_autoptr(GError) error = NULL;

    proc_tree_write(tree, "/net/unix", tree->names->str);
    proc_tree_write(tree, "/net/tcp", tree->ports->str);
    qblk_vms_options_set_root(options, tree->root);
    QblkVms *vms = qblk_vms_find(options, &error);
    assert_no_error(error);
    return vms;
}
