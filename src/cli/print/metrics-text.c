/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/metrics-text.h"

#define NANOSECONDS G_GINT64_CONSTANT(1000000000)

/* Of a type: its names in both formats, and the end of the names of its samples. */
static const struct {
    const char *name, *old_name, *suffix;
} types[] = {
    [QBLK_METRICS_GAUGE] = {"gauge", "gauge", ""},
    [QBLK_METRICS_COUNTER] = {"counter", "counter", "_total"},
    [QBLK_METRICS_INFO] = {"info", "gauge", "_info"},
};

static const char *const units[] = {
    [QBLK_METRICS_NO_UNIT] = "",
    [QBLK_METRICS_BYTES] = "bytes",
    [QBLK_METRICS_SECONDS] = "seconds",
    [QBLK_METRICS_BYTES_PER_SECOND] = "bytes_per_second",
};

char *
qblk_metrics_text_sample_name(const QblkMetricsRow *row)
{
    return g_strconcat(row->name, types[row->type].suffix, NULL);
}

const char *
qblk_metrics_text_type(const QblkMetricsRow *row)
{
    return types[row->type].name;
}

const char *
qblk_metrics_text_unit(const QblkMetricsRow *row)
{
    return units[row->unit];
}

/* In the older format the metadata have the name of the samples. */
static void
append_head(const QblkMetricsRow *row, const char *sample_name, QblkMetricsFormat format,
            GString *out)
{
    if (format == QBLK_METRICS_PROMETHEUS) {
        g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", sample_name, row->help,
                               sample_name, types[row->type].old_name);
        return;
    }

    g_string_append_printf(out, "# TYPE %s %s\n", row->name, types[row->type].name);
    if (row->unit != QBLK_METRICS_NO_UNIT) {
        g_string_append_printf(out, "# UNIT %s %s\n", row->name, units[row->unit]);
    }
    g_string_append_printf(out, "# HELP %s %s\n", row->name, row->help);
}

static void
append_value(gint64 value, gboolean is_time, GString *out)
{
    if (!is_time) {
        g_string_append_printf(out, "%" G_GINT64_FORMAT, value);
        return;
    }

    g_string_append_printf(out, "%" G_GINT64_FORMAT ".%09" G_GINT64_FORMAT, value / NANOSECONDS,
                           value % NANOSECONDS);
    while (out->str[out->len - 1] == '0' && out->str[out->len - 2] != '.') {
        g_string_truncate(out, out->len - 1);
    }
}

/* Each label of @item and @row has a comma in front. */
static char *
make_labels(const QblkMetricsRow *row, const QblkMetricsItem *item)
{
    GString *labels = g_string_new(item->labels);
    if (row->add_labels != NULL) {
        row->add_labels(item, labels);
    }
    return g_string_free(labels, FALSE);
}

void
qblk_metrics_text_family(const QblkMetricsRow *row, const GPtrArray *items,
                         QblkMetricsFormat format, GString *out)
{
    g_autofree char *name = qblk_metrics_text_sample_name(row);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < items->len; i++) {
        const QblkMetricsItem *item = items->pdata[i];
        gint64 value = qblk_metrics_row_value(row, item);
        if (value == QBLK_UNKNOWN) {
            continue;
        }

        g_autofree char *labels = make_labels(row, item);
        if (g_hash_table_contains(seen, labels)) {
            continue;
        }
        if (g_hash_table_size(seen) == 0) {
            append_head(row, name, format, out);
        }
        g_string_append(out, name);
        if (labels[0] != '\0') {
            g_string_append_printf(out, "{%s}", labels + 1);
        }
        g_string_append_c(out, ' ');
        append_value(value, row->unit == QBLK_METRICS_SECONDS, out);
        g_string_append_c(out, '\n');
        g_hash_table_add(seen, g_steal_pointer(&labels));
    }
}

void
qblk_metrics_text_end(QblkMetricsFormat format, GString *out)
{
    if (format == QBLK_METRICS_OPENMETRICS) {
        g_string_append(out, "# EOF\n");
    }
}
