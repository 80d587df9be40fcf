import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { composeDocsPath, composeDocsText } from '../../../src/build/generateComposeDocs.js';
import { composeSchemaPath, composeSchemaText } from '../../../src/build/generateComposeSchema.js';
import { inRepository } from '../../../src/build/paths.js';
import { documentedFields } from '../../../src/compose/reference/composeReference.js';
import { composeJsonSchema } from '../../../src/compose/reference/jsonSchema.js';
import { exampleFile, fieldPath } from '../../../src/compose/schema/listFields.js';
import { accepted } from './acceptedFiles.js';
import { errorsOf, read } from './readCompose.js';
import { refused } from './refusedFiles.js';

const ENV = new Proxy<Record<string, string>>({}, { get: () => 'value' });
const examples = documentedFields().map(place => ({
  path: fieldPath(place.segments),
  place,
  text: exampleFile(place),
}));

describe('the reference page', () => {
  it.each(examples)('has an example of $path that is read', ({ text, place }) => {
    expect(errorsOf(text, ENV)).toEqual([]);
    const last = place.segments.at(-1);
    expect(text).toContain(`${last?.kind === 'field' ? last.name : ''}:`);
  });

  it('says what the table of fields says', async () => {
    expect(await readFile(inRepository(composeDocsPath), 'utf8')).toBe(await composeDocsText());
  });

  it('shows only files that are read', async () => {
    const page = await readFile(inRepository(composeDocsPath), 'utf8');
    const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(match => match[1] ?? '');
    expect(blocks.length).toBeGreaterThan(examples.length);
    for (const block of blocks) expect(errorsOf(block, ENV), block).toEqual([]);
  });

  it('names every agent field only once', () => {
    const paths = examples.map(example => example.path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths).toContain('agents.<agent name>.scheduler.triggers[].timezone');
  });
});

describe('the JSON Schema', () => {
  // Descriptions and examples are for editors; unknown keywords would be mistakes.
  const validate = new Ajv({
    allErrors: true,
    strict: true,
    allowUnionTypes: true,
    strictTypes: false,
    strictRequired: false,
  }).compile(composeJsonSchema());
  const valid = (text: string): boolean => validate(parse(text, { uniqueKeys: false }) ?? {});

  it('is the one that ships', async () => {
    expect(await readFile(inRepository(composeSchemaPath), 'utf8')).toBe(composeSchemaText());
  });

  it.each([...accepted, ...examples.map(({ path, text }) => ({ name: `the example of ${path}`, text, env: ENV }))])(
    'accepts, as the parser does: $name',
    ({ text, env }) => {
      expect(errorsOf(text, env)).toEqual([]);
      const isValid = valid(text);
      expect(isValid ? [] : validate.errors).toEqual([]);
    },
  );

  it.each(refused.filter(found => found.beyondSchema !== true))('refuses, as the parser does: $name', ({ text }) => {
    expect(valid(text)).toBe(false);
  });

  it.each(refused.filter(found => found.beyondSchema === true))('leaves to the parser: $name', ({ text, env }) => {
    expect(valid(text)).toBe(true);
    expect(read(text, env).spec).toBeUndefined();
  });
});
