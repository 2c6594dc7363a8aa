/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "lib/source-check.h"

#include <qblk/disk.h>
#include <qblk/domain.h>
#include <string.h>

char *
fuzz_text(const uint8_t *data, size_t size)
{
    return g_strndup((const char *)data, size);
}

void
fuzz_check_error(gboolean done, const GError *error)
{
    g_assert_true(done == (error == NULL));
    g_assert_true(done || error->message[0] != '\0');
}

void
fuzz_check_shown(const char *text)
{
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (const char *at = text; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        g_assert_true(*at == '\n' || *at == '\t' || qblk_text_is_printable(g_utf8_get_char(at)));
    }
}

static void
check_layers(const QblkChain *a, const QblkChain *b)
{
    g_assert_cmpuint(a->layers->len, ==, b->layers->len);
    for (guint i = 0; i < a->layers->len; i++) {
        const QblkLayer *left = a->layers->pdata[i], *right = b->layers->pdata[i];
        g_assert_cmpstr(left->xml_format, ==, right->xml_format);
        if (left->source != NULL && right->source != NULL) {
            g_assert_true(source_check_equal(left->source, right->source));
        }
    }
}

void
fuzz_check_disk(const QblkChain *chain)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = qblk_disk_to_xml(chain, &error);
    fuzz_check_error(xml != NULL, error);
    if (xml == NULL) {
        return;
    }
    fuzz_check_shown(xml);
    g_autoptr(QblkDomain) domain = qblk_domain_read(xml, -1, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(qblk_domain_get_n_disks(domain), ==, 1);
    const QblkChain *read = qblk_domain_get_disk(domain, 0);
    check_layers(chain, read);
    g_autofree char *again = qblk_disk_to_xml(read, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(again, ==, xml);
}
