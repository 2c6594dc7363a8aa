/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/redact.h"

#include "base/json-quotes.h"

#include <string.h>

/* Keys whose value is a secret: arguments of object-add and blockdev-add, options in `json:`,
 * parameters in the queries of URLs. */
static const struct {
    const char *word;
    gboolean is_end;   /* a key that ends with it is one, too */
    gboolean in_query; /* of a URL only: it grants access, and is not an option of QEMU */
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

/* A text from which secrets are removed, from its start to its end.  It is copied once and not for
 * each secret, because a peer may send many. */
typedef struct {
    GString *clean; /* the text before @rest, without its secrets */
    const char *rest;
} Redaction;

/* Replace the text between @start and @end, which are after all that was replaced before. */
static void
replace_with_mark(Redaction *redaction, const char *start, const char *end)
{
    g_string_append_len(redaction->clean, redaction->rest, start - redaction->rest);
    g_string_append(redaction->clean, QBLK_REDACTED);
    redaction->rest = end;
}

/* Replace @text by the result.  Returns: TRUE if anything was replaced */
static gboolean
take_result(Redaction *redaction, char **text)
{
    if (redaction->clean->len == 0) {
        g_string_free(redaction->clean, TRUE);
        return FALSE;
    }

    g_string_append(redaction->clean, redaction->rest);
    g_free(*text);
    *text = g_string_free(redaction->clean, FALSE);
    return TRUE;
}

/* If this is FALSE and an at sign follows, the text after the colon is a password with a slash. */
static gboolean
is_port(const char *colon)
{
    gsize digits = strspn(colon + 1, "0123456789");
    return strchr("/?#", colon[1 + digits]) != NULL;
}

/* Returns: TRUE if the part of @text before @mark ends with @end */
static gboolean
ends_with(const char *text, const char *mark, const char *end)
{
    gsize length = strlen(end);
    return (gsize)(mark - text) >= length && memcmp(mark - length, end, length) == 0;
}

/* The password of `scheme://user:password@host`: from the first colon of the authority to its last
 * at sign, because a password may contain one that is not escaped.  iSCSI has a percent sign
 * instead of the colon. */
static gboolean
redact_url_passwords(char **text)
{
    Redaction redaction = {g_string_new(NULL), *text};
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
            replace_with_mark(&redaction, authority + user + 1, at);
            from = at;
        }
    }

    return take_result(&redaction, text);
}

/* The words of a name, which are separated by dots, as far as it was read. */
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

/* A name before an equals sign, without backslashes and percent codes.  It may contain equals signs
 * itself, and is read once for all of them. */
typedef struct {
    Words raw;
    Words decoded;
    gboolean is_raw; /* a percent sign in it does not start a code, so no percent sign does */
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

/* The places of a secret of the form `key=value`. */
typedef enum {
    IN_QUERY = 1 << 0,    /* of a URL: after `?`, `&`, or what some servers accept instead */
    IN_STRING = 1 << 1,   /* of rbd: between colons; a colon in a value has a backslash before it */
    IN_SENTENCE = 1 << 2, /* after anything else that is not part of a word */
} Assignments;

/* Returns: the place of the word after @before; 0 if @before is part of the word */
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

/* Returns: the end of a value: the next parameter in a query, or a colon without a backslash before
 * it in a string */
static const char *
value_end(const char *value, const char *ends)
{
    const char *end = value;
    while (*end != '\0' && strchr(ends, *end) == NULL) {
        end += end[0] == '\\' && end[1] != '\0' ? 2 : 1;
    }

    return end;
}

/* Returns: TRUE if @value was replaced before, so that the rest of the sentence is kept */
static gboolean
is_redacted(const char *value)
{
    gsize length = strlen(QBLK_REDACTED);
    return g_str_has_prefix(value, QBLK_REDACTED) && !g_ascii_isalnum(value[length]) &&
           value[length] != '*';
}

/* Replace the value at @value in @place.  Returns: its end */
static const char *
cut_value(Redaction *redaction, const char *value, Assignments place)
{
    /* The end of a value in a sentence is not known. */
    const char *ends = "";
    if (place & IN_QUERY) {
        ends = "&#";
    } else if (place & IN_STRING) {
        ends = ":";
    }

    const char *end = value_end(value, ends);
    replace_with_mark(redaction, value, end);
    return end;
}

/* `key=value` in rbd strings, in the queries of URLs and in sentences. */
static gboolean
redact_assignments(char **text, Assignments wanted)
{
    Redaction redaction = {g_string_new(NULL), *text};
    Name name = {.raw.last = g_string_new(NULL), .decoded.last = g_string_new(NULL)};
    Assignments place = IN_SENTENCE;
    const char *unread = *text; /* the rest of the name */
    for (const char *at = *text; *at != '\0'; at++) {
        if (*at == '=') {
            name_add(&name, unread, (gsize)(at - unread));
            unread = at;
        }

        if (*at == '=' && name_is_secret(&name) && !is_redacted(at + 1)) {
            unread = cut_value(&redaction, at + 1, place);
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
    return take_result(&redaction, text);
}

/* Returns: TRUE if the value after the ':' at @colon was replaced before */
static gboolean
is_clean_member(const char *colon)
{
    return is_redacted(colon + 1 + strspn(colon + 1, " \t\r\n[\"'"));
}

/* In malformed JSON everything after the first key of a secret is removed. */
static gboolean
redact_malformed_json(char **text)
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
            Redaction redaction = {g_string_new(NULL), *text};
            replace_with_mark(&redaction, colon + 1, colon + strlen(colon));
            return take_result(&redaction, text);
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

/* A `json:` name that cannot be parsed may contain a secret, too. */
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

    *found = (is_json && redact_malformed_json(&text)) || any;
    return text;
}

char *
qblk_redact_text(const char *text)
{
    char *result = g_strdup(text);
    (void)redact_url_passwords(&result);
    (void)redact_assignments(&result, IN_QUERY | IN_STRING | IN_SENTENCE);
    if (strchr(text, '{') != NULL) {
        (void)redact_malformed_json(&result);
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

/* Members of refusals, jobs and events that contain a message for people. */
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

/* Text that cannot be parsed cannot be redacted. */
char *
qblk_redact_message(const char *text, gsize length)
{
    g_autoptr(QblkJson) json = qblk_json_parse(text, length, NULL);
    g_autoptr(QblkJson) clean = json == NULL ? NULL : qblk_redact_json(json);

    return clean == NULL ? g_strdup_printf("(%" G_GSIZE_FORMAT " bytes that are not JSON)", length)
                         : qblk_json_print(clean, QBLK_JSON_COMPACT);
}
