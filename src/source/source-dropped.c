/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-dropped.h"

#include "base/redact.h"
#include "source/source-url.h"

#include <string.h>

/* Options that say how the bytes are reached and not where they are. */
static gboolean
is_harmless(const char *key)
{
    static const char *const words[] = {
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
        for (gsize j = 0; j < G_N_ELEMENTS(words); j++) {
            if (g_str_equal(parts[i], words[j])) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

/* What is empty or off says no more than what is not there. */
static gboolean
says_nothing(const char *value)
{
    return value[0] == '\0' || g_str_equal(value, "off");
}

/* What options of ours stand for. */
static const struct {
    const char *option, *text;
} words[] = {
    {QBLK_SOURCE_URL_PASSWORD, "the password in the URL"},
    {QBLK_SOURCE_URL_QUERY_SECRET, "a secret in the query of the URL"},
    {"url-user", "the user in the URL"},
    {"unsent-query", "the query of the URL"},
    {"coded-slash", "that a slash in the path of the URL is a percent code"},
};

static char *
text_of(const char *key, const char *value)
{
    const char *dot = strrchr(key, '.');
    const char *last = dot == NULL ? key : dot + 1;
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_equal(words[i].option, last)) {
            return g_strdup(words[i].text);
        }
    }
    if (qblk_redact_is_secret(key)) {
        return g_strdup_printf("the secret '%s'", key);
    }
    return is_harmless(key) || says_nothing(value) ? NULL : g_strdup_printf("the option '%s'", key);
}

void
qblk_source_dropped_note(QblkSourceOptions *options, QblkSource *source)
{
    g_autoptr(GPtrArray) keys = qblk_source_options_unused(options);
    for (guint i = 0; i < keys->len; i++) {
        const char *value = qblk_source_options_take(options, "", keys->pdata[i]);
        char *text = text_of(keys->pdata[i], value);
        if (text != NULL) {
            g_ptr_array_add(source->dropped, text);
        }
    }
}
