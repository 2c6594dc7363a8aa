/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/source.h"

#include "base/enum.h"

#include <string.h>

static const char *const type_names[] = {
    [QBLK_SOURCE_FILE] = "file",
    [QBLK_SOURCE_BLOCK] = "block",
};

/* One row a protocol: what QEMU calls it and what its name becomes. */
static const struct {
    const char *driver;
    QblkSourceType type;
} protocols[] = {
    {"file", QBLK_SOURCE_FILE},
    {"host_device", QBLK_SOURCE_BLOCK},
    {"host_cdrom", QBLK_SOURCE_BLOCK},
};

const char *
qblk_source_type_name(QblkSourceType type)
{
    return qblk_enum_name(type_names, G_N_ELEMENTS(type_names), (int)type);
}

QblkSource *
qblk_source_decode(const char *driver, const char *filename, GError **error)
{
    if (g_str_has_prefix(filename, "json:")) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "the file name '%s' is in a form that is not understood", filename);
        return NULL;
    }
    if (strstr(filename, "\xef\xbf\xbd") != NULL) {
        g_set_error(
            error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
            "the file name '%s' is not the real one: it is not UTF-8 and QEMU cannot say it",
            filename);
        return NULL;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(protocols); i++) {
        if (g_str_equal(protocols[i].driver, driver)) {
            QblkSource *source = g_new0(QblkSource, 1);
            source->type = protocols[i].type;
            source->path = g_strdup(filename);
            return source;
        }
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                "a source on the protocol '%s' is not understood", driver);
    return NULL;
}

void
qblk_source_free(QblkSource *source)
{
    if (source == NULL) {
        return;
    }
    g_free(source->path);
    g_free(source);
}
