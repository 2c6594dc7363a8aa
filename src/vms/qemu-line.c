/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/qemu-line.h"

#include "base/limits.h"
#include "vms/keyval.h"

#include <string.h>

/* ---- one option with keys ---- */

static char *
copy_name(const char *text)
{
    return g_strndup(text, QBLK_LIMIT_VM_NAME_BYTES);
}

static void
set_name(char **name, const char *value)
{
    if (value != NULL) {
        g_free(*name);
        *name = copy_name(value);
    }
}

static void
add_chardev(QblkQemuLine *line, GHashTable *keyval)
{
    const char *id = qblk_keyval_get(keyval, "id");
    const char *backend = qblk_keyval_get(keyval, "backend");

    if (id != NULL && backend != NULL) {
        g_hash_table_insert(line->chardevs, g_strdup(id), qblk_qemu_chardev_new(backend, keyval));
    }
}

static QblkQemuMonitor *
add_monitor(QblkQemuLine *line, gboolean is_qmp)
{
    QblkQemuMonitor *monitor = g_new0(QblkQemuMonitor, 1);
    monitor->is_qmp = is_qmp;
    g_ptr_array_add(line->monitors, monitor);
    return monitor;
}

static void
add_mon(QblkQemuLine *line, GHashTable *keyval)
{
    const char *chardev = qblk_keyval_get(keyval, "chardev");
    const char *mode = qblk_keyval_get(keyval, "mode");
    gboolean is_daemon = line->kind == QBLK_QEMU_PROGRAM_STORAGE_DAEMON;
    gboolean is_full = line->monitors->len >= QBLK_LIMIT_MONITORS;

    if (chardev != NULL && !is_full) {
        gboolean is_qmp = mode == NULL ? is_daemon : g_str_equal(mode, "control");
        add_monitor(line, is_qmp)->chardev = g_strdup(chardev);
    }
}

static void
add_short_monitor(QblkQemuLine *line, gboolean is_qmp, const char *text)
{
    if (line->monitors->len >= QBLK_LIMIT_MONITORS || g_str_equal(text, "none")) {
        return;
    }

    QblkQemuMonitor *monitor = add_monitor(line, is_qmp);
    if (g_str_has_prefix(text, "chardev:")) {
        monitor->chardev = g_strdup(text + strlen("chardev:"));
    } else {
        monitor->own = qblk_qemu_chardev_parse(text);
    }
}

static void
read_name(QblkQemuLine *line, GHashTable *keyval)
{
    set_name(&line->name, qblk_keyval_get(keyval, "guest"));
}

static void
read_smbios(QblkQemuLine *line, GHashTable *keyval)
{
    if (line->uuid == NULL && g_strcmp0(qblk_keyval_get(keyval, "type"), "1") == 0) {
        set_name(&line->uuid, qblk_keyval_get(keyval, "uuid"));
    }
}

/* A disk with a node or a drive, or one of a vhost-user server. */
static void
count_device(QblkQemuLine *line, GHashTable *keyval)
{
    const char *driver = qblk_keyval_get(keyval, "driver");

    if (qblk_keyval_get(keyval, "drive") != NULL ||
        (driver != NULL && g_str_has_prefix(driver, "vhost-user-blk"))) {
        line->n_disks++;
    }
}

/* That of if=none is counted with its device; flash memory is no disk. */
static void
count_drive(QblkQemuLine *line, GHashTable *keyval)
{
    const char *interface = qblk_keyval_get(keyval, "if");

    if (g_strcmp0(interface, "none") != 0 && g_strcmp0(interface, "pflash") != 0) {
        line->n_disks++;
    }
}

static const struct {
    const char *name;  /* of the option, and of a group of -readconfig */
    const char *first; /* the key of a first part without "=" */
    void (*read)(QblkQemuLine *line, GHashTable *keyval);
} keyed[] = {
    {"chardev", "backend", add_chardev}, {"mon", "chardev", add_mon},
    {"monitor", "chardev", add_mon}, /* of the storage daemon */
    {"name", "guest", read_name},        {"smbios", NULL, read_smbios},
    {"device", "driver", count_device},  {"drive", NULL, count_drive},
};

static void
read_keyed(QblkQemuLine *line, const char *name, const char *text)
{
    for (gsize i = 0; i < G_N_ELEMENTS(keyed); i++) {
        if (g_str_equal(name, keyed[i].name)) {
            g_autoptr(GHashTable) keyval = qblk_keyval_parse(text, keyed[i].first);
            keyed[i].read(line, keyval);
        }
    }
}

void
qblk_qemu_line_add_group(QblkQemuLine *line, const char *name, GHashTable *keyval)
{
    for (gsize i = 0; i < G_N_ELEMENTS(keyed); i++) {
        if (g_str_equal(name, keyed[i].name)) {
            keyed[i].read(line, keyval);
        }
    }
}

/* ---- the other options ---- */

static void
read_qmp(QblkQemuLine *line, const char *value)
{
    add_short_monitor(line, TRUE, value);
}

static void
read_monitor(QblkQemuLine *line, const char *value)
{
    add_short_monitor(line, FALSE, value);
}

static void
read_uuid(QblkQemuLine *line, const char *value)
{
    set_name(&line->uuid, value);
}

static void
read_id(QblkQemuLine *line, const char *value)
{
    set_name(&line->id, value);
}

static void
read_config(QblkQemuLine *line, const char *value)
{
    if (line->configs->len < QBLK_LIMIT_MONITORS) {
        g_ptr_array_add(line->configs, g_strdup(value));
    }
}

static void
count_disk(QblkQemuLine *line, const char *value)
{
    line->n_disks++;
}

static const struct {
    const char *name;
    void (*read)(QblkQemuLine *line, const char *value);
} plain[] = {
    {"qmp", read_qmp},   {"qmp-pretty", read_qmp}, {"monitor", read_monitor},
    {"uuid", read_uuid}, {"id", read_id},          {"readconfig", read_config},
    {"hda", count_disk}, {"hdb", count_disk},      {"hdc", count_disk},
    {"hdd", count_disk}, {"cdrom", count_disk},    {"fda", count_disk},
    {"fdb", count_disk}, {"sd", count_disk},       {"mtdblock", count_disk},
};

/* The options that have no value, of QEMU 5.2 to 11.1 and some older ones. */
static gboolean
has_value(const char *name)
{
    static const char *const without[] = {
        "S",
        "alt-grab",
        "async-teardown",
        "audio-help",
        "ctrl-grab",
        "curses",
        "daemonize",
        "enable-fips",
        "enable-hax",
        "enable-kvm",
        "enable-sync-profile",
        "full-screen",
        "h",
        "help",
        "jitdump",
        "localtime",
        "mem-prealloc",
        "no-acpi",
        "no-fd-bootchk",
        "no-frame",
        "no-hpet",
        "no-kvm",
        "no-kvm-irqchip",
        "no-kvm-pit",
        "no-kvm-pit-reinjection",
        "no-quit",
        "no-reboot",
        "no-shutdown",
        "no-user-config",
        "nodefaults",
        "nodefconfig",
        "nographic",
        "nouserconfig",
        "old-param",
        "one-insn-per-tb",
        "only-migratable",
        "perfmap",
        "portrait",
        "preconfig",
        "rtc-td-hack",
        "s",
        "sdl",
        "semihosting",
        "show-cursor",
        "singlestep",
        "snapshot",
        "tdf",
        "usb",
        "version",
        "win2k-hack",
        "xen-attach",
        "xen-domid-restrict",
        NULL,
    };
    return !g_strv_contains(without, name);
}

static void
read_system_option(QblkQemuLine *line, const char *name, const char *value)
{
    for (gsize i = 0; i < G_N_ELEMENTS(plain); i++) {
        if (g_str_equal(name, plain[i].name)) {
            plain[i].read(line, value);
            return;
        }
    }
    read_keyed(line, name, value);
}

static const char *
skip_dashes(const char *argument)
{
    return g_str_has_prefix(argument, "--") ? argument + 2 : argument + 1;
}

static void
read_system(QblkQemuLine *line, char *const *arguments)
{
    for (guint i = 0; arguments[i] != NULL; i++) {
        if (arguments[i][0] != '-') {
            line->n_disks++; /* the image of the first disk */
            continue;
        }

        const char *name = skip_dashes(arguments[i]);
        if (has_value(name) && arguments[i + 1] != NULL) {
            i++;
            read_system_option(line, name, arguments[i]);
        }
    }
}

/* The options of the storage daemon are those of getopt_long(): "--chardev X", "--chardev=X". */
static void
read_storage_daemon(QblkQemuLine *line, char *const *arguments)
{
    for (guint i = 0; arguments[i] != NULL; i++) {
        const char *equals = strchr(arguments[i], '=');
        if (!g_str_has_prefix(arguments[i], "--")) {
            continue;
        }

        if (equals != NULL) {
            g_autofree char *name = g_strndup(arguments[i] + 2, (gsize)(equals - arguments[i]) - 2);
            read_keyed(line, name, equals + 1);
        } else if (arguments[i + 1] != NULL && arguments[i + 1][0] != '-') {
            i++;
            read_keyed(line, arguments[i - 1] + 2, arguments[i]);
        }
    }
}

/* ---- the line ---- */

static void
monitor_free(gpointer data)
{
    QblkQemuMonitor *monitor = data;

    g_free(monitor->chardev);
    g_clear_pointer(&monitor->own, qblk_qemu_chardev_free);
    g_free(monitor);
}

QblkQemuLine *
qblk_qemu_line_new(char *const *arguments)
{
    const char *program = NULL;
    guint options = 0;
    QblkQemuProgram kind = qblk_qemu_program_find(arguments, &program, &options);
    if (kind == QBLK_QEMU_PROGRAM_NONE) {
        return NULL;
    }

    QblkQemuLine *line = g_new0(QblkQemuLine, 1);
    line->kind = kind;
    line->program = copy_name(program);
    line->configs = g_ptr_array_new_with_free_func(g_free);
    line->monitors = g_ptr_array_new_with_free_func(monitor_free);
    line->chardevs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                           (GDestroyNotify)qblk_qemu_chardev_free);
    if (kind == QBLK_QEMU_PROGRAM_SYSTEM) {
        read_system(line, arguments + options);
    } else {
        read_storage_daemon(line, arguments + options);
    }
    return line;
}

void
qblk_qemu_line_free(QblkQemuLine *line)
{
    if (line == NULL) {
        return;
    }

    g_free(line->program);
    g_free(line->name);
    g_free(line->uuid);
    g_free(line->id);
    g_ptr_array_unref(line->configs);
    g_ptr_array_unref(line->monitors);
    g_hash_table_unref(line->chardevs);
    g_free(line);
}

const QblkQemuChardev *
qblk_qemu_line_find_chardev(const QblkQemuLine *line, const QblkQemuMonitor *monitor)
{
    return monitor->chardev == NULL ? monitor->own
                                    : g_hash_table_lookup(line->chardevs, monitor->chardev);
}
