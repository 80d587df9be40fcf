import { describe, expect, it } from 'vitest';
import { eraText } from '../../../src/compose/output/era/eraText.js';
import { parseCompose } from '../../../src/compose/parseCompose.js';
import { readComposeText } from '../../../src/compose/source/composeText.js';
import { mutated, mutations } from '../../support/composeCorpus/mutations.ts';
import { expectedForm } from '../../support/composeCorpus/oracle.ts';
import { Random } from '../../support/composeCorpus/random.ts';
import { corpusEnvironment, validFile } from '../../support/composeCorpus/templates.ts';
import { writeFile } from '../../support/composeCorpus/write.ts';

const perTest = 500;
const tests = 12;
const folder = '/home/ada/shop';
// `exact`: agent-compose's language alone, without what we understand besides.
const options = { directoryName: 'shop', exact: true, env: (name: string) => corpusEnvironment[name] };

/** Everything that is not as the facts say about the file of one seed. */
function wrongAbout(seed: number): object | undefined {
  const random = new Random(seed);
  const { file, refusedAt, name } = mutated(random, validFile(random));
  const text = writeFile(random, file);
  const source = readComposeText(text);
  const { diagnostics } = parseCompose(source, options);
  const refused = [...new Set(diagnostics.filter(({ severity }) => severity === 'error').map(({ path }) => path))];
  const expected = refusedAt === undefined ? [] : [refusedAt];
  if (refused.join('\n') !== expected.join('\n')) return { seed, name, text, refused, expected };
  if (refusedAt !== undefined) return undefined;
  for (const era of ['head', 'seed'] as const) {
    const printed = eraText(source, { ...options, era, folder, format: 'json' }).text;
    const form = JSON.stringify(expectedForm(file, era, folder)).replaceAll('<', '\\u003c');
    if (printed !== form) return { seed, name, era, text, printed, form };
  }
  return undefined;
}

/**
 * Files from templates of our own, most of them with one change. Verdict, place of the error and both normal forms are held to
 * an oracle that was written from the facts about agent-compose alone; see `test/support/composeCorpus`.
 */
describe('the corpus of compose files', () => {
  it.each(Array.from({ length: tests }, (_, index) => index))('seeds of part %i', part => {
    const seeds = Array.from({ length: perTest }, (_, index) => part * perTest + index);
    const wrong = seeds.map(wrongAbout).filter(found => found !== undefined);
    expect(wrong.slice(0, 3)).toEqual([]);
  });

  it('holds more than five thousand files and reaches each change', () => {
    const names = Array.from({ length: perTest * tests }, (_, seed) => {
      const random = new Random(seed);
      return mutated(random, validFile(random)).name;
    });
    expect(names.length).toBeGreaterThanOrEqual(5000);
    expect(mutations.map(({ name }) => name).filter(name => !names.includes(name))).toEqual([]);
  });
});
