/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk metrics`: numbers of many VMs for a monitoring system. */
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "cli/print/metrics.h"
#include "cli/print/output-file.h"
#include "cli/vm-argument.h"
#include "cli/vm.h"

typedef struct {
    char *format;
    char *output;
    gint64 start_us; /* of the monotonic clock */
} Options;

static const struct {
    const char *name;
    QblkMetricsFormat format;
} formats[] = {
    {"openmetrics", QBLK_METRICS_OPENMETRICS},
    {"prometheus", QBLK_METRICS_PROMETHEUS},
};

static void
add_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &options->format,
         "Print openmetrics (default) or prometheus, its older form", "openmetrics|prometheus"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output,
         "Replace FILE at once, when all VMs were read", "FILE"},
        {NULL},
    };

    qblk_option_table_add(table, entries);
}

static void
clear_options(gpointer data)
{
    Options *options = data;
    g_free(options->format);
    g_free(options->output);
}

static gboolean
find_format(const Options *options, QblkMetricsFormat *format, GError **error)
{
    *format = QBLK_METRICS_OPENMETRICS;
    if (options->format == NULL) {
        return TRUE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (g_str_equal(formats[i].name, options->format)) {
            *format = formats[i].format;
            return TRUE;
        }
    }
    return qblk_usage_error(error, "unknown format of metrics '%s': use openmetrics or prometheus",
                            options->format);
}

/* A domain has no numbers: it is not a VM that is down. */
static gboolean
check_vms(const QblkInvocation *invocation, GError **error)
{
    for (guint i = 0; i < invocation->each->len; i++) {
        const QblkInvocation *part = invocation->each->pdata[i];
        if (part->address != NULL &&
            qblk_address_get_kind(part->address) == QBLK_ADDRESS_KIND_DOMAIN) {
            return qblk_usage_error(error,
                                    "'qblk metrics' needs a running QEMU, an image or a capture, "
                                    "not '%s'",
                                    part->output.vm);
        }
    }
    return TRUE;
}

static gboolean
begin_several(const QblkInvocation *invocation, QblkHeadingForm *form, GError **error)
{
    Options *options = invocation->options;
    QblkMetricsFormat format;
    *form = QBLK_HEADING_NONE;
    options->start_us = g_get_monotonic_time();
    return find_format(options, &format, error) && check_vms(invocation, error);
}

/* The graph stays with the VM until those of all VMs are known. */
static gboolean
run(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    const QblkSnapshot *snapshot = vm == NULL ? NULL : qblk_vm_get_snapshot(vm, error);
    if (snapshot == NULL) {
        return FALSE;
    }

    invocation->fetched = qblk_snapshot_ref(snapshot);
    return TRUE;
}

/* ---- the names of VMs ---- */

static gboolean
has_monitor(const QblkVmInfo *vm, const char *address)
{
    for (guint i = 0; i < qblk_vm_info_get_n_monitors(vm); i++) {
        const char *other = qblk_vm_monitor_get_address(qblk_vm_info_get_monitor(vm, i));
        if (g_strcmp0(other, address) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The process of a VM that cannot be read; NULL if it is not one of this machine. */
static const QblkVmInfo *
find_process(QblkInvocation *part)
{
    const QblkVms *vms = qblk_vm_argument_find_vms(part, NULL);
    if (vms == NULL || part->address == NULL) {
        return vms == NULL ? NULL : qblk_vms_lookup(vms, part->output.vm, NULL);
    }

    for (guint i = 0; i < qblk_vms_get_n_vms(vms); i++) {
        const QblkVmInfo *vm = qblk_vms_get_vm(vms, i);
        if (has_monitor(vm, qblk_address_get_text(part->address))) {
            return vm;
        }
    }
    return NULL;
}

/* A VM that cannot be read has the same name and address as before, as far as they are known. */
static void
add_vm(QblkMetrics *metrics, QblkInvocation *part)
{
    const QblkSnapshot *snapshot = part->fetched;
    const QblkVmInfo *process = snapshot == NULL ? find_process(part) : NULL;
    const QblkVmMonitor *monitor = process == NULL ? NULL : qblk_vm_info_get_monitor(process, 0);
    const char *address = monitor == NULL ? NULL : qblk_vm_monitor_get_address(monitor);
    const char *name = process == NULL ? NULL : qblk_vm_info_get_name(process);

    if (part->address != NULL) {
        address = qblk_address_get_text(part->address);
    }
    if (snapshot != NULL) {
        name = qblk_snapshot_get_vm_name(snapshot);
    }
    qblk_metrics_add_vm(metrics, part->output.vm, address, name, snapshot);
}

static gboolean
end_several(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    g_autoptr(QblkMetrics) metrics = qblk_metrics_new();
    QblkMetricsFormat format;
    if (!find_format(options, &format, error)) {
        return FALSE;
    }

    qblk_metrics_set_time(metrics, g_get_real_time(), g_get_monotonic_time() - options->start_us);
    for (guint i = 0; i < invocation->each->len; i++) {
        add_vm(metrics, invocation->each->pdata[i]);
    }

    GString *text = invocation->output.text;
    qblk_metrics_print(metrics, format, text);
    if (options->output == NULL || g_str_equal(options->output, "-")) {
        return TRUE;
    }
    gboolean done = qblk_output_file_replace(options->output, text, error);
    g_string_truncate(text, 0);
    return done;
}

const QblkCommand qblk_cmd_metrics = {
    .name = "metrics",
    .arguments = "VM...",
    .summary = "Print metrics for Prometheus",
    .description = "A VM that cannot be read is 'qblk_up' 0, and the exit status is 1. "
                   "docs/metrics.md lists all metrics.",
    .example = "qblk metrics --all --format prometheus --output qblk.prom",
    .group = QBLK_COMMAND_LOOKS,
    .min_arguments = 1,
    .max_arguments = QBLK_COMMAND_ANY_NUMBER,
    .vms = QBLK_COMMAND_ALL_VMS,
    .only_reads = TRUE,
    .own_format = TRUE,
    .prints_plain = TRUE,
    .has_own_form = TRUE,
    .needs_statistics = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .clear_options = clear_options,
    .begin_several = begin_several,
    .end_several = end_several,
    .run = run,
};
