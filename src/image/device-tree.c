/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/device-tree.h"

#include <string.h>
#include <sys/sysmacros.h>

#define SECTOR     512
#define MOST_BELOW 8 /* devices on top of each other */

char *
qblk_device_tree_attribute(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    char *value = NULL;
    if (!g_file_get_contents(path, &value, NULL, NULL)) {
        return NULL;
    }

    g_strstrip(value);
    if (*value == '\0') {
        g_clear_pointer(&value, g_free);
    }
    return value;
}

char *
qblk_device_tree_event(const char *directory, const char *key)
{
    g_autofree char *event = qblk_device_tree_attribute(directory, "uevent");
    g_auto(GStrv) lines = g_strsplit(event == NULL ? "" : event, "\n", -1);
    gsize length = strlen(key);

    for (guint i = 0; lines[i] != NULL; i++) {
        if (g_str_has_prefix(lines[i], key) && lines[i][length] == '=') {
            return g_strdup(lines[i] + length + 1);
        }
    }
    return NULL;
}

/* "/dev/sda1". */
static char *
read_name(const char *directory)
{
    g_autofree char *name = qblk_device_tree_event(directory, "DEVNAME");
    return name == NULL ? NULL : g_strconcat("/dev/", name, NULL);
}

QblkDeviceNode *
qblk_device_tree_find(const char *sysfs, guint major, guint minor)
{
    g_autofree char *directory = g_strdup_printf("%s/%u:%u", sysfs, major, minor);
    g_autofree char *name = read_name(directory);
    if (name == NULL) {
        return NULL;
    }

    QblkDeviceNode *device = g_new0(QblkDeviceNode, 1);
    device->directory = g_steal_pointer(&directory);
    device->name = g_steal_pointer(&name);
    device->major = major;
    device->minor = minor;
    return device;
}

void
qblk_device_node_free(QblkDeviceNode *device)
{
    if (device == NULL) {
        return;
    }
    g_free(device->directory);
    g_free(device->name);
    g_free(device);
}

/* The device with the number that @directory has in its attribute "dev". */
static QblkDeviceNode *
find_by_directory(const char *sysfs, const char *directory)
{
    g_autofree char *number = qblk_device_tree_attribute(directory, "dev");
    g_auto(GStrv) parts = g_strsplit(number == NULL ? "" : number, ":", 2);
    guint64 major_number, minor_number;

    if (g_strv_length(parts) != 2 ||
        !g_ascii_string_to_unsigned(parts[0], 10, 0, G_MAXUINT, &major_number, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 0, G_MAXUINT, &minor_number, NULL)) {
        return NULL;
    }
    return qblk_device_tree_find(sysfs, (guint)major_number, (guint)minor_number);
}

/* ---- partitions ---- */

static gboolean
is_partition(const char *directory)
{
    g_autofree char *number = qblk_device_tree_attribute(directory, "partition");
    return number != NULL;
}

static void
add_device(GPtrArray *devices, QblkDeviceNode *device)
{
    if (device != NULL) {
        g_ptr_array_add(devices, device);
    }
}

static void
add_partitions(const char *sysfs, const QblkDeviceNode *device, GPtrArray *devices)
{
    g_autoptr(GDir) entries = g_dir_open(device->directory, 0, NULL);
    const char *name = NULL;

    while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *directory = g_build_filename(device->directory, name, NULL);
        if (is_partition(directory)) {
            add_device(devices, find_by_directory(sysfs, directory));
        }
    }
}

/* Add the disk of a partition. */
static void
add_disk(const char *sysfs, const QblkDeviceNode *device, GPtrArray *devices)
{
    if (is_partition(device->directory)) {
        /* The directory is a link into that of the disk. */
        g_autofree char *disk = g_strconcat(device->directory, "/..", NULL);
        add_device(devices, find_by_directory(sysfs, disk));
    }
}

static int
compare_numbers(gconstpointer a, gconstpointer b)
{
    const QblkDeviceNode *x = *(const QblkDeviceNode *const *)a;
    const QblkDeviceNode *y = *(const QblkDeviceNode *const *)b;
    dev_t number_x = makedev(x->major, x->minor), number_y = makedev(y->major, y->minor);

    return (number_x > number_y) - (number_x < number_y);
}

GPtrArray *
qblk_device_tree_family(const char *sysfs, const QblkDeviceNode *device)
{
    g_autoptr(GPtrArray) family =
        g_ptr_array_new_with_free_func((GDestroyNotify)qblk_device_node_free);
    add_device(family, qblk_device_tree_find(sysfs, device->major, device->minor));
    add_partitions(sysfs, device, family);

    add_disk(sysfs, device, family);
    g_ptr_array_sort(family, compare_numbers); /* a directory has no order */
    return g_steal_pointer(&family);
}

/* ---- devices that are made of others ---- */

char *
qblk_device_tree_holder(const QblkDeviceNode *device)
{
    g_autofree char *holders = g_build_filename(device->directory, "holders", NULL);
    g_autoptr(GDir) entries = g_dir_open(holders, 0, NULL);
    const char *entry = entries == NULL ? NULL : g_dir_read_name(entries);
    if (entry == NULL) {
        return NULL;
    }

    g_autofree char *holder = g_build_filename(holders, entry, NULL);
    g_autofree char *mapped = qblk_device_tree_attribute(holder, "dm/name");
    return mapped != NULL ? g_strconcat("/dev/mapper/", mapped, NULL)
                          : g_strconcat("/dev/", entry, NULL);
}

static void
add_slaves(const char *sysfs, const QblkDeviceNode *device, GPtrArray *devices)
{
    g_autofree char *slaves = g_build_filename(device->directory, "slaves", NULL);
    g_autoptr(GDir) entries = g_dir_open(slaves, 0, NULL);
    const char *entry = NULL;

    while (entries != NULL && (entry = g_dir_read_name(entries)) != NULL) {
        g_autofree char *directory = g_build_filename(slaves, entry, NULL);
        add_device(devices, find_by_directory(sysfs, directory));
    }
}

/* ---- parts ---- */

static gboolean
has_part(const GPtrArray *parts, const QblkFileIdentity *file)
{
    for (guint i = 0; i < parts->len; i++) {
        const QblkDevicePart *part = parts->pdata[i];
        if (qblk_file_identity_is_same(&part->file, file)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Returns: TRUE if it is new */
static gboolean
add_part(GPtrArray *parts, const char *name, const QblkFileIdentity *file)
{
    if (has_part(parts, file)) {
        return FALSE;
    }
    QblkDevicePart *part = g_new0(QblkDevicePart, 1);
    part->name = g_strdup(name);
    part->file = *file;
    g_ptr_array_add(parts, part);
    return TRUE;
}

static void
add_loop_file(const QblkDeviceNode *device, GPtrArray *parts)
{
    g_autofree char *path = qblk_device_tree_attribute(device->directory, "loop/backing_file");
    struct stat status;

    if (path != NULL && stat(path, &status) == 0) {
        const QblkFileIdentity file = qblk_file_identity(&status);
        (void)add_part(parts, path, &file);
    }
}

static gboolean
add_device_part(GPtrArray *parts, const QblkDeviceNode *device)
{
    const QblkFileIdentity file = {.device = (gint64)makedev(device->major, device->minor)};
    return add_part(parts, device->name, &file);
}

/* Add what is below @device.  Other partitions of the same disk have no data of it. */
static void
add_below(const char *sysfs, const QblkDeviceNode *device, guint depth, GPtrArray *parts)
{
    g_autoptr(GPtrArray) below =
        g_ptr_array_new_with_free_func((GDestroyNotify)qblk_device_node_free);
    add_disk(sysfs, device, below);
    add_slaves(sysfs, device, below);
    add_loop_file(device, parts);

    for (guint i = 0; i < below->len; i++) {
        gboolean is_new = add_device_part(parts, below->pdata[i]);
        if (is_new && depth < MOST_BELOW) {
            add_below(sysfs, below->pdata[i], depth + 1, parts);
        }
    }
}

void
qblk_device_tree_add_parts(const char *sysfs, const QblkDeviceNode *device, GPtrArray *parts)
{
    g_autoptr(GPtrArray) family = qblk_device_tree_family(sysfs, device);
    for (guint i = 0; i < family->len; i++) {
        (void)add_device_part(parts, family->pdata[i]);
    }
    add_below(sysfs, device, 0, parts);
}

char *
qblk_device_tree_loop_of(const char *sysfs, const QblkFileIdentity *file)
{
    g_autoptr(GDir) devices = g_dir_open(sysfs, 0, NULL);
    const char *number = NULL;

    while (devices != NULL && (number = g_dir_read_name(devices)) != NULL) {
        g_autofree char *directory = g_build_filename(sysfs, number, NULL);
        g_autofree char *path = qblk_device_tree_attribute(directory, "loop/backing_file");
        struct stat status;
        if (path == NULL || stat(path, &status) != 0) {
            continue;
        }
        const QblkFileIdentity shown = qblk_file_identity(&status);
        if (qblk_file_identity_is_same(&shown, file)) {
            return read_name(directory);
        }
    }
    return NULL;
}

/* ---- attributes ---- */

gint64
qblk_device_tree_size(const QblkDeviceNode *device)
{
    g_autofree char *text = qblk_device_tree_attribute(device->directory, "size");
    gint64 sectors;

    if (text == NULL ||
        !g_ascii_string_to_signed(text, 10, 0, G_MAXINT64 / SECTOR, &sectors, NULL)) {
        return -1;
    }
    return sectors * SECTOR;
}

gboolean
qblk_device_tree_is_read_only(const QblkDeviceNode *device)
{
    g_autofree char *text = qblk_device_tree_attribute(device->directory, "ro");
    return g_strcmp0(text, "1") == 0;
}
