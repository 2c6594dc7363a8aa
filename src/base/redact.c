/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/redact.h"

#include "base/json-quotes.h"

#include <string.h>

/* Keys whose value is a secret: QMP arguments of object-add and blockdev-add, the options inside
 * `json:`, the queries of URLs. */
static const struct {
    const char *word;
    gboolean is_end;   /* so is a key that ends with it */
    gboolean in_query; /* of a URL only: it lets whoever has it in, and is no option of QEMU's */
} secrets[] = {
    {"key", FALSE, FALSE},       {"cookie", FALSE, FALSE},      {"cookies", FALSE, FALSE},
    {"psk", FALSE, FALSE},       {"secret-data", FALSE, FALSE}, {"=keyvalue-pairs", FALSE, FALSE},
    {"password", TRUE, FALSE},   {"passphrase", TRUE, FALSE},   {"auth", FALSE, TRUE},
    {"secret", FALSE, TRUE},     {"_secret", TRUE, TRUE},       {"sig", FALSE, TRUE},
    {"signature", TRUE, TRUE},   {"token", TRUE, TRUE},         {"apikey", TRUE, TRUE},
    {"api_key", TRUE, TRUE},     {"api-key", TRUE, TRUE},       {"credential", TRUE, TRUE},
    {"credentials", TRUE, TRUE},
};

static gboolean
is_secret_word(const char *word, gsize length, gboolean in_query)
{
    for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++) {
        gsize known = strlen(secrets[i].word);
        if ((in_query || !secrets[i].in_query) &&
            (secrets[i].is_end ? length >= known : length == known) &&
            g_ascii_strncasecmp(word + length - known, secrets[i].word, known) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
has_secret_word(const char *key, gboolean in_query)
{
    for (const char *word = key;;) {
        gsize length = strcspn(word, ".");
        if (is_secret_word(word, length, in_query)) {
            return TRUE;
        }
        if (word[length] == '\0') {
            return FALSE;
        }
        word += length + 1;
    }
}

gboolean
qblk_redact_is_secret(const char *key)
{
    return has_secret_word(key, FALSE);
}

gboolean
qblk_redact_is_query_secret(const char *key)
{
    return has_secret_word(key, TRUE);
}

/* A text out of which secrets are taken, from its beginning to its end.  It is copied once and not
 * for each of them, since a peer may send many. */
typedef struct {
    GString *clean; /* what stands before @rest, without its secrets */
    const char *rest;
} Cutting;

/* Replace what stands between @start and @end, both behind what was replaced before. */
static void
cut(Cutting *cutting, const char *start, const char *end)
{
    g_string_append_len(cutting->clean, cutting->rest, start - cutting->rest);
    g_string_append(cutting->clean, QBLK_REDACTED);
    cutting->rest = end;
}

/* Put what came of @text in its place; returns whether that is another text. */
static gboolean
finish(Cutting *cutting, char **text)
{
    if (cutting->clean->len == 0) {
        g_string_free(cutting->clean, TRUE);
        return FALSE;
    }
    g_string_append(cutting->clean, cutting->rest);
    g_free(*text);
    *text = g_string_free(cutting->clean, FALSE);
    return TRUE;
}

/* Where what looks like a port is none, and an at sign follows later, a password has a slash. */
static gboolean
is_port(const char *colon)
{
    gsize digits = strspn(colon + 1, "0123456789");
    return strchr("/?#", colon[1 + digits]) != NULL;
}

/* Whether what stands before @mark in @text ends with @end. */
static gboolean
ends_with(const char *text, const char *mark, const char *end)
{
    gsize length = strlen(end);
    return (gsize)(mark - text) >= length && memcmp(mark - length, end, length) == 0;
}

/* The password of `scheme://user:password@host`: from the first colon of the authority to its last
 * at sign, because a password may hold an unescaped one.  In iSCSI a percent sign parts them. */
static gboolean
redact_url_passwords(char **text)
{
    Cutting cutting = {g_string_new(NULL), *text};
    const char *last_at = strrchr(*text, '@');
    const char *from = *text;
    for (const char *mark; (mark = strstr(from, "://")) != NULL;) {
        gboolean is_iscsi = ends_with(*text, mark, "iscsi") || ends_with(*text, mark, "iser");
        const char *authority = mark + strlen("://");
        gsize length = strcspn(authority, "/?#");
        gsize user = strcspn(authority, is_iscsi ? ":%/?#" : ":/?#");
        const char *at = g_strrstr_len(authority, (gssize)length, "@");
        if (at == NULL && user < length && !is_port(authority + user)) {
            at = last_at != NULL && last_at > authority ? last_at : NULL;
        }
        from = authority;
        if (at != NULL && user < (gsize)(at - authority)) {
            cut(&cutting, authority + user + 1, at);
            from = at;
        }
    }
    return finish(&cutting, text);
}

/* The words of a name, parted by dots, as far as it was read. */
typedef struct {
    GString *last;
    gboolean in_query;
    gboolean has_secret; /* one before the last */
} Words;

static gboolean
last_is_secret(const Words *words)
{
    return is_secret_word(words->last->str, words->last->len, words->in_query);
}

static void
words_add(Words *words, const char *text)
{
    for (gsize length; text[length = strcspn(text, ".")] != '\0'; text += length + 1) {
        g_string_append_len(words->last, text, (gssize)length);
        words->has_secret |= last_is_secret(words);
        g_string_truncate(words->last, 0);
    }
    g_string_append(words->last, text);
}

static void
words_reset(Words *words, gboolean in_query)
{
    g_string_truncate(words->last, 0);
    words->in_query = in_query;
    words->has_secret = FALSE;
}

/* A name that ends before an equals sign, without backslashes and percent codes.  It may have
 * equals signs itself, and is read once for all of them. */
typedef struct {
    Words raw;
    Words decoded;
    gboolean is_raw; /* it has a percent sign that begins no code, so that none does */
} Name;

static void
name_add(Name *name, const char *text, gsize length)
{
    GString *piece = g_string_sized_new(length);
    for (gsize i = 0; i < length; i++) {
        if (text[i] != '\\') {
            g_string_append_c(piece, text[i]);
        }
    }
    g_autofree char *raw = g_string_free(piece, FALSE);
    g_autofree char *decoded = g_uri_unescape_string(raw, NULL);
    words_add(&name->raw, raw);
    words_add(&name->decoded, decoded != NULL ? decoded : "");
    name->is_raw = name->is_raw || decoded == NULL;
}

static gboolean
name_is_secret(const Name *name)
{
    const Words *words = name->is_raw ? &name->raw : &name->decoded;
    return words->has_secret || last_is_secret(words);
}

static void
name_reset(Name *name, gboolean in_query)
{
    words_reset(&name->raw, in_query);
    words_reset(&name->decoded, in_query);
    name->is_raw = FALSE;
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
static const char *
value_end(const char *value, const char *ends)
{
    const char *end = value;
    while (*end != '\0' && strchr(ends, *end) == NULL) {
        end += end[0] == '\\' && end[1] != '\0' ? 2 : 1;
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

/* Replace the value at @value, which stands in @place; returns its end. */
static const char *
cut_value(Cutting *cutting, const char *value, Assignments place)
{
    /* Nobody knows where a value in a sentence ends. */
    const char *end = value_end(value, place & IN_QUERY ? "&#" : place & IN_STRING ? ":" : "");
    cut(cutting, value, end);
    return end;
}

/* `key=value` in rbd strings, in the queries of URLs and in sentences. */
static gboolean
redact_assignments(char **text, Assignments wanted)
{
    Cutting cutting = {g_string_new(NULL), *text};
    Name name = {.raw.last = g_string_new(NULL), .decoded.last = g_string_new(NULL)};
    Assignments place = IN_SENTENCE;
    const char *unread = *text; /* the rest of the name */
    for (const char *at = *text; *at != '\0'; at++) {
        if (*at == '=') {
            name_add(&name, unread, (gsize)(at - unread));
            unread = at;
        }
        if (*at == '=' && name_is_secret(&name) && !is_redacted(at + 1)) {
            unread = cut_value(&cutting, at + 1, place);
            name_add(&name, "=" QBLK_REDACTED, strlen("=" QBLK_REDACTED));
            at = unread - 1;
        } else if (place_after(*at) & wanted) {
            place = place_after(*at);
            unread = at + 1;
            name_reset(&name, (place & IN_QUERY) != 0);
        }
    }
    g_string_free(name.raw.last, TRUE);
    g_string_free(name.decoded.last, TRUE);
    return finish(&cutting, text);
}

/* Whether what stands behind the ':' at @colon has no secret (any more). */
static gboolean
is_clean_member(const char *colon)
{
    return is_redacted(colon + 1 + strspn(colon + 1, " \t\r\n[\"'"));
}

/* In JSON that is broken: cut all behind the first key of a secret. */
static gboolean
redact_broken_json(char **text)
{
    for (const char *at = *text; *at != '\0'; at++) {
        if (*at != '"' && *at != '\'') {
            continue;
        }
        const char *key = at + 1;
        gsize length = strcspn(key, "\"'");
        const char *colon = key + length + (key[length] == '\0' ? 0 : 1);
        colon += strspn(colon, " \t\r\n");
        g_autofree char *word = g_strndup(key, length);
        if (*colon == ':' && qblk_redact_is_secret(word) && !is_clean_member(colon)) {
            Cutting cutting = {g_string_new(NULL), *text};
            cut(&cutting, colon + 1, colon + strlen(colon));
            return finish(&cutting, text);
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
    char *text = g_strdup(name);
    gboolean is_json = g_str_has_prefix(name, "json:");
    const char *colon = name + strcspn(name, ":/");
    gboolean is_string = colon[0] == ':' && !g_str_has_prefix(colon, "://");
    gboolean any = redact_url_passwords(&text);
    if (is_json || strstr(name, "://") != NULL) {
        any = redact_assignments(&text, IN_QUERY) || any;
    }
    if (is_json || is_string) {
        any = redact_assignments(&text, IN_STRING) || any;
    }
    *found = (is_json && redact_broken_json(&text)) || any;
    return text;
}

char *
qblk_redact_text(const char *text)
{
    char *result = g_strdup(text);
    (void)redact_url_passwords(&result);
    (void)redact_assignments(&result, IN_QUERY | IN_STRING | IN_SENTENCE);
    if (strchr(text, '{') != NULL) {
        (void)redact_broken_json(&result);
    }
    return result;
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
