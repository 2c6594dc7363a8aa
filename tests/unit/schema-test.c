/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/schema.h"

#include "lib/check.h"
#include "lib/fake-qmp.h"
#include "lib/schema-check.h"

static QblkJson *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    QblkJson *json = qblk_json_parse(text, strlen(text), &error);
    assert_no_error(error);
    return json;
}

static int
load_real_schema(void **state)
{
    *state = fake_qmp_read_schema("7.2");
    return 0;
}

static int
free_schema(void **state)
{
    qblk_schema_free(*state);
    return 0;
}

static gboolean
is_command(const QblkSchema *schema, const char *name)
{
    g_autoptr(GError) error = NULL;
    return schema_check_command(schema, name, NULL, &error) ||
           !g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_NOT_FOUND);
}

static void
commands_are_found_by_name(void **state)
{
    const QblkSchema *schema = *state;
    assert_true(is_command(schema, "block-commit"));
    assert_true(is_command(schema, "x-debug-query-block-graph"));
    assert_false(is_command(schema, "block-job-change"));
    /* An event and a type are not commands. */
    assert_false(is_command(schema, "BLOCK_JOB_READY"));
    assert_false(is_command(schema, "str"));
}

static void
arguments_are_found_by_name(void **state)
{
    const QblkSchema *schema = *state;
    assert_true(qblk_schema_has_argument(schema, "block-commit", "top-node"));
    assert_false(qblk_schema_has_argument(schema, "block-commit", "backing-mask-protocol"));
    assert_true(qblk_schema_has_argument(schema, "query-named-block-nodes", "flat"));
    assert_false(qblk_schema_has_argument(schema, "query-block", "flat"));
    assert_false(qblk_schema_has_argument(schema, "no-such-command", "flat"));
    /* One that only some variants have. */
    assert_true(qblk_schema_has_argument(schema, "blockdev-add", "throttle-group"));
}

static void
commands_that_qemu_accepts_pass(void **state)
{
    static const struct {
        const char *command, *arguments;
    } cases[] = {
        {"query-block", NULL},
        {"query-block", "{}"},
        {"query-named-block-nodes", "{\"flat\":true}"},
        {"block-commit", "{\"job-id\":\"j\",\"device\":\"d\",\"auto-dismiss\":false,\"speed\":1}"},
        {"block-stream", "{\"device\":\"d\",\"on-error\":\"report\"}"},
        {"blockdev-add", "{\"driver\":\"qcow2\",\"node-name\":\"n\",\"file\":\"f\"}"},
        {"blockdev-add", "{\"driver\":\"qcow2\",\"backing\":null,"
                         "\"file\":{\"driver\":\"file\",\"filename\":\"/a\"}}"},
        {"blockdev-add", "{\"driver\":\"quorum\",\"vote-threshold\":1,\"children\":[\"a\","
                         "{\"driver\":\"null-co\"}]}"},
        {"blockdev-add", "{\"driver\":\"nbd\",\"server\":{\"type\":\"unix\",\"path\":\"/s\"}}"},
        {"qom-set", "{\"path\":\"/a\",\"property\":\"b\",\"value\":{\"any\":[1,null]}}"},
        {"transaction", "{\"actions\":[{\"type\":\"abort\",\"data\":{}}]}"},
        {"migrate-set-parameters", "{\"tls-creds\":null}"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkJson) arguments = cases[i].arguments ? parse(cases[i].arguments) : NULL;
        g_autoptr(GError) error = NULL;
        gboolean good = schema_check_command(*state, cases[i].command, arguments, &error);
        assert_no_error(error);
        assert_true(good);
    }
}

static void
arguments_that_qemu_refuses_are_refused_with_their_path(void **state)
{
    static const struct {
        const char *command, *arguments, *message;
    } cases[] = {
        {"block-commit", NULL, "'block-commit': 'device' is missing"},
        {"block-commit", "{\"device\":\"d\",\"depth\":1}", "'block-commit': 'depth' is not known"},
        {"block-commit", "{\"device\":1}", "'device' is not of type 'string'"},
        {"block-commit", "{\"device\":\"d\",\"speed\":\"1\"}", "'speed' is not of type 'int'"},
        {"block-commit", "{\"device\":\"d\",\"speed\":1.5}", "'speed' is not of type 'int'"},
        {"block-commit", "{\"device\":\"d\",\"auto-dismiss\":0}",
         "'auto-dismiss' is not of type 'boolean'"},
        {"block-commit", "{\"device\":\"d\",\"on-error\":\"shrug\"}",
         "'on-error' has no value 'shrug'"},
        {"block-commit", "{\"device\":\"d\",\"on-error\":1}", "'on-error' is not of type 'enum'"},
        {"block-commit", "[]", "'arguments' is not of type 'object'"},
        {"query-block", "{\"flat\":true}", "'flat' is not known"},
        {"blockdev-add", "{\"driver\":\"qcow3\",\"file\":\"f\"}", "'driver' has no value 'qcow3'"},
        {"blockdev-add", "{\"file\":\"f\",\"driver\":\"qcow3\"}", "'driver' has no value 'qcow3'"},
        {"blockdev-add", "{\"driver\":\"qcow2\"}", "'file' is missing"},
        {"blockdev-add", "{\"driver\":\"file\",\"filename\":\"/a\",\"server\":\"x\"}",
         "'server' is not known"},
        {"blockdev-add", "{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\"}}",
         "'file.filename' is missing"},
        {"blockdev-add", "{\"driver\":\"qcow2\",\"file\":7}",
         "'file' is not of a type that this QEMU accepts there"},
        {"blockdev-add", "{\"driver\":\"qcow2\",\"file\":null}",
         "'file' is not of a type that this QEMU accepts there"},
        {"blockdev-add",
         "{\"driver\":\"quorum\",\"vote-threshold\":1,\"children\":[\"a\",{\"driver\":\"raw\"}]}",
         "'children[1].file' is missing"},
        {"blockdev-add", "{\"driver\":\"quorum\",\"vote-threshold\":1,\"children\":{}}",
         "'children' is not of type 'array'"},
        {"blockdev-add", "{\"driver\":\"nbd\",\"server\":{\"type\":\"unix\",\"host\":\"/s\"}}",
         "'server.host' is not known"},
        {"blockdev-add", "{\"driver\":\"nbd\",\"server\":{\"type\":\"unix\"}}",
         "'server.path' is missing"},
        {"transaction", "{\"actions\":[{\"type\":\"abort\",\"data\":{}},{\"type\":\"pray\"}]}",
         "'actions[1].type' has no value 'pray'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkJson) arguments = cases[i].arguments ? parse(cases[i].arguments) : NULL;
        g_autoptr(GError) error = NULL;
        assert_false(schema_check_command(*state, cases[i].command, arguments, &error));
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, cases[i].message);
    }
}

/* Only that depends on the QEMU; other faults are the same for each. */
static void
only_what_is_unknown_is_not_supported(void **state)
{
    static const struct {
        const char *command, *arguments, *message; /* NULL: it is supported */
    } cases[] = {
        {"block-commit", NULL, NULL},
        {"block-commit", "{\"device\":1}", NULL},
        {"block-commit", "{\"device\":\"d\",\"on-error\":1}", NULL},
        {"block-commit", "[]", NULL},
        {"blockdev-add", "{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\"}}", NULL},
        {"block-commit", "{\"device\":\"d\",\"depth\":1}", "'depth' is not known"},
        {"blockdev-add", "{\"driver\":\"qcow2\",\"file\":{\"driver\":\"flie\"}}",
         "'file.driver' has no value 'flie'"},
        {"blockdev-add", "{\"driver\":\"quorum\",\"children\":[\"a\",{\"driver\":\"x\"}]}",
         "'children[1].driver' has no value 'x'"},
        {"blockdev-add", "{\"driver\":\"qcow2\",\"file\":7}",
         "'file' is not of a type that this QEMU accepts there"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkJson) arguments = cases[i].arguments ? parse(cases[i].arguments) : NULL;
        g_autoptr(GError) error = NULL;
        gboolean is_supported = qblk_schema_supports(*state, cases[i].command, arguments, &error);
        assert_int_equal(is_supported, cases[i].message == NULL);
        if (!is_supported) {
            assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, cases[i].message);
        }
    }
}

static void
an_unknown_command_is_not_found(void **state)
{
    g_autoptr(GError) error = NULL;
    assert_false(schema_check_command(*state, "block-job-change", NULL, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_NOT_FOUND, "'block-job-change'");
}

static QblkSchema *
make(const char *text)
{
    g_autoptr(QblkJson) reply = parse(text);
    g_autoptr(GError) error = NULL;
    QblkSchema *schema = qblk_schema_new(reply, &error);
    assert_no_error(error);
    return schema;
}

/* A schema with one command `c` whose argument `a` has type `t`, and @types. */
static QblkSchema *
make_with(const char *types)
{
    g_autofree char *text =
        g_strdup_printf("[{\"name\":\"c\",\"meta-type\":\"command\",\"arg-type\":\"0\"},"
                        "{\"name\":\"0\",\"meta-type\":\"object\",\"members\":"
                        "[{\"name\":\"a\",\"type\":\"t\"}]},%s]",
                        types);
    return make(text);
}

static void
enum_values_are_read_in_either_form(void **state)
{
    static const char *const forms[] = {
        "{\"name\":\"t\",\"meta-type\":\"enum\",\"values\":[\"x\",\"y\"]}",
        "{\"name\":\"t\",\"meta-type\":\"enum\",\"members\":[{\"name\":\"x\"},{\"name\":\"y\"}]}",
    };
    g_autoptr(QblkJson) good = parse("{\"a\":\"y\"}");
    g_autoptr(QblkJson) bad = parse("{\"a\":\"z\"}");
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(QblkSchema) schema = make_with(forms[i]);
        g_autoptr(GError) error = NULL;
        assert_true(schema_check_command(schema, "c", good, &error));
        assert_false(schema_check_command(schema, "c", bad, &error));
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "'a' has no value 'z'");
    }
}

static void
builtin_types_accept_their_values_only(void **state)
{
    static const struct {
        const char *type, *good, *bad;
    } cases[] = {
        {"number", "{\"a\":1.5}", "{\"a\":null}"}, {"number", "{\"a\":2}", "{\"a\":\"2\"}"},
        {"null", "{\"a\":null}", "{\"a\":false}"}, {"object", "{\"a\":{}}", "{\"a\":[]}"},
        {"array", "{\"a\":[]}", "{\"a\":{}}"},     {"value", "{\"a\":null}", "{}"},
        {"boolean", "{\"a\":false}", "{\"a\":0}"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *type = g_strdup_printf(
            "{\"name\":\"t\",\"meta-type\":\"builtin\",\"json-type\":\"%s\"}", cases[i].type);
        g_autoptr(QblkSchema) schema = make_with(type);
        g_autoptr(QblkJson) good = parse(cases[i].good);
        g_autoptr(QblkJson) bad = parse(cases[i].bad);
        g_autoptr(GError) error = NULL;
        assert_true(schema_check_command(schema, "c", good, &error));
        assert_false(schema_check_command(schema, "c", bad, &error));
    }
}

static void
a_schema_that_forms_a_cycle_is_an_error(void **state)
{
    g_autoptr(QblkJson) arguments = parse("{\"a\":\"x\"}");
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSchema) circle =
        make_with("{\"name\":\"t\",\"meta-type\":\"alternate\",\"members\":[{\"type\":\"t\"}]}");
    assert_false(schema_check_command(circle, "c", arguments, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, "has no valid type for 'a'");
    g_autoptr(QblkSchema) variants =
        make("[{\"name\":\"c\",\"meta-type\":\"command\",\"arg-type\":\"0\"},"
             "{\"name\":\"0\",\"meta-type\":\"object\",\"tag\":\"a\",\"members\":[],"
             "\"variants\":[{\"case\":\"x\",\"type\":\"0\"},{\"case\":\"y\",\"type\":\"0\"}]}]");
    assert_false(qblk_schema_has_argument(variants, "c", "b"));
    assert_false(schema_check_command(variants, "c", arguments, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "'a' is not known");
}

static void
a_missing_type_is_an_error(void **state)
{
    g_autoptr(QblkJson) arguments = parse("{\"a\":\"x\"}");
    g_autoptr(QblkSchema) schema = make_with("{\"name\":\"u\",\"meta-type\":\"object\"}");
    g_autoptr(GError) error = NULL;
    assert_false(schema_check_command(schema, "c", arguments, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, "has no valid type for 'a'");
}

static void
a_malformed_schema_is_refused(void **state)
{
    static const char *const texts[] = {"{}", "[1]", "[{\"name\":\"a\"}]",
                                        "[{\"meta-type\":\"enum\",\"name\":1}]"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(QblkJson) reply = parse(texts[i]);
        g_autoptr(GError) error = NULL;
        assert_null(qblk_schema_new(reply, &error));
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, "the schema");
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_found_by_name),
        cmocka_unit_test(arguments_are_found_by_name),
        cmocka_unit_test(commands_that_qemu_accepts_pass),
        cmocka_unit_test(arguments_that_qemu_refuses_are_refused_with_their_path),
        cmocka_unit_test(only_what_is_unknown_is_not_supported),
        cmocka_unit_test(an_unknown_command_is_not_found),
        cmocka_unit_test(enum_values_are_read_in_either_form),
        cmocka_unit_test(builtin_types_accept_their_values_only),
        cmocka_unit_test(a_schema_that_forms_a_cycle_is_an_error),
        cmocka_unit_test(a_missing_type_is_an_error),
        cmocka_unit_test(a_malformed_schema_is_refused),
    };
    return cmocka_run_group_tests(tests, load_real_schema, free_schema);
}
