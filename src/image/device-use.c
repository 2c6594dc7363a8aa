/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/device-use.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

const QblkDeviceFiles qblk_device_files = {
    .sysfs = "/sys/dev/block",
    .mounts = "/proc/self/mountinfo",
    .swaps = "/proc/swaps",
};

void
qblk_device_use_free(QblkDeviceUse *use)
{
    if (use == NULL) {
        return;
    }
    g_free(use->device);
    g_free(use->by);
    g_ptr_array_unref(use->parts);
    g_free(use);
}

/* Note the first use that is found. */
static void
set_use(QblkDeviceUse *use, QblkDeviceUseKind kind, const char *device, const char *by)
{
    if (use->kind == QBLK_DEVICE_FREE) {
        use->kind = kind;
        use->device = g_strdup(device);
        use->by = g_strdup(by);
    }
}

/* ---- mounts and swap ---- */

/* The name of a device in a table of the kernel, with its symbolic links resolved. */
static char *
resolve(const char *escaped)
{
    g_autofree char *name = g_strcompress(escaped); /* "\040" is a space */
    char *path = realpath(name, NULL);
    return path == NULL ? g_steal_pointer(&name) : path;
}

/* btrfs and others mount a number of their own: then the source names the device. */
static gboolean
is_mount_of(char **fields, const QblkDeviceNode *device)
{
    g_autofree char *number = g_strdup_printf("%u:%u", device->major, device->minor);
    if (g_str_equal(fields[2], number)) {
        return TRUE;
    }

    for (guint i = 6; fields[i] != NULL; i++) { /* optional fields, "-", type, source */
        if (g_str_equal(fields[i], "-") && fields[i + 1] != NULL && fields[i + 2] != NULL) {
            g_autofree char *source = resolve(fields[i + 2]);
            return g_str_equal(source, device->name);
        }
    }
    return FALSE;
}

static void
find_mount(const char *mounts, const QblkDeviceNode *device, QblkDeviceUse *use)
{
    g_auto(GStrv) lines = g_strsplit(mounts, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], " ", -1);
        if (g_strv_length(fields) > 6 && is_mount_of(fields, device)) {
            g_autofree char *place = g_strcompress(fields[4]);
            set_use(use, QBLK_DEVICE_MOUNTED, device->name, place);
            return;
        }
    }
}

static void
find_swap(const char *swaps, const char *path, QblkDeviceUse *use)
{
    g_auto(GStrv) lines = g_strsplit(swaps, "\n", -1);
    g_autofree char *wanted = resolve(path);

    for (guint i = 0; lines[i] != NULL; i++) {
        lines[i][strcspn(lines[i], " \t")] = '\0';
        g_autofree char *name = resolve(lines[i]);
        if (g_str_equal(name, wanted)) {
            set_use(use, QBLK_DEVICE_SWAP, path, NULL);
            return;
        }
    }
}

/* ---- block devices ---- */

typedef struct {
    char *mounts, *swaps;
} Tables;

static void
find_use_of(const Tables *tables, const QblkDeviceNode *device, QblkDeviceUse *use)
{
    if (tables->mounts != NULL) {
        find_mount(tables->mounts, device, use);
    }
    if (tables->swaps != NULL) {
        find_swap(tables->swaps, device->name, use);
    }

    g_autofree char *holder = qblk_device_tree_holder(device);
    if (holder != NULL) {
        set_use(use, QBLK_DEVICE_HELD, device->name, holder);
    }
}

/* Such an open file has no effect but that others cannot open the device exclusively meanwhile. */
static void
find_exclusive(const char *path, QblkDeviceUse *use)
{
    int descriptor = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor >= 0) {
        close(descriptor);
    } else if (errno == EBUSY) {
        set_use(use, QBLK_DEVICE_EXCLUSIVE, path, NULL);
    }
}

static void
examine_device(const QblkDeviceFiles *files, const Tables *tables, const char *path,
               const struct stat *status, QblkDeviceUse *use)
{
    guint major_number = major(status->st_rdev), minor_number = minor(status->st_rdev);
    g_autoptr(QblkDeviceNode) device =
        qblk_device_tree_find(files->sysfs, major_number, minor_number);
    if (device != NULL) {
        g_autoptr(GPtrArray) family = qblk_device_tree_family(files->sysfs, device);
        for (guint i = 0; i < family->len; i++) {
            find_use_of(tables, family->pdata[i], use);
        }
        use->size = qblk_device_tree_size(device);
        use->is_read_only = qblk_device_tree_is_read_only(device);
        qblk_device_tree_add_parts(files->sysfs, device, use->parts);
    }
    find_exclusive(path, use);
}

/* ---- */

static void
part_free(QblkDevicePart *part)
{
    g_free(part->name);
    g_free(part);
}

static char *
read_table(const char *path)
{
    char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

QblkDeviceUse *
qblk_device_use_find(const QblkDeviceFiles *files, const char *path, const struct stat *status)
{
    QblkDeviceUse *use = g_new0(QblkDeviceUse, 1);
    use->size = -1;
    use->parts = g_ptr_array_new_with_free_func((GDestroyNotify)part_free);

    g_autofree char *mounts = read_table(files->mounts);
    g_autofree char *swaps = read_table(files->swaps);
    const Tables tables = {.mounts = mounts, .swaps = swaps};
    const QblkFileIdentity file = qblk_file_identity(status);
    g_autofree char *loop = qblk_device_tree_loop_of(files->sysfs, &file);
    if (loop != NULL) {
        set_use(use, QBLK_DEVICE_LOOP, path, loop);
    }

    if (S_ISBLK(status->st_mode)) {
        examine_device(files, &tables, path, status, use);
    } else if (swaps != NULL) {
        find_swap(swaps, path, use);
    }
    return use;
}
