/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/host.h"

#include "base/file-identity.h"
#include "base/limits.h"
#include "base/open-below.h"
#include "image/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <qblk/error.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of /proc/PID/stat, from 0 after the name in parentheses: see proc(5). */
#define STAT_PARENT 1
#define STAT_START  19

#define PATH_BYTES  4096
#define BLOCK_BYTES 65536
#define SMALL_BYTES 4096 /* of a file of /proc with a line or two */

struct QblkHost {
    char *root;         /* owned: "" for "/" */
    char *net, *mounts; /* owned: the namespaces of this process, or NULL */
    GHashTable *tables; /* of QblkHostSockets, owned, by the name of the namespace */
};

/* ---- files ---- */

/* @root: "" for "/" */
static int
open_below(const char *root, const char *path, int flags)
{
    return root[0] == '\0' ? open(path, flags | O_CLOEXEC) : qblk_open_below(root, path, flags);
}

/* Returns: (transfer full) (nullable): the bytes, with a NUL after the last one */
static GByteArray *
read_descriptor(int fd, gsize limit)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autofree guint8 *block = g_malloc(BLOCK_BYTES);

    for (;;) {
        ssize_t count = read(fd, block, BLOCK_BYTES);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 || bytes->len + (gsize)count > limit) {
            return NULL;
        }
        if (count == 0) {
            break;
        }
        g_byte_array_append(bytes, block, (guint)count);
    }

    g_byte_array_append(bytes, (const guint8 *)"", 1);
    return g_steal_pointer(&bytes);
}

/* Only a regular file: a process may name one that cannot be read without waiting. */
static GByteArray *
read_below(const char *root, const char *path, gsize limit)
{
    struct stat status;
    int fd = open_below(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return NULL;
    }

    gboolean is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    GByteArray *bytes = is_file ? read_descriptor(fd, limit) : NULL;
    close(fd);
    return bytes;
}

static char *
read_text(const char *root, const char *path, gsize limit)
{
    GByteArray *bytes = read_below(root, path, limit);
    return bytes == NULL ? NULL : (char *)g_byte_array_free(bytes, FALSE);
}

static char *
read_link(const char *path)
{
    char target[PATH_BYTES];
    ssize_t length = readlink(path, target, sizeof(target));
    return length <= 0 || (gsize)length >= sizeof(target) ? NULL : g_strndup(target, (gsize)length);
}

static char *
proc_path(const QblkHost *host, gint64 pid, const char *name)
{
    return g_strdup_printf("%s/proc/%" G_GINT64_FORMAT "/%s", host->root, pid, name);
}

/* ---- the machine ---- */

static void
sockets_free(gpointer data)
{
    QblkHostSockets *sockets = data;

    g_ptr_array_unref(sockets->names);
    g_ptr_array_unref(sockets->ports);
    g_free(sockets);
}

QblkHost *
qblk_host_new(const char *root)
{
    QblkHost *host = g_new0(QblkHost, 1);
    gboolean is_top = root == NULL || g_str_equal(root, "/");
    host->root = g_strdup(is_top ? "" : root);
    host->tables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, sockets_free);

    g_autofree char *net = g_strconcat(host->root, "/proc/self/ns/net", NULL);
    g_autofree char *mounts = g_strconcat(host->root, "/proc/self/ns/mnt", NULL);
    host->net = read_link(net);
    host->mounts = read_link(mounts);
    return host;
}

void
qblk_host_free(QblkHost *host)
{
    if (host == NULL) {
        return;
    }

    g_free(host->root);
    g_free(host->net);
    g_free(host->mounts);
    g_hash_table_unref(host->tables);
    g_free(host);
}

static gint
compare_pids(gconstpointer a, gconstpointer b)
{
    gint64 first = *(const gint64 *)a, second = *(const gint64 *)b;
    return (first > second) - (first < second);
}

GArray *
qblk_host_list_pids(const QblkHost *host, GError **error)
{
    g_autofree char *path = g_strconcat(host->root, "/proc", NULL);
    const struct dirent *entry = NULL;
    DIR *directory = opendir(path);
    if (directory == NULL) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot list the processes in '%s': %s", path, g_strerror(errno));
        return NULL;
    }

    GArray *pids = g_array_new(FALSE, FALSE, sizeof(gint64));
    while ((entry = readdir(directory)) != NULL) {
        gint64 pid;
        if (g_ascii_string_to_signed(entry->d_name, 10, 1, G_MAXINT, &pid, NULL)) {
            g_array_append_val(pids, pid);
        }
    }
    closedir(directory);
    g_array_sort(pids, compare_pids);
    return pids;
}

char *
qblk_host_read(const QblkHost *host, const char *path, gsize limit)
{
    return read_text(host->root, path, limit);
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
qblk_host_list_files(const QblkHost *host, const char *path)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *full = g_strconcat(host->root, path, NULL);
    g_autoptr(GDir) directory = g_dir_open(full, 0, NULL);
    const char *name = NULL;

    while (directory != NULL && (name = g_dir_read_name(directory)) != NULL) {
        g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

/* ---- a process ---- */

/* Returns: (transfer full) (nullable): the texts in a file of @pid, which end with a NUL each */
static char **
read_texts(const QblkHost *host, gint64 pid, const char *name)
{
    g_autofree char *path = proc_path(host, pid, name);
    g_autoptr(GByteArray) bytes = read_below("", path, QBLK_LIMIT_COMMAND_LINE_BYTES);
    if (bytes == NULL) {
        return NULL;
    }

    GPtrArray *arguments = g_ptr_array_new();
    const char *at = (const char *)bytes->data;
    const char *end = at + bytes->len - 1; /* the NUL that was added */
    for (; at < end; at += strlen(at) + 1) {
        g_ptr_array_add(arguments, g_strdup(at));
    }
    g_ptr_array_add(arguments, NULL);
    return (char **)g_ptr_array_free(arguments, FALSE);
}

char **
qblk_host_read_arguments(const QblkHost *host, gint64 pid)
{
    return read_texts(host, pid, "cmdline");
}

char **
qblk_host_read_environment(const QblkHost *host, gint64 pid)
{
    return read_texts(host, pid, "environ");
}

gint64
qblk_host_read_user(const QblkHost *host, gint64 pid)
{
    g_autofree char *path = proc_path(host, pid, "status");
    g_autofree char *text = read_text("", path, SMALL_BYTES);
    return text == NULL ? -1 : qblk_process_parse_user(text);
}

char *
qblk_host_read_name(const QblkHost *host, gint64 pid)
{
    g_autofree char *path = proc_path(host, pid, "comm");
    char *name = read_text("", path, SMALL_BYTES);
    return name == NULL ? NULL : g_strchomp(name);
}

static guint64
get_field(char **fields, guint number)
{
    guint64 value = 0;

    if (g_strv_length(fields) > number) {
        (void)g_ascii_string_to_unsigned(fields[number], 10, 0, G_MAXUINT64, &value, NULL);
    }
    return value;
}

static void
read_stat(const QblkHost *host, QblkHostProcess *process)
{
    g_autofree char *path = proc_path(host, process->pid, "stat");
    g_autofree char *text = read_text("", path, SMALL_BYTES);
    const char *after_name = text == NULL ? NULL : strrchr(text, ')');
    if (after_name == NULL || after_name[1] == '\0') {
        return;
    }

    g_auto(GStrv) fields = g_strsplit(after_name + 2, " ", -1);
    process->parent = (gint64)get_field(fields, STAT_PARENT);
    process->start = get_field(fields, STAT_START);
}

/* A namespace that the user may not look at is assumed to be the same. */
static gboolean
is_same_namespace(const QblkHost *host, gint64 pid, const char *name, const char *own)
{
    g_autofree char *path = proc_path(host, pid, name);
    g_autofree char *found = read_link(path);
    return found == NULL || own == NULL || g_str_equal(found, own);
}

QblkHostProcess *
qblk_host_inspect(const QblkHost *host, gint64 pid)
{
    QblkHostProcess *process = g_new0(QblkHostProcess, 1);
    g_autofree char *self = proc_path(host, pid, "");
    g_autofree char *files = proc_path(host, pid, "fd");
    g_autofree char *directory = proc_path(host, pid, "cwd");
    struct stat status;

    process->pid = pid;
    process->uid = stat(self, &status) == 0 ? (gint64)status.st_uid : -1;
    process->directory = read_link(directory);
    process->own = qblk_socket_table_find_own(files);
    process->is_same_net = is_same_namespace(host, pid, "ns/net", host->net);
    process->is_same_root = is_same_namespace(host, pid, "ns/mnt", host->mounts);
    process->root = process->is_same_root ? g_strdup(host->root) : proc_path(host, pid, "root");
    read_stat(host, process);
    return process;
}

void
qblk_host_process_free(QblkHostProcess *process)
{
    if (process == NULL) {
        return;
    }

    g_free(process->directory);
    g_free(process->root);
    g_clear_pointer(&process->own, g_hash_table_unref);
    g_free(process);
}

/* ---- sockets ---- */

static void
append_ports(GPtrArray *ports, const char *table)
{
    g_autoptr(GPtrArray) more = qblk_socket_table_read_tcp(table);
    g_ptr_array_extend_and_steal(ports, g_steal_pointer(&more));
}

static QblkHostSockets *
read_sockets(const QblkHost *host, gint64 pid)
{
    static const char *const tables[] = {"net/tcp", "net/tcp6"};
    QblkHostSockets *sockets = g_new0(QblkHostSockets, 1);
    g_autofree char *path = proc_path(host, pid, "net/unix");
    g_autofree char *names = read_text("", path, QBLK_LIMIT_SOCKETS_BYTES);

    sockets->names = qblk_socket_table_read_unix(names == NULL ? "" : names);
    sockets->ports = qblk_socket_table_read_tcp("");
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *file = proc_path(host, pid, tables[i]);
        g_autofree char *ports = read_text("", file, QBLK_LIMIT_SOCKETS_BYTES);
        if (ports != NULL) {
            append_ports(sockets->ports, ports);
        }
    }
    return sockets;
}

const QblkHostSockets *
qblk_host_find_sockets(QblkHost *host, const QblkHostProcess *process)
{
    g_autofree char *path = proc_path(host, process->pid, "ns/net");
    g_autofree char *link = read_link(path);
    const char *name = link == NULL ? "" : link;
    QblkHostSockets *sockets = g_hash_table_lookup(host->tables, name);

    if (sockets == NULL) {
        sockets = read_sockets(host, process->pid);
        g_hash_table_insert(host->tables, g_strdup(name), sockets);
    }
    return sockets;
}

char *
qblk_host_read_socket(const QblkHost *host, const QblkHostProcess *process, int fd)
{
    g_autofree char *name = g_strdup_printf("fd/%d", fd);
    g_autofree char *path = proc_path(host, process->pid, name);
    return read_link(path);
}

/* ---- paths ---- */

char *
qblk_host_absolute(const QblkHostProcess *process, const char *path)
{
    if (g_path_is_absolute(path)) {
        return g_strdup(path);
    }
    return process->directory == NULL ? NULL : g_canonicalize_filename(path, process->directory);
}

char *
qblk_host_read_file(const QblkHostProcess *process, const char *path, gsize limit)
{
    g_autofree char *absolute = qblk_host_absolute(process, path);
    return absolute == NULL ? NULL : read_text(process->root, absolute, limit);
}

/* Returns: 0 or an error of errno */
static int
identify(const char *root, const char *path, QblkFileIdentity *identity)
{
    struct stat status;
    int fd = open_below(root, path, O_PATH);
    if (fd < 0) {
        return errno;
    }

    gboolean is_socket = fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
    close(fd);
    if (is_socket) {
        *identity = qblk_file_identity(&status);
    }
    return is_socket ? 0 : ENOENT;
}

int
qblk_host_find_path(const QblkHostProcess *process, const char *path, char **here)
{
    QblkFileIdentity wanted, found;
    int cause = identify(process->root, path, &wanted);
    if (cause != 0) {
        return cause;
    }
    if (process->is_same_root) {
        *here = g_strdup(path);
        return 0;
    }

    g_autofree char *through = g_strconcat(process->root, path, NULL);
    const char *const ways[] = {path, through};
    for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
        if (identify("", ways[i], &found) == 0 && qblk_file_identity_is_same(&found, &wanted)) {
            *here = g_strdup(ways[i]);
            return 0;
        }
    }
    return EXDEV;
}
