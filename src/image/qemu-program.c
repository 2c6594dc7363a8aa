/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/qemu-program.h"

#include "image/process.h"

#include <string.h>

static const char *
last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static QblkQemuProgram
look_up(const char *argument)
{
    static const struct {
        const char *name;
        gboolean is_prefix;
        QblkQemuProgram program;
    } rows[] = {
        {"qemu-system-", TRUE, QBLK_QEMU_PROGRAM_SYSTEM},
        {"qemu-kvm", FALSE, QBLK_QEMU_PROGRAM_SYSTEM}, /* of Red Hat */
        {"kvm", FALSE, QBLK_QEMU_PROGRAM_SYSTEM},      /* of Debian and Proxmox VE */
        {"qemu-storage-daemon", FALSE, QBLK_QEMU_PROGRAM_STORAGE_DAEMON},
    };
    const char *name = last_part(argument);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gboolean matches = rows[i].is_prefix ? g_str_has_prefix(name, rows[i].name)
                                             : g_str_equal(name, rows[i].name);
        if (matches) {
            return rows[i].program;
        }
    }
    return QBLK_QEMU_PROGRAM_NONE;
}

/* "ld-linux-x86-64.so.2", "ld-2.31.so", "ld64.so.2", "ld-musl-x86_64.so.1" */
static gboolean
is_loader(const char *argument)
{
    const char *name = last_part(argument);
    return g_str_has_prefix(name, "ld") && strstr(name, ".so") != NULL;
}

guint
qblk_qemu_program_skip_loader(char *const *arguments)
{
    static const char *const with_value[] = {
        "library-path",         "preload",           "audit", "argv0", "inhibit-rpath",
        "glibc-hwcaps-prepend", "glibc-hwcaps-mask", NULL,
    };
    if (arguments[0] == NULL || !is_loader(arguments[0])) {
        return 0;
    }

    guint i = 1;
    while (arguments[i] != NULL && g_str_has_prefix(arguments[i], "--")) {
        gboolean has_value = g_strv_contains(with_value, arguments[i] + strlen("--"));
        i += has_value && arguments[i + 1] != NULL ? 2 : 1;
    }
    return i;
}

QblkQemuProgram
qblk_qemu_program_find(char *const *arguments, const char **program, guint *options)
{
    guint i = qblk_qemu_program_skip_loader(arguments);
    QblkQemuProgram found = arguments[i] == NULL ? QBLK_QEMU_PROGRAM_NONE : look_up(arguments[i]);
    if (found != QBLK_QEMU_PROGRAM_NONE) {
        *program = arguments[i];
        *options = i + 1;
    }
    return found;
}

gboolean
qblk_qemu_program_runs(gint64 pid)
{
    g_auto(GStrv) arguments = qblk_process_arguments(pid);
    const char *program = NULL;
    guint options = 0;

    return arguments != NULL &&
           qblk_qemu_program_find(arguments, &program, &options) != QBLK_QEMU_PROGRAM_NONE;
}
