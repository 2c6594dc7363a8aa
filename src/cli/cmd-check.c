/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk check`: differences between the chains, the image headers and --domain.
 *
 * As cmp(1), it exits with 1 if there are differences, which is not an error. */
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "cli/print/chain-text.h"
#include "cli/print/report.h"
#include "cli/recovery.h"
#include "cli/vm.h"

#include <qblk/check.h>

/* ---- checking ---- */

/* Check that the disks that are named have the fingerprint of --expect. */
static gboolean
check_expected(const QblkVm *vm, GError **error)
{
    const QblkInvocation *invocation = vm->invocation;

    for (guint i = 1; i < invocation->count && invocation->expect != NULL; i++) {
        g_autoptr(QblkChain) chain =
            qblk_vm_find_expected_chain(vm, invocation->arguments[i], error);
        if (chain == NULL) {
            return FALSE;
        }
    }
    return TRUE;
}

static QblkCheck *
check(const QblkVm *vm, GError **error)
{
    const QblkInvocation *invocation = vm->invocation;
    const QblkRecoveryOptions *options = invocation->options;
    const char *const *named = (const char *const *)invocation->arguments + 1;
    const char *const *disks = invocation->count > 1 ? named : NULL;
    g_autoptr(QblkCheckOptions) check_options = qblk_check_options_new();

    qblk_check_options_set_address(check_options, qblk_address_get_text(invocation->address));
    qblk_check_options_set_domain(check_options, invocation->domain);
    qblk_check_options_set_state_directory(check_options, options->state_dir);
    return vm->snapshot != NULL ? qblk_check_snapshot(vm->snapshot, disks, check_options, error)
                                : qblk_check_domain(vm->domain, disks, check_options, error);
}

/* ---- output ---- */

static void
print_line(QblkOutput *output, QblkStyle style, const char *head, const char *text)
{
    g_autofree char *line = g_strconcat(head, text, NULL);
    g_autofree char *safe = qblk_output_escape(line);
    qblk_output_print_styled(output, style, safe);
    qblk_output_print(output, "\n");
}

static void
print_differences(QblkOutput *output, const QblkCheck *check)
{
    for (guint i = 0; i < qblk_check_get_n_differences(check); i++) {
        g_autofree char *text = qblk_difference_to_text(qblk_check_get_difference(check, i));
        print_line(output, QBLK_STYLE_WARNING, "", text);
    }
}

/* What `qblk mend` may be able to put right. */
static gboolean
can_mend(const QblkCheck *check)
{
    for (guint i = 0; i < qblk_check_get_n_differences(check); i++) {
        if (qblk_difference_may_be_mended(qblk_check_get_difference(check, i))) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
is_changeable(const QblkInvocation *invocation)
{
    QblkAddressKind kind = qblk_address_get_kind(invocation->address);
    return kind == QBLK_ADDRESS_KIND_UNIX || kind == QBLK_ADDRESS_KIND_IMAGE;
}

static void
print_mend(QblkOutput *output, const QblkInvocation *invocation)
{
    const QblkRecoveryOptions *options = invocation->options;
    g_autofree char *vm = qblk_output_shell_word(invocation->arguments[0]);
    g_autofree char *disk =
        invocation->count == 2 ? qblk_output_shell_word(invocation->arguments[1]) : NULL;
    g_autofree char *directory =
        options->state_dir == NULL ? NULL : qblk_output_shell_word(options->state_dir);
    g_autofree char *command =
        g_strdup_printf("qblk mend %s%s%s%s%s%s", vm, disk == NULL ? "" : " ",
                        disk == NULL ? "" : disk, directory == NULL ? "" : " --state-dir ",
                        directory == NULL ? "" : directory, invocation->naming);
    print_line(output, QBLK_STYLE_PLAIN, "to mend it: ", command);
}

/* The verdict tells the same of the image that it is on. */
static void
print_stale(QblkOutput *output, const QblkCheck *check)
{
    const QblkStaleImages *images = qblk_check_get_stale_images(check);
    gboolean has_verdict = qblk_check_get_verdict(check) != NULL;

    for (guint i = 0; i < qblk_stale_images_get_n_images(images); i++) {
        const QblkStaleImage *image = qblk_stale_images_get_image(images, i);
        if (has_verdict && qblk_stale_image_get_position(image) == 0) {
            continue;
        }
        g_autofree char *head = g_strdup_printf("%s: ", qblk_stale_image_get_disk(image));
        g_autofree char *text = qblk_stale_image_to_text(image);
        print_line(output, QBLK_STYLE_WARNING, head, text);
    }
}

static void
print_text(QblkOutput *output, const QblkInvocation *invocation, const QblkCheck *check)
{
    const QblkImageVerdict *verdict = qblk_check_get_verdict(check);

    if (qblk_check_is_consistent(check)) {
        qblk_output_print(output, "no differences\n");
    }
    print_differences(output, check);
    print_stale(output, check);
    for (guint i = 0; i < qblk_check_get_n_chains(check); i++) {
        qblk_chain_text_print_users(qblk_check_get_chain(check, i), "", output);
    }
    if (verdict != NULL) {
        g_autofree char *text = qblk_image_verdict_to_text(verdict);
        qblk_output_print(output, "%s", text);
    }
    if (is_changeable(invocation) && can_mend(check)) {
        print_mend(output, invocation);
    }
}

static void
print_warnings(const QblkOutput *output, const QblkCheck *check)
{
    const char *const *warnings = qblk_check_get_warnings(check);
    for (guint i = 0; warnings[i] != NULL; i++) {
        qblk_output_warn(output, warnings[i]);
    }
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const QblkRecoveryOptions *options = invocation->options;
    QblkOutput *output = &invocation->output;
    if (!qblk_recovery_check_state_dir(options->state_dir, error)) {
        return FALSE;
    }

    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    if (vm == NULL || !check_expected(vm, error)) {
        return FALSE;
    }

    g_autoptr(QblkCheck) result = check(vm, error);
    if (result == NULL) {
        return FALSE;
    }

    print_warnings(output, result);
    gboolean is_consistent = qblk_check_is_consistent(result);
    invocation->exit_code = is_consistent ? QBLK_EXIT_DONE : QBLK_EXIT_FAILED;
    if (output->json) {
        qblk_output_json(output, qblk_report_parse(qblk_check_to_json(result)));
    } else {
        print_text(output, invocation, result);
    }
    return TRUE;
}

const QblkCommand qblk_cmd_check = {
    .name = "check",
    .arguments = "VM... [DISK...]",
    .summary = "Compare chains with image headers and --domain",
    .description = "Each difference is printed as a line; the exit status is 1 if there is one.",
    .example = "qblk check /run/vm1.qmp",
    .group = QBLK_COMMAND_LOOKS,
    .min_arguments = 1,
    .max_arguments = QBLK_COMMAND_ANY_NUMBER,
    .vms = QBLK_COMMAND_SOME_VMS,
    .one_disk = TRUE,
    .takes_wrong_formats = TRUE,
    .prints_stale = TRUE,
    .only_reads = TRUE,
    .options_size = sizeof(QblkRecoveryOptions),
    .add_options = qblk_recovery_options_add,
    .clear_options = qblk_recovery_options_clear,
    .run = run,
};
