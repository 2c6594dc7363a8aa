/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/alias.h"

#include <string.h>

/* Larger numbers do not belong to a disk; products of smaller ones do not overflow. */
#define LARGEST_NUMBER 100000

static gboolean
is_letters(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyz")] == '\0';
}

static gboolean
is_nvme_name(const char *name)
{
    static const char digits[] = "0123456789";
    if (!g_str_has_prefix(name, "nvme")) {
        return FALSE;
    }

    const char *controller = name + strlen("nvme");
    gsize length = strspn(controller, digits);
    if (length == 0 || controller[length] != 'n') {
        return FALSE;
    }

    const char *namespace = controller + length + 1;
    return namespace[0] != '\0' && namespace[strspn(namespace, digits)] == '\0';
}

gboolean
qblk_alias_is_target(const char *name)
{
    static const char *const prefixes[] = {"vd", "sd", "hd", "fd", "xvd", "ubd"};
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        gsize length = strlen(prefixes[i]);
        if (strncmp(name, prefixes[i], length) == 0 && is_letters(name + length)) {
            return TRUE;
        }
    }
    return is_nvme_name(name);
}

char *
qblk_alias_target(const char *prefix, guint64 number)
{
    GString *name = g_string_new(prefix);
    gsize start = name->len;
    /* Letters are digits of base 26 without a zero: after z comes aa. */
    for (guint64 rest = number + 1; rest > 0; rest = (rest - 1) / 26) {
        g_string_insert_c(name, (gssize)start, (char)('a' + (rest - 1) % 26));
    }
    return g_string_free(name, FALSE);
}

/* Parse exactly @count decimal numbers that are separated by '-'. */
static gboolean
parse_numbers(const char *text, guint64 *numbers, guint count)
{
    g_auto(GStrv) parts = g_strsplit(text, "-", -1);
    if (g_strv_length(parts) != count) {
        return FALSE;
    }
    for (guint i = 0; i < count; i++) {
        if (!g_ascii_string_to_unsigned(parts[i], 10, 0, LARGEST_NUMBER, &numbers[i], NULL)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Each function returns the number of the target name, or -1 if libvirt does not derive this
 * address from a name. */

static gint64
number_of_counted(const guint64 *n)
{
    return (gint64)n[0];
}

static gint64
number_of_scsi(const guint64 *n)
{
    guint64 unit = n[3];
    if (n[1] != 0 || n[2] != 0 || unit == 7 || unit > 15) {
        return -1;
    }
    return (gint64)(n[0] * 15 + (unit > 7 ? unit - 1 : unit));
}

/* A disk on an LSI Logic controller: its alias has no target. */
static gint64
number_of_lsilogic(const guint64 *n)
{
    const guint64 full[] = {n[0], n[1], 0, n[2]};
    return number_of_scsi(full);
}

static gint64
number_of_sata(const guint64 *n)
{
    return n[1] != 0 || n[2] > 5 ? -1 : (gint64)(n[0] * 6 + n[2]);
}

static gint64
number_of_ide(const guint64 *n)
{
    return n[1] > 1 || n[2] > 1 ? -1 : (gint64)(n[0] * 4 + n[1] * 2 + n[2]);
}

static gint64
number_of_floppy(const guint64 *n)
{
    return n[1] != 0 || n[2] > 1 ? -1 : (gint64)(n[0] * 2 + n[2]);
}

static const struct {
    const char *prefix;
    guint count;
    gint64 (*number)(const guint64 *numbers);
    const char *target;
    const char *bus;
} aliases[] = {
    {"virtio-disk", 1, number_of_counted, "vd", "virtio"},
    {"usb-disk", 1, number_of_counted, "sd", "usb"},
    {"scsi", 4, number_of_scsi, "sd", "scsi"},
    {"scsi", 3, number_of_lsilogic, "sd", "scsi"},
    {"sata", 3, number_of_sata, "sd", "sata"},
    {"ide", 3, number_of_ide, "hd", "ide"},
    {"fdc", 3, number_of_floppy, "fd", "fdc"},
};

char *
qblk_alias_to_target(const char *alias, const char **bus)
{
    for (gsize i = 0; i < G_N_ELEMENTS(aliases); i++) {
        guint64 numbers[4];
        if (!g_str_has_prefix(alias, aliases[i].prefix) ||
            !parse_numbers(alias + strlen(aliases[i].prefix), numbers, aliases[i].count)) {
            continue;
        }

        gint64 number = aliases[i].number(numbers);
        if (number < 0) {
            return NULL;
        }
        *bus = aliases[i].bus;
        return qblk_alias_target(aliases[i].target, (guint64)number);
    }
    return NULL;
}
