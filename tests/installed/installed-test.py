# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program can be built with what is installed: headers, libraries and the files of pkg-config."""

import concurrent.futures
import glob
import json
import os
import re
import shlex
import subprocess
import unittest

import live
import qemu

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ['QBLK_BUILD']
CAPTURE = f'{ROOT}/tests/qemu-fixtures/7.2/virtio-5-deep/capture.json'

WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wundef', '-Wno-unused-parameter', '-Werror']
LANGUAGES = {'c': ('QBLK_CC', ['-std=c11', '-Wstrict-prototypes']),
             'c++': ('QBLK_CXX', ['-std=c++17'])}

# pkg-config finds these and what they need, and nothing else: a further requirement is an error.
KNOWN_PACKAGES = ('glib-2.0', 'gobject-2.0', 'libpcre2-8', 'libffi')

PROGRAM = '''#include <qblk/qblk.h>
#include <stdio.h>
int
main(int argc, char **argv)
{
    g_assert(argc == 2);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkClient) client = qblk_client_connect(argv[1], 1, &error);
    puts(client == NULL && error != NULL ? "no client" : "a client");
    puts(qblk_version());
    return 0;
}
'''

GOBJECT_PROGRAM = '''#include <qblk/qblk-gobject.h>
#include <stdio.h>
int
main(void)
{
    puts(g_type_name(QBLK_TYPE_CHAIN));
    puts(g_type_is_a(QBLK_TYPE_CHAIN, G_TYPE_BOXED) ? "boxed" : "not boxed");
    return 0;
}
'''


# What is installed of the sources, and where; a directory {lib} may have the name of the machine.
PLACES = (
    ('include/qblk/*.h*', 'include/qblk'),
    ('docs/*.1', 'share/man/man1'),
    ('docs/man3/*.3', 'share/man/man3'),
    ('docs/man5/*.5', 'share/man/man5'),
    ('docs/*.md', 'share/doc/qblk/docs'),
    ('docs/*.svg', 'share/doc/qblk/docs'),
    ('docs/*.png', 'share/doc/qblk/docs'),
    ('AUTHORS', 'share/doc/qblk'),
    ('COPYING.LESSER', 'share/doc/qblk'),
    ('NEWS.md', 'share/doc/qblk'),
    ('README.md', 'share/doc/qblk'),
    ('SECURITY.md', 'share/doc/qblk'),
    ('examples/*.[cp]*', 'share/doc/qblk/examples'),
    ('contrib/README.md', 'share/doc/qblk/contrib'),
    ('contrib/ansible/*', 'share/doc/qblk/contrib/ansible'),
    ('contrib/grafana/*', 'share/doc/qblk/contrib/grafana'),
    ('contrib/node_exporter/*', 'lib/systemd/system'),
    ('contrib/prometheus/*', 'share/doc/qblk/contrib/prometheus'),
    ('contrib/systemd/*', 'lib/systemd/system'),
    ('src/bridge/*.json', 'share/qblk'),
)
BUILT = {'bin/qblk', 'include/qblk/qblk-gobject.h', '{lib}/pkgconfig/qblk.pc',
         '{lib}/pkgconfig/qblk-gobject.pc'} | {
    f'{{lib}}/{name}.so{end}' for name in ('libqblk', 'libqblk-gobject')
    for end in ('', '.0', '.VERSION')}
COMPLETION = {'share/bash-completion/completions/qblk', 'share/fish/vendor_completions.d/qblk.fish',
              'share/zsh/site-functions/_qblk'}
INTROSPECTION = {'{lib}/girepository-1.0/Qblk-0.typelib', 'share/gir-1.0/Qblk-0.gir'}

# Documents of the sources only, to which the others link.
OF_SOURCES = ('CONTRIBUTING.md', 'docs/qblk.1', 'tests/')


def compiler(language):
    variable, flags = LANGUAGES[language]
    command = shlex.split(os.environ[variable])
    if not command:
        raise unittest.SkipTest(f'no compiler for {language}') if not live.IN_CI \
            else RuntimeError(f'no compiler for {language}')
    return [*command, '-x', language, *flags, *WARNINGS]


def names_of_page(path):
    with open(path, encoding='utf-8') as file:
        return re.findall(r'^\.Nm (\S+)', file.read().split('.Nd ')[0], re.M)


def needed(path):
    """The libraries that a program or library is linked with, without versions."""
    text = subprocess.run(['readelf', '--dynamic', path], check=True, capture_output=True,
                          text=True).stdout
    return {re.match(r'(.*?)(?:-[\d.]+)?\.so', name)[1]
            for name in re.findall(r'\(NEEDED\).*\[(.*)\]', text)}


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not os.environ['QBLK_MESON']:
            raise unittest.SkipTest('no meson') if not live.IN_CI else RuntimeError('no meson')
        home = qemu.directory()
        cls.addClassCleanup(home.__exit__, None, None, None)
        cls.home = home.__enter__()
        subprocess.run([os.environ['QBLK_MESON'], 'install', '-C', BUILD, '--no-rebuild', '--quiet',
                        '--destdir', cls.home], check=True)
        cls.headers, = glob.glob(f'{cls.home}/**/include/qblk', recursive=True)
        cls.libraries = os.path.dirname(cls.find('libqblk.so'))
        cls.packages = cls.use_packages()

    @classmethod
    def find(cls, name):
        found, = glob.glob(f'{cls.home}/**/{name}', recursive=True)
        return found

    @classmethod
    def use_packages(cls):
        """A directory with the .pc files, whose prefix is where they are now, and with those that
        they may need."""
        directory = os.path.join(cls.home, 'packages')
        os.mkdir(directory)
        for path in glob.glob(f'{cls.home}/**/pkgconfig/*.pc', recursive=True):
            with open(path, encoding='utf-8') as file:
                text = file.read()
            with open(os.path.join(directory, os.path.basename(path)), 'w',
                      encoding='utf-8') as file:
                file.write(re.sub('^prefix=', f'prefix={cls.home}', text, flags=re.M))
        for name in KNOWN_PACKAGES:
            place = subprocess.run(['pkg-config', '--variable=pcfiledir', name], check=False,
                                   capture_output=True, text=True).stdout.strip()
            if place:
                os.symlink(f'{place}/{name}.pc', f'{directory}/{name}.pc')
        return directory

    def package(self, *arguments):
        environment = {**os.environ, 'PKG_CONFIG_LIBDIR': self.packages}
        environment.pop('PKG_CONFIG_PATH', None)
        done = subprocess.run(['pkg-config', *arguments], check=False, capture_output=True,
                              text=True, env=environment)
        self.assertEqual(done.returncode, 0, msg=done.stderr)
        return done.stdout.split()

    def build(self, name, source, package, *options, standard='c11'):
        """Build a program from the text SOURCE; returns its path."""
        path = os.path.join(self.home, name)
        done = subprocess.run(
            [*compiler('c'), f'-std={standard}', *self.package('--cflags', package), '-',
             '-o', path, *self.package('--libs', *options, package)],
            input=source, check=False, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, msg=done.stderr)
        return path

    def run_program(self, path):
        environment = {**os.environ, 'LD_LIBRARY_PATH': self.libraries}
        return subprocess.run([path, self.home + '/monitor'], check=True, stdout=subprocess.PIPE,
                              text=True, env=environment).stdout.split('\n')

    def check_headers(self, language):
        """Each header compiles alone, twice, with the flags of pkg-config and nothing else."""
        command = compiler(language)
        flags = {package: self.package('--cflags', package) for package in ('qblk', 'qblk-gobject')}

        def complain(name):
            package = name.removesuffix('.h') if name.startswith('qblk-') else 'qblk'
            done = subprocess.run([*command, '-fsyntax-only', *flags[package], '-'],
                                  input=f'#include <qblk/{name}>\n' * 2, check=False,
                                  capture_output=True, text=True)
            return f'{name}:\n{done.stderr}' if done.returncode else ''

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            complaints = list(pool.map(complain, sorted(os.listdir(self.headers))))
        self.assertEqual(''.join(complaints), '')

    def test_each_header_compiles_alone_as_c(self):
        self.check_headers('c')

    def test_each_header_compiles_alone_as_cxx(self):
        self.check_headers('c++')

    def installed(self):
        """All files, from the prefix."""
        prefix = self.find('bin/qblk').removesuffix('bin/qblk')
        version, = self.package('--modversion', 'qblk')
        library = os.path.relpath(self.libraries, prefix)
        for directory, _, names in os.walk(prefix):
            for name in names:
                path = os.path.relpath(os.path.join(directory, name), prefix)
                if path.startswith(library + '/lib') or '/pkgconfig/' in path or 'girepo' in path:
                    path = path.replace(library, '{lib}').replace('.so.' + version, '.so.VERSION')
                yield path

    def test_these_files_are_installed_and_no_others(self):
        expected = BUILT | COMPLETION | {f'{place}/{os.path.basename(path).removesuffix(".in")}'
                            for pattern, place in PLACES
                            for path in glob.glob(f'{ROOT}/{pattern}')}
        expected |= {f'share/man/man3/{name}.3' for path in glob.glob(f'{ROOT}/docs/man3/*.3')
                     for name in names_of_page(path)}
        if os.path.exists(f'{BUILD}/src/gobject/Qblk-0.gir'):
            expected |= INTROSPECTION
        self.assertEqual(sorted(self.installed()), sorted(expected))

    def test_programs_only_are_executable(self):
        found = {path for path in glob.glob(f'{self.home}/**', recursive=True)
                 if os.path.isfile(path) and os.access(path, os.X_OK) and '.so' not in path
                 and os.path.dirname(path) != self.home}
        self.assertEqual({os.path.basename(path) for path in found}, {'qblk', 'orchestrate.py'})

    def test_the_links_of_the_documents_lead_to_installed_files(self):
        documents = os.path.dirname(self.find('doc/qblk/README.md'))
        for path in glob.glob(f'{documents}/**/*.md', recursive=True):
            with open(path, encoding='utf-8') as file:
                links = re.findall(r'\]\(([^):#]+)(?:#[^)]*)?\)', file.read())
            for link in links:
                target = os.path.normpath(os.path.join(os.path.dirname(path), link))
                if not os.path.relpath(target, documents).startswith(OF_SOURCES):
                    self.assertTrue(os.path.exists(target), msg=f'{path}: {link}')

    def test_units_start_the_installed_command(self):
        for unit in ('qblk-bridge@.service', 'qblk-metrics.service'):
            with open(self.find(unit), encoding='utf-8') as file:
                program = re.search('^ExecStart=([^ ]+)', file.read(), re.M)[1]
            self.assertEqual(self.home + program, self.find('bin/qblk'))

    def test_all_headers_are_installed_and_in_the_first(self):
        headers = {os.path.basename(path).removesuffix('.in')
                   for path in glob.glob(f'{ROOT}/include/qblk/*.h*')} | {'qblk-gobject.h'}
        self.assertEqual(set(os.listdir(self.headers)), headers)
        listed = subprocess.run([*compiler('c'), *self.package('--cflags', 'qblk'), '-MM',
                                 f'{self.headers}/qblk.h'], check=True, stdout=subprocess.PIPE,
                                text=True).stdout
        included = {os.path.basename(name) for name in listed.split() if '/qblk/' in name}
        self.assertEqual(included, headers - {'qblk-gobject.h'})

    def test_a_program_is_built_and_runs(self):
        for options in ((), ('--static',)):
            path = self.build('program', PROGRAM, 'qblk', *options)
            version, = self.package('--modversion', 'qblk')
            self.assertEqual(self.run_program(path), ['no client', version, ''])
        self.assertEqual(self.package('--print-requires', 'qblk'), ['glib-2.0', '>=', '2.66'])
        self.assertEqual(self.package('--print-requires-private', 'qblk'), [])

    def test_a_program_with_the_types_is_built_and_runs(self):
        path = self.build('gobject-program', GOBJECT_PROGRAM, 'qblk-gobject')
        self.assertEqual(self.run_program(path), ['QblkChain', 'boxed', ''])

    def test_the_examples_are_built(self):
        for path in glob.glob(f'{ROOT}/examples/*.c'):
            with open(path, encoding='utf-8') as file:
                self.build('example', file.read(), 'qblk', standard='gnu11')

    def test_the_programs_of_the_manual_pages_are_built(self):
        count = 0
        for path in glob.glob(f'{ROOT}/docs/man3/*.3'):
            with open(path, encoding='utf-8') as file:
                page = file.read()
            for source in re.findall(r'^\.Bd -literal.*\n(#include[^\0]*?)\n\.Ed', page, re.M):
                count += 1
                source = source.replace(r'\e', '\\')
                if 'main(' not in source:
                    source += '\nint main(void) { return 0; }\n'
                self.build('example', source, 'qblk')
        self.assertGreaterEqual(count, 2)

    def test_libxml2_is_loaded_to_read_a_document_only(self):
        note = subprocess.run(['readelf', '--string-dump=.note.dlopen', self.find('libqblk.so')],
                              check=True, capture_output=True, text=True).stdout
        need, = json.loads(re.search(r'\[\{.*\}\]', note)[0])
        library, = need['soname']
        broken = os.path.join(self.home, 'broken')
        os.mkdir(broken)
        open(os.path.join(broken, library), 'w', encoding='utf-8').close()
        domain = os.path.join(self.home, 'domain.xml')
        with open(domain, 'w', encoding='utf-8') as file:
            file.write("<disk><source file='/a'/><target dev='vda'/></disk>")

        def qblk(directory, *arguments):
            paths = f'{directory}:{self.libraries}'
            return subprocess.run([self.find('bin/qblk'), *arguments], check=False, text=True,
                                  capture_output=True, env={**os.environ, 'LD_LIBRARY_PATH': paths})

        self.assertEqual(qblk(self.home, 'xml', f'domain:{domain}').returncode, 0)
        for arguments in (['--version'], ['source', '/a'],
                          ['xml', f'capture:{CAPTURE}', 'vda']):
            done = qblk(broken, *arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
        done = qblk(broken, 'xml', f'domain:{domain}')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn('domain XML cannot be read without libxml2: ', done.stderr)
        self.assertIn(library, done.stderr)

    def test_libqblk_and_qblk_do_not_load_gobject(self):
        self.assertEqual(needed(self.find('libqblk.so')),
                         {'libglib', 'libjansson', 'libc'})
        self.assertLessEqual(needed(self.find('bin/qblk')),
                             {'libqblk', 'libglib', 'libjansson', 'libc'})
        self.assertLessEqual(needed(self.find('libqblk-gobject.so')),
                             {'libqblk', 'libglib', 'libgobject', 'libc'})


if __name__ == '__main__':
    live.main()
