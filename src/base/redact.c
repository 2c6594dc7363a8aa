/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/redact.h"

#include "base/json-quotes.h"

#include <string.h>

/* Keys whose value is a secret wherever they stand: QMP arguments of object-add and blockdev-add,
 * the options inside `json:`, the queries of URLs. */
static gboolean
is_secret_word(const char *word, gsize length)
{
    static const char *const words[] = {"key", "cookie",      "cookies",
                                        "psk", "secret-data", "=keyvalue-pairs"};
    static const char *const ends[] = {"password", "passphrase"};
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strlen(words[i]) == length && g_ascii_strncasecmp(word, words[i], length) == 0) {
            return TRUE;
        }
    }
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        gsize end = strlen(ends[i]);
        if (length >= end && g_ascii_strncasecmp(word + length - end, ends[i], end) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_redact_is_secret(const char *key)
{
    for (const char *word = key;;) {
        gsize length = strcspn(word, ".");
        if (is_secret_word(word, length)) {
            return TRUE;
        }
        if (word[length] == '\0') {
            return FALSE;
        }
        word += length + 1;
    }
}

/* Replace what stands between @start and @end of @text; returns where the rest begins. */
static gsize
cut(GString *text, gsize start, gsize end)
{
    g_string_erase(text, (gssize)start, (gssize)(end - start));
    g_string_insert(text, (gssize)start, QBLK_REDACTED);
    return start + strlen(QBLK_REDACTED);
}

/* Where what looks like a port is none, and an at sign follows later, a password has a slash. */
static gboolean
is_port(const char *colon)
{
    gsize digits = strspn(colon + 1, "0123456789");
    return strchr("/?#", colon[1 + digits]) != NULL;
}

/* The password of `scheme://user:password@host`: from the first colon of the authority to its last
 * at sign, because a password may hold an unescaped one.  In iSCSI a percent sign parts them. */
static gboolean
redact_url_passwords(GString *text)
{
    gboolean found = FALSE;
    gsize from = 0;
    for (const char *mark; (mark = strstr(text->str + from, "://")) != NULL;) {
        g_autofree char *scheme = g_strndup(text->str, (gsize)(mark - text->str));
        gboolean is_iscsi = g_str_has_suffix(scheme, "iscsi") || g_str_has_suffix(scheme, "iser");
        const char *authority = mark + strlen("://");
        gsize length = strcspn(authority, "/?#");
        gsize user = strcspn(authority, is_iscsi ? ":%/?#" : ":/?#");
        const char *at = g_strrstr_len(authority, (gssize)length, "@");
        if (at == NULL && user < length && !is_port(authority + user)) {
            at = strrchr(authority, '@');
        }
        from = (gsize)(authority - text->str);
        if (at != NULL && user < (gsize)(at - authority)) {
            from = cut(text, from + user + 1, (gsize)(at - text->str));
            found = TRUE;
        }
    }
    return found;
}

/* The name that ends before the equals sign at @end, without backslashes and percent codes. */
static char *
assigned_name(const GString *text, gsize start, gsize end)
{
    GString *name = g_string_new(NULL);
    for (gsize i = start; i < end; i++) {
        if (text->str[i] != '\\') {
            g_string_append_c(name, text->str[i]);
        }
    }
    g_autofree char *raw = g_string_free(name, FALSE);
    char *decoded = g_uri_unescape_string(raw, NULL);
    return decoded != NULL ? decoded : g_steal_pointer(&raw);
}

/* Where a secret can stand as `key=value`. */
typedef enum {
    IN_QUERY = 1 << 0,    /* of a URL: between `?`, `&` or what some servers take for it */
    IN_STRING = 1 << 1,   /* of rbd: between colons, one of a value has a backslash before it */
    IN_SENTENCE = 1 << 2, /* after anything else that is no part of a word */
} Assignments;

/* In which of these the word after @before stands; 0 where that is part of the word. */
static Assignments
place_after(char before)
{
    if (strchr("?&;,", before) != NULL) {
        return IN_QUERY | IN_SENTENCE;
    }
    if (before == ':') {
        return IN_STRING | IN_SENTENCE;
    }
    return strchr(" \t\n'\"({[=", before) != NULL ? IN_SENTENCE : 0;
}

/* The end of a value: in a query up to the next parameter, in a string up to a colon with no
 * backslash before it. */
static gsize
value_end(const GString *text, gsize start, const char *ends)
{
    gsize end = start;
    while (end < text->len && strchr(ends, text->str[end]) == NULL) {
        end += text->str[end] == '\\' && end + 1 < text->len ? 2 : 1;
    }
    return end;
}

/* What was replaced already, so that the rest of a sentence stays. */
static gboolean
is_redacted(const char *value)
{
    gsize length = strlen(QBLK_REDACTED);
    return g_str_has_prefix(value, QBLK_REDACTED) && !g_ascii_isalnum(value[length]) &&
           value[length] != '*';
}

/* `key=value` in rbd strings, in the queries of URLs and in sentences. */
static gboolean
redact_assignments(GString *text, Assignments wanted)
{
    gboolean found = FALSE;
    gsize start = 0;
    Assignments place = IN_SENTENCE;
    for (gsize i = 0; i < text->len; i++) {
        g_autofree char *name = text->str[i] == '=' ? assigned_name(text, start, i) : NULL;
        if (name != NULL && qblk_redact_is_secret(name) && !is_redacted(text->str + i + 1)) {
            /* Nobody knows where a value in a sentence ends. */
            const char *ends = place & IN_QUERY ? "&#" : place & IN_STRING ? ":" : "";
            i = cut(text, i + 1, value_end(text, i + 1, ends)) - 1;
            found = TRUE;
        } else if (place_after(text->str[i]) & wanted) {
            place = place_after(text->str[i]);
            start = i + 1;
        }
    }
    return found;
}

/* Whether what stands behind the ':' at @colon has no secret (any more). */
static gboolean
is_clean_member(const char *colon)
{
    return is_redacted(colon + 1 + strspn(colon + 1, " \t\r\n[\"'"));
}

/* In JSON that is broken: cut all behind the first key of a secret. */
static gboolean
redact_broken_json(GString *text)
{
    for (gsize i = 0; i < text->len; i++) {
        if (text->str[i] != '"' && text->str[i] != '\'') {
            continue;
        }
        const char *key = text->str + i + 1;
        gsize length = strcspn(key, "\"'");
        const char *colon = key + length + (key[length] == '\0' ? 0 : 1);
        colon += strspn(colon, " \t\r\n");
        g_autofree char *word = g_strndup(key, length);
        if (*colon == ':' && qblk_redact_is_secret(word) && !is_clean_member(colon)) {
            (void)cut(text, (gsize)(colon + 1 - text->str), text->len);
            return TRUE;
        }
    }
    return FALSE;
}

static char *redact_string(const char *key, const char *value, gpointer found);

static char *
redact_json_name(const char *name, gboolean *found)
{
    g_autofree char *text = qblk_json_quotes_double(name + strlen("json:"));
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

/* A `json:` name that does not parse may hold a secret all the same. */
static char *
redact_plain(const char *name, gboolean *found)
{
    GString *text = g_string_new(name);
    gboolean is_json = g_str_has_prefix(name, "json:");
    const char *colon = name + strcspn(name, ":/");
    gboolean is_string = colon[0] == ':' && !g_str_has_prefix(colon, "://");
    gboolean any = redact_url_passwords(text);
    if (is_json || strstr(name, "://") != NULL) {
        any = redact_assignments(text, IN_QUERY) || any;
    }
    if (is_json || is_string) {
        any = redact_assignments(text, IN_STRING) || any;
    }
    *found = (is_json && redact_broken_json(text)) || any;
    return g_string_free(text, FALSE);
}

char *
qblk_redact_text(const char *text)
{
    GString *result = g_string_new(text);
    (void)redact_url_passwords(result);
    (void)redact_assignments(result, IN_QUERY | IN_STRING | IN_SENTENCE);
    if (strchr(text, '{') != NULL) {
        (void)redact_broken_json(result);
    }
    return g_string_free(result, FALSE);
}

char *
qblk_redact_name(const char *name, gboolean *found)
{
    gboolean any = FALSE;
    char *result = g_str_has_prefix(name, "json:") ? redact_json_name(name, &any) : NULL;
    if (result == NULL) {
        result = redact_plain(name, &any);
    }
    if (found != NULL) {
        *found = any;
    }
    return result;
}

/* Members of refusals, jobs and events in which QEMU says something to people. */
static gboolean
is_sentence(const char *key)
{
    static const char *const keys[] = {"desc", "error", "reason", NULL};
    return key != NULL && g_strv_contains(keys, key);
}

static char *
redact_string(const char *key, const char *value, gpointer user_data)
{
    gboolean *found = user_data;
    if (is_sentence(key)) {
        return qblk_redact_text(value);
    }
    if (key != NULL && qblk_redact_is_secret(key)) {
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
