/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-dropped.h"

#include "base/redact.h"
#include "source/source-url.h"

#include <string.h>

/* TRUE if the option is about how the bytes are accessed, and not which bytes they are. */
static gboolean
is_about_access(const char *key)
{
    static const char *const names[] = {
        "aio",
        "aio-max-batch",
        "auth-client-required",
        "auto-read-only",
        "cache",
        "cache-size",
        "check-cache-dropped",
        "debug",
        "detect-zeroes",
        "discard",
        "drop-cache",
        "force-share",
        "header-digest",
        "host-key-check",
        "host_key_check",
        "keep-alive",
        "l2-cache-size",
        "lazy-refcounts",
        "locking",
        "logfile",
        "node-name",
        "open-timeout",
        "overlap-check",
        "pass-discard-other",
        "pass-discard-request",
        "pass-discard-snapshot",
        "preallocation",
        "read-only",
        "reconnect-delay",
        "refcount-cache-size",
        "throttle-group",
        "x-check-cache-dropped",
    };
    g_auto(GStrv) parts = g_strsplit(key, ".", -1);

    for (guint i = 0; parts[i] != NULL; i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(names); j++) {
            if (g_str_equal(parts[i], names[j])) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

/* TRUE if an option with @value means the same as no option. */
static gboolean
is_unset(const char *value)
{
    return value[0] == '\0' || g_str_equal(value, "off");
}

/* Options that source-url.c adds, and what they stand for. */
static const struct {
    const char *option, *text;
} url_options[] = {
    {QBLK_SOURCE_URL_PASSWORD, "the password in the URL"},
    {QBLK_SOURCE_URL_QUERY_SECRET, "a secret in the query of the URL"},
    {"url-user", "the user in the URL"},
    {"unsent-query", "the query of the URL"},
    {"coded-slash", "an encoded slash in the path of the URL"},
};

/* Returns: (nullable): what to note for the option, NULL for nothing */
static char *
describe_option(const char *key, const char *value)
{
    const char *dot = strrchr(key, '.');
    const char *last = dot == NULL ? key : dot + 1;

    for (gsize i = 0; i < G_N_ELEMENTS(url_options); i++) {
        if (g_str_equal(url_options[i].option, last)) {
            return g_strdup(url_options[i].text);
        }
    }

    if (qblk_redact_is_secret(key)) {
        return g_strdup_printf("the secret '%s'", key);
    }
    if (is_about_access(key) || is_unset(value)) {
        return NULL;
    }
    return g_strdup_printf("the option '%s'", key);
}

void
qblk_source_dropped_note(QblkSourceOptions *options, QblkSource *source)
{
    g_autoptr(GPtrArray) keys = qblk_source_options_unused(options);

    for (guint i = 0; i < keys->len; i++) {
        const char *value = qblk_source_options_take(options, "", keys->pdata[i]);
        char *text = describe_option(keys->pdata[i], value);

        if (text != NULL) {
            g_ptr_array_add(source->dropped, text);
        }
    }
}
