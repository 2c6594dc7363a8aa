# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of qblk for fish: qblk itself finds what a word can be.

function __qblk_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l plain (string unescape -- $typed)
    or set plain (string replace -r '^[\'"]' '' -- $typed)

    set -l program $words[1]
    set -e words[1]
    $program __complete words -- $words "$plain" 2>/dev/null
end

complete -c qblk -f -a '(__qblk_complete)'
