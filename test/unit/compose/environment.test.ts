import { describe, expect, it } from 'vitest';
import { readDotenv } from '../../../src/compose/dotenv.js';
import { envFilesOf, layeredEnv, resolveEntry } from '../../../src/compose/environment.js';

describe('env files', () => {
  it.each([
    ['A=b', { A: 'b' }],
    ['export A=b\nB : c', { A: 'b', B: 'c' }],
    ['# comment\n\nA=b # trailing\nB=c#d', { A: 'b', B: 'c#d' }],
    [`A='as $B is\\n' # x`, { A: 'as $B is\\n' }],
    ['A="two\\nlines \\"quoted\\" \\\\ \\$B"', { A: 'two\nlines "quoted" \\ $B' }],
    ['A="over\nlines"\nB=1', { A: 'over\nlines', B: '1' }],
    ['A=x\nB=${A}y\nC="$A"', { A: 'x', B: 'xy', C: 'x' }],
    ['A=\r\nB=  spaced  \r\n', { A: '', B: 'spaced' }],
    ['\uFEFFA=b', { A: 'b' }],
    ['A=#fff\nB= #comment\nC=x #y', { A: '#fff', B: '', C: 'x' }],
    ['A=\nB=${A:-x} ${A-x} ${C:-y} ${C-y} ${OUT}', { A: '', B: 'x  y y from outside' }],
    ['A=1\nB=${A:+yes}${A+yes}${C:+no}${C+no}', { A: '1', B: 'yesyes' }],
    ['B=${C:-${D:-deep}} ${C:-a}b}', { B: 'deep ab}' }],
    ['A=$$x ${ $1 ${1} ${A', { A: '$x ${ $1 ${1} ${A' }],
    ["A='${OUT}'", { A: '${OUT}' }],
    ['A=${OUT:?missing}', { A: 'from outside' }],
  ])('%j', (text, expected) => {
    const reading = readDotenv(text, name => (name === 'OUT' ? 'from outside' : undefined));
    expect(Object.fromEntries(reading.values)).toEqual(expected);
    expect(reading.problems).toEqual([]);
  });

  it.each([
    ['A=1\nnonsense\nB=2', [2]],
    ['A=1\nX="open\nB=2', [2]],
    ["A=1\nX='x' y\nB=2", [2]],
    ['A=1\n=x\nB=2\n-', [2, 4]],
    ['A=1\nX=${NOPE:?say which}\nB=2', [2]],
  ])('name the lines of %j that are wrong, and keep the rest', (text, lines) => {
    const { values, problems } = readDotenv(text);
    expect(problems.map(({ line }) => line)).toEqual(lines);
    expect(Object.fromEntries(values)).toEqual({ A: '1', B: '2' });
  });

  it('say which names nothing defines, and what a required one wants', () => {
    expect(readDotenv('A=1\nB=${NOPE}$A')).toMatchObject({
      problems: [],
      warnings: [{ line: 2, text: 'NOPE in the value of B is not set; it is left empty' }],
    });
    expect(readDotenv('A=1\nB=${NOPE:?say which}').problems).toEqual([{ line: 2, text: 'NOPE: say which' }]);
  });

  it.each([
    ['name: x\n', { named: [], useDefault: true }],
    ['env_file: a.env\n', { named: ['a.env'], useDefault: false }],
    ['env_file: [a, b]\n', { named: ['a', 'b'], useDefault: false }],
    ['env_file:\n', { named: [], useDefault: true }],
    ['env_file: []\n', { named: [], useDefault: false }],
  ])('are named by %j', (text, expected) => {
    expect(envFilesOf(text)).toEqual(expected);
  });

  it('lose to later ones, and all to the process', () => {
    const env = layeredEnv(
      [
        new Map([
          ['A', '1'],
          ['B', '1'],
          ['C', '1'],
        ]),
        new Map([
          ['A', '2'],
          ['B', '2'],
        ]),
      ],
      name => (name === 'A' ? '3' : undefined),
    );
    expect(['A', 'B', 'C', 'D'].map(env)).toEqual(['3', '2', '1', undefined]);
  });
});

describe('entries of a run', () => {
  it('take secrets from the environment, without reading them again', () => {
    const env = (name: string): string | undefined => ({ T: '${U}', U: 'no' })[name];
    expect(resolveEntry({ name: 'A', secret: true, template: 'x ${T}' }, env)).toBe('x ${U}');
    expect(resolveEntry({ name: 'A', secret: false, value: '${T}' }, env)).toBe('${T}');
  });
});
