/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/foreign.h"

#include "base/redact.h"

#include <qblk/error.h>
#include <string.h>

#define MAX_BYTES 64
#define REMEDY    ": use the socket of QEMU's option -qmp"

/* What programs send first. */
static const struct {
    const char *start;
    const char *part; /* of the first line, or NULL: any */
    const char *name;
} peers[] = {
    {"RFB ", NULL, "a VNC server"},   {"NBDMAGIC", NULL, "an NBD server"},
    {"SSH-", NULL, "an SSH server"},  {"HTTP/", NULL, "an HTTP server"},
    {"REDQ", NULL, "a SPICE server"}, {"LIBVIRTD", NULL, "libvirt"},
};

/* QEMU 5.2 to 11.1: "QEMU 7.2.22 monitor - type 'help' for more information" */
static gboolean
is_human_monitor(const GString *text)
{
    return g_str_has_prefix(text->str, "QEMU ") && strstr(text->str, " monitor - ") != NULL;
}

static const char *
find_name(const GString *text)
{
    for (gsize i = 0; i < G_N_ELEMENTS(peers); i++) {
        if (g_str_has_prefix(text->str, peers[i].start)) {
            return peers[i].name;
        }
    }
    return NULL;
}

static gsize
count_printable(const GString *text)
{
    gsize i = 0;
    while (i < text->len && g_ascii_isprint(text->str[i])) {
        i++;
    }
    return i;
}

gboolean
qblk_foreign_is_enough(const GString *text)
{
    return text->len >= MAX_BYTES || count_printable(text) < text->len || is_human_monitor(text) ||
           find_name(text) != NULL;
}

GError *
qblk_foreign_error(const GString *text)
{
    const char *name = find_name(text);
    gsize printable = MIN(count_printable(text), MAX_BYTES);
    g_autofree char *line = g_strndup(text->str, printable);
    g_autofree char *clean = qblk_redact_text(line);

    if (is_human_monitor(text)) {
        return g_error_new(QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                           "not a QMP monitor, but a monitor for people (HMP): start QEMU with "
                           "-qmp unix:PATH,server=on,wait=off as well, and use that socket");
    }
    if (name != NULL) {
        return g_error_new(QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                           "not a QMP monitor, but %s" REMEDY, name);
    }
    if (printable == 0) {
        return g_error_new(QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                           "not a QMP monitor: it sends the byte 0x%02x" REMEDY,
                           (guchar)text->str[0]);
    }
    return g_error_new(QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                       "not a QMP monitor: it sends '%s'" REMEDY, clean);
}
