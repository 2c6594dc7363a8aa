/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs ask of a verdict, and what they show of it. */
#include "recover/image-verdict.h"

#include "base/text.h"

const char *
qblk_image_verdict_get_image(const QblkImageVerdict *verdict)
{
    return verdict->image;
}

const char *
qblk_image_verdict_get_boot(const QblkImageVerdict *verdict)
{
    return verdict->boot;
}

QblkVerdictReason
qblk_image_verdict_get_reason(const QblkImageVerdict *verdict)
{
    return verdict->reason;
}

const char *
qblk_image_verdict_get_incomplete(const QblkImageVerdict *verdict)
{
    return verdict->incomplete;
}

const char *const *
qblk_image_verdict_get_unused(const QblkImageVerdict *verdict)
{
    return (const char *const *)verdict->unused_list;
}

const char *const *
qblk_image_verdict_get_not_known(const QblkImageVerdict *verdict)
{
    return (const char *const *)verdict->not_known_list;
}

const char *const *
qblk_image_verdict_get_warnings(const QblkImageVerdict *verdict)
{
    return (const char *const *)verdict->warnings;
}

const char *
qblk_verdict_reason_to_text(QblkVerdictReason reason)
{
    switch (reason) {
    case QBLK_VERDICT_HAS_ALL_DATA:
        return "it has all data";
    case QBLK_VERDICT_JOB_NOT_FINISHED:
        return "the job had not ended";
    case QBLK_VERDICT_CHAIN_BEFORE:
        return "its chain is unchanged";
    case QBLK_VERDICT_CHAIN_AFTER:
        return "its chain is as planned";
    case QBLK_VERDICT_NO_OPERATION:
        return "no interrupted operation is known";
    case QBLK_VERDICT_NO_OPERATION_HERE:
        return "no interrupted operation is known on this machine, and the image is a block device";
    case QBLK_VERDICT_NO_READABLE_JOURNAL:
        break;
    }
    return "no readable journal names it";
}

/* ---- JSON ---- */

static QblkJson *
strings_json_new(const GPtrArray *texts)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < texts->len; i++) {
        qblk_json_append(list, qblk_json_new_string(texts->pdata[i]));
    }
    return list;
}

void
qblk_image_verdict_add_json(const QblkImageVerdict *verdict, QblkJson *object)
{
    qblk_json_set_string(object, "boot", verdict->boot);
    qblk_json_set_string(object, "reason", qblk_verdict_reason_to_text(verdict->reason));
    qblk_json_set_string(object, "incomplete", verdict->incomplete);
    qblk_json_set(object, "unused", strings_json_new(verdict->unused));
    qblk_json_set(object, "not-known", strings_json_new(verdict->not_known));
}

char *
qblk_image_verdict_to_json(const QblkImageVerdict *verdict)
{
    g_autoptr(QblkJson) object = qblk_json_new_object();

    qblk_image_verdict_add_json(verdict, object);
    return qblk_json_print(object, QBLK_JSON_INDENT);
}

/* ---- text ---- */

static void
append_line(GString *text, const char *head, const char *name)
{
    g_autofree char *safe = qblk_text_escape(name);
    g_string_append_printf(text, "%s%s\n", head, safe);
}

/* It is not known from which image to boot. */
static void
append_unknown(GString *text, const QblkImageVerdict *verdict)
{
    g_autofree char *image = qblk_text_escape(verdict->image);

    if (verdict->reason == QBLK_VERDICT_NO_READABLE_JOURNAL) {
        g_string_append_printf(text, "no readable journal names '%s'\n", image);
        return;
    }

    g_string_append_printf(text, "no interrupted operation is known for '%s'\n", image);
    if (verdict->reason == QBLK_VERDICT_NO_OPERATION_HERE) {
        g_string_append(text,
                        "it is a block device: if it was merged on another machine, the mark is "
                        "there\n");
    }
}

char *
qblk_image_verdict_to_text(const QblkImageVerdict *verdict)
{
    GString *text = g_string_new(NULL);
    if (verdict->boot == NULL) {
        append_unknown(text, verdict);
        return g_string_free(text, FALSE);
    }

    append_line(text, "boot from: ", verdict->boot);
    g_string_append_printf(text, "  (%s)\n", qblk_verdict_reason_to_text(verdict->reason));
    if (verdict->incomplete != NULL) {
        append_line(text, "incomplete copy: ", verdict->incomplete);
    }
    for (guint i = 0; i < verdict->unused->len; i++) {
        append_line(text, "no longer in use: ", verdict->unused->pdata[i]);
    }
    for (guint i = 0; i < verdict->not_known->len; i++) {
        append_line(text, "not known: ", verdict->not_known->pdata[i]);
    }
    return g_string_free(text, FALSE);
}
