import { describe, expect, it } from 'vitest';
import { completions } from '../../../src/compose/editor/completions.js';
import { readSource } from '../../../src/compose/editor/composeSource.js';
import { errorsOf, read } from './readCompose.js';

const AGENT = 'agents:\n  dev:\n    ';

function fieldNamed(name: string, text: string) {
  return completions(readSource(text), text.length).find(({ label }) => label === name);
}

describe('a field is found by the words that people look for it with', () => {
  it.each([
    ['scheduler', AGENT, ['schedule', 'trigger', 'cron', 'interval']],
    ['handoff', AGENT, ['review', 'reviewer', 'chain']],
    ['triggers', `${AGENT}scheduler:\n      `, ['cron', 'schedule', 'interval', 'event']],
  ])('%s', (name, text, words) => {
    for (const word of words) {
      const found = fieldNamed(name, text + word);
      expect(found?.filterText.startsWith(word), `${word}: ${found?.filterText}`).toBe(true);
      expect(found?.insertText).toMatch(new RegExp(`^${name}:`));
      expect(found?.hangsOnWord).toBe(true);
    }
    expect(fieldNamed(name, text)?.filterText).toBe(name);
    expect(fieldNamed(name, text + name.slice(0, 3))?.filterText).toBe(name);
  });

  it('behind those whose name is meant', () => {
    const labels = completions(readSource(`${AGENT}re`), AGENT.length + 2).map(({ label }) => label);
    expect(labels.indexOf('handoff')).toBeGreaterThan(labels.indexOf('retries'));
  });

  it.each([
    ['scheduler', ['schedule', 'trigger', 'cron', 'event', 'script']],
    ['handoff', ['review', 'chain', 'other agents']],
  ])('%s says them', (name, words) => {
    for (const word of words) expect(fieldNamed(name, AGENT)?.documentation).toContain(word);
  });

  it('who gets the reply says that this is how another agent reviews', () => {
    const documentation = fieldNamed('on_response', `${AGENT}handoff:\n      `)?.documentation;
    expect(documentation).toMatch(/chain.*review/);
  });
});

describe('a field in a wrong place is told where it belongs', () => {
  const inAgent = 'agents.<agent name>';
  it.each([
    ['scheduler: {}', 'scheduler', `unknown field; "scheduler" belongs under "${inAgent}"`],
    ['triggers: []', 'triggers', `unknown field; "triggers" belongs under "${inAgent}.scheduler"`],
    ['schedule: {}', 'schedule', `unknown field; it is called "scheduler" and belongs under "${inAgent}"`],
    ['cron: "@daily"', 'cron', `unknown field; "cron" belongs under "${inAgent}.scheduler.triggers[]"`],
    ['reviewer: dev', 'reviewer', `unknown field; it is called "handoff" and belongs under "${inAgent}"`],
    ['system_prompt: Hi', 'system_prompt', `unknown field; "system_prompt" belongs under "${inAgent}"`],
    ['nope: 1', 'nope', 'unknown field'],
  ])('%s at the top of the file', (line, path, expected) => {
    expect(errorsOf(`${line}\nagents:\n  dev: {}\n`)).toEqual([`${path}: ${expected}`]);
  });

  it.each([
    ['triggers: []', 'triggers', 'unknown field; "triggers" belongs under "scheduler"'],
    ['schedule: {}', 'schedule', 'unknown field (did you mean "scheduler"?)'],
    ['cron: "@daily"', 'cron', 'unknown field; "cron" belongs under "scheduler.triggers[]"'],
    ['chain: [b]', 'chain', 'unknown field (did you mean "handoff"?)'],
    ['on_response: b', 'on_response', 'unknown field; "on_response" belongs under "handoff"'],
    // Several have such a field.
    ['path: x', 'path', 'unknown field'],
  ])('%s below an agent', (line, name, expected) => {
    expect(errorsOf(`agents:\n  dev:\n    ${line}\n`)).toEqual([`agents.dev.${name}: ${expected}`]);
  });

  it('and one that is called otherwise is renamed by its fix', () => {
    const [problem] = read('agents:\n  dev:\n    chain: {on_response: b}\n  b: {}\n').diagnostics;
    expect(problem?.fix).toMatchObject({ title: 'Change to "handoff"', edits: [{ newText: 'handoff' }] });
  });
});
