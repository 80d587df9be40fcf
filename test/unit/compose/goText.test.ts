import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inRepository } from '../../../src/build/paths.js';
import { compareGoKeys } from '../../../src/compose/output/era/goKeyOrder.js';
import { goYaml } from '../../../src/compose/output/era/goText.js';

/** Recorded once from `yaml.v3` 3.0.1 by printing these texts with it; `origin` in the file says how. */
const recorded = JSON.parse(readFileSync(inRepository('test/fixtures/compose/goYaml.json'), 'utf8')) as {
  readonly texts: readonly (readonly [text: string, printed: string])[];
  readonly keys: readonly (readonly string[])[];
};

describe('YAML as Go prints it', () => {
  it('quotes and breaks each text as recorded', () => {
    const wrong = recorded.texts.filter(([text, printed]) => goYaml({ k: { d: text, e: ['x'] } }) !== printed);
    expect(wrong).toEqual([]);
    expect(recorded.texts.length).toBeGreaterThan(600);
  });

  it('orders keys as recorded', () => {
    const wrong = recorded.keys.filter(keys => keys.toSorted(compareGoKeys).join('\n') !== keys.join('\n'));
    expect(wrong).toEqual([]);
  });
});
