/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/check.h"

QblkCheckOptions *
qblk_check_options_new(void)
{
    QblkCheckOptions *options = g_new0(QblkCheckOptions, 1);
    g_atomic_ref_count_init(&options->references);
    return options;
}

QblkCheckOptions *
qblk_check_options_ref(QblkCheckOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_check_options_unref(QblkCheckOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }
    g_free(options->address);
    g_clear_pointer(&options->domain, qblk_domain_unref);
    g_free(options->state_directory);
    g_free(options);
}

static void
set_text(char **text, const char *value)
{
    char *copy = g_strdup(value);
    g_free(*text);
    *text = copy;
}

void
qblk_check_options_set_address(QblkCheckOptions *options, const char *address)
{
    set_text(&options->address, address);
}

void
qblk_check_options_set_state_directory(QblkCheckOptions *options, const char *directory)
{
    set_text(&options->state_directory, directory);
}

void
qblk_check_options_set_domain(QblkCheckOptions *options, const QblkDomain *domain)
{
    QblkDomain *own = domain == NULL ? NULL : qblk_domain_ref(domain);
    g_clear_pointer(&options->domain, qblk_domain_unref);
    options->domain = own;
}
