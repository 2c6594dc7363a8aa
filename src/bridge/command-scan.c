/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/command-scan.h"

#include "base/limits.h"

#include <string.h>

/* As QEMU formats them: the rest is cut off. */
#define ERROR_BYTES 1024

typedef enum {
    START,
    RECOVERY, /* after a byte that starts no token */
    STRING,
    ESCAPE,
    KEYWORD,
    MINUS,
    ZERO,
    INTEGER,
    POINT,
    FRACTION,
    EXPONENT,
    SIGN,
    EXPONENT_DIGITS,
} State;

typedef enum {
    CONTINUE,  /* within a token or space */
    TOKEN,     /* it ends with this byte */
    LOOKAHEAD, /* it has ended before this byte */
    STRAY,     /* it is not valid */
} Step;

static Step
go(QblkCommandScan *scan, State state)
{
    scan->state = (guint8)state;
    return CONTINUE;
}

static gboolean
is_structure(guchar byte)
{
    return byte != '\0' && strchr("{}[],:", byte) != NULL;
}

static Step
start_token(QblkCommandScan *scan, guchar byte)
{
    scan->token_start = scan->at;
    if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') {
        return CONTINUE;
    }
    if (is_structure(byte)) {
        return TOKEN;
    }
    if (byte == '"' || byte == '\'') {
        scan->quote = (char)byte;
        return go(scan, STRING);
    }
    if (g_ascii_isdigit(byte)) {
        return go(scan, byte == '0' ? ZERO : INTEGER);
    }
    if (byte == '-') {
        return go(scan, MINUS);
    }
    return g_ascii_islower(byte) ? go(scan, KEYWORD) : STRAY;
}

static Step
continue_string(QblkCommandScan *scan, guchar byte)
{
    if (byte < 0x20 || byte >= 0xfe) {
        return STRAY;
    }
    if (scan->state == ESCAPE) {
        return go(scan, STRING);
    }
    if (byte == '\\') {
        return go(scan, ESCAPE);
    }
    return byte == (guchar)scan->quote ? TOKEN : CONTINUE;
}

/* A row for each part of a number: the part that follows with a digit, a point, an exponent or a
 * sign; or 0. */
/* clang-format off */
static const struct
{
    guint8 digit, point, exponent, sign;
    gboolean may_end;
} numbers[] = {
    [MINUS]           = {INTEGER, 0, 0, 0, FALSE},
    [ZERO]            = {0, POINT, 0, 0, TRUE},
    [INTEGER]         = {INTEGER, POINT, EXPONENT, 0, TRUE},
    [POINT]           = {FRACTION, 0, 0, 0, FALSE},
    [FRACTION]        = {FRACTION, 0, EXPONENT, 0, TRUE},
    [EXPONENT]        = {EXPONENT_DIGITS, 0, 0, SIGN, FALSE},
    [SIGN]            = {EXPONENT_DIGITS, 0, 0, 0, FALSE},
    [EXPONENT_DIGITS] = {EXPONENT_DIGITS, 0, 0, 0, TRUE},
};
/* clang-format on */

static Step
continue_number(QblkCommandScan *scan, guchar byte)
{
    guint8 next = 0;
    if (g_ascii_isdigit(byte)) {
        next = scan->state == MINUS && byte == '0' ? ZERO : numbers[scan->state].digit;
        if (next == 0) {
            return STRAY; /* a digit after a zero */
        }
    } else if (byte == '.') {
        next = numbers[scan->state].point;
    } else if (byte == 'e' || byte == 'E') {
        next = numbers[scan->state].exponent;
    } else if (byte == '-' || byte == '+') {
        next = numbers[scan->state].sign;
    }

    if (next != 0) {
        return go(scan, next);
    }
    return numbers[scan->state].may_end ? LOOKAHEAD : STRAY;
}

static Step
recover(QblkCommandScan *scan, guchar byte)
{
    if (is_structure(byte) || (byte < 0x20 && byte != '\t') || byte >= 0xfe) {
        scan->state = START;
        return start_token(scan, byte);
    }
    return CONTINUE;
}

static Step
continue_keyword(QblkCommandScan *scan, guchar byte)
{
    return g_ascii_islower(byte) ? CONTINUE : LOOKAHEAD;
}

static Step
read_byte(QblkCommandScan *scan, guchar byte)
{
    static Step (*const readers[])(QblkCommandScan *, guchar) = {
        [START] = start_token,
        [RECOVERY] = recover,
        [STRING] = continue_string,
        [ESCAPE] = continue_string,
        [KEYWORD] = continue_keyword,
        [MINUS] = continue_number,
        [ZERO] = continue_number,
        [INTEGER] = continue_number,
        [POINT] = continue_number,
        [FRACTION] = continue_number,
        [EXPONENT] = continue_number,
        [SIGN] = continue_number,
        [EXPONENT_DIGITS] = continue_number,
    };
    return readers[scan->state](scan, byte);
}

/* Skip the bytes that only continue a string. */
static void
skip_plain(QblkCommandScan *scan, const char *text, gsize length)
{
    gsize at = scan->at;
    while (at < length && (guchar)text[at] >= 0x20 && (guchar)text[at] < 0xfe &&
           text[at] != scan->quote && text[at] != '\\') {
        at++;
    }
    scan->at = at;
}

/* ---- commands ---- */

static void
reset(QblkCommandScan *scan, State state)
{
    *scan = (QblkCommandScan){.state = (guint8)state};
}

/* Count a token.  Returns: TRUE if it ends a command */
static gboolean
count_token(QblkCommandScan *scan, char first)
{
    scan->tokens++;
    scan->state = START;
    if (first == '{' || first == '}') {
        scan->braces += first == '{' ? 1 : -1;
    } else if (first == '[' || first == ']') {
        scan->brackets += first == '[' ? 1 : -1;
    }
    return scan->braces < 0 || scan->brackets < 0 || (scan->braces == 0 && scan->brackets == 0);
}

/* Returns: (nullable): the error of QEMU if a limit is exceeded */
static const char *
check_limits(const QblkCommandScan *scan)
{
    if (scan->tokens > QBLK_LIMIT_COMMAND_TOKENS) {
        return "JSON token count limit exceeded";
    }
    return scan->braces + scan->brackets > QBLK_LIMIT_COMMAND_DEPTH
               ? "JSON nesting depth limit exceeded"
               : NULL;
}

static char *
new_stray_error(const QblkCommandScan *scan, const char *text, gsize end)
{
    gsize length = MIN(end - scan->token_start, ERROR_BYTES);
    g_autofree char *token = g_strndup(text + scan->token_start, length);
    char message[ERROR_BYTES];
    g_snprintf(message, sizeof(message), "stray '%s'", token);
    return g_strconcat("JSON parse error, ", message, NULL);
}

/* A token has ended before @end.  Returns: TRUE if that is a result */
static gboolean
end_token(QblkCommandScan *scan, const char *text, gsize end, QblkCommandScanResult *result,
          char **error)
{
    if (scan->tokens == 0) {
        scan->start = scan->token_start;
    }
    if (count_token(scan, text[scan->token_start])) {
        *result = scan->is_dropped ? QBLK_COMMAND_SCAN_NOTHING : QBLK_COMMAND_SCAN_COMMAND;
        gsize start = scan->start;
        reset(scan, START);
        scan->start = start;
        return TRUE;
    }

    const char *limit = scan->is_dropped ? NULL : check_limits(scan);
    if (limit == NULL) {
        return FALSE;
    }

    /* QEMU 5.2 to 10.0 read the rest as commands, which makes an error of each bracket; 11.1 drops
     * what is left of the command. */
    *result = QBLK_COMMAND_SCAN_ERROR;
    *error = g_strdup(limit);
    scan->is_dropped = TRUE;
    scan->token_start = 0;
    scan->at = 0;
    return TRUE;
}

static gboolean
has_text(const QblkCommandScan *scan)
{
    return !scan->is_dropped && (scan->tokens > 0 || scan->state > RECOVERY);
}

static QblkCommandScanResult
finish(QblkCommandScan *scan, gsize length, gsize *used)
{
    if (has_text(scan)) {
        return QBLK_COMMAND_SCAN_MORE;
    }
    *used = length;
    scan->at = 0;
    scan->token_start = 0;
    return QBLK_COMMAND_SCAN_NOTHING;
}

QblkCommandScanResult
qblk_command_scan(QblkCommandScan *scan, const char *text, gsize length, gsize *used, char **error)
{
    while (scan->at < length) {
        if (scan->state == STRING) {
            skip_plain(scan, text, length);
            if (scan->at == length) {
                break;
            }
        }

        gsize end = scan->at + 1;
        Step step = read_byte(scan, (guchar)text[scan->at]);
        if (step == STRAY) {
            *used = end;
            *error = new_stray_error(scan, text, end);
            reset(scan, RECOVERY);
            return QBLK_COMMAND_SCAN_ERROR;
        }

        scan->at = step == LOOKAHEAD ? scan->at : end;
        QblkCommandScanResult result;
        gsize token_end = scan->at;
        if (step != CONTINUE && end_token(scan, text, token_end, &result, error)) {
            *used = token_end;
            return result;
        }
    }
    return finish(scan, length, used);
}
