import type { RunId } from '../../base/ids.js';
import { guestPaths } from '../guests/guestPaths.js';
import { controlFolder } from './podScripts.js';

/** Where the volume of a repository is in its pods: to read for the agent, to write for the container beside it. */
export const cacheFolder = '/muster-cache';

/**
 * In the volume are generations, `1`, `2`, …, each with `objects` and, in `tips`, an empty file for each commit that was found with all its
 * history. The latest is used. One that is damaged stays as it is for the pods that read it, and the next is begun.
 */
export interface CacheContents {
  readonly generation: number;
  /** Texts that somebody in the cluster wrote. */
  readonly tips: readonly string[];
  /** Nobody reads these any more, or what they read is damaged. */
  readonly outdated: readonly number[];
}

/** Of files in the volume; the oldest go first. */
const mostTips = 50;

/** The git directory of the container beside the agent is its own: nothing that is in the volume, or in the image's home, steers git. */
const prelude = String.raw`
set -e
umask 022
unset GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_INDEX_FILE GIT_WORK_TREE
export HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_ATTR_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
export GIT_DIR=${controlFolder}/git
mkdir -p "$GIT_DIR/refs" "$GIT_DIR/objects"
case $1 in
  sha256) printf '[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n[pack]\n\tthreads = 1\n' ;;
  *) printf '[core]\n\trepositoryformatversion = 0\n\tbare = true\n[pack]\n\tthreads = 1\n' ;;
esac >"$GIT_DIR/config"
echo 'ref: refs/heads/none' >"$GIT_DIR/HEAD"
shift
`;

type Format = 'sha1' | 'sha256';

function script(body: string, format: Format, words: readonly string[]): readonly string[] {
  return ['/bin/sh', '-c', prelude + body, 'cache', format, ...words];
}

/** What the volume has, as {@link contentsOf} reads it; what killed pods left half done there goes after a day. */
export const lookCommand: readonly string[] = [
  '/bin/sh',
  '-c',
  String.raw`
cd ${cacheFolder} || exit
find . -maxdepth 2 -name 'incoming.*' -mmin +1440 -exec rm -rf {} + >/dev/null 2>&1
for each in */objects */tips/*; do [ ! -e "$each" ] || printf '%s\n' "$each"; done
`,
];

/** What {@link lookCommand} said: anything at all. */
export function contentsOf(said: string): CacheContents {
  const found = said.split('\n').map(line => /^([1-9]\d{0,5})\/(?:objects|tips\/([0-9a-f]{40,64}))$/.exec(line));
  const numbers = [...new Set(found.flatMap(match => (match ? [Number(match[1])] : [])))];
  const generation = Math.max(1, ...numbers);
  const tips = found.flatMap(match => (match?.[2] !== undefined && Number(match[1]) === generation ? [match[2]] : []));
  return { generation, tips, outdated: numbers.filter(number => number < generation - 1) };
}

/** Whether all that commits lead to is there. */
export function proveCommand(format: Format, generation: number, commits: readonly string[]): readonly string[] {
  const body = String.raw`
export GIT_OBJECT_DIRECTORY=${cacheFolder}/$1/objects
shift
git rev-list --objects --quiet "$@"
`;
  return script(body, format, [String(generation), ...commits]);
}

/**
 * Takes a thin pack to the volume, and says of a commit that it is there when all that it leads to is. What others fill at the same time is
 * left alone; a pack comes with all that it needs, its index last. A volume that is full has nothing of it. What was not read when it fails is
 * read all the same: the server tells of no end while somebody sends.
 */
export function fillCommand(
  format: Format,
  { generation, run, tip, outdated }: Pick<CacheContents, 'generation' | 'outdated'> & { run: RunId; tip: string },
): readonly string[] {
  const body = String.raw`
cache=${cacheFolder}/$1
in=$cache/incoming.$2
tip=$3
shift 3
for old in "$@"; do rm -rf "${cacheFolder}/$old"; done
export GIT_OBJECT_DIRECTORY=$cache/objects
trap 'rm -rf "$in"; cat >/dev/null' EXIT
mkdir -p "$cache/objects/pack" "$cache/objects/info" "$cache/tips"
rm -rf "$in"
mkdir "$in"
name=$(git index-pack --stdin --fix-thin "$in/p.pack")
name=$cache/objects/pack/pack-\${name#pack?}
mv -f "$in/p.pack" "$name.pack"
[ ! -e "$in/p.rev" ] || mv -f "$in/p.rev" "$name.rev"
mv -f "$in/p.idx" "$name.idx"
git rev-list --objects --quiet "$tip"
: >"$cache/tips/$tip"
ls -t "$cache/tips" | tail -n +${mostTips + 1} | while read -r old; do rm -f "$cache/tips/$old"; done
`.replaceAll('\\${', '${');
  return script(body, format, [String(generation), run, tip, ...outdated.map(String)]);
}

/** Objects of the run's own, which borrow from the volume: takes a thin pack to them, if there is one, and looks whether all is there. */
export function ownCommand(
  format: Format,
  own: {
    /** Missing: they borrow from nobody. */
    readonly generation: number | undefined;
    readonly hasPack: boolean;
    readonly commits: readonly string[];
    /** All that these lead to is there already. */
    readonly proven: readonly string[];
  },
): readonly string[] {
  const body = String.raw`
[ -z "$2" ] || trap 'cat >/dev/null' EXIT
export GIT_OBJECT_DIRECTORY=${guestPaths.top}/objects/0
mkdir -p "$GIT_OBJECT_DIRECTORY/pack" "$GIT_OBJECT_DIRECTORY/info"
[ -z "$1" ] || echo "${cacheFolder}/$1/objects" >"$GIT_OBJECT_DIRECTORY/info/alternates"
[ -z "$2" ] || git index-pack --stdin --fix-thin >/dev/null
shift 2
git rev-list --objects --quiet "$@"
`;
  const { generation, hasPack, commits, proven } = own;
  return script(body, format, [
    generation === undefined ? '' : String(generation),
    hasPack ? 'pack' : '',
    ...commits,
    ...proven.map(commit => `^${commit}`),
  ]);
}

/** Whether all bytes are as they were when they were packed. */
export function verifyCommand(format: Format, generation: number): readonly string[] {
  const body = String.raw`
for index in "${cacheFolder}/$1/objects/pack"/*.idx; do git verify-pack "$index"; done
`;
  return script(body, format, [String(generation)]);
}

const madeIndex = String.raw`
export GIT_OBJECT_DIRECTORY=${guestPaths.top}/objects/0 GIT_INDEX_FILE=${guestPaths.gitDir}/index
`;

/** Makes the files of a commit as git stores them, converting nothing, and the guest's index; reads entries that are left out, if there are some. */
export function filesCommand(
  format: Format,
  { commit, umask, hasOthers }: { readonly commit: string; readonly umask: number; readonly hasOthers: boolean },
): readonly string[] {
  const body = `${madeIndex}${String.raw`
[ -z "$3" ] || trap 'cat >/dev/null' EXIT
mkdir -p ${guestPaths.gitDir} "$GIT_DIR/info"
echo '* -text !eol -ident -filter !working-tree-encoding' >"$GIT_DIR/info/attributes"
umask "$2"
git read-tree "$1"
[ -z "$3" ] || git update-index -z --index-info
GIT_WORK_TREE=${guestPaths.workspace} git -c core.bare=false checkout-index --all --force --index --quiet
`}`;
  return script(body, format, [commit, umask.toString(8).padStart(3, '0'), hasOthers ? 'others' : '']);
}

/** Puts entries back into the guest's index, whose files come in another way. */
export function restoreCommand(format: Format): readonly string[] {
  return script(`${madeIndex}git update-index -z --index-info\n`, format, []);
}

/** As if nothing had been sent. What the volume's maker put into it stays. */
export const forgetCommand: readonly string[] = [
  '/bin/sh',
  '-c',
  String.raw`
cd ${guestPaths.workspace} || exit
rm -rf ${guestPaths.top}/objects ${guestPaths.gitDir}
for each in * .[!.]* ..?*; do
  [ -e "$each" ] || [ -L "$each" ] || continue
  [ "$each" = lost+found ] || rm -rf "./$each" || exit
done
`,
];
