import { describe, expect, it } from 'vitest';
import { readSource } from '../../../../src/compose/editor/composeSource.js';
import { definitionAt, referencesAt } from '../../../../src/compose/editor/names.js';
import { rename, renameTarget } from '../../../../src/compose/editor/rename.js';
import { errorsOf } from '../readCompose.js';

const TEXT = `providers:
  mine: {command: x}
workspaces:
  site: {provider: file, path: .}
octobus_servers:
  company: {url: "https://o.test"}
volumes:
  cache: {}
defaults:
  provider: mine
agents:
  dev:
    handoff:
      on_response: ["reviewer", tester]
    workspace: {name: site}
    capset_ids: [company/search]
    volumes: ["cache:/cache"]
  reviewer:
    description: reviewer of dev
    handoff: {on_response: tester}
  tester: {}
`;
const source = readSource(TEXT);
const place = (word: string, nth = 0): number => {
  let offset = -1;
  for (let index = 0; index <= nth; index++) offset = TEXT.indexOf(word, offset + 1);
  return offset;
};

describe('definitions', () => {
  it.each([
    ['an agent', place('reviewer'), place('reviewer', 1)],
    ['an agent in a list', place('tester'), place('tester', 2)],
    ['a workspace', place('site', 1), place('site')],
    ['a provider', place('mine', 1), place('mine')],
    ['a server in a capability set', place('company', 1), place('company')],
    ['a volume in a mount', place('cache', 1), place('cache')],
  ])('of %s', (_, use, definition) => {
    expect(definitionAt(source, use)?.start).toBe(definition);
  });

  it('are not found for other text', () => {
    expect(definitionAt(source, place('reviewer of dev'))).toBeUndefined();
    expect(definitionAt(source, place('search'))).toBeUndefined();
  });

  it('have references', () => {
    expect(
      referencesAt(source, place('tester', 2))
        .map(span => span.start)
        .sort((a, b) => a - b),
    ).toEqual([place('tester'), place('tester', 1), place('tester', 2)]);
  });
});

describe('rename', () => {
  const renamed = (offset: number, newName: string): string => {
    const result = rename(source, offset, newName);
    if (!result.ok) throw new Error(result.reason);
    const edits = [...result.edits].sort((a, b) => b.span.start - a.span.start);
    return edits.reduce((text, { span, newText }) => text.slice(0, span.start) + newText + text.slice(span.end), TEXT);
  };

  it.each([
    [
      'an agent where it is defined',
      place('reviewer', 1),
      'critic',
      ['["critic", tester]', '  critic:\n    description: reviewer of dev'],
    ],
    ['an agent where it is used', place('reviewer'), 'critic', ['["critic", tester]', '  critic:\n']],
    ['a server', place('company'), 'firm', ['firm:', '[firm/search]']],
    ['a volume', place('cache'), 'store', ['store: {}', '"store:/cache"']],
    ['a workspace', place('site'), 'web', ['web:', '{name: web}']],
  ])('%s', (_, offset, newName, parts) => {
    const text = renamed(offset, newName);
    for (const part of parts) expect(text).toContain(part);
    expect(errorsOf(text)).toEqual([]);
  });

  it.each([
    ['Bad Name', 'must match'],
    ['dev', 'exists already'],
  ])('refuses %s', (newName, reason) => {
    expect(rename(source, place('tester', 2), newName)).toMatchObject({
      ok: false,
      reason: expect.stringContaining(reason),
    });
  });

  it('offers nothing for built-in names', () => {
    const other = readSource('agents: {a: {provider: claude}}\n');
    expect(renameTarget(other, other.text.indexOf('claude'))).toBeUndefined();
    expect(rename(other, other.text.indexOf('claude'), 'x')).toMatchObject({ ok: false });
  });
});
