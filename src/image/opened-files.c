/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/opened-files.h"

#include "base/open-below.h"
#include "base/redact.h"
#include "image/image-file.h"
#include "image/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DELETED     " (deleted)"
#define MEMORY      "/memfd:" /* of memfd_create(): the memory of the guest */
#define BLOCK_SIZE  512       /* of st_blocks, see stat(2) */
#define PATH_BYTES  4096
#define START_BYTES 4096

/* ---- the list ---- */

static guint
identity_hash(gconstpointer key)
{
    const QblkFileIdentity *file = key;
    guint64 mixed = (guint64)file->inode * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    return (guint)(mixed >> 32) ^ (guint)file->device;
}

static gboolean
identity_equal(gconstpointer a, gconstpointer b)
{
    return qblk_file_identity_is_same(a, b);
}

static void
file_free(gpointer data)
{
    QblkOpenedFile *file = data;
    g_free(file->path);
    g_free(file->backing_name);
    g_free(file);
}

static QblkOpenedFiles *
new_list(gint64 pid)
{
    QblkOpenedFiles *opened = g_new0(QblkOpenedFiles, 1);
    opened->references = 1;
    opened->pid = pid;
    opened->files = g_ptr_array_new_with_free_func(file_free);
    opened->by_identity = g_hash_table_new(identity_hash, identity_equal);
    opened->by_number = g_hash_table_new(g_direct_hash, g_direct_equal);
    opened->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return opened;
}

QblkOpenedFiles *
qblk_opened_files_ref(QblkOpenedFiles *opened)
{
    opened->references++;
    return opened;
}

void
qblk_opened_files_free(QblkOpenedFiles *opened)
{
    if (opened == NULL) {
        return;
    }
    opened->references--;
    if (opened->references > 0) {
        return;
    }

    g_hash_table_unref(opened->by_identity);
    g_hash_table_unref(opened->by_number);
    g_hash_table_unref(opened->names);
    g_ptr_array_unref(opened->files);
    g_free(opened->unknown);
    g_free(opened->directory);
    g_free(opened);
}

QblkOpenedFile *
qblk_opened_files_add(QblkOpenedFiles *opened, const QblkFileIdentity *identity, int descriptor,
                      const char *path, gboolean is_unlinked)
{
    QblkOpenedFile *file = qblk_opened_files_find(opened, identity);
    if (file == NULL) {
        file = g_new0(QblkOpenedFile, 1);
        file->file = *identity;
        file->descriptor = descriptor;
        file->path = g_strdup(path);
        file->is_character_device = identity->inode == QBLK_INODE_CHARACTER_DEVICE;
        file->is_unlinked = file->is_deleted = is_unlinked;
        g_ptr_array_add(opened->files, file);
        g_hash_table_insert(opened->by_identity, &file->file, file);
    }

    file->descriptors++;
    g_hash_table_insert(opened->by_number, GINT_TO_POINTER(descriptor), file);
    return file;
}

QblkOpenedFile *
qblk_opened_files_find(const QblkOpenedFiles *opened, const QblkFileIdentity *file)
{
    return g_hash_table_lookup(opened->by_identity, file);
}

QblkOpenedFile *
qblk_opened_files_find_number(const QblkOpenedFiles *opened, int descriptor)
{
    return g_hash_table_lookup(opened->by_number, GINT_TO_POINTER(descriptor));
}

/* ---- reading /proc ---- */

static char *
proc_path(gint64 pid, const char *name)
{
    return g_strdup_printf("/proc/%" G_GINT64_FORMAT "/%s", pid, name);
}

/* A name that the file has lost ends in DELETED.  Returns: TRUE if @link was such a name, and is
 * shortened to it. */
static gboolean
cut_deleted(QblkOpenedFiles *opened, char *link, const QblkFileIdentity *file)
{
    if (!g_str_has_suffix(link, DELETED)) {
        return FALSE;
    }

    const QblkFileIdentity found = qblk_opened_files_look_up(opened, link);
    if (qblk_file_identity_is_same(&found, file)) {
        return FALSE;
    }
    link[strlen(link) - strlen(DELETED)] = '\0';
    return TRUE;
}

/* Returns: (nullable): the target of the link @name in @directory */
static char *
read_link_at(int directory, const char *name)
{
    char target[PATH_BYTES];
    ssize_t length = readlinkat(directory, name, target, sizeof(target));

    if (length <= 0 || (gsize)length >= sizeof(target)) {
        return NULL;
    }
    return g_strndup(target, (gsize)length);
}

/* The kernel shows paths from the root of the mounts, not from one set by chroot(). */
static char *
read_path_at(const char *root, int directory, const char *name)
{
    char *path = read_link_at(directory, name);
    gsize length = root == NULL || g_str_equal(root, "/") ? 0 : strlen(root);

    if (path != NULL && length > 0 && strncmp(path, root, length) == 0 &&
        (path[length] == '/' || path[length] == '\0')) {
        char *below = g_strdup(path[length] == '\0' ? "/" : path + length);
        g_free(path);
        return below;
    }
    return path;
}

static gboolean
may_be_image(mode_t mode)
{
    return S_ISREG(mode) || S_ISBLK(mode) || S_ISCHR(mode);
}

/* @at: /proc/PID/fd.  The mode of the link there is that of the descriptor. */
static void
add_descriptor(QblkOpenedFiles *opened, const char *root, int at, const char *number)
{
    struct stat status, mode;
    gint64 descriptor;
    if (!g_ascii_string_to_signed(number, 10, 0, G_MAXINT, &descriptor, NULL) ||
        fstatat(at, number, &status, 0) != 0 || !may_be_image(status.st_mode)) {
        return;
    }
    if (fstatat(at, number, &mode, AT_SYMLINK_NOFOLLOW) != 0 || (mode.st_mode & S_IRUSR) == 0) {
        return;
    }

    g_autofree char *link = read_path_at(root, at, number);
    if (link == NULL || g_str_has_prefix(link, MEMORY)) {
        return;
    }

    const QblkFileIdentity identity = qblk_file_identity(&status);
    gboolean is_unlinked = cut_deleted(opened, link, &identity);
    QblkOpenedFile *file =
        qblk_opened_files_add(opened, &identity, (int)descriptor, link, is_unlinked);
    file->is_deleted = is_unlinked && status.st_nlink == 0;
    file->allocated = (gint64)status.st_blocks * BLOCK_SIZE;
    file->length = (gint64)status.st_size;
    if ((mode.st_mode & S_IWUSR) != 0) {
        file->writable++;
    }
}

static gboolean
is_same_file(const char *a, const char *b)
{
    struct stat status_a, status_b;
    if (stat(a, &status_a) != 0 || stat(b, &status_b) != 0) {
        return FALSE;
    }
    return status_a.st_dev == status_b.st_dev && status_a.st_ino == status_b.st_ino;
}

static gboolean
has_same_root(gint64 pid)
{
    g_autofree char *mounts = proc_path(pid, "ns/mnt");
    g_autofree char *root = proc_path(pid, "root/");
    return is_same_file(mounts, "/proc/self/ns/mnt") && is_same_file(root, "/");
}

static void
read_process(QblkOpenedFiles *opened, DIR *descriptors)
{
    const struct dirent *entry = NULL;
    opened->is_same_root = has_same_root(opened->pid);
    g_autofree char *root_link = proc_path(opened->pid, "root");
    g_autofree char *root = read_link_at(AT_FDCWD, root_link);
    g_autofree char *directory = proc_path(opened->pid, "cwd");
    opened->directory = read_path_at(root, AT_FDCWD, directory);

    while ((entry = readdir(descriptors)) != NULL) {
        if (entry->d_name[0] != '.') {
            add_descriptor(opened, root, dirfd(descriptors), entry->d_name);
        }
    }
}

QblkOpenedFiles *
qblk_opened_files_new(gint64 pid)
{
    QblkOpenedFiles *opened = new_list(pid);
    if (pid == 0) {
        opened->unknown = g_strdup("the process that serves the monitor is not known; on its "
                                   "machine, use its unix socket");
        return opened;
    }

    g_autofree char *path = proc_path(pid, "fd");
    DIR *descriptors = opendir(path);
    if (descriptors == NULL) {
        const char *why = g_strerror(errno);
        g_autofree char *process = qblk_process_describe(pid);
        opened->unknown = g_strdup_printf("cannot list the open files of %s: %s", process, why);
        return opened;
    }

    read_process(opened, descriptors);
    closedir(descriptors);
    return opened;
}

/* ---- names ---- */

char *
qblk_opened_files_absolute(const QblkOpenedFiles *opened, const char *name)
{
    if (g_path_is_absolute(name)) {
        return g_strdup(name);
    }
    while (g_str_has_prefix(name, "./")) {
        name += strlen("./");
    }
    return opened->directory == NULL ? NULL : g_build_filename(opened->directory, name, NULL);
}

char *
qblk_opened_files_below(const char *path, const char *backing_name)
{
    g_autofree char *directory = g_path_get_dirname(path);
    return g_path_is_absolute(backing_name) ? g_strdup(backing_name)
                                            : g_build_filename(directory, backing_name, NULL);
}

/* Like stat(), with @root as the root: links with absolute targets stay below it. */
static gboolean
stat_below(const char *root, const char *path, struct stat *status)
{
    int fd = qblk_open_below(root, path, O_PATH);
    if (fd < 0) {
        return FALSE;
    }

    gboolean done = fstat(fd, status) == 0;
    close(fd);
    return done;
}

static gboolean
stat_name(const QblkOpenedFiles *opened, const char *name, struct stat *status)
{
    g_autofree char *path = qblk_opened_files_absolute(opened, name);
    if (path == NULL) {
        return FALSE;
    }
    if (opened->is_same_root) {
        return stat(path, status) == 0;
    }

    g_autofree char *root = proc_path(opened->pid, "root");
    return stat_below(root, path, status);
}

void
qblk_opened_files_set_name(QblkOpenedFiles *opened, const char *name, const QblkFileIdentity *file)
{
    QblkFileIdentity *copy = g_new(QblkFileIdentity, 1);
    *copy = *file;
    g_hash_table_insert(opened->names, g_strdup(name), copy);
}

QblkFileIdentity
qblk_opened_files_look_up(QblkOpenedFiles *opened, const char *name)
{
    const QblkFileIdentity *known = g_hash_table_lookup(opened->names, name);
    struct stat status;
    if (known != NULL) {
        return *known;
    }

    QblkFileIdentity file = {0};
    if (opened->pid != 0 && stat_name(opened, name, &status)) {
        file = qblk_file_identity(&status);
    }
    qblk_opened_files_set_name(opened, name, &file);
    return file;
}

static gboolean
leads_here(const char *path, const QblkFileIdentity *file)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return FALSE;
    }
    const QblkFileIdentity found = qblk_file_identity(&status);
    return qblk_file_identity_is_same(&found, file);
}

char *
qblk_opened_files_here(QblkOpenedFiles *opened, const char *path, const QblkFileIdentity *file)
{
    if (opened->is_same_root) {
        const QblkFileIdentity found = qblk_opened_files_look_up(opened, path);
        return qblk_file_identity_is_same(&found, file) ? g_strdup(path) : NULL;
    }
    if (leads_here(path, file)) {
        return g_strdup(path);
    }

    g_autofree char *through =
        g_strdup_printf("/proc/%" G_GINT64_FORMAT "/root%s", opened->pid, path);
    return leads_here(through, file) ? g_steal_pointer(&through) : NULL;
}

/* ---- headers ---- */

/* The magic may also be what a guest has written to a raw image; its node has another format. */
static QblkImageHeader *
parse_header(QblkOpenedFile *file, const guint8 *bytes, gsize length)
{
    file->format = qblk_image_header_format(bytes, length);
    if (file->format == NULL || !qblk_image_header_has_backing(file->format)) {
        file->format = NULL;
        return NULL;
    }
    return qblk_image_header_read(file->format, bytes, length, NULL);
}

/* Returns: how many bytes were read of @file, which is at @path; the process may have closed it. */
static gsize
read_start(const QblkOpenedFile *file, const char *path, guint8 *bytes, gsize most)
{
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    gssize length = 0;
    if (descriptor < 0) {
        return 0;
    }

    if (fstat(descriptor, &status) == 0) {
        const QblkFileIdentity found = qblk_file_identity(&status);
        gboolean is_same = qblk_file_identity_is_same(&found, &file->file);
        length = is_same ? pread(descriptor, bytes, most, 0) : 0;
    }
    close(descriptor);
    return length < 0 ? 0 : (gsize)length;
}

/* The name is usually at the start of the image: not all of the header is read at first, because a
 * machine may have hundreds of images open. */
static QblkImageHeader *
read_header(const QblkOpenedFiles *opened, QblkOpenedFile *file)
{
    guint8 bytes[START_BYTES];
    g_autofree char *name = g_strdup_printf("fd/%d", file->descriptor);
    g_autofree char *path = proc_path(opened->pid, name);
    gsize length = read_start(file, path, bytes, sizeof(bytes));

    QblkImageHeader *header = parse_header(file, bytes, length);
    if (header != NULL || file->format == NULL) {
        return header;
    }
    g_autoptr(QblkImageFile) image = qblk_image_file_read(path, NULL);
    return image == NULL ? NULL : parse_header(file, image->bytes, image->length);
}

void
qblk_opened_files_read_headers(QblkOpenedFiles *opened)
{
    if (opened->has_headers || opened->pid == 0) {
        return;
    }

    opened->has_headers = TRUE;
    for (guint i = 0; i < opened->files->len; i++) {
        QblkOpenedFile *file = opened->files->pdata[i];
        if (file->is_character_device) {
            continue; /* to open it may change its state */
        }
        g_autoptr(QblkImageHeader) header = read_header(opened, file);
        if (header != NULL && header->backing_name != NULL) {
            file->backing_name = qblk_redact_name(header->backing_name, NULL);
            g_autofree char *path = qblk_opened_files_below(file->path, header->backing_name);
            file->below = qblk_opened_files_look_up(opened, path);
        }
    }
}
