/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/exit-code.h"

#include <qblk/error.h>
#include <qblk/redact.h>
#include <string.h>

G_DEFINE_QUARK(qblk_cli_error, qblk_cli_error)

int
qblk_exit_code(const GError *error)
{
    const struct {
        GQuark domain;
        int code;
        QblkExitCode exit_code;
    } codes[] = {
        {QBLK_CLI_ERROR, QBLK_CLI_ERROR_USAGE, QBLK_EXIT_USAGE},
        {QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, QBLK_EXIT_USAGE},
        {QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_ARGUMENT, QBLK_EXIT_USAGE},
        {QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, QBLK_EXIT_NO_CONNECTION},
        {QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY, QBLK_EXIT_NO_CONNECTION},
        {QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT, QBLK_EXIT_NO_CONNECTION},
        {QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, QBLK_EXIT_NO_CONNECTION},
        {QBLK_QMP_ERROR, QBLK_QMP_ERROR_ENDED, QBLK_EXIT_NO_CONNECTION},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, QBLK_EXIT_USAGE},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK, QBLK_EXIT_NO_SUCH},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER, QBLK_EXIT_NO_SUCH},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_JOB, QBLK_EXIT_NO_SUCH},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_MONITOR, QBLK_EXIT_NO_SUCH},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS, QBLK_EXIT_NO_SUCH},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE, QBLK_EXIT_REFUSED},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_NODE, QBLK_EXIT_REFUSED},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE, QBLK_EXIT_REFUSED},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED, QBLK_EXIT_REFUSED},
        {QBLK_OUTPUT_ERROR, QBLK_OUTPUT_ERROR_REFUSED, QBLK_EXIT_REFUSED},
        {QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, QBLK_EXIT_REFUSED},
        {QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, QBLK_EXIT_JOB},
        {QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED, QBLK_EXIT_JOB},
        {QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_DETACHED, QBLK_EXIT_JOB},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (g_error_matches(error, codes[i].domain, codes[i].code)) {
            return (int)codes[i].exit_code;
        }
    }

    return QBLK_EXIT_FAILED;
}

/* ---- errors as JSON ---- */

typedef struct {
    const char *domain, *code;
} Names;

static Names
find_names(const GError *error)
{
    const char *domain = qblk_error_domain_name(error);
    const char *code = qblk_error_code_name(error);

    if (domain != NULL && code != NULL) {
        return (Names){domain, code};
    }
    if (error->domain == QBLK_CLI_ERROR) {
        return (Names){"command-line", "usage"};
    }
    if (error->domain == QBLK_OUTPUT_ERROR) {
        gboolean is_refused = error->code == QBLK_OUTPUT_ERROR_REFUSED;
        return (Names){"output", is_refused ? "refused" : "write"};
    }
    return (Names){"other", "failed"};
}

static QblkJson *
list_hints(const QblkOutput *output)
{
    QblkJson *list = qblk_json_new_array();
    guint count = output->hints == NULL ? 0 : output->hints->len;

    for (guint i = 0; i < count; i++) {
        g_autofree char *hint = qblk_redact_text(output->hints->pdata[i]);
        qblk_json_append(list, qblk_json_new_string(hint));
    }
    return list;
}

QblkJson *
qblk_report_error_json(const GError *error)
{
    Names names = find_names(error);
    QblkJson *object = qblk_output_json_message(error->message);
    qblk_json_set_string(object, "domain", names.domain);
    qblk_json_set_string(object, "code", names.code);
    qblk_json_set_integer(object, "exit-code", qblk_exit_code(error));
    return object;
}

void
qblk_report_error(const QblkOutput *output, const GError *error)
{
    if (!output->json) {
        qblk_output_error(output, error);
        return;
    }

    QblkJson *object = qblk_report_error_json(error);
    qblk_json_set(object, "hints", list_hints(output));
    qblk_output_json_line(output, "error", object);
}

/* "-j" can be in one argument with other options that have no argument. */
static gboolean
has_json_option(const char *argument)
{
    gboolean is_short = argument[0] == '-' && argument[strspn(argument + 1, "jnpvV") + 1] == '\0';

    return g_str_equal(argument, "--json") || (is_short && strchr(argument, 'j') != NULL);
}

gboolean
qblk_report_is_json_asked(const char *const *argv)
{
    for (guint i = 1; argv[0] != NULL && argv[i] != NULL; i++) {
        if (g_str_equal(argv[i], "--")) {
            return FALSE;
        }
        if (has_json_option(argv[i])) {
            return TRUE;
        }
    }
    return FALSE;
}
