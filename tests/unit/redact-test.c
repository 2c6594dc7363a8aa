/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/redact.h"
#include "lib/check.h"

#include <string.h>

static void
secrets_in_names_are_replaced(void **state)
{
    static const struct {
        const char *name, *clean;
    } cases[] = {
        {"http://user:pw@host/x", "http://user:***@host/x"},
        {"ssh://user:p@w@host:22/x?a=b", "ssh://user:***@host:22/x?a=b"},
        {"rbd:pool/image:id=me:key=AQBz==:mon_host=a", "rbd:pool/image:id=me:key=***:mon_host=a"},
        {"https://h/x?password=pw&y=1", "https://h/x?password=***&y=1"},
        {"json:{\"driver\":\"luks\",\"key\":\"k\"}", "json:{\"driver\":\"luks\",\"key\":\"***\"}"},
        {"json:{\"file.password\": \"p\"}", "json:{\"file.password\":\"***\"}"},
        {"json:{\"file\":{\"url\":\"http://u:p@h/\"}}",
         "json:{\"file\":{\"url\":\"http://u:***@h/\"}}"},
        {"json:{broken,http://u:pw@h/", "json:{broken,http://u:***@h/"},
        /* what parts a user from a password, and a password from the rest */
        {"iscsi://me%pw@host/target/1", "iscsi://me%***@host/target/1"},
        {"iser://me%pw@host/target/1", "iser://me%***@host/target/1"},
        {"http://user:p/w@host/x", "http://user:***@host/x"},
        {"blkdebug::http://user:pw@host/x", "blkdebug::http://user:***@host/x"},
        {"http://h/x?to=ftp://u:pw@other/", "http://h/x?to=ftp://u:***@other/"},
        {"rbd:pool/image:key=a\\:b:id=me", "rbd:pool/image:key=***:id=me"},
        {"rbd:pool/image:ke\\y=pw", "rbd:pool/image:ke\\y=***"},
        {"https://h/x?PassWord=pw,pw;pw&y=1", "https://h/x?PassWord=***&y=1"},
        {"https://h/x?p%61ssword=pw", "https://h/x?p%61ssword=***"},
        {"iscsi://h/t/1?target_password=pw", "iscsi://h/t/1?target_password=***"},
        /* single quotes, which QEMU takes */
        {"json:{'driver':'luks','key':'k'}", "json:{\"driver\":\"luks\",\"key\":\"***\"}"},
        /* a name that QEMU cut off */
        {"json:{\"password\":\"pw\",\"a\":", "json:{\"password\":***"},
        {"json:{'file.password' : 'pw", "json:{'file.password' :***"},
        {"json:{\"filename\":\"rbd:p/i:key=pw", "json:{\"filename\":\"rbd:p/i:key=***"},
        /* a name within a sentence */
        {"Could not open 'json:{\"password\": \"pw\"}'", "Could not open 'json:{\"password\":***"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gboolean found = FALSE;
        g_autofree char *clean = qblk_redact_name(cases[i].name, &found);
        assert_string_equal(clean, cases[i].clean);
        assert_true(found);
    }
}

static void
names_without_secrets_stay_as_they_are(void **state)
{
    static const char *const names[] = {
        "/images/key=1:2.qcow2",
        "nbd://host:10809/export",
        "http://user@host/x",
        "http://host/a:b@c",
        "json:{\"driver\": \"luks\",  \"key-secret\":\"sec0\"}",
        "monkey=1",
        "http://host:80/a@b",
        "http://host/monkey?monkey=1&keys=2",
        "nbd:host:1:exportname=key=1",
        "json:{'driver':'luks','key-secret':'sec0'}",
        "json:{\"password-secret\":\"sec0\",",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        gboolean found = TRUE;
        g_autofree char *clean = qblk_redact_name(names[i], &found);
        assert_string_equal(clean, names[i]);
        assert_false(found);
    }
}

static void
secrets_in_commands_are_replaced(void **state)
{
    const char *text = "{\"execute\":\"object-add\",\"arguments\":{\"password\":\"x\",\"n\":[1,"
                       "\"http://a:b@c\"]}}";
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) json = qblk_json_parse(text, strlen(text), &error);
    assert_no_error(error);
    g_autoptr(QblkJson) clean = qblk_redact_json(json);
    g_autofree char *printed = qblk_json_print(clean, QBLK_JSON_COMPACT);
    assert_string_equal(printed, "{\"execute\":\"object-add\",\"arguments\":{\"password\":\"***\","
                                 "\"n\":[1,\"http://a:***@c\"]}}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_in_names_are_replaced),
        cmocka_unit_test(names_without_secrets_stay_as_they_are),
        cmocka_unit_test(secrets_in_commands_are_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
