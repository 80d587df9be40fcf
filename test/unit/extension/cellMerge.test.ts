import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idsOf, mergeCells, type MergeCell } from '../../../src/extension/notebooks/cellMerge.js';

const cell = (id: string, source = id, rest = ''): MergeCell => ({ id, source, rest });
const cells = (text: string): readonly MergeCell[] =>
  text
    .split(' ')
    .filter(Boolean)
    .map(word => {
      const [id = '', source = id] = word.split('=');
      return cell(id, source);
    });
const merged = (base: string, ours: string, theirs: string): string =>
  mergeCells(cells(base), cells(ours), cells(theirs))
    .map(({ cell: { id, source }, conflict }) => (conflict ? '!' : '') + (id === source ? id : `${id}=${source}`))
    .join(' ');

describe('cells of a notebook that two sides changed', () => {
  it.each([
    ['one side changed', 'a b c', 'a b=1 c', 'a b c', 'a b=1 c'],
    ['the other side changed', 'a b c', 'a b c', 'a b c=2', 'a b c=2'],
    ['both changed different cells', 'a b c', 'a=1 b c', 'a b c=2', 'a=1 b c=2'],
    ['both changed one cell', 'a b c', 'a b=1 c', 'a b=2 c', 'a b=1 !b=2 c'],
    ['both made the same change', 'a b', 'a b=1', 'a b=1', 'a b=1'],
    ['both added', 'a b', 'a x b', 'a b y', 'a x b y'],
    ['one removed what the other left', 'a b c', 'a c', 'a b c', 'a c'],
    ['one removed what the other changed', 'a b c', 'a c', 'a b=2 c', 'a b=2 c'],
    ['they moved', 'a b c', 'a b c=1', 'c a b', 'c=1 a b'],
    ['we moved and they added', 'a b c', 'c a b', 'a b c z', 'c z a b'],
    ['everything new at the front', '', 'x', 'y', 'y x'],
  ])('%s', (_, base, ours, theirs, expected) => {
    expect(merged(base, ours, theirs)).toBe(expected);
  });

  // Whoever compared each with each would not be through when the test's time is up.
  it('are merged, also when an agent wrote three hundred thousand', () => {
    const many = Array.from({ length: 300_000 }, (_, index) => cell(`new ${index}`));
    expect(mergeCells(cells('a b'), cells('a=1 b'), [...cells('a'), ...many, ...cells('b')])).toHaveLength(300_002);
  });

  it('keep the outputs of the side that executed', () => {
    const [only] = mergeCells([cell('a', 'x', 'old')], [cell('a', 'x', 'mine')], [cell('a', 'x', 'old')]);
    expect(only?.cell.rest).toBe('mine');
    const [other] = mergeCells([cell('a', 'x', 'old')], [cell('a', 'x', 'old')], [cell('a', 'x', 'theirs')]);
    expect(other?.cell.rest).toBe('theirs');
  });

  it('lose nothing that a side wrote, and have each cell once but for conflicts', () => {
    const side = fc.uniqueArray(
      fc.record({
        id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
        source: fc.constantFrom('', '1', '2', '3'),
      }),
      {
        selector: ({ id }) => id,
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(side, side, side, (b, o, t) => {
        const [base, ours, theirs] = [b, o, t].map(list => list.map(({ id, source }) => cell(id, source)));
        const result = mergeCells(base ?? [], ours ?? [], theirs ?? []);
        const before = new Map((base ?? []).map(({ id, source }) => [id, source]));
        const has = ({ id, source }: MergeCell) =>
          result.some(each => each.cell.id === id && each.cell.source === source);
        for (const written of [...(ours ?? []), ...(theirs ?? [])])
          if (before.get(written.id) !== written.source) expect(has(written)).toBe(true);
        const plain = result.filter(({ conflict }) => !conflict).map(each => each.cell.id);
        expect(new Set(plain).size).toBe(plain.length);
        // Without a change of theirs the person's notebook is the outcome, and the other way round.
        expect(mergeCells(base ?? [], ours ?? [], base ?? []).map(each => each.cell)).toEqual(ours);
        expect(mergeCells(base ?? [], base ?? [], theirs ?? []).map(each => each.cell)).toEqual(theirs);
      }),
    );
  });

  it('are told apart by what they say where the file gives them no id', () => {
    const sources = [
      { id: '', source: 'x' },
      { id: 'k', source: 'x' },
      { id: '', source: 'x' },
    ];
    expect(idsOf(sources)).toEqual(['source:x#1', 'id:k#1', 'source:x#2']);
  });
});
