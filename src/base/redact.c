/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/redact.h"

#include <string.h>

/* Keys whose string value is a secret wherever they stand: QMP arguments of object-add and
 * blockdev-add, and the options inside `json:`.  Names of secret objects ("password-secret",
 * "key-secret") are not secrets. */
static const char *const secret_keys[] = {"password", "key", "passphrase", "cookie",
                                          "cookies",  "psk", "secret-data"};

static gboolean
is_secret_key(const char *key)
{
    if (key == NULL) {
        return FALSE;
    }
    const char *last = strrchr(key, '.');
    const char *name = last == NULL ? key : last + 1;
    for (gsize i = 0; i < G_N_ELEMENTS(secret_keys); i++) {
        if (g_ascii_strcasecmp(name, secret_keys[i]) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Replace what stands between @start and @end of @text. */
static void
cut(GString *text, gsize start, gsize end)
{
    g_string_erase(text, (gssize)start, (gssize)(end - start));
    g_string_insert(text, (gssize)start, QBLK_REDACTED);
}

/* The password of `scheme://user:password@host`: from the first colon of the authority to its last
 * at sign, because a password may hold an unescaped one. */
static gboolean
redact_url_password(GString *text)
{
    const char *authority = strstr(text->str, "://");
    if (authority == NULL) {
        return FALSE;
    }
    authority += strlen("://");
    gsize length = strcspn(authority, "/?#");
    const char *at = g_strrstr_len(authority, (gssize)length, "@");
    if (at == NULL) {
        return FALSE;
    }
    const char *colon = memchr(authority, ':', (gsize)(at - authority));
    if (colon == NULL) {
        return FALSE;
    }
    cut(text, (gsize)(colon + 1 - text->str), (gsize)(at - text->str));
    return TRUE;
}

/* `key=value` in rbd strings (parted by ':'), iSCSI and other URL queries (by '&' or ';'). */
static gboolean
redact_assignments(GString *text)
{
    static const char *const names[] = {"key=", "password=", "passphrase="};
    gboolean found = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        gsize from = 0;
        const char *hit;
        while ((hit = strstr(text->str + from, names[i])) != NULL) {
            gsize name = (gsize)(hit - text->str);
            gsize value = name + strlen(names[i]);
            from = value;
            if (name > 0 && strchr(":?&;,", text->str[name - 1]) == NULL) {
                continue;
            }
            gsize end = value + strcspn(text->str + value, ":&;,");
            cut(text, value, end);
            found = TRUE;
        }
    }
    return found;
}

static char *redact_string(const char *key, const char *value, gpointer found);

/* A `json:` name that does not parse is still cut as text: it may hold a secret all the same. */
static char *
redact_json_name(const char *name, gboolean *found)
{
    const char *text = name + strlen("json:");
    g_autoptr(QblkJson) json = qblk_json_parse(text, strlen(text), NULL);
    if (json == NULL) {
        return NULL;
    }
    g_autoptr(QblkJson) clean = qblk_json_map_strings(json, redact_string, found);
    if (!*found) {
        return g_strdup(name);
    }
    g_autofree char *printed = qblk_json_print(clean, QBLK_JSON_COMPACT);
    return g_strconcat("json:", printed, NULL);
}

char *
qblk_redact_name(const char *name, gboolean *found)
{
    gboolean any = FALSE;
    char *result = g_str_has_prefix(name, "json:") ? redact_json_name(name, &any) : NULL;
    if (result == NULL) {
        GString *text = g_string_new(name);
        gboolean is_url = strstr(name, "://") != NULL;
        any = redact_url_password(text);
        if (is_url || g_str_has_prefix(name, "rbd:") || g_str_has_prefix(name, "json:")) {
            any = redact_assignments(text) || any;
        }
        result = g_string_free(text, FALSE);
    }
    if (found != NULL) {
        *found = any;
    }
    return result;
}

static char *
redact_string(const char *key, const char *value, gpointer user_data)
{
    gboolean *found = user_data;
    if (is_secret_key(key)) {
        *found = TRUE;
        return g_strdup(QBLK_REDACTED);
    }
    gboolean here = FALSE;
    g_autofree char *name = qblk_redact_name(value, &here);
    if (!here) {
        return NULL;
    }
    *found = TRUE;
    return g_steal_pointer(&name);
}

QblkJson *
qblk_redact_json(const QblkJson *json)
{
    gboolean found = FALSE;
    return qblk_json_map_strings(json, redact_string, &found);
}
