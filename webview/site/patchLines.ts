/** One line of a difference, with its numbers on both sides. */
export interface PatchLine {
  readonly kind: 'same' | 'added' | 'removed' | 'hunk';
  readonly text: string;
  readonly before?: number;
  readonly after?: number;
}

/** What a patch does to one file. */
export interface FilePatch {
  readonly path: string;
  readonly binary: boolean;
  readonly lines: readonly PatchLine[];
}

/** Reads a unified patch as git writes it. Paths are those of the new side, of a deleted file the old one. */
export function readPatch(patch: string): readonly FilePatch[] {
  const parts = patch.split(/^(?=diff --git )/m).filter(part => part.startsWith('diff --git '));
  return parts.map(readFile);
}

function readFile(part: string): FilePatch {
  const lines = part.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const first = lines.findIndex(line => line.startsWith('@@ '));
  const head = first < 0 ? lines : lines.slice(0, first);
  return {
    path: pathOf(head),
    binary: head.some(line => line.startsWith('Binary files ') || line === 'GIT binary patch'),
    lines: first < 0 ? [] : readLines(lines.slice(first)),
  };
}

function readLines(lines: readonly string[]): readonly PatchLine[] {
  let before = 0;
  let after = 0;
  return lines.flatMap((line): readonly PatchLine[] => {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)$/.exec(line);
    if (hunk) {
      [before, after] = [Number(hunk[1]), Number(hunk[2])];
      return [{ kind: 'hunk', text: line }];
    }
    const text = line.slice(1);
    switch (line[0]) {
      case '+':
        return [{ kind: 'added', text, after: after++ }];
      case '-':
        return [{ kind: 'removed', text, before: before++ }];
      case '\\':
        return [];
      default:
        return [{ kind: 'same', text, before: before++, after: after++ }];
    }
  });
}

function pathOf(head: readonly string[]): string {
  const side = (mark: string): string | undefined => {
    const line = head.find(each => each.startsWith(`${mark} `))?.slice(mark.length + 1);
    return line === undefined || line.startsWith('/dev/null') ? undefined : unquoted(line.replace(/\t$/, '')).slice(2);
  };
  const renamed = head.find(line => line.startsWith('rename to '))?.slice('rename to '.length);
  const named = / b\/(.+)$/.exec(head[0] ?? '')?.[1] ?? '';
  return side('+++') ?? side('---') ?? (renamed === undefined ? named : unquoted(renamed));
}

/** Git writes what is not plain as in C: `"a/\303\244.txt"`. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  const bytes: number[] = [];
  for (const [piece, octal, letter] of text.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|[^\\]/gu)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else bytes.push(...new TextEncoder().encode(letter === undefined ? piece : (escapes.get(letter) ?? letter)));
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
]);

/** What the highlighter calls the language of a file; empty where nobody knows. */
export function languageOf(path: string): string {
  const ending = /\.([A-Za-z0-9]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  return languages.get(ending) ?? '';
}

const languages: ReadonlyMap<string, string> = new Map(
  Object.entries({
    bash: 'sh bash zsh',
    cpp: 'c h cc cpp cxx hpp hh',
    csharp: 'cs',
    css: 'css scss less',
    go: 'go',
    java: 'java kt',
    javascript: 'js mjs cjs jsx',
    json: 'json jsonc',
    python: 'py pyi',
    ruby: 'rb',
    rust: 'rs',
    sql: 'sql',
    typescript: 'ts tsx mts cts',
    xml: 'xml html svg vue',
    yaml: 'yml yaml',
  }).flatMap(([language, endings]) => endings.split(' ').map((ending): [string, string] => [ending, language])),
);
