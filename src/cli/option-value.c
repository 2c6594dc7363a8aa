/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/option-value.h"

#include "base/text.h"
#include "cli/exit-code.h"

#include <string.h>

/* Powers of ten beyond this are no double. */
#define MAX_EXPONENT 400

/* ---- numbers ---- */

static gboolean
refuse_number(const QblkOption *option, const char *text, const char *use, GError **error)
{
    return qblk_usage_error(error, "invalid --%s '%s': use %s", option->entry.long_name, text, use);
}

static gboolean
read_integer(const QblkOption *option, const char *text, gint64 min, gint64 max, gint64 *value,
             GError **error)
{
    g_autoptr(GError) cause = NULL;
    gboolean is_negative = text[0] == '-';
    const char *digits = text + (is_negative ? 1 : 0);
    gboolean is_hex = g_ascii_strncasecmp(digits, "0x", 2) == 0;
    g_autofree char *number = g_strconcat(is_negative ? "-" : "", digits + (is_hex ? 2 : 0), NULL);

    if (g_ascii_string_to_signed(number, is_hex ? 16 : 10, min, max, value, &cause)) {
        return TRUE;
    }
    if (g_error_matches(cause, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_OUT_OF_BOUNDS)) {
        return qblk_usage_error(error, "invalid --%s '%s': the number is too large",
                                option->entry.long_name, text);
    }
    return refuse_number(option, text, "a whole number", error);
}

static gboolean
set_int(const QblkOption *option, const char *text, GError **error)
{
    gint64 value;
    if (!read_integer(option, text, G_MININT, G_MAXINT, &value, error)) {
        return FALSE;
    }
    *(int *)option->entry.arg_data = (int)value;
    return TRUE;
}

static gboolean
set_int64(const QblkOption *option, const char *text, GError **error)
{
    gint64 value;
    if (!read_integer(option, text, G_MININT64, G_MAXINT64, &value, error)) {
        return FALSE;
    }
    *(gint64 *)option->entry.arg_data = value;
    return TRUE;
}

/* Read digits, and count them.  Returns: what is behind them */
static const char *
read_digits(const char *at, double *value, int *count)
{
    for (*count = 0; g_ascii_isdigit(*at); at++, (*count)++) {
        *value = *value * 10 + (*at - '0');
    }
    return at;
}

static double
scale(double value, int exponent)
{
    double power = 1;
    for (int i = 0; i < MIN(ABS(exponent), MAX_EXPONENT); i++) {
        power *= 10;
    }
    return exponent < 0 ? value / power : value * power;
}

/* Returns: FALSE if @text is not a decimal number such as 5, 0.5, .5 or 5e-1 */
static gboolean
read_decimal(const char *text, double *value)
{
    double mantissa = 0, power = 0;
    int whole, part = 0, digits = 1;
    gboolean is_negative = text[0] == '-';

    const char *at = read_digits(text + (is_negative ? 1 : 0), &mantissa, &whole);
    if (*at == '.') {
        at = read_digits(at + 1, &mantissa, &part);
    }
    if (g_ascii_tolower(*at) == 'e' && whole + part > 0) {
        gboolean is_small = at[1] == '-';
        at = read_digits(at + (is_small || at[1] == '+' ? 2 : 1), &power, &digits);
        power = is_small ? -power : power;
    }
    if (whole + part == 0 || digits == 0 || *at != '\0') {
        return FALSE;
    }

    int exponent = (int)CLAMP(power, -MAX_EXPONENT, MAX_EXPONENT);
    *value = scale(mantissa, exponent - part) * (is_negative ? -1 : 1);
    return TRUE;
}

static gboolean
set_double(const QblkOption *option, const char *text, GError **error)
{
    double value;
    if (!read_decimal(text, &value)) {
        return refuse_number(option, text, "a number, such as 5 or 0.5", error);
    }
    *(double *)option->entry.arg_data = value;
    return TRUE;
}

/* ---- texts ---- */

static gboolean
check_text(const QblkOption *option, const char *text, GError **error)
{
    return g_utf8_validate(text, -1, NULL) ||
           qblk_usage_error(error, "invalid --%s '%s': it is not UTF-8", option->entry.long_name,
                            text);
}

/* A VM has a path, too, and forms such as ssh://HOST/PATH. */
static gboolean
check_path(const QblkOption *option, const char *text, GError **error)
{
    gboolean is_vm = g_strcmp0(option->entry.arg_description, "VM") == 0;
    return is_vm || !qblk_text_is_url(text) ||
           qblk_usage_error(error, "invalid --%s '%s': it is a URL: use a path",
                            option->entry.long_name, text);
}

static gboolean
set_value(const QblkOption *option, const char *text, GError **error)
{
    char **value = option->entry.arg_data;

    g_free(*value);
    *value = g_strdup(text);
    return TRUE;
}

static gboolean
add_value(const QblkOption *option, const char *text, GError **error)
{
    char ***values = option->entry.arg_data;
    gsize count = *values == NULL ? 0 : g_strv_length(*values);

    *values = g_renew(char *, *values, count + 2);
    (*values)[count] = g_strdup(text);
    (*values)[count + 1] = NULL;
    return TRUE;
}

static gboolean
set_file_name(const QblkOption *option, const char *text, GError **error)
{
    return check_path(option, text, error) && set_value(option, text, error);
}

static gboolean
add_file_name(const QblkOption *option, const char *text, GError **error)
{
    return check_path(option, text, error) && add_value(option, text, error);
}

static gboolean
set_string(const QblkOption *option, const char *text, GError **error)
{
    return check_text(option, text, error) && set_value(option, text, error);
}

static gboolean
add_string(const QblkOption *option, const char *text, GError **error)
{
    return check_text(option, text, error) && add_value(option, text, error);
}

gboolean
qblk_option_value_set(const QblkOption *option, const char *text, GError **error)
{
    static gboolean (*const kinds[])(const QblkOption *option, const char *text, GError **error) = {
        [G_OPTION_ARG_INT] = set_int,
        [G_OPTION_ARG_INT64] = set_int64,
        [G_OPTION_ARG_DOUBLE] = set_double,
        [G_OPTION_ARG_STRING] = set_string,
        [G_OPTION_ARG_STRING_ARRAY] = add_string,
        [G_OPTION_ARG_FILENAME] = set_file_name,
        [G_OPTION_ARG_FILENAME_ARRAY] = add_file_name,
    };

    g_assert((gsize)option->entry.arg < G_N_ELEMENTS(kinds) && kinds[option->entry.arg] != NULL);
    return kinds[option->entry.arg](option, text, error);
}
