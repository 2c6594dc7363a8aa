#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each rule of scripts/check-source reports its faults, and nothing else."""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../scripts')
CHECK = os.path.join(SCRIPTS, 'check-source')
SPDX = '/* SPDX-License-Identifier: LGPL-2.1-or-later */\n'

GOOD = {
    'include/qblk/error.h': '#pragma once\n#include <glib.h>\n#include <stdint.h>\n'
                            'G_BEGIN_DECLS\nGQuark qblk_qmp_error_quark(void);\nG_END_DECLS\n',
    'include/qblk/client.h': '#pragma once\n#include <qblk/error.h>\n'
                             'typedef struct QblkClient QblkClient;\n',
    'include/qblk/chain.h': '#pragma once\n#include <qblk/error.h>\n'
                            'typedef struct QblkChain QblkChain;\n'
                            'void qblk_chain_unref(QblkChain *chain);\n',
    'include/qblk/qblk.h': '#pragma once\n#include <qblk/chain.h>\n#include <qblk/client.h>\n',
    'src/base/json.h': '#pragma once\n#include <glib.h>\n',
    'src/base/json.c': '#include "base/json.h"\n#include <jansson.h>\n'
                       'void\nqblk_json_unref(QblkJson *json)\n{\n    json_decref(json);\n}\n',
    'src/qmp/client.h': '#pragma once\n#include <qblk/client.h>\n#include "base/json.h"\n',
    'src/qmp/query.h': '#pragma once\n#include "base/json.h"\n',
    'src/graph/snapshot.h': '#pragma once\n#include "qmp/query.h"\n',
    'src/graph/snapshot-fetch.c': '#include "graph/snapshot.h"\n#include "qmp/client.h"\n',
    'src/xml/libxml.c': '#include <libxml/tree.h>\n#include "graph/snapshot.h"\n',
    'src/cli/main.c': '#include <qblk/qblk.h>\nint\nmain(int argc, char **argv)\n{\n'
                      '    return time(NULL) == 0;\n}\n',
    'tests/unit/json-test.c': '#include "base/json.h"\n#include "lib/check.h"\n',
    'tests/lib/check.h': '#pragma once\n',
}


def load_check_source():
    """The script as a module: a new process for each of the many small trees would be slow."""
    sys.path.insert(0, SCRIPTS)
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader('check_source', CHECK)
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


check_source = load_check_source()


def write_tree(root, files):
    """Write @files; C sources get their licence line unless they start with `raw:`."""
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        raw = not path.endswith(('.c', '.h')) or text.startswith('raw:')
        with open(full, 'w', encoding='utf-8') as file:
            file.write(text.removeprefix('raw:') if raw else SPDX + text)


class CheckSourceTest(unittest.TestCase):
    def check(self, files):
        """The faults of the valid tree with @files added, as (path, line, rule)."""
        with tempfile.TemporaryDirectory() as root:
            write_tree(root, {**GOOD, **files})
            return [fault[:3] for fault in check_source.check(root)]

    def fires(self, rule, path, line, text):
        with self.subTest(rule=rule, path=path, text=text):
            self.assertEqual(self.check({path: text}), [(path, line, rule)])

    def passes(self, path, text):
        with self.subTest(path=path, text=text):
            self.assertEqual(self.check({path: text}), [])

    def test_the_good_tree_is_clean(self):
        self.assertEqual(self.check({}), [])

    def test_a_fault_is_one_line_and_an_exit_status(self):
        with tempfile.TemporaryDirectory() as root:
            write_tree(root, GOOD)
            self.assertEqual(subprocess.run([CHECK, root], check=False).returncode, 0)
            write_tree(root, {'src/base/enum.c': '\nstatic int count;\n'})
            result = subprocess.run([CHECK, root], text=True, check=False, stdout=subprocess.PIPE)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"^src/base/enum\.c:3: no-globals: 'count' is .*\n$")

    def test_a_tree_without_sources_is_an_error(self):
        with tempfile.TemporaryDirectory() as root:
            result = subprocess.run([sys.executable, CHECK, root], stderr=subprocess.PIPE,
                                    check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(b'no C sources', result.stderr)

    def test_rules_can_be_listed(self):
        result = subprocess.run([CHECK, '--list'], stdout=subprocess.PIPE, check=True)
        self.assertIn(b'\nseam: ', result.stdout)

    def test_includes_go_down_only(self):
        self.fires('includes', 'src/base/enum.c', 3, '\n#include "qmp/query.h"\n')
        self.fires('includes', 'src/qmp/session.c', 2, '#include "graph/snapshot.h"\n')
        self.fires('includes', 'src/graph/node.c', 2, '#include "xml/writer.c"\n')
        self.passes('src/xml/disk.c', '#include "graph/snapshot.h"\n')

    def test_the_command_uses_installed_headers(self):
        self.fires('command-on-api', 'src/cli/list.c', 2, '#include "qmp/client.h"\n')
        self.fires('command-on-api', 'src/cli/print/table.h', 3,
                   '#pragma once\n#include "qmp/query.h"\n')
        self.passes('src/cli/list.c', '#include "base/json.h"\n#include <qblk/chain.h>\n')

    def test_includes_do_not_go_sideways(self):
        self.assertEqual(self.check({'src/plan/plan.h': '#pragma once\n',
                                     'src/xml/disk.c': '#include "plan/plan.h"\n'}),
                         [('src/xml/disk.c', 2, 'includes')])
        self.fires('includes', 'src/xml/disk.c', 2, '#include "qmp/query.h"\n')

    def test_an_installed_header_has_the_rank_of_its_stem(self):
        chain = {'src/graph/chain.c': '#include <qblk/chain.h>\n'}
        self.assertEqual(self.check(chain), [])
        self.assertEqual(self.check({**chain, 'src/qmp/x.c': '#include <qblk/chain.h>\n'}),
                         [('src/qmp/x.c', 2, 'includes')])
        self.assertEqual(self.check({**chain, 'src/qmp/x.c': '#include <qblk/qblk.h>\n'}),
                         [('src/qmp/x.c', 2, 'includes')])

    def test_includes_are_written_from_the_source_root(self):
        self.fires('includes', 'src/base/enum.c', 2, '#include "json.h"\n')
        self.fires('includes', 'src/base/enum.c', 2, '#include "qblk/error.h"\n')
        self.fires('includes', 'src/base/enum.c', 2, '#include <base/json.h>\n')
        self.fires('includes', 'src/base/enum.c', 2, '#include "base/nothing.h"\n')
        self.fires('includes', 'src/base/enum.c', 2, '#include <qblk/nothing.h>\n')
        self.fires('includes', 'src/base/enum.c', 2, '#include "lib/check.h"\n')
        self.passes('src/base/enum.c', '/*\n#include "json.h"\n*/\n')

    def test_modules_do_not_include_each_other(self):
        self.assertEqual(self.check({'src/graph/a.h': '#pragma once\n#include "graph/b.h"\n',
                                     'src/graph/b.h': '#pragma once\n\n#include "graph/a.h"\n'}),
                         [('src/graph/a.h', 3, 'module-circle')])
        self.assertEqual(self.check({'src/graph/a.h': '#pragma once\n',
                                     'src/graph/a.c': '#include "graph/b.h"\n',
                                     'src/graph/b.h': '#pragma once\n',
                                     'src/graph/b.c': '#include "graph/c.h"\n',
                                     'src/graph/c.h': '#pragma once\n#include "graph/a.h"\n'}),
                         [('src/graph/a.c', 2, 'module-circle')])
        self.assertEqual(self.check({'src/graph/a.h': '#pragma once\n',
                                     'src/graph/a.c': '#include "graph/a.h"\n'}), [])

    def test_files_do_not_call_each_other(self):
        a = 'int\nqblk_a(void)\n{\n    return qblk_b();\n}\n'
        b = 'int\nqblk_b(void)\n{\n    return 0;\n}\n'
        back = b.replace('return 0', 'g_list_foreach(list, qblk_a)')
        self.assertEqual(self.check({'src/graph/a.c': a, 'src/graph/b.c': b}), [])
        self.assertEqual(self.check({'src/graph/a.c': a, 'src/graph/b.c': back}),
                         [('src/graph/a.c', 5, 'call-circle')])

    def test_no_directory_has_more_than_a_fifth(self):
        names = ('base', 'qmp', 'source', 'image', 'graph', 'xml')
        files = {f'src/{name}/big{i}.c': '/* */\n' * 480 for name in names for i in (1, 2)}
        self.assertEqual(self.check(files), [])
        more = {f'src/graph/more{i}.c': '/* */\n' * 480 for i in range(2)}
        self.assertEqual(self.check({**files, **more})[0][2], 'largest-share')

    def test_words_of_the_list_are_not_used(self):
        for text in ('/* The folder of it. */\n', '/* It is taken\n * back. */\n',
                     'static int is_doomed;\n', 'static const char *a = "ask somebody";\n'):
            self.assertIn('words', [fault[2] for fault in self.check({'src/base/enum.c': text})])
        self.assertEqual(self.check({'docs/a.md': 'One is in step with it.\n'}),
                         [('docs/a.md', 1, 'words')])
        self.passes('tests/a.py', '# SPDX-License-Identifier: LGPL-2.1-or-later\n'
                    'if a is None and kept in Step:\n    pass\n')

    def test_some_words_are_rare(self):
        self.assertEqual(self.check({'docs/a.md': 'It works where it is. ' * 20}),
                         [('docs/a.md', 1, 'density')])
        self.passes('src/base/enum.c', 'void f(int where, int none, int said);\n' * 20)
        self.passes('src/base/enum.c', '/* NULL: none */\n/* (transfer none) */\n' * 20)
        self.passes('tests/a.py', '# SPDX-License-Identifier: LGPL-2.1-or-later\n'
                    + '# Returns None.\n' * 20)

    def test_installed_headers_include_what_is_installed(self):
        self.fires('public-include', 'include/qblk/x.h', 3, '#pragma once\n#include <jansso.h>\n')
        self.fires('public-include', 'include/qblk/x.h', 3,
                   '#pragma once\n#include "base/json.h"\n')

    def test_only_the_seams_reach_a_live_qemu(self):
        self.fires('seam', 'src/graph/node.c', 2, '#include "qmp/client.h"\n')
        self.fires('seam', 'src/graph/node.c', 2, '#include <qblk/client.h>\n')
        self.assertEqual(self.check({'src/qmp/client-source.h': '#pragma once\n',
                                     'src/graph/node.c': '#include "qmp/client-source.h"\n'}),
                         [('src/graph/node.c', 2, 'seam')])
        self.fires('seam', 'src/graph/node.c', 4,
                   'static void\nf(void)\n{ qblk_client_call(c); }\n')
        self.fires('seam', 'src/blockjob/plan.c', 2, '#include "qmp/client.h"\n')
        self.passes('src/blockjob/monitor.c', '#include "qmp/client.h"\n')
        self.passes('src/graph/snapshot-fetch.h', '#pragma once\n#include <qblk/client.h>\n')
        self.passes('include/qblk/snapshot-fetch.h', '#pragma once\n#include <qblk/client.h>\n')
        self.passes('src/graph/node.c', '/* qblk_client_call() */\n#include "qmp/query.h"\n')

    def test_snapshots_are_const_once_made(self):
        self.fires('snapshot-const', 'src/graph/resolve.c', 3,
                   'static void\nf(int a, QblkSnapshot *snapshot)\n{\n}\n')
        self.fires('snapshot-const', 'src/xml/disk.h', 4,
                   '#pragma once\nvoid qblk_disk_x(int a,\n                 QblkChain *chain);\n')
        self.passes('src/graph/resolve.c', 'static void\nf(const QblkNode *node)\n{\n'
                    '    g(*(QblkNode **)node);\n}\nstatic void g(QblkNode **node)\n{\n}\n')
        self.passes('src/graph/edges.c', 'static void\nf(QblkNode *node)\n{\n}\n')
        self.passes('src/graph/resolve.h', '#pragma once\nvoid qblk_resolve_free(QblkNode *n);\n')

    def test_the_runner_knows_no_kind_of_job(self):
        self.fires('runner-is-dumb', 'src/blockjob/run.c', 2, 'static int last_commit_id(void);\n')
        self.fires('runner-is-dumb', 'src/blockjob/run.c', 2, 'static QblkPlanMirror f(void);\n')
        self.passes('src/blockjob/run.c', '/* commit */\nstatic void f(void)\n{\n'
                    '    qblk_json_copy("block-commit", committee);\n}\n')
        self.passes('src/blockjob/plan.c', 'static int commit(void);\n')

    def test_files_have_a_limit(self):
        self.fires('file-size', 'src/base/enum.c', 501, '/* */\n' * 500)
        self.passes('src/base/enum.c', '/* */\n' * 499)
        self.fires('file-size', 'src/base/enum.h', 201, '#pragma once\n' + '/* */\n' * 199)
        self.passes('src/base/enum.h', '#pragma once\n' + '/* */\n' * 198)
        self.passes('include/qblk/enum.h', '#pragma once\n' + '/* */\n' * 300)
        self.fires('file-size', 'include/qblk/enum.h', 201,
                   '#pragma once\n' + ''.join(f'void f{i}(void);\n' for i in range(200)))

    def test_functions_have_a_limit(self):
        head = 'static int\nf(void)\n{\n    if (a) {\n    }\n'
        self.fires('function-size', 'tests/unit/x-test.c', 3, head + '    x();\n' * 76 + '}\n')
        self.passes('tests/unit/x-test.c', head + '    x();\n' * 75 + '}\n')

    def test_nothing_but_constants_is_global(self):
        for text in ('static int count;\n', 'static const char *name = "";\n',
                     'static int (*hook)(void);\n', 'static int rows[] = {\n    1,\n};\n',
                     'static struct {\n    const int a;\n} state;\n',
                     'static void f(void) {\n}\nstatic gsize once = 0;\n'):
            line = 4 if 'once' in text else 2
            self.fires('no-globals', 'src/base/enum.c', line, text)
        self.fires('no-globals', 'src/base/enum.c', 4,
                   'static int f(void)\n{\n    static int count;\n}\n')
        for text in ('static const int rows[N][2] = {{1}};\n', 'static int f(void);\n',
                     'static const char *const names[] = {"int x;"};\n',
                     'static int (*const hooks[])(void) = {f};\n', 'typedef int Number;\n',
                     'struct A {\n    int a;\n};\n', 'G_STATIC_ASSERT(sizeof(int) == 4);\n',
                     'enum { A = 1, B };\n', 'typedef struct {\n    int a;\n} B;\n', 'struct A;\n',
                     'static void f(void)\n{\n    static const char *const a[] = {"b"};\n}\n'):
            self.passes('src/base/enum.c', text)
        self.passes('tests/unit/x-test.c', 'static int count;\n')

    def test_goto_is_refused(self):
        self.fires('no-goto', 'src/base/enum.c', 4, 'static void f(void)\n{\n    goto out;\n}\n')
        self.passes('src/base/enum.c', '// goto\n/* goto */\nstatic const char a[] = "goto";\n')

    def test_the_outside_world_comes_in_as_a_parameter(self):
        self.fires('outside-world', 'src/qmp/session.c', 3,
                   'static void f(void)\n{ g_get_monotonic_time(); }\n')
        self.fires('outside-world', 'src/graph/node.c', 2, 'static void f(void) { poll(0); }\n')
        self.fires('outside-world', 'src/qmp/client.c', 2, 'static void f(void) { getenv(0); }\n')
        self.passes('src/qmp/client.c', 'static void f(void) { poll(0); time(NULL); }\n')
        self.passes('src/qmp/client-source.c', 'static void f(void) { g_get_monotonic_time(); }\n')
        self.passes('src/qmp/session.c', 'static void f(void) { s->read(1); my_time(); }\n')
        self.passes('tests/unit/x-test.c', 'static void f(void) { getenv("X"); }\n')

    def test_jansson_is_used_in_one_file(self):
        self.fires('json-only-in-base', 'src/base/enum.c', 2, '#include <jansson.h>\n')
        self.fires('json-only-in-base', 'src/qmp/query.c', 2, 'static int f(void) { json_x(); }\n')
        self.passes('src/qmp/query.c', 'static int\njson_text(void)\n{\n}\n'
                    'static int f(void) { json_text(); qblk_json_print(); }\n')
        self.fires('json-only-in-base', 'tests/unit/x-test.c', 2, '#include <jansson.h>\n')
        self.passes('bench/x.c', '#include <jansson.h>\n')
        self.passes('tests/unit/x-test.c', 'static int f(void) { json_of_our_own(); }\n')

    def test_libxml2_is_used_in_one_file(self):
        self.fires('xml-only-in-xml', 'src/graph/node.c', 2, '#include <libxml/tree.h>\n')
        self.fires('xml-only-in-xml', 'src/cli/list.c', 2, 'static int f(void) { xmlFree(a); }\n')
        self.fires('xml-only-in-xml', 'src/xml/disk.c', 2, 'static int f(void) { xmlFree(a); }\n')
        self.passes('src/xml/libxml.c', 'static int f(void) { xmlFree(a); }\n')

    def test_some_functions_are_banned(self):
        for name in 'sprintf vsprintf strcpy stpcpy strncpy strcat strncat system gets popen ' \
                    'alloca atof strtod g_ascii_strtod atoi atol atoll strtol strtoll strtoul ' \
                    'strtoull strtoimax strtoumax strtoq strtouq g_ascii_strtoll ' \
                    'g_ascii_strtoull sscanf vsscanf scanf vscanf fscanf vfscanf'.split():
            self.fires('banned-function', 'tests/unit/x-test.c', 3,
                       f'static void f(void)\n{{ {name} (a); }}\n')
        self.passes('src/base/enum.c', 'static int f(void) { g_strtol(a); b->system(c); }\n'
                    '/* atoi(x) */ static const char a[] = "atoi(x) \\" atoi(y)";\n')

    def test_results_of_functions_that_can_fail_are_used(self):
        self.fires('unused-result', 'src/base/enum.h', 4,
                   '#pragma once\nint a(void);\nchar *qblk_x(int a,\n    GError **error);\n')
        self.fires('unused-result', 'src/base/enum.h', 3,
                   '#pragma once\nvoid qblk_x(GError **error, int a);\n')
        self.passes('src/base/enum.h', '#pragma once\nvoid qblk_x(int a, GError **error);\n'
                    'gboolean qblk_y(GError **error) G_GNUC_WARN_UNUSED_RESULT;\n'
                    'typedef gboolean (*QblkZ)(GError **error);\n')

    def test_error_messages_have_a_form(self):
        call = 'static void f(void)\n{{\n    g_set_error(error, D, C,\n        {});\n}}\n'
        self.fires('error-message', 'src/base/enum.c', 5, call.format('"No disk", x'))
        self.fires('error-message', 'src/base/enum.c', 5,
                   call.format('"no %" G_GSIZE_FORMAT\n"."'))
        self.fires('error-message', 'src/base/enum.c', 2,
                   'static const int a = f(error, QBLK_GRAPH_ERROR_SPEC, "No");\n')
        self.passes('src/base/enum.c', call.format('"QEMU has no disk \'%s\' ...", "Name."'))

    def test_files_begin_with_the_licence(self):
        self.fires('spdx', 'src/base/enum.c', 1, 'raw:/* Copyright */\n')
        self.fires('spdx', 'scripts/x', 2, '#!/bin/sh\necho\n')
        self.fires('spdx', 'tests/x.py', 1, 'print()\n')
        self.passes('scripts/x', '#!/bin/sh\n# SPDX-License-Identifier: LGPL-2.1-or-later\n')

    def test_headers_guard_themselves(self):
        self.fires('pragma-once', 'src/base/enum.h', 1, '/* #pragma once */\n')

    def test_text_has_a_form(self):
        self.fires('form', 'src/base/enum.c', 3, '\n\t/* */\n')
        self.fires('form', 'src/base/enum.c', 2, '/* */ \n')
        self.fires('form', 'src/base/enum.c', 2, '/*' + 'x' * 97 + '*/\n')
        self.fires('form', 'src/base/enum.c', 2, '/* */')
        self.fires('form', 'src/base/enum.c', 2, '\n')
        self.fires('form', 'src/meson.build', 1, 'x = 1 \n')
        self.passes('src/base/enum.c', '/*' + 'ä' * 96 + '*/\n')
        self.passes('tests/golden/a/expected.txt', 'free form \t\n\n')


if __name__ == '__main__':
    unittest.main()
