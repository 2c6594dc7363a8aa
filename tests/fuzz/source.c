/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file name as QEMU reports it: its source is written as XML and read back, without secrets. */
#include "base/redact.h"
#include "fuzz/fuzz.h"
#include "lib/source-check.h"
#include "source/source-decode.h"
#include "xml/document-parse.h"
#include "xml/source-xml.h"

#include <string.h>

/* A secret that was dropped is also redacted in names. The query of a URL is an exception: if
 * the name of a parameter cannot be read, the whole query is dropped. */
static gboolean
has_secret(const QblkSource *source)
{
    for (guint i = 0; i < source->dropped->len; i++) {
        const char *text = source->dropped->pdata[i];
        if (g_str_has_prefix(text, "the secret '") || g_str_has_prefix(text, "the password in")) {
            return TRUE;
        }
    }
    return FALSE;
}

static void
check_redaction(const char *name, const QblkSource *source)
{
    gboolean found = FALSE;
    g_autofree char *clean = qblk_redact_name(name, &found);
    g_autofree char *again = qblk_redact_name(clean, NULL);
    /* Of invalid JSON, the redacted text may be valid JSON and be written differently. */
    g_assert_true(g_str_has_prefix(name, "json:") || g_str_equal(again, clean));
    g_assert_true(found || g_str_equal(clean, name));
    g_assert_true(found || source == NULL || !has_secret(source));
}

static void
check_xml(const QblkSource *source)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = qblk_source_to_xml(source, &error);
    fuzz_check_error(text != NULL, error);
    if (text == NULL) {
        return;
    }
    fuzz_check_shown(text);
    g_autoptr(QblkDocument) document = qblk_document_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    g_autoptr(QblkSource) again = qblk_source_xml_read(document->root, source->type);
    g_assert_true(source_check_equal(source, again));
    g_autofree char *label = qblk_source_label(source);
    g_autofree char *other = qblk_source_label(again);
    g_assert_cmpstr(label, ==, other);
}

static void
check_node(const char *driver, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSource) source = qblk_source_decode_node(driver, name, &error);
    fuzz_check_error(source != NULL, error);
    if (source != NULL) {
        check_xml(source);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const drivers[] = {"file", "nbd", "nfs", "ssh", "rbd", "https", "nvme"};
    g_autoptr(GError) error = NULL;
    g_autofree char *name = fuzz_text(data, size);
    g_auto(QblkSourceDecoded) decoded = {0};
    gboolean done = qblk_source_decode(name, &decoded, &error);
    fuzz_check_error(done, error);
    check_redaction(name, decoded.source);
    if (done) {
        check_xml(decoded.source);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(drivers); i++) {
        check_node(drivers[i], name);
    }
    return 0;
}
