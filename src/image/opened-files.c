/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/opened-files.h"

#include "base/redact.h"
#include "image/image-file.h"
#include "image/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DELETED    " (deleted)"
#define MEMORY     "/memfd:" /* of memfd_create(): the memory of the guest */
#define BLOCK_SIZE 512       /* of st_blocks, see stat(2) */
#define PATH_BYTES 4096

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
                      const char *path, gboolean is_deleted)
{
    QblkOpenedFile *file = qblk_opened_files_find(opened, identity);
    if (file == NULL) {
        file = g_new0(QblkOpenedFile, 1);
        file->file = *identity;
        file->descriptor = descriptor;
        file->path = g_strdup(path);
        file->is_deleted = is_deleted;
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

/* Returns: (nullable): the target of the link @name in /proc/PID */
static char *
read_link(gint64 pid, const char *name)
{
    g_autofree char *path = proc_path(pid, name);
    char target[PATH_BYTES];
    ssize_t length = readlink(path, target, sizeof(target));

    if (length <= 0 || (gsize)length >= sizeof(target)) {
        return NULL;
    }
    return g_strndup(target, (gsize)length);
}

/* Images are read, or read and written.  The kernel writes the flags in octal, see proc(5). */
static gboolean
is_readable(gint64 pid, const char *number)
{
    g_autofree char *name = g_build_filename("fdinfo", number, NULL);
    g_autofree char *path = proc_path(pid, name);
    g_autofree char *text = NULL;
    guint64 flags = O_RDWR;
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return TRUE;
    }

    char *at = strstr(text, "flags:");
    if (at != NULL) {
        g_auto(GStrv) words = g_strsplit_set(g_strchug(at + strlen("flags:")), " \t\n", 2);
        (void)g_ascii_string_to_unsigned(words[0], 8, 0, G_MAXUINT32, &flags, NULL);
    }
    return (flags & O_ACCMODE) != O_WRONLY;
}

static void
add_descriptor(QblkOpenedFiles *opened, const char *number)
{
    g_autofree char *name = g_build_filename("fd", number, NULL);
    g_autofree char *path = proc_path(opened->pid, name);
    struct stat status;
    gint64 descriptor;
    if (!g_ascii_string_to_signed(number, 10, 0, G_MAXINT, &descriptor, NULL) ||
        stat(path, &status) != 0 || (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))) {
        return;
    }

    g_autofree char *link = read_link(opened->pid, name);
    if (link == NULL || g_str_has_prefix(link, MEMORY) || !is_readable(opened->pid, number)) {
        return;
    }

    gboolean is_deleted = status.st_nlink == 0 && g_str_has_suffix(link, DELETED);
    if (is_deleted) {
        link[strlen(link) - strlen(DELETED)] = '\0';
    }

    const QblkFileIdentity identity = qblk_file_identity(&status);
    QblkOpenedFile *file =
        qblk_opened_files_add(opened, &identity, (int)descriptor, link, is_deleted);
    file->allocated = (gint64)status.st_blocks * BLOCK_SIZE;
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
    while ((entry = readdir(descriptors)) != NULL) {
        if (entry->d_name[0] != '.') {
            add_descriptor(opened, entry->d_name);
        }
    }
    opened->is_same_root = has_same_root(opened->pid);
    opened->directory = read_link(opened->pid, "cwd");
}

QblkOpenedFiles *
qblk_opened_files_new(gint64 pid)
{
    QblkOpenedFiles *opened = new_list(pid);
    if (pid == 0) {
        opened->unknown = g_strdup("the process that serves the monitor is not on this machine");
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
    return opened->directory == NULL ? NULL : g_build_filename(opened->directory, name, NULL);
}

/* Like stat(), with @root as the root: links with absolute targets stay below it. */
static gboolean
stat_below(const char *root, const char *path, struct stat *status)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) {
        return FALSE;
    }

    long fd = syscall(SYS_openat2, at, path, &how, sizeof(how));
    close(at);
    if (fd < 0) {
        return FALSE;
    }

    gboolean done = fstat((int)fd, status) == 0;
    close((int)fd);
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

char *
qblk_opened_files_here(const QblkOpenedFiles *opened, const char *path,
                       const QblkFileIdentity *file)
{
    g_autofree char *through =
        g_strdup_printf("/proc/%" G_GINT64_FORMAT "/root%s", opened->pid, path);
    const char *candidates[] = {path, through};

    for (gsize i = 0; i < G_N_ELEMENTS(candidates); i++) {
        struct stat status;
        if (stat(candidates[i], &status) != 0) {
            continue;
        }
        const QblkFileIdentity found = qblk_file_identity(&status);
        if (qblk_file_identity_is_same(&found, file)) {
            return g_strdup(candidates[i]);
        }
    }
    return NULL;
}

/* ---- headers ---- */

/* The magic may also be what a guest has written to a raw image; its node has another format. */
static QblkImageHeader *
read_header(const QblkOpenedFiles *opened, const QblkOpenedFile *file, const char **format)
{
    g_autofree char *name = g_strdup_printf("fd/%d", file->descriptor);
    g_autofree char *path = proc_path(opened->pid, name);
    g_autoptr(QblkImageFile) image = qblk_image_file_read(path, NULL);
    if (image == NULL) {
        return NULL;
    }

    *format = qblk_image_header_format(image->bytes, image->length);
    if (*format == NULL || !qblk_image_header_has_backing(*format)) {
        return NULL;
    }
    return qblk_image_header_read(*format, image->bytes, image->length, NULL);
}

/* A relative name is relative to the directory of the image. */
static QblkFileIdentity
look_up_backing(QblkOpenedFiles *opened, const QblkOpenedFile *file, const char *name)
{
    g_autofree char *directory = g_path_get_dirname(file->path);
    g_autofree char *path =
        g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(directory, name, NULL);
    return qblk_opened_files_look_up(opened, path);
}

void
qblk_opened_files_read_headers(QblkOpenedFiles *opened)
{
    if (opened->has_headers) {
        return;
    }

    opened->has_headers = TRUE;
    for (guint i = 0; i < opened->files->len; i++) {
        QblkOpenedFile *file = opened->files->pdata[i];
        const char *format = NULL;
        g_autoptr(QblkImageHeader) header = read_header(opened, file, &format);
        if (header == NULL) {
            continue;
        }

        file->format = format;
        if (header->backing_name != NULL) {
            file->backing_name = qblk_redact_name(header->backing_name, NULL);
            file->below = look_up_backing(opened, file, header->backing_name);
        }
    }
}
